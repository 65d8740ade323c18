/* A density evaluated several times at once, in the lanes of one program: at the positions of several chains, or with
 * the random numbers of several particles.
 *
 * An rp_lanes belongs to one thread and borrows its density, to which rp_density_add_lanes() gave the programs. What
 * comes out is, bit for bit, what evaluating one by one gives. */
#ifndef RP_INFER_LANES_H
#define RP_INFER_LANES_H

#include "potential.h"

typedef struct rp_lanes rp_lanes;

rp_lanes *rp_lanes_new(const rp_density *density, rp_status *status); /* NULL: status says why */
void rp_lanes_free(rp_lanes *lanes);
/* For i < n, which is 2 at least and at most rp_density_lanes(): params[i], inputs[i] (inputs NULL: the program reads
 * none) and keys[i] (NULL: no random nodes) give log_density[i] and gradient[i], valid until the next call. */
void rp_lanes_run(rp_lanes *lanes, const double *const *params, const double *const *inputs, const rp_random_key *keys,
                  int32_t n, double *log_density, const double **gradient);

#endif
