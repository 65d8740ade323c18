/* structured(): sites are carried by the map of a trained guide_structured(), one auxiliary site <site>_aux each: u_i =
 * loc_i + S_i L_i a_i + sum over the sites before it of W(delta). The density of the a's is f(x(a)) |dx/du|
 * |det du/da|, so that nothing but the coordinates changes. */
#include "../reparam.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  return rp_reparam_carry(run, settings, message, "structured");
}

const rp_reparameterizer rp_reparam_structured = {
    .name = "structured", .needs = "a continuous distribution", .applies = applies, .latent = latent};
