/* A point: fits the posterior mode, and carries learnable parameters. Parameters: the point. */
#include <string.h>

#include "guide.h"

static int64_t n_parameters(const rp_guide_block *block) { return block->n; }

static int64_t n_noise(const rp_guide_block *block) {
  (void) block;
  return 0;
}

static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  (void) stream;
  memcpy(parameters, centre, (size_t) block->n * sizeof(double));
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  (void) g;
  (void) block;
  (void) noise;
  return parameters;
}

static rp_node_id log_density(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  (void) block;
  (void) parameters;
  (void) z;
  return rp_const(g, 0);
}

static void moments(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id *mean,
                    rp_node_id *variance) {
  *mean = parameters;
  *variance = rp_broadcast(g, rp_const(g, 0), block->n);
}

static rp_node_id entropy(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  (void) block;
  (void) parameters;
  return rp_const(g, 0);
}

const rp_guide rp_guide_delta = {.name = "delta",
                                 .n_parameters = n_parameters,
                                 .n_noise = n_noise,
                                 .start = start,
                                 .draw = draw,
                                 .log_density = log_density,
                                 .moments = moments,
                                 .entropy = entropy};
