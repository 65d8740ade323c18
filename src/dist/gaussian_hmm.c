/* Gaussian hidden Markov model, its states integrated out by the Kalman filter (linear_gaussian.h).  An event is the
 * matrix of outputs, steps x outputs. Matrices and means may have an entry for each step: step first, then the entry.
 * The lengths of the last three arguments give the sizes. */
#include <stdlib.h>

#include "linear_gaussian.h"

enum { INITIAL_MEAN, INITIAL_COV, TRANSITION, TRANSITION_MEAN, TRANSITION_COV, OBSERVATION, OBSERVATION_MEAN,
       OBSERVATION_COV, STEPS, STATES, OUTPUTS };

/* Numbers of an argument in one step. */
static int64_t base_size(int argument, int64_t d, int64_t p) {
  switch (argument) {
  case INITIAL_MEAN:
  case TRANSITION_MEAN: return d;
  case OBSERVATION: return d * p;
  case OBSERVATION_MEAN: return p;
  case OBSERVATION_COV: return p * p;
  default: return d * d;
  }
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  int64_t n = lengths[STEPS], d = lengths[STATES], p = lengths[OUTPUTS];
  (void) value_length;
  if (n < 1 || d < 1 || p < 1) return -1;
  for (int k = INITIAL_MEAN; k <= OBSERVATION_COV; k++) {
    int64_t size = base_size(k, d, p);
    if (lengths[k] % size != 0) return -1;
    widths[k] = k > INITIAL_COV && lengths[k] % (n * size) == 0 ? n * size : size;
  }
  widths[STEPS] = n;
  widths[STATES] = d;
  widths[OUTPUTS] = p;
  return n * p;
}

static void take_entries(rp_graph *g, rp_node_id argument, int64_t event, int64_t size, int64_t n, rp_node_id *entry) {
  int64_t length = rp_size_of(g, argument), own = n > 1 && length % (n * size) == 0 ? n : 1;
  int64_t offset = event * size * own % length;
  for (int64_t e = 0; e < size; e++) entry[e] = rp_slice(g, argument, offset + e * own, own);
}

static int open_event(rp_graph *g, const rp_node_id *a, int64_t event, rp_linear_gaussian *m) {
  int64_t n = rp_size_of(g, a[STEPS]), d = rp_size_of(g, a[STATES]), p = rp_size_of(g, a[OUTPUTS]);
  if (!rp_linear_gaussian_open(g, m, n, d, p)) return 0;
  rp_node_id *to[] = {m->initial_mean,   m->initial_cov, m->transition,       m->transition_mean,
                      m->transition_cov, m->observation, m->observation_mean, m->observation_cov};
  for (int k = INITIAL_MEAN; k <= OBSERVATION_COV; k++)
    take_entries(g, a[k], event, base_size(k, d, p), k <= INITIAL_COV ? 1 : n, to[k]);
  return 1;
}

static rp_node_id density_of(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *a, rp_node_id y,
                             const uint8_t *known, rp_node_id noise) {
  (void) a;
  (void) noise;
  return rp_kalman_density(g, m, y, known);
}

static rp_node_id draw_of(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *a, rp_node_id y,
                          const uint8_t *known, rp_node_id noise) {
  (void) a;
  rp_node_id outputs = RP_NONE;
  (void) y;
  (void) known;
  rp_linear_gaussian_draw(g, m, noise, NULL, &outputs);
  return outputs;
}

static rp_node_id completed(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *a, rp_node_id y,
                            const uint8_t *known, rp_node_id noise) {
  (void) a;
  rp_node_id outputs = RP_NONE;
  rp_linear_gaussian_draw(g, m, rp_linear_gaussian_posterior(g, m, noise, y, known), NULL, &outputs);
  return rp_select(g, rp_known_node(g, known, m->steps * m->outputs), y, outputs);
}

static rp_node_id states_of(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *a, rp_node_id y,
                            const uint8_t *known, rp_node_id noise) {
  (void) a;
  rp_node_id states = RP_NONE;
  rp_linear_gaussian_draw(g, m, rp_linear_gaussian_posterior(g, m, noise, y, known), &states, NULL);
  return states;
}

/* ---- with a normal density of the outputs ---- */

