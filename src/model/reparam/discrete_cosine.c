/* discrete_cosine(): y = W DCT(b^-1(x)) along a dim, with the orthonormal DCT-II (Ahmed, Natarajan and Rao 1974) and
 * weights w_k proportional to (k + 1/2)^smooth whose product is 1: what is Brownian in time is white in y at smooth =
 * 1. Auxiliary site: x_dct. */
#include "../../bij/orthogonal.h"
#include "../reparam.h"

static const rp_bijector cosine_along;
enum { SMOOTH, LENGTH, BEFORE };

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete;
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  rp_graph *g = run->graph;
  int64_t n = rp_reparam_extent(run, settings, message, "discrete_cosine");
  if (n == 0) return RP_REPARAM_PASSED;
  rp_transform map = {.bijector = &cosine_along,
                      .arguments = {rp_const(g, settings->smooth), rp_const(g, (double) n), RP_NONE, RP_NONE}};
  return rp_reparam_linear(run, settings, message, "discrete_cosine", "dct", map);
}

static int64_t whole(const rp_graph *g, rp_node_id a) { return (int64_t) rp_graph_node(g, a)->value; }

static rp_node_id forward(rp_graph *g, rp_node_id u, const rp_node_id *a, int64_t n_events, int64_t size) {
  return rp_cosine_along(g, rp_broadcast(g, u, n_events * size), whole(g, a[BEFORE]), whole(g, a[LENGTH]), a[SMOOTH],
                         0);
}

static rp_node_id backward(rp_graph *g, rp_node_id x, const rp_node_id *a, int64_t n_events, int64_t size) {
  return rp_cosine_along(g, rp_broadcast(g, x, n_events * size), whole(g, a[BEFORE]), whole(g, a[LENGTH]), a[SMOOTH],
                         1);
}

static const rp_bijector cosine_along = {
    .name = "discrete_cosine",
    .n_arguments = 3,
    .argument_names = {"smooth", "length", "before"},
    .domain_dim = 1,
    .codomain_dim = 1,
    .forward = forward,
    .inverse = backward,
    .log_jacobian = rp_reparam_no_jacobian,
};

const rp_reparameterizer rp_reparam_discrete_cosine = {
    .name = "discrete_cosine", .needs = "a continuous distribution", .couples = 1,
    .applies = applies, .latent = latent};
