/* Positive definite matrices x = L L', L as in cholesky.c. */
#include <stdlib.h>

#include "parts.h"

static int64_t domain_size(int64_t codomain_size) { return rp_bijector_cholesky.domain_size(codomain_size); }

RP_FORWARD(forward) {
  return rp_outer_square(g, rp_bijector_cholesky.forward(g, u, a, n_events, size), n_events, rp_square_side(size));
}
static int64_t codomain_size(int64_t domain_size) { return rp_square_of_lower(domain_size, 1); }

RP_INVERSE(inverse) {
  rp_node_id l = rp_cholesky_each(g, x, n_events, rp_square_side(size));
  return rp_bijector_cholesky.inverse(g, l, a, n_events, size);
}

/* |dx / dL| = 2^k prod_i L[i, i]^(k - i + 1) (lower triangles, i from 1), and L[i, i] = exp(u[i, i]). */
RP_LOG_JACOBIAN(log_jacobian) {
  int64_t k = rp_square_side(size);
  rp_node_id log_diagonal = rp_diagonal_of(g, rp_from_lower(g, u, n_events, k, 1), n_events, k);
  rp_node_id powers = rp_recycle(g, rp_countdown(g, k, (double) k + 1), n_events * k);
  rp_node_id sum = rp_event_sum(g, rp_mul(g, powers, log_diagonal), n_events, k);
  return rp_plus(g, sum, (double) k * RP_LOG_2);
}

const rp_bijector rp_bijector_covariance = {
    .name = "covariance",
    .domain_dim = 1,
    .codomain_dim = 2,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .domain_size = domain_size,
    .codomain_size = codomain_size,
    .codomain = "positive definite",
};
