/* The start of a fit, and the units that it gives the optimizer. */
#include <stdlib.h>
#include <string.h>

#include "../../src/graph/shorthand.h"
#include "../../src/infer/precondition.h"
#include "../../src/infer/svi_start.h"
#include "check.h"

enum { MOST = 500 };

static rp_svi *new_svi(const rp_graph *g, rp_node_id log_density, int64_t dim, const rp_guide_block *blocks,
                       int32_t n_blocks) {
  rp_status status;
  rp_status_clear(&status);
  rp_svi_options options = rp_svi_options_default();
  rp_svi *svi = rp_svi_new(g, log_density, dim, blocks, n_blocks, &options, &status);
  CHECK_TEXT(status.message, "");
  return svi;
}

static int64_t climb(rp_svi *svi, int64_t most, int *taken) {
  rp_status status;
  rp_status_clear(&status);
  double loss[MOST];
  int64_t n_done;
  CHECK(rp_svi_climb(svi, most, loss, &n_done, taken, NULL, &status) == RP_OK);
  CHECK_TEXT(status.message, "");
  CHECK(n_done <= most);
  for (int64_t i = 1; i < n_done; i++) CHECK(loss[i] <= loss[i - 1]);
  return n_done;
}

/* Normals with this precision around 100, 200, 300, in units of 10. */
static const double precision[9] = {2.0, -0.6, 0.3, -0.6, 0.5, 0.1, 0.3, 0.1, 1.0};
static rp_node_id normals(rp_graph *g) {
  rp_node_id x[3], sum = rp_const(g, 0);
  for (int i = 0; i < 3; i++) x[i] = rp_plus(g, rp_slice(g, rp_param(g, 0, 3), i, 1), -100 * (i + 1));
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) sum = rp_add(g, sum, rp_times(g, precision[3 * i + j], rp_mul(g, x[i], x[j])));
  return rp_times(g, -0.5 / 100, sum);
}

/* The best normal approximation of a normal is known: independent elements have the diagonal of its precision. The
 * bounds are those of the search, which gains 1e-10 (1 + |log density|) at the end, and of differences of gradients. */
static void test_normal(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id log_density = normals(g);
  rp_status status;
  rp_status_clear(&status);
  const rp_guide_block blocks[] = {{.kind = RP_GUIDE_NORMAL, .n = 3}, {.kind = RP_GUIDE_MVN, .n = 3}};
  for (int k = 0; k < 2; k++) {
    rp_svi *svi = new_svi(g, log_density, 3, &blocks[k], 1);
    int taken;
    CHECK(climb(svi, MOST, &taken) < 60 && taken);
    double mean[3], sd[3];
    CHECK(rp_svi_normal_margins(svi, mean, sd, &status) == RP_OK);
    /* inverse of the precision by cofactors */
    const double *p = precision;
    const double det = p[0] * (p[4] * p[8] - p[5] * p[7]) - p[1] * (p[3] * p[8] - p[5] * p[6]) +
                       p[2] * (p[3] * p[7] - p[4] * p[6]);
    const double variance[3] = {(p[4] * p[8] - p[5] * p[7]) / det, (p[0] * p[8] - p[2] * p[6]) / det,
                                (p[0] * p[4] - p[1] * p[3]) / det};
    for (int i = 0; i < 3; i++) {
      CHECK_NEAR(mean[i], 100 * (i + 1), 0.01);
      CHECK_NEAR(sd[i], 10 * (k ? sqrt(variance[i]) : 1 / sqrt(precision[4 * i])), 1e-3);
    }
    rp_svi_free(svi);
  }
  rp_graph_free(g);
}

/* x ~ N(0, exp(y / 2)), y ~ N(0, 3): the mode is in the neck, where its curvature says nothing about the mass. */
static rp_node_id funnel(rp_graph *g) {
  rp_node_id y = rp_param(g, 0, 1), x = rp_param(g, 1, 1);
  rp_node_id squares = rp_add(g, rp_times(g, 1.0 / 9, rp_square(g, y)),
                              rp_mul(g, rp_square(g, x), rp_exp(g, rp_times(g, -1, y))));
  return rp_times(g, -0.5, rp_add(g, squares, y));
}

