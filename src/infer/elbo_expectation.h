/* Expectations that a guide knows without draws: of normal priors, for example, which leaves the noise of a gradient
 * to the other terms (the analytic Kullback-Leibler divergence of mean-field guides, term by term). */
#ifndef RP_INFER_ELBO_EXPECTATION_H
#define RP_INFER_ELBO_EXPECTATION_H

#include "../graph/graph.h"

/* Mean and variance of every element of the unconstrained vector, as nodes of dim elements; known: where they are. */
typedef struct {
  rp_node_id mean, variance;
  const uint8_t *known;
  int64_t dim;
} rp_moments;

/* log_density, a sum in graph `from`, with terms that are linear in an element of the unconstrained vector, or the
 * square of something linear, replaced by their expectations; all else is copied, as it is at the draw. A node of
 * graph `to`, whose status holds any failure. */
rp_node_id rp_expectation(rp_graph *to, const rp_graph *from, rp_node_id log_density, rp_copier *copier,
                          const rp_moments *moments);

#endif
