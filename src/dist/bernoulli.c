/* Bernoulli: P(1) = prob, P(0) = 1 - prob. */
#include <math.h>

#include "terms.h"

enum { PROB };

RP_DENSITY(log_density) {
  rp_node_id log_p, log_q;
  rp_log_odds_pair(g, a[PROB], &log_p, &log_q);
  return rp_select(g, x, log_p, log_q);
}

RP_SAMPLE(sample) { *x = rp_random_uniform(r) < *a[PROB]; }

RP_OF_VALUE(log_cdf) {
  rp_node_id below_one = rp_log1p(g, rp_neg(g, a[PROB]));
  rp_node_id zero = rp_const(g, 0);
  rp_node_id from_zero = rp_select(g, rp_lt(g, x, rp_const(g, 1)), below_one, zero);
  return rp_select(g, rp_lt(g, x, zero), rp_const(g, -HUGE_VAL), from_zero);
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id one = rp_const(g, 1), zero = rp_const(g, 0);
  rp_node_id from_zero = rp_select(g, rp_lt(g, x, one), rp_log(g, a[PROB]), rp_const(g, -HUGE_VAL));
  return rp_select(g, rp_lt(g, x, zero), zero, from_zero);
}
RP_OF_ARGUMENTS(mean) { return a[PROB]; }
RP_OF_ARGUMENTS(variance) { return rp_mul(g, a[PROB], rp_minus_from(g, 1, a[PROB])); }

const rp_family rp_family_bernoulli = {
    .name = "bernoulli",
    .discrete = 1,
    .n_arguments = 1,
    .arguments = {{"prob", RP_ARG_UNIT, 0}},
    .support_kind = RP_SUPPORT_BOOLEAN,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .mean = mean,
    .variance = variance,
};
