/* The program as it is kept: immutable, without pointers into any arena, shared by all rp_works.
 *
 * emit.c writes it from the plan, program.c runs it, array_ops.c holds the whole-array operations, print.c lists
 * it. Pointers become real in rp_work_new(), which makes an rp_instruction of each rp_draft. */
#ifndef RP_EXEC_CODE_H
#define RP_EXEC_CODE_H

#include "../graph/evaluate.h"
#include "plan.h"

typedef struct {
  rp_place place;
  int32_t step;    /* 8 for vectors, 0 for scalars */
  int32_t advances; /* 1 when the place is that of the whole vector */
} rp_operand;

/* An instruction before its addresses are known. */
typedef struct {
  rp_kernel run;
  rp_lane_kernel run_lane;
  int32_t op;
  rp_operand d, d2, a, b, c;
  const int32_t *index; /* owned by the program */
  int32_t sorted;       /* the index never decreases */
  rp_place matrix;
  int64_t rows, columns;
} rp_draft;

/* A whole-array operation. */
typedef struct {
  rp_node node; /* a copy: in, data and scan are NULL, index belongs to the program */
  int32_t n_in;
  rp_operand *in; /* owned; step is in doubles from element to element: lanes or 0 */
  int64_t *in_n;  /* owned */
  rp_place out;
  rp_place scratch;
  int32_t first_code, n_code; /* SCAN: its body in drafts */
  rp_place before;            /* SCAN: see rp_emit_forms() */
  int32_t zero_b;             /* AFFINE_SCAN: b is the constant 0 */
} rp_array_op;

typedef struct {
  rp_place place;
  int64_t size; /* doubles */
} rp_clear;

typedef struct {
  rp_place to, partials;
  int64_t n; /* 1: to is a scalar's slot */
} rp_total;

typedef struct {
  rp_item_kind kind; /* SCALAR, ARRAY or LOOP */
  int64_t length;
  int32_t first, n; /* drafts, or array operations */
  int32_t first_clear, n_clear, first_total, n_total;
} rp_stage;

/* A constant of a scan's body. */
typedef struct {
  rp_place place;
  double value;
} rp_body_constant;

/* A parameter or input leaf to be copied into the arena before the first stage. */
typedef struct {
  int32_t is_input;
  int64_t offset, n; /* elements */
  rp_place to;
} rp_load;

struct rp_program {
  const rp_kernels *kernels;
  int32_t lanes;
  double *constants; /* 64-byte aligned */
  int64_t constant_size, arena_size; /* doubles */
  int64_t index_bytes;
  rp_draft *drafts;
  rp_array_op *array_ops;
  rp_stage *stages;
  rp_clear *clears;
  rp_total *totals;
  rp_load *loads;
  rp_place *outputs;
  rp_body_constant *body_constants;
  int32_t **indices; /* storage of index vectors */
  int32_t n_drafts, n_array_ops, n_stages, n_clears, n_totals, n_loads, n_outputs, n_indices;
  int32_t n_body_constants, most_inputs, n_slots;
  int32_t room_drafts, room_indices, room_body_constants;
};

struct rp_work {
  const rp_program *program;
  double *arena; /* 64-byte aligned */
  rp_instruction *instructions;
  const double **pointers; /* room for the pointers of one array operation */
  size_t *steps;
};

/* Writes program from plan; the constants' values, too. */
rp_code rp_emit(rp_program *program, rp_plan *plan, rp_status *status);
/* Appends the instructions of a scan's body. */
rp_code rp_emit_scan(rp_program *program, rp_plan *plan, const rp_item *item, rp_array_op *op, rp_status *status);
rp_draft *rp_emit_draft(rp_program *program, rp_status *status); /* a new draft, cleared; NULL: no memory */
rp_code rp_emit_constant(rp_program *program, rp_place place, double value, rp_status *status);
/* Chooses the kernels of n drafts of scalar code. repeated: they run again and again, step by step. Returns the place
 * whose value at the first step the first instruction wants as the result of the one before, if it wants one. */
rp_place rp_emit_forms(rp_program *program, int32_t first, int32_t n, int repeated);

/* Fills in what a whole-array operation needs beyond its inputs: scratch memory. */
rp_code rp_array_op_prepare(rp_program *program, rp_plan *plan, const rp_item *item, rp_array_op *op,
                            rp_status *status);
void rp_array_op_run(const rp_work *work, const rp_array_op *op, const rp_random_key *keys);

/* 64-byte aligned, zeroed; NULL: no memory. Freed with rp_free_doubles. */
double *rp_new_doubles(int64_t n);
void rp_free_doubles(double *p);

/* Repeats the lanes of a scalar through its slot. */
static inline void rp_splat(double *slot, int32_t lanes) {
  for (int32_t i = lanes; i < 8; i++) slot[i] = slot[i - lanes];
}

/* Position of a lane count in tables of kernels. */
static inline int rp_log2_lanes(int32_t lanes) { return lanes == 8 ? 3 : lanes / 2; }

static inline double *rp_at(const rp_work *work, rp_place place) {
  double *base = place.where == RP_IN_CONSTANTS ? work->program->constants : work->arena;
  return place.where == RP_NOWHERE ? NULL : base + place.offset;
}

#endif
