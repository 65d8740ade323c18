/* Linear Gaussian state-space models: density by the Kalman filter, and draws of everything given what is known.
 *
 * States are row vectors of d numbers and outputs of p: z_0 ~ N(initial), z_t = z_(t-1) A + N(transition) and
 * y_t = z_t C + N(observation) for t = 1 .. T; the first transition comes before the first output.  Every entry of a
 * mean or matrix is a node of its own: a scalar, or T numbers, one for each step. Outputs are T x p, column-major,
 * states T x d. The graph's status says what failed. */
#ifndef RP_DIST_LINEAR_GAUSSIAN_H
#define RP_DIST_LINEAR_GAUSSIAN_H

#include "known.h"

typedef struct {
  int64_t steps, states, outputs;
  rp_node_id *initial_mean, *initial_cov; /* d, d * d */
  rp_node_id *transition, *transition_mean, *transition_cov;    /* d * d (column-major), d, d * d */
  rp_node_id *observation, *observation_mean, *observation_cov; /* d * p, p, p * p */
} rp_linear_gaussian;

/* With all entries RP_NONE; 0: no memory. rp_linear_gaussian_close() frees it in any case. */
int rp_linear_gaussian_open(rp_graph *g, rp_linear_gaussian *m, int64_t steps, int64_t states, int64_t outputs);
void rp_linear_gaussian_close(rp_linear_gaussian *m);

/* What a family makes of its events: `open` the model of one from the family's arguments a (0: no memory); `make` a
 * value of it, given what is known (NULL: all) of its numbers y and its noise (where there is a stream). The values one
 * after the other; y may be RP_NONE, stream NULL. */
typedef int (*rp_linear_gaussian_opener)(rp_graph *g, const rp_node_id *a, int64_t event, rp_linear_gaussian *m);
typedef rp_node_id (*rp_linear_gaussian_maker)(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *a,
                                               rp_node_id y, const uint8_t *known, rp_node_id noise);
rp_node_id rp_linear_gaussian_events(rp_graph *g, rp_linear_gaussian_opener open, rp_linear_gaussian_maker make,
                                     const rp_node_id *a, rp_node_id y, const uint8_t *known, const uint32_t *stream,
                                     int64_t n_events, int64_t event_size);

/* Log density of the known outputs (known: T * p flags; NULL: all of them). */
rp_node_id rp_kalman_density(rp_graph *g, const rp_linear_gaussian *m, rp_node_id y, const uint8_t *known);
/* How many standard normals a draw takes: d + T d + T p. */
int64_t rp_linear_gaussian_noise(const rp_linear_gaussian *m);
/* States and outputs as a function of that noise; either may be NULL. */
void rp_linear_gaussian_draw(rp_graph *g, const rp_linear_gaussian *m, rp_node_id noise, rp_node_id *states,
                             rp_node_id *outputs);
/* The noise as it is distributed given the known outputs, made of noise that is standard normal: with
 * rp_linear_gaussian_draw() it gives draws of the states and of the missing outputs. */
rp_node_id rp_linear_gaussian_posterior(rp_graph *g, const rp_linear_gaussian *m, rp_node_id noise, rp_node_id y,
                                        const uint8_t *known);
/* z_1 .. z_T (T x d) from the initial state, d numbers, and everything that the steps add, T x d. */
rp_node_id rp_linear_states(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *initial, rp_node_id added);

/* What a normal density says of the outputs of a gaussian_hmm (all its events): means, and standard deviations (one, or
 * one for each number) or a covariance within each step (p x p; RP_NONE: there are standard deviations). */
typedef struct {
  rp_node_id centre, sd, cov;
} rp_series_guide;
/* Log of the integral of the family's density times that density, one number per event; RP_NONE when the covariance
 * does not fit. */
rp_node_id rp_gaussian_hmm_evidence(rp_graph *g, const rp_node_id *arguments, int64_t n_events, int64_t event_size,
                                    const rp_series_guide *guide);
/* Outputs drawn from the product of the two, normalised. */
rp_node_id rp_gaussian_hmm_updated(rp_graph *g, uint32_t stream, const rp_node_id *arguments, int64_t n_events,
                                   int64_t event_size, const rp_series_guide *guide);
/* The same for one event; extra: covariance of the density, p * p entries; noise: 2 T p standard normals more than a
 * draw takes. */
rp_node_id rp_linear_gaussian_updated(rp_graph *g, const rp_linear_gaussian *m, rp_node_id centre,
                                      const rp_node_id *extra, rp_node_id noise);
/* The model whose outputs have that covariance on top of their own; rp_linear_gaussian_close() frees it. 0: no memory.
 */
int rp_linear_gaussian_blurred(rp_graph *g, const rp_linear_gaussian *m, const rp_node_id *extra,
                               rp_linear_gaussian *blurred);

#endif
