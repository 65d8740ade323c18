/* Draws of sites as R arrays [iteration, chain, element], filled from threads.
 *
 * The arrays are R's and must be protected (as part of a list) as long as the plan is used; filling touches their
 * memory only, never R's API. */
#ifndef RP_FFI_DRAWS_H
#define RP_FFI_DRAWS_H

#include "ffi_model.h"

typedef struct {
  int32_t n;               /* kept sites */
  int32_t *site;           /* index into model->sites */
  double **out;            /* REAL() of each array */
  int64_t *element_stride;
  int64_t n_iterations, n_chains;
  rp_generator *generator;
} ffi_draws;

/* What is generated: values of sites, or the log densities of their observed events. */
typedef enum { FFI_DRAWS_VALUES, FFI_DRAWS_LOG_LIK } ffi_draws_kind;

/* Chooses the sites: those named in keep, or (NULL) all user sites that are not data, the smallest first, as long as
 * they fit in the budget (bytes).  Returns a guard; the caller protects it and *arrays (a named list). */
SEXP ffi_draws_plan(const ffi_model *m, ffi_draws_kind kind, SEXP keep, double budget, int64_t n_iterations,
                    int64_t n_chains, SEXP *arrays, ffi_draws **plan, rp_status *status);
/* Rows of the chain at this place among the arrays' chains, which go to the arrays from first_row on. number: by which
 * the chain's random numbers are keyed; first_draw: of row 0. inputs: of this chain (ffi_centering.h), or NULL. */
typedef struct {
  int64_t place, number, first_row;
  uint64_t first_draw;
} ffi_chain_key;
rp_code ffi_draws_fill(const ffi_draws *plan, const ffi_model *m, const double *rows, const double *inputs, int64_t n,
                       ffi_chain_key chain, rp_status *status);

#endif
