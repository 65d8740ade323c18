/* Heads of the functions of a bijector (u is unconstrained, x = forward(u), a are its arguments), and what they share;
 * memory and failures are as in events.h. */
#ifndef RP_BIJ_PARTS_H
#define RP_BIJ_PARTS_H

#include "bijector.h"
#include "events.h"

#define RP_FORWARD(name)                                                                                  \
  static rp_node_id name(RP_UNUSED rp_graph *g, rp_node_id u, RP_UNUSED const rp_node_id *a,              \
                         RP_UNUSED int64_t n_events, RP_UNUSED int64_t size)
#define RP_INVERSE(name)                                                                                  \
  static rp_node_id name(RP_UNUSED rp_graph *g, rp_node_id x, RP_UNUSED const rp_node_id *a,              \
                         RP_UNUSED int64_t n_events, RP_UNUSED int64_t size)
#define RP_LOG_JACOBIAN(name)                                                                             \
  static rp_node_id name(RP_UNUSED rp_graph *g, RP_UNUSED rp_node_id u, RP_UNUSED rp_node_id x,           \
                         RP_UNUSED const rp_node_id *a, RP_UNUSED int64_t n_events, RP_UNUSED int64_t size)

/* log(p (1 - p)) of p = sigmoid(u), without cancellation on either side. */
static inline rp_node_id rp_log_sigmoid_slope(rp_graph *g, rp_node_id u) {
  return rp_neg(g, rp_add(g, rp_log1p_exp(g, u), rp_log1p_exp(g, rp_neg(g, u))));
}
/* log(1 - tanh(u)^2), the same. */
static inline rp_node_id rp_log_tanh_slope(rp_graph *g, rp_node_id u) {
  return rp_plus(g, rp_log_sigmoid_slope(g, rp_times(g, 2, u)), 2 * RP_LOG_2);
}

/* ---- square matrices as events, column-major (parts_matrix.c) ---- */
/* Side k of a matrix of k * k numbers; 0 when size is no square. */
int64_t rp_square_side(int64_t size);
/* k * k for the packed size of a lower triangle; -1 when there is no such k. */
int64_t rp_square_of_lower(int64_t packed, int diagonal);
/* k (k + 1) / 2 or k (k - 1) / 2 numbers of the lower triangle, row by row, with or without the diagonal, and back. */
rp_node_id rp_from_lower(rp_graph *g, rp_node_id packed, int64_t n_events, int64_t k, int diagonal);
rp_node_id rp_to_lower(rp_graph *g, rp_node_id matrix, int64_t n_events, int64_t k, int diagonal);
/* The identity matrix of side k, and first, first - 1, .. (k numbers), as constants. */
rp_node_id rp_identity_matrix(rp_graph *g, int64_t k);
rp_node_id rp_countdown(rp_graph *g, int64_t k, double first);
/* Diagonals: k numbers per event. */
rp_node_id rp_diagonal_of(rp_graph *g, rp_node_id matrix, int64_t n_events, int64_t k);
/* L L' of every event, and the Cholesky factor of every event. */
rp_node_id rp_outer_square(rp_graph *g, rp_node_id l, int64_t n_events, int64_t k);
rp_node_id rp_cholesky_each(rp_graph *g, rp_node_id matrix, int64_t n_events, int64_t k);

/* What covariance and correlation build on. */
extern const rp_bijector rp_bijector_cholesky, rp_bijector_corr_cholesky;

#endif
