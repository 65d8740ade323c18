#include "ffi_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ffi_trace_code.h"

typedef struct {
  rp_graph *graph;
  uint64_t number; /* enters the hash, so that codes of different traces differ */
  int32_t *mark;   /* scratch of decode_many(): per node, all -1 between calls */
  int32_t n_mark;
} trace;

static trace *current;
static uint64_t n_traces;
static SEXP home; /* environment of the package's R code; preserved by R_PreserveObject() */
static SEXP prototype; /* an empty traced vector: lends its class and S4 bit */

static const char *const foreign_hint =
    "Only R code that the model or its own helpers run can be traced: rewrite this step with functions that can, or "
    "keep no traced value between two runs of a model.";

/* ---- beginning and ending ---- */

static void trace_free(void *data) {
  trace *t = data;
  if (t == current) current = NULL;
  rp_graph_free(t->graph);
  free(t->mark);
  free(t);
}

SEXP ffi_trace_begin(SEXP home_env) {
  if (current) Rf_error("a model is being traced already");
  if (home != home_env) {
    SEXP found = Rf_findVarInFrame(home_env, Rf_install("trace_prototype"));
    if (TYPEOF(found) == PROMSXP) found = Rf_eval(found, home_env);
    PROTECT(found);
    R_PreserveObject(home_env);
    R_PreserveObject(found);
    UNPROTECT(1);
    if (home) R_ReleaseObject(home);
    if (prototype) R_ReleaseObject(prototype);
    home = home_env;
    prototype = found;
  }
  trace *t = calloc(1, sizeof *t);
  if (t) t->graph = rp_graph_new();
  if (t && t->graph) rp_graph_set_literal(t->graph);
  if (!t || !t->graph) {
    free(t);
    Rf_error("out of memory");
  }
  t->number = ++n_traces;
  SEXP guard = PROTECT(ffi_guard(t, trace_free));
  current = t;
  UNPROTECT(1);
  return guard;
}

SEXP ffi_trace_end(SEXP guard) {
  ffi_guard_close(guard);
  return R_NilValue;
}

SEXP ffi_trace_active(void) { return Rf_ScalarLogical(current != NULL); }

rp_graph *ffi_trace_graph(void) {
  if (!current) Rf_error("a traced value was used after its model had run");
  return current->graph;
}

SEXP ffi_trace_home(void) { return home; }

/* ---- failing ---- */

void ffi_trace_fail(const char *hint, const char *format, ...) {
  char message[600];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  SEXP text = PROTECT(Rf_mkString(message)), advice = PROTECT(hint ? Rf_mkString(hint) : R_NilValue);
  SEXP call = PROTECT(Rf_lang3(Rf_install("trace_fail"), text, advice));
  Rf_eval(call, home);
  UNPROTECT(3);
  Rf_error("%s", message);
}

static void fail_foreign(void) {
  ffi_trace_fail(foreign_hint, "A traced value was changed by code that does not know about tracing.");
}

/* Raises the graph's failure and forgets it, so that a tryCatch() of the user's does not leave a broken trace. */
static void fail_graph(rp_graph *g) {
  rp_status status = *rp_graph_status(g);
  rp_status_clear(rp_graph_status(g));
  if (status.code == RP_OK) ffi_trace_fail(NULL, "an operation could not be traced");
  ffi_trace_fail(NULL, "%s", status.message);
}

/* ---- codes ---- */

int ffi_is_traced(SEXP x) { return TYPEOF(x) == CPLXSXP && Rf_inherits(x, "rp"); }

int ffi_has_codes(SEXP x) {
  if (TYPEOF(x) != CPLXSXP) return 0;
  const Rcomplex *z = COMPLEX_RO(x);
  for (R_xlen_t i = 0, n = Rf_xlength(x); i < n; i++)
    if (code_node(z[i].i) >= 0) return 1;
  return 0;
}

SEXP ffi_trace_has_codes(SEXP x) { return Rf_ScalarLogical(ffi_has_codes(x)); }

