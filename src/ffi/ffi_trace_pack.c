/* The trace as plain R columns (rolling up loops on the way), and its values under given numbers for the sites. */
#include "ffi_trace.h"

#include <stdlib.h>
#include <string.h>

#include "../graph/construct.h"
#include "../graph/pack.h"

enum { least_to_roll = 48 }; /* nodes: shorter stretches hold no loop worth a scan */

/* ---- copying the trace, stretch by stretch ---- */

typedef struct {
  const rp_graph *from;
  rp_graph *to;
  rp_node_id *map;      /* of each node of from that is needed; RP_NONE otherwise */
  rp_node_id *last_use; /* greatest id that uses a node; INT32_MAX for a row; -1: not needed */
  rp_node_id *in;       /* scratch: inputs of one node */
  rp_node_id *roots, *root_of;
} copying;

/* All memory is R_alloc'd here, before any graph is made. */
static copying copying_new(const rp_graph *from, const int *rows, R_xlen_t n_rows) {
  int32_t n = rp_graph_size(from), most_in = 1;
  copying c = {.from = from};
  c.map = (rp_node_id *) R_alloc((size_t) n + 1, sizeof *c.map);
  c.last_use = (rp_node_id *) R_alloc((size_t) n + 1, sizeof *c.last_use);
  c.roots = (rp_node_id *) R_alloc((size_t) n + 1, sizeof *c.roots);
  c.root_of = (rp_node_id *) R_alloc((size_t) n + 1, sizeof *c.root_of);
  for (int32_t id = 0; id < n; id++) c.map[id] = c.last_use[id] = -1;
  for (R_xlen_t k = 0; k < n_rows; k++) {
    if (rows[k] < 1 || rows[k] > n) Rf_error("row %d of a trace of %d", rows[k], n);
    c.last_use[rows[k] - 1] = INT32_MAX;
  }
  for (rp_node_id id = n - 1; id >= 0; id--) {
    const rp_node *node = rp_graph_node(from, id);
    if (c.last_use[id] < 0) continue;
    if (node->n_in > most_in) most_in = node->n_in;
    for (int32_t k = 0; k < node->n_in; k++)
      if (c.last_use[node->in[k]] < id) c.last_use[node->in[k]] = id;
  }
  c.in = (rp_node_id *) R_alloc((size_t) most_in, sizeof *c.in);
  return c;
}

/* Copies nodes first to end - 1 and rolls up the loops among them. What is used later keeps its meaning through map. */
static void copy_stretch(copying *c, rp_node_id first, rp_node_id end) {
  rp_node_id before = rp_graph_size(c->to);
  int32_t n_copied = 0, n_roots = 0;
  for (rp_node_id id = first; id < end; id++) {
    if (c->last_use[id] < 0) continue;
    const rp_node *node = rp_graph_node(c->from, id);
    for (int32_t k = 0; k < node->n_in; k++) c->in[k] = c->map[node->in[k]];
    c->map[id] = rp_rebuild(c->to, node, c->in);
    n_copied++;
    if (c->last_use[id] < end) continue;
    c->root_of[n_roots] = id;
    c->roots[n_roots++] = c->map[id];
  }
  if (n_copied < least_to_roll || n_roots == 0 || rp_graph_status(c->to)->code != RP_OK) return;
  if (rp_pass_roll(c->to, before, c->roots, n_roots) != RP_OK) return;
  for (int32_t k = 0; k < n_roots; k++) c->map[c->root_of[k]] = c->roots[k];
}

static void copy_all(copying *c, const int *barriers, R_xlen_t n_barriers) {
  int32_t n = rp_graph_size(c->from);
  rp_node_id first = 0;
  for (R_xlen_t k = 0; k <= n_barriers; k++) {
    rp_node_id end = k < n_barriers ? barriers[k] : n;
    if (end > n) end = n;
    if (end <= first) continue;
    copy_stretch(c, first, end);
    first = end;
  }
}

/* ---- columns ---- */

static SEXP integers(const int32_t *values, int32_t n) {
  SEXP x = Rf_allocVector(INTSXP, n);
  if (n > 0) memcpy(INTEGER(x), values, (size_t) n * sizeof *values);
  return x;
}

static SEXP doubles(const double *values, int32_t n) {
  SEXP x = Rf_allocVector(REALSXP, n);
  if (n > 0) memcpy(REAL(x), values, (size_t) n * sizeof *values);
  return x;
}

