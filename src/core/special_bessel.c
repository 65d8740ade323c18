/* Bessel functions of real order.
 *
 * Temme (1975), "On the numerical evaluation of the modified Bessel function of the third kind", J. Comp. Physics
 * 19, and Temme (1976), "On the numerical evaluation of the ordinary Bessel function of the second kind", same 21:
 * power series for small x. Thompson & Barnett (1986, 1987), J. Comp. Physics 64 and Comput. Phys. Comm. 47:
 * Steed's continued fraction for larger x, the logarithmic derivative of the decaying solution by Lentz's
 * algorithm, joined by the Wronskian. Hankel's asymptotic series (DLMF 10.17, 10.40) for large x. Orders are
 * reduced to mu in [-1/2, 1/2]; recurrences run in their stable direction. */
#include "special.h"

#include <float.h>
#include <math.h>

#include "constants.h"

static const double TINY = 1e-300;
enum { MAX_TERMS = 1000000 };

typedef struct {
  double first, second; /* I and K (scaled), or J and Y */
} pair;

static pair modified(double x, double order);
static pair ordinary(double x, double order);

static int outside(double x, double order) { return isnan(x) || x < 0 || !(fabs(order) <= 1e7); }

/* ---- public: reflection to orders >= 0 (DLMF 10.27.2, 10.27.3, 10.2.3, 10.4.5) ---- */

double rp_sf_bessel_i_scaled(double x, double order) {
  if (outside(x, order)) return NAN;
  if (isinf(x)) return 0;
  if (x == 0) return order == 0 ? 1 : (order > 0 || order == floor(order) ? 0 : INFINITY);
  pair ik = modified(x, fabs(order));
  double sine = order < 0 ? rp_sf_sinpi(-order) : 0;
  return sine == 0 ? ik.first : ik.first + 2 / RP_PI * sine * ik.second * exp(-2 * x);
}

double rp_sf_bessel_k_scaled(double x, double order) {
  if (outside(x, order)) return NAN;
  if (isinf(x)) return 0;
  return x == 0 ? INFINITY : modified(x, fabs(order)).second;
}

/* In two factors, so that exp() overflows no earlier than the result. */
double rp_sf_bessel_i(double x, double order) {
  double root = exp(0.5 * x);
  double scaled = rp_sf_bessel_i_scaled(x, order);
  return isinf(x) ? scaled + INFINITY : scaled * root * root;
}

double rp_sf_bessel_k(double x, double order) {
  double root = exp(-0.5 * x);
  return rp_sf_bessel_k_scaled(x, order) * root * root;
}

double rp_sf_bessel_j(double x, double order) {
  if (outside(x, order)) return NAN;
  if (isinf(x)) return 0;
  if (x == 0) return order == 0 ? 1 : (order > 0 || order == floor(order) ? 0 : INFINITY);
  pair jy = ordinary(x, fabs(order));
  if (order >= 0) return jy.first;
  double cosine = rp_sf_cospi(-order), sine = rp_sf_sinpi(-order);
  return (cosine == 0 ? 0 : cosine * jy.first) - (sine == 0 ? 0 : sine * jy.second);
}

double rp_sf_bessel_y(double x, double order) {
  if (outside(x, order)) return NAN;
  if (isinf(x)) return 0;
  if (x == 0) return -INFINITY;
  pair jy = ordinary(x, fabs(order));
  if (order >= 0) return jy.second;
  double cosine = rp_sf_cospi(-order), sine = rp_sf_sinpi(-order);
  return (sine == 0 ? 0 : sine * jy.first) + (cosine == 0 ? 0 : cosine * jy.second);
}

/* ---- parts shared by both kinds ---- */

/* 1 / gamma(1 + mu), 1 / gamma(1 - mu) and Temme's auxiliary functions gamma_1 and gamma_2, |mu| <= 1/2. */
typedef struct {
  double plus, minus, odd, even;
} temme_gammas;