void ffi_trace_class(SEXP codes) {
  SEXP dim = PROTECT(Rf_getAttrib(codes, R_DimSymbol)), dimnames = PROTECT(Rf_getAttrib(codes, R_DimNamesSymbol));
  SEXP names = PROTECT(dim == R_NilValue ? Rf_getAttrib(codes, R_NamesSymbol) : R_NilValue);
  SHALLOW_DUPLICATE_ATTRIB(codes, prototype);
  if (dim != R_NilValue) Rf_setAttrib(codes, R_DimSymbol, dim);
  if (dim != R_NilValue && dimnames != R_NilValue) Rf_setAttrib(codes, R_DimNamesSymbol, dimnames);
  if (names != R_NilValue) Rf_setAttrib(codes, R_NamesSymbol, names);
  UNPROTECT(3);
}

static SEXP plain_values(const rp_node *node, R_xlen_t n, int logical) {
  SEXP result = PROTECT(Rf_allocVector(logical ? LGLSXP : REALSXP, n));
  for (R_xlen_t i = 0; i < n; i++) {
    double value = node->n == 1 ? node->value : node->data[i];
    if (logical) LOGICAL(result)[i] = ISNAN(value) ? NA_LOGICAL : value != 0;
    else REAL(result)[i] = value;
  }
  UNPROTECT(1);
  return result;
}

SEXP ffi_trace_codes(rp_node_id id, R_xlen_t n, int logical) {
  rp_graph *g = ffi_trace_graph();
  if (id == RP_NONE) fail_graph(g);
  const rp_node *node = rp_graph_node(g, id);
  if (node->n != n && node->n != 1) {
    ffi_trace_fail(NULL, "internal error: node of %lld elements for %lld", (long long) node->n, (long long) n);
  }
  if (node->op == RP_OP_CONST) return plain_values(node, n, logical);
  SEXP result = PROTECT(Rf_allocVector(CPLXSXP, n));
  Rcomplex *z = COMPLEX(result);
  uint64_t seed = code_seed(current->number, id);
  double tag = code_tag(id);
  R_xlen_t step = node->n == 1 ? 0 : 1;
  for (R_xlen_t i = 0; i < n; i++) {
    z[i].r = code_position(seed, i * step);
    z[i].i = tag;
  }
  SHALLOW_DUPLICATE_ATTRIB(result, prototype);
  UNPROTECT(1);
  return result;
}

static Rcomplex code_of(rp_node_id scalar) {
  return (Rcomplex){.r = code_position(code_seed(current->number, scalar), 0), .i = code_tag(scalar)};
}

SEXP ffi_trace_scalar_codes(const rp_node_id *ids, R_xlen_t n, int logical) {
  rp_graph *g = ffi_trace_graph();
  int known = 1;
  for (R_xlen_t i = 0; i < n; i++) {
    if (ids[i] == RP_NONE) fail_graph(g);
    if (rp_graph_node(g, ids[i])->op != RP_OP_CONST) known = 0;
  }
  SEXP result = PROTECT(Rf_allocVector(known ? (logical ? LGLSXP : REALSXP) : CPLXSXP, n));
  for (R_xlen_t i = 0; i < n; i++) {
    const rp_node *node = rp_graph_node(g, ids[i]);
    if (known && logical) LOGICAL(result)[i] = ISNAN(node->value) ? NA_LOGICAL : node->value != 0;
    else if (known) REAL(result)[i] = node->value;
    else if (node->op == RP_OP_CONST) COMPLEX(result)[i] = (Rcomplex){.r = node->value, .i = 0};
    else COMPLEX(result)[i] = code_of(ids[i]);
  }
  if (!known) SHALLOW_DUPLICATE_ATTRIB(result, prototype);
  UNPROTECT(1);
  return result;
}

/* Node and position of a code; node -1 for a plain number. */
static int32_t decode(const rp_graph *g, Rcomplex z, int32_t *position) {
  int64_t id = code_node(z.i);
  if (id < 0) {
    if (z.i != 0 && !(R_IsNA(z.i) && R_IsNA(z.r))) fail_foreign();
    return -1;
  }
  if (id >= rp_graph_size(g) || !(z.r >= 0 && z.r < 2147483648.0)) fail_foreign();
  *position = (int32_t) z.r;
  if (*position >= rp_graph_node(g, (rp_node_id) id)->n ||
      z.r != code_position(code_seed(current->number, (rp_node_id) id), *position)) {
    fail_foreign();
  }
  return (int32_t) id;
}

/* ---- codes back to nodes ---- */

/* Elements as runs: elements that follow each other in one node, or plain numbers. */
typedef struct {
  R_xlen_t n;
  const Rcomplex *z;
  int32_t *node, *position; /* per element */
  R_xlen_t n_runs;
  int one_node; /* whether all elements are of one node */
  int one_element;
} decoded;

