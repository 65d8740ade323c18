/* Adjoints of rearranging, reductions, cumulative sums and order. */
#include <stdlib.h>

#include "adjoint.h"
#include "construct.h"

static const rp_node *node_of(rp_reverse *r, rp_node_id id) { return rp_graph_node(rp_reverse_graph(r), id); }

void adjoint_SLICE(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  const rp_node *slice = node_of(r, node);
  rp_accumulate_slice(r, slice->in[0], slice->attribute[0], slice->n, seed);
}

/* How often each of the n elements is gathered, as a constant. */
static rp_node_id multiplicities(rp_graph *g, const rp_node *gather, int64_t n) {
  double *count = calloc((size_t) n + 1, sizeof *count);
  if (count == NULL) {
    rp_fail_memory(rp_graph_status(g), "a gradient");
    return RP_NONE;
  }
  for (int64_t i = 0; i < gather->n; i++) count[gather->index[i]]++;
  rp_node_id id = rp_data(g, count, n);
  free(count);
  return id;
}

void adjoint_GATHER(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  const rp_node *gather = node_of(r, node);
  int64_t n = rp_length(g, gather->in[0]);
  if (rp_length(g, seed) == 1) rp_accumulate(r, gather->in[0], rp_mul(g, seed, multiplicities(g, gather, n)));
  else rp_accumulate(r, gather->in[0], rp_scatter(g, seed, gather->index, n));
}

void adjoint_SCATTER(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  const rp_node *scatter = node_of(r, node);
  rp_accumulate(r, scatter->in[0], rp_gather(rp_reverse_graph(r), seed, scatter->index, scatter->n_index));
}

void adjoint_CONCAT(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  const rp_node *concat = node_of(r, node);
  int64_t offset = 0;
  for (int32_t k = 0; k < concat->n_in; k++) {
    int64_t n = rp_length(g, concat->in[k]);
    if (rp_wanted(r, concat->in[k])) {
      rp_accumulate(r, concat->in[k], rp_length(g, seed) == 1 ? seed : rp_slice(g, seed, offset, n));
    }
    offset += n;
  }
}

void adjoint_BROADCAST(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  const rp_node *broadcast = node_of(r, node);
  rp_accumulate(r, broadcast->in[0], rp_sum_n(rp_reverse_graph(r), seed, broadcast->n));
}

void adjoint_GATHER_AT(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  const rp_node *gather = node_of(r, node);
  rp_accumulate(r, gather->in[0], rp_scatter_at(g, seed, gather->in[1], rp_length(g, gather->in[0])));
}

void adjoint_SCATTER_AT(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  const rp_node *scatter = node_of(r, node);
  rp_accumulate(r, scatter->in[0], rp_gather_at(rp_reverse_graph(r), seed, scatter->in[1]));
}

void adjoint_SUM(rp_reverse *r, rp_node_id node, rp_node_id seed) { rp_accumulate(r, node_of(r, node)->in[0], seed); }

/* Ties share the seed equally. */
static void extreme(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id a = node_of(r, node)->in[0], hit = rp_binary(g, RP_OP_EQ, a, node);
  rp_accumulate(r, a, rp_mul(g, rp_div(g, seed, rp_sum(g, hit)), hit));
}

void adjoint_MAX_OF(rp_reverse *r, rp_node_id node, rp_node_id seed) { extreme(r, node, seed); }
void adjoint_MIN_OF(rp_reverse *r, rp_node_id node, rp_node_id seed) { extreme(r, node, seed); }

void adjoint_CUMSUM(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  const rp_node *cumsum = node_of(r, node);
  rp_accumulate(r, cumsum->in[0], cumsum->attribute[0] ? rp_cumsum(g, seed) : rp_cumsum_from_end(g, seed));
}

void adjoint_ORDER(rp_reverse *r, rp_node_id node, rp_node_id seed) { (void) r, (void) node, (void) seed; }

/* The transform is orthogonal: its inverse is its transpose. */
void adjoint_DCT(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  const rp_node *transform = node_of(r, node);
  rp_node_id all = rp_broadcast(g, seed, transform->n);
  rp_accumulate(r, transform->in[0], rp_dct_of(g, all, transform->attribute[0], transform->attribute[1] == 0));
}

void adjoint_RANDOM(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  const rp_node *random = node_of(r, node);
  (void) seed;
  if (!rp_output_needs(r, node)) return; /* it stands beside elements that count, in one array */
  for (int32_t k = 0; k < random->n_in; k++) rp_no_derivative(r, random->in[k], "a random draw by its parameters");
}
