#include "ffi_spec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/pack.h"
#include "ffi_decode.h"

static rp_packed *packed_view(SEXP nodes, rp_status *status, int depth);
static rp_code decode_nodes(ffi_decoder *d, SEXP nodes);
static rp_code decode_statements(ffi_decoder *d, SEXP statements);
static rp_code decode_statement(ffi_decoder *d, SEXP list, rp_statement *s);
static rp_code decode_draw(ffi_decoder *d, SEXP list, rp_statement *s);
static rp_code decode_element(ffi_decoder *d, SEXP element, int64_t n, rp_statement *s);
static rp_code decode_param(ffi_decoder *d, SEXP list, rp_statement *s);
static rp_code decode_enter(ffi_decoder *d, SEXP list, rp_statement *s);
static rp_code decode_dim(ffi_decoder *d, SEXP dim, rp_statement *s);
static const double *decode_numbers(ffi_decoder *d, SEXP x, int64_t n, const char *site, const char *what);

rp_spec *ffi_spec_decode(SEXP list, rp_status *status) {
  rp_spec *spec = calloc(1, sizeof *spec);
  if (spec) spec->pool = rp_pool_new();
  if (!spec || !spec->pool) {
    rp_fail_memory(status, "the spec");
    rp_spec_free(spec);
    return NULL;
  }
  ffi_decoder d = {.spec = spec, .status = status};
  if (TYPEOF(list) != VECSXP || ffi_integer(ffi_get(list, "version"), 0) != 1)
    rp_fail(status, RP_BAD_SPEC, NULL, "this is not a spec of version 1: make it with model_spec()");
  if (status->code == RP_OK) decode_nodes(&d, ffi_get(list, "nodes"));
  if (status->code == RP_OK) decode_statements(&d, ffi_get(list, "statements"));
  if (status->code == RP_OK) ffi_decode_handlers(&d, ffi_get(list, "handlers"));
  if (status->code == RP_OK) rp_spec_check(spec, status);
  free(d.rows);
  if (status->code == RP_OK) return spec;
  rp_spec_free(spec);
  return NULL;
}

rp_node_id ffi_decode_row(ffi_decoder *d, SEXP x, const char *site, const char *what) {
  double row = ffi_number(x, NAN);
  if (!(row >= 1 && row <= d->n_rows && row == floor(row))) {
    rp_fail(d->status, RP_BAD_SPEC, site, "its `%s` is not the number of a node", what);
    return RP_NONE;
  }
  return d->rows[(int64_t) row - 1];
}

int32_t ffi_named_values(SEXP list, rp_pool *pool, const rp_named_value **values, rp_status *status, const char *what) {
  SEXP names = Rf_getAttrib(list, R_NamesSymbol);
  R_xlen_t n = Rf_xlength(list);
  *values = NULL;
  if (n == 0) return 0;
  if (TYPEOF(list) != VECSXP || TYPEOF(names) != STRSXP || n > 1000000)
    return rp_fail(status, RP_BAD_SPEC, NULL, "%s: the values are not a named list", what), 0;
  rp_named_value *v = rp_pool_array(pool, n, sizeof *v);
  for (R_xlen_t i = 0; i < n && v; i++) {
    SEXP x = VECTOR_ELT(list, i);
    if (!ffi_is_numeric(x))
      return rp_fail(status, RP_BAD_SPEC, CHAR(STRING_ELT(names, i)), "%s: the value is not numeric", what), 0;
    double *copy = rp_pool_array(pool, Rf_xlength(x), sizeof *copy);
    v[i].name = rp_pool_text(pool, CHAR(STRING_ELT(names, i)));
    v[i].n = Rf_xlength(x);
    v[i].value = copy;
    if (!copy || !v[i].name) return rp_fail_memory(status, what), 0;
    ffi_copy_doubles(x, copy);
  }
  if (!v) return rp_fail_memory(status, what), 0;
  *values = v;
  return (int32_t) n;
}

/* ---- nodes ---- */

static rp_code decode_nodes(ffi_decoder *d, SEXP nodes) {
  rp_packed *packed = packed_view(nodes, d->status, 0);
  if (!packed) return d->status->code;
  d->n_rows = packed->n_rows;
  d->rows = malloc(((size_t) d->n_rows + 1) * sizeof *d->rows);
  if (!d->rows) return rp_fail_memory(d->status, "the spec's nodes");
  d->spec->trace = rp_unpack(packed, d->rows, d->status);
  return d->status->code;
}

