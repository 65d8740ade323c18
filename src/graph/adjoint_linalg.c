/* Adjoints of matrix operations.
 *
 * Giles (2008), "Collected matrix derivative results for forward and reverse mode algorithmic differentiation";
 * Murray (2016), "Differentiation of the Cholesky decomposition", arXiv:1602.07527. Operations that read one
 * triangle of a symmetric matrix put the whole derivative into that triangle, so that the gradient is that of the
 * function as evaluated, element by element. Where eigenvalues are equal, eigenvectors have no derivative: the
 * result is then not finite, unless the output does not depend on the vectors concerned. */
#include <stdlib.h>

#include "adjoint.h"
#include "construct.h"

static rp_node_id input(rp_reverse *r, rp_node_id node, int k) {
  return rp_graph_node(rp_reverse_graph(r), node)->in[k];
}
static int64_t attribute(rp_reverse *r, rp_node_id node, int k) {
  return rp_graph_node(rp_reverse_graph(r), node)->attribute[k];
}

static rp_node_id identity(rp_graph *g, int64_t n);
static rp_node_id keep_triangle(rp_graph *g, rp_node_id a, int64_t n, int lower);
static rp_node_id fold_into_lower(rp_graph *g, rp_node_id a, int64_t n);
static rp_node_id repeat_rows(rp_graph *g, rp_node_id a, int64_t n, int64_t times, int by_column);

/* ---- products ---- */

void adjoint_MATMUL(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id a = input(r, node, 0), b = input(r, node, 1);
  int64_t m = attribute(r, node, 0), k = attribute(r, node, 1), n = attribute(r, node, 2);
  int ta = attribute(r, node, 3) != 0, tb = attribute(r, node, 4) != 0;
  if (rp_wanted(r, a))
    rp_accumulate(r, a, ta ? rp_matmul(g, b, seed, k, n, m, tb, 1) : rp_matmul(g, seed, b, m, n, k, 0, !tb));
  if (rp_wanted(r, b))
    rp_accumulate(r, b, tb ? rp_matmul(g, seed, a, n, m, k, 1, ta) : rp_matmul(g, a, seed, k, m, n, !ta, 0));
}

/* ---- Cholesky factor ---- */

void adjoint_CHOLESKY(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_accumulate(r, input(r, node, 0), rp_cholesky_adjoint(rp_reverse_graph(r), node, seed, attribute(r, node, 0)));
}

void adjoint_CHOLESKY_ADJOINT(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  (void) seed;
  for (int k = 0; k < 2; k++) rp_no_derivative(r, input(r, node, k), "chol(), taken twice,");
}

/* ---- linear systems: op(A) X = B ---- */

/* With W = op(A)^-T seed, the adjoint of B: that of op(A) is -W X'. */
static rp_node_id system_matrix_adjoint(rp_graph *g, rp_node_id w, rp_node_id x, int64_t n, int64_t m, int transpose) {
  return rp_neg(g, transpose ? rp_matmul(g, x, w, n, m, n, 0, 1) : rp_matmul(g, w, x, n, m, n, 0, 1));
}

void adjoint_TRI_SOLVE(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id t = input(r, node, 0), b = input(r, node, 1);
  int64_t n = attribute(r, node, 0), m = attribute(r, node, 1);
  int lower = attribute(r, node, 2) != 0, transpose = attribute(r, node, 3) != 0;
  rp_node_id w = rp_tri_solve(g, t, seed, n, m, lower, !transpose);
  rp_accumulate(r, b, w);
  if (!rp_wanted(r, t)) return;
  rp_node_id whole = system_matrix_adjoint(g, w, node, n, m, transpose);
  rp_accumulate(r, t, keep_triangle(g, whole, n, lower));
}

void adjoint_SOLVE(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id a = input(r, node, 0), b = input(r, node, 1);
  int64_t n = attribute(r, node, 0), m = attribute(r, node, 1);
  int transpose = attribute(r, node, 2) != 0;
  rp_node_id w = rp_solve(g, a, seed, n, m, !transpose);
  rp_accumulate(r, b, w);
  if (rp_wanted(r, a)) rp_accumulate(r, a, system_matrix_adjoint(g, w, node, n, m, transpose));
}

/* ---- determinants ---- */

static rp_node_id inverse_transposed(rp_graph *g, rp_node_id a, int64_t n) {
  return rp_solve(g, a, identity(g, n), n, n, 1);
}

void adjoint_LOG_ABS_DET(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id a = input(r, node, 0);
  rp_accumulate(r, a, rp_mul(g, seed, inverse_transposed(g, a, attribute(r, node, 0))));
}

/* NaN where the determinant is 0. */
void adjoint_DET(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id a = input(r, node, 0);
  rp_accumulate(r, a, rp_mul(g, rp_mul(g, seed, node), inverse_transposed(g, a, attribute(r, node, 0))));
}

/* ---- eigenvalues and vectors ---- */

