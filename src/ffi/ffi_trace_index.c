/* Reading and writing elements of traced vectors.
 *
 * `x[i] <- v` in a model is rewritten (R/trace-overlay.R) to a call that knows the variable's name, so that it can
 * write into the variable's value when nothing else refers to it; otherwise a loop that fills a vector would copy it at
 * every step.  What these functions do not handle they leave to R code by returning FALSE or NULL. */
#include "ffi_trace.h"

#include "ffi_trace_code.h"

/* ---- class ---- */

static void copy_shape(SEXP to, SEXP from) {
  SEXP dim = Rf_getAttrib(from, R_DimSymbol);
  if (dim != R_NilValue) Rf_setAttrib(to, R_DimSymbol, dim);
  SEXP names = PROTECT(Rf_getAttrib(from, dim != R_NilValue ? R_DimNamesSymbol : R_NamesSymbol));
  if (names != R_NilValue) Rf_setAttrib(to, dim != R_NilValue ? R_DimNamesSymbol : R_NamesSymbol, names);
  UNPROTECT(1);
}

static int is_plain(SEXP x) {
  return !Rf_isObject(x) && (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP);
}

static Rcomplex number_code(SEXP x, R_xlen_t i) {
  Rcomplex z = {.r = NA_REAL, .i = 0};
  if (TYPEOF(x) == REALSXP) {
    z.r = REAL_RO(x)[i];
  } else {
    int value = TYPEOF(x) == INTSXP ? INTEGER_RO(x)[i] : LOGICAL_RO(x)[i];
    if (value != NA_INTEGER) z.r = value;
  }
  return z;
}

static SEXP real_parts(SEXP x) {
  R_xlen_t n = Rf_xlength(x);
  SEXP result = PROTECT(Rf_allocVector(REALSXP, n));
  for (R_xlen_t i = 0; i < n; i++) REAL(result)[i] = COMPLEX_RO(x)[i].r;
  copy_shape(result, x);
  UNPROTECT(1);
  return result;
}

/* Whether all imaginary parts are 0 or NA's. */
static int is_all_numbers(SEXP x) {
  for (R_xlen_t i = 0, n = Rf_xlength(x); i < n; i++) {
    Rcomplex z = COMPLEX_RO(x)[i];
    if (z.i != 0 && !(R_IsNA(z.i) && R_IsNA(z.r))) return 0;
  }
  return 1;
}

/* What base R made of codes becomes a traced vector again, or a plain one when no code is left.  Complex numbers of the
 * user's own pass unchanged. */
SEXP ffi_trace_bless(SEXP x) {
  if (TYPEOF(x) != CPLXSXP) return x;
  if (ffi_has_codes(x)) {
    if (ffi_is_traced(x)) return x;
    SEXP result = PROTECT(MAYBE_REFERENCED(x) ? Rf_shallow_duplicate(x) : x);
    ffi_trace_class(result);
    UNPROTECT(1);
    return result;
  }
  return is_all_numbers(x) ? real_parts(x) : x;
}

/* Codes without class, for base R functions that would dispatch; a plain vector becomes complex. */
SEXP ffi_trace_bare(SEXP x) {
  R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) != CPLXSXP && !is_plain(x)) return x;
  SEXP result = PROTECT(Rf_allocVector(CPLXSXP, n));
  for (R_xlen_t i = 0; i < n; i++) COMPLEX(result)[i] = TYPEOF(x) == CPLXSXP ? COMPLEX_RO(x)[i] : number_code(x, i);
  copy_shape(result, x);
  UNPROTECT(1);
  return result;
}

SEXP ffi_trace_storage(SEXP numbers) {
  SEXP result = PROTECT(ffi_trace_bare(numbers));
  ffi_trace_class(result);
  UNPROTECT(1);
  return result;
}

/* Whether an argument in the `...` of a function's frame is traced; forces them, as the function is about to. */
SEXP ffi_trace_any(SEXP frame) {
  SEXP dots = Rf_findVarInFrame(frame, R_DotsSymbol);
  if (TYPEOF(dots) != DOTSXP) return Rf_ScalarLogical(0);
  for (; dots != R_NilValue; dots = CDR(dots)) {
    SEXP argument = CAR(dots);
    if (argument == R_MissingArg) continue;
    if (TYPEOF(argument) == PROMSXP) argument = Rf_eval(argument, frame);
    if (ffi_has_codes(argument)) return Rf_ScalarLogical(1);
  }
  return Rf_ScalarLogical(0);
}

/* ---- reading ---- */

/* Zero-based position of a plain number within 1..n, -1 when it is none. */
static R_xlen_t position_of(SEXP i, R_xlen_t k, R_xlen_t n) {
  if (TYPEOF(i) == INTSXP) {
    int at = INTEGER_RO(i)[k];
    return at >= 1 && at <= n ? at - 1 : -1;
  }
  double at = REAL_RO(i)[k];
  return at >= 1 && at < (double) n + 1 ? (R_xlen_t) at - 1 : -1;
}

static int is_index(SEXP i) { return (TYPEOF(i) == INTSXP || TYPEOF(i) == REALSXP) && !Rf_isObject(i); }

