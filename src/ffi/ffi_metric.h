/* The metric that a fit asks for, from its control list: `metric` (a kind), `blocks` (for kind "blocks": character
 * vectors of sites) and `inverse_metric` (where it starts: a list of `form`, `value` and `names`). */
#ifndef RP_FFI_METRIC_H
#define RP_FFI_METRIC_H

#include "../infer/metric.h"
#include "../model/model.h"
#include "ffi_common.h"

typedef struct {
  rp_metric_kind kind;
  rp_blocks blocks;
  double *inverse; /* [chain][size], NULL: none was given */
} ffi_metric;

/* RP_BAD_ARGUMENT: an unknown kind or site, a site in two blocks, or an inverse metric that does not fit.  The result
 * is cleared by the caller in every case. Allocates nothing of R's. */
rp_code ffi_metric_read(const rp_model *model, SEXP control, int64_t n_chains, ffi_metric *metric, rp_status *status);
void ffi_metric_clear(ffi_metric *metric);

#endif
