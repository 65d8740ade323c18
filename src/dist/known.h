/* Events of normal and t vectors of which only some numbers are known: the density of those, and draws of the rest.
 *
 * known: one flag per number of n_events events, read while the nodes are built. x: the events, with any finite
 * number in the unknown places. cov: one k x k matrix, column-major. Failures go to the graph's status. */
#ifndef RP_DIST_KNOWN_H
#define RP_DIST_KNOWN_H

#include "vectors.h"

#define RP_KNOWN_DENSITY(name)                                                                            \
  static rp_node_id name(rp_graph *g, rp_node_id x, const uint8_t *known, const rp_node_id *a,            \
                         int64_t n_events, int64_t event_size)
#define RP_COMPLETE(name)                                                                                 \
  static rp_node_id name(rp_graph *g, uint32_t stream, rp_node_id x, const uint8_t *known,                \
                         const rp_node_id *a, int64_t n_events, int64_t event_size)

/* Of every event, of the known numbers: the squared distance (x - mean)' cov^-1 (x - mean) and log det(cov) / 2, one
 * number per event each; counts (n_events of them) says how many are known. */
typedef struct {
  rp_node_id square, half_log_det, count;
} rp_known_parts;
rp_known_parts rp_known_gaussian(rp_graph *g, rp_node_id x, const uint8_t *known, rp_node_id mean, rp_node_id cov,
                                 int64_t n_events, int64_t k);
/* The normal log density of the known numbers, one term per event. */
rp_node_id rp_known_gaussian_density(rp_graph *g, rp_node_id x, const uint8_t *known, rp_node_id mean, rp_node_id cov,
                                     int64_t n_events, int64_t k);
/* x with the unknown numbers drawn given the known ones; their spread around the conditional mean is multiplied by
 * `spread` (one per event; RP_NONE: 1). */
rp_node_id rp_complete_gaussian(rp_graph *g, uint32_t stream, rp_node_id x, const uint8_t *known, rp_node_id mean,
                                rp_node_id cov, rp_node_id spread, int64_t n_events, int64_t k);
/* known as a node of 0 and 1. */
rp_node_id rp_known_node(rp_graph *g, const uint8_t *known, int64_t n);

#endif
