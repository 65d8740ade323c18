#include "metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/linalg.h"
#include "fisher.h"

static const rp_metric_family unit = {.name = "unit"};
static const rp_metric_family *const families[RP_METRIC_COUNT] = {&unit, &rp_metric_diagonal, &rp_metric_dense,
                                                                  &rp_metric_blocks, &rp_metric_lowrank};

static rp_code copy_blocks(rp_metric *metric, const rp_blocks *blocks, rp_status *status);
static int take_roots(int64_t n, double *matrix);
static void fill_identity(double *inverse, const rp_metric *metric);
static int has_fast_loops(const rp_metric *metric) {
  return metric->kind == RP_METRIC_UNIT || metric->kind == RP_METRIC_DIAGONAL;
}

rp_metric_kind rp_metric_from_name(const char *name) {
  int kind = 0;
  while (kind < RP_METRIC_COUNT && strcmp(families[kind]->name, name) != 0) kind++;
  return (rp_metric_kind) kind;
}

int64_t rp_metric_size(rp_metric_kind kind, int64_t dim, const rp_blocks *blocks) {
  return families[kind]->size ? families[kind]->size(dim, blocks) : 0;
}

rp_code rp_metric_init(rp_metric *metric, rp_metric_kind kind, int64_t dim, const rp_blocks *blocks,
                       rp_status *status) {
  *metric = (rp_metric){.kind = kind, .dim = dim, .family = families[kind], .loops = rp_vector_best()};
  metric->size = rp_metric_size(kind, dim, blocks);
  if (metric->size < 0) {
    return rp_fail(status, RP_NO_MEMORY, NULL, "A %s metric of %lld parameters is too large.", metric->family->name,
                   (long long) dim);
  }
  if (copy_blocks(metric, blocks, status) != RP_OK || metric->size == 0) return status->code;
  metric->inverse = calloc((size_t) metric->size, sizeof(double));
  metric->factor = calloc((size_t) metric->size, sizeof(double));
  metric->scratch = calloc((size_t) metric->family->scratch(dim, blocks) + 1, sizeof(double));
  if (!metric->inverse || !metric->factor || !metric->scratch) {
    rp_metric_clear(metric);
    return rp_fail_memory(status, "the metric");
  }
  fill_identity(metric->inverse, metric);
  fill_identity(metric->factor, metric);
  return RP_OK;
}

void rp_metric_clear(rp_metric *metric) {
  free(metric->inverse);
  free(metric->factor);
  free(metric->scratch);
  free((int64_t *) (uintptr_t) metric->blocks.start);
  free((int64_t *) (uintptr_t) metric->blocks.coordinate);
  metric->inverse = metric->factor = metric->scratch = NULL;
  metric->blocks = (rp_blocks){0};
}

int64_t rp_metric_block(const rp_metric *metric, int32_t block, int64_t *n) {
  const int64_t *start = metric->blocks.start;
  int64_t offset = metric->kind == RP_METRIC_BLOCKS ? metric->dim : 0;
  for (int32_t b = 0; b < block; b++) offset += (start[b + 1] - start[b]) * (start[b + 1] - start[b]);
  *n = start[block + 1] - start[block];
  return offset;
}

int rp_metric_set(rp_metric *metric, const double *inverse) {
  return metric->family->set ? metric->family->set(metric, inverse) : 1;
}

rp_code rp_metric_convert(const rp_metric *metric, const double *given, int full, double *inverse, rp_status *status) {
  const int64_t dim = metric->dim;
  if (metric->size == 0) return RP_OK;
  fill_identity(inverse, metric);
  if (metric->kind == RP_METRIC_LOWRANK && full) return rp_fisher_lowrank_of(dim, given, inverse, status);
  if (metric->kind != RP_METRIC_DENSE)
    for (int64_t i = 0; i < dim; i++) inverse[i] = full ? given[i * (dim + 1)] : given[i];
  for (int32_t b = 0; b < metric->blocks.n; b++) {
    int64_t n;
    double *matrix = inverse + rp_metric_block(metric, b, &n);
    const int64_t *at = metric->blocks.coordinate + metric->blocks.start[b];
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < n; i++)
        matrix[i + n * j] = full ? given[at[i] + dim * at[j]] : i == j ? given[at[i]] : 0;
  }
  return RP_OK;
}

void rp_metric_archive(rp_metric *metric, rp_archive *archive) {
  const int64_t size = metric->size;
  if (!rp_archive_is_loading(archive)) {
    rp_archive_numbers(archive, metric->inverse, size);
    return;
  }
  double *inverse = malloc((size_t) size * sizeof *inverse + 1);
  if (!inverse) archive->failed = 1;
  rp_archive_numbers(archive, inverse, size);
  if (!archive->failed) archive->failed = !rp_metric_set(metric, inverse);
  free(inverse);
}

void rp_metric_draw(const rp_metric *metric, rp_random *stream, double *momentum) {
  int64_t dim = metric->dim;
  metric->loops->normals(stream->key, stream->counter, (size_t) dim, momentum);
  stream->counter[0] += ((uint64_t) dim + 1) / 2;
  if (metric->family->draw) metric->family->draw(metric, momentum);
}