SEXP ffi_trace_element(SEXP x, SEXP i) {
  if (!is_index(i) || Rf_xlength(i) != 1 || Rf_getAttrib(x, R_NamesSymbol) != R_NilValue) return R_NilValue;
  R_xlen_t at = position_of(i, 0, Rf_xlength(x));
  if (at < 0) return R_NilValue;
  Rcomplex z = COMPLEX_RO(x)[at];
  if (z.i == 0) return Rf_ScalarReal(z.r);
  SEXP result = PROTECT(Rf_allocVector(CPLXSXP, 1));
  COMPLEX(result)[0] = z;
  ffi_trace_class(result);
  UNPROTECT(1);
  return result;
}

SEXP ffi_trace_gather_at(SEXP x, SEXP positions) {
  rp_graph *g = ffi_trace_graph();
  R_xlen_t n = Rf_xlength(positions);
  return ffi_trace_codes(rp_gather_at(g, ffi_trace_array(x), ffi_trace_node(positions)), n, 0);
}

/* out[index[i]] += x[i], index one-based. */
SEXP ffi_trace_scatter(SEXP x, SEXP index, SEXP n) {
  rp_graph *g = ffi_trace_graph();
  int n_out = Rf_asInteger(n);
  R_xlen_t n_in = Rf_xlength(x);
  rp_node_id a = ffi_trace_array(x);
  int32_t *at = (int32_t *) R_alloc((size_t) n_in + 1, sizeof *at);
  for (R_xlen_t i = 0; i < n_in; i++) at[i] = INTEGER(index)[i] - 1;
  return ffi_trace_codes(rp_scatter(g, a, at, n_out), n_out, 0);
}

/* ---- writing ---- */

/* The variable's value in this frame, R_UnboundValue when it has none; *own is 0 when it must not be written into. */
static SEXP variable(SEXP symbol, SEXP env, int *own) {
  SEXP x = Rf_findVarInFrame(env, symbol);
  *own = 0;
  if (x == R_UnboundValue || x == R_MissingArg) return R_UnboundValue;
  if (TYPEOF(x) == PROMSXP) return Rf_eval(x, env);
  *own = !MAYBE_SHARED(x);
  return x;
}

/* Lets R do a plain assignment in the frame, in place, through a name that the overlay binds to base R's function. */
static void assign_plain(SEXP symbol, SEXP env, SEXP indices, SEXP value, const char *function) {
  SEXP target = PROTECT(Rf_lcons(Rf_install(function), Rf_cons(symbol, indices)));
  if (TYPEOF(value) == SYMSXP || TYPEOF(value) == LANGSXP) value = Rf_lang2(R_QuoteSymbol, value);
  PROTECT(value);
  SEXP call = PROTECT(Rf_lang3(Rf_install("<-"), target, value));
  Rf_eval(call, env);
  UNPROTECT(3);
}

/* A vector of codes that may be written into: x itself, or a copy; protect it. x: plain or traced. */
static SEXP own_codes(SEXP x, int own) {
  if (!ffi_is_traced(x)) return ffi_trace_storage(x);
  return own ? x : Rf_duplicate(x);
}

static Rcomplex code_at(SEXP value, R_xlen_t i) {
  return TYPEOF(value) == CPLXSXP ? COMPLEX_RO(value)[i] : number_code(value, i);
}

/* Whether codes may be written into x here; takes classless codes in value for traced ones. */
static int can_write(SEXP x, SEXP value) {
  int traced = ffi_has_codes(value);
  if (!traced && !is_plain(value)) return 0;
  return ffi_is_traced(x) || (traced && is_plain(x));
}

static int holds_codes(SEXP x) { return x != R_UnboundValue && (ffi_is_traced(x) || ffi_has_codes(x)); }

static int is_list_slot(SEXP x, SEXP kind) { return TYPEOF(x) == VECSXP && !Rf_isObject(x) && Rf_asInteger(kind) == 2; }

/* x with value written at i, in place when x may be written into; NULL when R code must do it. */
static SEXP write_at(SEXP x, int own, SEXP value, SEXP i, int kind) {
  R_xlen_t n = Rf_xlength(x), n_i = Rf_xlength(i), n_value = Rf_xlength(value);
  int fits = n_value > 0 && n_i > 0 && n_i % n_value == 0 && (kind == 1 || n_i == 1);
  if (!fits || !is_index(i) || !can_write(x, value) || Rf_getAttrib(i, R_DimSymbol) != R_NilValue) return NULL;
  for (R_xlen_t k = 0; k < n_i; k++)
    if (position_of(i, k, n) < 0) return NULL;
  SEXP codes = PROTECT(own_codes(x, own));
  for (R_xlen_t k = 0; k < n_i; k++) COMPLEX(codes)[position_of(i, k, n)] = code_at(value, k % n_value);
  UNPROTECT(1);
  return codes;
}

