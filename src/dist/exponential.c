/* Exponential: f(x) = rate exp(-rate x), x >= 0. */
#include <math.h>

#include "terms.h"

enum { RATE };

RP_DENSITY(log_density) { return rp_sub(g, rp_log(g, a[RATE]), rp_mul(g, a[RATE], x)); }

RP_SAMPLE(sample) { *x = rp_random_exponential(r) / *a[RATE]; }

RP_OF_VALUE(log_ccdf) { return rp_neg(g, rp_mul(g, a[RATE], rp_clamp(g, x, 0, HUGE_VAL))); }
RP_OF_VALUE(log_cdf) { return rp_log1m_exp(g, log_ccdf(g, x, a)); }
RP_OF_VALUE(quantile) { return rp_neg(g, rp_div(g, rp_log1p(g, rp_neg(g, x)), a[RATE])); }
RP_OF_ARGUMENTS(mean) { return rp_recip(g, a[RATE]); }
RP_OF_ARGUMENTS(variance) { return rp_recip(g, rp_square(g, a[RATE])); }

const rp_family rp_family_exponential = {
    .name = "exponential",
    .n_arguments = 1,
    .arguments = {{"rate", RP_ARG_POSITIVE, 0}},
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
