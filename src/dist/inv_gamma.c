/* Inverse gamma, the reciprocal of gamma(shape, rate = scale): f(x) = scale^shape x^(-shape - 1) exp(-scale / x) /
 * Gamma(shape), x > 0. */
#include <math.h>

#include "terms.h"

enum { SHAPE, SCALE };

RP_DENSITY(log_density) {
  rp_node_id kernel = rp_add(g, rp_mul(g, rp_plus(g, a[SHAPE], 1), rp_log(g, x)), rp_div(g, a[SCALE], x));
  rp_node_id constant = rp_sub(g, rp_mul(g, a[SHAPE], rp_log(g, a[SCALE])), rp_lgamma(g, a[SHAPE]));
  return rp_sub(g, constant, kernel);
}

RP_SAMPLE(sample) { *x = *a[SCALE] / rp_random_gamma(r, *a[SHAPE]); }

static rp_node_id inverted(rp_graph *g, rp_node_id x, const rp_node_id *a) {
  return rp_div(g, a[SCALE], rp_clamp(g, x, 0, HUGE_VAL));
}

RP_OF_VALUE(log_cdf) { return rp_log(g, rp_gamma_q(g, inverted(g, x, a), a[SHAPE])); }
RP_OF_VALUE(log_ccdf) { return rp_log(g, rp_gamma_p(g, inverted(g, x, a), a[SHAPE])); }
RP_OF_VALUE(quantile) {
  return rp_div(g, a[SCALE], rp_binary(g, RP_OP_GAMMA_P_INV, rp_minus_from(g, 1, x), a[SHAPE]));
}
RP_OF_ARGUMENTS(mean) {
  rp_node_id value = rp_div(g, a[SCALE], rp_plus(g, a[SHAPE], -1));
  return rp_select(g, rp_lt(g, rp_const(g, 1), a[SHAPE]), value, rp_const(g, HUGE_VAL));
}
RP_OF_ARGUMENTS(variance) {
  rp_node_id root = rp_div(g, a[SCALE], rp_plus(g, a[SHAPE], -1));
  rp_node_id value = rp_div(g, rp_square(g, root), rp_plus(g, a[SHAPE], -2));
  return rp_select(g, rp_lt(g, rp_const(g, 2), a[SHAPE]), value, rp_const(g, HUGE_VAL));
}

const rp_family rp_family_inv_gamma = {
    .name = "inv_gamma",
    .n_arguments = 2,
    .arguments = {{"shape", RP_ARG_POSITIVE, 0}, {"scale", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_POSITIVE,
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
