#include "seat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int32_t c; /* the chain here, -1: the seat is free */
  rp_chain *chain;
  rp_live *live;
  rp_potential potential;
  rp_centering *centering; /* NULL: the target has none */
  rp_chain_state *state;
  double *rows_centering;  /* of the warm-up's rows */
  double seconds;          /* spent before this run */
  int64_t n_gradients, n_gradients_saved; /* up to now, up to the end of the last iteration */
  struct timespec start;
} rp_seat;

static int32_t seat_chains(rp_sampling *run, rp_seat *seats, int32_t n_seats, rp_seat **taken);
static int sit_down(rp_sampling *run, rp_seat *seat, int32_t c);
static void leave(rp_sampling *run, rp_seat *seat);
static rp_code evaluate(const rp_lockstep *lockstep, rp_seat *const *seats, int32_t n, double *log_density,
                        const double **gradient);
static void answer(rp_sampling *run, rp_seat *seat, double log_density, const double *gradient);
static void store(rp_sampling *run, rp_seat *seat);
static void carry_rows(rp_sampling *run, rp_seat *seat);
static void save(rp_sampling *run, rp_seat *seat, rp_chain_saved *saved);
static void archive_seat(const rp_sampling *run, rp_seat *seat, rp_archive *archive);
static rp_code take_up(rp_sampling *run, rp_seat *seat, const rp_chain_past *past);
static void report(const rp_sampling *run, rp_seat *seat);
static void count_time(const rp_sampling *run, rp_seat *seat);
static void fail_start(rp_sampling *run, int32_t c, const double *q, double log_density, const double *gradient);
static void keep_end(rp_sampling *run, rp_seat *seat);
static void finish(rp_sampling *run, rp_seat *seat);

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
  const rp_target *target = run->target;
  const rp_chains_plan *plan = run->plan;
  *seat = (rp_seat){.c = c, .chain = &run->result->chain[c], .live = &run->live[c]};
  rp_status *status = &seat->chain->status;
  clock_gettime(CLOCK_MONOTONIC, &seat->start);
  atomic_store_explicit(&seat->live->begun, 1, memory_order_release);
  if (target->open(target->context, &seat->potential, status) != RP_OK) return 0;
  if (target->n_centered > 0) {
    const size_t bytes = 2 * (size_t) target->n_centered * sizeof(double);
    const double *start = run->options->centering;
    if (start) start += 2 * c * target->n_centered;
    seat->centering = rp_centering_new(target, &seat->potential, start, status);
    seat->rows_centering = malloc(bytes);
    if (!seat->rows_centering) rp_fail_memory(status, "the centering");
    if (status->code != RP_OK) return 0;
    memcpy(seat->rows_centering, rp_centering_values(seat->centering), bytes);
  }
  const uint64_t number = (uint64_t) (plan->number ? plan->number[c] : c);
  const double *init = plan->inits ? plan->inits + c * target->dim : NULL;
  rp_nuts_options options = *run->options;
  if (options.inverse_metric) options.inverse_metric += c * run->result->metric_size;
  seat->state = rp_chain_state_new(target->dim, &options, plan->seed, number, init, status);
  if (!seat->state) return 0;
  if (!run->options->fix_centering) rp_chain_state_center(seat->state, seat->centering);
  const rp_chain_past *past = plan->past ? &plan->past[c] : NULL;
  if (past && past->state && take_up(run, seat, past) != RP_OK) return 0;
  return rp_chain_state_request(seat->state) != NULL;
}

static rp_code take_up(rp_sampling *run, rp_seat *seat, const rp_chain_past *past) {
  rp_chain *chain = seat->chain;
  rp_archive archive = rp_archive_load(past->state, past->n_state);
  archive_seat(run, seat, &archive);
  if (chain->n_draws > past->n_draws || chain->n_draws > run->result->capacity || chain->n_warmup > chain->n_draws)
    archive.failed = 1;
  if (rp_archive_end(&archive, &chain->status) != RP_OK) {
    chain->n_draws = chain->n_warmup = 0;
    return chain->status.code;
  }
  seat->n_gradients = seat->n_gradients_saved;
  seat->seconds = chain->seconds_warmup + chain->seconds_sampling;
  if (chain->n_draws > 0) {
    memcpy(chain->draws, past->draws, (size_t) (chain->n_draws * run->result->dim) * sizeof(double));
    memcpy(chain->statistics, past->statistics, (size_t) chain->n_draws * sizeof *chain->statistics);
  }
  atomic_store_explicit(&seat->live->iteration, rp_chain_state_iteration(seat->state), memory_order_relaxed);
  return RP_OK;
}

