/* ffi_diagnose(draws, cores): convergence diagnostics of every variable of an array [iteration, chain, variable]. */
#include <stdlib.h>

#include "../infer/diagnostics.h"
#include "ffi_common.h"
#include "ffi_entries.h"
#include "ffi_progress.h"

enum { N_DIAGNOSTICS = 5 };

static void release(void *data) { free(data); }

static int interrupted(void *context) {
  (void) context;
  return ffi_progress_interrupted(NULL);
}

SEXP ffi_diagnose(SEXP draws, SEXP cores) {
  SEXP dim = Rf_getAttrib(draws, R_DimSymbol);
  if (TYPEOF(draws) != REALSXP || TYPEOF(dim) != INTSXP || Rf_xlength(dim) != 3)
    Rf_error("draws must be a double array of three dimensions");
  int n_iterations = INTEGER(dim)[0], n_chains = INTEGER(dim)[1], n_variables = INTEGER(dim)[2];
  const int size[2] = {n_variables, N_DIAGNOSTICS};
  SEXP result = PROTECT(ffi_array(size, 2));
  for (R_xlen_t i = 0; i < Rf_xlength(result); i++) REAL(result)[i] = NA_REAL;
  if (n_iterations == 0 || n_chains == 0 || n_variables == 0) {
    UNPROTECT(1);
    return result;
  }
  rp_status status;
  rp_status_clear(&status);
  rp_convergence *values = malloc((size_t) n_variables * sizeof *values);
  if (!values) Rf_error("out of memory");
  SEXP guard = PROTECT(ffi_guard(values, release));
  const rp_diagnose_hooks hooks = {.interrupted = interrupted};
  rp_diagnose_all(REAL(draws), n_iterations, n_chains, n_variables, (int32_t) ffi_integer(cores, 1), &hooks, values,
                  &status);
  for (int j = 0; status.code == RP_OK && j < n_variables; j++) {
    const rp_convergence *c = &values[j];
    const double row[N_DIAGNOSTICS] = {c->rhat, c->ess_bulk, c->ess_tail, c->ess_mean, c->mcse_mean};
    for (int k = 0; k < N_DIAGNOSTICS; k++)
      REAL(result)[j + (R_xlen_t) n_variables * k] = ISNAN(row[k]) ? NA_REAL : row[k];
  }
  ffi_guard_close(guard);
  if (status.code != RP_OK) ffi_stop(&status, R_NilValue);
  UNPROTECT(2);
  return result;
}
