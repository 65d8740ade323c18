#include "events.h"

#include <stdlib.h>

static rp_node_id triangle_of_ones(rp_graph *g, int64_t n, rp_running kind);

rp_node_id rp_event_sum(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size) {
  if (event_size == 1) return a;
  if (rp_size_of(g, a) == 1) return rp_times(g, (double) event_size, a);
  if (n_events == 1) return rp_sum(g, a);
  rp_node_id ones = rp_broadcast(g, rp_const(g, 1), event_size);
  return rp_matmul(g, ones, a, 1, event_size, n_events, 0, 0);
}

/* Halves joined by log_add_exp, all events at once; a single event by its maximum. */
rp_node_id rp_event_log_sum_exp(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size) {
  if (event_size == 1) return a;
  if (n_events == 1) {
    rp_node_id max = rp_max_of(g, a);
    return rp_add(g, max, rp_log(g, rp_sum(g, rp_exp(g, rp_sub(g, a, max)))));
  }
  int64_t half = event_size / 2, rest = event_size - 2 * half;
  rp_node_id low = rp_event_part(g, a, n_events, event_size, 0, half);
  rp_node_id high = rp_event_part(g, a, n_events, event_size, half, half);
  rp_node_id joined = rp_binary(g, RP_OP_LOG_ADD_EXP, low, high);
  joined = rp_event_log_sum_exp(g, joined, n_events, half);
  if (rest == 0) return joined;
  return rp_binary(g, RP_OP_LOG_ADD_EXP, joined, rp_event_part(g, a, n_events, event_size, event_size - 1, 1));
}

static int64_t position_first(__attribute__((unused)) int64_t i, int64_t first) { return first; }

rp_node_id rp_event_repeat(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size) {
  if (event_size == 1 || rp_size_of(g, a) <= 1) return a;
  return rp_event_rearrange(g, a, n_events, 1, event_size, position_first, 0);
}

static int64_t position_offset(int64_t i, int64_t first) { return i + first; }

rp_node_id rp_event_part(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size, int64_t first,
                         int64_t count) {
  if (rp_size_of(g, a) == 1 && n_events * event_size > 1) return a;
  if (n_events == 1) return rp_slice(g, a, first, count);
  return rp_event_rearrange(g, a, n_events, event_size, count, position_offset, first);
}

rp_node_id rp_event_join(rp_graph *g, rp_node_id a, int64_t a_size, rp_node_id b, int64_t b_size, int64_t n_events) {
  rp_node_id parts[2] = {rp_broadcast(g, a, n_events * a_size), rp_broadcast(g, b, n_events * b_size)};
  rp_node_id joined = rp_concat(g, parts, 2);
  if (joined == RP_NONE || n_events == 1) return joined;
  int64_t size = a_size + b_size, n = n_events * size;
  int32_t *index = malloc((size_t) n * sizeof *index);
  if (!index) return rp_fail_memory(rp_graph_status(g), "an index of events"), RP_NONE;
  for (int64_t i = 0; i < n; i++) {
    int64_t event = i / size, k = i % size;
    index[i] = (int32_t) (k < a_size ? event * a_size + k : n_events * a_size + event * b_size + k - a_size);
  }
  joined = rp_gather(g, joined, index, n);
  free(index);
  return joined;
}

/* Sums over a prefix as a product with a triangle of ones: one operation for all events. A single event has its own
 * cumsum. */
rp_node_id rp_event_cumsum(rp_graph *g, rp_node_id a, int64_t n_events, int64_t event_size, rp_running kind) {
  a = rp_broadcast(g, a, n_events * event_size);
  if (n_events == 1 && kind == RP_RUNNING) return rp_cumsum(g, a);
  if (n_events == 1 && kind == RP_RUNNING_EXCLUSIVE) {
    if (event_size == 1) return rp_const(g, 0);
    rp_node_id parts[2] = {rp_const(g, 0), rp_cumsum(g, rp_slice(g, a, 0, event_size - 1))};
    return rp_concat(g, parts, 2);
  }
  return rp_matmul(g, triangle_of_ones(g, event_size, kind), a, event_size, event_size, n_events, 0, 0);
}

rp_node_id rp_event_row_cumsum(rp_graph *g, rp_node_id a, int64_t n_events, int64_t rows, int64_t cols,
                               rp_running kind) {
  int64_t n = n_events * rows * cols;
  int32_t *index = malloc((size_t) n * 2 * sizeof *index);
  if (!index) return rp_fail_memory(rp_graph_status(g), "an index of events"), RP_NONE;
  int32_t *back = index + n;
  for (int64_t e = 0; e < n_events; e++)
    for (int64_t j = 0; j < cols; j++)
      for (int64_t i = 0; i < rows; i++) {
        int64_t stacked = e * rows + i + j * n_events * rows, own = (e * cols + j) * rows + i;
        index[stacked] = (int32_t) own;
        back[own] = (int32_t) stacked;
      }
  /* All events below each other: [n_events * rows] x cols, times the triangle from the right. */
  if (n_events > 1) a = rp_gather(g, a, index, n);
  rp_node_id sums = rp_matmul(g, a, triangle_of_ones(g, cols, kind), n_events * rows, cols, cols, 0, 1);
  if (n_events > 1) sums = rp_gather(g, sums, back, n);
  free(index);
  return sums;
}

rp_node_id rp_event_rearrange(rp_graph *g, rp_node_id a, int64_t n_events, int64_t in_size, int64_t out_size,
                              rp_position position, int64_t size) {
  if (a == RP_NONE) return RP_NONE;
  int64_t n = n_events * out_size;
  int32_t *index = malloc((size_t) n * sizeof *index);
  if (!index) return rp_fail_memory(rp_graph_status(g), "an index of events"), RP_NONE;
  int32_t zero = (int32_t) (n_events * in_size);
  int needs_zero = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t from = position(i % out_size, size);
    index[i] = from < 0 ? zero : (int32_t) (i / out_size * in_size + from);
    needs_zero |= from < 0;
  }
  if (needs_zero) {
    rp_node_id parts[2] = {a, rp_const(g, 0)};
    a = rp_concat(g, parts, 2);
  }
  rp_node_id out = rp_gather(g, a, index, n);
  free(index);
  return out;
}

/* T[i, j] = 1 where number j counts towards the running sum i. */
static rp_node_id triangle_of_ones(rp_graph *g, int64_t n, rp_running kind) {
  double *ones = calloc((size_t) (n * n), sizeof *ones);
  if (!ones) return rp_fail_memory(rp_graph_status(g), "a triangle of ones"), RP_NONE;
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < n; i++) {
      int from_start = kind == RP_RUNNING || kind == RP_RUNNING_EXCLUSIVE;
      int exclusive = kind == RP_RUNNING_EXCLUSIVE || kind == RP_RUNNING_FROM_END_EXCLUSIVE;
      int64_t distance = from_start ? i - j : j - i;
      ones[j * n + i] = distance > 0 || (distance == 0 && !exclusive);
    }
  rp_node_id triangle = rp_data(g, ones, n * n);
  free(ones);
  return triangle;
}
