/* Gumbel (of maxima): f(x) = exp(-z - exp(-z)) / scale, z = (x - location) / scale. */
#include <math.h>

#include "terms.h"

enum { LOCATION, SCALE };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, a[LOCATION], a[SCALE]);
  return rp_neg(g, rp_add(g, rp_add(g, z, rp_exp(g, rp_neg(g, z))), rp_log(g, a[SCALE])));
}

RP_SAMPLE(sample) { *x = *a[LOCATION] - *a[SCALE] * log(rp_random_exponential(r)); }

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  rp_node_id z = rp_div(g, residual, a[SCALE]);
  return rp_div(g, rp_expm1(g, rp_neg(g, z)), a[SCALE]);
}

RP_OF_VALUE(log_cdf) { return rp_neg(g, rp_exp(g, rp_neg(g, rp_standardize(g, x, a[LOCATION], a[SCALE])))); }
RP_OF_VALUE(log_ccdf) { return rp_log1m_exp(g, log_cdf(g, x, a)); }
RP_OF_VALUE(quantile) {
  return rp_sub(g, a[LOCATION], rp_mul(g, a[SCALE], rp_log(g, rp_neg(g, rp_log(g, x)))));
}
RP_OF_ARGUMENTS(mean) { return rp_add(g, a[LOCATION], rp_times(g, RP_EULER, a[SCALE])); }
RP_OF_ARGUMENTS(variance) { return rp_times(g, RP_PI * RP_PI / 6, rp_square(g, a[SCALE])); }

const rp_family rp_family_gumbel = {
    .name = "gumbel",
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
