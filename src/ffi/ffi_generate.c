/* ffi_generate(spec, control, draws): values of sites, or log likelihoods, given draws of the coordinates, or from the
 * prior (draws NULL), or given draws of the sites that control$given names with their sizes. */
#include <R_ext/Utils.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ffi_centering.h"
#include "ffi_draws.h"
#include "ffi_entries.h"

typedef struct {
  double *rows; /* one chain, [iteration][coordinate] */
  double *centering, *inputs;
  int64_t *number; /* of each chain; NULL: 0, 1, ... */
  int *column;  /* where each coordinate of the model lies among those of the draws; NULL: in its place */
} generate_run;

static const double PIECE_SECONDS = 0.02;

static void release(void *data);
static void fill_chain(const ffi_draws *plan, const ffi_model *m, const generate_run *run, int64_t n_iterations,
                       int64_t dim, ffi_chain_key key, rp_status *status);
static double seconds_now(void);
static rp_code read_shape(SEXP draws, int64_t *n_iterations, int64_t *n_chains, int64_t *n_coordinates,
                          rp_status *status);
static rp_code match_columns(generate_run *run, const ffi_model *m, SEXP names, int64_t n, rp_status *status);
static void copy_chain(const generate_run *run, SEXP draws, int64_t chain, int64_t dim, int64_t n_iterations,
                       int64_t n_chains);

SEXP ffi_generate(SEXP spec, SEXP control, SEXP draws) {
  rp_status status;
  rp_status_clear(&status);
  ffi_model *m;
  const int given = ffi_get(control, "given") != R_NilValue, prior = draws == R_NilValue || given;
  ffi_draws_kind kind = ffi_number(ffi_get(control, "log_lik"), 0) != 0 ? FFI_DRAWS_LOG_LIK : FFI_DRAWS_VALUES;
  SEXP guard = ffi_model_open(spec, control, prior, kind == FFI_DRAWS_LOG_LIK, &m);
  int64_t n_iterations = ffi_integer(ffi_get(control, "draws"), 1000), n_chains = 1, n_coordinates = 0;
  if (draws != R_NilValue) read_shape(draws, &n_iterations, &n_chains, &n_coordinates, &status);
  if (n_iterations < 0 || n_iterations > 100000000)
    rp_fail(&status, RP_BAD_ARGUMENT, NULL, "`draws` must not be negative");
  generate_run *run = calloc(1, sizeof *run);
  if (!run) Rf_error("out of memory");
  SEXP run_guard = PROTECT(ffi_guard(run, release));
  if (status.code == RP_OK && !prior)
    match_columns(run, m, ffi_get(control, "coordinates"), n_coordinates, &status);
  if (given && n_coordinates != m->model->n_given)
    rp_fail(&status, RP_BAD_ARGUMENT, NULL, "the draws do not have the size that `given` says");
  SEXP arrays = R_NilValue, plan_guard = R_NilValue;
  ffi_draws *plan = NULL;
  if (status.code == RP_OK)
    plan_guard = ffi_draws_plan(m, kind, ffi_get(control, "keep"), ffi_number(ffi_get(control, "budget"), 1e9),
                                n_iterations, n_chains, &arrays, &plan, &status);
  PROTECT(plan_guard);
  PROTECT(arrays);
  int64_t dim = given ? m->model->n_given : m->model->dim;
  run->rows = calloc((size_t) (n_iterations * dim) + 1, sizeof *run->rows);
  if (!run->rows) rp_fail_memory(&status, "draws");
  if (status.code == RP_OK)
    run->centering = ffi_centering_read(m->model, ffi_get(control, "centering"), n_chains, &status);
  if (status.code == RP_OK) run->number = ffi_chain_numbers(ffi_get(control, "numbers"), n_chains, &status);
  uint64_t first_draw = (uint64_t) ffi_integer(ffi_get(control, "first_draw"), 0);
  for (int64_t c = 0; c < n_chains && status.code == RP_OK; c++) {
    if (draws != R_NilValue) copy_chain(run, draws, c, dim, n_iterations, n_chains);
    free(run->inputs);
    run->inputs =
        ffi_centering_inputs(m->model, run->centering ? run->centering + 2 * c * m->model->n_adapted : NULL, &status);
    ffi_chain_key key = {.place = c, .number = run->number ? run->number[c] : c, .first_draw = first_draw};
    if (status.code == RP_OK) fill_chain(plan, m, run, n_iterations, dim, key, &status);
  }
  static const char *const names[] = {"sites", "draws", "warnings"};
  SEXP result = PROTECT(ffi_list(3, names));
  SET_VECTOR_ELT(result, 0, ffi_model_sites(m->model));
  SET_VECTOR_ELT(result, 1, arrays);
  SET_VECTOR_ELT(result, 2, ffi_model_warnings(m->model));
  ffi_guard_close(run_guard);
  if (plan_guard != R_NilValue) ffi_guard_close(plan_guard);
  ffi_guard_close(guard);
  if (status.code != RP_OK) ffi_stop(&status, spec);
  UNPROTECT(5);
  return result;
}

