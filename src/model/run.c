#include "run.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dist/support.h"
#include "../graph/shorthand.h"
#include "discrete.h"
#include "handler.h"
#include "minibatch.h"
#include "reparam.h"
#include "run_parts.h"

static rp_code run_statement(rp_run *run, int32_t i);
static rp_code run_draw_statement(rp_run *run, int32_t i);
static const int32_t *drawn_events(rp_run *run, const rp_statement *s, const rp_message *m);
static rp_code run_param(rp_run *run, int32_t i);
static rp_code run_record(rp_run *run, int32_t i);
static rp_code enter_scope(rp_run *run, int32_t i);
static rp_node_id latent(rp_run *run, rp_message *message);
static int split(rp_run *run, const rp_message *message, int32_t *events[2], int64_t counts[2]);
static rp_node_id in_two(rp_run *run, rp_message *message, int32_t *const events[2], const int64_t counts[2]);
static int split_by_mask(rp_run *run, const rp_message *m, int32_t *events[2], int64_t counts[2]);
static rp_node_id observed_in_two(rp_run *run, rp_message *m, int32_t *const events[2], const int64_t counts[2]);
static rp_node_id point_mass(rp_run *run, rp_message *message);
static rp_node_id observed(rp_run *run, rp_message *message);
static rp_node_id observed_in_batch(rp_run *run, rp_message *message);
static rp_node_id partly_observed(rp_run *run, rp_message *message);
static rp_node_id filled(rp_run *run, rp_message *message);
static rp_node_id replace_site(void *context, rp_graph *to, const rp_node *leaf);
static rp_node_id look_up_row(void *context, rp_node_id row);

rp_code rp_run_execute(rp_run *run) {
  run->copier = rp_copier_new(run->spec->trace, run->graph, replace_site, run);
  if (!run->copier) return rp_fail_memory(run->status, "the model's graph");
  for (int32_t i = 0; i < run->spec->n_statements && run->status->code == RP_OK; i++) run_statement(run, i);
  rp_copier_free(run->copier);
  run->copier = NULL;
  if (run->status->code == RP_OK) *run->status = *rp_graph_status(run->graph);
  if (run->status->code == RP_OK && !run->options->prior) rp_reparam_check_carried(run);
  return run->status->code;
}

rp_node_id rp_run_draw(rp_run *run, rp_message *message) {
  rp_handlers_set_value(run, message);
  if (run->status->code != RP_OK) return RP_NONE;
  if (message->value != RP_NONE)
    return rp_run_add_part(run, message, message->source, message->value, NULL);
  if (message->data != RP_NONE) return observed_in_batch(run, message);
  if (!message->observed) return latent(run, message);
  int64_t n = message->dist.n_events * message->dist.event_size, unknown = 0;
  for (int64_t k = 0; k < n; k++) unknown += isnan(message->observed[k]);
  if (unknown > 0 && unknown < n) return partly_observed(run, message);
  if (unknown == 0) return observed(run, message);
  message->observed = NULL;
  return latent(run, message);
}

/* ---- statements ---- */

static rp_code run_statement(rp_run *run, int32_t i) {
  const rp_statement *s = &run->spec->statements[i];
  run->status->statement = i;
  switch (s->kind) {
  case RP_STATEMENT_DRAW:
    run_draw_statement(run, i);
    break;
  case RP_STATEMENT_PARAM:
    run_param(run, i);
    break;
  case RP_STATEMENT_RECORD:
  case RP_STATEMENT_FACTOR:
    run_record(run, i);
    break;
  case RP_STATEMENT_ENTER:
    enter_scope(run, i);
    break;
  case RP_STATEMENT_LEAVE:
    if (run->n_scopes > 0) run->n_scopes--;
    break;
  }
  if (run->status->code == RP_OK && rp_graph_status(run->graph)->code != RP_OK) {
    const rp_status *failed = rp_graph_status(run->graph);
    rp_fail(run->status, failed->code, s->name, "%s", failed->message);
  }
  if (run->status->code == RP_OK) run->status->statement = -1;
  return run->status->code;
}

