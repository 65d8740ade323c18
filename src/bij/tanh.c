/* x = tanh(u), onto (-1, 1). */
#include "parts.h"

RP_FORWARD(forward) { return rp_unary(g, RP_OP_TANH, u); }
RP_INVERSE(inverse) { return rp_unary(g, RP_OP_ATANH, x); }
RP_LOG_JACOBIAN(log_jacobian) { return rp_log_tanh_slope(g, u); }

const rp_bijector rp_bijector_tanh = {
    .name = "tanh",
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .monotone = 1,
};