/* The columns as they lie in R's vectors; memory of the view is R_alloc'd. */
static rp_packed *packed_view(SEXP nodes, rp_status *status, int depth) {
  SEXP op = ffi_get(nodes, "op"), n = ffi_get(nodes, "n"), input = ffi_get(nodes, "input"),
       input_end = ffi_get(nodes, "input_end"), number = ffi_get(nodes, "number"),
       number_end = ffi_get(nodes, "number_end"), bodies = ffi_get(nodes, "bodies"), next = ffi_get(nodes, "next");
  R_xlen_t rows = Rf_xlength(op), n_bodies = TYPEOF(bodies) == VECSXP ? Rf_xlength(bodies) : 0;
  int columns = TYPEOF(op) == STRSXP && TYPEOF(n) == REALSXP && Rf_xlength(n) == rows && TYPEOF(input) == INTSXP &&
                TYPEOF(input_end) == INTSXP && Rf_xlength(input_end) == rows && TYPEOF(number) == REALSXP &&
                TYPEOF(number_end) == INTSXP && Rf_xlength(number_end) == rows && rows < INT32_MAX &&
                (bodies == R_NilValue || TYPEOF(bodies) == VECSXP) && n_bodies < INT32_MAX && depth < 4;
  int32_t inputs = 0, numbers = 0; /* ends must rise and stay within their column */
  for (R_xlen_t i = 0; columns && i < rows; i++) {
    columns = INTEGER(input_end)[i] >= inputs && INTEGER(input_end)[i] <= Rf_xlength(input) &&
              INTEGER(number_end)[i] >= numbers && INTEGER(number_end)[i] <= Rf_xlength(number);
    inputs = INTEGER(input_end)[i];
    numbers = INTEGER(number_end)[i];
  }
  if (!columns) return rp_fail(status, RP_BAD_SPEC, NULL, "its nodes are not columns of equal length"), NULL;
  rp_packed *p = (rp_packed *) R_alloc(1, sizeof *p);
  memset(p, 0, sizeof *p);
  p->n_rows = (int32_t) rows;
  p->op = (const char **) R_alloc((size_t) rows + 1, sizeof *p->op);
  for (R_xlen_t i = 0; i < rows; i++) p->op[i] = CHAR(STRING_ELT(op, i));
  p->n = REAL(n);
  p->input = INTEGER(input);
  p->input_end = INTEGER(input_end);
  p->number = REAL(number);
  p->number_end = INTEGER(number_end);
  p->n_bodies = (int32_t) n_bodies;
  p->bodies = (rp_packed *) R_alloc((size_t) n_bodies + 1, sizeof *p->bodies);
  for (R_xlen_t i = 0; i < n_bodies; i++) {
    const rp_packed *body = packed_view(VECTOR_ELT(bodies, i), status, depth + 1);
    if (!body) return NULL;
    p->bodies[i] = *body;
  }
  p->n_carry = (int32_t) ffi_integer(ffi_get(nodes, "n_carry"), 0);
  p->n_sequence = (int32_t) ffi_integer(ffi_get(nodes, "n_sequence"), 0);
  p->n_invariant = (int32_t) ffi_integer(ffi_get(nodes, "n_invariant"), 0);
  if (depth > 0 && (TYPEOF(next) != INTSXP || p->n_carry < 0 || Rf_xlength(next) != p->n_carry))
    return rp_fail(status, RP_BAD_SPEC, NULL, "the body of a scan lacks its carries"), NULL;
  p->next = depth > 0 ? INTEGER(next) : NULL;
  return p;
}

/* ---- statements ---- */

