/* Gaussian random walk: x_1 ~ normal(0, sd), x_i ~ normal(x_(i - 1), sd). */
#include "linear_gaussian.h"

enum { SD, LEVELS };

RP_DENSITY(log_density) {
  rp_node_id steps = x;
  if (event_size > 1) {
    rp_node_id first = rp_event_part(g, x, n_events, event_size, 0, 1);
    rp_node_id left = rp_event_part(g, x, n_events, event_size, 0, event_size - 1);
    rp_node_id right = rp_event_part(g, x, n_events, event_size, 1, event_size - 1);
    steps = rp_event_join(g, first, 1, rp_sub(g, right, left), event_size - 1, n_events);
  }
  rp_node_id squares = rp_event_sum(g, rp_square(g, steps), n_events, event_size);
  rp_node_id kernel = rp_div(g, rp_times(g, -0.5, squares), rp_square(g, a[SD]));
  return rp_sub(g, kernel, rp_times(g, (double) event_size, rp_plus(g, rp_log(g, a[SD]), RP_LOG_SQRT_2PI)));
}

RP_RANDOM(random) {
  rp_node_id z = rp_standard_normals(g, stream, n_events, event_size);
  rp_node_id walk = rp_event_cumsum(g, z, n_events, event_size, RP_RUNNING);
  return rp_mul(g, rp_event_repeat(g, a[SD], n_events, event_size), walk);
}

/* A walk observed in part is a state-space model of one state, seen without noise. */
static rp_node_id partly(rp_graph *g, rp_node_id x, const uint8_t *known, rp_node_id sd, rp_node_id noise, int64_t n) {
  rp_linear_gaussian m;
  if (!rp_linear_gaussian_open(g, &m, n, 1, 1)) return RP_NONE;
  m.initial_mean[0] = m.initial_cov[0] = m.transition_mean[0] = m.observation_mean[0] = m.observation_cov[0] =
      rp_const(g, 0);
  m.transition[0] = m.observation[0] = rp_const(g, 1);
  m.transition_cov[0] = rp_square(g, sd);
  rp_node_id result = RP_NONE;
  if (noise == RP_NONE) {
    result = rp_kalman_density(g, &m, x, known);
  } else {
    rp_linear_gaussian_draw(g, &m, rp_linear_gaussian_posterior(g, &m, noise, x, known), NULL, &result);
    result = rp_select(g, rp_known_node(g, known, n), x, result);
  }
  rp_linear_gaussian_close(&m);
  return result;
}

static rp_node_id for_events(rp_graph *g, rp_node_id x, const uint8_t *known, const rp_node_id *a, rp_node_id noise,
                             int64_t n_events, int64_t n) {
  rp_node_id all = RP_NONE;
  int64_t n_noise = 2 * n + 1;
  for (int64_t e = 0; e < n_events; e++) {
    rp_node_id sd = rp_size_of(g, a[SD]) == 1 ? a[SD] : rp_slice(g, a[SD], e, 1);
    rp_node_id own = noise == RP_NONE ? RP_NONE : rp_slice(g, noise, e * n_noise, n_noise);
    rp_node_id parts[2] = {all, partly(g, rp_slice(g, x, e * n, n), known + e * n, sd, own, n)};
    all = e == 0 ? parts[1] : rp_concat(g, parts, 2);
  }
  return all;
}

RP_KNOWN_DENSITY(known_density) { return for_events(g, x, known, a, RP_NONE, n_events, event_size); }

RP_COMPLETE(complete) {
  rp_node_id noise = rp_standard_normals(g, stream, n_events, 2 * event_size + 1);
  return for_events(g, x, known, a, noise, n_events, event_size);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[SD] = 1;
  widths[LEVELS] = lengths[LEVELS];
  return lengths[LEVELS];
}

const rp_family rp_family_gaussian_random_walk = {
    .name = "gaussian_random_walk",
    .event_dim = 1,
    .n_arguments = 2,
    .arguments = {{"sd", RP_ARG_POSITIVE, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_REAL_VECTOR,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
    .known_density = known_density,
    .complete = complete,
};
