/* Zero-inflated Poisson: 0 with probability zero_prob, otherwise poisson(lambda). */
#include <math.h>

#include "terms.h"

enum { LAMBDA, ZERO_PROB };

RP_DENSITY(log_density) {
  rp_node_id log_zero, log_other;
  rp_log_odds_pair(g, a[ZERO_PROB], &log_zero, &log_other);
  rp_node_id at_zero = rp_binary(g, RP_OP_LOG_ADD_EXP, log_zero, rp_sub(g, log_other, a[LAMBDA]));
  rp_node_id above = rp_add(g, log_other, rp_family_poisson.log_density(g, x, a, n_events, event_size));
  return rp_select(g, x, above, at_zero);
}

RP_SAMPLE(sample) { *x = rp_random_uniform(r) < *a[ZERO_PROB] ? 0 : rp_sample_poisson(r, *a[LAMBDA]); }

static rp_node_id log_tail(rp_graph *g, rp_node_id x, const rp_node_id *a, int upper) {
  rp_node_id log_zero, log_other;
  rp_log_odds_pair(g, a[ZERO_PROB], &log_zero, &log_other);
  rp_node_id inner = rp_max2(g, x, rp_const(g, 0));
  rp_node_id tail = (upper ? rp_family_poisson.log_ccdf : rp_family_poisson.log_cdf)(g, inner, a);
  tail = rp_add(g, log_other, tail);
  if (!upper) tail = rp_binary(g, RP_OP_LOG_ADD_EXP, log_zero, tail);
  return rp_select(g, rp_lt(g, x, rp_const(g, 0)), rp_const(g, upper ? 0 : -HUGE_VAL), tail);
}

RP_OF_VALUE(log_cdf) { return log_tail(g, x, a, 0); }
RP_OF_VALUE(log_ccdf) { return log_tail(g, x, a, 1); }
RP_OF_ARGUMENTS(mean) { return rp_mul(g, a[LAMBDA], rp_minus_from(g, 1, a[ZERO_PROB])); }
RP_OF_ARGUMENTS(variance) {
  return rp_mul(g, mean(g, a), rp_plus(g, rp_mul(g, a[LAMBDA], a[ZERO_PROB]), 1));
}

const rp_family rp_family_zero_inflated_poisson = {
    .name = "zero_inflated_poisson",
    .discrete = 1,
    .n_arguments = 2,
    .arguments = {{"lambda", RP_ARG_NONNEGATIVE, 0}, {"zero_prob", RP_ARG_UNIT, 0}},
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