static rp_code run_draw_statement(rp_run *run, int32_t i) {
  const rp_statement *s = &run->spec->statements[i];
  rp_graph *g = run->graph;
  rp_message m = {.name = s->name, .original = s->original, .statement = s, .statement_index = i, .n_dim = s->n_dim,
                  .value = RP_NONE, .initial = RP_NONE, .data = RP_NONE,
                  .mask = rp_const(g, 1), .scale = rp_const(g, 1)};
  memcpy(m.dim, s->dim, sizeof m.dim);
  int64_t n_value = rp_graph_node(run->spec->trace, s->row)->n, n_site = 1;
  for (int32_t k = 0; k < s->n_dim; k++) n_site *= s->dim[k];
  rp_resolve with = {
      .g = g, .row = look_up_row, .context = run, .pool = run->pool, .site = s->name, .status = run->status};
  if (s->element < 0 && !s->elements) with.dim = s->dim, with.n_dim = s->n_dim;
  if (rp_distribution_resolve(&m.dist, s->dist, &with, n_value) != RP_OK)
    return run->status->code;
  m.n_site_events = s->element < 0 && !s->elements ? m.dist.n_events : n_site / m.dist.event_size;
  m.events = drawn_events(run, s, &m);
  if (!m.events) return run->status->code;
  for (int32_t k = 0; k < run->n_scopes; k++) {
    if (run->scopes[k].kind == RP_SCOPE_MASK) m.mask = rp_mul(g, m.mask, run->scopes[k].node);
    if (run->scopes[k].kind == RP_SCOPE_SCALE) m.scale = rp_mul(g, m.scale, run->scopes[k].node);
  }
  m.weighed = !rp_is_all(g, m.scale, 1);
  if (m.dist.mask != RP_NONE) m.mask = rp_mul(g, m.mask, m.dist.mask);
  if (s->observed) {
    double *observed = rp_pool_array(run->pool, n_value, sizeof *observed);
    if (!observed) return rp_fail_memory(run->status, "a site's data");
    rp_to_events(s->observed, observed, m.dist.n_events, m.dist.event_size);
    m.observed = observed;
  }
  m.data = s->data == RP_NONE ? RP_NONE : rp_copier_get(run->copier, s->data);
  rp_node_id value = rp_run_draw(run, &m);
  if (value != RP_NONE)
    run->statement_value[i] = rp_from_events(g, value, m.dist.n_events, m.dist.event_size);
  return run->status->code;
}

/* Which of the site's events the statement draws. Events lie last in a site's dims, so that element e of event b of B
 * stands at b + e B. */
static const int32_t *drawn_events(rp_run *run, const rp_statement *s, const rp_message *m) {
  int64_t n = m->dist.n_events, n_site = m->n_site_events;
  int32_t *events = rp_pool_array(run->pool, n, sizeof *events);
  if (!events) return rp_fail_memory(run->status, "a site"), NULL;
  for (int64_t k = 0; k < n; k++)
    events[k] = (int32_t) (s->elements ? s->elements[k] : s->element < 0 ? k : s->element);
  for (int64_t k = 0; s->elements && k < n * m->dist.event_size; k++)
    if (s->elements[k] != events[k % n] + (k / n) * n_site || events[k % n] >= n_site) {
      rp_run_fail(run, RP_BAD_SHAPE, s->name, "the statement draws a part of an event of %s()", m->dist.family->name);
      return NULL;
    }
  return events;
}

static rp_code run_param(rp_run *run, int32_t i) {
  const rp_statement *s = &run->spec->statements[i];
  int64_t n = rp_graph_node(run->spec->trace, s->row)->n;
  rp_node_id x = rp_run_add_learned(run, s, i, n);
  run->statement_value[i] = x;
  return run->status->code;
}

static rp_code run_record(rp_run *run, int32_t i) {
  const rp_statement *s = &run->spec->statements[i];
  rp_node_id x = rp_copier_get(run->copier, s->row);
  if (x == RP_NONE) return RP_OK; /* run_statement() reports the graph's failure */
  return rp_run_add_computed(run, s, i, x);
}

/* A minibatch stands for its whole plate: its terms weigh size / n_batch. */
static rp_code enter_scope(rp_run *run, int32_t i) {
  const rp_statement *s = &run->spec->statements[i];
  if (run->n_scopes == run->cap_scopes) {
    int32_t cap = run->cap_scopes ? 2 * run->cap_scopes : 8;
    void *grown = realloc(run->scopes, (size_t) cap * sizeof *run->scopes);
    if (!grown) return rp_fail_memory(run->status, "the scopes");
    run->scopes = grown;
    run->cap_scopes = cap;
  }
  rp_scope_kind kind = s->scope;
  rp_node_id node = RP_NONE;
  if (s->n_batch > 0) {
    run->in_batches = 1;
    run->statement_value[i] = rp_minibatch(run->graph, s->name, s->size, s->n_batch);
    kind = RP_SCOPE_SCALE;
    node = rp_const(run->graph, (double) s->size / (double) s->n_batch);
  } else if (s->row != RP_NONE) {
    node = rp_copier_get(run->copier, s->row);
  }
  run->scopes[run->n_scopes].kind = kind;
  run->scopes[run->n_scopes++].node = node;
  return RP_OK;
}

