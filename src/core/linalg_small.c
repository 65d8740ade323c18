/* Linear algebra with the kernels of the base instruction set, and what needs none. */
#define LA_WIDTH 2
#define LA_TABLE rp_la_base
#include "linalg_blocks.h"

void rp_la_transpose(const double *a, int64_t rows, int64_t cols, double *out) {
  enum { TILE = 16 };
  for (int64_t j0 = 0; j0 < cols; j0 += TILE)
    for (int64_t i0 = 0; i0 < rows; i0 += TILE)
      for (int64_t j = j0; j < cols && j < j0 + TILE; j++)
        for (int64_t i = i0; i < rows && i < i0 + TILE; i++) out[i * cols + j] = a[j * rows + i];
}

void rp_la_matmul(const double *a, const double *b, int64_t m, int64_t k, int64_t n, int ta, int tb, double *c) {
  matmul(a, b, m, k, n, ta, tb, c);
}

void rp_la_tri_solve(const double *t, int64_t n, int lower, int transpose, double *b, int64_t m) {
  tri_solve(t, n, lower, transpose, b, m);
}

void rp_la_cholesky(const double *a, int64_t n, double *l) { cholesky(a, n, l); }

int64_t rp_la_cholesky_adjoint_workspace(int64_t n) {
  (void) n;
  return RP_LA_BLOCK * RP_LA_BLOCK;
}

void rp_la_cholesky_adjoint(const double *l, const double *l_adjoint, int64_t n, double *a_adjoint, double *workspace) {
  cholesky_adjoint(l, l_adjoint, n, a_adjoint, workspace);
}
