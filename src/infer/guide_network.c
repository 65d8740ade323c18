#include "guide_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/shorthand.h"

/* One layer of weights, or the linear map, within the parameters. */
typedef struct {
  int64_t n_in, n_out, offset;
  enum { FIRST, INNER, OUTPUT, LINEAR } kind;
} layer;

static layer layer_of(const rp_network *network, int64_t k);
static rp_node_id weights(rp_graph *g, const rp_network *network, const layer *at, rp_node_id parameters);
static rp_node_id biases(rp_graph *g, const layer *at, rp_node_id parameters);

rp_network rp_network_of(const rp_guide_block *block, int64_t n_in, int64_t n_out, int autoregressive) {
  int64_t by_default = block->n > 8 ? block->n : 8;
  return (rp_network){.n_in = n_in,
                      .n_out = n_out,
                      .n_hidden = block->n_hidden > 0 ? block->n_hidden : by_default,
                      .n_layers = block->n_layers > 0 ? block->n_layers : 2,
                      .autoregressive = autoregressive};
}

int64_t rp_network_n_parameters(const rp_network *network) {
  if (network->n_in == 0) return network->n_out;
  layer linear = layer_of(network, network->n_layers + 1);
  return linear.offset + linear.n_in * linear.n_out;
}

void rp_network_start(const rp_network *network, rp_random *stream, double *parameters) {
  memset(parameters, 0, (size_t) rp_network_n_parameters(network) * sizeof *parameters);
  for (int64_t k = 0; network->n_in > 0 && k < network->n_layers; k++) {
    layer at = layer_of(network, k);
    for (int64_t i = 0; i < at.n_in * at.n_out; i++)
      parameters[at.offset + i] = rp_random_normal(stream) / sqrt((double) at.n_in);
  }
}

rp_node_id rp_network_apply(rp_graph *g, const rp_network *network, rp_node_id parameters, rp_node_id x) {
  if (network->n_in == 0) return rp_slice(g, parameters, 0, network->n_out);
  rp_node_id h = x;
  for (int64_t k = 0; k <= network->n_layers; k++) {
    layer at = layer_of(network, k);
    rp_node_id mixed = rp_matmul(g, weights(g, network, &at, parameters), h, at.n_out, at.n_in, 1, 0, 0);
    h = rp_add(g, mixed, biases(g, &at, parameters));
    if (k < network->n_layers) h = rp_unary(g, RP_OP_TANH, h);
  }
  layer linear = layer_of(network, network->n_layers + 1);
  return rp_add(g, h, rp_matmul(g, weights(g, network, &linear, parameters), x, linear.n_out, linear.n_in, 1, 0, 0));
}

/* Forward mode, all inputs at once: J <- diag(1 - h^2) W J. */
rp_node_id rp_network_jacobian(rp_graph *g, const rp_network *network, rp_node_id parameters, rp_node_id x) {
  rp_node_id h = x, jacobian = RP_NONE;
  for (int64_t k = 0; k <= network->n_layers; k++) {
    layer at = layer_of(network, k);
    rp_node_id w = weights(g, network, &at, parameters);
    jacobian = k == 0 ? w : rp_matmul(g, w, jacobian, at.n_out, at.n_in, network->n_in, 0, 0);
    if (k == network->n_layers) break;
    rp_node_id mixed = rp_matmul(g, w, h, at.n_out, at.n_in, 1, 0, 0);
    h = rp_unary(g, RP_OP_TANH, rp_add(g, mixed, biases(g, &at, parameters)));
    rp_node_id slope = rp_minus_from(g, 1, rp_square(g, h));
    jacobian = rp_mul(g, rp_recycle(g, slope, at.n_out * network->n_in), jacobian);
  }
  layer linear = layer_of(network, network->n_layers + 1);
  return rp_add(g, jacobian, weights(g, network, &linear, parameters));
}

/* x, cut off at +-near, and 1 + (r / far)^2 of the rest r. */
static rp_node_id cut(rp_graph *g, rp_node_id x, double near, double far, rp_node_id *rest, rp_node_id *spread) {
  rp_node_id inner = rp_min2(g, rp_max2(g, x, rp_const(g, -near)), rp_const(g, near));
  *rest = rp_sub(g, x, inner);
  *spread = rp_plus(g, rp_square(g, rp_times(g, 1 / far, *rest)), 1);
  return inner;
}

rp_node_id rp_flow_within(rp_graph *g, rp_node_id x, double near, double far) {
  rp_node_id rest, spread, inner = cut(g, x, near, far, &rest, &spread);
  return rp_add(g, inner, rp_div(g, rest, rp_sqrt(g, spread)));
}

rp_node_id rp_flow_within_slope(rp_graph *g, rp_node_id x, double near, double far) {
  rp_node_id rest, spread;
  cut(g, x, near, far, &rest, &spread);
  return rp_pow(g, spread, rp_const(g, -1.5));
}

/* ---- private ---- */

/* k: hidden layers first, then the outputs, then the linear map. */
static layer layer_of(const rp_network *network, int64_t k) {
  layer at = {.n_in = network->n_in, .n_out = network->n_hidden, .kind = FIRST};
  for (int64_t i = 0; i < k; i++) {
    at.offset += at.n_out * (at.n_in + 1);
    at.n_in = network->n_hidden;
    at.kind = INNER;
  }
  if (k >= network->n_layers) at.n_out = network->n_out, at.kind = OUTPUT;
  if (k > network->n_layers) {
    layer outputs = layer_of(network, network->n_layers);
    at = (layer){.n_in = network->n_in, .n_out = network->n_out, .kind = LINEAR};
    at.offset = outputs.offset + outputs.n_out * (outputs.n_in + 1);
  }
  return at;
}

/* A unit of degree d sees inputs 0 .. d - 1; those of an output are its own number. */
static int64_t degree(const rp_network *network, int64_t unit) {
  return network->n_in > 1 ? 1 + unit % (network->n_in - 1) : 1;
}

static int sees(const rp_network *network, const layer *at, int64_t out, int64_t in) {
  switch (at->kind) {
  case FIRST:
    return degree(network, out) > in;
  case INNER:
    return degree(network, out) >= degree(network, in);
  case OUTPUT:
    return out % network->n_in >= degree(network, in);
  default:
    return out % network->n_in > in;
  }
}

static rp_node_id weights(rp_graph *g, const rp_network *network, const layer *at, rp_node_id parameters) {
  int64_t n = at->n_in * at->n_out;
  rp_node_id w = rp_slice(g, parameters, at->offset, n);
  if (!network->autoregressive) return w;
  double *mask = malloc((size_t) n * sizeof *mask + 1);
  if (!mask) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return RP_NONE;
  }
  for (int64_t i = 0; i < at->n_in; i++)
    for (int64_t o = 0; o < at->n_out; o++) mask[o + i * at->n_out] = sees(network, at, o, i);
  rp_node_id masked = rp_mul(g, rp_data(g, mask, n), w);
  free(mask);
  return masked;
}

static rp_node_id biases(rp_graph *g, const layer *at, rp_node_id parameters) {
  return rp_slice(g, parameters, at->offset + at->n_in * at->n_out, at->n_out);
}