static double elbo_of(rp_svi *svi) {
  rp_status status;
  rp_status_clear(&status);
  double elbo, mcse;
  CHECK(rp_svi_elbo(svi, 20000, 7, &elbo, &mcse, &status) == RP_OK);
  return elbo;
}

static void test_never_worse(void) {
  rp_graph *g = rp_graph_new();
  const rp_guide_block block = {.kind = RP_GUIDE_NORMAL, .n = 2};
  rp_svi *svi = new_svi(g, funnel(g), 2, &block, 1);
  const double before = elbo_of(svi);
  int taken;
  climb(svi, MOST, &taken);
  /* the best is 3.9 better, the Laplace approximation hundreds worse */
  CHECK(elbo_of(svi) > before + 2);
  rp_svi_free(svi);
  /* too few gradients for the search: all stays as it is */
  svi = new_svi(g, funnel(g), 2, &block, 1);
  const double first = rp_svi_parameters(svi)[0];
  CHECK(climb(svi, 2, &taken) == 2 && !taken && rp_svi_parameters(svi)[0] == first);
  rp_svi_free(svi);
  rp_graph_free(g);
}

/* Gradients may run out anywhere: in the climb, in the differences for the curvature, in the Newton steps. */
static void test_any_limit(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id log_density = normals(g);
  for (int kind = 0; kind < 2; kind++) {
    const rp_guide_block block = {.kind = kind ? RP_GUIDE_MVN : RP_GUIDE_NORMAL, .n = 3};
    for (int64_t most = 0; most <= 60; most++) {
      rp_svi *svi = new_svi(g, log_density, 3, &block, 1);
      int taken;
      CHECK(climb(svi, most, &taken) <= most);
      CHECK(isfinite(elbo_of(svi)));
      rp_svi_free(svi);
    }
  }
  rp_graph_free(g);
}

/* No climb where points are learnt, alone or beside a normal part; beside a flow, the normal part is climbed. */
static void test_what_is_climbed(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id log_density = normals(g);
  const int64_t places[3] = {0, 1, 2};
  int taken;
  const rp_guide_block point = {.kind = RP_GUIDE_DELTA, .n = 3};
  rp_svi *svi = new_svi(g, log_density, 3, &point, 1);
  CHECK(climb(svi, MOST, &taken) == 0 && !taken);
  rp_svi_free(svi);
  const rp_guide_block normal = {.kind = RP_GUIDE_NORMAL, .n = 2, .index = places};
  const rp_guide_block parts[2] = {normal, {.kind = RP_GUIDE_DELTA, .n = 1, .index = places + 2}};
  svi = new_svi(g, log_density, 3, parts, 2);
  CHECK(climb(svi, MOST, &taken) == 0 && !taken);
  rp_svi_free(svi);
  const rp_guide_block beside[2] = {normal, {.kind = RP_GUIDE_IAF, .n = 1, .index = places + 2}};
  svi = new_svi(g, log_density, 3, beside, 2);
  double flow[1000];
  const int64_t n_flow = rp_svi_n_parameters(svi) - 4;
  CHECK(n_flow > 0 && n_flow <= 1000);
  memcpy(flow, rp_svi_parameters(svi) + 4, (size_t) n_flow * sizeof *flow);
  CHECK(climb(svi, MOST, &taken) > 0 && taken);
  CHECK(fabs(rp_svi_parameters(svi)[1]) > 100);
  CHECK(memcmp(flow, rp_svi_parameters(svi) + 4, (size_t) n_flow * sizeof *flow) == 0);
  rp_svi_free(svi);
  rp_graph_free(g);
}

/* Root of the covariance of a dense normal with these parameters. */
static void root_of(int64_t n, const double *parameters, double *root) {
  const double *below = parameters + 2 * n;
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < n; i++)
      root[i + n * j] = i < j ? 0 : rp_guide_softplus(parameters[n + i]) * (i == j ? 1 : *below++);
}

