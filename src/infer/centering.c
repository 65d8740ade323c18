#include "centering.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A window's c counts as much as so many draws of the old one; windows with fewer draws than the other are not used. */
static const double SHRINKAGE = 5;
enum { FEWEST_DRAWS = 8 };
/* Largest c times the sd of log s where the data do not rule down to the smallest s. */
static const double NECK = 0.2;
/* Below this (s/s0)^(1-c) a score at x cannot be had from one at z. */
static const double SMALLEST_STRETCH = 1e-150;

/* Of one element, over the draws of a window (Welford 1962). Doubles only: it is archived as an array of them. */
typedef struct {
  double n, mean_a, mean_l, squares_a, products_la, mean_log_s, squares_log_s, least_log_s;
} rp_score_sums;

struct rp_centering {
  const rp_target *target;
  const rp_potential *potential;
  double *values, *previous; /* n c's, n s0's */
  rp_score_sums *sums;
};

static void add_scores(rp_score_sums *sums, double a, double l, double log_s);
static double widen_neck(const rp_score_sums *sums, double share);
static int choose(const rp_score_sums *sums, double *c, double *s0);
static double stretch_of(double c, double s0, double log_s) { return exp((1 - c) * (log_s - log(s0))); }

rp_centering *rp_centering_new(const rp_target *target, const rp_potential *potential, const double *start,
                               rp_status *status) {
  size_t n = (size_t) target->n_centered;
  rp_centering *centering = calloc(1, sizeof *centering);
  if (centering) {
    centering->values = calloc(2 * n + 1, sizeof(double));
    centering->previous = calloc(2 * n + 1, sizeof(double));
    centering->sums = calloc(n + 1, sizeof *centering->sums);
  }
  if (!centering || !centering->values || !centering->previous || !centering->sums) {
    rp_fail_memory(status, "the centering");
    rp_centering_free(centering);
    return NULL;
  }
  centering->target = target;
  centering->potential = potential;
  for (size_t i = 0; i < n; i++) {
    centering->values[i] = start ? start[i] : target->coordinate[i] < 0 ? 0 : RP_CENTERING_START;
    centering->values[n + i] = start ? start[n + i] : 1;
  }
  potential->center(potential->state, centering->values, centering->values + n);
  return centering;
}

void rp_centering_free(rp_centering *centering) {
  if (!centering) return;
  free(centering->values);
  free(centering->previous);
  free(centering->sums);
  free(centering);
}

const double *rp_centering_values(const rp_centering *centering) { return centering->values; }

void rp_centering_add(rp_centering *centering, const double *position, const double *gradient) {
  int64_t n = centering->target->n_centered;
  const double *c = centering->values, *s0 = c + n;
  rp_probe at;
  centering->potential->probe(centering->potential->state, position, &at);
  for (int64_t i = 0; i < n; i++) {
    int64_t k = centering->target->coordinate[i];
    if (k < 0) continue;
    double stretch = stretch_of(c[i], s0[i], at.log_scale[i]);
    if (!(stretch >= SMALLEST_STRETCH)) continue;
    double a = gradient[k] / stretch, l = a - at.score[i];
    if (isfinite(a) && isfinite(l) && isfinite(at.log_scale[i])) add_scores(&centering->sums[i], a, l, at.log_scale[i]);
  }
}

int64_t rp_centering_update(rp_centering *centering, const double *position, double *carried) {
  int64_t n = centering->target->n_centered, changed = 0;
  double *c = centering->values, *s0 = c + n;
  memcpy(carried, position, (size_t) centering->target->dim * sizeof *carried);
  memcpy(centering->previous, centering->values, 2 * (size_t) n * sizeof *c);
  rp_probe at;
  centering->potential->probe(centering->potential->state, position, &at);
  for (int64_t i = 0; i < n; i++) {
    int64_t k = centering->target->coordinate[i];
    double new_c = c[i], new_s0 = s0[i];
    if (k < 0 || !choose(&centering->sums[i], &new_c, &new_s0)) continue;
    double z = at.residual[i] / stretch_of(new_c, new_s0, at.log_scale[i]) + new_c * at.location[i];
    if (!isfinite(z)) continue;
    carried[k] = z;
    c[i] = new_c;
    s0[i] = new_s0;
    changed++;
  }
  memset(centering->sums, 0, (size_t) n * sizeof *centering->sums);
  if (changed) centering->potential->center(centering->potential->state, c, s0);
  return changed;
}

