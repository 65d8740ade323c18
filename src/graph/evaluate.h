/* Reference values of single nodes: what rp_evaluate() runs node by node and what the constructors fold constants with. */
#ifndef RP_GRAPH_EVALUATE_H
#define RP_GRAPH_EVALUATE_H

#include "graph.h"

/* Evaluates one operation.  node may be a prototype that is not (yet) in g: its op, n, in, attributes and index are read, and
 * of its inputs in g the lengths only.  inputs[k] has the values of input k, out room for node->n doubles.  Leaves other than
 * CONST, and RANDOM, are not evaluated here.  Returns RP_OK, RP_NO_MEMORY or RP_UNSUPPORTED; touches nothing else. */
rp_code rp_evaluate_node(const rp_graph *g, const rp_node *node, const double *const *inputs, double *out);

#endif
