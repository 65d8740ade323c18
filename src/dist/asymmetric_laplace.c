/* Asymmetric Laplace: exponential tails of scale left = scale * asymmetry and right = scale / asymmetry:
 * f(x) = exp(-|x - location| / (left or right)) / (left + right) (Kotz, Kozubowski and Podgorski 2001). */
#include "terms.h"

enum { LOCATION, SCALE, ASYMMETRY };

static rp_node_id left_scale(rp_graph *g, const rp_node_id *a) { return rp_mul(g, a[SCALE], a[ASYMMETRY]); }
static rp_node_id right_scale(rp_graph *g, const rp_node_id *a) { return rp_div(g, a[SCALE], a[ASYMMETRY]); }

RP_DENSITY(log_density) {
  rp_node_id residual = rp_sub(g, x, a[LOCATION]), left = left_scale(g, a), right = right_scale(g, a);
  rp_node_id slope = rp_select(g, rp_lt(g, residual, rp_const(g, 0)), rp_recip(g, left), rp_neg(g, rp_recip(g, right)));
  return rp_sub(g, rp_mul(g, residual, slope), rp_log(g, rp_add(g, left, right)));
}

RP_SAMPLE(sample) {
  double left = *a[SCALE] * *a[ASYMMETRY], right = *a[SCALE] / *a[ASYMMETRY];
  *x = *a[LOCATION] + right * rp_random_exponential(r) - left * rp_random_exponential(r);
}

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  rp_node_id left = rp_recip(g, left_scale(g, a)), right = rp_recip(g, right_scale(g, a));
  return rp_select(g, rp_lt(g, residual, rp_const(g, 0)), left, rp_neg(g, right));
}

/* log P(residual below): the tails are exponentials with the weights left and right of left + right. */
static rp_node_id log_below(rp_graph *g, rp_node_id residual, rp_node_id left, rp_node_id right) {
  rp_node_id zero = rp_const(g, 0), sum = rp_add(g, left, right);
  rp_node_id low = rp_add(g, rp_log(g, rp_div(g, left, sum)), rp_div(g, rp_min2(g, residual, zero), left));
  rp_node_id tail = rp_exp(g, rp_neg(g, rp_div(g, rp_max2(g, residual, zero), right)));
  rp_node_id high = rp_log1p(g, rp_neg(g, rp_mul(g, rp_div(g, right, sum), tail)));
  return rp_select(g, rp_lt(g, residual, zero), low, high);
}

RP_OF_VALUE(log_cdf) { return log_below(g, rp_sub(g, x, a[LOCATION]), left_scale(g, a), right_scale(g, a)); }
RP_OF_VALUE(log_ccdf) { return log_below(g, rp_sub(g, a[LOCATION], x), right_scale(g, a), left_scale(g, a)); }
RP_OF_ARGUMENTS(mean) { return rp_add(g, a[LOCATION], rp_sub(g, right_scale(g, a), left_scale(g, a))); }
RP_OF_ARGUMENTS(variance) { return rp_add(g, rp_square(g, left_scale(g, a)), rp_square(g, right_scale(g, a))); }

const rp_family rp_family_asymmetric_laplace = {
    .name = "asymmetric_laplace",
    .n_arguments = 3,
    .arguments = {{"location", RP_ARG_REAL, 0}, {"scale", RP_ARG_POSITIVE, 0}, {"asymmetry", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_REAL,
    .log_density = log_density,
    .sample = sample,
    .location = LOCATION,
    .scale = SCALE,
    .score = score,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .mean = mean,
    .variance = variance,
};
