/* Kumaraswamy: f(x) = a b x^(a - 1) (1 - x^a)^(b - 1) with a = shape1, b = shape2, 0 <= x <= 1. */
#include <math.h>

#include "terms.h"

enum { SHAPE1, SHAPE2 };

/* log(1 - x^a). */
static rp_node_id log_rest(rp_graph *g, rp_node_id x, const rp_node_id *a) {
  return rp_log1m_exp(g, rp_mul(g, a[SHAPE1], rp_log(g, x)));
}

RP_DENSITY(log_density) {
  rp_node_id kernel = rp_add(g, rp_xlogy(g, rp_plus(g, a[SHAPE1], -1), x),
                             rp_mul_zero(g, rp_plus(g, a[SHAPE2], -1), log_rest(g, x, a)));
  return rp_add(g, kernel, rp_add(g, rp_log(g, a[SHAPE1]), rp_log(g, a[SHAPE2])));
}

RP_SAMPLE(sample) {
  double rest = exp(-rp_random_exponential(r) / *a[SHAPE2]);
  *x = pow(1 - rest, 1 / *a[SHAPE1]);
}

RP_OF_VALUE(log_ccdf) { return rp_mul(g, a[SHAPE2], log_rest(g, rp_clamp(g, x, 0, 1), a)); }
RP_OF_VALUE(log_cdf) { return rp_log1m_exp(g, log_ccdf(g, x, a)); }
RP_OF_VALUE(quantile) {
  rp_node_id rest = rp_expm1(g, rp_div(g, rp_log1p(g, rp_neg(g, x)), a[SHAPE2]));
  return rp_pow(g, rp_neg(g, rest), rp_recip(g, a[SHAPE1]));
}

/* E x^k = b B(1 + k / a, b). */
static rp_node_id moment(rp_graph *g, double k, const rp_node_id *a) {
  rp_node_id first = rp_plus(g, rp_div(g, rp_const(g, k), a[SHAPE1]), 1);
  return rp_mul(g, a[SHAPE2], rp_exp(g, rp_log_beta(g, first, a[SHAPE2])));
}

RP_OF_ARGUMENTS(mean) { return moment(g, 1, a); }
RP_OF_ARGUMENTS(variance) { return rp_sub(g, moment(g, 2, a), rp_square(g, moment(g, 1, a))); }

const rp_family rp_family_kumaraswamy = {
    .name = "kumaraswamy",
    .n_arguments = 2,
    .arguments = {{"shape1", RP_ARG_POSITIVE, 0}, {"shape2", RP_ARG_POSITIVE, 0}},
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
