/* Regularised incomplete gamma functions and their derivative in the shape.
 *
 * Four expansions, all carried with their derivative in a: the power series (Abramowitz & Stegun 6.5.29),
 * Legendre's continued fraction (6.5.31), for small a and x the complement of the series in the manner of Gautschi
 * (1979), "A computational procedure for incomplete gamma functions", ACM TOMS 5(4), and for large a and x near a
 * the uniform expansion of Temme (1987), "On the computation of the incomplete gamma functions for large values of
 * the parameters". */
#include "special.h"

#include <float.h>
#include <math.h>

static const double SQRT_2PI = 2.50662827463100050242;
enum { MAX_TERMS = 100000 };

typedef struct {
  double p, q;
  double p_da;
} ratio;

/* x^a exp(-x) / gamma(a + 1), by Loader's (2000) saddle point form where the plain one cancels. */
static double prefix(double x, double a) {
  if (a >= 15) return exp(-rp_sf_stirling_error(a) - rp_sf_deviance(a, x)) / (SQRT_2PI * sqrt(a));
  if (x < 100) return pow(x, a) * exp(-x) / tgamma(a + 1);
  return exp(a * log(x) - x - rp_sf_lgamma(a + 1));
}

static int negligible(double term, double sum) { return fabs(term) <= 0.25 * DBL_EPSILON * fabs(sum); }

/* P = prefix * (1 + x / (a + 1) + x^2 / ((a + 1) (a + 2)) + ...) */
static ratio power_series(double x, double a) {
  double term = 1, sum = 1, log_slope = 0, slope_sum = 0;
  for (int n = 1; n < MAX_TERMS; n++) {
    term *= x / (a + n);
    log_slope -= 1 / (a + n);
    sum += term;
    slope_sum += term * log_slope;
    if (negligible(term, sum) && negligible(term * log_slope, slope_sum)) break;
  }
  double scale = prefix(x, a);
  double p = scale * sum;
  return (ratio) {.p = p, .q = 1 - p, .p_da = p * (log(x) - rp_sf_digamma(a + 1)) + scale * slope_sum};
}

/* Q = 1 - x^a / gamma(1 + a) * (1 + sum over n of (-x)^n a / ((a + n) n!)), with 1 - x^a / gamma(1 + a) by expm1. */
static double small_complement(double x, double a) {
  double power = a * log(x) - rp_sf_lgamma1p(a);
  double term = 1, sum = 0;
  for (int n = 1; n < MAX_TERMS; n++) {
    term *= -x / n;
    double contribution = term * a / (a + n);
    sum += contribution;
    if (negligible(contribution, sum)) break;
  }
  return -expm1(power) - exp(power) * sum;
}

/* Q = prefix * a / (b_0 + a_1 / (b_1 + a_2 / (b_2 + ...))), b_n = x + 2 n + 1 - a, a_n = n (a - n), by the modified
 * Lentz algorithm (Thompson & Barnett 1986) with derivatives. At whole a some a_n is 0 but its derivative is not:
 * hence two tests. */
static ratio continued_fraction(double x, double a) {
  double b = x + 1 - a;
  double c = b, c_slope = -1, d = 0, d_slope = 0;
  double fraction = b, log_slope = -1 / b;
  for (int n = 1; n < MAX_TERMS; n++) {
    double numerator = n * (a - n);
    b += 2;
    c_slope = -1 + (n - numerator * c_slope / c) / c;
    c = b + numerator / c;
    d_slope = -1 + n * d + numerator * d_slope;
    d = 1 / (b + numerator * d);
    d_slope *= -d * d;
    double factor = c * d, slope = c_slope / c + d_slope / d;
    fraction *= factor;
    log_slope += slope;
    if (fabs(factor - 1) <= DBL_EPSILON && negligible(slope, log_slope)) break;
  }
  double q = prefix(x, a) * a / fraction;
  double prefix_slope = log(x) - rp_sf_digamma(a + 1) + 1 / a;
  return (ratio) {.p = 1 - q, .q = q, .p_da = -q * (prefix_slope - log_slope)};
}

/* With eta^2 / 2 = x / a - 1 - log(x / a), sign(eta) = sign(x - a):
 *   Q = erfc(eta sqrt(a / 2)) / 2 + exp(-a eta^2 / 2) / sqrt(2 pi a) S,  S = a / (a + b_1) sum over n of b_n eta^n,
 * where f_n are the Taylor coefficients of eta / (x / a - 1) and b_(n-1) = f_n + (n + 1) b_(n+1) / a. */
