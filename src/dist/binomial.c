/* Binomial: P(x) = choose(size, x) prob^x (1 - prob)^(size - x), x = 0, .., size. */
#include <math.h>

#include "terms.h"

enum { SIZE, PROB };

RP_DENSITY(log_density) {
  rp_node_id log_p, log_q, failures = rp_sub(g, a[SIZE], x);
  rp_log_odds_pair(g, a[PROB], &log_p, &log_q);
  rp_node_id kernel = rp_add(g, rp_mul_zero(g, x, log_p), rp_mul_zero(g, failures, log_q));
  return rp_add(g, kernel, rp_log_choose(g, a[SIZE], x));
}

RP_SAMPLE(sample) { *x = rp_sample_binomial(r, *a[SIZE], *a[PROB]); }

RP_SUPPORT_OF(support) { return (rp_support) {RP_SUPPORT_INTEGER_INTERVAL, rp_const(g, 0), a[SIZE]}; }

/* P(X > k) = I(prob; k + 1, size - k) for k = 0, .., size - 1. */
rp_node_id rp_binomial_log_tail(rp_graph *g, rp_node_id k, rp_node_id size, rp_node_id p, rp_node_id q, int upper) {
  rp_node_id inner = rp_max2(g, rp_min2(g, k, rp_plus(g, size, -1)), rp_const(g, 0));
  rp_node_id successes = rp_plus(g, inner, 1), failures = rp_sub(g, size, inner);
  rp_node_id tail = upper ? rp_ternary(g, RP_OP_BETA_I, p, successes, failures)
                          : rp_ternary(g, RP_OP_BETA_I, q, failures, successes);
  rp_node_id certain = rp_const(g, 0), impossible = rp_const(g, -HUGE_VAL);
  rp_node_id at_least_zero = rp_select(g, rp_lt(g, k, size), rp_log(g, tail), upper ? impossible : certain);
  return rp_select(g, rp_lt(g, k, rp_const(g, 0)), upper ? certain : impossible, at_least_zero);
}

static rp_node_id log_tail(rp_graph *g, rp_node_id x, const rp_node_id *a, int upper) {
  return rp_binomial_log_tail(g, rp_floor(g, x), a[SIZE], a[PROB], rp_minus_from(g, 1, a[PROB]), upper);
}

RP_OF_VALUE(log_cdf) { return log_tail(g, x, a, 0); }
RP_OF_VALUE(log_ccdf) { return log_tail(g, x, a, 1); }
RP_OF_ARGUMENTS(mean) { return rp_mul(g, a[SIZE], a[PROB]); }
RP_OF_ARGUMENTS(variance) { return rp_mul(g, mean(g, a), rp_minus_from(g, 1, a[PROB])); }

const rp_family rp_family_binomial = {
    .name = "binomial",
    .discrete = 1,
    .n_arguments = 2,
    .arguments = {{"size", RP_ARG_COUNT, 0}, {"prob", RP_ARG_UNIT, 0}},
    .support_kind = RP_SUPPORT_INTEGER_INTERVAL,
    .support = support,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .mean = mean,
    .variance = variance,
};
