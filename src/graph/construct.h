/* Constructors used inside src/graph only: node storage below the public constructors, and operations that only
 * adjoints and passes build. */
#ifndef RP_GRAPH_CONSTRUCT_H
#define RP_GRAPH_CONSTRUCT_H

#include "graph.h"

/* Adds the node described by prototype (whose arrays are copied), or returns the equal node that exists already.  No
 * simplification, except that a node whose inputs are all constants becomes a constant. The body graph and next of a
 * scan belong to g from then on if the returned node's scan refers to them. */
rp_node_id rp_intern(rp_graph *g, const rp_node *prototype);

/* Rebuilds a node with other inputs through its public constructor, so that it is simplified; leaves are re-created
 * as they are. */
rp_node_id rp_rebuild(rp_graph *g, const rp_node *node, const rp_node_id *in);

int rp_is_const(const rp_graph *g, rp_node_id id);
int rp_is_uniform(const rp_graph *g, rp_node_id id, double *value); /* a constant, all elements of which are the same */
int rp_is_value(const rp_graph *g, rp_node_id id, double value); /* a constant, all elements of which equal value */
/* Values of a constant node, n of them. */
const double *rp_const_values(const rp_node *node);
int64_t rp_length(const rp_graph *g, rp_node_id id); /* 0 for RP_NONE */
/* Whether every element is >= 0 or NaN, whatever the parameters. */
int rp_is_nonnegative(const rp_graph *g, rp_node_id id);

/* Writes a vector as factor times the returned vector, factor a scalar; RP_NONE: there is nothing to take out. */
rp_node_id rp_take_factor(rp_graph *g, rp_node_id a, rp_node_id *factor);

/* Numbers of the adjoint of a lower Cholesky factor L [n x n] given the adjoint of L: the adjoint of the matrix. */
rp_node_id rp_cholesky_adjoint(rp_graph *g, rp_node_id l, rp_node_id seed, int64_t n);
rp_node_id rp_cumsum_from_end(rp_graph *g, rp_node_id a);

#endif
