#include "known.h"

#include <stdlib.h>
#include <string.h>

/* Events whose known numbers stand in the same places share one factorisation. */
typedef struct {
  int64_t n;             /* events */
  const int32_t *events; /* among all */
  int64_t q;             /* known numbers of each */
  const int32_t *places; /* of those within an event */
} pattern;

/* What is done with a pattern's events: cholesky is that of cov among the known places, `solved` L^-1 (x - mean), q
 * numbers an event. */
typedef void (*visit)(void *context, rp_graph *g, const pattern *p, rp_node_id cholesky, rp_node_id solved);

static int for_each_pattern(rp_graph *g, rp_node_id residual, const uint8_t *known, rp_node_id cov, int64_t n_events,
                            int64_t k, visit fn, void *context);

/* ---- the density of what is known ---- */

typedef struct {
  rp_node_id *square, *half_log_det; /* by pattern */
  int32_t n_patterns;
  int32_t *place;                    /* by event: where it stands when the patterns are joined */
  int32_t at;
  double *count;
} density_parts;

static void add_density(void *context, rp_graph *g, const pattern *p, rp_node_id cholesky, rp_node_id solved) {
  density_parts *parts = context;
  rp_node_id zero = rp_const(g, 0), square = zero, half_log_det = zero;
  if (p->q > 0) {
    square = rp_event_sum(g, rp_square(g, solved), p->n, p->q);
    half_log_det = rp_sum(g, rp_log(g, rp_diagonal_of(g, cholesky, 1, p->q)));
  }
  parts->square[parts->n_patterns] = rp_broadcast(g, square, p->n);
  parts->half_log_det[parts->n_patterns++] = rp_broadcast(g, half_log_det, p->n);
  for (int64_t i = 0; i < p->n; i++) {
    parts->place[p->events[i]] = parts->at++;
    parts->count[p->events[i]] = (double) p->q;
  }
}

rp_known_parts rp_known_gaussian(rp_graph *g, rp_node_id x, const uint8_t *known, rp_node_id mean, rp_node_id cov,
                                 int64_t n_events, int64_t k) {
  rp_known_parts all = {RP_NONE, RP_NONE, RP_NONE};
  size_t n = (size_t) n_events;
  density_parts parts = {.square = malloc(n * sizeof *parts.square),
                         .half_log_det = malloc(n * sizeof *parts.half_log_det),
                         .place = malloc(n * sizeof *parts.place),
                         .count = malloc(n * sizeof *parts.count)};
  rp_node_id residual = rp_event_residual(g, x, mean, n_events, k);
  if (!parts.square || !parts.half_log_det || !parts.place || !parts.count) {
    rp_fail_memory(rp_graph_status(g), "a partly known site");
  } else if (for_each_pattern(g, residual, known, cov, n_events, k, add_density, &parts)) {
    all.square = rp_gather(g, rp_concat(g, parts.square, parts.n_patterns), parts.place, n_events);
    all.half_log_det = rp_gather(g, rp_concat(g, parts.half_log_det, parts.n_patterns), parts.place, n_events);
    all.count = rp_data(g, parts.count, n_events);
  }
  free(parts.square);
  free(parts.half_log_det);
  free(parts.place);
  free(parts.count);
  return all;
}

rp_node_id rp_known_gaussian_density(rp_graph *g, rp_node_id x, const uint8_t *known, rp_node_id mean, rp_node_id cov,
                                     int64_t n_events, int64_t k) {
  rp_known_parts of = rp_known_gaussian(g, x, known, mean, cov, n_events, k);
  rp_node_id constant = rp_add(g, of.half_log_det, rp_times(g, RP_LOG_SQRT_2PI, of.count));
  return rp_sub(g, rp_times(g, -0.5, of.square), constant);
}

/* ---- draws of what is not ---- */

typedef struct {
  rp_node_id cov, *shift; /* shift: by pattern, cov[, known] cov[known, known]^-1 residual, k numbers an event */
  int32_t n_patterns, at;
  int64_t k;
  int32_t *place;
} completion;

static void add_shift(void *context, rp_graph *g, const pattern *p, rp_node_id cholesky, rp_node_id solved) {
  completion *c = context;
  int64_t k = c->k;
  rp_node_id shift = rp_broadcast(g, rp_const(g, 0), k * p->n);
  int32_t *columns = malloc((size_t) (k * p->q + 1) * sizeof *columns);
  if (!columns) {
    rp_fail_memory(rp_graph_status(g), "a partly known site");
    return;
  }
  for (int64_t j = 0; j < p->q; j++)
    for (int64_t i = 0; i < k; i++) columns[i + j * k] = (int32_t) (i + p->places[j] * k);
  if (p->q > 0) {
    rp_node_id weights = rp_tri_solve(g, cholesky, solved, p->q, p->n, 1, 1);
    shift = rp_matmul(g, rp_gather(g, c->cov, columns, k * p->q), weights, k, p->q, p->n, 0, 0);
  }
  free(columns);
  c->shift[c->n_patterns++] = shift;
  for (int64_t i = 0; i < p->n; i++)
    for (int64_t e = 0; e < k; e++) c->place[p->events[i] * k + e] = c->at++;
}

