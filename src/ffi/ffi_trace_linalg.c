/* Matrix operations on traced values. Dimensions come from the R code, which has checked them. */
#include "ffi_trace.h"

#include <string.h>

/* Sums of products of elements, for small matrices of several nodes (ffi_is_mixed()). */
static SEXP product_scalars(rp_graph *g, SEXP x, SEXP y, const int *s) {
  int m = s[0], inner = s[1], n = s[2];
  rp_node_id ids[most_mixed];
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      rp_node_id total = RP_NONE;
      for (int k = 0; k < inner; k++) {
        rp_node_id a = ffi_trace_element_node(x, s[3] ? k + i * inner : i + k * m);
        rp_node_id b = ffi_trace_element_node(y, s[4] ? j + k * n : k + j * inner);
        total = k == 0 ? rp_mul(g, a, b) : rp_add(g, total, rp_mul(g, a, b));
      }
      ids[i + j * m] = total;
    }
  }
  return ffi_trace_scalar_codes(ids, m * n, 0);
}

/* sizes: m, k, n, ta, tb of rp_matmul(). Returns m * n elements without dim. */
SEXP ffi_trace_matmul(SEXP x, SEXP y, SEXP sizes) {
  rp_graph *g = ffi_trace_graph();
  const int *s = INTEGER(sizes);
  int small = Rf_xlength(x) <= most_mixed && Rf_xlength(y) <= most_mixed && (R_xlen_t) s[0] * s[2] <= most_mixed;
  if (small && s[1] > 0 && (ffi_is_mixed(x) || ffi_is_mixed(y))) return product_scalars(g, x, y, s);
  rp_node_id a = ffi_trace_array(x), b = ffi_trace_array(y);
  return ffi_trace_codes(rp_matmul(g, a, b, s[0], s[1], s[2], s[3], s[4]), (R_xlen_t) s[0] * s[2], 0);
}

/* op names a constructor of graph.h; b is NULL where it takes one array; sizes are its integer arguments. */
SEXP ffi_trace_linalg(SEXP op, SEXP x, SEXP y, SEXP sizes) {
  rp_graph *g = ffi_trace_graph();
  const char *name = CHAR(STRING_ELT(op, 0));
  const int *s = INTEGER(sizes);
  rp_node_id a = ffi_trace_array(x), b = y == R_NilValue ? RP_NONE : ffi_trace_array(y), id = RP_NONE;
  if (strcmp(name, "cholesky") == 0) id = rp_cholesky(g, a, s[0]);
  else if (strcmp(name, "tri_solve") == 0) id = rp_tri_solve(g, a, b, s[0], s[1], s[2], s[3]);
  else if (strcmp(name, "solve") == 0) id = rp_solve(g, a, b, s[0], s[1], s[2]);
  else if (strcmp(name, "log_abs_det") == 0) id = rp_log_abs_det(g, a, s[0]);
  else if (strcmp(name, "det") == 0) id = rp_det(g, a, s[0]);
  else if (strcmp(name, "eigen_symmetric") == 0) id = rp_eigen_symmetric(g, a, s[0]);
  else if (strcmp(name, "svd") == 0) id = rp_svd(g, a, s[0], s[1]);
  else if (strcmp(name, "order") == 0) id = rp_order(g, a);
  else Rf_error("no such operation");
  return ffi_trace_codes(id, id == RP_NONE ? 0 : (R_xlen_t) rp_graph_node(g, id)->n, 0);
}
