/* Bijectors: unconstrained real numbers to a support and back, as graphs.
 *
 * A bijector works on flat arrays of events: elementwise (domain_dim = codomain_dim = 0) or one event of domain_size
 * numbers to one of codomain_size (simplex: k - 1 to k). Arguments (affine's loc and scale, interval's bounds, ...) are
 * nodes. A bijector is constant; nodes go to the graph that is given, whose status takes failures. Adding one: one file
 * src/bij/<name>.c defining a const rp_bijector, one line in src/bij/bijectors.def. */
#ifndef RP_BIJ_BIJECTOR_H
#define RP_BIJ_BIJECTOR_H

#include "../graph/graph.h"

typedef struct {
  const char *name;
  int32_t n_arguments;
  const char *argument_names[4];
  int32_t domain_dim, codomain_dim;
  rp_node_id (*forward)(rp_graph *g, rp_node_id u, const rp_node_id *arguments, int64_t n_events,
                        int64_t codomain_size);
  rp_node_id (*inverse)(rp_graph *g, rp_node_id x, const rp_node_id *arguments, int64_t n_events,
                        int64_t codomain_size);
  /* log |det d forward / du|: one term per event (or element, when elementwise); u and x = forward(u) are given. */
  rp_node_id (*log_jacobian)(rp_graph *g, rp_node_id u, rp_node_id x, const rp_node_id *arguments, int64_t n_events,
                             int64_t codomain_size);
  int64_t (*domain_size)(int64_t codomain_size);   /* NULL: the same */
  int64_t (*codomain_size)(int64_t domain_size);   /* NULL: the same; -1: there is none */
  /* increasing: +1, decreasing: -1, unknown or not elementwise: 0 (for the support of a transformed distribution). */
  int32_t monotone;
  const char *codomain; /* support it maps onto, as rp_support_name() writes it; NULL: that of its argument */
} rp_bijector;

const rp_bijector *rp_bijector_find(const char *name); /* NULL when there is none */
const rp_bijector *const *rp_bijector_all(int32_t *n);

#endif
