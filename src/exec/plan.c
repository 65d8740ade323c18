/* From graph nodes to items. */
#include "plan.h"

#include <stdlib.h>

int rp_is_reduction(int32_t op) {
  return op == RP_OP_SUM || op == RP_X_DOT || op == RP_OP_SCATTER || op == RP_X_MATRIX_TRANSPOSED;
}

int rp_needs_all(int32_t op) { return op == RP_OP_GATHER || op == RP_X_MATRIX_VECTOR; }

int32_t rp_plan_root(const rp_plan *plan, int32_t id) {
  while (plan->items[id].base != id) id = plan->items[id].base;
  return id;
}

static rp_item_kind kind_of(const rp_node *node) {
  switch (node->op) {
  case RP_OP_CONST: case RP_OP_PARAM: case RP_OP_INPUT: return RP_ITEM_LEAF;
  case RP_OP_CARRY: case RP_OP_STEP: case RP_OP_INVARIANT: return RP_ITEM_LEAF;
  case RP_OP_SLICE: return node->n == 1 ? RP_ITEM_SCALAR : RP_ITEM_VIEW;
  case RP_OP_GATHER: case RP_OP_BROADCAST: case RP_OP_SUM: case RP_OP_SCATTER: return RP_ITEM_LOOP;
  default: break;
  }
  if (!rp_op_is_elementwise(node->op)) return RP_ITEM_ARRAY;
  return node->n == 1 ? RP_ITEM_SCALAR : RP_ITEM_LOOP;
}

#define MOST_MATRIX_COLUMNS 512

/* A product of a constant matrix and a vector becomes part of a loop over the rows of the stored matrix, with the
 * vector as its only input. */
static void describe_product(rp_plan *plan, rp_item *item, const rp_node *node) {
  const int64_t m = node->attribute[0], k = node->attribute[1], n = node->attribute[2];
  const int second = m == 1; /* a' B is B' a */
  if ((m != 1 && n != 1) || item->n == 1) return;
  rp_item *matrix = &plan->items[item->in[second]];
  const int transposed = second ? !node->attribute[4] : node->attribute[3] != 0;
  const int64_t rows = transposed ? k : item->n, columns = transposed ? item->n : k;
  if (matrix->op != RP_OP_CONST || rows < 2 || columns > MOST_MATRIX_COLUMNS) return;
  item->op = transposed ? RP_X_MATRIX_TRANSPOSED : RP_X_MATRIX_VECTOR;
  item->kind = RP_ITEM_LOOP;
  item->length = rows;
  item->columns = columns;
  item->source = item->in[second];
  item->in[0] = item->in[!second];
  item->n_in = 1;
  matrix->is_single = 1;
}

/* Fills in what an item does from its node; its inputs are there already. */
static void describe(rp_plan *plan, int32_t id, const rp_node *node) {
  rp_item *item = &plan->items[id];
  item->op = (int32_t) node->op;
  item->kind = kind_of(node);
  item->n = item->length = node->n;
  item->base = id;
  item->second = -1;
  const int64_t n_source = node->n_in > 0 ? plan->items[item->in[0]].n : 0;
  switch (node->op) {
  case RP_OP_SLICE:
    item->offset = node->attribute[0];
    if (item->kind == RP_ITEM_SCALAR) {
      item->op = RP_X_COPY;
    } else {
      item->base = item->in[0];
    }
    break;
  case RP_OP_BROADCAST: item->op = RP_X_COPY; break;
  case RP_OP_GATHER:
    if (n_source == 1) item->op = RP_X_COPY;
    break;
  case RP_OP_SUM: case RP_OP_SCATTER:
    item->length = n_source;
    if (node->op == RP_OP_SCATTER && item->n == 1 && n_source > 1) item->op = RP_OP_SUM;
    if (n_source == 1) {
      item->kind = item->n == 1 ? RP_ITEM_SCALAR : RP_ITEM_ARRAY;
      if (item->n == 1) item->op = RP_X_COPY;
    }
    break;
  case RP_OP_MATMUL: describe_product(plan, item, node); break;
  default: break;
  }
  if (item->kind != RP_ITEM_ARRAY || rp_array_op_is_native(item->op)) return;
  for (int32_t k = 0; k < item->n_in; k++) plan->items[item->in[k]].is_single = 1;
}

