#include "ffi_centering.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static rp_code check_list(SEXP x, int64_t n_chains, rp_status *status);
static int64_t find(SEXP x, const char *site, int element, int64_t from);

double *ffi_centering_read(const rp_model *model, SEXP x, int64_t n_chains, rp_status *status) {
  int64_t n = model->n_adapted, row = -1;
  int is_list = TYPEOF(x) == VECSXP;
  if (n == 0 || (is_list && check_list(x, n_chains, status) != RP_OK)) return NULL;
  double *values = malloc((size_t) (2 * n * n_chains) * sizeof *values);
  if (!values) {
    rp_fail_memory(status, "the centering");
    return NULL;
  }
  int64_t n_rows = is_list ? Rf_xlength(ffi_get(x, "site")) : 0;
  int64_t stride = n_rows > 0 && Rf_xlength(ffi_get(x, "c")) > n_rows ? n_rows : 0;
  for (int32_t b = 0; b < model->n_blocks; b++) {
    const rp_adapted *block = &model->blocks[b];
    for (int64_t e = 0; e < block->n_events; e++) {
      double otherwise = is_list || model->adapted_coordinate[block->base + e] < 0 ? 0 : RP_CENTERING_START;
      row = n_rows > 0 ? find(x, block->original, block->events[e] + 1, (row + 1) % n_rows) : -1;
      for (int64_t k = 0; k < n_chains; k++) {
        double *to = values + 2 * n * k + block->base + e;
        to[0] = row < 0 ? otherwise : REAL(ffi_get(x, "c"))[row + stride * k];
        to[n] = row < 0 ? 1 : REAL(ffi_get(x, "s0"))[row + stride * k];
      }
    }
  }
  return values;
}

double *ffi_centering_inputs(const rp_model *model, const double *values, rp_status *status) {
  if (model->n_adapted == 0) return NULL;
  double *inputs = malloc(2 * (size_t) model->n_adapted * sizeof *inputs);
  if (inputs) rp_centering_inputs(model, values, values ? values + model->n_adapted : NULL, inputs);
  else rp_fail_memory(status, "the centering");
  return inputs;
}

SEXP ffi_centering_list(const rp_model *model, const double *const *values, int n_chains) {
  static const char *const names[] = {"site", "element", "c", "s0"};
  int n = 0;
  for (int64_t i = 0; i < model->n_adapted; i++) n += model->adapted_coordinate[i] >= 0;
  if (n == 0) return R_NilValue;
  const int dim[2] = {n, n_chains};
  SEXP list = PROTECT(ffi_list(4, names)), site, element, c, s0;
  SET_VECTOR_ELT(list, 0, site = Rf_allocVector(STRSXP, n));
  SET_VECTOR_ELT(list, 1, element = Rf_allocVector(INTSXP, n));
  SET_VECTOR_ELT(list, 2, c = ffi_array(dim, 2));
  SET_VECTOR_ELT(list, 3, s0 = ffi_array(dim, 2));
  int row = 0;
  for (int32_t b = 0; b < model->n_blocks; b++) {
    const rp_adapted *block = &model->blocks[b];
    for (int64_t e = 0; e < block->n_events; e++) {
      if (model->adapted_coordinate[block->base + e] < 0) continue;
      SET_STRING_ELT(site, row, Rf_mkChar(block->original));
      INTEGER(element)[row] = block->events[e] + 1;
      for (int k = 0; k < n_chains; k++) {
        REAL(c)[row + n * k] = values[k][block->base + e];
        REAL(s0)[row + n * k] = values[k][model->n_adapted + block->base + e];
      }
      row++;
    }
  }
  UNPROTECT(1);
  return list;
}

static rp_code check_list(SEXP x, int64_t n_chains, rp_status *status) {
  SEXP site = ffi_get(x, "site"), element = ffi_get(x, "element"), c = ffi_get(x, "c"), s0 = ffi_get(x, "s0");
  int64_t n = Rf_xlength(site), m = Rf_xlength(c);
  int fits = TYPEOF(site) == STRSXP && TYPEOF(element) == INTSXP && TYPEOF(c) == REALSXP && TYPEOF(s0) == REALSXP &&
             Rf_xlength(element) == n && Rf_xlength(s0) == m && (m == n || m >= n * n_chains);
  for (int64_t i = 0; fits && i < m; i++)
    fits = REAL(c)[i] >= 0 && REAL(c)[i] <= 1 && REAL(s0)[i] > 0 && isfinite(REAL(s0)[i]);
  if (fits) return RP_OK;
  return rp_fail(status, RP_BAD_ARGUMENT, NULL,
                 "the centering does not say for each element of its sites what c and s0 are");
}

/* Elements usually come in the same order, so the search starts where the last one ended. */
static int64_t find(SEXP x, const char *site, int element, int64_t from) {
  SEXP sites = ffi_get(x, "site"), elements = ffi_get(x, "element");
  int64_t n = Rf_xlength(sites);
  for (int64_t tried = 0; tried < n; tried++) {
    int64_t i = (from + tried) % n;
    if (INTEGER(elements)[i] == element && strcmp(CHAR(STRING_ELT(sites, i)), site) == 0) return i;
  }
  return -1;
}
