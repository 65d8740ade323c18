/* What chains have done, between R and the engine.
 *
 * In R it is list(state, unconstrained, sampler, warmup): the chains' states as double vectors (NULL: not begun), their
 * draws [iteration, chain, coordinate] and statistics, each a matrix [iteration, chain], NA where a chain has not come;
 * warmup is NULL or a list of the latter two for the iterations of warm-up that were kept. */
#ifndef RP_FFI_CHAINS_H
#define RP_FFI_CHAINS_H

#include "../infer/chains.h"
#include "ffi_common.h"

/* Rows of one chain, those of warm-up first; borrowed. */
typedef struct {
  const double *draws;
  const rp_nuts_stats *statistics;
  int64_t n_draws, n_warmup;
  const double *state;
  int64_t n_state;
} ffi_chain_rows;

/* Of every chain, at the end of a run or (snapshot) as checkpoint() may see them; R_alloc'd. */
ffi_chain_rows *ffi_chains_rows(const rp_chains *chains, int snapshot);
/* At least n_sampling iterations and n_warmup of warm-up are given room; 0 of warm-up makes warmup NULL. */
SEXP ffi_chains_list(const rp_chains *chains, const ffi_chain_rows *rows, int64_t n_sampling, int64_t n_warmup);

/* The list read back: one a chain, owned by the caller, freed by ffi_past_free(). NULL with status RP_OK when x is no
 * list. dim: of the model. */
rp_chain_past *ffi_past_read(SEXP x, int64_t n_chains, int64_t dim, rp_status *status);
void ffi_past_free(rp_chain_past *past, int64_t n_chains);

#endif
