/* rp_concat(): nested concatenations are flattened; neighbours that are adjacent in one node become one slice of it,
 * constants one constant; elements of one node become a gather; equal scalars a broadcast. */
#include <stdlib.h>
#include <string.h>

#include "construct.h"

/* One part as a piece of a base: a leaf or node and where in it the piece lies. */
typedef struct {
  enum { WHOLE, VIEW, PARAM, INPUT, CONSTANT } kind;
  rp_node_id id;  /* the part */
  rp_node_id base; /* of a VIEW */
  int64_t offset, n;
} piece;

static piece piece_of(const rp_graph *g, rp_node_id id) {
  const rp_node *node = rp_graph_node(g, id);
  switch (node->op) {
  case RP_OP_SLICE: return (piece){VIEW, id, node->in[0], node->attribute[0], node->n};
  case RP_OP_PARAM: return (piece){PARAM, id, RP_NONE, node->attribute[0], node->n};
  case RP_OP_INPUT: return (piece){INPUT, id, RP_NONE, node->attribute[0], node->n};
  case RP_OP_CONST: return (piece){CONSTANT, id, RP_NONE, 0, node->n};
  default: return (piece){WHOLE, id, id, 0, node->n};
  }
}

static int continues(piece a, piece b) {
  return a.kind == b.kind && (a.kind == VIEW || a.kind == PARAM || a.kind == INPUT) && a.base == b.base &&
         a.offset + a.n == b.offset;
}

/* Appends the parts, nested ones flattened and empty ones dropped; returns how many, -1 when one is RP_NONE. */
static int64_t flatten(const rp_graph *g, const rp_node_id *parts, int32_t n_parts, rp_node_id *out) {
  int64_t n = 0;
  for (int32_t k = 0; k < n_parts; k++) {
    if (parts[k] == RP_NONE) return -1;
    const rp_node *node = rp_graph_node(g, parts[k]);
    int nested = node->op == RP_OP_CONCAT;
    for (int32_t j = 0; j < (nested ? node->n_in : node->n > 0); j++) {
      if (out != NULL) out[n] = nested ? node->in[j] : parts[k];
      n++;
    }
  }
  return n;
}

/* Merges runs of constants into one constant node. */
static rp_node_id merge_constants(rp_graph *g, const rp_node_id *parts, int32_t n_parts) {
  if (n_parts == 1) return parts[0];
  int64_t n = 0, at = 0;
  for (int32_t k = 0; k < n_parts; k++) n += rp_length(g, parts[k]);
  double *values = malloc((size_t) n * sizeof *values);
  if (values == NULL) {
    rp_fail_memory(rp_graph_status(g), "a constant");
    return RP_NONE;
  }
  for (int32_t k = 0; k < n_parts; k++) {
    const rp_node *node = rp_graph_node(g, parts[k]);
    memcpy(values + at, rp_const_values(node), (size_t) node->n * sizeof *values);
    at += node->n;
  }
  rp_node_id id = rp_data(g, values, n);
  free(values);
  return id;
}

/* Merges neighbours in place; returns the number of parts left. */
static int32_t merge_neighbours(rp_graph *g, rp_node_id *parts, int32_t n_parts) {
  int32_t n = 0;
  for (int32_t k = 0; k < n_parts;) {
    piece run = piece_of(g, parts[k]);
    int32_t end = k + 1;
    for (; end < n_parts; end++) {
      piece next = piece_of(g, parts[end]);
      if (run.kind == CONSTANT ? next.kind != CONSTANT : !continues(run, next)) break;
      run.n += next.n;
    }
    rp_node_id merged = parts[k];
    if (end - k > 1 || run.kind == WHOLE) {
      switch (run.kind) {
      case CONSTANT: merged = merge_constants(g, parts + k, end - k); break;
      case VIEW: merged = rp_slice(g, run.base, run.offset, run.n); break;
      case PARAM: merged = rp_param(g, run.offset, run.n); break;
      case INPUT: merged = rp_input(g, run.offset, run.n); break;
      case WHOLE: break;
      }
    }
    parts[n++] = merged;
    k = end;
  }
  return n;
}

static int all_equal(const rp_node_id *parts, int32_t n_parts) {
  for (int32_t k = 1; k < n_parts; k++) {
    if (parts[k] != parts[0]) return 0;
  }
  return 1;
}

/* The gather that single elements of one node amount to, or RP_NONE. */
static rp_node_id as_gather(rp_graph *g, const rp_node_id *parts, int32_t n_parts) {
  piece first = piece_of(g, parts[0]);
  if (first.kind != VIEW) return RP_NONE;
  for (int32_t k = 0; k < n_parts; k++) {
    piece part = piece_of(g, parts[k]);
    if (part.kind != VIEW || part.base != first.base || part.n != 1) return RP_NONE;
  }
  int32_t *index = malloc((size_t) n_parts * sizeof *index);
  if (index == NULL) {
    rp_fail_memory(rp_graph_status(g), "an index vector");
    return RP_NONE;
  }
  for (int32_t k = 0; k < n_parts; k++) index[k] = (int32_t) piece_of(g, parts[k]).offset;
  rp_node_id id = rp_gather(g, first.base, index, n_parts);
  free(index);
  return id;
}

static rp_node_id make_concat(rp_graph *g, const rp_node_id *parts, int32_t n_parts) {
  int64_t n = 0;
  int32_t *begin = malloc((size_t) n_parts * sizeof *begin);
  if (begin == NULL) {
    rp_fail_memory(rp_graph_status(g), "the parts of an array");
    return RP_NONE;
  }
  for (int32_t k = 0; k < n_parts; k++) {
    begin[k] = (int32_t) n;
    n += rp_length(g, parts[k]);
    if (n > INT32_MAX) {
      rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "an array of more than 2^31 - 1 elements");
      free(begin);
      return RP_NONE;
    }
  }
  rp_node_id id = rp_intern(g, &(rp_node){.op = RP_OP_CONCAT, .n = n, .in = parts, .n_in = n_parts, .index = begin,
                                          .n_index = n_parts});
  free(begin);
  return id;
}

rp_node_id rp_concat(rp_graph *g, const rp_node_id *parts, int32_t n_parts) {
  int64_t n = flatten(g, parts, n_parts, NULL);
  if (n < 0) return RP_NONE;
  if (n == 0) return rp_data(g, NULL, 0);
  if (n == 1 && n_parts == 1) return parts[0];
  rp_node_id *flat = n > INT32_MAX ? NULL : malloc((size_t) n * sizeof *flat);
  if (flat == NULL) {
    rp_fail_memory(rp_graph_status(g), "the parts of an array");
    return RP_NONE;
  }
  flatten(g, parts, n_parts, flat);
  rp_node_id id;
  if (rp_length(g, flat[0]) == 1 && all_equal(flat, (int32_t) n)) {
    id = rp_broadcast(g, flat[0], n);
  } else {
    int32_t n_merged = merge_neighbours(g, flat, (int32_t) n);
    id = n_merged == 1 ? flat[0] : as_gather(g, flat, n_merged);
    if (id == RP_NONE) id = make_concat(g, flat, n_merged);
  }
  free(flat);
  return id;
}