static temme_gammas reciprocal_gammas(double mu) {
  static const double taylor[] = { /* of 1 / gamma(1 + z) */
    1.0, 5.7721566490153286061e-1, -6.5587807152025388108e-1, -4.2002635034095235529e-2, 1.665386113822914895e-1,
    -4.2197734555544336748e-2, -9.6219715278769735621e-3, 7.2189432466630995424e-3, -1.1651675918590651121e-3,
    -2.1524167411495097282e-4, 1.2805028238811618615e-4, -2.0134854780788238656e-5, -1.2504934821426706573e-6,
    1.1330272319816958824e-6, -2.0563384169776071035e-7, 6.1160951044814158179e-9, 5.0020076444692229301e-9,
    -1.1812745704870201446e-9, 1.0434267116911005105e-10, 7.782263439905071254e-12, -3.6968056186422057082e-12,
    5.100370287454475979e-13};
  double square = mu * mu, even = 0, odd = 0;
  for (int k = sizeof taylor / sizeof *taylor - 2; k >= 0; k -= 2) {
    even = even * square + taylor[k];
    odd = odd * square + taylor[k + 1];
  }
  return (temme_gammas) {.plus = even + mu * odd, .minus = even - mu * odd, .odd = -odd, .even = even};
}

/* x / sin x and sinh(x) / x without the removable singularity */
static double over_sine(double x) { return fabs(x) < 1e-8 ? 1 : x / sin(x); }
static double sinh_over(double x) { return fabs(x) < 1e-8 ? 1 : sinh(x) / x; }

/* Where Hankel's series has terms that fall below rounding before they grow. */
static int use_hankel(double x, double order) { return x >= 50 && x >= 0.5 * order * order; }

/* Values of orders nu and nu + 1 up to a common factor exp(log_scale), which grows beyond any double for high
 * orders. */
typedef struct {
  double at, above, log_scale;
} scaled_pair;

/* value of order nu - 1 = factor * value of order nu + sign * value of order nu + 1 */
static void step_down(scaled_pair *s, double factor, double sign) {
  double below = factor * s->at + sign * s->above;
  s->above = s->at;
  s->at = below;
  if (fabs(below) > 1e200) {
    s->at *= 1e-200;
    s->above *= 1e-200;
    s->log_scale += 200 * 2.302585092994045684;
  }
}

static double divide_scaled(double value, const scaled_pair *s) {
  double ratio = value / s->at;
  return s->log_scale == 0 ? ratio : copysign(exp(log(fabs(ratio)) - s->log_scale), ratio);
}

/* ---- I and K ---- */

static pair modified_hankel(double x, double order) {
  double term = 1, growing = 1, decaying = 1;
  for (int k = 1; k < 200; k++) {
    double odd = 2 * k - 1;
    term *= (4 * order * order - odd * odd) / (8 * k * x);
    decaying += term;
    growing += k % 2 ? -term : term;
    if (fabs(term) < 0.1 * DBL_EPSILON) break;
  }
  return (pair) {growing / sqrt(2 * RP_PI * x), decaying * sqrt(RP_PI / (2 * x))};
}

/* K_mu and K_(mu + 1), both times exp(x): Temme's series, x <= 2. */
static pair modified_series(double x, double mu) {
  temme_gammas gammas = reciprocal_gammas(mu);
  double logarithm = log(2 / x), sigma = mu * logarithm, power = exp(sigma);
  double f = over_sine(RP_PI * mu) * (cosh(sigma) * gammas.odd + sinh_over(sigma) * logarithm * gammas.even);
  double p = 0.5 * power / gammas.plus, q = 0.5 / (power * gammas.minus), c = 1;
  double sum = f, next = p;
  for (int k = 1; k < MAX_TERMS; k++) {
    f = (k * f + p + q) / (k * (double) k - mu * mu);
    c *= 0.25 * x * x / k;
    p /= k - mu;
    q /= k + mu;
    sum += c * f;
    next += c * (p - k * f);
    if (fabs(c * f) < 0.1 * DBL_EPSILON * fabs(sum)) break;
  }
  return (pair) {sum * exp(x), next * (2 / x) * exp(x)};
}

