#include "chains.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "workers.h"

/* Written by the chain's thread, read by the caller's. */
typedef struct {
  _Atomic int64_t iteration, n_divergent, n_gradients;
  _Atomic double step_size, accept_stat;
  _Atomic int32_t tree_depth, done;
} rp_live;

typedef struct {
  const rp_target *target;
  const rp_nuts_options *options;
  const rp_chains_hooks *hooks;
  const double *inits;
  uint64_t seed;
  int32_t first_chain;
  rp_chains *result;
  rp_live *live;
  rp_chain_progress *shown;
  _Atomic int stop;
} rp_sampling;

static rp_code allocate(rp_sampling *run, int32_t n_chains, rp_status *status);
static void run_chain(void *context, int64_t index);
static void sample(rp_sampling *run, int32_t c, rp_potential *potential, rp_chain_state *state);
static void store(rp_sampling *run, rp_chain *chain, const rp_chain_state *state);
static void report(rp_live *live, const rp_chain_state *state, int warming, int64_t n_gradients);
static void fail_start(rp_sampling *run, int32_t c, const double *q, double log_density, const double *gradient);
static void keep_end(rp_chain *chain, const rp_chain_state *state);
static void poll(void *context);
static double seconds_since(const struct timespec *start);

rp_code rp_chains_run(const rp_target *target, const rp_nuts_options *options, int32_t n_chains, int32_t first_chain,
                      int32_t cores, uint64_t seed, const double *inits, const rp_chains_hooks *hooks,
                      rp_chains *result, rp_status *status) {
  static const rp_chains_hooks no_hooks;
  *result = (rp_chains){.dim = target->dim, .metric = options->metric, .n_centered = target->n_centered};
  if (rp_nuts_options_check(options, status) != RP_OK) return status->code;
  if (n_chains < 1) return rp_fail(status, RP_BAD_ARGUMENT, NULL, "at least one chain is needed");
  rp_sampling run = {.target = target,
                .options = options,
                .hooks = hooks ? hooks : &no_hooks,
                .inits = inits,
                .seed = seed,
                .first_chain = first_chain,
                .result = result};
  rp_code code = allocate(&run, n_chains, status);
  if (code == RP_OK) code = rp_workers_run(cores, n_chains, run_chain, &run, poll, status);
  if (code == RP_OK || code == RP_INTERRUPTED) {
    poll(&run);
    code = result->chain[0].status.code;
    for (int32_t c = 0; c < n_chains; c++) {
      rp_code ended = result->chain[c].status.code;
      if (ended == RP_OK || ended == RP_INTERRUPTED) code = RP_OK;
    }
    if (code != RP_OK) *status = result->chain[0].status;
  }
  free(run.live);
  free(run.shown);
  return code;
}

void rp_chains_free(rp_chains *chains) {
  for (int32_t c = 0; c < chains->n_chains; c++) {
    free(chains->chain[c].draws);
    free(chains->chain[c].statistics);
    free(chains->chain[c].initial);
    free(chains->chain[c].inverse_metric);
    free(chains->chain[c].centering);
  }
  free(chains->chain);
  *chains = (rp_chains){0};
}

/* ---- memory ---- */

/* n * m doubles, NULL also when the product overflows; never asks for nothing. */
static double *doubles(int64_t n, int64_t m) {
  if (n > 0 && m > INT64_MAX / 16 / n) return NULL;
  return calloc((size_t) (n * m) + 1, sizeof(double));
}

static rp_code allocate(rp_sampling *run, int32_t n_chains, rp_status *status) {
  rp_chains *result = run->result;
  const rp_nuts_options *o = run->options;
  int64_t warmup = o->save_warmup ? o->iter_warmup / o->thin : 0, sampling = o->iter_sampling / o->thin;
  run->live = calloc((size_t) n_chains, sizeof *run->live);
  run->shown = calloc((size_t) n_chains, sizeof *run->shown);
  result->chain = calloc((size_t) n_chains, sizeof *result->chain);
  if (!run->live || !run->shown || !result->chain) return rp_fail_memory(status, "the chains");
  result->n_chains = n_chains;
  if (sampling > INT64_MAX - warmup) return rp_fail_memory(status, "the draws");
  result->capacity = warmup + sampling;
  for (int32_t c = 0; c < n_chains; c++) {
    rp_chain *chain = &result->chain[c];
    rp_status_clear(&chain->status);
    chain->draws = doubles(result->capacity, result->dim);
    if (result->capacity < INT64_MAX / (int64_t) (2 * sizeof(rp_nuts_stats))) {
      chain->statistics = calloc((size_t) result->capacity + 1, sizeof *chain->statistics);
    }
    chain->initial = doubles(result->dim, 1);
    if (o->metric == RP_METRIC_DENSE) chain->inverse_metric = doubles(result->dim, result->dim);
    if (o->metric == RP_METRIC_DIAGONAL) chain->inverse_metric = doubles(result->dim, 1);
    int metric_missing = o->metric != RP_METRIC_UNIT && !chain->inverse_metric;
    chain->centering = doubles(result->n_centered, 2);
    if (!chain->draws || !chain->statistics || !chain->initial || !chain->centering || metric_missing) {
      return rp_fail(status, RP_NO_MEMORY, NULL, "not enough memory for %lld draws of %lld parameters in %d chains",
                     (long long) result->capacity, (long long) result->dim, (int) n_chains);
    }
  }
  return RP_OK;
}

