/* From unconstrained draws to the values of sites: latent, recorded, and what is drawn ancestrally.
 *
 * A generator is compiled once and read-only; each thread opens its own rp_generator_work.  Random numbers are keyed by
 * (seed, chain, draw), so that a site recomputed later has the values it had, bit for bit. */
#ifndef RP_INFER_GENERATE_H
#define RP_INFER_GENERATE_H

#include "../exec/program.h"
#include "../model/model.h"

typedef struct rp_generator rp_generator;

/* Values of the given sites (indices into model->sites), or of the given nodes. NULL: status says why. */
rp_generator *rp_generator_new(const rp_model *model, const rp_node_id *nodes, int32_t n_nodes, rp_isa isa,
                               rp_status *status);
void rp_generator_free(rp_generator *generator);

/* Where node k's values go: element e of draw i to out[k][i * draw_stride + e * element_stride[k]]. */
typedef struct {
  double *const *out;
  int64_t draw_stride;
  const int64_t *element_stride;
} rp_generated;

/* draws: n rows of the model's dim numbers (of a model with given sites: their n_given values), row i being draw
 * first_draw + i of the chain; inputs: the chain's centering (rp_centering_inputs()), NULL when the model adapts none.
 * Thread safe.  RP_OK or RP_NO_MEMORY. */
rp_code rp_generate(const rp_generator *generator, const double *draws, const double *inputs, int64_t n, uint64_t seed,
                    uint64_t chain, uint64_t first_draw, rp_generated to, rp_status *status);

/* Replaces the coordinates for which the user asked for initial values, given the others; q has dim numbers. */
rp_code rp_initial_values(const rp_model *model, double *q, const double *inputs, uint64_t seed, uint64_t chain,
                          rp_status *status);
/* Does the model have any? */
int rp_has_initial_values(const rp_model *model);

#endif
