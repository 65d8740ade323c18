#include "run_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../dist/support.h"
#include "../graph/shorthand.h"
#include "combinator.h"
#include "discrete.h"

static rp_part *new_part(rp_run *run, rp_site_info *site);
static rp_site_info *new_site(rp_run *run, const char *name);
static rp_code fail_taken(rp_run *run, const char *name, const char *original);
static void weigh_part(rp_run *run, const rp_message *m, rp_part *part, rp_node_id term);
static void add_rest(rp_run *run, const rp_message *m, rp_part *part);
static void add_states(rp_run *run, const rp_message *m, rp_node_id value);
static rp_node_id inferred(rp_run *run, const rp_message *m);
static int has_coordinates(const rp_run *run, const rp_message *m);
static rp_node_id residual_density(rp_graph *g, const rp_message *m, rp_node_id z);
static const rp_layout_site *layout_of(const rp_run *run, const char *name);
static rp_node_id part_value(rp_run *run, rp_site_info *site);

/* ---- parts by source ---- */

rp_node_id rp_run_add_part(rp_run *run, const rp_message *m, rp_source source, rp_node_id value,
                           const rp_part *latent) {
  rp_site_info *site = rp_run_site(run, m);
  rp_part *part = site && value != RP_NONE ? new_part(run, site) : NULL;
  if (!part) return RP_NONE;
  part->source = source;
  part->weighed = m->weighed;
  part->n_events = m->dist.n_events;
  part->events = m->events;
  part->dist = m->dist;
  part->value = value;
  part->term = part->pointwise = part->unscaled = part->scale = part->unconstrained = part->initial = RP_NONE;
  int has_term = source == RP_SOURCE_OBSERVED || source == RP_SOURCE_FIXED ||
                 (source == RP_SOURCE_ANCESTRAL && run->options->all_terms);
  if (latent) {
    weigh_part(run, m, part, latent->term);
    if (m->centered) {
      part->term = rp_add(run->graph, part->term, m->log_stretch);
      part->scale = RP_NONE;
    }
    part->unconstrained = latent->unconstrained;
    part->sampled_only = latent->sampled_only;
    part->initial = latent->initial;
  } else if (has_term) {
    weigh_part(run, m, part, rp_distribution_log_density(run->graph, &m->dist, value, 0));
  }
  if (latent || has_term || source == RP_SOURCE_COMPUTED) add_rest(run, m, part);
  if (run->layout && source != RP_SOURCE_COMPUTED && !m->dist.compound && m->dist.family->states)
    add_states(run, m, value);
  return value;
}

static void weigh_part(rp_run *run, const rp_message *m, rp_part *part, rp_node_id term) {
  rp_message unscaled = *m;
  unscaled.scale = rp_const(run->graph, 1);
  part->unscaled = rp_run_weigh(run, &unscaled, term);
  part->scale = m->scale;
  part->term = rp_run_weigh(run, m, term);
}

/* The hidden states that the density integrates out, drawn given the value: steps x states x group in the auxiliary
 * site x_state, for whoever asks for it. */
static void add_states(rp_run *run, const rp_message *m, rp_node_id value) {
  rp_graph *g = run->graph;
  rp_distribution d = m->dist;
  int64_t group = d.group > 0 ? d.group : 1, width = 1;
  if (d.n_transforms > 0) value = rp_distribution_inverse(g, &d, value);
  rp_node_id states =
      d.family->states(g, rp_run_stream(m) ^ 0x51ed270bu, rp_broadcast(g, value, d.n_events * d.event_size), NULL,
                       d.arguments, d.n_events * group, d.event_size / group);
  for (int32_t k = 0; k < d.family->n_arguments; k++)
    if (strcmp(d.family->arguments[k].name, "states") == 0) width = rp_size_of(g, d.arguments[k]);
  d.event_size = rp_size_of(g, states) / d.n_events;
  rp_message own = rp_message_auxiliary(run, m, "state", &d);
  int64_t dim[] = {m->n_site_events, d.event_size / (width * group), width, group};
  own.n_dim = 0;
  for (int k = 0; k < 4; k++)
    if (k == 1 || dim[k] > 1) own.dim[own.n_dim++] = dim[k];
  rp_site_info *site = rp_run_site(run, &own);
  if (site) site->recorded = 1;
  rp_run_add_part(run, &own, RP_SOURCE_COMPUTED, states, NULL);
}

