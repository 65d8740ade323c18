/* What src/graph knows of operations beyond the public rp_op_*() functions: columns of ops.def. */
#ifndef RP_GRAPH_OPS_H
#define RP_GRAPH_OPS_H

#include "graph.h"

int rp_op_n_attributes(rp_op op);
int rp_op_has_index(rp_op op);
int rp_op_is_commutative(rp_op op);
int rp_op_is_body_leaf(rp_op op); /* CARRY, STEP, INVARIANT */

#endif
