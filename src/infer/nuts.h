/* The No-U-Turn sampler as a resumable state machine (Hoffman & Gelman 2014; multinomial, Betancourt 2017).
 *
 * Two layers, both driven the same way: take request() (a position), evaluate log density and gradient there, give
 * them to answer(), until request() is NULL.
 *   rp_nuts: one transition at a time, with whatever step size and metric it is given;
 *   rp_chain_state (chain_state.h): a whole chain, from initial position and warm-up to the last draw.
 * Random numbers are keyed by (seed, chain, draw), so a transition does not depend on what ran before it. */
#ifndef RP_INFER_NUTS_H
#define RP_INFER_NUTS_H

#include "metric.h"

typedef struct {
  double accept_stat;      /* mean Metropolis acceptance probability over the trajectory */
  double accept_symmetric; /* the same with 2 min(1, r) / (1 + r): what late warm-up of the fast schedule aims at */
  double step_size;
  double energy;      /* Hamiltonian of the draw: kinetic minus log density */
  double log_density; /* at the draw */
  int32_t tree_depth; /* doublings, saturated at max_treedepth */
  int32_t n_leapfrog;
  int32_t divergent;
  int32_t moved;
} rp_nuts_stats;

typedef struct rp_nuts rp_nuts;

/* metric is borrowed and may change between transitions. max_treedepth (at most 30): the deepest tree that will be
 * asked for; memory grows with it. NULL: no memory. */
rp_nuts *rp_nuts_new(const rp_metric *metric, int32_t max_treedepth, uint64_t seed, uint64_t chain, rp_status *status);
void rp_nuts_free(rp_nuts *nuts);

/* Where the chain is; copies. */
void rp_nuts_set(rp_nuts *nuts, const double *position, double log_density, const double *gradient);
const double *rp_nuts_position(const rp_nuts *nuts);
const double *rp_nuts_gradient(const rp_nuts *nuts);
double rp_nuts_log_density(const rp_nuts *nuts);
/* The same three; a transition under way is no part of it. */
void rp_nuts_archive(rp_nuts *nuts, rp_archive *archive);

/* Starts the transition of one draw. */
void rp_nuts_begin(rp_nuts *nuts, uint64_t draw, double step_size, int32_t max_treedepth);
/* Starts a transition of static HMC: n_steps leapfrog steps and one Metropolis decision. */
void rp_nuts_begin_static(rp_nuts *nuts, uint64_t draw, double step_size, int32_t n_steps);
/* Starts a single leapfrog step from the current position, which stays: the step-size search.  rp_nuts_probe gives
 * the step's change in -energy afterwards (-Inf where not finite). */
void rp_nuts_begin_probe(rp_nuts *nuts, uint64_t draw, uint32_t trial, double step_size);
double rp_nuts_probe(const rp_nuts *nuts);
/* The position at which log density and gradient are wanted; NULL: the transition is over (or none was begun). */
const double *rp_nuts_request(const rp_nuts *nuts);
void rp_nuts_answer(rp_nuts *nuts, double log_density, const double *gradient);
/* Of the last finished transition. */
const rp_nuts_stats *rp_nuts_statistics(const rp_nuts *nuts);

#endif
