/* Von Mises: f(x) = exp(concentration cos(x - location)) / (2 pi I_0(concentration)), -pi <= x <= pi. */
#include <math.h>

#include "terms.h"

enum { LOCATION, CONCENTRATION };

/* Abramowitz & Stegun 9.7.1: I_0(k) exp(-k) sqrt(2 pi k), 9 terms, to 1e-14 for k >= 50. */
static rp_node_id asymptotic(rp_graph *g, rp_node_id k) {
  rp_node_id r = rp_recip(g, rp_times(g, 8, k)), series = rp_const(g, 1);
  for (int i = 9; i >= 1; i--) {
    double ratio = (2.0 * i - 1) * (2.0 * i - 1) / i;
    series = rp_plus(g, rp_mul(g, rp_times(g, ratio, r), series), 1);
  }
  return series;
}

/* log(I_0(k) exp(-k)). */
static rp_node_id log_bessel(rp_graph *g, rp_node_id k) {
  rp_node_id limit = rp_const(g, 50), small = rp_min2(g, k, limit), large = rp_max2(g, k, limit);
  rp_node_id direct = rp_sub(g, rp_log(g, rp_binary(g, RP_OP_BESSEL_I, small, rp_const(g, 0))), small);
  rp_node_id root = rp_plus(g, rp_times(g, 0.5, rp_log(g, large)), RP_LOG_SQRT_2PI);
  return rp_select(g, rp_lt(g, k, limit), direct, rp_sub(g, rp_log(g, asymptotic(g, large)), root));
}

/* cos d - 1 = -2 sin(d / 2)^2 does not cancel. */
RP_DENSITY(log_density) {
  rp_node_id sine = rp_unary(g, RP_OP_SIN, rp_times(g, 0.5, rp_sub(g, x, a[LOCATION])));
  rp_node_id kernel = rp_times(g, -2, rp_mul(g, a[CONCENTRATION], rp_square(g, sine)));
  return rp_sub(g, kernel, rp_plus(g, log_bessel(g, a[CONCENTRATION]), 2 * RP_LOG_SQRT_2PI));
}

/* ---- cdf ---- H(d) = integral of the density from 0 to d, d = x - location. Below concentration 50 by its Fourier
 * series, d / (2 pi) + sum r_j sin(j d) / (pi j) with r_j = I_j / I_0 (Mardia and Jupp 2000, eq. 3.5.29), beyond by
 * the substitution t = 2 sqrt(k) sin(d / 2), in which the density is normal times (1 - t^2 / (4 k))^(-1/2), a series
 * of incomplete gamma functions; what it lacks near d = pi has a probability below exp(-100). */

enum { N_FOURIER = 72, N_SERIES = 14 };

/* I_j / I_(j - 1) = 1 / (2 j / k + I_(j + 1) / I_j), from a j beyond which nothing is left. */
static rp_node_id fourier(rp_graph *g, rp_node_id d, rp_node_id k) {
  rp_node_id ratio[N_FOURIER + 1], weight = rp_const(g, 1), sum = rp_times(g, 0.5 / RP_PI, d);
  rp_node_id twice = rp_div(g, rp_const(g, 2), rp_max2(g, k, rp_const(g, 1e-290)));
  rp_node_id next = rp_const(g, 0);
  for (int j = N_FOURIER + 20; j >= 1; j--) {
    next = rp_recip(g, rp_add(g, rp_times(g, j, twice), next));
    if (j <= N_FOURIER) ratio[j] = next;
  }
  for (int j = 1; j <= N_FOURIER; j++) {
    weight = rp_mul(g, weight, ratio[j]);
    sum = rp_add(g, sum, rp_times(g, 1 / (RP_PI * j), rp_mul(g, weight, rp_unary(g, RP_OP_SIN, rp_times(g, j, d)))));
  }
  return sum;
}

static rp_node_id concentrated(rp_graph *g, rp_node_id d, rp_node_id k) {
  rp_node_id turns = rp_unary(g, RP_OP_ROUND, rp_times(g, 0.5 / RP_PI, d));
  rp_node_id sine = rp_unary(g, RP_OP_SIN, rp_times(g, 0.5, rp_sub(g, d, rp_times(g, 2 * RP_PI, turns))));
  rp_node_id half_square = rp_times(g, 2, rp_mul(g, k, rp_square(g, sine))); /* t^2 / 2 */
  rp_node_id sum = rp_const(g, 0), scale = rp_const(g, 0.5);
  for (int m = 0; m < N_SERIES; m++) {
    sum = rp_add(g, sum, rp_mul(g, scale, rp_gamma_p(g, half_square, rp_const(g, m + 0.5))));
    /* binomial coefficient (2m + 1) / (2m + 2) of the root, moment 2m + 1 of the normal, over 4 k */
    scale = rp_mul(g, scale, rp_div(g, rp_const(g, (2 * m + 1.0) / (2 * m + 2) * (2 * m + 1) / 4), k));
  }
  rp_node_id total = rp_times(g, 0.5, asymptotic(g, k));
  rp_node_id part = rp_times(g, 0.5, rp_div(g, sum, total));
  return rp_add(g, turns, rp_mul(g, rp_unary(g, RP_OP_SIGN, sine), part));
}

static rp_node_id from_location(rp_graph *g, rp_node_id x, const rp_node_id *a) {
  rp_node_id limit = rp_const(g, 50), d = rp_sub(g, x, a[LOCATION]), k = a[CONCENTRATION];
  rp_node_id low = fourier(g, d, rp_min2(g, k, limit)), high = concentrated(g, d, rp_max2(g, k, limit));
  return rp_select(g, rp_lt(g, k, limit), low, high);
}

static rp_node_id mass(rp_graph *g, rp_node_id from, rp_node_id to, const rp_node_id *a) {
  rp_node_id p = rp_sub(g, from_location(g, to, a), from_location(g, from, a));
  return rp_log(g, rp_max2(g, rp_min2(g, p, rp_const(g, 1)), rp_const(g, 0)));
}

RP_OF_VALUE(log_cdf) { return mass(g, rp_const(g, -RP_PI), rp_clamp(g, x, -RP_PI, RP_PI), a); }
RP_OF_VALUE(log_ccdf) { return mass(g, rp_clamp(g, x, -RP_PI, RP_PI), rp_const(g, RP_PI), a); }

/* Best and Fisher (1979), rejection from the wrapped Cauchy. */
RP_SAMPLE(sample) {
  double k = *a[CONCENTRATION], angle;
  if (k < 1e-8) {
    angle = RP_PI * (2 * rp_random_uniform(r) - 1);
  } else {
    double tau = 1 + sqrt(1 + 4 * k * k), rho = (tau - sqrt(2 * tau)) / (2 * k);
    double s = k < 1e-4 ? 1 / k + k : (1 + rho * rho) / (2 * rho), f, c;
    do {
      double z = cos(RP_PI * rp_random_uniform(r));
      f = (1 + s * z) / (s + z);
      c = k * (s - f);
    } while (log(rp_random_uniform(r)) > log(c) + 1 - c);
    angle = rp_random_uniform(r) < 0.5 ? -acos(fmin(1, fmax(-1, f))) : acos(fmin(1, fmax(-1, f)));
  }
  *x = remainder(angle + *a[LOCATION], 2 * RP_PI);
}

const rp_family rp_family_von_mises = {
    .name = "von_mises",
    .n_arguments = 2,
    .arguments = {{"location", RP_ARG_REAL, 0}, {"concentration", RP_ARG_NONNEGATIVE, 0}},
    .support_kind = RP_SUPPORT_CIRCLE,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
};