static void add_rest(rp_run *run, const rp_message *m, rp_part *part) {
  if (!m->rest || (run->options->prior && !run->options->all_terms)) return;
  rp_message rest = *m;
  rest.scale = m->rest_scale;
  rp_node_id term = rp_run_weigh(run, &rest, rp_distribution_log_density(run->graph, m->rest, part->value, 0));
  part->term = part->term == RP_NONE ? term : rp_add(run->graph, part->term, term);
  part->scale = RP_NONE;
}

void rp_run_add_jacobian(rp_run *run, const rp_message *m, rp_node_id log_jacobian) {
  rp_site_info *site = m->weighed && !m->rest ? rp_run_site(run, m) : NULL;
  if (!site || (run->options->prior && !run->options->all_terms)) return;
  rp_message rest = *m;
  rest.scale = rp_minus_from(run->graph, 1, m->scale);
  rp_part *part = &run->parts[site->last_part];
  part->term = rp_run_weigh(run, &rest, log_jacobian);
  part->scale = RP_NONE;
}

void rp_message_unweigh(rp_run *run, rp_message *m) {
  rp_distribution *whole = rp_pool_array(run->pool, 1, sizeof *whole);
  if (!whole) {
    rp_fail_memory(run->status, "a site's weight");
    return;
  }
  *whole = m->dist;
  m->rest = whole;
  m->rest_scale = rp_sub(run->graph, m->scale, rp_const(run->graph, 1));
  m->scale = rp_const(run->graph, 1);
}

rp_node_id rp_run_add_masked_out(rp_run *run, const rp_message *m) {
  rp_message silent = *m;
  silent.rest = NULL;
  rp_node_id x = rp_data(run->graph, m->observed, m->dist.n_events * m->dist.event_size);
  x = rp_run_add_part(run, &silent, RP_SOURCE_COMPUTED, x, NULL);
  rp_site_info *site = x == RP_NONE ? NULL : rp_run_site(run, m);
  if (!site) return RP_NONE;
  rp_part *part = &run->parts[site->last_part];
  part->source = RP_SOURCE_OBSERVED;
  part->term = rp_const(run->graph, 0);
  return x;
}

rp_node_id rp_run_add_ancestral(rp_run *run, const rp_message *m) {
  if (!rp_distribution_can_sample(&m->dist))
    return rp_run_fail(run, RP_UNSUPPORTED, m->name, "%s() has no sampler, so the site cannot be simulated",
                       m->dist.family->name);
  rp_node_id value = run->options->sampled ? rp_distribution_differentiable(run->graph, &m->dist, rp_run_stream(m))
                                           : rp_distribution_random(run->graph, &m->dist, rp_run_stream(m));
  if (value == RP_NONE && run->options->sampled)
    return rp_run_fail(
        run, RP_UNSUPPORTED, m->name,
        "a draw of %s() cannot be differentiated, so that a guide cannot draw it with arguments that are learned",
        m->dist.family->name);
  if (m->centered)
    value =
        rp_add(run->graph, m->shift, rp_mul(run->graph, rp_exp(run->graph, rp_neg(run->graph, m->log_stretch)), value));
  return rp_run_add_part(run, m, RP_SOURCE_ANCESTRAL, value, NULL);
}

