/* Wishart of k x k positive definite matrices: log f(X) = (df - k - 1) log|X| / 2 - tr(S^-1 X) / 2 - df k log(2) / 2
 * - df log|S| / 2 - log Gamma_k(df / 2), S = scale; its mean is df S. */
#include <math.h>

#include "vectors.h"

enum { DF, SCALE };

/* log Gamma_k(a) = k (k - 1) log(pi) / 4 + sum_i log Gamma(a - i / 2), i = 0, .., k - 1. */
static rp_node_id log_multigamma(rp_graph *g, rp_node_id a, int64_t k) {
  rp_node_id sum = rp_const(g, 0.25 * (double) (k * (k - 1)) * RP_LOG_PI);
  for (int64_t i = 0; i < k; i++) sum = rp_add(g, sum, rp_lgamma(g, rp_plus(g, a, -0.5 * (double) i)));
  return sum;
}

/* With the Cholesky factors X = C C' and S = L L', tr(S^-1 X) is the sum of squares of L^-1 C. */
RP_DENSITY(log_density) {
  int64_t k = rp_square_side(event_size);
  rp_node_id c = rp_cholesky_each(g, x, n_events, k), l = rp_cholesky(g, a[SCALE], k);
  rp_node_id z = rp_tri_solve(g, l, c, k, k * n_events, 1, 0);
  rp_node_id trace = rp_event_sum(g, rp_square(g, z), n_events, event_size);
  rp_node_id log_x = rp_event_sum(g, rp_log(g, rp_diagonal_of(g, c, n_events, k)), n_events, k);
  rp_node_id log_s = rp_sum(g, rp_log(g, rp_diagonal_of(g, l, 1, k)));
  rp_node_id kernel = rp_sub(g, rp_mul(g, rp_plus(g, a[DF], -(double) (k + 1)), log_x), rp_times(g, 0.5, trace));
  rp_node_id constant = rp_mul(g, a[DF], rp_plus(g, log_s, 0.5 * (double) k * RP_LOG_2));
  rp_node_id enough = rp_lt(g, rp_const(g, (double) (k - 1)), a[DF]);
  return rp_guard(g, enough, rp_sub(g, kernel, rp_add(g, constant, log_multigamma(g, rp_times(g, 0.5, a[DF]), k))));
}

/* cholesky() is NaN for what is not positive definite. */
RP_DENSITY(inside) {
  int64_t k = rp_square_side(event_size);
  rp_node_id diagonal = rp_diagonal_of(g, rp_cholesky_each(g, x, n_events, k), n_events, k);
  return rp_not(g, rp_unary(g, RP_OP_IS_NAN, rp_event_sum(g, diagonal, n_events, k)));
}

/* Bartlett's factor of a standard Wishart: roots of chi-squareds on the diagonal, normals below (Bartlett 1933). */
static void bartlett(rp_random *r, const double *const *a, int64_t event_size, double *x) {
  int64_t k = rp_square_side(event_size);
  for (int64_t j = 0; j < k; j++)
    for (int64_t i = 0; i < k; i++) {
      double *at = x + j * k + i;
      if (i < j) *at = 0;
      else *at = i > j ? rp_random_normal(r) : sqrt(2 * rp_random_gamma(r, 0.5 * (*a[0] - (double) i)));
    }
}

RP_RANDOM(random) {
  int64_t k = rp_square_side(event_size), width = 1;
  rp_node_id z = rp_random_node(g, bartlett, stream, &a[DF], &width, 1, n_events, event_size);
  rp_node_id l = rp_cholesky(g, a[SCALE], k);
  return rp_outer_square(g, rp_matmul(g, l, z, k, k, k * n_events, 0, 0), n_events, k);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[DF] = 1;
  widths[SCALE] = lengths[SCALE];
  return rp_square_side(lengths[SCALE]) > 0 ? lengths[SCALE] : -1;
}

const rp_family rp_family_wishart = {
    .name = "wishart",
    .event_dim = 2,
    .n_arguments = 2,
    .arguments = {{"df", RP_ARG_POSITIVE, 0}, {"scale", RP_ARG_POSITIVE_DEFINITE, 0}},
    .support_kind = RP_SUPPORT_POSITIVE_DEFINITE,
    .inside = inside,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
