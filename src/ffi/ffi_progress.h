/* Progress and interrupts: calls into R from the main thread that can neither throw nor leak. */
#ifndef RP_FFI_PROGRESS_H
#define RP_FFI_PROGRESS_H

#include "../infer/chains.h"
#include "ffi_common.h"

typedef struct {
  SEXP show; /* an R function of one list, or R_NilValue; protected by its owner */
  int failed;
} ffi_progress;

ffi_progress ffi_progress_open(SEXP show);
/* show(list(chain, iteration, step_size, accept_stat, tree_depth, divergent, gradients, done)), vectors over chains */
void ffi_progress_chains(ffi_progress *progress, const rp_chain_progress *chains, int32_t n_chains);
/* show(list(step, steps, loss)) */
void ffi_progress_steps(ffi_progress *progress, int64_t step, int64_t n_steps, double loss);
/* 1 when the user pressed Ctrl-C. */
int ffi_progress_interrupted(ffi_progress *progress);

#endif
