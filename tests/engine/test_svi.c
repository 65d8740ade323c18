/* Variational inference on small posteriors whose optima are known. Noise has fixed seeds; the bounds of Monte Carlo
 * quantities are stated where they are used. */
#include <stdlib.h>
#include <time.h>

#include "../../src/graph/shorthand.h"
#include "../../src/infer/svi.h"
#include "check.h"

static double softplus(double x) { return log1p(exp(x)); }

static rp_svi *new_svi(const rp_graph *g, rp_node_id log_density, int64_t dim, const rp_guide_block *blocks,
                       int32_t n_blocks, rp_svi_options options) {
  rp_status status;
  rp_status_clear(&status);
  rp_svi *svi = rp_svi_new(g, log_density, dim, blocks, n_blocks, &options, &status);
  CHECK_TEXT(status.message, "");
  return svi;
}

/* n steps; returns the mean loss of the last tenth. */
static double run(rp_svi *svi, int64_t n) {
  rp_status status;
  rp_status_clear(&status);
  double *loss = malloc((size_t) n * sizeof(double)), mean = 0;
  int64_t done;
  CHECK(rp_svi_run(svi, n, loss, &done, NULL, &status) == RP_OK && done == n);
  for (int64_t i = n - n / 10; i < n; i++) mean += loss[i] / (double) (n / 10);
  free(loss);
  return mean;
}

static double elbo_of(rp_svi *svi, int64_t n, double *mcse) {
  rp_status status;
  rp_status_clear(&status);
  double elbo;
  CHECK(rp_svi_elbo(svi, n, 99, &elbo, mcse, &status) == RP_OK);
  return elbo;
}

/* A decaying rate ends the noise of the optimizer: .01 to .0001 over n steps. */
static rp_svi_options decaying(int64_t n) {
  rp_svi_options options = rp_svi_options_default();
  options.optim.rate = 0.05;
  options.optim.decay = pow(0.002, 1 / (double) n);
  return options;
}

/* ---- models ---- */

/* mu ~ N(0, 2), y ~ N(mu, 1), with all constants */
static rp_node_id conjugate(rp_graph *g) {
  const double y[3] = {1.2, 0.4, 2.1}, constants = -2 * 1.8378770664093454836 - log(2);
  rp_node_id mu = rp_param(g, 0, 1), residual = rp_sub(g, rp_data(g, y, 3), mu);
  rp_node_id squares = rp_add(g, rp_sum(g, rp_square(g, residual)), rp_times(g, 0.25, rp_square(g, mu)));
  return rp_plus(g, rp_times(g, -0.5, squares), constants);
}

/* The catalyst with one observation, pruned: log k at position 0, log k_d at 1. The solver's loops in closed form. */
static rp_node_id catalyst(rp_graph *g) {
  const double log_two_pi = 1.8378770664093454836;
  double step[101];
  for (int t = 0; t < 101; t++) step[t] = t + 1;
  rp_node_id log_k = rp_param(g, 0, 1), log_kd = rp_param(g, 1, 1);
  rp_node_id keep = rp_log1p(g, rp_times(g, -0.01, rp_exp(g, log_kd)));
  rp_node_id catalyst = rp_times(g, 0.1, rp_exp(g, rp_mul(g, rp_data(g, step, 101), keep)));
  rp_node_id rate = rp_times(g, -0.01, rp_mul(g, rp_exp(g, log_k), catalyst));
  rp_node_id log_a = rp_sum(g, rp_log1p(g, rate));
  rp_node_id miss = rp_times(g, 1 / 0.05, rp_sub(g, rp_const(g, log(0.6)), log_a));
  rp_node_id squares = rp_add(g, rp_square(g, log_k), rp_square(g, rp_plus(g, log_kd, 2)));
  squares = rp_add(g, squares, rp_square(g, miss));
  return rp_plus(g, rp_times(g, -0.5, squares), -1.5 * log_two_pi - log(0.05) - log(0.6));
}

/* Three normals with covariance S; positions 0, 1 | 2 come as two leaves. S has unit variances but for the second, 4.
 */
static const double precision[9] = {2.0, -0.6, 0.3, -0.6, 0.5, 0.1, 0.3, 0.1, 1.0};
static rp_node_id normals(rp_graph *g) {
  rp_node_id x[3], parts = rp_const(g, 0);
  rp_node_id head = rp_param(g, 0, 2), tail = rp_param(g, 2, 1);
  for (int i = 0; i < 3; i++) x[i] = rp_plus(g, i < 2 ? rp_slice(g, head, i, 1) : tail, -i);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) parts = rp_add(g, parts, rp_times(g, precision[3 * i + j], rp_mul(g, x[i], x[j])));
  }
  return rp_times(g, -0.5, parts);
}

