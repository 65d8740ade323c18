#include <math.h>
#include <string.h>

#include "../model/reparam.h"
#include "ffi_decode.h"
#include "ffi_spec.h"

static rp_code decode_handler(ffi_decoder *d, SEXP list, rp_handler_spec *h);
static rp_code decode_config(ffi_decoder *d, SEXP config, rp_handler_spec *h);
static rp_code decode_reparam(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site, int depth);
static rp_code decode_guide(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site);
static rp_code decode_noises(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site, int depth);
static rp_code decode_chain(ffi_decoder *d, SEXP parts, rp_reparam *r, const char *site, int depth);
static rp_code decode_transforms(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site);
static int64_t decode_numbers(ffi_decoder *d, SEXP x, const double **numbers);
static int32_t decode_names(ffi_decoder *d, SEXP x, const char *const **names);

rp_code ffi_decode_handlers(ffi_decoder *d, SEXP handlers) {
  R_xlen_t n = Rf_xlength(handlers);
  if (handlers != R_NilValue && (TYPEOF(handlers) != VECSXP || n > 10000))
    return rp_fail(d->status, RP_BAD_SPEC, NULL, "its handlers are not a list");
  rp_handler_spec *h = rp_pool_array(d->spec->pool, n, sizeof *h);
  if (!h) return rp_fail_memory(d->status, "the handlers");
  for (R_xlen_t i = 0; i < n && d->status->code == RP_OK; i++) decode_handler(d, VECTOR_ELT(handlers, i), &h[i]);
  d->spec->n_handlers = (int32_t) n;
  d->spec->handlers = h;
  return d->status->code;
}

int ffi_strategy(const char *name, rp_strategy *strategy) {
  static const char *const names[] = {"none", "minimal", "auto"};
  for (int k = 0; k < 3; k++)
    if (strcmp(name, names[k]) == 0) {
      *strategy = (rp_strategy) k;
      return 1;
    }
  return 0;
}

static rp_code decode_handler(ffi_decoder *d, SEXP list, rp_handler_spec *h) {
  static const char *const kinds[] = {"reparam", "condition", "intervene", "substitute", "replay", "block", "mask",
                                      "scale", "seed"};
  const char *kind = ffi_text(ffi_get(list, "kind"), "");
  int k = 0;
  while (k < 9 && strcmp(kind, kinds[k]) != 0) k++;
  if (k == 9) return rp_fail(d->status, RP_BAD_SPEC, NULL, "a handler is of unknown kind `%s`", kind);
  memset(h, 0, sizeof *h);
  h->kind = k;
  h->strategy_centered = NAN;
  switch (h->kind) {
  case RP_HANDLER_REPARAM:
    return decode_config(d, ffi_get(list, "config"), h);
  case RP_HANDLER_BLOCK:
    h->n_hide = decode_names(d, ffi_get(list, "hide"), &h->hide);
    h->n_expose = decode_names(d, ffi_get(list, "expose"), &h->expose);
    return d->status->code;
  case RP_HANDLER_MASK:
  case RP_HANDLER_SCALE:
  case RP_HANDLER_SEED:
    h->number = ffi_number(ffi_get(list, kind), ffi_number(ffi_get(list, "value"), NAN));
    if (isnan(h->number)) return rp_fail(d->status, RP_BAD_SPEC, NULL, "the %s handler has no number", kind);
    return RP_OK;
  default:
    h->n_values = ffi_named_values(ffi_get(list, "values"), d->spec->pool, &h->values, d->status, kind);
    return d->status->code;
  }
}

static rp_code decode_config(ffi_decoder *d, SEXP config, rp_handler_spec *h) {
  const char *kind = ffi_text(ffi_get(config, "kind"), NULL);
  if (kind && strcmp(kind, "strategy") == 0) {
    h->has_strategy = 1;
    h->strategy_centered = ffi_number(ffi_get(config, "centered"), NAN);
    const char *name = ffi_text(ffi_get(config, "name"), "");
    if (!ffi_strategy(name, &h->strategy))
      return rp_fail(d->status, RP_BAD_SPEC, NULL, "there is no strategy `%s`", name);
    return RP_OK;
  }
  SEXP names = Rf_getAttrib(config, R_NamesSymbol);
  R_xlen_t n = Rf_xlength(config);
  if (TYPEOF(config) != VECSXP || (n > 0 && TYPEOF(names) != STRSXP) || n > 100000)
    return rp_fail(d->status, RP_BAD_SPEC, NULL, "a reparam configuration is not a named list");
  rp_reparam *r = rp_pool_array(d->spec->pool, n, sizeof *r);
  if (!r) return rp_fail_memory(d->status, "a reparam configuration");
  h->n_config = decode_names(d, names, &h->config_name);
  h->config = r;
  for (R_xlen_t i = 0; i < n && d->status->code == RP_OK; i++)
    decode_reparam(d, VECTOR_ELT(config, i), &r[i], h->config_name[i], 0);
  return d->status->code;
}

