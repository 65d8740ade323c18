/* explicit(): y = T(x) for the user's transforms T is drawn in place of x, from the push-forward of its distribution;
 * x = T^-1(y).  Auxiliary site: x_base. */
#include "../../dist/support.h"
#include "../../graph/shorthand.h"
#include "../reparam.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete;
}

static rp_node_id argument(rp_run *run, const rp_fixed_transform *t, int32_t k, const rp_message *message);

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  rp_graph *g = run->graph;
  rp_distribution y = message->dist, maps = message->dist;
  maps.n_transforms = 0;
  for (int32_t t = 0; t < settings->n_transforms; t++) {
    const rp_fixed_transform *from = &settings->transforms[t];
    rp_transform to = {.bijector = from->bijector, .inverted = from->inverted};
    for (int32_t k = 0; k < 4; k++) to.arguments[k] = argument(run, from, k, message);
    if (run->status->code != RP_OK) return RP_REPARAM_PASSED;
    if (from->bijector->domain_size || !rp_distribution_push(&y, to) || !rp_distribution_push(&maps, to)) {
      rp_run_fail(run, RP_UNSUPPORTED, message->name,
                  "reparam_explicit() takes at most %d transforms that keep the size of an event", RP_MAX_TRANSFORMS);
      return RP_REPARAM_PASSED;
    }
  }
  rp_support support;
  y.direct = rp_distribution_support(g, &y, &support) && rp_support_bijector(support.kind);
  rp_message auxiliary = rp_message_auxiliary(run, message, "base", &y);
  if (message->initial != RP_NONE) auxiliary.initial = rp_distribution_forward(g, &maps, message->initial);
  rp_node_id value = rp_reparam_draw(run, message, &auxiliary, 1);
  if (value == RP_NONE) return RP_REPARAM_PASSED;
  message->value = rp_distribution_inverse(g, &maps, value);
  rp_run_replaced(run, message, "explicit");
  return RP_REPARAM_REPLACED;
}

const rp_reparameterizer rp_reparam_explicit = {
    .name = "explicit", .needs = "a continuous distribution", .applies = applies, .latent = latent};

/* One number, or one per element of the site. */
static rp_node_id argument(rp_run *run, const rp_fixed_transform *t, int32_t k, const rp_message *message) {
  int64_t n = message->n_site_events * message->dist.event_size,
          all = message->dist.n_events * message->dist.event_size;
  if (k >= t->bijector->n_arguments) return RP_NONE;
  if (t->n[k] == 1) return rp_const(run->graph, t->arguments[k][0]);
  if (t->n[k] == n && all == n)
    return rp_reparam_events(run->graph, rp_data(run->graph, t->arguments[k], n), message->dist.n_events,
                             message->dist.event_size);
  return rp_run_fail(run, RP_BAD_ARGUMENT, message->name,
                     "`%s` of reparam_explicit() has %lld elements, but the site has %lld",
                     t->bijector->argument_names[k], (long long) t->n[k], (long long) n);
}
