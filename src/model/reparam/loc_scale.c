/* loc_scale(): x ~ f(m, s) becomes z ~ f(c m, s^c), x = m + s^(1-c) (z - c m), with centering c in [0, 1]
 * (Papaspiliopoulos, Roberts and Skold 2007; Gorinova, Moore and Hoffman 2020); auxiliary site: x_decentered.
 *
 * A centering that is adapted or learned belongs to each element and uses (s/s0)^(1-c) in place of s^(1-c), with a
 * reference scale s0 per element, so that it does not depend on the units of the data; s0 = 1 where c is learned.
 * The prior of z is evaluated from z or the residual, never from x - m, which cancels when s is tiny. */
#include "../reparam.h"

#include <stdlib.h>
#include <string.h>

#include "../../bij/events.h"
#include "../../bij/parts.h"
#include "../../graph/shorthand.h"
#include "../run_parts.h"

static rp_node_id draw_fixed(rp_run *run, rp_node_id c, rp_message *message);
static rp_node_id draw_flexible(rp_run *run, rp_message *message);
static int is_mvn(const rp_distribution *d);
static rp_reparam_result multivariate(rp_run *run, const rp_reparam *settings, rp_message *message, int adapts);
static rp_node_id given(rp_run *run, const rp_reparam *settings, const rp_message *message);
static int are_all(const rp_reparam *settings, double centered);
static int keeps_shape(rp_run *run, const rp_reparam *settings, const rp_message *message);
static rp_code add_adapted(rp_run *run, const rp_message *auxiliary, rp_adapted adapted);

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  const rp_distribution *d = &message->dist;
  if (is_mvn(d)) return d->n_transforms == 0 && d->group <= 1 && !d->compound;
  return d->family->location >= 0 && d->family->scale >= 0 && d->n_transforms == 0 && d->family->event_dim == 0 &&
         d->group <= 1 && d->family->support_kind == RP_SUPPORT_REAL;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  const int mvn = is_mvn(&message->dist);
  if (!mvn && !keeps_shape(run, settings, message)) return RP_REPARAM_PASSED;
  /* a sampler looks at adapted elements without knowing what the summed-out sites are */
  int is_known = !rp_reparam_is_discrete(run, &message->dist);
  int can_adapt = run->options->centering == RP_CENTERING_ADAPTED && (mvn || message->dist.family->score) && is_known;
  int adapts = settings->n_centered == 0 && (can_adapt || run->options->centering == RP_CENTERING_LEARNED);
  if (mvn) return are_all(settings, 1) ? RP_REPARAM_KEPT : multivariate(run, settings, message, adapts);
  rp_node_id c = adapts ? RP_NONE : given(run, settings, message), log_stretch = RP_NONE;
  if (adapts) {
    if (draw_flexible(run, message) == RP_NONE) return RP_REPARAM_PASSED;
  } else {
    if (c == RP_NONE) return RP_REPARAM_PASSED;
    if (rp_is_all(run->graph, c, 1)) return RP_REPARAM_KEPT;
    log_stretch = draw_fixed(run, c, message);
    if (log_stretch == RP_NONE) return RP_REPARAM_PASSED;
  }
  rp_run_replaced(run, message, "loc_scale");
  if (!adapts) rp_run_add_jacobian(run, message, log_stretch);
  return RP_REPARAM_REPLACED;
}

const rp_reparameterizer rp_reparam_loc_scale = {
    .name = "loc_scale",
    .weighs = 1,
    .needs = "a distribution with location and scale on the real line or a multivariate normal",
    .applies = applies,
    .latent = latent,
};

/* A centering that is not given is 0. */
static int are_all(const rp_reparam *settings, double centered) {
  int all = settings->n_centered > 0 || centered == 0;
  for (int64_t i = 0; i < settings->n_centered; i++) all &= settings->centered[i] == centered;
  return all;
}

/* The user's centering for the message's elements; 0 where it says nothing and nothing is chosen for it. */
static rp_node_id given(rp_run *run, const rp_reparam *settings, const rp_message *message) {
  if (settings->n_centered <= 1) return rp_const(run->graph, settings->n_centered ? settings->centered[0] : 0);
  int64_t n = message->dist.n_events;
  double *c = rp_pool_array(run->pool, n, sizeof *c);
  if (!c) return rp_fail_memory(run->status, "the centering"), RP_NONE;
  if (settings->n_centered != message->n_site_events)
    return rp_run_fail(run, RP_BAD_ARGUMENT, message->name,
                       "`centered` has length %lld, but the site has %lld elements", (long long) settings->n_centered,
                       (long long) message->n_site_events);
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
      return rp_run_fail(run, RP_BAD_ARGUMENT, message->name,
                         "`shape_params` names `%s`, which is no shape parameter of %s()", settings->shape_params[i],
                         family->name) != RP_NONE;
  }
  return 1;
}

