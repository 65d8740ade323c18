#include "linear_hmm.h"

#include <stdlib.h>
#include <string.h>

#include "../dist/linear_gaussian.h"

enum { TRANSITION = 0, OBSERVATION, STEPS, STATES, OUTPUTS, NUMBERS };

static const char *const part_names[] = {"initial", "transition", "observation"};

/* ---- from the spec ---- */

static int64_t whole_number(const rp_resolve *with, rp_node_id row) {
  rp_node_id node = row == RP_NONE ? RP_NONE : with->row(with->context, row);
  const double *value = rp_values_of(with->g, node);
  return value && value[0] >= 1 && value[0] < 1e9 ? (int64_t) value[0] : 0;
}

rp_code rp_linear_hmm_resolve(rp_distribution *d, rp_compound *c, const rp_dist_spec *spec, const rp_resolve *with,
                              int64_t n_value) {
  if (spec->n_components != RP_HMM_PARTS || spec->n_numbers != NUMBERS)
    return rp_fail(with->status, RP_BAD_SPEC, with->site, "linear_hmm() lacks noises, matrices or sizes");
  c->steps = whole_number(with, spec->numbers[STEPS]);
  c->states = whole_number(with, spec->numbers[STATES]);
  c->outputs = whole_number(with, spec->numbers[OUTPUTS]);
  int64_t event = c->steps * c->outputs, d2 = c->states * c->states, dp = c->states * c->outputs;
  if (event == 0 || c->states == 0 || n_value % event != 0)
    return rp_fail(with->status, RP_BAD_SHAPE, with->site,
                   "it has %lld values, which do not make whole events of linear_hmm()", (long long) n_value);
  d->n_events = n_value / event;
  d->event_size = event;
  int64_t counts[] = {c->states, c->steps * c->states, event};
  for (int k = 0; k < RP_HMM_PARTS; k++) {
    if (rp_distribution_resolve(&c->parts[k], spec->components[k], with, d->n_events * counts[k]) != RP_OK)
      return with->status->code;
    if (c->parts[k].mask != RP_NONE || c->parts[k].family->discrete)
      return rp_fail(with->status, RP_UNSUPPORTED, with->site,
                     "the %s noise of linear_hmm() cannot be masked or discrete", part_names[k]);
  }
  for (int k = TRANSITION; k <= OBSERVATION; k++) {
    c->numbers[k] = spec->numbers[k] == RP_NONE ? RP_NONE : with->row(with->context, spec->numbers[k]);
    int64_t n = rp_size_of(with->g, c->numbers[k]), want = k == TRANSITION ? d2 : dp;
    if (n != want && n != want * c->steps)
      return rp_fail(with->status, RP_BAD_SHAPE, with->site,
                     "a matrix of linear_hmm() has %lld numbers, where %lld are needed", (long long) n,
                     (long long) want);
  }
  for (int k = STEPS; k <= OUTPUTS; k++) c->numbers[k] = RP_NONE;
  c->face = (rp_family){
      .name = "linear_hmm", .event_dim = 2, .location = -1, .scale = -1, .support_kind = RP_SUPPORT_REAL_VECTOR};
  d->compound = c;
  d->family = &c->face;
  return rp_graph_status(with->g)->code;
}

/* ---- draws ---- */

static void take_matrix(rp_graph *g, rp_node_id matrix, int64_t size, int64_t steps, rp_node_id *entry) {
  int64_t own = steps > 1 && rp_size_of(g, matrix) == size * steps ? steps : 1;
  for (int64_t e = 0; e < size; e++) entry[e] = rp_slice(g, matrix, e * own, own);
}

/* Noise of one event, k dimensions of n steps each, one dimension after the other. */
static rp_node_id noise_of(rp_graph *g, const rp_distribution *part, rp_node_id drawn, int64_t event, int64_t k,
                           int64_t n) {
  rp_node_id own = rp_slice(g, drawn, event * k * n, k * n);
  return part->family->event_dim > 0 ? rp_transpose(g, own, k, n) : own;
}

static rp_node_id draw_event(rp_graph *g, const rp_compound *c, const rp_linear_gaussian *m, const rp_node_id *drawn,
                             int64_t event) {
  int64_t d = c->states, p = c->outputs, n = c->steps;
  rp_node_id *part = calloc((size_t) (d + p), sizeof *part), all;
  if (!part) return rp_fail_memory(rp_graph_status(g), "a state-space model"), RP_NONE;
  for (int64_t i = 0; i < d; i++) part[i] = rp_slice(g, drawn[RP_HMM_INITIAL], event * d + i, 1);
  rp_node_id added = noise_of(g, &c->parts[RP_HMM_TRANSITION], drawn[RP_HMM_TRANSITION], event, d, n);
  rp_node_id z = rp_linear_states(g, m, part, added);
  rp_node_id own = noise_of(g, &c->parts[RP_HMM_OBSERVATION], drawn[RP_HMM_OBSERVATION], event, p, n);
  for (int64_t j = 0; j < p; j++) {
    part[j] = rp_slice(g, own, j * n, n);
    for (int64_t i = 0; i < d; i++)
      part[j] = rp_add(g, part[j], rp_mul(g, m->observation[i + j * d], rp_slice(g, z, i * n, n)));
  }
  all = rp_concat(g, part, (int32_t) p);
  free(part);
  return all;
}

