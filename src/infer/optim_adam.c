/* Adam (Kingma & Ba 2015, algorithm 1), and the same with clipped gradients. */
#include <math.h>
#include <string.h>

#include "optim.h"

/* Two parameters at a time: a step waits for square roots and divisions, of which the processor does two at once. */
typedef double pair __attribute__((vector_size(16)));

static inline pair load(const double *x) {
  pair value;
  memcpy(&value, x, sizeof value);
  return value;
}

static inline void store(double *x, pair value) { memcpy(x, &value, sizeof value); }

static inline pair root(pair x) {
#if defined(__SSE2__)
  return __builtin_ia32_sqrtpd(x);
#else
  return (pair){sqrt(x[0]), sqrt(x[1])};
#endif
}

static inline void adam(const rp_optim *optim, double rate, double clip, double *state, int64_t step, int64_t n,
                        double *parameters, const double *gradient) {
  double *restrict mean = state, *restrict square = state + n;
  const double b1 = optim->beta1, b2 = optim->beta2, epsilon = optim->epsilon;
  /* both bias corrections moved into the step and epsilon: one square root and one division per parameter */
  const double unbias = sqrt(1 - pow(b2, (double) step));
  const double scaled_rate = rate * unbias / (1 - pow(b1, (double) step)), scaled_epsilon = epsilon * unbias;
  int64_t i = 0;
  for (; i + 1 < n; i += 2) {
    pair g = load(gradient + i);
    if (clip < INFINITY) g = (pair){fmax(-clip, fmin(clip, g[0])), fmax(-clip, fmin(clip, g[1]))};
    const pair m = b1 * load(mean + i) + (1 - b1) * g, v = b2 * load(square + i) + (1 - b2) * g * g;
    store(mean + i, m);
    store(square + i, v);
    store(parameters + i, load(parameters + i) - scaled_rate * m / (root(v) + scaled_epsilon));
  }
  if (i < n) {
    const double g = fmax(-clip, fmin(clip, gradient[i]));
    mean[i] = b1 * mean[i] + (1 - b1) * g;
    square[i] = b2 * square[i] + (1 - b2) * g * g;
    parameters[i] -= scaled_rate * mean[i] / (sqrt(square[i]) + scaled_epsilon);
  }
}

static void step_adam(const rp_optim *optim, double rate, double *state, int64_t step, int64_t n, double *parameters,
                      const double *gradient) {
  adam(optim, rate, INFINITY, state, step, n, parameters, gradient);
}

static void step_clipped(const rp_optim *optim, double rate, double *state, int64_t step, int64_t n, double *parameters,
                         const double *gradient) {
  adam(optim, rate, optim->clip, state, step, n, parameters, gradient);
}

const rp_optimizer rp_optim_adam = {
    "adam",
    2,
    step_adam,
    {.kind = RP_OPTIM_ADAM, .rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 1}};

const rp_optimizer rp_optim_clipped_adam = {"clipped_adam",
                                            2,
                                            step_clipped,
                                            {.kind = RP_OPTIM_CLIPPED_ADAM,
                                             .rate = 0.01,
                                             .beta1 = 0.9,
                                             .beta2 = 0.999,
                                             .epsilon = 1e-8,
                                             .clip = 10,
                                             .decay = 1}};
