/* The cosine and Haar transforms of what lies along the middle of [before, n, the rest]: what their bijectors and
 * reparameterizers share.  Both have Jacobian 1. Nodes; failures are in the graph's status. */
#ifndef RP_BIJ_ORTHOGONAL_H
#define RP_BIJ_ORTHOGONAL_H

#include "events.h"

/* Orthonormal DCT-II times the weights w_k proportional to (k + 1/2)^smooth, k = 0, .., n - 1, whose product is 1. */
rp_node_id rp_cosine_along(rp_graph *g, rp_node_id x, int64_t before, int64_t n, rp_node_id smooth, int inverse);
/* Orthonormal Haar transform; flip: of the reversed sequence. */
rp_node_id rp_haar_along(rp_graph *g, rp_node_id x, int64_t before, int64_t n, int flip, int inverse);
/* The middle of [before, n, the rest] first, [n, before, the rest], and back. */
rp_node_id rp_middle_first(rp_graph *g, rp_node_id x, int64_t before, int64_t n, int back);

#endif