static rp_code decode_reparam(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site, int depth) {
  const char *kind = ffi_text(ffi_get(list, "kind"), "");
  memset(r, 0, sizeof *r);
  if (strcmp(kind, "chain") == 0) return decode_chain(d, ffi_get(list, "parts"), r, site, depth);
  r->what = rp_reparameterizer_find(kind);
  if (!r->what) return rp_fail(d->status, RP_BAD_SPEC, site, "its reparameterizer `%s` is unknown", kind);
  r->n_centered = decode_numbers(d, ffi_get(list, "centered"), &r->centered);
  for (int64_t i = 0; i < r->n_centered; i++)
    if (!(r->centered[i] >= 0 && r->centered[i] <= 1))
      return rp_fail(d->status, RP_BAD_ARGUMENT, site, "`centered` is %g, but must be between 0 and 1", r->centered[i]);
  r->n_shape_params = ffi_get(list, "shape_params") == R_NilValue
                          ? -1
                          : decode_names(d, ffi_get(list, "shape_params"), &r->shape_params);
  r->dim = (int32_t) ffi_integer(ffi_get(list, "dim"), -1);
  r->flip = ffi_number(ffi_get(list, "flip"), 0) != 0;
  r->allow_batch = ffi_number(ffi_get(list, "allow_batch"), 0) != 0;
  r->smooth = ffi_number(ffi_get(list, "smooth"), 0);
  r->suffix = rp_pool_text(d->spec->pool, ffi_text(ffi_get(list, "suffix"), "transformed"));
  if (!r->suffix) return rp_fail_memory(d->status, "a reparam configuration");
  r->n_matrix = decode_numbers(d, ffi_get(list, "matrix"), &r->matrix);
  if (decode_numbers(d, ffi_get(list, "inverse"), &r->inverse) != r->n_matrix)
    return rp_fail(d->status, RP_BAD_SPEC, site, "its matrix and the inverse differ in size");
  if (r->what == &rp_reparam_linear_hmm && decode_noises(d, list, r, site, depth) != RP_OK) return d->status->code;
  if (decode_guide(d, ffi_get(list, "guide"), r, site) != RP_OK) return d->status->code;
  const double *sections = NULL;
  int64_t n = decode_numbers(d, ffi_get(list, "sections"), &sections);
  int32_t *sizes = rp_pool_array(d->spec->pool, n, sizeof *sizes);
  if (!sizes) return rp_fail_memory(d->status, "a reparam configuration");
  for (int64_t i = 0; i < n; i++) sizes[i] = sections[i] >= 1 && sections[i] <= INT32_MAX ? (int32_t) sections[i] : 0;
  r->n_sections = (int32_t) n;
  r->sections = sizes;
  if (r->what == &rp_reparam_neutra || r->what == &rp_reparam_structured) {
    r->transport = ffi_decode_transport(d, list, r->what == &rp_reparam_structured, site);
    if (!r->transport) return d->status->code;
  }
  return decode_transforms(d, ffi_get(list, "transforms"), r, site);
}

/* conjugate's guide: a family and its arguments as numbers. */
static rp_code decode_guide(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site) {
  if (list == R_NilValue || r->what != &rp_reparam_conjugate) return RP_OK;
  rp_fixed_dist *guide = rp_pool_alloc(d->spec->pool, sizeof *guide);
  if (!guide) return rp_fail_memory(d->status, "a reparam configuration");
  const char *name = ffi_text(ffi_get(list, "family"), "");
  guide->family = rp_family_find(name);
  if (!guide->family) return rp_fail(d->status, RP_BAD_SPEC, site, "its guide is of an unknown family `%s`", name);
  for (int32_t k = 0; k < guide->family->n_arguments && d->status->code == RP_OK; k++)
    guide->n[k] =
        decode_numbers(d, ffi_get(ffi_get(list, "args"), guide->family->arguments[k].name), &guide->arguments[k]);
  guide->n_mask = decode_numbers(d, ffi_get(list, "mask"), &guide->mask);
  r->guide = guide;
  return d->status->code;
}