/* Draws the auxiliary site at centering c and computes message->value; the log of the stretch dx / dz, RP_NONE on
 * failure. */
static rp_node_id draw_fixed(rp_run *run, rp_node_id c, rp_message *message) {
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
  if (z == RP_NONE) return RP_NONE;
  message->value = rp_add(g, m, rp_mul(g, stretch, none ? z : rp_sub(g, z, shift)));
  return rp_log(g, stretch);
}

/* The same where c and s0 are run-time inputs (adapted), or c is a learned parameter per element; what comes back is
 * the residual x - m. */
static rp_node_id draw_flexible(rp_run *run, rp_message *message) {
  rp_graph *g = run->graph;
  int64_t n = message->dist.n_events, base = run->n_centered;
  rp_distribution residual_of = message->dist;
  rp_node_id m = residual_of.arguments[residual_of.family->location],
             s = residual_of.arguments[residual_of.family->scale];
  rp_node_id c, log_s0, log_s = rp_log(g, s);
  if (run->options->centering == RP_CENTERING_ADAPTED) {
    run->n_centered += n;
    c = rp_input(g, 2 * base, n);
    log_s0 = rp_log(g, rp_input(g, 2 * base + n, n));
  } else {
    c = rp_run_add_centering(run, message);
    log_s0 = rp_const(g, 0);
    if (c == RP_NONE) return RP_NONE;
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
  if (z == RP_NONE) return RP_NONE;
  rp_node_id residual = rp_mul(g, stretch, rp_sub(g, z, auxiliary.shift));
  rp_adapted adapted = {.base = base, .residual = residual, .location = m, .log_scale = log_s};
  if (run->options->centering == RP_CENTERING_ADAPTED && add_adapted(run, &auxiliary, adapted) != RP_OK) return RP_NONE;
  message->value = rp_add(g, m, residual);
  return residual;
}

/* ---- multivariate normals ----
 *
 * With L the Cholesky factor of the covariance, an element given those before it is normal, x_k ~ N(m_k + sum over
 * j < k of L_kj e_j, L_kk), e_j = (x_j - its location) / L_jj being the whitened residual. So each has a centering of
 * its own. */

static int is_mvn(const rp_distribution *d) {
  return strcmp(d->family->name, "mvn") == 0 || strcmp(d->family->name, "mvn_cholesky") == 0;
}

/* Element k of every event as a message of a univariate normal. */
static rp_message element_of(rp_run *run, const rp_message *message, int64_t k, rp_node_id location, rp_node_id scale) {
  rp_graph *g = run->graph;
  const int64_t n = message->dist.n_events, size = message->dist.event_size;
  rp_distribution normal = rp_reparam_noise("normal", n, location, scale);
  rp_message m = *message;
  m.dist = normal;
  m.n_site_events *= size;
  int32_t *events = rp_pool_array(run->pool, n, sizeof *events),
          *of_event = rp_pool_array(run->pool, n, sizeof *of_event);
  if (!events || !of_event) {
    rp_fail_memory(run->status, "a site's elements");
    return m;
  }
  for (int64_t i = 0; i < n; i++) {
    events[i] = message->events[i] + (int32_t) (k * message->n_site_events);
    of_event[i] = (int32_t) (i * size + k);
  }
  m.events = events;
  if (message->initial != RP_NONE)
    m.initial = rp_gather(g, rp_broadcast(g, message->initial, n * size), of_event, n);
  return m;
}

/* Of element k of each event given those before it. */
static rp_node_id location_of(rp_run *run, const rp_message *message, rp_node_id l, const rp_node_id *whitened,
                              int64_t k) {
  rp_graph *g = run->graph;
  const rp_distribution *d = &message->dist;
  const int64_t n = d->n_events, size = d->event_size, n_mean = rp_size_of(g, d->arguments[0]);
  int32_t *of_mean = rp_pool_array(run->pool, n, sizeof *of_mean), *row = rp_pool_array(run->pool, k + 1, sizeof *row);
  if (!of_mean || !row) return rp_fail_memory(run->status, "a site's elements"), RP_NONE;
  for (int64_t i = 0; i < n; i++) of_mean[i] = (int32_t) ((d->widths[0] == 1 ? i : i * size + k) % n_mean);
  rp_node_id mean = rp_gather(g, d->arguments[0], of_mean, n);
  if (k == 0) return mean;
  for (int64_t j = 0; j < k; j++) row[j] = (int32_t) (k + j * size);
  rp_node_id before = rp_matmul(g, rp_concat(g, whitened, (int32_t) k), rp_gather(g, l, row, k), n, k, 1, 0, 0);
  return rp_add(g, mean, before);
}

/* Of all elements, in the engine's layout. */
static rp_node_id means_of(rp_run *run, const rp_distribution *d) {
  rp_graph *g = run->graph;
  if (d->widths[0] == 1 && rp_size_of(g, d->arguments[0]) == d->n_events)
    return rp_event_repeat(g, d->arguments[0], d->n_events, d->event_size);
  return rp_recycle(g, d->arguments[0], d->n_events * d->event_size);
}

/* x = mean + L e, e in R's layout. All of an event depends on all of its e, so that none is drawn apart from the
 * others. */
static rp_node_id unwhiten(rp_run *run, const rp_distribution *d, rp_node_id l, rp_node_id e) {
  rp_graph *g = run->graph;
  const int64_t n = d->n_events, size = d->event_size;
  e = rp_broadcast(g, rp_reparam_events(g, e, n, size), n * size);
  return rp_add(g, means_of(run, d), rp_matmul(g, l, e, size, size, n, 0, 0));
}

/* z is standard normal. */
static rp_reparam_result whiten(rp_run *run, rp_message *message, rp_node_id l) {
  rp_graph *g = run->graph;
  const rp_distribution *d = &message->dist;
  const int64_t n = d->n_events, size = d->event_size;
  rp_distribution noise = rp_reparam_noise("normal", n * size, rp_const(g, 0), rp_const(g, 1));
  rp_message auxiliary = rp_reparam_elements(run, message, "decentered", &noise, size);
  if (message->initial != RP_NONE) {
    rp_node_id residual = rp_sub(g, rp_broadcast(g, message->initial, n * size), means_of(run, d));
    auxiliary.initial = rp_from_events(g, rp_tri_solve(g, l, residual, size, n, 1, 0), n, size);
  }
  rp_node_id z = rp_reparam_draw(run, message, &auxiliary, 1);
  if (z == RP_NONE) return RP_REPARAM_PASSED;
  message->value = unwhiten(run, d, l, z);
  rp_run_replaced(run, message, "loc_scale");
  rp_run_add_jacobian(run, message, rp_sum(g, rp_log(g, rp_diagonal_of(g, l, 1, size))));
  return RP_REPARAM_REPLACED;
}

static rp_reparam_result multivariate(rp_run *run, const rp_reparam *settings, rp_message *message, int adapts) {
  rp_graph *g = run->graph;
  const rp_distribution *d = &message->dist;
  const int64_t n = d->n_events, size = d->event_size;
  rp_node_id l = strcmp(d->family->name, "mvn") == 0 ? rp_cholesky(g, d->arguments[1], size) : d->arguments[1];
  rp_node_id log_jacobian = rp_const(g, 0);
  if (!adapts && are_all(settings, 0)) return whiten(run, message, l);
  rp_node_id *whitened = rp_pool_array(run->pool, size, sizeof *whitened);
  if (!whitened) return rp_fail_memory(run->status, "a site's elements"), RP_REPARAM_PASSED;
  for (int64_t k = 0; k < size; k++) {
    rp_node_id scale = rp_slice(g, l, k + k * size, 1), location = location_of(run, message, l, whitened, k);
    if (location == RP_NONE) return RP_REPARAM_PASSED;
    rp_message element = element_of(run, message, k, location, scale);
    rp_node_id c = adapts ? RP_NONE : given(run, settings, &element);
    rp_node_id drawn = adapts ? draw_flexible(run, &element) : c == RP_NONE ? RP_NONE : draw_fixed(run, c, &element);
    if (drawn == RP_NONE) return RP_REPARAM_PASSED;
    whitened[k] = rp_broadcast(g, rp_div(g, adapts ? drawn : rp_sub(g, element.value, location), scale), n);
    if (!adapts) log_jacobian = rp_add(g, log_jacobian, drawn);
  }
  message->value = unwhiten(run, d, l, rp_concat(g, whitened, (int32_t) size));
  rp_run_replaced(run, message, "loc_scale");
  if (!adapts) rp_run_add_jacobian(run, message, log_jacobian);
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
