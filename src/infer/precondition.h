/* Units in which an optimizer moves the parameters of guides that are normal: those of the guide at some point.
 *
 * A step w of an optimizer becomes A w in the guide's parameters, and it sees the gradient A' g. Up to a common
 * factor, A is such that 1 is one standard deviation of a location, one unit of the logarithm of a scale, and, for a
 * dense covariance with root R, one entry of dW in dR = R dW: where the guide has the shape of the posterior, all
 * directions are alike. Other guides, and all of them before rp_precondition_set(), have A = 1.
 *
 * A state is an array of doubles, rp_precondition_size() of them, 0 to begin with (A = 1), which belongs to the caller,
 * so that it can be saved with that of the optimizer. */
#ifndef RP_INFER_PRECONDITION_H
#define RP_INFER_PRECONDITION_H

#include "guide.h"

/* A covariance with more rows than this has A = 1, as a step would take n^3 operations, and so have larger guides of low
 * rank. */
enum { RP_MOST_DENSE = 50 };

int64_t rp_precondition_size(const rp_guide_block *blocks, int32_t n_blocks);
/* Units are those of the guide with these parameters, from now on. */
void rp_precondition_set(const rp_guide_block *blocks, int32_t n_blocks, const double *parameters, double *state);
int rp_precondition_is_set(const double *state);
/* gradient becomes A' gradient. */
void rp_precondition_gradient(const rp_guide_block *blocks, int32_t n_blocks, const double *state, double *gradient);
/* step becomes A step. */
void rp_precondition_step(const rp_guide_block *blocks, int32_t n_blocks, const double *state, double *step);

#endif