static rp_node_id replace_site(void *context, rp_graph *to, const rp_node *leaf) {
  rp_run *run = context;
  (void) to;
  if (leaf->op != RP_OP_SITE) return RP_NONE;
  int64_t i = leaf->attribute[0] - 1;
  if (i >= 0 && i < run->spec->n_statements && run->statement_value[i] != RP_NONE) return run->statement_value[i];
  rp_fail(run->status, RP_BAD_SPEC, NULL, "it uses the value of a site that has not been drawn yet");
  return rp_const(run->graph, NAN);
}

static rp_node_id look_up_row(void *context, rp_node_id row) {
  rp_run *run = context;
  return rp_copier_get(run->copier, row);
}

/* ---- messages ---- */

/* The distribution of a centered message is that of its residual, which is what a reparameterizer gives. */
static rp_reparam_result reparameterize_latent(rp_run *run, rp_message *m) {
  if (!m->centered) return rp_handlers_reparameterize(run, m);
  rp_graph *g = run->graph;
  const rp_node_id z = m->initial;
  if (z != RP_NONE) m->initial = rp_mul(g, rp_exp(g, m->log_stretch), rp_sub(g, z, m->shift));
  const rp_reparam_result result = rp_handlers_reparameterize(run, m);
  m->initial = z;
  if (result == RP_REPARAM_REPLACED)
    m->value = rp_add(g, m->shift, rp_mul(g, m->value, rp_exp(g, rp_neg(g, m->log_stretch))));
  return result;
}

static rp_node_id latent(rp_run *run, rp_message *m) {
  int32_t *events[2];
  int64_t counts[2];
  if (!m->original && !m->hidden && split(run, m, events, counts)) return in_two(run, m, events, counts);
  /* a value for an auxiliary site's own name goes before one inverted from the user's site */
  if (run->options->n_init > 0) {
    const double *init = rp_handler_value(run, run->options->init, run->options->n_init, m);
    if (init) m->initial = rp_data(run->graph, init, m->dist.n_events * m->dist.event_size);
  }
  if (m->hidden) return rp_run_add_ancestral(run, m);
  if (strcmp(m->dist.family->name, "delta") == 0) return point_mass(run, m);
  const int as_it_is = rp_run_is_natural(run, m->name) || run->options->sampled;
  if (!as_it_is && reparameterize_latent(run, m) == RP_REPARAM_REPLACED) return m->value;
  if (run->status->code != RP_OK) return RP_NONE;
  if (run->options->prior || run->options->sampled) return rp_run_add_ancestral(run, m);
  return rp_run_add_latent(run, m);
}

/* A delta's value is its argument; a log density other than 0 counts like a factor. */
static rp_node_id point_mass(rp_run *run, rp_message *m) {
  if (rp_is_all(run->graph, m->dist.arguments[1], 0)) return rp_run_add_ancestral(run, m);
  rp_node_id value = rp_distribution_random(run->graph, &m->dist, 0);
  return rp_run_add_part(run, m, RP_SOURCE_FIXED, value, NULL);
}

/* All of the message is observed. A reparameterizer may make its distribution conditional on auxiliary sites. */
static rp_node_id observed(rp_run *run, rp_message *m) {
  if (run->options->simulate) {
    if (run->options->replicate && rp_discrete_evidence(run, m) != RP_OK) return RP_NONE;
    return rp_run_add_ancestral(run, m);
  }
  int32_t *events[2];
  int64_t counts[2];
  if (split_by_mask(run, m, events, counts) && counts[1] > 0) return observed_in_two(run, m, events, counts);
  if (!run->options->natural) rp_handlers_reparameterize(run, m);
  if (run->status->code != RP_OK) return RP_NONE;
  rp_node_id x = rp_data(run->graph, m->observed, m->dist.n_events * m->dist.event_size);
  return rp_run_add_part(run, m, RP_SOURCE_OBSERVED, x, NULL);
}

