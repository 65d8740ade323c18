/* Making and running programs. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "code.h"

/* Not aligned_alloc(), which Windows does not have: the pointer that malloc() gave lies just before the doubles. */
double *rp_new_doubles(int64_t n) {
  const size_t size = ((size_t) n * sizeof(double) / 64 + 2) * 64;
  char *block = malloc(size + 128);
  if (!block) return NULL;
  char *aligned = (char *) (((uintptr_t) block + 127) / 64 * 64);
  memcpy(aligned - sizeof block, &block, sizeof block);
  return memset(aligned, 0, size);
}

void rp_free_doubles(double *p) {
  if (!p) return;
  void *block;
  memcpy(&block, (char *) p - sizeof block, sizeof block);
  free(block);
}

/* ---- making ---- */

static rp_code make_plan(rp_plan *plan, const rp_graph *g, const rp_node_id *outputs, int32_t n_outputs,
                         int32_t *output_items, int32_t lanes, rp_status *status) {
  rp_code code = rp_plan_collect(plan, g, outputs, n_outputs, output_items, lanes, 0, status);
  if (!code) code = rp_plan_uses(plan, status);
  if (!code) {
    rp_plan_fuse(plan);
    code = rp_plan_uses(plan, status);
  }
  if (!code) code = rp_plan_schedule(plan, status);
  if (!code) code = rp_plan_place(plan, status);
  return code;
}

static rp_code set_outputs(rp_program *program, const rp_plan *plan, int32_t n, const int32_t *output_items,
                           rp_status *status) {
  program->outputs = malloc(((size_t) n + 1) * sizeof *program->outputs);
  if (!program->outputs) return rp_fail_memory(status, "the outputs of a program");
  program->n_outputs = n;
  for (int32_t i = 0; i < n; i++) program->outputs[i] = plan->items[output_items[i]].place;
  return RP_OK;
}

rp_program *rp_program_new(const rp_graph *g, const rp_node_id *outputs, int32_t n_outputs, rp_isa isa, int32_t lanes,
                           rp_status *status) {
  const rp_kernels *kernels = rp_kernels_of(isa);
  if (!kernels) {
    rp_fail(status, RP_UNSUPPORTED, NULL, "this machine does not have the instruction set '%s'", rp_isa_name(isa));
    return NULL;
  }
  if (lanes != 1 && lanes != 2 && lanes != 4 && lanes != 8) {
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "a program has 1, 2, 4 or 8 lanes, not %d", lanes);
    return NULL;
  }
  rp_plan plan = {0};
  rp_program *program = calloc(1, sizeof *program);
  int32_t *output_items = malloc(((size_t) n_outputs + 1) * sizeof *output_items);
  rp_code code = program && output_items ? RP_OK : rp_fail_memory(status, "a program");
  if (!code) {
    program->kernels = kernels;
    code = make_plan(&plan, g, outputs, n_outputs, output_items, lanes, status);
  }
  if (!code) code = rp_emit(program, &plan, status);
  if (!code) code = set_outputs(program, &plan, n_outputs, output_items, status);
  rp_plan_free(&plan);
  free(output_items);
  if (!code) return program;
  rp_program_free(program);
  return NULL;
}

void rp_program_free(rp_program *program) {
  if (!program) return;
  for (int32_t i = 0; i < program->n_array_ops; i++) {
    free(program->array_ops[i].in);
    free(program->array_ops[i].in_n);
  }
  for (int32_t i = 0; i < program->n_indices; i++) free(program->indices[i]);
  rp_free_doubles(program->constants);
  free(program->drafts);
  free(program->array_ops);
  free(program->stages);
  free(program->clears);
  free(program->totals);
  free(program->loads);
  free(program->outputs);
  free(program->indices);
  free(program->body_constants);
  free(program);
}

static int64_t most_read(const rp_program *program, int is_input) {
  int64_t n = 0;
  for (int32_t k = 0; k < program->n_loads; k++) {
    const rp_load *load = &program->loads[k];
    if (load->is_input == is_input && load->offset + load->n > n) n = load->offset + load->n;
  }
  return n;
}

int64_t rp_program_params(const rp_program *program) { return most_read(program, 0); }
int64_t rp_program_inputs(const rp_program *program) { return most_read(program, 1); }

/* ---- work ---- */

static size_t mask_of(const rp_program *program, const rp_draft *draft, rp_operand operand) {
  if (operand.advances) return ~(size_t) 0;
  return draft->run_lane ? (size_t) program->lanes - 1 : 0;
}

static rp_instruction resolve(const rp_work *work, const rp_draft *draft) {
  const rp_program *program = work->program;
  return (rp_instruction){
    .run = draft->run, .run_lane = draft->run_lane, .op = draft->op, .lanes = program->lanes,
    .index = draft->index, .sorted = draft->sorted,
    .matrix = rp_at(work, draft->matrix), .rows = (size_t) draft->rows, .columns = (size_t) draft->columns,
    .d = rp_at(work, draft->d.place), .d_mask = mask_of(program, draft, draft->d),
    .d2 = rp_at(work, draft->d2.place), .d2_mask = mask_of(program, draft, draft->d2),
    .a = rp_at(work, draft->a.place), .a_mask = mask_of(program, draft, draft->a), .a_step = draft->a.step,
    .b = rp_at(work, draft->b.place), .b_mask = mask_of(program, draft, draft->b), .b_step = draft->b.step,
    .c = rp_at(work, draft->c.place), .c_mask = mask_of(program, draft, draft->c), .c_step = draft->c.step};
}

