/* unit_jacobian(): y = W b^-1(x) along a dim, for the user's W with |det W| = 1 (checked in R, which also inverts
 * it); see linear.c. Auxiliary site: x_<suffix>. */
#include "../reparam.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  int64_t n = rp_reparam_extent(run, settings, message, "unit_jacobian");
  if (n == 0) return RP_REPARAM_PASSED;
  if (settings->n_matrix != n * n) {
    rp_run_fail(run, RP_BAD_ARGUMENT, message->name, "the matrix of reparam_unit_jacobian() has %lld elements, but the site has length %lld along dim %d",
                (long long) settings->n_matrix, (long long) n, settings->dim);
    return RP_REPARAM_PASSED;
  }
  return rp_reparam_linear(run, settings, message, "unit_jacobian", settings->suffix, settings->matrix, settings->inverse);
}

const rp_reparameterizer rp_reparam_unit_jacobian = {
    .name = "unit_jacobian", .needs = "a continuous distribution", .couples = 1, .applies = applies, .latent = latent};
