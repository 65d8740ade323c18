/* A target written by hand whose centering can be adapted: x_i ~ N(m, s), y_i ~ N(x_i, sigma_i), with m and log s
 * coordinates of their own. */
#ifndef RP_CENTERED_TARGET_H
#define RP_CENTERED_TARGET_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/infer/centering.h"

enum { N = 4, DIM = N + 2 };
static const double y[N] = {1, -2, 4, 0.5}, sigma[N] = {0.1, 1, 3, 20};
static const int64_t places[N + 1] = {2, 3, 4, 5, -1};

typedef struct {
  double c[N + 1], s0[N + 1];
  double residual[N + 1], location[N + 1], log_scale[N + 1], score[N + 1];
  double gradient[DIM];
  int breaks; /* the density is NaN unless all c are as at the start */
} chain_memory;

static inline double start_of(int i) { return i < N ? RP_CENTERING_START : 0; }

static double x_of(const chain_memory *s, const double *q, int i, double *stretch) {
  *stretch = exp((1 - s->c[i]) * (q[1] - log(s->s0[i])));
  return q[0] + *stretch * (q[2 + i] - s->c[i] * q[0]);
}

/* m ~ N(0, 5), log s ~ N(0, 1) */
static rp_code evaluate(void *state, const double *q, double *log_density, const double **at) {
  chain_memory *s = state;
  double *gradient = s->gradient, m = q[0], scale = exp(q[1]);
  *log_density = -m * m / 50 - q[1] * q[1] / 2;
  gradient[0] = -m / 25;
  gradient[1] = -q[1];
  for (int i = 0; i < N; i++) {
    double stretch, x = x_of(s, q, i, &stretch), delta = x - m, one = 1 - s->c[i];
    double error = (y[i] - x) / sigma[i], z = delta / scale;
    *log_density += -0.5 * error * error - 0.5 * z * z - q[1] + one * (q[1] - log(s->s0[i]));
    double l = error / sigma[i], u = delta / (scale * scale), a = l - u;
    gradient[2 + i] = a * stretch;
    /* x depends on m by 1 - c stretch, the prior on m by u */
    gradient[0] += a * (1 - s->c[i] * stretch) + u;
    gradient[1] += a * one * delta + z * z - 1 + one;
    if (s->breaks && s->c[i] != RP_CENTERING_START) *log_density = NAN;
  }
  *at = gradient;
  return RP_OK;
}

static void center(void *state, const double *c, const double *s0) {
  chain_memory *s = state;
  memcpy(s->c, c, sizeof s->c);
  memcpy(s->s0, s0, sizeof s->s0);
}

/* The fifth element is not sampled. */
static void probe(void *state, const double *q, rp_probe *at) {
  chain_memory *s = state;
  for (int i = 0; i <= N; i++) {
    double stretch;
    s->residual[i] = i < N ? x_of(s, q, i, &stretch) - q[0] : 1;
    s->location[i] = q[0];
    s->log_scale[i] = q[1];
    s->score[i] = -s->residual[i] * exp(-2 * q[1]);
  }
  *at = (rp_probe){s->residual, s->location, s->log_scale, s->score};
}

static rp_code open_chain(const void *context, rp_potential *potential, rp_status *status) {
  chain_memory *s = calloc(1, sizeof *s);
  if (!s) return rp_fail_memory(status, "a chain");
  for (int i = 0; i <= N; i++) s->s0[i] = 1;
  s->breaks = context != NULL;
  *potential = (rp_potential){.dim = DIM, .state = s, .evaluate = evaluate, .center = center, .probe = probe};
  return RP_OK;
}

static void close_chain(rp_potential *potential) { free(potential->state); }

static rp_target target_of(const void *context) {
  return (rp_target){.dim = DIM,
                     .context = context,
                     .n_centered = N + 1,
                     .coordinate = places,
                     .open = open_chain,
                     .close = close_chain};
}

#endif
