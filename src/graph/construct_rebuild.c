/* rp_rebuild(): the same operation on other inputs, through the constructors. */
#include <stdlib.h>

#include "construct.h"
#include "ops.h"
#include "scan.h"

static rp_node_id rebuild_random(rp_graph *g, const rp_node *node, const rp_node_id *in) {
  int64_t widths[16];
  for (int32_t k = 0; k < node->n_in; k++) widths[k] = node->index[k];
  return rp_random_node(g, node->sampler, (uint32_t) node->attribute[0], in, widths, node->n_in, node->attribute[1],
                        node->attribute[2]);
}

static rp_node_id rebuild_elementwise(rp_graph *g, const rp_node *node, const rp_node_id *in) {
  switch (node->n_in) {
  case 1: return rp_unary(g, node->op, in[0]);
  case 2: return rp_binary(g, node->op, in[0], in[1]);
  default: return rp_ternary(g, node->op, in[0], in[1], in[2]);
  }
}

rp_node_id rp_rebuild(rp_graph *g, const rp_node *node, const rp_node_id *in) {
  const int64_t *at = node->attribute;
  if (rp_op_is_elementwise(node->op)) {
    rp_node_id id = rebuild_elementwise(g, node, in);
    return node->n == 1 ? id : rp_broadcast(g, id, node->n); /* scalars of a body may become vectors */
  }
  switch (node->op) {
  case RP_OP_CONST: return rp_data(g, rp_const_values(node), node->n);
  case RP_OP_PARAM: case RP_OP_INPUT: case RP_OP_SITE: case RP_OP_CARRY: case RP_OP_STEP: case RP_OP_INVARIANT:
    return rp_intern(g, node);
  case RP_OP_SLICE: return rp_slice(g, in[0], at[0], node->n);
  case RP_OP_GATHER: return rp_gather(g, in[0], node->index, node->n);
  case RP_OP_SCATTER: return rp_scatter(g, rp_broadcast(g, in[0], node->n_index), node->index, node->n);
  case RP_OP_CONCAT: return rp_concat(g, in, node->n_in);
  case RP_OP_BROADCAST: return rp_broadcast(g, in[0], node->n);
  case RP_OP_GATHER_AT: return rp_gather_at(g, in[0], in[1]);
  case RP_OP_SCATTER_AT: return rp_scatter_at(g, in[0], in[1], node->n);
  case RP_OP_SUM: return rp_sum(g, in[0]);
  case RP_OP_MAX_OF: return rp_max_of(g, in[0]);
  case RP_OP_MIN_OF: return rp_min_of(g, in[0]);
  case RP_OP_CUMSUM: return at[0] ? rp_cumsum_from_end(g, in[0]) : rp_cumsum(g, in[0]);
  case RP_OP_ORDER: return rp_order(g, in[0]);
  case RP_OP_DCT: return rp_dct_of(g, in[0], at[0], at[1] != 0);
  case RP_OP_MATMUL: return rp_matmul(g, in[0], in[1], at[0], at[1], at[2], at[3] != 0, at[4] != 0);
  case RP_OP_CHOLESKY: return rp_cholesky(g, in[0], at[0]);
  case RP_OP_CHOLESKY_ADJOINT: return rp_cholesky_adjoint(g, in[0], in[1], at[0]);
  case RP_OP_TRI_SOLVE: return rp_tri_solve(g, in[0], in[1], at[0], at[1], at[2] != 0, at[3] != 0);
  case RP_OP_SOLVE: return rp_solve(g, in[0], in[1], at[0], at[1], at[2] != 0);
  case RP_OP_LOG_ABS_DET: return rp_log_abs_det(g, in[0], at[0]);
  case RP_OP_DET: return rp_det(g, in[0], at[0]);
  case RP_OP_EIGEN_SYMMETRIC: return rp_eigen_symmetric(g, in[0], at[0]);
  case RP_OP_SVD: return rp_svd(g, in[0], at[0], at[1]);
  case RP_OP_SCAN: return rp_scan_rebuild(g, node, in);
  case RP_OP_AFFINE_SCAN: return rp_affine_rebuild(g, node, in);
  case RP_OP_RANDOM: return rebuild_random(g, node, in);
  default: return RP_NONE;
  }
}
