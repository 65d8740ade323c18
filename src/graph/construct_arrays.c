/* Constructors that rearrange arrays: slices, gathers, scatters, broadcasts.  Views of views are composed, views of
 * leaves become leaves, and a gather that is contiguous becomes a slice. */
#include <stdlib.h>
#include <string.h>

#include "construct.h"

static const rp_node *node_of(const rp_graph *g, rp_node_id id) { return rp_graph_node(g, id); }

static rp_node_id bad_shape(rp_graph *g, const char *what, int64_t a, int64_t b) {
  rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "%s (%lld, %lld)", what, (long long) a, (long long) b);
  return RP_NONE;
}

/* ---- slice ---- */

static rp_node_id slice_of_concat(rp_graph *g, const rp_node *concat, int64_t offset, int64_t n);
static rp_node_id total_of(rp_graph *g, const rp_node *node, int64_t offset);

rp_node_id rp_slice(rp_graph *g, rp_node_id a, int64_t offset, int64_t n) {
  if (a == RP_NONE) return RP_NONE;
  const rp_node *node = node_of(g, a);
  if (offset < 0 || n < 0 || n > node->n || offset > node->n - n) {
    rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "elements %lld to %lld of an array of length %lld",
            (long long) offset + 1,
            (long long) (offset + n), (long long) node->n);
    return RP_NONE;
  }
  if (n == node->n) return a;
  switch (node->op) {
  case RP_OP_CONST: return rp_data(g, rp_const_values(node) + offset, n);
  case RP_OP_PARAM: return rp_param(g, node->attribute[0] + offset, n);
  case RP_OP_INPUT: return rp_input(g, node->attribute[0] + offset, n);
  case RP_OP_SLICE: return rp_slice(g, node->in[0], node->attribute[0] + offset, n);
  case RP_OP_GATHER: return rp_gather(g, node->in[0], node->index + offset, n);
  case RP_OP_BROADCAST: return rp_broadcast(g, node->in[0], n);
  case RP_OP_CONCAT: return slice_of_concat(g, node, offset, n);
  default: break;
  }
  rp_node_id total = n == 1 ? total_of(g, node, offset) : RP_NONE;
  if (total != RP_NONE) return total;
  return rp_intern(g, &(rp_node){.op = RP_OP_SLICE, .n = n, .in = &a, .n_in = 1, .attribute = {offset}});
}

/* The last of s + cumsum(v) is s + sum(v): what a loop that accumulates and uses only the end becomes. */
static rp_node_id total_of(rp_graph *g, const rp_node *node, int64_t offset) {
  if (node->op == RP_OP_CUMSUM) {
    return offset == (node->attribute[0] ? 0 : node->n - 1) ? rp_sum(g, node->in[0]) : RP_NONE;
  }
  if (node->op != RP_OP_ADD || node_of(g, node->in[0])->n != 1) return RP_NONE;
  const rp_node *terms = node_of(g, node->in[1]);
  rp_node_id total = terms->op == RP_OP_CUMSUM ? total_of(g, terms, offset) : RP_NONE;
  return total == RP_NONE ? RP_NONE : rp_add(g, node->in[0], total);
}

