/* Independent normals ("mean field"). Parameters: locations, raw scales. */
#include "../graph/shorthand.h"
#include "guide.h"

static int64_t n_parameters(const rp_guide_block *block) { return 2 * block->n; }
static int64_t n_noise(const rp_guide_block *block) { return block->n; }

static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  (void) stream;
  for (int64_t i = 0; i < block->n; i++) {
    parameters[i] = centre[i];
    parameters[block->n + i] = rp_guide_raw_scale(block);
  }
}

static rp_node_id scale(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  return rp_guide_scale(g, rp_slice(g, parameters, block->n, block->n));
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  rp_node_id location = rp_slice(g, parameters, 0, block->n);
  return rp_add(g, location, rp_mul(g, scale(g, block, parameters), noise));
}

static rp_node_id log_density(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  rp_node_id location = rp_slice(g, parameters, 0, block->n), s = scale(g, block, parameters);
  rp_node_id standardised = rp_div(g, rp_sub(g, z, location), s);
  return rp_guide_normal_density(g, standardised, rp_sum(g, rp_log(g, s)), block->n);
}

static rp_node_id log_density_of_noise(rp_graph *g, const rp_guide_block *block, rp_node_id parameters,
                                       rp_node_id noise) {
  rp_node_id log_scales = rp_sum(g, rp_log(g, scale(g, block, parameters)));
  return rp_guide_normal_density(g, noise, log_scales, block->n);
}

static void moments(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id *mean,
                    rp_node_id *variance) {
  *mean = rp_slice(g, parameters, 0, block->n);
  *variance = rp_square(g, scale(g, block, parameters));
}

static rp_node_id entropy(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  return rp_guide_normal_entropy(g, rp_sum(g, rp_log(g, scale(g, block, parameters))), block->n);
}

const rp_guide rp_guide_normal = {
    "normal", n_parameters, n_noise, start, draw, log_density, log_density_of_noise, moments, entropy};
