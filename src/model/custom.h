/* Families that a user wrote in R (new_family()): their log density, cdf, quantile and draws are rows of the spec's
 * trace, computed from one value and one number per argument.
 *
 * Such a row is a function of PARAM leaves: number 0 is the value (for a quantile, the probability), 1 .. n_arguments
 * are the arguments, then come the draws of other distributions that `random` is made of. It is instantiated over whole
 * vectors where it consists of elementwise operations, and element by element otherwise. Memory: the decoded spec's
 * pool. Failures go to the graph's status. */
#ifndef RP_MODEL_CUSTOM_H
#define RP_MODEL_CUSTOM_H

#include "distribution.h"

struct rp_custom {
  const char *name;
  const rp_graph *trace;
  int32_t discrete, n_arguments;
  rp_node_id log_density, cdf, quantile, random; /* rows; RP_NONE where there is none, but for log_density */
  int32_t n_draws;
  const rp_dist_spec *const *draws;
};

enum { RP_MOST_PLACEHOLDERS = 64 };

/* A row at x and arguments (of n elements or scalars; x RP_NONE where the row has none): one number per element, or a
 * scalar for all. */
rp_node_id rp_custom_at(rp_graph *g, const rp_custom *c, rp_node_id row, rp_node_id x, const rp_node_id *arguments,
                        int64_t n);
/* n values drawn by the row `random`. */
rp_node_id rp_custom_random(rp_graph *g, const rp_custom *c, const rp_node_id *arguments, int64_t n, uint32_t stream,
                            rp_pool *pool);

#endif
