/* Strategies: which reparameterizer a site gets when nobody has named one.
 *
 * minimal changes what cannot be sampled as it stands; auto goes further for latent sites (transform, gumbel_softmax,
 * loc_scale) and is minimal otherwise. */
#include <math.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "reparam.h"

static const rp_reparameterizer *minimal(rp_run *run, const rp_message *message);
static int is_normal(rp_run *run, const rp_message *message);
static rp_reparam_result become_normal(rp_run *run, rp_message *message);
static int base_needs_one(rp_run *run, const rp_message *message);
static rp_reparam_result decenter(rp_run *run, double centered, rp_message *message);
static int depends_on_latents(const rp_run *run, const rp_distribution *d);
static int ends_with(const char *text, const char *end);

rp_reparam_result rp_reparam_strategy(rp_run *run, rp_strategy strategy, double centered, rp_message *message) {
  if (strategy == RP_STRATEGY_NONE) return RP_REPARAM_PASSED;
  if (strategy == RP_STRATEGY_AUTO && !message->observed) {
    if (rp_reparam_transform.applies(run, message)) return rp_reparam_use(run, &rp_reparam_transform, &(rp_reparam){0}, message);
    if (rp_reparam_gumbel_softmax.applies(run, message)) return rp_reparam_use(run, &rp_reparam_gumbel_softmax, &(rp_reparam){0}, message);
    if (rp_reparam_loc_scale.applies(run, message) && !ends_with(message->name, "_decentered")) {
      rp_reparam_result result = decenter(run, centered, message);
      if (result != RP_REPARAM_KEPT) return result;
    }
  }
  const rp_reparameterizer *needed = minimal(run, message);
  if (needed && is_normal(run, message)) return become_normal(run, message);
  return needed ? rp_reparam_use(run, needed, &(rp_reparam){0}, message) : RP_REPARAM_PASSED;
}

/* What a site that cannot be sampled as it stands needs; NULL: nothing. */
static const rp_reparameterizer *minimal(rp_run *run, const rp_message *message) {
  if (message->dist.n_transforms > 0) return base_needs_one(run, message) ? &rp_reparam_transform : NULL;
  if (rp_message_is(message, "projected_normal") && !message->observed) return rp_reparameterizer_find("projected_normal");
  if (!rp_message_is(message, "stable")) return NULL;
  if (!message->observed) return &rp_reparam_latent_stable;
  return rp_is_all(run->graph, message->dist.arguments[1], 0) ? &rp_reparam_symmetric_stable : &rp_reparam_stable;
}

/* An observed stable law with stability 2 is Normal(m, s sqrt(2)) and needs no auxiliary sites. */
static int is_normal(rp_run *run, const rp_message *message) {
  return message->observed && rp_message_is(message, "stable") && rp_is_all(run->graph, message->dist.arguments[0], 2);
}

static rp_reparam_result become_normal(rp_run *run, rp_message *message) {
  const rp_node_id *a = message->dist.arguments;
  rp_node_id sd = rp_times(run->graph, sqrt(2), a[2]);
  rp_distribution normal = rp_reparam_noise("normal", message->dist.n_events, a[3], sd);
  return rp_reparam_changed(run, message, &normal, "stability 2");
}

static int base_needs_one(rp_run *run, const rp_message *message) {
  rp_message base = *message;
  base.dist.n_transforms = 0;
  return minimal(run, &base) != NULL;
}

static rp_reparam_result decenter(rp_run *run, double centered, rp_message *message) {
  int adapted = run->options->centering == RP_CENTERING_ADAPTED && isnan(centered);
  if (adapted && !depends_on_latents(run, &message->dist)) return RP_REPARAM_KEPT;
  rp_reparam settings = {.n_centered = !isnan(centered), .centered = &centered, .n_shape_params = -1};
  return rp_reparam_use(run, &rp_reparam_loc_scale, &settings, message);
}

/* Only a location or scale that is itself uncertain makes the geometry that centering is about. */
static int depends_on_latents(const rp_run *run, const rp_distribution *d) {
  return !rp_has_op(run->graph, d->arguments[d->family->location], RP_OP_CONST) ||
         !rp_has_op(run->graph, d->arguments[d->family->scale], RP_OP_CONST);
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), suffix = strlen(end);
  return length >= suffix && strcmp(text + length - suffix, end) == 0;
}
