/* Arithmetic, comparison, logic, Math and Summary on traced values, with R's rules for recycling and attributes. */
#include "ffi_trace.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *name;
  rp_op op;
} op_name;

static const op_name math_ops[] = {
    {"exp", RP_OP_EXP},         {"log", RP_OP_LOG},         {"sqrt", RP_OP_SQRT},       {"abs", RP_OP_ABS},
    {"log1p", RP_OP_LOG1P},     {"expm1", RP_OP_EXPM1},     {"sign", RP_OP_SIGN},       {"floor", RP_OP_FLOOR},
    {"ceiling", RP_OP_CEILING}, {"trunc", RP_OP_TRUNC},     {"round", RP_OP_ROUND},     {"sin", RP_OP_SIN},
    {"cos", RP_OP_COS},         {"tan", RP_OP_TAN},         {"asin", RP_OP_ASIN},       {"acos", RP_OP_ACOS},
    {"atan", RP_OP_ATAN},       {"sinh", RP_OP_SINH},       {"cosh", RP_OP_COSH},       {"tanh", RP_OP_TANH},
    {"asinh", RP_OP_ASINH},     {"acosh", RP_OP_ACOSH},     {"atanh", RP_OP_ATANH},     {"sinpi", RP_OP_SINPI},
    {"cospi", RP_OP_COSPI},     {"tanpi", RP_OP_TANPI},     {"lgamma", RP_OP_LGAMMA},   {"gamma", RP_OP_GAMMA},
    {"digamma", RP_OP_DIGAMMA}, {"trigamma", RP_OP_TRIGAMMA}};

/* ---- lengths and attributes ---- */

static int has_attributes(SEXP x) {
  SEXP attributes = ATTRIB(x);
  if (attributes == R_NilValue) return 0;
  return CDR(attributes) != R_NilValue || TAG(attributes) != R_ClassSymbol;
}

static int same_dims(SEXP x, SEXP y) {
  SEXP a = Rf_getAttrib(x, R_DimSymbol), b = Rf_getAttrib(y, R_DimSymbol);
  if (Rf_length(a) != Rf_length(b)) return 0;
  for (int k = 0; k < Rf_length(a); k++)
    if (INTEGER(a)[k] != INTEGER(b)[k]) return 0;
  return 1;
}

/* A one-element array counts as a number beside a longer vector. */
static int is_array(SEXP x, SEXP other) {
  if (Rf_getAttrib(x, R_DimSymbol) == R_NilValue) return 0;
  return Rf_getAttrib(other, R_DimSymbol) != R_NilValue || Rf_xlength(x) != 1 || Rf_xlength(other) == 1;
}

R_xlen_t ffi_trace_length2(SEXP x, SEXP y) {
  R_xlen_t nx = Rf_xlength(x), ny = Rf_xlength(y), n = nx > ny ? nx : ny;
  if (nx == 0 || ny == 0) return 0;
  if (nx == ny && !has_attributes(x) && !has_attributes(y)) return n;
  int x_array = is_array(x, y), y_array = is_array(y, x);
  if (x_array && y_array && !same_dims(x, y)) ffi_trace_fail(NULL, "non-conformable arrays");
  if ((x_array && !y_array && n > nx) || (y_array && !x_array && n > ny)) {
    ffi_trace_fail(NULL, "dims [product %lld] do not match the length of object [%lld]",
                   (long long) (x_array ? nx : ny), (long long) n);
  }
  if (n % (nx < ny ? nx : ny) != 0) {
    SEXP text = PROTECT(Rf_mkString("longer object length is not a multiple of shorter object length"));
    Rf_eval(PROTECT(Rf_lang2(Rf_install("trace_warn"), text)), ffi_trace_home());
    UNPROTECT(2);
  }
  return n;
}