static int32_t *node_marks(const rp_graph *g) {
  int32_t size = rp_graph_size(g);
  if (size > current->n_mark) {
    int32_t n = size + size / 2 + 64;
    int32_t *mark = realloc(current->mark, (size_t) n * sizeof *mark);
    if (!mark) Rf_error("out of memory");
    for (int32_t i = current->n_mark; i < n; i++) mark[i] = -1;
    current->mark = mark;
    current->n_mark = n;
  }
  return current->mark;
}

static int starts_run(const decoded *d, R_xlen_t i) {
  if (i == 0 || d->node[i] != d->node[i - 1]) return 1;
  return d->node[i] >= 0 && d->position[i] != d->position[i - 1] + 1;
}

static decoded decode_many(const rp_graph *g, SEXP x) {
  decoded d = {.n = Rf_xlength(x), .z = COMPLEX_RO(x), .one_node = 1, .one_element = 1};
  d.node = (int32_t *) R_alloc((size_t) d.n, sizeof *d.node);
  d.position = (int32_t *) R_alloc((size_t) d.n, sizeof *d.position);
  for (R_xlen_t i = 0; i < d.n; i++) {
    d.position[i] = 0;
    d.node[i] = decode(g, d.z[i], &d.position[i]);
    d.n_runs += starts_run(&d, i);
    if (d.node[i] != d.node[0]) d.one_node = 0;
    if (!d.one_node || d.position[i] != d.position[0] || d.node[i] < 0) d.one_element = 0;
  }
  return d;
}

static rp_node_id numbers_of(rp_graph *g, const decoded *d, R_xlen_t from, R_xlen_t to) {
  double *values = (double *) R_alloc((size_t) (to - from) + 1, sizeof *values);
  R_xlen_t n = 0;
  for (R_xlen_t i = from; i < to; i++)
    if (d->node[i] < 0) values[n++] = d->z[i].r;
  return rp_data(g, values, n);
}

/* Each run as a slice, in order. */
static rp_node_id concat_runs(rp_graph *g, const decoded *d) {
  rp_node_id *parts = (rp_node_id *) R_alloc((size_t) d->n_runs, sizeof *parts);
  int32_t n_parts = 0;
  for (R_xlen_t i = 0; i < d->n;) {
    R_xlen_t end = i + 1;
    while (end < d->n && !starts_run(d, end)) end++;
    parts[n_parts++] = d->node[i] < 0 ? numbers_of(g, d, i, end) : rp_slice(g, d->node[i], d->position[i], end - i);
    i = end;
  }
  return rp_concat(g, parts, n_parts);
}

/* The nodes that occur, once each, and then a gather: for interleaved elements. */
static rp_node_id gather_parts(rp_graph *g, const decoded *d) {
  int32_t *mark = node_marks(g), n_parts = 0;
  rp_node_id *parts = (rp_node_id *) R_alloc((size_t) d->n_runs + 1, sizeof *parts);
  int64_t *begin = (int64_t *) R_alloc((size_t) d->n_runs + 1, sizeof *begin), total = 0;
  for (R_xlen_t i = 0; i < d->n; i++) {
    if (d->node[i] < 0 || mark[d->node[i]] >= 0) continue;
    mark[d->node[i]] = n_parts;
    parts[n_parts] = d->node[i];
    begin[n_parts++] = total;
    total += rp_graph_node(g, d->node[i])->n;
  }
  rp_node_id numbers = numbers_of(g, d, 0, d->n);
  int64_t number = total;
  int32_t *index = (int32_t *) R_alloc((size_t) d->n, sizeof *index);
  for (R_xlen_t i = 0; i < d->n; i++) {
    index[i] = (int32_t) (d->node[i] < 0 ? number++ : begin[mark[d->node[i]]] + d->position[i]);
  }
  for (int32_t k = 0; k < n_parts; k++) mark[parts[k]] = -1;
  if (number > INT32_MAX) Rf_error("an array of more than 2^31 - 1 elements");
  if (number > total) parts[n_parts++] = numbers;
  return rp_gather(g, rp_concat(g, parts, n_parts), index, d->n);
}

