/* What a sampler needs of a model: the log density over unconstrained coordinates and its gradient.
 *
 * rp_target is shared by all chains and opens one rp_potential for each (a potential has scratch memory and is used by
 * one thread at a time).  rp_density is the target made of a compiled graph; tests write their own. A log density that
 * is NaN or infinite is no failure: samplers reject such positions.  evaluate() therefore returns RP_OK unless
 * something is broken for good. */
#ifndef RP_INFER_POTENTIAL_H
#define RP_INFER_POTENTIAL_H

#include "../exec/program.h"

typedef struct {
  int64_t dim;
  void *state;
  rp_code (*evaluate)(void *state, const double *q, double *log_density, double *gradient);
} rp_potential;

typedef struct {
  int64_t dim;
  const void *context; /* borrowed */
  /* Opens the potential of one chain; the potential is closed even if opening failed half way. */
  rp_code (*open)(const void *context, rp_potential *potential, rp_status *status);
  void (*close)(rp_potential *potential);
} rp_target;

/* The log density node of a graph over PARAM leaves that tile 0 .. dim - 1, and its gradient, as one program.
 * Parameters that the density does not depend on have gradient 0. */
typedef struct rp_density rp_density;

/* The graph gains the adjoint nodes (they share what they can).  isa as in rp_program_new.  NULL: status says why. */
rp_density *rp_density_new(rp_graph *g, rp_node_id log_density, int64_t dim, rp_isa isa, rp_status *status);
void rp_density_free(rp_density *density);
const rp_program *rp_density_program(const rp_density *density);
/* A view, valid as long as the density. */
rp_target rp_density_target(const rp_density *density);

#endif
