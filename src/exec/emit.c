/* From the plan to the program: instructions, constants, loads. */
#include <stdlib.h>
#include <string.h>

#include "code.h"

rp_draft *rp_emit_draft(rp_program *program, rp_status *status) {
  if (program->n_drafts == program->room_drafts) {
    const int32_t room = 2 * program->room_drafts + 64;
    rp_draft *larger = realloc(program->drafts, (size_t) room * sizeof *larger);
    if (!larger) {
      rp_fail_memory(status, "the instructions of a program");
      return NULL;
    }
    program->drafts = larger;
    program->room_drafts = room;
  }
  rp_draft *draft = &program->drafts[program->n_drafts++];
  *draft = (rp_draft){0};
  return draft;
}

rp_code rp_emit_constant(rp_program *program, rp_place place, double value, rp_status *status) {
  if (program->n_body_constants == program->room_body_constants) {
    const int32_t room = 2 * program->room_body_constants + 16;
    rp_body_constant *larger = realloc(program->body_constants, (size_t) room * sizeof *larger);
    if (!larger) return rp_fail_memory(status, "the constants of a program");
    program->body_constants = larger;
    program->room_body_constants = room;
  }
  program->body_constants[program->n_body_constants++] = (rp_body_constant){place, value};
  return RP_OK;
}

static rp_code copy_index(rp_program *program, const int32_t *index, int64_t n, const int32_t **copy,
                          rp_status *status) {
  if (program->n_indices == program->room_indices) {
    const int32_t room = 2 * program->room_indices + 16;
    int32_t **larger = realloc(program->indices, (size_t) room * sizeof *larger);
    if (!larger) return rp_fail_memory(status, "the index vectors of a program");
    program->indices = larger;
    program->room_indices = room;
  }
  int32_t *own = malloc(((size_t) n + 1) * sizeof *own);
  if (!own) return rp_fail_memory(status, "an index vector of a program");
  if (n > 0) memcpy(own, index, (size_t) n * sizeof *own);
  program->indices[program->n_indices++] = own;
  program->index_bytes += n * (int64_t) sizeof *own;
  *copy = own;
  return RP_OK;
}

/* ---- leaves ---- */

static void fill_constants(const rp_program *program, const rp_plan *plan) {
  const int32_t lanes = plan->lanes;
  for (int32_t i = 0; i < plan->n_items; i++) {
    const rp_item *item = &plan->items[i];
    if (item->op != RP_OP_CONST) continue;
    const rp_node *node = rp_graph_node(plan->graph, item->node);
    if (item->single.where == RP_IN_CONSTANTS) {
      const double *values = item->n == 1 ? &node->value : node->data;
      for (int64_t k = 0; k < item->n; k++) program->constants[item->single.offset + k] = values[k];
    }
    if (item->place.where != RP_IN_CONSTANTS) continue;
    double *to = program->constants + item->place.offset;
    if (item->n == 1) {
      for (int k = 0; k < 8; k++) to[k] = node->value;
      continue;
    }
    for (int64_t k = 0; k < item->n; k++) {
      for (int32_t lane = 0; lane < lanes; lane++) to[k * lanes + lane] = node->data[k];
    }
    /* the padding takes part in the arithmetic: an ordinary number there keeps the fast paths fast */
    for (int64_t k = item->n * lanes; k % 8 != 0; k++) to[k] = 1.0;
  }
  for (int32_t i = 0; i < program->n_body_constants; i++) {
    double *to = program->constants + program->body_constants[i].place.offset;
    for (int k = 0; k < 8; k++) to[k] = program->body_constants[i].value;
  }
}

