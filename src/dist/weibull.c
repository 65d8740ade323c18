/* Weibull: f(x) = (shape / scale) z^(shape - 1) exp(-z^shape), z = x / scale, x >= 0. */
#include <math.h>

#include "terms.h"

enum { SHAPE, SCALE };

RP_DENSITY(log_density) {
  rp_node_id log_z = rp_sub(g, rp_log(g, x), rp_log(g, a[SCALE]));
  rp_node_id kernel = rp_sub(g, rp_mul_zero(g, rp_plus(g, a[SHAPE], -1), log_z), rp_exp(g, rp_mul(g, a[SHAPE], log_z)));
  return rp_add(g, kernel, rp_sub(g, rp_log(g, a[SHAPE]), rp_log(g, a[SCALE])));
}

RP_SAMPLE(sample) { *x = *a[SCALE] * pow(rp_random_exponential(r), 1 / *a[SHAPE]); }

RP_OF_VALUE(log_ccdf) { return rp_neg(g, rp_pow(g, rp_div(g, rp_clamp(g, x, 0, HUGE_VAL), a[SCALE]), a[SHAPE])); }
RP_OF_VALUE(log_cdf) { return rp_log1m_exp(g, log_ccdf(g, x, a)); }
RP_OF_VALUE(quantile) {
  rp_node_id exponential = rp_neg(g, rp_log1p(g, rp_neg(g, x)));
  return rp_mul(g, a[SCALE], rp_pow(g, exponential, rp_recip(g, a[SHAPE])));
}

/* E x^k = scale^k Gamma(1 + k / shape). */
static rp_node_id gamma_of(rp_graph *g, double k, const rp_node_id *a) {
  return rp_unary(g, RP_OP_GAMMA, rp_plus(g, rp_div(g, rp_const(g, k), a[SHAPE]), 1));
}

RP_OF_ARGUMENTS(mean) { return rp_mul(g, a[SCALE], gamma_of(g, 1, a)); }
RP_OF_ARGUMENTS(variance) {
  return rp_mul(g, rp_square(g, a[SCALE]), rp_sub(g, gamma_of(g, 2, a), rp_square(g, gamma_of(g, 1, a))));
}

const rp_family rp_family_weibull = {
    .name = "weibull",
    .n_arguments = 2,
    .arguments = {{"shape", RP_ARG_POSITIVE, 0}, {"scale", RP_ARG_POSITIVE, 0}},
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