static void leave(rp_sampling *run, rp_seat *seat) {
  if (seat->state) {
    count_time(run, seat);
    keep_end(run, seat);
  }
  atomic_store_explicit(&seat->live->ended, 1, memory_order_release);
  rp_chain_state_free(seat->state);
  rp_centering_free(seat->centering);
  free(seat->rows_centering);
  run->target->close(&seat->potential);
  finish(run, seat);
  atomic_store_explicit(&seat->live->done, 1, memory_order_relaxed);
  seat->c = -1;
}

static void keep_end(rp_sampling *run, rp_seat *seat) {
  rp_chain *chain = seat->chain;
  const rp_metric *metric = rp_chain_state_metric(seat->state);
  chain->step_size = rp_chain_state_step_size(seat->state);
  chain->matrices_missing = rp_chain_state_matrices_missing(seat->state);
  memcpy(chain->initial, rp_chain_state_initial(seat->state), (size_t) metric->dim * sizeof(double));
  if (metric->size) memcpy(chain->inverse_metric, metric->inverse, (size_t) metric->size * sizeof(double));
  if (seat->centering) {
    carry_rows(run, seat);
    size_t bytes = 2 * (size_t) run->target->n_centered * sizeof(double);
    memcpy(chain->centering, rp_centering_values(seat->centering), bytes);
  }
  if (chain->status.code == RP_OK || chain->status.code == RP_INTERRUPTED) save(run, seat, &chain->saved);
}

static void finish(rp_sampling *run, rp_seat *seat) {
  rp_chain *chain = seat->chain;
  const rp_chains_hooks *hooks = run->hooks;
  const int ended_well = chain->status.code == RP_OK || chain->status.code == RP_INTERRUPTED;
  if (!ended_well || !hooks->finish) return;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  rp_status finished;
  rp_status_clear(&finished);
  rp_code code = hooks->finish(hooks->context, seat->c, chain->draws, chain->n_draws, &finished);
  if (code != RP_OK) chain->status = finished;
  chain->seconds_finish = rp_seconds_since(&start);
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
  const double *q = rp_chain_state_request(seat->state);
  seat->n_gradients++;
  rp_chain_event event = rp_chain_state_answer(seat->state, log_density, gradient);
  if (event == RP_CHAIN_FAILED) fail_start(run, seat->c, q, log_density, gradient);
  if (event != RP_CHAIN_DRAW) return;
  store(run, seat);
  report(run, seat);
  seat->n_gradients_saved = seat->n_gradients;
  if (rp_chain_state_iteration(seat->state) == run->options->iter_warmup) count_time(run, seat);
  const int64_t wanted = atomic_load_explicit(&run->snapshot, memory_order_acquire);
  if (atomic_load_explicit(&seat->live->snapshot, memory_order_relaxed) == wanted) return;
  count_time(run, seat);
  save(run, seat, &seat->chain->snapshot);
  atomic_store_explicit(&seat->live->snapshot, wanted, memory_order_release);
}

static void store(rp_sampling *run, rp_seat *seat) {
  const rp_nuts_options *o = run->options;
  rp_chain *chain = seat->chain;
  int64_t iteration = rp_chain_state_iteration(seat->state) - 1;
  int warming = iteration < o->iter_warmup;
  const rp_nuts_stats *statistics = rp_chain_state_statistics(seat->state);
  if (warming) chain->warmup_divergent += statistics->divergent;
  if (warming && !o->save_warmup) return;
  int64_t within = warming ? iteration : iteration - o->iter_warmup;
  carry_rows(run, seat);
  if ((within + 1) % o->thin != 0) return;
  size_t dim = (size_t) run->result->dim;
  memcpy(chain->draws + (size_t) chain->n_draws * dim, rp_chain_state_position(seat->state), dim * sizeof(double));
  chain->statistics[chain->n_draws] = *statistics;
  chain->n_draws++;
  chain->n_warmup += warming;
}

