/* Stan's warm-up: fast, doubling slow, and fast windows.  Stan has no centering to adapt: here it is chosen at the
 * end of each window but the last two, so that the last metric is that of the final coordinates. */
#include <stdlib.h>

#include "warmup.h"

enum { FIRST_WINDOW = 75, BASE_WINDOW = 25, LAST_WINDOW = 50, SHORTEST = 20 };

static rp_code prepare(rp_warmup *warmup, rp_status *status);
static void start(rp_warmup *warmup, const double *position, const double *gradient);
static int update(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                  const double *gradient);
static void add(rp_warmup *warmup, const double *position);
static void learn_metric(rp_warmup *warmup);

const rp_schedule rp_schedule_stan = {"stan", prepare, start, update};

int32_t rp_stan_windows(int64_t n, int64_t *last) {
  int32_t count = 0;
  if (n < SHORTEST) {
    if (n > 0) last[count++] = n - 1;
    return count;
  }
  int64_t first = FIRST_WINDOW, size = BASE_WINDOW, end = LAST_WINDOW;
  if (first + size + end > n) {
    first = (int64_t) (0.15 * (double) n);
    end = (int64_t) (0.1 * (double) n);
    size = n - first - end;
  }
  last[count++] = first - 1;
  int64_t at = first, slow_end = n - end;
  while (at < slow_end) {
    /* a window whose successor of twice the size would not fit takes all that is left */
    int64_t stop = at + size;
    if (stop + 2 * size > slow_end) stop = slow_end;
    last[count++] = stop - 1;
    at = stop;
    size *= 2;
  }
  last[count++] = n - 1;
  return count;
}

static rp_code prepare(rp_warmup *warmup, rp_status *status) {
  warmup->window_end = calloc(RP_MAX_WINDOWS, sizeof *warmup->window_end);
  if (!warmup->window_end) return rp_fail_memory(status, "warm-up");
  warmup->n_windows = rp_stan_windows(warmup->iterations, warmup->window_end);
  const rp_metric *metric = warmup->metric;
  if (metric->kind == RP_METRIC_UNIT) return RP_OK;
  if (metric->kind == RP_METRIC_LOWRANK)
    return rp_fail(status, RP_UNSUPPORTED, NULL, "A low-rank metric needs the \"fast\" warm-up.");
  warmup->block_draws = calloc((size_t) metric->blocks.n + 1, sizeof *warmup->block_draws);
  if (!warmup->block_draws) return rp_fail_memory(status, "warm-up");
  for (int32_t b = 0; b < metric->blocks.n && status->code == RP_OK; b++) {
    int64_t n;
    rp_metric_block(metric, b, &n);
    rp_moments_init(&warmup->block_draws[b], n, 1, status);
  }
  return status->code == RP_OK ? rp_moments_init(&warmup->draws, metric->dim, 0, status) : status->code;
}

static void start(rp_warmup *warmup, const double *position, const double *gradient) {
  (void) position;
  (void) gradient;
  warmup->window = 0;
}

static int update(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                  const double *gradient) {
  rp_dual_averaging_update(&warmup->dual, warmup->adapt_delta - stats->accept_stat);
  int centers = warmup->centering && warmup->window < warmup->n_windows - 2;
  if (centers && stats->moved && !stats->divergent) rp_centering_add(warmup->centering, position, gradient);
  int slow = warmup->window > 0 && warmup->window < warmup->n_windows - 1 && warmup->metric->kind != RP_METRIC_UNIT;
  if (slow) add(warmup, position);
  if (iteration < warmup->window_end[warmup->window]) return 0;
  warmup->window++;
  int asks = centers ? rp_warmup_recenter(warmup, position) : 0;
  if (!slow) return asks;
  learn_metric(warmup);
  return asks | RP_WARMUP_SEARCH;
}

static void add(rp_warmup *warmup, const double *position) {
  const rp_blocks *blocks = &warmup->metric->blocks;
  rp_moments_add(&warmup->draws, position);
  for (int32_t b = 0; b < blocks->n; b++) {
    for (int64_t i = blocks->start[b]; i < blocks->start[b + 1]; i++)
      warmup->gathered[i - blocks->start[b]] = position[blocks->coordinate[i]];
    rp_moments_add(&warmup->block_draws[b], warmup->gathered);
  }
}

/* Sample (co)variance shrunk towards 1e-3 I with the weight of five draws (Stan's regularisation). */
static void regularise(const rp_moments *draws, double *to) {
  int64_t dim = draws->dim, size = draws->full ? dim * dim : dim;
  double n = (double) draws->n, weight = n / (n + 5) / (n - 1);
  for (int64_t i = 0; i < size; i++) {
    int diagonal = !draws->full || i % (dim + 1) == 0;
    to[i] = weight * draws->squares[i] + (diagonal ? 1e-3 * 5 / (n + 5) : 0);
  }
}

/* Ends the window. */
static void learn_metric(rp_warmup *warmup) {
  rp_metric *metric = warmup->metric;
  if (warmup->draws.n >= 2) {
    if (metric->kind != RP_METRIC_DENSE) regularise(&warmup->draws, warmup->inverse);
    for (int32_t b = 0; b < metric->blocks.n; b++) {
      int64_t n;
      regularise(&warmup->block_draws[b], warmup->inverse + rp_metric_block(metric, b, &n));
    }
    rp_metric_set(metric, warmup->inverse);
  }
  rp_moments_reset(&warmup->draws);
  for (int32_t b = 0; b < metric->blocks.n; b++) rp_moments_reset(&warmup->block_draws[b]);
}
