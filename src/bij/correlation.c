/* Correlation matrices x = L L', L as in corr_cholesky.c. */
#include "parts.h"

static int64_t domain_size(int64_t codomain_size) { return rp_bijector_corr_cholesky.domain_size(codomain_size); }

RP_FORWARD(forward) {
  return rp_outer_square(g, rp_bijector_corr_cholesky.forward(g, u, a, n_events, size), n_events, rp_square_side(size));
}
static int64_t codomain_size(int64_t domain_size) { return rp_square_of_lower(domain_size, 0); }

RP_INVERSE(inverse) {
  rp_node_id l = rp_cholesky_each(g, x, n_events, rp_square_side(size));
  return rp_bijector_corr_cholesky.inverse(g, l, a, n_events, size);
}

/* |dx / dL| = prod_i L[i, i]^(k - i) over the entries below the diagonal, i from 2 (L[1, 1] = 1). */
RP_LOG_JACOBIAN(log_jacobian) {
  int64_t k = rp_square_side(size);
  if (k == 1) return rp_const(g, 0);
  rp_node_id slopes = rp_from_lower(g, rp_log_tanh_slope(g, u), n_events, k, 0);
  rp_node_id log_rows = rp_times(g, 0.5, rp_event_row_cumsum(g, slopes, n_events, k, k, RP_RUNNING_EXCLUSIVE));
  rp_node_id log_diagonal = rp_diagonal_of(g, log_rows, n_events, k);
  rp_node_id powers = rp_recycle(g, rp_countdown(g, k, (double) k - 1), n_events * k);
  rp_node_id outer = rp_event_sum(g, rp_mul(g, powers, log_diagonal), n_events, k);
  return rp_add(g, outer, rp_bijector_corr_cholesky.log_jacobian(g, u, x, a, n_events, size));
}

const rp_bijector rp_bijector_correlation = {
    .name = "correlation",
    .domain_dim = 1,
    .codomain_dim = 2,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .domain_size = domain_size,
    .codomain_size = codomain_size,
    .codomain = "correlation",
};
