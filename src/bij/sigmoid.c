/* x = 1 / (1 + exp(-u)). */
#include "parts.h"

RP_FORWARD(forward) { return rp_sigmoid(g, u); }
RP_INVERSE(inverse) { return rp_sub(g, rp_log(g, x), rp_log1p(g, rp_neg(g, x))); }
RP_LOG_JACOBIAN(log_jacobian) { return rp_log_sigmoid_slope(g, u); }

const rp_bijector rp_bijector_sigmoid = {
    .name = "sigmoid",
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .monotone = 1,
    .codomain = "in [0, 1]",
};
