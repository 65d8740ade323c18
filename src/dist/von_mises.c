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
};
