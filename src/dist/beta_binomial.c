/* Beta-binomial, a binomial whose prob is beta(shape1, shape2):
 * P(x) = choose(size, x) B(x + shape1, size - x + shape2) / B(shape1, shape2), x = 0, .., size. */
#include <math.h>

#include "terms.h"

enum { SIZE, SHAPE1, SHAPE2 };

extern const rp_family rp_family_beta_binomial;

RP_DENSITY(log_density) {
  rp_node_id failures = rp_sub(g, a[SIZE], x);
  rp_node_id ratio = rp_sub(g, rp_log_beta(g, rp_add(g, x, a[SHAPE1]), rp_add(g, failures, a[SHAPE2])),
                            rp_log_beta(g, a[SHAPE1], a[SHAPE2]));
  return rp_add(g, rp_log_choose(g, a[SIZE], x), ratio);
}

RP_SAMPLE(sample) { *x = rp_sample_binomial(r, *a[SIZE], rp_sample_beta(r, *a[SHAPE1], *a[SHAPE2])); }

RP_SUPPORT_OF(support) { return (rp_support) {RP_SUPPORT_INTEGER_INTERVAL, rp_const(g, 0), a[SIZE]}; }
RP_OF_VALUE(log_cdf) { return rp_summed_log_tail(g, &rp_family_beta_binomial, x, a, 0); }
RP_OF_VALUE(log_ccdf) { return rp_summed_log_tail(g, &rp_family_beta_binomial, x, a, 1); }
RP_OF_ARGUMENTS(mean) { return rp_mul(g, a[SIZE], rp_div(g, a[SHAPE1], rp_add(g, a[SHAPE1], a[SHAPE2]))); }
RP_OF_ARGUMENTS(variance) {
  rp_node_id sum = rp_add(g, a[SHAPE1], a[SHAPE2]), q = rp_div(g, a[SHAPE2], sum);
  rp_node_id spread = rp_div(g, rp_add(g, sum, a[SIZE]), rp_plus(g, sum, 1));
  return rp_mul(g, rp_mul(g, mean(g, a), q), spread);
}

const rp_family rp_family_beta_binomial = {
    .name = "beta_binomial",
    .discrete = 1,
    .n_arguments = 3,
    .arguments = {{"size", RP_ARG_COUNT, 0}, {"shape1", RP_ARG_POSITIVE, 0}, {"shape2", RP_ARG_POSITIVE, 0}},
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
