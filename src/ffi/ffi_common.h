/* What every entry point needs: reading lists with checks, statuses as R conditions, C memory that survives R's errors.
 *
 * R's allocator and R code may longjmp.  So C memory that lives across a call into R is put under a guard: an external
 * pointer with a finalizer, which frees it at the latest when R collects garbage. */
#ifndef RP_FFI_COMMON_H
#define RP_FFI_COMMON_H

#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>

#include "../core/status.h"

/* Calls release(data) when closed or collected. The result must be protected by the caller. */
SEXP ffi_guard(void *data, void (*release)(void *));
void ffi_guard_close(SEXP guard);

/* Raises the status as an R error through stop_engine() in the package's R code; everything must be closed before.
 * spec: the spec list, for the statement's call and line, or R_NilValue. */
void ffi_stop(const rp_status *status, SEXP spec);

/* ---- lists ---- */
SEXP ffi_get(SEXP list, const char *name);            /* R_NilValue when absent */
double ffi_number(SEXP x, double otherwise);          /* first element of a number or logical */
int64_t ffi_integer(SEXP x, int64_t otherwise);       /* otherwise: also when not finite */
const char *ffi_text(SEXP x, const char *otherwise);  /* first element of a character vector */
int ffi_is_numeric(SEXP x);                           /* double, integer or logical vector */
/* Numbers of n chains, one-based in R, zero-based here. Malloc'd; NULL when x is R_NilValue (then they are 0, 1, ...),
 * or with a status when x says something else. */
int64_t *ffi_chain_numbers(SEXP x, int64_t n, rp_status *status);
/* Copies a numeric vector into doubles (NA becomes NaN). */
void ffi_copy_doubles(SEXP x, double *to);

/* ---- building results ---- */
SEXP ffi_list(int n, const char *const *names); /* a named list of NULLs; protect it */
SEXP ffi_array(const int *dim, int n_dim);      /* a double array; protect it */

#endif
