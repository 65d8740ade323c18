/* rp_take_factor(): a vector as a scalar times a vector that takes fewer operations.
 *
 * What only adds up multiples of its input (sums, scatters, matrix products) multiplies by the scalar afterwards:
 * in a normal log density sum(((y - m) / s)^2) is sum((y - m)^2) / s^2, and neither it nor its adjoint divides the
 * vector by s. */
#include "construct.h"

static const rp_node *node_of(const rp_graph *g, rp_node_id id) { return rp_graph_node(g, id); }

static rp_node_id product(rp_graph *g, rp_node_id a, rp_node_id b) {
  return a == RP_NONE ? b : b == RP_NONE ? a : rp_mul(g, a, b);
}

static rp_node_id take(rp_graph *g, rp_node_id a, rp_node_id *factor, int depth) {
  *factor = RP_NONE;
  const rp_node *node = node_of(g, a);
  if (depth == 0 || node->n < 2 || rp_is_const(g, a)) return a;
  const rp_op op = node->op;
  const rp_node_id left = node->n_in > 0 ? node->in[0] : RP_NONE, right = node->n_in > 1 ? node->in[1] : RP_NONE;
  rp_node_id f, h, x, y;
  switch (op) {
  case RP_OP_NEG:
    x = take(g, left, &f, depth - 1);
    *factor = f == RP_NONE ? rp_const(g, -1) : rp_neg(g, f);
    return x;
  case RP_OP_SQUARE:
    x = take(g, left, &f, depth - 1);
    if (f == RP_NONE) return a;
    *factor = rp_unary(g, RP_OP_SQUARE, f);
    return rp_unary(g, RP_OP_SQUARE, x);
  case RP_OP_MUL:
    if (rp_length(g, left) == 1) {
      x = take(g, right, &f, depth - 1);
      *factor = product(g, left, f);
      return x;
    }
    x = take(g, left, &f, depth - 1);
    y = take(g, right, &h, depth - 1);
    if (f == RP_NONE && h == RP_NONE) return a;
    *factor = product(g, f, h);
    return rp_mul(g, x, y);
  case RP_OP_DIV:
    if (rp_length(g, left) == 1) return a;
    x = take(g, left, &f, depth - 1);
    if (f == RP_NONE) return a;
    *factor = f;
    return rp_div(g, x, right);
  default: return a;
  }
}

rp_node_id rp_take_factor(rp_graph *g, rp_node_id a, rp_node_id *factor) {
  *factor = RP_NONE;
  return a == RP_NONE || rp_graph_is_literal(g) ? a : take(g, a, factor, 6);
}
