#include "ffi_chains.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_STATISTICS = 7 };
static const char *const statistic_names[N_STATISTICS] = {"accept_stat", "step_size", "tree_depth", "n_leapfrog",
                                                          "divergent",   "energy",    "lp"};

static SEXP coordinates(const rp_chains *chains, const ffi_chain_rows *rows, int warming, int64_t n_iterations);
static SEXP statistics(const rp_chains *chains, const ffi_chain_rows *rows, int warming, int64_t n_iterations);
static double statistic(const rp_nuts_stats *s, int which);
static rp_code read_chain(SEXP x, int64_t chain, int64_t n_chains, int64_t dim, rp_chain_past *past,
                          rp_status *status);
static int read_rows(SEXP x, int64_t chain, int64_t n_chains, int64_t dim, int64_t n, double *draws,
                     rp_nuts_stats *statistics);

ffi_chain_rows *ffi_chains_rows(const rp_chains *chains, int snapshot) {
  ffi_chain_rows *rows = (ffi_chain_rows *) R_alloc((size_t) chains->n_chains, sizeof *rows);
  for (int32_t c = 0; c < chains->n_chains; c++) {
    const rp_chain *chain = &chains->chain[c];
    const rp_chain_saved *saved = snapshot ? chain->shown : &chain->saved;
    rows[c] = (ffi_chain_rows){.draws = chain->draws, .statistics = chain->statistics};
    if (!saved || !saved->numbers) continue;
    rows[c].state = saved->numbers;
    rows[c].n_state = saved->n;
    rows[c].n_draws = saved->n_draws;
    rows[c].n_warmup = saved->n_warmup;
    if (snapshot && saved->rows) rows[c].draws = saved->rows;
  }
  return rows;
}

SEXP ffi_chains_list(const rp_chains *chains, const ffi_chain_rows *rows, int64_t n_sampling, int64_t n_warmup) {
  static const char *const names[] = {"state", "unconstrained", "sampler", "warmup"};
  static const char *const parts[] = {"unconstrained", "sampler"};
  for (int32_t c = 0; c < chains->n_chains; c++) {
    if (rows[c].n_draws - rows[c].n_warmup > n_sampling) n_sampling = rows[c].n_draws - rows[c].n_warmup;
    if (rows[c].n_warmup > n_warmup) n_warmup = rows[c].n_warmup;
  }
  SEXP list = PROTECT(ffi_list(4, names)), states = Rf_allocVector(VECSXP, chains->n_chains), warmup;
  SET_VECTOR_ELT(list, 0, states);
  for (int32_t c = 0; c < chains->n_chains; c++) {
    if (!rows[c].state) continue;
    SEXP state = Rf_allocVector(REALSXP, (R_xlen_t) rows[c].n_state);
    SET_VECTOR_ELT(states, c, state);
    for (int64_t i = 0; i < rows[c].n_state; i++) REAL(state)[i] = rows[c].state[i];
  }
  SET_VECTOR_ELT(list, 1, coordinates(chains, rows, 0, n_sampling));
  SET_VECTOR_ELT(list, 2, statistics(chains, rows, 0, n_sampling));
  if (n_warmup > 0) {
    SET_VECTOR_ELT(list, 3, warmup = ffi_list(2, parts));
    SET_VECTOR_ELT(warmup, 0, coordinates(chains, rows, 1, n_warmup));
    SET_VECTOR_ELT(warmup, 1, statistics(chains, rows, 1, n_warmup));
  }
  UNPROTECT(1);
  return list;
}

rp_chain_past *ffi_past_read(SEXP x, int64_t n_chains, int64_t dim, rp_status *status) {
  if (TYPEOF(x) != VECSXP) return NULL;
  rp_chain_past *past = calloc((size_t) n_chains, sizeof *past);
  if (!past) {
    rp_fail_memory(status, "the chains' past");
    return NULL;
  }
  for (int64_t c = 0; c < n_chains && status->code == RP_OK; c++) read_chain(x, c, n_chains, dim, &past[c], status);
  return past;
}