/* The part in which an element lies; a CONCAT's index holds where its parts begin. */
static int32_t part_at(const rp_node *concat, int64_t position) {
  int32_t low = 0, high = concat->n_in - 1;
  if (concat->n == concat->n_in) return (int32_t) position; /* all scalars */
  while (low < high) {
    int32_t middle = low + (high - low + 1) / 2;
    if (concat->index[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

static rp_node_id slice_of_concat(rp_graph *g, const rp_node *concat, int64_t offset, int64_t n) {
  if (n == 0) return rp_data(g, NULL, 0);
  int32_t first = part_at(concat, offset), last = part_at(concat, offset + n - 1), n_parts = last - first + 1;
  rp_node_id one, *parts = n_parts == 1 ? &one : malloc((size_t) n_parts * sizeof *parts);
  if (parts == NULL) {
    rp_fail_memory(rp_graph_status(g), "the parts of an array");
    return RP_NONE;
  }
  for (int32_t k = first; k <= last; k++) {
    int64_t begin = concat->index[k], end = begin + node_of(g, concat->in[k])->n;
    int64_t from = offset > begin ? offset : begin, to = offset + n < end ? offset + n : end;
    parts[k - first] = rp_slice(g, concat->in[k], from - begin, to - from);
  }
  rp_node_id id = n_parts == 1 ? one : rp_concat(g, parts, n_parts);
  if (parts != &one) free(parts);
  return id;
}

/* ---- gather ---- */

static rp_node_id gather_through(rp_graph *g, const rp_node *node, const int32_t *index, int64_t n);
static rp_node_id gather_of_concat(rp_graph *g, rp_node_id a, const int32_t *index, int64_t n);

static rp_node_id make_gather(rp_graph *g, rp_node_id a, const int32_t *index, int64_t n) {
  return rp_intern(g, &(rp_node){.op = RP_OP_GATHER, .n = n, .in = &a, .n_in = 1, .index = index, .n_index = n});
}

rp_node_id rp_gather(rp_graph *g, rp_node_id a, const int32_t *index, int64_t n) {
  if (a == RP_NONE) return RP_NONE;
  const rp_node *node = node_of(g, a);
  int contiguous = 1, same = 1;
  if (n < 0) return bad_shape(g, "a gather of negative length", n, node->n);
  for (int64_t i = 0; i < n; i++) {
    if (index[i] < 0 || index[i] >= node->n) {
      return bad_shape(g, "position outside an array of this length", index[i] + 1, node->n);
    }
    contiguous = contiguous && index[i] == index[0] + i;
    same = same && index[i] == index[0];
  }
  if (n == 0) return rp_data(g, NULL, 0);
  if (contiguous) return rp_slice(g, a, index[0], n);
  if (same) return rp_broadcast(g, rp_slice(g, a, index[0], 1), n);
  switch (node->op) {
  case RP_OP_BROADCAST: return rp_broadcast(g, node->in[0], n);
  case RP_OP_SLICE: case RP_OP_GATHER: return gather_through(g, node, index, n);
  case RP_OP_CONCAT: return gather_of_concat(g, a, index, n);
  default: return make_gather(g, a, index, n);
  }
}

/* A gather of a slice or of a gather, as a gather of what lies below. */
static rp_node_id gather_through(rp_graph *g, const rp_node *node, const int32_t *index, int64_t n) {
  int32_t *through = malloc((size_t) n * sizeof *through);
  if (through == NULL) {
    rp_fail_memory(rp_graph_status(g), "an index vector");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n; i++) {
    through[i] = node->op == RP_OP_GATHER ? node->index[index[i]] : index[i] + (int32_t) node->attribute[0];
  }
  rp_node_id id = rp_gather(g, node->in[0], through, n);
  free(through);
  return id;
}

/* Of scalars: the chosen scalars.  Within one part: a gather of that part. */
static rp_node_id gather_of_concat(rp_graph *g, rp_node_id a, const int32_t *index, int64_t n) {
  const rp_node *node = node_of(g, a);
  int32_t first = part_at(node, index[0]);
  int one_part = 1, scalars = 1;
  for (int64_t i = 0; i < n && (one_part || scalars); i++) {
    int32_t part = part_at(node, index[i]);
    one_part = one_part && part == first;
    scalars = scalars && node_of(g, node->in[part])->n == 1;
  }
  if (!one_part && !scalars) return make_gather(g, a, index, n);
  int32_t *chosen = n > INT32_MAX ? NULL : malloc((size_t) n * sizeof *chosen);
  if (chosen == NULL) {
    rp_fail_memory(rp_graph_status(g), "an index vector");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n; i++) {
    chosen[i] = one_part ? index[i] - node->index[first] : node->in[part_at(node, index[i])];
  }
  rp_node_id id = one_part ? rp_gather(g, node->in[first], chosen, n) : rp_concat(g, chosen, (int32_t) n);
  free(chosen);
  return id;
}

/* ---- scatter ---- */

rp_node_id rp_scatter(rp_graph *g, rp_node_id a, const int32_t *index, int64_t n_out) {
  if (a == RP_NONE) return RP_NONE;
  const rp_node *node = node_of(g, a);
  int identity = node->n == n_out;
  for (int64_t i = 0; i < node->n; i++) {
    if (index[i] < 0 || index[i] >= n_out) {
      return bad_shape(g, "position outside an array of this length", index[i] + 1, n_out);
    }
    identity = identity && index[i] == i;
  }
  if (identity) return a;
  const int64_t n = node->n;
  rp_node_id factor, rest = n_out <= n ? rp_take_factor(g, a, &factor) : RP_NONE;
  if (rest == RP_NONE || factor == RP_NONE) rest = a, factor = RP_NONE;
  rp_node_id id = rp_intern(g, &(rp_node){.op = RP_OP_SCATTER, .n = n_out, .in = &rest, .n_in = 1, .index = index,
                                          .n_index = n});
  return factor == RP_NONE ? id : rp_mul(g, factor, id);
}

/* ---- repeats ---- */

rp_node_id rp_recycle(rp_graph *g, rp_node_id a, int64_t n) {
  if (a == RP_NONE) return RP_NONE;
  int64_t length = node_of(g, a)->n;
  if (length == 1 || length == n) return a;
  if (length == 0 || n < 0 || n > INT32_MAX) {
    return bad_shape(g, "an array that cannot be recycled to this length", length, n);
  }
  int32_t *index = malloc(((size_t) n + 1) * sizeof *index);
  if (index == NULL) {
    rp_fail_memory(rp_graph_status(g), "an index vector");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n; i++) index[i] = (int32_t) (i % length);
  rp_node_id id = rp_gather(g, a, index, n);
  free(index);
  return id;
}

rp_node_id rp_broadcast(rp_graph *g, rp_node_id a, int64_t n) {
  if (a == RP_NONE) return RP_NONE;
  int64_t length = node_of(g, a)->n;
  if (length == n) return a;
  if (length != 1 || n < 0) return bad_shape(g, "an array that cannot be broadcast to this length", length, n);
  return rp_intern(g, &(rp_node){.op = RP_OP_BROADCAST, .n = n, .in = &a, .n_in = 1});
}

/* ---- positions known at run time ---- */

/* Copies constant positions that are whole numbers within [0, n) to index (malloc'd); NULL when they are not such. */
static int32_t *constant_positions(const rp_graph *g, rp_node_id positions, int64_t n) {
  if (!rp_is_const(g, positions)) return NULL;
  const rp_node *node = node_of(g, positions);
  const double *values = rp_const_values(node);
  int32_t *index = malloc(((size_t) node->n + 1) * sizeof *index);
  for (int64_t i = 0; index != NULL && i < node->n; i++) {
    if (!(values[i] >= 0 && values[i] < (double) n && values[i] < 2147483648.0)) {
      free(index);
      return NULL;
    }
    index[i] = (int32_t) values[i];
  }
  return index;
}

rp_node_id rp_gather_at(rp_graph *g, rp_node_id a, rp_node_id positions) {
  if (a == RP_NONE || positions == RP_NONE) return RP_NONE;
  int32_t *index = constant_positions(g, positions, node_of(g, a)->n);
  if (index != NULL) {
    rp_node_id id = rp_gather(g, a, index, node_of(g, positions)->n);
    free(index);
    return id;
  }
  return rp_intern(g, &(rp_node){.op = RP_OP_GATHER_AT, .n = node_of(g, positions)->n,
                                 .in = (rp_node_id[]){a, positions}, .n_in = 2});
}

rp_node_id rp_scatter_at(rp_graph *g, rp_node_id a, rp_node_id positions, int64_t n_out) {
  if (a == RP_NONE || positions == RP_NONE) return RP_NONE;
  int64_t n = node_of(g, positions)->n;
  if (node_of(g, a)->n != n || n_out < 0) {
    return bad_shape(g, "a scatter whose values and positions differ in length", node_of(g, a)->n, n);
  }
  int32_t *index = constant_positions(g, positions, n_out);
  if (index != NULL) {
    rp_node_id id = rp_scatter(g, a, index, n_out);
    free(index);
    return id;
  }
  return rp_intern(g, &(rp_node){.op = RP_OP_SCATTER_AT, .n = n_out, .in = (rp_node_id[]){a, positions}, .n_in = 2});
}

rp_node_id rp_transpose(rp_graph *g, rp_node_id a, int64_t rows, int64_t cols) {
  if (a == RP_NONE) return RP_NONE;
  int64_t n = node_of(g, a)->n;
  if (rows < 0 || cols < 0 || (cols > 0 && rows > INT32_MAX / cols) || rows * cols != n) {
    return bad_shape(g, "a matrix whose dimensions do not fit its length", rows, cols);
  }
  int32_t *index = malloc(((size_t) n + 1) * sizeof *index);
  if (index == NULL) {
    rp_fail_memory(rp_graph_status(g), "an index vector");
    return RP_NONE;
  }
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < cols; j++) index[j + i * cols] = (int32_t) (i + j * rows);
  }
  rp_node_id id = rp_gather(g, a, index, n);
  free(index);
  return id;
}
