/* Half Student's t, the absolute value of student_t(df, 0, scale): f(x) = 2 f_t(x), x >= 0. */
#include <math.h>

#include "terms.h"

enum { DF, SCALE };

RP_DENSITY(log_density) {
  rp_node_id t[3] = {a[DF], rp_const(g, 0), a[SCALE]};
  return rp_plus(g, rp_family_student_t.log_density(g, x, t, n_events, event_size), RP_LOG_2);
}

RP_SAMPLE(sample) {
  double half = 0.5 * *a[DF];
  *x = *a[SCALE] * fabs(rp_random_normal(r)) * sqrt(half / rp_random_gamma(r, half));
}

/* z^2 / (df + z^2) is beta(1/2, df/2). */
RP_OF_VALUE(log_cdf) {
  rp_node_id z2 = rp_square(g, rp_div(g, rp_clamp(g, x, 0, HUGE_VAL), a[SCALE]));
  rp_node_id fraction = rp_recip(g, rp_plus(g, rp_div(g, a[DF], z2), 1)); /* 1 where z^2 overflows */
  return rp_log(g, rp_ternary(g, RP_OP_BETA_I, fraction, rp_const(g, 0.5), rp_times(g, 0.5, a[DF])));
}
RP_OF_VALUE(log_ccdf) {
  rp_node_id z2 = rp_square(g, rp_div(g, rp_clamp(g, x, 0, HUGE_VAL), a[SCALE]));
  rp_node_id fraction = rp_div(g, a[DF], rp_add(g, a[DF], z2));
  return rp_log(g, rp_ternary(g, RP_OP_BETA_I, fraction, rp_times(g, 0.5, a[DF]), rp_const(g, 0.5)));
}
RP_OF_VALUE(quantile) {
  rp_node_id t[3] = {a[DF], rp_const(g, 0), a[SCALE]};
  return rp_family_student_t.quantile(g, rp_times(g, 0.5, rp_plus(g, x, 1)), t);
}
/* 2 scale sqrt(df) / ((df - 1) B(df / 2, 1 / 2)). */
RP_OF_ARGUMENTS(mean) {
  rp_node_id log_b = rp_log_beta(g, rp_times(g, 0.5, a[DF]), rp_const(g, 0.5));
  rp_node_id value = rp_mul(g, rp_div(g, rp_sqrt(g, a[DF]), rp_plus(g, a[DF], -1)), rp_exp(g, rp_neg(g, log_b)));
  value = rp_times(g, 2, rp_mul(g, a[SCALE], value));
  return rp_select(g, rp_lt(g, rp_const(g, 1), a[DF]), value, rp_const(g, HUGE_VAL));
}
RP_OF_ARGUMENTS(variance) {
  rp_node_id square = rp_mul(g, rp_square(g, a[SCALE]), rp_div(g, a[DF], rp_plus(g, a[DF], -2)));
  rp_node_id value = rp_sub(g, square, rp_square(g, mean(g, a)));
  return rp_select(g, rp_lt(g, rp_const(g, 2), a[DF]), value, rp_const(g, HUGE_VAL));
}

const rp_family rp_family_half_student_t = {
    .name = "half_student_t",
    .n_arguments = 2,
    .arguments = {{"df", RP_ARG_POSITIVE, 0}, {"scale", RP_ARG_POSITIVE, 0}},
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
