/* The plan: what rp_program_new() knows while it turns a graph into a program.
 *
 * plan.c copies the nodes that the outputs need into items; fuse.c joins neighbouring operations into one;
 * schedule.c decides in which stage each item is computed; place.c decides where its value lies; program.c writes the
 * instructions down. An rp_plan owns its memory and borrows the graph; it lives during rp_program_new() only.
 * Functions return RP_NO_MEMORY at most. */
#ifndef RP_EXEC_PLAN_H
#define RP_EXEC_PLAN_H

#include "kernels.h"

/* How an item gets its value. Within a stage scalars come first, then arrays, then loops. */
typedef enum {
  RP_ITEM_LEAF,   /* constant, parameter or input: there before the first stage */
  RP_ITEM_SCALAR, /* one element, by scalar code */
  RP_ITEM_ARRAY,  /* whole arrays at a time: linear algebra, scans, concatenation, ... */
  RP_ITEM_LOOP,   /* part of a blocked loop */
  RP_ITEM_VIEW,   /* elements of another item */
  RP_ITEM_SECOND, /* the second result of another item */
  RP_ITEM_DEAD    /* absorbed by another item */
} rp_item_kind;

/* Where a value lies, in doubles from the beginning of the constants or of the arena. */
typedef struct {
  enum { RP_NOWHERE, RP_IN_CONSTANTS, RP_IN_ARENA } where;
  int64_t offset;
} rp_place;

typedef struct {
  int32_t op; /* rp_op or RP_X_... */
  rp_item_kind kind;
  int32_t n_in;
  int32_t *in;       /* items */
  rp_node_id node;   /* of the graph */
  int64_t n;         /* elements of the value */
  int64_t length;    /* elements of the loop */
  int64_t columns;   /* of the matrix of a product in a loop */
  int32_t source;    /* that matrix */
  int64_t offset;    /* of a view, and of scalars copied out of an array, in elements */
  int32_t base;      /* of a VIEW: the item it shows; of a SECOND: the item that computes it; else the item itself */
  int32_t second;    /* the item that holds the second result, -1 when there is none */
  int32_t stage;
  int32_t group;
  int32_t last_group; /* that reads the value; INT32_MAX for outputs */
  int8_t is_output;
  int8_t is_whole;   /* a vector of which all elements are kept, not only the current block */
  int8_t is_splat;   /* a scalar read by vector kernels */
  rp_place place;
  rp_place partials; /* of sums */
  rp_place single;   /* of a constant: a copy that is not repeated for each lane */
  int8_t is_single;  /* such a copy is needed */
  int32_t first_use, n_uses; /* in plan->uses, after rp_plan_uses() */
} rp_item;

/* Items computed together, in order of execution. */
typedef struct {
  rp_item_kind kind; /* SCALAR, ARRAY or LOOP */
  int32_t stage;
  int64_t length; /* of a loop, in elements */
  int32_t first, n; /* in plan->order */
} rp_group;

typedef struct {
  const rp_graph *graph;
  int32_t lanes;
  rp_item *items;
  int32_t n_items;
  int32_t *inputs; /* storage of item.in */
  int32_t *spare;  /* its unused end, 3 places per item, for fused items */
  int32_t *uses;   /* items that use an item */
  rp_group *groups;
  int32_t n_groups;
  int32_t *order; /* items by group */
  int64_t constant_size, arena_size; /* in doubles */
  int32_t n_slots; /* vectors of one block */
} rp_plan;

/* Items for all that the outputs need; output_items[i] is the item of output i. in_body: the graph is the body of a
 * scan. */
rp_code rp_plan_collect(rp_plan *plan, const rp_graph *g, const rp_node_id *outputs, int32_t n_outputs,
                        int32_t *output_items, int32_t lanes, int in_body, rp_status *status);
void rp_plan_fuse(rp_plan *plan);
/* Fills uses; dead items use nothing. */
rp_code rp_plan_uses(rp_plan *plan, rp_status *status);
rp_code rp_plan_schedule(rp_plan *plan, rp_status *status);
rp_code rp_plan_place(rp_plan *plan, rp_status *status);
void rp_plan_free(rp_plan *plan);

/* The loop needs all of its input before it begins. */
int rp_needs_all(int32_t op);
/* Whole-array operations with code of their own; the reference evaluator does the others, one lane after the other. */
int rp_array_op_is_native(int32_t op);
/* The item that computes a value: follows views and second results. */
int32_t rp_plan_root(const rp_plan *plan, int32_t id);
/* Room in the arena or among the constants, rounded up to 8 doubles. */
rp_place rp_plan_reserve(rp_plan *plan, int64_t n);
rp_place rp_plan_reserve_constant(rp_plan *plan, int64_t n);
/* The loop adds to this value block by block; it is complete only when the loop is over. */
int rp_is_reduction(int32_t op);

#endif