static ratio uniform_expansion(double x, double a) {
  static const double f[] = {
    1.0, -3.3333333333333333333e-1, 8.3333333333333333333e-2, -1.4814814814814814815e-2, 1.1574074074074074074e-3,
    3.5273368606701940035e-4, -1.787551440329218107e-4, 3.9192631785224377817e-5, -2.1854485106799921615e-6,
    -1.8540622107151599607e-6, 8.296711340953086005e-7, -1.7665952736826079304e-7, 6.7078535434014985804e-9,
    1.0261809784240308043e-8, -4.3820360184533531866e-9, 9.1476995822367902342e-10, -2.5514193994946249767e-11,
    -5.8307721325504250675e-11, 2.4361948020667416244e-11, -5.0276692801141755891e-12, 1.1004392031956134771e-13,
    3.3717632624009853788e-13, -1.3923887224181620659e-13, 2.8534893807047443204e-14, -5.139111834242572619e-16,
    -1.9752288294349442835e-15, 8.0995211567045613341e-16, -1.6522531216398161819e-16};
  enum { N = sizeof f / sizeof *f };
  double excess = (x - a) / a;
  double half_square = -rp_sf_log1p_minus(excess);
  double eta = copysign(sqrt(2 * half_square), excess);
  double eta_slope = fabs(excess) < 1e-8 ? -(1 + excess / 3) / a : -excess / (a * eta);
  double b[N + 2] = {0}, b_slope[N + 2] = {0};
  double series = 0, series_slope = 0;
  for (int n = N - 1; n >= 1; n--) {
    b[n - 1] = f[n] + (n + 1) * b[n + 1] / a;
    b_slope[n - 1] = (n + 1) * (b_slope[n + 1] - b[n + 1] / a) / a;
    series_slope = series_slope * eta + series * eta_slope + b_slope[n - 1];
    series = series * eta + b[n - 1];
  }
  double scale = a / (a + b[1]), scale_slope = (b[1] - a * b_slope[1]) / ((a + b[1]) * (a + b[1]));
  series_slope = series_slope * scale + series * scale_slope;
  series *= scale;
  double z = fabs(eta) * sqrt(0.5 * a);
  double main_part = 0.5 * erfc(z), density = exp(-a * half_square) / (SQRT_2PI * sqrt(a));
  double correction = density * series;
  double q_da = -density * (a * eta_slope + 0.5 * eta) +
                density * (series * (log1p(excess) - 0.5 / a) + series_slope);
  ratio r = {.p_da = -q_da};
  if (excess >= 0) {
    r.q = main_part + correction;
    r.p = 1 - r.q;
  } else {
    r.p = main_part - correction;
    r.q = 1 - r.p;
  }
  return r;
}

static ratio gamma_ratio(double x, double a) {
  if (isnan(x) || isnan(a) || a < 0) return (ratio) {NAN, NAN, NAN};
  if (x <= 0 || (isinf(a) && !isinf(x))) return (ratio) {0, 1, 0};
  if (isinf(a)) return (ratio) {NAN, NAN, NAN};
  if (isinf(x)) return (ratio) {1, 0, 0};
  if (a == 0) return (ratio) {1, 0, NAN};
  if (a >= 20 && x > 0.4 * a && x < 2 * a) return uniform_expansion(x, a);
  if (x >= (a < 1 ? 1.5 : a + 1)) return continued_fraction(x, a);
  ratio r = power_series(x, a);
  if (a < 1) r.q = small_complement(x, a);
  return r;
}

double rp_sf_gamma_p(double x, double a) { return gamma_ratio(x, a).p; }
double rp_sf_gamma_q(double x, double a) { return gamma_ratio(x, a).q; }
double rp_sf_gamma_p_da(double x, double a) { return gamma_ratio(x, a).p_da; }

double rp_sf_gamma_density(double x, double a) {
  if (isnan(x) || isnan(a) || a < 0) return NAN;
  if (x < 0 || isinf(x)) return 0;
  if (x == 0) return a < 1 ? INFINITY : (a == 1 ? 1 : 0);
  return prefix(x, a) * (a / x);
}

/* ---- the inverse ---- */

/* Wilson & Hilferty (1931) in the middle, the first term of the power series in the lower tail. */
static double inverse_start(double p, double a) {
  double z = rp_sf_qnorm(p);
  double root = 1 - 1 / (9 * a) + z / (3 * sqrt(a));
  if (a > 0.5 && root > 0.2) return log(a) + 3 * log(root);
  return (log(p) + (a < 0.5 ? rp_sf_lgamma1p(a) : rp_sf_lgamma(a + 1))) / a;
}

/* Newton's method for the logarithm of the smaller tail as a function of log x, kept within a bracket. */
double rp_sf_gamma_p_inv(double p, double a) {
  const double smallest = -744, largest = 709;
  if (isnan(p) || isnan(a) || p < 0 || p > 1 || a < 0 || isinf(a)) return NAN;
  if (p == 0 || a == 0) return 0;
  if (p == 1) return INFINITY;
  double u = inverse_start(p, a);
  if (u < smallest) return exp(u);
  if (u > largest) u = log(a);
  double low = smallest, high = largest, x = exp(u);
  int use_lower = p <= 0.5;
  double target = use_lower ? log(p) : log1p(-p);
  for (int iteration = 0; iteration < 200; iteration++) {
    ratio r = gamma_ratio(x, a);
    double tail = use_lower ? r.p : r.q;
    double miss = log(tail) - target;
    if ((miss > 0) == use_lower) high = log(x);
    else low = log(x);
    double slope = prefix(x, a) * a / tail;
    double step = use_lower ? -miss / slope : miss / slope;
    u = log(x) + step;
    if (!(u >= low && u <= high) && fabs(step) > 1e-14) {
      x = exp(0.5 * (low + high));
      if (high - low < 1e-15 * fabs(high)) break;
      continue;
    }
    x *= exp(step);
    if (fabs(step) <= 1e-15) break;
  }
  return x;
}
