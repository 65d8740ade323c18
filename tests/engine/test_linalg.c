/* Own kernels and LAPACK wrappers against the definitions of what they compute (products and residuals by plain
 * loops). */
#include "check.h"

#include <stdlib.h>

#include "../../src/core/linalg_small.h"
#include "../../src/core/random.h"
#include "../../src/exec/program.h"

/* Kernels under test. */
static const rp_la_kernels *la;

/* Blocks are 24 wide, tiles 8, 4 and 2; 520 takes the LAPACK path. */
static const int64_t sizes[] = {1, 2, 3, 5, 8, 23, 24, 25, 47, 48, 49, 100, 131};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static double *normals(int64_t n, uint32_t site) {
  double *x = malloc((size_t) (n + 1) * sizeof *x);
  rp_random stream = rp_random_open((rp_random_key) {.seed = 17, .chain = 1, .draw = 1}, site);
  for (int64_t i = 0; x != NULL && i < n; i++) x[i] = rp_random_normal(&stream);
  return x;
}

static double element(const double *a, int64_t rows, int64_t i, int64_t j) { return a[i + j * rows]; }

static double op(const double *a, int64_t rows, int64_t cols, int transposed, int64_t i, int64_t j) {
  return transposed ? element(a, cols, j, i) : element(a, rows, i, j);
}

/* Greatest |c - op(a) op(b)|; sums of k products of standard normals have errors of order k eps. */
static double product_error(const double *a, const double *b, const double *c, int64_t m, int64_t k, int64_t n,
                            int ta, int tb) {
  double error = 0;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t p = 0; p < k; p++) sum += op(a, m, k, ta, i, p) * op(b, k, n, tb, p, j);
      double difference = fabs(sum - element(c, m, i, j));
      if (!(difference <= error)) error = difference;
    }
  return error;
}

static void test_matmul(void) {
  static const int64_t shapes[][3] = {{1, 1, 1}, {2, 3, 4}, {4, 4, 4}, {5, 7, 9}, {17, 300, 3}, {64, 1, 64}, {1, 50, 6},
                                      {6, 50, 1}, {33, 260, 35}, {3, 0, 2}, {515, 3, 514}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    int64_t m = shapes[s][0], k = shapes[s][1], n = shapes[s][2];
    double *a = normals(m * k, 1), *b = normals(k * n, 2), *c = normals(m * n, 3);
    for (int ta = 0; ta < 2; ta++)
      for (int tb = 0; tb < 2; tb++) {
        la->matmul(a, b, m, k, n, ta, tb, c);
        CHECK(product_error(a, b, c, m, k, n, ta, tb) < 1e-14 * (double) (k + 10));
      }
    free(a);
    free(b);
    free(c);
  }
}

static void test_transpose(void) {
  double a[35 * 18], b[35 * 18];
  for (int i = 0; i < 35 * 18; i++) a[i] = i;
  rp_la_transpose(a, 35, 18, b);
  int equal = 1;
  for (int64_t i = 0; i < 35; i++)
    for (int64_t j = 0; j < 18; j++) equal = equal && element(a, 35, i, j) == element(b, 18, j, i);
  CHECK(equal);
}

/* x x' + n I: well conditioned, eigenvalues between n and about 5 n. */
static double *positive_definite(int64_t n, uint32_t site) {
  double *x = normals(n * n, site), *a = normals(n * n, 0);
  la->matmul(x, x, n, n, n, 0, 1, a);
  for (int64_t i = 0; i < n; i++) a[i + i * n] += (double) n;
  free(x);
  return a;
}

static void check_cholesky(int64_t n) {
  double *a = positive_definite(n, 4), *l = normals(n * n, 5);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j + 1; i < n; i++) a[i + j * n] = NAN; /* the lower triangle must not be read */
  la->cholesky(a, n, l);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j + 1; i < n; i++) a[i + j * n] = a[j + i * n];
  CHECK(product_error(l, l, a, n, n, n, 0, 1) < 1e-14 * (double) (n * n));
  int zero_above = 1;
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < j; i++) zero_above = zero_above && l[i + j * n] == 0;
  CHECK(zero_above);
  la->cholesky(a, n, a);
  CHECK(memcmp(a, l, (size_t) (n * n) * sizeof *a) == 0);
  free(a);
  free(l);
}

