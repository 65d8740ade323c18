/* Regularised incomplete beta function and its derivatives in both shapes.
 *
 * The continued fraction of DLMF 8.17.22, carried with its derivatives, below the mean; the mirrored one above.
 * Its prefix is computed by the saddle point form of Loader (2000) when the shapes are large.  Internally a point
 * is a pair (x, y = 1 - x), so that the inverse can work close to 1 without rounding. */
#include "special.h"

#include <float.h>
#include <math.h>

static const double TWO_PI = 6.28318530717958647693;
enum { MAX_TERMS = 1000000 };

typedef struct {
  double p, q;
  double p_da, p_db;
} ratio;

/* x^a y^b gamma(a + b) / (gamma(a + 1) gamma(b)) */
static double prefix(double x, double y, double a, double b) {
  double n = a + b, share = b / n;
  if (a < 20 && b < 20)
    return share * pow(x, a) * pow(y, b) * (tgamma(n + 1) / (tgamma(a + 1) * tgamma(b + 1)));
  double deviance = rp_sf_deviance(a, n * x) + rp_sf_deviance(b, n * y);
  double corrections = rp_sf_stirling_error(n) - rp_sf_stirling_error(a) - rp_sf_stirling_error(b);
  return share * exp(corrections - deviance) * sqrt(n / (TWO_PI * a * b));
}

/* log(x / (a / n)), the logarithm of a ratio that is close to 1 near the mean. */
static double log_share(double x, double y, double a, double b) {
  double excess = (b * x - a * y) / a;
  return fabs(excess) < 0.5 ? log1p(excess) : log(x) + log1p(b / a);
}

/* Derivatives of log prefix: log x + digamma(a + b) - digamma(a + 1) and log y + digamma(a + b) - digamma(b). */
static double prefix_slope_a(double x, double y, double a, double b) {
  double rest = a < 15 ? rp_sf_digamma(a + 1) - log(a) : rp_sf_digamma_minus_log(a) + 1 / a;
  return log_share(x, y, a, b) + rp_sf_digamma_minus_log(a + b) - rest;
}
static double prefix_slope_b(double x, double y, double a, double b) {
  return log_share(y, x, b, a) + rp_sf_digamma_minus_log(a + b) - rp_sf_digamma_minus_log(b);
}

/* One of the values that the modified Lentz algorithm (Thompson & Barnett 1986) carries, with its derivatives. */
typedef struct {
  double value, da, db;
} carried;

/* Partial numerator number n >= 1 of 1 + d_1 / (1 + d_2 / (1 + ...)). */
static carried numerator(int n, double x, double a, double b) {
  double m = n / 2, low, high;
  carried d;
  if (n % 2 == 0) {
    low = a + 2 * m - 1;
    high = a + 2 * m;
    d.db = m / low * (x / high);
    d.value = (b - m) * d.db;
    d.da = -d.value * (1 / low + 1 / high);
  } else {
    low = a + 2 * m;
    high = low + 1;
    double factor = (m == 0 ? 1 : (a + m) / low) / high;
    d.db = -factor * x;
    d.value = d.db * (a + b + m);
    double cancelled = m == 0 ? 0 : 1 / (a + m) - 1 / low;
    d.da = d.value * (cancelled + 1 / (a + b + m) - 1 / high);
  }
  return d;
}

static int settled(double slope, double sum) { return fabs(slope) <= 0.25 * DBL_EPSILON * fabs(sum); }

/* Good for x up to about the mean. */
static ratio continued_fraction(double x, double y, double a, double b) {
  carried c = {1, 0, 0}, e = {0, 0, 0}, fraction = {1, 0, 0}; /* da, db of fraction: of its logarithm */
  for (int n = 1; n < MAX_TERMS; n++) {
    carried d = numerator(n, x, a, b);
    c = (carried) {1 + d.value / c.value, (d.da - d.value * c.da / c.value) / c.value,
                   (d.db - d.value * c.db / c.value) / c.value};
    double e_da = d.da * e.value + d.value * e.da, e_db = d.db * e.value + d.value * e.db;
    e.value = 1 / (1 + d.value * e.value);
    e.da = -e_da * e.value * e.value;
    e.db = -e_db * e.value * e.value;
    double factor = c.value * e.value;
    double slope_a = c.da / c.value + e.da / e.value, slope_b = c.db / c.value + e.db / e.value;
    fraction.value *= factor;
    fraction.da += slope_a;
    fraction.db += slope_b;
    if (fabs(factor - 1) <= DBL_EPSILON && settled(slope_a, fraction.da) && settled(slope_b, fraction.db)) break;
  }
  double p = prefix(x, y, a, b) / fraction.value;
  return (ratio) {.p = p, .q = 1 - p, .p_da = p * (prefix_slope_a(x, y, a, b) - fraction.da),
                  .p_db = p * (prefix_slope_b(x, y, a, b) - fraction.db)};
}

