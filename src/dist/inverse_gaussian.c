/* Inverse Gaussian (Wald): f(x) = sqrt(shape / (2 pi x^3)) exp(-shape (x - mean)^2 / (2 mean^2 x)), x > 0. */
#include <math.h>

#include "terms.h"

enum { MEAN, SHAPE };

RP_DENSITY(log_density) {
  rp_node_id z = rp_plus(g, rp_div(g, x, a[MEAN]), -1);
  rp_node_id kernel = rp_div(g, rp_mul(g, rp_times(g, 0.5, a[SHAPE]), rp_square(g, z)), x);
  rp_node_id constant = rp_plus(g, rp_times(g, 0.5, rp_log(g, a[SHAPE])), -RP_LOG_SQRT_2PI);
  return rp_sub(g, constant, rp_add(g, rp_times(g, 1.5, rp_log(g, x)), kernel));
}

/* Michael, Schucany and Haas (1976); the smaller root without cancellation. */
RP_SAMPLE(sample) {
  double mean = *a[MEAN], z = rp_random_normal(r), y = mean * z * z / (2 * *a[SHAPE]);
  double small = mean / (1 + y + sqrt(y * (2 + y)));
  *x = rp_random_uniform(r) * (mean + small) <= mean ? small : mean * (mean / small);
}

/* Phi(s (x / mean - 1)) + exp(2 shape / mean) Phi(-s (x / mean + 1)), s = sqrt(shape / x). */
static void log_parts(rp_graph *g, rp_node_id x, const rp_node_id *a, int sign, rp_node_id *first, rp_node_id *second) {
  x = rp_clamp(g, x, 0, HUGE_VAL);
  rp_node_id s = rp_sqrt(g, rp_div(g, a[SHAPE], x)), ratio = rp_div(g, x, a[MEAN]);
  *first = rp_log_pnorm(g, rp_times(g, sign, rp_mul(g, s, rp_plus(g, ratio, -1))));
  rp_node_id exponent = rp_times(g, 2, rp_div(g, a[SHAPE], a[MEAN]));
  *second = rp_add(g, exponent, rp_log_pnorm(g, rp_neg(g, rp_mul(g, s, rp_plus(g, ratio, 1)))));
}

RP_OF_VALUE(log_cdf) {
  rp_node_id first, second;
  log_parts(g, x, a, 1, &first, &second);
  return rp_binary(g, RP_OP_LOG_ADD_EXP, first, second);
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id first, second;
  log_parts(g, x, a, -1, &first, &second);
  return rp_add(g, first, rp_log1m_exp(g, rp_sub(g, second, first)));
}
RP_OF_ARGUMENTS(mean) { return a[MEAN]; }
RP_OF_ARGUMENTS(variance) { return rp_div(g, rp_pow(g, a[MEAN], rp_const(g, 3)), a[SHAPE]); }

const rp_family rp_family_inverse_gaussian = {
    .name = "inverse_gaussian",
    .n_arguments = 2,
    .arguments = {{"mean", RP_ARG_POSITIVE, 0}, {"shape", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_POSITIVE,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .mean = mean,
    .variance = variance,
};