static void copy_other_attributes(SEXP result, SEXP from) {
  for (SEXP a = ATTRIB(from); a != R_NilValue; a = CDR(a)) {
    SEXP tag = TAG(a);
    if (tag == R_ClassSymbol || tag == R_DimSymbol || tag == R_DimNamesSymbol || tag == R_NamesSymbol) continue;
    Rf_setAttrib(result, tag, CAR(a));
  }
}

static void copy_names(SEXP result, SEXP x, SEXP y, SEXP symbol) {
  SEXP names = Rf_getAttrib(x, symbol);
  if (names == R_NilValue || (symbol == R_NamesSymbol && Rf_xlength(names) != Rf_xlength(result))) {
    names = Rf_getAttrib(y, symbol);
  }
  if (names == R_NilValue || (symbol == R_NamesSymbol && Rf_xlength(names) != Rf_xlength(result))) return;
  PROTECT(names);
  Rf_setAttrib(result, symbol, names);
  UNPROTECT(1);
}

void ffi_trace_attributes2(SEXP result, SEXP x, SEXP y) {
  int x_has = has_attributes(x), y_has = has_attributes(y);
  if (!x_has && !y_has) return;
  R_xlen_t n = Rf_xlength(result);
  if (y_has && Rf_xlength(y) == n) copy_other_attributes(result, y);
  if (x_has && Rf_xlength(x) == n) copy_other_attributes(result, x);
  int x_array = is_array(x, y) && Rf_xlength(x) == n, y_array = is_array(y, x) && Rf_xlength(y) == n;
  if (x_array || y_array) {
    Rf_setAttrib(result, R_DimSymbol, Rf_getAttrib(x_array ? x : y, R_DimSymbol));
    copy_names(result, x_array ? x : R_NilValue, y_array ? y : R_NilValue, R_DimNamesSymbol);
  } else {
    copy_names(result, x, y, R_NamesSymbol);
  }
}

static void copy_attributes(SEXP result, SEXP x) {
  if (has_attributes(x)) ffi_trace_attributes2(result, x, R_NilValue);
}

/* ---- operators ---- */

static rp_node_id truth_and(rp_graph *g, rp_node_id a, rp_node_id b) {
  return rp_mul(g, ffi_trace_truth(g, a), ffi_trace_truth(g, b));
}

static rp_node_id truth_or(rp_graph *g, rp_node_id a, rp_node_id b) {
  return rp_binary(g, RP_OP_MAX, ffi_trace_truth(g, a), ffi_trace_truth(g, b));
}

/* name: as R gives it in .Generic; logical is set for operators that give TRUE and FALSE. */
static rp_node_id operate(rp_graph *g, const char *name, rp_node_id a, rp_node_id b, int *logical) {
  switch (name[0]) {
  case '+': return rp_add(g, a, b);
  case '-': return rp_sub(g, a, b);
  case '*': return rp_mul(g, a, b);
  case '/': return rp_div(g, a, b);
  case '^': return rp_binary(g, RP_OP_POW, a, b);
  case '%':
    if (strcmp(name, "%%") == 0) return rp_binary(g, RP_OP_MOD, a, b);
    if (strcmp(name, "%/%") == 0) return rp_binary(g, RP_OP_INT_DIV, a, b);
    break;
  default: break;
  }
  *logical = 1;
  switch (name[0]) {
  case '<': return rp_binary(g, name[1] ? RP_OP_LE : RP_OP_LT, a, b);
  case '>': return rp_binary(g, name[1] ? RP_OP_LE : RP_OP_LT, b, a);
  case '=': return rp_binary(g, RP_OP_EQ, a, b);
  case '!': return rp_binary(g, RP_OP_NE, a, b);
  case '&': return truth_and(g, a, b);
  case '|': return truth_or(g, a, b);
  default: ffi_trace_fail(NULL, "`%s` cannot work on a traced value.", name);
  }
  return RP_NONE;
}

static int is_number_vector(SEXP x) {
  return TYPEOF(x) == CPLXSXP || TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP;
}

