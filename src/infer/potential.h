/* What a sampler needs of a model: the log density over unconstrained coordinates and its gradient.
 *
 * rp_target is shared by all chains and opens one rp_potential for each (a potential has scratch memory and is used by
 * one thread at a time).  rp_density is the target made of a compiled graph; tests write their own.
 *
 * A target may have elements whose centering is chosen while sampling (model/reparam/loc_scale.c): coordinate z of an
 * element x = m + (s/s0)^(1-c) (z - c m), with a c and an s0 for each element that the chain may set between
 * evaluations. A log density that is NaN or infinite is no failure: samplers reject such positions.  evaluate()
 * therefore returns RP_OK unless something is broken for good. */
#ifndef RP_INFER_POTENTIAL_H
#define RP_INFER_POTENTIAL_H

#include "../exec/program.h"
#include "../model/model.h"

/* Where the elements of adapted centering are: one number for each. */
typedef struct {
  const double *residual, *location, *log_scale; /* x - m, m, log s */
  const double *score;                           /* d log f / dx, of the element's own prior */
} rp_probe;

typedef struct {
  int64_t dim;
  void *state;
  rp_code (*evaluate)(void *state, const double *q, double *log_density, double *gradient);
  /* NULL without adapted elements. Copies c and s0; until then they are 0 and 1. */
  void (*center)(void *state, const double *c, const double *s0);
  /* At q, with the present c and s0; valid until the next call. */
  void (*probe)(void *state, const double *q, rp_probe *probe);
} rp_potential;

typedef struct {
  int64_t dim;
  const void *context;       /* borrowed */
  int64_t n_centered;        /* elements of adapted centering */
  const int64_t *coordinate; /* their places in the vector, -1: not sampled; borrowed */
  /* Opens the potential of one chain; the potential is closed even if opening failed half way. */
  rp_code (*open)(const void *context, rp_potential *potential, rp_status *status);
  void (*close)(rp_potential *potential);
} rp_target;

/* A scalar node of a graph and its gradient with respect to the first dim elements of the parameter vector, as one
 * program.  The graph may use any slices of the vector; what it uses from dim on is constant as far as the gradient is
 * concerned, and has to be there when the program runs. */
typedef struct rp_density rp_density;

/* The graph gains the adjoint nodes (they share what they can).  isa as in rp_program_new.  NULL: status says why. */
rp_density *rp_density_new(rp_graph *g, rp_node_id log_density, int64_t dim, rp_isa isa, rp_status *status);
/* The log density of a model, with its adapted elements; borrows the model. */
rp_density *rp_density_of_model(const rp_model *model, rp_isa isa, rp_status *status);
void rp_density_free(rp_density *density);
int64_t rp_density_dim(const rp_density *density);
const rp_program *rp_density_program(const rp_density *density);
/* A view, valid as long as the density; its chains have no random nodes, and no inputs but those of the centering. */
rp_target rp_density_target(const rp_density *density);

/* Evaluates with everything a program can take: params (dim numbers and any constants after them), inputs or NULL, key
 * of the random nodes or NULL. work comes from rp_work_new(rp_density_program()). */
void rp_density_run(const rp_density *density, rp_work *work, const double *params, const double *inputs,
                    const rp_random_key *key, double *log_density, double *gradient);

#endif
