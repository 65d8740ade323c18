/* Gamma: f(x) = rate^shape x^(shape - 1) exp(-rate x) / Gamma(shape), x >= 0. */
#include <math.h>

#include "terms.h"

enum { SHAPE, RATE };

RP_DENSITY(log_density) {
  rp_node_id kernel = rp_sub(g, rp_xlogy(g, rp_plus(g, a[SHAPE], -1), x), rp_mul(g, a[RATE], x));
  return rp_add(g, kernel, rp_sub(g, rp_mul(g, a[SHAPE], rp_log(g, a[RATE])), rp_lgamma(g, a[SHAPE])));
}

RP_SAMPLE(sample) { *x = rp_random_gamma(r, *a[SHAPE]) / *a[RATE]; }

static rp_node_id scaled(rp_graph *g, rp_node_id x, const rp_node_id *a) {
  return rp_mul(g, a[RATE], rp_clamp(g, x, 0, HUGE_VAL));
}

RP_OF_VALUE(log_cdf) { return rp_log(g, rp_gamma_p(g, scaled(g, x, a), a[SHAPE])); }
RP_OF_VALUE(log_ccdf) { return rp_log(g, rp_gamma_q(g, scaled(g, x, a), a[SHAPE])); }
RP_OF_VALUE(quantile) { return rp_div(g, rp_binary(g, RP_OP_GAMMA_P_INV, x, a[SHAPE]), a[RATE]); }
RP_OF_ARGUMENTS(mean) { return rp_div(g, a[SHAPE], a[RATE]); }
RP_OF_ARGUMENTS(variance) { return rp_div(g, a[SHAPE], rp_square(g, a[RATE])); }

const rp_family rp_family_gamma = {
    .name = "gamma",
    .n_arguments = 2,
    .arguments = {{"shape", RP_ARG_POSITIVE, 0}, {"rate", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_NONNEGATIVE,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
    .mean = mean,
    .variance = variance,
};