void ffi_past_free(rp_chain_past *past, int64_t n_chains) {
  if (!past) return;
  for (int64_t c = 0; c < n_chains; c++) {
    free((void *) past[c].draws);
    free((void *) past[c].statistics);
  }
  free(past);
}

SEXP ffi_choose_rows(SEXP x, SEXP chains, SEXP rows) {
  SEXP old_dim = Rf_getAttrib(x, R_DimSymbol);
  const double wanted = ffi_number(rows, -1);
  if (TYPEOF(x) != REALSXP || TYPEOF(old_dim) != INTSXP || Rf_xlength(old_dim) < 2 || TYPEOF(chains) != INTSXP ||
      !(wanted >= 0 && wanted <= INTEGER(old_dim)[0]))
    Rf_error("the rows to choose are not those of an array [iteration, chain, ...]");
  const R_xlen_t n_rows = INTEGER(old_dim)[0], n_chains = INTEGER(old_dim)[1], n_chosen = Rf_xlength(chains);
  for (R_xlen_t c = 0; c < n_chosen; c++)
    if (INTEGER(chains)[c] < 1 || INTEGER(chains)[c] > n_chains) Rf_error("there is no such chain");
  const R_xlen_t n_kept = (R_xlen_t) wanted;
  R_xlen_t n_columns = 1;
  for (R_xlen_t k = 2; k < Rf_xlength(old_dim); k++) n_columns *= INTEGER(old_dim)[k];
  SEXP chosen = PROTECT(Rf_allocVector(REALSXP, n_kept * n_chosen * n_columns));
  SEXP dim = PROTECT(Rf_duplicate(old_dim));
  INTEGER(dim)[0] = (int) n_kept;
  INTEGER(dim)[1] = (int) n_chosen;
  Rf_setAttrib(chosen, R_DimSymbol, dim);
  double *to = REAL(chosen);
  for (R_xlen_t k = 0; k < n_columns; k++)
    for (R_xlen_t c = 0; c < n_chosen; c++, to += n_kept)
      memcpy(to, REAL(x) + n_rows * (INTEGER(chains)[c] - 1 + n_chains * k), (size_t) n_kept * sizeof *to);
  UNPROTECT(2);
  return chosen;
}

/* ---- to R ---- */

static SEXP coordinates(const rp_chains *chains, const ffi_chain_rows *rows, int warming, int64_t n_iterations) {
  const int64_t n_chains = chains->n_chains, dim = chains->dim;
  const int size[3] = {(int) n_iterations, (int) n_chains, (int) dim};
  SEXP array = ffi_array(size, 3);
  for (int64_t c = 0; c < n_chains; c++) {
    const ffi_chain_rows *r = &rows[c];
    const double *from = r->draws + (warming ? 0 : r->n_warmup * dim);
    int64_t n = warming ? r->n_warmup : r->n_draws - r->n_warmup;
    for (int64_t k = 0; k < dim; k++)
      for (int64_t i = 0; i < n_iterations; i++)
        REAL(array)[i + n_iterations * (c + n_chains * k)] = i < n ? from[i * dim + k] : NA_REAL;
  }
  return array;
}

static SEXP statistics(const rp_chains *chains, const ffi_chain_rows *rows, int warming, int64_t n_iterations) {
  SEXP list = PROTECT(ffi_list(N_STATISTICS, statistic_names));
  const int dim[2] = {(int) n_iterations, chains->n_chains};
  for (int which = 0; which < N_STATISTICS; which++) {
    SEXP array = ffi_array(dim, 2);
    SET_VECTOR_ELT(list, which, array);
    for (int32_t c = 0; c < chains->n_chains; c++) {
      const ffi_chain_rows *r = &rows[c];
      const rp_nuts_stats *from = r->statistics + (warming ? 0 : r->n_warmup);
      int64_t n = warming ? r->n_warmup : r->n_draws - r->n_warmup;
      for (int64_t i = 0; i < n_iterations; i++)
        REAL(array)[i + n_iterations * c] = i < n ? statistic(&from[i], which) : NA_REAL;
    }
  }
  UNPROTECT(1);
  return list;
}

