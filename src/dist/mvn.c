/* Multivariate normal: log f(x) = -(x - mean)' cov^-1 (x - mean) / 2 - log det(2 pi cov) / 2. */
#include "known.h"

enum { MEAN, COV };

static const rp_node_id *by_cholesky(rp_graph *g, const rp_node_id *a, int64_t k, rp_node_id other[2]) {
  other[0] = a[MEAN];
  other[1] = rp_cholesky(g, a[COV], k);
  return other;
}

RP_DENSITY(log_density) {
  rp_node_id other[2];
  return rp_family_mvn_cholesky.log_density(g, x, by_cholesky(g, a, event_size, other), n_events, event_size);
}

RP_RANDOM(random) {
  rp_node_id other[2];
  return rp_family_mvn_cholesky.random(g, stream, by_cholesky(g, a, event_size, other), n_events, event_size);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  return rp_location_matrix_sizes(lengths, value_length, widths);
}

RP_KNOWN_DENSITY(known_density) {
  return rp_known_gaussian_density(g, x, known, a[MEAN], a[COV], n_events, event_size);
}

RP_COMPLETE(complete) {
  return rp_complete_gaussian(g, stream, x, known, a[MEAN], a[COV], RP_NONE, n_events, event_size);
}

const rp_family rp_family_mvn = {
    .name = "mvn",
    .event_dim = 1,
    .n_arguments = 2,
    .arguments = {{"mean", RP_ARG_REAL, 0}, {"cov", RP_ARG_POSITIVE_DEFINITE, 0}},
    .support_kind = RP_SUPPORT_REAL_VECTOR,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
    .known_density = known_density,
    .complete = complete,
};
