/* One transform of a distribution's chain: a bijector or its inverse, acting on whole events or on a part of each.
 *
 * `size` is the length of an event before the transform; events lie one after the other.  A transform is a plain value
 * and owns nothing; its nodes live in the graph it was made for. Failures go to the graph's status. */
#ifndef RP_MODEL_TRANSFORM_H
#define RP_MODEL_TRANSFORM_H

#include "../bij/bijector.h"

typedef struct {
  const rp_bijector *bijector;
  rp_node_id arguments[4];
  int32_t inverted; /* the map is the bijector's inverse */
  int64_t first, count; /* acts on these numbers of an event only; count 0: on all */
} rp_transform;

int rp_bijector_of_events(const rp_bijector *b); /* rather than of every element */

/* Length of an event after the transform; less than 1 when there is none. */
int64_t rp_transform_size_after(const rp_transform *t, int64_t size);
rp_node_id rp_transform_forward(rp_graph *g, const rp_transform *t, rp_node_id u, int64_t n_events, int64_t size);
rp_node_id rp_transform_back(rp_graph *g, const rp_transform *t, rp_node_id x, int64_t n_events, int64_t size);
/* log |det dx/du| of x = forward(u), one term per event. */
rp_node_id rp_transform_log_jacobian(rp_graph *g, const rp_transform *t, rp_node_id u, rp_node_id x, int64_t n_events,
                                     int64_t size);
/* The same of a transform of every element, one term per element, n of them. */
rp_node_id rp_transform_element_jacobian(rp_graph *g, const rp_transform *t, rp_node_id u, rp_node_id x, int64_t n);
/* log |det dx/du| of the bijector itself, u being on its unconstrained side; size: that of its codomain. */
rp_node_id rp_transform_own_jacobian(rp_graph *g, const rp_transform *t, rp_node_id u, rp_node_id x, int64_t n_events,
                                     int64_t size);

#endif
