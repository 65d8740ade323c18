/* loc_scale(): x ~ f(m, s) becomes z ~ f(c m, s^c), x = m + s^(1-c) (z - c m), with centering c in [0, 1]
 * (Papaspiliopoulos, Roberts and Skold 2007; Gorinova, Moore and Hoffman 2020); auxiliary site: x_decentered.
 *
 * A centering that is adapted or learned belongs to each element and uses (s/s0)^(1-c) in place of s^(1-c), with a
 * reference scale s0 per element, so that it does not depend on the units of the data; s0 = 1 where c is learned.
 * The prior of z is evaluated from z or the residual, never from x - m, which cancels when s is tiny. */
#include "../reparam.h"

#include <stdlib.h>
#include <string.h>

#include "../../graph/shorthand.h"
#include "../discrete.h"
#include "../run_parts.h"

static rp_reparam_result fixed(rp_run *run, rp_node_id c, rp_message *message);
static rp_reparam_result flexible(rp_run *run, rp_message *message);
static rp_node_id given(rp_run *run, const rp_reparam *settings, const rp_message *message);
static int keeps_shape(rp_run *run, const rp_reparam *settings, const rp_message *message);
static rp_code add_adapted(rp_run *run, const rp_message *auxiliary, rp_adapted adapted);

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  const rp_distribution *d = &message->dist;
  return d->family->location >= 0 && d->family->scale >= 0 && d->n_transforms == 0 && d->family->event_dim == 0 &&
         d->group <= 1 && d->family->support_kind == RP_SUPPORT_REAL;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  if (!keeps_shape(run, settings, message)) return RP_REPARAM_PASSED;
  if (settings->n_centered > 0) {
    rp_node_id c = given(run, settings, message);
    if (c == RP_NONE) return RP_REPARAM_PASSED;
    return rp_is_all(run->graph, c, 1) ? RP_REPARAM_KEPT : fixed(run, c, message);
  }
  const rp_distribution *d = &message->dist;
  /* a sampler looks at adapted elements without knowing what the summed-out sites are */
  int is_known = !rp_discrete_touches(run, d->arguments[d->family->location]) &&
                 !rp_discrete_touches(run, d->arguments[d->family->scale]);
  int can_adapt = run->options->centering == RP_CENTERING_ADAPTED && d->family->score && is_known;
  if (can_adapt || run->options->centering == RP_CENTERING_LEARNED) return flexible(run, message);
  return fixed(run, rp_const(run->graph, 0), message);
}

const rp_reparameterizer rp_reparam_loc_scale = {
    .name = "loc_scale",
    .weighs = 1,
    .needs = "a distribution with location and scale on the real line",
    .applies = applies,
    .latent = latent,
};

/* The user's centering for the message's elements. */
static rp_node_id given(rp_run *run, const rp_reparam *settings, const rp_message *message) {
  if (settings->n_centered == 1) return rp_const(run->graph, settings->centered[0]);
  int64_t n = message->dist.n_events;
  double *c = rp_pool_array(run->pool, n, sizeof *c);
  if (!c) return rp_fail_memory(run->status, "the centering"), RP_NONE;
  if (settings->n_centered != message->n_site_events)
    return rp_run_fail(run, RP_BAD_ARGUMENT, message->name, "`centered` has length %lld, but the site has %lld elements",
                       (long long) settings->n_centered, (long long) message->n_site_events);
  for (int64_t i = 0; i < n; i++) c[i] = settings->centered[message->events[i]];
  return rp_data(run->graph, c, n);
}

/* shape_params, when given, must name all arguments but location and scale: a family has no others to fall back on. */
static int keeps_shape(rp_run *run, const rp_reparam *settings, const rp_message *message) {
  const rp_family *family = message->dist.family;
  for (int32_t k = 0; k < family->n_arguments && settings->n_shape_params >= 0; k++) {
    int named = k == family->location || k == family->scale || message->dist.arguments[k] == RP_NONE;
    for (int32_t i = 0; i < settings->n_shape_params; i++)
      named |= strcmp(settings->shape_params[i], family->arguments[k].name) == 0;
    if (!named)
      return rp_run_fail(run, RP_BAD_ARGUMENT, message->name, "`shape_params` leaves out `%s`, which %s() needs",
                         family->arguments[k].name, family->name) != RP_NONE;
  }
  for (int32_t i = 0; i < settings->n_shape_params; i++) {
    int32_t k = 0;
    while (k < family->n_arguments && strcmp(settings->shape_params[i], family->arguments[k].name) != 0) k++;
    if (k == family->n_arguments || k == family->location || k == family->scale)
      return rp_run_fail(run, RP_BAD_ARGUMENT, message->name, "`shape_params` names `%s`, which is no shape parameter of %s()",
                         settings->shape_params[i], family->name) != RP_NONE;
  }
  return 1;
}

