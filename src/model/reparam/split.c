/* split(): x is put together from parts along a dim, so that they may be treated apart (a block of the metric, a
 * guide of their own): x_split_i is uniform on its slice of the support, without a density of its own, and the site
 * contributes log f(x). Drawn from the prior, x is drawn whole and the parts are cut from it. */
#include <math.h>
#include <stdio.h>

#include "../../graph/shorthand.h"
#include "../reparam.h"
#include "../run_parts.h"

typedef struct {
  int64_t before, length, after; /* numbers of the dims before it, its own, those after */
  int64_t first, size;           /* the slice */
} slice;

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete && message->dist.family->event_dim < 2;
}

static int find_sections(rp_run *run, const rp_reparam *settings, const rp_message *message, slice *whole, int32_t *n,
                         const int32_t **sizes);
static int bounds(rp_run *run, const rp_message *message, rp_node_id *lower, rp_node_id *upper);
static rp_node_id draw_part(rp_run *run, const rp_reparam *settings, const rp_message *message, slice part,
                            int32_t number, rp_node_id given);
static rp_node_id cut(rp_run *run, rp_node_id x, slice part);

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  rp_graph *g = run->graph;
  const rp_distribution *d = &message->dist;
  int64_t b = d->n_events, k = d->event_size;
  slice part;
  int32_t n = 0;
  const int32_t *sizes = NULL;
  if (!find_sections(run, settings, message, &part, &n, &sizes)) return RP_REPARAM_PASSED;
  rp_node_id given = RP_NONE;
  if (run->options->prior) given = rp_distribution_random(g, d, rp_random_site(message->name, 0));
  rp_node_id *parts = rp_pool_array(run->pool, n, sizeof *parts);
  int32_t *index = rp_pool_array(run->pool, b * k, sizeof *index), at = 0;
  if (!parts || !index) return rp_fail_memory(run->status, "a site's parts"), RP_REPARAM_PASSED;
  for (int32_t i = 0; i < n; i++, part.first += part.size) {
    part.size = sizes[i];
    parts[i] = draw_part(run, settings, message, part, i, given == RP_NONE ? RP_NONE : rp_from_events(g, given, b, k));
    if (parts[i] == RP_NONE) return RP_REPARAM_PASSED;
    for (int64_t c = 0; c < part.after; c++)
      for (int64_t e = part.first; e < part.first + part.size; e++)
        for (int64_t a = 0; a < part.before; a++) index[a + part.before * (e + part.length * c)] = at++;
  }
  rp_node_id x = rp_gather(g, rp_concat(g, parts, n), index, b * k);
  message->value = rp_reparam_events(g, x, b, k);
  rp_part term = {
      .term = rp_distribution_log_density(g, d, message->value, 1), .unconstrained = RP_NONE, .initial = RP_NONE};
  if (given != RP_NONE && !run->options->all_terms) term.term = RP_NONE;
  rp_site_info *site = rp_run_site(run, message);
  if (!site) return RP_REPARAM_PASSED;
  site->reparameterized = 1;
  site->why = "split";
  rp_run_add_part(run, message, RP_SOURCE_COMPUTED, message->value, &term);
  return RP_REPARAM_REPLACED;
}

const rp_reparameterizer rp_reparam_split = {
    .name = "split", .needs = "a continuous distribution of numbers or vectors", .couples = 1,
    .applies = applies, .latent = latent};

/* One size stands for equal chunks, the last of which may be shorter. */
static int find_sections(rp_run *run, const rp_reparam *settings, const rp_message *message, slice *whole, int32_t *n,
                         const int32_t **sizes) {
  if (settings->dim >= 0 || settings->dim < -message->n_dim)
    return rp_run_fail(run, RP_BAD_ARGUMENT, message->name,
                       "`dim` of reparam_split() is %d, but the site has %d dims, counted from the right",
                       settings->dim, message->n_dim) != RP_NONE;
  *whole = (slice){.before = 1, .after = 1};
  int32_t along = message->n_dim + settings->dim;
  for (int32_t k = 0; k < message->n_dim; k++) {
    if (k < along) whole->before *= message->dim[k];
    if (k == along) whole->length = message->dim[k];
    if (k > along) whole->after *= message->dim[k];
  }
  int64_t length = whole->length, sum = 0;
  *n = settings->n_sections;
  *sizes = settings->sections;
  if (*n == 1 && settings->sections[0] > 0 && settings->sections[0] < length) {
    int32_t chunk = settings->sections[0];
    *n = (int32_t) ((length + chunk - 1) / chunk);
    int32_t *chunks = rp_pool_array(run->pool, *n, sizeof *chunks);
    if (!chunks) return rp_fail_memory(run->status, "a site's parts"), 0;
    for (int32_t i = 0; i < *n; i++)
      chunks[i] = (i + 1) * (int64_t) chunk <= length ? chunk : (int32_t) (length - i * (int64_t) chunk);
    *sizes = chunks;
  }
  for (int32_t i = 0; i < *n; i++) sum += (*sizes)[i];
  if (sum == length) return 1;
  return rp_run_fail(run, RP_BAD_ARGUMENT, message->name,
                     "the sections of reparam_split() sum to %lld, but the site has length %lld along dim %d",
                     (long long) sum, (long long) length, settings->dim) != RP_NONE;
}

