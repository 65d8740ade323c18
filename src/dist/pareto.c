/* Pareto: f(x) = shape min^shape / x^(shape + 1), x >= min. */
#include <math.h>

#include "terms.h"

enum { MIN, SHAPE };

RP_DENSITY(log_density) {
  rp_node_id ratio = rp_sub(g, rp_log(g, a[MIN]), rp_log(g, x));
  return rp_add(g, rp_log(g, a[SHAPE]), rp_sub(g, rp_mul(g, a[SHAPE], ratio), rp_log(g, x)));
}

RP_SAMPLE(sample) { *x = *a[MIN] * exp(rp_random_exponential(r) / *a[SHAPE]); }

RP_SUPPORT_OF(support) { return (rp_support) {RP_SUPPORT_LOWER, a[MIN], RP_NONE}; }

RP_OF_VALUE(log_ccdf) {
  return rp_mul(g, a[SHAPE], rp_sub(g, rp_log(g, a[MIN]), rp_log(g, rp_max2(g, x, a[MIN]))));
}
RP_OF_VALUE(log_cdf) { return rp_log1m_exp(g, log_ccdf(g, x, a)); }
RP_OF_VALUE(quantile) {
  return rp_mul(g, a[MIN], rp_exp(g, rp_neg(g, rp_div(g, rp_log1p(g, rp_neg(g, x)), a[SHAPE]))));
}
RP_OF_ARGUMENTS(mean) {
  rp_node_id value = rp_div(g, rp_mul(g, a[SHAPE], a[MIN]), rp_plus(g, a[SHAPE], -1));
  return rp_select(g, rp_lt(g, rp_const(g, 1), a[SHAPE]), value, rp_const(g, HUGE_VAL));
}
RP_OF_ARGUMENTS(variance) {
  rp_node_id root = rp_div(g, a[MIN], rp_plus(g, a[SHAPE], -1));
  rp_node_id value = rp_div(g, rp_mul(g, a[SHAPE], rp_square(g, root)), rp_plus(g, a[SHAPE], -2));
  return rp_select(g, rp_lt(g, rp_const(g, 2), a[SHAPE]), value, rp_const(g, HUGE_VAL));
}

const rp_family rp_family_pareto = {
    .name = "pareto",
    .n_arguments = 2,
    .arguments = {{"min", RP_ARG_POSITIVE, 0}, {"shape", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_LOWER,
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