static rp_code emit_loads(rp_program *program, const rp_plan *plan, rp_status *status) {
  program->loads = malloc(((size_t) plan->n_items + 1) * sizeof *program->loads);
  if (!program->loads) return rp_fail_memory(status, "the parameters of a program");
  for (int32_t i = 0; i < plan->n_items; i++) {
    const rp_item *item = &plan->items[i];
    if ((item->op != RP_OP_PARAM && item->op != RP_OP_INPUT) || item->place.where == RP_NOWHERE) continue;
    const rp_node *node = rp_graph_node(plan->graph, item->node);
    program->loads[program->n_loads++] =
      (rp_load){.is_input = item->op == RP_OP_INPUT, .offset = node->attribute[0], .n = item->n, .to = item->place};
  }
  return RP_OK;
}

/* ---- loops and scalar code ---- */

static rp_operand operand_of(const rp_plan *plan, int32_t id, rp_place place) {
  const rp_item *item = &plan->items[id];
  if (item->n == 1) return (rp_operand){place, 0, 0};
  const rp_item *root = &plan->items[rp_plan_root(plan, id)];
  const int block_only = root->kind == RP_ITEM_LOOP && item->kind != RP_ITEM_VIEW && !item->is_whole;
  return (rp_operand){place, 8, !block_only};
}

static rp_operand input_of(const rp_plan *plan, const rp_item *item, int32_t k) {
  if (k >= item->n_in) return (rp_operand){{RP_NOWHERE, 0}, 0, 0};
  return operand_of(plan, item->in[k], plan->items[item->in[k]].place);
}

/* Results of an item that has perhaps two: the joint operations store theirs in a fixed order. */
static void set_results(const rp_plan *plan, int32_t id, rp_draft *draft) {
  const rp_item *item = &plan->items[id];
  draft->d = operand_of(plan, id, item->place);
  if (item->second < 0) return;
  const rp_item *second = &plan->items[item->second];
  draft->d2 = operand_of(plan, item->second, second->place);
  if (second->offset == 0) {
    const rp_operand first = draft->d2;
    draft->d2 = draft->d;
    draft->d = first;
  }
}

static rp_code emit_scalar(rp_program *program, const rp_plan *plan, int32_t id, rp_status *status) {
  const rp_item *item = &plan->items[id];
  rp_draft *draft = rp_emit_draft(program, status);
  if (!draft) return RP_NO_MEMORY;
  draft->op = item->op;
  set_results(plan, id, draft);
  draft->a = input_of(plan, item, 0);
  draft->b = input_of(plan, item, 1);
  draft->c = input_of(plan, item, 2);
  if (item->op == RP_X_COPY) draft->a.place.offset += item->offset * plan->lanes;
  draft->a.advances = draft->b.advances = draft->c.advances = 0;
  return RP_OK;
}

static rp_code emit_splat(rp_program *program, const rp_item *item, rp_status *status) {
  if (!item->is_splat || program->lanes == 8) return RP_OK;
  rp_draft *draft = rp_emit_draft(program, status);
  if (!draft) return RP_NO_MEMORY;
  draft->op = RP_X_SPLAT;
  draft->d.place = draft->a.place = item->place;
  return RP_OK;
}

static void set_matrix(const rp_program *program, const rp_plan *plan, const rp_item *item, rp_draft *draft) {
  const rp_kernels *kernels = program->kernels;
  const int k = rp_log2_lanes(plan->lanes);
  draft->run = item->op == RP_X_MATRIX_VECTOR ? kernels->matrix_vector[k] : kernels->matrix_transposed[k];
  draft->matrix = plan->items[item->source].single;
  draft->rows = item->length;
  draft->columns = item->columns;
  draft->b = draft->a;
  draft->a = (rp_operand){{RP_NOWHERE, 0}, 0, 0};
  if (item->op == RP_X_MATRIX_VECTOR) draft->b.advances = 0;
}

/* Extends the stage's last clear when this one follows it. */
static void add_clear(rp_program *program, const rp_stage *stage, rp_place place, int64_t size) {
  rp_clear *last = program->n_clears > stage->first_clear ? &program->clears[program->n_clears - 1] : NULL;
  if (last && last->place.offset + last->size == place.offset) last->size += size;
  else program->clears[program->n_clears++] = (rp_clear){place, size};
}

