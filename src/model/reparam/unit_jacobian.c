/* unit_jacobian(): y = W b^-1(x) along a dim, for the user's W with |det W| = 1 (checked in R, which also inverts
 * it); see linear.c. Auxiliary site: x_<suffix>. */
#include <stdlib.h>

#include "../../graph/shorthand.h"
#include "../reparam.h"

static const rp_bijector matrix_along;

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  rp_graph *g = run->graph;
  int64_t n = rp_reparam_extent(run, settings, message, "unit_jacobian");
  if (n == 0) return RP_REPARAM_PASSED;
  if (settings->n_matrix != n * n) {
    rp_run_fail(run, RP_BAD_ARGUMENT, message->name,
                "the matrix of reparam_unit_jacobian() has %lld elements, but the site has length %lld along dim %d",
                (long long) settings->n_matrix, (long long) n, settings->dim);
    return RP_REPARAM_PASSED;
  }
  rp_transform map = {
      .bijector = &matrix_along,
      .arguments = {rp_data(g, settings->matrix, n * n), rp_data(g, settings->inverse, n * n), RP_NONE, RP_NONE}};
  return rp_reparam_linear(run, settings, message, "unit_jacobian", settings->suffix, map);
}

/* W along the middle of [before, n, the rest]. */
static rp_node_id multiply(rp_graph *g, rp_node_id x, const rp_node_id *a, int which, int64_t n_events, int64_t size) {
  int64_t n = 1, before = (int64_t) rp_graph_node(g, a[2])->value, all = n_events * size;
  while (n * n < rp_size_of(g, a[0])) n++;
  x = rp_broadcast(g, x, all);
  if (before == 1) return rp_matmul(g, a[which], x, n, n, all / n, 0, 0);
  int64_t blocks = all / (before * n);
  rp_node_id *parts = malloc((size_t) blocks * sizeof *parts);
  if (!parts) {
    rp_fail_memory(rp_graph_status(g), "a linear map");
    return RP_NONE;
  }
  for (int64_t k = 0; k < blocks; k++)
    parts[k] = rp_matmul(g, rp_slice(g, x, k * before * n, before * n), a[which], before, n, n, 0, 1);
  rp_node_id whole = rp_concat(g, parts, (int32_t) blocks);
  free(parts);
  return whole;
}

static rp_node_id forward(rp_graph *g, rp_node_id u, const rp_node_id *a, int64_t n_events, int64_t size) {
  return multiply(g, u, a, 0, n_events, size);
}

static rp_node_id backward(rp_graph *g, rp_node_id x, const rp_node_id *a, int64_t n_events, int64_t size) {
  return multiply(g, x, a, 1, n_events, size);
}

static const rp_bijector matrix_along = {
    .name = "matrix",
    .n_arguments = 3,
    .argument_names = {"matrix", "inverse", "before"},
    .domain_dim = 1,
    .codomain_dim = 1,
    .forward = forward,
    .inverse = backward,
    .log_jacobian = rp_reparam_no_jacobian,
};

const rp_reparameterizer rp_reparam_unit_jacobian = {
    .name = "unit_jacobian", .needs = "a continuous distribution", .couples = 1, .applies = applies, .latent = latent};
