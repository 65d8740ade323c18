#include "mode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/linalg_small.h"
#include "poll.h"

/* A step that promises less than this share of the tolerance need not be tried: rounding hides what it gains. */
static const double NOTHING = 0.01;

/* State of L-BFGS: minimises minus the log density. steps and changes hold `memory` vectors each, as a ring. */
typedef struct {
  rp_potential *potential;
  int64_t n;
  int32_t memory, used, next;
  double *q, *gradient, *trial, *trial_gradient, *direction, *steps, *changes, *inverse_dot, *coefficient;
} rp_lbfgs;

static rp_code root_of_inverse(double *minus_hessian, int64_t n, double *factor, double *root, rp_status *status);
static rp_code value_at(const rp_lbfgs *l, const double *q, double *gradient, double *value);
static void choose_direction(rp_lbfgs *l);
static rp_code line_search(rp_lbfgs *l, double *value, int *moved);
static void remember(rp_lbfgs *l);

static double dot(const double *a, const double *b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

rp_code rp_mode_find(rp_potential *potential, const rp_mode_options *options, double *q, double *loss, int64_t *n_done,
                     int32_t *converged, rp_status *status) {
  const int64_t n = potential->dim;
  const int32_t memory = options->memory > 0 ? options->memory : 10;
  double *space = calloc((size_t) ((4 + 2 * memory) * n + 2 * memory) + 1, sizeof *space);
  if (!space) return rp_fail_memory(status, "the search for the mode");
  rp_lbfgs l = {.potential = potential, .n = n, .memory = memory, .q = q, .gradient = space};
  l.trial = l.gradient + n;
  l.trial_gradient = l.trial + n;
  l.direction = l.trial_gradient + n;
  l.steps = l.direction + n;
  l.changes = l.steps + memory * n;
  l.inverse_dot = l.changes + memory * n;
  l.coefficient = l.inverse_dot + memory;
  double value = NAN;
  *n_done = 0;
  *converged = 0;
  rp_code code = value_at(&l, q, l.gradient, &value);
  if (code == RP_OK && !isfinite(value)) {
    code = rp_fail(status, RP_NOT_FINITE, NULL, "the log density is not finite where the search for the mode begins");
  }
  loss[0] = value;
  struct timespec polled = {0};
  while (code == RP_OK && !*converged && *n_done < options->max_iterations) {
    const double before = value;
    int moved;
    if (rp_poll_due(&polled)) {
      if (options->progress) options->progress(options->context, *n_done, options->max_iterations, value);
      if (options->interrupted && options->interrupted(options->context)) {
        code = rp_fail(status, RP_INTERRUPTED, NULL, "interrupted");
        break;
      }
    }
    choose_direction(&l);
    if (-dot(l.direction, l.gradient, n) < NOTHING * options->tolerance * (1 + fabs(value))) {
      *converged = 1;
      break;
    }
    code = line_search(&l, &value, &moved);
    if (code == RP_OK && !moved && l.used > 0) {
      l.used = 0; /* once more, straight down the gradient */
      continue;
    }
    loss[++*n_done] = value;
    *converged = !moved || before - value < options->tolerance * (1 + fabs(value));
  }
  free(space);
  return code;
}

rp_code rp_mode_spread(rp_potential *potential, const double *q, const int64_t *index, int64_t n, double *root,
                       rp_status *status) {
  const int64_t dim = potential->dim;
  double *at = malloc((size_t) (2 * dim + 2 * n * n) * sizeof *at + 1), value;
  if (!at) return rp_fail_memory(status, "the curvature at the mode");
  double *above = at + dim, *minus_hessian = above + dim, *factor = minus_hessian + n * n;
  const double *slopes;
  memcpy(at, q, (size_t) dim * sizeof *at);
  rp_code code = RP_OK;
  for (int64_t j = 0; j < n && code == RP_OK; j++) {
    const int64_t k = index ? index[j] : j;
    const double step = 6e-6 * fmax(1, fabs(q[k])); /* cube root of the precision: truncation and rounding balance */
    at[k] = q[k] + step;
    code = potential->evaluate(potential->state, at, &value, &slopes);
    if (code == RP_OK) {
      memcpy(above, slopes, (size_t) dim * sizeof *above);
      at[k] = q[k] - step;
      code = potential->evaluate(potential->state, at, &value, &slopes);
    }
    at[k] = q[k];
    for (int64_t i = 0; i < n && code == RP_OK; i++) {
      const int64_t row = index ? index[i] : i;
      minus_hessian[i + n * j] = (slopes[row] - above[row]) / (2 * step);
    }
  }
  if (code == RP_OK) code = root_of_inverse(minus_hessian, n, factor, root, status);
  free(at);
  return code;
}

/* ---- private ---- */

/* Lower Cholesky factor of the inverse of a matrix, which is overwritten. */
static rp_code root_of_inverse(double *minus_hessian, int64_t n, double *factor, double *root, rp_status *status) {
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = 0; i < j; i++) {
      minus_hessian[i + n * j] = minus_hessian[j + n * i] = 0.5 * (minus_hessian[i + n * j] + minus_hessian[j + n * i]);
    }
  }
  rp_la_cholesky(minus_hessian, n, factor);
  memset(root, 0, (size_t) (n * n) * sizeof *root);
  for (int64_t i = 0; i < n; i++) root[i + n * i] = 1;
  rp_la_tri_solve(factor, n, 1, 0, root, n); /* F^-1 of -H = F F' */
  rp_la_matmul(root, root, n, n, n, 1, 0, minus_hessian); /* (F F')^-1 */
  rp_la_cholesky(minus_hessian, n, root);
  if (n == 0 || isfinite(dot(root, root, n * n))) return RP_OK;
  return rp_fail(status, RP_NOT_FINITE, NULL,
                 "the log density does not curve down in every direction at its mode, so there is no Laplace "
                 "approximation");
}

