/* The graph: a flat list of nodes in single-assignment form.
 *
 * A node is one operation on whole arrays.  Arrays are flat, column-major, of static length n; a length of 1 is a
 * scalar and broadcasts in elementwise operations, every other length must agree exactly (R's recycling is made
 * explicit with rp_gather before it gets here).  Matrix operations carry their dimensions as attributes.  Inputs always
 * have smaller ids than the node that uses them.
 *
 * Nodes are built through the constructors below only.  They share equal nodes (hash-consing), fold constants with the
 * reference evaluator and apply local simplifications.  A graph owns all its memory (nodes, constants, index vectors,
 * scan bodies) until rp_graph_free().
 *
 * Errors are sticky: a constructor that fails records the failure in the graph's status and returns RP_NONE; RP_NONE
 * as an input gives RP_NONE.  So an expression may be built without checks and rp_graph_status() looked at once. */
#ifndef RP_GRAPH_GRAPH_H
#define RP_GRAPH_GRAPH_H

#include <stdint.h>

#include "../core/random.h"
#include "../core/status.h"

typedef int32_t rp_node_id;
#define RP_NONE ((rp_node_id) -1)

/* RP_OP_<NAME>; one row per operation in ops.def, which says for each: printed name, shape class, adjoint. */
typedef enum {
#define RP_OP(NAME, name, shape) RP_OP_##NAME,
#include "ops.def"
#undef RP_OP
  RP_OP_COUNT
} rp_op;

typedef struct rp_graph rp_graph;

/* Body of a scan: scalar nodes over RP_OP_CARRY k, RP_OP_STEP k (element of the k-th sequence), RP_OP_INVARIANT k. */
typedef struct {
  rp_graph *body;
  int32_t n_carry, n_sequence, n_invariant;
  rp_node_id *next; /* n_carry: value of each carry after a step; malloc'd, freed with the body */
} rp_scan_body;

typedef struct {
  rp_op op;
  int32_t n_in;
  int64_t n; /* elements of the result */
  const rp_node_id *in;
  double value;           /* CONST with n == 1 */
  const double *data;     /* CONST with n > 1 */
  const int32_t *index;   /* GATHER, SCATTER: n_index zero-based positions; CONCAT: where its parts begin */
  int64_t n_index;
  int64_t attribute[6];   /* per operation; see ops.def */
  rp_sampler sampler;     /* RANDOM */
  const rp_scan_body *scan;
} rp_node;

rp_graph *rp_graph_new(void); /* NULL: no memory */
void rp_graph_free(rp_graph *g);
/* From now on elementwise operations are kept as they are written (constants still fold), so that the steps of a loop
 * look alike until rp_pass_roll() has seen them; a copy into an ordinary graph simplifies. For tracing. */
void rp_graph_set_literal(rp_graph *g);
int rp_graph_is_literal(const rp_graph *g);
rp_status *rp_graph_status(rp_graph *g);
int32_t rp_graph_size(const rp_graph *g);
const rp_node *rp_graph_node(const rp_graph *g, rp_node_id id); /* valid until the next constructor call */

/* ---- leaves ---- */
rp_node_id rp_const(rp_graph *g, double value);
rp_node_id rp_data(rp_graph *g, const double *values, int64_t n);           /* copies */
rp_node_id rp_param(rp_graph *g, int64_t offset, int64_t n);                /* slice of the program's parameters */
rp_node_id rp_input(rp_graph *g, int64_t offset, int64_t n);                /* slice of the run-time input vector */
rp_node_id rp_site(rp_graph *g, int64_t site, int64_t n);                   /* value of a draw, while tracing */
rp_node_id rp_carry(rp_graph *g, int32_t k);     /* these three are the leaves of scan bodies */
rp_node_id rp_step(rp_graph *g, int32_t k);
rp_node_id rp_invariant(rp_graph *g, int32_t k);
/* n_events events of event_size numbers each; every argument has event_size_of_argument * (1 or n_events) elements,
 * given per argument in widths.  Numbers come from rp_random_open(key of the run, stream). */
rp_node_id rp_random_node(rp_graph *g, rp_sampler sampler, uint32_t stream, const rp_node_id *arguments,
                          const int64_t *widths, int32_t n_arguments, int64_t n_events, int64_t event_size);

/* ---- elementwise ---- */
rp_node_id rp_unary(rp_graph *g, rp_op op, rp_node_id a);
rp_node_id rp_binary(rp_graph *g, rp_op op, rp_node_id a, rp_node_id b);
/* SELECT(condition, yes, no), ... */
rp_node_id rp_ternary(rp_graph *g, rp_op op, rp_node_id a, rp_node_id b, rp_node_id c);