/* Element by element for small arrays of several nodes; NULL when whole arrays are better. */
static SEXP operate_scalars(rp_graph *g, const char *name, SEXP x, SEXP y, R_xlen_t n) {
  if (!(ffi_is_mixed(x) || ffi_is_mixed(y)) || n > most_mixed) return NULL;
  if (!is_number_vector(x) || !is_number_vector(y)) return NULL;
  rp_node_id ids[most_mixed];
  int logical = 0;
  for (R_xlen_t i = 0; i < n; i++) {
    rp_node_id a = ffi_trace_element_node(x, i % Rf_xlength(x)), b = ffi_trace_element_node(y, i % Rf_xlength(y));
    ids[i] = operate(g, name, a, b, &logical);
  }
  return ffi_trace_scalar_codes(ids, n, logical);
}

static SEXP operate_arrays(rp_graph *g, const char *name, SEXP x, SEXP y, R_xlen_t n) {
  int logical = 0;
  rp_node_id a = ffi_trace_node(x), b = ffi_trace_node(y);
  if (Rf_xlength(x) < n) a = rp_recycle(g, a, n);
  if (Rf_xlength(y) < n) b = rp_recycle(g, b, n);
  rp_node_id id = n == 0 ? rp_data(g, NULL, 0) : operate(g, name, a, b, &logical);
  return ffi_trace_codes(id, n, logical);
}

SEXP ffi_trace_binary(SEXP generic, SEXP x, SEXP y) {
  rp_graph *g = ffi_trace_graph();
  const char *name = CHAR(STRING_ELT(generic, 0));
  R_xlen_t n = ffi_trace_length2(x, y);
  SEXP result = n == 0 ? NULL : operate_scalars(g, name, x, y, n);
  if (!result) result = operate_arrays(g, name, x, y, n);
  PROTECT(result);
  ffi_trace_attributes2(result, x, y);
  UNPROTECT(1);
  return result;
}

static SEXP map_unary(rp_op op, SEXP x, int logical) {
  rp_graph *g = ffi_trace_graph();
  rp_node_id ids[most_mixed];
  SEXP result;
  if (ffi_is_mixed(x)) {
    for (R_xlen_t i = 0; i < Rf_xlength(x); i++) ids[i] = rp_unary(g, op, ffi_trace_element_node(x, i));
    result = ffi_trace_scalar_codes(ids, Rf_xlength(x), logical);
  } else {
    result = ffi_trace_codes(rp_unary(g, op, ffi_trace_node(x)), Rf_xlength(x), logical);
  }
  PROTECT(result);
  copy_attributes(result, x);
  UNPROTECT(1);
  return result;
}

SEXP ffi_trace_unary(SEXP generic, SEXP x) {
  char name = CHAR(STRING_ELT(generic, 0))[0];
  if (name == '+') return x;
  return name == '!' ? map_unary(RP_OP_NOT, x, 1) : map_unary(RP_OP_NEG, x, 0);
}

SEXP ffi_trace_math(SEXP generic, SEXP x) {
  const char *name = CHAR(STRING_ELT(generic, 0));
  for (size_t k = 0; k < sizeof math_ops / sizeof *math_ops; k++)
    if (strcmp(name, math_ops[k].name) == 0) return map_unary(math_ops[k].op, x, 0);
  ffi_trace_fail(NULL, "`%s()` cannot work on a traced value.", name);
  return R_NilValue;
}

static rp_node_id apply_elementwise(rp_graph *g, rp_op op, const rp_node_id *in, int arity) {
  if (arity == 1) return rp_unary(g, op, in[0]);
  return arity == 2 ? rp_binary(g, op, in[0], in[1]) : rp_ternary(g, op, in[0], in[1], in[2]);
}