/* DLMF's point is where both fractions converge equally fast. With a shape below 1 nearly all mass may lie between
 * it and the mean: there the smaller tail would be a difference, so the mean decides unless that fraction converges
 * too slowly. */
static ratio beta_ratio(double x, double y, double a, double b) {
  double switch_point = (a + 1) / (a + b + 2);
  if ((a < 1 || b < 1) && fmin(x, y) > 1e-6) switch_point = a / (a + b);
  if (x <= switch_point) return continued_fraction(x, y, a, b);
  ratio mirrored = continued_fraction(y, x, b, a);
  return (ratio) {.p = mirrored.q, .q = mirrored.p, .p_da = -mirrored.p_db, .p_db = -mirrored.p_da};
}

static ratio checked_ratio(double x, double a, double b) {
  if (isnan(x) || !(a > 0) || !(b > 0) || isinf(a) || isinf(b)) return (ratio) {NAN, NAN, NAN, NAN};
  if (x <= 0) return (ratio) {0, 1, 0, 0};
  if (x >= 1) return (ratio) {1, 0, 0, 0};
  return beta_ratio(x, 1 - x, a, b);
}

double rp_sf_beta_i(double x, double a, double b) { return checked_ratio(x, a, b).p; }
double rp_sf_beta_i_da(double x, double a, double b) { return checked_ratio(x, a, b).p_da; }
double rp_sf_beta_i_db(double x, double a, double b) { return checked_ratio(x, a, b).p_db; }

/* ---- the inverse ---- */

/* log x for a small lower tail, from I = x^a / (a B(a, b)) (1 + O(x)) */
static double log_tail_start(double log_p, double a, double b) {
  double log_beta = rp_sf_lgamma(a) + rp_sf_lgamma(b) - rp_sf_lgamma(a + b);
  return (log_p + log(a) + log_beta) / a;
}

/* A start for logit x: normal with variance 1 / a + 1 / b when both shapes exceed 1, a tail otherwise. */
static double inverse_start(double p, double a, double b) {
  double lower = log_tail_start(log(p), a, b), upper = log_tail_start(log1p(-p), b, a);
  if (a >= 1 && b >= 1) return log(a / b) + rp_sf_qnorm(p) * sqrt(1 / a + 1 / b);
  if (lower < log(a / (a + b))) return lower;
  if (upper < log(b / (a + b))) return -upper;
  return log(a / b);
}

/* Newton's method for the logarithm of the smaller tail as a function of t = logit x, kept within a bracket. */
double rp_sf_beta_i_inv(double p, double a, double b) {
  if (isnan(p) || p < 0 || p > 1 || !(a > 0) || !(b > 0) || isinf(a) || isinf(b)) return NAN;
  if (p == 0 || p == 1) return p;
  double low = -744, high = 744, t = inverse_start(p, a, b);
  if (t < low) return 0;
  if (t > high) return 1;
  int use_lower = p <= 0.5;
  double target = use_lower ? log(p) : log1p(-p);
  for (int iteration = 0; iteration < 200; iteration++) {
    double x = rp_sf_sigmoid(t), y = rp_sf_sigmoid(-t);
    ratio r = beta_ratio(x, y, a, b);
    double tail = use_lower ? r.p : r.q;
    double miss = log(tail) - target;
    if ((miss > 0) == use_lower) high = t;
    else low = t;
    double slope = prefix(x, y, a, b) * a / tail;
    double step = use_lower ? -miss / slope : miss / slope;
    if (fabs(step) <= 4 * DBL_EPSILON * (1 + fabs(t)) || high - low <= DBL_EPSILON * fabs(t))
      return t < 0 ? x + x * y * step : 1 - (y - x * y * step);
    t = t + step > low && t + step < high ? t + step : 0.5 * (low + high);
  }
  return rp_sf_sigmoid(t);
}
