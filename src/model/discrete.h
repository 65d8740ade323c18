/* Discrete latent sites of small support, summed out of the log density.
 *
 * While the model runs, the value of such a site is a SITE leaf of the run's graph: one variable per event. After
 * the run, rp_discrete_sum_out() finds which elements of which log density terms depend on which variables
 * (discrete_depend.c), evaluates those terms at every value of the variables they depend on, as tables
 * (discrete_tables.c), and eliminates the variables (discrete_eliminate.c; Zhang and Poole 1994): what is alike is
 * done at once as vector operations, so that mixture indicators are one log-sum-exp over whole vectors, and a chain
 * over time is halved in each round by summing out every other state, in log time where the forward algorithm takes
 * linear time. Going back through the rounds gives exact draws of the variables given everything else, which take
 * the leaves' place in all values that the model reports.
 *
 * Memory comes from the run's pool. Failures go to the run's status: RP_UNSUPPORTED names the site that cannot be
 * summed out and says why. */
#ifndef RP_MODEL_DISCRETE_H
#define RP_MODEL_DISCRETE_H

#include "run.h"

enum { RP_MOST_VALUES = 1000, RP_MOST_COMBINATIONS = 20000 };

/* The leaf that stands for the message's events; RP_NONE, with the status set, when they cannot be summed out. In the
 * analysing run, a part of the unconstrained vector stands in. */
rp_node_id rp_discrete_leaf(rp_run *run, const rp_message *message);
/* Whether a node depends on the value of a summed-out site. */
int rp_discrete_touches(rp_run *run, rp_node_id id);
/* A log density given the summed-out sites that counts for their draws only: of data that are simulated anew. */
rp_code rp_discrete_evidence(rp_run *run, const rp_message *message);

/* The model's total log density, summed over the discrete sites' values; afterwards no node that the parts and sites of
 * the run refer to depends on a leaf. */
rp_node_id rp_discrete_sum_out(rp_run *run);
void rp_discrete_free(rp_run *run);

#endif