/* The same by Steed's algorithm for the second continued fraction, x > 2. */
static pair modified_steed(double x, double mu) {
  double a = 0.25 - mu * mu, b = 2 * (1 + x), d = 1 / b;
  double h = d, delta = d, before = 0, now = 1, c = a, q = a, sum = 1 + q * delta, first = a;
  a = -a;
  for (int k = 2; k < MAX_TERMS; k++) {
    a -= 2 * (k - 1);
    c = -a * c / k;
    double after = (before - b * now) / a;
    before = now;
    now = after;
    q += c * now;
    b += 2;
    d = 1 / (b + a * d);
    delta *= b * d - 1;
    h += delta;
    double term = q * delta;
    sum += term;
    if (fabs(term) < 0.1 * DBL_EPSILON * fabs(sum)) break;
  }
  double k_mu = sqrt(RP_PI / (2 * x)) / sum;
  return (pair) {k_mu, k_mu * (mu + x + 0.5 - first * h) / x};
}

/* I of order + 1 over I of order, by Lentz's algorithm. */
static double modified_ratio(double x, double order) {
  double b = 2 * (order + 1) / x, h = 1 / b, c = INFINITY, d = h;
  for (int k = 1; k < MAX_TERMS; k++) {
    b += 2 / x;
    d = 1 / (b + d);
    c = b + 1 / c;
    h *= c * d;
    if (fabs(c * d - 1) < DBL_EPSILON) return h;
  }
  return NAN;
}

/* The Wronskian I_mu K_(mu+1) + I_(mu+1) K_mu = 1 / x has positive terms only. */
static pair modified(double x, double order) {
  if (use_hankel(x, order)) return modified_hankel(x, order);
  int steps = (int) (order + 0.5);
  double mu = order - steps;
  scaled_pair i = {.at = 1, .above = modified_ratio(x, order)};
  for (int k = steps; k >= 1; k--) step_down(&i, 2 * (mu + k) / x, 1);
  pair k_pair = x <= 2 ? modified_series(x, mu) : modified_steed(x, mu);
  double i_mu = 1 / (x * (k_pair.second + i.above / i.at * k_pair.first));
  for (int k = 1; k <= steps; k++) {
    double after = k_pair.first + 2 * (mu + k) / x * k_pair.second;
    k_pair.first = k_pair.second;
    k_pair.second = after;
  }
  return (pair) {divide_scaled(i_mu, &i), k_pair.first};
}

/* ---- J and Y ---- */

static pair ordinary_hankel(double x, double order) {
  double term = 1, even = 1, odd_sum = 0;
  for (int k = 1; k < 200; k++) {
    double odd = 2 * k - 1;
    term *= (4 * order * order - odd * odd) / (8 * k * x);
    double sign = k / 2 % 2 ? -1 : 1;
    if (k % 2) odd_sum += sign * term;
    else even += sign * term;
    if (fabs(term) < 0.1 * DBL_EPSILON) break;
  }
  /* cos and sin of x - (order / 2 + 1/4) pi, the subtraction done by the addition theorem */
  double shift = 0.5 * order + 0.25;
  double cs = rp_sf_cospi(shift), sn = rp_sf_sinpi(shift), cx = cos(x), sx = sin(x);
  double cosine = cx * cs + sx * sn, sine = sx * cs - cx * sn, scale = sqrt(2 / (RP_PI * x));
  return (pair) {scale * (cosine * even - sine * odd_sum), scale * (sine * even + cosine * odd_sum)};
}

/* Y_mu and Y_(mu + 1) by Temme's series, x < 2. */
static pair ordinary_series(double x, double mu) {
  temme_gammas gammas = reciprocal_gammas(mu);
  double logarithm = log(2 / x), sigma = mu * logarithm, power = exp(sigma), half = 0.5 * RP_PI * mu;
  double over = 2 / RP_PI * over_sine(RP_PI * mu);
  double f = over * (cosh(sigma) * gammas.odd + sinh_over(sigma) * logarithm * gammas.even);
  double p = power / (gammas.plus * RP_PI), q = 1 / (power * RP_PI * gammas.minus), c = 1;
  double r = fabs(half) < 1e-8 ? 1 : sin(half) / half;
  r = RP_PI * half * r * r;
  double sum = f + r * q, next = p;
  for (int k = 1; k < MAX_TERMS; k++) {
    f = (k * f + p + q) / (k * (double) k - mu * mu);
    c *= -0.25 * x * x / k;
    p /= k - mu;
    q /= k + mu;
    double term = c * (f + r * q);
    sum += term;
    next += c * p - k * term;
    if (fabs(term) < 0.1 * DBL_EPSILON * (1 + fabs(sum))) break;
  }
  return (pair) {-sum, -next * 2 / x};
}

