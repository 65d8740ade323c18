/* Cauchy: f(x) = 1 / (pi scale (1 + ((x - location) / scale)^2)). No mean and no variance exist. */
#include <math.h>

#include "terms.h"

enum { LOCATION, SCALE };

RP_DENSITY(log_density) {
  rp_node_id z = rp_standardize(g, x, a[LOCATION], a[SCALE]);
  return rp_neg(g, rp_add(g, rp_log1p(g, rp_square(g, z)), rp_plus(g, rp_log(g, a[SCALE]), RP_LOG_PI)));
}

/* The tangent of an angle within (-pi/2, pi/2): tan(pi (u - 1/2)). */
RP_SAMPLE(sample) { *x = *a[LOCATION] + *a[SCALE] * tan(RP_PI * (rp_random_uniform(r) - 0.5)); }

static rp_node_id score(rp_graph *g, rp_node_id residual, const rp_node_id *a) {
  rp_node_id spread = rp_add(g, rp_square(g, a[SCALE]), rp_square(g, residual));
  return rp_div(g, rp_times(g, -2, residual), spread);
}

/* P(X < x) = atan2(1, -z) / pi keeps its relative accuracy far out in the tail. */
static rp_node_id log_angle(rp_graph *g, rp_node_id z) {
  return rp_plus(g, rp_log(g, rp_binary(g, RP_OP_ATAN2, rp_const(g, 1), z)), -RP_LOG_PI);
}

RP_OF_VALUE(log_cdf) { return log_angle(g, rp_neg(g, rp_standardize(g, x, a[LOCATION], a[SCALE]))); }
RP_OF_VALUE(log_ccdf) { return log_angle(g, rp_standardize(g, x, a[LOCATION], a[SCALE])); }
RP_OF_VALUE(quantile) {
  rp_node_id z = rp_unary(g, RP_OP_TANPI, rp_plus(g, x, -0.5));
  return rp_add(g, a[LOCATION], rp_mul(g, a[SCALE], z));
}

const rp_family rp_family_cauchy = {
    .name = "cauchy",
    .n_arguments = 2,
    .arguments = {{"location", RP_ARG_REAL, 0}, {"scale", RP_ARG_POSITIVE, 0}},
    .support_kind = RP_SUPPORT_REAL,
    .log_density = log_density,
    .sample = sample,
    .location = LOCATION,
    .scale = SCALE,
    .score = score,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
};
