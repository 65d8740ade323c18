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
  /* *gradient: dim numbers, valid until the next call. */
  rp_code (*evaluate)(void *state, const double *q, double *log_density, const double **gradient);
  /* NULL without adapted elements. Copies c and s0; until then they are 0 and 1. */
  void (*center)(void *state, const double *c, const double *s0);
  /* At q, with the present c and s0; valid until the next call. */
  void (*probe)(void *state, const double *q, rp_probe *probe);
} rp_potential;

/* Potentials of several chains evaluated in lock-step: what each gets is what its own evaluate() would give, bit for
 * bit. */
enum { RP_MOST_LANES = 8 };
typedef struct {
  void *state;
  /* For i < n: chain[i] at q[i]; log_density[i] and gradient[i] (valid until the next call). n is 2 at least and at
   * most the lanes that it was opened for. */
  rp_code (*evaluate)(void *state, const rp_potential *const *chain, const double *const *q, int32_t n,
                      double *log_density, const double **gradient);
} rp_lockstep;

typedef struct {
  int64_t dim;
  const void *context;       /* borrowed */
  int64_t n_centered;        /* elements of adapted centering */
  const int64_t *coordinate; /* their places in the vector, -1: not sampled; borrowed */
  /* Opens the potential of one chain; the potential is closed even if opening failed half way. */
  rp_code (*open)(const void *context, rp_potential *potential, rp_status *status);
  void (*close)(rp_potential *potential);
  /* Chains of one thread that it pays to evaluate in lock-step: 0 or 1 if it does not, else RP_MOST_LANES at most, and
   * both functions are there; opened once per thread, closed even if opening failed. */
  int32_t lanes;
  rp_code (*open_lockstep)(const void *context, rp_lockstep *lockstep, rp_status *status);
  void (*close_lockstep)(rp_lockstep *lockstep);
} rp_target;

/* A scalar node of a graph and its gradient with respect to the first dim elements of the parameter vector, as one
 * program.  The graph may use any slices of the vector; what it uses from dim on is constant as far as the gradient is
 * concerned, and has to be there when the program runs. */
typedef struct rp_density rp_density;

/* The graph gains the adjoint nodes (they share what they can).  isa as in rp_program_new.  NULL: status says why. */
rp_density *rp_density_new(rp_graph *g, rp_node_id log_density, int64_t dim, rp_isa isa, rp_status *status);
/* The log density of a model, with its adapted elements; borrows the model. RP_UNSUPPORTED when it is random. */
rp_density *rp_density_of_model(const rp_model *model, rp_isa isa, rp_status *status);
/* Compiles the density for up to `most` chains in lock-step as well, as far as that pays by the cost of its program
 * (always: even if it does not). g is the graph that the density was made of. */
rp_code rp_density_add_lanes(rp_density *density, const rp_graph *g, int32_t most, int always, rp_status *status);
int32_t rp_density_lanes(const rp_density *density);
void rp_density_free(rp_density *density);
int64_t rp_density_dim(const rp_density *density);
/* NULL: so many lanes do not pay. */
const rp_program *rp_density_program(const rp_density *density, int32_t lanes);
/* A view, valid as long as the density; its chains have no random nodes, and no inputs but those of the centering. */
rp_target rp_density_target(const rp_density *density);

/* Evaluates with everything a program can take: params (dim numbers and any constants after them), inputs or NULL, key
 * of the random nodes or NULL. work comes from rp_work_new(rp_density_program(density, 1)) and holds the gradient until
 * it runs again. */
void rp_density_run(const rp_density *density, rp_work *work, const double *params, const double *inputs,
                    const rp_random_key *key, double *log_density, const double **gradient);

#endif
