#include "ffi_initial.h"

#include <stdlib.h>

#include "ffi_centering.h"
#include "ffi_entries.h"

rp_code ffi_initial_values(const ffi_model *m, const double *inputs, int64_t chain, int64_t try, double radius,
                           double *q, rp_status *status) {
  rp_random_key key = {.seed = m->seed, .chain = (uint64_t) chain, .draw = (uint64_t) try};
  rp_random stream = rp_random_open(key, rp_random_site("initial values", 0));
  for (int64_t i = 0; i < m->model->dim; i++) q[i] = radius * (2 * rp_random_uniform(&stream) - 1);
  return rp_initial_values(m->model, q, inputs, m->seed, (uint64_t) chain, status);
}

SEXP ffi_initial_position(SEXP spec, SEXP control) {
  rp_status status;
  rp_status_clear(&status);
  ffi_model *m;
  SEXP guard = ffi_model_open(spec, control, 0, 0, &m); /* protected by the call */
  SEXP q = PROTECT(Rf_allocVector(REALSXP, (R_xlen_t) m->model->dim));
  int64_t n_chains = ffi_integer(ffi_get(control, "chains"), 1), chain = ffi_integer(ffi_get(control, "chain"), 0);
  if (chain < 0 || chain >= n_chains) rp_fail(&status, RP_BAD_ARGUMENT, NULL, "there is no such chain");
  double *centering = NULL, *inputs = NULL;
  if (status.code == RP_OK) centering = ffi_centering_read(m->model, ffi_get(control, "centering"), n_chains, &status);
  const double *start = centering ? centering + 2 * chain * m->model->n_adapted : NULL;
  if (status.code == RP_OK) inputs = ffi_centering_inputs(m->model, start, &status);
  if (status.code == RP_OK)
    ffi_initial_values(m, inputs, chain, ffi_integer(ffi_get(control, "try"), 0),
                       ffi_number(ffi_get(control, "init_radius"), 2), REAL(q), &status);
  free(centering);
  free(inputs);
  ffi_guard_close(guard);
  if (status.code != RP_OK) ffi_stop(&status, spec);
  UNPROTECT(2);
  return q;
}