static rp_reparam_result fixed(rp_run *run, rp_node_id c, rp_message *message) {
  rp_graph *g = run->graph;
  rp_distribution noise = message->dist;
  rp_node_id m = noise.arguments[noise.family->location], s = noise.arguments[noise.family->scale];
  int none = rp_is_all(g, c, 0);
  rp_node_id shift = none ? rp_const(g, 0) : rp_mul(g, c, m);
  rp_node_id stretch = none ? s : rp_exp(g, rp_mul(g, rp_minus_from(g, 1, c), rp_log(g, s)));
  noise.arguments[noise.family->location] = shift;
  noise.arguments[noise.family->scale] = none ? rp_const(g, 1) : rp_exp(g, rp_mul(g, c, rp_log(g, s)));
  rp_message auxiliary = rp_message_auxiliary(run, message, "decentered", &noise);
  if (message->initial != RP_NONE)
    auxiliary.initial = rp_add(g, rp_div(g, rp_sub(g, message->initial, m), stretch), shift);
  rp_node_id z = rp_reparam_draw(run, message, &auxiliary, 1);
  if (z == RP_NONE) return RP_REPARAM_PASSED;
  message->value = rp_add(g, m, rp_mul(g, stretch, none ? z : rp_sub(g, z, shift)));
  rp_run_replaced(run, message, "loc_scale");
  rp_run_add_jacobian(run, message, rp_log(g, stretch));
  return RP_REPARAM_REPLACED;
}

/* c and s0 are run-time inputs (adapted), or c is a learned parameter per element. */
static rp_reparam_result flexible(rp_run *run, rp_message *message) {
  rp_graph *g = run->graph;
  int64_t n = message->dist.n_events, base = run->n_centered;
  rp_distribution residual_of = message->dist;
  rp_node_id m = residual_of.arguments[residual_of.family->location], s = residual_of.arguments[residual_of.family->scale];
  rp_node_id c, log_s0, log_s = rp_log(g, s);
  if (run->options->centering == RP_CENTERING_ADAPTED) {
    run->n_centered += n;
    c = rp_input(g, 2 * base, n);
    log_s0 = rp_log(g, rp_input(g, 2 * base + n, n));
  } else {
    c = rp_run_add_centering(run, message);
    log_s0 = rp_const(g, 0);
    if (c == RP_NONE) return RP_REPARAM_PASSED;
  }
  residual_of.arguments[residual_of.family->location] = rp_const(g, 0);
  rp_message auxiliary = rp_message_auxiliary(run, message, "decentered", &residual_of);
  auxiliary.centered = 1;
  auxiliary.shift = rp_mul(g, c, m);
  auxiliary.log_stretch = rp_mul(g, rp_sub(g, rp_const(g, 1), c), rp_sub(g, log_s, log_s0));
  rp_node_id stretch = rp_exp(g, auxiliary.log_stretch);
  if (message->initial != RP_NONE)
    auxiliary.initial = rp_add(g, rp_div(g, rp_sub(g, message->initial, m), stretch), auxiliary.shift);
  rp_node_id z = rp_reparam_draw(run, message, &auxiliary, 1);
  if (z == RP_NONE) return RP_REPARAM_PASSED;
  rp_node_id residual = rp_mul(g, stretch, rp_sub(g, z, auxiliary.shift));
  rp_adapted adapted = {.base = base, .residual = residual, .location = m, .log_scale = log_s};
  if (run->options->centering == RP_CENTERING_ADAPTED && add_adapted(run, &auxiliary, adapted) != RP_OK) return RP_REPARAM_PASSED;
  message->value = rp_add(g, m, residual);
  rp_run_replaced(run, message, "loc_scale");
  return RP_REPARAM_REPLACED;
}

/* What the sampler needs to know of the message's elements to adapt them. */
static rp_code add_adapted(rp_run *run, const rp_message *auxiliary, rp_adapted adapted) {
  if (run->n_adapted == run->cap_adapted) {
    int32_t cap = run->cap_adapted ? 2 * run->cap_adapted : 16;
    rp_adapted *grown = realloc(run->adapted, (size_t) cap * sizeof *grown);
    if (!grown) return rp_fail_memory(run->status, "the centering");
    run->adapted = grown;
    run->cap_adapted = cap;
  }
  const rp_family *family = auxiliary->dist.family;
  adapted.site = auxiliary->name;
  adapted.original = auxiliary->original;
  adapted.n_events = auxiliary->dist.n_events;
  adapted.events = auxiliary->events;
  adapted.score = rp_run_weigh(run, auxiliary, family->score(run->graph, adapted.residual, auxiliary->dist.arguments));
  run->adapted[run->n_adapted++] = adapted;
  return RP_OK;
}
