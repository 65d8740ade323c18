/* RMSprop (Tieleman & Hinton 2012, lecture 6.5). */
#include <math.h>

#include "optim.h"

static void step(const rp_optim *optim, double rate, double *state, int64_t t, int64_t n, double *parameters,
                 const double *gradient) {
  (void) t;
  for (int64_t i = 0; i < n; i++) {
    state[i] = optim->beta2 * state[i] + (1 - optim->beta2) * gradient[i] * gradient[i];
    parameters[i] -= rate * gradient[i] / sqrt(state[i] + optim->epsilon);
  }
}

const rp_optimizer rp_optim_rmsprop = {
    "rmsprop", 1, step, {.kind = RP_OPTIM_RMSPROP, .rate = 0.01, .beta2 = 0.9, .epsilon = 1e-8, .decay = 1}};
