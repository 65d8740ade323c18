/* x = u^exponent of positive u, exponent not 0. */
#include "parts.h"

enum { EXPONENT };

RP_FORWARD(forward) { return rp_pow(g, u, a[EXPONENT]); }
RP_INVERSE(inverse) { return rp_pow(g, x, rp_recip(g, a[EXPONENT])); }
RP_LOG_JACOBIAN(log_jacobian) {
  rp_node_id slope = rp_mul(g, rp_plus(g, a[EXPONENT], -1), rp_log(g, u));
  return rp_add(g, slope, rp_log(g, rp_abs(g, a[EXPONENT])));
}

const rp_bijector rp_bijector_power = {
    .name = "power",
    .n_arguments = 1,
    .argument_names = {"exponent"},
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .codomain = "positive",
};
