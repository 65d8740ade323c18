/* Functions that the user wrote as parts of a guide: graphs of one vector and of parameters of their own.
 *
 * A function's graph has PARAM leaves for both. It is copied into the graph that is given, whose status takes failures;
 * nothing is owned. */
#ifndef RP_INFER_GUIDE_FUNCTION_H
#define RP_INFER_GUIDE_FUNCTION_H

#include "../graph/graph.h"

typedef struct {
  const rp_graph *graph;
  rp_node_id value;        /* n_out numbers, or one for all of them */
  rp_node_id log_jacobian; /* of a conditional: log |det d value / dx|, from rp_guide_function_prepare() */
  int64_t n_in, n_out;
  int64_t first_input;  /* PARAM offset of the vector; the parameters are the leaves around it, in order */
  int64_t n_parameters;
  const double *start;  /* of the parameters */
} rp_guide_function;

/* For a function with n_in = n_out: adds its log Jacobian to its graph, which the caller owns. One that acts element by
 * element needs no determinant. */
rp_code rp_guide_function_prepare(rp_guide_function *f, rp_graph *graph);
/* The function of x (n_in numbers), with n_out elements, and its log Jacobian there. */
rp_node_id rp_guide_function_value(rp_graph *g, const rp_guide_function *f, rp_node_id parameters, rp_node_id x);
rp_node_id rp_guide_function_log_jacobian(rp_graph *g, const rp_guide_function *f, rp_node_id parameters, rp_node_id x);

#endif
