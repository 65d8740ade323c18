/* Linear state-space models with noise of any distribution, a compound of three parts: initial, transition and
 * observation noise, and two matrices; see dist/linear_gaussian.h for what they mean.
 *
 * The model has no density of its own. With normal noise it is a gaussian_hmm, which is what reparam/linear_hmm.c makes
 * of it once the three are normal given auxiliary sites. Of n events, part 0 has n d elements (or n vectors), part 1 n
 * T d and part 2 n T p; those of one event together, a univariate part's step by step within each dimension. Memory
 * comes from the pool, failures go to the graph's status or `with`. */
#ifndef RP_MODEL_LINEAR_HMM_H
#define RP_MODEL_LINEAR_HMM_H

#include "combinator.h"

enum { RP_HMM_INITIAL = 0, RP_HMM_TRANSITION, RP_HMM_OBSERVATION, RP_HMM_PARTS };

/* Fills the compound c and d from the spec. */
rp_code rp_linear_hmm_resolve(rp_distribution *d, rp_compound *c, const rp_dist_spec *spec, const rp_resolve *with,
                              int64_t n_value);
rp_node_id rp_linear_hmm_random(rp_graph *g, const rp_compound *c, int64_t n_events, uint32_t stream);
/* The same model as a gaussian_hmm, transforms and all; 0 when part `which` is not normal. */
int rp_linear_hmm_gaussian(rp_graph *g, const rp_distribution *d, rp_distribution *gaussian, int *which);

#endif
