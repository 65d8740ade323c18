/* Bernoulli by its log odds: P(1) = 1 / (1 + exp(-logits)). */
#include <math.h>

#include "terms.h"

enum { LOGITS };

RP_DENSITY(log_density) { return rp_sub(g, rp_mul(g, x, a[LOGITS]), rp_log1p_exp(g, a[LOGITS])); }

RP_SAMPLE(sample) { *x = rp_random_uniform(r) < 1 / (1 + exp(-*a[LOGITS])); }

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
    .mean = mean,
    .variance = variance,
};
