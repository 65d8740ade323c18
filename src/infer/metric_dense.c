#include "../core/linalg.h"
#include "metric.h"

/* LAPACK counts in int, and 8 GB are enough. */
static const int64_t MAX_DIM = INT64_C(1) << 15;

static int64_t size(int64_t dim, const rp_blocks *blocks) {
  (void) blocks;
  return dim > MAX_DIM ? -1 : dim * dim;
}

static int64_t scratch(int64_t dim, const rp_blocks *blocks) {
  (void) blocks;
  return dim * dim;
}

static int set(rp_metric *metric, const double *inverse) {
  return rp_metric_take_matrix(metric->dim, inverse, metric->inverse, metric->factor, metric->scratch);
}

/* M^-1 = L L', so L'^-1 z has covariance M. */
static void draw(const rp_metric *metric, double *momentum) {
  int n = (int) metric->dim, one = 1;
  double unit = 1;
  if (n > 0) dtrsm_("L", "L", "T", "N", &n, &one, &unit, metric->factor, &n, momentum, &n, 1, 1, 1, 1);
}

static void velocity(const rp_metric *metric, const double *momentum, double *velocity) {
  int n = (int) metric->dim, step = 1;
  double unit = 1, zero = 0;
  if (n > 0) dgemv_("N", &n, &n, &unit, metric->inverse, &n, momentum, &step, &zero, velocity, &step, 1);
}

const rp_metric_family rp_metric_dense = {"dense", size, scratch, set, draw, velocity};
