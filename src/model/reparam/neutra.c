/* neutra(): sites are carried by the map of a trained guide (Hoffman, Sountsov, Dillon, Langmore, Tran & Vasudevan
 * 2019, "NeuTra-lizing bad geometry in Hamiltonian Monte Carlo"): one site <prefix>_shared_latent z for all of them,
 * u = T(z), with the density f(x(T(z))) |dx/du| |det dT/dz|. */
#include "../reparam.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  return rp_reparam_carry(run, settings, message, "neutra");
}

const rp_reparameterizer rp_reparam_neutra = {
    .name = "neutra", .needs = "a continuous distribution", .applies = applies, .latent = latent};
