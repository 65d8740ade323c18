/* From the list of a guide (R/guides.R) to blocks of coordinates. */
#include "ffi_guide.h"

#include <stdlib.h>
#include <string.h>

static rp_code add_block(ffi_guide *out, const ffi_model *m, SEXP part, uint8_t *taken, int64_t *used, int learned,
                         rp_status *status);
static int in_block(const ffi_model *m, int64_t coordinate, SEXP sites);

rp_code ffi_guide_read(ffi_guide *out, const ffi_model *m, SEXP guide, rp_status *status) {
  const rp_model *model = m->model;
  SEXP parts = ffi_get(guide, "parts");
  int is_list = strcmp(ffi_text(ffi_get(guide, "kind"), ""), "list") == 0;
  R_xlen_t n = is_list ? Rf_xlength(parts) : 1;
  uint8_t *taken = calloc((size_t) model->dim + 1, 1);
  out->blocks = calloc((size_t) n + 1, sizeof *out->blocks);
  out->laplace = calloc((size_t) n + 1, 1);
  out->made = calloc((size_t) n + 2, sizeof *out->made);
  out->groups = calloc((size_t) n + 1, sizeof *out->groups);
  out->pool = rp_pool_new();
  out->index = malloc(((size_t) model->dim + 1) * sizeof *out->index);
  int64_t used = 0;
  if (!taken || !out->blocks || !out->laplace || !out->index || !out->groups || !out->made || !out->pool)
    rp_fail_memory(status, "the guide");
  /* parts with sites first: a part without takes what is left */
  for (int named = 1; named >= 0; named--)
    for (R_xlen_t i = 0; i < n && status->code == RP_OK; i++) {
      SEXP part = is_list ? VECTOR_ELT(parts, i) : guide;
      if ((ffi_get(part, "sites") != R_NilValue) == named) add_block(out, m, part, taken, &used, 0, status);
    }
  if (status->code == RP_OK) add_block(out, m, R_NilValue, taken, &used, 1, status);
  for (int64_t k = 0; k < model->dim && status->code == RP_OK; k++) {
    char name[256];
    rp_model_coordinate_name(model, k, name, sizeof name);
    if (!taken[k]) rp_fail(status, RP_BAD_ARGUMENT, name, "no part of the guide covers this site");
  }
  free(taken);
  return status->code;
}

static rp_code add_block(ffi_guide *out, const ffi_model *m, SEXP part, uint8_t *taken, int64_t *used, int learned,
                         rp_status *status) {
  const rp_model *model = m->model;
  SEXP sites = ffi_get(part, "sites");
  rp_guide_block *block = &out->blocks[out->n_blocks];
  *block = (rp_guide_block){.kind = RP_GUIDE_DELTA};
  if (!learned && ffi_guide_block(part, block, status) != RP_OK) return status->code;
  const int laplace = strcmp(ffi_text(ffi_get(part, "kind"), ""), "laplace") == 0;
  block->index = out->index + *used;
  for (int64_t c = 0; c < model->dim; c++) {
    if (taken[c] || model->learned[c] != learned || !in_block(m, c, sites)) continue;
    taken[c] = 1;
    out->index[(*used)++] = c;
    block->n++;
  }
  if (block->n == 0 && block->kind != RP_GUIDE_MODEL) return RP_OK;
  if (block->kind == RP_GUIDE_STRUCTURED) {
    int64_t *own = out->index + (*used - block->n);
    const char *const **names = &out->groups[out->n_blocks];
    if (ffi_guide_structure(m, part, block, own, out->pool, names, status) != RP_OK ||
        ffi_guide_functions_read(&out->functions, part, block, *names, out->pool, status) != RP_OK)
      return status->code;
  }
  if (block->kind == RP_GUIDE_MODEL && ffi_guide_model(out, m, part, block, status) != RP_OK) return status->code;
  out->laplace[out->n_blocks++] = (uint8_t) laplace;
  return RP_OK;
}

