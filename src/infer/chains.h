/* Chains of NUTS on threads.
 *
 * rp_chains_run() runs n_chains chains on at most `cores` threads and returns when all have ended. The caller's thread
 * only waits, calls progress() and asks interrupted() every 50 ms: callbacks into R belong there.  open, evaluate,
 * finish and explain run on the chains' threads.  A chain's draws depend on (seed, its number) alone. All memory for
 * draws is allocated up front, with checked sizes.
 *
 * A chain's `state` is all that it needs to go on (archive.h), with more iterations than before or after it was
 * stopped: its draws are then those of a chain that never stopped. A snapshot is such a state taken while the chain
 * runs. */
#ifndef RP_INFER_CHAINS_H
#define RP_INFER_CHAINS_H

#include "chain_state.h"
#include "potential.h"

/* What progress() is shown. */
typedef struct {
  int64_t iteration;             /* of iter_warmup + iter_sampling */
  double step_size, accept_stat; /* of the last iteration */
  int32_t tree_depth;
  int64_t n_divergent; /* after warm-up */
  int64_t n_gradients;
  int32_t done; /* 1: finished (or failed) */
} rp_chain_progress;

/* What a chain has done before. */
typedef struct {
  const double *state; /* NULL: nothing, it starts anew */
  int64_t n_state;
  const double *draws; /* the rows that it had filled, as many as its state says */
  const rp_nuts_stats *statistics;
  int64_t n_draws; /* rows that are there; more than the state says are not used */
} rp_chain_past;

typedef struct {
  int32_t n_chains, cores;
  uint64_t seed;
  const int64_t *number;     /* of each chain; NULL: 0, 1, ... */
  const double *inits;       /* NULL, or [n_chains][dim] with NaN where a value is to be drawn */
  const rp_chain_past *past; /* NULL, or one a chain */
} rp_chains_plan;

typedef struct {
  void *context;
  /* May be NULL, as each of these. */
  void (*progress)(void *context, const rp_chain_progress *chains, int32_t n_chains);
  int (*interrupted)(void *context); /* nonzero: stop all chains now, keep their draws */
  /* After the last draw of a chain, on its thread: draws is [n_draws][dim], warm-up first when saved. */
  rp_code (*finish)(void *context, int32_t chain, const double *draws, int64_t n_draws, rp_status *status);
  /* Every initial position failed: says in status which site is to blame; q is the last one tried. */
  void (*explain)(void *context, int32_t chain, const double *q, double log_density, const double *gradient,
                  rp_status *status);
  /* Every so many seconds (and not while it would take more than a twentieth of the time), with every chain's snapshot
   * as new as that. The chains go on meanwhile. */
  void (*checkpoint)(void *context);
  double checkpoint_seconds;
} rp_chains_hooks;

/* A state, and how far the draws had come. NULL, 0, 0: not begun. */
typedef struct {
  double *numbers;
  int64_t n, n_draws, n_warmup;
  double *rows; /* a copy of the draws as long as they may be carried to other coordinates; NULL: they stay */
} rp_chain_saved;

typedef struct {
  int64_t iterations; /* done, of warm-up and of sampling */
  int64_t n_draws;    /* rows filled, n_warmup of them from warm-up */
  int64_t n_warmup;
  double *draws;             /* [n_draws][dim], unconstrained, under the centering of the last of them */
  rp_nuts_stats *statistics; /* [n_draws] */
  double *initial;           /* [dim] where the chain started */
  double step_size;          /* after warm-up */
  int32_t matrices_missing;  /* blocks of the metric for which warm-up was too short or diverged too often */
  double *inverse_metric;    /* metric_size numbers */
  double *centering;         /* after warm-up: n_centered c's, as many s0's */
  int64_t gradients_warmup, gradients_sampling;
  double seconds_warmup, seconds_sampling, seconds_finish;
  int64_t warmup_divergent;
  rp_chain_saved saved;        /* where the chain is at the end; empty when it failed */
  rp_chain_saved snapshot;     /* where it was, when that was asked for */
  const rp_chain_saved *shown; /* during checkpoint(): one of the two; NULL: not begun */
  rp_status status; /* RP_OK; RP_INTERRUPTED: fewer draws than asked for; else why it failed */
} rp_chain;

typedef struct {
  int32_t n_chains;
  int64_t dim;
  int64_t capacity;   /* rows allocated per chain */
  int64_t n_centered; /* elements of adapted centering */
  int64_t metric_size; /* numbers of an inverse_metric */
  rp_chain *chain;
} rp_chains;

/* RP_INTERRUPTED and chains that failed are reported in each chain's status;
 * the return value is not RP_OK only if nothing could run, or every chain failed (status then holds the first chain's
 * failure). The result is freed with rp_chains_free() in every case. */
rp_code rp_chains_run(const rp_target *target, const rp_nuts_options *options, const rp_chains_plan *plan,
                      const rp_chains_hooks *hooks, rp_chains *result, rp_status *status);
void rp_chains_free(rp_chains *chains);

#endif