/* Events that a constant mask leaves in, and those that it leaves out; 0 when the mask is not known. */
static int split_by_mask(rp_run *run, const rp_message *m, int32_t *events[2], int64_t counts[2]) {
  const rp_node *mask = rp_graph_node(run->graph, m->mask);
  int64_t n = m->dist.n_events;
  counts[0] = counts[1] = 0;
  if (mask->op != RP_OP_CONST) return 0;
  for (int k = 0; k < 2; k++) {
    events[k] = rp_pool_array(run->pool, n, sizeof *events[k]);
    if (!events[k]) return rp_fail_memory(run->status, "a site"), 0;
  }
  for (int64_t b = 0; b < n; b++) {
    int out = (mask->n == 1 ? mask->value : mask->data[b]) == 0;
    events[out][counts[out]++] = (int32_t) b;
  }
  return 1;
}

/* What is masked out has a log density of 0, whatever its distribution depends on: often on latent events that are
 * masked out with it and drawn at random. */
static rp_node_id observed_in_two(rp_run *run, rp_message *m, int32_t *const events[2], const int64_t counts[2]) {
  rp_node_id values[2];
  int64_t size = m->dist.event_size;
  for (int k = 0; k < 2; k++) {
    double *data = rp_pool_array(run->pool, counts[k] * size, sizeof *data);
    if (!data) return rp_fail_memory(run->status, "a site's data"), RP_NONE;
    for (int64_t i = 0; i < counts[k]; i++)
      memcpy(data + i * size, m->observed + events[k][i] * size, (size_t) size * sizeof *data);
    rp_message part = rp_message_select(run, m, events[k], counts[k]);
    part.observed = data;
    if (k == 1) values[k] = rp_run_add_masked_out(run, &part);
    else values[k] = counts[k] > 0 ? observed(run, &part) : rp_data(run->graph, data, 0);
  }
  const int32_t *const places[2] = {events[0], events[1]};
  int first = counts[0] == 0;
  return rp_assemble(run, values + first, places + first, counts + first, 2 - first, m->dist.n_events, size);
}

static rp_node_id observed_in_batch(rp_run *run, rp_message *m) {
  if (run->options->simulate) return rp_run_add_ancestral(run, m);
  const int64_t n = m->dist.n_events, size = m->dist.event_size;
  rp_node_id x = n == 1 || size == 1 ? m->data : rp_transpose(run->graph, m->data, n, size);
  return rp_run_add_part(run, m, RP_SOURCE_OBSERVED, x, NULL);
}

/* Whether some of the events, but not all, will be drawn ancestrally: events[0] are inferred, events[1] drawn
 * (positions within the message). */
static int split(rp_run *run, const rp_message *m, int32_t *events[2], int64_t counts[2]) {
  const rp_node *mask = rp_graph_node(run->graph, m->mask);
  int64_t n = m->dist.n_events;
  counts[0] = counts[1] = 0;
  if (n < 2 || run->options->prior || run->options->sampled || !rp_distribution_can_sample(&m->dist)) return 0;
  for (int k = 0; k < 2; k++) {
    events[k] = rp_pool_array(run->pool, n, sizeof *events[k]);
    if (!events[k]) return rp_fail_memory(run->status, "a site"), 0;
  }
  for (int64_t b = 0; b < n; b++) {
    double counted = mask->op != RP_OP_CONST ? 1 : mask->n == 1 ? mask->value : mask->data[b];
    int drawn = counted == 0 || !rp_run_is_inferred(run, m, m->events[b]);
    events[drawn][counts[drawn]++] = (int32_t) b;
  }
  return counts[0] > 0 && counts[1] > 0;
}

/* The inferred events and the drawn ones go their own ways from here on, so that no density is computed of, or
 * derivative taken through, a random draw. */
static rp_node_id in_two(rp_run *run, rp_message *m, int32_t *const events[2], const int64_t counts[2]) {
  rp_node_id values[2];
  for (int k = 0; k < 2; k++) {
    rp_message part = rp_message_select(run, m, events[k], counts[k]);
    values[k] = latent(run, &part);
  }
  const int32_t *const places[2] = {events[0], events[1]};
  return rp_assemble(run, values, places, counts, 2, m->dist.n_events, m->dist.event_size);
}

