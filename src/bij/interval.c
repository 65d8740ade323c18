/* x = lower + (upper - lower) / (1 + exp(-u)). */
#include "parts.h"

enum { LOWER, UPPER };

RP_FORWARD(forward) {
  return rp_add(g, a[LOWER], rp_mul(g, rp_sub(g, a[UPPER], a[LOWER]), rp_sigmoid(g, u)));
}
RP_INVERSE(inverse) { return rp_sub(g, rp_log(g, rp_sub(g, x, a[LOWER])), rp_log(g, rp_sub(g, a[UPPER], x))); }
RP_LOG_JACOBIAN(log_jacobian) {
  return rp_add(g, rp_log_sigmoid_slope(g, u), rp_log(g, rp_sub(g, a[UPPER], a[LOWER])));
}

const rp_bijector rp_bijector_interval = {
    .name = "interval",
    .n_arguments = 2,
    .argument_names = {"lower", "upper"},
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .monotone = 1,
    .codomain = "interval",
};
