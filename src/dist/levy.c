/* Levy: f(x) = sqrt(scale / (2 pi)) (x - location)^(-3/2) exp(-scale / (2 (x - location))), x > location: scale over
 * the square of a standard normal. No mean and no variance exist. */
#include <math.h>

#include "terms.h"

enum { LOCATION, SCALE };

RP_DENSITY(log_density) {
  rp_node_id residual = rp_sub(g, x, a[LOCATION]);
  rp_node_id kernel = rp_add(g, rp_times(g, 1.5, rp_log(g, residual)), rp_div(g, rp_times(g, 0.5, a[SCALE]), residual));
  return rp_sub(g, rp_plus(g, rp_times(g, 0.5, rp_log(g, a[SCALE])), -RP_LOG_SQRT_2PI), kernel);
}

RP_SAMPLE(sample) {
  double z = rp_random_normal(r);
  *x = *a[LOCATION] + *a[SCALE] / (z * z);
}

RP_SUPPORT_OF(support) { return (rp_support) {RP_SUPPORT_LOWER, a[LOCATION], RP_NONE}; }
/* The bound itself has density 0, which the formula does not give. */
RP_DENSITY(inside) { return rp_mul(g, rp_lt(g, a[LOCATION], x), rp_lt(g, x, rp_const(g, HUGE_VAL))); }

static rp_node_id ratio(rp_graph *g, rp_node_id x, const rp_node_id *a) {
  return rp_div(g, a[SCALE], rp_clamp(g, rp_sub(g, x, a[LOCATION]), 0, HUGE_VAL));
}

RP_OF_VALUE(log_cdf) { return rp_plus(g, rp_log_pnorm(g, rp_neg(g, rp_sqrt(g, ratio(g, x, a)))), RP_LOG_2); }
RP_OF_VALUE(log_ccdf) {
  return rp_log(g, rp_gamma_p(g, rp_times(g, 0.5, ratio(g, x, a)), rp_const(g, 0.5)));
}
RP_OF_VALUE(quantile) {
  return rp_add(g, a[LOCATION], rp_div(g, a[SCALE], rp_square(g, rp_qnorm(g, rp_times(g, 0.5, x)))));
}

const rp_family rp_family_levy = {
    .name = "levy",
    .n_arguments = 2,
    .arguments = {{"location", RP_ARG_REAL, 0}, {"scale", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_LOWER,
    .support = support,
    .inside = inside,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
};
