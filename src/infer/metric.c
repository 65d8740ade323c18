#include "metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/linalg.h"

static void set_diagonal(rp_metric *metric, const double *inverse);
static int set_dense(rp_metric *metric, const double *inverse);

int64_t rp_metric_size(rp_metric_kind kind, int64_t dim) {
  switch (kind) {
  case RP_METRIC_DIAGONAL: return dim;
  case RP_METRIC_DENSE: return dim * dim;
  case RP_METRIC_UNIT: break;
  }
  return 0;
}

rp_code rp_metric_init(rp_metric *metric, rp_metric_kind kind, int64_t dim, rp_status *status) {
  *metric = (rp_metric){.kind = kind, .dim = dim, .loops = rp_vector_best()};
  int64_t max_dim = kind == RP_METRIC_DENSE ? INT32_C(1) << 15 : INT64_MAX / 16;
  if (dim > max_dim)
    return rp_fail(status, RP_NO_MEMORY, NULL, "A dense metric of %lld parameters is too large.", (long long) dim);
  size_t n = (size_t) rp_metric_size(kind, dim);
  if (n == 0) return RP_OK;
  metric->inverse = calloc(n, sizeof(double));
  metric->factor = calloc(n, sizeof(double));
  if (kind == RP_METRIC_DENSE) metric->spare = calloc(n, sizeof(double));
  if (!metric->inverse || !metric->factor || (kind == RP_METRIC_DENSE && !metric->spare)) {
    rp_metric_clear(metric);
    return rp_fail_memory(status, "the metric");
  }
  size_t stride = kind == RP_METRIC_DENSE ? (size_t) dim + 1 : 1;
  for (size_t i = 0; i < n; i += stride) metric->inverse[i] = metric->factor[i] = 1;
  return RP_OK;
}

void rp_metric_clear(rp_metric *metric) {
  free(metric->inverse);
  free(metric->factor);
  free(metric->spare);
  metric->inverse = metric->factor = metric->spare = NULL;
}

int rp_metric_set(rp_metric *metric, const double *inverse) {
  if (metric->kind == RP_METRIC_DENSE) return set_dense(metric, inverse);
  if (metric->kind == RP_METRIC_DIAGONAL) set_diagonal(metric, inverse);
  return 1;
}

void rp_metric_draw(const rp_metric *metric, rp_random *stream, double *momentum) {
  int64_t dim = metric->dim;
  metric->loops->normals(stream->key, stream->counter, (size_t) dim, momentum);
  stream->counter[0] += ((uint64_t) dim + 1) / 2;
  if (metric->kind == RP_METRIC_DIAGONAL) {
    for (int64_t i = 0; i < dim; i++) momentum[i] /= metric->factor[i];
  } else if (metric->kind == RP_METRIC_DENSE) {
    /* M^-1 = L L', so L'^-1 z has covariance M */
    int n = (int) dim, one = 1;
    double unit = 1;
    dtrsm_("L", "L", "T", "N", &n, &one, &unit, metric->factor, &n, momentum, &n, 1, 1, 1, 1);
  }
}

double rp_metric_velocity(const rp_metric *metric, const double *momentum, double *velocity) {
  int64_t dim = metric->dim;
  if (metric->kind == RP_METRIC_UNIT) {
    memcpy(velocity, momentum, (size_t) dim * sizeof(double));
  } else if (metric->kind == RP_METRIC_DIAGONAL) {
    for (int64_t i = 0; i < dim; i++) velocity[i] = metric->inverse[i] * momentum[i];
  } else {
    int n = (int) dim, step = 1;
    double unit = 1, zero = 0;
    dgemv_("N", &n, &n, &unit, metric->inverse, &n, momentum, &step, &zero, velocity, &step, 1);
  }
  return metric->loops->dot((size_t) dim, momentum, velocity);
}

void rp_metric_depart(const rp_metric *metric, double step, const double *gradient, const double *momentum,
                      const double *position, double *new_momentum, double *new_position, double *velocity) {
  const rp_vector_loops *loops = metric->loops;
  const size_t dim = (size_t) metric->dim;
  if (metric->kind != RP_METRIC_DENSE) {
    loops->kick_drift(dim, 0.5 * step, step, metric->inverse, gradient, momentum, position, new_momentum, new_position);
    return;
  }
  loops->axpy(dim, 0.5 * step, gradient, momentum, new_momentum);
  rp_metric_velocity(metric, new_momentum, velocity);
  loops->axpy(dim, step, velocity, position, new_position);
}

double rp_metric_arrive(const rp_metric *metric, double step, const double *gradient, double *momentum,
                        double *velocity, double *kept_gradient) {
  const rp_vector_loops *loops = metric->loops;
  const size_t dim = (size_t) metric->dim;
  if (metric->kind != RP_METRIC_DENSE)
    return loops->kick_energy(dim, 0.5 * step, metric->inverse, gradient, momentum, velocity, kept_gradient);
  memcpy(kept_gradient, gradient, dim * sizeof(double));
  loops->axpy(dim, 0.5 * step, gradient, momentum, momentum);
  return rp_metric_velocity(metric, momentum, velocity);
}

static void set_diagonal(rp_metric *metric, const double *inverse) {
  for (int64_t i = 0; i < metric->dim; i++) {
    double v = inverse[i];
    if (!(v > 0) || !isfinite(v)) continue;
    v = fmin(fmax(v, 1e-20), 1e20);
    metric->inverse[i] = v;
    metric->factor[i] = sqrt(v);
  }
}

static int set_dense(rp_metric *metric, const double *inverse) {
  size_t n = (size_t) metric->dim, bytes = n * n * sizeof(double);
  double *factor = metric->spare;
  memcpy(factor, inverse, bytes);
  int order = (int) n, info = 0;
  dpotrf_("L", &order, factor, &order, &info, 1);
  int positive = info == 0;
  for (size_t i = 0; positive && i < n; i++) positive = isfinite(factor[i * n + i]);
  if (!positive) return 0;
  memcpy(metric->inverse, inverse, bytes);
  metric->spare = metric->factor;
  metric->factor = factor;
  return 1;
}
