/* The fast schedule, after nutpie (Seyboldt, Carlson & Carpenter): a metric from draws and gradients that is usable
 * after ten draws.  Two windows overlap: the foreground makes the metric, the background becomes the foreground when it
 * is large enough, so early draws are forgotten without starting from nothing.  With gradients a chain that is stuck
 * keeps a sane metric (its draws' and its gradients' variance shrink together), which sample variances do not.
 *
 * Where windows switch an adapted centering is chosen anew.  Draws from before then lie in other coordinates, so both
 * windows start again; the metric is kept meanwhile, which s0 permits: it keeps z on the scale of x for every c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "warmup.h"

static const double EARLY = 0.3, FINAL = 0.85; /* shares of the warm-up */
enum { EARLY_SWITCH = 10, MAIN_SWITCH = 80, FEWEST_DRAWS = 3, FEWEST_DRAWS_GIVEN = 30, DEEP_ENOUGH = 2 };
/* A matrix of b coordinates needs MATRIX_SHARE b draws and never fewer than MATRIX_DRAWS, and is made anew after
 * MATRIX_EVERY more. */
static const double MATRIX_SHARE = 0.8;
enum { MATRIX_DRAWS = 30, MATRIX_EVERY = 20, MATRIX_LARGEST = 300, MOST_RECENT = 400, FEWEST_RECENT = 50 };
/* A chain that is caught where the density is narrow would keep the matrix of that place: there are none with more
 * divergences than this in the window.  Those of steps that are longer than the average come from the search for a step
 * size and do not count. */
static const double DIVERGENT_SHARE = 0.1;
static const int64_t RECENT_BYTES = INT64_C(1) << 27;

static int has_matrices(const rp_metric *metric) { return metric->blocks.n > 0 || metric->kind == RP_METRIC_LOWRANK; }
static int32_t n_matrices(const rp_metric *metric) {
  return metric->kind == RP_METRIC_LOWRANK ? 1 : metric->blocks.n;
}
static rp_code prepare(rp_warmup *warmup, rp_status *status);
static void start(rp_warmup *warmup, const double *position, const double *gradient);
static int update(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                  const double *gradient);
static rp_code prepare_matrices(rp_warmup *warmup, rp_status *status);
static int is_given(const rp_metric *metric, int32_t matrix);
static void take_variances(rp_warmup *warmup);
static void add(rp_warmup *warmup, const double *position, const double *gradient);
static int windows_end(rp_warmup *warmup, int64_t iteration);
static int switch_windows(rp_warmup *warmup, const double *position);
static int learn_metric(rp_warmup *warmup);
static int learn_matrices(rp_warmup *warmup, int64_t n);
static int fill_block(rp_warmup *warmup, int32_t block, int64_t n);

const rp_schedule rp_schedule_fast = {"fast", prepare, start, update};

int64_t rp_fast_iterations(int64_t coordinates, int centers) {
  /* a tenth of the draws may be lost to divergences and rejections */
  const double wanted = 1.1 * fmax(MATRIX_DRAWS, ceil(MATRIX_SHARE * (double) coordinates));
  enum { STEP = 50, MOST = 100000 };
  for (int64_t n = STEP; n < MOST; n += STEP) {
    rp_warmup warmup = {.iterations = n, .switch_size = MAIN_SWITCH};
    for (int64_t i = 0; i < (int64_t) (FINAL * (double) n); i++) {
      int64_t *foreground = &warmup.draws_of[warmup.foreground].n;
      int64_t *background = &warmup.draws_of[1 - warmup.foreground].n;
      ++*background;
      if ((double) ++*foreground >= wanted) return n;
      if (!windows_end(&warmup, i)) continue;
      *foreground = 0;
      if (centers) *background = 0;
      warmup.foreground = 1 - warmup.foreground;
    }
  }
  return MOST;
}

static rp_code prepare(rp_warmup *warmup, rp_status *status) {
  if (has_matrices(warmup->metric) && prepare_matrices(warmup, status) != RP_OK) return status->code;
  warmup->first_step_size = 0.1;
  warmup->switch_size = MAIN_SWITCH;
  for (int i = 0; i < 2; i++) {
    if (rp_moments_init(&warmup->draws_of[i], warmup->metric->dim, 0, status) != RP_OK ||
        rp_moments_init(&warmup->gradients_of[i], warmup->metric->dim, 0, status) != RP_OK) {
      return status->code;
    }
  }
  return RP_OK;
}

