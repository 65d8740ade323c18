/* What neutra() and structured() share: the site's unconstrained coordinates u are given by a trained map of noise (a
 * transport), which is what is sampled. The noise has a flat density of its own, the log Jacobian of the map is counted
 * once, with the first noise that is drawn, and the site contributes log f(x) + log |dx/du|.
 *
 * Sites that the map does not know, and elements of them, are left alone; so are sites that are drawn from the prior,
 * unless the noise is given. At the end of a run each coordinate of the map must have been claimed by its site, as the
 * noise of the others would have no proper density. */
#include <math.h>
#include <string.h>

#include "../../graph/shorthand.h"
#include "../model.h"
#include "../reparam.h"
#include "../run_parts.h"

struct rp_carried {
  const rp_transport *transport;
  const char *by;
  rp_carried *next;
  rp_node_id *noise; /* by group, RP_NONE until drawn */
  int32_t *part;     /* by group: place of the noise among the run's parts */
  uint8_t *claimed;  /* by coordinate */
  rp_node_id *initial; /* by coordinate: asked for by the user, or RP_NONE */
  int64_t n_claimed;
  int any_initial, given; /* given: the noise is set by a handler */
};

static rp_carried *carried_of(rp_run *run, const rp_transport *transport, const char *by);
static int64_t find_coordinate(const rp_transport *t, const char *name, int64_t hint);
static int select_known(rp_run *run, const rp_transport *t, const rp_message *message, int64_t width, int32_t *in,
                        int64_t *n_in, int32_t *out, int64_t *n_out, int32_t *at);
static rp_node_id value_of(rp_run *run, rp_carried *c, rp_message *message, int64_t width, const int32_t *at);
static int draw_noise(rp_run *run, rp_carried *c, const rp_message *message, int32_t group);
static rp_node_id all_noise(rp_run *run, const rp_carried *c);
static void take_initial(rp_run *run, rp_carried *c);

rp_reparam_result rp_reparam_carry(rp_run *run, const rp_reparam *settings, rp_message *message, const char *by) {
  const rp_transport *t = settings->transport;
  const rp_distribution *d = &message->dist;
  int64_t width = rp_distribution_unconstrained_size(run->graph, d), n = d->n_events, n_in = 0, n_out = 0;
  int32_t *in = rp_pool_array(run->pool, n, sizeof *in), *out = rp_pool_array(run->pool, n, sizeof *out);
  int32_t *at = rp_pool_array(run->pool, n * (width > 0 ? width : 1), sizeof *at);
  if (!in || !out || !at) return rp_fail_memory(run->status, "a site's coordinates"), RP_REPARAM_PASSED;
  if (width < 0 || !select_known(run, t, message, width, in, &n_in, out, &n_out, at)) return RP_REPARAM_PASSED;
  rp_carried *c = n_in > 0 ? carried_of(run, t, by) : NULL;
  if (!c) return n_in > 0 ? RP_REPARAM_PASSED : RP_REPARAM_KEPT;
  rp_message known = rp_message_select(run, message, in, n_in);
  known.initial = message->initial;
  if (n_out > 0 && message->initial != RP_NONE && rp_size_of(run->graph, message->initial) > 1)
    known.initial = rp_gather(run->graph, message->initial, in, n_in);
  rp_node_id values[2] = {value_of(run, c, &known, width, at), RP_NONE};
  if (run->status->code != RP_OK) return RP_REPARAM_PASSED;
  if (values[0] == RP_NONE) return RP_REPARAM_KEPT;
  if (c->n_claimed == t->n && c->any_initial) take_initial(run, c);
  message->value = values[0];
  if (n_out > 0) {
    rp_message rest = rp_message_select(run, message, out, n_out);
    rest.value = RP_NONE;
    values[1] = rp_run_draw(run, &rest);
    const int32_t *const events[2] = {in, out};
    const int64_t counts[2] = {n_in, n_out};
    message->value = rp_assemble(run, values, events, counts, 2, n, d->event_size);
  }
  return run->status->code == RP_OK ? RP_REPARAM_REPLACED : RP_REPARAM_PASSED;
}

rp_code rp_reparam_check_carried(rp_run *run) {
  for (const rp_carried *c = run->carried; c && run->status->code == RP_OK; c = c->next)
    for (int64_t k = 0; k < c->transport->n; k++) {
      if (c->claimed[k]) continue;
      rp_run_fail(
          run, RP_BAD_ARGUMENT, c->transport->coordinates[k],
          "reparam_%s() has a guide that covers this coordinate, but the model does not reach it: every site of the "
          "guide must be latent and reparameterized by it",
          c->by);
      break;
    }
  return run->status->code;
}

