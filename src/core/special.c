#include "special.h"

#include <math.h>

#include "constants.h"

/* Reductions are exact, so zeros and halves come out exactly and large x loses nothing. */
double rp_sf_sinpi(double x) {
  if (!isfinite(x)) return NAN;
  double r = fmod(x, 2), size = fabs(r);
  double half_turn = size > 1 ? -1 : 1;
  if (size > 1) size -= 1;
  if (size > 0.5) size = 1 - size;
  double value = size <= 0.25 ? sin(RP_PI * size) : cos(RP_PI * (0.5 - size));
  return r < 0 ? -half_turn * value : half_turn * value;
}

double rp_sf_cospi(double x) {
  if (!isfinite(x)) return NAN;
  double size = fmod(fabs(x), 2);
  if (size > 1) size = 2 - size;
  if (size <= 0.25) return cos(RP_PI * size);
  if (size >= 0.75) return -cos(RP_PI * (1 - size));
  return sin(RP_PI * (0.5 - size));
}

double rp_sf_tanpi(double x) {
  if (!isfinite(x)) return NAN;
  double r = fmod(x, 1);
  if (r > 0.5) r -= 1;
  if (r < -0.5) r += 1;
  if (fabs(r) == 0.5) return NAN;
  if (fabs(r) == 0.25) return r > 0 ? 1 : -1;
  return tan(RP_PI * r);
}

double rp_sf_sigmoid(double x) {
  if (x >= 0) return 1 / (1 + exp(-x));
  double e = exp(x);
  return e / (1 + e);
}

double rp_sf_log1p_exp(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

/* Maechler (2012), "Accurately computing log(1 - exp(-|a|))": switch at log 2. */
double rp_sf_log1m_exp(double x) {
  const double log_half = -0.693147180559945309;
  return x > log_half ? log(-expm1(x)) : log1p(-exp(x));
}

double rp_sf_log_add_exp(double a, double b) {
  if (isnan(a) || isnan(b)) return a + b;
  double larger = a > b ? a : b, smaller = a > b ? b : a;
  return isinf(larger) ? larger : larger + log1p(exp(smaller - larger));
}

/* log(1 + x) = 2 atanh(r), r = x / (2 + x), and x - 2 r = r x, so that the leading terms cancel before rounding
 * (the series of Abramowitz & Stegun 4.1.27). */
double rp_sf_log1p_minus(double x) {
  if (x < -0.5 || x > 1 || isnan(x)) return log1p(x) - x;
  double r = x / (2 + x), square = r * r, series = 0;
  for (int k = 19; k >= 1; k--) series = series * square + 1.0 / (2 * k + 1);
  return r * (2 * square * series - x);
}

/* Loader (2000), "Fast and accurate computation of binomial probabilities", section 3: the deviance term D(x; m). */
double rp_sf_deviance(double x, double mean) {
  if (x == 0) return mean;
  double excess = (mean - x) / x;
  if (fabs(excess) < 0.5) return -x * rp_sf_log1p_minus(excess);
  return x * (excess - log(mean / x));
}
