/* Adagrad (Duchi, Hazan & Singer 2011). */
#include <math.h>

#include "optim.h"

static void step(const rp_optim *optim, double rate, double *state, int64_t t, int64_t n, double *parameters,
                 const double *gradient) {
  (void) t;
  for (int64_t i = 0; i < n; i++) {
    state[i] += gradient[i] * gradient[i];
    parameters[i] -= rate * gradient[i] / (sqrt(state[i]) + optim->epsilon);
  }
}

const rp_optimizer rp_optim_adagrad = {
    "adagrad", 1, step, {.kind = RP_OPTIM_ADAGRAD, .rate = 0.01, .epsilon = 1e-8, .decay = 1}};