/* By the user's name of the site, or an auxiliary site's own. */
static int in_block(const ffi_model *m, int64_t coordinate, SEXP sites) {
  if (sites == R_NilValue) return 1;
  const rp_model *model = m->model;
  const rp_layout_site *place = model->layout.sites;
  while (coordinate >= place->offset + place->n_inferred * place->width) place++;
  for (R_xlen_t i = 0; i < Rf_xlength(sites); i++)
    if (ffi_site_is(model, place, CHAR(STRING_ELT(sites, i)))) return 1;
  return 0;
}

int ffi_site_is(const rp_model *model, const rp_layout_site *place, const char *name) {
  if (strcmp(name, place->name) == 0) return 1;
  for (int32_t i = 0; i < model->n_sites; i++)
    if (strcmp(model->sites[i].name, place->name) == 0 && strcmp(model->sites[i].original, name) == 0) return 1;
  return 0;
}

rp_code ffi_guide_block(SEXP part, rp_guide_block *block, rp_status *status) {
  const char *kind = ffi_text(ffi_get(part, "kind"), "");
  if (strcmp(kind, "laplace") == 0) block->kind = RP_GUIDE_MVN;
  else block->kind = rp_guide_from_name(strcmp(kind, "diagonal") == 0 ? "normal" : kind);
  if (block->kind == RP_GUIDE_COUNT)
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "there is no guide of kind `%s`", kind);
  block->init_scale = ffi_number(ffi_get(part, "init_scale"), 0);
  block->rank = ffi_integer(ffi_get(part, "rank"), 0);
  block->n_flows = ffi_integer(ffi_get(part, "num_flows"), 0);
  block->n_hidden = ffi_integer(ffi_get(part, "hidden"), 0);
  block->n_layers = ffi_integer(ffi_get(part, "layers"), 0);
  block->n_bins = ffi_integer(ffi_get(part, "bins"), 0);
  const int64_t sizes[] = {block->rank, block->n_flows, block->n_hidden, block->n_layers, block->n_bins};
  for (int k = 0; k < 5; k++)
    if (sizes[k] < 0 || sizes[k] > 1000000)
      return rp_fail(status, RP_BAD_ARGUMENT, NULL, "a setting of the guide is out of range");
  return RP_OK;
}

SEXP ffi_guide_blocks(const ffi_guide *guide) {
  static const char *const names[] = {"kind", "index",  "rank", "num_flows", "hidden",
                                      "layers", "bins", "structure", "parameters"};
  SEXP blocks = PROTECT(Rf_allocVector(VECSXP, guide->n_blocks));
  for (int32_t b = 0; b < guide->n_blocks; b++) {
    const rp_guide_block *from = &guide->blocks[b];
    SEXP block = ffi_list(9, names);
    SET_VECTOR_ELT(blocks, b, block);
    SEXP index = Rf_allocVector(REALSXP, (R_xlen_t) from->n);
    SET_VECTOR_ELT(block, 1, index);
    for (int64_t k = 0; k < from->n; k++) REAL(index)[k] = (double) from->index[k] + 1;
    SET_VECTOR_ELT(block, 0, Rf_mkString(rp_guide_of(from)->name));
    const int64_t sizes[] = {from->rank, from->n_flows, from->n_hidden, from->n_layers, from->n_bins};
    for (int k = 0; k < 5; k++) SET_VECTOR_ELT(block, 2 + k, Rf_ScalarReal((double) sizes[k]));
    SET_VECTOR_ELT(block, 8, Rf_ScalarReal((double) rp_guide_of(from)->n_parameters(from)));
    if (from->structure) SET_VECTOR_ELT(block, 7, ffi_structure_list(from->structure, guide->groups[b]));
  }
  UNPROTECT(1);
  return blocks;
}

void ffi_guide_clear(ffi_guide *guide) {
  free(guide->blocks);
  free(guide->laplace);
  free(guide->index);
  free(guide->groups);
  ffi_guide_functions_free(guide->functions);
  rp_pool_free(guide->pool);
  for (int32_t b = 0; guide->made && b <= guide->n_blocks; b++) {
    rp_model_free(guide->made[b].draws);
    rp_model_free(guide->made[b].density);
    rp_spec_free(guide->made[b].spec);
  }
  free(guide->made);
}