static void test_not_positive_definite(void) {
  double a[4] = {1, 2, 2, 1}, l[4], with_nan[4] = {1, 0, NAN, 1}, with_inf[4] = {1, 0, 0, INFINITY};
  la->cholesky(a, 2, l);
  CHECK(isnan(l[0]) && isnan(l[1]) && isnan(l[2]) && isnan(l[3]));
  la->cholesky(with_nan, 2, l);
  CHECK(isnan(l[0]) && isnan(l[3]));
  la->cholesky(with_inf, 2, l);
  CHECK(isnan(l[0]) && isnan(l[3]));
  double *big = positive_definite(520, 6);
  big[519 + 519 * 520] = -1;
  la->cholesky(big, 520, big);
  CHECK(isnan(big[0]) && isnan(big[519 * 520]));
  free(big);
}

static void check_tri_solve(int64_t n, int64_t m) {
  double *a = positive_definite(n, 7), *b = normals(n * m, 8), *x = normals(n * m, 9);
  la->cholesky(a, n, a);
  double *u = normals(n * n, 0);
  rp_la_transpose(a, n, n, u);
  for (int lower = 0; lower < 2; lower++)
    for (int transpose = 0; transpose < 2; transpose++) {
      const double *t = lower ? a : u;
      memcpy(x, b, (size_t) (n * m) * sizeof *x);
      la->tri_solve(t, n, lower, transpose, x, m);
      CHECK(product_error(t, x, b, n, n, m, transpose, 0) < 1e-14 * (double) (n + 10));
    }
  free(a);
  free(b);
  free(x);
  free(u);
}

/* The other triangle must not be read. */
static void test_tri_solve_reads_one_triangle(void) {
  double t[4] = {2, 3, NAN, 4}, x[2] = {2, 11};
  la->tri_solve(t, 2, 1, 0, x, 1);
  CHECK(x[0] == 1 && x[1] == 2);
  double s[4] = {2, NAN, 3, 4}, y[2] = {8, 8};
  la->tri_solve(s, 2, 0, 0, y, 1);
  CHECK(y[0] == 1 && y[1] == 2);
}

/* Against central differences of the factor along a symmetric direction; a step of 3e-6 leaves errors near 1e-9. */
static void check_cholesky_adjoint(int64_t n) {
  size_t bytes = (size_t) (n * n) * sizeof(double);
  double *a = positive_definite(n, 10), *l = malloc(bytes), *seed = normals(n * n, 11), *direction = normals(n * n, 12);
  double *adjoint = malloc(bytes), *up = malloc(bytes), *down = malloc(bytes);
  double *workspace = malloc((size_t) rp_la_cholesky_adjoint_workspace(n) * sizeof(double));
  la->cholesky(a, n, l);
  la->cholesky_adjoint(l, seed, n, adjoint, workspace);
  double step = 3e-6 * (double) n, slope = 0, numeric = 0;
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i <= j; i++) {
      up[i + j * n] = a[i + j * n] + step * direction[i + j * n];
      down[i + j * n] = a[i + j * n] - step * direction[i + j * n];
      slope += adjoint[i + j * n] * direction[i + j * n];
    }
  la->cholesky(up, n, up);
  la->cholesky(down, n, down);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j; i < n; i++) numeric += seed[i + j * n] * (up[i + j * n] - down[i + j * n]) / (2 * step);
  CHECK_NEAR(slope, numeric, 1e-8);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j + 1; i < n; i++)
      if (adjoint[i + j * n] != 0) numeric = NAN;
  CHECK(!isnan(numeric));
  free(a), free(l), free(seed), free(direction), free(adjoint), free(up), free(down), free(workspace);
}

static void check_solve(int64_t n, int64_t m) {
  double *a = normals(n * n, 13), *b = normals(n * m, 14), *x = normals(n * m, 0);
  for (int64_t i = 0; i < n; i++) a[i + i * n] += 3 * sqrt((double) n);
  double *workspace = malloc((size_t) rp_la_solve_workspace(n) * sizeof(double));
  for (int transpose = 0; transpose < 2; transpose++) {
    memcpy(x, b, (size_t) (n * m) * sizeof *x);
    rp_la_solve(a, n, transpose, x, m, workspace);
    CHECK(product_error(a, x, b, n, n, m, transpose, 0) < 1e-14 * (double) (n + 10));
  }
  free(a), free(b), free(x), free(workspace);
}

