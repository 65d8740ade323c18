/* Constructors of reductions, cumulative sums, orders and cosine transforms.  What is common to all terms of a sum is
 * taken out of it. */
#include <stdlib.h>

#include "../core/dct.h"
#include "construct.h"

static rp_node_id over_one(rp_graph *g, rp_op op, rp_node_id a, int64_t n) {
  return rp_intern(g, &(rp_node){.op = op, .n = n, .in = &a, .n_in = 1});
}

static int is_scalar(const rp_graph *g, rp_node_id id) { return rp_graph_node(g, id)->n == 1; }

rp_node_id rp_sum_n(rp_graph *g, rp_node_id a, int64_t n) {
  if (a == RP_NONE) return RP_NONE;
  return is_scalar(g, a) ? rp_mul(g, rp_const(g, (double) n), a) : rp_sum(g, a);
}

/* depth: how many more operations the sum may be moved through. */
static rp_node_id sum(rp_graph *g, rp_node_id a, int depth) {
  if (a == RP_NONE) return RP_NONE;
  const rp_node *node = rp_graph_node(g, a);
  int64_t n = node->n;
  if (n == 1) return a;
  switch (depth > 0 ? node->op : RP_OP_SUM) {
  case RP_OP_BROADCAST: return rp_sum_n(g, node->in[0], n);
  case RP_OP_NEG: return rp_neg(g, sum(g, node->in[0], depth - 1));
  case RP_OP_SCATTER: return sum(g, node->in[0], depth - 1);
  case RP_OP_MUL:
    if (is_scalar(g, node->in[0])) return rp_mul(g, node->in[0], sum(g, node->in[1], depth - 1));
    break;
  case RP_OP_ADD:
    if (is_scalar(g, node->in[0])) return rp_add(g, rp_sum_n(g, node->in[0], n), sum(g, node->in[1], depth - 1));
    break;
  case RP_OP_SUB:
    if (is_scalar(g, node->in[0])) return rp_sub(g, rp_sum_n(g, node->in[0], n), sum(g, node->in[1], depth - 1));
    if (is_scalar(g, node->in[1])) return rp_sub(g, sum(g, node->in[0], depth - 1), rp_sum_n(g, node->in[1], n));
    break;
  default: break;
  }
  rp_node_id factor, rest = rp_take_factor(g, a, &factor);
  if (factor != RP_NONE) return rp_mul(g, factor, over_one(g, RP_OP_SUM, rest, 1));
  return over_one(g, RP_OP_SUM, a, 1);
}

rp_node_id rp_sum(rp_graph *g, rp_node_id a) { return sum(g, a, 8); }

/* The greatest (least) element of what may be a broadcast scalar. */
static rp_node_id extreme_of(rp_graph *g, rp_op op, rp_node_id a) {
  if (a == RP_NONE) return RP_NONE;
  const rp_node *node = rp_graph_node(g, a);
  if (node->n == 1) return a;
  if (node->op == RP_OP_BROADCAST && node->n > 0) return node->in[0];
  return over_one(g, op, a, 1);
}

rp_node_id rp_max_of(rp_graph *g, rp_node_id a) { return extreme_of(g, RP_OP_MAX_OF, a); }
rp_node_id rp_min_of(rp_graph *g, rp_node_id a) { return extreme_of(g, RP_OP_MIN_OF, a); }

static rp_node_id cumulative(rp_graph *g, rp_node_id a, int from_end) {
  if (a == RP_NONE || rp_length(g, a) <= 1) return a;
  return rp_intern(g, &(rp_node){.op = RP_OP_CUMSUM, .n = rp_length(g, a), .in = &a, .n_in = 1,
                                 .attribute = {from_end}});
}

rp_node_id rp_cumsum(rp_graph *g, rp_node_id a) { return cumulative(g, a, 0); }
rp_node_id rp_cumsum_from_end(rp_graph *g, rp_node_id a) { return cumulative(g, a, 1); }

rp_node_id rp_order(rp_graph *g, rp_node_id a) {
  if (a == RP_NONE) return RP_NONE;
  return rp_length(g, a) == 1 ? rp_const(g, 0) : over_one(g, RP_OP_ORDER, a, rp_length(g, a));
}

/* The table of core/dct.h as a constant, which all transforms of the graph with this length share. */
static rp_node_id dct_table(rp_graph *g, int64_t n) {
  int64_t size = rp_dct_table_size(n);
  double *table = malloc((size_t) (size + rp_dct_workspace(n)) * sizeof *table);
  if (!table) {
    rp_fail_memory(rp_graph_status(g), "a cosine transform");
    return RP_NONE;
  }
  rp_dct_table(n, table, table + size);
  rp_node_id id = rp_data(g, table, size);
  free(table);
  return id;
}

rp_node_id rp_dct_of(rp_graph *g, rp_node_id a, int64_t n, int inverse) {
  if (a == RP_NONE || n == 1) return a;
  int64_t length = rp_length(g, a);
  if (n < 1 || length % n != 0 || length == 0) {
    rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "a cosine transform of length %lld of %lld numbers", (long long) n,
            (long long) length);
    return RP_NONE;
  }
  rp_node_id in[2] = {a, dct_table(g, n)};
  if (in[1] == RP_NONE) return RP_NONE;
  return rp_intern(g, &(rp_node){.op = RP_OP_DCT, .n = length, .in = in, .n_in = 2, .attribute = {n, inverse != 0}});
}
