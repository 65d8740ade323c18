/* Half-normal, the absolute value of normal(0, sd): f(x) = 2 exp(-(x / sd)^2 / 2) / (sd sqrt(2 pi)), x >= 0. */
#include <math.h>

#include "terms.h"

enum { SD };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, rp_const(g, 0), a[SD]);
  return rp_sub(g, rp_times(g, -0.5, rp_square(g, z)), rp_plus(g, rp_log(g, a[SD]), RP_LOG_SQRT_2PI - RP_LOG_2));
}

RP_SAMPLE(sample) { *x = *a[SD] * fabs(rp_random_normal(r)); }

RP_OF_VALUE(log_ccdf) {
  rp_node_id z = rp_div(g, rp_clamp(g, x, 0, HUGE_VAL), a[SD]);
  return rp_plus(g, rp_log_pnorm(g, rp_neg(g, z)), RP_LOG_2);
}
/* 2 Phi(z) - 1 is the incomplete gamma function P(1/2, z^2 / 2): no cancellation near 0. */
RP_OF_VALUE(log_cdf) {
  rp_node_id z = rp_div(g, rp_clamp(g, x, 0, HUGE_VAL), a[SD]);
  return rp_log(g, rp_gamma_p(g, rp_times(g, 0.5, rp_square(g, z)), rp_const(g, 0.5)));
}
RP_OF_VALUE(quantile) { return rp_mul(g, a[SD], rp_qnorm(g, rp_times(g, 0.5, rp_plus(g, x, 1)))); }
RP_OF_ARGUMENTS(mean) { return rp_times(g, sqrt(2 / RP_PI), a[SD]); }
RP_OF_ARGUMENTS(variance) { return rp_times(g, 1 - 2 / RP_PI, rp_square(g, a[SD])); }

const rp_family rp_family_half_normal = {
    .name = "half_normal",
    .n_arguments = 1,
    .arguments = {{"sd", RP_ARG_POSITIVE, 0}},
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
