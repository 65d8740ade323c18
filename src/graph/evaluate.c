#include "evaluate.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const rp_graph *graph;
  const double *params, *inputs;
  rp_random_key key;
  uint8_t *needed;
  int64_t *offset; /* of each needed node's values in memory */
  double *memory;
  const double **in; /* of the node at hand */
  int64_t *in_n;
} evaluation;

static int32_t mark_needed(evaluation *e, const rp_node_id *roots, int32_t n_roots);
static rp_code evaluate_all(evaluation *e, rp_status *status);
static rp_code evaluate_leaf(const evaluation *e, const rp_node *node, double *out, rp_status *status);
static void copy_roots(const evaluation *e, const rp_node_id *roots, int32_t n_roots, double *const *outputs);
static void free_evaluation(evaluation *e);

rp_code rp_evaluate(const rp_graph *g, const rp_node_id *roots, int32_t n_roots, const double *params,
                    const double *inputs, rp_random_key key, double *const *outputs, rp_status *status) {
  for (int32_t i = 0; i < n_roots; i++)
    if (roots[i] < 0 || roots[i] >= rp_graph_size(g))
      return rp_fail(status, RP_UNSUPPORTED, NULL, "there is no node %d to evaluate", (int) roots[i]);
  size_t size = (size_t) rp_graph_size(g);
  evaluation e = {.graph = g, .params = params, .inputs = inputs, .key = key};
  e.needed = calloc(size + 1, sizeof *e.needed);
  e.offset = calloc(size + 1, sizeof *e.offset);
  rp_code code = RP_NO_MEMORY;
  if (e.needed != NULL && e.offset != NULL) {
    size_t most_inputs = (size_t) mark_needed(&e, roots, n_roots) + 1;
    int64_t total = 1;
    for (size_t id = 0; id < size; id++) {
      if (!e.needed[id]) continue;
      e.offset[id] = total;
      total += rp_graph_node(g, (rp_node_id) id)->n;
    }
    e.in = calloc(most_inputs, sizeof *e.in);
    e.in_n = calloc(most_inputs, sizeof *e.in_n);
    e.memory = (uint64_t) total <= SIZE_MAX / sizeof(double) ? malloc((size_t) total * sizeof(double)) : NULL;
    if (e.in != NULL && e.in_n != NULL && e.memory != NULL) code = evaluate_all(&e, status);
  }
  if (code == RP_OK) copy_roots(&e, roots, n_roots, outputs);
  free_evaluation(&e);
  return code == RP_NO_MEMORY ? rp_fail_memory(status, "evaluating a graph") : code;
}

int64_t rp_evaluate_workspace(const rp_node *node, const int64_t *in_n) {
  (void) in_n;
  if (rp_op_is_elementwise(node->op)) return 0;
  if (node->op >= RP_OP_MATMUL && node->op <= RP_OP_SVD) return rp_evaluate_linalg_workspace(node);
  return rp_evaluate_arrays_workspace(node);
}

static void evaluate_elementwise(const rp_node *node, const double *const *in, const int64_t *in_n, double *out) {
  int64_t step[3] = {0, 0, 0};
  const double *x[3] = {in[0], in[0], in[0]};
  for (int32_t k = 0; k < node->n_in && k < 3; k++) {
    x[k] = in[k];
    step[k] = in_n[k] == 1 ? 0 : 1;
  }
  for (int64_t i = 0; i < node->n; i++)
    out[i] = rp_elementwise(node->op, x[0][i * step[0]], x[1][i * step[1]], x[2][i * step[2]]);
}

rp_code rp_evaluate_node(const rp_node *node, const double *const *in, const int64_t *in_n, double *out,
                         rp_random_key key, double *workspace, rp_status *status) {
  if (node->op <= RP_OP_INVARIANT)
    return rp_fail(status, RP_UNSUPPORTED, NULL, "a leaf (%s) has no inputs to be evaluated from",
                   rp_op_name(node->op));
  if (rp_op_is_elementwise(node->op)) {
    evaluate_elementwise(node, in, in_n, out);
    return RP_OK;
  }
  int64_t needed = rp_evaluate_workspace(node, in_n);
  double *own = NULL;
  if (workspace == NULL && needed > 0) {
    own = malloc((size_t) needed * sizeof *own);
    if (own == NULL) return rp_fail_memory(status, rp_op_name(node->op));
    workspace = own;
  }
  if (node->op >= RP_OP_MATMUL && node->op <= RP_OP_SVD) rp_evaluate_linalg(node, in, out, workspace, &rp_la_base);
  else rp_evaluate_arrays(node, in, in_n, out, key, workspace);
  free(own);
  return RP_OK;
}

/* ---- a whole graph ---- */

/* Inputs have smaller ids, so one sweep from the end reaches all that is needed. Returns the most inputs a node has. */
static int32_t mark_needed(evaluation *e, const rp_node_id *roots, int32_t n_roots) {
  int32_t most_inputs = 0;
  for (int32_t i = 0; i < n_roots; i++) e->needed[roots[i]] = 1;
  for (rp_node_id id = rp_graph_size(e->graph) - 1; id >= 0; id--) {
    if (!e->needed[id]) continue;
    const rp_node *node = rp_graph_node(e->graph, id);
    if (node->n_in > most_inputs) most_inputs = node->n_in;
    for (int32_t k = 0; k < node->n_in; k++) e->needed[node->in[k]] = 1;
  }
  return most_inputs;
}

static rp_code evaluate_all(evaluation *e, rp_status *status) {
  for (rp_node_id id = 0; id < rp_graph_size(e->graph); id++) {
    if (!e->needed[id]) continue;
    const rp_node *node = rp_graph_node(e->graph, id);
    double *out = e->memory + e->offset[id];
    rp_code code;
    if (node->op <= RP_OP_INVARIANT) {
      code = evaluate_leaf(e, node, out, status);
    } else {
      for (int32_t k = 0; k < node->n_in; k++) {
        e->in[k] = e->memory + e->offset[node->in[k]];
        e->in_n[k] = rp_graph_node(e->graph, node->in[k])->n;
      }
      code = rp_evaluate_node(node, e->in, e->in_n, out, e->key, NULL, status);
    }
    if (code != RP_OK) return code;
  }
  return RP_OK;
}

static rp_code evaluate_leaf(const evaluation *e, const rp_node *node, double *out, rp_status *status) {
  const double *values = NULL;
  if (node->op == RP_OP_CONST) values = node->n == 1 ? &node->value : node->data;
  if (node->op == RP_OP_PARAM && e->params != NULL) values = e->params + node->attribute[0];
  if (node->op == RP_OP_INPUT && e->inputs != NULL) values = e->inputs + node->attribute[0];
  if (node->n > 0 && values == NULL)
    return rp_fail(status, RP_UNSUPPORTED, NULL, "a graph with a '%s' that has no value cannot be evaluated",
                   rp_op_name(node->op));
  if (node->n > 0) memcpy(out, values, (size_t) node->n * sizeof *out);
  return RP_OK;
}

static void copy_roots(const evaluation *e, const rp_node_id *roots, int32_t n_roots, double *const *outputs) {
  for (int32_t i = 0; i < n_roots; i++) {
    size_t n = (size_t) rp_graph_node(e->graph, roots[i])->n;
    if (n > 0) memcpy(outputs[i], e->memory + e->offset[roots[i]], n * sizeof(double));
  }
}

static void free_evaluation(evaluation *e) {
  free(e->needed);
  free(e->offset);
  free(e->memory);
  free(e->in);
  free(e->in_n);
}