static double statistic(const rp_nuts_stats *s, int which) {
  const double values[N_STATISTICS] = {s->accept_stat, s->step_size, s->tree_depth, s->n_leapfrog,
                                       s->divergent,   s->energy,    s->log_density};
  return values[which];
}

/* ---- from R ---- */

static rp_code read_chain(SEXP x, int64_t chain, int64_t n_chains, int64_t dim, rp_chain_past *past,
                          rp_status *status) {
  SEXP states = ffi_get(x, "state");
  const int there = TYPEOF(states) == VECSXP && chain < Rf_xlength(states);
  SEXP state = there ? VECTOR_ELT(states, (R_xlen_t) chain) : R_NilValue;
  if (state == R_NilValue) return RP_OK;
  /* A state begins with the numbers of its draws (chains.c). */
  int complete = TYPEOF(state) == REALSXP && Rf_xlength(state) > 2;
  double n_draws = complete ? REAL(state)[0] : -1, n_warmup = complete ? REAL(state)[1] : -1;
  if (!(n_warmup >= 0 && n_draws >= n_warmup && n_draws < 1e9))
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "the saved state of a chain is damaged");
  past->state = REAL(state);
  past->n_state = Rf_xlength(state);
  past->n_draws = (int64_t) n_draws;
  double *draws = malloc((size_t) (past->n_draws * dim) * sizeof *draws + 1);
  rp_nuts_stats *statistics = calloc((size_t) past->n_draws + 1, sizeof *statistics);
  past->draws = draws;
  past->statistics = statistics;
  if (!draws || !statistics) return rp_fail_memory(status, "the chains' past");
  int64_t warm = (int64_t) n_warmup;
  if (read_rows(ffi_get(x, "warmup"), chain, n_chains, dim, warm, draws, statistics) &&
      read_rows(x, chain, n_chains, dim, past->n_draws - warm, draws + warm * dim, statistics + warm))
    return RP_OK;
  return rp_fail(status, RP_BAD_ARGUMENT, NULL, "the draws of a saved chain are missing or damaged");
}

static int is_array(SEXP x, int64_t n, int64_t n_chains, int64_t dim) {
  SEXP size = Rf_getAttrib(x, R_DimSymbol);
  if (TYPEOF(x) != REALSXP || TYPEOF(size) != INTSXP || Rf_xlength(size) < 2) return 0;
  const int *extent = INTEGER(size);
  return extent[0] >= n && extent[1] == n_chains && (Rf_xlength(size) == 2 ? dim < 0 : extent[2] == dim);
}

static int read_rows(SEXP x, int64_t chain, int64_t n_chains, int64_t dim, int64_t n, double *draws,
                     rp_nuts_stats *statistics) {
  if (n == 0) return 1;
  SEXP array = ffi_get(x, "unconstrained"), sampler = ffi_get(x, "sampler");
  if (!is_array(array, n, n_chains, dim)) return 0;
  R_xlen_t stride = INTEGER(Rf_getAttrib(array, R_DimSymbol))[0];
  for (int64_t k = 0; k < dim; k++)
    for (int64_t i = 0; i < n; i++) draws[i * dim + k] = REAL(array)[i + stride * (chain + n_chains * k)];
  const double *column[N_STATISTICS];
  for (int which = 0; which < N_STATISTICS; which++) {
    SEXP matrix = ffi_get(sampler, statistic_names[which]);
    if (!is_array(matrix, n, n_chains, -1)) return 0;
    column[which] = REAL(matrix) + INTEGER(Rf_getAttrib(matrix, R_DimSymbol))[0] * chain;
  }
  for (int64_t i = 0; i < n; i++)
    statistics[i] = (rp_nuts_stats){.accept_stat = column[0][i],
                                    .step_size = column[1][i],
                                    .tree_depth = (int32_t) column[2][i],
                                    .n_leapfrog = (int32_t) column[3][i],
                                    .divergent = column[4][i] != 0,
                                    .energy = column[5][i],
                                    .log_density = column[6][i]};
  return 1;
}