/* Whether no node occurs in more than one run. */
static int runs_are_distinct(const rp_graph *g, const decoded *d) {
  int32_t *mark = node_marks(g);
  int distinct = 1;
  for (R_xlen_t i = 0; i < d->n; i++) {
    if (d->node[i] < 0 || !starts_run(d, i)) continue;
    if (mark[d->node[i]] >= 0) distinct = 0;
    mark[d->node[i]] = 0;
  }
  for (R_xlen_t i = 0; i < d->n; i++)
    if (d->node[i] >= 0) mark[d->node[i]] = -1;
  return distinct;
}

/* The node, if the codes are all its elements in order: the common case, decided without decoding. */
static rp_node_id whole_node(const rp_graph *g, const Rcomplex *z, R_xlen_t n) {
  int64_t id = code_node(z[0].i);
  if (id < 0 || id >= rp_graph_size(g) || rp_graph_node(g, (rp_node_id) id)->n != n) return RP_NONE;
  uint64_t seed = code_seed(current->number, (rp_node_id) id);
  for (R_xlen_t i = 0; i < n; i++)
    if (code_node(z[i].i) != id || z[i].r != code_position(seed, i)) return RP_NONE;
  return (rp_node_id) id;
}

static rp_node_id node_of_codes(rp_graph *g, SEXP x) {
  R_xlen_t n = Rf_xlength(x);
  const Rcomplex *z = COMPLEX_RO(x);
  if (n == 0) return rp_data(g, NULL, 0);
  if (n == 1) {
    int32_t position = 0, node = decode(g, z[0], &position);
    if (node < 0) return rp_const(g, z[0].r);
    return rp_slice(g, node, position, 1);
  }
  rp_node_id id = whole_node(g, z, n);
  if (id != RP_NONE) return id;
  const void *memory = vmaxget();
  decoded d = decode_many(g, x);
  if (d.one_element) id = rp_slice(g, d.node[0], d.position[0], 1);
  else if (d.one_node && d.node[0] >= 0) id = rp_gather(g, d.node[0], d.position, n);
  else if (4 * d.n_runs <= n || runs_are_distinct(g, &d)) id = concat_runs(g, &d);
  else id = gather_parts(g, &d);
  vmaxset(memory);
  return id;
}

int ffi_is_mixed(SEXP x) {
  R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) != CPLXSXP || n < 2 || n > most_mixed) return 0;
  const Rcomplex *z = COMPLEX_RO(x);
  int64_t first = code_node(z[0].i);
  for (R_xlen_t i = 1; i < n; i++)
    if (code_node(z[i].i) != first) return 1;
  return 0;
}

rp_node_id ffi_trace_element_node(SEXP x, R_xlen_t i) {
  rp_graph *g = ffi_trace_graph();
  if (TYPEOF(x) == REALSXP) return rp_const(g, REAL_RO(x)[i]);
  if (TYPEOF(x) != CPLXSXP) {
    int value = TYPEOF(x) == INTSXP ? INTEGER_RO(x)[i] : LOGICAL_RO(x)[i];
    return rp_const(g, value == NA_INTEGER ? NA_REAL : value);
  }
  Rcomplex z = COMPLEX_RO(x)[i];
  int32_t position = 0, node = decode(g, z, &position);
  return node < 0 ? rp_const(g, z.r) : rp_slice(g, node, position, 1);
}

static rp_node_id node_of_numbers(rp_graph *g, SEXP x) {
  R_xlen_t n = Rf_xlength(x);
  if (n == 1) return rp_const(g, Rf_asReal(x));
  if (TYPEOF(x) == REALSXP) return rp_data(g, REAL_RO(x), n);
  const void *memory = vmaxget();
  double *values = (double *) R_alloc((size_t) n + 1, sizeof *values);
  const int *from = TYPEOF(x) == INTSXP ? INTEGER_RO(x) : LOGICAL_RO(x);
  for (R_xlen_t i = 0; i < n; i++) values[i] = from[i] == NA_INTEGER ? NA_REAL : from[i];
  rp_node_id id = rp_data(g, values, n);
  vmaxset(memory);
  return id;
}

rp_node_id ffi_trace_node(SEXP x) {
  rp_graph *g = ffi_trace_graph();
  rp_node_id id = RP_NONE;
  switch (TYPEOF(x)) {
  case CPLXSXP: id = node_of_codes(g, x); break;
  case REALSXP:
  case INTSXP:
  case LGLSXP: id = node_of_numbers(g, x); break;
  case NILSXP: id = rp_data(g, NULL, 0); break;
  default: ffi_trace_fail(NULL, "A traced value was combined with %s instead of numbers.",
                          TYPEOF(x) == STRSXP ? "text" : Rf_type2char((SEXPTYPE) TYPEOF(x)));
  }
  if (id == RP_NONE) fail_graph(g);
  return id;
}

