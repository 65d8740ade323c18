#include "ffi_progress.h"

#include <R_ext/Utils.h>

static void check_interrupt(void *unused) {
  (void) unused;
  R_CheckUserInterrupt();
}

static void call_show(ffi_progress *progress, SEXP state) {
  PROTECT(state);
  SEXP call = PROTECT(Rf_lang2(progress->show, state));
  R_tryEvalSilent(call, R_GlobalEnv, &progress->failed);
  UNPROTECT(2);
}

ffi_progress ffi_progress_open(SEXP show) { return (ffi_progress){.show = show, .failed = 0}; }

void ffi_progress_chains(ffi_progress *progress, const rp_chain_progress *chains, int32_t n_chains) {
  static const char *const names[] = {"iteration", "step_size", "accept_stat", "tree_depth", "divergent", "gradients",
                                      "done"};
  if (!Rf_isFunction(progress->show) || progress->failed) return;
  SEXP state = PROTECT(ffi_list(7, names));
  for (int k = 0; k < 7; k++) SET_VECTOR_ELT(state, k, Rf_allocVector(REALSXP, n_chains));
  for (int32_t c = 0; c < n_chains; c++) {
    const double values[] = {(double) chains[c].iteration, chains[c].step_size, chains[c].accept_stat,
                             chains[c].tree_depth, (double) chains[c].n_divergent, (double) chains[c].n_gradients,
                             chains[c].done};
    for (int k = 0; k < 7; k++) REAL(VECTOR_ELT(state, k))[c] = values[k];
  }
  call_show(progress, state);
  UNPROTECT(1);
}

void ffi_progress_steps(ffi_progress *progress, int64_t step, int64_t n_steps, double loss) {
  static const char *const names[] = {"step", "steps", "loss"};
  if (!Rf_isFunction(progress->show) || progress->failed) return;
  SEXP state = PROTECT(ffi_list(3, names));
  SET_VECTOR_ELT(state, 0, Rf_ScalarReal((double) step));
  SET_VECTOR_ELT(state, 1, Rf_ScalarReal((double) n_steps));
  SET_VECTOR_ELT(state, 2, Rf_ScalarReal(loss));
  call_show(progress, state);
  UNPROTECT(1);
}

int ffi_progress_interrupted(ffi_progress *progress) {
  (void) progress;
  return !R_ToplevelExec(check_interrupt, NULL);
}
