/* Dual averaging (Nesterov 2009; Hoffman & Gelman 2014, section 3.2) and the search for a first step size. Both are
 * plain values; nothing fails. */
#ifndef RP_INFER_STEP_SIZE_H
#define RP_INFER_STEP_SIZE_H

#include <stdint.h>

#include "archive.h"

typedef struct {
  double centre, gamma, t0, kappa;
  double x, x_average, gradient_average;
  int64_t count;
} rp_dual_averaging;

/* Stan's constants but for the centre: gamma .05, t0 10, kappa .75. */
rp_dual_averaging rp_dual_averaging_start(double centre);
/* One step down a noisy (sub)gradient at x. For step sizes x is log(step size), the gradient delta - acceptance. */
void rp_dual_averaging_update(rp_dual_averaging *state, double gradient);
void rp_dual_averaging_archive(rp_dual_averaging *state, rp_archive *archive);

/* Doubles or halves the step size until the acceptance of one leapfrog step crosses 0.8 (Hoffman & Gelman 2014,
 * algorithm 4). */
typedef struct {
  double step_size;
  int32_t direction, trials;
} rp_step_search;

rp_step_search rp_step_search_start(double step_size);
/* log_ratio: change of -energy over one step of size search->step_size. 0: the search is over. */
int rp_step_search_update(rp_step_search *search, double log_ratio);

#endif
