/* Constructors of linear algebra: they check dimensions and turn 1 x 1 problems into scalar operations. */
#include <stddef.h>

#include "construct.h"

/* rows * cols, or -1 when a dimension is negative or the product too large. */
static int64_t area(int64_t rows, int64_t cols) {
  if (rows < 0 || cols < 0 || (cols > 0 && rows > INT32_MAX / cols)) return -1;
  return rows * cols;
}

static int has_dims(rp_graph *g, rp_node_id a, int64_t rows, int64_t cols, rp_op op) {
  if (a == RP_NONE) return 0;
  if (area(rows, cols) == rp_length(g, a)) return 1;
  rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "%s needs a %lld x %lld matrix, got %lld numbers", rp_op_name(op),
          (long long) rows, (long long) cols, (long long) rp_length(g, a));
  return 0;
}

static rp_node_id of_square(rp_graph *g, rp_op op, rp_node_id a, int64_t n, int64_t n_out) {
  if (!has_dims(g, a, n, n, op)) return RP_NONE;
  return rp_intern(g, &(rp_node){.op = op, .n = n_out, .in = &a, .n_in = 1, .attribute = {n}});
}

rp_node_id rp_matmul(rp_graph *g, rp_node_id a, rp_node_id b, int64_t m, int64_t k, int64_t n, int ta, int tb) {
  if (!has_dims(g, a, m, k, RP_OP_MATMUL) || !has_dims(g, b, k, n, RP_OP_MATMUL)) return RP_NONE;
  int64_t n_out = area(m, n);
  if (n_out < 0) {
    rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "a product of %lld x %lld numbers is too large", (long long) m,
            (long long) n);
    return RP_NONE;
  }
  if (k == 1 && (m == 1 || n == 1)) return rp_mul(g, a, b);
  if (m == 1 && n == 1 && k > 1) return rp_sum(g, rp_mul(g, a, b));
  /* how a vector is stored does not depend on the transpose flags, so equal products look equal */
  ta = ta != 0 && m != 1 && k != 1;
  tb = tb != 0 && n != 1 && k != 1;
  rp_node_id of_a = RP_NONE, of_b = RP_NONE, in[2] = {a, b};
  if (n_out <= m * k) in[0] = rp_take_factor(g, a, &of_a);
  if (n_out <= k * n) in[1] = rp_take_factor(g, b, &of_b);
  rp_node_id id = rp_intern(g, &(rp_node){.op = RP_OP_MATMUL, .n = n_out, .in = in, .n_in = 2,
                                          .attribute = {m, k, n, ta, tb}});
  if (of_a != RP_NONE) id = rp_mul(g, of_a, id);
  return of_b != RP_NONE ? rp_mul(g, of_b, id) : id;
}

rp_node_id rp_cholesky(rp_graph *g, rp_node_id a, int64_t n) { return of_square(g, RP_OP_CHOLESKY, a, n, n * n); }

rp_node_id rp_cholesky_adjoint(rp_graph *g, rp_node_id l, rp_node_id seed, int64_t n) {
  if (!has_dims(g, l, n, n, RP_OP_CHOLESKY_ADJOINT) || !has_dims(g, seed, n, n, RP_OP_CHOLESKY_ADJOINT)) return RP_NONE;
  return rp_intern(g, &(rp_node){.op = RP_OP_CHOLESKY_ADJOINT, .n = n * n, .in = (rp_node_id[]){l, seed}, .n_in = 2,
                                 .attribute = {n}});
}

rp_node_id rp_tri_solve(rp_graph *g, rp_node_id t, rp_node_id b, int64_t n, int64_t m, int lower, int transpose) {
  if (!has_dims(g, t, n, n, RP_OP_TRI_SOLVE) || !has_dims(g, b, n, m, RP_OP_TRI_SOLVE)) return RP_NONE;
  if (n == 1) return rp_div(g, b, t);
  return rp_intern(g, &(rp_node){.op = RP_OP_TRI_SOLVE, .n = rp_length(g, b), .in = (rp_node_id[]){t, b}, .n_in = 2,
                                 .attribute = {n, m, lower != 0, transpose != 0}});
}

rp_node_id rp_solve(rp_graph *g, rp_node_id a, rp_node_id b, int64_t n, int64_t m, int transpose) {
  if (!has_dims(g, a, n, n, RP_OP_SOLVE) || !has_dims(g, b, n, m, RP_OP_SOLVE)) return RP_NONE;
  if (n == 1) return rp_div(g, b, a);
  return rp_intern(g, &(rp_node){.op = RP_OP_SOLVE, .n = rp_length(g, b), .in = (rp_node_id[]){a, b}, .n_in = 2,
                                 .attribute = {n, m, transpose != 0}});
}

rp_node_id rp_log_abs_det(rp_graph *g, rp_node_id a, int64_t n) {
  if (n == 1 && rp_length(g, a) == 1) return rp_log(g, rp_unary(g, RP_OP_ABS, a));
  return of_square(g, RP_OP_LOG_ABS_DET, a, n, 1);
}

rp_node_id rp_det(rp_graph *g, rp_node_id a, int64_t n) {
  if (n == 1 && rp_length(g, a) == 1) return a;
  return of_square(g, RP_OP_DET, a, n, 1);
}

rp_node_id rp_eigen_symmetric(rp_graph *g, rp_node_id a, int64_t n) {
  return of_square(g, RP_OP_EIGEN_SYMMETRIC, a, n, n + n * n);
}

rp_node_id rp_svd(rp_graph *g, rp_node_id a, int64_t m, int64_t n) {
  if (!has_dims(g, a, m, n, RP_OP_SVD)) return RP_NONE;
  int64_t k = m < n ? m : n;
  return rp_intern(g, &(rp_node){.op = RP_OP_SVD, .n = k + m * k + n * k, .in = &a, .n_in = 1, .attribute = {m, n}});
}
