/* Subroutine RSTAB of Chambers, Mallows and Stuck (1976, JASA 71, 340-344, with the correction of 1987): one formula
 * for all alpha, without a hole at 1.  Names are theirs. */
#include "stable_map.h"

#include <math.h>

#include "terms.h"

/* tan(x) / x and expm1(x) / x with their limits at 0. */
static double tan_ratio(double x) { return fabs(x) < 1e-4 ? 1 + x * x / 3 : tan(x) / x; }
static double expm1_ratio(double x) { return fabs(x) < 1e-5 ? 1 + x / 2 : expm1(x) / x; }

double rp_stable_map_value(double alpha, double beta, double u, double e) {
  double eps = 1 - alpha, p = 0.5 * u, half_pi = 0.5 * RP_PI;
  double a0 = tan(p), bb = tan_ratio(eps * p), b0 = eps * p * bb;
  double tau = eps > -0.99 ? beta / (tan_ratio(eps * half_pi) * half_pi)
                           : beta * half_pi * eps * (1 - eps) * tan_ratio((1 - eps) * half_pi);
  double a = 1 - a0 * a0, a_plus = 1 + a0 * a0, b = 1 - b0 * b0, b_plus = 1 + b0 * b0;
  double log_z = log(a_plus * (b + 2 * p * bb * tau) / (e * a * b_plus)) / (1 - eps);
  double d = expm1_ratio(eps * log_z) * log_z;
  double angle = 2 * ((a0 - b0) * (1 + a0 * b0) - p * tau * bb * (b0 * a - 2 * a0)) / (a * b_plus);
  return (1 + eps * d) * angle + tau * d;
}

/* ratio(x) away from 0, its Taylor polynomial c0 + c1 x + c2 x^2 near it; the other branch gets a harmless argument. */
static rp_node_id ratio_node(rp_graph *g, rp_op op, rp_node_id x, double near, double c1, double c2) {
  rp_node_id is_near = rp_lt(g, rp_abs(g, x), rp_const(g, near));
  rp_node_id away = rp_select(g, is_near, rp_const(g, 1), x);
  rp_node_id series = rp_plus(g, rp_mul(g, x, rp_plus(g, rp_times(g, c2, x), c1)), 1);
  return rp_select(g, is_near, series, rp_div(g, rp_unary(g, op, away), away));
}

static rp_node_id tan_ratio_node(rp_graph *g, rp_node_id x) { return ratio_node(g, RP_OP_TAN, x, 1e-4, 0, 1 / 3.0); }
static rp_node_id expm1_ratio_node(rp_graph *g, rp_node_id x) {
  return ratio_node(g, RP_OP_EXPM1, x, 1e-5, 0.5, 1 / 6.0);
}

static rp_node_id tau_node(rp_graph *g, rp_node_id beta, rp_node_id eps) {
  double half_pi = 0.5 * RP_PI;
  rp_node_id usual = rp_div(g, beta, rp_times(g, half_pi, tan_ratio_node(g, rp_times(g, half_pi, eps))));
  rp_node_id alpha = rp_minus_from(g, 1, eps);
  rp_node_id turned = tan_ratio_node(g, rp_times(g, half_pi, alpha));
  rp_node_id near_two = rp_mul(g, rp_times(g, half_pi, rp_mul(g, beta, eps)), rp_mul(g, alpha, turned));
  return rp_select(g, rp_lt(g, rp_const(g, -0.99), eps), usual, near_two);
}

rp_node_id rp_stable_map(rp_graph *g, rp_node_id alpha, rp_node_id beta, rp_node_id u, rp_node_id e) {
  rp_node_id eps = rp_minus_from(g, 1, alpha), p = rp_times(g, 0.5, u);
  rp_node_id a0 = rp_unary(g, RP_OP_TAN, p), bb = tan_ratio_node(g, rp_mul(g, eps, p));
  rp_node_id p_bb = rp_mul(g, p, bb), b0 = rp_mul(g, eps, p_bb), tau = tau_node(g, beta, eps);
  rp_node_id a0_2 = rp_square(g, a0), b0_2 = rp_square(g, b0);
  rp_node_id a = rp_minus_from(g, 1, a0_2), a_plus = rp_plus(g, a0_2, 1);
  rp_node_id b = rp_minus_from(g, 1, b0_2), b_plus = rp_plus(g, b0_2, 1), scale = rp_mul(g, a, b_plus);
  rp_node_id p_bb_tau = rp_mul(g, p_bb, tau);
  rp_node_id z = rp_div(g, rp_mul(g, a_plus, rp_add(g, b, rp_times(g, 2, p_bb_tau))), rp_mul(g, e, scale));
  rp_node_id log_z = rp_div(g, rp_log(g, z), alpha);
  rp_node_id d = rp_mul(g, expm1_ratio_node(g, rp_mul(g, eps, log_z)), log_z);
  rp_node_id tilt = rp_sub(g, rp_mul(g, b0, a), rp_times(g, 2, a0));
  rp_node_id angle = rp_sub(g, rp_mul(g, rp_sub(g, a0, b0), rp_plus(g, rp_mul(g, a0, b0), 1)),
                            rp_mul(g, p_bb_tau, tilt));
  angle = rp_div(g, rp_times(g, 2, angle), scale);
  return rp_add(g, rp_mul(g, rp_plus(g, rp_mul(g, eps, d), 1), angle), rp_mul(g, tau, d));
}

/* Kanter (1975, Annals of Probability 3, 697-707), theta = u + pi / 2: K = (sin(a theta) / cos(u)^(1 / a)) (sin((1 -
 * a) theta) / e)^((1 - a) / a). */
rp_node_id rp_stable_log_variance(rp_graph *g, rp_node_id alpha, rp_node_id u, rp_node_id e) {
  rp_node_id a = rp_times(g, 0.5, alpha), theta = rp_plus(g, u, 0.5 * RP_PI), rest = rp_minus_from(g, 1, a);
  rp_node_id numerator = rp_log(g, rp_unary(g, RP_OP_SIN, rp_mul(g, a, theta)));
  rp_node_id log_cos = rp_log(g, rp_unary(g, RP_OP_COS, u));
  rp_node_id ratio = rp_sub(g, rp_log(g, rp_unary(g, RP_OP_SIN, rp_mul(g, rest, theta))), rp_log(g, e));
  rp_node_id inner = rp_sub(g, rp_mul(g, rest, ratio), log_cos);
  return rp_plus(g, rp_add(g, numerator, rp_div(g, inner, a)), RP_LOG_2);
}

/* eps = 1 - alpha, L = log |beta|: beta [expm1(eps L / alpha) / eps] [eps cot(pi eps / 2)]; a floor under |beta|
 * gives the limits at 0. */
rp_node_id rp_stable_shift(rp_graph *g, rp_node_id alpha, rp_node_id beta) {
  rp_node_id eps = rp_minus_from(g, 1, alpha);
  rp_node_id ratio = rp_div(g, rp_log(g, rp_max2(g, rp_abs(g, beta), rp_const(g, 1e-300))), alpha);
  rp_node_id power = rp_mul(g, expm1_ratio_node(g, rp_mul(g, eps, ratio)), ratio);
  rp_node_id cotangent = rp_recip(g, rp_times(g, 0.5 * RP_PI, tan_ratio_node(g, rp_times(g, 0.5 * RP_PI, eps))));
  return rp_mul(g, beta, rp_mul(g, power, cotangent));
}
