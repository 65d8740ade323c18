/* From the list described in CONTRIBUTING.md to rp_spec.
 *
 * Everything is checked here or in rp_spec_check(): no list, however broken, crashes the engine; status names the
 * statement and what is wrong with it.  The result owns copies of everything; NULL: status says why. */
#ifndef RP_FFI_SPEC_H
#define RP_FFI_SPEC_H

#include "../model/spec.h"
#include "ffi_common.h"

rp_spec *ffi_spec_decode(SEXP list, rp_status *status);
/* A named list of numbers, as condition() and init take them, into the pool; -1 entries: failure in status. */
int32_t ffi_named_values(SEXP list, rp_pool *pool, const rp_named_value **values, rp_status *status, const char *what);

#endif
