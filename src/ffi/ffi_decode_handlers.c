#include <math.h>
#include <string.h>

#include "ffi_decode.h"
#include "ffi_spec.h"

static rp_code decode_handler(ffi_decoder *d, SEXP list, rp_handler_spec *h);
static rp_code decode_config(ffi_decoder *d, SEXP config, rp_handler_spec *h);
static rp_code decode_reparam(ffi_decoder *d, SEXP list, rp_reparam *r, const char *site, int depth);
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
  static const char *const kinds[] = {"reparam", "condition", "intervene", "substitute", "replay", "block", "mask", "scale", "seed"};
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
    if (!ffi_strategy(name, &h->strategy)) return rp_fail(d->status, RP_BAD_SPEC, NULL, "there is no strategy `%s`", name);
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
  if (strcmp(kind, "transform") == 0) {
    r->kind = RP_REPARAM_TRANSFORM;
    return RP_OK;
  }
  if (strcmp(kind, "loc_scale") == 0) {
    r->kind = RP_REPARAM_LOC_SCALE;
    r->centered = ffi_number(ffi_get(list, "centered"), NAN);
    if (r->centered < 0 || r->centered > 1)
      return rp_fail(d->status, RP_BAD_ARGUMENT, site, "`centered` is %g, but must be between 0 and 1", r->centered);
    return RP_OK;
  }
  SEXP parts = ffi_get(list, "parts");
  R_xlen_t n = Rf_xlength(parts);
  if (strcmp(kind, "chain") != 0 || TYPEOF(parts) != VECSXP || n > 16 || depth > 4)
    return rp_fail(d->status, RP_BAD_SPEC, site, "its reparameterizer `%s` is unknown", kind);
  rp_reparam *steps = rp_pool_array(d->spec->pool, n, sizeof *steps);
  if (!steps) return rp_fail_memory(d->status, "a reparam configuration");
  for (R_xlen_t i = 0; i < n && d->status->code == RP_OK; i++)
    decode_reparam(d, VECTOR_ELT(parts, i), &steps[i], site, depth + 1);
  r->kind = RP_REPARAM_CHAIN;
  r->n_parts = (int32_t) n;
  r->parts = steps;
  return d->status->code;
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
