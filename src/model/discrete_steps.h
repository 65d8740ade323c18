/* The steps of an elimination, for what goes through them again: draws, and what each factor's variables have from all
 * other factors (discrete_cavity.c). */
#ifndef RP_MODEL_DISCRETE_STEPS_H
#define RP_MODEL_DISCRETE_STEPS_H

#include "discrete_parts.h"

/* A row of a table, and where it has been used up. */
typedef struct {
  int32_t table, row, used, step, place, step_row;
} rp_factor;

typedef struct {
  int32_t factor, next;
} rp_link;

/* Variables taken out together; the first of their tuples (variable, neighbours ..) is the variable itself. */
typedef struct {
  int32_t group, n_axes, n_factors;
  int64_t n_rows;
  int32_t n_values[RP_MOST_MEMBERS + 1];
  int32_t *tuple;      /* [n_axes][n_rows] */
  int32_t *factors;    /* [n_factors][n_rows] */
  const int32_t *axes; /* [n_factors][RP_MOST_MEMBERS]: each factor's axes, as places in the tuple */
  int32_t n_sums;      /* combinations of the neighbours' values */
  rp_node_id *sum;     /* [n_sums][values of the variable]: the factors' sum, variable fastest */
  int32_t message;     /* the table over the neighbours, where there are any, and each row's row in it */
  const int32_t *message_row;
} rp_taken;

struct rp_elimination {
  rp_discrete *d;
  rp_tables *tables;
  const int32_t *group;
  rp_factor *factors;
  int32_t n_factors, cap_factors;
  rp_link *links;
  int32_t n_links, cap_links, *head; /* head: by variable */
  uint8_t *alive, *blocked;
  int32_t n_alive;
  rp_taken *steps;
  int32_t n_steps, cap_steps;
  int32_t *step_of, *row_of; /* by variable */
  rp_node_id *totals;
};

/* Entries of the factors at one place of a step, row by row: a vector, or a scalar when they are all the same. */
rp_node_id rp_taken_pick(rp_elimination *e, const rp_taken *s, int32_t place, int32_t entry);
/* Elements of several nodes as one vector: element at[i] of node from[i] of the n_nodes nodes, which have these
 * lengths or are scalars. */
rp_node_id rp_gather_from(rp_graph *g, const rp_node_id *nodes, const int64_t *lengths, int32_t n_nodes,
                          const int32_t *from,
                          const int32_t *at, int64_t n);
/* log-sum-exp of n nodes, elementwise. */
rp_node_id rp_log_sum_exp_of(rp_graph *g, const rp_node_id *terms, int32_t n);

#endif
