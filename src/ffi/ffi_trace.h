/* Tracing: R values that stand for nodes of the current trace's graph.
 *
 * A traced array is a complex vector of class "rp" with the S4 bit.  Each element is a code of one element of one node:
 * the imaginary part is a NaN whose payload is the node's id, the real part is the element's position plus a fraction
 * that hashes (trace, node, position).  So base R may subset, repeat and rearrange codes freely, while arithmetic done
 * on codes by code that does not know about them, or codes kept from an earlier trace, are noticed here.  Elements
 * whose imaginary part is 0 are plain numbers (a preallocated vector that is being filled).
 *
 * There is at most one current trace; it owns its graph and lives until its guard (an external pointer held by R code)
 * is closed.  Everything here runs on R's main thread and may raise R errors; temporary memory is R_alloc'd. */
#ifndef RP_FFI_TRACE_H
#define RP_FFI_TRACE_H

#include "../graph/graph.h"
#include "ffi_common.h"

/* ---- shared by the ffi_trace_*.c files ---- */

/* Graph of the current trace; an R error when there is none. */
rp_graph *ffi_trace_graph(void);
int ffi_is_traced(SEXP x); /* a complex vector of class rp */
int ffi_has_codes(SEXP x); /* a complex vector, classed or not, with at least one code */

/* The node that holds the values of x: numbers become constants, rearranged codes gathers or concatenations.  The node
 * has as many elements as x, or 1 when all elements of x are the same (ffi_trace_array() never shortens). */
rp_node_id ffi_trace_node(SEXP x);
rp_node_id ffi_trace_array(SEXP x);

/* Codes of n elements of a node with n elements or 1; a plain double (or logical) vector when the node is constant.
 * Raises the graph's failure if id is RP_NONE.  No attributes but the class; protect it. */
SEXP ffi_trace_codes(rp_node_id id, R_xlen_t n, int logical);
/* Gives a complex vector class and S4 bit, in place; dim, dimnames and names stay. */
void ffi_trace_class(SEXP codes);
/* The same elements as a classed complex vector (numbers have imaginary part 0) with dim, dimnames and names; protect
 * it. */
SEXP ffi_trace_storage(SEXP numbers);
/* Small arrays put together from several nodes (the state of a loop, c(a, b)) are computed on element by element: the
 * scalars of a loop roll up into a scan, vectors of them do not.  True for 2 to most_mixed elements not all of one
 * node. */
enum { most_mixed = 16 };
int ffi_is_mixed(SEXP x);
rp_node_id ffi_trace_element_node(SEXP x, R_xlen_t i);
/* Codes of n scalar nodes; plain when all are constant. */
SEXP ffi_trace_scalar_codes(const rp_node_id *ids, R_xlen_t n, int logical);

/* Whether a node holds truth values (comparisons, their conjunctions, rearranged). */
int ffi_is_truth(const rp_graph *g, rp_node_id id);
/* A node of 0 and 1: itself when it holds truth values, else a != 0. */
rp_node_id ffi_trace_truth(rp_graph *g, rp_node_id a);

/* Environment of the R code that the C code calls (trace_fail(), trace_warn()). */
SEXP ffi_trace_home(void);

/* Raises an error through trace_fail() of the R code; printf-style. hint may be NULL. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void ffi_trace_fail(const char *hint, const char *format, ...);

/* Attributes of an elementwise result, by R's rules for arithmetic: dim and dimnames or names of x, else of y, then the
 * other attributes; raises "non-conformable arrays" and warns of lengths that do not recycle. */
R_xlen_t ffi_trace_length2(SEXP x, SEXP y);
void ffi_trace_attributes2(SEXP result, SEXP x, SEXP y);

/* ---- entry points ---- */
SEXP ffi_trace_begin(SEXP home);
SEXP ffi_trace_end(SEXP guard);
SEXP ffi_trace_active(void);
SEXP ffi_trace_site(SEXP number, SEXP n);
SEXP ffi_trace_placeholder(SEXP number); /* of a family's value and arguments, see model/custom.h */
SEXP ffi_trace_row(SEXP x);
SEXP ffi_trace_size(void);
SEXP ffi_trace_depends(SEXP x);
SEXP ffi_trace_is_truth(SEXP x);
SEXP ffi_trace_has_codes(SEXP x);

