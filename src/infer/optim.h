/* Optimizers: one step down a gradient.  Each is a row of optim.c's table and lives in its own optim_*.c file. */
#ifndef RP_INFER_OPTIM_H
#define RP_INFER_OPTIM_H

#include "../core/status.h"

typedef enum {
  RP_OPTIM_ADAM = 0,     /* Kingma & Ba 2015 */
  RP_OPTIM_CLIPPED_ADAM, /* adam; gradient clipped to +-clip, rate decayed by `decay` each step (Pyro) */
  RP_OPTIM_RMSPROP,
  RP_OPTIM_SGD, /* with momentum */
  RP_OPTIM_ADAGRAD,
  RP_OPTIM_COUNT
} rp_optim_kind;

typedef struct {
  rp_optim_kind kind;
  double rate;
  double beta1, beta2; /* adam: .9, .999; rmsprop: beta2 = .9; sgd: beta1 = momentum */
  double epsilon;      /* 1e-8 */
  double clip;         /* clipped adam: 10 */
  double decay;        /* rate after t steps: rate * decay^t; 1: constant. Every kind. */
} rp_optim;

/* Defaults of a kind (adam: rate 0.01). */
rp_optim rp_optim_default(rp_optim_kind kind);
rp_optim_kind rp_optim_from_name(const char *name); /* "adam", "clipped_adam", ...; RP_OPTIM_COUNT: unknown */
/* Doubles of state for n parameters; all 0 to start with. */
int64_t rp_optim_state_size(const rp_optim *optim, int64_t n);
/* Step number `step` (from 1): parameters move down the gradient. gradient may be overwritten. */
void rp_optim_step(const rp_optim *optim, double *state, int64_t step, int64_t n, double *parameters, double *gradient);

#endif
