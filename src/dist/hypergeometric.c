/* Hypergeometric: x white balls among k drawn without replacement from m white and n black ones:
 * P(x) = choose(m, x) choose(n, k - x) / choose(m + n, k). */
#include "terms.h"

enum { M, N, K };

extern const rp_family rp_family_hypergeometric;

RP_DENSITY(log_density) {
  rp_node_id ways = rp_add(g, rp_log_choose(g, a[M], x), rp_log_choose(g, a[N], rp_sub(g, a[K], x)));
  return rp_sub(g, ways, rp_log_choose(g, rp_add(g, a[M], a[N]), a[K]));
}

RP_SAMPLE(sample) { *x = rp_sample_hypergeometric(r, *a[M], *a[N], *a[K]); }

RP_SUPPORT_OF(support) {
  rp_node_id lower = rp_max2(g, rp_const(g, 0), rp_sub(g, a[K], a[N]));
  return (rp_support) {RP_SUPPORT_INTEGER_INTERVAL, lower, rp_min2(g, a[K], a[M])};
}
RP_OF_VALUE(log_cdf) { return rp_summed_log_tail(g, &rp_family_hypergeometric, x, a, 0); }
RP_OF_VALUE(log_ccdf) { return rp_summed_log_tail(g, &rp_family_hypergeometric, x, a, 1); }
RP_OF_ARGUMENTS(mean) { return rp_div(g, rp_mul(g, a[K], a[M]), rp_add(g, a[M], a[N])); }
RP_OF_ARGUMENTS(variance) {
  rp_node_id total = rp_add(g, a[M], a[N]);
  rp_node_id black = rp_div(g, a[N], total), left = rp_div(g, rp_sub(g, total, a[K]), rp_plus(g, total, -1));
  return rp_mul(g, mean(g, a), rp_mul(g, black, left));
}

const rp_family rp_family_hypergeometric = {
    .name = "hypergeometric",
    .discrete = 1,
    .n_arguments = 3,
    .arguments = {{"m", RP_ARG_COUNT, 0}, {"n", RP_ARG_COUNT, 0}, {"k", RP_ARG_COUNT, 0}},
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