rp_node_id rp_run_add_latent(rp_run *run, const rp_message *m) {
  const rp_node *mask = rp_graph_node(run->graph, m->mask);
  const rp_layout_site *layout = run->layout ? layout_of(run, m->name) : NULL;
  int64_t n = m->dist.n_events, n_in = 0, n_out = 0;
  int32_t *in = rp_pool_array(run->pool, n, sizeof *in), *out = rp_pool_array(run->pool, n, sizeof *out);
  if (!in || !out) return rp_fail_memory(run->status, "a latent site"), RP_NONE;
  int can_sample = rp_distribution_can_sample(&m->dist);
  for (int64_t b = 0; b < n; b++) {
    double counts = mask->op != RP_OP_CONST ? 1 : mask->n == 1 ? mask->value : mask->data[b];
    int barren = counts == 0 || (run->layout && (!layout || layout->rank[m->events[b]] < 0));
    if (barren && can_sample && (counts == 0 || !m->weighed)) out[n_out++] = (int32_t) b;
    else in[n_in++] = (int32_t) b;
  }
  if (n_out == 0) return inferred(run, m);
  if (n_in == 0) return rp_run_add_ancestral(run, m);
  rp_message kept = rp_message_select(run, m, in, n_in), free = rp_message_select(run, m, out, n_out);
  rp_node_id values[2] = {inferred(run, &kept), rp_run_add_ancestral(run, &free)};
  const int32_t *events[2] = {in, out};
  const int64_t counts[2] = {n_in, n_out};
  return rp_assemble(run, values, events, counts, 2, n, m->dist.event_size);
}

static rp_node_id inferred(rp_run *run, const rp_message *m) {
  rp_part part = {.term = RP_NONE, .initial = RP_NONE};
  rp_node_id value;
  if (m->dist.family->discrete) {
    value = part.unconstrained = rp_discrete_leaf(run, m);
    if (value == RP_NONE) return RP_NONE;
    part.term = rp_distribution_log_density(run->graph, &m->dist, value, 0);
    return rp_run_add_part(run, m, RP_SOURCE_SUMMED, value, &part);
  }
  if (rp_run_is_natural(run, m->name)) {
    value = part.unconstrained = rp_run_leaf(run, m, m->dist.event_size);
    part.term = rp_distribution_log_density(run->graph, &m->dist, value, 0);
    part.initial = m->initial;
  } else if (!run->layout && !has_coordinates(run, m)) {
    part.sampled_only = 1;
    value = part.unconstrained = rp_run_leaf(run, m, m->dist.event_size);
    part.term = rp_distribution_log_density(run->graph, &m->dist, value, 0);
  } else if (m->centered) {
    value = part.unconstrained = rp_run_leaf(run, m, 1);
    part.term = residual_density(run->graph, m, value);
    part.initial = m->initial;
  } else {
    int64_t width = rp_distribution_unconstrained_size(run->graph, &m->dist);
    if (width < 0) return RP_NONE;
    part.unconstrained = rp_run_leaf(run, m, width);
    value = rp_distribution_constrain(run->graph, &m->dist, part.unconstrained, &part.term);
    if (m->initial != RP_NONE) part.initial = rp_distribution_unconstrain(run->graph, &m->dist, m->initial);
    if (m->weighed && !m->rest && value != part.unconstrained) {
      rp_message plain = *m;
      rp_message_unweigh(run, &plain);
      return rp_run_add_part(run, &plain, RP_SOURCE_LATENT, value, &part);
    }
  }
  return rp_run_add_part(run, m, RP_SOURCE_LATENT, value, &part);
}

/* Laws with probability on single points, such as censored ones, have none: they are drawn where nothing depends on
 * them. */
static int has_coordinates(const rp_run *run, const rp_message *m) {
  rp_support support;
  return !m->dist.compound || m->dist.unbounded || !rp_distribution_can_sample(&m->dist) ||
         rp_compound_support(run->graph, m->dist.compound, &support, 0);
}

/* log f(z | c m, s^c s0^(1-c)), less its Jacobian log stretch, from the residual: log f(delta | 0, s), delta =
 * stretch (z - shift). Never from x - m, which cancels when the scale is tiny. */
static rp_node_id residual_density(rp_graph *g, const rp_message *m, rp_node_id z) {
  rp_node_id residual = rp_mul(g, rp_exp(g, m->log_stretch), rp_sub(g, z, m->shift));
  return rp_distribution_log_density(g, &m->dist, residual, 1);
}

