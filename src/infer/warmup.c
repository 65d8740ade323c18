#include "warmup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const rp_schedule *const schedules[RP_SCHEDULE_COUNT] = {&rp_schedule_stan, &rp_schedule_fast};

rp_schedule_kind rp_schedule_from_name(const char *name) {
  int kind = 0;
  while (kind < RP_SCHEDULE_COUNT && strcmp(schedules[kind]->name, name) != 0) kind++;
  return (rp_schedule_kind) kind;
}

rp_warmup *rp_warmup_new(rp_schedule_kind kind, int64_t iterations, rp_metric *metric, double adapt_delta,
                         rp_status *status) {
  rp_warmup *warmup = calloc(1, sizeof *warmup);
  if (!warmup) {
    rp_fail_memory(status, "warm-up");
    return NULL;
  }
  warmup->schedule = schedules[kind];
  warmup->metric = metric;
  warmup->iterations = iterations;
  warmup->adapt_delta = adapt_delta;
  warmup->first_step_size = 1;
  warmup->dual = rp_dual_averaging_start(0);
  warmup->inverse = malloc((size_t) metric->size * sizeof(double) + 1);
  warmup->carried = calloc((size_t) metric->dim + 1, sizeof(double));
  warmup->gathered = malloc((size_t) metric->dim * sizeof(double) + 1);
  int missing = !warmup->inverse || !warmup->carried || !warmup->gathered;
  if (missing) rp_fail_memory(status, "warm-up");
  if (missing || warmup->schedule->prepare(warmup, status) != RP_OK) {
    rp_warmup_free(warmup);
    return NULL;
  }
  return warmup;
}

void rp_warmup_free(rp_warmup *warmup) {
  if (!warmup) return;
  rp_moments_clear(&warmup->draws);
  for (int i = 0; i < 2; i++) {
    rp_moments_clear(&warmup->draws_of[i]);
    rp_moments_clear(&warmup->gradients_of[i]);
  }
  for (int32_t b = 0; warmup->block_draws && b < warmup->metric->blocks.n; b++)
    rp_moments_clear(&warmup->block_draws[b]);
  free(warmup->block_draws);
  rp_recent_clear(&warmup->recent);
  rp_fisher_work_clear(&warmup->work);
  free(warmup->window_end);
  free(warmup->has_matrix);
  free(warmup->gathered);
  free(warmup->inverse);
  free(warmup->carried);
  free(warmup);
}

void rp_warmup_start(rp_warmup *warmup, const double *position, const double *gradient) {
  warmup->schedule->start(warmup, position, gradient);
}

int rp_warmup_update(rp_warmup *warmup, int64_t iteration, const rp_nuts_stats *stats, const double *position,
                     const double *gradient) {
  return warmup->schedule->update(warmup, iteration, stats, position, gradient);
}

int rp_warmup_recenter(rp_warmup *warmup, const double *position) {
  if (!warmup->centering) return 0;
  return rp_centering_update(warmup->centering, position, warmup->carried) > 0 ? RP_WARMUP_CARRIED : 0;
}

int32_t rp_warmup_missing(const rp_warmup *warmup) {
  const rp_metric *metric = warmup->metric;
  int32_t missing = 0;
  for (int32_t b = 0; warmup->has_matrix && b < metric->blocks.n; b++)
    missing += metric->blocks.start[b + 1] - metric->blocks.start[b] > 1 && !warmup->has_matrix[b];
  if (warmup->has_matrix && metric->kind == RP_METRIC_LOWRANK) missing = metric->dim > 1 && !warmup->has_matrix[0];
  return missing;
}

void rp_warmup_restart(rp_warmup *warmup, double step_size) {
  /* Larger steps are cheaper to try than smaller ones, so the centre is ten times what was found (Hoffman & Gelman
   * 2014). */
  warmup->dual = rp_dual_averaging_start(log(10 * step_size));
  warmup->dual.x = warmup->dual.x_average = log(step_size);
}