static rp_code prepare_matrices(rp_warmup *warmup, rp_status *status) {
  const rp_metric *metric = warmup->metric;
  const int lowrank = metric->kind == RP_METRIC_LOWRANK;
  int64_t largest = lowrank ? metric->dim : 0;
  for (int32_t b = 0; b < metric->blocks.n; b++) {
    int64_t n;
    rp_metric_block(metric, b, &n);
    if (n > largest) largest = n;
    if (n > MATRIX_LARGEST)
      return rp_fail(status, RP_UNSUPPORTED, NULL,
                     "The fast warm-up learns a dense metric of at most %d parameters, but these are %lld; use the "
                     "\"lowrank\" metric, or the \"stan\" warm-up.", MATRIX_LARGEST, (long long) n);
  }
  int64_t most = RECENT_BYTES / (int64_t) (2 * sizeof(double)) / (metric->dim + 1), capacity = warmup->iterations + 1;
  if (most < FEWEST_RECENT) most = FEWEST_RECENT;
  if (capacity > most) capacity = most;
  if (capacity > MOST_RECENT) capacity = MOST_RECENT;
  if (rp_recent_init(&warmup->recent, metric->dim, capacity, status) != RP_OK) return status->code;
  warmup->has_matrix = calloc((size_t) n_matrices(metric) + 1, sizeof *warmup->has_matrix);
  if (!warmup->has_matrix) return rp_fail_memory(status, "warm-up");
  return rp_fisher_work_init(&warmup->work, capacity, largest, lowrank, status);
}

static void start(rp_warmup *warmup, const double *position, const double *gradient) {
  int64_t dim = warmup->metric->dim;
  add(warmup, position, gradient);
  if (warmup->metric->kind == RP_METRIC_UNIT) return;
  if (warmup->metric_given) {
    for (int32_t k = 0; warmup->has_matrix && k < n_matrices(warmup->metric); k++)
      if ((warmup->has_matrix[k] = is_given(warmup->metric, k))) warmup->matrix_draws = 1;
    return;
  }
  for (int64_t i = 0; i < dim; i++) warmup->gathered[i] = 1 / fabs(gradient[i]);
  take_variances(warmup);
}

/* Whether the user's metric says more of it than variances. */
static int is_given(const rp_metric *metric, int32_t matrix) {
  if (metric->kind == RP_METRIC_LOWRANK) return metric->inverse[metric->dim] > 0;
  int64_t n;
  const double *inverse = metric->inverse + rp_metric_block(metric, matrix, &n);
  for (int64_t i = 0; i < n * n; i++)
    if (i % (n + 1) != 0 && inverse[i] != 0) return 1;
  return 0;
}

/* Those in `gathered`; where one is not positive and finite, what was there stays. */
static void take_variances(rp_warmup *warmup) {
  rp_metric *metric = warmup->metric;
  for (int64_t i = 0; i < metric->dim; i++) {
    double v = warmup->gathered[i];
    if (!(v > 0) || !isfinite(v)) v = metric->inverse[metric->kind == RP_METRIC_DENSE ? i * (metric->dim + 1) : i];
    warmup->gathered[i] = fmin(fmax(v, 1e-20), 1e20);
  }
  rp_status status;
  rp_status_clear(&status);
  rp_metric_convert(metric, warmup->gathered, 0, warmup->inverse, &status);
  rp_metric_set(metric, warmup->inverse);
  warmup->matrix_draws = 0;
  for (int32_t k = 0; warmup->has_matrix && k < n_matrices(metric); k++) warmup->has_matrix[k] = 0;
}

static int update(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                  const double *gradient) {
  int64_t last_switch = (int64_t) (FINAL * (double) warmup->iterations);
  int asks = 0, learned = 0;
  if (iteration < last_switch) {
    int good = stats->divergent ? stats->tree_depth > DEEP_ENOUGH : stats->moved;
    if (good) add(warmup, position, gradient);
    if (good && warmup->centering && !warmup->late) rp_centering_add(warmup->centering, position, gradient);
    if (windows_end(warmup, iteration)) asks |= switch_windows(warmup, position);
    if (stats->divergent && stats->step_size <= rp_warmup_final_step_size(warmup)) {
      for (int i = 0; i < 2; i++) warmup->divergent_of[i]++;
    }
    int matrices = warmup->matrix_draws > 0;
    learned = learn_metric(warmup);
    /* the first matrices may allow far larger steps */
    if (!matrices && warmup->matrix_draws > 0) asks |= RP_WARMUP_SEARCH;
  } else {
    warmup->late = 1;
  }
  double accept = warmup->late ? stats->accept_symmetric : stats->accept_stat;
  rp_dual_averaging_update(&warmup->dual, warmup->adapt_delta - accept);
  if (learned && !warmup->metric_used) asks |= RP_WARMUP_SEARCH;
  warmup->metric_used |= learned;
  return asks;
}

