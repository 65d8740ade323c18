/* Adjoints of special functions and of matrix operations against central differences of the reference evaluator (see
 * gradient_error() for their error), and the errors where there is no derivative. */
#include "graph_check.h"

/* Sum of weights times values, so that elements do not cancel. */
static rp_node_id weighed(rp_graph *g, rp_node_id a) {
  int64_t n = rp_graph_node(g, a)->n;
  double *weights = malloc((size_t) n * sizeof *weights);
  for (int64_t i = 0; i < n; i++) weights[i] = cos(1.3 * (double) i + 0.4);
  rp_node_id total = rp_sum(g, rp_mul(g, a, rp_data(g, weights, n)));
  free(weights);
  return total;
}

/* ---- special functions ---- */

static void check_unary(rp_op op, double a, double b, double c) {
  rp_graph *g = rp_graph_new();
  CHECK(check_gradient(g, weighed(g, rp_unary(g, op, rp_param(g, 0, 3))), (double[]) {a, b, c}, 3) < 2e-8);
  CHECK(check_gradient(g, rp_unary(g, op, rp_param(g, 0, 1)), &a, 1) < 2e-8);
  rp_graph_free(g);
}

static void test_unary(void) {
  check_unary(RP_OP_LGAMMA, 0.7, 3.2, -1.4);
  check_unary(RP_OP_GAMMA, 0.7, 3.2, -1.4);
  check_unary(RP_OP_DIGAMMA, 0.7, 3.2, -1.4);
  check_unary(RP_OP_TRIGAMMA, 0.7, 3.2, -1.4);
  check_unary(RP_OP_TETRAGAMMA, 0.9, 3.2, -1.4);
  check_unary(RP_OP_PNORM, -2, 0.1, 3);
  check_unary(RP_OP_LOG_PNORM, -20, 0.1, 3);
  check_unary(RP_OP_QNORM, 0.1, 0.5, 0.93);
}

static void check_binary(rp_op op, double x, double y, int n_params, double tolerance) {
  rp_graph *g = rp_graph_new();
  rp_node_id second = n_params == 2 ? rp_param(g, 1, 1) : rp_const(g, y);
  double error = check_gradient(g, rp_binary(g, op, rp_param(g, 0, 1), second), (double[]) {x, y}, n_params);
  if (!(error < tolerance)) printf("%s(%g, %g): %g\n", rp_op_name(op), x, y, error);
  CHECK(error < tolerance);
  rp_graph_free(g);
}

static void test_incomplete_gamma(void) {
  static const double x[] = {0.2, 1.7, 9, 40}, a[] = {0.4, 1.3, 7, 33};
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) {
      check_binary(RP_OP_GAMMA_P, x[i], a[j], 2, 2e-8);
      check_binary(RP_OP_GAMMA_Q, x[i], a[j], 2, 2e-8);
      check_binary(RP_OP_GAMMA_P_DA, x[i], a[j], 1, 2e-8);
    }
  for (int j = 0; j < 4; j++) check_binary(RP_OP_GAMMA_P_INV, 0.3, a[j], 2, 1e-7);
}

static void check_ternary(rp_op op, double x, double a, double b, int n_params, double tolerance) {
  rp_graph *g = rp_graph_new();
  rp_node_id second = n_params == 3 ? rp_param(g, 1, 1) : rp_const(g, a);
  rp_node_id third = n_params == 3 ? rp_param(g, 2, 1) : rp_const(g, b);
  double error = check_gradient(g, rp_ternary(g, op, rp_param(g, 0, 1), second, third), (double[]) {x, a, b}, n_params);
  if (!(error < tolerance)) printf("%s(%g, %g, %g): %g\n", rp_op_name(op), x, a, b, error);
  CHECK(error < tolerance);
  rp_graph_free(g);
}

static void test_incomplete_beta(void) {
  static const double x[] = {0.1, 0.5, 0.83}, shapes[] = {0.6, 2.5, 25};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 3; k++) {
        check_ternary(RP_OP_BETA_I, x[i], shapes[j], shapes[k], 3, 2e-8);
        check_ternary(RP_OP_BETA_I_DA, x[i], shapes[j], shapes[k], 1, 5e-8);
        check_ternary(RP_OP_BETA_I_DB, x[i], shapes[j], shapes[k], 1, 5e-8);
        check_ternary(RP_OP_BETA_I_INV, x[i], shapes[j], shapes[k], 3, 1e-7);
      }
}

static void test_bessel(void) {
  static const double x[] = {0.4, 2.5, 11}, order[] = {0, 0.5, 1, 3.7};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++)
      for (rp_op op = RP_OP_BESSEL_I; op <= RP_OP_BESSEL_Y; op++) check_binary(op, x[i], order[j], 1, 1e-7);
}

