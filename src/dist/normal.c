/* Normal: f(x) = exp(-((x - mean) / sd)^2 / 2) / (sd sqrt(2 pi)). */
#include "terms.h"

enum { MEAN, SD };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, a[MEAN], a[SD]);
  return rp_sub(g, rp_times(g, -0.5, rp_square(g, z)), rp_plus(g, rp_log(g, a[SD]), RP_LOG_SQRT_2PI));
}

RP_SAMPLE(sample) { *x = *a[MEAN] + *a[SD] * rp_random_normal(r); }

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  return rp_neg(g, rp_div(g, residual, rp_square(g, a[SD])));
}

RP_OF_VALUE(log_cdf) { return rp_log_pnorm(g, rp_standardize(g, x, a[MEAN], a[SD])); }
RP_OF_VALUE(log_ccdf) { return rp_log_pnorm(g, rp_neg(g, rp_standardize(g, x, a[MEAN], a[SD]))); }
RP_OF_VALUE(quantile) { return rp_add(g, a[MEAN], rp_mul(g, a[SD], rp_qnorm(g, x))); }
RP_OF_ARGUMENTS(mean) { return a[MEAN]; }
RP_OF_ARGUMENTS(variance) { return rp_square(g, a[SD]); }

const rp_family rp_family_normal = {
    .name = "normal",
    .n_arguments = 2,
    .arguments = {{"mean", RP_ARG_REAL, 0}, {"sd", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_REAL,
    .log_density = log_density,
    .sample = sample,
    .location = MEAN,
    .scale = SD,
    .score = score,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
    .mean = mean,
    .variance = variance,
};
