/* Outputs of a graph at the same parameters under many random keys: draws of a guide, and ELBO estimates at them.
 *
 * Several are evaluated in lock-step, in the lanes of one program, where its cost (rp_program_cost) says that this
 * pays; what comes out is, bit for bit, what evaluating one by one gives. Belongs to one thread. */
#ifndef RP_INFER_VALUES_H
#define RP_INFER_VALUES_H

#include "../exec/program.h"

typedef struct rp_values rp_values;

/* The graph is read only during the call. lanes: 0 as many as pay, or 1, 2, 4, 8. NULL: status says why. */
rp_values *rp_values_new(const rp_graph *g, const rp_node_id *outputs, int32_t n_outputs, rp_isa isa, int32_t lanes,
                         rp_status *status);
void rp_values_free(rp_values *values);
/* Keys with draw number first.draw, first.draw + 1, ..: n of them. out[k]: [n][elements of output k]. */
void rp_values_run(rp_values *values, const double *params, const double *inputs, rp_random_key first, int64_t n,
                   double *const *out);

#endif
