/* x = u. */
#include "parts.h"

RP_FORWARD(forward) { return u; }
RP_INVERSE(inverse) { return x; }
RP_LOG_JACOBIAN(log_jacobian) { return rp_const(g, 0); }

const rp_bijector rp_bijector_identity = {
    .name = "identity",
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .monotone = 1,
    .codomain = "real",
};
