/* Chi-squared: gamma(df / 2, rate 1/2), x >= 0. */
#include "terms.h"

enum { DF };

static const rp_node_id *as_gamma(rp_graph *g, const rp_node_id *a, rp_node_id gamma[2]) {
  gamma[0] = rp_times(g, 0.5, a[DF]);
  gamma[1] = rp_const(g, 0.5);
  return gamma;
}

RP_DENSITY(log_density) {
  rp_node_id gamma[2];
  return rp_family_gamma.log_density(g, x, as_gamma(g, a, gamma), n_events, event_size);
}

RP_SAMPLE(sample) { *x = 2 * rp_random_gamma(r, 0.5 * *a[DF]); }

RP_OF_VALUE(log_cdf) {
  rp_node_id gamma[2];
  return rp_family_gamma.log_cdf(g, x, as_gamma(g, a, gamma));
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id gamma[2];
  return rp_family_gamma.log_ccdf(g, x, as_gamma(g, a, gamma));
}
RP_OF_VALUE(quantile) {
  rp_node_id gamma[2];
  return rp_family_gamma.quantile(g, x, as_gamma(g, a, gamma));
}
RP_OF_ARGUMENTS(mean) { return a[DF]; }
RP_OF_ARGUMENTS(variance) { return rp_times(g, 2, a[DF]); }

const rp_family rp_family_chi_squared = {
    .name = "chi_squared",
    .n_arguments = 1,
    .arguments = {{"df", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_NONNEGATIVE,
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