/* Splits the events into known, unknown and partly known ones, each a message of its own. */
static rp_node_id partly_observed(rp_run *run, rp_message *m) {
  enum { KNOWN, UNKNOWN, PARTIAL, KINDS };
  int64_t n = m->dist.n_events, size = m->dist.event_size, counts[KINDS] = {0};
  int32_t *events[KINDS];
  rp_node_id values[KINDS] = {RP_NONE, RP_NONE, RP_NONE};
  for (int k = 0; k < KINDS; k++) {
    events[k] = rp_pool_array(run->pool, n, sizeof *events[k]);
    if (!events[k]) return rp_fail_memory(run->status, "a partly observed site"), RP_NONE;
  }
  for (int64_t b = 0; b < n; b++) {
    int64_t missing = 0;
    for (int64_t e = 0; e < size; e++) missing += isnan(m->observed[b * size + e]);
    int kind = missing == 0 ? KNOWN : missing == size ? UNKNOWN : PARTIAL;
    events[kind][counts[kind]++] = (int32_t) b;
  }
  int n_kinds = 0;
  for (int k = 0; k < KINDS && run->status->code == RP_OK; k++) {
    if (counts[k] == 0) continue;
    rp_message part = counts[k] == n ? *m : rp_message_select(run, m, events[k], counts[k]);
    double *data = rp_pool_array(run->pool, counts[k] * size, sizeof *data);
    if (!data) return rp_fail_memory(run->status, "a partly observed site"), RP_NONE;
    for (int64_t i = 0; i < counts[k] * size; i++) data[i] = m->observed[events[k][i / size] * size + i % size];
    part.observed = NULL;
    if (k != KNOWN) rp_handlers_fill(run, &part);
    if (k != UNKNOWN) part.observed = data;
    values[n_kinds] = part.value != RP_NONE ? filled(run, &part)
                      : k == KNOWN          ? observed(run, &part)
                      : k == UNKNOWN        ? latent(run, &part)
                                            : rp_run_add_partial(run, &part);
    events[n_kinds] = events[k];
    counts[n_kinds++] = counts[k];
  }
  const int32_t *const places[KINDS] = {events[0], events[1], events[2]};
  return run->status->code == RP_OK ? rp_assemble(run, values, places, counts, n_kinds, n, size) : RP_NONE;
}

/* Events whose unknown numbers a handler gives; those that are known stay. */
static rp_node_id filled(rp_run *run, rp_message *m) {
  rp_graph *g = run->graph;
  int64_t n = m->dist.n_events * m->dist.event_size;
  double *unknown = rp_pool_array(run->pool, n, sizeof *unknown);
  double *known = rp_pool_array(run->pool, n, sizeof *known);
  if (!unknown || !known) return rp_fail_memory(run->status, "a partly observed site"), RP_NONE;
  for (int64_t i = 0; i < n; i++) {
    unknown[i] = !m->observed || isnan(m->observed[i]);
    known[i] = unknown[i] != 0 ? 0 : m->observed[i];
  }
  m->value = rp_select(g, rp_data(g, unknown, n), m->value, rp_data(g, known, n));
  return rp_run_add_part(run, m, m->source, m->value, NULL);
}

rp_message rp_message_auxiliary(rp_run *run, const rp_message *parent, const char *suffix,
                                const rp_distribution *dist) {
  rp_message m = *parent;
  m.original = parent->original ? parent->original : parent->name;
  m.name = rp_pool_format(run->pool, "%s_%s", parent->name, suffix);
  if (!m.name) rp_fail_memory(run->status, "a name"), m.name = "";
  m.dist = *dist;
  m.value = m.initial = RP_NONE;
  m.source = RP_SOURCE_UNSET;
  m.observed = NULL;
  m.data = RP_NONE;
  m.rest = NULL;
  m.chain_left = 0;
  m.centered = 0;
  m.depth = parent->depth + 1;
  return m;
}

rp_node_id rp_run_fail(rp_run *run, rp_code code, const char *site, const char *format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  rp_fail(run->status, code, site, "%s", message);
  return RP_NONE;
}

void rp_run_warn(rp_run *run, const char *text) {
  int32_t capacity = (int32_t) (sizeof run->warnings / sizeof *run->warnings);
  char *copy = run->n_warnings < capacity ? rp_pool_text(run->pool, text) : NULL;
  if (copy) run->warnings[run->n_warnings++] = copy;
}
