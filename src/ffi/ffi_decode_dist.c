#include <string.h>

#include "../model/custom.h"
#include "ffi_decode.h"

static int decode_combinator(ffi_decoder *d, SEXP list, const char *name, rp_dist_spec *s, const char *site, int depth);
static rp_code decode_compound(ffi_decoder *d, SEXP list, rp_dist_spec *s, const char *site, int depth);
static rp_code decode_custom(ffi_decoder *d, SEXP list, rp_dist_spec *s, const char *site, int depth);
static rp_code decode_arguments(ffi_decoder *d, SEXP args, rp_dist_spec *s, const char *site);
static rp_code decode_transforms(ffi_decoder *d, SEXP list, rp_dist_spec *s, const char *site);
static rp_code decode_transform(ffi_decoder *d, SEXP list, rp_transform_spec *t, const char *site);

const rp_dist_spec *ffi_decode_dist(ffi_decoder *d, SEXP list, const char *site, int depth) {
  const char *name = ffi_text(ffi_get(list, "family"), NULL);
  rp_dist_spec *s = rp_pool_alloc(d->spec->pool, sizeof *s);
  if (!s) return rp_fail_memory(d->status, "a distribution"), NULL;
  if (!name || depth > 16) return rp_fail(d->status, RP_BAD_SPEC, site, "its distribution has no family"), NULL;
  for (int k = 0; k < RP_MAX_ARGUMENTS; k++) s->arguments[k] = RP_NONE;
  s->mask = RP_NONE;
  if (decode_combinator(d, list, name, s, site, depth)) return d->status->code == RP_OK ? s : NULL;
  s->family = rp_family_find(name);
  if (!s->family) return rp_fail(d->status, RP_BAD_SPEC, site, "there is no family `%s`", name), NULL;
  return decode_arguments(d, ffi_get(list, "args"), s, site) == RP_OK ? s : NULL;
}

static const struct {
  const char *name;
  rp_compound_kind kind;
  int32_t n_numbers; /* -1: as many as there are parts */
  const char *numbers[5];
} compounds[] = {
    {"truncated", RP_COMPOUND_TRUNCATED, 2, {"lower", "upper"}},
    {"censored", RP_COMPOUND_CENSORED, 2, {"lower", "upper"}},
    {"interval_censored", RP_COMPOUND_INTERVAL_CENSORED, 2, {"lower", "upper"}},
    {"zero_inflated", RP_COMPOUND_ZERO_INFLATED, 1, {"prob", NULL}},
    {"mixture", RP_COMPOUND_MIXTURE, -1, {NULL, NULL}},
    {"ordered", RP_COMPOUND_ORDERED, 0, {NULL, NULL}},
    {"linear_hmm", RP_COMPOUND_LINEAR_HMM, 5,
     {"transition_matrix", "observation_matrix", "steps", "states", "outputs"}},
    {"custom", RP_COMPOUND_CUSTOM, 0, {NULL, NULL}},
};

/* 1 when the name is a combinator's (whether or not decoding it went well). */
static int decode_combinator(ffi_decoder *d, SEXP list, const char *name, rp_dist_spec *s, const char *site,
                             int depth) {
  for (size_t k = 0; k < sizeof compounds / sizeof *compounds; k++) {
    if (strcmp(name, compounds[k].name) != 0) continue;
    s->combinator = RP_DIST_COMPOUND;
    s->compound = compounds[k].kind;
    s->n_numbers = compounds[k].n_numbers;
    decode_compound(d, list, s, site, depth);
    return 1;
  }
  if (strcmp(name, "transformed") == 0) s->combinator = RP_DIST_TRANSFORMED;
  else if (strcmp(name, "masked") == 0) s->combinator = RP_DIST_MASKED;
  else if (strcmp(name, "independent") == 0 || strcmp(name, "expand") == 0) s->combinator = RP_DIST_INDEPENDENT;
  else if (strcmp(name, "independent_hmm") == 0) s->combinator = RP_DIST_SERIES;
  else return 0;
  s->base = ffi_decode_dist(d, ffi_get(list, "base"), site, depth + 1);
  if (!s->base) return 1;
  if (s->combinator == RP_DIST_TRANSFORMED) decode_transforms(d, ffi_get(list, "transforms"), s, site);
  if (strcmp(name, "independent") == 0 || s->combinator == RP_DIST_SERIES)
    s->event_dims = (int32_t) ffi_integer(ffi_get(list, "n"), 0);
  if (s->combinator == RP_DIST_MASKED) s->mask = ffi_decode_row(d, ffi_get(list, "mask"), site, "mask");
  return 1;
}

