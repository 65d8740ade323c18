/* Inverse autoregressive flows (Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling 2016): z = location + scale
 * T(noise), T being n_flows maps y_i = x_i exp(s_i(x_1 .. x_{i-1})) + m_i(x_1 .. x_{i-1}), with the order of the
 * elements turned round between them. m and s come from one autoregressive network, whose linear part makes a
 * multivariate normal and a funnel members of the family. Parameters: locations, raw scales, then the network of each
 * flow. */
#include <stdlib.h>

#include "../bij/events.h"
#include "guide_network.h"

/* Above this many elements, inverting element by element and Jacobian matrices are given up. */
enum { LARGEST_INVERSE = 64, LARGEST_JACOBIAN = 200 };

typedef struct {
  rp_network network;
  rp_node_id parameters;
} flow;

static int64_t n_flows(const rp_guide_block *block) { return block->n_flows > 0 ? block->n_flows : 3; }

static rp_network network_of(const rp_guide_block *block) { return rp_network_of(block, block->n, 2 * block->n, 1); }

static int64_t n_parameters(const rp_guide_block *block) {
  rp_network network = network_of(block);
  return 2 * block->n + n_flows(block) * rp_network_n_parameters(&network);
}

static int64_t n_noise(const rp_guide_block *block) { return block->n; }

static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  rp_network network = network_of(block);
  rp_guide_start_scales(block, centre, parameters);
  for (int64_t k = 0; k < n_flows(block); k++)
    rp_network_start(&network, stream, parameters + 2 * block->n + k * rp_network_n_parameters(&network));
}

static flow flow_of(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, int64_t k) {
  flow f = {.network = network_of(block)};
  int64_t n = rp_network_n_parameters(&f.network);
  f.parameters = rp_slice(g, parameters, 2 * block->n + k * n, n);
  return f;
}

static rp_node_id reversed(rp_graph *g, rp_node_id x, int64_t n) {
  int32_t *index = malloc((size_t) n * sizeof *index + 1);
  if (!index) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n; i++) index[i] = (int32_t) (n - 1 - i);
  rp_node_id node = rp_gather(g, x, index, n);
  free(index);
  return node;
}

/* shift and log scale of the map at its input x; raw, if asked for: what the network says of the log scale */
static void coefficients(rp_graph *g, const flow *f, rp_node_id x, rp_node_id *shift, rp_node_id *log_scale,
                         rp_node_id *raw) {
  int64_t n = f->network.n_in;
  rp_node_id out = rp_network_apply(g, &f->network, f->parameters, x), of_scale = rp_slice(g, out, n, n);
  *shift = rp_slice(g, out, 0, n);
  *log_scale = rp_flow_within(g, of_scale, RP_FLOW_LOG_SCALE_NEAR, RP_FLOW_LOG_SCALE_FAR);
  if (raw) *raw = of_scale;
}

/* x[k]: input of flow k, in the order that it has there; returns what the last one gives, in the block's own order. */
static rp_node_id forward(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise,
                          rp_node_id *x, rp_node_id *log_jacobian) {
  const int64_t n = block->n;
  rp_node_id shift, log_scale, y = noise, total = rp_const(g, 0);
  for (int64_t k = 0; k < n_flows(block); k++) {
    flow f = flow_of(g, block, parameters, k);
    if (k > 0) y = reversed(g, y, n);
    if (x) x[k] = y;
    coefficients(g, &f, y, &shift, &log_scale, NULL);
    y = rp_add(g, rp_mul(g, y, rp_exp(g, log_scale)), shift);
    total = rp_add(g, total, rp_sum(g, log_scale));
  }
  if (log_jacobian) *log_jacobian = rp_add(g, total, rp_sum(g, rp_log(g, rp_guide_scales(g, block, parameters))));
  return n_flows(block) % 2 == 0 ? reversed(g, y, n) : y;
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  rp_node_id y = forward(g, block, parameters, noise, NULL, NULL);
  return rp_add(g, rp_slice(g, parameters, 0, block->n), rp_mul(g, rp_guide_scales(g, block, parameters), y));
}