static int guide_entries(rp_graph *g, const rp_series_guide *guide, const rp_linear_gaussian *m, int64_t event,
                         rp_node_id *entry) {
  int64_t p = m->outputs, n = m->steps;
  if (guide->cov != RP_NONE && rp_size_of(g, guide->cov) != p * p) return 0;
  for (int64_t e = 0; e < p * p; e++) {
    if (guide->cov != RP_NONE) entry[e] = rp_slice(g, guide->cov, e, 1);
    else if (e % (p + 1) != 0) entry[e] = rp_const(g, 0);
    else if (rp_size_of(g, guide->sd) == 1) entry[e] = rp_square(g, guide->sd);
    else entry[e] = rp_square(g, rp_slice(g, guide->sd, (event * p + e % p) * n, n));
  }
  return 1;
}

static rp_node_id guided(rp_graph *g, const uint32_t *stream, const rp_node_id *a, int64_t n_events, int64_t event_size,
                         const rp_series_guide *guide) {
  int64_t p = rp_size_of(g, a[OUTPUTS]);
  rp_node_id all = RP_NONE, noise = RP_NONE, *extra = malloc((size_t) (p * p) * sizeof *extra);
  if (!extra) return rp_fail_memory(rp_graph_status(g), "a state-space model"), RP_NONE;
  int ok = 1;
  for (int64_t e = 0; ok && e < n_events; e++) {
    rp_linear_gaussian m, blurred;
    ok = open_event(g, a, e, &m);
    if (!ok) break;
    int64_t n = rp_linear_gaussian_noise(&m) + 2 * event_size;
    rp_node_id centre = rp_slice(g, guide->centre, e * event_size, event_size), both[2] = {all, RP_NONE};
    ok = guide_entries(g, guide, &m, e, extra);
    if (ok && stream) {
      if (e == 0) noise = rp_standard_normals(g, *stream, n_events, n);
      both[1] = rp_linear_gaussian_updated(g, &m, centre, extra, rp_slice(g, noise, e * n, n));
    } else if (ok && rp_linear_gaussian_blurred(g, &m, extra, &blurred)) {
      both[1] = rp_kalman_density(g, &blurred, centre, NULL);
      rp_linear_gaussian_close(&blurred);
    }
    all = e == 0 ? both[1] : rp_concat(g, both, 2);
    rp_linear_gaussian_close(&m);
  }
  free(extra);
  return ok ? all : RP_NONE;
}

rp_node_id rp_gaussian_hmm_evidence(rp_graph *g, const rp_node_id *a, int64_t n_events, int64_t event_size,
                                    const rp_series_guide *guide) {
  return guided(g, NULL, a, n_events, event_size, guide);
}

rp_node_id rp_gaussian_hmm_updated(rp_graph *g, uint32_t stream, const rp_node_id *a, int64_t n_events,
                                   int64_t event_size, const rp_series_guide *guide) {
  return guided(g, &stream, a, n_events, event_size, guide);
}

/* ---- the family ---- */

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
  return rp_linear_gaussian_events(g, open_event, completed, a, x, known, &stream, n_events, event_size);
}

RP_COMPLETE(states) {
  return rp_linear_gaussian_events(g, open_event, states_of, a, x, known, &stream, n_events, event_size);
}

const rp_family rp_family_gaussian_hmm = {
    .name = "gaussian_hmm",
    .event_dim = 2,
    .n_arguments = 11,
    .arguments = {{"initial_mean", RP_ARG_REAL, 0},
                  {"initial_cov", RP_ARG_POSITIVE_DEFINITE, 0},
                  {"transition_matrix", RP_ARG_REAL, 0},
                  {"transition_mean", RP_ARG_REAL, 0},
                  {"transition_cov", RP_ARG_REAL, 0},
                  {"observation_matrix", RP_ARG_REAL, 0},
                  {"observation_mean", RP_ARG_REAL, 0},
                  {"observation_cov", RP_ARG_REAL, 0},
                  {"steps", RP_ARG_ANY, 0},
                  {"states", RP_ARG_ANY, 0},
                  {"outputs", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_REAL_VECTOR,
    .log_density = log_density,
    .random = draw_events,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
    .known_density = known_density,
    .complete = complete,
    .states = states,
};
