/* The mode of a log density by L-BFGS (Liu & Nocedal 1989), and its curvature there. The potential is borrowed, what is
 * allocated is freed before the functions return; RP_NO_MEMORY from either. */
#ifndef RP_INFER_MODE_H
#define RP_INFER_MODE_H

#include "potential.h"

typedef struct {
  int64_t max_iterations;
  int32_t memory;   /* pairs of steps and gradient differences kept; 10 */
  double tolerance; /* done when an iteration gains less than this, relative to 1 + |log density|; 1e-10 */
  void *context;
  /* About every 50 ms; step: iterations made. Nonzero from interrupted() ends the search where it is. Either may be
   * NULL. */
  void (*progress)(void *context, int64_t step, int64_t n_steps, double loss);
  int (*interrupted)(void *context);
} rp_mode_options;

/* Climbs from q (dim numbers, overwritten by where it ends). loss[k] is minus the log density after k iterations
 * (room for max_iterations + 1); n_done: iterations made; converged: by the tolerance. RP_NOT_FINITE: the density at
 * the start is not finite. RP_INTERRUPTED. */
rp_code rp_mode_find(rp_potential *potential, const rp_mode_options *options, double *q, double *loss, int64_t *n_done,
                     int32_t *converged, rp_status *status);

/* Lower Cholesky factor (n x n, column-major) of the inverse of minus the Hessian at q with respect to the n
 * coordinates in index, by central differences of the gradient. RP_NOT_FINITE: that is not positive definite: no
 * (interior) maximum. */
rp_code rp_mode_spread(rp_potential *potential, const double *q, const int64_t *index, int64_t n, double *root,
                       rp_status *status);

#endif