static rp_code emit_loop_item(rp_program *program, const rp_plan *plan, const rp_stage *stage, int32_t id,
                              rp_status *status) {
  const rp_item *item = &plan->items[id];
  rp_draft *draft = rp_emit_draft(program, status);
  if (!draft) return RP_NO_MEMORY;
  draft->op = item->op;
  draft->run = program->kernels->block[item->op] ? program->kernels->block[item->op] : rp_generic_kernel;
  set_results(plan, id, draft);
  draft->a = input_of(plan, item, 0);
  draft->b = input_of(plan, item, 1);
  draft->c = input_of(plan, item, 2);
  if (item->op == RP_X_MATRIX_VECTOR || item->op == RP_X_MATRIX_TRANSPOSED) set_matrix(program, plan, item, draft);
  if (rp_is_reduction(item->op) && item->op != RP_OP_SCATTER) {
    draft->d = (rp_operand){item->partials, 0, 0};
    add_clear(program, stage, item->partials, RP_PARTIALS * item->n * plan->lanes);
    program->totals[program->n_totals++] = (rp_total){item->place, item->partials, item->n};
  } else if (item->op == RP_OP_SCATTER) {
    draft->d.advances = 0;
    add_clear(program, stage, item->place, item->n * plan->lanes);
  }
  if (item->op != RP_OP_SCATTER && item->op != RP_OP_GATHER) return RP_OK;
  if (item->op == RP_OP_GATHER) draft->a.advances = 0;
  const rp_node *node = rp_graph_node(plan->graph, item->node);
  const int32_t *copy;
  rp_code code = copy_index(program, node->index, node->n_index, &copy, status);
  if (code) return code;
  draft->index = copy;
  draft->sorted = 1;
  for (int64_t i = 1; i < node->n_index && draft->sorted; i++) draft->sorted = copy[i - 1] <= copy[i];
  return code;
}

static int same_operand(rp_operand x, rp_operand y, int64_t shift) {
  return x.place.where != RP_NOWHERE && x.place.where == y.place.where && x.place.offset + shift == y.place.offset &&
         x.advances == y.advances;
}

/* The kernel of a scalar instruction: one that takes the result of `before` (NULL: unknown) from the register, if
 * there is one; where that result lies `shift` doubles behind the operand of this step. Returns the operand that it
 * replaces, or NULL. */
static const rp_operand *choose_form(const rp_program *program, rp_draft *draft, const rp_draft *before,
                                     int64_t shift) {
  const rp_lane_kernel(*kernels)[RP_FORMS] = program->kernels->lane[rp_log2_lanes(program->lanes)];
  const rp_operand *operands[] = {NULL, &draft->a, &draft->b, &draft->c};
  const int32_t op = kernels[draft->op][0] ? draft->op : RP_X_GENERIC;
  draft->run_lane = kernels[op][0];
  if (!before || before->op == RP_X_SPLAT) return NULL;
  for (int form = 1; form < RP_FORMS; form++) {
    if (!kernels[op][form] || !same_operand(*operands[form], before->d, shift)) continue;
    draft->run_lane = kernels[op][form];
    return operands[form];
  }
  return NULL;
}

rp_place rp_emit_forms(rp_program *program, int32_t first, int32_t n, int repeated) {
  rp_place before = {RP_NOWHERE, 0};
  rp_draft *code = program->drafts + first;
  for (int32_t k = 0; k < n; k++) {
    if (k > 0) {
      choose_form(program, &code[k], &code[k - 1], 0);
    } else {
      const int carried = repeated && code[n - 1].d.advances;
      const rp_operand *operand = choose_form(program, &code[0], carried ? &code[n - 1] : NULL, program->lanes);
      if (operand) before = operand->place;
    }
  }
  return before;
}

/* ---- whole arrays ---- */