void rp_centering_undo(rp_centering *centering) {
  int64_t n = centering->target->n_centered;
  memcpy(centering->values, centering->previous, 2 * (size_t) n * sizeof *centering->values);
  centering->potential->center(centering->potential->state, centering->values, centering->values + n);
}

void rp_centering_carry(rp_centering *centering, const double *from, double *rows, int64_t n_rows) {
  int64_t n = centering->target->n_centered, dim = centering->target->dim;
  const rp_potential *potential = centering->potential;
  const double *c = centering->values, *s0 = c + n;
  potential->center(potential->state, from, from + n);
  for (int64_t r = 0; r < n_rows; r++) {
    double *position = rows + r * dim;
    rp_probe at;
    potential->probe(potential->state, position, &at);
    for (int64_t i = 0; i < n; i++) {
      int64_t k = centering->target->coordinate[i];
      if (k >= 0) position[k] = at.residual[i] / stretch_of(c[i], s0[i], at.log_scale[i]) + c[i] * at.location[i];
    }
  }
  potential->center(potential->state, c, s0);
}

void rp_centering_archive(rp_centering *centering, rp_archive *archive) {
  int64_t n = centering->target->n_centered;
  rp_archive_numbers(archive, centering->values, 2 * n);
  rp_archive_numbers(archive, centering->previous, 2 * n);
  rp_archive_numbers(archive, (double *) centering->sums, n * (int64_t) (sizeof *centering->sums / sizeof(double)));
  if (rp_archive_is_loading(archive))
    centering->potential->center(centering->potential->state, centering->values, centering->values + n);
}

void rp_centering_inputs(const rp_model *model, const double *c, const double *s0, double *inputs) {
  for (int32_t b = 0; b < model->n_blocks; b++) {
    int64_t base = model->blocks[b].base, n = model->blocks[b].n_events;
    for (int64_t e = 0; e < n; e++) {
      inputs[2 * base + e] = c ? c[base + e] : 0;
      inputs[2 * base + n + e] = s0 ? s0[base + e] : 1;
    }
  }
}

static void add_scores(rp_score_sums *sums, double a, double l, double log_s) {
  double n = ++sums->n, from_a = a - sums->mean_a, from_log_s = log_s - sums->mean_log_s;
  sums->mean_a += from_a / n;
  sums->mean_l += (l - sums->mean_l) / n;
  sums->squares_a += from_a * (a - sums->mean_a);
  sums->products_la += from_a * (l - sums->mean_l);
  sums->mean_log_s += from_log_s / n;
  sums->squares_log_s += from_log_s * (log_s - sums->mean_log_s);
  sums->least_log_s = n > 1 ? fmin(sums->least_log_s, log_s) : log_s;
}

/* 0: the draws do not tell. */
static int choose(const rp_score_sums *sums, double *c, double *s0) {
  if (sums->n < FEWEST_DRAWS) return 0;
  double share = fmin(fmax(sums->products_la / sums->squares_a, 0), 1), scale = exp(sums->mean_log_s);
  if (!(sums->squares_a > 0) || !isfinite(sums->squares_a) || !isfinite(sums->products_la)) return 0;
  if (!(scale > 0) || !isfinite(scale)) return 0;
  share = widen_neck(sums, share);
  *c = (sums->n * share + SHRINKAGE * *c) / (sums->n + SHRINKAGE);
  *s0 = scale;
  return 1;
}

/* The share's odds are proportional to s^2, as those of a normal likelihood. */
static double widen_neck(const rp_score_sums *sums, double share) {
  double odds = exp(2 * (sums->least_log_s - sums->mean_log_s)), sd = sqrt(sums->squares_log_s / sums->n);
  double at_least = share * odds / (share * odds + 1 - share);
  return fmin(share, fmax(NECK / sd, at_least));
}
