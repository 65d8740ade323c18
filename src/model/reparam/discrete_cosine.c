/* discrete_cosine(): y = W DCT(b^-1(x)) along a dim, with the orthonormal DCT-II (Ahmed, Natarajan and Rao 1974) and
 * weights w_k proportional to (k + 1/2)^smooth whose product is 1: what is Brownian in time is white in y at smooth =
 * 1. Auxiliary site: x_dct. */
#include <math.h>

#include "../reparam.h"

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return !message->dist.family->discrete;
}

/* Row k of the matrix is w_k sqrt(c_k / n) cos(pi (j + 1/2) k / n), c_0 = 1 and c_k = 2; its inverse the transpose
 * over w_k. */
static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  int64_t n = rp_reparam_extent(run, settings, message, "discrete_cosine");
  if (n == 0) return RP_REPARAM_PASSED;
  double *matrix = rp_pool_array(run->pool, n * n, sizeof *matrix), *inverse = rp_pool_array(run->pool, n * n, sizeof *inverse);
  if (!matrix || !inverse) return rp_fail_memory(run->status, "a discrete cosine transform"), RP_REPARAM_PASSED;
  double mean_log = 0, pi = acos(-1);
  for (int64_t k = 0; k < n; k++) mean_log += log((double) k + 0.5) / (double) n;
  for (int64_t k = 0; k < n; k++) {
    double weight = exp(settings->smooth * (log((double) k + 0.5) - mean_log)), norm = sqrt((k == 0 ? 1.0 : 2.0) / (double) n);
    for (int64_t j = 0; j < n; j++) {
      double phase = (double) ((2 * j + 1) * k % (4 * n)) / (double) (2 * n); /* reduced, so that cos is exact at its zeros */
      double element = norm * cos(pi * phase);
      matrix[k + j * n] = weight * element;
      inverse[j + k * n] = element / weight;
    }
  }
  return rp_reparam_linear(run, settings, message, "discrete_cosine", "dct", matrix, inverse);
}

const rp_reparameterizer rp_reparam_discrete_cosine = {
    .name = "discrete_cosine", .needs = "a continuous distribution", .couples = 1, .applies = applies, .latent = latent};
