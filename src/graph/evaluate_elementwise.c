#include "evaluate.h"

#include <math.h>

#include "../core/special.h"

static double evaluate_unary(rp_op op, double x);
static double evaluate_binary(rp_op op, double a, double b);
static double evaluate_ternary(rp_op op, double a, double b, double c);

double rp_elementwise(rp_op op, double a, double b, double c) {
  switch (rp_op_arity(op)) {
    case 1: return evaluate_unary(op, a);
    case 2: return evaluate_binary(op, a, b);
    case 3: return evaluate_ternary(op, a, b, c);
    default: return NAN;
  }
}

/* ---- one input ---- */

static double sign(double x) { return isnan(x) ? x : (double) ((x > 0) - (x < 0)); }

static double evaluate_unary(rp_op op, double x) {
  switch (op) {
    case RP_OP_NEG: return -x;
    case RP_OP_EXP: return exp(x);
    case RP_OP_LOG: return log(x);
    case RP_OP_LOG1P: return log1p(x);
    case RP_OP_EXPM1: return expm1(x);
    case RP_OP_ABS: return fabs(x);
    case RP_OP_SQRT: return sqrt(x);
    case RP_OP_SQUARE: return x * x;
    case RP_OP_RECIP: return 1 / x;
    case RP_OP_SIGN: return sign(x);
    case RP_OP_FLOOR: return floor(x);
    case RP_OP_CEILING: return ceil(x);
    case RP_OP_TRUNC: return trunc(x);
    case RP_OP_ROUND: return nearbyint(x);
    case RP_OP_SIN: return sin(x);
    case RP_OP_COS: return cos(x);
    case RP_OP_TAN: return tan(x);
    case RP_OP_ASIN: return asin(x);
    case RP_OP_ACOS: return acos(x);
    case RP_OP_ATAN: return atan(x);
    case RP_OP_SINH: return sinh(x);
    case RP_OP_COSH: return cosh(x);
    case RP_OP_TANH: return tanh(x);
    case RP_OP_ASINH: return asinh(x);
    case RP_OP_ACOSH: return acosh(x);
    case RP_OP_ATANH: return atanh(x);
    case RP_OP_SINPI: return rp_sf_sinpi(x);
    case RP_OP_COSPI: return rp_sf_cospi(x);
    case RP_OP_TANPI: return rp_sf_tanpi(x);
    case RP_OP_LGAMMA: return rp_sf_lgamma(x);
    case RP_OP_GAMMA: return rp_sf_gamma(x);
    case RP_OP_DIGAMMA: return rp_sf_digamma(x);
    case RP_OP_TRIGAMMA: return rp_sf_trigamma(x);
    case RP_OP_TETRAGAMMA: return rp_sf_tetragamma(x);
    case RP_OP_PENTAGAMMA: return rp_sf_pentagamma(x);
    case RP_OP_SIGMOID: return rp_sf_sigmoid(x);
    case RP_OP_LOG1P_EXP: return rp_sf_log1p_exp(x);
    case RP_OP_LOG1M_EXP: return rp_sf_log1m_exp(x);
    case RP_OP_PNORM: return rp_sf_pnorm(x);
    case RP_OP_LOG_PNORM: return rp_sf_log_pnorm(x);
    case RP_OP_QNORM: return rp_sf_qnorm(x);
    case RP_OP_IS_NAN: return isnan(x) ? 1 : 0;
    case RP_OP_NOT: return isnan(x) ? x : (double) (x == 0);
    default: return NAN;
  }
}

/* ---- two inputs ---- */

static int signs_differ(double x, double y) { return (x < 0) != (y < 0); }

/* x - y floor(x / y), in [0, y), by fmod(), which is exact. */
static double modulo(double x, double y) {
  if (isnan(x) || isnan(y) || y == 0 || isinf(x)) return NAN;
  if (isinf(y)) return x == 0 || !signs_differ(x, y) ? x : y;
  double remainder = fmod(x, y);
  if (remainder == 0 || !signs_differ(remainder, y)) return remainder;
  double wrapped = remainder + y;
  return wrapped == y ? 0 : wrapped;
}

