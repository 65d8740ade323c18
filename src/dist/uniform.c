/* Uniform: f(x) = 1 / (max - min), min <= x <= max. */
#include "terms.h"

enum { MIN, MAX };

RP_DENSITY(log_density) { return rp_neg(g, rp_log(g, rp_sub(g, a[MAX], a[MIN]))); }

RP_SAMPLE(sample) { *x = *a[MIN] + (*a[MAX] - *a[MIN]) * rp_random_uniform(r); }

RP_SUPPORT_OF(support) { return (rp_support) {RP_SUPPORT_INTERVAL, a[MIN], a[MAX]}; }

static rp_node_id part(rp_graph *g, rp_node_id from, rp_node_id to, const rp_node_id *a) {
  return rp_clamp(g, rp_div(g, rp_sub(g, to, from), rp_sub(g, a[MAX], a[MIN])), 0, 1);
}

RP_OF_VALUE(log_cdf) { return rp_log(g, part(g, a[MIN], x, a)); }
RP_OF_VALUE(log_ccdf) { return rp_log(g, part(g, x, a[MAX], a)); }
RP_OF_VALUE(quantile) { return rp_add(g, a[MIN], rp_mul(g, x, rp_sub(g, a[MAX], a[MIN]))); }
RP_OF_ARGUMENTS(mean) { return rp_times(g, 0.5, rp_add(g, a[MIN], a[MAX])); }
RP_OF_ARGUMENTS(variance) { return rp_times(g, 1 / 12.0, rp_square(g, rp_sub(g, a[MAX], a[MIN]))); }

const rp_family rp_family_uniform = {
    .name = "uniform",
    .n_arguments = 2,
    .arguments = {{"min", RP_ARG_REAL, 0}, {"max", RP_ARG_REAL, 0}},
    .support_kind = RP_SUPPORT_INTERVAL,
    .support = support,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
    .mean = mean,
    .variance = variance,
};