rp_node_id rp_linear_hmm_random(rp_graph *g, const rp_compound *c, int64_t n_events, uint32_t stream) {
  rp_linear_gaussian m;
  rp_node_id drawn[RP_HMM_PARTS], all = RP_NONE;
  if (!rp_linear_gaussian_open(g, &m, c->steps, c->states, c->outputs)) return RP_NONE;
  take_matrix(g, c->numbers[TRANSITION], c->states * c->states, c->steps, m.transition);
  take_matrix(g, c->numbers[OBSERVATION], c->states * c->outputs, c->steps, m.observation);
  for (int k = 0; k < RP_HMM_PARTS; k++) {
    const rp_distribution *part = &c->parts[k];
    drawn[k] = rp_broadcast(g, rp_distribution_random(g, part, rp_substream(stream, (uint32_t) k)),
                            part->n_events * part->event_size);
  }
  for (int64_t e = 0; e < n_events; e++) {
    rp_node_id both[2] = {all, draw_event(g, c, &m, drawn, e)};
    all = e == 0 ? both[1] : rp_concat(g, both, 2);
  }
  rp_linear_gaussian_close(&m);
  return all;
}

/* ---- with normal noise ---- */

static int is_normal(const rp_distribution *part) {
  return !part->compound && part->n_transforms == 0 &&
         (strcmp(part->family->name, "normal") == 0 || strcmp(part->family->name, "mvn") == 0);
}

/* Mean or variance of dimension i over n steps of one event, a scalar where it is one for all; `of` holds a number for
 * all, one for each dimension, or one for each step as well. */
static rp_node_id over_steps(rp_graph *g, rp_node_id of, int vectors, int64_t event, int64_t i, int64_t k, int64_t n) {
  int64_t length = rp_size_of(g, of);
  if (length == 1) return of;
  if (length == k) return rp_slice(g, of, i, 1);
  rp_node_id own = rp_slice(g, of, event * k * n, k * n);
  if (vectors) own = rp_transpose(g, own, k, n);
  return rp_slice(g, own, i * n, n);
}

/* Entries of one argument, joined: all of them scalars, or all n numbers long. */
static rp_node_id join_entries(rp_graph *g, rp_node_id *entry, int64_t size, int64_t n) {
  int varies = 0;
  for (int64_t e = 0; e < size; e++) varies |= rp_size_of(g, entry[e]) > 1;
  for (int64_t e = 0; e < size && varies; e++) entry[e] = rp_broadcast(g, entry[e], n);
  return rp_concat(g, entry, (int32_t) size);
}

/* room: k * k nodes. */
static void part_moments(rp_graph *g, const rp_distribution *part, int64_t event, int64_t k, int64_t n,
                         rp_node_id *room, rp_node_id *mean, rp_node_id *cov) {
  int vectors = part->family->event_dim > 0;
  for (int64_t i = 0; i < k; i++) room[i] = over_steps(g, part->arguments[0], vectors, event, i, k, n);
  *mean = join_entries(g, room, k, n);
  for (int64_t e = 0; e < k * k; e++) {
    if (vectors) room[e] = rp_slice(g, part->arguments[1], e, 1);
    else
      room[e] =
          e % (k + 1) == 0 ? rp_square(g, over_steps(g, part->arguments[1], 0, event, e % k, k, n)) : rp_const(g, 0);
  }
  *cov = join_entries(g, room, k * k, n);
}

int rp_linear_hmm_gaussian(rp_graph *g, const rp_distribution *d, rp_distribution *gaussian, int *which) {
  enum {
    INITIAL_MEAN,
    INITIAL_COV,
    TRANSITION_MATRIX,
    TRANSITION_MEAN,
    TRANSITION_COV,
    OBSERVATION_MATRIX,
    OBSERVATION_MEAN,
    OBSERVATION_COV,
    COUNTS
  };
  const rp_compound *c = d->compound;
  for (*which = 0; *which < RP_HMM_PARTS; ++*which)
    if (!is_normal(&c->parts[*which])) return 0;
  int64_t k = c->states > c->outputs ? c->states : c->outputs, sizes[] = {c->states, c->states, c->outputs};
  int64_t group = d->group > 0 ? d->group : 1, n_events = d->n_events * group,
          count[] = {c->steps, c->states, c->outputs};
  static const int to[] = {INITIAL_MEAN, TRANSITION_MEAN, OBSERVATION_MEAN};
  rp_node_id *room = malloc((size_t) (k * k) * sizeof *room);
  if (!room) return rp_fail_memory(rp_graph_status(g), "a state-space model"), 0;
  *gaussian = *d;
  gaussian->compound = NULL;
  gaussian->family = rp_family_find("gaussian_hmm");
  rp_node_id *a = gaussian->arguments;
  for (int64_t e = 0; e < n_events; e++)
    for (int i = 0; i < RP_HMM_PARTS; i++) {
      rp_node_id own[2];
      part_moments(g, &c->parts[i], e, sizes[i], i == RP_HMM_INITIAL ? 1 : c->steps, room, &own[0], &own[1]);
      for (int j = 0; j < 2; j++) {
        rp_node_id both[2] = {a[to[i] + j], own[j]};
        a[to[i] + j] = e == 0 ? own[j] : rp_concat(g, both, 2);
      }
    }
  free(room);
  a[TRANSITION_MATRIX] = c->numbers[TRANSITION];
  a[OBSERVATION_MATRIX] = c->numbers[OBSERVATION];
  for (int i = 0; i < 3; i++) a[COUNTS + i] = rp_broadcast(g, rp_const(g, 1), count[i]);
  int64_t lengths[RP_MAX_ARGUMENTS] = {0};
  for (int i = 0; i < gaussian->family->n_arguments; i++) lengths[i] = rp_size_of(g, a[i]);
  for (int i = 0; i < RP_HMM_PARTS; i++)
    for (int j = 0; j < 2; j++) lengths[to[i] + j] /= n_events;
  return gaussian->family->event_size(lengths, 0, gaussian->widths) > 0;
}
