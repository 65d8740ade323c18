/* Stick-breaking of the unit simplex (Stan reference manual, "Unit simplex"): k - 1 numbers to k. The share of the rest
 * of the stick that goes to piece i is z_i = sigmoid(u_i - log(k - i)), so that u = 0 is the simplex's centre. */
#include <math.h>
#include <stdlib.h>

#include "parts.h"

/* log(k - i), i = 1, .., k - 1, for every event. */
static rp_node_id offsets(rp_graph *g, int64_t n_events, int64_t size) {
  int64_t n = size - 1;
  double *values = malloc((size_t) (n * n_events) * sizeof *values);
  if (!values) return rp_fail_memory(rp_graph_status(g), "offsets of a simplex"), RP_NONE;
  for (int64_t i = 0; i < n * n_events; i++) values[i] = log((double) (size - 1 - i % n));
  rp_node_id node = rp_data(g, values, n * n_events);
  free(values);
  return node;
}

/* log of what each share leaves over. */
static rp_node_id log_left(rp_graph *g, rp_node_id u, int64_t n_events, int64_t size) {
  return rp_neg(g, rp_log1p_exp(g, rp_sub(g, u, offsets(g, n_events, size))));
}

/* log x_i, i < k: log z_i plus the log of the stick before it. */
static rp_node_id log_pieces(rp_graph *g, rp_node_id u, int64_t n_events, int64_t size) {
  rp_node_id log_share = rp_neg(g, rp_log1p_exp(g, rp_sub(g, offsets(g, n_events, size), u)));
  rp_node_id before = rp_event_cumsum(g, log_left(g, u, n_events, size), n_events, size - 1, RP_RUNNING_EXCLUSIVE);
  return rp_add(g, log_share, before);
}

RP_FORWARD(forward) {
  if (size == 1) return rp_const(g, 1);
  rp_node_id last = rp_event_sum(g, log_left(g, u, n_events, size), n_events, size - 1);
  return rp_exp(g, rp_event_join(g, log_pieces(g, u, n_events, size), size - 1, last, 1, n_events));
}

/* logit z_i = log x_i - log(x_(i+1) + .. + x_k): sums from the end do not cancel. */
RP_INVERSE(inverse) {
  if (size == 1) return rp_const(g, 0);
  rp_node_id rest = rp_event_cumsum(g, x, n_events, size, RP_RUNNING_FROM_END);
  rp_node_id pieces = rp_log(g, rp_event_part(g, x, n_events, size, 0, size - 1));
  rp_node_id after = rp_log(g, rp_event_part(g, rest, n_events, size, 1, size - 1));
  return rp_add(g, rp_sub(g, pieces, after), offsets(g, n_events, size));
}

/* The matrix is triangular: sum of log(z_i (1 - z_i)) and of the log of the stick before piece i. */
RP_LOG_JACOBIAN(log_jacobian) {
  if (size == 1) return rp_const(g, 0);
  rp_node_id terms = rp_add(g, log_pieces(g, u, n_events, size), log_left(g, u, n_events, size));
  return rp_event_sum(g, terms, n_events, size - 1);
}

static int64_t domain_size(int64_t codomain_size) { return codomain_size - 1; }
static int64_t codomain_size(int64_t domain_size) { return domain_size + 1; }

const rp_bijector rp_bijector_simplex = {
    .name = "simplex",
    .domain_dim = 1,
    .codomain_dim = 1,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .domain_size = domain_size,
    .codomain_size = codomain_size,
    .codomain = "simplex",
};