/* ---- one chain, on its thread ---- */

static void run_chain(void *context, int64_t index) {
  rp_sampling *run = context;
  int32_t c = (int32_t) index;
  rp_chain *chain = &run->result->chain[c];
  rp_status *status = &chain->status;
  rp_potential potential = {0};
  rp_code code = run->target->open(run->target->context, &potential, status);
  const double *init = run->inits ? run->inits + c * run->target->dim : NULL;
  rp_chain_state *state = NULL;
  rp_centering *centering = NULL;
  if (code == RP_OK && run->target->n_centered > 0) {
    const double *start = run->options->centering;
    if (start) start += 2 * c * run->target->n_centered;
    centering = rp_centering_new(run->target, &potential, start, status);
    code = status->code;
  }
  if (code == RP_OK) {
    uint64_t number = (uint64_t) run->first_chain + (uint64_t) c;
    state = rp_chain_state_new(run->target->dim, run->options, run->seed, number, init, status);
  }
  if (state) {
    if (!run->options->fix_centering) rp_chain_state_center(state, centering);
    sample(run, c, &potential, state);
    keep_end(chain, state);
  }
  rp_chain_state_free(state);
  if (centering)
    memcpy(chain->centering, rp_centering_values(centering), 2 * (size_t) run->target->n_centered * sizeof(double));
  rp_centering_free(centering);
  run->target->close(&potential);
  if ((status->code == RP_OK || status->code == RP_INTERRUPTED) && run->hooks->finish) {
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    rp_status finished;
    rp_status_clear(&finished);
    code = run->hooks->finish(run->hooks->context, c, chain->draws, chain->n_draws, &finished);
    if (code != RP_OK) *status = finished;
    chain->seconds_finish = seconds_since(&start);
  }
  atomic_store_explicit(&run->live[c].done, 1, memory_order_relaxed);
}

static void sample(rp_sampling *run, int32_t c, rp_potential *potential, rp_chain_state *state) {
  rp_chain *chain = &run->result->chain[c];
  const int64_t warmup = run->options->iter_warmup;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  double *gradient = doubles(run->result->dim, 1), log_density = 0;
  if (!gradient) rp_fail_memory(&chain->status, "a gradient");
  int64_t n_gradients = 0;
  const double *q = NULL;
  while (gradient && (q = rp_chain_state_request(state)) != NULL) {
    if (atomic_load_explicit(&run->stop, memory_order_relaxed)) {
      rp_fail(&chain->status, RP_INTERRUPTED, NULL, "interrupted");
      break;
    }
    rp_code code = potential->evaluate(potential->state, q, &log_density, gradient);
    n_gradients++;
    if (code != RP_OK) {
      rp_fail(&chain->status, code, NULL, "the log density cannot be evaluated");
      break;
    }
    rp_chain_event event = rp_chain_state_answer(state, log_density, gradient);
    if (event == RP_CHAIN_FAILED) {
      fail_start(run, c, q, log_density, gradient);
      break;
    }
    if (event != RP_CHAIN_DRAW) continue;
    int64_t done = rp_chain_state_iteration(state);
    int warming = done <= warmup;
    store(run, chain, state);
    report(&run->live[c], state, warming, n_gradients);
    if (done == warmup) {
      chain->gradients_warmup = n_gradients;
      chain->seconds_warmup = seconds_since(&start);
    }
  }
  double seconds = seconds_since(&start);
  if (rp_chain_state_iteration(state) < warmup) {
    chain->gradients_warmup = n_gradients;
    chain->seconds_warmup = seconds;
  }
  chain->gradients_sampling = n_gradients - chain->gradients_warmup;
  chain->seconds_sampling = seconds - chain->seconds_warmup;
  free(gradient);
}