/* ---- private ---- */

static rp_carried *carried_of(rp_run *run, const rp_transport *transport, const char *by) {
  for (rp_carried *c = run->carried; c; c = c->next)
    if (c->transport == transport) return c;
  rp_carried *c = rp_pool_array(run->pool, 1, sizeof *c);
  if (c) {
    *c = (rp_carried){.transport = transport, .by = by, .next = run->carried};
    c->noise = rp_pool_array(run->pool, transport->n_groups, sizeof *c->noise);
    c->part = rp_pool_array(run->pool, transport->n_groups, sizeof *c->part);
    c->claimed = rp_pool_array(run->pool, transport->n, 1);
    c->initial = rp_pool_array(run->pool, transport->n, sizeof *c->initial);
  }
  if (!c || !c->noise || !c->part || !c->claimed || !c->initial)
    return rp_fail_memory(run->status, "a guide's map"), NULL;
  for (int32_t k = 0; k < transport->n_groups; k++) c->noise[k] = RP_NONE;
  for (int64_t k = 0; k < transport->n; k++) c->initial[k] = RP_NONE;
  return run->carried = c;
}

/* A site's coordinates lie together, so the place after the last one found is tried first. */
static int64_t find_coordinate(const rp_transport *t, const char *name, int64_t hint) {
  if (hint >= 0 && hint < t->n && strcmp(t->coordinates[hint], name) == 0) return hint;
  for (int64_t k = 0; k < t->n; k++)
    if (strcmp(t->coordinates[k], name) == 0) return k;
  return -1;
}

/* Events of which the map knows all coordinates (at which places), and events of which it knows none. */
static int select_known(rp_run *run, const rp_transport *t, const rp_message *m, int64_t width, int32_t *in,
                        int64_t *n_in, int32_t *out, int64_t *n_out, int32_t *at) {
  int64_t last = -1;
  for (int64_t b = 0; b < m->dist.n_events; b++) {
    int64_t found = 0;
    for (int64_t w = 0; w < width; w++) {
      char name[256];
      rp_coordinate_name(m->name, m->n_site_events, width, m->events[b], w, name, sizeof name);
      int64_t place = find_coordinate(t, name, last + 1);
      if (place >= 0) at[*n_in * width + found++] = (int32_t) (last = place);
    }
    if (found == width) in[(*n_in)++] = (int32_t) b;
    else if (found == 0) out[(*n_out)++] = (int32_t) b;
    else {
      rp_run_fail(run, RP_BAD_SHAPE, m->name, "an element has %lld coordinates here, but %lld in the guide",
                  (long long) width, (long long) found);
      return 0;
    }
  }
  return 1;
}

static int64_t place_of(const rp_transport *t, int64_t coordinate) {
  return t->place ? t->place[coordinate] : coordinate;
}

static rp_node_id value_of(rp_run *run, rp_carried *c, rp_message *m, int64_t width, const int32_t *at) {
  rp_graph *g = run->graph;
  const rp_transport *t = c->transport;
  const int64_t n = m->dist.n_events * width;
  int64_t last = 0; /* groups are in the order in which they depend on each other */
  for (int64_t k = 0; k < n; k++) last = place_of(t, at[k]) > last ? place_of(t, at[k]) : last;
  for (int32_t group = 0; group < t->n_groups && t->first[group] <= last; group++)
    if (c->noise[group] == RP_NONE && !draw_noise(run, c, m, group)) return RP_NONE;
  rp_node_id log_jacobian, u = rp_broadcast(g, t->forward(t->context, g, all_noise(run, c), &log_jacobian), t->n);
  u = rp_gather(g, u, at, n);
  for (int64_t k = 0; k < n; k++) {
    c->n_claimed += !c->claimed[at[k]];
    c->claimed[at[k]] = 1;
  }
  if (m->initial != RP_NONE) {
    rp_node_id initial = rp_broadcast(g, rp_distribution_unconstrain(g, &m->dist, m->initial), n);
    for (int64_t k = 0; k < n; k++) c->initial[at[k]] = rp_slice(g, initial, k, 1);
    c->any_initial = 1;
  }
  rp_part term = {.term = RP_NONE, .unconstrained = RP_NONE, .initial = RP_NONE};
  rp_node_id value = rp_distribution_constrain(g, &m->dist, u, &term.term);
  rp_site_info *site = rp_run_site(run, m);
  if (!site) return RP_NONE;
  site->reparameterized = 1;
  site->why = c->by;
  value = rp_run_add_part(run, m, RP_SOURCE_COMPUTED, value, &term);
  if (value != RP_NONE) run->parts[rp_run_site(run, m)->last_part].carried = 1;
  return value;
}

