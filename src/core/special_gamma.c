/* For lgamma_r(), which glibc declares outside of strict C11. */
#define _DEFAULT_SOURCE 1

#include "special.h"

#include <math.h>

#include "constants.h"

static const double EULER = 0.577215664901532860607;

/* lgamma() stores the sign in a global variable; lgamma_r() does not. */
double rp_sf_lgamma(double x) {
#if defined(_WIN32)
  return lgamma(x);
#else
  int sign;
  return lgamma_r(x, &sign);
#endif
}

double rp_sf_gamma(double x) {
  if (x == 0 || (x < 0 && x == floor(x))) return NAN;
  return tgamma(x);
}

/* Abramowitz & Stegun 6.1.33. */
double rp_sf_lgamma1p(double x) {
  static const double zeta_minus_one[] = { /* zeta(k) - 1 for k = 2, 3, ... */
    6.4493406684822643647e-1, 2.020569031595942854e-1, 8.2323233711138191516e-2, 3.6927755143369926331e-2,
    1.7343061984449139715e-2, 8.3492773819228268398e-3, 4.0773561979443393787e-3, 2.0083928260822144179e-3,
    9.9457512781808533715e-4, 4.941886041194645587e-4, 2.4608655330804829864e-4, 1.2271334757848914675e-4,
    6.1248135058704829259e-5, 3.0588236307020493552e-5, 1.5282259408651871733e-5, 7.6371976378997622736e-6,
    3.8172932649998398565e-6, 1.9082127165539389257e-6, 9.5396203387279611315e-7, 4.7693298678780646312e-7,
    2.3845050272773299e-7, 1.1921992596531107307e-7, 5.9608189051259479612e-8, 2.9803503514652280186e-8,
    1.4901554828365041235e-8, 7.450711789835429492e-9};
  enum { TERMS = sizeof zeta_minus_one / sizeof *zeta_minus_one };
  if (!(fabs(x) <= 0.5)) return rp_sf_lgamma(1 + x);
  double series = 0;
  for (int k = TERMS + 1; k >= 2; k--) series = zeta_minus_one[k - 2] / k - x * series;
  return -log1p(x) + x * (1 - EULER) + x * x * series;
}

/* Series of Abramowitz & Stegun 6.1.40 above 15; below, the exact difference of two neighbours. */
double rp_sf_stirling_error(double x) {
  if (!(x > 0)) return NAN;
  double steps = 0;
  for (; x < 15; x += 1)
    steps += x < 1 ? (x + 0.5) * (log1p(x) - log(x)) - 1 : (x + 0.5) * rp_sf_log1p_minus(1 / x) + 0.5 / x;
  double r = 1 / x, s = r * r;
  double series = 1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s *
                  (691.0 / 360360 - s * (1.0 / 156 - s * 3617.0 / 122400))))));
  return steps + series * r;
}

/* ---- polygamma ----
 * Abramowitz & Stegun 6.4.6 (upward recurrence), 6.3.18 and 6.4.11 (asymptotic series), 6.4.7 (reflection). */

/* sum over k of B_2k (2k + order - 1)! / (2k)! x^-2k */
static double bernoulli_sum(int order, double x) {
  static const double bernoulli[] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6,
                                     -3617.0 / 510, 43867.0 / 798, -174611.0 / 330};
  double inverse_square = 1 / (x * x), sum = 0;
  for (int k = 10; k >= 1; k--) {
    double factor = order == 0 ? 1.0 / (2 * k) : 1;
    for (int j = 1; j < order; j++) factor *= 2 * k + j;
    sum = (sum + bernoulli[k - 1] * factor) * inverse_square;
  }
  return sum;
}

enum { LARGE = 15 };

/* (-1)^(order + 1) times the polygamma function for x > 0, order 1 to 3: all terms are positive. */
static double polygamma_size(int order, double x) {
  double factorial = order == 3 ? 6 : order, sum = 0; /* order! */
  for (; x < LARGE; x += 1) sum += factorial / pow(x, order + 1);
  double below = order == 3 ? 2 : 1; /* (order - 1)! */
  double r = 1 / x;
  return sum + pow(r, order) * (below + 0.5 * factorial * r + bernoulli_sum(order, x));
}

/* Taylor series about the positive root, which keeps the relative accuracy there. */
static double digamma_near_root(double x) {
  static const double root = 0x1.762d86356be3fp+0, root_low = 9.5499954299656977152e-17;
  static const double coefficient[] = {
    9.6767224544762117043e-1, -4.4276316898359210609e-1, 2.5849976095565101062e-1, -1.639427054424065275e-1,
    1.0782405069126236576e-1, -7.2199561256454710926e-2, 4.8804288164143107225e-2, -3.3161126474847359292e-2,
    2.259764823221810466e-2, -1.5424765904948959139e-2, 1.0538791616612175388e-2, -7.204534386356868241e-3,
    4.9267813957298534464e-3, -3.3698016554393280828e-3, 2.3051263267349278369e-3, -1.5769367714301972593e-3,
    1.0788252019162965807e-3};
  double d = (x - root) - root_low, sum = 0;
  for (int k = sizeof coefficient / sizeof *coefficient - 1; k >= 0; k--) sum = sum * d + coefficient[k];
  return d * sum;
}

double rp_sf_digamma(double x) {
  if (isnan(x) || x == -INFINITY) return NAN;
  if (x <= 0) return x == floor(x) ? NAN : rp_sf_digamma(1 - x) - RP_PI * rp_sf_cospi(x) / rp_sf_sinpi(x);
  if (fabs(x - 1.4616) < 0.15) return digamma_near_root(x);
  double sum = 0;
  for (; x < LARGE; x += 1) sum += 1 / x;
  return rp_sf_digamma_minus_log(x) + log(x) - sum;
}

double rp_sf_digamma_minus_log(double x) {
  if (!(x >= LARGE)) return rp_sf_digamma(x) - log(x);
  return -0.5 / x - bernoulli_sum(0, x);
}

double rp_sf_trigamma(double x) {
  if (isnan(x) || x == -INFINITY) return NAN;
  if (x > 0) return polygamma_size(1, x);
  double s = RP_PI / rp_sf_sinpi(x);
  return x == floor(x) ? INFINITY : s * s - polygamma_size(1, 1 - x);
}

double rp_sf_tetragamma(double x) {
  if (isnan(x) || x == -INFINITY) return NAN;
  if (x > 0) return -polygamma_size(2, x);
  if (x == floor(x)) return NAN;
  double cotangent = rp_sf_cospi(x) / rp_sf_sinpi(x);
  return -polygamma_size(2, 1 - x) - 2 * RP_PI * RP_PI * RP_PI * cotangent * (1 + cotangent * cotangent);
}

double rp_sf_pentagamma(double x) {
  if (isnan(x) || x == -INFINITY) return NAN;
  if (x > 0) return polygamma_size(3, x);
  if (x == floor(x)) return INFINITY;
  double cotangent = rp_sf_cospi(x) / rp_sf_sinpi(x), square = cotangent * cotangent;
  return 2 * RP_PI * RP_PI * RP_PI * RP_PI * (1 + square) * (1 + 3 * square) - polygamma_size(3, 1 - x);
}