static void store(rp_sampling *run, rp_chain *chain, const rp_chain_state *state) {
  const rp_nuts_options *o = run->options;
  int64_t iteration = rp_chain_state_iteration(state) - 1;
  int warming = iteration < o->iter_warmup;
  const rp_nuts_stats *statistics = rp_chain_state_statistics(state);
  if (warming) chain->warmup_divergent += statistics->divergent;
  if (warming && !o->save_warmup) return;
  int64_t within = warming ? iteration : iteration - o->iter_warmup;
  if ((within + 1) % o->thin != 0) return;
  size_t dim = (size_t) run->result->dim;
  memcpy(chain->draws + (size_t) chain->n_draws * dim, rp_chain_state_position(state), dim * sizeof(double));
  chain->statistics[chain->n_draws] = *statistics;
  chain->n_draws++;
  chain->n_warmup += warming;
}

static void report(rp_live *live, const rp_chain_state *state, int warming, int64_t n_gradients) {
  const rp_nuts_stats *statistics = rp_chain_state_statistics(state);
  atomic_store_explicit(&live->iteration, rp_chain_state_iteration(state), memory_order_relaxed);
  atomic_store_explicit(&live->step_size, statistics->step_size, memory_order_relaxed);
  atomic_store_explicit(&live->accept_stat, statistics->accept_stat, memory_order_relaxed);
  atomic_store_explicit(&live->tree_depth, statistics->tree_depth, memory_order_relaxed);
  atomic_store_explicit(&live->n_gradients, n_gradients, memory_order_relaxed);
  if (!warming && statistics->divergent) atomic_fetch_add_explicit(&live->n_divergent, 1, memory_order_relaxed);
}

static void fail_start(rp_sampling *run, int32_t c, const double *q, double log_density, const double *gradient) {
  rp_status *status = &run->result->chain[c].status;
  if (run->hooks->explain) run->hooks->explain(run->hooks->context, c, q, log_density, gradient, status);
  if (status->code != RP_OK) return;
  if (!isfinite(log_density)) {
    rp_fail(status, RP_NOT_FINITE, NULL, "no initial position has a finite log density (last value: %g)", log_density);
    return;
  }
  int64_t i = 0;
  while (i < run->result->dim - 1 && isfinite(gradient[i])) i++;
  rp_fail(status, RP_NOT_FINITE, NULL,
          "no initial position has a finite gradient (last: %g, unconstrained parameter %lld)", gradient[i],
          (long long) (i + 1));
}

static void keep_end(rp_chain *chain, const rp_chain_state *state) {
  const rp_metric *metric = rp_chain_state_metric(state);
  chain->step_size = rp_chain_state_step_size(state);
  memcpy(chain->initial, rp_chain_state_initial(state), (size_t) metric->dim * sizeof(double));
  size_t size = (size_t) rp_metric_size(metric->kind, metric->dim);
  if (size) memcpy(chain->inverse_metric, metric->inverse, size * sizeof(double));
}

/* ---- the caller's thread ---- */

/* Every 50 ms, and once at the end. */
static void poll(void *context) {
  rp_sampling *run = context;
  const rp_chains_hooks *hooks = run->hooks;
  int32_t n = run->result->n_chains;
  if (hooks->progress) {
    for (int32_t c = 0; c < n; c++) {
      rp_live *live = &run->live[c];
      run->shown[c] = (rp_chain_progress){.iteration = atomic_load_explicit(&live->iteration, memory_order_relaxed),
                                          .step_size = atomic_load_explicit(&live->step_size, memory_order_relaxed),
                                          .accept_stat = atomic_load_explicit(&live->accept_stat, memory_order_relaxed),
                                          .tree_depth = atomic_load_explicit(&live->tree_depth, memory_order_relaxed),
                                          .n_divergent = atomic_load_explicit(&live->n_divergent, memory_order_relaxed),
                                          .n_gradients = atomic_load_explicit(&live->n_gradients, memory_order_relaxed),
                                          .done = atomic_load_explicit(&live->done, memory_order_relaxed)};
    }
    hooks->progress(hooks->context, run->shown, n);
  }
  if (hooks->interrupted && hooks->interrupted(hooks->context)) {
    atomic_store_explicit(&run->stop, 1, memory_order_relaxed);
  }
}

static double seconds_since(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double) (now.tv_sec - start->tv_sec) + 1e-9 * (double) (now.tv_nsec - start->tv_nsec);
}
