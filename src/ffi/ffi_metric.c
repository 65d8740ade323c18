#include "ffi_metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rp_code read_blocks(const rp_model *model, SEXP blocks, ffi_metric *metric, rp_status *status);
static int64_t add_site(const rp_model *model, const char *name, int64_t *to, rp_status *status);
static void fail_unknown(const rp_model *model, const char *name, rp_status *status);
static rp_code read_inverse(const rp_model *model, SEXP given, int64_t n_chains, ffi_metric *metric, rp_status *status);
static rp_code order_of(const rp_model *model, SEXP names, int64_t n, int64_t *order, rp_status *status);
static rp_code take_chain(const rp_metric *shape, const double *value, int full, const int64_t *order, double *sorted,
                          double *inverse, rp_status *status);

rp_code ffi_metric_read(const rp_model *model, SEXP control, int64_t n_chains, ffi_metric *metric, rp_status *status) {
  *metric = (ffi_metric){0};
  const char *name = ffi_text(ffi_get(control, "metric"), "diag");
  metric->kind = rp_metric_from_name(name);
  if (metric->kind == RP_METRIC_COUNT)
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "there is no metric `%s`", name);
  SEXP given = ffi_get(control, "inverse_metric");
  if (metric->kind == RP_METRIC_BLOCKS) read_blocks(model, ffi_get(control, "blocks"), metric, status);
  if (status->code == RP_OK && TYPEOF(given) == VECSXP) read_inverse(model, given, n_chains, metric, status);
  return status->code;
}

void ffi_metric_clear(ffi_metric *metric) {
  free((int64_t *) (uintptr_t) metric->blocks.start);
  free((int64_t *) (uintptr_t) metric->blocks.coordinate);
  free(metric->inverse);
  *metric = (ffi_metric){0};
}

static rp_code read_blocks(const rp_model *model, SEXP blocks, ffi_metric *metric, rp_status *status) {
  R_xlen_t n = TYPEOF(blocks) == VECSXP ? Rf_xlength(blocks) : 0;
  if (n > 100000) return rp_fail(status, RP_BAD_ARGUMENT, NULL, "`metric` has too many blocks");
  int64_t *start = calloc((size_t) n + 1, sizeof *start);
  int64_t *coordinate = calloc((size_t) model->dim + 1, sizeof *coordinate);
  metric->blocks = (rp_blocks){.n = (int32_t) n, .start = start, .coordinate = coordinate};
  if (!start || !coordinate) return rp_fail_memory(status, "the metric");
  char *seen = calloc((size_t) model->dim + 1, 1);
  int64_t *site = calloc((size_t) model->dim + 1, sizeof *site);
  if (!seen || !site) rp_fail_memory(status, "the metric");
  for (R_xlen_t b = 0; b < n && status->code == RP_OK; b++) {
    SEXP names = VECTOR_ELT(blocks, b);
    int64_t filled = start[b];
    if (TYPEOF(names) != STRSXP) rp_fail(status, RP_BAD_ARGUMENT, NULL, "blocks of `metric` must be names of sites");
    for (R_xlen_t k = 0; status->code == RP_OK && k < Rf_xlength(names); k++) {
      const char *name = CHAR(STRING_ELT(names, k));
      int64_t size = add_site(model, name, site, status);
      for (int64_t i = 0; i < size && status->code == RP_OK; i++) {
        if (seen[site[i]]++) rp_fail(status, RP_BAD_ARGUMENT, NULL, "`metric` has site `%s` in two blocks", name);
        else coordinate[filled++] = site[i];
      }
    }
    start[b + 1] = filled;
  }
  free(seen);
  free(site);
  return status->code;
}

/* Coordinates of a user's site, those of its auxiliary sites, or of an auxiliary site; returns how many. A site that is
 * not sampled has none. */
static int64_t add_site(const rp_model *model, const char *name, int64_t *to, rp_status *status) {
  int64_t n = 0;
  int known = 0;
  for (int32_t i = 0; i < model->layout.n; i++) {
    const rp_layout_site *site = &model->layout.sites[i];
    if (strcmp(site->name, name) != 0 && !(site->original && strcmp(site->original, name) == 0)) continue;
    for (int64_t k = 0; k < site->n_inferred * site->width; k++) to[n++] = site->offset + k;
  }
  for (int32_t i = 0; i < model->n_sites && !known; i++) known = strcmp(model->sites[i].name, name) == 0;
  if (n == 0 && !known) fail_unknown(model, name, status);
  return n;
}

/* By the names that the user gave them, as many as fit. */
static void fail_unknown(const rp_model *model, const char *name, rp_status *status) {
  char sites[200] = "";
  size_t used = 0;
  for (int32_t i = 0; i < model->layout.n; i++) {
    const rp_layout_site *site = &model->layout.sites[i], *before = site - 1;
    const char *own = site->original ? site->original : site->name;
    const int again = i > 0 && strcmp(before->original ? before->original : before->name, own) == 0;
    if (site->n_inferred == 0 || again) continue;
    const int length = snprintf(sites + used, sizeof sites - used, "%s`%s`", used > 0 ? ", " : "", own);
    if (length < 0 || used + (size_t) length >= sizeof sites) {
      snprintf(sites + used, sizeof sites - used, "%s", used + 6 < sizeof sites ? ", ..." : "");
      break;
    }
    used += (size_t) length;
  }
  rp_fail(status, RP_BAD_ARGUMENT, NULL, "`metric` names `%s`, but the sites that are sampled are %s", name, sites);
}

