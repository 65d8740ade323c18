/* Strategies: which reparameterizer a site gets when nobody has named one.
 *
 * minimal changes what cannot be sampled as it stands; auto goes further for latent sites (transform, gumbel_softmax,
 * loc_scale) and is minimal otherwise. */
#include <math.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "discrete.h"
#include "reparam.h"

/* Larger multivariate normals are processes rather than vectors of effects: under a smooth covariance an element given
 * those before it has hardly any spread left, which no adaptation of single elements copes with; whitening does. */
enum { LARGEST_ADAPTED = 8 };

static rp_reparam_result choose(rp_run *run, const rp_reparameterizer *what, double centered, rp_message *message);
static const rp_reparameterizer *minimal(rp_run *run, const rp_message *message);
static int base_needs_one(rp_run *run, const rp_message *message);
static rp_reparam_result decenter(rp_run *run, double centered, rp_message *message);
static int depends_on_latents(const rp_run *run, const rp_distribution *d);
static int ends_with(const char *text, const char *end);

rp_reparam_result rp_reparam_strategy(rp_run *run, rp_strategy strategy, double centered, rp_message *message) {
  if (strategy == RP_STRATEGY_NONE) return RP_REPARAM_PASSED;
  if (strategy == RP_STRATEGY_AUTO && !message->observed) {
    if (message->dist.unbounded) return RP_REPARAM_KEPT; /* coordinates that the user chose */
    if (rp_reparam_transform.applies(run, message)) return choose(run, &rp_reparam_transform, NAN, message);
    if (rp_reparam_gumbel_softmax.applies(run, message)) return choose(run, &rp_reparam_gumbel_softmax, NAN, message);
    if (rp_reparam_loc_scale.applies(run, message) && !ends_with(message->name, "_decentered")) {
      rp_reparam_result result = decenter(run, centered, message);
      if (result != RP_REPARAM_KEPT) return result;
    }
  }
  const rp_reparameterizer *needed = minimal(run, message);
  return needed ? choose(run, needed, NAN, message) : RP_REPARAM_PASSED;
}

/* Uses it and remembers the decision. */
static rp_reparam_result choose(rp_run *run, const rp_reparameterizer *what, double centered, rp_message *message) {
  rp_reparam settings = {.n_centered = !isnan(centered), .centered = &centered, .n_shape_params = -1};
  if (run->n_decisions == run->cap_decisions) {
    int32_t cap = run->cap_decisions ? 2 * run->cap_decisions : 16;
    rp_decision *grown = rp_pool_array(run->pool, cap, sizeof *grown);
    if (!grown) return rp_fail_memory(run->status, "the strategy's decisions"), RP_REPARAM_PASSED;
    if (run->n_decisions > 0) memcpy(grown, run->decisions, (size_t) run->n_decisions * sizeof *grown);
    run->decisions = grown;
    run->cap_decisions = cap;
  }
  run->decisions[run->n_decisions++] = (rp_decision){message->name, what->name, centered};
  return rp_reparam_use(run, what, &settings, message);
}

/* What a site that cannot be sampled as it stands needs; NULL: nothing. */
static const rp_reparameterizer *minimal(rp_run *run, const rp_message *message) {
  if (rp_reparam_linear_hmm.applies(run, message)) return &rp_reparam_linear_hmm;
  if (message->dist.n_transforms > 0) return base_needs_one(run, message) ? &rp_reparam_transform : NULL;
  if (rp_message_is(message, "projected_normal") && !message->observed) return &rp_reparam_projected_normal;
  if (!rp_message_is(message, "stable")) return NULL;
  if (!message->observed) return &rp_reparam_latent_stable;
  int symmetric =
      rp_is_all(run->graph, message->dist.arguments[1], 0) && !rp_is_all(run->graph, message->dist.arguments[0], 2);
  return symmetric ? &rp_reparam_symmetric_stable : &rp_reparam_stable;
}

static int base_needs_one(rp_run *run, const rp_message *message) {
  rp_message base = *message;
  base.dist.n_transforms = 0;
  return minimal(run, &base) != NULL;
}

static rp_reparam_result decenter(rp_run *run, double centered, rp_message *message) {
  int adapted = run->options->centering == RP_CENTERING_ADAPTED && isnan(centered);
  if (adapted && !depends_on_latents(run, &message->dist)) return RP_REPARAM_KEPT;
  if (rp_reparam_is_discrete(run, &message->dist)) return RP_REPARAM_KEPT;
  if (message->dist.event_size > LARGEST_ADAPTED && isnan(centered)) centered = 0;
  return choose(run, &rp_reparam_loc_scale, centered, message);
}

/* Only a location or scale that is itself uncertain makes the geometry that centering is about. */
static int depends_on_latents(const rp_run *run, const rp_distribution *d) {
  const int vector = d->family->event_dim > 0; /* mean and covariance, or its factor */
  return !rp_has_op(run->graph, d->arguments[vector ? 0 : d->family->location], RP_OP_CONST) ||
         !rp_has_op(run->graph, d->arguments[vector ? 1 : d->family->scale], RP_OP_CONST);
}

int rp_reparam_is_discrete(rp_run *run, const rp_distribution *d) {
  const int vector = d->family->event_dim > 0;
  return rp_discrete_touches(run, d->arguments[vector ? 0 : d->family->location]) ||
         rp_discrete_touches(run, d->arguments[vector ? 1 : d->family->scale]);
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), suffix = strlen(end);
  return length >= suffix && strcmp(text + length - suffix, end) == 0;
}