static rp_code decode_compound(ffi_decoder *d, SEXP list, rp_dist_spec *s, const char *site, int depth) {
  SEXP parts = ffi_get(list, "components"), args = ffi_get(list, "args");
  int many = TYPEOF(parts) == VECSXP;
  s->n_components = many ? (int32_t) Rf_xlength(parts) : 1;
  int per_part = s->n_numbers < 0;
  if (per_part) s->n_numbers = s->n_components;
  const rp_dist_spec **components = rp_pool_array(d->spec->pool, s->n_components, sizeof *components);
  rp_node_id *numbers = rp_pool_array(d->spec->pool, s->n_numbers, sizeof *numbers);
  if (!components || !numbers) return rp_fail_memory(d->status, "a distribution");
  if (s->n_components > 1000 || (s->n_numbers > 0 && args != R_NilValue && TYPEOF(args) != VECSXP) ||
      (per_part && Rf_xlength(args) != s->n_numbers))
    return rp_fail(d->status, RP_BAD_SPEC, site, "the parts of its distribution are not lists");
  for (int32_t k = 0; k < s->n_components && d->status->code == RP_OK; k++)
    components[k] = ffi_decode_dist(d, many ? VECTOR_ELT(parts, k) : ffi_get(list, "base"), site, depth + 1);
  const char *const *names = NULL;
  for (size_t k = 0; k < sizeof compounds / sizeof *compounds; k++)
    if (compounds[k].kind == s->compound) names = compounds[k].numbers;
  for (int32_t k = 0; k < s->n_numbers && d->status->code == RP_OK; k++) {
    SEXP row = per_part ? VECTOR_ELT(args, k) : ffi_get(args, names[k]);
    numbers[k] = row == R_NilValue ? RP_NONE : ffi_decode_row(d, row, site, per_part ? "weights" : names[k]);
  }
  s->components = components;
  s->numbers = numbers;
  if (s->compound == RP_COMPOUND_CUSTOM && d->status->code == RP_OK) decode_custom(d, list, s, site, depth);
  return d->status->code;
}

/* A family written in R: list(name, discrete, args, rows = list(log_density, cdf, quantile, random), draws). */
static rp_code decode_custom(ffi_decoder *d, SEXP list, rp_dist_spec *s, const char *site, int depth) {
  static const char *const names[] = {"log_density", "cdf", "quantile", "random"};
  SEXP args = ffi_get(list, "args"), draws = ffi_get(list, "draws"), rows = ffi_get(list, "rows");
  rp_custom *custom = rp_pool_alloc(d->spec->pool, sizeof *custom);
  int64_t n = Rf_xlength(args), n_draws = Rf_xlength(draws);
  const char *name = ffi_text(ffi_get(list, "name"), NULL);
  if ((args != R_NilValue && TYPEOF(args) != VECSXP) || (draws != R_NilValue && TYPEOF(draws) != VECSXP) ||
      1 + n + n_draws > RP_MOST_PLACEHOLDERS || !name)
    return rp_fail(d->status, RP_BAD_SPEC, site, "the parts of its family are not lists");
  rp_node_id *numbers = rp_pool_array(d->spec->pool, n, sizeof *numbers);
  const rp_dist_spec **parts = rp_pool_array(d->spec->pool, n_draws, sizeof *parts);
  if (!custom || !numbers || !parts) return rp_fail_memory(d->status, "a family");
  *custom = (rp_custom){.name = rp_pool_text(d->spec->pool, name), .trace = d->spec->trace, .n_arguments = (int32_t) n,
                        .discrete = ffi_number(ffi_get(list, "discrete"), 0) != 0, .n_draws = (int32_t) n_draws,
                        .draws = parts};
  rp_node_id *const row[] = {&custom->log_density, &custom->cdf, &custom->quantile, &custom->random};
  for (int k = 0; k < 4 && d->status->code == RP_OK; k++) {
    SEXP given = ffi_get(rows, names[k]);
    *row[k] = given == R_NilValue && k > 0 ? RP_NONE : ffi_decode_row(d, given, site, names[k]);
    if (d->status->code == RP_OK && *row[k] != RP_NONE && rp_graph_node(d->spec->trace, *row[k])->n != 1)
      rp_fail(d->status, RP_BAD_SPEC, site, "the %s of its family is not one number", names[k]);
  }
  for (int64_t k = 0; k < n && d->status->code == RP_OK; k++)
    numbers[k] = ffi_decode_row(d, VECTOR_ELT(args, k), site, "args");
  for (int64_t k = 0; k < n_draws && d->status->code == RP_OK; k++)
    parts[k] = ffi_decode_dist(d, VECTOR_ELT(draws, k), site, depth + 1);
  s->numbers = numbers;
  s->n_numbers = (int32_t) n;
  s->custom = custom;
  return d->status->code;
}

