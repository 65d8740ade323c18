/* Observed events of several numbers, some of which are NA: the density is that of the numbers that are known. The
 * others are drawn given these after inference, unless something observed depends on them: then they are latent, on
 * the scale before the site's transforms, and the density is that of the whole event. */
#include "../dist/known.h"
#include "handler.h"
#include "run_parts.h"

/* The numbers of a message's events, all of which are observed in part. */
typedef struct {
  rp_message *m;
  int64_t n, n_missing;
  uint8_t *known;
  int32_t *missing; /* positions among the n numbers */
  double *data;     /* 0 where NA */
} partial;

static int read_partial(rp_run *run, rp_message *m, partial *p);
static int split(rp_run *run, const partial *p, int32_t *events[2], int64_t counts[2]);
static rp_node_id drawn(rp_run *run, const partial *p);
static rp_node_id inferred(rp_run *run, const partial *p);
static rp_message missing_message(rp_run *run, const partial *p);
static rp_node_id fill(rp_run *run, const partial *p, rp_node_id missing);
static rp_node_id add_observed(rp_run *run, const partial *p, rp_node_id value, rp_node_id term);

rp_node_id rp_run_add_partial(rp_run *run, const rp_message *message) {
  rp_message m = *message;
  if (run->options->simulate) return rp_run_add_ancestral(run, &m);
  rp_handlers_reparameterize(run, &m);
  if (run->status->code != RP_OK) return RP_NONE;
  if (!rp_distribution_may_be_partial(&m.dist))
    return rp_run_fail(run, RP_UNSUPPORTED, m.name, "event %lld of %s() is partly NA; give all of an event or nothing",
                       (long long) m.events[0] + 1, m.dist.family->name);
  if (m.weighed && m.dist.n_transforms > 0)
    return rp_run_fail(run, RP_UNSUPPORTED, m.name, "a transformed event that is partly NA cannot be scaled");
  partial p;
  int32_t *events[2];
  int64_t counts[2];
  if (!read_partial(run, &m, &p) || !split(run, &p, events, counts)) return RP_NONE;
  if (counts[1] == 0) return inferred(run, &p);
  if (counts[0] == 0) return drawn(run, &p);
  rp_node_id values[2] = {RP_NONE, RP_NONE};
  int64_t size = m.dist.event_size;
  for (int k = 0; k < 2; k++) {
    rp_message part = rp_message_select(run, &m, events[k], counts[k]);
    double *data = rp_pool_array(run->pool, counts[k] * size, sizeof *data);
    if (!data) return rp_fail_memory(run->status, "a partly observed site"), RP_NONE;
    for (int64_t i = 0; i < counts[k] * size; i++) data[i] = m.observed[events[k][i / size] * size + i % size];
    part.observed = data;
    partial of_part;
    if (!read_partial(run, &part, &of_part)) return RP_NONE;
    values[k] = k == 0 ? inferred(run, &of_part) : drawn(run, &of_part);
  }
  const int32_t *const places[2] = {events[0], events[1]};
  return rp_assemble(run, values, places, counts, 2, m.dist.n_events, size);
}

static int read_partial(rp_run *run, rp_message *m, partial *p) {
  int64_t n = m->dist.n_events * m->dist.event_size;
  *p = (partial) {.m = m, .n = n};
  p->known = rp_pool_array(run->pool, n, sizeof *p->known);
  p->missing = rp_pool_array(run->pool, n, sizeof *p->missing);
  p->data = rp_pool_array(run->pool, n, sizeof *p->data);
  if (!p->known || !p->missing || !p->data) return rp_fail_memory(run->status, "a partly observed site"), 0;
  for (int64_t i = 0; i < n; i++) {
    p->known[i] = m->observed[i] == m->observed[i]; /* not NaN */
    p->data[i] = p->known[i] ? m->observed[i] : 0;
    if (!p->known[i]) p->missing[p->n_missing++] = (int32_t) i;
  }
  return 1;
}

/* Position of number i of the message among all of the site, in R's layout. */
static int32_t site_position(const rp_message *m, int64_t i) {
  return (int32_t) (m->events[i / m->dist.event_size] + i % m->dist.event_size * m->n_site_events);
}

/* events[0] have latent numbers, events[1] are completed by draws: an event masked out has no density to infer from. */
static int split(rp_run *run, const partial *p, int32_t *events[2], int64_t counts[2]) {
  const rp_message *m = p->m;
  int64_t size = m->dist.event_size;
  const char *name = rp_pool_format(run->pool, "%s_missing", m->name);
  for (int k = 0; k < 2; k++) {
    events[k] = rp_pool_array(run->pool, m->dist.n_events, sizeof *events[k]);
    counts[k] = 0;
    if (!events[k] || !name) return rp_fail_memory(run->status, "a partly observed site"), 0;
  }
  const double *mask = rp_values_of(run->graph, m->mask);
  int64_t n_mask = rp_size_of(run->graph, m->mask);
  for (int64_t b = 0; b < m->dist.n_events; b++) {
    int is_drawn = run->options->prior || (mask && mask[n_mask == 1 ? 0 : b] == 0);
    for (int64_t e = 0, found = 0; !is_drawn && !found && e < size; e++) {
      found = !p->known[b * size + e];
      if (found) is_drawn = !rp_run_has_place(run, name, site_position(m, b * size + e));
    }
    events[is_drawn][counts[is_drawn]++] = (int32_t) b;
  }
  return 1;
}

