/* Softmax with the last logit at 0: k - 1 numbers to k that sum to 1, x = softmax(u_1, .., u_(k-1), 0).  All elements
 * but the last are treated alike, unlike by stick-breaking (simplex). The additive log ratio of Aitchison (1986) undoes
 * it. */
#include "parts.h"

/* log(1 + sum exp(u)), one number per event. */
static rp_node_id log_total(rp_graph *g, rp_node_id u, int64_t n_events, int64_t size) {
  return rp_binary(g, RP_OP_LOG_ADD_EXP, rp_event_log_sum_exp(g, u, n_events, size - 1), rp_const(g, 0));
}

RP_FORWARD(forward) {
  if (size == 1) return rp_const(g, 1);
  rp_node_id total = log_total(g, u, n_events, size);
  rp_node_id logits = rp_sub(g, u, rp_event_repeat(g, total, n_events, size - 1));
  return rp_exp(g, rp_event_join(g, logits, size - 1, rp_neg(g, total), 1, n_events));
}

RP_INVERSE(inverse) {
  if (size == 1) return rp_const(g, 0);
  rp_node_id last = rp_log(g, rp_event_part(g, x, n_events, size, size - 1, 1));
  rp_node_id pieces = rp_log(g, rp_event_part(g, x, n_events, size, 0, size - 1));
  return rp_sub(g, pieces, rp_event_repeat(g, last, n_events, size - 1));
}

/* sum of all log x_i: the determinant of diag(x) - x x' over the first k - 1 is the product of all k. */
RP_LOG_JACOBIAN(log_jacobian) {
  if (size == 1) return rp_const(g, 0);
  rp_node_id all = rp_times(g, (double) size, log_total(g, u, n_events, size));
  return rp_sub(g, rp_event_sum(g, u, n_events, size - 1), all);
}

static int64_t domain_size(int64_t codomain_size) { return codomain_size - 1; }
static int64_t codomain_size(int64_t domain_size) { return domain_size + 1; }

const rp_bijector rp_bijector_softmax = {
    .name = "softmax",
    .domain_dim = 1,
    .codomain_dim = 1,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .domain_size = domain_size,
    .codomain_size = codomain_size,
    .codomain = "simplex",
};