/* F o (V' seed of V), F_ij = 1 / (value_j - value_i), 0 on the diagonal and wherever the second factor is 0. */
static rp_node_id vector_part(rp_graph *g, rp_node_id values, rp_node_id vectors, rp_node_id seed, int64_t n) {
  rp_node_id product = rp_matmul(g, vectors, seed, n, n, n, 1, 0), zero = rp_const(g, 0);
  rp_node_id gap = rp_sub(g, repeat_rows(g, values, n, n, 1), repeat_rows(g, values, n, n, 0));
  rp_node_id absent = rp_binary(g, RP_OP_EQ, product, zero);
  rp_node_id quotient = rp_select(g, absent, zero, rp_div(g, product, gap));
  return rp_select(g, identity(g, n), zero, quotient);
}

void adjoint_EIGEN_SYMMETRIC(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  int64_t n = attribute(r, node, 0);
  rp_node_id values = rp_slice(g, node, 0, n), vectors = rp_slice(g, node, n, n * n);
  rp_node_id value_seed = rp_slice(g, seed, 0, n), vector_seed = rp_slice(g, seed, n, n * n);
  rp_node_id scaled = rp_mul(g, vectors, repeat_rows(g, value_seed, n, n, 1));
  if (!rp_is_value(g, vector_seed, 0))
    scaled = rp_add(g, scaled, rp_matmul(g, vectors, vector_part(g, values, vectors, vector_seed, n), n, n, n, 0, 0));
  rp_accumulate(r, input(r, node, 0), fold_into_lower(g, rp_matmul(g, scaled, vectors, n, n, n, 0, 1), n));
}

/* ---- singular values ---- */

/* Whether nothing of positions from first on can reach the seed: it is 0 there, or was scattered below them only. */
static int is_zero_from(const rp_graph *g, rp_node_id seed, int64_t first) {
  const rp_node *node = rp_graph_node(g, seed);
  if (node->op == RP_OP_SCATTER) {
    for (int64_t i = 0; i < node->n_index; i++)
      if (node->index[i] >= first) return 0;
    return 1;
  }
  if (node->op == RP_OP_ADD) return is_zero_from(g, node->in[0], first) && is_zero_from(g, node->in[1], first);
  if (node->op == RP_OP_CONCAT) {
    int64_t offset = 0;
    for (int32_t k = 0; k < node->n_in; k++) {
      int64_t n = rp_length(g, node->in[k]);
      if (offset + n > first && !rp_is_value(g, node->in[k], 0) &&
          (offset >= first || !is_zero_from(g, node->in[k], first - offset)))
        return 0;
      offset += n;
    }
    return 1;
  }
  if (node->op != RP_OP_CONST || node->n == 1) return rp_is_value(g, seed, 0);
  for (int64_t i = first; i < node->n; i++)
    if (node->data[i] != 0) return 0;
  return 1;
}

void adjoint_SVD(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  int64_t m = attribute(r, node, 0), n = attribute(r, node, 1), k = m < n ? m : n;
  if (!is_zero_from(g, seed, k)) {
    rp_no_derivative(r, input(r, node, 0), "the singular vectors of svd() (u and v; that of d is)");
    return;
  }
  rp_node_id u = rp_slice(g, node, k, m * k), v = rp_slice(g, node, k + m * k, n * k);
  rp_node_id scaled = rp_mul(g, u, repeat_rows(g, rp_slice(g, seed, 0, k), k, m, 1));
  rp_accumulate(r, input(r, node, 0), rp_matmul(g, scaled, v, m, k, n, 0, 1));
}

/* ---- parts ---- */

/* An n x n constant, 1 where keep(row, column, kind), 0 elsewhere. */
typedef enum { DIAGONAL, LOWER, UPPER } part;

static rp_node_id mask(rp_graph *g, int64_t n, part kept) {
  double *values = calloc((size_t) (n * n) + 1, sizeof *values);
  if (values == NULL) {
    rp_fail_memory(rp_graph_status(g), "a matrix of constants");
    return RP_NONE;
  }
  for (int64_t column = 0; column < n; column++)
    for (int64_t row = 0; row < n; row++)
      values[column * n + row] = row == column || (kept == LOWER && row > column) || (kept == UPPER && row < column);
  rp_node_id node = rp_data(g, values, n * n);
  free(values);
  return node;
}

static rp_node_id identity(rp_graph *g, int64_t n) { return mask(g, n, DIAGONAL); }

static rp_node_id keep_triangle(rp_graph *g, rp_node_id a, int64_t n, int lower) {
  return rp_select(g, mask(g, n, lower ? LOWER : UPPER), a, rp_const(g, 0));
}

/* Below the diagonal a + a', on it a, above it 0. */
static rp_node_id fold_into_lower(rp_graph *g, rp_node_id a, int64_t n) {
  rp_node_id both = rp_add(g, a, rp_transpose(g, a, n, n));
  return keep_triangle(g, rp_select(g, identity(g, n), a, both), n, 1);
}

/* A matrix made of vector a of length n: by column, row i of `times` rows holds a[column]; otherwise column j of
 * `times` columns holds a itself. */
static rp_node_id repeat_rows(rp_graph *g, rp_node_id a, int64_t n, int64_t times, int by_column) {
  int32_t *index = malloc((size_t) (n * times) * sizeof *index + 1);
  if (index == NULL) {
    rp_fail_memory(rp_graph_status(g), "an index vector");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n * times; i++) index[i] = (int32_t) (by_column ? i / times : i % n);
  rp_node_id node = rp_gather(g, a, index, n * times);
  free(index);
  return node;
}
