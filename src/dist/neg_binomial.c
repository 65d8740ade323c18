/* Negative binomial, failures before size successes:
 * P(x) = Gamma(x + size) / (Gamma(size) x!) prob^size (1 - prob)^x. */
#include <math.h>

#include "terms.h"

enum { SIZE, PROB };

/* Gamma(x + r) / (Gamma(r) x!) = 1 / ((x + r) B(r, x + 1)). */
RP_DENSITY(log_density) {
  rp_node_id log_p, log_q;
  rp_log_odds_pair(g, a[PROB], &log_p, &log_q);
  rp_node_id kernel = rp_add(g, rp_mul(g, a[SIZE], log_p), rp_mul_zero(g, x, log_q));
  rp_node_id count = rp_add(g, rp_log(g, rp_add(g, x, a[SIZE])), rp_log_beta(g, a[SIZE], rp_plus(g, x, 1)));
  return rp_sub(g, kernel, count);
}

RP_SAMPLE(sample) { *x = rp_sample_poisson(r, rp_random_gamma(r, *a[SIZE]) * (1 - *a[PROB]) / *a[PROB]); }

/* P(X <= k) = I(prob; size, k + 1). */
RP_OF_VALUE(log_cdf) {
  rp_node_id k = rp_floor(g, x), zero = rp_const(g, 0), next = rp_plus(g, rp_max2(g, k, zero), 1);
  rp_node_id inside = rp_log(g, rp_ternary(g, RP_OP_BETA_I, a[PROB], a[SIZE], next));
  return rp_select(g, rp_lt(g, k, zero), rp_const(g, -HUGE_VAL), inside);
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id k = rp_floor(g, x), zero = rp_const(g, 0), next = rp_plus(g, rp_max2(g, k, zero), 1);
  rp_node_id inside = rp_log(g, rp_ternary(g, RP_OP_BETA_I, rp_minus_from(g, 1, a[PROB]), next, a[SIZE]));
  return rp_select(g, rp_lt(g, k, zero), zero, inside);
}
RP_OF_ARGUMENTS(mean) { return rp_mul(g, a[SIZE], rp_div(g, rp_minus_from(g, 1, a[PROB]), a[PROB])); }
RP_OF_ARGUMENTS(variance) { return rp_div(g, mean(g, a), a[PROB]); }

const rp_family rp_family_neg_binomial = {
    .name = "neg_binomial",
    .discrete = 1,
    .n_arguments = 2,
    .arguments = {{"size", RP_ARG_POSITIVE, 0}, {"prob", RP_ARG_UNIT, 0}},
    .support_kind = RP_SUPPORT_COUNT,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .mean = mean,
    .variance = variance,
};
