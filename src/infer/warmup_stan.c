/* Stan's warm-up: fast, doubling slow, and fast windows.  Stan has no centering to adapt: here it is chosen at the
 * end of each window but the last two, so that the last metric is that of the final coordinates. */
#include <stdlib.h>

#include "warmup.h"

enum { FIRST_WINDOW = 75, BASE_WINDOW = 25, LAST_WINDOW = 50, SHORTEST = 20 };

static rp_code prepare(rp_warmup *warmup, rp_status *status);
static void start(rp_warmup *warmup, const double *position, const double *gradient);
static int update(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                  const double *gradient);
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
  if (warmup->metric->kind == RP_METRIC_UNIT) return RP_OK;
  return rp_moments_init(&warmup->draws, warmup->metric->dim, warmup->metric->kind == RP_METRIC_DENSE, status);
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
  if (slow) rp_moments_add(&warmup->draws, position);
  if (iteration < warmup->window_end[warmup->window]) return 0;
  warmup->window++;
  int asks = centers ? rp_warmup_recenter(warmup, position) : 0;
  if (!slow) return asks;
  learn_metric(warmup);
  rp_moments_reset(&warmup->draws);
  return asks | RP_WARMUP_SEARCH;
}

/* Sample (co)variance shrunk towards 1e-3 I with the weight of five draws (Stan's regularisation). */
static void learn_metric(rp_warmup *warmup) {
  const rp_moments *draws = &warmup->draws;
  int64_t dim = draws->dim, size = draws->full ? dim * dim : dim;
  double n = (double) draws->n;
  if (n < 2) return;
  double weight = n / (n + 5) / (n - 1);
  for (int64_t i = 0; i < size; i++) {
    int diagonal = !draws->full || i % (dim + 1) == 0;
    warmup->inverse[i] = weight * draws->squares[i] + (diagonal ? 1e-3 * 5 / (n + 5) : 0);
  }
  rp_metric_set(warmup->metric, warmup->inverse);
}
