/* Beta: f(x) = x^(shape1 - 1) (1 - x)^(shape2 - 1) / B(shape1, shape2), 0 <= x <= 1. */
#include "terms.h"

enum { SHAPE1, SHAPE2 };

RP_DENSITY(log_density) {
  rp_node_id log_x, log_rest;
  rp_log_odds_pair(g, x, &log_x, &log_rest);
  rp_node_id kernel = rp_add(g, rp_mul_zero(g, rp_plus(g, a[SHAPE1], -1), log_x),
                             rp_mul_zero(g, rp_plus(g, a[SHAPE2], -1), log_rest));
  return rp_sub(g, kernel, rp_log_beta(g, a[SHAPE1], a[SHAPE2]));
}

RP_SAMPLE(sample) { *x = rp_sample_beta(r, *a[SHAPE1], *a[SHAPE2]); }

RP_OF_VALUE(log_cdf) {
  return rp_log(g, rp_ternary(g, RP_OP_BETA_I, rp_clamp(g, x, 0, 1), a[SHAPE1], a[SHAPE2]));
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id rest = rp_clamp(g, rp_minus_from(g, 1, x), 0, 1);
  return rp_log(g, rp_ternary(g, RP_OP_BETA_I, rest, a[SHAPE2], a[SHAPE1]));
}
RP_OF_VALUE(quantile) { return rp_ternary(g, RP_OP_BETA_I_INV, x, a[SHAPE1], a[SHAPE2]); }
RP_OF_ARGUMENTS(mean) { return rp_div(g, a[SHAPE1], rp_add(g, a[SHAPE1], a[SHAPE2])); }
RP_OF_ARGUMENTS(variance) {
  rp_node_id sum = rp_add(g, a[SHAPE1], a[SHAPE2]);
  return rp_div(g, rp_mul(g, a[SHAPE1], a[SHAPE2]), rp_mul(g, rp_square(g, sum), rp_plus(g, sum, 1)));
}

const rp_family rp_family_beta = {
    .name = "beta",
    .n_arguments = 2,
    .arguments = {{"shape1", RP_ARG_POSITIVE, 0}, {"shape2", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_UNIT,
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
