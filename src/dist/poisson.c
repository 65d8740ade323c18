/* Poisson: P(x) = lambda^x exp(-lambda) / x!, x = 0, 1, 2, ... */
#include <math.h>

#include "terms.h"

enum { LAMBDA };

RP_DENSITY(log_density) {
  rp_node_id kernel = rp_sub(g, rp_xlogy(g, x, a[LAMBDA]), a[LAMBDA]);
  return rp_sub(g, kernel, rp_lgamma(g, rp_plus(g, x, 1)));
}

RP_SAMPLE(sample) { *x = rp_sample_poisson(r, *a[LAMBDA]); }

/* P(X <= k) = Q(k + 1, lambda). */
RP_OF_VALUE(log_cdf) {
  rp_node_id k = rp_floor(g, x), zero = rp_const(g, 0);
  rp_node_id inside = rp_log(g, rp_gamma_q(g, a[LAMBDA], rp_plus(g, rp_max2(g, k, zero), 1)));
  return rp_select(g, rp_lt(g, k, zero), rp_const(g, -HUGE_VAL), inside);
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id k = rp_floor(g, x), zero = rp_const(g, 0);
  rp_node_id inside = rp_log(g, rp_gamma_p(g, a[LAMBDA], rp_plus(g, rp_max2(g, k, zero), 1)));
  return rp_select(g, rp_lt(g, k, zero), zero, inside);
}
RP_OF_ARGUMENTS(mean) { return a[LAMBDA]; }

const rp_family rp_family_poisson = {
    .name = "poisson",
    .discrete = 1,
    .n_arguments = 1,
    .arguments = {{"lambda", RP_ARG_NONNEGATIVE, 0}},
    .support_kind = RP_SUPPORT_COUNT,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .mean = mean,
    .variance = mean,
};
