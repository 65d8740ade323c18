/* A chain that was saved and loaded again goes on bit for bit as one that never stopped: in warm-up and after it, at
 * the end of an iteration and within one, for every schedule and metric, with adapted centering. */
#include "../../src/infer/chains.h"
#include "centered_target.h"
#include "check.h"

enum { WARMUP = 150, SAMPLING = 50, ROWS = WARMUP + SAMPLING };

typedef struct {
  rp_target target;
  rp_nuts_options options;
  rp_potential potential;
  rp_centering *centering;
  rp_chain_state *state;
  rp_status status;
} chain_parts;

static void build(chain_parts *p) {
  rp_status_clear(&p->status);
  CHECK(p->target.open(p->target.context, &p->potential, &p->status) == RP_OK);
  p->centering = rp_centering_new(&p->target, &p->potential, NULL, &p->status);
  p->state = rp_chain_state_new(p->target.dim, &p->options, 11, 3, NULL, &p->status);
  CHECK(p->centering && p->state);
  rp_chain_state_center(p->state, p->centering);
}

static void tear(chain_parts *p) {
  rp_chain_state_free(p->state);
  rp_centering_free(p->centering);
  p->target.close(&p->potential);
}

static void visit(chain_parts *p, rp_archive *archive) {
  rp_centering_archive(p->centering, archive);
  rp_chain_state_archive(p->state, archive);
}

static double *save(chain_parts *p, int64_t *n) {
  rp_archive archive = rp_archive_count();
  visit(p, &archive);
  *n = archive.at;
  double *numbers = malloc((size_t) *n * sizeof *numbers);
  archive = rp_archive_save(numbers, *n);
  visit(p, &archive);
  return numbers;
}

static rp_code load(chain_parts *p, const double *numbers, int64_t n) {
  rp_archive archive = rp_archive_load(numbers, n);
  visit(p, &archive);
  return rp_archive_end(&archive, &p->status);
}

/* Runs the chain and moves it into new memory after every so many evaluations or draws (0: never), `moves` times at
 * most: an iteration that is cut short begins anew, so it must be let alone some time. */
static void run(rp_nuts_options options, int64_t every_evaluation, int64_t every_draw, int moves, double *rows) {
  chain_parts p = {.target = target_of(NULL), .options = options};
  build(&p);
  int64_t evaluations = 0, n;
  const double *q;
  while ((q = rp_chain_state_request(p.state)) != NULL) {
    double log_density;
    const double *gradient;
    p.potential.evaluate(p.potential.state, q, &log_density, &gradient);
    evaluations++;
    int drawn = rp_chain_state_answer(p.state, log_density, gradient) == RP_CHAIN_DRAW;
    int64_t draws = rp_chain_state_iteration(p.state);
    if (drawn) memcpy(rows + (draws - 1) * DIM, rp_chain_state_position(p.state), DIM * sizeof *rows);
    int due = every_evaluation ? evaluations % every_evaluation == 0 : every_draw && drawn && draws % every_draw == 0;
    if (!due || moves-- <= 0) continue;
    double *numbers = save(&p, &n);
    tear(&p);
    build(&p);
    CHECK(load(&p, numbers, n) == RP_OK);
    free(numbers);
  }
  tear(&p);
}

static void check_moved(rp_nuts_options options) {
  static double whole[ROWS * DIM], moved[ROWS * DIM];
  options.iter_warmup = WARMUP;
  options.iter_sampling = SAMPLING;
  run(options, 0, 0, 0, whole);
  for (int64_t every = 1; every < 40; every += 12) {
    memset(moved, 0, sizeof moved);
    run(options, 0, every, 1000, moved);
    CHECK(memcmp(whole, moved, sizeof whole) == 0);
    memset(moved, 0, sizeof moved);
    run(options, 20 + every, 0, 60, moved);
    CHECK(memcmp(whole, moved, sizeof whole) == 0);
  }
}

static void check_schedules(void) {
  static const int64_t start[3] = {0, 2, 5}, coordinate[5] = {0, 1, 2, 3, 5};
  static const rp_blocks blocks = {.n = 2, .start = start, .coordinate = coordinate};
  for (int schedule = 0; schedule < RP_SCHEDULE_COUNT; schedule++) {
    for (int kind = 0; kind < RP_METRIC_COUNT; kind++) {
      rp_nuts_options options = rp_nuts_options_default();
      options.schedule = (rp_schedule_kind) schedule;
      options.metric = (rp_metric_kind) kind;
      if (kind == RP_METRIC_BLOCKS) options.blocks = &blocks;
      if (schedule != RP_SCHEDULE_STAN || kind != RP_METRIC_LOWRANK) check_moved(options);
    }
  }
  rp_nuts_options options = rp_nuts_options_default();
  options.static_steps = 7;
  options.step_size_jitter = 0.3;
  options.max_treedepth_warmup = 5;
  check_moved(options);
}

static void check_refused(void) {
  chain_parts p = {.target = target_of(NULL), .options = rp_nuts_options_default()};
  build(&p);
  int64_t n;
  double *numbers = save(&p, &n);
  CHECK(load(&p, numbers, n) == RP_OK);
  CHECK(load(&p, numbers, n - 1) == RP_BAD_ARGUMENT);
  CHECK_TEXT(p.status.message, "the saved state of a chain does not belong to this model and sampler");
  for (int64_t i = 0; i < n; i++) {
    double kept = numbers[i];
    numbers[i] = NAN;
    load(&p, numbers, n); /* is refused or loads: it must not crash */
    numbers[i] = -1e300;
    load(&p, numbers, n);
    numbers[i] = kept;
  }
  free(numbers);
  tear(&p);
}

