/* How long would a program take? A rough sum over its instructions, in nanoseconds of a processor of 2020 with AVX2;
 * only ratios matter. It decides whether several evaluations in lock-step pay, so it must not depend on the machine
 * that it runs on, only on the program. */
#include "code.h"

/* Of calling an instruction, and of one that waits for the one before. */
#define CALL 1.7
#define IN_ORDER 1.7

/* Of one element at four doubles a register. */
static double element_cost(const rp_draft *draft) {
  if (draft->run == rp_generic_kernel) return 15;
  switch (draft->op) {
  case RP_OP_EXP: case RP_OP_LOG: case RP_OP_LOG1P: case RP_OP_EXPM1: case RP_OP_TANH: case RP_OP_SIGMOID:
  case RP_OP_LOG1P_EXP: case RP_OP_LOG1M_EXP: case RP_OP_LOG_ADD_EXP: return 1.5;
  case RP_X_SOFTPLUS_SIGMOID: return 3;
  case RP_OP_LGAMMA: case RP_OP_DIGAMMA: case RP_X_LGAMMA_DIGAMMA: return 4;
  case RP_OP_GATHER: case RP_OP_SCATTER: return 0.6;
  case RP_X_MATRIX_VECTOR: case RP_X_MATRIX_TRANSPOSED: return 0.12 * (double) draft->columns;
  case RP_OP_DIV: case RP_OP_RECIP: case RP_OP_SQRT: return 1;
  default: return 0.15;
  }
}

static int64_t passes(const rp_program *program, int32_t lanes) {
  return (lanes + program->kernels->width - 1) / program->kernels->width;
}

static double scalar_cost(const rp_draft *draft) { return element_cost(draft) >= 1 ? 8 * IN_ORDER : IN_ORDER; }

static double loop_cost(const rp_program *program, const rp_stage *stage, int32_t lanes) {
  const double size = (double) (stage->length * lanes), width = (double) program->kernels->width;
  const double calls = CALL * (1 + size / RP_BLOCK);
  double cost = CALL * (double) (stage->n_clear + 2 * stage->n_total);
  for (int32_t k = stage->first; k < stage->first + stage->n; k++)
    cost += calls + size * element_cost(&program->drafts[k]) * 4 / width;
  return cost;
}

static double array_cost(const rp_program *program, const rp_array_op *op, int32_t lanes) {
  const double steps = (double) op->node.attribute[0], rounds = (double) passes(program, lanes);
  double cost = 0, states, dimension;
  switch (op->node.op) {
  case RP_OP_SCAN:
    for (int32_t k = 0; k < op->n_code; k++) cost += steps * scalar_cost(&program->drafts[op->first_code + k]) * rounds;
    return cost;
  case RP_OP_AFFINE_SCAN:
    states = (double) op->node.attribute[1];
    if (states == 1) return steps * (lanes == 1 && program->kernels->width > 2 ? 0.4 : 1.2 * rounds);
    return steps * (states == 2 ? 2.5 : states * states) * rounds;
  case RP_OP_CONCAT: case RP_OP_CUMSUM: case RP_OP_SCATTER: case RP_OP_GATHER_AT: case RP_OP_SCATTER_AT:
  case RP_OP_MAX_OF: case RP_OP_MIN_OF: return CALL + (double) (op->node.n * lanes);
  case RP_OP_MATMUL:
    return 0.5 * (double) (op->node.attribute[0] * op->node.attribute[1] * op->node.attribute[2] * lanes);
  case RP_OP_CHOLESKY: case RP_OP_CHOLESKY_ADJOINT: case RP_OP_TRI_SOLVE: case RP_OP_SOLVE: case RP_OP_LOG_ABS_DET:
  case RP_OP_DET: case RP_OP_EIGEN_SYMMETRIC:
    dimension = (double) op->node.attribute[0];
    return dimension * dimension * dimension * lanes;
  default:
    for (int32_t k = 0; k < op->n_in; k++) cost += (double) op->in_n[k];
    return 5 * (cost + (double) op->node.n) * lanes;
  }
}

double rp_program_cost(const rp_program *program, int32_t lanes) {
  double cost = 0;
  for (int32_t k = 0; k < program->n_loads; k++) cost += CALL + 0.1 * (double) (program->loads[k].n * lanes);
  for (int32_t s = 0; s < program->n_stages; s++) {
    const rp_stage *stage = &program->stages[s];
    if (stage->kind == RP_ITEM_LOOP) {
      cost += loop_cost(program, stage, lanes);
      continue;
    }
    for (int32_t k = stage->first; k < stage->first + stage->n; k++) {
      if (stage->kind == RP_ITEM_ARRAY) cost += array_cost(program, &program->array_ops[k], lanes);
      else cost += scalar_cost(&program->drafts[k]) * (double) passes(program, lanes);
    }
  }
  return cost;
}
