/* Multivariate normal by its precision matrix Q = L L': log f(x) = -|L'(x - mean)|^2 / 2 + sum(log diag L) - k log(2
 * pi) / 2. */
#include "known.h"

enum { MEAN, PRECISION };

RP_DENSITY(log_density) {
  rp_node_id l = rp_cholesky(g, a[PRECISION], event_size);
  rp_node_id residual = rp_event_residual(g, x, a[MEAN], n_events, event_size);
  rp_node_id z = rp_matmul(g, l, residual, event_size, event_size, n_events, 1, 0);
  rp_node_id log_det = rp_sum(g, rp_log(g, rp_diagonal_of(g, l, 1, event_size)));
  rp_node_id kernel = rp_times(g, -0.5, rp_event_sum(g, rp_square(g, z), n_events, event_size));
  return rp_add(g, kernel, rp_plus(g, log_det, -(double) event_size * RP_LOG_SQRT_2PI));
}

RP_RANDOM(random) {
  rp_node_id l = rp_cholesky(g, a[PRECISION], event_size);
  rp_node_id z = rp_standard_normals(g, stream, n_events, event_size);
  rp_node_id spread = rp_tri_solve(g, l, z, event_size, n_events, 1, 1);
  return rp_add(g, rp_recycle(g, a[MEAN], n_events * event_size), spread);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  return rp_location_matrix_sizes(lengths, value_length, widths);
}

static rp_node_id covariance(rp_graph *g, const rp_node_id *a, int64_t k) {
  return rp_solve(g, a[PRECISION], rp_identity_matrix(g, k), k, k, 0);
}

RP_KNOWN_DENSITY(known_density) {
  return rp_known_gaussian_density(g, x, known, a[MEAN], covariance(g, a, event_size), n_events, event_size);
}

RP_COMPLETE(complete) {
  return rp_complete_gaussian(g, stream, x, known, a[MEAN], covariance(g, a, event_size), RP_NONE, n_events,
                              event_size);
}

const rp_family rp_family_mvn_precision = {
    .name = "mvn_precision",
    .event_dim = 1,
    .n_arguments = 2,
    .arguments = {{"mean", RP_ARG_REAL, 0}, {"precision", RP_ARG_POSITIVE_DEFINITE, 0}},
    .support_kind = RP_SUPPORT_REAL_VECTOR,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
    .known_density = known_density,
    .complete = complete,
};
