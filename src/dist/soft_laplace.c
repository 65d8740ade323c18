/* Soft Laplace (hyperbolic secant): f(x) = 2 / (pi scale (exp(z) + exp(-z))), z = (x - location) / scale: a Laplace
 * with a smooth peak. */
#include <math.h>

#include "terms.h"

enum { LOCATION, SCALE };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, a[LOCATION], a[SCALE]);
  rp_node_id log_sum = rp_binary(g, RP_OP_LOG_ADD_EXP, z, rp_neg(g, z));
  return rp_neg(g, rp_add(g, log_sum, rp_plus(g, rp_log(g, a[SCALE]), RP_LOG_PI - RP_LOG_2)));
}

RP_SAMPLE(sample) { *x = *a[LOCATION] + *a[SCALE] * log(tan(0.5 * RP_PI * rp_random_uniform(r))); }

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  return rp_neg(g, rp_div(g, rp_unary(g, RP_OP_TANH, rp_div(g, residual, a[SCALE])), a[SCALE]));
}

/* P(Z < z) = 2 atan(exp(z)) / pi. */
static rp_node_id log_below(rp_graph *g, rp_node_id z) {
  return rp_plus(g, rp_log(g, rp_unary(g, RP_OP_ATAN, rp_exp(g, z))), RP_LOG_2 - RP_LOG_PI);
}

RP_OF_VALUE(log_cdf) { return log_below(g, rp_standardize(g, x, a[LOCATION], a[SCALE])); }
RP_OF_VALUE(log_ccdf) { return log_below(g, rp_neg(g, rp_standardize(g, x, a[LOCATION], a[SCALE]))); }
RP_OF_VALUE(quantile) {
  rp_node_id z = rp_log(g, rp_unary(g, RP_OP_TANPI, rp_times(g, 0.5, x)));
  return rp_add(g, a[LOCATION], rp_mul(g, a[SCALE], z));
}
RP_OF_ARGUMENTS(mean) { return a[LOCATION]; }
RP_OF_ARGUMENTS(variance) { return rp_times(g, 0.25 * RP_PI * RP_PI, rp_square(g, a[SCALE])); }

const rp_family rp_family_soft_laplace = {
    .name = "soft_laplace",
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