rp_work *rp_work_new(const rp_program *program, rp_status *status) {
  rp_work *work = calloc(1, sizeof *work);
  if (work) {
    work->program = program;
    work->arena = rp_new_doubles(program->arena_size);
    work->instructions = malloc(((size_t) program->n_drafts + 1) * sizeof *work->instructions);
    work->pointers = malloc(((size_t) program->most_inputs + 1) * sizeof *work->pointers);
    work->steps = malloc(((size_t) program->most_inputs + 1) * sizeof *work->steps);
  }
  if (!work || !work->arena || !work->instructions || !work->pointers || !work->steps) {
    rp_work_free(work);
    rp_fail_memory(status, "the memory of a program");
    return NULL;
  }
  for (int32_t i = 0; i < program->n_drafts; i++) work->instructions[i] = resolve(work, &program->drafts[i]);
  return work;
}

void rp_work_free(rp_work *work) {
  if (!work) return;
  rp_free_doubles(work->arena);
  free(work->instructions);
  free(work->pointers);
  free(work->steps);
  free(work);
}

/* ---- running ---- */

static void load(const rp_work *work, const rp_load *item, const double *from) {
  const size_t lanes = (size_t) work->program->lanes;
  double *to = rp_at(work, item->to);
  from += (size_t) item->offset * lanes;
  if (item->n != 1) {
    memcpy(to, from, (size_t) item->n * lanes * sizeof *to);
  } else {
    for (size_t i = 0; i < 8; i++) to[i] = from[i & (lanes - 1)];
  }
}

static void run_loop(const rp_work *work, const rp_stage *stage) {
  const rp_program *program = work->program;
  for (int32_t k = 0; k < stage->n_clear; k++) {
    const rp_clear *clear = &program->clears[stage->first_clear + k];
    memset(rp_at(work, clear->place), 0, (size_t) clear->size * sizeof(double));
  }
  const rp_instruction *begin = work->instructions + stage->first, *end = begin + stage->n;
  const size_t size = (size_t) stage->length * (size_t) program->lanes;
  for (size_t offset = 0; offset < size; offset += RP_BLOCK) {
    const size_t count = size - offset < RP_BLOCK ? size - offset : RP_BLOCK;
    for (const rp_instruction *instruction = begin; instruction < end; instruction++)
      instruction->run(instruction, offset, count);
  }
  for (int32_t k = 0; k < stage->n_total; k++) {
    const rp_total *total = &program->totals[stage->first_total + k];
    double *to = rp_at(work, total->to), *partials = rp_at(work, total->partials);
    for (int64_t i = 0; i < total->n; i++)
      program->kernels->total(to + i * program->lanes, partials + i * RP_PARTIALS * program->lanes, program->lanes);
    if (total->n == 1) rp_splat(to, program->lanes);
  }
}

static void run_scalars(const rp_work *work, const rp_stage *stage) {
  const int32_t lanes = work->program->lanes;
  work->program->kernels->run_code[rp_log2_lanes(lanes)](work->instructions + stage->first, stage->n, 1, lanes, NULL);
}

void rp_program_run(const rp_program *program, rp_work *work, const double *params, const double *inputs,
                    const rp_random_key *keys) {
  for (int32_t k = 0; k < program->n_loads; k++)
    load(work, &program->loads[k], program->loads[k].is_input ? inputs : params);
  for (int32_t s = 0; s < program->n_stages; s++) {
    const rp_stage *stage = &program->stages[s];
    if (stage->kind == RP_ITEM_LOOP) {
      run_loop(work, stage);
    } else if (stage->kind == RP_ITEM_SCALAR) {
      run_scalars(work, stage);
    } else {
      for (int32_t k = 0; k < stage->n; k++) rp_array_op_run(work, &program->array_ops[stage->first + k], keys);
    }
  }
}

const double *rp_work_output(const rp_work *work, int32_t output) {
  return rp_at(work, work->program->outputs[output]);
}

/* ---- any elementwise operation ---- */

void rp_generic_kernel(const rp_instruction *instruction, size_t offset, size_t count) {
  double *d = instruction->d + (offset & instruction->d_mask);
  const double *a = instruction->a + (offset & instruction->a_mask);
  const double *b = instruction->b ? instruction->b + (offset & instruction->b_mask) : a;
  const double *c = instruction->c ? instruction->c + (offset & instruction->c_mask) : a;
  const size_t a_step = (size_t) instruction->a_step, b_step = (size_t) instruction->b_step;
  const size_t c_step = (size_t) instruction->c_step;
  for (size_t i = 0; i < count; i++) {
    const size_t group = i / 8, k = i % 8;
    d[i] = rp_elementwise((rp_op) instruction->op, a[group * a_step + k], b[group * b_step + k], c[group * c_step + k]);
  }
}
