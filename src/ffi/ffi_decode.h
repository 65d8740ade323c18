/* The decoder's state and its parts: distributions (ffi_decode_dist.c) and handlers (ffi_decode_handlers.c). */
#ifndef RP_FFI_DECODE_H
#define RP_FFI_DECODE_H

#include "../model/spec.h"
#include "ffi_common.h"

typedef struct {
  rp_spec *spec;
  rp_status *status;
  int32_t n_rows;
  rp_node_id *rows; /* node of spec->trace for each row of the list */
  struct ffi_transport *transports; /* those decoded so far, in the spec's pool */
} ffi_decoder;

/* A one-based row number; RP_NONE: status says what is wrong. */
rp_node_id ffi_decode_row(ffi_decoder *d, SEXP x, const char *site, const char *what);
const rp_dist_spec *ffi_decode_dist(ffi_decoder *d, SEXP list, const char *site, int depth);
rp_code ffi_decode_handlers(ffi_decoder *d, SEXP handlers);
/* The map of a trained guide: list(prefix, blocks, params, coordinates); entries that hold the same one share it. NULL:
 * status says what is wrong. */
const rp_transport *ffi_decode_transport(ffi_decoder *d, SEXP list, int structured, const char *site);
/* "none", "minimal", "auto"; 0 when unknown. */
int ffi_strategy(const char *name, rp_strategy *strategy);

#endif
