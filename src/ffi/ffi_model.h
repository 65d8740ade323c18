/* A spec and the fit's options made into a model, for the entry points. */
#ifndef RP_FFI_MODEL_H
#define RP_FFI_MODEL_H

#include "../exec/program.h"
#include "../infer/generate.h"
#include "../model/model.h"
#include "ffi_common.h"

typedef struct {
  rp_spec *spec;
  rp_model *model;
  rp_pool *pool; /* initial values */
  rp_model_options options;
  uint64_t seed;
  rp_isa isa;
} ffi_model;

/* Decodes and builds; on failure raises the R error. Returns a protected guard that owns *out: the caller UNPROTECTs
 * it once. Warnings of the model are returned by ffi_model_warnings(). control: prune, reparam, centered, init, seed,
 * isa, given (with prior: sizes of the sites whose values the rows of draws hold), and centering: what a centering that
 * is not given means: NULL that of 0, "learned" a parameter, anything else (ffi_centering.h) the adapted one. */
SEXP ffi_model_open(SEXP spec, SEXP control, int prior, int all_terms, ffi_model **out);
SEXP ffi_model_warnings(const rp_model *model);
/* Table of sites: name, kind, dim, auxiliary, original, distribution, why. */
SEXP ffi_model_sites(const rp_model *model);
const char *ffi_site_kind(const rp_model *model, int32_t site);
SEXP ffi_coordinate_names(const rp_model *model);
/* What a strategy did: list(site, kind, centered), NA where the fit chooses. */
SEXP ffi_model_decisions(const rp_model *model);

#endif
