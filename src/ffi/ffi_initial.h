/* Starting positions from the values that the user gives to sites. */
#ifndef RP_FFI_INITIAL_H
#define RP_FFI_INITIAL_H

#include "ffi_model.h"

/* Draws all coordinates uniformly within the radius, then replaces those for which the model has initial values, which
 * may depend on the others (a decentered one on its location). inputs: the centering, or NULL. */
rp_code ffi_initial_values(const ffi_model *m, const double *inputs, int64_t chain, int64_t try, double radius,
                           double *q, rp_status *status);

#endif
