#include "reparam.h"

#include <stdio.h>
#include <string.h>

#include "handler.h"
#include "run_parts.h"

enum { MAX_DEPTH = 16 };

static rp_reparam_result apply_chain(rp_run *run, const rp_reparam *parts, int32_t n, rp_message *message);
static rp_reparam_result fail_not_applicable(rp_run *run, const rp_reparameterizer *what, const rp_message *message);
static rp_reparam_result not_whole(rp_run *run, const rp_reparameterizer *what, const rp_message *message);
static rp_node_id repeat(rp_run *run, rp_node_id a, int64_t n, int64_t k);

const rp_reparameterizer *rp_reparameterizer_find(const char *name) {
  static const rp_reparameterizer *const all[] = {
#define RP_REPARAMETERIZER(name) &rp_reparam_##name,
#include "reparam/reparameterizers.def"
#undef RP_REPARAMETERIZER
  };
  for (size_t k = 0; k < sizeof all / sizeof *all; k++)
    if (strcmp(all[k]->name, name) == 0) return all[k];
  return NULL;
}

rp_reparam_result rp_reparam_apply(rp_run *run, const rp_reparam *reparam, rp_message *message) {
  if (message->depth > MAX_DEPTH) {
    rp_run_fail(run, RP_UNSUPPORTED, message->original ? message->original : message->name,
                "its reparameterization never ends: each auxiliary site is reparameterized again, more than %d times",
                MAX_DEPTH);
    return RP_REPARAM_PASSED;
  }
  if (!reparam->what) return apply_chain(run, reparam->parts, reparam->n_parts, message);
  if (!reparam->what->applies(run, message)) return fail_not_applicable(run, reparam->what, message);
  return rp_reparam_use(run, reparam->what, reparam, message);
}

rp_reparam_result rp_reparam_use(rp_run *run, const rp_reparameterizer *what, const rp_reparam *settings,
                                 rp_message *message) {
  rp_reparam_result result = RP_REPARAM_KEPT;
  int acts = !message->observed || what->observed;
  if (message->weighed && !message->rest && !what->weighs && acts) rp_message_unweigh(run, message);
  if (message->observed) {
    if (what->observed) result = what->observed(run, settings, message);
  } else if (what->couples && message->dist.n_events != message->n_site_events) {
    result = not_whole(run, what, message);
  } else {
    result = what->latent(run, settings, message);
  }
  return run->status->code == RP_OK ? result : RP_REPARAM_PASSED;
}

/* The first part that replaces the message leaves the rest to the auxiliary site it makes. A transform that has
 * nothing to strip is passed over, so that decenter() serves plain and transformed sites alike. */
static rp_reparam_result apply_chain(rp_run *run, const rp_reparam *parts, int32_t n, rp_message *message) {
  rp_reparam_result result = RP_REPARAM_KEPT;
  for (int32_t i = 0; i < n && result != RP_REPARAM_REPLACED && run->status->code == RP_OK; i++) {
    message->chain = parts + i + 1;
    message->chain_left = n - i - 1;
    if (parts[i].what == &rp_reparam_transform && !rp_reparam_transform.applies(run, message)) continue;
    rp_reparam_result here = rp_reparam_apply(run, &parts[i], message);
    if (here > result) result = here;
    if (parts[i].what == &rp_reparam_transform) break; /* the base site takes the rest */
  }
  message->chain_left = 0;
  return run->status->code == RP_OK ? result : RP_REPARAM_PASSED;
}

static rp_reparam_result fail_not_applicable(rp_run *run, const rp_reparameterizer *what, const rp_message *message) {
  char description[64];
  rp_distribution_describe(&message->dist, description, sizeof description);
  rp_run_fail(run, RP_UNSUPPORTED, message->name, "reparam_%s() needs %s, but this site is %s() with support %s",
              what->name, what->needs, description, rp_support_name(message->dist.family->support_kind));
  return RP_REPARAM_PASSED;
}

/* Some elements are observed: the others keep their own coordinates. */
static rp_reparam_result not_whole(rp_run *run, const rp_reparameterizer *what, const rp_message *message) {
  const rp_statement *s = message->statement;
  if (s->element >= 0 || s->elements) {
    rp_run_fail(run, RP_UNSUPPORTED, message->name,
                "reparam_%s() mixes the elements of a site, but this one is drawn in several statements", what->name);
    return RP_REPARAM_PASSED;
  }
  rp_run_warn(
      run,
      rp_pool_format(run->pool,
                     "reparam_%s() mixes the elements of a site; `%s` is observed or masked in part and is left alone",
                     what->name, message->name));
  return RP_REPARAM_KEPT;
}

/* ---- what reparameterizers share ---- */

int rp_message_is(const rp_message *message, const char *family) {
  return message->dist.n_transforms == 0 && strcmp(message->dist.family->name, family) == 0;
}

rp_distribution rp_reparam_noise(const char *family, int64_t n, rp_node_id a, rp_node_id b) {
  rp_distribution d = {.family = rp_family_find(family), .n_events = n, .event_size = 1, .mask = RP_NONE};
  for (int k = 0; k < RP_MAX_ARGUMENTS; k++) d.arguments[k] = RP_NONE, d.widths[k] = 1;
  d.arguments[0] = a;
  d.arguments[1] = b;
  return d;
}

rp_message rp_reparam_elements(rp_run *run, const rp_message *parent, const char *suffix, const rp_distribution *noise,
                               int64_t k) {
  rp_message m = rp_message_auxiliary(run, parent, suffix, noise);
  int64_t n = noise->n_events / k;
  m.n_site_events = parent->n_site_events * k;
  int32_t *events = rp_pool_array(run->pool, n * k, sizeof *events);
  if (!events) {
    rp_fail_memory(run->status, "an auxiliary site");
    return m;
  }
  for (int64_t e = 0; e < k; e++)
    for (int64_t i = 0; i < n; i++) events[i + e * n] = (int32_t) (parent->events[i] + e * parent->n_site_events);
  m.events = events;
  m.mask = repeat(run, m.mask, n, k);
  m.scale = repeat(run, m.scale, n, k);
  return m;
}

rp_node_id rp_reparam_events(rp_graph *g, rp_node_id elements, int64_t n_events, int64_t k) {
  if (n_events == 1 || k == 1) return elements;
  return rp_transpose(g, rp_broadcast(g, elements, n_events * k), n_events, k);
}

/* One number per event as one per element, event by event k times. */
static rp_node_id repeat(rp_run *run, rp_node_id a, int64_t n, int64_t k) {
  return rp_graph_node(run->graph, a)->n == 1 ? a : rp_recycle(run->graph, a, n * k);
}

rp_reparam_result rp_reparam_changed(rp_run *run, rp_message *message, const rp_distribution *dist, const char *by) {
  /* The base of an observed site is observed through it and is no site of its own. */
  rp_site_info *site = message->observed && message->original ? NULL : rp_run_site(run, message);
  if (site) site->why = by;
  message->dist = *dist;
  return RP_REPARAM_CHANGED;
}

rp_node_id rp_reparam_draw(rp_run *run, const rp_message *parent, rp_message *auxiliary, int chained) {
  if (chained) {
    auxiliary->chain = parent->chain;
    auxiliary->chain_left = parent->chain_left;
  }
  return run->status->code == RP_OK ? rp_run_draw(run, auxiliary) : RP_NONE;
}

int rp_reparam_is_set(rp_run *run, const rp_message *auxiliary) {
  rp_message copy = *auxiliary;
  rp_handlers_set_value(run, &copy);
  return copy.value != RP_NONE || copy.observed;
}
