#include "precondition.h"

#include <math.h>
#include <string.h>

/* In standard deviations, and so on. At adam's usual rate of 0.01, a parameter that is off by one gets there in tens of
 * steps, and noise costs little before the rate falls. */
static const double UNIT = 3;

/* What a block keeps: its scales and how much raw scales move for one unit of their logarithm, or with a dense
 * covariance its root (n x n, column-major). */
typedef enum { NOTHING, SCALES, ROOT } rp_kept;

static rp_kept kept(const rp_guide_block *block) {
  const int small = block->n <= RP_MOST_DENSE;
  if (block->kind == RP_GUIDE_MVN) return small ? ROOT : NOTHING;
  return block->kind == RP_GUIDE_NORMAL || (block->kind == RP_GUIDE_LOWRANK && small) ? SCALES : NOTHING;
}

static int64_t size_of(const rp_guide_block *block) {
  const rp_kept what = kept(block);
  return what == NOTHING ? 0 : what == SCALES ? 2 * block->n : block->n * block->n;
}

static void multiply(int64_t n, double by, double *vector) {
  for (int64_t i = 0; i < n; i++) vector[i] *= by;
}

/* d scale / d raw of the softplus, by the scale. */
static double slope(double scale) { return -expm1(-scale); }

static void root_gradient(int64_t n, const double *root, double *gradient);
static void root_step(int64_t n, const double *root, double *step);

int64_t rp_precondition_size(const rp_guide_block *blocks, int32_t n_blocks) {
  int64_t size = 1;
  for (int32_t b = 0; b < n_blocks; b++) size += size_of(&blocks[b]);
  return size;
}

void rp_precondition_set(const rp_guide_block *blocks, int32_t n_blocks, const double *parameters, double *state) {
  *state++ = UNIT;
  for (int32_t b = 0; b < n_blocks; b++) {
    const int64_t n = blocks[b].n;
    const double *raw = parameters + n, *below = raw + n;
    for (int64_t i = 0; kept(&blocks[b]) == SCALES && i < n; i++) {
      state[i] = rp_guide_softplus(raw[i]);
      state[n + i] = state[i] / slope(state[i]);
    }
    for (int64_t j = 0; kept(&blocks[b]) == ROOT && j < n; j++) {
      for (int64_t i = 0; i < j; i++) state[i + n * j] = 0;
      state[j + n * j] = rp_guide_softplus(raw[j]);
      for (int64_t i = j + 1; i < n; i++) state[i + n * j] = rp_guide_softplus(raw[i]) * *below++;
    }
    state += size_of(&blocks[b]);
    parameters += rp_guide_of(&blocks[b])->n_parameters(&blocks[b]);
  }
}

int rp_precondition_is_set(const double *state) { return *state != 0; }

/* The first 2 n of n_parameters are locations and raw scales. */
static void scales(int64_t n, int64_t n_parameters, double unit, const double *units, double *vector) {
  for (int64_t i = 0; i < 2 * n; i++) vector[i] = vector[i] * unit * units[i];
  multiply(n_parameters - 2 * n, unit, vector + 2 * n);
}

void rp_precondition_gradient(const rp_guide_block *blocks, int32_t n_blocks, const double *state, double *gradient) {
  const double unit = *state++;
  for (int32_t b = 0; b < n_blocks; b++) {
    const int64_t n_parameters = rp_guide_of(&blocks[b])->n_parameters(&blocks[b]);
    if (kept(&blocks[b]) == SCALES) scales(blocks[b].n, n_parameters, unit, state, gradient);
    if (kept(&blocks[b]) == ROOT) {
      multiply(n_parameters, unit, gradient);
      root_gradient(blocks[b].n, state, gradient);
    }
    state += size_of(&blocks[b]);
    gradient += n_parameters;
  }
}

void rp_precondition_step(const rp_guide_block *blocks, int32_t n_blocks, const double *state, double *step) {
  const double unit = *state++;
  for (int32_t b = 0; b < n_blocks; b++) {
    const int64_t n_parameters = rp_guide_of(&blocks[b])->n_parameters(&blocks[b]);
    if (kept(&blocks[b]) == SCALES) scales(blocks[b].n, n_parameters, unit, state, step);
    if (kept(&blocks[b]) == ROOT) {
      multiply(n_parameters, unit, step);
      root_step(blocks[b].n, state, step);
    }
    state += size_of(&blocks[b]);
    step += n_parameters;
  }
}

/* ---- private ---- */

/* The guide's root has R_ii = s_i and R_ij = s_i U_ij; its parameters are the location, raw scales, and U below the
 * diagonal. In place of these, w has a location and dW (its diagonal, then the rest): dR = R dW, so that
 *   d s_i = dR_ii,  d U_ij = (dR_ij - U_ij d s_i) / s_i. */
static void root_step(int64_t n, const double *root, double *step) {
  double *diagonal = step + n, *below = diagonal + n;
  double column[RP_MOST_DENSE] = {0};
  for (int64_t k = 0; k < n; k++)
    for (int64_t i = k; i < n; i++) column[i] += root[i + n * k] * step[k];
  memcpy(step, column, (size_t) n * sizeof *step);
  for (int64_t j = 0; j < n; j++) { /* of dR, below the diagonal */
    for (int64_t i = j + 1; i < n; i++) column[i] = root[i + n * j] * diagonal[j];
    for (int64_t k = j + 1; k < n; k++)
      for (int64_t i = k; i < n; i++) column[i] += root[i + n * k] * below[k - j - 1];
    for (int64_t i = j + 1; i < n; i++) *below++ = column[i];
  }
  below = diagonal + n;
  for (int64_t i = 0; i < n; i++) diagonal[i] *= root[i + n * i];
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j + 1; i < n; i++, below++) {
      const double scale = root[i + n * i];
      *below = (*below - root[i + n * j] / scale * diagonal[i]) / scale;
    }
  }
  for (int64_t i = 0; i < n; i++) diagonal[i] /= slope(root[i + n * i]);
}

static void root_gradient(int64_t n, const double *root, double *gradient) {
  double *diagonal = gradient + n, *below = diagonal + n;
  for (int64_t i = 0; i < n; i++) diagonal[i] /= slope(root[i + n * i]);
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j + 1; i < n; i++, below++) {
      const double scale = root[i + n * i];
      diagonal[i] -= *below * root[i + n * j] / (scale * scale);
      *below /= scale;
    }
  }
  below = diagonal + n;
  for (int64_t j = 0; j < n; j++) { /* columns of R' dR, from the diagonal down */
    double sum = root[j + n * j] * diagonal[j];
    for (int64_t i = j + 1; i < n; i++) sum += root[i + n * j] * below[i - j - 1];
    diagonal[j] = sum;
    for (int64_t k = j + 1; k < n; k++) {
      sum = 0;
      for (int64_t i = k; i < n; i++) sum += root[i + n * k] * below[i - j - 1];
      below[k - j - 1] = sum;
    }
    below += n - j - 1;
  }
  for (int64_t k = 0; k < n; k++) {
    double sum = 0;
    for (int64_t i = k; i < n; i++) sum += root[i + n * k] * gradient[i];
    gradient[k] = sum;
  }
}
