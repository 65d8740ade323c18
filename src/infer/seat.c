#include "seat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  int32_t c; /* the chain here, -1: the seat is free */
  rp_potential potential;
  rp_centering *centering;
  rp_chain_state *state;
  int64_t n_gradients;
  struct timespec start;
} rp_seat;

static int32_t seat_chains(rp_sampling *run, rp_seat *seats, int32_t n_seats, rp_seat **taken);
static int sit_down(rp_sampling *run, rp_seat *seat, int32_t c);
static void leave(rp_sampling *run, rp_seat *seat);
static rp_code evaluate(const rp_lockstep *lockstep, rp_seat *const *seats, int32_t n, double *log_density,
                        const double **gradient);
static void answer(rp_sampling *run, rp_seat *seat, double log_density, const double *gradient);
static void store(rp_sampling *run, rp_chain *chain, const rp_chain_state *state);
static void report(rp_live *live, const rp_chain_state *state, int warming, int64_t n_gradients);
static void fail_start(rp_sampling *run, int32_t c, const double *q, double log_density, const double *gradient);
static void keep_end(rp_chain *chain, const rp_chain_state *state);
static double seconds_since(const struct timespec *start);

void rp_seats_run(void *context, int64_t thread) {
  rp_sampling *run = context;
  rp_seat seats[RP_MOST_LANES], *taken[RP_MOST_LANES];
  rp_lockstep lockstep = {0};
  int32_t n_seats = run->seats, n;
  (void) thread;
  if (n_seats > 1) {
    rp_status status;
    rp_status_clear(&status);
    if (run->target->open_lockstep(run->target->context, &lockstep, &status) != RP_OK) n_seats = 1;
  }
  for (int32_t i = 0; i < n_seats; i++) seats[i].c = -1;
  while ((n = seat_chains(run, seats, n_seats, taken)) > 0) {
    double log_density[RP_MOST_LANES];
    const double *gradient[RP_MOST_LANES];
    rp_code code = RP_INTERRUPTED;
    if (!atomic_load_explicit(&run->stop, memory_order_relaxed))
      code = evaluate(&lockstep, taken, n, log_density, gradient);
    for (int32_t i = 0; i < n; i++) {
      rp_chain *chain = &run->result->chain[taken[i]->c];
      if (code == RP_OK) answer(run, taken[i], log_density[i], gradient[i]);
      else if (code == RP_INTERRUPTED) rp_fail(&chain->status, code, NULL, "interrupted");
      else rp_fail(&chain->status, code, NULL, "the log density cannot be evaluated");
      if (chain->status.code != RP_OK || !rp_chain_state_request(taken[i]->state)) leave(run, taken[i]);
    }
  }
  if (lockstep.evaluate) run->target->close_lockstep(&lockstep);
}

/* ---- sitting down and leaving ---- */

/* Gives free seats to new chains. Returns how many seats are taken, and which. */
static int32_t seat_chains(rp_sampling *run, rp_seat *seats, int32_t n_seats, rp_seat **taken) {
  int32_t n = 0;
  for (int32_t i = 0; i < n_seats; i++) {
    while (seats[i].c < 0 && atomic_load_explicit(&run->next, memory_order_relaxed) < run->result->n_chains) {
      const int32_t c = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
      if (c < run->result->n_chains && !sit_down(run, &seats[i], c)) leave(run, &seats[i]);
    }
    if (seats[i].c >= 0) taken[n++] = &seats[i];
  }
  return n;
}

/* Returns whether the chain has a request; if not it has to leave again. */
static int sit_down(rp_sampling *run, rp_seat *seat, int32_t c) {
  rp_status *status = &run->result->chain[c].status;
  *seat = (rp_seat){.c = c};
  clock_gettime(CLOCK_MONOTONIC, &seat->start);
  rp_code code = run->target->open(run->target->context, &seat->potential, status);
  const double *init = run->inits ? run->inits + c * run->target->dim : NULL;
  if (code == RP_OK && run->target->n_centered > 0) {
    const double *start = run->options->centering;
    if (start) start += 2 * c * run->target->n_centered;
    seat->centering = rp_centering_new(run->target, &seat->potential, start, status);
    code = status->code;
  }
  if (code != RP_OK) return 0;
  uint64_t number = (uint64_t) run->first_chain + (uint64_t) c;
  rp_nuts_options options = *run->options;
  if (options.inverse_metric) options.inverse_metric += c * run->result->metric_size;
  seat->state = rp_chain_state_new(run->target->dim, &options, run->seed, number, init, status);
  if (!seat->state) return 0;
  if (!run->options->fix_centering) rp_chain_state_center(seat->state, seat->centering);
  return rp_chain_state_request(seat->state) != NULL;
}

