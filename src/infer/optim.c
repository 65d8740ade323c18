#include "optim.h"

#include <math.h>
#include <string.h>

static const rp_optimizer *const table[RP_OPTIM_COUNT] = {&rp_optim_adam, &rp_optim_clipped_adam, &rp_optim_rmsprop,
                                                          &rp_optim_sgd, &rp_optim_adagrad};

rp_optim rp_optim_default(rp_optim_kind kind) { return table[kind]->defaults; }

rp_optim_kind rp_optim_from_name(const char *name) {
  int kind = 0;
  while (kind < RP_OPTIM_COUNT && strcmp(table[kind]->name, name) != 0) kind++;
  return (rp_optim_kind) kind;
}

int64_t rp_optim_state_size(const rp_optim *optim, int64_t n) { return table[optim->kind]->state_per_parameter * n; }

void rp_optim_step(const rp_optim *optim, double factor, double *state, int64_t step, int64_t n,
                   double *parameters, const double *gradient) {
  double rate = optim->rate;
  if (optim->n_rates > 0) rate = optim->rates[step <= optim->n_rates ? step - 1 : optim->n_rates - 1];
  if (optim->decay != 1) rate *= pow(optim->decay, (double) (step - 1));
  rate *= factor;
  table[optim->kind]->step(optim, rate, state, step, n, parameters, gradient);
}
