/* Multivariate normal whose covariance is W W' + diag(d), W k x r: k r^2 operations by Woodbury's identity and the
 * determinant lemma. With the capacitance M = I + W' D^-1 W = L L' and y = x - mean:
 * log f(x) = -(y' D^-1 y - |L^-1 W' D^-1 y|^2 + sum log d + 2 sum log diag L + k log(2 pi)) / 2. */
#include "known.h"

enum { MEAN, FACTOR, DIAGONAL };

RP_DENSITY(log_density) {
  int64_t k = event_size, rank = rp_size_of(g, a[FACTOR]) / k;
  rp_node_id d = rp_broadcast(g, a[DIAGONAL], k);
  rp_node_id scaled_factor = rp_div(g, a[FACTOR], rp_recycle(g, d, k * rank));
  rp_node_id m = rp_add(g, rp_matmul(g, a[FACTOR], scaled_factor, rank, k, rank, 1, 0), rp_identity_matrix(g, rank));
  rp_node_id l = rp_cholesky(g, m, rank), y = rp_event_residual(g, x, a[MEAN], n_events, k);
  rp_node_id scaled = rp_div(g, y, rp_recycle(g, d, k * n_events));
  rp_node_id z = rp_tri_solve(g, l, rp_matmul(g, a[FACTOR], scaled, rank, k, n_events, 1, 0), rank, n_events, 1, 0);
  rp_node_id square = rp_sub(g, rp_event_sum(g, rp_mul(g, y, scaled), n_events, k),
                             rp_event_sum(g, rp_square(g, z), n_events, rank));
  rp_node_id half_log_det =
      rp_add(g, rp_times(g, 0.5, rp_sum(g, rp_log(g, d))), rp_sum(g, rp_log(g, rp_diagonal_of(g, l, 1, rank))));
  return rp_sub(g, rp_times(g, -0.5, square), rp_plus(g, half_log_det, (double) k * RP_LOG_SQRT_2PI));
}

RP_RANDOM(random) {
  int64_t k = event_size, rank = rp_size_of(g, a[FACTOR]) / k;
  rp_node_id z = rp_standard_normals(g, stream, n_events, rank + k);
  rp_node_id shared =
      rp_matmul(g, a[FACTOR], rp_event_part(g, z, n_events, rank + k, 0, rank), k, rank, n_events, 0, 0);
  rp_node_id sd = rp_recycle(g, rp_sqrt(g, rp_broadcast(g, a[DIAGONAL], k)), k * n_events);
  rp_node_id own = rp_mul(g, sd, rp_event_part(g, z, n_events, rank + k, rank, k));
  return rp_add(g, rp_recycle(g, a[MEAN], n_events * k), rp_add(g, shared, own));
}

/* The diagonal has one number for each of an event; the mean also or one for all. */
static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  int64_t k = lengths[DIAGONAL];
  (void) value_length;
  if (k <= 0 || lengths[FACTOR] % k != 0 || (lengths[MEAN] != 1 && lengths[MEAN] % k != 0)) return -1;
  widths[MEAN] = lengths[MEAN] == 1 ? 1 : k;
  widths[FACTOR] = lengths[FACTOR];
  widths[DIAGONAL] = k;
  return k;
}

static rp_node_id covariance(rp_graph *g, const rp_node_id *a, int64_t k) {
  int64_t rank = rp_size_of(g, a[FACTOR]) / k;
  rp_node_id own = rp_mul(g, rp_recycle(g, rp_broadcast(g, a[DIAGONAL], k), k * k), rp_identity_matrix(g, k));
  return rp_add(g, rp_matmul(g, a[FACTOR], a[FACTOR], k, rank, k, 0, 1), own);
}

RP_KNOWN_DENSITY(known_density) {
  return rp_known_gaussian_density(g, x, known, a[MEAN], covariance(g, a, event_size), n_events, event_size);
}

RP_COMPLETE(complete) {
  return rp_complete_gaussian(g, stream, x, known, a[MEAN], covariance(g, a, event_size), RP_NONE, n_events,
                              event_size);
}

const rp_family rp_family_mvn_lowrank = {
    .name = "mvn_lowrank",
    .event_dim = 1,
    .n_arguments = 3,
    .arguments = {{"mean", RP_ARG_REAL, 0}, {"factor", RP_ARG_REAL, 0}, {"diagonal", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_REAL_VECTOR,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
    .known_density = known_density,
    .complete = complete,
};
