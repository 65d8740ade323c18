/* haar(): y = orthonormal Haar transform of b^-1(x) along a dim: pairs become (even + odd) / sqrt(2) and (even - odd)
 * / sqrt(2), the former are transformed again, the last element of an odd length passes through.  y holds the
 * transformed sums, the differences, the left-over; flip reverses time first.  Auxiliary site: x_haar. */
#include <math.h>

#include "../reparam.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete;
}

/* In place, with room for n numbers. */
static void haar(double *x, int64_t n, double *room) {
  int64_t half = n / 2;
  if (half == 0) return;
  for (int64_t k = 0; k < half; k++) {
    room[k] = (x[2 * k] + x[2 * k + 1]) * sqrt(0.5);
    room[half + k] = (x[2 * k] - x[2 * k + 1]) * sqrt(0.5);
  }
  for (int64_t k = 0; k < 2 * half; k++) x[k] = room[k];
  haar(x, half, room);
}

/* Column j of the matrix is the transform of unit vector j. */
static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  int64_t n = rp_reparam_extent(run, settings, message, "haar");
  if (n == 0) return RP_REPARAM_PASSED;
  double *matrix = rp_pool_array(run->pool, n * n, sizeof *matrix), *inverse = rp_pool_array(run->pool, n * n, sizeof *inverse);
  double *room = rp_pool_array(run->pool, n, sizeof *room);
  if (!matrix || !inverse || !room) return rp_fail_memory(run->status, "a Haar transform"), RP_REPARAM_PASSED;
  for (int64_t j = 0; j < n; j++) {
    double *column = matrix + j * n;
    column[settings->flip ? n - 1 - j : j] = 1;
    haar(column, n, room);
    for (int64_t k = 0; k < n; k++) inverse[j + k * n] = column[k];
  }
  return rp_reparam_linear(run, settings, message, "haar", "haar", matrix, inverse);
}

const rp_reparameterizer rp_reparam_haar = {
    .name = "haar", .needs = "a continuous distribution", .couples = 1, .applies = applies, .latent = latent};