/* E(x | the known numbers of `from`) - mean, given from - mean. */
static rp_node_id conditional_shift(rp_graph *g, rp_node_id residual, const uint8_t *known, rp_node_id cov,
                                    int64_t n_events, int64_t k) {
  completion c = {.cov = cov, .k = k, .shift = malloc((size_t) n_events * sizeof *c.shift),
                  .place = malloc((size_t) (n_events * k) * sizeof *c.place)};
  rp_node_id shift = RP_NONE;
  if (!c.shift || !c.place) rp_fail_memory(rp_graph_status(g), "a partly known site");
  else if (for_each_pattern(g, residual, known, cov, n_events, k, add_shift, &c))
    shift = rp_gather(g, rp_concat(g, c.shift, c.n_patterns), c.place, n_events * k);
  free(c.shift);
  free(c.place);
  return shift;
}

/* A joint draw z, moved so that its known numbers are the given ones (Matheron's rule; Journel and Huijbregts 1978):
 * the deviation of z from its own conditional mean has the conditional covariance. */
rp_node_id rp_complete_gaussian(rp_graph *g, uint32_t stream, rp_node_id x, const uint8_t *known, rp_node_id mean,
                                rp_node_id cov, rp_node_id spread, int64_t n_events, int64_t k) {
  rp_node_id noise = rp_standard_normals(g, stream, n_events, k);
  rp_node_id z = rp_matmul(g, rp_cholesky(g, cov, k), noise, k, k, n_events, 0, 0);
  rp_node_id deviation = rp_sub(g, z, conditional_shift(g, z, known, cov, n_events, k));
  if (spread != RP_NONE) deviation = rp_mul(g, rp_event_repeat(g, spread, n_events, k), deviation);
  rp_node_id residual = rp_event_residual(g, x, mean, n_events, k);
  rp_node_id centre =
      rp_add(g, rp_recycle(g, mean, n_events * k), conditional_shift(g, residual, known, cov, n_events, k));
  return rp_select(g, rp_known_node(g, known, n_events * k), x, rp_add(g, centre, deviation));
}

rp_node_id rp_known_node(rp_graph *g, const uint8_t *known, int64_t n) {
  double *flags = malloc((size_t) n * sizeof *flags);
  if (!flags) return rp_fail_memory(rp_graph_status(g), "a partly known site"), RP_NONE;
  for (int64_t i = 0; i < n; i++) flags[i] = known[i];
  rp_node_id node = rp_data(g, flags, n);
  free(flags);
  return node;
}

/* ---- patterns ---- */

static int visit_pattern(rp_graph *g, const pattern *p, rp_node_id residual, rp_node_id cov, int64_t k, visit fn,
                         void *context) {
  int32_t *index = malloc((size_t) (p->q * (p->q > p->n ? p->q : p->n) + 1) * sizeof *index);
  if (!index) return rp_fail_memory(rp_graph_status(g), "a partly known site"), 0;
  rp_node_id cholesky = RP_NONE, solved = RP_NONE;
  if (p->q > 0) {
    for (int64_t j = 0; j < p->q; j++)
      for (int64_t i = 0; i < p->q; i++) index[i + j * p->q] = (int32_t) (p->places[i] + p->places[j] * k);
    cholesky = rp_cholesky(g, rp_gather(g, cov, index, p->q * p->q), p->q);
    for (int64_t b = 0; b < p->n; b++)
      for (int64_t i = 0; i < p->q; i++) index[i + b * p->q] = (int32_t) (p->events[b] * k + p->places[i]);
    solved = rp_tri_solve(g, cholesky, rp_gather(g, residual, index, p->q * p->n), p->q, p->n, 1, 0);
  }
  free(index);
  fn(context, g, p, cholesky, solved);
  return rp_graph_status(g)->code == RP_OK;
}

static int for_each_pattern(rp_graph *g, rp_node_id residual, const uint8_t *known, rp_node_id cov, int64_t n_events,
                            int64_t k, visit fn, void *context) {
  uint8_t *done = calloc((size_t) n_events + 1, 1);
  int32_t *events = malloc((size_t) n_events * sizeof *events), *places = malloc((size_t) k * sizeof *places);
  int ok = done && events && places && residual != RP_NONE;
  if (!done || !events || !places) rp_fail_memory(rp_graph_status(g), "a partly known site");
  for (int64_t first = 0; ok && first < n_events; first++) {
    if (done[first]) continue;
    const uint8_t *flags = known + first * k;
    pattern p = {.events = events, .places = places};
    for (int64_t b = first; b < n_events; b++) {
      if (done[b] || memcmp(known + b * k, flags, (size_t) k) != 0) continue;
      done[b] = 1;
      events[p.n++] = (int32_t) b;
    }
    for (int64_t i = 0; i < k; i++)
      if (flags[i]) places[p.q++] = (int32_t) i;
    ok = visit_pattern(g, &p, residual, cov, k, fn, context);
  }
  free(done);
  free(events);
  free(places);
  return ok;
}
