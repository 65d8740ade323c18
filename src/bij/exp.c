/* x = exp(u). */
#include "parts.h"

RP_FORWARD(forward) { return rp_exp(g, u); }
RP_INVERSE(inverse) { return rp_log(g, x); }
RP_LOG_JACOBIAN(log_jacobian) { return u; }

const rp_bijector rp_bijector_exp = {
    .name = "exp",
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .monotone = 1,
    .codomain = "positive",
};