/* The message's place in the unconstrained vector. */
rp_node_id rp_run_leaf(rp_run *run, const rp_message *m, int64_t width) {
  int64_t n = m->dist.n_events;
  if (!run->layout) {
    rp_node_id leaf = rp_param(run->graph, run->dim, n * width);
    run->dim += n * width;
    return leaf;
  }
  const rp_layout_site *layout = layout_of(run, m->name);
  if (!layout) return rp_run_fail(run, RP_BAD_SPEC, m->name, "the site has no place among the latent sites");
  rp_node_id block = rp_param(run->graph, layout->offset, layout->n_inferred * width);
  int32_t *index = rp_pool_array(run->pool, n * width, sizeof *index);
  if (!index) return rp_fail_memory(run->status, "a latent site"), RP_NONE;
  for (int64_t b = 0; b < n; b++)
    for (int64_t w = 0; w < width; w++) index[b * width + w] = (int32_t) (layout->rank[m->events[b]] * width + w);
  return rp_gather(run->graph, block, index, n * width);
}

int rp_run_is_natural(const rp_run *run, const char *name) {
  const rp_run_options *o = run->options;
  int natural = o->natural;
  for (int64_t k = 0; k < o->n_natural && !natural; k++) natural = strcmp(o->natural_sites[k], name) == 0;
  return natural;
}

int rp_run_has_place(const rp_run *run, const char *name, int32_t event) {
  if (!run->layout) return 1;
  const rp_layout_site *place = layout_of(run, name);
  return place && place->rank[event] >= 0;
}

static const rp_layout_site *layout_of(const rp_run *run, const char *name) {
  for (int32_t i = 0; i < run->layout->n; i++)
    if (strcmp(run->layout->sites[i].name, name) == 0) return &run->layout->sites[i];
  return NULL;
}

int rp_run_is_inferred(const rp_run *run, const rp_message *m, int32_t event) {
  if (!run->layout) return 1;
  for (int32_t i = 0; i < run->layout->n; i++) {
    const rp_layout_site *place = &run->layout->sites[i];
    if (!place->original || strcmp(place->original, m->name) != 0) continue;
    int64_t n = m->n_site_events, each = place->n_events == n * m->dist.event_size ? m->dist.event_size : 1;
    if (place->n_events != n * each) return 1;
    for (int64_t e = 0; e < each; e++)
      if (place->rank[event + e * n] >= 0 || place->carried[event + e * n]) return 1;
  }
  return 0;
}

/* A parameter's own starting value, or the one asked for in its place; NULL: that has another length. */
static const double *start_of(rp_run *run, const rp_statement *s, int64_t n) {
  for (int32_t i = 0; i < run->options->n_init; i++) {
    const rp_named_value *given = &run->options->init[i];
    if (strcmp(given->name, s->name) != 0) continue;
    if (given->n == n) return given->value;
    rp_run_fail(run, RP_BAD_SHAPE, s->name, "the value given has length %lld, but the parameter has length %lld",
                (long long) given->n, (long long) n);
    return NULL;
  }
  return s->init;
}