/* x[i] <- value (kind 1) or x[[i]] <- value (kind 2) for the variable x of env. TRUE when it is done. */
SEXP ffi_trace_set(SEXP name, SEXP value, SEXP i, SEXP env, SEXP kind) {
  SEXP symbol = Rf_installTrChar(STRING_ELT(name, 0));
  int own, done = 1, which = Rf_asInteger(kind);
  SEXP x = PROTECT(variable(symbol, env, &own));
  int untraced = !ffi_has_codes(i) && (!ffi_has_codes(value) || is_list_slot(x, kind));
  if (untraced && Rf_isVectorAtomic(i) && !holds_codes(x)) {
    SEXP indices = PROTECT(Rf_list1(i));
    assign_plain(symbol, env, indices, value, which == 1 ? ".trace_at" : ".trace_at2");
    UNPROTECT(1);
  } else {
    SEXP codes = x == R_UnboundValue ? NULL : write_at(x, own, value, i, which);
    done = codes != NULL;
    if (done && codes != x) Rf_defineVar(symbol, PROTECT(codes), env);
    if (done && codes != x) UNPROTECT(1);
  }
  UNPROTECT(1);
  return Rf_ScalarLogical(done);
}

/* The same within R's own `x[i] <- value`, which keeps the variable's value in `*tmp*` of the frame meanwhile.  The
 * result is what R assigns to the variable; NULL when R code must find it. */
SEXP ffi_trace_set_value(SEXP value, SEXP i, SEXP env) {
  int own;
  SEXP x = PROTECT(variable(Rf_install("*tmp*"), env, &own));
  SEXP codes = x == R_UnboundValue ? NULL : write_at(x, own, value, i, 1);
  UNPROTECT(1);
  return codes ? codes : R_NilValue;
}

/* Positions along one dimension, NULL when R code must work them out. TRUE stands for all of them. */
static const int32_t *positions_along(SEXP i, int extent, R_xlen_t *n) {
  int all = TYPEOF(i) == LGLSXP && Rf_xlength(i) == 1 && LOGICAL(i)[0] == TRUE;
  if (!all && !is_index(i)) return NULL;
  *n = all ? extent : Rf_xlength(i);
  int32_t *at = (int32_t *) R_alloc((size_t) *n + 1, sizeof *at);
  for (R_xlen_t k = 0; k < *n; k++) {
    at[k] = (int32_t) (all ? k : position_of(i, k, extent));
    if (at[k] < 0) return NULL;
  }
  return at;
}

enum { max_dims = 8 };

/* x with value, recycled, written at the grid of positions; NULL when R code must do it. */
static SEXP write_grid(SEXP x, int own, SEXP value, SEXP indices) {
  SEXP dim = Rf_getAttrib(x, R_DimSymbol);
  int n_dims = Rf_length(dim);
  R_xlen_t n[max_dims], total = 1, at[max_dims] = {0};
  const int32_t *positions[max_dims];
  if (n_dims != Rf_length(indices) || n_dims > max_dims) return NULL;
  for (int k = 0; k < n_dims; k++) {
    positions[k] = positions_along(VECTOR_ELT(indices, k), INTEGER(dim)[k], &n[k]);
    if (!positions[k]) return NULL;
    total *= n[k];
  }
  if (total == 0 || Rf_xlength(value) == 0 || total % Rf_xlength(value) != 0) return NULL;
  SEXP codes = PROTECT(own_codes(x, own));
  for (R_xlen_t done = 0; done < total; done++) {
    R_xlen_t flat = 0;
    for (int k = n_dims - 1; k >= 0; k--) flat = flat * INTEGER(dim)[k] + positions[k][at[k]];
    COMPLEX(codes)[flat] = code_at(value, done % Rf_xlength(value));
    for (int k = 0; k < n_dims && ++at[k] == n[k]; k++) at[k] = 0;
  }
  UNPROTECT(1);
  return codes;
}

/* x[i, j, ...] <- value; an index TRUE stands for an empty one. */
SEXP ffi_trace_set_array(SEXP name, SEXP value, SEXP indices, SEXP env) {
  SEXP symbol = Rf_installTrChar(STRING_ELT(name, 0));
  int own, plain = !ffi_has_codes(value);
  SEXP x = PROTECT(variable(symbol, env, &own));
  for (R_xlen_t k = 0; k < Rf_xlength(indices); k++) {
    SEXP i = VECTOR_ELT(indices, k);
    if (ffi_has_codes(i) || !Rf_isVectorAtomic(i)) plain = 0;
  }
  if (plain && !holds_codes(x)) {
    SEXP arguments = PROTECT(R_NilValue);
    for (R_xlen_t k = Rf_xlength(indices) - 1; k >= 0; k--) {
      arguments = Rf_cons(VECTOR_ELT(indices, k), arguments);
      UNPROTECT(1);
      PROTECT(arguments);
    }
    assign_plain(symbol, env, arguments, value, ".trace_at");
    UNPROTECT(2);
    return Rf_ScalarLogical(1);
  }
  const void *memory = vmaxget();
  SEXP codes = x != R_UnboundValue && can_write(x, value) ? write_grid(x, own, value, indices) : NULL;
  vmaxset(memory);
  if (codes) Rf_defineVar(symbol, PROTECT(codes), env);
  UNPROTECT(codes ? 2 : 1);
  return Rf_ScalarLogical(codes != NULL);
}