void rp_warmup_archive(rp_warmup *warmup, rp_archive *archive) {
  rp_dual_averaging_archive(&warmup->dual, archive);
  rp_archive_numbers(archive, warmup->carried, warmup->metric->dim);
  rp_archive_integer32(archive, &warmup->window, 0, warmup->n_windows);
  rp_moments_archive(&warmup->draws, archive);
  for (int32_t b = 0; warmup->block_draws && b < warmup->metric->blocks.n; b++)
    rp_moments_archive(&warmup->block_draws[b], archive);
  for (int i = 0; i < 2; i++) {
    rp_moments_archive(&warmup->draws_of[i], archive);
    rp_moments_archive(&warmup->gradients_of[i], archive);
    rp_archive_integer(archive, &warmup->divergent_of[i], 0, INT64_C(1) << 53);
  }
  rp_archive_integer32(archive, &warmup->foreground, 0, 1);
  rp_archive_integer(archive, &warmup->switch_size, 0, INT64_C(1) << 53);
  rp_archive_integer32(archive, &warmup->metric_used, 0, 1);
  rp_archive_integer32(archive, &warmup->late, 0, 1);
  rp_recent_archive(&warmup->recent, archive);
  rp_archive_integer(archive, &warmup->matrix_draws, 0, INT64_C(1) << 53);
  const int32_t n = warmup->metric->kind == RP_METRIC_LOWRANK ? 1 : warmup->metric->blocks.n;
  for (int32_t k = 0; warmup->has_matrix && k < n; k++) rp_archive_integer32(archive, &warmup->has_matrix[k], 0, 1);
}

double rp_warmup_step_size(const rp_warmup *warmup) { return fmin(exp(warmup->dual.x), 1e7); }
double rp_warmup_final_step_size(const rp_warmup *warmup) { return fmin(exp(warmup->dual.x_average), 1e7); }

rp_code rp_moments_init(rp_moments *moments, int64_t dim, int32_t full, rp_status *status) {
  size_t n = (size_t) (full ? dim * dim : dim);
  *moments = (rp_moments){.dim = dim, .full = full};
  moments->mean = calloc((size_t) dim + 1, sizeof(double));
  moments->squares = calloc(n + 1, sizeof(double));
  if (moments->mean && moments->squares) return RP_OK;
  rp_moments_clear(moments);
  return rp_fail_memory(status, "warm-up");
}

void rp_moments_clear(rp_moments *moments) {
  free(moments->mean);
  free(moments->squares);
  moments->mean = moments->squares = NULL;
}

void rp_moments_reset(rp_moments *moments) {
  size_t dim = (size_t) moments->dim;
  moments->n = 0;
  memset(moments->mean, 0, dim * sizeof(double));
  memset(moments->squares, 0, (moments->full ? dim * dim : dim) * sizeof(double));
}

void rp_moments_add(rp_moments *moments, const double *x) {
  int64_t dim = moments->dim;
  double n = (double) ++moments->n, *mean = moments->mean;
  if (moments->full) {
    /* (x - old mean)(x - new mean)' = (n - 1) / n times the outer square of x - old mean */
    for (int64_t j = 0; j < dim; j++) {
      double weighted = (x[j] - mean[j]) * (n - 1) / n, *column = moments->squares + j * dim;
      for (int64_t i = 0; i < dim; i++) column[i] += (x[i] - mean[i]) * weighted;
    }
    for (int64_t i = 0; i < dim; i++) mean[i] += (x[i] - mean[i]) / n;
    return;
  }
  for (int64_t i = 0; i < dim; i++) {
    double delta = x[i] - mean[i];
    mean[i] += delta / n;
    moments->squares[i] += delta * (x[i] - mean[i]);
  }
}

/* Moments that the schedule does not use have no memory, and are no part of the state. */
void rp_moments_archive(rp_moments *moments, rp_archive *archive) {
  if (!moments->mean) return;
  rp_archive_integer(archive, &moments->n, 0, INT64_C(1) << 53);
  rp_archive_numbers(archive, moments->mean, moments->dim);
  rp_archive_numbers(archive, moments->squares, moments->full ? moments->dim * moments->dim : moments->dim);
}
