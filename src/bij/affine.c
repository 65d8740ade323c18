/* x = loc + scale u; a negative scale turns the direction. */
#include "parts.h"

enum { LOC, SCALE };

RP_FORWARD(forward) { return rp_add(g, a[LOC], rp_mul(g, a[SCALE], u)); }
RP_INVERSE(inverse) { return rp_div(g, rp_sub(g, x, a[LOC]), a[SCALE]); }
RP_LOG_JACOBIAN(log_jacobian) { return rp_log(g, rp_abs(g, a[SCALE])); }

const rp_bijector rp_bijector_affine = {
    .name = "affine",
    .n_arguments = 2,
    .argument_names = {"loc", "scale"},
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
};