static SEXP columns(const rp_packed *p, int is_body) {
  static const char *const names[] = {"op",     "n",       "input",      "input_end",   "number", "number_end",
                                      "bodies", "n_carry", "n_sequence", "n_invariant", "next"};
  SEXP list = PROTECT(ffi_list(is_body ? 11 : 7, names)), op = Rf_allocVector(STRSXP, p->n_rows);
  int32_t last = p->n_rows - 1;
  SET_VECTOR_ELT(list, 0, op);
  for (int32_t i = 0; i < p->n_rows; i++) SET_STRING_ELT(op, i, Rf_mkChar(p->op[i]));
  SET_VECTOR_ELT(list, 1, doubles(p->n, p->n_rows));
  SET_VECTOR_ELT(list, 2, integers(p->input, last < 0 ? 0 : p->input_end[last]));
  SET_VECTOR_ELT(list, 3, integers(p->input_end, p->n_rows));
  SET_VECTOR_ELT(list, 4, doubles(p->number, last < 0 ? 0 : p->number_end[last]));
  SET_VECTOR_ELT(list, 5, integers(p->number_end, p->n_rows));
  SEXP bodies = Rf_allocVector(VECSXP, p->n_bodies);
  SET_VECTOR_ELT(list, 6, bodies);
  for (int32_t i = 0; i < p->n_bodies; i++) SET_VECTOR_ELT(bodies, i, columns(&p->bodies[i], 1));
  if (is_body) {
    SET_VECTOR_ELT(list, 7, Rf_ScalarInteger(p->n_carry));
    SET_VECTOR_ELT(list, 8, Rf_ScalarInteger(p->n_sequence));
    SET_VECTOR_ELT(list, 9, Rf_ScalarInteger(p->n_invariant));
    SET_VECTOR_ELT(list, 10, integers(p->next, p->n_carry));
  }
  UNPROTECT(1);
  return list;
}

static void release_packed(void *packed) { rp_packed_free(packed); }

/* The rolled copy of the trace with only what the rows need; rows are rewritten. NULL: see status. */
static rp_packed *pack_rows(copying *c, const int *barriers, R_xlen_t n_barriers, rp_node_id *rows, int32_t n_rows,
                            rp_status *status) {
  rp_packed *packed = NULL;
  c->to = rp_graph_new();
  if (!c->to) {
    rp_fail_memory(status, "a graph");
    return NULL;
  }
  rp_graph_set_literal(c->to); /* until loops are rolled */
  copy_all(c, barriers, n_barriers);
  for (int32_t k = 0; k < n_rows; k++) rows[k] = c->map[rows[k]];
  *status = *rp_graph_status(c->to);
  rp_graph *lean = status->code == RP_OK ? rp_graph_extract(c->to, rows, n_rows, NULL, NULL, status) : NULL;
  rp_graph_free(c->to);
  if (lean) packed = rp_pack(lean, status);
  rp_graph_free(lean);
  return packed;
}

SEXP ffi_trace_pack(SEXP rows, SEXP barriers) {
  static const char *const names[] = {"nodes", "rows"};
  int32_t n_rows = (int32_t) Rf_xlength(rows);
  rp_status status;
  rp_status_clear(&status);
  copying c = copying_new(ffi_trace_graph(), INTEGER(rows), n_rows);
  rp_node_id *roots = (rp_node_id *) R_alloc((size_t) n_rows + 1, sizeof *roots);
  for (int32_t k = 0; k < n_rows; k++) roots[k] = INTEGER(rows)[k] - 1;
  rp_packed *packed = pack_rows(&c, INTEGER(barriers), Rf_xlength(barriers), roots, n_rows, &status);
  if (!packed) ffi_trace_fail(NULL, "%s", status.message);
  SEXP guard = PROTECT(ffi_guard(packed, release_packed)), result = PROTECT(ffi_list(2, names));
  SET_VECTOR_ELT(result, 0, columns(packed, 0));
  ffi_guard_close(guard);
  SEXP renumbered = Rf_allocVector(INTSXP, n_rows);
  SET_VECTOR_ELT(result, 1, renumbered);
  for (int32_t k = 0; k < n_rows; k++) INTEGER(renumbered)[k] = roots[k] + 1;
  UNPROTECT(2);
  return result;
}

/* ---- values ---- */

typedef struct {
  const int *numbers;   /* site numbers */
  int64_t *offsets, *n; /* of their values among the parameters */
  R_xlen_t n_sites;
  int64_t missing; /* a site without values, or with as many as do not fit; 0: none */
} site_values;

