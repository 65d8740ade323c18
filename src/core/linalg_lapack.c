/* What LAPACK does at any size: LU, symmetric eigenvalues, singular values. */
#include "linalg_small.h"

#include <math.h>
#include <string.h>

#include "linalg.h"

/* Doubles that hold n ints. */
static int64_t doubles_for_ints(int64_t n) {
  return (n * (int64_t) sizeof(int) + (int64_t) sizeof(double) - 1) / (int64_t) sizeof(double);
}

static int all_finite(const double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (!isfinite(x[i])) return 0;
  return 1;
}

static void fill_nan(double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = NAN;
}

/* ---- LU ---- */

int64_t rp_la_solve_workspace(int64_t n) { return n * n + doubles_for_ints(n) + 1; }
int64_t rp_la_log_abs_det_workspace(int64_t n) { return rp_la_solve_workspace(n); }

/* Factors a copy of a in workspace; LAPACK's info. */
static int factor(const double *a, int64_t n, double *workspace, int **pivots) {
  int size = (int) n, info = 0;
  memcpy(workspace, a, (size_t) (n * n) * sizeof *workspace);
  *pivots = (int *) (void *) (workspace + n * n);
  dgetrf_(&size, &size, workspace, &size, *pivots, &info);
  return info;
}

void rp_la_solve(const double *a, int64_t n, int transpose, double *b, int64_t m, double *workspace) {
  if (n == 0 || m == 0) return;
  int *pivots, size = (int) n, cols = (int) m, info;
  if (!all_finite(a, n * n) || factor(a, n, workspace, &pivots) != 0) {
    fill_nan(b, n * m);
    return;
  }
  dgetrs_(transpose ? "T" : "N", &size, &cols, workspace, &size, pivots, b, &size, &info, 1);
}

/* 1, -1 when the row exchanges are odd in number. */
static double exchange_sign(const int *pivots, int64_t n) {
  double sign = 1;
  for (int64_t i = 0; i < n; i++)
    if (pivots[i] != i + 1) sign = -sign;
  return sign;
}

double rp_la_log_abs_det(const double *a, int64_t n, double *workspace) {
  int *pivots;
  if (!all_finite(a, n * n)) return NAN;
  if (n == 0) return 0;
  factor(a, n, workspace, &pivots);
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += log(fabs(workspace[i + i * n]));
  return sum;
}

double rp_la_det(const double *a, int64_t n, double *workspace) {
  int *pivots;
  if (!all_finite(a, n * n)) return NAN;
  if (n == 0) return 1;
  factor(a, n, workspace, &pivots);
  double product = exchange_sign(pivots, n);
  for (int64_t i = 0; i < n; i++) product *= workspace[i + i * n];
  return product;
}

/* ---- symmetric eigenvalues ---- */

/* Scratch lengths in doubles and ints; dsyevr asks for at least 26 n and 10 n. */
static int64_t eigen_work(int64_t n) { return 34 * n + 1; }

int64_t rp_la_eigen_symmetric_workspace(int64_t n) {
  return n * n + n + eigen_work(n) + doubles_for_ints(10 * n + 1) + doubles_for_ints(2 * n + 2);
}

void rp_la_eigen_symmetric(const double *a, int64_t n, double *values, double *vectors, double *workspace) {
  if (n == 0) return;
  double *copy = workspace, *increasing = copy + n * n, *work = increasing + n, *ints = work + eigen_work(n);
  int *int_work = (int *) (void *) ints, *support = (int *) (void *) (ints + doubles_for_ints(10 * n + 1));
  int size = (int) n, found = 0, info = 1, unused = 0, n_work = (int) eigen_work(n), n_int = 10 * size;
  double none = 0;
  int finite = 1;
  for (int64_t j = 0; j < n; j++) finite = finite && all_finite(a + j + j * n, n - j);
  if (finite) {
    memcpy(copy, a, (size_t) (n * n) * sizeof *copy);
    dsyevr_("V", "A", "L", &size, copy, &size, &none, &none, &unused, &unused, &none, &found, increasing, vectors,
            &size, support, work, &n_work, int_work, &n_int, &info, 1, 1, 1);
  }
  if (info != 0 || found != size) {
    fill_nan(values, n);
    fill_nan(vectors, n * n);
    return;
  }
  for (int64_t i = 0; i < n; i++) values[i] = increasing[n - 1 - i];
  for (int64_t j = 0; j < n / 2; j++)
    for (int64_t i = 0; i < n; i++) {
      double kept = vectors[i + j * n];
      vectors[i + j * n] = vectors[i + (n - 1 - j) * n];
      vectors[i + (n - 1 - j) * n] = kept;
    }
}

/* ---- singular values ---- */

static int64_t smaller(int64_t m, int64_t n) { return m < n ? m : n; }

/* dgesdd with jobz "S" needs at most 3 k + max(larger, 5 k^2 + 4 k) (its documentation); the rest is for blocking. */
static int64_t svd_work(int64_t m, int64_t n) {
  int64_t k = smaller(m, n), larger = m > n ? m : n;
  return 5 * k * k + 8 * k + larger + 64 * (m + n) + 1;
}

int64_t rp_la_svd_workspace(int64_t m, int64_t n) {
  int64_t k = smaller(m, n);
  return m * n + k * n + svd_work(m, n) + doubles_for_ints(8 * k + 1);
}

void rp_la_svd(const double *a, int64_t m, int64_t n, double *d, double *u, double *v, double *workspace) {
  int64_t k = smaller(m, n);
  if (k == 0) return;
  double *copy = workspace, *v_transposed = copy + m * n, *work = v_transposed + k * n;
  int *int_work = (int *) (void *) (work + svd_work(m, n));
  int rows = (int) m, cols = (int) n, least = (int) k, n_work = (int) svd_work(m, n), info = 1;
  if (all_finite(a, m * n)) {
    memcpy(copy, a, (size_t) (m * n) * sizeof *copy);
    dgesdd_("S", &rows, &cols, copy, &rows, d, u, &rows, v_transposed, &least, work, &n_work, int_work, &info, 1);
  }
  if (info != 0) {
    fill_nan(d, k);
    fill_nan(u, m * k);
    fill_nan(v, n * k);
    return;
  }
  rp_la_transpose(v_transposed, k, n, v);
}
