#include "guide_function.h"

#include <stdlib.h>

#include "../graph/shorthand.h"

typedef struct {
  const rp_guide_function *f;
  rp_node_id parameters, x;
} arguments;

static int is_elementwise(const rp_guide_function *f, rp_node_id value);
static rp_node_id copy(rp_graph *g, rp_node_id root, arguments *with);

rp_code rp_guide_function_prepare(rp_guide_function *f, rp_graph *graph) {
  const int64_t n = f->n_in;
  rp_node_id x = rp_param(graph, f->first_input, n), value = rp_broadcast(graph, f->value, n), slope = RP_NONE;
  rp_node_id *rows = malloc((size_t) n * sizeof *rows + 1);
  if (!rows) return rp_fail_memory(rp_graph_status(graph), "a function of a guide");
  if (is_elementwise(f, value)) {
    rp_gradient(graph, rp_sum(graph, value), &x, 1, &slope);
    f->log_jacobian = rp_sum_n(graph, rp_log(graph, rp_abs(graph, slope)), n);
  } else {
    for (int64_t i = 0; i < n; i++) {
      rp_gradient(graph, rp_slice(graph, value, i, 1), &x, 1, &rows[i]);
      rows[i] = rp_broadcast(graph, rows[i], n);
    }
    f->log_jacobian = rp_log_abs_det(graph, rp_concat(graph, rows, (int32_t) n), n);
  }
  free(rows);
  return rp_graph_status(graph)->code;
}

rp_node_id rp_guide_function_value(rp_graph *g, const rp_guide_function *f, rp_node_id parameters, rp_node_id x) {
  arguments with = {f, parameters, rp_broadcast(g, x, f->n_in)};
  return rp_broadcast(g, copy(g, f->value, &with), f->n_out);
}

rp_node_id rp_guide_function_log_jacobian(rp_graph *g, const rp_guide_function *f, rp_node_id parameters,
                                          rp_node_id x) {
  arguments with = {f, parameters, x};
  return copy(g, f->log_jacobian, &with);
}

/* ---- private ---- */

/* Where a leaf of the function's graph begins within x; -1: it is a parameter. */
static int64_t place_in_x(const rp_guide_function *f, const rp_node *leaf) {
  const int64_t at = leaf->attribute[0] - f->first_input;
  return at >= 0 && at < f->n_in ? at : -1;
}

static rp_node_id replace(void *context, rp_graph *to, const rp_node *leaf) {
  const arguments *with = context;
  const rp_guide_function *f = with->f;
  if (leaf->op != RP_OP_PARAM) return RP_NONE;
  const int64_t at = leaf->attribute[0];
  if (place_in_x(f, leaf) >= 0) return rp_slice(to, with->x, place_in_x(f, leaf), leaf->n);
  return rp_slice(to, with->parameters, at < f->first_input ? at : at - f->n_in, leaf->n);
}

static rp_node_id copy(rp_graph *g, rp_node_id root, arguments *with) {
  rp_copier *copier = rp_copier_new(with->f->graph, g, replace, with);
  if (!copier) {
    rp_fail_memory(rp_graph_status(g), "a function of a guide");
    return RP_NONE;
  }
  rp_node_id node = rp_copier_get(copier, root);
  rp_copier_free(copier);
  return node;
}

/* Whether element i of the value depends on element i of x alone, by the operations between them. */
static int is_elementwise(const rp_guide_function *f, rp_node_id value) {
  enum { NEEDED = 1, DEPENDS = 2 };
  uint8_t *marks = value == RP_NONE ? NULL : calloc((size_t) value + 1, 1);
  int yes = marks != NULL;
  if (marks) marks[value] = NEEDED;
  for (rp_node_id id = value; yes && id >= 0; id--) {
    const rp_node *node = rp_graph_node(f->graph, id);
    for (int32_t k = 0; marks[id] && k < node->n_in; k++) marks[node->in[k]] |= NEEDED;
  }
  for (rp_node_id id = 0; yes && id <= value; id++) {
    const rp_node *node = rp_graph_node(f->graph, id);
    const int is_leaf = node->op == RP_OP_PARAM && place_in_x(f, node) >= 0;
    if (!(marks[id] & NEEDED)) continue;
    for (int32_t k = 0; k < node->n_in; k++) marks[id] |= marks[node->in[k]] & DEPENDS;
    if (is_leaf) marks[id] |= DEPENDS;
    if (marks[id] & DEPENDS) yes = (is_leaf || rp_op_is_elementwise(node->op)) && node->n == f->n_in;
  }
  free(marks);
  return yes;
}