/* `form`: "variances", "matrix", or "raw", which is what a fit with the same metric has kept. `value` has a column for
 * each chain, or one for all. */
static rp_code read_inverse(const rp_model *model, SEXP given, int64_t n_chains, ffi_metric *metric,
                            rp_status *status) {
  const int64_t dim = model->dim;
  SEXP value = ffi_get(given, "value"), names = ffi_get(given, "names");
  const char *form = ffi_text(ffi_get(given, "form"), "");
  int raw = strcmp(form, "raw") == 0, full = strcmp(form, "matrix") == 0;
  rp_metric shape;
  if (rp_metric_init(&shape, metric->kind, dim, &metric->blocks, status) != RP_OK) return status->code;
  int64_t rows = raw ? shape.size : full ? dim * dim : dim, columns = rows > 0 ? Rf_xlength(value) / rows : 0;
  if (TYPEOF(value) != REALSXP || (rows > 0 && (columns < 1 || Rf_xlength(value) != rows * columns)))
    rp_fail(status, RP_BAD_ARGUMENT, NULL,
            "`inverse_metric` has %lld numbers for a chain, but the model has %lld unconstrained coordinates",
            (long long) (full ? sqrt((double) Rf_xlength(value)) : (double) Rf_xlength(value)), (long long) dim);
  int64_t *order = calloc((size_t) dim + 1, sizeof *order);
  double *sorted = calloc((size_t) (full ? dim * dim : dim) + 1, sizeof *sorted);
  metric->inverse = calloc((size_t) (shape.size * n_chains) + 1, sizeof *metric->inverse);
  if (!order || !sorted || !metric->inverse) rp_fail_memory(status, "the metric");
  if (status->code == RP_OK) order_of(model, names, dim, order, status);
  for (int64_t i = 0; raw && status->code == RP_OK && i < dim; i++)
    if (order[i] != i) rp_fail(status, RP_BAD_ARGUMENT, NULL, "the fit in `inverse_metric` has other coordinates");
  for (int64_t c = 0; c < n_chains && status->code == RP_OK && rows > 0; c++) {
    const double *column = REAL(value) + rows * (c % columns);
    double *inverse = metric->inverse + shape.size * c;
    if (raw) memcpy(inverse, column, (size_t) rows * sizeof *inverse);
    else take_chain(&shape, column, full, order, sorted, inverse, status);
    if (status->code == RP_OK && !rp_metric_set(&shape, inverse))
      rp_fail(status, RP_BAD_ARGUMENT, NULL, "`inverse_metric` is not positive definite");
  }
  free(order);
  free(sorted);
  rp_metric_clear(&shape);
  return status->code;
}

/* Where each coordinate of the model is among the names; without names, in its place. */
static rp_code order_of(const rp_model *model, SEXP names, int64_t n, int64_t *order, rp_status *status) {
  for (int64_t i = 0; i < n; i++) order[i] = i;
  if (TYPEOF(names) != STRSXP) return RP_OK;
  for (int64_t i = 0; i < n; i++) {
    char name[256];
    rp_model_coordinate_name(model, i, name, sizeof name);
    int64_t tried = 0, at = i;
    const int64_t count = Rf_xlength(names);
    while (tried < count && strcmp(CHAR(STRING_ELT(names, (R_xlen_t) (at % count))), name) != 0) tried++, at++;
    if (tried == count)
      return rp_fail(status, RP_BAD_ARGUMENT, NULL, "`inverse_metric` does not name the coordinate `%s`", name);
    order[i] = at % count;
    if (order[i] >= n)
      return rp_fail(status, RP_BAD_ARGUMENT, NULL, "`inverse_metric` has more names than there are coordinates");
  }
  return RP_OK;
}

static rp_code take_chain(const rp_metric *shape, const double *value, int full, const int64_t *order, double *sorted,
                          double *inverse, rp_status *status) {
  const int64_t dim = shape->dim;
  for (int64_t j = 0; j < dim; j++) {
    double variance = value[full ? order[j] * (dim + 1) : order[j]];
    if (!(variance > 0) || !isfinite(variance))
      return rp_fail(status, RP_BAD_ARGUMENT, NULL, "variance %lld of `inverse_metric` is %g, but must be positive",
                     (long long) order[j] + 1, variance);
    if (!full) sorted[j] = variance;
    for (int64_t i = 0; full && i < dim; i++) {
      double x = value[order[i] + dim * order[j]], other = value[order[j] + dim * order[i]];
      if (!isfinite(x) || fabs(x - other) > 1e-8 * fabs(x) + 1e-300)
        return rp_fail(status, RP_BAD_ARGUMENT, NULL, "`inverse_metric` is not a symmetric matrix of finite numbers");
      sorted[i + dim * j] = x;
    }
  }
  return rp_metric_convert(shape, sorted, full, inverse, status);
}
