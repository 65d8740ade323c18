/* Metrics: the kinetic energy of a momentum, by the inverse mass matrix M^-1 (an estimate of the posterior's
 * covariance). */
#ifndef RP_INFER_METRIC_H
#define RP_INFER_METRIC_H

#include "../core/random.h"
#include "../core/status.h"
#include "../core/vector.h"

typedef enum { RP_METRIC_UNIT = 0, RP_METRIC_DIAGONAL, RP_METRIC_DENSE } rp_metric_kind;

typedef struct {
  rp_metric_kind kind;
  int64_t dim;
  double *inverse; /* diagonal: dim variances; dense: dim x dim; unit: NULL */
  double *factor;  /* diagonal: their square roots; dense: lower Cholesky factor of the inverse */
  double *spare;   /* dense: room for the next factor */
  const rp_vector_loops *loops;
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
/* velocity = M^-1 momentum; returns their product, twice the kinetic energy. */
double rp_metric_velocity(const rp_metric *metric, const double *momentum, double *velocity);
/* The first half of a leapfrog step: half a step of the momentum and, with it, a step of the position. The new ones
 * may be stored where the old ones are. velocity is scratch memory. */
void rp_metric_depart(const rp_metric *metric, double step, const double *gradient, const double *momentum,
                      const double *position, double *new_momentum, double *new_position, double *velocity);
/* The second half, with the gradient there, of which a copy is kept: momentum and velocity; returns their product. */
double rp_metric_arrive(const rp_metric *metric, double step, const double *gradient, double *momentum,
                        double *velocity, double *kept_gradient);

#endif
