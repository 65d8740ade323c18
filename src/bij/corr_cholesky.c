/* Cholesky factors of correlation matrices (Stan reference manual, "Cholesky factors of correlation matrices"):
 * z = tanh(u) row by row, L[i, j] = z[i, j] times what is left of the unit length of row i,
 * sqrt((1 - z[i, 1]^2) .. (1 - z[i, j - 1]^2)); the diagonal takes the rest. */
#include "parts.h"

static int64_t domain_size(int64_t codomain_size) {
  int64_t k = rp_square_side(codomain_size);
  return k * (k - 1) / 2;
}
static int64_t codomain_size(int64_t domain_size) { return rp_square_of_lower(domain_size, 0); }

/* log of the length left in each row before column j. */
static rp_node_id log_left(rp_graph *g, rp_node_id u, int64_t n_events, int64_t k) {
  rp_node_id slopes = rp_from_lower(g, rp_log_tanh_slope(g, u), n_events, k, 0);
  return rp_times(g, 0.5, rp_event_row_cumsum(g, slopes, n_events, k, k, RP_RUNNING_EXCLUSIVE));
}

RP_FORWARD(forward) {
  int64_t k = rp_square_side(size);
  if (k == 1) return rp_const(g, 1);
  rp_node_id z = rp_from_lower(g, rp_unary(g, RP_OP_TANH, u), n_events, k, 0);
  rp_node_id diagonal = rp_recycle(g, rp_identity_matrix(g, k), n_events * size);
  return rp_mul(g, rp_add(g, z, diagonal), rp_exp(g, log_left(g, u, n_events, k)));
}

/* What is left before column j is the length of the row from column j on. */
RP_INVERSE(inverse) {
  int64_t k = rp_square_side(size);
  if (k == 1) return rp_const(g, 0);
  rp_node_id left = rp_event_row_cumsum(g, rp_square(g, x), n_events, k, k, RP_RUNNING_FROM_END);
  rp_node_id below = rp_to_lower(g, x, n_events, k, 0);
  rp_node_id z = rp_div(g, below, rp_sqrt(g, rp_to_lower(g, left, n_events, k, 0)));
  return rp_unary(g, RP_OP_ATANH, z);
}

RP_LOG_JACOBIAN(log_jacobian) {
  int64_t k = rp_square_side(size), n = k * (k - 1) / 2;
  if (k == 1) return rp_const(g, 0);
  rp_node_id left = rp_to_lower(g, log_left(g, u, n_events, k), n_events, k, 0);
  return rp_event_sum(g, rp_add(g, rp_log_tanh_slope(g, u), left), n_events, n);
}

const rp_bijector rp_bijector_corr_cholesky = {
    .name = "corr_cholesky",
    .domain_dim = 1,
    .codomain_dim = 2,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .domain_size = domain_size,
    .codomain_size = codomain_size,
    .codomain = "Cholesky factor of a correlation",
};
