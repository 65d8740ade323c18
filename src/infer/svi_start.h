/* Where a fit begins: normal blocks of a guide near the posterior's mode, with its curvature for scales, if that is
 * better than what the guide begins with by itself. */
#ifndef RP_INFER_SVI_START_H
#define RP_INFER_SVI_START_H

#include "svi.h"

/* A search for the mode of the log density from the guide's centre, over the coordinates of normal blocks; those
 * of others stay. The mode and the curvature there are a candidate for normal blocks (the Laplace approximation),
 * and so is what comes of a few Newton steps from there towards the normal with the best ELBO; if the mode is no
 * good, of the same from the guide's own start. The guide takes the one that has the best ELBO by common draws,
 * beyond their error, and its scales become the units of the optimizer (precondition.h): *taken is 1. All stays as
 * it is where there is no normal block, where points are learnt, where the log density is random, and where no
 * candidate is better.
 *
 * At most `most` gradients are computed, n_done of them in the end; loss (room for most numbers) takes minus the
 * largest log density so far for each. RP_INTERRUPTED. */
rp_code rp_svi_climb(rp_svi *svi, int64_t most, double *loss, int64_t *n_done, int *taken, const rp_svi_hooks *hooks,
                     rp_status *status);

#endif
