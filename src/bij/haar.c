/* The orthonormal Haar transform of every event: pairs become (even + odd) / sqrt(2) and (even - odd) / sqrt(2), the
 * former are transformed again, the last element of an odd length passes through. x holds the transformed sums, the
 * differences, the left-over; flip reverses u first. */
#include <math.h>

#include "orthogonal.h"
#include "parts.h"

static int64_t even(int64_t i, int64_t size) { return (void) size, 2 * i; }
static int64_t odd(int64_t i, int64_t size) { return (void) size, 2 * i + 1; }
static int64_t backwards(int64_t i, int64_t size) { return size - 1 - i; }
/* From all even elements followed by all odd ones and the left-over. */
static int64_t interleaved(int64_t i, int64_t size) {
  if (i == 2 * (size / 2)) return i;
  return i % 2 == 0 ? i / 2 : size / 2 + i / 2;
}

static rp_node_id haar(rp_graph *g, rp_node_id x, int64_t columns, int64_t n) {
  int64_t half = n / 2;
  if (half == 0) return x;
  x = rp_broadcast(g, x, columns * n);
  rp_node_id evens = rp_event_rearrange(g, x, columns, n, half, even, n);
  rp_node_id odds = rp_event_rearrange(g, x, columns, n, half, odd, n);
  rp_node_id low = haar(g, rp_times(g, sqrt(0.5), rp_add(g, evens, odds)), columns, half);
  rp_node_id out = rp_event_join(g, low, half, rp_times(g, sqrt(0.5), rp_sub(g, evens, odds)), half, columns);
  if (n % 2 == 0) return out;
  return rp_event_join(g, out, n - 1, rp_event_part(g, x, columns, n, n - 1, 1), 1, columns);
}

static rp_node_id unhaar(rp_graph *g, rp_node_id x, int64_t columns, int64_t n) {
  int64_t half = n / 2;
  if (half == 0) return x;
  x = rp_broadcast(g, x, columns * n);
  rp_node_id low = unhaar(g, rp_event_part(g, x, columns, n, 0, half), columns, half);
  rp_node_id high = rp_event_part(g, x, columns, n, half, half);
  rp_node_id evens = rp_times(g, sqrt(0.5), rp_add(g, low, high)), odds = rp_times(g, sqrt(0.5), rp_sub(g, low, high));
  rp_node_id out = rp_event_join(g, evens, half, odds, half, columns);
  if (n % 2) out = rp_event_join(g, out, n - 1, rp_event_part(g, x, columns, n, n - 1, 1), 1, columns);
  return rp_event_rearrange(g, out, columns, n, n, interleaved, n);
}

rp_node_id rp_haar_along(rp_graph *g, rp_node_id x, int64_t before, int64_t n, int flip, int inverse) {
  int64_t columns = rp_size_of(g, x) / n;
  rp_node_id y = rp_middle_first(g, x, before, n, 0);
  if (!inverse && flip) y = rp_event_rearrange(g, y, columns, n, n, backwards, n);
  y = inverse ? unhaar(g, y, columns, n) : haar(g, y, columns, n);
  if (inverse && flip) y = rp_event_rearrange(g, y, columns, n, n, backwards, n);
  return rp_middle_first(g, y, before, n, 1);
}

static rp_node_id transform(rp_graph *g, rp_node_id x, rp_node_id flip, int64_t n_events, int64_t size, int inverse) {
  const rp_node *node = rp_graph_node(g, flip);
  if (node->op == RP_OP_CONST && node->n == 1)
    return rp_haar_along(g, rp_broadcast(g, x, n_events * size), 1, size, node->value != 0, inverse);
  rp_fail(rp_graph_status(g), RP_BAD_ARGUMENT, NULL, "`flip` of haar() must be TRUE or FALSE");
  return RP_NONE;
}

RP_FORWARD(forward) { return transform(g, u, a[0], n_events, size, 0); }
RP_INVERSE(inverse) { return transform(g, x, a[0], n_events, size, 1); }
RP_LOG_JACOBIAN(log_jacobian) { return rp_const(g, 0); }

const rp_bijector rp_bijector_haar = {
    .name = "haar",
    .n_arguments = 1,
    .argument_names = {"flip"},
    .domain_dim = 1,
    .codomain_dim = 1,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
};
