#include "chain_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum { STARTING = 0, SEARCHING, DRAWING, CARRYING, OVER } rp_chain_phase;

struct rp_chain_state {
  rp_nuts_options options;
  int64_t dim;
  uint64_t seed, chain;
  rp_chain_phase phase;
  int64_t iteration;
  int32_t tries, n_drawn; /* n_drawn: elements of the initial position that are drawn */
  double step_size;
  rp_metric metric;
  rp_nuts *nuts;
  rp_warmup *warmup; /* NULL when there is none */
  rp_step_search search;
  int32_t matrices_missing; /* at the end of warm-up, see rp_warmup_missing() */
  int32_t search_next; /* after the position has been carried to other coordinates */
  rp_nuts_stats statistics; /* of the last iteration; the sampler's own are reset when the next one begins */
  double *init, *position;  /* given, tried */
};

static void resume(rp_chain_state *state);
static double first_step_size(const rp_chain_state *state);
static void propose_start(rp_chain_state *state);
static rp_chain_event start(rp_chain_state *state, double log_density, const double *gradient);
static void begin_search(rp_chain_state *state, double step_size);
static void search(rp_chain_state *state);
static void begin_iteration(rp_chain_state *state);
static void end_iteration(rp_chain_state *state);
static void carry(rp_chain_state *state, double log_density, const double *gradient);
static void go_on(rp_chain_state *state);
static int all_finite(double value, const double *x, int64_t n);

rp_nuts_options rp_nuts_options_default(void) {
  return (rp_nuts_options){.iter_warmup = 1000,
                           .iter_sampling = 1000,
                           .thin = 1,
                           .schedule = RP_SCHEDULE_STAN,
                           .metric = RP_METRIC_DIAGONAL,
                           .adapt_delta = 0.8,
                           .max_treedepth = 10,
                           .init_radius = 2,
                           .init_tries = 100};
}

rp_code rp_nuts_options_check(const rp_nuts_options *o, rp_status *status) {
  const char *wrong = NULL;
  if (o->iter_warmup < 0) wrong = "iter_warmup must not be negative";
  else if (o->iter_sampling < 0) wrong = "iter_sampling must not be negative";
  else if (o->thin < 1) wrong = "thin must be at least 1";
  else if (!(o->adapt_delta > 0 && o->adapt_delta < 1)) wrong = "adapt_delta must be between 0 and 1";
  else if (o->max_treedepth < 1 || o->max_treedepth > 30) wrong = "max_treedepth must be between 1 and 30";
  else if (o->max_treedepth_warmup < 0 || o->max_treedepth_warmup > 30)
    wrong = "max_treedepth must be between 1 and 30";
  else if (!(o->step_size >= 0) || !isfinite(o->step_size)) wrong = "step_size must be positive";
  else if (!(o->step_size_jitter >= 0 && o->step_size_jitter < 1)) wrong = "step_size_jitter must be in [0, 1)";
  else if (o->static_steps < 0) wrong = "the number of leapfrog steps must be positive";
  else if (!(o->init_radius >= 0) || !isfinite(o->init_radius))
    wrong = "the radius of initial values must not be negative";
  else if (o->init_tries < 1) wrong = "at least one initial position must be tried";
  else if (o->metric >= RP_METRIC_COUNT || (o->metric == RP_METRIC_BLOCKS && !o->blocks)) wrong = "unknown metric";
  else if (o->schedule >= RP_SCHEDULE_COUNT) wrong = "unknown warm-up schedule";
  return wrong ? rp_fail(status, RP_BAD_ARGUMENT, NULL, "%s", wrong) : RP_OK;
}

rp_chain_state *rp_chain_state_new(int64_t dim, const rp_nuts_options *options, uint64_t seed, uint64_t chain,
                                   const double *init, rp_status *status) {
  if (rp_nuts_options_check(options, status) != RP_OK) return NULL;
  rp_chain_state *state = calloc(1, sizeof *state);
  if (!state) {
    rp_fail_memory(status, "a chain");
    return NULL;
  }
  state->options = *options;
  state->dim = dim;
  state->seed = seed;
  state->chain = chain;
  int32_t depth = options->max_treedepth;
  if (options->max_treedepth_warmup > depth) depth = options->max_treedepth_warmup;
  state->init = malloc((size_t) dim * sizeof(double) + 1);
  state->position = malloc((size_t) dim * sizeof(double) + 1);
  if (!state->init || !state->position) {
    rp_fail_memory(status, "a chain");
  } else if (rp_metric_init(&state->metric, options->metric, dim, options->blocks, status) == RP_OK) {
    if (options->inverse_metric && !rp_metric_set(&state->metric, options->inverse_metric))
      rp_fail(status, RP_BAD_ARGUMENT, NULL, "the inverse metric is not positive definite");
    state->nuts = rp_nuts_new(&state->metric, depth, seed, chain, status);
    if (options->iter_warmup > 0) {
      state->warmup =
          rp_warmup_new(options->schedule, options->iter_warmup, &state->metric, options->adapt_delta, status);
      if (state->warmup) state->warmup->metric_given = options->inverse_metric != NULL;
    }
  }
  if (status->code != RP_OK || !state->nuts || (options->iter_warmup > 0 && !state->warmup)) {
    rp_chain_state_free(state);
    return NULL;
  }
  for (int64_t i = 0; i < dim; i++) {
    state->init[i] = init ? init[i] : NAN;
    if (isnan(state->init[i])) state->n_drawn = 1;
  }
  propose_start(state);
  return state;
}

