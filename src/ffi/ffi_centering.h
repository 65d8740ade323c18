/* Adapted centering between R and the engine.
 *
 * In R it is list(site, element, c, s0): the user's sites and one-based elements, and matrices [element, chain].  In
 * the engine it is [chain][2][model->n_adapted], c's and then s0's. */
#ifndef RP_FFI_CENTERING_H
#define RP_FFI_CENTERING_H

#include "../infer/centering.h"
#include "ffi_model.h"

/* Malloc'd; NULL with status RP_OK when the model adapts nothing. x: the list, where elements that it does not name
 * have c = 0 and s0 = 1, or anything else for the values at which adaptation starts.  Of a single chain in x all
 * n_chains take the values. */
double *ffi_centering_read(const rp_model *model, SEXP x, int64_t n_chains, rp_status *status);
/* The inputs of one chain's programs from those values. Malloc'd; NULL as above. */
double *ffi_centering_inputs(const rp_model *model, const double *values, rp_status *status);
/* The list; values has one pointer a chain. R_NilValue when the model adapts nothing. */
SEXP ffi_centering_list(const rp_model *model, const double *const *values, int n_chains);

#endif