/* ---- tests ---- */

static void test_conjugate(void) {
  rp_graph *g = rp_graph_new();
  rp_guide_block block = {.kind = RP_GUIDE_NORMAL, .n = 1};
  for (int path = 0; path < 2; path++) {
    rp_svi_options options = decaying(4000);
    options.gradient = path ? RP_ELBO_PATH : RP_ELBO_STANDARD;
    options.particles = 2;
    rp_svi *svi = new_svi(g, conjugate(g), 1, &block, 1, options);
    if (!svi) continue;
    double loss = run(svi, 4000), mcse;
    const double *parameters = rp_svi_parameters(svi);
    /* at the optimum the path derivative has no noise at all; the other one leaves about the last rate */
    double tolerance = path ? 1e-3 : 0.02;
    CHECK(fabs(parameters[0] - 1.1384615385) < tolerance);
    CHECK(fabs(softplus(parameters[1]) - .5547001962) < tolerance);
    CHECK(fabs(elbo_of(svi, 10000, &mcse) + 4.9381364322) < 4 * mcse + 2 * tolerance * tolerance);
    CHECK(fabs(loss - 4.9381364322) < 0.02);
    rp_svi_free(svi);
  }
  rp_graph_free(g);
}

static void test_catalyst(void) {
  rp_graph *g = rp_graph_new();
  rp_guide_block normal = {.kind = RP_GUIDE_NORMAL, .n = 2}, full = {.kind = RP_GUIDE_MVN, .n = 2};
  double mcse;
  rp_svi *svi = new_svi(g, catalyst(g), 2, &normal, 1, rp_svi_options_default());
  if (svi) {
    run(svi, 10000);
    CHECK(fabs(elbo_of(svi, 100000, &mcse) + 1.368697) < 0.1 && mcse < 0.005);
    rp_svi_free(svi);
  }
  svi = new_svi(g, catalyst(g), 2, &normal, 1, decaying(5000));
  if (svi) {
    run(svi, 5000);
    CHECK(fabs(elbo_of(svi, 100000, &mcse) + 1.368697) < 0.02);
    rp_svi_free(svi);
  }
  svi = new_svi(g, catalyst(g), 2, &full, 1, decaying(5000));
  if (svi) {
    run(svi, 5000);
    CHECK(fabs(elbo_of(svi, 100000, &mcse) + 1.253366) < 0.02);
    const double *p = rp_svi_parameters(svi);
    CHECK(fabs(p[4] / sqrt(1 + p[4] * p[4]) - .496121) < 0.05);
    rp_svi_free(svi);
  }
  rp_graph_free(g);
}

/* Sample means and covariance of 20000 draws against the exact ones: 4 standard errors are below .05 for sds <= 2, and
 * the guide's own error is kept small by the path derivative. */
static void check_draws(rp_svi *svi, const double *covariance, double tolerance) {
  enum { N = 20000 };
  rp_status status;
  rp_status_clear(&status);
  double *z = malloc(N * 3 * sizeof(double));
  CHECK(rp_svi_draws(svi, N, 7, z, NULL, &status) == RP_OK);
  for (int i = 0; i < 3; i++) {
    double mean = 0;
    for (int k = 0; k < N; k++) mean += z[3 * k + i] / N;
    CHECK(fabs(mean - i) < tolerance);
    for (int j = 0; j <= i; j++) {
      double sum = 0;
      for (int k = 0; k < N; k++) sum += (z[3 * k + i] - i) * (z[3 * k + j] - j) / N;
      if (!(fabs(sum - covariance[3 * i + j]) < tolerance))
        printf("cov %d %d: %g %g\n", i, j, sum, covariance[3 * i + j]);
      CHECK(fabs(sum - covariance[3 * i + j]) < tolerance);
    }
  }
  free(z);
}

/* Inverse of a symmetric 3 x 3 matrix. */
static void invert(const double *a, double *out) {
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      int r0 = (j + 1) % 3, r1 = (j + 2) % 3, c0 = (i + 1) % 3, c1 = (i + 2) % 3;
      out[3 * i + j] = a[3 * r0 + c0] * a[3 * r1 + c1] - a[3 * r0 + c1] * a[3 * r1 + c0];
    }
  }
  double determinant = a[0] * out[0] + a[1] * out[3] + a[2] * out[6];
  for (int i = 0; i < 9; i++) out[i] /= determinant;
}

