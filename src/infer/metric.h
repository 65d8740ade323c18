/* Metrics: the kinetic energy of a momentum, by the inverse mass matrix M^-1 (an estimate of the posterior's
 * covariance). */
#ifndef RP_INFER_METRIC_H
#define RP_INFER_METRIC_H

#include "../core/random.h"
#include "../core/status.h"

typedef enum { RP_METRIC_UNIT = 0, RP_METRIC_DIAGONAL, RP_METRIC_DENSE } rp_metric_kind;

typedef struct {
  rp_metric_kind kind;
  int64_t dim;
  double *inverse; /* diagonal: dim variances; dense: dim x dim; unit: NULL */
  double *factor;  /* diagonal: their square roots; dense: lower Cholesky factor of the inverse */
} rp_metric;

/* Starts as the identity. */
rp_code rp_metric_init(rp_metric *metric, rp_metric_kind kind, int64_t dim, rp_status *status);
void rp_metric_clear(rp_metric *metric);
/* Doubles in `inverse` (0 for unit). */
int64_t rp_metric_size(rp_metric_kind kind, int64_t dim);
/* Takes a new inverse mass matrix; entries of a diagonal that are not positive and finite leave the old ones.
 * 0: a dense matrix is not positive definite and the metric stays as it was. */
int rp_metric_set(rp_metric *metric, const double *inverse);
/* momentum ~ N(0, M) */
void rp_metric_draw(const rp_metric *metric, rp_random *stream, double *momentum);
/* velocity = M^-1 momentum */
void rp_metric_velocity(const rp_metric *metric, const double *momentum, double *velocity);

#endif
