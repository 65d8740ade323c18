/* Stable law in Nolan's S0 parameterization: characteristic function of the standard law
 * exp(-|t|^alpha [1 + i beta tan(pi alpha / 2) sign(t) (|t|^(1 - alpha) - 1)]), alpha = stability in (0, 2], beta =
 * skew. */
#include <math.h>

#include "stable_map.h"
#include "terms.h"

enum { STABILITY, SKEW, SCALE, LOCATION };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, a[LOCATION], a[SCALE]);
  return rp_sub(g, rp_ternary(g, RP_OP_STABLE_LOG_DENSITY, z, a[STABILITY], a[SKEW]), rp_log(g, a[SCALE]));
}

RP_OF_VALUE(log_cdf) {
  return rp_ternary(g, RP_OP_STABLE_LOG_CDF, rp_standardize(g, x, a[LOCATION], a[SCALE]), a[STABILITY], a[SKEW]);
}
/* The tails of the mirrored law are exchanged. */
RP_OF_VALUE(log_ccdf) {
  rp_node_id z = rp_neg(g, rp_standardize(g, x, a[LOCATION], a[SCALE]));
  return rp_ternary(g, RP_OP_STABLE_LOG_CDF, z, a[STABILITY], rp_neg(g, a[SKEW]));
}

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  rp_node_id z = rp_div(g, residual, a[SCALE]);
  return rp_div(g, rp_ternary(g, RP_OP_STABLE_DX, z, a[STABILITY], a[SKEW]), a[SCALE]);
}

RP_SAMPLE(sample) {
  double u = RP_PI * (rp_random_uniform(r) - 0.5), e = rp_random_exponential(r);
  *x = *a[LOCATION] + *a[SCALE] * rp_stable_map_value(*a[STABILITY], *a[SKEW], u, e);
}

/* alpha > 1: location - scale beta tan(pi alpha / 2). */
RP_OF_ARGUMENTS(mean) {
  rp_node_id tangent = rp_unary(g, RP_OP_TANPI, rp_times(g, 0.5, a[STABILITY]));
  rp_node_id value = rp_sub(g, a[LOCATION], rp_mul(g, a[SCALE], rp_mul(g, a[SKEW], tangent)));
  return rp_select(g, rp_lt(g, rp_const(g, 1), a[STABILITY]), value, rp_const(g, NAN));
}

const rp_family rp_family_stable = {
    .name = "stable",
    .n_arguments = 4,
    .arguments = {{"stability", RP_ARG_POSITIVE, 0}, {"skew", RP_ARG_REAL, 0},
                  {"scale", RP_ARG_POSITIVE, 0}, {"location", RP_ARG_REAL, 0}},
    .support_kind = RP_SUPPORT_REAL,
    .log_density = log_density,
    .sample = sample,
    .score = score,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .location = LOCATION,
    .scale = SCALE,
    .mean = mean,
};
