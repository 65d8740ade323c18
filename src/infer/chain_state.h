/* One chain of NUTS (or static HMC) as a resumable state machine: initial position, step-size search, warm-up,
 * sampling.
 *
 * While request() is not NULL: evaluate there and answer().  What the chain does depends on its options, seed, number
 * and initial values only, not on who evaluates or when. */
#ifndef RP_INFER_CHAIN_STATE_H
#define RP_INFER_CHAIN_STATE_H

#include "warmup.h"

/* One chain, however it is run; rp_nuts_options_default() fills in the defaults. */
typedef struct {
  int64_t iter_warmup, iter_sampling; /* 1000, 1000 */
  int64_t thin;                       /* keep iterations thin, 2 thin, ... of warm-up and of sampling; 1: all */
  int32_t save_warmup;                /* 0 */
  rp_schedule_kind schedule;          /* STAN */
  rp_metric_kind metric;              /* DIAGONAL */
  const rp_blocks *blocks;            /* of RP_METRIC_BLOCKS, borrowed */
  double adapt_delta;                 /* 0.8 */
  int32_t max_treedepth;              /* 10 */
  int32_t max_treedepth_warmup;       /* 0: the same */
  double step_size;             /* 0: searched for; with iter_warmup = 0 it must be given or is searched for once */
  double step_size_jitter;      /* 0 .. 1: step size times (1 + jitter * uniform(-1, 1)) while sampling */
  const double *inverse_metric; /* NULL: identity to start with; rp_metric_size() numbers for each chain, borrowed */
  int32_t static_steps;         /* 0: NUTS; else static HMC with so many leapfrog steps */
  double init_radius;           /* 2: initial positions uniform in (-radius, radius) */
  int32_t init_tries;           /* 100 */
  int32_t fix_centering;        /* 0: adapted in warm-up, where the target has elements that can be */
  const double *centering;      /* NULL: RP_CENTERING_START and 1 at first; else [chains][2][elements], c's and s0's,
                                   borrowed */
} rp_nuts_options;
rp_nuts_options rp_nuts_options_default(void);

/* RP_BAD_ARGUMENT with the name of the option that cannot be. */
rp_code rp_nuts_options_check(const rp_nuts_options *options, rp_status *status);

typedef enum {
  RP_CHAIN_WORKING = 0,
  RP_CHAIN_DRAW,  /* an iteration ended */
  RP_CHAIN_FAILED /* no initial position with finite density and gradient; request() still is the last one tried */
} rp_chain_event;

typedef struct rp_chain_state rp_chain_state;

/* init: NULL, or dim numbers with NaN where the value is to be drawn. Borrows init, blocks and this chain's
 * options->inverse_metric during the call only. NULL: status says why. */
rp_chain_state *rp_chain_state_new(int64_t dim, const rp_nuts_options *options, uint64_t seed, uint64_t chain,
                                   const double *init, rp_status *status);
void rp_chain_state_free(rp_chain_state *state);

/* Adapts this centering in warm-up; before the first answer. Borrowed. */
void rp_chain_state_center(rp_chain_state *state, rp_centering *centering);

const double *rp_chain_state_request(const rp_chain_state *state); /* NULL: all iterations are done */
rp_chain_event rp_chain_state_answer(rp_chain_state *state, double log_density, const double *gradient);

/* Everything that what is yet to come depends on, but the centering, which has an archive of its own. An iteration
 * under way begins anew in the chain that is loaded. Loading: into a chain just made with the same seed, number and
 * options (iter_sampling may differ, so that a chain that is over goes on), before its first request. */
void rp_chain_state_archive(rp_chain_state *state, rp_archive *archive);

/* Of the last iteration, after RP_CHAIN_DRAW. */
const double *rp_chain_state_position(const rp_chain_state *state);
const rp_nuts_stats *rp_chain_state_statistics(const rp_chain_state *state);
int64_t rp_chain_state_iteration(const rp_chain_state *state); /* iterations done, warm-up included */

/* of the metric, once warm-up is over: see rp_warmup_missing() */
int32_t rp_chain_state_matrices_missing(const rp_chain_state *state);
double rp_chain_state_step_size(const rp_chain_state *state); /* of the next iteration */
const rp_metric *rp_chain_state_metric(const rp_chain_state *state);
const double *rp_chain_state_initial(const rp_chain_state *state);

#endif
