/* Coordinates of a block are gathered into the first half of the scratch memory; results are scattered back from the
 * second. */
#include "../core/linalg.h"
#include "metric.h"

static const int64_t MAX_BLOCK = INT64_C(1) << 15;

static int64_t size(int64_t dim, const rp_blocks *blocks) {
  int64_t total = dim;
  for (int32_t b = 0; b < blocks->n; b++) {
    int64_t n = blocks->start[b + 1] - blocks->start[b];
    if (n > MAX_BLOCK || n > dim) return -1;
    total += n * n;
  }
  return total;
}

static int64_t scratch(int64_t dim, const rp_blocks *blocks) {
  int64_t most = 2 * dim;
  for (int32_t b = 0; b < blocks->n; b++) {
    int64_t n = blocks->start[b + 1] - blocks->start[b];
    if (n * n > most) most = n * n;
  }
  return most;
}

static int set(rp_metric *metric, const double *inverse) {
  int positive = 1;
  rp_metric_take_variances(metric->dim, inverse, metric->inverse, metric->factor);
  for (int32_t b = 0; b < metric->blocks.n; b++) {
    int64_t n, at = rp_metric_block(metric, b, &n);
    positive &= rp_metric_take_matrix(n, inverse + at, metric->inverse + at, metric->factor + at, metric->scratch);
    const int64_t *inside = metric->blocks.coordinate + metric->blocks.start[b];
    for (int64_t i = 0; i < n; i++) metric->inverse[inside[i]] = metric->factor[inside[i]] = 1;
  }
  return positive;
}

static const int64_t *gather(const rp_metric *metric, int32_t block, const double *x) {
  const int64_t *at = metric->blocks.coordinate + metric->blocks.start[block];
  int64_t n = metric->blocks.start[block + 1] - metric->blocks.start[block];
  for (int64_t i = 0; i < n; i++) metric->scratch[i] = x[at[i]];
  return at;
}

static void draw(const rp_metric *metric, double *momentum) {
  for (int32_t b = 0; b < metric->blocks.n; b++) {
    const int64_t *at = gather(metric, b, momentum);
    int64_t size, place = rp_metric_block(metric, b, &size);
    int n = (int) size, one = 1;
    double unit = 1;
    if (n > 0) dtrsm_("L", "L", "T", "N", &n, &one, &unit, metric->factor + place, &n, metric->scratch, &n, 1, 1, 1, 1);
    for (int64_t i = 0; i < n; i++) momentum[at[i]] = metric->scratch[i];
  }
  /* the others: within blocks these factors are 1 */
  for (int64_t i = 0; i < metric->dim; i++) momentum[i] /= metric->factor[i];
}

static void velocity(const rp_metric *metric, const double *momentum, double *velocity) {
  for (int64_t i = 0; i < metric->dim; i++) velocity[i] = metric->inverse[i] * momentum[i];
  for (int32_t b = 0; b < metric->blocks.n; b++) {
    const int64_t *at = gather(metric, b, momentum);
    int64_t size, place = rp_metric_block(metric, b, &size);
    int n = (int) size, step = 1;
    double unit = 1, zero = 0, *product = metric->scratch + metric->dim;
    if (n > 0) {
      dgemv_("N", &n, &n, &unit, metric->inverse + place, &n, metric->scratch, &step, &zero, product, &step, 1);
    }
    for (int64_t i = 0; i < n; i++) velocity[at[i]] = product[i];
  }
}

const rp_metric_family rp_metric_blocks = {"blocks", size, scratch, set, draw, velocity};
