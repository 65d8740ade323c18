#include "reparam.h"

#include <math.h>
#include <string.h>

enum { MAX_DEPTH = 16 };

static int apply_chain(rp_run *run, const rp_reparam *parts, int32_t n, rp_message *message);
static int fail_not_loc_scale(rp_run *run, const rp_message *message);
static int depends_on_latents(const rp_run *run, const rp_distribution *d);

int rp_reparam_apply(rp_run *run, const rp_reparam *reparam, rp_message *message) {
  if (message->depth > MAX_DEPTH) {
    rp_run_fail(run, RP_UNSUPPORTED, message->name, "the reparameterizations of this site never end");
    return 0;
  }
  switch (reparam->kind) {
  case RP_REPARAM_TRANSFORM:
    if (rp_reparam_transform(run, message)) return 1;
    if (run->status->code == RP_OK)
      rp_run_fail(run, RP_UNSUPPORTED, message->name, "reparam_transform() needs a transformed distribution, but this site is %s()",
                  message->dist.family->name);
    return 0;
  case RP_REPARAM_LOC_SCALE:
    if (!rp_reparam_is_loc_scale(&message->dist)) return fail_not_loc_scale(run, message);
    return rp_reparam_loc_scale(run, reparam->centered, message);
  case RP_REPARAM_CHAIN:
    return apply_chain(run, reparam->parts, reparam->n_parts, message);
  }
  return 0;
}

/* The first part that applies, the rest being left to the auxiliary site it makes. A transform that has nothing to strip
 * is passed over, so that decenter() serves plain and transformed sites alike. */
static int apply_chain(rp_run *run, const rp_reparam *parts, int32_t n, rp_message *message) {
  for (int32_t i = 0; i < n; i++) {
    message->chain = parts + i + 1;
    message->chain_left = n - i - 1;
    if (parts[i].kind == RP_REPARAM_TRANSFORM) {
      if (rp_reparam_transform(run, message)) return 1;
    } else if (rp_reparam_apply(run, &parts[i], message)) {
      return 1;
    }
    if (run->status->code != RP_OK) return 0;
  }
  message->chain_left = 0;
  return 0;
}

int rp_reparam_strategy(rp_run *run, rp_strategy strategy, double centered, rp_message *message) {
  if (strategy != RP_STRATEGY_AUTO) return 0;
  if (rp_reparam_transform(run, message)) return 1;
  if (run->status->code != RP_OK || !rp_reparam_is_loc_scale(&message->dist)) return 0;
  if (run->options->centering == RP_CENTERING_ADAPTED && isnan(centered) && !depends_on_latents(run, &message->dist)) return 0;
  size_t length = strlen(message->name), suffix = strlen("_decentered");
  if (length >= suffix && strcmp(message->name + length - suffix, "_decentered") == 0) return 0;
  return rp_reparam_loc_scale(run, centered, message);
}

/* Only a location or scale that is itself uncertain makes the geometry that centering is about. */
static int depends_on_latents(const rp_run *run, const rp_distribution *d) {
  return rp_graph_node(run->graph, d->arguments[d->family->location])->op != RP_OP_CONST ||
         rp_graph_node(run->graph, d->arguments[d->family->scale])->op != RP_OP_CONST;
}

static int fail_not_loc_scale(rp_run *run, const rp_message *message) {
  char description[64];
  rp_distribution_describe(&message->dist, description, sizeof description);
  rp_run_fail(run, RP_UNSUPPORTED, message->name,
              "reparam_loc_scale() needs a distribution with location and scale on the real line, but this site is %s() with "
              "support %s",
              description, rp_support_name(message->dist.family->support_kind));
  return 0;
}