static rp_node_id value_of_site(void *context, rp_graph *to, const rp_node *leaf) {
  site_values *sites = context;
  if (leaf->op != RP_OP_SITE) return RP_NONE;
  for (R_xlen_t k = 0; k < sites->n_sites; k++) {
    if (sites->numbers[k] != leaf->attribute[0] || sites->n[k] != leaf->n) continue;
    return rp_param(to, sites->offsets[k], leaf->n);
  }
  sites->missing = leaf->attribute[0];
  return RP_NONE;
}

/* Sites and their values, as parameters one after the other; all R_alloc'd. */
static double *site_parameters(site_values *sites, SEXP numbers, SEXP values) {
  *sites = (site_values){.numbers = INTEGER(numbers), .n_sites = Rf_xlength(numbers)};
  sites->offsets = (int64_t *) R_alloc((size_t) sites->n_sites + 1, sizeof *sites->offsets);
  sites->n = (int64_t *) R_alloc((size_t) sites->n_sites + 1, sizeof *sites->n);
  int64_t n_params = 0;
  for (R_xlen_t k = 0; k < sites->n_sites; k++) {
    sites->offsets[k] = n_params;
    sites->n[k] = Rf_xlength(VECTOR_ELT(values, k));
    n_params += sites->n[k];
  }
  double *params = (double *) R_alloc((size_t) n_params + 1, sizeof *params);
  for (R_xlen_t k = 0; k < sites->n_sites; k++) ffi_copy_doubles(VECTOR_ELT(values, k), params + sites->offsets[k]);
  return params;
}

static void stop_unless_ok(const site_values *sites, const rp_status *status) {
  if (sites->missing != 0) Rf_error("no values of the right length for site %d", (int) sites->missing);
  if (status->code != RP_OK) Rf_error("%s", status->message);
}

/* Evaluates x with the reference evaluator. numbers: sites; values: a list of double vectors, one for each. */
SEXP ffi_trace_value(SEXP x, SEXP numbers, SEXP values) {
  site_values sites;
  double *params = site_parameters(&sites, numbers, values);
  rp_node_id root = ffi_trace_array(x);
  SEXP result = PROTECT(Rf_allocVector(REALSXP, Rf_xlength(x)));
  double *out = REAL(result);
  rp_status status;
  rp_status_clear(&status);
  rp_graph *copy = rp_graph_extract(ffi_trace_graph(), &root, 1, value_of_site, &sites, &status);
  if (copy && sites.missing == 0) rp_evaluate(copy, &root, 1, params, NULL, (rp_random_key){0, 0, 0}, &out, &status);
  rp_graph_free(copy);
  stop_unless_ok(&sites, &status);
  UNPROTECT(1);
  return result;
}

/* Gradient of the sum of x with respect to all values, one after the other. */
SEXP ffi_trace_gradient(SEXP x, SEXP numbers, SEXP values) {
  site_values sites;
  double *params = site_parameters(&sites, numbers, values);
  int32_t n = (int32_t) sites.n_sites;
  rp_node_id root = ffi_trace_array(x), *wrt = (rp_node_id *) R_alloc((size_t) n + 1, sizeof *wrt);
  rp_node_id *gradient = (rp_node_id *) R_alloc((size_t) n + 1, sizeof *gradient);
  double **out = (double **) R_alloc((size_t) n + 1, sizeof *out);
  R_xlen_t total = n == 0 ? 0 : (R_xlen_t) (sites.offsets[n - 1] + sites.n[n - 1]);
  SEXP result = PROTECT(Rf_allocVector(REALSXP, total));
  rp_status status;
  rp_status_clear(&status);
  rp_graph *copy = rp_graph_extract(ffi_trace_graph(), &root, 1, value_of_site, &sites, &status);
  if (copy && sites.missing == 0) {
    for (int32_t k = 0; k < n; k++) {
      wrt[k] = rp_param(copy, sites.offsets[k], sites.n[k]);
      out[k] = REAL(result) + sites.offsets[k];
    }
    rp_gradient(copy, rp_sum(copy, root), wrt, n, gradient);
    for (int32_t k = 0; k < n; k++) gradient[k] = rp_broadcast(copy, gradient[k], sites.n[k]);
    status = *rp_graph_status(copy);
    if (status.code == RP_OK) rp_evaluate(copy, gradient, n, params, NULL, (rp_random_key){0, 0, 0}, out, &status);
  }
  rp_graph_free(copy);
  stop_unless_ok(&sites, &status);
  UNPROTECT(1);
  return result;
}