void rp_chain_state_free(rp_chain_state *state) {
  if (!state) return;
  rp_warmup_free(state->warmup);
  rp_nuts_free(state->nuts);
  rp_metric_clear(&state->metric);
  free(state->init);
  free(state->position);
  free(state);
}

void rp_chain_state_center(rp_chain_state *state, rp_centering *centering) {
  if (state->warmup) state->warmup->centering = centering;
}

const double *rp_chain_state_request(const rp_chain_state *state) {
  if (state->phase == OVER) return NULL;
  if (state->phase == CARRYING) return state->warmup->carried;
  return state->phase == STARTING ? state->position : rp_nuts_request(state->nuts);
}

rp_chain_event rp_chain_state_answer(rp_chain_state *state, double log_density, const double *gradient) {
  if (state->phase == STARTING) return start(state, log_density, gradient);
  if (state->phase == CARRYING) {
    carry(state, log_density, gradient);
    return RP_CHAIN_WORKING;
  }
  rp_nuts_answer(state->nuts, log_density, gradient);
  if (rp_nuts_request(state->nuts)) return RP_CHAIN_WORKING;
  if (state->phase == SEARCHING) {
    search(state);
    return RP_CHAIN_WORKING;
  }
  end_iteration(state);
  return RP_CHAIN_DRAW;
}

void rp_chain_state_archive(rp_chain_state *state, rp_archive *archive) {
  enum { MOST_TRIES = INT32_MAX };
  const rp_nuts_options *o = &state->options;
  int32_t phase = (int32_t) state->phase;
  rp_archive_integer32(archive, &phase, STARTING, OVER);
  if (phase == CARRYING && !state->warmup) archive->failed = 1;
  state->phase = (rp_chain_phase) phase;
  rp_archive_integer(archive, &state->iteration, 0, INT64_C(1) << 53);
  rp_archive_integer32(archive, &state->tries, 0, MOST_TRIES);
  rp_archive_numbers(archive, &state->step_size, 1);
  rp_archive_integer32(archive, &state->search_next, 0, 1);
  rp_archive_integer32(archive, &state->matrices_missing, 0, INT32_MAX);
  rp_archive_numbers(archive, state->position, state->dim);
  if (phase != STARTING) {
    rp_metric_archive(&state->metric, archive);
    rp_nuts_archive(state->nuts, archive);
  }
  if (state->warmup && (state->iteration < o->iter_warmup || phase == CARRYING))
    rp_warmup_archive(state->warmup, archive);
  if (rp_archive_is_loading(archive) && !archive->failed) resume(state);
}

const double *rp_chain_state_position(const rp_chain_state *state) { return rp_nuts_position(state->nuts); }
const rp_nuts_stats *rp_chain_state_statistics(const rp_chain_state *state) { return &state->statistics; }
int64_t rp_chain_state_iteration(const rp_chain_state *state) { return state->iteration; }
int32_t rp_chain_state_matrices_missing(const rp_chain_state *state) { return state->matrices_missing; }
double rp_chain_state_step_size(const rp_chain_state *state) { return state->step_size; }
const rp_metric *rp_chain_state_metric(const rp_chain_state *state) { return &state->metric; }
const double *rp_chain_state_initial(const rp_chain_state *state) { return state->position; }

/* ---- initial position ---- */

static void propose_start(rp_chain_state *state) {
  rp_random stream =
      rp_random_open((rp_random_key){state->seed, state->chain, (uint64_t) state->tries}, rp_random_site(".init", 0));
  double radius = state->options.init_radius;
  for (int64_t i = 0; i < state->dim; i++) {
    double drawn = radius * (2 * rp_random_uniform(&stream) - 1);
    state->position[i] = isnan(state->init[i]) ? drawn : state->init[i];
  }
}

