/* The fast schedule, after nutpie (Seyboldt, Carlson & Carpenter): a metric from draws and gradients that is usable
 * after ten draws.  Two windows overlap: the foreground makes the metric, the background becomes the foreground when it
 * is large enough, so early draws are forgotten without starting from nothing.  With gradients a chain that is stuck
 * keeps a sane metric (its draws' and its gradients' variance shrink together), which sample variances do not. */
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
static int switch_windows(rp_warmup *warmup, int64_t iteration);
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
  int late = 1, learned = 0;
  if (iteration < last_switch) {
    int good = stats->divergent ? stats->tree_depth > DEEP_ENOUGH : stats->moved;
    if (good) add(warmup, position, gradient);
    late = switch_windows(warmup, iteration);
    learned = learn_metric(warmup);
  }
  double accept = late ? stats->accept_symmetric : stats->accept_stat;
  rp_dual_averaging_update(&warmup->dual, warmup->adapt_delta - accept);
  int search = learned && !warmup->metric_used;
  warmup->metric_used |= learned;
  return search;
}

static void add(rp_warmup *warmup, const double *position, const double *gradient) {
  for (int i = 0; i < 2; i++) {
    rp_moments_add(&warmup->draws_of[i], position);
    rp_moments_add(&warmup->gradients_of[i], gradient);
  }
}

/* Returns 1 when there is no room left for one more background window. */
static int switch_windows(rp_warmup *warmup, int64_t iteration) {
  int background = 1 - warmup->foreground;
  int64_t early_end = (int64_t) (EARLY * (double) warmup->iterations);
  int64_t last_switch = (int64_t) (FINAL * (double) warmup->iterations);
  int64_t n = warmup->draws_of[background].n;
  int early = iteration < early_end;
  if (iteration == early_end && warmup->switch_size < n) warmup->switch_size = n;
  int64_t size = early ? EARLY_SWITCH : warmup->switch_size;
  int64_t next = early ? EARLY_SWITCH : (int64_t) fmax((double) size + 1, floor(1.5 * (double) size + 0.5));
  int late = iteration + next > last_switch;
  if (n >= size && !late) {
    rp_moments_reset(&warmup->draws_of[warmup->foreground]);
    rp_moments_reset(&warmup->gradients_of[warmup->foreground]);
    warmup->foreground = background;
    if (!early) warmup->switch_size = next;
  }
  return late;
}

static int learn_metric(rp_warmup *warmup) {
  const rp_moments *draws = &warmup->draws_of[warmup->foreground],
                   *gradients = &warmup->gradients_of[warmup->foreground];
  if (draws->n < FEWEST_DRAWS || warmup->metric->kind == RP_METRIC_UNIT) return 0;
  for (int64_t i = 0; i < draws->dim; i++) warmup->inverse[i] = sqrt(draws->squares[i] / gradients->squares[i]);
  rp_metric_set(warmup->metric, warmup->inverse);
  return 1;
}