/* What linear_hmm does to each of its noises; those absent have neither `what` nor parts. */
static rp_code decode_noises(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site, int depth) {
  static const char *const names[] = {"init", "trans", "obs"};
  rp_reparam *parts = rp_pool_array(d->spec->pool, 3, sizeof *parts);
  if (!parts) return rp_fail_memory(d->status, "a reparam configuration");
  if (depth > 8) return rp_fail(d->status, RP_BAD_SPEC, site, "its reparameterizers are nested too deeply");
  for (int k = 0; k < 3; k++) {
    SEXP own = ffi_get(list, names[k]);
    if (own != R_NilValue && decode_reparam(d, own, &parts[k], site, depth + 1) != RP_OK) return d->status->code;
  }
  r->n_parts = 3;
  r->parts = parts;
  return RP_OK;
}

static rp_code decode_chain(ffi_decoder *d, SEXP parts, rp_reparam *r, const char *site, int depth) {
  R_xlen_t n = Rf_xlength(parts);
  if (TYPEOF(parts) != VECSXP || n > 16 || depth > 4)
    return rp_fail(d->status, RP_BAD_SPEC, site, "its reparameterizers are not a list");
  rp_reparam *steps = rp_pool_array(d->spec->pool, n, sizeof *steps);
  if (!steps) return rp_fail_memory(d->status, "a reparam configuration");
  for (R_xlen_t i = 0; i < n && d->status->code == RP_OK; i++)
    decode_reparam(d, VECTOR_ELT(parts, i), &steps[i], site, depth + 1);
  r->n_parts = (int32_t) n;
  r->parts = steps;
  return d->status->code;
}

/* list(list(name, args = list of numbers, inverted), ..) */
static rp_code decode_transforms(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site) {
  R_xlen_t n = TYPEOF(list) == VECSXP ? Rf_xlength(list) : 0;
  rp_fixed_transform *t = rp_pool_array(d->spec->pool, n, sizeof *t);
  if (!t || n > 64) return rp_fail_memory(d->status, "a reparam configuration");
  for (R_xlen_t i = 0; i < n; i++) {
    SEXP from = VECTOR_ELT(list, i), args = ffi_get(from, "args");
    const char *name = ffi_text(ffi_get(from, "name"), "");
    t[i].bijector = rp_bijector_find(name);
    t[i].inverted = ffi_number(ffi_get(from, "inverted"), 0) != 0;
    if (!t[i].bijector) return rp_fail(d->status, RP_BAD_SPEC, site, "there is no transform `%s`", name);
    for (int32_t k = 0; k < t[i].bijector->n_arguments; k++) {
      t[i].n[k] = decode_numbers(d, ffi_get(args, t[i].bijector->argument_names[k]), &t[i].arguments[k]);
      if (t[i].n[k] == 0) return rp_fail(d->status, RP_BAD_SPEC, site, "the transform `%s` lacks an argument", name);
    }
  }
  r->n_transforms = (int32_t) n;
  r->transforms = t;
  return d->status->code;
}

/* Copies a numeric vector into the pool; its length, 0 also for anything else. */
static int64_t decode_numbers(ffi_decoder *d, SEXP x, const double **numbers) {
  int64_t n = ffi_is_numeric(x) ? Rf_xlength(x) : 0;
  double *copy = rp_pool_array(d->spec->pool, n, sizeof *copy);
  if (!copy) return rp_fail_memory(d->status, "a reparam configuration"), 0;
  if (n > 0) ffi_copy_doubles(x, copy);
  *numbers = copy;
  return n;
}

static int32_t decode_names(ffi_decoder *d, SEXP x, const char *const **names) {
  R_xlen_t n = TYPEOF(x) == STRSXP ? Rf_xlength(x) : 0;
  if (n == 0 || n > 100000) return 0;
  const char **copy = rp_pool_array(d->spec->pool, n, sizeof *copy);
  for (R_xlen_t i = 0; copy && i < n; i++) {
    copy[i] = rp_pool_text(d->spec->pool, CHAR(STRING_ELT(x, i)));
    if (!copy[i]) copy = NULL;
  }
  if (!copy) return rp_fail_memory(d->status, "names"), 0;
  *names = copy;
  return (int32_t) n;
}
