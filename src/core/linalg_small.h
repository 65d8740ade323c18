/* Dense linear algebra on column-major matrices, without allocation.
 *
 * Own blocked kernels up to RP_LA_SMALL rows and columns (R's reference BLAS is slow), LAPACK and BLAS above; LU,
 * eigenvalues and singular values are LAPACK's at any size.  The functions use the base instruction set, so results do
 * not depend on the machine's; programs take the kernels of theirs from an rp_la_kernels.  Functions that need scratch
 * memory take `workspace`: rp_la_<name>_workspace() doubles, which the caller owns. Failure (not positive definite,
 * singular, not finite, no convergence) fills the result with NaN.  Thread safe. */
#ifndef RP_CORE_LINALG_SMALL_H
#define RP_CORE_LINALG_SMALL_H

#include <stdint.h>

enum { RP_LA_SMALL = 512, RP_LA_BLOCK = 24 };

void rp_la_transpose(const double *a, int64_t rows, int64_t cols, double *out);

/* c [m x n] = op(a) [m x k] op(b) [k x n]; ta: a is stored k x m, tb: b is stored n x k. */
void rp_la_matmul(const double *a, const double *b, int64_t m, int64_t k, int64_t n, int ta, int tb, double *c);

/* l = lower Cholesky factor of the symmetric matrix whose upper triangle is in a; zeros above. l may be a itself. */
void rp_la_cholesky(const double *a, int64_t n, double *l);

/* Solves op(t) x = b in place, t triangular n x n (lower or upper), b n x m. */
void rp_la_tri_solve(const double *t, int64_t n, int lower, int transpose, double *b, int64_t m);

/* Adjoint of the matrix, all of it in the upper triangle (what rp_la_cholesky() reads), given its factor l and the
 * adjoint of l (whose upper triangle is ignored). */
int64_t rp_la_cholesky_adjoint_workspace(int64_t n);
void rp_la_cholesky_adjoint(const double *l, const double *l_adjoint, int64_t n, double *a_adjoint, double *workspace);

/* Solves op(a) x = b in place by LU; NaN if singular. */
int64_t rp_la_solve_workspace(int64_t n);
void rp_la_solve(const double *a, int64_t n, int transpose, double *b, int64_t m, double *workspace);

/* Determinants by LU: -Inf and 0 if singular. */
int64_t rp_la_log_abs_det_workspace(int64_t n);
double rp_la_log_abs_det(const double *a, int64_t n, double *workspace);
double rp_la_det(const double *a, int64_t n, double *workspace); /* workspace as above */

/* Eigenvalues, decreasing, and vectors in columns, of the symmetric matrix whose lower triangle is in a. */
int64_t rp_la_eigen_symmetric_workspace(int64_t n);
void rp_la_eigen_symmetric(const double *a, int64_t n, double *values, double *vectors, double *workspace);

/* a [m x n] = u diag(d) v', k = min(m, n): d [k] decreasing, u [m x k], v [n x k]. */
int64_t rp_la_svd_workspace(int64_t m, int64_t n);
void rp_la_svd(const double *a, int64_t m, int64_t n, double *d, double *u, double *v, double *workspace);

/* The functions of these names, in the same order, with other kernels. */
typedef struct {
  void (*matmul)(const double *a, const double *b, int64_t m, int64_t k, int64_t n, int ta, int tb, double *c);
  void (*tri_solve)(const double *t, int64_t n, int lower, int transpose, double *b, int64_t m);
  void (*cholesky)(const double *a, int64_t n, double *l);
  void (*cholesky_adjoint)(const double *l, const double *l_adjoint, int64_t n, double *a_adjoint, double *workspace);
} rp_la_kernels;
extern const rp_la_kernels rp_la_base;
extern const rp_la_kernels rp_la_avx2; /* with fused multiply-add; for machines that have it */

#endif