double rp_metric_velocity(const rp_metric *metric, const double *momentum, double *velocity) {
  if (metric->family->velocity) metric->family->velocity(metric, momentum, velocity);
  else memcpy(velocity, momentum, (size_t) metric->dim * sizeof(double));
  return metric->loops->dot((size_t) metric->dim, momentum, velocity);
}

void rp_metric_depart(const rp_metric *metric, double step, const double *gradient, const double *momentum,
                      const double *position, double *new_momentum, double *new_position, double *velocity) {
  const rp_vector_loops *loops = metric->loops;
  const size_t dim = (size_t) metric->dim;
  if (has_fast_loops(metric)) {
    loops->kick_drift(dim, 0.5 * step, step, metric->inverse, gradient, momentum, position, new_momentum, new_position);
    return;
  }
  loops->axpy(dim, 0.5 * step, gradient, momentum, new_momentum);
  metric->family->velocity(metric, new_momentum, velocity);
  loops->axpy(dim, step, velocity, position, new_position);
}

double rp_metric_arrive(const rp_metric *metric, double step, const double *gradient, double *momentum,
                        double *velocity, double *kept_gradient) {
  const rp_vector_loops *loops = metric->loops;
  const size_t dim = (size_t) metric->dim;
  if (has_fast_loops(metric))
    return loops->kick_energy(dim, 0.5 * step, metric->inverse, gradient, momentum, velocity, kept_gradient);
  memcpy(kept_gradient, gradient, dim * sizeof(double));
  loops->axpy(dim, 0.5 * step, gradient, momentum, momentum);
  return rp_metric_velocity(metric, momentum, velocity);
}

void rp_metric_take_variances(int64_t n, const double *inverse, double *to, double *roots) {
  for (int64_t i = 0; i < n; i++) {
    double v = inverse[i];
    if (!(v > 0) || !isfinite(v)) continue;
    v = fmin(fmax(v, 1e-20), 1e20);
    to[i] = v;
    roots[i] = sqrt(v);
  }
}

int rp_metric_take_matrix(int64_t n, const double *inverse, double *to, double *factor, double *scratch) {
  size_t count = (size_t) (n * n), bytes = count * sizeof(double);
  memcpy(scratch, inverse, bytes);
  int positive = take_roots(n, scratch);
  for (size_t i = 0; positive && i < count; i++) positive = isfinite(scratch[i]);
  if (!positive) return 0;
  memcpy(to, inverse, bytes);
  memcpy(factor, scratch, bytes);
  return 1;
}

/* In place; a matrix that is diagonal, as in early warm-up, without the work of a factorisation. */
static int take_roots(int64_t n, double *matrix) {
  int diagonal = 1;
  for (int64_t j = 0; diagonal && j < n; j++)
    for (int64_t i = j + 1; diagonal && i < n; i++) diagonal = matrix[i + n * j] == 0;
  int order = (int) n, info = 0;
  if (!diagonal) dpotrf_("L", &order, matrix, &order, &info, 1);
  for (int64_t i = 0; diagonal && i < n; i++) {
    if (!(matrix[i * (n + 1)] > 0)) return 0;
    matrix[i * (n + 1)] = sqrt(matrix[i * (n + 1)]);
  }
  return info == 0;
}

/* A dense metric is one block of everything. */
static rp_code copy_blocks(rp_metric *metric, const rp_blocks *blocks, rp_status *status) {
  const int64_t dim = metric->dim;
  if (metric->kind != RP_METRIC_DENSE && metric->kind != RP_METRIC_BLOCKS) return RP_OK;
  const int dense = metric->kind == RP_METRIC_DENSE;
  const int32_t n = dense ? 1 : blocks->n;
  const int64_t total = dense ? dim : blocks->start[n];
  int64_t *start = calloc((size_t) n + 1, sizeof *start), *coordinate = calloc((size_t) total + 1, sizeof *coordinate);
  char *seen = calloc((size_t) dim + 1, 1);
  metric->blocks = (rp_blocks){.n = n, .start = start, .coordinate = coordinate};
  if (!start || !coordinate || !seen) rp_fail_memory(status, "the metric");
  for (int32_t b = 0; status->code == RP_OK && b < n; b++) start[b + 1] = dense ? total : blocks->start[b + 1];
  for (int64_t i = 0; status->code == RP_OK && i < total; i++) {
    int64_t at = dense ? i : blocks->coordinate[i];
    if (at < 0 || at >= dim || seen[at]++)
      rp_fail(status, RP_BAD_ARGUMENT, NULL, "coordinate %lld is in two blocks of the metric", (long long) at + 1);
    coordinate[i] = at;
  }
  free(seen);
  if (status->code != RP_OK) rp_metric_clear(metric);
  return status->code;
}

static void fill_identity(double *inverse, const rp_metric *metric) {
  memset(inverse, 0, (size_t) metric->size * sizeof(double));
  if (metric->kind != RP_METRIC_DENSE)
    for (int64_t i = 0; i < metric->dim; i++) inverse[i] = 1;
  for (int32_t b = 0; b < metric->blocks.n; b++) {
    int64_t n, at = rp_metric_block(metric, b, &n);
    for (int64_t i = 0; i < n; i++) inverse[at + i * (n + 1)] = 1;
  }
}
