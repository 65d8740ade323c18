/* Half-Cauchy, the absolute value of cauchy(0, scale): f(x) = 2 / (pi scale (1 + (x / scale)^2)), x >= 0.
 * No mean and no variance exist. */
#include <math.h>

#include "terms.h"

enum { SCALE };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, rp_const(g, 0), a[SCALE]);
  return rp_neg(g, rp_add(g, rp_log1p(g, rp_square(g, z)), rp_plus(g, rp_log(g, a[SCALE]), RP_LOG_PI - RP_LOG_2)));
}

RP_SAMPLE(sample) { *x = *a[SCALE] * tan(0.5 * RP_PI * rp_random_uniform(r)); }

static rp_node_id angle(rp_graph *g, rp_node_id opposite, rp_node_id adjacent) {
  return rp_times(g, 2 / RP_PI, rp_binary(g, RP_OP_ATAN2, opposite, adjacent));
}

RP_OF_VALUE(log_cdf) { return rp_log(g, angle(g, rp_clamp(g, x, 0, HUGE_VAL), a[SCALE])); }
RP_OF_VALUE(log_ccdf) { return rp_log(g, angle(g, a[SCALE], rp_clamp(g, x, 0, HUGE_VAL))); }
RP_OF_VALUE(quantile) { return rp_mul(g, a[SCALE], rp_unary(g, RP_OP_TANPI, rp_times(g, 0.5, x))); }

const rp_family rp_family_half_cauchy = {
    .name = "half_cauchy",
    .n_arguments = 1,
    .arguments = {{"scale", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_NONNEGATIVE,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
};