rp_node_id rp_run_add_learned(rp_run *run, const rp_statement *s, int32_t statement, int64_t n) {
  rp_graph *g = run->graph;
  rp_site_info *site = new_site(run, s->name);
  rp_part *part = site ? new_part(run, site) : NULL;
  if (!part) return RP_NONE;
  rp_support support = {s->support, RP_NONE, RP_NONE};
  if (isfinite(s->lower)) support.lower = rp_const(g, s->lower);
  if (isfinite(s->upper)) support.upper = rp_const(g, s->upper);
  const rp_bijector *bijector;
  rp_node_id arguments[4];
  rp_code code = rp_support_default(g, support, &bijector, arguments);
  if (code != RP_OK) return rp_run_fail(run, code, s->name, "%s", rp_graph_status(g)->message);
  int elementwise = bijector->codomain_dim == 0;
  int64_t n_events = elementwise ? n : 1, size = elementwise ? 1 : n;
  int64_t width = bijector->domain_size ? bijector->domain_size(size) : size;
  site->learned = 1;
  site->statement = statement;
  site->n_dim = s->n_dim;
  memcpy(site->dim, s->dim, sizeof site->dim);
  site->n_events = n_events;
  site->event_size = size;
  int32_t *events = rp_pool_array(run->pool, n_events, sizeof *events);
  if (!events) return rp_fail_memory(run->status, "a parameter"), RP_NONE;
  for (int64_t b = 0; b < n_events; b++) events[b] = (int32_t) b;
  *part = (rp_part){.source = RP_SOURCE_LEARNED, .n_events = n_events, .events = events, .term = RP_NONE,
                    .pointwise = RP_NONE, .unscaled = RP_NONE, .scale = RP_NONE, .next = -1};
  const double *start = start_of(run, s, n);
  if (!start) return RP_NONE;
  part->initial = bijector->inverse(g, rp_data(g, start, n), arguments, n_events, size);
  if (run->options->prior) {
    part->source = RP_SOURCE_COMPUTED;
    part->unconstrained = part->initial = RP_NONE;
    part->value = rp_data(g, s->init, n);
    for (int32_t i = 0; i < run->options->n_given; i++) {
      const rp_given *given = &run->options->given[i];
      if (strcmp(given->name, s->name) == 0 && given->n == n) part->value = rp_input(g, given->offset, n);
    }
    return part->value;
  }
  const rp_layout_site *layout = run->layout ? layout_of(run, s->name) : NULL;
  part->unconstrained = rp_param(g, layout ? layout->offset : run->dim, n_events * width);
  if (!layout) run->dim += n_events * width;
  return part->value = bijector->forward(g, part->unconstrained, arguments, n_events, size);
}

rp_node_id rp_run_add_centering(rp_run *run, const rp_message *message) {
  rp_message m = rp_message_auxiliary(run, message, "centered", &message->dist);
  m.dist.mask = RP_NONE;
  rp_part part = {.term = RP_NONE, .initial = rp_const(run->graph, 0)};
  if (run->options->prior) return rp_const(run->graph, 0.5);
  part.unconstrained = rp_run_leaf(run, &m, 1);
  rp_node_id c = rp_unary(run->graph, RP_OP_SIGMOID, part.unconstrained);
  c = rp_run_add_part(run, &m, RP_SOURCE_LEARNED, c, &part);
  rp_site_info *site = rp_run_site(run, &m);
  if (site) site->learned = 1;
  return c;
}

/* Elements of an element-wise site that no statement draws, as x[1] of a walk from x[2] on. */
static rp_code add_computed_elements(rp_run *run, const rp_statement *s, rp_node_id value) {
  rp_site_info *site = NULL;
  for (int32_t i = 0; i < run->n_sites && !site; i++)
    if (strcmp(run->sites[i].name, s->name) == 0) site = &run->sites[i];
  const int64_t n = rp_graph_node(run->spec->trace, s->row)->n;
  int64_t n_site = 1;
  for (int32_t k = 0; k < s->n_dim; k++) n_site *= s->dim[k];
  if (!site || site->event_size != 1 || site->n_events != n_site)
    return rp_fail(run->status, RP_BAD_SPEC, s->name, "elements are computed of a site that is not drawn by elements");
  rp_part *part = new_part(run, site);
  int32_t *events = rp_pool_array(run->pool, n, sizeof *events);
  if (!part || !events) return rp_fail_memory(run->status, "a recorded site");
  for (int64_t b = 0; b < n; b++) events[b] = s->elements ? s->elements[b] : (int32_t) s->element;
  *part = (rp_part){.source = RP_SOURCE_COMPUTED, .n_events = n, .events = events, .value = value, .next = -1,
                    .unconstrained = RP_NONE, .initial = RP_NONE, .term = RP_NONE, .pointwise = RP_NONE,
                    .unscaled = RP_NONE, .scale = RP_NONE};
  return RP_OK;
}

