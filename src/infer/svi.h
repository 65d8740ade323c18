/* Stochastic variational inference: a guide (a distribution over the unconstrained vector, as a graph) is fitted to a
 * model's log density (another graph) by gradient ascent on the ELBO (a third graph, made of both, compiled once).
 *
 * The unconstrained vector is cut into blocks of positions, each with its own guide; blocks are independent.  A
 * learnable parameter of the model (no prior) is a block with guide RP_GUIDE_DELTA.  Noise is keyed by (seed, step), so
 * a fit does not depend on lanes. */
#ifndef RP_INFER_SVI_H
#define RP_INFER_SVI_H

#include "../exec/program.h"
#include "guide.h"
#include "optim.h"

typedef struct {
  int64_t particles;       /* 1: draws of the guide per step */
  int32_t path_derivative; /* 0; 1: no gradient through log q (Roeder et al. 2017), "sticking the landing" */
  rp_optim optim;          /* adam(0.01) */
  const double *init;      /* centre of the guide, dim numbers, NULL: 0; borrowed during rp_svi_new */
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

/* log_density: a scalar over PARAM leaves within 0 .. dim - 1 of g, which is only read. The blocks must cover every
 * position exactly once.  NULL: status says why. */
rp_svi *rp_svi_new(const rp_graph *g, rp_node_id log_density, int64_t dim, const rp_guide_block *blocks,
                   int32_t n_blocks, const rp_svi_options *options, rp_status *status);
void rp_svi_free(rp_svi *svi);

/* n_steps more steps (calling again continues, optimizer state included); loss (n_steps places) takes minus the ELBO
 * estimate of each. n_done: steps made. RP_INTERRUPTED when stopped. A step whose loss or gradient is not finite leaves
 * the parameters alone; RP_NOT_FINITE after a hundred such steps in a row. */
rp_code rp_svi_run(rp_svi *svi, int64_t n_steps, double *loss, int64_t *n_done, const rp_svi_hooks *hooks,
                   rp_status *status);

int64_t rp_svi_n_parameters(const rp_svi *svi);
const double *rp_svi_parameters(const rp_svi *svi);
void rp_svi_set_parameters(rp_svi *svi, const double *parameters);
int64_t rp_svi_step(const rp_svi *svi); /* steps made so far */

/* n draws of the guide into out [n][dim]: the rows that the model's generate step takes, as those of NUTS. */
rp_code rp_svi_draws(rp_svi *svi, int64_t n, uint64_t seed, double *out, rp_status *status);
/* ELBO by n fresh draws of the guide, with its Monte Carlo standard error. */
rp_code rp_svi_elbo(rp_svi *svi, int64_t n, uint64_t seed, double *elbo, double *mcse, rp_status *status);

#endif
