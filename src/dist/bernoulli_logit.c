/* Bernoulli by its log odds: P(1) = 1 / (1 + exp(-logits)). */
#include <math.h>

#include "terms.h"

enum { LOGITS };

RP_DENSITY(log_density) { return rp_sub(g, rp_mul(g, x, a[LOGITS]), rp_log1p_exp(g, a[LOGITS])); }

RP_SAMPLE(sample) { *x = rp_random_uniform(r) < 1 / (1 + exp(-*a[LOGITS])); }

/* 0 below 0 and 1 from 1 on; between them the probability of 0. */
RP_OF_VALUE(log_cdf) {
  rp_node_id zero = rp_neg(g, rp_log1p_exp(g, a[LOGITS]));
  rp_node_id from_zero = rp_select(g, rp_lt(g, x, rp_const(g, 1)), zero, rp_const(g, 0));
  return rp_select(g, rp_lt(g, x, rp_const(g, 0)), rp_const(g, -HUGE_VAL), from_zero);
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id one = rp_neg(g, rp_log1p_exp(g, rp_neg(g, a[LOGITS])));
  rp_node_id from_zero = rp_select(g, rp_lt(g, x, rp_const(g, 1)), one, rp_const(g, -HUGE_VAL));
  return rp_select(g, rp_lt(g, x, rp_const(g, 0)), rp_const(g, 0), from_zero);
}
RP_OF_ARGUMENTS(mean) { return rp_sigmoid(g, a[LOGITS]); }
RP_OF_ARGUMENTS(variance) { return rp_mul(g, rp_sigmoid(g, a[LOGITS]), rp_sigmoid(g, rp_neg(g, a[LOGITS]))); }

const rp_family rp_family_bernoulli_logit = {
    .name = "bernoulli_logit",
    .discrete = 1,
    .n_arguments = 1,
    .arguments = {{"logits", RP_ARG_REAL, 0}},
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