static rp_chain_event start(rp_chain_state *state, double log_density, const double *gradient) {
  if (!all_finite(log_density, gradient, state->dim)) {
    if (!state->n_drawn || state->tries + 1 >= state->options.init_tries) return RP_CHAIN_FAILED;
    state->tries++;
    propose_start(state);
    return RP_CHAIN_WORKING;
  }
  rp_nuts_set(state->nuts, state->position, log_density, gradient);
  if (state->warmup) rp_warmup_start(state->warmup, state->position, gradient);
  state->step_size = state->options.step_size;
  if (state->dim > 0 && (state->warmup || state->step_size == 0)) {
    begin_search(state, first_step_size(state));
  } else {
    state->step_size = first_step_size(state);
    begin_iteration(state);
  }
  return RP_CHAIN_WORKING;
}

static double first_step_size(const rp_chain_state *state) {
  if (state->step_size > 0) return state->step_size;
  return state->warmup ? state->warmup->first_step_size : 1;
}

/* What was under way when the state was saved begins anew. */
static void resume(rp_chain_state *state) {
  if (state->phase == STARTING) propose_start(state);
  else if (state->phase == SEARCHING) begin_search(state, first_step_size(state));
  else if (state->phase != CARRYING) begin_iteration(state);
}

static int all_finite(double value, const double *x, int64_t n) {
  int finite = isfinite(value);
  for (int64_t i = 0; finite && i < n; i++) finite = isfinite(x[i]);
  return finite;
}

/* ---- step-size search ---- */

static void begin_search(rp_chain_state *state, double step_size) {
  state->phase = SEARCHING;
  state->search = rp_step_search_start(step_size);
  rp_nuts_begin_probe(state->nuts, (uint64_t) state->iteration, 0, state->search.step_size);
}

static void search(rp_chain_state *state) {
  if (rp_step_search_update(&state->search, rp_nuts_probe(state->nuts))) {
    uint32_t trial = (uint32_t) state->search.trials;
    rp_nuts_begin_probe(state->nuts, (uint64_t) state->iteration, trial, state->search.step_size);
    return;
  }
  state->step_size = state->search.step_size;
  if (state->warmup) rp_warmup_restart(state->warmup, state->step_size);
  begin_iteration(state);
}

/* ---- iterations ---- */

static void begin_iteration(rp_chain_state *state) {
  const rp_nuts_options *o = &state->options;
  if (state->iteration == o->iter_warmup + o->iter_sampling) {
    state->phase = OVER;
    return;
  }
  state->phase = DRAWING;
  int warming = state->iteration < o->iter_warmup;
  uint64_t draw = (uint64_t) state->iteration;
  double step_size = state->step_size;
  if (!warming && o->step_size_jitter > 0) {
    rp_random stream = rp_random_open((rp_random_key){state->seed, state->chain, draw}, rp_random_site(".jitter", 0));
    step_size *= 1 + o->step_size_jitter * (2 * rp_random_uniform(&stream) - 1);
  }
  int32_t depth = warming && o->max_treedepth_warmup > 0 ? o->max_treedepth_warmup : o->max_treedepth;
  if (o->static_steps > 0) rp_nuts_begin_static(state->nuts, draw, step_size, o->static_steps);
  else rp_nuts_begin(state->nuts, draw, step_size, depth);
}

static void end_iteration(rp_chain_state *state) {
  int64_t iteration = state->iteration++;
  state->statistics = *rp_nuts_statistics(state->nuts);
  if (iteration >= state->options.iter_warmup) {
    begin_iteration(state);
    return;
  }
  rp_warmup *warmup = state->warmup;
  int asks = rp_warmup_update(warmup, iteration, &state->statistics, rp_nuts_position(state->nuts),
                              rp_nuts_gradient(state->nuts));
  int last = state->iteration == state->options.iter_warmup;
  if (last) state->matrices_missing = rp_warmup_missing(warmup);
  state->step_size = last ? rp_warmup_final_step_size(warmup) : rp_warmup_step_size(warmup);
  state->search_next = (asks & RP_WARMUP_SEARCH) && !last;
  if (asks & RP_WARMUP_CARRIED) state->phase = CARRYING;
  else go_on(state);
}

static void carry(rp_chain_state *state, double log_density, const double *gradient) {
  if (all_finite(log_density, gradient, state->dim))
    rp_nuts_set(state->nuts, state->warmup->carried, log_density, gradient);
  else
    rp_centering_undo(state->warmup->centering);
  go_on(state);
}

static void go_on(rp_chain_state *state) {
  if (state->search_next) begin_search(state, state->step_size);
  else begin_iteration(state);
}
