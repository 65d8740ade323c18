/* The body of a scan as scalar code that runs once per step.
 *
 * No carry is ever moved: carry k of step t is element t of the scan's value, and the instruction that computes it
 * for the next step writes element t + 1. */
#include <stdlib.h>

#include "code.h"

/* What a body leaf stands for; inputs are initial values, then sequences, then invariants. */
static rp_code place_leaf(rp_program *program, rp_plan *plan, const rp_array_op *op, const rp_scan_body *scan,
                          const rp_node *node, rp_operand *operand, rp_status *status) {
  const int32_t k = (int32_t) node->attribute[0];
  if (node->op == RP_OP_CONST) {
    *operand = (rp_operand){rp_plan_reserve_constant(plan, 8), 0, 0};
    return rp_emit_constant(program, operand->place, node->value, status);
  }
  if (node->op == RP_OP_CARRY) {
    *operand = (rp_operand){op->out, 0, 1};
    operand->place.offset += k * (op->node.attribute[0] + 1) * plan->lanes;
  } else {
    *operand = op->in[scan->n_carry + k + (node->op == RP_OP_INVARIANT ? scan->n_sequence : 0)];
    operand->advances = operand->step != 0;
    operand->step = 0;
  }
  return RP_OK;
}

static rp_operand next_carry(const rp_plan *plan, const rp_array_op *op, int32_t k) {
  rp_operand operand = {op->out, 0, 1};
  operand.place.offset += (k * (op->node.attribute[0] + 1) + 1) * plan->lanes;
  return operand;
}

/* Places every item of the body: operands[i]. The first carry that an item becomes is where it is computed. */
static rp_code place_body(rp_program *program, rp_plan *plan, const rp_plan *body, const rp_array_op *op,
                          const rp_scan_body *scan, const int32_t *next, rp_operand *operands,
                          rp_status *status) {
  for (int32_t i = 0; i < body->n_items; i++) {
    const rp_item *item = &body->items[i];
    if (item->kind == RP_ITEM_DEAD) continue;
    if (item->kind == RP_ITEM_LEAF) {
      rp_code code = place_leaf(program, plan, op, scan, rp_graph_node(body->graph, item->node), &operands[i], status);
      if (code) return code;
    } else if (!item->is_output) {
      operands[i] = (rp_operand){rp_plan_reserve(plan, 8), 0, 0};
    }
  }
  for (int32_t k = scan->n_carry - 1; k >= 0; k--) {
    if (body->items[next[k]].kind != RP_ITEM_LEAF) operands[next[k]] = next_carry(plan, op, k);
  }
  return RP_OK;
}

static rp_code emit_item(rp_program *program, const rp_plan *body, int32_t id, const rp_operand *operands,
                         rp_status *status) {
  const rp_item *item = &body->items[id];
  rp_draft *draft = rp_emit_draft(program, status);
  if (!draft) return RP_NO_MEMORY;
  draft->op = item->op;
  draft->d = operands[id];
  if (item->second >= 0) {
    const int swapped = body->items[item->second].offset == 0;
    draft->d = operands[swapped ? item->second : id];
    draft->d2 = operands[swapped ? id : item->second];
  }
  if (item->n_in > 0) draft->a = operands[item->in[0]];
  if (item->n_in > 1) draft->b = operands[item->in[1]];
  if (item->n_in > 2) draft->c = operands[item->in[2]];
  return RP_OK;
}

static rp_code emit_copy(rp_program *program, rp_operand from, rp_operand to, rp_status *status) {
  rp_draft *draft = rp_emit_draft(program, status);
  if (!draft) return RP_NO_MEMORY;
  draft->op = RP_X_COPY;
  draft->a = from;
  draft->d = to;
  return RP_OK;
}

/* Puts the body's items in an order in which as many as possible follow what they need, the longest way to the end
 * first, since results go to the next instruction fastest. order and height have a place for each item. Returns how
 * many items there are. */
static int32_t order_body(const rp_plan *body, int32_t *order, int32_t *height) {
  for (int32_t i = body->n_items - 1; i >= 0; i--) {
    const rp_item *item = &body->items[i];
    height[i] = 1;
    for (int32_t k = 0; k < item->n_uses; k++) {
      const int32_t above = height[body->uses[item->first_use + k]];
      if (above >= height[i]) height[i] = above + 1;
    }
    if (item->second >= 0 && height[item->second] > height[i]) height[i] = height[item->second];
  }
  int32_t n = 0, n_scalars = 0;
  for (int32_t i = 0; i < body->n_items; i++) {
    if (body->items[i].kind == RP_ITEM_SCALAR) n_scalars++;
    else height[i] = 0; /* done: nothing to compute */
  }
  for (int32_t last = -1; n < n_scalars;) {
    int32_t best = -1, best_follows = 0;
    for (int32_t i = 0; i < body->n_items; i++) {
      const rp_item *item = &body->items[i];
      int ready = height[i] > 0, follows = 0;
      for (int32_t k = 0; k < item->n_in && ready; k++) {
        ready = height[rp_plan_root(body, item->in[k])] == 0;
        follows |= item->in[k] == last;
      }
      if (ready && (best < 0 || follows > best_follows || (follows == best_follows && height[i] > height[best]))) {
        best = i;
        best_follows = follows;
      }
    }
    order[n++] = last = best;
    height[best] = 0;
  }
  return n;
}

static rp_code emit_body(rp_program *program, rp_plan *plan, rp_plan *body, const rp_scan_body *scan, rp_array_op *op,
                         const int32_t *next, rp_operand *operands, int32_t *order, rp_status *status) {
  rp_code code = place_body(program, plan, body, op, scan, next, operands, status);
  const int32_t n = order_body(body, order, order + body->n_items);
  op->first_code = program->n_drafts;
  for (int32_t i = 0; i < n && !code; i++) code = emit_item(program, body, order[i], operands, status);
  for (int32_t k = 0; k < scan->n_carry && !code; k++) {
    const rp_operand to = next_carry(plan, op, k);
    if (operands[next[k]].place.offset != to.place.offset || operands[next[k]].place.where != to.place.where)
      code = emit_copy(program, operands[next[k]], to, status);
  }
  op->n_code = program->n_drafts - op->first_code;
  if (!code) op->before = rp_emit_forms(program, op->first_code, op->n_code, 1);
  return code;
}

rp_code rp_emit_scan(rp_program *program, rp_plan *plan, const rp_item *item, rp_array_op *op, rp_status *status) {
  const rp_scan_body *scan = rp_graph_node(plan->graph, item->node)->scan;
  rp_plan body = {0};
  rp_operand *operands = NULL;
  int32_t *next = malloc(((size_t) scan->n_carry + 1) * sizeof *next), *order = NULL;
  rp_code code = next ? RP_OK : rp_fail_memory(status, "the body of a scan");
  if (!code) code = rp_plan_collect(&body, scan->body, scan->next, scan->n_carry, next, plan->lanes, 1, status);
  if (!code) code = rp_plan_uses(&body, status);
  if (!code) {
    rp_plan_fuse(&body);
    code = rp_plan_uses(&body, status);
  }
  if (!code) {
    operands = calloc((size_t) body.n_items + 1, sizeof *operands);
    order = malloc(2 * ((size_t) body.n_items + 1) * sizeof *order);
    if (!operands || !order) code = rp_fail_memory(status, "the body of a scan");
  }
  if (!code) {
    code = emit_body(program, plan, &body, scan, op, next, operands, order, status);
  }
  rp_plan_free(&body);
  free(operands);
  free(order);
  free(next);
  return code;
}
