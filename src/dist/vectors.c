#include "vectors.h"

#include <stdlib.h>

rp_node_id rp_event_residual(rp_graph *g, rp_node_id x, rp_node_id location, int64_t n_events, int64_t event_size) {
  return rp_sub(g, x, rp_recycle(g, location, n_events * event_size));
}

static void normals(rp_random *r, RP_UNUSED const double *const *a, int64_t event_size, double *x) {
  for (int64_t i = 0; i < event_size; i++) x[i] = rp_random_normal(r);
}

rp_node_id rp_standard_normals(rp_graph *g, uint32_t stream, int64_t n_events, int64_t event_size) {
  return rp_random_node(g, normals, stream, NULL, NULL, 0, n_events, event_size);
}

/* First position of each event's numbers in a table that every event has its own numbers of. */
static rp_node_id starts(rp_graph *g, int64_t n_events, int64_t k) {
  double *values = malloc((size_t) n_events * sizeof *values);
  if (!values) return rp_fail_memory(rp_graph_status(g), "positions of events"), RP_NONE;
  for (int64_t e = 0; e < n_events; e++) values[e] = (double) (e * k);
  rp_node_id node = rp_data(g, values, n_events);
  free(values);
  return node;
}

rp_node_id rp_event_pick(rp_graph *g, rp_node_id table, rp_node_id x, int64_t n_events, int64_t k) {
  rp_node_id last = rp_const(g, (double) k), first = rp_const(g, 1);
  rp_node_id at = rp_plus(g, rp_floor(g, rp_max2(g, rp_min2(g, x, last), first)), -1);
  if (n_events > 1 && rp_size_of(g, table) == n_events * k) at = rp_add(g, at, starts(g, n_events, k));
  int64_t n = rp_size_of(g, at);
  const double *values = rp_values_of(g, at);
  if (!values) return rp_gather_at(g, table, at);
  int32_t *index = malloc((size_t) n * sizeof *index);
  if (!index) return rp_fail_memory(rp_graph_status(g), "positions of events"), RP_NONE;
  for (int64_t i = 0; i < n; i++) index[i] = values[i] == values[i] ? (int32_t) values[i] : 0;
  rp_node_id picked = rp_gather(g, table, index, n);
  free(index);
  return picked;
}

int64_t rp_location_matrix_sizes(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  int64_t k = rp_square_side(lengths[1]);
  if (k == 0 || (lengths[0] != 1 && lengths[0] % k != 0)) return -1;
  widths[0] = lengths[0] == 1 ? 1 : k;
  widths[1] = lengths[1];
  return k;
}

int64_t rp_position_upper(int64_t i, int64_t n) {
  int64_t col = 1;
  while (i >= col) i -= col++;
  return col * n + i;
}
