/* Logistic: f(x) = exp(-z) / (scale (1 + exp(-z))^2), z = (x - location) / scale. */
#include <math.h>

#include "terms.h"

enum { LOCATION, SCALE };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, a[LOCATION], a[SCALE]);
  rp_node_id tails = rp_add(g, rp_log1p_exp(g, z), rp_log1p_exp(g, rp_neg(g, z)));
  return rp_neg(g, rp_add(g, tails, rp_log(g, a[SCALE])));
}

RP_SAMPLE(sample) {
  double u = rp_random_uniform(r);
  *x = *a[LOCATION] + *a[SCALE] * log(u / (1 - u));
}

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  rp_node_id z = rp_div(g, residual, a[SCALE]);
  return rp_neg(g, rp_div(g, rp_unary(g, RP_OP_TANH, rp_times(g, 0.5, z)), a[SCALE]));
}

RP_OF_VALUE(log_cdf) { return rp_neg(g, rp_log1p_exp(g, rp_neg(g, rp_standardize(g, x, a[LOCATION], a[SCALE])))); }
RP_OF_VALUE(log_ccdf) { return rp_neg(g, rp_log1p_exp(g, rp_standardize(g, x, a[LOCATION], a[SCALE]))); }
RP_OF_VALUE(quantile) {
  rp_node_id logit = rp_sub(g, rp_log(g, x), rp_log1p(g, rp_neg(g, x)));
  return rp_add(g, a[LOCATION], rp_mul(g, a[SCALE], logit));
}
RP_OF_ARGUMENTS(mean) { return a[LOCATION]; }
RP_OF_ARGUMENTS(variance) { return rp_times(g, RP_PI * RP_PI / 3, rp_square(g, a[SCALE])); }

const rp_family rp_family_logistic = {
    .name = "logistic",
    .n_arguments = 2,
    .arguments = {{"location", RP_ARG_REAL, 0}, {"scale", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_REAL,
    .log_density = log_density,
    .sample = sample,
    .location = LOCATION,
    .scale = SCALE,
    .score = score,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
    .mean = mean,
    .variance = variance,
};