static void test_determinants(void) {
  double a[9] = {0, 2, 1, 3, 0, 1, 1, 1, 5}; /* det = -25 by cofactors */
  double workspace[64];
  CHECK(rp_la_log_abs_det_workspace(3) <= 64);
  CHECK_NEAR(rp_la_log_abs_det(a, 3, workspace), log(25), 1e-14);
  CHECK_NEAR(rp_la_det(a, 3, workspace), -25, 1e-14);
  double singular[4] = {1, 2, 2, 4}, x[2] = {1, 1};
  CHECK(rp_la_log_abs_det(singular, 2, workspace) == -INFINITY);
  CHECK(rp_la_det(singular, 2, workspace) == 0);
  rp_la_solve(singular, 2, 0, x, 1, workspace);
  CHECK(isnan(x[0]) && isnan(x[1]));
  singular[1] = NAN;
  CHECK(isnan(rp_la_log_abs_det(singular, 2, workspace)));
}

static void check_eigen(int64_t n) {
  size_t bytes = (size_t) (n * n) * sizeof(double);
  double *a = positive_definite(n, 15), *vectors = malloc(bytes), *scaled = malloc(bytes), *values = malloc(bytes + 8);
  double *workspace = malloc((size_t) rp_la_eigen_symmetric_workspace(n) * sizeof(double));
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < j; i++) a[i + j * n] = NAN; /* the upper triangle must not be read */
  rp_la_eigen_symmetric(a, n, values, vectors, workspace);
  int decreasing = 1;
  for (int64_t j = 0; j < n; j++) {
    decreasing = decreasing && (j == 0 || values[j] <= values[j - 1]);
    for (int64_t i = 0; i < n; i++) scaled[i + j * n] = vectors[i + j * n] * values[j];
    for (int64_t i = 0; i < j; i++) a[i + j * n] = a[j + i * n];
  }
  CHECK(decreasing);
  CHECK(product_error(scaled, vectors, a, n, n, n, 0, 1) < 1e-13 * (double) (n * n + 10));
  a[n * n - 1] = NAN;
  rp_la_eigen_symmetric(a, n, values, vectors, workspace);
  CHECK(isnan(values[0]) && isnan(vectors[n * n - 1]));
  free(a), free(vectors), free(scaled), free(values), free(workspace);
}

static void check_svd(int64_t m, int64_t n) {
  int64_t k = m < n ? m : n;
  double *a = normals(m * n, 16), *d = normals(k, 0), *u = normals(m * k, 0), *v = normals(n * k, 0);
  double *workspace = malloc((size_t) rp_la_svd_workspace(m, n) * sizeof(double));
  rp_la_svd(a, m, n, d, u, v, workspace);
  int decreasing = 1;
  for (int64_t j = 0; j < k; j++) {
    decreasing = decreasing && d[j] >= 0 && (j == 0 || d[j] <= d[j - 1]);
    for (int64_t i = 0; i < m; i++) u[i + j * m] *= d[j];
  }
  CHECK(decreasing);
  CHECK(product_error(u, v, a, m, k, n, 0, 1) < 1e-13 * (double) (k + 10));
  a[0] = INFINITY;
  rp_la_svd(a, m, n, d, u, v, workspace);
  CHECK(isnan(d[0]));
  free(a), free(d), free(u), free(v), free(workspace);
}

static void test_kernels(const rp_la_kernels *kernels) {
  la = kernels;
  test_matmul();
  test_not_positive_definite();
  test_tri_solve_reads_one_triangle();
  for (int s = 0; s < N_SIZES; s++) {
    check_cholesky(sizes[s]);
    check_tri_solve(sizes[s], 1);
    check_tri_solve(sizes[s], 3);
    check_tri_solve(sizes[s], 50);
    if (sizes[s] <= 100) check_cholesky_adjoint(sizes[s]);
  }
  check_cholesky(520);
  check_tri_solve(520, 4);
}

int main(void) {
  test_kernels(&rp_la_base);
  if (rp_isa_best() >= RP_ISA_AVX2) test_kernels(&rp_la_avx2);
  la = &rp_la_base;
  test_transpose();
  test_determinants();
  for (int s = 0; s < N_SIZES; s++) {
    check_solve(sizes[s], 2);
    check_eigen(sizes[s]);
  }
  check_svd(1, 1);
  check_svd(5, 3);
  check_svd(3, 5);
  check_svd(100, 7);
  check_svd(20, 60);
  return check_done("linalg");
}
