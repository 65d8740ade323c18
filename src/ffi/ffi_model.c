#include "ffi_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ffi_decode.h"
#include "ffi_entries.h"
#include "ffi_spec.h"

static void read_names(ffi_model *m, SEXP texts, int64_t *n, const char *const **names, rp_status *status);
static rp_code build(ffi_model *m, SEXP spec, SEXP control, int prior, int all_terms, rp_status *status);
static rp_code read_given(ffi_model *m, SEXP sizes, rp_status *status);
static void release(void *data);
static SEXP site_row(const rp_model *model, int32_t i);

SEXP ffi_model_open(SEXP spec, SEXP control, int prior, int all_terms, ffi_model **out) {
  rp_status status;
  rp_status_clear(&status);
  ffi_model *m = calloc(1, sizeof *m);
  if (!m) Rf_error("out of memory");
  SEXP guard = PROTECT(ffi_guard(m, release));
  if (build(m, spec, control, prior, all_terms, &status) != RP_OK) {
    ffi_guard_close(guard);
    ffi_stop(&status, spec);
  }
  *out = m;
  return guard;
}

SEXP ffi_resolve_isa(SEXP isa) {
  const char *name = ffi_text(isa, "best");
  return Rf_mkString(strcmp(name, "best") == 0 ? rp_isa_name(rp_isa_best()) : name);
}

SEXP ffi_model_warnings(const rp_model *model) {
  SEXP warnings = PROTECT(Rf_allocVector(STRSXP, model->n_warnings));
  for (int32_t i = 0; i < model->n_warnings; i++) SET_STRING_ELT(warnings, i, Rf_mkChar(model->warnings[i]));
  UNPROTECT(1);
  return warnings;
}

SEXP ffi_model_sites(const rp_model *model) {
  int32_t n = 0;
  for (int32_t i = 0; i < model->n_sites; i++) n += !model->sites[i].factor;
  SEXP sites = PROTECT(Rf_allocVector(VECSXP, n));
  n = 0;
  for (int32_t i = 0; i < model->n_sites; i++)
    if (!model->sites[i].factor) SET_VECTOR_ELT(sites, n++, site_row(model, i));
  UNPROTECT(1);
  return sites;
}

const char *ffi_site_kind(const rp_model *model, int32_t i) {
  if (model->sites[i].factor) return "factor";
  if (model->sites[i].recorded) return "recorded";
  if (model->sites[i].learned) return "param";
  if (model->site_partial[i]) return "partial";
  switch (model->site_source[i]) {
  case RP_SOURCE_OBSERVED:
    return "observed";
  case RP_SOURCE_FIXED:
    return "substituted";
  case RP_SOURCE_INTERVENED:
    return "intervened";
  case RP_SOURCE_ANCESTRAL:
    return "ancestral";
  case RP_SOURCE_COMPUTED:
    return "reparameterized";
  case RP_SOURCE_SUMMED:
    return "summed out";
  case RP_SOURCE_LEARNED:
    return "param";
  default:
    return "latent";
  }
}

SEXP ffi_coordinate_names(const rp_model *model) {
  SEXP names = PROTECT(Rf_allocVector(STRSXP, model->dim));
  char text[256];
  for (int64_t k = 0; k < model->dim; k++) {
    rp_model_coordinate_name(model, k, text, sizeof text);
    SET_STRING_ELT(names, k, Rf_mkChar(text));
  }
  UNPROTECT(1);
  return names;
}

SEXP ffi_model_decisions(const rp_model *model) {
  static const char *const names[] = {"site", "kind", "centered"};
  SEXP list = PROTECT(ffi_list(3, names));
  SET_VECTOR_ELT(list, 0, Rf_allocVector(STRSXP, model->n_decisions));
  SET_VECTOR_ELT(list, 1, Rf_allocVector(STRSXP, model->n_decisions));
  SET_VECTOR_ELT(list, 2, Rf_allocVector(REALSXP, model->n_decisions));
  for (int32_t i = 0; i < model->n_decisions; i++) {
    const rp_decision *d = &model->decisions[i];
    SET_STRING_ELT(VECTOR_ELT(list, 0), i, Rf_mkChar(d->site));
    SET_STRING_ELT(VECTOR_ELT(list, 1), i, Rf_mkChar(d->kind));
    REAL(VECTOR_ELT(list, 2))[i] = isnan(d->centered) ? NA_REAL : d->centered;
  }
  UNPROTECT(1);
  return list;
}

static SEXP site_row(const rp_model *model, int32_t i) {
  static const char *const names[] = {"name", "kind", "dim", "auxiliary", "original", "distribution", "why",
                                      "statement"};
  const rp_site_info *site = &model->sites[i];
  SEXP row = PROTECT(ffi_list(8, names)), dim = Rf_allocVector(INTSXP, site->n_dim);
  SET_VECTOR_ELT(row, 2, dim);
  for (int32_t k = 0; k < site->n_dim; k++) INTEGER(dim)[k] = (int) site->dim[k];
  SET_VECTOR_ELT(row, 0, Rf_mkString(site->name));
  SET_VECTOR_ELT(row, 1, Rf_mkString(ffi_site_kind(model, i)));
  SET_VECTOR_ELT(row, 3, Rf_ScalarLogical(site->auxiliary));
  SET_VECTOR_ELT(row, 4, Rf_mkString(site->original));
  SET_VECTOR_ELT(row, 5, Rf_mkString(site->distribution));
  SET_VECTOR_ELT(row, 6, Rf_mkString(site->why ? site->why : ""));
  SET_VECTOR_ELT(row, 7, Rf_ScalarInteger(site->statement + 1));
  UNPROTECT(1);
  return row;
}

