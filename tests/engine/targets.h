/* Hand-coded log densities for tests of the samplers: each with its gradient, unnormalised. */
#ifndef RP_TEST_TARGETS_H
#define RP_TEST_TARGETS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../src/infer/potential.h"

typedef void (*test_density)(const double *q, double *log_density, double *gradient);

typedef struct {
  int64_t dim;
  test_density density;
} test_model;

typedef struct {
  test_density density;
  double gradient[60]; /* the largest dim of any test */
} test_chain;

/* N(0, sd_i) independent, sd = 0.1, 0.5, 1, 3, 10 */
static const double gaussian_sd[5] = {0.1, 0.5, 1, 3, 10};
static inline void gaussian(const double *q, double *log_density, double *gradient) {
  *log_density = 0;
  for (int i = 0; i < 5; i++) {
    double z = q[i] / gaussian_sd[i];
    *log_density -= 0.5 * z * z;
    gradient[i] = -z / gaussian_sd[i];
  }
}

/* Bivariate normal, means 1 and -2, sds 1 and 2, correlation 0.95 */
static inline void correlated(const double *q, double *log_density, double *gradient) {
  const double rho = 0.95, c = 1 / (1 - 0.95 * 0.95);
  double a = q[0] - 1, b = (q[1] + 2) / 2;
  *log_density = -0.5 * c * (a * a - 2 * rho * a * b + b * b);
  gradient[0] = -c * (a - rho * b);
  gradient[1] = -c * (b - rho * a) / 2;
}

/* Neal's funnel in 10 dimensions: y ~ N(0, 3), x_i ~ N(0, exp(y / 2)); centered. */
static inline void funnel(const double *q, double *log_density, double *gradient) {
  double y = q[0], precision = exp(-y), squares = 0;
  for (int i = 1; i < 10; i++) {
    squares += q[i] * q[i];
    gradient[i] = -q[i] * precision;
  }
  *log_density = -y * y / 18 - 4.5 * y - 0.5 * squares * precision;
  gradient[0] = -y / 9 - 4.5 + 0.5 * squares * precision;
}

/* The funnel with x = exp(y / 2) z: ten independent normals. */
static inline void funnel_decentered(const double *q, double *log_density, double *gradient) {
  *log_density = -q[0] * q[0] / 18;
  gradient[0] = -q[0] / 9;
  for (int i = 1; i < 10; i++) {
    *log_density -= 0.5 * q[i] * q[i];
    gradient[i] = -q[i];
  }
}

/* Eight schools, non-centered: mu ~ N(0, 5), tau = exp(q1) ~ HalfCauchy(5), theta = mu + tau z. */
static const double school_y[8] = {28, 8, -3, 7, -1, 1, 18, 12}, school_sd[8] = {15, 10, 16, 11, 9, 11, 10, 18};
static inline void eight_schools(const double *q, double *log_density, double *gradient) {
  double mu = q[0], tau = exp(q[1]), t = tau * tau / 25;
  *log_density = -mu * mu / 50 + q[1] - log1p(t);
  gradient[0] = -mu / 25;
  gradient[1] = 1 - 2 * t / (1 + t);
  for (int i = 0; i < 8; i++) {
    double z = q[2 + i], r = (school_y[i] - mu - tau * z) / school_sd[i], pull = r / school_sd[i];
    *log_density -= 0.5 * z * z + 0.5 * r * r;
    gradient[0] += pull;
    gradient[1] += pull * tau * z;
    gradient[2 + i] = -z + pull * tau;
  }
}

/* Exponential(1) on its own scale: -Inf below 0. */
static inline void half_line(const double *q, double *log_density, double *gradient) {
  *log_density = q[0] < 0 ? -INFINITY : -q[0];
  gradient[0] = q[0] < 0 ? NAN : -1;
}

static inline void nowhere(const double *q, double *log_density, double *gradient) {
  (void) q;
  *log_density = -INFINITY;
  gradient[0] = gradient[1] = 0;
}

static inline rp_code test_evaluate(void *state, const double *q, double *log_density, const double **gradient) {
  test_chain *chain = state;
  chain->density(q, log_density, chain->gradient);
  *gradient = chain->gradient;
  return RP_OK;
}

static inline rp_code test_open(const void *context, rp_potential *potential, rp_status *status) {
  const test_model *model = context;
  test_chain *chain = calloc(1, sizeof *chain);
  *potential = (rp_potential){.dim = model->dim, .state = chain, .evaluate = test_evaluate};
  if (!chain) return rp_fail_memory(status, "a chain");
  chain->density = model->density;
  return RP_OK;
}

static inline void test_close(rp_potential *potential) { free(potential->state); }

static inline rp_target test_target(const test_model *model) {
  return (rp_target){.dim = model->dim, .context = model, .open = test_open, .close = test_close};
}

#endif
