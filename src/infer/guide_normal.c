/* Independent normals ("mean field"). Parameters: locations, raw scales. */
#include "../graph/shorthand.h"
#include "guide.h"

static int64_t n_parameters(const rp_guide_block *block) { return 2 * block->n; }
static int64_t n_noise(const rp_guide_block *block) { return block->n; }

static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  (void) stream;
  rp_guide_start_scales(block, centre, parameters);
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  rp_node_id location = rp_slice(g, parameters, 0, block->n);
  return rp_add(g, location, rp_mul(g, rp_guide_scales(g, block, parameters), noise));
}

static rp_node_id log_jacobian(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  (void) noise;
  return rp_sum(g, rp_log(g, rp_guide_scales(g, block, parameters)));
}

static rp_node_id inverse(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  rp_node_id location = rp_slice(g, parameters, 0, block->n);
  return rp_div(g, rp_sub(g, z, location), rp_guide_scales(g, block, parameters));
}

static void moments(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id *mean,
                    rp_node_id *variance) {
  *mean = rp_slice(g, parameters, 0, block->n);
  *variance = rp_square(g, rp_guide_scales(g, block, parameters));
}

static rp_node_id entropy(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  return rp_guide_normal_entropy(g, rp_sum(g, rp_log(g, rp_guide_scales(g, block, parameters))), block->n);
}

const rp_guide rp_guide_normal = {.name = "normal",
                                  .n_parameters = n_parameters,
                                  .n_noise = n_noise,
                                  .start = start,
                                  .draw = draw,
                                  .log_jacobian = log_jacobian,
                                  .inverse = inverse,
                                  .moments = moments,
                                  .entropy = entropy};
