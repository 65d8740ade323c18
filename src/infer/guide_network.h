/* The networks of flows: fully connected layers with tanh between them, plus a linear map from the inputs straight to
 * the outputs, as graphs.
 *
 * Parameters, in this order: for each hidden layer its weights (units x inputs of the layer, column-major) and biases;
 * weights and biases of the outputs; the linear map (n_out x n_in). In an autoregressive network, of MADE's kind
 * (Germain, Gregor, Murray & Larochelle 2015), outputs i, i + n_in, i + 2 n_in, .. see inputs 0 .. i - 1 only: masks of
 * zeros and ones are multiplied with the weights. */
#ifndef RP_INFER_GUIDE_NETWORK_H
#define RP_INFER_GUIDE_NETWORK_H

#include "guide.h"

typedef struct {
  int64_t n_in, n_hidden, n_layers, n_out; /* n_in may be 0: the outputs are constants then */
  int autoregressive;
} rp_network;

/* With a block's units (by default its n, at least 8) and hidden layers (2). */
rp_network rp_network_of(const rp_guide_block *block, int64_t n_in, int64_t n_out, int autoregressive);
int64_t rp_network_n_parameters(const rp_network *network);
/* Random weights inside, zeros at the outputs, so that the network is 0 to begin with. */
void rp_network_start(const rp_network *network, rp_random *stream, double *parameters);
rp_node_id rp_network_apply(rp_graph *g, const rp_network *network, rp_node_id parameters, rp_node_id x);
/* n_out x n_in, at x. */
rp_node_id rp_network_jacobian(rp_graph *g, const rp_network *network, rp_node_id parameters, rp_node_id x);

/* x itself within +-near, and beyond within +-(near + far): what flows do with raw log scales, so that no step
 * overflows. The slope falls off slowly enough to find the way back from far out. */
rp_node_id rp_flow_within(rp_graph *g, rp_node_id x, double near, double far);
rp_node_id rp_flow_within_slope(rp_graph *g, rp_node_id x, double near, double far);
#define RP_FLOW_LOG_SCALE_NEAR 5
#define RP_FLOW_LOG_SCALE_FAR 3

#endif
