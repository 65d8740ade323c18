/* What families of vectors and matrices share; memory and failures are as in terms.h. */
#ifndef RP_DIST_VECTORS_H
#define RP_DIST_VECTORS_H

#include "../bij/parts.h"
#include "terms.h"

#define RP_RANDOM(name)                                                                                   \
  static rp_node_id name(rp_graph *g, uint32_t stream, const rp_node_id *a, int64_t n_events, int64_t event_size)

/* x - location, the location being one event's or every event's. */
rp_node_id rp_event_residual(rp_graph *g, rp_node_id x, rp_node_id location, int64_t n_events, int64_t event_size);
/* Standard normals: n_events * event_size of them. */
rp_node_id rp_standard_normals(rp_graph *g, uint32_t stream, int64_t n_events, int64_t event_size);
/* Number x (from 1) of each event's k numbers of the table, which may be one event's; outside 1..k anything. */
rp_node_id rp_event_pick(rp_graph *g, rp_node_id table, rp_node_id x, int64_t n_events, int64_t k);
/* event_size() of families whose first arguments are a location vector (or scalar) and a square matrix. */
int64_t rp_location_matrix_sizes(const int64_t *lengths, int64_t value_length, int64_t *widths);
/* Position of number i above the diagonal of an n x n matrix, column by column. */
int64_t rp_position_upper(int64_t i, int64_t n);

/* Families that others are special cases of. */
extern const rp_family rp_family_mvn_cholesky, rp_family_categorical, rp_family_lkj_cholesky;

#endif