/* Leaves of scan bodies may occur in bodies only, and nothing but elementwise operations besides. */
static rp_code check_node(const rp_node *node, int in_body, rp_status *status) {
  const int body_leaf = node->op == RP_OP_CARRY || node->op == RP_OP_STEP || node->op == RP_OP_INVARIANT;
  const int good = in_body ? body_leaf || (node->n == 1 && (node->op == RP_OP_CONST || rp_op_is_elementwise(node->op)))
                           : !body_leaf && node->op != RP_OP_SITE;
  if (good) return RP_OK;
  return rp_fail(status, RP_UNSUPPORTED, NULL, "%s cannot contain the node '%s'",
                 in_body ? "the body of a scan" : "a program", rp_op_name(node->op));
}

rp_code rp_plan_collect(rp_plan *plan, const rp_graph *g, const rp_node_id *outputs, int32_t n_outputs,
                        int32_t *output_items, int32_t lanes, int in_body, rp_status *status) {
  const int32_t size = rp_graph_size(g);
  plan->graph = g;
  plan->lanes = lanes;
  int32_t *item_of = malloc(((size_t) size + 1) * sizeof *item_of);
  if (!item_of) return rp_fail_memory(status, "the plan of a program");
  for (int32_t i = 0; i < size; i++) item_of[i] = -1;
  rp_code code = RP_OK;
  for (int32_t i = 0; i < n_outputs && !code; i++) {
    if (outputs[i] < 0 || outputs[i] >= size) {
      code = rp_fail(status, RP_BAD_ARGUMENT, NULL, "output %d of a program is not a node", i + 1);
    } else {
      item_of[outputs[i]] = 0;
    }
  }
  int64_t n_inputs = 0;
  int32_t n_items = 0;
  for (int32_t i = size - 1; i >= 0 && !code; i--) {
    if (item_of[i] < 0) continue;
    const rp_node *node = rp_graph_node(g, i);
    code = check_node(node, in_body, status);
    n_items++;
    n_inputs += node->n_in;
    for (int32_t k = 0; k < node->n_in; k++) item_of[node->in[k]] = 0;
  }
  if (!code) {
    plan->items = calloc((size_t) n_items + 1, sizeof *plan->items);
    plan->inputs = malloc(((size_t) n_inputs + 3 * (size_t) n_items + 1) * sizeof *plan->inputs);
    if (!plan->items || !plan->inputs) code = rp_fail_memory(status, "the plan of a program");
  }
  int32_t *next_input = plan->inputs;
  for (int32_t i = 0; i < size && !code; i++) {
    if (item_of[i] < 0) continue;
    const rp_node *node = rp_graph_node(g, i);
    const int32_t id = plan->n_items++;
    item_of[i] = id;
    rp_item *item = &plan->items[id];
    item->node = i;
    item->n_in = node->n_in;
    item->in = next_input;
    for (int32_t k = 0; k < node->n_in; k++) item->in[k] = item_of[node->in[k]];
    next_input += node->n_in;
    describe(plan, id, node);
  }
  plan->spare = next_input;
  for (int32_t i = 0; i < n_outputs && !code; i++) {
    output_items[i] = item_of[outputs[i]];
    plan->items[output_items[i]].is_output = 1;
  }
  free(item_of);
  return code;
}

rp_code rp_plan_uses(rp_plan *plan, rp_status *status) {
  int64_t n = 0;
  for (int32_t i = 0; i < plan->n_items; i++) n += plan->items[i].n_in;
  free(plan->uses);
  plan->uses = malloc(((size_t) n + 1) * sizeof *plan->uses);
  if (!plan->uses) return rp_fail_memory(status, "the plan of a program");
  for (int32_t i = 0; i < plan->n_items; i++) plan->items[i].n_uses = 0;
  for (int32_t i = 0; i < plan->n_items; i++) {
    const rp_item *item = &plan->items[i];
    for (int32_t k = 0; k < item->n_in; k++) plan->items[item->in[k]].n_uses++;
  }
  int32_t first = 0;
  for (int32_t i = 0; i < plan->n_items; i++) {
    plan->items[i].first_use = first;
    first += plan->items[i].n_uses;
    plan->items[i].n_uses = 0;
  }
  for (int32_t i = 0; i < plan->n_items; i++) {
    const rp_item *item = &plan->items[i];
    for (int32_t k = 0; k < item->n_in; k++) {
      rp_item *input = &plan->items[item->in[k]];
      plan->uses[input->first_use + input->n_uses++] = i;
    }
  }
  return RP_OK;
}

void rp_plan_free(rp_plan *plan) {
  free(plan->items);
  free(plan->inputs);
  free(plan->uses);
  free(plan->groups);
  free(plan->order);
  *plan = (rp_plan){0};
}