static rp_code value_at(const rp_lbfgs *l, const double *q, double *gradient, double *value) {
  const double *slopes;
  rp_code code = l->potential->evaluate(l->potential->state, q, value, &slopes);
  if (code != RP_OK) return code;
  *value = -*value;
  for (int64_t i = 0; i < l->n; i++) gradient[i] = -slopes[i];
  return code;
}

/* The two loops of Nocedal (1980). */
static void choose_direction(rp_lbfgs *l) {
  const int64_t n = l->n;
  memcpy(l->direction, l->gradient, (size_t) n * sizeof(double));
  for (int32_t age = 0; age < l->used; age++) {
    const int32_t k = (l->next - 1 - age + 2 * l->memory) % l->memory;
    const double *step = l->steps + k * n, *change = l->changes + k * n;
    l->coefficient[k] = l->inverse_dot[k] * dot(step, l->direction, n);
    for (int64_t i = 0; i < n; i++) l->direction[i] -= l->coefficient[k] * change[i];
  }
  double scale = 1 / fmax(1, sqrt(dot(l->gradient, l->gradient, n)));
  if (l->used > 0) {
    const double *change = l->changes + ((l->next - 1 + l->memory) % l->memory) * n;
    scale = 1 / (l->inverse_dot[(l->next - 1 + l->memory) % l->memory] * dot(change, change, n));
  }
  for (int64_t i = 0; i < n; i++) l->direction[i] *= scale;
  for (int32_t age = l->used - 1; age >= 0; age--) {
    const int32_t k = (l->next - 1 - age + 2 * l->memory) % l->memory;
    const double *step = l->steps + k * n, *change = l->changes + k * n;
    const double correction = l->coefficient[k] - l->inverse_dot[k] * dot(change, l->direction, n);
    for (int64_t i = 0; i < n; i++) l->direction[i] += correction * step[i];
  }
  for (int64_t i = 0; i < n; i++) l->direction[i] = -l->direction[i];
}

/* Halves and doubles until Wolfe's weak conditions hold (Lewis & Overton 2013, algorithm 2.6). */
static rp_code line_search(rp_lbfgs *l, double *value, int *moved) {
  const double slope = dot(l->direction, l->gradient, l->n);
  double low = 0, high = INFINITY, t = 1, trial;
  *moved = 0;
  for (int k = 0; k < 60 && slope < 0; k++) {
    for (int64_t i = 0; i < l->n; i++) l->trial[i] = l->q[i] + t * l->direction[i];
    rp_code code = value_at(l, l->trial, l->trial_gradient, &trial);
    if (code != RP_OK) return code;
    if (!(trial <= *value + 1e-4 * t * slope)) {
      high = t;
    } else if (dot(l->direction, l->trial_gradient, l->n) < 0.9 * slope) {
      low = t;
    } else {
      *moved = *value > trial;
      remember(l);
      *value = trial;
      return RP_OK;
    }
    t = isfinite(high) ? 0.5 * (low + high) : 2 * low;
  }
  return RP_OK;
}

static void remember(rp_lbfgs *l) {
  const int64_t n = l->n;
  double *step = l->steps + l->next * n, *change = l->changes + l->next * n;
  for (int64_t i = 0; i < n; i++) {
    step[i] = l->trial[i] - l->q[i];
    change[i] = l->trial_gradient[i] - l->gradient[i];
  }
  memcpy(l->q, l->trial, (size_t) n * sizeof(double));
  memcpy(l->gradient, l->trial_gradient, (size_t) n * sizeof(double));
  const double product = dot(step, change, n);
  if (!(product > 0)) return;
  l->inverse_dot[l->next] = 1 / product;
  l->next = (l->next + 1) % l->memory;
  if (l->used < l->memory) l->used++;
}
