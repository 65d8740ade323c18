/* transform(): a site whose distribution is the push-forward of a base through bijectors is drawn as its base.
 * x = T(b), b ~ base; auxiliary site: x_base.  An observed site keeps its density, Jacobian included; what is
 * configured for x_base acts on the base inside of it. */
#include "../handler.h"
#include "../reparam.h"
#include "../run_parts.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  rp_distribution base, transforms;
  return rp_distribution_base(&message->dist, &base, &transforms);
}

/* Batch dims stay; one event of another length is one dim. */
static void set_dims(rp_message *auxiliary, int64_t event_size) {
  int64_t n_events = auxiliary->n_site_events, batch = 1;
  int32_t k = 0;
  while (k < auxiliary->n_dim && batch < n_events) batch *= auxiliary->dim[k++];
  auxiliary->dim[k] = event_size;
  auxiliary->n_dim = k + 1;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_distribution base, transforms;
  rp_distribution_base(&message->dist, &base, &transforms);
  rp_message auxiliary = rp_message_auxiliary(run, message, "base", &base);
  if (base.event_size != message->dist.event_size) set_dims(&auxiliary, base.event_size);
  if (message->initial != RP_NONE)
    auxiliary.initial = rp_distribution_inverse(run->graph, &transforms, message->initial);
  rp_node_id b = rp_reparam_draw(run, message, &auxiliary, 1);
  if (b == RP_NONE) return RP_REPARAM_PASSED;
  message->value = rp_distribution_forward(run->graph, &transforms, b);
  rp_run_replaced(run, message, "transform");
  if (message->weighed) rp_run_add_jacobian(run, message, rp_distribution_log_jacobian(run->graph, &transforms, b));
  return RP_REPARAM_REPLACED;
}

static rp_reparam_result observed(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_distribution base, transforms;
  rp_distribution_base(&message->dist, &base, &transforms);
  rp_message auxiliary = rp_message_auxiliary(run, message, "base", &base);
  auxiliary.observed = message->observed;
  auxiliary.chain = message->chain;
  auxiliary.chain_left = message->chain_left;
  rp_message whole = *message;
  if (message->weighed) rp_message_unweigh(run, &whole);
  if (rp_handlers_reparameterize(run, &auxiliary) != RP_REPARAM_CHANGED) return RP_REPARAM_KEPT;
  if (auxiliary.rest) message->scale = whole.scale, message->rest = whole.rest, message->rest_scale = whole.rest_scale;
  rp_distribution changed = auxiliary.dist;
  for (int32_t t = 0; t < transforms.n_transforms; t++)
    if (!rp_distribution_push(&changed, transforms.transforms[t])) {
      rp_run_fail(run, RP_UNSUPPORTED, message->name, "it has more than %d transforms", RP_MAX_TRANSFORMS);
      return RP_REPARAM_PASSED;
    }
  return rp_reparam_changed(run, message, &changed, "transform");
}

const rp_reparameterizer rp_reparam_transform = {
    .name = "transform",
    .needs = "a transformed distribution",
    .weighs = 1,
    .applies = applies,
    .latent = latent,
    .observed = observed,
};
