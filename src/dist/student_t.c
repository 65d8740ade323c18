/* Student's t with df degrees of freedom, z = (x - location) / scale:
 * f(x) = (1 + z^2 / df)^(-(df + 1) / 2) / (scale sqrt(df) B(df / 2, 1 / 2)). */
#include <math.h>

#include "terms.h"

enum { DF, LOCATION, SCALE };

/* sqrt(df) B(df / 2, 1 / 2) = sqrt(2 pi (df / 2)) Gamma(df / 2) / Gamma((df + 1) / 2). */
RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, a[LOCATION], a[SCALE]);
  rp_node_id log_b = rp_log_beta(g, rp_times(g, 0.5, a[DF]), rp_const(g, 0.5));
  rp_node_id constant = rp_add(g, rp_add(g, rp_log(g, a[SCALE]), rp_times(g, 0.5, rp_log(g, a[DF]))), log_b);
  rp_node_id power = rp_times(g, -0.5, rp_plus(g, a[DF], 1));
  rp_node_id spread = rp_size_of(g, a[DF]) == 1 ? rp_mul(g, rp_square(g, z), rp_recip(g, a[DF]))
                                                : rp_div(g, rp_square(g, z), a[DF]);
  return rp_sub(g, rp_mul(g, power, rp_log1p(g, spread)), constant);
}

RP_SAMPLE(sample) {
  double half = 0.5 * *a[DF];
  double z = rp_random_normal(r);
  *x = *a[LOCATION] + *a[SCALE] * z * sqrt(half / rp_random_gamma(r, half));
}

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  rp_node_id spread = rp_add(g, rp_mul(g, a[DF], rp_square(g, a[SCALE])), rp_square(g, residual));
  return rp_neg(g, rp_div(g, rp_mul(g, rp_plus(g, a[DF], 1), residual), spread));
}

/* P(T > |z|) = I(df / (df + z^2); df / 2, 1 / 2) / 2. */
static rp_node_id log_upper(rp_graph *g, rp_node_id z, const rp_node_id *a) {
  rp_node_id fraction = rp_div(g, a[DF], rp_add(g, a[DF], rp_square(g, z)));
  rp_node_id tail = rp_times(g, 0.5, rp_ternary(g, RP_OP_BETA_I, fraction, rp_times(g, 0.5, a[DF]), rp_const(g, 0.5)));
  rp_node_id above = rp_lt(g, rp_const(g, 0), z);
  return rp_select(g, above, rp_log(g, tail), rp_log1p(g, rp_neg(g, tail)));
}

RP_OF_VALUE(log_ccdf) { return log_upper(g, rp_standardize(g, x, a[LOCATION], a[SCALE]), a); }
RP_OF_VALUE(log_cdf) { return log_upper(g, rp_neg(g, rp_standardize(g, x, a[LOCATION], a[SCALE])), a); }

/* z^2 = df (1 - b) / b with b the quantile of beta(df / 2, 1 / 2) at 2 min(p, 1 - p); 1 - b from the mirrored law where
 * b is near 1. */
RP_OF_VALUE(quantile) {
  rp_node_id half_df = rp_times(g, 0.5, a[DF]), half = rp_const(g, 0.5);
  rp_node_id tail = rp_times(g, 2, rp_min2(g, x, rp_minus_from(g, 1, x)));
  rp_node_id b = rp_ternary(g, RP_OP_BETA_I_INV, tail, half_df, half);
  rp_node_id c = rp_ternary(g, RP_OP_BETA_I_INV, rp_minus_from(g, 1, tail), half, half_df);
  rp_node_id z = rp_sqrt(g, rp_div(g, rp_mul(g, a[DF], c), b));
  z = rp_mul(g, rp_unary(g, RP_OP_SIGN, rp_plus(g, x, -0.5)), z);
  return rp_add(g, a[LOCATION], rp_mul(g, a[SCALE], z));
}

RP_OF_ARGUMENTS(mean) {
  return rp_select(g, rp_lt(g, rp_const(g, 1), a[DF]), a[LOCATION], rp_const(g, NAN));
}
RP_OF_ARGUMENTS(variance) {
  rp_node_id value = rp_mul(g, rp_square(g, a[SCALE]), rp_div(g, a[DF], rp_plus(g, a[DF], -2)));
  rp_node_id infinite = rp_select(g, rp_lt(g, rp_const(g, 1), a[DF]), rp_const(g, HUGE_VAL), rp_const(g, NAN));
  return rp_select(g, rp_lt(g, rp_const(g, 2), a[DF]), value, infinite);
}

const rp_family rp_family_student_t = {
    .name = "student_t",
    .n_arguments = 3,
    .arguments = {{"df", RP_ARG_POSITIVE, 0}, {"location", RP_ARG_REAL, 0}, {"scale", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_REAL,
    .log_density = log_density,
    .sample = sample,
    .location = LOCATION,
    .scale = SCALE,
    .score = score,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
    .mean = mean,
    .variance = variance,
};
