/* The reference evaluator, node by node: plain loops and libm.
 *
 * What it computes is by definition the value of an operation: folding uses it, whole-array stages of a program
 * call it, and the kernels of the block interpreter are tested against it.  rp_evaluate() of graph.h runs it over a
 * graph. Failures of the numbers (not positive definite, singular, out of range) are NaNs in the result, never a
 * status. */
#ifndef RP_GRAPH_EVALUATE_H
#define RP_GRAPH_EVALUATE_H

#include "../core/linalg_small.h"
#include "graph.h"

/* Value of an elementwise operation with R's semantics (%% and %/% as R, x^0 = 1^y = 1, comparisons with NaN give NaN,
 * lgamma(0) = Inf).  Unused arguments are ignored.  NaN for an operation that is not elementwise. */
double rp_elementwise(rp_op op, double a, double b, double c);

/* Doubles of scratch memory that rp_evaluate_node() needs for this node (0 for most). in_n as below. */
int64_t rp_evaluate_workspace(const rp_node *node, const int64_t *in_n);

/* Evaluates one node that is not a leaf.  in[i] points to the in_n[i] values of input i (in_n[i] == 1 broadcasts in
 * elementwise operations and in the sequences of scans); out has room for node->n values and may not overlap an
 * input. workspace: rp_evaluate_workspace() doubles, 64-byte alignment not required; or NULL, then it is allocated
 * and freed here. key is read by RANDOM only.  Thread safe. RP_OK; RP_NO_MEMORY (workspace NULL only);
 * RP_UNSUPPORTED for a leaf.  status may be NULL. */
rp_code rp_evaluate_node(const rp_node *node, const double *const *in, const int64_t *in_n, double *out,
                         rp_random_key key, double *workspace, rp_status *status);

/* ---- parts of rp_evaluate_node(), one file each ---- */
int64_t rp_evaluate_arrays_workspace(const rp_node *node);
void rp_evaluate_arrays(const rp_node *node, const double *const *in, const int64_t *in_n, double *out,
                        rp_random_key key, double *workspace);
int64_t rp_evaluate_linalg_workspace(const rp_node *node);
void rp_evaluate_linalg(const rp_node *node, const double *const *in, double *out, double *workspace,
                        const rp_la_kernels *la);

#endif
