/* Stochastic variational inference: a guide (a distribution over the unconstrained vector, as a graph) is fitted to a
 * model's log density (another graph) by gradient ascent on the ELBO (a third graph, made of both, compiled once).
 *
 * The unconstrained vector is cut into blocks of positions, each with its own guide; blocks are independent.  A
 * learnable parameter of the model (no prior) is a block with guide RP_GUIDE_DELTA.  Noise is keyed by (seed, step), so
 * a fit does not depend on lanes.  svi.c makes steps; svi_fit.c decides how many, and with which rate and gradient. */
#ifndef RP_INFER_SVI_H
#define RP_INFER_SVI_H

#include "../exec/program.h"
#include "elbo.h"
#include "guide.h"
#include "optim.h"

typedef struct {
  int64_t particles;       /* 1: draws of the guide per step */
  rp_elbo_kind gradient;   /* which estimate is differentiated, to begin with: RP_ELBO_ANALYTIC */
  double alpha;            /* 1: the ELBO; else the bound of Renyi's divergence of this order (Li & Turner 2016) */
  rp_optim optim;          /* adam(0.01) */
  const double *init;      /* centre of the guide, dim numbers, NULL: 0; borrowed during rp_svi_new */
  const double *inputs;    /* run-time inputs of the model's graph; borrowed while the rp_svi lives; may be NULL */
  uint64_t seed;
  rp_isa isa;
} rp_svi_options;
rp_svi_options rp_svi_options_default(void);

typedef struct {
  void *context;
  void (*progress)(void *context, int64_t step, int64_t n_steps, double loss); /* about every 50 ms; may be NULL */
  int (*interrupted)(void *context);                                           /* nonzero: stop, keep the result */
} rp_svi_hooks;

typedef struct rp_svi rp_svi;

/* log_density: a scalar over PARAM leaves within 0 .. dim - 1 of g, which is borrowed and only read. The blocks must
 * cover every position exactly once.  NULL: status says why. */
rp_svi *rp_svi_new(const rp_graph *g, rp_node_id log_density, int64_t dim, const rp_guide_block *blocks,
                   int32_t n_blocks, const rp_svi_options *options, rp_status *status);
void rp_svi_free(rp_svi *svi);

/* ---- steps ---- */

/* n_steps more steps (calling again continues, optimizer state included); loss (n_steps places) takes minus the ELBO
 * estimate of each. n_done: steps made. RP_INTERRUPTED when stopped. A step whose loss or gradient is not finite leaves
 * the parameters alone; RP_NOT_FINITE after a hundred such steps in a row. */
rp_code rp_svi_run(rp_svi *svi, int64_t n_steps, double *loss, int64_t *n_done, const rp_svi_hooks *hooks,
                   rp_status *status);
void rp_svi_set_horizon(rp_svi *svi, int64_t n_steps); /* what hooks->progress() shows as the number of steps to come */
/* The optimizer's rate is multiplied by this, from now on; 1 to begin with. */
void rp_svi_set_rate_factor(rp_svi *svi, double factor);
/* The gradient used from now on; compiled at first use. */
rp_code rp_svi_set_gradient(rp_svi *svi, rp_elbo_kind kind, rp_status *status);
rp_elbo_kind rp_svi_gradient(const rp_svi *svi);
/* Sum of the variances of the elements of a gradient at the present parameters, from n draws; loss (n places) takes
 * minus the ELBO estimate of each. */
rp_code rp_svi_noise(rp_svi *svi, rp_elbo_kind kind, int64_t n, double *loss, double *noise, rp_status *status);
/* Iterates from here on are averaged, those before are forgotten. The average so far goes to out (n_parameters);
 * returns how many iterates it has. */
void rp_svi_average_from_here(rp_svi *svi);
int64_t rp_svi_average(const rp_svi *svi, double *out);

/* How they should end: see svi_fit.c. */
typedef struct {
  int64_t n_steps;    /* all of them, or at most as many */
  int32_t automatic;  /* 1: stop when converged */
  int32_t anneal;     /* 1: less noisy gradient, falling rate and averaged iterates once the ELBO no longer improves */
  int32_t keep_gradient; /* 1: the gradient stays what options->gradient says */
  int32_t climb;      /* 1: begin at the mode, if that is better (svi_start.h) */
  double tolerance;   /* nats of ELBO that may be left */
  int64_t first_window; /* steps in each of the first two windows of iterates that are compared; 0: 100 */
} rp_svi_plan;
typedef struct {
  int64_t n_done;     /* steps, with all gradients that were computed to find a start or to choose among gradients */
  int64_t climbed;    /* those of the start */
  int64_t searched;   /* steps until the ELBO stopped improving; -1: it never did */
  int32_t converged;  /* the ELBO had stopped improving; when automatic, falling rates did not improve it either */
  double last_gain;   /* by which the last falling of the rate improved the ELBO; NaN: not measured */
} rp_svi_report;
/* loss has room for plan->n_steps numbers. */
rp_code rp_svi_fit(rp_svi *svi, const rp_svi_plan *plan, double *loss, rp_svi_report *report,
                   const rp_svi_hooks *hooks, rp_status *status);

/* ---- state ---- */
int64_t rp_svi_n_parameters(const rp_svi *svi);
const double *rp_svi_parameters(const rp_svi *svi);
void rp_svi_set_parameters(rp_svi *svi, const double *parameters);
int64_t rp_svi_step(const rp_svi *svi); /* steps made so far */
/* The optimizer's state and its units (precondition.h), to be saved and restored with the number of steps made. */
int64_t rp_svi_state_size(const rp_svi *svi);
const double *rp_svi_state(const rp_svi *svi);
void rp_svi_set_state(rp_svi *svi, int64_t step, const double *state);

/* The guide's scales are the units of the optimizer from now on (precondition.h). */
void rp_svi_set_units(rp_svi *svi);

/* What is fitted; all of it belongs to the rp_svi or is borrowed by it. */
typedef struct {
  const rp_graph *model;
  rp_node_id log_density;
  int64_t dim;
  const rp_guide_block *blocks;
  int32_t n_blocks;
  const double *centre; /* dim numbers: of the guide to begin with */
  const double *inputs;
  uint64_t seed;
  rp_isa isa;
} rp_svi_problem;
rp_svi_problem rp_svi_problem_of(const rp_svi *svi);

/* ---- results ---- */
/* n draws of the guide into out [n][dim]: the rows that the model's generate step takes, as those of NUTS.
 * log_weight (n places, or NULL) takes the log density minus the guide's. */
rp_code rp_svi_draws(rp_svi *svi, int64_t n, uint64_t seed, double *out, double *log_weight, rp_status *status);
/* ELBO by n fresh draws of the guide, with its Monte Carlo standard error. */
rp_code rp_svi_elbo(rp_svi *svi, int64_t n, uint64_t seed, double *elbo, double *mcse, rp_status *status);
/* Mean and standard deviation of each element of the vector under the guide, NaN where it is not normal or constant. */
rp_code rp_svi_normal_margins(const rp_svi *svi, double *mean, double *sd, rp_status *status);
/* Objective at parameters b minus that at a, by the same n draws of noise for both (numbers first, first + 1, ..), with
 * its standard error. */
rp_code rp_svi_gain(rp_svi *svi, const double *a, const double *b, int64_t first, int64_t n, double *gain, double *mcse,
                    rp_status *status);

#endif
