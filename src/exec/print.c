/* Listings of programs. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "code.h"

rp_program_size rp_program_measure(const rp_program *program) {
  rp_program_size size = {.arena_bytes = program->arena_size * (int64_t) sizeof(double),
                          .constant_bytes = program->constant_size * (int64_t) sizeof(double),
                          .code_bytes = program->index_bytes,
                          .n_stages = program->n_stages,
                          .n_slots = program->n_slots,
                          .n_instructions = program->n_drafts + program->n_array_ops};
  size.code_bytes += (int64_t) sizeof *program + program->n_drafts * (int64_t) sizeof *program->drafts +
                     program->n_array_ops * (int64_t) sizeof *program->array_ops +
                     program->n_stages * (int64_t) sizeof *program->stages;
  size.work_bytes = size.arena_bytes + program->n_drafts * (int64_t) sizeof(rp_instruction);
  for (int32_t s = 0; s < program->n_stages; s++) size.n_loops += program->stages[s].kind == RP_ITEM_LOOP;
  for (int32_t i = 0; i < program->n_array_ops; i++) {
    const rp_op op = program->array_ops[i].node.op;
    size.n_scans += op == RP_OP_SCAN || op == RP_OP_AFFINE_SCAN;
  }
  return size;
}

/* A growing string; text is NULL after a failed allocation. */
typedef struct {
  char *text;
  size_t length, room;
} writer;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void put(writer *w, const char *format, ...) {
  if (!w->text) return;
  for (;;) {
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(w->text + w->length, w->room - w->length, format, arguments);
    va_end(arguments);
    if (n >= 0 && (size_t) n < w->room - w->length) {
      w->length += (size_t) n;
      return;
    }
    char *larger = n < 0 ? NULL : realloc(w->text, 2 * w->room + (size_t) n);
    if (!larger) {
      free(w->text);
      w->text = NULL;
      return;
    }
    w->text = larger;
    w->room = 2 * w->room + (size_t) n;
  }
}

static const char *name_of(int32_t op) {
  switch (op) {
  case RP_X_FMA: return "multiply_add";
  case RP_X_FNMA: return "subtract_product";
  case RP_X_FMS: return "multiply_subtract";
  case RP_X_NMUL: return "minus_product";
  case RP_X_DOT: return "dot";
  case RP_X_COPY: return "copy";
  case RP_X_MATRIX_VECTOR: return "matrix_vector";
  case RP_X_MATRIX_TRANSPOSED: return "transposed_matrix_vector";
  case RP_X_LGAMMA_DIGAMMA: return "lgamma+digamma";
  case RP_X_SOFTPLUS_SIGMOID: return "log1p_exp+sigmoid";
  case RP_X_SPLAT: return "splat";
  default: return rp_op_name((rp_op) op);
  }
}

/* k12: place 12 of the constants; a12: of the arena; a trailing * means that only one block is kept. */
static void put_operand(writer *w, rp_operand operand) {
  if (operand.place.where == RP_NOWHERE) return;
  put(w, " %c%" PRId64 "%s", operand.place.where == RP_IN_CONSTANTS ? 'k' : 'a', operand.place.offset,
      operand.step && !operand.advances ? "*" : "");
}

static void put_draft(writer *w, const rp_draft *draft) {
  put(w, "   ");
  put_operand(w, draft->d);
  put_operand(w, draft->d2);
  put(w, " = %s", name_of(draft->op));
  put_operand(w, draft->a);
  put_operand(w, draft->b);
  put_operand(w, draft->c);
  put(w, "%s\n", draft->run == rp_generic_kernel ? " (one by one)" : "");
}

static void put_array_op(writer *w, const rp_program *program, const rp_array_op *op) {
  put(w, "    a%" PRId64 " = %s", op->out.offset, rp_op_name(op->node.op));
  for (int32_t k = 0; k < op->n_in && k < 8; k++) put_operand(w, (rp_operand){op->in[k].place, 0, 0});
  put(w, "%s [%" PRId64 "]\n", op->n_in > 8 ? " ..." : "", op->node.n);
  for (int32_t k = 0; k < op->n_code; k++) {
    put(w, "  ");
    put_draft(w, &program->drafts[op->first_code + k]);
  }
}

char *rp_program_print(const rp_program *program) {
  writer w = {.text = malloc(1024), .room = 1024};
  const rp_program_size size = rp_program_measure(program);
  put(&w, "program: %s, %d %s", program->kernels->name, program->lanes, program->lanes == 1 ? "lane" : "lanes");
  put(&w, ", arena %" PRId64 " KB, constants %" PRId64 " KB, %d parameters and inputs\n", size.arena_bytes / 1024,
      size.constant_bytes / 1024, program->n_loads);
  for (int32_t s = 0; s < program->n_stages; s++) {
    const rp_stage *stage = &program->stages[s];
    if (stage->kind == RP_ITEM_LOOP) put(&w, "%3d loop over %" PRId64 "\n", s + 1, stage->length);
    else put(&w, "%3d %s\n", s + 1, stage->kind == RP_ITEM_SCALAR ? "scalars" : "arrays");
    for (int32_t k = stage->first; k < stage->first + stage->n; k++) {
      if (stage->kind == RP_ITEM_ARRAY) put_array_op(&w, program, &program->array_ops[k]);
      else put_draft(&w, &program->drafts[k]);
    }
  }
  return w.text;
}
