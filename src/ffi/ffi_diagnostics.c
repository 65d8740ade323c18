/* ffi_diagnose(draws): convergence diagnostics of every variable of an array [iteration, chain, variable]. */
#include <R_ext/Utils.h>

#include "../infer/diagnostics.h"
#include "ffi_common.h"
#include "ffi_entries.h"

enum { N_DIAGNOSTICS = 5 };

static void release(void *data) { rp_diagnostics_free(data); }

SEXP ffi_diagnose(SEXP draws) {
  SEXP dim = Rf_getAttrib(draws, R_DimSymbol);
  if (TYPEOF(draws) != REALSXP || TYPEOF(dim) != INTSXP || Rf_xlength(dim) != 3)
    Rf_error("draws must be a double array of three dimensions");
  int n_iterations = INTEGER(dim)[0], n_chains = INTEGER(dim)[1], n_variables = INTEGER(dim)[2];
  const int size[2] = {n_variables, N_DIAGNOSTICS};
  SEXP result = PROTECT(ffi_array(size, 2));
  for (R_xlen_t i = 0; i < Rf_xlength(result); i++) REAL(result)[i] = NA_REAL;
  if (n_iterations == 0 || n_chains == 0) {
    UNPROTECT(1);
    return result;
  }
  rp_status status;
  rp_status_clear(&status);
  rp_diagnostics *d = rp_diagnostics_new(n_iterations, n_chains, &status);
  if (!d) ffi_stop(&status, R_NilValue);
  SEXP guard = PROTECT(ffi_guard(d, release));
  for (int j = 0; j < n_variables; j++) {
    rp_convergence c = rp_diagnose(d, REAL(draws) + (R_xlen_t) j * n_iterations * n_chains);
    const double values[N_DIAGNOSTICS] = {c.rhat, c.ess_bulk, c.ess_tail, c.ess_mean, c.mcse_mean};
    for (int k = 0; k < N_DIAGNOSTICS; k++)
      REAL(result)[j + (R_xlen_t) n_variables * k] = ISNAN(values[k]) ? NA_REAL : values[k];
    if (j % 64 == 63) R_CheckUserInterrupt();
  }
  ffi_guard_close(guard);
  UNPROTECT(2);
  return result;
}
