/* Adjoints: what each operation contributes to the derivatives of its inputs, as more nodes of the same graph.
 *
 * The adjoint of NAME is the function adjoint_NAME declared below for every row of ops.def. reverse.c visits nodes
 * from the output back and calls the adjoint of each node that has a seed. An adjoint builds nodes with the ordinary
 * constructors on rp_reverse_graph() and hands them to rp_accumulate(); it returns nothing, failures are in the
 * graph's sticky status.
 *
 * Which file: adjoint_special.c has LGAMMA GAMMA DIGAMMA TRIGAMMA TETRAGAMMA PENTAGAMMA PNORM LOG_PNORM QNORM,
 * GAMMA_*, BESSEL_*, BETA_*; adjoint_linalg.c has MATMUL ... SVD; adjoint_scan.c SCAN and AFFINE_SCAN;
 * adjoint_arrays.c rearranging, reductions, order, random; adjoint_elementwise.c leaves and all other elementwise
 * operations.
 *
 * Lengths. The seed of an elementwise node may be a scalar, which then stands for every element. Every other node
 * gets a seed of its own length, except SUM, SLICE, GATHER, CONCAT and BROADCAST, which handle scalar seeds
 * themselves. */
#ifndef RP_GRAPH_ADJOINT_H
#define RP_GRAPH_ADJOINT_H

#include "graph.h"

typedef struct rp_reverse rp_reverse;
typedef void (*rp_adjoint)(rp_reverse *r, rp_node_id node, rp_node_id seed);

rp_graph *rp_reverse_graph(rp_reverse *r);

/* Whether the derivative of this node is asked for at all: lets an adjoint skip work.  rp_accumulate() on an unwanted
 * node is ignored, so asking is optional. */
int rp_wanted(const rp_reverse *r, rp_node_id input);

/* Adds to the adjoint of an input of the node being visited. When that node is elementwise, the contribution is one
 * per element of the node (a scalar: the same for each) and is summed here if the input is a scalar. When it is not,
 * the contribution has the input's length, or is a scalar that every element of the input gets. */
void rp_accumulate(rp_reverse *r, rp_node_id input, rp_node_id contribution);

/* The same for elements offset .. offset + n of the input only; the contribution has length n, or is a scalar for
 * each. */
void rp_accumulate_slice(rp_reverse *r, rp_node_id input, int64_t offset, int64_t n, rp_node_id contribution);

/* Says that part of an input's adjoint is an exact 0 because a condition did not choose it.  From there down,
 * operations whose derivative may be infinite or NaN give 0 where their adjoint is 0, so that ifelse(x > 0, sqrt(x),
 * 0) has a derivative for x < 0. */
void rp_mask(rp_reverse *r, rp_node_id input);

/* Records RP_UNSUPPORTED: "the derivative of <what> is not available", if the input's derivative is wanted. */
void rp_no_derivative(rp_reverse *r, rp_node_id input, const char *what);
/* Whether the output depends on an element of the node, seen element by element: an adjoint may be an array of which
 * all elements are 0. */
int rp_output_needs(rp_reverse *r, rp_node_id id);

#define RP_OP(NAME, name, shape) void adjoint_##NAME(rp_reverse *r, rp_node_id node, rp_node_id seed);
#include "ops.def"
#undef RP_OP

#endif