/* What has no derivative says so, but only if one is asked for. */
static void check_refused(rp_graph *g, rp_node_id output, const char *part) {
  rp_node_id all = rp_param(g, 0, 1), gradient;
  CHECK(rp_gradient(g, output, &all, 1, &gradient) == RP_UNSUPPORTED);
  CHECK(strstr(rp_graph_status(g)->message, part) != NULL);
  rp_graph_free(g);
}

static void test_refusals(void) {
  rp_graph *g = rp_graph_new();
  check_refused(g, rp_binary(g, RP_OP_BESSEL_K, rp_const(g, 2), rp_param(g, 0, 1)), "besselK() in its order");
  g = rp_graph_new();
  check_refused(g, rp_unary(g, RP_OP_PENTAGAMMA, rp_param(g, 0, 1)), "psigamma()");
  g = rp_graph_new();
  check_refused(g, rp_binary(g, RP_OP_GAMMA_P_DA, rp_const(g, 2), rp_param(g, 0, 1)), "gamma probability");
  g = rp_graph_new();
  rp_node_id b = rp_param(g, 0, 1);
  check_refused(g, rp_ternary(g, RP_OP_BETA_I_DA, rp_const(g, 0.2), rp_const(g, 2), b), "beta probability");
  g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 1);
  rp_node_id matrix = rp_concat(g, (rp_node_id[]) {x, rp_const(g, 1), rp_const(g, 2), rp_const(g, 4)}, 4);
  check_refused(g, weighed(g, rp_svd(g, matrix, 2, 2)), "svd()");
}

/* ---- matrices ---- */

/* 1.5 sin with an added diagonal: any matrix, well conditioned. */
static void fill(double *x, int64_t rows, int64_t cols, double diagonal) {
  for (int64_t i = 0; i < rows * cols; i++) x[i] = 1.5 * sin(1.7 * (double) i + 0.3);
  for (int64_t i = 0; i < rows && i < cols; i++) x[i + i * rows] += diagonal;
}

static void test_matmul(void) {
  static const int64_t shapes[][3] = {{2, 3, 4}, {3, 3, 3}, {1, 4, 3}, {4, 3, 1}, {3, 1, 2}, {1, 5, 1}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int flags = 0; flags < 4; flags++) {
      int64_t m = shapes[s][0], k = shapes[s][1], n = shapes[s][2];
      double x[32];
      fill(x, m * k + k * n, 1, 0);
      rp_graph *g = rp_graph_new();
      rp_node_id a = rp_param(g, 0, m * k), b = rp_param(g, m * k, k * n);
      rp_node_id product = rp_matmul(g, rp_exp(g, a), rp_exp(g, b), m, k, n, flags & 1, flags >> 1);
      CHECK(check_gradient(g, weighed(g, rp_unary(g, RP_OP_SQUARE, product)), x, (int) (m * k + k * n)) < 1e-8);
      rp_graph_free(g);
    }
}

/* Of x itself, not symmetrised: the gradient is that of the triangle that is read. */
static void test_cholesky(void) {
  for (int64_t n = 1; n <= 4; n++) {
    double x[16];
    fill(x, n, n, 5);
    rp_graph *g = rp_graph_new();
    rp_node_id l = rp_cholesky(g, rp_param(g, 0, n * n), n);
    CHECK(check_gradient(g, weighed(g, l), x, (int) (n * n)) < 1e-8);
    rp_graph_free(g);
  }
}

static void test_solves(void) {
  for (int flags = 0; flags < 4; flags++)
    for (int64_t m = 1; m <= 2; m++) {
      int64_t n = 3, total = n * n + n * m;
      double x[32];
      fill(x, n, n, 4);
      fill(x + n * n, n, m, 0);
      rp_graph *g = rp_graph_new();
      rp_node_id a = rp_param(g, 0, n * n), b = rp_param(g, n * n, n * m);
      rp_node_id solved = rp_tri_solve(g, a, b, n, m, flags & 1, flags >> 1);
      CHECK(check_gradient(g, weighed(g, rp_unary(g, RP_OP_SQUARE, solved)), x, (int) total) < 1e-8);
      solved = rp_solve(g, a, b, n, m, flags & 1);
      CHECK(check_gradient(g, weighed(g, rp_unary(g, RP_OP_SQUARE, solved)), x, (int) total) < 1e-8);
      rp_graph_free(g);
    }
}