/* One event of the group's numbers; 0 when the site is left to its own distribution, or it failed. */
static int draw_noise(rp_run *run, rp_carried *c, const rp_message *m, int32_t group) {
  rp_graph *g = run->graph;
  const rp_transport *t = c->transport;
  const int64_t n = t->first_noise[group + 1] - t->first_noise[group];
  int first = 1;
  for (int32_t k = 0; k < t->n_groups; k++) first = first && c->noise[k] == RP_NONE;
  if (n == 0) {
    c->noise[group] = rp_const(g, 0);
    c->part[group] = -1;
    return 1;
  }
  rp_distribution flat = rp_reparam_noise("improper_uniform", n, rp_const(g, -HUGE_VAL), rp_const(g, HUGE_VAL));
  rp_distribution_group(g, &flat, n);
  rp_message noise = rp_message_auxiliary(run, m, "aux", &flat);
  noise.name = t->groups ? rp_pool_format(run->pool, "%s_aux", t->groups[group])
                         : rp_pool_format(run->pool, "%s_shared_latent", t->prefix);
  int32_t *events = rp_pool_array(run->pool, 1, sizeof *events);
  if (!events || !noise.name) return rp_fail_memory(run->status, "a guide's noise"), 0;
  noise.events = events;
  noise.n_site_events = 1;
  noise.n_dim = 1;
  noise.dim[0] = n;
  noise.mask = noise.scale = rp_const(g, 1);
  if (run->options->prior && !rp_reparam_is_set(run, &noise)) return 0;
  c->noise[group] = rp_broadcast(g, rp_reparam_draw(run, m, &noise, 0), n);
  if (run->status->code != RP_OK) return 0;
  rp_site_info *site = rp_run_site(run, &noise);
  if (!site) return 0;
  c->part[group] = site->last_part;
  if (!first) return 1;
  rp_node_id log_jacobian;
  t->forward(t->context, g, all_noise(run, c), &log_jacobian);
  rp_part *part = &run->parts[site->last_part];
  if (part->term != RP_NONE) part->term = rp_add(g, part->term, log_jacobian);
  return 1;
}

/* Zeros stand for what has not been drawn yet, on which nothing depends that has. */
static rp_node_id all_noise(rp_run *run, const rp_carried *c) {
  const rp_transport *t = c->transport;
  rp_node_id *pieces = rp_pool_array(run->pool, t->n_groups, sizeof *pieces);
  if (!pieces) return rp_fail_memory(run->status, "a guide's noise"), RP_NONE;
  int32_t n = 0;
  for (int32_t k = 0; k < t->n_groups; k++) {
    const int64_t size = t->first_noise[k + 1] - t->first_noise[k];
    rp_node_id piece = c->noise[k] == RP_NONE ? rp_const(run->graph, 0) : c->noise[k];
    if (size > 0) pieces[n++] = rp_broadcast(run->graph, piece, size);
  }
  return n > 0 ? rp_concat(run->graph, pieces, n) : RP_NONE;
}

/* The noise that gives the values asked for, with the map of no noise at all in the place of others. */
static void take_initial(rp_run *run, rp_carried *c) {
  rp_graph *g = run->graph;
  const rp_transport *t = c->transport;
  rp_node_id log_jacobian, *u = rp_pool_array(run->pool, t->n, sizeof *u);
  if (!u) {
    rp_fail_memory(run->status, "initial values");
    return;
  }
  rp_node_id none = rp_broadcast(g, rp_const(g, 0), t->first_noise[t->n_groups]);
  rp_node_id centre = rp_broadcast(g, t->forward(t->context, g, none, &log_jacobian), t->n);
  for (int64_t k = 0; k < t->n; k++) u[k] = c->initial[k] == RP_NONE ? rp_slice(g, centre, k, 1) : c->initial[k];
  rp_node_id noise = t->inverse(t->context, g, rp_concat(g, u, (int32_t) t->n));
  c->any_initial = 0;
  if (noise == RP_NONE) {
    rp_run_warn(
        run, rp_pool_format(run->pool,
                            "reparam_%s(): starting values are left out, because the guide's map has too many elements "
                            "to be inverted",
                            c->by));
    return;
  }
  for (int32_t k = 0; k < t->n_groups; k++) {
    const int64_t first = t->first_noise[k], n = t->first_noise[k + 1] - first;
    if (n > 0) run->parts[c->part[k]].initial = rp_slice(g, noise, first, n);
  }
}
