#include "terms.h"

#include <math.h>
#include <stdlib.h>

#include "../core/special.h"

static int holds_zero(const rp_graph *g, rp_node_id a);

/* One reciprocal of a scalar scale instead of a division per element. */
rp_node_id rp_standardize(rp_graph *g, rp_node_id x, rp_node_id location, rp_node_id scale) {
  rp_node_id residual = rp_sub(g, x, location);
  if (rp_size_of(g, scale) == 1 && rp_size_of(g, residual) > 1) return rp_mul(g, residual, rp_recip(g, scale));
  return rp_div(g, residual, scale);
}

rp_node_id rp_mul_zero(rp_graph *g, rp_node_id factor, rp_node_id a) {
  if (rp_is_all(g, factor, 0)) return rp_const(g, 0);
  rp_node_id product = rp_mul(g, factor, a);
  if (!holds_zero(g, factor)) return product;
  return rp_select(g, factor, product, rp_const(g, 0));
}

rp_node_id rp_xlogy(rp_graph *g, rp_node_id factor, rp_node_id x) {
  rp_node_id log_x = rp_log(g, x);
  /* log(exp(eta)) has become eta, which is finite: no check, so that a log-linear likelihood stays a product. */
  if (rp_has_op(g, x, RP_OP_EXP)) return rp_mul(g, factor, log_x);
  return rp_mul_zero(g, factor, log_x);
}

rp_node_id rp_log_beta(rp_graph *g, rp_node_id a, rp_node_id b) {
  const double *a_values = rp_values_of(g, a), *b_values = rp_values_of(g, b);
  if (!a_values || !b_values)
    return rp_sub(g, rp_add(g, rp_lgamma(g, a), rp_lgamma(g, b)), rp_lgamma(g, rp_add(g, a, b)));
  int64_t n_a = rp_size_of(g, a), n_b = rp_size_of(g, b), n = n_a > n_b ? n_a : n_b;
  double *values = malloc((size_t) n * sizeof *values);
  if (!values) return rp_fail_memory(rp_graph_status(g), "log beta functions"), RP_NONE;
  for (int64_t i = 0; i < n; i++) values[i] = rp_log_beta_value(a_values[n_a == 1 ? 0 : i], b_values[n_b == 1 ? 0 : i]);
  rp_node_id node = n == 1 ? rp_const(g, values[0]) : rp_data(g, values, n);
  free(values);
  return node;
}

rp_node_id rp_log_choose(rp_graph *g, rp_node_id n, rp_node_id k) {
  rp_node_id rest = rp_plus(g, rp_sub(g, n, k), 1);
  rp_node_id log_b = rp_log_beta(g, rest, rp_plus(g, k, 1));
  return rp_neg(g, rp_add(g, rp_log1p(g, n), log_b));
}

void rp_log_odds_pair(rp_graph *g, rp_node_id p, rp_node_id *log_p, rp_node_id *log_q) {
  if (rp_has_op(g, p, RP_OP_SIGMOID)) {
    rp_node_id logits = rp_graph_node(g, p)->in[0];
    *log_p = rp_neg(g, rp_log1p_exp(g, rp_neg(g, logits)));
    *log_q = rp_neg(g, rp_log1p_exp(g, logits));
  } else {
    *log_p = rp_log(g, p);
    *log_q = rp_log1p(g, rp_neg(g, p));
  }
}

rp_node_id rp_clamp(rp_graph *g, rp_node_id x, double lower, double upper) {
  if (lower > -HUGE_VAL) x = rp_max2(g, x, rp_const(g, lower));
  if (upper < HUGE_VAL) x = rp_min2(g, x, rp_const(g, upper));
  return x;
}

/* As R's lbeta(): the large parts of the three log gammas cancel on paper, not in floating point. */
double rp_log_beta_value(double a, double b) {
  double p = a < b ? a : b, q = a < b ? b : a;
  if (isnan(a) || isnan(b) || p < 0) return NAN;
  if (p == 0) return HUGE_VAL;
  if (isinf(q)) return -HUGE_VAL;
  double ratio = p / (p + q);
  if (p >= 10) {
    double rest = rp_sf_stirling_error(p) + rp_sf_stirling_error(q) - rp_sf_stirling_error(p + q);
    return -0.5 * log(q) + RP_LOG_SQRT_2PI + rest + (p - 0.5) * log(ratio) + q * log1p(-ratio);
  }
  if (q >= 10) {
    double rest = rp_sf_stirling_error(q) - rp_sf_stirling_error(p + q);
    return rp_sf_lgamma(p) + rest + p - p * log(p + q) + (q - 0.5) * log1p(-ratio);
  }
  return rp_sf_lgamma(p) + rp_sf_lgamma(q) - rp_sf_lgamma(p + q);
}

static int holds_zero(const rp_graph *g, rp_node_id a) {
  const double *values = rp_values_of(g, a);
  for (int64_t i = 0, n = values ? rp_size_of(g, a) : 0; i < n; i++)
    if (values[i] == 0) return 1;
  return 0;
}