SEXP ffi_trace_binary(SEXP generic, SEXP x, SEXP y);
SEXP ffi_trace_unary(SEXP generic, SEXP x);
SEXP ffi_trace_math(SEXP generic, SEXP x);
SEXP ffi_trace_elementwise(SEXP op, SEXP args);
SEXP ffi_trace_cumulate(SEXP generic, SEXP x);
SEXP ffi_trace_summary(SEXP generic, SEXP args);

SEXP ffi_trace_bless(SEXP x);
SEXP ffi_trace_element(SEXP x, SEXP i);
SEXP ffi_trace_any(SEXP frame);
SEXP ffi_trace_bare(SEXP x);
SEXP ffi_trace_set(SEXP name, SEXP value, SEXP i, SEXP env, SEXP kind);
SEXP ffi_trace_set_value(SEXP value, SEXP i, SEXP env);
SEXP ffi_trace_set_array(SEXP name, SEXP value, SEXP indices, SEXP env);
SEXP ffi_trace_gather_at(SEXP x, SEXP positions);
SEXP ffi_trace_scatter(SEXP x, SEXP index, SEXP n);

SEXP ffi_trace_matmul(SEXP x, SEXP y, SEXP sizes);
SEXP ffi_trace_linalg(SEXP op, SEXP a, SEXP b, SEXP sizes);

SEXP ffi_trace_pack(SEXP rows, SEXP barriers);
SEXP ffi_trace_value(SEXP x, SEXP numbers, SEXP values);
SEXP ffi_trace_gradient(SEXP x, SEXP numbers, SEXP values);
SEXP ffi_trace_print(SEXP x);

#define FFI_TRACE_ENTRY(name, n) {#name, (DL_FUNC) &name, n}
#define FFI_TRACE_ENTRIES \
  FFI_TRACE_ENTRY(ffi_trace_begin, 1), FFI_TRACE_ENTRY(ffi_trace_end, 1), FFI_TRACE_ENTRY(ffi_trace_active, 0), \
  FFI_TRACE_ENTRY(ffi_trace_site, 2), FFI_TRACE_ENTRY(ffi_trace_placeholder, 1), FFI_TRACE_ENTRY(ffi_trace_row, 1), \
  FFI_TRACE_ENTRY(ffi_trace_size, 0), \
  FFI_TRACE_ENTRY(ffi_trace_depends, 1), FFI_TRACE_ENTRY(ffi_trace_is_truth, 1), \
  FFI_TRACE_ENTRY(ffi_trace_has_codes, 1), \
  FFI_TRACE_ENTRY(ffi_trace_binary, 3), FFI_TRACE_ENTRY(ffi_trace_unary, 2), FFI_TRACE_ENTRY(ffi_trace_math, 2), \
  FFI_TRACE_ENTRY(ffi_trace_elementwise, 2), FFI_TRACE_ENTRY(ffi_trace_cumulate, 2), \
  FFI_TRACE_ENTRY(ffi_trace_summary, 2), FFI_TRACE_ENTRY(ffi_trace_bless, 1), FFI_TRACE_ENTRY(ffi_trace_element, 2), \
  FFI_TRACE_ENTRY(ffi_trace_any, 1), FFI_TRACE_ENTRY(ffi_trace_set, 5), FFI_TRACE_ENTRY(ffi_trace_bare, 1), \
  FFI_TRACE_ENTRY(ffi_trace_set_value, 3), FFI_TRACE_ENTRY(ffi_trace_set_array, 4), \
  FFI_TRACE_ENTRY(ffi_trace_gather_at, 2), FFI_TRACE_ENTRY(ffi_trace_scatter, 3), \
  FFI_TRACE_ENTRY(ffi_trace_matmul, 3), \
  FFI_TRACE_ENTRY(ffi_trace_linalg, 4), FFI_TRACE_ENTRY(ffi_trace_pack, 2), FFI_TRACE_ENTRY(ffi_trace_value, 3), \
  FFI_TRACE_ENTRY(ffi_trace_gradient, 3), FFI_TRACE_ENTRY(ffi_trace_print, 1),

#endif
