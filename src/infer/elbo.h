/* The ELBO as a graph: the model's log density at a draw of the guide, minus the guide's log density there. */
#ifndef RP_INFER_ELBO_H
#define RP_INFER_ELBO_H

#include "guide.h"

typedef struct {
  rp_graph *graph;
  rp_node_id z;         /* the draw, dim numbers in the model's order */
  rp_node_id elbo;      /* one number: an unbiased estimate */
  int64_t n_parameters; /* of the guide: PARAM 0 .. n_parameters - 1, block after block */
  int32_t stopped;      /* 1: PARAM n_parameters .. 2 n_parameters - 1 are a copy that gradients do not see */
} rp_elbo;

typedef enum {
  RP_ELBO_STANDARD = 0, /* log density minus the guide's, at the draw */
  RP_ELBO_PATH,         /* the same; the guide's log density is that of fixed parameters, so that only the path through
                           z is differentiated ("sticking the landing"; Roeder, Wu & Duvenaud 2017) */
  RP_ELBO_ANALYTIC,     /* expectations in closed form where the guide knows them: entropy, linear and squared terms */
  RP_ELBO_COUNT
} rp_elbo_kind;

/* log_density: a scalar over PARAM leaves within 0 .. dim - 1 of model, which is only read. RP_BAD_ARGUMENT: the
 * blocks do not cover every position exactly once. rp_elbo_clear() in every case. */
rp_code rp_elbo_build(rp_elbo *elbo, const rp_graph *model, rp_node_id log_density, int64_t dim,
                      const rp_guide_block *blocks, int32_t n_blocks, rp_elbo_kind kind, rp_status *status);
void rp_elbo_clear(rp_elbo *elbo);

#endif