static rp_code decode_statements(ffi_decoder *d, SEXP statements) {
  R_xlen_t n = Rf_xlength(statements);
  if (TYPEOF(statements) != VECSXP || n >= INT32_MAX)
    return rp_fail(d->status, RP_BAD_SPEC, NULL, "it has no list of statements");
  rp_statement *s = rp_pool_array(d->spec->pool, n, sizeof *s);
  if (!s) return rp_fail_memory(d->status, "the statements");
  d->spec->statements = s;
  d->spec->n_statements = (int32_t) n;
  for (R_xlen_t i = 0; i < n; i++) {
    d->status->statement = (int32_t) i;
    if (decode_statement(d, VECTOR_ELT(statements, i), &s[i]) != RP_OK) return d->status->code;
  }
  d->status->statement = -1;
  return RP_OK;
}

static rp_code decode_statement(ffi_decoder *d, SEXP list, rp_statement *s) {
  static const char *const kinds[] = {"draw", "record", "param", "factor", "enter", "leave"};
  rp_pool *pool = d->spec->pool;
  const char *kind = ffi_text(ffi_get(list, "kind"), NULL);
  int k = 0;
  while (kind && k < 6 && strcmp(kind, kinds[k]) != 0) k++;
  if (!kind || k == 6) return rp_fail(d->status, RP_BAD_SPEC, NULL, "a statement has an unknown `kind`");
  s->kind = (rp_statement_kind) k;
  s->row = s->data = RP_NONE;
  s->element = -1;
  s->call = rp_pool_text(pool, ffi_text(ffi_get(list, "call"), ""));
  s->where = rp_pool_text(pool, ffi_text(ffi_get(list, "where"), ""));
  const char *name = ffi_text(ffi_get(list, "name"), NULL);
  if (!name && s->kind < RP_STATEMENT_ENTER) return rp_fail(d->status, RP_BAD_SPEC, NULL, "a statement has no `name`");
  s->name = rp_pool_text(pool, name);
  if (!s->name || !s->call || !s->where) return rp_fail_memory(d->status, "a statement");
  if (s->kind == RP_STATEMENT_LEAVE) return RP_OK;
  if (s->kind == RP_STATEMENT_ENTER) return decode_enter(d, list, s);
  s->row = ffi_decode_row(d, ffi_get(list, "node"), s->name, "node");
  if (s->row == RP_NONE) return d->status->code;
  if (s->kind == RP_STATEMENT_FACTOR) return RP_OK;
  if (decode_dim(d, ffi_get(list, "dim"), s) != RP_OK) return d->status->code;
  if (s->kind == RP_STATEMENT_DRAW) return decode_draw(d, list, s);
  if (s->kind == RP_STATEMENT_PARAM) return decode_param(d, list, s);
  SEXP element = ffi_get(list, "element");
  if (element != R_NilValue) decode_element(d, element, rp_graph_node(d->spec->trace, s->row)->n, s);
  return d->status->code;
}

static rp_code decode_draw(ffi_decoder *d, SEXP list, rp_statement *s) {
  int64_t n = rp_graph_node(d->spec->trace, s->row)->n;
  SEXP element = ffi_get(list, "element"), observed = ffi_get(list, "observed");
  if (element != R_NilValue && decode_element(d, element, n, s) != RP_OK) return d->status->code;
  if (observed != R_NilValue) {
    s->observed = decode_numbers(d, observed, n, s->name, "observed");
    if (!s->observed) return d->status->code;
  }
  SEXP data = ffi_get(list, "data");
  if (data != R_NilValue && (s->data = ffi_decode_row(d, data, s->name, "data")) == RP_NONE) return d->status->code;
  const char *original = ffi_text(ffi_get(list, "original"), NULL);
  if (original && !(s->original = rp_pool_text(d->spec->pool, original)))
    return rp_fail_memory(d->status, "a statement");
  s->dist = ffi_decode_dist(d, ffi_get(list, "dist"), s->name, 0);
  return d->status->code;
}

static rp_code decode_element(ffi_decoder *d, SEXP element, int64_t n, rp_statement *s) {
  if (Rf_xlength(element) <= 1) {
    s->element = ffi_integer(element, 0) - 1;
    if (s->element < 0) return rp_fail(d->status, RP_BAD_SPEC, s->name, "its `element` is not a position");
    return RP_OK;
  }
  const double *positions = decode_numbers(d, element, n, s->name, "element");
  int32_t *elements = rp_pool_array(d->spec->pool, n, sizeof *elements);
  if (!positions) return d->status->code;
  if (!elements) return rp_fail_memory(d->status, "a statement");
  for (int64_t k = 0; k < n; k++) {
    if (!(positions[k] >= 1 && positions[k] <= INT32_MAX && positions[k] == floor(positions[k])))
      return rp_fail(d->status, RP_BAD_SPEC, s->name, "its `element` is not made of positions");
    elements[k] = (int32_t) (positions[k] - 1);
  }
  s->elements = elements;
  return RP_OK;
}

