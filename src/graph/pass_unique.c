/* rp_pass_unique(): terms of a sum that depend on nothing but data and scalars are computed once for each value that
 * the data take, and counted.
 *
 * sum_i [a_i + f(y_i, phi)] becomes sum_i a_i + sum_u count_u f(u, phi): with counts as data and an lgamma in f, as
 * in negative-binomial regression, that is most of the work. A sum is left as it is unless some term shrinks to half
 * of its length or less. */
#include <stdlib.h>
#include <string.h>

#include "construct.h"

/* Vectors of data in one term, terms in one sum one below the other, and nodes in one term. */
enum { MOST_VECTORS = 8, MOST_DEPTH = 64, MOST_NODES = 256 };

/* The sum that is being taken apart. */
typedef struct {
  rp_graph *g;
  int64_t n;            /* elements */
  rp_node_id extracted; /* the terms taken out so far, summed; RP_NONE: none */
  int32_t n_shrunk;
} taking;

/* The vectors of data of a term; later their distinct rows. */
typedef struct {
  int32_t n_vectors, n_nodes;
  rp_node_id vector[MOST_VECTORS], distinct[MOST_VECTORS];
} term;

static rp_node_id shrink(rp_graph *g, rp_node_id summand);
static rp_node_id take(taking *t, rp_node_id id, rp_node_id factor, int depth);
static int take_term(taking *t, rp_node_id id, rp_node_id factor);
static int find_data(const rp_graph *g, rp_node_id id, int64_t n, term *of);
static rp_node_id count_rows(rp_graph *g, term *of, int64_t n);
static rp_node_id over_distinct(rp_graph *g, rp_node_id id, const term *of);

rp_node_id rp_pass_unique(rp_graph *g, rp_node_id root) {
  if (root == RP_NONE) return RP_NONE;
  const size_t size = (size_t) root + 1;
  rp_node_id *new_id = malloc(size * sizeof *new_id);
  uint8_t *reached = calloc(size, 1);
  int32_t most_in = 1;
  for (rp_node_id id = 0; id <= root; id++)
    if (rp_graph_node(g, id)->n_in > most_in) most_in = rp_graph_node(g, id)->n_in;
  rp_node_id *in = malloc((size_t) most_in * sizeof *in), result = RP_NONE;
  if (!new_id || !reached || !in) {
    rp_fail_memory(rp_graph_status(g), "a pass over a graph");
  } else {
    reached[root] = 1;
    for (rp_node_id id = root; id >= 0; id--) {
      const rp_node *node = rp_graph_node(g, id);
      for (int32_t k = 0; reached[id] && k < node->n_in; k++) reached[node->in[k]] = 1;
    }
    for (rp_node_id id = 0; id <= root; id++) {
      if (!reached[id]) continue;
      const rp_node node = *rp_graph_node(g, id);
      int changed = 0;
      for (int32_t k = 0; k < node.n_in; k++) changed |= (in[k] = new_id[node.in[k]]) != node.in[k];
      if (node.op == RP_OP_SUM) new_id[id] = shrink(g, in[0]);
      else new_id[id] = changed ? rp_rebuild(g, &node, in) : id;
    }
    result = new_id[root];
  }
  free(new_id);
  free(reached);
  free(in);
  return result;
}

/* ---- one sum ---- */

static rp_node_id shrink(rp_graph *g, rp_node_id summand) {
  if (summand == RP_NONE) return RP_NONE;
  taking t = {.g = g, .n = rp_length(g, summand), .extracted = RP_NONE};
  rp_node_id rest = take(&t, summand, rp_const(g, 1), MOST_DEPTH);
  if (t.n_shrunk == 0) return rp_sum(g, summand);
  return rest == RP_NONE ? t.extracted : rp_add(g, t.extracted, rp_sum_n(g, rest, t.n));
}

static void extract(taking *t, rp_node_id factor, rp_node_id sum) {
  const rp_node_id scaled = rp_mul(t->g, factor, sum);
  t->extracted = t->extracted == RP_NONE ? scaled : rp_add(t->g, t->extracted, scaled);
}

/* What is left of a part of the summand after its terms have been taken out; RP_NONE: nothing. In the sum the part is
 * multiplied by factor, a scalar. */
static rp_node_id take(taking *t, rp_node_id id, rp_node_id factor, int depth) {
  rp_graph *g = t->g;
  const rp_node node = *rp_graph_node(g, id);
  if (take_term(t, id, factor)) return RP_NONE;
  if (depth == 0 || node.n != t->n) return id;
  switch (node.op) {
  case RP_OP_NEG: {
    const rp_node_id rest = take(t, node.in[0], rp_neg(g, factor), depth - 1);
    return rest == RP_NONE ? RP_NONE : rp_neg(g, rest);
  }
  case RP_OP_MUL: {
    if (rp_length(g, node.in[0]) != 1) return id;
    const rp_node_id rest = take(t, node.in[1], rp_mul(g, factor, node.in[0]), depth - 1);
    return rest == RP_NONE ? RP_NONE : rp_mul(g, node.in[0], rest);
  }
  case RP_OP_ADD: case RP_OP_SUB: {
    const int minus = node.op == RP_OP_SUB;
    const rp_node_id a = take(t, node.in[0], factor, depth - 1);
    const rp_node_id b = take(t, node.in[1], minus ? rp_neg(g, factor) : factor, depth - 1);
    if (b == RP_NONE) return a;
    if (a == RP_NONE) return minus ? rp_neg(g, b) : b;
    return minus ? rp_sub(g, a, b) : rp_add(g, a, b);
  }
  default: return id;
  }
}

