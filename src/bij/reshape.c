/* A vector as a matrix: the same numbers, column by column; only the dims of the site say so. */
#include "parts.h"

RP_FORWARD(forward) { return u; }
RP_INVERSE(inverse) { return x; }
RP_LOG_JACOBIAN(log_jacobian) { return rp_const(g, 0); }

const rp_bijector rp_bijector_reshape = {
    .name = "reshape",
    .domain_dim = 1,
    .codomain_dim = 2,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
};