static rp_node_id log_jacobian(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  rp_node_id log_jacobian;
  forward(g, block, parameters, noise, NULL, &log_jacobian);
  return log_jacobian;
}

/* x_1 is known, hence x_2, ..: n rounds of x = (y - m(x)) exp(-s(x)) settle one element each. */
static rp_node_id inverse(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  const int64_t n = block->n;
  if (n > LARGEST_INVERSE) return RP_NONE;
  rp_node_id location = rp_slice(g, parameters, 0, n), shift, log_scale;
  rp_node_id y = rp_div(g, rp_sub(g, z, location), rp_guide_scales(g, block, parameters));
  if (n_flows(block) % 2 == 0) y = reversed(g, y, n);
  for (int64_t k = n_flows(block); k-- > 0;) {
    flow f = flow_of(g, block, parameters, k);
    rp_node_id x = rp_broadcast(g, rp_const(g, 0), n);
    for (int64_t i = 0; i < n; i++) {
      coefficients(g, &f, x, &shift, &log_scale, NULL);
      x = rp_mul(g, rp_sub(g, y, shift), rp_exp(g, rp_neg(g, log_scale)));
    }
    y = k > 0 ? reversed(g, x, n) : x;
  }
  return y;
}

/* dy/dx of one flow, lower triangular: diag(e^s) + dm/dx + diag(x e^s) ds/dx. */
static rp_node_id flow_jacobian(rp_graph *g, const flow *f, rp_node_id x) {
  const int64_t n = f->network.n_in;
  rp_node_id shift, log_scale, raw;
  coefficients(g, f, x, &shift, &log_scale, &raw);
  rp_node_id stretch = rp_exp(g, log_scale);
  rp_node_id slope = rp_flow_within_slope(g, raw, RP_FLOW_LOG_SCALE_NEAR, RP_FLOW_LOG_SCALE_FAR);
  rp_node_id along = rp_mul(g, rp_mul(g, x, stretch), slope);
  rp_node_id both = rp_network_jacobian(g, &f->network, f->parameters, x); /* 2n x n: of m, of s */
  rp_node_id slopes = rp_add(g, rp_event_part(g, both, n, 2 * n, 0, n),
                             rp_mul(g, rp_recycle(g, along, n * n), rp_event_part(g, both, n, 2 * n, n, n)));
  int32_t *diagonal = malloc((size_t) n * sizeof *diagonal + 1);
  if (!diagonal) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n; i++) diagonal[i] = (int32_t) (i * n + i);
  rp_node_id jacobian = rp_add(g, slopes, rp_scatter(g, stretch, diagonal, n * n));
  free(diagonal);
  return jacobian;
}

/* Through the flows from the first, which noise enters, to the last. */
static rp_node_id solve_jacobian(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise,
                                 rp_node_id gradient) {
  const int64_t n = block->n;
  rp_node_id *x = malloc((size_t) n_flows(block) * sizeof *x);
  if (!x || n > LARGEST_JACOBIAN) {
    if (!x) rp_fail_memory(rp_graph_status(g), "a guide");
    free(x);
    return RP_NONE;
  }
  forward(g, block, parameters, noise, x, NULL);
  rp_node_id s = rp_broadcast(g, gradient, n);
  for (int64_t k = 0; k < n_flows(block); k++) {
    flow f = flow_of(g, block, parameters, k);
    if (k > 0) s = reversed(g, s, n);
    s = rp_tri_solve(g, flow_jacobian(g, &f, x[k]), s, n, 1, 1, 1);
  }
  free(x);
  if (n_flows(block) % 2 == 0) s = reversed(g, s, n);
  return rp_div(g, s, rp_guide_scales(g, block, parameters));
}

const rp_guide rp_guide_iaf = {.name = "iaf",
                               .n_parameters = n_parameters,
                               .n_noise = n_noise,
                               .start = start,
                               .draw = draw,
                               .log_jacobian = log_jacobian,
                               .inverse = inverse,
                               .solve_jacobian = solve_jacobian};
