/* The fast schedule, after nutpie (Seyboldt, Carlson & Carpenter): a metric from draws and gradients that is usable
 * after ten draws.  Two windows overlap: the foreground makes the metric, the background becomes the foreground when it
 * is large enough, so early draws are forgotten without starting from nothing.  With gradients a chain that is stuck
 * keeps a sane metric (its draws' and its gradients' variance shrink together), which sample variances do not.
 *
 * Where windows switch an adapted centering is chosen anew.  Draws from before then lie in other coordinates, so both
 * windows start again; the metric is kept meanwhile, which s0 permits: it keeps z on the scale of x for every c. */
#include <math.h>
#include <stddef.h>

#include "warmup.h"

static const double EARLY = 0.3, FINAL = 0.85; /* shares of the warm-up */
enum { EARLY_SWITCH = 10, MAIN_SWITCH = 80, FEWEST_DRAWS = 3, DEEP_ENOUGH = 2 };

static rp_code prepare(rp_warmup *warmup, rp_status *status);
static void start(rp_warmup *warmup, const double *position, const double *gradient);
static int update(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                  const double *gradient);
static void add(rp_warmup *warmup, const double *position, const double *gradient);
static int windows_end(rp_warmup *warmup, int64_t iteration);
static int switch_windows(rp_warmup *warmup, const double *position);
static int learn_metric(rp_warmup *warmup);

const rp_schedule rp_schedule_fast = {"fast", prepare, start, update};

static rp_code prepare(rp_warmup *warmup, rp_status *status) {
  if (warmup->metric->kind == RP_METRIC_DENSE) {
    return rp_fail(status, RP_UNSUPPORTED, NULL, "The fast warm-up has no dense metric; use the \"stan\" warm-up.");
  }
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

static void start(rp_warmup *warmup, const double *position, const double *gradient) {
  int64_t dim = warmup->metric->dim;
  add(warmup, position, gradient);
  if (warmup->metric->kind == RP_METRIC_UNIT) return;
  for (int64_t i = 0; i < dim; i++) warmup->inverse[i] = 1 / fabs(gradient[i]);
  rp_metric_set(warmup->metric, warmup->inverse);
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
    learned = learn_metric(warmup);
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
  }
  warmup->foreground = 1 - warmup->foreground;
  return asks;
}

static int learn_metric(rp_warmup *warmup) {
  const rp_moments *draws = &warmup->draws_of[warmup->foreground],
                   *gradients = &warmup->gradients_of[warmup->foreground];
  if (draws->n < FEWEST_DRAWS || warmup->metric->kind == RP_METRIC_UNIT) return 0;
  for (int64_t i = 0; i < draws->dim; i++) warmup->inverse[i] = sqrt(draws->squares[i] / gradients->squares[i]);
  rp_metric_set(warmup->metric, warmup->inverse);
  return 1;
}