static double integer_divide(double x, double y) {
  double quotient = x / y;
  if (y == 0 || isnan(quotient) || fabs(quotient) > 0x1p52) return quotient;
  if (fabs(quotient) < 1) return x != 0 && signs_differ(x, y) ? -1 : 0;
  return nearbyint((x - modulo(x, y)) / y);
}

/* C's pow(), except that R takes no real power of a negative number, infinite or not, and has one zero only. */
static double power(double x, double y) {
  if (x == 0) return isnan(y) ? y : (y == 0 ? 1 : (y > 0 ? 0 : INFINITY));
  if (x < 0 && (isinf(y) || y != floor(y))) return NAN;
  return y == 2 ? x * x : pow(x, y);
}

static double compare(rp_op op, double a, double b) {
  if (isnan(a) || isnan(b)) return NAN;
  switch (op) {
    case RP_OP_LT: return a < b;
    case RP_OP_LE: return a <= b;
    case RP_OP_EQ: return a == b;
    default: return a != b;
  }
}

/* NaN wins, unlike in fmax(). */
static double larger(double a, double b) { return isnan(a) || isnan(b) ? a + b : (a > b ? a : b); }
static double smaller(double a, double b) { return isnan(a) || isnan(b) ? a + b : (a < b ? a : b); }

static double evaluate_binary(rp_op op, double a, double b) {
  switch (op) {
    case RP_OP_ADD: return a + b;
    case RP_OP_SUB: return a - b;
    case RP_OP_MUL: return a * b;
    case RP_OP_DIV: return a / b;
    case RP_OP_POW: return power(a, b);
    case RP_OP_MAX: return larger(a, b);
    case RP_OP_MIN: return smaller(a, b);
    case RP_OP_ATAN2: return atan2(a, b);
    case RP_OP_MOD: return modulo(a, b);
    case RP_OP_INT_DIV: return integer_divide(a, b);
    case RP_OP_LT:
    case RP_OP_LE:
    case RP_OP_EQ:
    case RP_OP_NE: return compare(op, a, b);
    case RP_OP_LOG_ADD_EXP: return rp_sf_log_add_exp(a, b);
    case RP_OP_GAMMA_P: return rp_sf_gamma_p(a, b);
    case RP_OP_GAMMA_Q: return rp_sf_gamma_q(a, b);
    case RP_OP_GAMMA_P_DA: return rp_sf_gamma_p_da(a, b);
    case RP_OP_GAMMA_P_INV: return rp_sf_gamma_p_inv(a, b);
    case RP_OP_BESSEL_I: return rp_sf_bessel_i(a, b);
    case RP_OP_BESSEL_K: return rp_sf_bessel_k(a, b);
    case RP_OP_BESSEL_J: return rp_sf_bessel_j(a, b);
    case RP_OP_BESSEL_Y: return rp_sf_bessel_y(a, b);
    default: return NAN;
  }
}

/* ---- three inputs ---- */

static double evaluate_ternary(rp_op op, double a, double b, double c) {
  switch (op) {
    case RP_OP_SELECT: return isnan(a) ? a : (a != 0 ? b : c);
    case RP_OP_BETA_I: return rp_sf_beta_i(a, b, c);
    case RP_OP_BETA_I_DA: return rp_sf_beta_i_da(a, b, c);
    case RP_OP_BETA_I_DB: return rp_sf_beta_i_db(a, b, c);
    case RP_OP_BETA_I_INV: return rp_sf_beta_i_inv(a, b, c);
    case RP_OP_STABLE_LOG_DENSITY: return rp_sf_stable_log_density(a, b, c);
    case RP_OP_STABLE_DX: return rp_sf_stable_slope(a, b, c, 0);
    case RP_OP_STABLE_DALPHA: return rp_sf_stable_slope(a, b, c, 1);
    case RP_OP_STABLE_DBETA: return rp_sf_stable_slope(a, b, c, 2);
    case RP_OP_STABLE_LOG_CDF: return rp_sf_stable_log_cdf(a, b, c);
    default: return NAN;
  }
}
