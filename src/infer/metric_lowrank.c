/* M^-1 = D^1/2 (I + U (L - I) U') D^1/2.  U's columns are orthonormal, so M has the same form with 1/D and 1/L, and its
 * root in the middle has 1/sqrt(L). */
#include <math.h>
#include <string.h>

#include "metric.h"

/* Where the parts are in `inverse`, after the variances. */
static const double *rank_of(const rp_metric *metric) { return metric->inverse + metric->dim; }
static const double *eigenvalues(const rp_metric *metric) { return rank_of(metric) + 1; }
static const double *columns(const rp_metric *metric) { return eigenvalues(metric) + RP_MAX_RANK; }

static int64_t size(int64_t dim, const rp_blocks *blocks) {
  (void) blocks;
  return dim > INT64_MAX / 16 / (RP_MAX_RANK + 2) ? -1 : dim + 1 + RP_MAX_RANK + RP_MAX_RANK * dim;
}

static int64_t scratch(int64_t dim, const rp_blocks *blocks) {
  (void) blocks;
  return dim;
}

static int set(rp_metric *metric, const double *inverse) {
  const int64_t dim = metric->dim;
  double rank = inverse[dim];
  int fits = rank >= 0 && rank <= RP_MAX_RANK && rank <= (double) dim && rank == floor(rank);
  for (int64_t k = 0; fits && k < (int64_t) rank; k++) {
    double value = inverse[dim + 1 + k];
    fits = value > 0 && isfinite(value);
    const double *u = inverse + dim + 1 + RP_MAX_RANK + k * dim;
    for (int64_t i = 0; fits && i < dim; i++) fits = isfinite(u[i]);
  }
  if (!fits) return 0;
  rp_metric_take_variances(dim, inverse, metric->inverse, metric->factor);
  memcpy(metric->inverse + dim, inverse + dim, (size_t) (metric->size - dim) * sizeof(double));
  return 1;
}

/* x + U (f(L) - 1) U'x, f the root of the inverse or the identity. */
static void stretch(const rp_metric *metric, int root_of_inverse, double *x) {
  const size_t dim = (size_t) metric->dim;
  const rp_vector_loops *loops = metric->loops;
  for (int64_t k = 0; k < (int64_t) *rank_of(metric); k++) {
    const double *u = columns(metric) + (size_t) k * dim;
    double value = eigenvalues(metric)[k];
    double factor = (root_of_inverse ? 1 / sqrt(value) : value) - 1;
    loops->axpy(dim, factor * loops->dot(dim, u, x), u, x, x);
  }
}

static void draw(const rp_metric *metric, double *momentum) {
  stretch(metric, 1, momentum);
  for (int64_t i = 0; i < metric->dim; i++) momentum[i] /= metric->factor[i];
}

static void velocity(const rp_metric *metric, const double *momentum, double *velocity) {
  double *x = metric->scratch;
  for (int64_t i = 0; i < metric->dim; i++) x[i] = metric->factor[i] * momentum[i];
  stretch(metric, 0, x);
  for (int64_t i = 0; i < metric->dim; i++) velocity[i] = metric->factor[i] * x[i];
}

const rp_metric_family rp_metric_lowrank = {"lowrank", size, scratch, set, draw, velocity};
