/* A multivariate normal with covariance S (I + W W') S, S a diagonal of scales, W n x rank: z = location + S (W e1 +
 * e2). Parameters: locations, raw scales, W column by column. Noise: e1 (rank), e2 (n). */
#include <math.h>
#include <stdlib.h>

#include "../core/linalg_small.h"
#include "../graph/shorthand.h"
#include "guide.h"

static int64_t rank_of(const rp_guide_block *block) {
  int64_t rank = block->rank > 0 ? block->rank : (int64_t) floor(sqrt((double) block->n) + 0.5);
  return rank < 1 ? 1 : rank > block->n ? block->n : rank;
}

static int64_t n_parameters(const rp_guide_block *block) { return (2 + rank_of(block)) * block->n; }
static int64_t n_noise(const rp_guide_block *block) { return block->n + rank_of(block); }

/* At W = 0 the gradient in W vanishes, so W starts small and random; total variance stays init_scale^2. */
static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  int64_t n = block->n, rank = rank_of(block);
  rp_guide_start_scales(block, centre, parameters);
  for (int64_t i = 0; i < n * rank; i++) parameters[2 * n + i] = 0.1 * rp_random_normal(stream) / sqrt((double) rank);
}

/* Factor analysis of the covariance by principal axes: of the correlations R, less the part of each element that is
 * its own, the leading eigenvectors; the parts are what these leave. */
rp_code rp_guide_lowrank_set(const rp_guide_block *block, const double *mean, const double *root, double *parameters,
                             rp_status *status) {
  enum { ROUNDS = 50 };
  const double least = 1e-3;
  const int64_t n = block->n, rank = rank_of(block);
  double *space = malloc((size_t) (3 * n * n + 3 * n + rp_la_eigen_symmetric_workspace(n)) * sizeof *space);
  if (!space) return rp_fail_memory(status, "a guide");
  double *covariance = space, *reduced = space + n * n, *vectors = reduced + n * n, *own = vectors + n * n,
         *values = own + n, *sd = values + n, *w = parameters + 2 * n;
  rp_la_matmul(root, root, n, n, n, 0, 1, covariance);
  for (int64_t i = 0; i < n; i++) sd[i] = sqrt(covariance[i + n * i]), own[i] = 0.5;
  for (int round = 0; round < ROUNDS; round++) {
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < n; j++)
        reduced[i + n * j] = covariance[i + n * j] / (sd[i] * sd[j]) - (i == j ? own[i] : 0);
    rp_la_eigen_symmetric(reduced, n, values, vectors, own + 3 * n);
    for (int64_t i = 0; i < n; i++) {
      own[i] = 1;
      for (int64_t k = 0; k < rank && values[k] > 0; k++) own[i] -= values[k] * vectors[i + n * k] * vectors[i + n * k];
      own[i] = fmax(own[i], least);
    }
  }
  for (int64_t i = 0; i < n; i++) {
    parameters[i] = mean[i];
    parameters[n + i] = rp_guide_raw(sd[i] * sqrt(own[i]));
    for (int64_t k = 0; k < rank && values[k] > 0; k++) w[i + n * k] = sqrt(values[k] / own[i]) * vectors[i + n * k];
  }
  free(space);
  return RP_OK;
}

static rp_node_id factor(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  return rp_slice(g, parameters, 2 * block->n, block->n * rank_of(block));
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  int64_t n = block->n, rank = rank_of(block);
  rp_node_id location = rp_slice(g, parameters, 0, n);
  rp_node_id common = rp_matmul(g, factor(g, block, parameters), rp_slice(g, noise, 0, rank), n, rank, 1, 0, 0);
  rp_node_id standard = rp_add(g, common, rp_slice(g, noise, rank, n));
  return rp_add(g, location, rp_mul(g, rp_guide_scales(g, block, parameters), standard));
}

static rp_node_id identity(rp_graph *g, int64_t n) {
  double *values = calloc((size_t) (n * n), sizeof(double));
  if (!values) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n; i++) values[i * n + i] = 1;
  rp_node_id node = rp_data(g, values, n * n);
  free(values);
  return node;
}

/* L of C = I + W'W = L L' (rank x rank), with the log determinant of the covariance's root: det(I + W W') = det(L)^2.
 * */
static rp_node_id capacitance(rp_graph *g, const rp_guide_block *block, rp_node_id parameters,
                              rp_node_id *log_determinant) {
  int64_t n = block->n, rank = rank_of(block);
  rp_node_id w = factor(g, block, parameters);
  rp_node_id l = rp_cholesky(g, rp_add(g, identity(g, rank), rp_matmul(g, w, w, rank, n, rank, 1, 0)), rank);
  *log_determinant = RP_NONE;
  int32_t *diagonal = malloc((size_t) rank * sizeof *diagonal);
  if (!diagonal) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return RP_NONE;
  }
  for (int64_t i = 0; i < rank; i++) diagonal[i] = (int32_t) (i * rank + i);
  rp_node_id log_l = rp_sum(g, rp_log(g, rp_gather(g, l, diagonal, rank)));
  free(diagonal);
  *log_determinant = rp_add(g, rp_sum(g, rp_log(g, rp_guide_scales(g, block, parameters))), log_l);
  return l;
}

/* y'(I + W W')^-1 y = y'y - |L^-1 W'y|^2 (Woodbury). */
static rp_node_id log_density(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  int64_t n = block->n, rank = rank_of(block);
  rp_node_id location = rp_slice(g, parameters, 0, n), s = rp_guide_scales(g, block, parameters), log_determinant;
  rp_node_id w = factor(g, block, parameters), y = rp_div(g, rp_sub(g, z, location), s);
  rp_node_id l = capacitance(g, block, parameters, &log_determinant);
  rp_node_id projected = rp_tri_solve(g, l, rp_matmul(g, w, y, rank, n, 1, 1, 0), rank, 1, 1, 0);
  rp_node_id plain = rp_guide_normal_density(g, y, log_determinant, n);
  return rp_add(g, plain, rp_times(g, 0.5, rp_sum(g, rp_square(g, projected))));
}

static void moments(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id *mean,
                    rp_node_id *variance) {
  int64_t n = block->n;
  rp_node_id w = factor(g, block, parameters), spread = rp_const(g, 1);
  *mean = rp_slice(g, parameters, 0, n);
  for (int64_t k = 0; k < rank_of(block); k++) spread = rp_add(g, spread, rp_square(g, rp_slice(g, w, k * n, n)));
  *variance = rp_mul(g, rp_square(g, rp_guide_scales(g, block, parameters)), spread);
}

static rp_node_id entropy(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  rp_node_id log_determinant;
  capacitance(g, block, parameters, &log_determinant);
  return rp_guide_normal_entropy(g, log_determinant, block->n);
}

const rp_guide rp_guide_lowrank = {.name = "lowrank",
                                   .n_parameters = n_parameters,
                                   .n_noise = n_noise,
                                   .start = start,
                                   .draw = draw,
                                   .log_density = log_density,
                                   .moments = moments,
                                   .entropy = entropy};
