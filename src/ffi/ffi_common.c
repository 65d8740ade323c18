#include "ffi_common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  void *data;
  void (*release)(void *);
} guarded;

static void finalize(SEXP guard) {
  guarded *g = R_ExternalPtrAddr(guard);
  if (!g) return;
  R_ClearExternalPtr(guard);
  if (g->data) g->release(g->data);
  free(g);
}

SEXP ffi_guard(void *data, void (*release)(void *)) {
  guarded *g = malloc(sizeof *g);
  if (!g) {
    if (data) release(data);
    Rf_error("out of memory");
  }
  g->data = NULL;
  g->release = release;
  SEXP guard = PROTECT(R_MakeExternalPtr(g, R_NilValue, R_NilValue));
  R_RegisterCFinalizerEx(guard, finalize, TRUE);
  g->data = data;
  UNPROTECT(1);
  return guard;
}

void ffi_guard_close(SEXP guard) { finalize(guard); }

void ffi_stop(const rp_status *status, SEXP spec) {
  static const char *const codes[] = {"ok", "memory", "spec", "argument", "shape", "not_finite", "unsupported",
                                      "interrupted"};
  SEXP namespace = PROTECT(R_FindNamespace(PROTECT(Rf_mkString("reparam"))));
  SEXP call = PROTECT(Rf_allocVector(LANGSXP, 6));
  SEXP at = call;
  SETCAR(at, Rf_install("stop_engine"));
  at = CDR(at);
  SETCAR(at, Rf_mkString(codes[status->code]));
  at = CDR(at);
  SETCAR(at, Rf_mkString(status->message));
  at = CDR(at);
  SETCAR(at, Rf_mkString(status->site));
  at = CDR(at);
  SETCAR(at, Rf_ScalarInteger(status->statement + 1));
  at = CDR(at);
  SETCAR(at, spec);
  Rf_eval(call, namespace);
  UNPROTECT(3);
}

SEXP ffi_get(SEXP list, const char *name) {
  if (TYPEOF(list) != VECSXP) return R_NilValue;
  SEXP names = Rf_getAttrib(list, R_NamesSymbol);
  if (TYPEOF(names) != STRSXP) return R_NilValue;
  for (R_xlen_t i = 0; i < Rf_xlength(list) && i < Rf_xlength(names); i++)
    if (strcmp(CHAR(STRING_ELT(names, i)), name) == 0) return VECTOR_ELT(list, i);
  return R_NilValue;
}

double ffi_number(SEXP x, double otherwise) {
  if (!ffi_is_numeric(x) || Rf_xlength(x) < 1) return otherwise;
  switch (TYPEOF(x)) {
  case REALSXP:
    return REAL(x)[0];
  case INTSXP:
    return INTEGER(x)[0] == NA_INTEGER ? (double) NAN : INTEGER(x)[0];
  default:
    return LOGICAL(x)[0] == NA_LOGICAL ? (double) NAN : LOGICAL(x)[0];
  }
}

int64_t ffi_integer(SEXP x, int64_t otherwise) {
  double value = ffi_number(x, NAN);
  return isfinite(value) && fabs(value) < 9e15 ? (int64_t) value : otherwise;
}

const char *ffi_text(SEXP x, const char *otherwise) {
  return TYPEOF(x) == STRSXP && Rf_xlength(x) > 0 ? CHAR(STRING_ELT(x, 0)) : otherwise;
}

int64_t *ffi_chain_numbers(SEXP x, int64_t n, rp_status *status) {
  if (x == R_NilValue) return NULL;
  double *given = ffi_is_numeric(x) && Rf_xlength(x) == n ? malloc((size_t) n * sizeof *given + 1) : NULL;
  int64_t *numbers = malloc((size_t) n * sizeof *numbers + 1);
  int good = given && numbers;
  if (good) ffi_copy_doubles(x, given);
  for (int64_t c = 0; good && c < n; c++) {
    good = given[c] >= 1 && given[c] <= 9e15;
    if (good) numbers[c] = (int64_t) given[c] - 1;
  }
  free(given);
  if (good) return numbers;
  free(numbers);
  rp_fail(status, RP_BAD_ARGUMENT, NULL, "the chains' numbers must be whole numbers from 1, one a chain");
  return NULL;
}

int ffi_is_numeric(SEXP x) { return TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP; }

void ffi_copy_doubles(SEXP x, double *to) {
  R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) == REALSXP) {
    if (n > 0) memcpy(to, REAL(x), (size_t) n * sizeof *to);
    return;
  }
  const int *from = TYPEOF(x) == INTSXP ? INTEGER(x) : LOGICAL(x);
  for (R_xlen_t i = 0; i < n; i++) to[i] = from[i] == NA_INTEGER ? (double) NAN : from[i];
}

SEXP ffi_list(int n, const char *const *names) {
  SEXP list = PROTECT(Rf_allocVector(VECSXP, n)), labels = PROTECT(Rf_allocVector(STRSXP, n));
  for (int i = 0; i < n; i++) SET_STRING_ELT(labels, i, Rf_mkChar(names[i]));
  Rf_setAttrib(list, R_NamesSymbol, labels);
  UNPROTECT(2);
  return list;
}

SEXP ffi_array(const int *dim, int n_dim) {
  R_xlen_t n = 1;
  for (int i = 0; i < n_dim; i++) n *= dim[i];
  SEXP array = PROTECT(Rf_allocVector(REALSXP, n)), dims = PROTECT(Rf_allocVector(INTSXP, n_dim));
  for (int i = 0; i < n_dim; i++) INTEGER(dims)[i] = dim[i];
  Rf_setAttrib(array, R_DimSymbol, dims);
  UNPROTECT(2);
  return array;
}