/* ---- chains ---- */

typedef struct {
  rp_chains *chains;
  int polls, stop_at, checkpoints;
  rp_chain_saved last; /* of chain 0, copied */
  double *rows;
} watcher;

static int interrupted(void *context) {
  watcher *w = context;
  return w->stop_at && ++w->polls >= w->stop_at;
}

static void checkpoint(void *context) {
  watcher *w = context;
  const rp_chain *chain = &w->chains->chain[0];
  w->checkpoints++;
  if (!chain->shown || !chain->shown->numbers) return;
  free(w->last.numbers);
  free(w->rows);
  w->last = *chain->shown;
  size_t bytes = (size_t) w->last.n * sizeof(double), row_bytes = (size_t) (w->last.n_draws * DIM) * sizeof(double);
  w->last.numbers = memcpy(malloc(bytes + 1), chain->shown->numbers, bytes);
  w->rows = memcpy(malloc(row_bytes + 1), chain->shown->rows ? chain->shown->rows : chain->draws, row_bytes);
}

static rp_chains sample(rp_nuts_options options, int32_t n_chains, const rp_chain_past *past, watcher *w) {
  rp_target target = target_of(NULL);
  rp_chains_plan plan = {.n_chains = n_chains, .cores = 2, .seed = 11, .past = past};
  rp_chains_hooks hooks = {.context = w, .interrupted = interrupted, .checkpoint = checkpoint};
  static rp_chains chains;
  rp_status status;
  rp_status_clear(&status);
  w->chains = &chains;
  CHECK(rp_chains_run(&target, &options, &plan, &hooks, &chains, &status) == RP_OK);
  CHECK_TEXT(status.message, "");
  return chains;
}

static void past_of(const rp_chains *chains, rp_chain_past *past) {
  for (int32_t c = 0; c < chains->n_chains; c++) {
    const rp_chain *chain = &chains->chain[c];
    past[c] = (rp_chain_past){chain->saved.numbers, chain->saved.n, chain->draws, chain->statistics, chain->n_draws};
  }
}

static void check_same(const rp_chain *a, const rp_chain *b) {
  CHECK(a->n_draws == b->n_draws && a->n_warmup == b->n_warmup && a->step_size == b->step_size);
  CHECK(memcmp(a->draws, b->draws, (size_t) (a->n_draws * DIM) * sizeof(double)) == 0);
  CHECK(memcmp(a->centering, b->centering, 2 * (N + 1) * sizeof(double)) == 0);
  CHECK(memcmp(a->inverse_metric, b->inverse_metric, DIM * sizeof(double)) == 0);
  CHECK(a->gradients_warmup == b->gradients_warmup && a->gradients_sampling == b->gradients_sampling);
  for (int64_t i = 0; i < a->n_draws; i++) CHECK(a->statistics[i].energy == b->statistics[i].energy);
}

/* 300 iterations continued by 300 are 600; warm-up rows are kept with them. */
static void check_continued(void) {
  rp_nuts_options options = rp_nuts_options_default();
  options.schedule = RP_SCHEDULE_FAST;
  options.iter_warmup = 200;
  options.save_warmup = 1;
  options.iter_sampling = 600;
  options.thin = 4;
  watcher w = {.stop_at = 0};
  rp_chains whole = sample(options, 2, NULL, &w);
  options.iter_sampling = 300;
  rp_chains half = sample(options, 2, NULL, &w);
  rp_chain_past past[2];
  past_of(&half, past);
  options.iter_sampling = 600;
  rp_chains two_halves = sample(options, 2, past, &w);
  for (int c = 0; c < 2; c++) check_same(&whole.chain[c], &two_halves.chain[c]);
  CHECK(whole.chain[0].n_warmup == 50 && whole.chain[0].n_draws == 200);
  rp_chains_free(&whole);
  rp_chains_free(&half);
  rp_chains_free(&two_halves);
}

/* Stopped by the user after 50 ms and more, wherever that is, and taken up until it is done; the last snapshot leads to
 * the same draws. */
static void check_interrupted(void) {
  rp_nuts_options options = rp_nuts_options_default();
  options.schedule = RP_SCHEDULE_FAST;
  options.iter_warmup = 400;
  options.save_warmup = 1;
  options.iter_sampling = 400000;
  options.thin = 100;
  watcher w = {.stop_at = 0}, v = {.stop_at = 3};
  rp_chains whole = sample(options, 2, NULL, &w), part = sample(options, 2, NULL, &v);
  CHECK(v.chains->chain[0].status.code == RP_INTERRUPTED && part.chain[0].n_draws < whole.chain[0].n_draws);
  rp_chain_past past[2];
  past_of(&part, past);
  watcher never = {.stop_at = 0};
  rp_chains rest = sample(options, 2, past, &never);
  for (int c = 0; c < 2; c++) check_same(&whole.chain[c], &rest.chain[c]);
  rp_chains_free(&rest);

  CHECK(v.checkpoints > 0 && v.last.numbers != NULL);
  past[0] = (rp_chain_past){v.last.numbers, v.last.n, v.rows, part.chain[0].statistics, v.last.n_draws};
  rest = sample(options, 1, past, &never);
  check_same(&whole.chain[0], &rest.chain[0]);
  rp_chains_free(&rest);
  rp_chains_free(&whole);
  rp_chains_free(&part);
  watcher *all[] = {&w, &v, &never};
  for (int k = 0; k < 3; k++) {
    free(all[k]->last.numbers);
    free(all[k]->rows);
  }
}

int main(void) {
  check_schedules();
  check_refused();
  check_continued();
  check_interrupted();
  return check_done("resume");
}