static rp_code decode_arguments(ffi_decoder *d, SEXP args, rp_dist_spec *s, const char *site) {
  R_xlen_t n = Rf_xlength(args);
  SEXP names = Rf_getAttrib(args, R_NamesSymbol);
  if (n > 0 && (TYPEOF(names) != STRSXP || (TYPEOF(args) != VECSXP && !ffi_is_numeric(args))))
    return rp_fail(d->status, RP_BAD_SPEC, site, "the arguments of %s() are not a named list", s->family->name);
  for (R_xlen_t i = 0; i < n; i++) {
    const char *name = CHAR(STRING_ELT(names, i));
    int32_t k = 0;
    while (k < s->family->n_arguments && strcmp(s->family->arguments[k].name, name) != 0) k++;
    if (k == s->family->n_arguments)
      return rp_fail(d->status, RP_BAD_SPEC, site, "%s() has no argument `%s`", s->family->name, name);
    SEXP row =
        PROTECT(TYPEOF(args) == VECSXP ? VECTOR_ELT(args, i)
                                       : Rf_ScalarReal(TYPEOF(args) == REALSXP ? REAL(args)[i] : INTEGER(args)[i]));
    if (row != R_NilValue) s->arguments[k] = ffi_decode_row(d, row, site, name);
    UNPROTECT(1);
    if (d->status->code != RP_OK) return d->status->code;
  }
  return RP_OK;
}

static rp_code decode_transforms(ffi_decoder *d, SEXP list, rp_dist_spec *s, const char *site) {
  R_xlen_t n = Rf_xlength(list);
  if (TYPEOF(list) != VECSXP || n > 64) return rp_fail(d->status, RP_BAD_SPEC, site, "its transforms are not a list");
  rp_transform_spec *t = rp_pool_array(d->spec->pool, n, sizeof *t);
  if (!t) return rp_fail_memory(d->status, "a distribution");
  for (R_xlen_t i = 0; i < n && d->status->code == RP_OK; i++) decode_transform(d, VECTOR_ELT(list, i), &t[i], site);
  s->n_transforms = (int32_t) n;
  s->transforms = t;
  return d->status->code;
}

static rp_code decode_transform(ffi_decoder *d, SEXP list, rp_transform_spec *t, const char *site) {
  const char *name = ffi_text(ffi_get(list, "name"), "");
  SEXP args = ffi_get(list, "args"), names = Rf_getAttrib(args, R_NamesSymbol);
  t->bijector = rp_bijector_find(name);
  if (!t->bijector) return rp_fail(d->status, RP_BAD_SPEC, site, "there is no transform `%s`", name);
  t->name = t->bijector->name;
  t->inverted = ffi_integer(ffi_get(list, "inverted"), 0) != 0;
  t->first = ffi_integer(ffi_get(list, "first"), 1) - 1;
  t->count = ffi_integer(ffi_get(list, "count"), 0);
  if (t->first < 0 || t->count < 0)
    return rp_fail(d->status, RP_BAD_SPEC, site, "a transform acts on elements that are none");
  for (int k = 0; k < 4; k++) t->arguments[k] = RP_NONE;
  for (int32_t k = 0; k < t->bijector->n_arguments; k++) {
    SEXP row =
        TYPEOF(args) == VECSXP && TYPEOF(names) == STRSXP ? ffi_get(args, t->bijector->argument_names[k]) : R_NilValue;
    t->arguments[k] = ffi_decode_row(d, row, site, t->bijector->argument_names[k]);
    if (t->arguments[k] == RP_NONE) return d->status->code;
  }
  return RP_OK;
}