static void test_guides(void) {
  rp_graph *g = rp_graph_new();
  double covariance[9], diagonal[9] = {0}, composed[9] = {0};
  invert(precision, covariance);
  for (int i = 0; i < 3; i++) diagonal[4 * i] = 1 / precision[4 * i];
  rp_svi_options options = decaying(4000);
  options.gradient = RP_ELBO_PATH;
  rp_guide_block single[3] = {
      {.kind = RP_GUIDE_NORMAL, .n = 3}, {.kind = RP_GUIDE_MVN, .n = 3}, {.kind = RP_GUIDE_LOWRANK, .n = 3, .rank = 2}};
  for (int k = 0; k < 3; k++) {
    rp_svi *svi = new_svi(g, normals(g), 3, &single[k], 1, options);
    if (!svi) continue;
    run(svi, 4000);
    check_draws(svi, k == 0 ? diagonal : covariance, 0.1);
    rp_svi_free(svi);
  }
  /* Positions 2 and 0 together, 1 alone: the optimum inverts the blocks of the precision. */
  const int64_t pair[2] = {2, 0}, alone[1] = {1};
  rp_guide_block blocks[2] = {{.kind = RP_GUIDE_MVN, .n = 2, .index = pair},
                              {.kind = RP_GUIDE_NORMAL, .n = 1, .index = alone}};
  double determinant = precision[0] * precision[8] - precision[2] * precision[2];
  composed[0] = precision[8] / determinant;
  composed[8] = precision[0] / determinant;
  composed[2] = composed[6] = -precision[2] / determinant;
  composed[4] = 1 / precision[4];
  rp_svi *svi = new_svi(g, normals(g), 3, blocks, 2, options);
  if (svi) {
    run(svi, 4000);
    check_draws(svi, composed, 0.1);
    rp_svi_free(svi);
  }
  /* A point: the mode, and its height as ELBO. */
  rp_guide_block point = {.kind = RP_GUIDE_DELTA, .n = 3};
  svi = new_svi(g, normals(g), 3, &point, 1, options);
  if (svi) {
    double loss = run(svi, 4000);
    CHECK_NEAR(loss, 0, 1e-6);
    for (int i = 0; i < 3; i++) CHECK_NEAR(rp_svi_parameters(svi)[i], i, 1e-3);
    rp_svi_free(svi);
  }
  rp_graph_free(g);
}

/* The log density of a guide at its own draw, by noise and by value, is one number; here through the ELBO with and
 * without stopped parameters. */
static void test_path_value(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id log_density = normals(g);
  for (int kind = RP_GUIDE_NORMAL; kind <= RP_GUIDE_MVN; kind++) {
    rp_guide_block block = {.kind = (rp_guide_kind) kind, .n = 3};
    double elbo[2], mcse;
    for (int path = 0; path < 2; path++) {
      rp_svi_options options = rp_svi_options_default();
      options.gradient = path ? RP_ELBO_PATH : RP_ELBO_STANDARD;
      rp_svi *svi = new_svi(g, log_density, 3, &block, 1, options);
      if (!svi) continue;
      double parameters[9] = {0.3, 1, -0.2, 0.5, -1, 0.1, 0.7, -0.4, 0.2};
      rp_svi_set_parameters(svi, parameters);
      elbo[path] = elbo_of(svi, 10, &mcse);
      rp_svi_free(svi);
    }
    CHECK_NEAR(elbo[0], elbo[1], 1e-12);
  }
  rp_graph_free(g);
}

static void test_continue(void) {
  rp_graph *g = rp_graph_new();
  rp_guide_block block = {.kind = RP_GUIDE_NORMAL, .n = 2};
  rp_node_id log_density = catalyst(g);
  rp_svi *once = new_svi(g, log_density, 2, &block, 1, rp_svi_options_default());
  rp_svi *twice = new_svi(g, log_density, 2, &block, 1, rp_svi_options_default());
  rp_svi_options other = rp_svi_options_default();
  other.seed = 2;
  rp_svi *reseeded = new_svi(g, log_density, 2, &block, 1, other);
  if (once && twice && reseeded) {
    run(once, 200);
    run(twice, 80);
    run(twice, 120);
    run(reseeded, 200);
    CHECK(rp_svi_step(twice) == 200 && rp_svi_n_parameters(twice) == 4);
    CHECK(memcmp(rp_svi_parameters(once), rp_svi_parameters(twice), 4 * sizeof(double)) == 0);
    CHECK(memcmp(rp_svi_parameters(once), rp_svi_parameters(reseeded), 4 * sizeof(double)) != 0);
  }
  rp_svi_free(once);
  rp_svi_free(twice);
  rp_svi_free(reseeded);
  rp_graph_free(g);
}

