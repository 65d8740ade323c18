/* Laplace: f(x) = exp(-|x - location| / scale) / (2 scale). */
#include "terms.h"

enum { LOCATION, SCALE };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, a[LOCATION], a[SCALE]);
  return rp_neg(g, rp_add(g, rp_abs(g, z), rp_plus(g, rp_log(g, a[SCALE]), RP_LOG_2)));
}

RP_SAMPLE(sample) { *x = *a[LOCATION] + *a[SCALE] * (rp_random_exponential(r) - rp_random_exponential(r)); }

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  return rp_neg(g, rp_div(g, rp_unary(g, RP_OP_SIGN, residual), a[SCALE]));
}

/* log P(Z < z): z - log 2 below 0, log(1 - exp(-z) / 2) above. */
static rp_node_id log_below(rp_graph *g, rp_node_id z) {
  rp_node_id half = rp_times(g, -0.5, rp_exp(g, rp_neg(g, rp_abs(g, z))));
  return rp_select(g, rp_lt(g, z, rp_const(g, 0)), rp_plus(g, z, -RP_LOG_2), rp_log1p(g, half));
}

RP_OF_VALUE(log_cdf) { return log_below(g, rp_standardize(g, x, a[LOCATION], a[SCALE])); }
RP_OF_VALUE(log_ccdf) { return log_below(g, rp_neg(g, rp_standardize(g, x, a[LOCATION], a[SCALE]))); }
RP_OF_VALUE(quantile) {
  rp_node_id d = rp_plus(g, x, -0.5), size = rp_log1p(g, rp_times(g, -2, rp_abs(g, d)));
  return rp_sub(g, a[LOCATION], rp_mul(g, a[SCALE], rp_mul(g, rp_unary(g, RP_OP_SIGN, d), size)));
}
RP_OF_ARGUMENTS(mean) { return a[LOCATION]; }
RP_OF_ARGUMENTS(variance) { return rp_times(g, 2, rp_square(g, a[SCALE])); }

const rp_family rp_family_laplace = {
    .name = "laplace",
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