static rp_code emit_array_op(rp_program *program, rp_plan *plan, int32_t id, rp_status *status) {
  const rp_item *item = &plan->items[id];
  rp_array_op *op = &program->array_ops[program->n_array_ops++];
  op->node = *rp_graph_node(plan->graph, item->node);
  op->node.in = NULL;
  op->node.data = NULL;
  op->node.scan = NULL;
  op->n_in = item->n_in;
  op->out = item->place;
  op->in = malloc(((size_t) item->n_in + 1) * sizeof *op->in);
  op->in_n = malloc(((size_t) item->n_in + 1) * sizeof *op->in_n);
  if (!op->in || !op->in_n) return rp_fail_memory(status, "the inputs of an operation");
  for (int32_t k = 0; k < item->n_in; k++) {
    const rp_item *input = &plan->items[item->in[k]];
    op->in[k] = (rp_operand){input->place, input->n == 1 ? 0 : plan->lanes, 0};
    if (!rp_array_op_is_native(item->op) && input->op == RP_OP_CONST) op->in[k] = (rp_operand){input->single, 0, 0};
    op->in_n[k] = input->n;
  }
  if (item->n_in > program->most_inputs) program->most_inputs = item->n_in;
  rp_code code = RP_OK;
  if (op->node.index) code = copy_index(program, op->node.index, op->node.n_index, &op->node.index, status);
  if (!code) code = rp_array_op_prepare(program, plan, item, op, status);
  return code;
}

/* ---- stages ---- */

static rp_code emit_group(rp_program *program, rp_plan *plan, const rp_group *group, rp_status *status) {
  rp_stage stage = {.kind = group->kind, .length = group->length, .first_clear = program->n_clears,
                    .first_total = program->n_totals};
  rp_code code = RP_OK;
  stage.first = group->kind == RP_ITEM_ARRAY ? program->n_array_ops : program->n_drafts;
  const int32_t *ids = plan->order + group->first;
  for (int32_t k = 0; k < group->n && !code; k++) {
    if (group->kind == RP_ITEM_SCALAR) code = emit_scalar(program, plan, ids[k], status);
    else if (group->kind == RP_ITEM_LOOP) code = emit_loop_item(program, plan, &stage, ids[k], status);
    else code = emit_array_op(program, plan, ids[k], status);
  }
  for (int32_t k = 0; k < group->n && !code && group->kind == RP_ITEM_SCALAR; k++) {
    const rp_item *item = &plan->items[ids[k]];
    code = emit_splat(program, item, status);
    if (item->second >= 0 && !code) code = emit_splat(program, &plan->items[item->second], status);
  }
  stage.n = (group->kind == RP_ITEM_ARRAY ? program->n_array_ops : program->n_drafts) - stage.first;
  if (group->kind == RP_ITEM_SCALAR && !code) rp_emit_forms(program, stage.first, stage.n, 0);
  stage.n_clear = program->n_clears - stage.first_clear;
  stage.n_total = program->n_totals - stage.first_total;
  program->stages[program->n_stages++] = stage;
  return code;
}

rp_code rp_emit(rp_program *program, rp_plan *plan, rp_status *status) {
  const size_t n = (size_t) plan->n_items + 1;
  program->lanes = plan->lanes;
  program->stages = malloc(n * sizeof *program->stages);
  program->array_ops = calloc(n, sizeof *program->array_ops);
  program->clears = malloc(n * sizeof *program->clears);
  program->totals = malloc(n * sizeof *program->totals);
  if (!program->stages || !program->array_ops || !program->clears || !program->totals) {
    return rp_fail_memory(status, "the stages of a program");
  }
  rp_code code = emit_loads(program, plan, status);
  for (int32_t g = 0; g < plan->n_groups && !code; g++) code = emit_group(program, plan, &plan->groups[g], status);
  if (code) return code;
  program->constants = rp_new_doubles(plan->constant_size);
  if (!program->constants) return rp_fail_memory(status, "the constants of a program");
  program->constant_size = plan->constant_size;
  fill_constants(program, plan);
  program->arena_size = plan->arena_size;
  program->n_slots = plan->n_slots;
  return RP_OK;
}