static void add(rp_warmup *warmup, const double *position, const double *gradient) {
  for (int i = 0; i < 2; i++) {
    rp_moments_add(&warmup->draws_of[i], position);
    rp_moments_add(&warmup->gradients_of[i], gradient);
  }
  if (has_matrices(warmup->metric)) rp_recent_add(&warmup->recent, position, gradient);
}

/* Whether the background has become large enough, with room for one more window after it. */
static int windows_end(rp_warmup *warmup, int64_t iteration) {
  int64_t early_end = (int64_t) (EARLY * (double) warmup->iterations);
  int64_t last_switch = (int64_t) (FINAL * (double) warmup->iterations);
  int64_t n = warmup->draws_of[1 - warmup->foreground].n;
  int early = iteration < early_end;
  if (iteration == early_end && warmup->switch_size < n) warmup->switch_size = n;
  int64_t size = early ? EARLY_SWITCH : warmup->switch_size;
  int64_t next = early ? EARLY_SWITCH : (int64_t) fmax((double) size + 1, floor(1.5 * (double) size + 0.5));
  warmup->late = iteration + next > last_switch;
  if (n < size || warmup->late) return 0;
  if (!early) warmup->switch_size = next;
  return 1;
}

static int switch_windows(rp_warmup *warmup, const double *position) {
  int asks = rp_warmup_recenter(warmup, position);
  for (int i = 0; i < 2; i++) {
    if (!asks && i != warmup->foreground) continue;
    rp_moments_reset(&warmup->draws_of[i]);
    rp_moments_reset(&warmup->gradients_of[i]);
    warmup->divergent_of[i] = 0;
  }
  if (asks) warmup->recent.added = 0;
  warmup->foreground = 1 - warmup->foreground;
  return asks;
}

static int learn_metric(rp_warmup *warmup) {
  const rp_moments *draws = &warmup->draws_of[warmup->foreground],
                   *gradients = &warmup->gradients_of[warmup->foreground];
  int64_t fewest = warmup->metric_given ? FEWEST_DRAWS_GIVEN : FEWEST_DRAWS;
  if (draws->n < fewest || warmup->metric->kind == RP_METRIC_UNIT) return 0;
  if (has_matrices(warmup->metric) && learn_matrices(warmup, draws->n)) return 1;
  for (int64_t i = 0; i < draws->dim; i++) warmup->gathered[i] = sqrt(draws->squares[i] / gradients->squares[i]);
  take_variances(warmup);
  return 1;
}

/* 0: variances are better. Matrices that are in use stay while a new window is too short for others. */
static int learn_matrices(rp_warmup *warmup, int64_t n) {
  const double divergent = (double) warmup->divergent_of[warmup->foreground];
  if (divergent > DIVERGENT_SHARE * fmax((double) n, 1 / DIVERGENT_SHARE)) return 0;
  const int in_use = warmup->matrix_draws > 0;
  const int fresh = in_use && n >= warmup->matrix_draws && n < warmup->matrix_draws + MATRIX_EVERY;
  if (n < MATRIX_DRAWS || fresh) return in_use;
  const int64_t kept = n < warmup->recent.capacity ? n : warmup->recent.capacity;
  int made = 0;
  if (warmup->metric->kind == RP_METRIC_LOWRANK) {
    made = rp_fisher_lowrank(&warmup->work, &warmup->recent, kept, warmup->inverse);
    if (made) warmup->has_matrix[0] = 1;
  } else {
    const rp_moments *draws = &warmup->draws_of[warmup->foreground],
                     *gradients = &warmup->gradients_of[warmup->foreground];
    if (warmup->metric->kind == RP_METRIC_BLOCKS)
      for (int64_t i = 0; i < draws->dim; i++) warmup->inverse[i] = sqrt(draws->squares[i] / gradients->squares[i]);
    for (int32_t b = 0; b < warmup->metric->blocks.n; b++) made |= fill_block(warmup, b, kept);
  }
  if (!made || !rp_metric_set(warmup->metric, warmup->inverse)) return in_use;
  warmup->matrix_draws = n;
  return 1;
}

/* A block with too few draws keeps what it has. */
static int fill_block(rp_warmup *warmup, int32_t block, int64_t n) {
  const rp_metric *metric = warmup->metric;
  int64_t size, at = rp_metric_block(metric, block, &size);
  const int64_t *coordinate = metric->blocks.coordinate + metric->blocks.start[block];
  if ((double) n >= MATRIX_SHARE * (double) size &&
      rp_fisher_dense(&warmup->work, &warmup->recent, n, coordinate, size, warmup->inverse + at))
    return warmup->has_matrix[block] = 1;
  memcpy(warmup->inverse + at, metric->inverse + at, (size_t) (size * size) * sizeof(double));
  return 0;
}
