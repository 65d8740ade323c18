/* Centering that chooses itself in warm-up, element by element.
 *
 * An element x ~ f(m, s) is sampled as z, x = m + (s/s0)^(1-c) (z - c m), with c between 0 (decentered) and 1
 * (centered) and a reference scale s0.  With l the score of likelihood and children at x, u = -d log f(x | m, s) / dx
 * and a = l - u the total score, the element adds c u + (1-c) l to its parents' gradient; that varies least at
 *
 *   c = Cov(l, a) / Var(a),
 *
 * by Stein's identity the share that the data have in the information about x.  Both are sums over the draws of a
 * window; s0 is exp(mean log s) of that window, which makes z and c independent of the units of x.
 *
 * Where s may come close to 0, the draws' share is that of the open funnel; in its neck, where s is small, the data
 * have none, and z has a neck of width s^c of its own. So c is at most what lets log z vary by some 0.2 over an sd of
 * log s, or the share at the smallest s of the window, if that is more: there is no neck where the data still rule.
 *
 * An rp_centering belongs to one chain and borrows its target and potential. */
#ifndef RP_INFER_CENTERING_H
#define RP_INFER_CENTERING_H

#include "archive.h"
#include "potential.h"

typedef struct rp_centering rp_centering;

/* Where an adapted c starts, with s0 = 1: from halfway a chain reaches either end, from 0 some stay in a neck that is
 * the decentered coordinates' own (elements with much data).  Elements that are not sampled have c = 0. */
#define RP_CENTERING_START 0.5

/* Starts at the given values, n c's and then n s0's, and sets the potential; NULL: RP_CENTERING_START and 1. */
rp_centering *rp_centering_new(const rp_target *target, const rp_potential *potential, const double *start,
                               rp_status *status);
void rp_centering_free(rp_centering *centering);
/* n c's, then n s0's, as they are now. */
const double *rp_centering_values(const rp_centering *centering);

/* A draw and its gradient, in the present coordinates.  An element whose numbers are not finite skips it. */
void rp_centering_add(rp_centering *centering, const double *position, const double *gradient);
/* Chooses c and s0 anew by the draws added since the last call, sets the potential, and writes to `carried` the
 * position in the new coordinates (of the same x).  Returns how many elements changed; 0: carried is the position. */
int64_t rp_centering_update(rp_centering *centering, const double *position, double *carried);
/* Takes the last update back: the density at the carried position is not finite. */
void rp_centering_undo(rp_centering *centering);

/* Takes n_rows positions from the centering `from` (n c's, n s0's) to the present one, of the same x. */
void rp_centering_carry(rp_centering *centering, const double *from, double *rows, int64_t n_rows);
/* Loading sets the potential. */
void rp_centering_archive(rp_centering *centering, rp_archive *archive);

/* c and s0 of a model's elements (NULL: 0 and 1) as the inputs of its programs: per block n c's and n s0's. */
void rp_centering_inputs(const rp_model *model, const double *c, const double *s0, double *inputs);

#endif