static rp_node_id drawn(rp_run *run, const partial *p) {
  rp_graph *g = run->graph;
  rp_node_id x = fill(run, p, rp_const(g, 0));
  rp_node_id term = rp_distribution_known_density(g, &p->m->dist, x, p->known, 0);
  return add_observed(run, p, rp_distribution_complete(g, &p->m->dist, x, p->known, rp_run_stream(p->m)), term);
}

/* Where log densities are looked at one by one, and while it is found out what is needed, the events contribute the
 * density of their known numbers and the latent numbers theirs given those; the sum of both is the whole events'
 * density. */
static rp_node_id inferred(rp_run *run, const partial *p) {
  rp_graph *g = run->graph;
  rp_message latent = missing_message(run, p);
  if (run->status->code != RP_OK) return RP_NONE;
  rp_part part = {.unconstrained = rp_run_leaf(run, &latent, 1), .initial = RP_NONE, .term = rp_const(g, 0)};
  rp_node_id x = fill(run, p, part.unconstrained);
  rp_node_id term = rp_distribution_known_density(g, &p->m->dist, x, p->known, 1);
  if (!run->layout || run->options->all_terms) {
    int64_t n_events = p->m->dist.n_events, size = p->m->dist.event_size;
    rp_node_id known = rp_distribution_known_density(g, &p->m->dist, fill(run, p, rp_const(g, 0)), p->known, 0);
    rp_node_id unknown = rp_minus_from(g, 1, rp_known_node(g, p->known, p->n));
    rp_node_id share = rp_div(g, rp_sub(g, term, known), rp_event_sum(g, unknown, n_events, size));
    rp_node_id all = rp_broadcast(g, rp_event_repeat(g, rp_broadcast(g, share, n_events), n_events, size), p->n);
    part.term = rp_gather(g, all, p->missing, p->n_missing);
    term = known;
  }
  const double *init =
      run->options->n_init > 0 ? rp_handler_value(run, run->options->init, run->options->n_init, p->m) : NULL;
  if (init) {
    rp_node_id from = rp_distribution_inverse(g, &p->m->dist, rp_data(g, init, p->n));
    part.initial = rp_gather(g, from, p->missing, p->n_missing);
  }
  if (rp_run_add_part(run, &latent, RP_SOURCE_LATENT, part.unconstrained, &part) == RP_NONE) return RP_NONE;
  return add_observed(run, p, x, term);
}

/* The missing numbers as elements of a site of the same shape as the user's, of which only these are drawn. */
static rp_message missing_message(rp_run *run, const partial *p) {
  const rp_message *m = p->m;
  rp_graph *g = run->graph;
  rp_distribution normal = rp_reparam_noise("normal", p->n_missing, rp_const(g, 0), rp_const(g, 1));
  rp_message latent = rp_message_auxiliary(run, m, "missing", &normal);
  int32_t *events = rp_pool_array(run->pool, p->n_missing, sizeof *events);
  if (!events) {
    rp_fail_memory(run->status, "a partly observed site");
    return latent;
  }
  for (int64_t i = 0; i < p->n_missing; i++) events[i] = site_position(m, p->missing[i]);
  latent.events = events;
  latent.n_site_events = m->n_site_events * m->dist.event_size;
  rp_node_id *weights[2] = {&latent.mask, &latent.scale};
  for (int k = 0; k < 2; k++) {
    if (rp_size_of(g, *weights[k]) == 1) continue;
    rp_node_id each = rp_event_repeat(g, *weights[k], m->dist.n_events, m->dist.event_size);
    *weights[k] = rp_gather(g, each, p->missing, p->n_missing);
  }
  return latent;
}

/* The events with these numbers (or one for all) in the missing places, before the transforms. */
static rp_node_id fill(rp_run *run, const partial *p, rp_node_id missing) {
  rp_graph *g = run->graph;
  rp_node_id base = rp_scatter(g, rp_broadcast(g, missing, p->n_missing), p->missing, p->n);
  rp_node_id filled = rp_distribution_forward(g, &p->m->dist, base);
  return rp_select(g, rp_known_node(g, p->known, p->n), rp_data(g, p->data, p->n), filled);
}

static rp_node_id add_observed(rp_run *run, const partial *p, rp_node_id value, rp_node_id term) {
  rp_part part = {.term = term, .unconstrained = RP_NONE, .initial = RP_NONE};
  rp_node_id added = rp_run_add_part(run, p->m, RP_SOURCE_OBSERVED, value, &part);
  rp_site_info *site = added == RP_NONE ? NULL : rp_run_site(run, p->m);
  if (site) run->parts[site->last_part].completed = 1;
  return added;
}