static void release(void *data) {
  generate_run *run = data;
  free(run->rows);
  free(run->centering);
  free(run->inputs);
  free(run->column);
  free(run->number);
  free(run);
}

/* In pieces, between which Ctrl-C may leave: all that is allocated belongs to guards. Rows are made eight at a time. */
static void fill_chain(const ffi_draws *plan, const ffi_model *m, const generate_run *run, int64_t n_iterations,
                       int64_t dim, ffi_chain_key key, rp_status *status) {
  int64_t piece = 8, done = 0;
  while (done < n_iterations && status->code == RP_OK) {
    const int64_t n = piece < n_iterations - done ? piece : n_iterations - done;
    const double start = seconds_now();
    key.first_row = done;
    ffi_draws_fill(plan, m, run->rows + done * dim, run->inputs, n, key, status);
    if (seconds_now() - start < PIECE_SECONDS) piece *= 2;
    done += n;
    R_CheckUserInterrupt();
  }
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
}

static rp_code read_shape(SEXP draws, int64_t *n_iterations, int64_t *n_chains, int64_t *n_coordinates,
                          rp_status *status) {
  SEXP dim = Rf_getAttrib(draws, R_DimSymbol);
  if (TYPEOF(draws) != REALSXP || TYPEOF(dim) != INTSXP || Rf_xlength(dim) != 3)
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "the draws are not an array [iteration, chain, coordinate]");
  *n_iterations = INTEGER(dim)[0];
  *n_chains = INTEGER(dim)[1];
  *n_coordinates = INTEGER(dim)[2];
  return RP_OK;
}

static rp_code match_columns(generate_run *run, const ffi_model *m, SEXP names, int64_t n, rp_status *status) {
  if (TYPEOF(names) != STRSXP || Rf_xlength(names) != n)
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "the draws' coordinates have no names");
  run->column = malloc(((size_t) m->model->dim + 1) * sizeof *run->column);
  if (!run->column) return rp_fail_memory(status, "draws");
  int64_t from = 0; /* coordinates usually come in the same order */
  for (int64_t k = 0; k < m->model->dim; k++) {
    char name[256], alias[256];
    rp_model_coordinate_name(m->model, k, name, sizeof name);
    rp_model_coordinate_alias(m->model, k, alias, sizeof alias);
    int64_t tried = 0;
    while (tried < n && strcmp(CHAR(STRING_ELT(names, from)), name) != 0 &&
           strcmp(CHAR(STRING_ELT(names, from)), alias) != 0)
      from = (from + 1) % n, tried++;
    if (tried == n) return rp_fail(status, RP_BAD_ARGUMENT, name, "there are no draws of it");
    run->column[k] = (int) from;
  }
  return RP_OK;
}

static void copy_chain(const generate_run *run, SEXP draws, int64_t chain, int64_t dim, int64_t n_iterations,
                       int64_t n_chains) {
  for (int64_t k = 0; k < dim; k++)
    for (int64_t i = 0; i < n_iterations; i++)
      run->rows[i * dim + k] = REAL(draws)[i + n_iterations * (chain + n_chains * (run->column ? run->column[k] : k))];
}
