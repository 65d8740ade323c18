/* Trained guides that reparam_neutra() and reparam_structured() put into a spec. */
#include <stdlib.h>
#include <string.h>

#include "../infer/guide_map.h"
#include "ffi_decode.h"
#include "ffi_guide.h"

/* What a transport was decoded from: its entry's copies in R say the same. */
typedef struct ffi_transport {
  rp_transport transport;
  const double *params;
  int64_t n_params;
  int structured;
  struct ffi_transport *next;
} ffi_transport;

static const rp_transport *known(const ffi_decoder *d, SEXP list, int structured);
static rp_code decode_blocks(ffi_decoder *d, SEXP list, rp_guide_block *blocks, R_xlen_t n, const char *const **groups);

const rp_transport *ffi_decode_transport(ffi_decoder *d, SEXP list, int structured, const char *site) {
  const rp_transport *same = known(d, list, structured);
  if (same) return same;
  SEXP params = ffi_get(list, "params"), names = ffi_get(list, "coordinates"), blocks = ffi_get(list, "blocks");
  if (TYPEOF(params) != REALSXP || TYPEOF(names) != STRSXP || TYPEOF(blocks) != VECSXP || Rf_xlength(blocks) < 1 ||
      Rf_xlength(blocks) > 100000 || Rf_xlength(names) > INT32_MAX)
    return rp_fail(d->status, RP_BAD_SPEC, site, "its trained guide lacks blocks, parameters or coordinates"), NULL;
  rp_pool *pool = d->spec->pool;
  const R_xlen_t n_blocks = Rf_xlength(blocks);
  ffi_transport *t = rp_pool_array(pool, 1, sizeof *t);
  rp_guide_block *parts = rp_pool_array(pool, n_blocks, sizeof *parts);
  const char **coordinates = rp_pool_array(pool, Rf_xlength(names), sizeof *coordinates);
  double *numbers = rp_pool_array(pool, Rf_xlength(params), sizeof *numbers);
  const char *prefix = rp_pool_text(pool, ffi_text(ffi_get(list, "prefix"), "auto"));
  if (!t || !parts || !coordinates || !numbers || !prefix) return rp_fail_memory(d->status, "a trained guide"), NULL;
  for (R_xlen_t k = 0; k < Rf_xlength(names); k++) {
    coordinates[k] = rp_pool_text(pool, CHAR(STRING_ELT(names, k)));
    if (!coordinates[k]) return rp_fail_memory(d->status, "a trained guide"), NULL;
  }
  ffi_copy_doubles(params, numbers);
  const char *const *groups = NULL;
  *t = (ffi_transport){
      .params = numbers, .n_params = Rf_xlength(params), .structured = structured, .next = d->transports};
  t->transport = (rp_transport){.prefix = prefix, .n = Rf_xlength(names), .coordinates = coordinates};
  if (decode_blocks(d, blocks, parts, n_blocks, &groups) != RP_OK) return NULL;
  if (structured) t->transport.groups = groups;
  if (rp_guide_map(&t->transport, parts, (int32_t) n_blocks, numbers, t->n_params, structured, pool, d->status) !=
      RP_OK) {
    if (!d->status->site[0]) snprintf(d->status->site, sizeof d->status->site, "%s", site);
    return NULL;
  }
  d->transports = t;
  return &t->transport;
}

static const rp_transport *known(const ffi_decoder *d, SEXP list, int structured) {
  SEXP params = ffi_get(list, "params"), names = ffi_get(list, "coordinates");
  for (const ffi_transport *t = d->transports; t; t = t->next) {
    if (t->structured != structured || TYPEOF(params) != REALSXP || Rf_xlength(params) != t->n_params) continue;
    if (strcmp(t->transport.prefix, ffi_text(ffi_get(list, "prefix"), "auto")) != 0) continue;
    if (TYPEOF(names) != STRSXP || Rf_xlength(names) != t->transport.n) continue;
    if (t->n_params == 0 || memcmp(t->params, REAL(params), (size_t) t->n_params * sizeof(double)) == 0)
      return &t->transport;
  }
  return NULL;
}

static rp_code decode_blocks(ffi_decoder *d, SEXP list, rp_guide_block *blocks, R_xlen_t n,
                             const char *const **groups) {
  for (R_xlen_t b = 0; b < n; b++) {
    SEXP from = VECTOR_ELT(list, b), index = ffi_get(from, "index");
    if (ffi_guide_block(from, &blocks[b], d->status) != RP_OK) return d->status->code;
    if (blocks[b].kind == RP_GUIDE_MODEL)
      return rp_fail(d->status, RP_BAD_ARGUMENT, NULL, "a guide that is a model is no one-to-one map of noise");
    if (TYPEOF(index) != REALSXP) return rp_fail(d->status, RP_BAD_SPEC, NULL, "a block of a guide has no coordinates");
    int64_t *places = rp_pool_array(d->spec->pool, Rf_xlength(index), sizeof *places);
    if (!places) return rp_fail_memory(d->status, "a trained guide");
    for (R_xlen_t k = 0; k < Rf_xlength(index); k++) {
      const double at = REAL(index)[k];
      places[k] = at >= 1 && at <= INT32_MAX ? (int64_t) at - 1 : -1;
    }
    blocks[b].index = places;
    blocks[b].n = Rf_xlength(index);
    SEXP structure = ffi_get(from, "structure");
    if (blocks[b].kind == RP_GUIDE_STRUCTURED &&
        ffi_structure_read(structure, blocks[b].n, &blocks[b].structure, groups, d->spec->pool, d->status) != RP_OK)
      return d->status->code;
  }
  return RP_OK;
}
