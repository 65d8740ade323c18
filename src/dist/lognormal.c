/* Lognormal, exp of a normal: f(x) = exp(-((log x - meanlog) / sdlog)^2 / 2) / (x sdlog sqrt(2 pi)), x > 0. */
#include <math.h>

#include "terms.h"

enum { MEANLOG, SDLOG };

RP_DENSITY(log_density) {
  rp_node_id log_x = rp_log(g, x);
  rp_node_id z = rp_standardize(g, log_x, a[MEANLOG], a[SDLOG]);
  rp_node_id exponent = rp_sub(g, rp_times(g, -0.5, rp_square(g, z)), log_x);
  return rp_sub(g, exponent, rp_plus(g, rp_log(g, a[SDLOG]), RP_LOG_SQRT_2PI));
}

RP_SAMPLE(sample) { *x = exp(*a[MEANLOG] + *a[SDLOG] * rp_random_normal(r)); }

static rp_node_id standard(rp_graph *g, rp_node_id x, const rp_node_id *a) {
  return rp_standardize(g, rp_log(g, rp_clamp(g, x, 0, HUGE_VAL)), a[MEANLOG], a[SDLOG]);
}

RP_OF_VALUE(log_cdf) { return rp_log_pnorm(g, standard(g, x, a)); }
RP_OF_VALUE(log_ccdf) { return rp_log_pnorm(g, rp_neg(g, standard(g, x, a))); }
RP_OF_VALUE(quantile) { return rp_exp(g, rp_add(g, a[MEANLOG], rp_mul(g, a[SDLOG], rp_qnorm(g, x)))); }

RP_OF_ARGUMENTS(mean) { return rp_exp(g, rp_add(g, a[MEANLOG], rp_times(g, 0.5, rp_square(g, a[SDLOG])))); }
RP_OF_ARGUMENTS(variance) {
  rp_node_id s2 = rp_square(g, a[SDLOG]);
  return rp_mul(g, rp_expm1(g, s2), rp_exp(g, rp_add(g, rp_times(g, 2, a[MEANLOG]), s2)));
}

const rp_family rp_family_lognormal = {
    .name = "lognormal",
    .n_arguments = 2,
    .arguments = {{"meanlog", RP_ARG_REAL, 0}, {"sdlog", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_POSITIVE,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .base = "normal",
    .base_transforms = "exp",
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
    .mean = mean,
    .variance = variance,
};