/* Takes a term out if it consists of scalars and data with few distinct rows. */
static int take_term(taking *t, rp_node_id id, rp_node_id factor) {
  rp_graph *g = t->g;
  term of = {0};
  if (!find_data(g, id, t->n, &of)) return 0;
  if (of.n_vectors == 0) {
    extract(t, factor, rp_mul(g, rp_const(g, (double) t->n), over_distinct(g, id, &of)));
    return 1;
  }
  if (rp_is_const(g, id)) {
    extract(t, factor, rp_sum(g, id));
    return 1;
  }
  const rp_node_id counts = count_rows(g, &of, t->n);
  if (counts == RP_NONE) return 0;
  extract(t, factor, rp_sum(g, rp_mul(g, counts, over_distinct(g, id, &of))));
  t->n_shrunk++;
  return 1;
}

/* Whether a node is an elementwise function of scalars and data; lists the data. */
static int find_data(const rp_graph *g, rp_node_id id, int64_t n, term *of) {
  const rp_node *node = rp_graph_node(g, id);
  if (node->n == 1 || node->op == RP_OP_BROADCAST) return 1;
  if (node->n != n || ++of->n_nodes > MOST_NODES) return 0;
  if (node->op == RP_OP_CONST) {
    for (int32_t k = 0; k < of->n_vectors; k++)
      if (of->vector[k] == id) return 1;
    if (of->n_vectors == MOST_VECTORS) return 0;
    of->vector[of->n_vectors++] = id;
    return 1;
  }
  if (!rp_op_is_elementwise(node->op)) return 0;
  for (int32_t k = 0; k < node->n_in; k++)
    if (!find_data(g, node->in[k], n, of)) return 0;
  return 1;
}

/* The place of a row in a table of rows (0: empty, else number + 1). Rows are compared by bits: equal bits give equal
 * values whatever the function. */
static size_t find_row(const double *values, size_t columns, const int64_t *table, size_t mask, int64_t row) {
  const double *wanted = values + (size_t) row * columns;
  uint64_t hash = 0;
  for (size_t k = 0; k < columns; k++) {
    uint64_t bits;
    memcpy(&bits, wanted + k, sizeof bits);
    hash = (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  size_t at = (size_t) hash & mask;
  while (table[at] != 0 && memcmp(values + (size_t) (table[at] - 1) * columns, wanted, columns * sizeof *values) != 0)
    at = (at + 1) & mask;
  return at;
}

/* Moves the distinct rows to the front, in order of their first occurrence, and counts them; stops at more than
 * `most`. */
static int64_t distinct_rows(double *values, size_t columns, int64_t n, int64_t most, int64_t *table, size_t mask,
                             double *counts) {
  int64_t n_distinct = 0;
  for (int64_t i = 0; i < n && n_distinct <= most; i++) {
    const size_t at = find_row(values, columns, table, mask, i);
    if (table[at] == 0) {
      memmove(values + (size_t) n_distinct * columns, values + (size_t) i * columns, columns * sizeof *values);
      counts[n_distinct++] = 0;
      table[at] = n_distinct;
    }
    counts[table[at] - 1]++;
  }
  return n_distinct;
}

/* Fills of->distinct and gives the node that says how often each row occurs; RP_NONE when there are more than n / 2
 * or no memory is left. */
static rp_node_id count_rows(rp_graph *g, term *of, int64_t n) {
  const size_t columns = (size_t) of->n_vectors;
  size_t mask = 15;
  while (mask < 2 * (size_t) n) mask = 2 * mask + 1;
  double *values = malloc((size_t) n * columns * sizeof *values), *counts = malloc((size_t) n * sizeof *counts);
  int64_t *table = calloc(mask + 1, sizeof *table);
  rp_node_id result = RP_NONE;
  if (!values || !counts || !table) {
    rp_fail_memory(rp_graph_status(g), "distinct rows of data");
  } else {
    for (size_t k = 0; k < columns; k++) {
      const double *from = rp_const_values(rp_graph_node(g, of->vector[k]));
      for (size_t i = 0; i < (size_t) n; i++) values[i * columns + k] = from[i];
    }
    const int64_t n_distinct = distinct_rows(values, columns, n, n / 2, table, mask, counts);
    if (n_distinct <= n / 2) result = rp_data(g, counts, n_distinct);
    for (size_t k = 0; k < columns && result != RP_NONE; k++) {
      for (size_t i = 0; i < (size_t) n_distinct; i++) counts[i] = values[i * columns + k];
      of->distinct[k] = rp_data(g, counts, n_distinct);
    }
  }
  free(values);
  free(counts);
  free(table);
  return result;
}

/* The same function of the distinct rows. */
static rp_node_id over_distinct(rp_graph *g, rp_node_id id, const term *of) {
  const rp_node node = *rp_graph_node(g, id);
  if (node.n == 1) return id;
  if (node.op == RP_OP_BROADCAST) return node.in[0];
  for (int32_t k = 0; k < of->n_vectors; k++)
    if (of->vector[k] == id) return of->distinct[k];
  rp_node_id in[3] = {RP_NONE, RP_NONE, RP_NONE};
  for (int32_t k = 0; k < node.n_in; k++) in[k] = over_distinct(g, node.in[k], of);
  if (node.n_in == 1) return rp_unary(g, node.op, in[0]);
  return node.n_in == 2 ? rp_binary(g, node.op, in[0], in[1]) : rp_ternary(g, node.op, in[0], in[1], in[2]);
}