static SEXP elementwise_scalars(rp_graph *g, rp_op op, SEXP args, int arity, R_xlen_t n) {
  rp_node_id ids[most_mixed], in[3];
  for (R_xlen_t i = 0; i < n; i++) {
    for (int k = 0; k < arity; k++) {
      SEXP x = VECTOR_ELT(args, k);
      in[k] = ffi_trace_element_node(x, i % Rf_xlength(x));
    }
    ids[i] = apply_elementwise(g, op, in, arity);
  }
  return ffi_trace_scalar_codes(ids, n, 0);
}

static SEXP elementwise_arrays(rp_graph *g, rp_op op, SEXP args, int arity, R_xlen_t n) {
  rp_node_id in[3];
  for (int k = 0; k < arity; k++) {
    in[k] = ffi_trace_node(VECTOR_ELT(args, k));
    if (Rf_xlength(VECTOR_ELT(args, k)) < n) in[k] = rp_recycle(g, in[k], n);
  }
  return ffi_trace_codes(apply_elementwise(g, op, in, arity), n, 0);
}

/* Any elementwise operation of ops.def by its printed name; args: a list of one to three numeric vectors. */
SEXP ffi_trace_elementwise(SEXP op_text, SEXP args) {
  rp_graph *g = ffi_trace_graph();
  rp_op op = rp_op_from_name(CHAR(STRING_ELT(op_text, 0)));
  int arity = op == RP_OP_COUNT ? 0 : rp_op_arity(op), mixed = 0;
  if (arity < 1 || arity > 3 || arity != Rf_length(args)) Rf_error("no such operation");
  R_xlen_t n = 0;
  for (int k = 0; k < arity; k++) {
    SEXP x = VECTOR_ELT(args, k);
    if (!is_number_vector(x)) ffi_trace_fail(NULL, "A traced value was combined with something else than numbers.");
    if (Rf_xlength(x) == 0) return Rf_allocVector(REALSXP, 0);
    if (k > 0) ffi_trace_length2(VECTOR_ELT(args, 0), x);
    if (Rf_xlength(x) > n) n = Rf_xlength(x);
    if (ffi_is_mixed(x)) mixed = 1;
  }
  if (n > most_mixed) mixed = 0;
  SEXP result = mixed ? elementwise_scalars(g, op, args, arity, n) : elementwise_arrays(g, op, args, arity, n);
  PROTECT(result);
  for (int k = arity - 1; k >= 0; k--)
    if (Rf_xlength(VECTOR_ELT(args, k)) == n) copy_attributes(result, VECTOR_ELT(args, k));
  UNPROTECT(1);
  return result;
}

/* ---- cumulative ---- */

/* The carry combined with each element by one operation: a scan. */
static rp_node_id cumulate(rp_graph *g, rp_op op, rp_node_id a, double start, int64_t n) {
  rp_scan_body body = {.body = rp_graph_new(), .n_carry = 1, .n_sequence = 1, .next = malloc(sizeof *body.next)};
  if (!body.body || !body.next) {
    rp_graph_free(body.body);
    free(body.next);
    rp_fail_memory(rp_graph_status(g), "a scan");
    return RP_NONE;
  }
  body.next[0] = rp_binary(body.body, op, rp_carry(body.body, 0), rp_step(body.body, 0));
  rp_node_id initial = rp_const(g, start), out = RP_NONE;
  if (rp_scan(g, body, &initial, &a, NULL, n, &out) != RP_OK) return RP_NONE;
  return rp_slice(g, out, 1, n);
}

