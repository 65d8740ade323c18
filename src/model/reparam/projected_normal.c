/* projected_normal(): x ~ projected normal (concentration c) is (n + c) / |n + c| with n ~ Normal(0, I).
 * Auxiliary site: x_normal, of the shape of x.  An observed site keeps its density, which is known.  Inverse: n = x -
 * c. */
#include "../../bij/events.h"
#include "../../graph/shorthand.h"
#include "../reparam.h"
#include "../run_parts.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return rp_message_is(message, "projected_normal");
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_graph *g = run->graph;
  const rp_distribution *d = &message->dist;
  int64_t n = d->n_events, k = d->event_size;
  rp_node_id c = rp_recycle(g, d->arguments[0], n * k);
  rp_distribution normal = rp_reparam_noise("normal", n * k, rp_const(g, 0), rp_const(g, 1));
  rp_message auxiliary = rp_reparam_elements(run, message, "normal", &normal, k);
  if (message->initial != RP_NONE) auxiliary.initial = rp_from_events(g, rp_sub(g, message->initial, c), n, k);
  rp_node_id noise = rp_reparam_draw(run, message, &auxiliary, 1);
  if (noise == RP_NONE) return RP_REPARAM_PASSED;
  rp_node_id direction = rp_broadcast(g, rp_add(g, rp_reparam_events(g, noise, n, k), c), n * k);
  rp_node_id length = rp_sqrt(g, rp_event_sum(g, rp_square(g, direction), n, k));
  message->value = rp_div(g, direction, rp_event_repeat(g, length, n, k));
  rp_run_replaced(run, message, "projected_normal");
  return RP_REPARAM_REPLACED;
}

const rp_reparameterizer rp_reparam_projected_normal = {
    .name = "projected_normal", .needs = "projected_normal()", .applies = applies, .latent = latent};
