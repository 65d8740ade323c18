/* What runs chains on one thread: seats, one for each chain that is under way there.
 *
 * A thread with one seat asks the chain where it wants the density, evaluates, answers. A thread with several evaluates
 * all requests in lock-step: chains wait for each other at every gradient, not at every iteration. A chain that ends
 * leaves its seat to the next one that nobody has begun. What a chain draws depends on none of this.
 *
 * Shared by chains.c and seat.c only. */
#ifndef RP_INFER_SEAT_H
#define RP_INFER_SEAT_H

#include <stdatomic.h>
#include <time.h>

#include "chains.h"

/* Written by the chain's thread, read by the caller's. */
typedef struct {
  _Atomic int64_t iteration, n_divergent, n_gradients;
  _Atomic double step_size, accept_stat;
  _Atomic int32_t tree_depth, done;
  _Atomic int32_t begun, ended; /* ended: its saved state is complete */
  _Atomic int64_t snapshot;     /* which of the snapshots asked for was taken last */
} rp_live;

typedef struct {
  const rp_target *target;
  const rp_nuts_options *options;
  const rp_chains_plan *plan;
  const rp_chains_hooks *hooks;
  rp_chains *result;
  rp_live *live;
  rp_chain_progress *shown;
  int32_t seats; /* of each thread */
  _Atomic int32_t next; /* chain that nobody has begun */
  _Atomic int stop;
  _Atomic int64_t snapshot; /* how many were asked for */
  int32_t snapshot_due;     /* asked for, not yet complete */
  struct timespec last_checkpoint;
  double checkpoint_pause;
} rp_sampling;

/* Chains in seats until none is left; context is an rp_sampling. For rp_workers_run(). */
void rp_seats_run(void *context, int64_t thread);
double rp_seconds_since(const struct timespec *start);

#endif
