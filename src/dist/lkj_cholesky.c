/* LKJ distribution of the Cholesky factor L of an n x n correlation matrix (Lewandowski, Kurowicka and Joe 2009; Stan
 * functions reference): f(L) = prod_i L_ii^(n - i + 2 shape - 2) / c(shape), i = 2, .., n. */
#include <math.h>

#include "vectors.h"

enum { SHAPE, LEVELS };

/* log c = sum_j (n - j) ((2 shape - 2 + n - j) log 2 + log B(b, b)), b = shape + (n - j - 1) / 2, j = 1, .., n - 1. */
static rp_node_id log_constant(rp_graph *g, rp_node_id shape, int64_t n) {
  rp_node_id sum = rp_const(g, 0);
  for (int64_t j = 1; j < n; j++) {
    double rest = (double) (n - j);
    rp_node_id b = rp_plus(g, shape, 0.5 * (rest - 1));
    rp_node_id powers = rp_times(g, RP_LOG_2, rp_plus(g, rp_times(g, 2, shape), rest - 2));
    sum = rp_add(g, sum, rp_times(g, rest, rp_add(g, powers, rp_log_beta(g, b, b))));
  }
  return sum;
}

RP_DENSITY(log_density) {
  int64_t n = rp_size_of(g, a[LEVELS]);
  if (n == 1) return rp_const(g, 0);
  rp_node_id log_diagonal = rp_log(g, rp_diagonal_of(g, x, n_events, n));
  rp_node_id powers = rp_recycle(g, rp_countdown(g, n, (double) n - 3), n_events * n);
  rp_node_id shape = rp_event_repeat(g, rp_times(g, 2, a[SHAPE]), n_events, n);
  /* L_11 is 1: its power does not matter. */
  rp_node_id kernel = rp_event_sum(g, rp_mul(g, rp_add(g, powers, shape), log_diagonal), n_events, n);
  return rp_sub(g, kernel, log_constant(g, a[SHAPE], n));
}

/* Rows of length 1, nothing above the diagonal, a positive diagonal. */
RP_DENSITY(inside) {
  int64_t n = rp_size_of(g, a[LEVELS]), free = n * (n - 1) / 2;
  rp_node_id ends = rp_event_row_cumsum(g, rp_square(g, x), n_events, n, n, RP_RUNNING_FROM_END);
  rp_node_id lengths = rp_event_part(g, ends, n_events, n * n, 0, n);
  rp_node_id off = rp_lt(g, rp_const(g, 1e-8), rp_abs(g, rp_plus(g, lengths, -1)));
  rp_node_id flat = rp_le(g, rp_diagonal_of(g, x, n_events, n), rp_const(g, 0));
  rp_node_id bad = rp_event_sum(g, rp_add(g, off, flat), n_events, n);
  if (free > 0) {
    rp_node_id upper = rp_event_rearrange(g, x, n_events, n * n, free, rp_position_upper, n);
    bad = rp_add(g, bad, rp_event_sum(g, rp_ne(g, upper, rp_const(g, 0)), n_events, free));
  }
  return rp_eq(g, bad, rp_const(g, 0));
}

/* Partial correlations of column j are 2 beta(b, b) - 1, b = shape + (n - 1 - j) / 2 (section 2.4 of the paper). */
static void factor(rp_random *r, const double *const *a, int64_t event_size, double *x) {
  int64_t n = (int64_t) *a[1];
  for (int64_t i = 0; i < event_size; i++) x[i] = 0;
  for (int64_t i = 0; i < n; i++) {
    double left = 1;
    for (int64_t j = 0; j < i; j++) {
      double b = *a[0] + 0.5 * (double) (n - 2 - j), half = rp_sample_beta(r, b, b);
      x[j * n + i] = left * (2 * half - 1);
      left *= 2 * sqrt(half * (1 - half));
    }
    x[i * n + i] = left;
  }
}

RP_RANDOM(random) {
  int64_t widths[] = {1, 1};
  rp_node_id arguments[] = {a[SHAPE], rp_const(g, (double) rp_size_of(g, a[LEVELS]))};
  return rp_random_node(g, factor, stream, arguments, widths, 2, n_events, event_size);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[SHAPE] = 1;
  widths[LEVELS] = lengths[LEVELS];
  return lengths[LEVELS] * lengths[LEVELS];
}

const rp_family rp_family_lkj_cholesky = {
    .name = "lkj_cholesky",
    .event_dim = 2,
    .n_arguments = 2,
    .arguments = {{"shape", RP_ARG_POSITIVE, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_CORR_CHOLESKY,
    .inside = inside,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
