/* Stochastic gradient descent with momentum (Polyak 1964). */
#include "optim.h"

static void step(const rp_optim *optim, double rate, double *state, int64_t t, int64_t n, double *parameters,
                 const double *gradient) {
  (void) t;
  for (int64_t i = 0; i < n; i++) {
    state[i] = optim->beta1 * state[i] + gradient[i];
    parameters[i] -= rate * state[i];
  }
}

const rp_optimizer rp_optim_sgd = {"sgd", 1, step, {.kind = RP_OPTIM_SGD, .rate = 0.01, .decay = 1}};
