/* x_i = u_(order_i): the elements of every event in another order. order holds each of 1, .., size once (checked in
 * R). */
#include <stdlib.h>

#include "parts.h"

/* The order as zero-based positions within all events, or of its inverse; RP_NONE and a status when it is none. */
static rp_node_id reordered(rp_graph *g, rp_node_id values, rp_node_id order, int64_t n_events, int64_t size,
                            int inverse) {
  const rp_node *node = rp_graph_node(g, order);
  int32_t *index = malloc((size_t) (n_events * size) * sizeof *index);
  if (!index) return rp_fail_memory(rp_graph_status(g), "a permutation"), RP_NONE;
  int ok = node->op == RP_OP_CONST && node->n == size;
  for (int64_t i = 0; i < size; i++) index[i] = -1;
  for (int64_t i = 0; i < size && ok; i++) {
    double at = node->n == 1 ? node->value : node->data[i];
    ok = at >= 1 && at <= (double) size;
    if (!ok) break;
    int64_t from = (int64_t) at - 1, to = i;
    index[inverse ? from : to] = (int32_t) (inverse ? to : from);
  }
  for (int64_t i = 0; i < size && ok; i++) ok = index[i] >= 0;
  for (int64_t i = size; i < n_events * size && ok; i++) index[i] = index[i - size] + (int32_t) size;
  rp_node_id out = ok ? rp_gather(g, rp_broadcast(g, values, n_events * size), index, n_events * size) : RP_NONE;
  free(index);
  if (!ok)
    rp_fail(rp_graph_status(g), RP_BAD_ARGUMENT, NULL, "`order` of permute() must hold 1 to %lld once each",
            (long long) size);
  return out;
}

RP_FORWARD(forward) { return reordered(g, u, a[0], n_events, size, 0); }
RP_INVERSE(inverse) { return reordered(g, x, a[0], n_events, size, 1); }
RP_LOG_JACOBIAN(log_jacobian) { return rp_const(g, 0); }

const rp_bijector rp_bijector_permute = {
    .name = "permute",
    .n_arguments = 1,
    .argument_names = {"order"},
    .domain_dim = 1,
    .codomain_dim = 1,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
};