static rp_code build(ffi_model *m, SEXP spec, SEXP control, int prior, int all_terms, rp_status *status) {
  m->seed = (uint64_t) ffi_integer(ffi_get(control, "seed"), 0);
  const char *isa = ffi_text(ffi_get(control, "isa"), "best");
  m->isa = RP_ISA_BEST;
  for (int k = RP_ISA_PORTABLE; k < RP_ISA_BEST; k++)
    if (strcmp(isa, rp_isa_name((rp_isa) k)) == 0) m->isa = (rp_isa) k;
  m->options.n_coordinates = -1;
  m->spec = ffi_spec_decode(spec, status);
  if (!m->spec) return status->code;
  m->pool = rp_pool_new();
  if (!m->pool) return rp_fail_memory(status, "the model");
  m->options.prune = ffi_number(ffi_get(control, "prune"), 1) != 0;
  m->options.dependencies = ffi_number(ffi_get(control, "dependencies"), 0) != 0;
  SEXP natural = ffi_get(control, "natural");
  m->options.run.natural = TYPEOF(natural) != STRSXP && ffi_number(natural, 0) != 0;
  read_names(m, natural, &m->options.run.n_natural, &m->options.run.natural_sites, status);
  m->options.run.sampled = ffi_number(ffi_get(control, "sampled"), 0) != 0;
  read_names(m, ffi_get(control, "always"), &m->options.n_always, &m->options.always, status);
  m->options.run.prior = prior;
  m->options.run.all_terms = all_terms;
  m->options.run.simulate = ffi_number(ffi_get(control, "simulate"), 0) != 0;
  m->options.run.replicate = ffi_number(ffi_get(control, "replicate"), 0) != 0;
  m->options.run.strategy_centered = ffi_number(ffi_get(control, "centered"), NAN);
  SEXP centering = ffi_get(control, "centering");
  const char *learned = ffi_text(centering, "");
  if (strcmp(learned, "learned") == 0) m->options.run.centering = RP_CENTERING_LEARNED;
  else if (centering != R_NilValue) m->options.run.centering = RP_CENTERING_ADAPTED;
  const char *strategy = ffi_text(ffi_get(control, "reparam"), NULL);
  if (strategy && !ffi_strategy(strategy, &m->options.run.strategy))
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "there is no strategy `%s`; use \"auto\", \"minimal\" or \"none\"",
                   strategy);
  m->options.run.has_strategy = strategy != NULL;
  m->options.run.n_init = ffi_named_values(ffi_get(control, "init"), m->pool, &m->options.run.init, status, "init");
  if (prior) read_given(m, ffi_get(control, "given"), status);
  read_names(m, ffi_get(control, "coordinates"), &m->options.n_coordinates, &m->options.coordinates, status);
  if (status->code != RP_OK) return status->code;
  m->model = rp_model_build(m->spec, &m->options, status);
  return status->code;
}

/* Texts, copied; nothing happens when there are none. */
static void read_names(ffi_model *m, SEXP texts, int64_t *n, const char *const **names, rp_status *status) {
  if (TYPEOF(texts) != STRSXP || status->code != RP_OK) return;
  const char **copy = rp_pool_array(m->pool, Rf_xlength(texts), sizeof *copy);
  for (R_xlen_t i = 0; copy && i < Rf_xlength(texts); i++) copy[i] = rp_pool_text(m->pool, CHAR(STRING_ELT(texts, i)));
  *n = Rf_xlength(texts);
  *names = copy;
  if (!copy) rp_fail_memory(status, "names");
}

/* A named vector: how many elements the draws of each site have. */
static rp_code read_given(ffi_model *m, SEXP sizes, rp_status *status) {
  SEXP names = Rf_getAttrib(sizes, R_NamesSymbol);
  R_xlen_t n = Rf_xlength(sizes);
  if (n == 0) return status->code;
  rp_given *given = rp_pool_array(m->pool, n, sizeof *given);
  if (!given) return rp_fail_memory(status, "the draws of sites");
  if (TYPEOF(sizes) != INTSXP || TYPEOF(names) != STRSXP)
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "`given` does not say how large each site is");
  int64_t offset = 0;
  for (R_xlen_t i = 0; i < n; i++) {
    given[i] =
        (rp_given){.name = rp_pool_text(m->pool, CHAR(STRING_ELT(names, i))), .n = INTEGER(sizes)[i], .offset = offset};
    if (!given[i].name) return rp_fail_memory(status, "the draws of sites");
    if (given[i].n < 1) return rp_fail(status, RP_BAD_ARGUMENT, given[i].name, "its draws are empty");
    offset += given[i].n;
  }
  m->options.run.n_given = (int32_t) n;
  m->options.run.given = given;
  return status->code;
}

static void release(void *data) {
  ffi_model *m = data;
  rp_model_free(m->model);
  rp_spec_free(m->spec);
  rp_pool_free(m->pool);
  free(m);
}