static void test_units(void) {
  enum { N = 3, SIZE = 2 * N + N * (N - 1) / 2 };
  const rp_guide_block block = {.kind = RP_GUIDE_MVN, .n = N};
  const double mean[N] = {1, -2, 3}, root[N * N] = {0.5, 1.5, -2, 0, 2, 0.7, 0, 0, 40};
  double parameters[SIZE], state[1 + N * N], w[SIZE], step[SIZE], gradient[SIZE], back[SIZE], moved[SIZE];
  rp_guide_mvn_set(N, mean, root, parameters);
  CHECK(rp_precondition_size(&block, 1) == 1 + N * N);
  memset(state, 0, sizeof state);
  CHECK(!rp_precondition_is_set(state));
  rp_precondition_set(&block, 1, parameters, state);
  CHECK(rp_precondition_is_set(state));
  const double unit = state[0];
  for (int i = 0; i < SIZE; i++) {
    w[i] = sin(i + 1);
    gradient[i] = cos(3 * i);
  }
  memcpy(step, w, sizeof w);
  memcpy(back, gradient, sizeof gradient);
  rp_precondition_step(&block, 1, state, step);
  rp_precondition_gradient(&block, 1, state, back);
  double forth = 0, there = 0;
  for (int i = 0; i < SIZE; i++) {
    forth += step[i] * gradient[i];
    there += w[i] * back[i];
  }
  CHECK_NEAR(forth, there, 1e-10 * fabs(forth)); /* g'(A w) = (A'g)'w */
  /* a small step changes the root by R dW, the location by R w */
  const double h = 1e-6;
  for (int i = 0; i < SIZE; i++) moved[i] = parameters[i] + h * step[i];
  double after[N * N];
  root_of(N, moved, after);
  const double *below = w + 2 * N;
  double dw[N * N] = {0};
  for (int j = 0; j < N; j++) {
    dw[j + N * j] = w[N + j];
    for (int i = j + 1; i < N; i++) dw[i + N * j] = *below++;
  }
  for (int i = 0; i < N; i++) {
    double location = 0;
    for (int k = 0; k <= i; k++) location += root[i + N * k] * w[k];
    CHECK_NEAR(step[i], unit * location, 1e-10);
    for (int j = 0; j <= i; j++) {
      double change = 0;
      for (int k = j; k <= i; k++) change += root[i + N * k] * dw[k + N * j];
      CHECK_NEAR((after[i + N * j] - root[i + N * j]) / h, unit * change, 1e-3);
    }
  }
}

/* Factor analysis gives a covariance that has two factors back: within what 50 rounds leave. */
static void test_lowrank(void) {
  enum { N = 5 };
  const rp_guide_block block = {.kind = RP_GUIDE_LOWRANK, .n = N, .rank = 2};
  const double w[2][N] = {{1, 0.8, -0.5, 0.3, 1.2}, {0.2, -0.9, 0.7, 1, -0.4}}, mean[N] = {0};
  double covariance[N * N], root[N * N] = {0}, parameters[4 * N] = {0};
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) covariance[i + N * j] = w[0][i] * w[0][j] + w[1][i] * w[1][j] + (i == j);
  for (int j = 0; j < N; j++) {
    for (int i = j; i < N; i++) {
      double sum = covariance[i + N * j];
      for (int k = 0; k < j; k++) sum -= root[i + N * k] * root[j + N * k];
      root[i + N * j] = i == j ? sqrt(sum) : sum / root[j + N * j];
    }
  }
  rp_status status;
  rp_status_clear(&status);
  CHECK(rp_guide_lowrank_set(&block, mean, root, parameters, &status) == RP_OK);
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      const double *f = parameters + 2 * N, s = rp_guide_softplus(parameters[N + i]),
                   t = rp_guide_softplus(parameters[N + j]);
      const double made = s * t * (f[i] * f[j] + f[N + i] * f[N + j] + (i == j));
      CHECK_NEAR(made, covariance[i + N * j], 0.05);
    }
  }
}

int main(void) {
  test_normal();
  test_never_worse();
  test_any_limit();
  test_what_is_climbed();
  test_units();
  test_lowrank();
  return check_done("svi_start");
}
