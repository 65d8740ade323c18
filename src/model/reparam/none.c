/* none: the site stays as it is, whatever a strategy would do with it. */
#include "../reparam.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run, (void) message;
  return 1;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) run, (void) settings, (void) message;
  return RP_REPARAM_KEPT;
}

const rp_reparameterizer rp_reparam_none = {.name = "none", .needs = "", .applies = applies, .latent = latent};