/* Every optimizer brings (x - 1)^2 + 10 (y + 2)^2 near its minimum. */
static void test_optimizers(void) {
  const char *names[] = {"adam", "clipped_adam", "rmsprop", "sgd", "adagrad"};
  const double rates[] = {0.05, 0.05, 0.01, 0.02, 0.5};
  for (int k = 0; k < RP_OPTIM_COUNT; k++) {
    rp_optim optim = rp_optim_default(rp_optim_from_name(names[k]));
    optim.rate = rates[k];
    double *state = calloc((size_t) rp_optim_state_size(&optim, 2), sizeof(double)), x[2] = {0, 0};
    for (int t = 1; t <= 2000; t++) {
      double gradient[2] = {2 * (x[0] - 1), 20 * (x[1] + 2)};
      rp_optim_step(&optim, 1, state, t, 2, x, gradient);
    }
    /* rmsprop's steps stay near its rate */
    CHECK(fabs(x[0] - 1) < 0.02 && fabs(x[1] + 2) < 0.02);
    free(state);
  }
  CHECK(rp_optim_from_name("newton") == RP_OPTIM_COUNT);
  CHECK(rp_guide_from_name("lowrank") == RP_GUIDE_LOWRANK && rp_guide_from_name("spiral") == RP_GUIDE_COUNT);
  /* Adam's first step is the rate, against the gradient's sign (Kingma & Ba, section 2.1) */
  rp_optim adam = rp_optim_default(RP_OPTIM_ADAM);
  double state[2] = {0, 0}, x = 0, gradient = 123;
  rp_optim_step(&adam, 1, state, 1, 1, &x, &gradient);
  CHECK_NEAR(x, -0.01, 1e-9);
}

static int stop(void *context) { return ++*(int *) context >= 2; }

static void test_failures(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id log_density = catalyst(g);
  rp_status status;
  rp_svi_options options = rp_svi_options_default();
  const int64_t twice[2] = {0, 0}, outside[2] = {0, 2}, one[1] = {0};
  rp_guide_block wrong[3] = {{.n = 2, .index = twice}, {.n = 2, .index = outside}, {.n = 1, .index = one}};
  for (int k = 0; k < 3; k++) {
    rp_status_clear(&status);
    CHECK(rp_svi_new(g, log_density, 2, &wrong[k], 1, &options, &status) == NULL);
    CHECK(status.code == RP_BAD_ARGUMENT && status.message[0] != '\0');
  }
  /* log of a negative number from the start */
  rp_status_clear(&status);
  rp_guide_block block = {.kind = RP_GUIDE_NORMAL, .n = 1};
  rp_svi *svi = new_svi(g, rp_log(g, rp_plus(g, rp_param(g, 0, 1), -10)), 1, &block, 1, options);
  double loss[1000];
  int64_t done;
  if (svi) {
    double before = rp_svi_parameters(svi)[0];
    CHECK(rp_svi_run(svi, 1000, loss, &done, NULL, &status) == RP_NOT_FINITE);
    CHECK(done < 200 && rp_svi_parameters(svi)[0] == before);
    rp_svi_free(svi);
  }
  /* stopped at the second poll, after about 0.1 s */
  rp_status_clear(&status);
  block.n = 2;
  svi = new_svi(g, log_density, 2, &block, 1, options);
  int polls = 0;
  rp_svi_hooks hooks = {.context = &polls, .interrupted = stop};
  int64_t n = 20000000;
  double *losses = malloc((size_t) n * sizeof(double));
  if (svi && losses) {
    CHECK(rp_svi_run(svi, n, losses, &done, &hooks, &status) == RP_INTERRUPTED);
    CHECK(done > 0 && done < n && rp_svi_step(svi) == done);
    CHECK(isfinite(losses[done - 1]));
  }
  free(losses);
  rp_svi_free(svi);
  rp_graph_free(g);
}

int main(void) {
  test_conjugate();
  test_catalyst();
  test_guides();
  test_path_value();
  test_continue();
  test_optimizers();
  test_failures();
  return check_done("svi");
}
