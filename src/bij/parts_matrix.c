#include <math.h>
#include <stdlib.h>

#include "parts.h"

int64_t rp_square_side(int64_t size) {
  int64_t k = (int64_t) (sqrt((double) size) + 0.5);
  return k * k == size ? k : 0;
}

int64_t rp_square_of_lower(int64_t packed, int diagonal) {
  int64_t k = (int64_t) sqrt(2 * (double) packed) + (diagonal ? 0 : 1);
  for (int64_t side = k > 1 ? k - 1 : 1; side <= k + 1; side++)
    if (packed == (diagonal ? side * (side + 1) / 2 : side * (side - 1) / 2)) return side * side;
  return -1;
}

/* Row and column of position p of a lower triangle stored row by row (without the diagonal: one row further down). */
static void lower_place(int64_t p, int diagonal, int64_t *row, int64_t *col) {
  int64_t r = 0;
  while (p >= r + 1) p -= ++r;
  *row = diagonal ? r : r + 1;
  *col = p;
}

static int64_t packed_with_diagonal(int64_t i, int64_t k) {
  int64_t row = i % k, col = i / k;
  return row >= col ? row * (row + 1) / 2 + col : -1;
}

static int64_t packed_without_diagonal(int64_t i, int64_t k) {
  int64_t row = i % k, col = i / k;
  return row > col ? row * (row - 1) / 2 + col : -1;
}

static int64_t matrix_with_diagonal(int64_t p, int64_t k) {
  int64_t row, col;
  lower_place(p, 1, &row, &col);
  return col * k + row;
}

static int64_t matrix_without_diagonal(int64_t p, int64_t k) {
  int64_t row, col;
  lower_place(p, 0, &row, &col);
  return col * k + row;
}

static int64_t matrix_diagonal(int64_t i, int64_t k) { return i * k + i; }

rp_node_id rp_from_lower(rp_graph *g, rp_node_id packed, int64_t n_events, int64_t k, int diagonal) {
  int64_t size = diagonal ? k * (k + 1) / 2 : k * (k - 1) / 2;
  if (size == 0) return rp_const(g, 0);
  return rp_event_rearrange(g, packed, n_events, size, k * k,
                            diagonal ? packed_with_diagonal : packed_without_diagonal, k);
}

rp_node_id rp_to_lower(rp_graph *g, rp_node_id matrix, int64_t n_events, int64_t k, int diagonal) {
  int64_t size = diagonal ? k * (k + 1) / 2 : k * (k - 1) / 2;
  return rp_event_rearrange(g, matrix, n_events, k * k, size,
                            diagonal ? matrix_with_diagonal : matrix_without_diagonal, k);
}

rp_node_id rp_identity_matrix(rp_graph *g, int64_t k) {
  double *values = calloc((size_t) (k * k), sizeof *values);
  if (!values) return rp_fail_memory(rp_graph_status(g), "an identity matrix"), RP_NONE;
  for (int64_t i = 0; i < k; i++) values[i * k + i] = 1;
  rp_node_id node = rp_data(g, values, k * k);
  free(values);
  return node;
}

rp_node_id rp_countdown(rp_graph *g, int64_t k, double first) {
  double *values = malloc((size_t) k * sizeof *values);
  if (!values) return rp_fail_memory(rp_graph_status(g), "powers of a diagonal"), RP_NONE;
  for (int64_t i = 0; i < k; i++) values[i] = first - (double) i;
  rp_node_id node = rp_data(g, values, k);
  free(values);
  return node;
}

rp_node_id rp_diagonal_of(rp_graph *g, rp_node_id matrix, int64_t n_events, int64_t k) {
  return rp_event_rearrange(g, matrix, n_events, k * k, k, matrix_diagonal, k);
}

typedef rp_node_id (*matrix_function)(rp_graph *g, rp_node_id matrix, int64_t k);

static rp_node_id for_each(rp_graph *g, rp_node_id matrix, int64_t n_events, int64_t k, matrix_function function) {
  if (n_events == 1) return function(g, matrix, k);
  rp_node_id *parts = malloc((size_t) n_events * sizeof *parts);
  if (!parts) return rp_fail_memory(rp_graph_status(g), "matrices of events"), RP_NONE;
  for (int64_t e = 0; e < n_events; e++) parts[e] = function(g, rp_slice(g, matrix, e * k * k, k * k), k);
  rp_node_id all = rp_concat(g, parts, (int32_t) n_events);
  free(parts);
  return all;
}

static rp_node_id outer(rp_graph *g, rp_node_id l, int64_t k) { return rp_matmul(g, l, l, k, k, k, 0, 1); }

rp_node_id rp_outer_square(rp_graph *g, rp_node_id l, int64_t n_events, int64_t k) {
  return for_each(g, l, n_events, k, outer);
}

rp_node_id rp_cholesky_each(rp_graph *g, rp_node_id matrix, int64_t n_events, int64_t k) {
  return for_each(g, matrix, n_events, k, rp_cholesky);
}
