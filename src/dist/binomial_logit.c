/* Binomial by its log odds: P(x) = choose(size, x) exp(x logits) / (1 + exp(logits))^size. */
#include <math.h>

#include "terms.h"

enum { SIZE, LOGITS };

RP_DENSITY(log_density) {
  rp_node_id kernel = rp_sub(g, rp_mul(g, x, a[LOGITS]), rp_mul(g, a[SIZE], rp_log1p_exp(g, a[LOGITS])));
  return rp_add(g, kernel, rp_log_choose(g, a[SIZE], x));
}

RP_SAMPLE(sample) { *x = rp_sample_binomial(r, *a[SIZE], 1 / (1 + exp(-*a[LOGITS]))); }

RP_SUPPORT_OF(support) { return (rp_support) {RP_SUPPORT_INTEGER_INTERVAL, rp_const(g, 0), a[SIZE]}; }
static rp_node_id log_tail(rp_graph *g, rp_node_id x, const rp_node_id *a, int upper) {
  rp_node_id p = rp_sigmoid(g, a[LOGITS]), q = rp_sigmoid(g, rp_neg(g, a[LOGITS]));
  return rp_binomial_log_tail(g, rp_floor(g, x), a[SIZE], p, q, upper);
}

RP_OF_VALUE(log_cdf) { return log_tail(g, x, a, 0); }
RP_OF_VALUE(log_ccdf) { return log_tail(g, x, a, 1); }
RP_OF_ARGUMENTS(mean) { return rp_mul(g, a[SIZE], rp_sigmoid(g, a[LOGITS])); }
RP_OF_ARGUMENTS(variance) { return rp_mul(g, mean(g, a), rp_sigmoid(g, rp_neg(g, a[LOGITS]))); }

const rp_family rp_family_binomial_logit = {
    .name = "binomial_logit",
    .discrete = 1,
    .n_arguments = 2,
    .arguments = {{"size", RP_ARG_COUNT, 0}, {"logits", RP_ARG_REAL, 0}},
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
