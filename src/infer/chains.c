#include "chains.h"

#include <math.h>
#include <stdlib.h>

#include "seat.h"
#include "workers.h"

static rp_code allocate(rp_sampling *run, int32_t n_chains, rp_status *status);
static void poll(void *context);
static void mind_interrupts(rp_sampling *run);
static void checkpoint(rp_sampling *run);
static int snapshots_are_complete(rp_sampling *run);

rp_code rp_chains_run(const rp_target *target, const rp_nuts_options *options, const rp_chains_plan *plan,
                      const rp_chains_hooks *hooks, rp_chains *result, rp_status *status) {
  static const rp_chains_hooks no_hooks;
  *result = (rp_chains){.dim = target->dim, .n_centered = target->n_centered};
  if (rp_nuts_options_check(options, status) != RP_OK) return status->code;
  result->metric_size = rp_metric_size(options->metric, target->dim, options->blocks);
  if (result->metric_size < 0) return rp_fail(status, RP_NO_MEMORY, NULL, "the metric is too large");
  int32_t n_chains = plan->n_chains;
  if (n_chains < 1) return rp_fail(status, RP_BAD_ARGUMENT, NULL, "at least one chain is needed");
  rp_sampling run = {.target = target,
                     .options = options,
                     .plan = plan,
                     .hooks = hooks ? hooks : &no_hooks,
                     .result = result};
  clock_gettime(CLOCK_MONOTONIC, &run.last_checkpoint);
  run.checkpoint_pause = run.hooks->checkpoint_seconds;
  rp_code code = allocate(&run, n_chains, status);
  const int32_t cores = plan->cores, threads = cores < 1 ? 1 : cores < n_chains ? cores : n_chains;
  const int32_t most = (n_chains + threads - 1) / threads;
  run.seats = target->lanes < 1 ? 1 : target->lanes < most ? target->lanes : most;
  mind_interrupts(&run);
  if (code == RP_OK) code = rp_workers_run(threads, threads, rp_seats_run, &run, poll, status);
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
    rp_chain_saved *saved[] = {&chains->chain[c].saved, &chains->chain[c].snapshot};
    for (int k = 0; k < 2; k++) {
      free(saved[k]->numbers);
      free(saved[k]->rows);
    }
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
    chain->inverse_metric = doubles(result->metric_size, 1);
    chain->centering = doubles(result->n_centered, 2);
    if (!chain->draws || !chain->statistics || !chain->initial || !chain->centering ||
        !chain->inverse_metric) {
      return rp_fail(status, RP_NO_MEMORY, NULL, "not enough memory for %lld draws of %lld parameters in %d chains",
                     (long long) result->capacity, (long long) result->dim, (int) n_chains);
    }
  }
  return RP_OK;
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
  mind_interrupts(run);
  if (hooks->checkpoint) checkpoint(run);
}

static void mind_interrupts(rp_sampling *run) {
  if (run->hooks->interrupted && run->hooks->interrupted(run->hooks->context))
    atomic_store_explicit(&run->stop, 1, memory_order_relaxed);
}

/* Asks for snapshots when it is time, and hands them over when every chain that runs has taken one. */
static void checkpoint(rp_sampling *run) {
  if (!run->snapshot_due) {
    if (rp_seconds_since(&run->last_checkpoint) < run->checkpoint_pause) return;
    run->snapshot_due = 1;
    atomic_fetch_add_explicit(&run->snapshot, 1, memory_order_release);
    return;
  }
  if (!snapshots_are_complete(run)) return;
  run->snapshot_due = 0;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  run->hooks->checkpoint(run->hooks->context);
  run->checkpoint_pause = fmax(run->hooks->checkpoint_seconds, 20 * rp_seconds_since(&start));
  clock_gettime(CLOCK_MONOTONIC, &run->last_checkpoint);
}

/* Chooses for each chain what checkpoint() sees: its end, the snapshot just taken, or nothing if it has not begun. A
 * chain takes the next snapshot only when it is asked for. */
static int snapshots_are_complete(rp_sampling *run) {
  int64_t wanted = atomic_load_explicit(&run->snapshot, memory_order_relaxed);
  for (int32_t c = 0; c < run->result->n_chains; c++) {
    rp_live *live = &run->live[c];
    rp_chain *chain = &run->result->chain[c];
    if (atomic_load_explicit(&live->snapshot, memory_order_acquire) == wanted) chain->shown = &chain->snapshot;
    else if (atomic_load_explicit(&live->ended, memory_order_acquire)) chain->shown = &chain->saved;
    else if (atomic_load_explicit(&live->begun, memory_order_acquire)) return 0;
    else chain->shown = NULL;
  }
  return 1;
}