/* p + i q of DLMF 10.74(v) (Steed's complex fraction) for order mu, x >= 2. */
static pair steed_complex(double x, double mu) {
  double a = 0.25 - mu * mu, p = -0.5 / x, q = 1, b_re = 2 * x, b_im = 2;
  double factor = a / (x * (p * p + q * q));
  double c_re = b_re + q * factor, c_im = b_im + p * factor;
  double norm = b_re * b_re + b_im * b_im, d_re = b_re / norm, d_im = -b_im / norm;
  double delta_re = c_re * d_re - c_im * d_im, delta_im = c_re * d_im + c_im * d_re;
  double temp = p * delta_re - q * delta_im;
  q = p * delta_im + q * delta_re;
  p = temp;
  for (int k = 2; k < MAX_TERMS; k++) {
    a += 2 * (k - 1);
    b_im += 2;
    d_re = a * d_re + b_re;
    d_im = a * d_im + b_im;
    if (fabs(d_re) + fabs(d_im) < TINY) d_re = TINY;
    factor = a / (c_re * c_re + c_im * c_im);
    c_re = b_re + c_re * factor;
    c_im = b_im - c_im * factor;
    if (fabs(c_re) + fabs(c_im) < TINY) c_re = TINY;
    norm = d_re * d_re + d_im * d_im;
    d_re /= norm;
    d_im /= -norm;
    delta_re = c_re * d_re - c_im * d_im;
    delta_im = c_re * d_im + c_im * d_re;
    temp = p * delta_re - q * delta_im;
    q = p * delta_im + q * delta_re;
    p = temp;
    if (fabs(delta_re - 1) + fabs(delta_im) < DBL_EPSILON) break;
  }
  return (pair) {p, q};
}

/* J of order + 1 over J of order, by Lentz's algorithm; its denominators change sign as J of order does. */
static double ordinary_ratio(double x, double order, double *sign) {
  double b = 2 * (order + 1) / x, h = 1 / b, c = INFINITY, d = h;
  *sign = 1;
  for (int k = 1; k < MAX_TERMS; k++) {
    b += 2 / x;
    d = b - d;
    c = b - 1 / c;
    if (fabs(d) < TINY) d = TINY;
    if (fabs(c) < TINY) c = TINY;
    d = 1 / d;
    h *= c * d;
    if (d < 0) *sign = -*sign;
    if (fabs(c * d - 1) < DBL_EPSILON) return h;
  }
  return NAN;
}

static pair ordinary(double x, double order) {
  if (use_hankel(x, order)) return ordinary_hankel(x, order);
  int steps = x < 2 ? (int) (order + 0.5) : (int) fmax(0, order - x + 1.5);
  double mu = order - steps, sign;
  scaled_pair j = {.at = 1, .above = ordinary_ratio(x, order, &sign)};
  for (int k = steps; k >= 1; k--) step_down(&j, 2 * (mu + k) / x, -1);
  if (j.at == 0) j.at = DBL_EPSILON * DBL_MIN;
  double ratio = j.above / j.at, j_mu;
  pair y;
  if (x < 2) {
    y = ordinary_series(x, mu);
    j_mu = 2 / (RP_PI * x) / (ratio * y.first - y.second);
  } else {
    pair pq = steed_complex(x, mu);
    double above_slope = pq.first - mu / x + ratio; /* p - J'/J */
    double gamma = above_slope / pq.second;
    j_mu = sqrt(2 / (RP_PI * x) / (above_slope * gamma + pq.second));
    j_mu = copysign(j_mu, sign * j.at);
    y.first = j_mu * gamma;
    y.second = mu / x * y.first - (y.first * pq.first + pq.second * j_mu);
  }
  for (int k = 1; k <= steps; k++) {
    double after = 2 * (mu + k) / x * y.second - y.first;
    y.first = y.second;
    y.second = after;
    if (isinf(after)) break;
  }
  return (pair) {divide_scaled(j_mu, &j), isinf(y.second) && steps > 0 ? -INFINITY : y.first};
}