/* Shorthands for the commonest. */
rp_node_id rp_add(rp_graph *g, rp_node_id a, rp_node_id b);
rp_node_id rp_sub(rp_graph *g, rp_node_id a, rp_node_id b);
rp_node_id rp_mul(rp_graph *g, rp_node_id a, rp_node_id b);
rp_node_id rp_div(rp_graph *g, rp_node_id a, rp_node_id b);
rp_node_id rp_neg(rp_graph *g, rp_node_id a);
rp_node_id rp_exp(rp_graph *g, rp_node_id a);
rp_node_id rp_log(rp_graph *g, rp_node_id a);
rp_node_id rp_select(rp_graph *g, rp_node_id condition, rp_node_id yes, rp_node_id no);

/* ---- rearranging ---- */
rp_node_id rp_slice(rp_graph *g, rp_node_id a, int64_t offset, int64_t n);             /* contiguous view */
rp_node_id rp_gather(rp_graph *g, rp_node_id a, const int32_t *index, int64_t n);      /* a[index]; copies index */
rp_node_id rp_scatter(rp_graph *g, rp_node_id a, const int32_t *index, int64_t n_out); /* out[index[i]] += a[i] */
rp_node_id rp_concat(rp_graph *g, const rp_node_id *parts, int32_t n_parts);
rp_node_id rp_recycle(rp_graph *g, rp_node_id a, int64_t n); /* a repeated to length n (scalars stay scalars) */
rp_node_id rp_broadcast(rp_graph *g, rp_node_id a, int64_t n); /* a scalar as a vector of length n; a vector as it is */
rp_node_id rp_gather_at(rp_graph *g, rp_node_id a, rp_node_id positions); /* zero-based run-time positions */
rp_node_id rp_scatter_at(rp_graph *g, rp_node_id a, rp_node_id positions, int64_t n_out);

/* ---- reductions, cumulative, order ---- */
rp_node_id rp_sum(rp_graph *g, rp_node_id a);
rp_node_id rp_sum_n(rp_graph *g, rp_node_id a, int64_t n); /* sum of a broadcast to n elements */
rp_node_id rp_max_of(rp_graph *g, rp_node_id a);
rp_node_id rp_min_of(rp_graph *g, rp_node_id a);
rp_node_id rp_cumsum(rp_graph *g, rp_node_id a);
rp_node_id rp_order(rp_graph *g, rp_node_id a); /* zero-based positions that sort a, stable, NaN last; no derivative */
/* Orthonormal discrete cosine transform, type II, of each n numbers of a, or its inverse. */
rp_node_id rp_dct_of(rp_graph *g, rp_node_id a, int64_t n, int inverse);

/* ---- linear algebra, column-major ---- */
/* op(A) [m x k] %*% op(B) [k x n]; ta, tb: A is stored k x m, B is stored n x k. */
rp_node_id rp_matmul(rp_graph *g, rp_node_id a, rp_node_id b, int64_t m, int64_t k, int64_t n, int ta, int tb);
rp_node_id rp_cholesky(rp_graph *g, rp_node_id a, int64_t n); /* lower L, zeros above; reads the upper triangle of a,
                                                                 as R's chol does; NaN everywhere if a is not positive
                                                                 definite */
/* solve op(T) X = B, T triangular n x n (lower or upper), B n x m. */
rp_node_id rp_tri_solve(rp_graph *g, rp_node_id t, rp_node_id b, int64_t n, int64_t m, int lower, int transpose);
rp_node_id rp_solve(rp_graph *g, rp_node_id a, rp_node_id b, int64_t n, int64_t m, int transpose); /* LU */
rp_node_id rp_log_abs_det(rp_graph *g, rp_node_id a, int64_t n);
rp_node_id rp_det(rp_graph *g, rp_node_id a, int64_t n);
rp_node_id rp_eigen_symmetric(rp_graph *g, rp_node_id a, int64_t n); /* n values (decreasing) then n x n vectors */
rp_node_id rp_svd(rp_graph *g, rp_node_id a, int64_t m, int64_t n);  /* d (min(m,n)), then u, then v; derivative of
                                                                        d only */
rp_node_id rp_transpose(rp_graph *g, rp_node_id a, int64_t rows, int64_t cols); /* a gather */

