/* Lower triangular matrices with a positive diagonal: the lower triangle row by row, the diagonal through exp. */
#include "parts.h"

static int64_t domain_size(int64_t codomain_size) {
  int64_t k = rp_square_side(codomain_size);
  return k * (k + 1) / 2;
}
static int64_t codomain_size(int64_t domain_size) { return rp_square_of_lower(domain_size, 1); }

/* 1 on the diagonal of every event, 0 elsewhere. */
static rp_node_id on_diagonal(rp_graph *g, int64_t n_events, int64_t k) {
  return rp_recycle(g, rp_identity_matrix(g, k), n_events * k * k);
}

RP_FORWARD(forward) {
  int64_t k = rp_square_side(size);
  rp_node_id matrix = rp_from_lower(g, u, n_events, k, 1);
  return rp_select(g, on_diagonal(g, n_events, k), rp_exp(g, matrix), matrix);
}

RP_INVERSE(inverse) {
  int64_t k = rp_square_side(size);
  rp_node_id safe = rp_select(g, on_diagonal(g, n_events, k), x, rp_const(g, 1));
  return rp_to_lower(g, rp_select(g, on_diagonal(g, n_events, k), rp_log(g, safe), x), n_events, k, 1);
}

RP_LOG_JACOBIAN(log_jacobian) {
  int64_t k = rp_square_side(size);
  return rp_event_sum(g, rp_diagonal_of(g, rp_from_lower(g, u, n_events, k, 1), n_events, k), n_events, k);
}

const rp_bijector rp_bijector_cholesky = {
    .name = "cholesky",
    .domain_dim = 1,
    .codomain_dim = 2,
    .forward = forward,
    .inverse = inverse,
    .log_jacobian = log_jacobian,
    .domain_size = domain_size,
    .codomain_size = codomain_size,
    .codomain = "lower Cholesky factor",
};
