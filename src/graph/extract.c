/* Copying parts of graphs: on demand (rp_copier), or what some roots need (rp_graph_extract). */
#include <stdlib.h>

#include "construct.h"
#include "ops.h"

struct rp_copier {
  const rp_graph *from;
  rp_graph *to;
  rp_replace replace;
  void *context;
  rp_node_id *map; /* by id in from; RP_NONE: not copied yet */
  rp_node_id *stack;
  int64_t n_map, n_stack, stack_room;
};

rp_copier *rp_copier_new(const rp_graph *from, rp_graph *to, rp_replace replace, void *context) {
  rp_copier *copier = calloc(1, sizeof *copier);
  if (copier == NULL) return NULL;
  *copier = (rp_copier){.from = from, .to = to, .replace = replace, .context = context};
  return copier;
}

void rp_copier_free(rp_copier *copier) {
  if (copier == NULL) return;
  free(copier->map);
  free(copier->stack);
  free(copier);
}

/* The source may have grown since the last call. */
static int cover(rp_copier *copier) {
  int64_t size = rp_graph_size(copier->from);
  if (size <= copier->n_map) return 1;
  rp_node_id *map = realloc(copier->map, (size_t) size * sizeof *map);
  if (map == NULL) return 0;
  for (int64_t i = copier->n_map; i < size; i++) map[i] = RP_NONE;
  copier->map = map;
  copier->n_map = size;
  return 1;
}

static int push(rp_copier *copier, rp_node_id id) {
  if (copier->n_stack == copier->stack_room) {
    int64_t room = copier->stack_room == 0 ? 64 : 2 * copier->stack_room;
    rp_node_id *stack = realloc(copier->stack, (size_t) room * sizeof *stack);
    if (stack == NULL) return 0;
    copier->stack = stack;
    copier->stack_room = room;
  }
  copier->stack[copier->n_stack++] = id;
  return 1;
}

static rp_node_id copy_one(rp_copier *copier, const rp_node *node) {
  rp_node_id few[8], *in = few, id = RP_NONE;
  if (copier->replace != NULL && node->n_in == 0 && node->op != RP_OP_CONST) {
    id = copier->replace(copier->context, copier->to, node);
    if (id != RP_NONE) return rp_op_is_body_leaf(node->op) ? id : rp_broadcast(copier->to, id, node->n);
  }
  if (node->n_in > 8) in = malloc((size_t) node->n_in * sizeof *in);
  if (in == NULL) {
    rp_fail_memory(rp_graph_status(copier->to), "the inputs of a node");
    return RP_NONE;
  }
  for (int32_t k = 0; k < node->n_in; k++) in[k] = copier->map[node->in[k]];
  id = rp_rebuild(copier->to, node, in);
  if (in != few) free(in);
  return id;
}

rp_node_id rp_copier_get(rp_copier *copier, rp_node_id wanted) {
  if (wanted == RP_NONE) return RP_NONE;
  rp_status *status = rp_graph_status(copier->to);
  if (wanted < 0 || wanted >= rp_graph_size(copier->from)) {
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "node %d is not in the graph", (int) wanted);
    return RP_NONE;
  }
  int ok = cover(copier);
  copier->n_stack = 0;
  ok = ok && push(copier, wanted);
  while (ok && copier->n_stack > 0) {
    rp_node_id id = copier->stack[copier->n_stack - 1];
    const rp_node *node = rp_graph_node(copier->from, id);
    int64_t before = copier->n_stack;
    for (int32_t k = 0; k < node->n_in && ok; k++) {
      if (copier->map[node->in[k]] == RP_NONE) ok = push(copier, node->in[k]);
    }
    if (copier->n_stack > before) continue;
    copier->n_stack--;
    if (copier->map[id] != RP_NONE) continue;
    copier->map[id] = copy_one(copier, node);
    if (copier->map[id] == RP_NONE) { /* the status says why; going on would ask for this node for ever */
      rp_fail(status, RP_BAD_ARGUMENT, NULL, "node %d cannot be copied", (int) id);
      return RP_NONE;
    }
  }
  if (!ok) rp_fail_memory(status, "a copy of the graph");
  return ok ? copier->map[wanted] : RP_NONE;
}

rp_graph *rp_graph_extract(const rp_graph *g, rp_node_id *roots, int32_t n_roots, rp_replace replace, void *context,
                           rp_status *status) {
  rp_graph *to = rp_graph_new();
  rp_copier *copier = to == NULL ? NULL : rp_copier_new(g, to, replace, context);
  uint8_t *live = calloc((size_t) rp_graph_size(g) + 1, 1);
  int ok = copier != NULL && live != NULL;
  for (int32_t i = 0; ok && i < n_roots; i++) {
    if (roots[i] != RP_NONE) live[roots[i]] = 1;
  }
  for (rp_node_id id = rp_graph_size(g) - 1; ok && id >= 0; id--) {
    if (!live[id]) continue;
    const rp_node *node = rp_graph_node(g, id);
    for (int32_t k = 0; k < node->n_in; k++) live[node->in[k]] = 1;
  }
  /* in the order of the source, so that the copy reads like it */
  for (rp_node_id id = 0; ok && id < rp_graph_size(g); id++) {
    if (live[id] && rp_copier_get(copier, id) == RP_NONE) break;
  }
  for (int32_t i = 0; ok && i < n_roots; i++) roots[i] = rp_copier_get(copier, roots[i]);
  free(live);
  rp_copier_free(copier);
  if (!ok) {
    rp_fail_memory(status, "a copy of the graph");
  } else if (rp_graph_status(to)->code != RP_OK) {
    rp_fail(status, rp_graph_status(to)->code, NULL, "%s", rp_graph_status(to)->message);
    ok = 0;
  }
  if (ok) return to;
  rp_graph_free(to);
  return NULL;
}
