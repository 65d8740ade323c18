/* Geometric, failures before the first success: P(x) = prob (1 - prob)^x, x = 0, 1, 2, ... */
#include <math.h>

#include "terms.h"

enum { PROB };

RP_DENSITY(log_density) {
  rp_node_id log_p, log_q;
  rp_log_odds_pair(g, a[PROB], &log_p, &log_q);
  return rp_add(g, log_p, rp_mul_zero(g, x, log_q));
}

RP_SAMPLE(sample) { *x = *a[PROB] >= 1 ? 0 : floor(-rp_random_exponential(r) / log1p(-*a[PROB])); }

RP_OF_VALUE(log_ccdf) {
  rp_node_id failures = rp_clamp(g, rp_plus(g, rp_floor(g, x), 1), 0, HUGE_VAL);
  return rp_mul_zero(g, failures, rp_log1p(g, rp_neg(g, a[PROB])));
}
RP_OF_VALUE(log_cdf) { return rp_log1m_exp(g, log_ccdf(g, x, a)); }
RP_OF_ARGUMENTS(mean) { return rp_div(g, rp_minus_from(g, 1, a[PROB]), a[PROB]); }
RP_OF_ARGUMENTS(variance) { return rp_div(g, mean(g, a), a[PROB]); }

const rp_family rp_family_geometric = {
    .name = "geometric",
    .discrete = 1,
    .n_arguments = 1,
    .arguments = {{"prob", RP_ARG_UNIT, 0}},
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