/* ---- scans (scan.c) ----
 * Runs body n times; sequences are vectors of length n or scalars.  On return sequence_out[k] (n_carry of them) holds
 * the node of carry k as a vector of length n + 1: the initial value, then the value after each step.  What does not
 * depend on a carry is lifted out, independent carries are split, affine recurrences become RP_OP_AFFINE_SCAN. The
 * body is consumed (owned by g) whatever happens. */
rp_code rp_scan(rp_graph *g, rp_scan_body body, const rp_node_id *initial, const rp_node_id *sequences,
                const rp_node_id *invariants, int64_t n, rp_node_id *sequence_out);
/* Instantiates scalar body nodes outside, elementwise over whole sequences: leaf k of each kind is replaced by the
 * given node. */
rp_node_id rp_inline(rp_graph *g, const rp_scan_body *body, rp_node_id body_node, const rp_node_id *carries,
                     const rp_node_id *sequences, const rp_node_id *invariants);

/* ---- reverse mode (reverse.c) ----
 * gradient[i] = d output / d wrt[i], graph to graph; output must be a scalar. A node that output does not depend on
 * gets a constant 0 (scalar). */
rp_code rp_gradient(rp_graph *g, rp_node_id output, const rp_node_id *wrt, int32_t n_wrt, rp_node_id *gradient);

/* ---- passes (pass_*.c) ---- */
/* Rolls repeated patterns of scalar nodes among ids >= from back into vectors and scans; roots are rewritten in
 * place. */
rp_code rp_pass_roll(rp_graph *g, rp_node_id from, rp_node_id *roots, int32_t n_roots);
/* The root with sums over data taken over the distinct data and their counts where that is shorter (pass_unique.c). */
rp_node_id rp_pass_unique(rp_graph *g, rp_node_id root);
/* A new graph with only what the roots need, rebuilt through the constructors (so simplified again); roots are
 * rewritten. Each PARAM, INPUT or SITE leaf may be replaced: replace(context, new graph, old leaf) returns a node of
 * the new graph, or RP_NONE to keep it. replace may be NULL. */
typedef rp_node_id (*rp_replace)(void *context, rp_graph *to, const rp_node *leaf);
rp_graph *rp_graph_extract(const rp_graph *g, rp_node_id *roots, int32_t n_roots, rp_replace replace, void *context,
                           rp_status *status);
/* Copies nodes of one graph into another on demand, each at most once; what rp_graph_extract is made of. The model
 * builder uses it to turn the traced graph into the model's graph while statements run, SITE leaves being replaced by
 * the handlers' values. Frees with rp_copier_free; borrows both graphs. */
typedef struct rp_copier rp_copier;
rp_copier *rp_copier_new(const rp_graph *from, rp_graph *to, rp_replace replace, void *context);
rp_node_id rp_copier_get(rp_copier *copier, rp_node_id id);
void rp_copier_free(rp_copier *copier);
/* Bounds within which all elements of a node lie, or are NaN, whatever the parameters; as far as a few nodes tell. */
typedef struct {
  double lower, upper;
} rp_range;
rp_range rp_range_of(const rp_graph *g, rp_node_id id);
/* Which elements of each node the given elements of the roots depend on (boolean reverse mode): needed[id] is NULL
 * (none) or n bytes. Free with rp_needed_free() and the number of nodes that the graph had: it may have grown since. */
uint8_t **rp_needed(const rp_graph *g, const rp_node_id *roots, int32_t n_roots, rp_status *status);
void rp_needed_free(uint8_t **needed, rp_node_id n_nodes);

/* ---- looking at a graph ---- */
/* One line per node ("%7 = mul %3 %6 [500]"), into a malloc'd string that the caller frees; NULL: no memory. */
char *rp_graph_print(const rp_graph *g, const rp_node_id *roots, int32_t n_roots);
const char *rp_op_name(rp_op op);
rp_op rp_op_from_name(const char *name); /* RP_OP_COUNT when unknown */
int rp_op_is_elementwise(rp_op op);
int rp_op_arity(rp_op op); /* -1: variable */

/* ---- reference evaluator (evaluate.c) ----
 * Plain whole-array evaluation with libm, one node after the other: what folding uses and what the block interpreter is
 * tested against.  outputs[i] must have room for the node's n doubles. */
rp_code rp_evaluate(const rp_graph *g, const rp_node_id *roots, int32_t n_roots, const double *params,
                    const double *inputs, rp_random_key key, double *const *outputs, rp_status *status);

#endif
