/* x = bound + exp(u). */
#include "parts.h"

enum { BOUND };

RP_FORWARD(forward) { return rp_add(g, a[BOUND], rp_exp(g, u)); }
RP_INVERSE(inverse) { return rp_log(g, rp_sub(g, x, a[BOUND])); }
RP_LOG_JACOBIAN(log_jacobian) { return u; }

const rp_bijector rp_bijector_lower = {
    .name = "lower",
    .n_arguments = 1,
    .argument_names = {"bound"},
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .monotone = 1,
    .codomain = "above a lower bound",
};