rp_code rp_run_add_computed(rp_run *run, const rp_statement *s, int32_t statement, rp_node_id value) {
  if (s->element >= 0 || s->elements) return add_computed_elements(run, s, value);
  rp_site_info *site = new_site(run, s->name);
  rp_part *part = site ? new_part(run, site) : NULL;
  if (!part) return run->status->code;
  int64_t n = rp_graph_node(run->graph, value)->n;
  int is_factor = s->kind == RP_STATEMENT_FACTOR;
  site->recorded = !is_factor;
  site->factor = is_factor;
  site->statement = statement;
  site->n_dim = is_factor ? 1 : s->n_dim;
  site->dim[0] = n;
  if (!is_factor) memcpy(site->dim, s->dim, sizeof site->dim);
  int64_t expected = 1;
  for (int32_t k = 0; k < site->n_dim; k++) expected *= site->dim[k];
  if (expected != n) return rp_fail(run->status, RP_BAD_SPEC, s->name, "its dim does not fit its node");
  site->n_events = n;
  site->event_size = 1;
  int32_t *events = rp_pool_array(run->pool, n, sizeof *events);
  if (!events) return rp_fail_memory(run->status, "a recorded site");
  for (int64_t b = 0; b < n; b++) events[b] = (int32_t) b;
  *part = (rp_part){.source = RP_SOURCE_COMPUTED, .n_events = n, .events = events, .value = value, .next = -1,
                    .unconstrained = RP_NONE, .initial = RP_NONE, .term = RP_NONE, .pointwise = RP_NONE,
                    .unscaled = RP_NONE, .scale = RP_NONE};
  if (is_factor) {
    rp_node_id scale = rp_const(run->graph, 1);
    for (int32_t k = 0; k < run->n_scopes; k++)
      if (run->scopes[k].kind != RP_SCOPE_PLATE) scale = rp_mul(run->graph, scale, run->scopes[k].node);
    part->term = rp_mul(run->graph, value, scale);
  }
  return RP_OK;
}

void rp_run_replaced(rp_run *run, const rp_message *m, const char *by) {
  rp_site_info *site = rp_run_site(run, m);
  if (!site) return;
  site->reparameterized = 1;
  site->why = by;
  rp_run_add_part(run, m, RP_SOURCE_COMPUTED, m->value, NULL);
}

rp_node_id rp_run_weigh(rp_run *run, const rp_message *m, rp_node_id term) {
  rp_graph *g = run->graph;
  if (term == RP_NONE) return RP_NONE;
  const rp_node *mask = rp_graph_node(g, m->mask);
  int all_count = mask->op == RP_OP_CONST;
  for (int64_t b = 0; all_count && b < mask->n; b++) all_count = (mask->n == 1 ? mask->value : mask->data[b]) != 0;
  if (!all_count) term = rp_select(g, m->mask, term, rp_const(g, 0));
  return rp_mul(g, m->scale, term);
}

/* ---- subsets and assembly ---- */

rp_message rp_message_select(rp_run *run, const rp_message *m, const int32_t *which, int64_t n) {
  rp_message part = *m;
  part.dist = rp_distribution_select(run->graph, &m->dist, which, n);
  int32_t *events = rp_pool_array(run->pool, n, sizeof *events);
  if (!events) {
    rp_fail_memory(run->status, "a site");
    return part;
  }
  for (int64_t i = 0; i < n; i++) events[i] = m->events[which[i]];
  part.events = events;
  if (m->rest) {
    rp_distribution *rest = rp_pool_array(run->pool, 1, sizeof *rest);
    if (rest) *rest = rp_distribution_select(run->graph, m->rest, which, n);
    else rp_fail_memory(run->status, "a site's weight");
    part.rest = rest;
    if (rp_graph_node(run->graph, m->rest_scale)->n == m->dist.n_events)
      part.rest_scale = rp_gather(run->graph, m->rest_scale, which, n);
  }
  rp_node_id *nodes[] = {&part.mask, &part.scale, &part.shift, &part.log_stretch};
  for (int k = 0; k < (m->centered ? 4 : 2); k++)
    if (rp_graph_node(run->graph, *nodes[k])->n == m->dist.n_events)
      *nodes[k] = rp_gather(run->graph, *nodes[k], which, n);
  if (m->initial != RP_NONE && m->dist.event_size == 1 && rp_graph_node(run->graph, m->initial)->n == m->dist.n_events)
    part.initial = rp_gather(run->graph, m->initial, which, n);
  return part;
}