static void test_determinants(void) {
  for (int64_t n = 1; n <= 4; n++) {
    double x[16];
    fill(x, n, n, 2);
    rp_graph *g = rp_graph_new();
    rp_node_id a = rp_param(g, 0, n * n);
    CHECK(check_gradient(g, rp_log_abs_det(g, a, n), x, (int) (n * n)) < 1e-8);
    CHECK(check_gradient(g, rp_det(g, a, n), x, (int) (n * n)) < 1e-8);
    rp_graph_free(g);
  }
}

/* Squares of vectors do not depend on their sign, which LAPACK may change. */
static void test_eigen(void) {
  int64_t n = 3;
  double x[9];
  fill(x, n, n, 3);
  rp_graph *g = rp_graph_new();
  rp_node_id eigen = rp_eigen_symmetric(g, rp_param(g, 0, 9), n);
  CHECK(check_gradient(g, weighed(g, rp_slice(g, eigen, 0, n)), x, 9) < 1e-8);
  CHECK(check_gradient(g, weighed(g, rp_unary(g, RP_OP_SQUARE, rp_slice(g, eigen, n, 9))), x, 9) < 1e-7);
  CHECK(check_gradient(g, weighed(g, rp_unary(g, RP_OP_SQUARE, eigen)), x, 9) < 1e-7);
  rp_graph_free(g);
}

/* The identity: values have a (one-sided) derivative each, vectors none; asking for values only must not meet 0 / 0. */
static void test_equal_eigenvalues(void) {
  double x[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, gradient[9];
  rp_graph *g = rp_graph_new();
  rp_node_id all = rp_param(g, 0, 9), eigen = rp_eigen_symmetric(g, all, 3), node;
  CHECK(rp_gradient(g, rp_sum(g, rp_slice(g, eigen, 0, 3)), &all, 1, &node) == RP_OK);
  value_of(g, rp_broadcast(g, node, 9), x, gradient);
  for (int i = 0; i < 9; i++) CHECK_NEAR(gradient[i], i % 4 == 0, 1e-14);
  rp_graph_free(g);
}

static void test_singular_values(void) {
  static const int64_t shapes[][2] = {{3, 3}, {4, 2}, {2, 4}};
  for (int s = 0; s < 3; s++) {
    int64_t m = shapes[s][0], n = shapes[s][1], k = m < n ? m : n;
    double x[16];
    fill(x, m, n, 2);
    rp_graph *g = rp_graph_new();
    rp_node_id svd = rp_svd(g, rp_param(g, 0, m * n), m, n);
    CHECK(check_gradient(g, weighed(g, rp_slice(g, svd, 0, k)), x, (int) (m * n)) < 1e-8);
    const int32_t some[] = {1, 0, 1};
    rp_node_id picked = rp_gather(g, svd, some, 3);
    CHECK(check_gradient(g, weighed(g, rp_unary(g, RP_OP_SQUARE, picked)), x, (int) (m * n)) < 1e-8);
    CHECK(check_gradient(g, rp_slice(g, svd, 0, 1), x, (int) (m * n)) < 1e-8);
    rp_graph_free(g);
  }
}

/* A Gaussian process log density: everything together, kernel matrix from two parameters. */
static void test_gaussian_process(void) {
  enum { N = 6 };
  double distance[N * N], y[N], jitter[N * N], x[2] = {0.2, -0.3};
  for (int i = 0; i < N * N; i++) {
    distance[i] = 0.3 * (i % N - i / N) * (i % N - i / N);
    jitter[i] = i % (N + 1) == 0 ? 0.1 : 0;
  }
  fill(y, N, 1, 0);
  rp_graph *g = rp_graph_new();
  rp_node_id scale = rp_exp(g, rp_param(g, 0, 1)), rate = rp_exp(g, rp_param(g, 1, 1));
  rp_node_id kernel = rp_mul(g, scale, rp_exp(g, rp_neg(g, rp_mul(g, rate, rp_data(g, distance, N * N)))));
  rp_node_id l = rp_cholesky(g, rp_add(g, kernel, rp_data(g, jitter, N * N)), N);
  rp_node_id white = rp_tri_solve(g, l, rp_data(g, y, N), N, 1, 1, 0);
  rp_node_id quadratic = rp_mul(g, rp_const(g, -0.5), rp_sum(g, rp_unary(g, RP_OP_SQUARE, white)));
  CHECK(check_gradient(g, rp_sub(g, quadratic, rp_log_abs_det(g, l, N)), x, 2) < 1e-8);
  rp_graph_free(g);
}

int main(void) {
  test_unary();
  test_incomplete_gamma();
  test_incomplete_beta();
  test_bessel();
  test_refusals();
  test_matmul();
  test_cholesky();
  test_solves();
  test_determinants();
  test_eigen();
  test_equal_eigenvalues();
  test_singular_values();
  test_gaussian_process();
  return check_done("adjoint_special");
}