rp_node_id ffi_trace_array(SEXP x) {
  rp_node_id id = ffi_trace_node(x);
  return rp_broadcast(ffi_trace_graph(), id, Rf_xlength(x));
}

/* ---- what a value is ---- */

SEXP ffi_trace_site(SEXP number, SEXP n) {
  R_xlen_t length = (R_xlen_t) Rf_asReal(n);
  return ffi_trace_codes(rp_site(ffi_trace_graph(), Rf_asInteger(number), length), length, 0);
}

SEXP ffi_trace_placeholder(SEXP number) {
  return ffi_trace_codes(rp_param(ffi_trace_graph(), Rf_asInteger(number), 1), 1, 0);
}

SEXP ffi_trace_row(SEXP x) {
  rp_node_id id = ffi_trace_array(x);
  if (id == RP_NONE) fail_graph(ffi_trace_graph());
  return Rf_ScalarInteger(id + 1);
}

SEXP ffi_trace_size(void) { return Rf_ScalarInteger(rp_graph_size(ffi_trace_graph())); }

SEXP ffi_trace_depends(SEXP x) {
  rp_graph *g = ffi_trace_graph();
  rp_node_id root = ffi_trace_node(x);
  int32_t n = root + 1, n_sites = 0;
  char *used = R_alloc((size_t) n, 1);
  memset(used, 0, (size_t) n);
  used[root] = 1;
  int *sites = (int *) R_alloc((size_t) n, sizeof *sites);
  for (rp_node_id id = root; id >= 0; id--) {
    if (!used[id]) continue;
    const rp_node *node = rp_graph_node(g, id);
    for (int32_t k = 0; k < node->n_in; k++) used[node->in[k]] = 1;
    if (node->op == RP_OP_SITE) sites[n_sites++] = (int) node->attribute[0];
  }
  SEXP result = PROTECT(Rf_allocVector(INTSXP, n_sites));
  for (int32_t k = 0; k < n_sites; k++) INTEGER(result)[k] = sites[n_sites - 1 - k];
  UNPROTECT(1);
  return result;
}

/* Looks a few operations deep: what is rearranged or combined more often counts as a number. */
static int is_truth(const rp_graph *g, rp_node_id id, int depth) {
  if (id == RP_NONE || depth == 0) return 0;
  const rp_node *node = rp_graph_node(g, id);
  switch (node->op) {
  case RP_OP_LT:
  case RP_OP_LE:
  case RP_OP_EQ:
  case RP_OP_NE:
  case RP_OP_NOT:
  case RP_OP_IS_NAN: return 1;
  case RP_OP_SLICE:
  case RP_OP_GATHER:
  case RP_OP_BROADCAST:
  case RP_OP_MAX_OF:
  case RP_OP_MIN_OF: return is_truth(g, node->in[0], depth - 1);
  case RP_OP_MUL:
  case RP_OP_MAX: return is_truth(g, node->in[0], depth - 1) && is_truth(g, node->in[1], depth - 1);
  case RP_OP_CONCAT:
    for (int32_t k = 0; k < node->n_in; k++)
      if (!is_truth(g, node->in[k], depth - 1)) return 0;
    return node->n_in > 0;
  default: return 0;
  }
}

int ffi_is_truth(const rp_graph *g, rp_node_id id) { return is_truth(g, id, 8); }

SEXP ffi_trace_is_truth(SEXP x) { return Rf_ScalarLogical(ffi_is_truth(ffi_trace_graph(), ffi_trace_node(x))); }

rp_node_id ffi_trace_truth(rp_graph *g, rp_node_id a) {
  return ffi_is_truth(g, a) ? a : rp_binary(g, RP_OP_NE, a, rp_const(g, 0));
}

SEXP ffi_trace_print(SEXP x) {
  rp_graph *g = ffi_trace_graph();
  rp_node_id root = ffi_trace_node(x);
  char *text = rp_graph_print(g, &root, 1);
  if (!text) Rf_error("out of memory");
  size_t size = strlen(text) + 1;
  char *copy = R_alloc(size, 1);
  memcpy(copy, text, size);
  free(text);
  return Rf_mkString(copy);
}
