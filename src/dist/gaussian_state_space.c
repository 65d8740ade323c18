/* Gaussian state-space model, observed as it is: z_t = A z_(t-1) + L e_t with standard normal e_t, from z_0 = initial.
 * An event is the matrix of z_1 .. z_T, steps x states. */
#include <stdlib.h>

#include "linear_gaussian.h"

enum { TRANSITION, CHOLESKY, INITIAL, STEPS };

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  int64_t d = rp_square_side(lengths[TRANSITION]);
  (void) value_length;
  if (d == 0 || lengths[CHOLESKY] != d * d || lengths[INITIAL] % d != 0) return -1;
  widths[TRANSITION] = widths[CHOLESKY] = d * d;
  widths[INITIAL] = d;
  widths[STEPS] = lengths[STEPS];
  return lengths[STEPS] * d;
}

/* The same model with states that are seen without noise. */
static int open_event(rp_graph *g, const rp_node_id *a, int64_t event, rp_linear_gaussian *m) {
  int64_t d = rp_square_side(rp_size_of(g, a[TRANSITION]));
  if (!rp_linear_gaussian_open(g, m, rp_size_of(g, a[STEPS]), d, d)) return 0;
  rp_node_id cov = rp_outer_square(g, a[CHOLESKY], 1, d), zero = rp_const(g, 0);
  for (int64_t i = 0; i < d; i++) {
    m->initial_mean[i] = rp_slice(g, a[INITIAL], event * d % rp_size_of(g, a[INITIAL]) + i, 1);
    m->transition_mean[i] = m->observation_mean[i] = zero;
    for (int64_t j = 0; j < d; j++) {
      m->transition[j + i * d] = rp_slice(g, a[TRANSITION], i + j * d, 1);
      m->transition_cov[i + j * d] = rp_slice(g, cov, i + j * d, 1);
      m->observation[i + j * d] = rp_const(g, i == j);
      m->initial_cov[i + j * d] = m->observation_cov[i + j * d] = zero;
    }
  }
  return 1;
}

/* Squares of the standardized innovations of one event, summed. */
static rp_node_id innovations(rp_graph *g, const rp_linear_gaussian *m, rp_node_id cholesky, rp_node_id z) {
  int64_t d = m->states, n = m->steps;
  rp_node_id *u = malloc((size_t) (2 * d) * sizeof *u), *before = u + d, total = rp_const(g, 0);
  if (!u) return rp_fail_memory(rp_graph_status(g), "a state-space model"), RP_NONE;
  for (int64_t i = 0; i < d; i++) {
    rp_node_id parts[2] = {m->initial_mean[i], rp_slice(g, z, i * n, n - 1)};
    before[i] = n > 1 ? rp_concat(g, parts, 2) : parts[0];
  }
  for (int64_t i = 0; i < d; i++) {
    u[i] = rp_slice(g, z, i * n, n);
    for (int64_t j = 0; j < d; j++) u[i] = rp_sub(g, u[i], rp_mul(g, m->transition[j + i * d], before[j]));
    for (int64_t j = 0; j < i; j++) u[i] = rp_sub(g, u[i], rp_mul(g, rp_slice(g, cholesky, i + j * d, 1), u[j]));
    u[i] = rp_div(g, u[i], rp_slice(g, cholesky, i + i * d, 1));
    total = rp_add(g, total, rp_sum(g, rp_square(g, u[i])));
  }
  free(u);
  return total;
}

static rp_node_id density_of(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *a, rp_node_id z,
                             const uint8_t *known, rp_node_id noise) {
  (void) noise;
  if (known) return rp_kalman_density(g, m, z, known);
  double n = (double) m->steps, d = (double) m->states;
  rp_node_id log_det = rp_times(g, n, rp_sum(g, rp_log(g, rp_diagonal_of(g, a[CHOLESKY], 1, m->states))));
  return rp_sub(g, rp_times(g, -0.5, innovations(g, m, a[CHOLESKY], z)), rp_plus(g, log_det, n * d * RP_LOG_SQRT_2PI));
}

static rp_node_id draw_of(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *a, rp_node_id z,
                          const uint8_t *known, rp_node_id noise) {
  rp_node_id states = RP_NONE;
  (void) a;
  if (known) noise = rp_linear_gaussian_posterior(g, m, noise, z, known);
  rp_linear_gaussian_draw(g, m, noise, &states, NULL);
  return known ? rp_select(g, rp_known_node(g, known, m->steps * m->states), z, states) : states;
}

RP_DENSITY(log_density) {
  return rp_linear_gaussian_events(g, open_event, density_of, a, x, NULL, NULL, n_events, event_size);
}

RP_RANDOM(draw_events) {
  return rp_linear_gaussian_events(g, open_event, draw_of, a, RP_NONE, NULL, &stream, n_events, event_size);
}

RP_KNOWN_DENSITY(known_density) {
  return rp_linear_gaussian_events(g, open_event, density_of, a, x, known, NULL, n_events, event_size);
}

RP_COMPLETE(complete) {
  return rp_linear_gaussian_events(g, open_event, draw_of, a, x, known, &stream, n_events, event_size);
}

const rp_family rp_family_gaussian_state_space = {
    .name = "gaussian_state_space",
    .event_dim = 2,
    .n_arguments = 4,
    .arguments = {{"transition_matrix", RP_ARG_REAL, 0}, {"cholesky", RP_ARG_CHOLESKY, 0}, {"initial", RP_ARG_REAL, 0},
                  {"steps", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_REAL_VECTOR,
    .log_density = log_density,
    .random = draw_events,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
    .known_density = known_density,
    .complete = complete,
};