/* Of every element, in R's layout; supports whose elements depend on each other cannot be cut. */
static int bounds(rp_run *run, const rp_message *message, rp_node_id *lower, rp_node_id *upper) {
  rp_graph *g = run->graph;
  rp_support support;
  rp_node_id infinity = rp_const(g, HUGE_VAL), none = rp_const(g, -HUGE_VAL), zero = rp_const(g, 0);
  if (message->dist.unbounded) support.kind = RP_SUPPORT_REAL_VECTOR;
  else if (!rp_distribution_support(g, &message->dist, &support)) support.kind = RP_SUPPORT_SIMPLEX;
  *lower = none;
  *upper = infinity;
  switch (support.kind) {
  case RP_SUPPORT_REAL:
  case RP_SUPPORT_REAL_VECTOR:
    return 1;
  case RP_SUPPORT_POSITIVE:
  case RP_SUPPORT_NONNEGATIVE:
    *lower = zero;
    return 1;
  case RP_SUPPORT_UNIT:
    *lower = zero;
    *upper = rp_const(g, 1);
    return 1;
  case RP_SUPPORT_INTERVAL:
  case RP_SUPPORT_LOWER:
  case RP_SUPPORT_UPPER:
    if (support.lower != RP_NONE) *lower = support.lower;
    if (support.upper != RP_NONE) *upper = support.upper;
    return 1;
  default:
    break;
  }
  char description[64];
  rp_distribution_describe(&message->dist, description, sizeof description);
  return rp_run_fail(run, RP_UNSUPPORTED, message->name,
                     "reparam_split() cannot cut the support of %s(), whose elements depend on each other",
                     description) != RP_NONE;
}

/* The part's value in R's layout. given: the whole site's value, of which the part is only a record. */
static rp_node_id draw_part(rp_run *run, const rp_reparam *settings, const rp_message *message, slice part,
                            int32_t number, rp_node_id given) {
  rp_graph *g = run->graph;
  int64_t n = part.before * part.size * part.after, b = message->dist.n_events, k = message->dist.event_size;
  rp_node_id lower, upper;
  if (!bounds(run, message, &lower, &upper)) return RP_NONE;
  if (rp_size_of(g, lower) > 1) lower = cut(run, lower, part);
  if (rp_size_of(g, upper) > 1) upper = cut(run, upper, part);
  rp_distribution uniform = rp_reparam_noise("improper_uniform", n, lower, upper);
  char suffix[32];
  snprintf(suffix, sizeof suffix, "split_%d", number);
  rp_message auxiliary = rp_message_auxiliary(run, message, suffix, &uniform);
  auxiliary.dim[auxiliary.n_dim + settings->dim] = part.size;
  auxiliary.n_site_events = n;
  auxiliary.mask = auxiliary.scale = rp_const(g, 1);
  int32_t *events = rp_pool_array(run->pool, n, sizeof *events);
  if (!events) return rp_fail_memory(run->status, "a site's parts"), RP_NONE;
  for (int64_t i = 0; i < n; i++) events[i] = (int32_t) i;
  auxiliary.events = events;
  if (message->initial != RP_NONE)
    auxiliary.initial = cut(run, rp_from_events(g, rp_broadcast(g, message->initial, b * k), b, k), part);
  if (given == RP_NONE) return rp_reparam_draw(run, message, &auxiliary, 0);
  if (rp_reparam_is_set(run, &auxiliary))
    return rp_run_fail(run, RP_UNSUPPORTED, auxiliary.name,
                       "a site of which one part is set cannot be drawn from the prior");
  auxiliary.source = RP_SOURCE_COMPUTED;
  auxiliary.value = cut(run, rp_broadcast(g, given, b * k), part);
  return rp_run_draw(run, &auxiliary);
}

static rp_node_id cut(rp_run *run, rp_node_id x, slice part) {
  int64_t n = part.before * part.size * part.after, at = 0;
  int32_t *index = rp_pool_array(run->pool, n, sizeof *index);
  if (!index) return rp_fail_memory(run->status, "a site's parts"), RP_NONE;
  for (int64_t c = 0; c < part.after; c++)
    for (int64_t e = part.first; e < part.first + part.size; e++)
      for (int64_t a = 0; a < part.before; a++) index[at++] = (int32_t) (a + part.before * (e + part.length * c));
  return rp_gather(run->graph, x, index, n);
}
