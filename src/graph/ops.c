/* Names and shapes of the operations: the table of ops.def as data. */
#include "ops.h"

#include <string.h>

#include "graph.h"

typedef enum { LEAF, UNARY, BINARY, TERNARY, OTHER } shape;

typedef struct {
  const char *name;
  shape shape;
} row;

static const row rows[RP_OP_COUNT] = {
#define RP_OP(NAME, name, shape) {name, shape},
#include "ops.def"
#undef RP_OP
};

static int is_op(rp_op op) { return (unsigned) op < (unsigned) RP_OP_COUNT; }

const char *rp_op_name(rp_op op) { return is_op(op) ? rows[op].name : "?"; }

rp_op rp_op_from_name(const char *name) {
  for (int op = 0; op < RP_OP_COUNT; op++) {
    if (strcmp(rows[op].name, name) == 0) return (rp_op) op;
  }
  return RP_OP_COUNT;
}

int rp_op_is_elementwise(rp_op op) { return is_op(op) && rows[op].shape != LEAF && rows[op].shape != OTHER; }

int rp_op_arity(rp_op op) {
  if (!is_op(op)) return 0;
  if (rows[op].shape != OTHER) return (int) rows[op].shape;
  switch (op) {
  case RP_OP_CONCAT: case RP_OP_SCAN: case RP_OP_AFFINE_SCAN: case RP_OP_RANDOM: return -1;
  case RP_OP_GATHER_AT: case RP_OP_SCATTER_AT: case RP_OP_MATMUL: case RP_OP_CHOLESKY_ADJOINT: case RP_OP_TRI_SOLVE:
  case RP_OP_SOLVE: case RP_OP_DCT: return 2;
  default: return 1;
  }
}

int rp_op_n_attributes(rp_op op) {
  switch (op) {
  case RP_OP_PARAM: case RP_OP_INPUT: case RP_OP_SITE: case RP_OP_CARRY: case RP_OP_STEP: case RP_OP_INVARIANT:
  case RP_OP_SLICE: case RP_OP_CUMSUM: return 1;
  case RP_OP_MATMUL: return 5;
  case RP_OP_CHOLESKY: case RP_OP_CHOLESKY_ADJOINT: case RP_OP_LOG_ABS_DET: case RP_OP_DET: return 1;
  case RP_OP_EIGEN_SYMMETRIC: return 1;
  case RP_OP_TRI_SOLVE: return 4;
  case RP_OP_SOLVE: return 3;
  case RP_OP_SVD: case RP_OP_SCAN: case RP_OP_DCT: return 2;
  case RP_OP_AFFINE_SCAN: case RP_OP_RANDOM: return 3;
  default: return 0;
  }
}

int rp_op_has_index(rp_op op) { return op == RP_OP_GATHER || op == RP_OP_SCATTER; }

int rp_op_is_commutative(rp_op op) {
  switch (op) {
  case RP_OP_ADD: case RP_OP_MUL: case RP_OP_MAX: case RP_OP_MIN: case RP_OP_EQ: case RP_OP_NE: case RP_OP_LOG_ADD_EXP:
    return 1;
  default: return 0;
  }
}

int rp_op_is_body_leaf(rp_op op) { return op == RP_OP_CARRY || op == RP_OP_STEP || op == RP_OP_INVARIANT; }
