/* Optimizers: one step down a gradient.  Each is a row of optim.c's table and lives in its own optim_*.c file. State
 * and parameters are the caller's; nothing is allocated, nothing fails. */
#ifndef RP_INFER_OPTIM_H
#define RP_INFER_OPTIM_H

#include <stdint.h>

typedef enum {
  RP_OPTIM_ADAM = 0,     /* Kingma & Ba 2015 */
  RP_OPTIM_CLIPPED_ADAM, /* the same with gradients clipped to +-clip (Pyro's, with its rate decay) */
  RP_OPTIM_RMSPROP,      /* Tieleman & Hinton 2012 */
  RP_OPTIM_SGD,          /* with momentum (Polyak 1964) */
  RP_OPTIM_ADAGRAD,      /* Duchi, Hazan & Singer 2011 */
  RP_OPTIM_COUNT
} rp_optim_kind;

typedef struct {
  rp_optim_kind kind;
  double rate;
  double beta1, beta2; /* adam: .9, .999; rmsprop: beta2 = .9; sgd: beta1 = momentum, 0 */
  double epsilon;      /* 1e-8 */
  double clip;         /* clipped adam: 10 */
  double decay;        /* rate of step t: rate * decay^(t - 1); 1: constant */
  const double *rates; /* a schedule instead of rate: that of each step, the last for all later ones; borrowed */
  int64_t n_rates;     /* 0: none */
} rp_optim;

/* Defaults of a kind (rate 0.01). */
rp_optim rp_optim_default(rp_optim_kind kind);
rp_optim_kind rp_optim_from_name(const char *name); /* "adam", "clipped_adam", ...; RP_OPTIM_COUNT: unknown */
/* Doubles of state for n parameters; all 0 to start with. */
int64_t rp_optim_state_size(const rp_optim *optim, int64_t n);
/* Step number `step` (from 1) with the rate times factor: parameters move down the gradient. */
void rp_optim_step(const rp_optim *optim, double factor, double *state, int64_t step, int64_t n,
                   double *parameters, const double *gradient);

/* One row of the table; rate is that of the step. */
typedef struct {
  const char *name;
  int64_t state_per_parameter;
  void (*step)(const rp_optim *optim, double rate, double *state, int64_t step, int64_t n, double *parameters,
               const double *gradient);
  rp_optim defaults;
} rp_optimizer;
extern const rp_optimizer rp_optim_adam, rp_optim_clipped_adam, rp_optim_rmsprop, rp_optim_sgd, rp_optim_adagrad;

#endif
