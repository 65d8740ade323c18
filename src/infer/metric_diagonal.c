#include <stddef.h>

#include "metric.h"

static int64_t size(int64_t dim, const rp_blocks *blocks) {
  (void) blocks;
  return dim;
}

static int64_t scratch(int64_t dim, const rp_blocks *blocks) {
  (void) dim, (void) blocks;
  return 0;
}

static int set(rp_metric *metric, const double *inverse) {
  rp_metric_take_variances(metric->dim, inverse, metric->inverse, metric->factor);
  return 1;
}

static void draw(const rp_metric *metric, double *momentum) {
  for (int64_t i = 0; i < metric->dim; i++) momentum[i] /= metric->factor[i];
}

static void velocity(const rp_metric *metric, const double *momentum, double *velocity) {
  for (int64_t i = 0; i < metric->dim; i++) velocity[i] = metric->inverse[i] * momentum[i];
}

const rp_metric_family rp_metric_diagonal = {"diag", size, scratch, set, draw, velocity};
