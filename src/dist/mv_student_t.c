/* Multivariate Student's t: f(x) proportional to (1 + q / df)^(-(df + k) / 2), q = (x - location)' scale^-1 (x -
 * location). */
#include <math.h>

#include "known.h"

enum { LOCATION, SCALE, DF };

RP_DENSITY(log_density) {
  double k = (double) event_size;
  rp_node_id l = rp_cholesky(g, a[SCALE], event_size);
  rp_node_id residual = rp_event_residual(g, x, a[LOCATION], n_events, event_size);
  rp_node_id z = rp_tri_solve(g, l, residual, event_size, n_events, 1, 0);
  rp_node_id q = rp_event_sum(g, rp_square(g, z), n_events, event_size);
  rp_node_id half = rp_times(g, 0.5, a[DF]), sum = rp_plus(g, half, 0.5 * k);
  rp_node_id log_det = rp_sum(g, rp_log(g, rp_diagonal_of(g, l, 1, event_size)));
  rp_node_id gammas = rp_sub(g, rp_lgamma(g, sum), rp_lgamma(g, half));
  rp_node_id constant = rp_sub(g, gammas, rp_times(g, 0.5 * k, rp_plus(g, rp_log(g, a[DF]), RP_LOG_PI)));
  rp_node_id kernel = rp_mul(g, sum, rp_log1p(g, rp_div(g, q, a[DF])));
  return rp_sub(g, rp_sub(g, constant, log_det), kernel);
}

/* One standard event: normals over the root of a shared chi-squared / df. */
static void standard(rp_random *r, const double *const *a, int64_t event_size, double *x) {
  double half = 0.5 * *a[0], factor = sqrt(half / rp_random_gamma(r, half));
  for (int64_t i = 0; i < event_size; i++) x[i] = factor * rp_random_normal(r);
}

RP_RANDOM(random) {
  int64_t width = 1;
  rp_node_id z = rp_random_node(g, standard, stream, &a[DF], &width, 1, n_events, event_size);
  rp_node_id l = rp_cholesky(g, a[SCALE], event_size);
  rp_node_id spread = rp_matmul(g, l, z, event_size, event_size, n_events, 0, 0);
  return rp_add(g, rp_recycle(g, a[LOCATION], n_events * event_size), spread);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  widths[DF] = 1;
  return rp_location_matrix_sizes(lengths, value_length, widths);
}

/* With q of k numbers known these have the t law of the same df; the others, given these, a t law of df + q whose scale
 * grows by (df + square) / (df + q) (Kotz and Nadarajah 2004, section 1.11). */
RP_KNOWN_DENSITY(known_density) {
  rp_known_parts of = rp_known_gaussian(g, x, known, a[LOCATION], a[SCALE], n_events, event_size);
  rp_node_id half = rp_times(g, 0.5, a[DF]), half_count = rp_times(g, 0.5, of.count), sum = rp_add(g, half, half_count);
  rp_node_id gammas = rp_sub(g, rp_lgamma(g, sum), rp_lgamma(g, half));
  rp_node_id constant = rp_sub(g, gammas, rp_mul(g, half_count, rp_plus(g, rp_log(g, a[DF]), RP_LOG_PI)));
  rp_node_id kernel = rp_mul(g, sum, rp_log1p(g, rp_div(g, of.square, a[DF])));
  return rp_sub(g, rp_sub(g, constant, of.half_log_det), kernel);
}

/* Root of (df + square) over a chi-squared variate with df + count degrees of freedom. */
static void spread(rp_random *r, const double *const *a, RP_UNUSED int64_t event_size, double *x) {
  *x = sqrt(*a[0] / (2 * rp_random_gamma(r, 0.5 * *a[1])));
}

RP_COMPLETE(complete) {
  rp_known_parts of = rp_known_gaussian(g, x, known, a[LOCATION], a[SCALE], n_events, event_size);
  rp_node_id of_spread[2] = {rp_add(g, a[DF], of.square), rp_add(g, a[DF], of.count)};
  int64_t widths[2] = {1, 1};
  rp_node_id w = rp_random_node(g, spread, stream ^ 0x5bd1e995u, of_spread, widths, 2, n_events, 1);
  return rp_complete_gaussian(g, stream, x, known, a[LOCATION], a[SCALE], w, n_events, event_size);
}

const rp_family rp_family_mv_student_t = {
    .name = "mv_student_t",
    .event_dim = 1,
    .n_arguments = 3,
    .arguments = {{"location", RP_ARG_REAL, 0}, {"scale", RP_ARG_POSITIVE_DEFINITE, 0}, {"df", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_REAL_VECTOR,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
    .known_density = known_density,
    .complete = complete,
};
