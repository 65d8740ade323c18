/* LKJ distribution of an n x n correlation matrix X (Lewandowski, Kurowicka and Joe 2009): f(X) = |X|^(shape - 1) /
 * c(shape), with the constant of lkj_cholesky.c. */
#include "vectors.h"

enum { SHAPE, LEVELS };

/* |dX / dL| = prod_i L_ii^(n - i), by which the density of the factor L exceeds that of X. */
RP_DENSITY(log_density) {
  int64_t n = rp_size_of(g, a[LEVELS]);
  if (n == 1) return rp_const(g, 0);
  rp_node_id l = rp_cholesky_each(g, x, n_events, n);
  rp_node_id powers = rp_recycle(g, rp_countdown(g, n, (double) n - 1), n_events * n);
  rp_node_id log_diagonal = rp_log(g, rp_diagonal_of(g, l, n_events, n));
  rp_node_id outer = rp_event_sum(g, rp_mul(g, powers, log_diagonal), n_events, n);
  return rp_sub(g, rp_family_lkj_cholesky.log_density(g, l, a, n_events, event_size), outer);
}

/* Symmetric with a unit diagonal and a Cholesky factor. */
RP_DENSITY(inside) {
  int64_t n = rp_size_of(g, a[LEVELS]);
  rp_node_id l = rp_cholesky_each(g, x, n_events, n),
             error = rp_abs(g, rp_sub(g, rp_outer_square(g, l, n_events, n), x));
  rp_node_id off = rp_abs(g, rp_plus(g, rp_diagonal_of(g, x, n_events, n), -1));
  rp_node_id sum = rp_add(g, rp_event_sum(g, error, n_events, n * n), rp_event_sum(g, off, n_events, n));
  return rp_select(g, rp_unary(g, RP_OP_IS_NAN, sum), rp_const(g, 0), rp_le(g, sum, rp_const(g, 1e-8)));
}

RP_RANDOM(random) {
  int64_t n = rp_size_of(g, a[LEVELS]);
  return rp_outer_square(g, rp_family_lkj_cholesky.random(g, stream, a, n_events, event_size), n_events, n);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  return rp_family_lkj_cholesky.event_size(lengths, value_length, widths);
}

const rp_family rp_family_lkj = {
    .name = "lkj",
    .event_dim = 2,
    .n_arguments = 2,
    .arguments = {{"shape", RP_ARG_POSITIVE, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_CORRELATION,
    .inside = inside,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
