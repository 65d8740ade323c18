/* A multivariate normal with a dense covariance. z = location + scale * (U noise), U unit lower triangular: parameters
 * are locations, raw scales, and the entries of U below the diagonal, column by column. */
#include <math.h>
#include <stdlib.h>

#include "../graph/shorthand.h"
#include "guide.h"

static int64_t below(const rp_guide_block *block) { return block->n * (block->n - 1) / 2; }
static int64_t n_parameters(const rp_guide_block *block) { return 2 * block->n + below(block); }
static int64_t n_noise(const rp_guide_block *block) { return block->n; }

static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  (void) stream;
  rp_guide_start_scales(block, centre, parameters);
  for (int64_t i = 0; i < below(block); i++) parameters[2 * block->n + i] = 0;
}

void rp_guide_mvn_set(int64_t n, const double *mean, const double *root, double *parameters) {
  double *entry = parameters + 2 * n;
  for (int64_t i = 0; i < n; i++) {
    parameters[i] = mean[i];
    parameters[n + i] = rp_guide_raw(root[i + n * i]);
  }
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j + 1; i < n; i++) *entry++ = root[i + n * j] / root[i + n * i];
  }
}

/* U as an n x n matrix. */
static rp_node_id unit_triangle(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  int64_t n = block->n, count = 0;
  rp_node_id entries = rp_slice(g, parameters, 2 * n, below(block));
  int32_t *place = malloc((size_t) below(block) * sizeof *place + 1);
  double *identity = calloc((size_t) (n * n), sizeof(double));
  rp_node_id matrix = RP_NONE;
  if (place && identity) {
    for (int64_t j = 0; j < n; j++) {
      identity[j * n + j] = 1;
      for (int64_t i = j + 1; i < n; i++) place[count++] = (int32_t) (j * n + i);
    }
    matrix = rp_add(g, rp_data(g, identity, n * n), rp_scatter(g, entries, place, n * n));
  } else {
    rp_fail_memory(rp_graph_status(g), "a guide");
  }
  free(place);
  free(identity);
  return matrix;
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  int64_t n = block->n;
  rp_node_id location = rp_slice(g, parameters, 0, n), mixed = noise;
  if (n > 1) mixed = rp_matmul(g, unit_triangle(g, block, parameters), noise, n, n, 1, 0, 0);
  return rp_add(g, location, rp_mul(g, rp_guide_scales(g, block, parameters), mixed));
}

static rp_node_id log_jacobian(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  (void) noise;
  return rp_sum(g, rp_log(g, rp_guide_scales(g, block, parameters)));
}

static rp_node_id inverse(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  int64_t n = block->n;
  rp_node_id location = rp_slice(g, parameters, 0, n);
  rp_node_id noise = rp_div(g, rp_sub(g, z, location), rp_guide_scales(g, block, parameters));
  return n > 1 ? rp_tri_solve(g, unit_triangle(g, block, parameters), noise, n, 1, 1, 0) : noise;
}

/* The squares of a row of U sum to the variance of its element in units of the scale. */
static void moments(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id *mean,
                    rp_node_id *variance) {
  int64_t n = block->n, count = 0;
  *mean = rp_slice(g, parameters, 0, n);
  *variance = rp_square(g, rp_guide_scales(g, block, parameters));
  if (n == 1) return;
  int32_t *row = malloc((size_t) below(block) * sizeof *row + 1);
  if (!row) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return;
  }
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j + 1; i < n; i++) row[count++] = (int32_t) i;
  }
  rp_node_id squares = rp_square(g, rp_slice(g, parameters, 2 * n, below(block)));
  *variance = rp_mul(g, *variance, rp_plus(g, rp_scatter(g, squares, row, n), 1));
  free(row);
}

static rp_node_id entropy(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  return rp_guide_normal_entropy(g, rp_sum(g, rp_log(g, rp_guide_scales(g, block, parameters))), block->n);
}

const rp_guide rp_guide_mvn = {.name = "mvn",
                               .n_parameters = n_parameters,
                               .n_noise = n_noise,
                               .start = start,
                               .draw = draw,
                               .log_jacobian = log_jacobian,
                               .inverse = inverse,
                               .moments = moments,
                               .entropy = entropy};