/* The rows of warm-up follow when the centering changes, so that all rows are in the coordinates of the last. */
static void carry_rows(rp_sampling *run, rp_seat *seat) {
  rp_chain *chain = seat->chain;
  if (!seat->centering || chain->n_draws > chain->n_warmup) return;
  const double *now = rp_centering_values(seat->centering);
  size_t bytes = 2 * (size_t) run->target->n_centered * sizeof *now;
  if (memcmp(now, seat->rows_centering, bytes) == 0) return;
  rp_centering_carry(seat->centering, seat->rows_centering, chain->draws, chain->n_draws);
  memcpy(seat->rows_centering, now, bytes);
}

/* Fails in the chain's status. */
static void save(rp_sampling *run, rp_seat *seat, rp_chain_saved *saved) {
  rp_chain *chain = seat->chain;
  const int64_t n = chain->n_draws * run->result->dim;
  const int may_be_carried = seat->centering && n > 0 && chain->n_draws == chain->n_warmup;
  chain->iterations = rp_chain_state_iteration(seat->state);
  rp_archive archive = rp_archive_count();
  archive_seat(run, seat, &archive);
  double *numbers = malloc((size_t) archive.at * sizeof *numbers);
  double *rows = may_be_carried ? malloc((size_t) n * sizeof *rows) : NULL;
  if (!numbers || (may_be_carried && !rows)) {
    free(numbers);
    free(rows);
    rp_fail_memory(&chain->status, "the state of a chain");
    return;
  }
  if (rows) memcpy(rows, chain->draws, (size_t) n * sizeof *rows);
  free(saved->numbers);
  free(saved->rows);
  *saved = (rp_chain_saved){
      .numbers = numbers, .n = archive.at, .n_draws = chain->n_draws, .n_warmup = chain->n_warmup, .rows = rows};
  archive = rp_archive_save(numbers, saved->n);
  archive_seat(run, seat, &archive);
}

/* Begins with the numbers of rows and iterations, which whoever keeps the rows needs to know. */
static void archive_seat(const rp_sampling *run, rp_seat *seat, rp_archive *archive) {
  rp_chain *chain = seat->chain;
  int64_t *counts[] = {&chain->n_draws,          &chain->n_warmup,         &chain->iterations,
                       &chain->warmup_divergent, &chain->gradients_warmup, &seat->n_gradients_saved};
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
    rp_archive_integer(archive, counts[k], 0, INT64_C(1) << 53);
  rp_archive_numbers(archive, &chain->seconds_warmup, 1);
  rp_archive_numbers(archive, &chain->seconds_sampling, 1);
  if (seat->centering) {
    rp_centering_archive(seat->centering, archive);
    rp_archive_numbers(archive, seat->rows_centering, 2 * run->target->n_centered);
  }
  rp_chain_state_archive(seat->state, archive);
}

static void report(const rp_sampling *run, rp_seat *seat) {
  rp_live *live = seat->live;
  const rp_nuts_stats *statistics = rp_chain_state_statistics(seat->state);
  const int64_t iteration = rp_chain_state_iteration(seat->state);
  atomic_store_explicit(&live->iteration, iteration, memory_order_relaxed);
  atomic_store_explicit(&live->step_size, statistics->step_size, memory_order_relaxed);
  atomic_store_explicit(&live->accept_stat, statistics->accept_stat, memory_order_relaxed);
  atomic_store_explicit(&live->tree_depth, statistics->tree_depth, memory_order_relaxed);
  atomic_store_explicit(&live->n_gradients, seat->n_gradients, memory_order_relaxed);
  if (iteration > run->options->iter_warmup && statistics->divergent)
    atomic_fetch_add_explicit(&live->n_divergent, 1, memory_order_relaxed);
}

/* Time and gradients up to now, as those of warm-up or of sampling. */
static void count_time(const rp_sampling *run, rp_seat *seat) {
  rp_chain *chain = seat->chain;
  const double seconds = seat->seconds + rp_seconds_since(&seat->start);
  if (rp_chain_state_iteration(seat->state) <= run->options->iter_warmup) {
    chain->seconds_warmup = seconds;
    chain->gradients_warmup = seat->n_gradients;
  }
  chain->seconds_sampling = seconds - chain->seconds_warmup;
  chain->gradients_sampling = seat->n_gradients - chain->gradients_warmup;
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

double rp_seconds_since(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double) (now.tv_sec - start->tv_sec) + 1e-9 * (double) (now.tv_nsec - start->tv_nsec);
}
