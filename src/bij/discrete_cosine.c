/* The orthonormal discrete cosine transform (type II; Ahmed, Natarajan and Rao 1974) of every event, its coefficients
 * weighted: a series that is Brownian in time is white in x at smooth = 1. */
#include <math.h>
#include <stdlib.h>

#include "orthogonal.h"
#include "parts.h"

/* For every column, (k + 1/2)^smooth over its geometric mean. */
static rp_node_id weights(rp_graph *g, rp_node_id smooth, int64_t n, int64_t columns) {
  double *logs = malloc((size_t) (n * columns) * sizeof *logs), mean = 0;
  if (!logs) return rp_fail_memory(rp_graph_status(g), "a cosine transform"), RP_NONE;
  for (int64_t k = 0; k < n; k++) mean += log((double) k + 0.5) / (double) n;
  for (int64_t i = 0; i < n * columns; i++) logs[i] = log((double) (i % n) + 0.5) - mean;
  rp_node_id exponents = rp_data(g, logs, n * columns);
  free(logs);
  return rp_exp(g, rp_mul(g, smooth, exponents));
}

rp_node_id rp_middle_first(rp_graph *g, rp_node_id x, int64_t before, int64_t n, int back) {
  int64_t all = rp_size_of(g, x);
  if (before == 1 || all <= 1) return x;
  int32_t *index = malloc((size_t) all * sizeof *index);
  if (!index) return rp_fail_memory(rp_graph_status(g), "a rearrangement"), RP_NONE;
  for (int64_t i = 0; i < all; i++) {
    int64_t b = i % before, k = i / before % n, rest = i / (before * n), other = k + b * n + rest * before * n;
    index[back ? i : other] = (int32_t) (back ? other : i);
  }
  rp_node_id out = rp_gather(g, x, index, all);
  free(index);
  return out;
}

rp_node_id rp_cosine_along(rp_graph *g, rp_node_id x, int64_t before, int64_t n, rp_node_id smooth, int inverse) {
  int64_t all = rp_size_of(g, x);
  rp_node_id weight = weights(g, smooth, n, all / n), columns = rp_middle_first(g, x, before, n, 0);
  rp_node_id y =
      inverse ? rp_dct_of(g, rp_div(g, columns, weight), n, 1) : rp_mul(g, weight, rp_dct_of(g, columns, n, 0));
  return rp_middle_first(g, y, before, n, 1);
}

RP_FORWARD(forward) { return rp_cosine_along(g, rp_broadcast(g, u, n_events * size), 1, size, a[0], 0); }
RP_INVERSE(inverse) { return rp_cosine_along(g, rp_broadcast(g, x, n_events * size), 1, size, a[0], 1); }
RP_LOG_JACOBIAN(log_jacobian) { return rp_const(g, 0); }

const rp_bijector rp_bijector_discrete_cosine = {
    .name = "discrete_cosine",
    .n_arguments = 1,
    .argument_names = {"smooth"},
    .domain_dim = 1,
    .codomain_dim = 1,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
};
