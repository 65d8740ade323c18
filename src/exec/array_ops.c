/* Operations on whole arrays: scans, concatenations, cumulative sums, and, through the reference evaluator,
 * everything for which there is nothing better. */
#include <math.h>
#include <string.h>

#include "code.h"

static void run_scan(const rp_work *work, const rp_array_op *op);
static void run_affine(const rp_work *work, const rp_array_op *op);
static void run_concat(const rp_work *work, const rp_array_op *op);
static void run_cumsum(const rp_work *work, const rp_array_op *op);
static void run_scatter(const rp_work *work, const rp_array_op *op);
static void run_gather_at(const rp_work *work, const rp_array_op *op);
static void run_scatter_at(const rp_work *work, const rp_array_op *op);
static void run_extreme(const rp_work *work, const rp_array_op *op);
static void run_evaluator(const rp_work *work, const rp_array_op *op, const rp_random_key *keys);

typedef void (*array_function)(const rp_work *work, const rp_array_op *op);

/* NULL: left to the reference evaluator. */
static array_function native(int32_t op) {
  switch (op) {
  case RP_OP_SCAN: return run_scan;
  case RP_OP_AFFINE_SCAN: return run_affine;
  case RP_OP_CONCAT: return run_concat;
  case RP_OP_CUMSUM: return run_cumsum;
  case RP_OP_SCATTER: return run_scatter;
  case RP_OP_GATHER_AT: return run_gather_at;
  case RP_OP_SCATTER_AT: return run_scatter_at;
  case RP_OP_MAX_OF: case RP_OP_MIN_OF: return run_extreme;
  default: return NULL;
  }
}

int rp_array_op_is_native(int32_t op) { return native(op) != NULL; }

/* Doubles that an operation done by the evaluator needs: its own, and with several lanes one lane of all inputs and
 * of the value. */
static int64_t evaluator_scratch(const rp_array_op *op, int32_t lanes) {
  int64_t size = rp_evaluate_workspace(&op->node, op->in_n);
  if (lanes == 1) return size;
  for (int32_t k = 0; k < op->n_in; k++) size += op->in_n[k];
  return size + op->node.n;
}

rp_code rp_array_op_prepare(rp_program *program, rp_plan *plan, const rp_item *item, rp_array_op *op,
                            rp_status *status) {
  if (op->node.op == RP_OP_SCAN) return rp_emit_scan(program, plan, item, op, status);
  if (op->node.op == RP_OP_AFFINE_SCAN) {
    const int64_t k = op->node.attribute[1];
    op->zero_b = 1;
    for (int64_t i = k + k * k; i < op->n_in; i++) {
      const rp_node *b = rp_graph_node(plan->graph, plan->items[item->in[i]].node);
      if (b->op != RP_OP_CONST || b->n != 1 || b->value != 0) op->zero_b = 0;
    }
  }
  if (!native((int32_t) op->node.op)) op->scratch = rp_plan_reserve(plan, evaluator_scratch(op, plan->lanes));
  return RP_OK;
}

void rp_array_op_run(const rp_work *work, const rp_array_op *op, const rp_random_key *keys) {
  const array_function function = native((int32_t) op->node.op);
  if (function) function(work, op);
  else run_evaluator(work, op, keys);
  if (op->node.n == 1) rp_splat(rp_at(work, op->out), work->program->lanes);
}

/* ---- the operations ---- */

static void run_scan(const rp_work *work, const rp_array_op *op) {
  const size_t lanes = (size_t) work->program->lanes, sequence = (size_t) (op->node.attribute[0] + 1) * lanes;
  double *out = rp_at(work, op->out);
  for (int64_t k = 0; k < op->node.attribute[1]; k++)
    memcpy(out + (size_t) k * sequence, rp_at(work, op->in[k].place), lanes * sizeof *out);
  const rp_kernels *kernels = work->program->kernels;
  kernels->run_code[rp_log2_lanes((int32_t) lanes)](work->instructions + op->first_code, op->n_code,
                                                    op->node.attribute[0], (int32_t) lanes, rp_at(work, op->before));
}

static void run_affine(const rp_work *work, const rp_array_op *op) {
  const int32_t k = (int32_t) op->node.attribute[1];
  for (int32_t i = 0; i < op->n_in; i++) {
    work->pointers[i] = rp_at(work, op->in[i].place);
    work->steps[i] = (size_t) op->in[i].step;
  }
  rp_affine scan = {.n = op->node.attribute[0], .k = k, .reverse = (int32_t) op->node.attribute[2],
                    .lanes = work->program->lanes, .zero_b = op->zero_b,
                    .initial = work->pointers, .a = work->pointers + k, .b = work->pointers + k + k * k,
                    .a_step = work->steps + k, .b_step = work->steps + k + k * k, .state = rp_at(work, op->out)};
  work->program->kernels->affine[rp_log2_lanes(scan.lanes)](&scan);
}

