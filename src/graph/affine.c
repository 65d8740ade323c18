/* Affine recurrences. */
#include <stdlib.h>

#include "construct.h"
#include "scan.h"

rp_node_id rp_affine_scan(rp_graph *g, const rp_node_id *initial, const rp_node_id *a, const rp_node_id *b, int64_t n,
                          int32_t k, int reverse) {
  int64_t n_in = (int64_t) k * k + 2 * (int64_t) k;
  rp_node_id *in = malloc((size_t) n_in * sizeof *in);
  if (in == NULL) {
    rp_fail_memory(rp_graph_status(g), "an affine scan");
    return RP_NONE;
  }
  for (int32_t i = 0; i < k; i++) {
    in[i] = initial[i];
    in[(int64_t) k * k + k + i] = b[i];
  }
  for (int32_t i = 0; i < k * k; i++) in[k + i] = a[i];
  int fits = 1;
  for (int64_t i = 0; i < n_in; i++) {
    int64_t length = rp_length(g, in[i]);
    fits = fits && (in[i] == RP_NONE || length == 1 || (i >= k && length == n));
  }
  rp_node_id id = RP_NONE;
  if (!fits || n < 1 || n >= INT32_MAX / k) {
    rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "an affine scan of %lld steps whose inputs have other lengths",
            (long long) n);
  } else {
    id = rp_intern(g, &(rp_node){.op = RP_OP_AFFINE_SCAN, .n = k * (n + 1), .in = in, .n_in = (int32_t) n_in,
                                 .attribute = {n, k, reverse != 0}});
  }
  free(in);
  return id;
}

/* initial + 0, b, b1 + b2, ... (from the end when reverse) */
static rp_node_id accumulate(rp_graph *g, rp_node_id initial, rp_node_id b, int64_t n, int reverse) {
  if (b == RP_NONE) return rp_broadcast(g, initial, n + 1);
  if (rp_length(g, b) == n && n > 1) {
    rp_node_id sums = rp_add(g, initial, reverse ? rp_cumsum_from_end(g, b) : rp_cumsum(g, b));
    return rp_concat(g, reverse ? (rp_node_id[]){sums, initial} : (rp_node_id[]){initial, sums}, 2);
  }
  double *ramp = malloc(((size_t) n + 1) * sizeof *ramp);
  if (ramp == NULL) {
    rp_fail_memory(rp_graph_status(g), "a cumulative sum");
    return RP_NONE;
  }
  for (int64_t i = 0; i <= n; i++) ramp[i] = (double) (reverse ? n - i : i);
  rp_node_id id = rp_add(g, initial, rp_mul(g, b, rp_data(g, ramp, n + 1)));
  free(ramp);
  return id;
}

static rp_node_id single_state(rp_graph *g, rp_node_id initial, rp_node_id a, rp_node_id b, int64_t n, int reverse) {
  if (rp_length(g, initial) != 1) return rp_affine_scan(g, &initial, &a, &b, n, 1, reverse); /* records the failure */
  if (a == RP_NONE) {
    rp_node_id values = rp_broadcast(g, b == RP_NONE ? rp_const(g, 0) : b, n);
    return rp_concat(g, reverse ? (rp_node_id[]){values, initial} : (rp_node_id[]){initial, values}, 2);
  }
  if (rp_is_value(g, a, 1)) return accumulate(g, initial, b, n, reverse);
  if (b == RP_NONE) b = rp_const(g, 0);
  return rp_affine_scan(g, &initial, &a, &b, n, 1, reverse);
}

rp_code rp_affine_states(rp_graph *g, const rp_node_id *initial, const rp_node_id *a, const rp_node_id *b, int64_t n,
                         int32_t k, int reverse, rp_node_id *states) {
  rp_status *status = rp_graph_status(g);
  for (int32_t i = 0; i < k; i++) states[i] = RP_NONE;
  if (n == 0) {
    for (int32_t i = 0; i < k; i++) states[i] = initial[i];
    return status->code;
  }
  if (k == 1) {
    states[0] = single_state(g, initial[0], a[0], b[0], n, reverse);
    return status->code;
  }
  rp_node_id zero = rp_const(g, 0);
  rp_node_id *full = malloc(((size_t) k * (size_t) k + (size_t) k) * sizeof *full);
  if (full == NULL) return rp_fail_memory(status, "an affine scan");
  for (int32_t i = 0; i < k * k; i++) full[i] = a[i] == RP_NONE ? zero : a[i];
  for (int32_t i = 0; i < k; i++) full[k * k + i] = b[i] == RP_NONE ? zero : b[i];
  rp_node_id scan = rp_affine_scan(g, initial, full, full + k * k, n, k, reverse);
  for (int32_t i = 0; i < k; i++) states[i] = rp_slice(g, scan, i * (n + 1), n + 1);
  free(full);
  return status->code;
}

rp_node_id rp_affine_rebuild(rp_graph *g, const rp_node *node, const rp_node_id *in) {
  int32_t k = (int32_t) node->attribute[1];
  rp_node_id *inputs = malloc(((size_t) node->n_in + (size_t) k) * sizeof *inputs);
  if (inputs == NULL) {
    rp_fail_memory(rp_graph_status(g), "an affine scan");
    return RP_NONE;
  }
  for (int32_t i = 0; i < node->n_in; i++) inputs[i] = i >= k && rp_is_value(g, in[i], 0) ? RP_NONE : in[i];
  rp_node_id *states = inputs + node->n_in;
  rp_affine_states(g, inputs, inputs + k, inputs + k + k * k, node->attribute[0], k, node->attribute[2] != 0, states);
  rp_node_id id = rp_concat(g, states, k);
  free(inputs);
  return id;
}
