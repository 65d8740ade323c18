/* Negative binomial by its mean: prob = size / (size + mu); variance mu + mu^2 / size. */
#include <math.h>

#include "terms.h"

enum { MU, SIZE };

/* Terms in log1p(mu / size), so that large sizes tend to the Poisson law without cancellation. */
RP_DENSITY(log_density) {
  rp_node_id log_ratio = rp_log1p(g, rp_div(g, a[MU], a[SIZE]));
  rp_node_id kernel = rp_sub(g, rp_xlogy(g, x, a[MU]), rp_mul(g, rp_add(g, x, a[SIZE]), log_ratio));
  kernel = rp_sub(g, kernel, rp_mul(g, x, rp_log(g, a[SIZE])));
  rp_node_id count = rp_add(g, rp_log(g, rp_add(g, x, a[SIZE])), rp_log_beta(g, a[SIZE], rp_plus(g, x, 1)));
  return rp_sub(g, kernel, count);
}

RP_SAMPLE(sample) { *x = rp_sample_poisson(r, rp_random_gamma(r, *a[SIZE]) / *a[SIZE] * *a[MU]); }

static const rp_node_id *by_prob(rp_graph *g, const rp_node_id *a, rp_node_id other[2]) {
  other[0] = a[SIZE];
  other[1] = rp_div(g, a[SIZE], rp_add(g, a[SIZE], a[MU]));
  return other;
}

RP_OF_VALUE(log_cdf) {
  rp_node_id other[2];
  return rp_family_neg_binomial.log_cdf(g, x, by_prob(g, a, other));
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id other[2];
  return rp_family_neg_binomial.log_ccdf(g, x, by_prob(g, a, other));
}
RP_OF_ARGUMENTS(mean) { return a[MU]; }
RP_OF_ARGUMENTS(variance) { return rp_add(g, a[MU], rp_div(g, rp_square(g, a[MU]), a[SIZE])); }

const rp_family rp_family_neg_binomial_2 = {
    .name = "neg_binomial_2",
    .discrete = 1,
    .n_arguments = 2,
    .arguments = {{"mu", RP_ARG_NONNEGATIVE, 0}, {"size", RP_ARG_POSITIVE, 0}},
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