static void run_concat(const rp_work *work, const rp_array_op *op) {
  double *out = rp_at(work, op->out);
  for (int32_t k = 0; k < op->n_in; k++) {
    const size_t size = (size_t) op->in_n[k] * (size_t) work->program->lanes;
    memcpy(out, rp_at(work, op->in[k].place), size * sizeof *out);
    out += size;
  }
}

static void run_cumsum(const rp_work *work, const rp_array_op *op) {
  const ptrdiff_t lanes = work->program->lanes, n = (ptrdiff_t) op->node.n;
  const ptrdiff_t step = op->node.attribute[0] ? -lanes : lanes;
  const double *a = rp_at(work, op->in[0].place) + (op->node.attribute[0] ? (n - 1) * lanes : 0);
  double *out = rp_at(work, op->out) + (op->node.attribute[0] ? (n - 1) * lanes : 0);
  double sum[8] = {0};
  for (ptrdiff_t i = 0; i < n; i++, a += step, out += step) {
    for (ptrdiff_t lane = 0; lane < lanes; lane++) out[lane] = sum[lane] += a[lane];
  }
}

/* Of one element; longer ones run in loops. */
static void run_scatter(const rp_work *work, const rp_array_op *op) {
  const size_t lanes = (size_t) work->program->lanes;
  double *out = rp_at(work, op->out);
  memset(out, 0, (size_t) op->node.n * lanes * sizeof *out);
  memcpy(out + (size_t) op->node.index[0] * lanes, rp_at(work, op->in[0].place), lanes * sizeof *out);
}

static int in_range(double position, int64_t n) { return position >= 0 && position < (double) n; }

static void run_gather_at(const rp_work *work, const rp_array_op *op) {
  const int64_t lanes = work->program->lanes, n_from = op->in_n[0];
  const int64_t step = op->in[1].step, count = op->node.n;
  const double *from = rp_at(work, op->in[0].place), *position = rp_at(work, op->in[1].place);
  double *out = rp_at(work, op->out);
  for (int64_t i = 0; i < count; i++, position += step, out += lanes) {
    for (int64_t lane = 0; lane < lanes; lane++)
      out[lane] = in_range(position[lane], n_from) ? from[(int64_t) position[lane] * lanes + lane] : NAN;
  }
}

static void run_scatter_at(const rp_work *work, const rp_array_op *op) {
  const int64_t lanes = work->program->lanes, count = op->in_n[0] > op->in_n[1] ? op->in_n[0] : op->in_n[1];
  const double *from = rp_at(work, op->in[0].place), *position = rp_at(work, op->in[1].place);
  double *out = rp_at(work, op->out);
  memset(out, 0, (size_t) (op->node.n * lanes) * sizeof *out);
  for (int64_t i = 0; i < count; i++, from += op->in[0].step, position += op->in[1].step) {
    for (int64_t lane = 0; lane < lanes; lane++) {
      if (in_range(position[lane], op->node.n)) out[(int64_t) position[lane] * lanes + lane] += from[lane];
    }
  }
}

static void run_extreme(const rp_work *work, const rp_array_op *op) {
  const rp_kernels *kernels = work->program->kernels;
  const size_t n = (size_t) (op->in_n[0] * work->program->lanes);
  const double *a = rp_at(work, op->in[0].place);
  double *out = rp_at(work, op->out);
  if (op->node.op == RP_OP_MAX_OF) kernels->largest(out, a, n, work->program->lanes);
  else kernels->smallest(out, a, n, work->program->lanes);
}

/* One lane, with inputs at work->pointers. */
static void evaluate(const rp_work *work, const rp_array_op *op, double *out, rp_random_key key, double *scratch) {
  if (op->node.op >= RP_OP_MATMUL && op->node.op <= RP_OP_SVD)
    rp_evaluate_linalg(&op->node, work->pointers, out, scratch, work->program->kernels->linalg);
  else rp_evaluate_node(&op->node, work->pointers, op->in_n, out, key, scratch, NULL);
}

static void run_evaluator(const rp_work *work, const rp_array_op *op, const rp_random_key *keys) {
  const int32_t lanes = work->program->lanes;
  double *out = rp_at(work, op->out), *scratch = rp_at(work, op->scratch);
  const rp_random_key no_key = {0, 0, 0};
  if (lanes == 1) {
    for (int32_t k = 0; k < op->n_in; k++) work->pointers[k] = rp_at(work, op->in[k].place);
    evaluate(work, op, out, keys ? keys[0] : no_key, scratch);
    return;
  }
  for (int32_t lane = 0; lane < lanes; lane++) {
    double *next = scratch;
    for (int32_t k = 0; k < op->n_in; k++) {
      const double *from = rp_at(work, op->in[k].place);
      const int single = op->in[k].place.where == RP_IN_CONSTANTS; /* not repeated for each lane */
      work->pointers[k] = single ? from : next;
      for (int64_t i = 0; i < op->in_n[k] && !single; i++) *next++ = from[i * lanes + lane];
    }
    double *value = next;
    evaluate(work, op, value, keys ? keys[lane] : no_key, value + op->node.n);
    for (int64_t i = 0; i < op->node.n; i++) out[i * lanes + lane] = value[i];
  }
}
