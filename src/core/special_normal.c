#include "special.h"

#include <float.h>
#include <math.h>

#include "constants.h"

static const double INV_SQRT_2PI = 0.398942280401432677940;

/* erfc(-x / sqrt 2) / 2. The rounding of x / sqrt 2 matters in the tail, where erfc is steep: it is put back to first
 * order. */
double rp_sf_pnorm(double x) {
  const double high = 0.70710678118654757274, low = -4.8336466567264567e-17; /* 1 / sqrt 2 */
  double z = -x * high;
  double value = 0.5 * erfc(z);
  if (!(x < -1) || value == 0) return value;
  double rounding = fma(-x, high, -z) - x * low;
  return value - INV_SQRT_2PI * 1.41421356237309504880 * rounding * exp(-z * z);
}

/* Abramowitz & Stegun 26.2.12 below -12, where 30 terms reach full precision. */
static double log_pnorm_tail(double x) {
  double inverse_square = 1 / (x * x), series = 1;
  for (int k = 30; k >= 1; k--) series = 1 - (2 * k - 1) * inverse_square * series;
  return -0.5 * x * x - log(-x) - RP_LOG_SQRT_2PI + log(series);
}

double rp_sf_log_pnorm(double x) {
  if (x < -12) return isinf(x) ? -INFINITY : log_pnorm_tail(x);
  if (x < 0) return log(rp_sf_pnorm(x));
  return log1p(-rp_sf_pnorm(-x));
}

static double rational(const double *top, const double *bottom, double r) {
  double numerator = top[7], denominator = bottom[7];
  for (int k = 6; k >= 0; k--) {
    numerator = numerator * r + top[k];
    denominator = denominator * r + bottom[k];
  }
  return numerator / denominator;
}

/* Wichura (1988), "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37(3),
 * PPND16. */
static double as241(double p) {
  static const double centre[2][8] = {
    {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3},
    {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
     3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3}};
  static const double tail[2][8] = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9}};
  static const double far_tail[2][8] = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15}};
  double q = p - 0.5;
  if (fabs(q) <= 0.425) return q * rational(centre[0], centre[1], 0.180625 - q * q);
  double r = sqrt(-log(q < 0 ? p : 1 - p));
  double size = r <= 5 ? rational(tail[0], tail[1], r - 1.6) : rational(far_tail[0], far_tail[1], r - 5);
  return q < 0 ? -size : size;
}

/* One Newton step, on the smaller tail and relative to it. */
double rp_sf_qnorm(double p) {
  if (!(p >= 0 && p <= 1)) return NAN;
  if (p == 0) return -INFINITY;
  if (p == 1) return INFINITY;
  double x = as241(p);
  double target = p < 0.5 ? p : 1 - p, lower = p < 0.5 ? x : -x;
  if (target < DBL_MIN) return x;
  double reached = rp_sf_pnorm(lower);
  double step = (reached - target) / (INV_SQRT_2PI * exp(-0.5 * lower * lower));
  return p < 0.5 ? x - step : x + step;
}
