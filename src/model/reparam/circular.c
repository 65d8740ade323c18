/* circular(): a site on the circle is wrapped from the line, so that a sampler may go round: x = wrap(y) to (-pi,
 * pi], y with the proper density f(wrap y) h(y) / sum_k h(y + 2 pi k), h = Normal(location, 2 pi).  Auxiliary site:
 * x_unwrapped. By Poisson's summation 2 pi sum_k h(y + 2 pi k) = 1 + 2 exp(-2 pi^2) cos(y - location) + ..., the next
 * term being 1e-34. */
#include <math.h>

#include "../../core/random.h"
#include "../../dist/terms.h"
#include "../reparam.h"
#include "../run_parts.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return message->dist.n_transforms == 0 && message->dist.family->support_kind == RP_SUPPORT_CIRCLE;
}

/* Which turn y is on, given x: y = x + 2 pi k with probability proportional to h(y). */
static void turn(rp_random *r, const double *const *a, int64_t event_size, double *y) {
  (void) event_size;
  double weights[19], distance = (a[0][0] - a[1][0]) / (2 * RP_PI), nearest = nearbyint(distance);
  for (int k = 0; k < 19; k++) weights[k] = exp(-0.5 * (distance - nearest + k - 9) * (distance - nearest + k - 9));
  *y = a[0][0] + 2 * RP_PI * ((double) rp_sample_category(r, weights, 19) - 9 - nearest);
}

static rp_node_id location_of(rp_graph *g, const rp_distribution *d) {
  for (int32_t k = 0; k < d->family->n_arguments; k++)
    if (d->family->arguments[k].constraint == RP_ARG_REAL) return d->arguments[k];
  return rp_const(g, 0);
}

/* 2 pi only for the wrapping: x in (-pi, pi]. */
static rp_node_id wrap(rp_graph *g, rp_node_id y) {
  rp_node_id turns = rp_unary(g, RP_OP_CEILING, rp_times(g, 1 / (2 * RP_PI), rp_plus(g, y, -RP_PI)));
  return rp_sub(g, y, rp_times(g, 2 * RP_PI, turns));
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_graph *g = run->graph;
  const rp_distribution *d = &message->dist;
  rp_node_id location = location_of(g, d);
  rp_distribution line = rp_reparam_noise("normal", d->n_events, location, rp_const(g, 2 * RP_PI));
  rp_message auxiliary = rp_message_auxiliary(run, message, "unwrapped", &line);
  auxiliary.initial = message->initial;
  rp_part term = {.unconstrained = RP_NONE, .initial = RP_NONE, .term = RP_NONE};
  rp_node_id y;
  int from_prior = run->options->prior && !rp_reparam_is_set(run, &auxiliary);
  if (from_prior) {
    rp_node_id x = rp_distribution_random(g, d, rp_random_site(message->name, (uint32_t) message->events[0] + 1));
    const rp_node_id of[2] = {rp_broadcast(g, x, d->n_events), location};
    const int64_t widths[2] = {1, 1};
    auxiliary.source = RP_SOURCE_COMPUTED;
    auxiliary.value = rp_random_node(g, turn, rp_random_site(auxiliary.name, (uint32_t) message->events[0] + 1), of,
                                     widths, 2, d->n_events, 1);
    y = rp_run_draw(run, &auxiliary);
  } else {
    y = rp_reparam_draw(run, message, &auxiliary, 1);
  }
  if (y == RP_NONE) return RP_REPARAM_PASSED;
  message->value = wrap(g, y);
  if (!run->options->prior || run->options->all_terms) {
    rp_node_id ripple = rp_times(g, 2 * exp(-2 * RP_PI * RP_PI), rp_unary(g, RP_OP_COS, rp_sub(g, y, location)));
    rp_node_id turns = rp_plus(g, rp_log1p(g, ripple), -log(2 * RP_PI));
    term.term = rp_sub(g, rp_distribution_log_density(g, d, message->value, 1), turns);
  }
  rp_site_info *site = rp_run_site(run, message);
  if (!site) return RP_REPARAM_PASSED;
  site->reparameterized = 1;
  site->why = "circular";
  rp_run_add_part(run, message, RP_SOURCE_COMPUTED, message->value, &term);
  return RP_REPARAM_REPLACED;
}

const rp_reparameterizer rp_reparam_circular = {
    .name = "circular", .needs = "a distribution on the circle", .applies = applies, .latent = latent};