rp_node_id rp_assemble(rp_run *run, const rp_node_id *values, const int32_t *const *events, const int64_t *counts,
                       int32_t n_parts, int64_t n, int64_t size) {
  rp_node_id *parts = malloc((size_t) (n_parts > 0 ? n_parts : 1) * sizeof *parts);
  int32_t *index = malloc((size_t) (n * size > 0 ? n * size : 1) * sizeof *index);
  rp_node_id whole = RP_NONE;
  int complete = parts && index;
  if (!complete) rp_fail_memory(run->status, "a site's value");
  int64_t at = 0;
  for (int32_t p = 0; complete && p < n_parts; p++) {
    if (values[p] == RP_NONE) complete = 0;
    else parts[p] = rp_broadcast(run->graph, values[p], counts[p] * size);
    for (int64_t i = 0; complete && i < counts[p]; i++)
      for (int64_t e = 0; e < size; e++) index[events[p][i] * size + e] = (int32_t) at++;
  }
  if (complete) whole = rp_gather(run->graph, rp_concat(run->graph, parts, n_parts), index, n * size);
  free(parts);
  free(index);
  return whole;
}

static rp_code fail_taken(rp_run *run, const char *name, const char *original) {
  return rp_fail(run->status, RP_BAD_ARGUMENT, name,
                 "reparam() makes an auxiliary site of this name for `%s`; give the model's own site another name",
                 original);
}

/* Names that the user gave are distinct; one of them may be that of an auxiliary site. */
static rp_code check_names(rp_run *run) {
  for (int32_t i = 0; i < run->n_sites; i++)
    for (int32_t k = 0; k < run->n_sites && run->sites[i].auxiliary; k++)
      if (k != i && strcmp(run->sites[i].name, run->sites[k].name) == 0)
        return fail_taken(run, run->sites[i].name, run->sites[i].original);
  return RP_OK;
}

rp_code rp_run_finish_sites(rp_run *run) {
  if (check_names(run) != RP_OK) return run->status->code;
  for (int32_t i = 0; i < run->n_sites && run->status->code == RP_OK; i++) {
    rp_site_info *site = &run->sites[i];
    rp_node_id value = part_value(run, site);
    if (value == RP_NONE) return run->status->code;
    value = rp_broadcast(run->graph, value, site->n_events * site->event_size);
    site->value = rp_from_events(run->graph, value, site->n_events, site->event_size);
  }
  return run->status->code;
}

static rp_node_id part_value(rp_run *run, rp_site_info *site) {
  int32_t n_parts = 0;
  int64_t n = 0;
  for (int32_t p = site->first_part; p >= 0; p = run->parts[p].next) n += run->parts[p].n_events, n_parts++;
  if (n_parts == 1 && n == site->n_events) return run->parts[site->first_part].value;
  int64_t *counts = malloc((size_t) n_parts * sizeof *counts);
  rp_node_id *values = malloc((size_t) (n_parts + 1) * sizeof *values);
  const int32_t **events = malloc((size_t) (n_parts + 1) * sizeof *events);
  uint8_t *seen = calloc((size_t) site->n_events + 1, 1);
  int32_t *missing = malloc((size_t) (site->n_events + 1) * sizeof *missing);
  int64_t *all = realloc(counts, (size_t) (n_parts + 1) * sizeof *counts);
  if (all) counts = all;
  rp_node_id value = RP_NONE;
  if (!all || !values || !events || !seen || !missing) {
    rp_fail_memory(run->status, "a site's value");
  } else {
    int32_t k = 0;
    int twice = 0;
    for (int32_t p = site->first_part; p >= 0; p = run->parts[p].next, k++) {
      values[k] = run->parts[p].value;
      events[k] = run->parts[p].events;
      counts[k] = run->parts[p].n_events;
      for (int64_t i = 0; i < counts[k]; i++) twice |= seen[events[k][i]]++ > 0;
    }
    int32_t n_missing = 0; /* elements of an element-wise site that were never drawn, as x[1] in a walk from x[2] */
    for (int64_t b = 0; b < site->n_events; b++)
      if (!seen[b]) missing[n_missing++] = (int32_t) b;
    if (n_missing > 0) {
      values[k] = rp_const(run->graph, NAN);
      events[k] = missing;
      counts[k++] = n_missing;
    }
    if (twice) rp_fail(run->status, RP_BAD_SPEC, site->name, "an element of this site is drawn twice");
    else value = rp_assemble(run, values, events, counts, k, site->n_events, site->event_size);
  }
  free(counts);
  free(values);
  free(events);
  free(seen);
  free(missing);
  return value;
}

