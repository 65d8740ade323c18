/* Beta by its mean and concentration: beta(mean concentration, (1 - mean) concentration), 0 <= x <= 1. */
#include "terms.h"

enum { MEAN, CONCENTRATION };

static const rp_node_id *as_beta(rp_graph *g, const rp_node_id *a, rp_node_id beta[2]) {
  beta[0] = rp_mul(g, a[MEAN], a[CONCENTRATION]);
  beta[1] = rp_mul(g, rp_minus_from(g, 1, a[MEAN]), a[CONCENTRATION]);
  return beta;
}

RP_DENSITY(log_density) {
  rp_node_id beta[2];
  return rp_family_beta.log_density(g, x, as_beta(g, a, beta), n_events, event_size);
}

RP_SAMPLE(sample) { *x = rp_sample_beta(r, *a[MEAN] * *a[CONCENTRATION], (1 - *a[MEAN]) * *a[CONCENTRATION]); }

RP_OF_VALUE(log_cdf) {
  rp_node_id beta[2];
  return rp_family_beta.log_cdf(g, x, as_beta(g, a, beta));
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id beta[2];
  return rp_family_beta.log_ccdf(g, x, as_beta(g, a, beta));
}
RP_OF_VALUE(quantile) {
  rp_node_id beta[2];
  return rp_family_beta.quantile(g, x, as_beta(g, a, beta));
}
RP_OF_ARGUMENTS(mean) { return a[MEAN]; }
RP_OF_ARGUMENTS(variance) {
  return rp_div(g, rp_mul(g, a[MEAN], rp_minus_from(g, 1, a[MEAN])), rp_plus(g, a[CONCENTRATION], 1));
}

const rp_family rp_family_beta_proportion = {
    .name = "beta_proportion",
    .n_arguments = 2,
    .arguments = {{"mean", RP_ARG_UNIT, 0}, {"concentration", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_UNIT,
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