static void leave(rp_sampling *run, rp_seat *seat) {
  rp_chain *chain = &run->result->chain[seat->c];
  rp_status *status = &chain->status;
  if (seat->state) {
    const double seconds = seconds_since(&seat->start);
    if (rp_chain_state_iteration(seat->state) < run->options->iter_warmup) {
      chain->gradients_warmup = seat->n_gradients;
      chain->seconds_warmup = seconds;
    }
    chain->gradients_sampling = seat->n_gradients - chain->gradients_warmup;
    chain->seconds_sampling = seconds - chain->seconds_warmup;
    keep_end(chain, seat->state);
  }
  rp_chain_state_free(seat->state);
  const size_t n_centered = (size_t) run->target->n_centered;
  if (seat->centering)
    memcpy(chain->centering, rp_centering_values(seat->centering), 2 * n_centered * sizeof(double));
  rp_centering_free(seat->centering);
  run->target->close(&seat->potential);
  if ((status->code == RP_OK || status->code == RP_INTERRUPTED) && run->hooks->finish) {
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    rp_status finished;
    rp_status_clear(&finished);
    rp_code code = run->hooks->finish(run->hooks->context, seat->c, chain->draws, chain->n_draws, &finished);
    if (code != RP_OK) *status = finished;
    chain->seconds_finish = seconds_since(&start);
  }
  atomic_store_explicit(&run->live[seat->c].done, 1, memory_order_relaxed);
  seat->c = -1;
}

static void keep_end(rp_chain *chain, const rp_chain_state *state) {
  const rp_metric *metric = rp_chain_state_metric(state);
  chain->step_size = rp_chain_state_step_size(state);
  memcpy(chain->initial, rp_chain_state_initial(state), (size_t) metric->dim * sizeof(double));
  if (metric->size) memcpy(chain->inverse_metric, metric->inverse, (size_t) metric->size * sizeof(double));
}

/* ---- one gradient ---- */

static rp_code evaluate(const rp_lockstep *lockstep, rp_seat *const *seats, int32_t n, double *log_density,
                        const double **gradient) {
  const rp_potential *potentials[RP_MOST_LANES];
  const double *q[RP_MOST_LANES];
  for (int32_t i = 0; i < n; i++) {
    potentials[i] = &seats[i]->potential;
    q[i] = rp_chain_state_request(seats[i]->state);
  }
  if (n == 1) return potentials[0]->evaluate(potentials[0]->state, q[0], log_density, gradient);
  return lockstep->evaluate(lockstep->state, potentials, q, n, log_density, gradient);
}

static void answer(rp_sampling *run, rp_seat *seat, double log_density, const double *gradient) {
  rp_chain *chain = &run->result->chain[seat->c];
  const double *q = rp_chain_state_request(seat->state);
  seat->n_gradients++;
  rp_chain_event event = rp_chain_state_answer(seat->state, log_density, gradient);
  if (event == RP_CHAIN_FAILED) fail_start(run, seat->c, q, log_density, gradient);
  if (event != RP_CHAIN_DRAW) return;
  const int64_t done = rp_chain_state_iteration(seat->state), warmup = run->options->iter_warmup;
  store(run, chain, seat->state);
  report(&run->live[seat->c], seat->state, done <= warmup, seat->n_gradients);
  if (done == warmup) {
    chain->gradients_warmup = seat->n_gradients;
    chain->seconds_warmup = seconds_since(&seat->start);
  }
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

static double seconds_since(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double) (now.tv_sec - start->tv_sec) + 1e-9 * (double) (now.tv_nsec - start->tv_nsec);
}