void rp_to_events(const double *r, double *events, int64_t n_events, int64_t event_size) {
  for (int64_t b = 0; b < n_events; b++)
    for (int64_t e = 0; e < event_size; e++) events[b * event_size + e] = r[b + e * n_events];
}

rp_node_id rp_from_events(rp_graph *g, rp_node_id value, int64_t n_events, int64_t event_size) {
  if (n_events == 1 || event_size == 1) return value;
  return rp_transpose(g, value, event_size, n_events);
}

/* ---- tables ---- */

rp_site_info *rp_run_site(rp_run *run, const rp_message *m) {
  for (int32_t i = run->n_sites; i-- > 0;) {
    rp_site_info *site = &run->sites[i];
    if (strcmp(site->name, m->name) != 0) continue;
    if (site->auxiliary != (m->original != NULL)) {
      fail_taken(run, m->name, site->auxiliary ? site->original : m->original);
      return NULL;
    }
    if (site->n_events == m->n_site_events && site->event_size == m->dist.event_size) return site;
    rp_run_fail(run, RP_BAD_SHAPE, m->name, "its parts are drawn from distributions of %lld and of %lld numbers",
                (long long) site->event_size, (long long) m->dist.event_size);
    return NULL;
  }
  rp_site_info *site = new_site(run, m->name);
  if (!site) return NULL;
  site->statement = m->statement_index;
  site->n_dim = m->n_dim;
  memcpy(site->dim, m->dim, sizeof site->dim);
  site->n_events = m->n_site_events;
  site->event_size = m->dist.event_size;
  site->auxiliary = m->original != NULL;
  site->original = m->original ? m->original : m->name;
  site->hidden = m->hidden;
  rp_distribution_describe(&m->dist, site->distribution, sizeof site->distribution);
  return site;
}

static rp_site_info *new_site(rp_run *run, const char *name) {
  if (run->n_sites == run->cap_sites) {
    int32_t cap = run->cap_sites ? 2 * run->cap_sites : 32;
    rp_site_info *grown = realloc(run->sites, (size_t) cap * sizeof *grown);
    if (!grown) return rp_fail_memory(run->status, "the table of sites"), NULL;
    run->sites = grown;
    run->cap_sites = cap;
  }
  rp_site_info *site = &run->sites[run->n_sites++];
  memset(site, 0, sizeof *site);
  site->name = site->original = name;
  site->first_part = site->last_part = -1;
  site->value = RP_NONE;
  return site;
}

static rp_part *new_part(rp_run *run, rp_site_info *site) {
  if (run->n_parts == run->cap_parts) {
    int32_t cap = run->cap_parts ? 2 * run->cap_parts : 64;
    rp_part *grown = realloc(run->parts, (size_t) cap * sizeof *grown);
    if (!grown) return rp_fail_memory(run->status, "the table of sites"), NULL;
    run->parts = grown;
    run->cap_parts = cap;
  }
  rp_part *part = &run->parts[run->n_parts];
  memset(part, 0, sizeof *part);
  part->next = -1;
  if (site->last_part >= 0) run->parts[site->last_part].next = run->n_parts;
  else site->first_part = run->n_parts;
  site->last_part = run->n_parts++;
  return part;
}

uint32_t rp_run_stream(const rp_message *m) {
  int whole = m->dist.n_events == m->n_site_events;
  return rp_random_site(m->name, whole ? 0 : (uint32_t) m->events[0] + 1);
}