static rp_code decode_param(ffi_decoder *d, SEXP list, rp_statement *s) {
  SEXP support = ffi_get(list, "support");
  s->init = decode_numbers(d, ffi_get(list, "init"), rp_graph_node(d->spec->trace, s->row)->n, s->name, "init");
  if (!s->init) return d->status->code;
  const char *kind = ffi_text(ffi_get(support, "kind"), "real");
  int k = 0;
  while (k <= RP_SUPPORT_ONE_HOT && strcmp(rp_support_name((rp_support_kind) k), kind) != 0) k++;
  if (k > RP_SUPPORT_ONE_HOT) return rp_fail(d->status, RP_BAD_SPEC, s->name, "its support `%s` is unknown", kind);
  s->support = (rp_support_kind) k;
  s->lower = ffi_number(ffi_get(support, "lower"), NAN);
  s->upper = ffi_number(ffi_get(support, "upper"), NAN);
  return RP_OK;
}

static rp_code decode_enter(ffi_decoder *d, SEXP list, rp_statement *s) {
  const char *scope = ffi_text(ffi_get(list, "scope"), "");
  if (strcmp(scope, "plate") == 0) {
    s->scope = RP_SCOPE_PLATE;
    if (ffi_get(list, "subsample") == R_NilValue) return RP_OK;
    s->size = ffi_integer(ffi_get(list, "size"), 0);
    s->n_batch = ffi_integer(ffi_get(list, "subsample"), 0);
    if (!s->name || !*s->name || s->n_batch < 1 || s->n_batch > s->size)
      return rp_fail(d->status, RP_BAD_SPEC, NULL, "a plate has a subsample that is not part of it");
    s->row = ffi_decode_row(d, ffi_get(list, "node"), s->name, "node");
    return d->status->code;
  }
  s->scope = strcmp(scope, "mask") == 0 ? RP_SCOPE_MASK : RP_SCOPE_SCALE;
  if (s->scope == RP_SCOPE_SCALE && strcmp(scope, "scale") != 0)
    return rp_fail(d->status, RP_BAD_SPEC, NULL, "a scope is called `%s`", scope);
  s->row = ffi_decode_row(d, ffi_get(list, "node"), NULL, "node");
  return d->status->code;
}

static rp_code decode_dim(ffi_decoder *d, SEXP dim, rp_statement *s) {
  R_xlen_t n = Rf_xlength(dim);
  if (!ffi_is_numeric(dim) || TYPEOF(dim) == LGLSXP || n < 1 || n > RP_MAX_DIMS)
    return rp_fail(d->status, RP_BAD_SPEC, s->name, "its `dim` is not 1 to %d whole numbers", RP_MAX_DIMS);
  double total = 1;
  s->n_dim = (int32_t) n;
  for (R_xlen_t k = 0; k < n; k++) {
    double extent = TYPEOF(dim) == INTSXP ? INTEGER(dim)[k] : REAL(dim)[k];
    if (!(extent >= 0 && extent <= INT32_MAX && extent == floor(extent)) || (total *= extent) > INT32_MAX)
      return rp_fail(d->status, RP_BAD_SPEC, s->name, "its `dim` is not made of whole numbers");
    s->dim[k] = (int64_t) extent;
  }
  return RP_OK;
}

static const double *decode_numbers(ffi_decoder *d, SEXP x, int64_t n, const char *site, const char *what) {
  if (!ffi_is_numeric(x) || Rf_xlength(x) != n) {
    rp_fail(d->status, RP_BAD_SPEC, site, "its `%s` is not %lld numbers", what, (long long) n);
    return NULL;
  }
  double *copy = rp_pool_array(d->spec->pool, n, sizeof *copy);
  if (!copy) return rp_fail_memory(d->status, "data"), NULL;
  ffi_copy_doubles(x, copy);
  return copy;
}
