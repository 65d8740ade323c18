/* x_1 = u_1, x_i = x_(i-1) + exp(u_i): increasing vectors. */
#include "parts.h"

/* The increments of x: the first number and the gaps. */
RP_FORWARD(forward) {
  if (size == 1) return u;
  rp_node_id first = rp_event_part(g, u, n_events, size, 0, 1);
  rp_node_id gaps = rp_exp(g, rp_event_part(g, u, n_events, size, 1, size - 1));
  return rp_event_cumsum(g, rp_event_join(g, first, 1, gaps, size - 1, n_events), n_events, size, RP_RUNNING);
}

RP_INVERSE(inverse) {
  if (size == 1) return x;
  rp_node_id left = rp_event_part(g, x, n_events, size, 0, size - 1);
  rp_node_id right = rp_event_part(g, x, n_events, size, 1, size - 1);
  rp_node_id first = rp_event_part(g, x, n_events, size, 0, 1);
  return rp_event_join(g, first, 1, rp_log(g, rp_sub(g, right, left)), size - 1, n_events);
}

RP_LOG_JACOBIAN(log_jacobian) {
  if (size == 1) return rp_const(g, 0);
  return rp_event_sum(g, rp_event_part(g, u, n_events, size, 1, size - 1), n_events, size - 1);
}

const rp_bijector rp_bijector_ordered = {
    .name = "ordered",
    .domain_dim = 1,
    .codomain_dim = 1,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .codomain = "ordered",
};