SEXP ffi_trace_cumulate(SEXP generic, SEXP x) {
  rp_graph *g = ffi_trace_graph();
  const char *name = CHAR(STRING_ELT(generic, 0));
  R_xlen_t n = Rf_xlength(x);
  rp_node_id a = ffi_trace_array(x), id = RP_NONE;
  if (strcmp(name, "cumsum") == 0) id = rp_cumsum(g, a);
  else if (strcmp(name, "cumprod") == 0) id = cumulate(g, RP_OP_MUL, a, 1, n);
  else if (strcmp(name, "cummax") == 0) id = cumulate(g, RP_OP_MAX, a, R_NegInf, n);
  else if (strcmp(name, "cummin") == 0) id = cumulate(g, RP_OP_MIN, a, R_PosInf, n);
  SEXP result = PROTECT(ffi_trace_codes(id, n, 0)), names = PROTECT(Rf_getAttrib(x, R_NamesSymbol));
  if (names != R_NilValue) Rf_setAttrib(result, R_NamesSymbol, names);
  UNPROTECT(2);
  return result;
}

/* ---- Summary ---- */

/* Halves against halves: n - 1 products in log2(n) nodes. */
static rp_node_id product_of(rp_graph *g, rp_node_id a, int64_t n) {
  rp_node_id rest = rp_const(g, 1);
  for (; n > 1; n /= 2) {
    if (n % 2) rest = rp_mul(g, rest, rp_slice(g, a, n - 1, 1));
    a = rp_mul(g, rp_slice(g, a, 0, n / 2), rp_slice(g, a, n / 2, n / 2));
    if (a != RP_NONE && rp_graph_node(g, a)->n == 1) a = rp_broadcast(g, a, n / 2);
  }
  return rp_mul(g, a, rest);
}

static rp_node_id reduce(rp_graph *g, const char *name, rp_node_id a, R_xlen_t n) {
  if (strcmp(name, "sum") == 0) return rp_sum_n(g, a, n);
  if (strcmp(name, "prod") == 0) return product_of(g, rp_broadcast(g, a, n), n);
  if (strcmp(name, "max") == 0) return rp_max_of(g, a);
  if (strcmp(name, "min") == 0) return rp_min_of(g, a);
  if (strcmp(name, "any") == 0) return rp_max_of(g, ffi_trace_truth(g, a));
  return rp_min_of(g, ffi_trace_truth(g, a));
}

static rp_node_id combine(rp_graph *g, const char *name, rp_node_id a, rp_node_id b);

/* Element by element for small arrays of several nodes. */
static rp_node_id reduce_scalars(rp_graph *g, const char *name, SEXP x) {
  rp_node_id total = ffi_trace_element_node(x, 0);
  if (name[0] == 'a') total = ffi_trace_truth(g, total);
  for (R_xlen_t i = 1; i < Rf_xlength(x); i++) total = combine(g, name, total, ffi_trace_element_node(x, i));
  return total;
}

static rp_node_id combine(rp_graph *g, const char *name, rp_node_id a, rp_node_id b) {
  if (strcmp(name, "sum") == 0) return rp_add(g, a, b);
  if (strcmp(name, "prod") == 0) return rp_mul(g, a, b);
  if (strcmp(name, "max") == 0) return rp_binary(g, RP_OP_MAX, a, b);
  if (strcmp(name, "min") == 0) return rp_binary(g, RP_OP_MIN, a, b);
  return strcmp(name, "any") == 0 ? truth_or(g, a, b) : truth_and(g, a, b);
}

/* args: a list of vectors, at least one of them traced. */
SEXP ffi_trace_summary(SEXP generic, SEXP args) {
  rp_graph *g = ffi_trace_graph();
  const char *name = CHAR(STRING_ELT(generic, 0));
  int logical = name[0] == 'a', started = 0;
  rp_node_id total = RP_NONE;
  for (R_xlen_t k = 0; k < Rf_xlength(args); k++) {
    SEXP x = VECTOR_ELT(args, k);
    if (Rf_xlength(x) == 0) continue;
    rp_node_id part = ffi_is_mixed(x) ? reduce_scalars(g, name, x) : reduce(g, name, ffi_trace_node(x), Rf_xlength(x));
    total = started ? combine(g, name, total, part) : part;
    started = 1;
  }
  if (!started) Rf_error("nothing to summarise");
  return ffi_trace_codes(total, 1, logical);
}
