/* Metrics of every kind: momenta, velocities and what warm-up learns, on Gaussians whose covariance is known. */
#include <stdlib.h>

#include "../../src/infer/chains.h"
#include "../../src/infer/diagnostics.h"
#include "../../src/infer/fisher.h"
#include "check.h"
#include "targets.h"

enum { DIM = 12, MOST = 60 };

/* N(0, covariance) with covariance = scale (I + sum_k (value_k - 1) u_k u_k') scale, u orthonormal. */
typedef struct {
  int dim;
  double covariance[MOST * MOST], precision[MOST * MOST];
} gaussian_law;
static gaussian_law law;

static double *number(int64_t n) { return calloc((size_t) n + 1, sizeof(double)); }

static void make_law(int dim, int modes, double largest) {
  double u[4][MOST], value[4];
  law.dim = dim;
  rp_random stream = rp_random_open((rp_random_key){.seed = 5}, rp_random_site("law", 0));
  for (int k = 0; k < modes; k++) {
    double length = 0;
    for (int i = 0; i < dim; i++) u[k][i] = rp_random_normal(&stream);
    for (int j = 0; j < k; j++) {
      double along = 0;
      for (int i = 0; i < dim; i++) along += u[j][i] * u[k][i];
      for (int i = 0; i < dim; i++) u[k][i] -= along * u[j][i];
    }
    for (int i = 0; i < dim; i++) length += u[k][i] * u[k][i];
    for (int i = 0; i < dim; i++) u[k][i] /= sqrt(length);
    value[k] = k % 2 ? 1 / largest : largest;
  }
  for (int i = 0; i < dim; i++)
    for (int j = 0; j < dim; j++) {
      double c = i == j, p = i == j, scale = (1 + i % 3) * (1 + j % 3);
      for (int k = 0; k < modes; k++) {
        c += (value[k] - 1) * u[k][i] * u[k][j];
        p += (1 / value[k] - 1) * u[k][i] * u[k][j];
      }
      law.covariance[i + dim * j] = scale * c;
      law.precision[i + dim * j] = p / scale;
    }
}

static void law_density(const double *q, double *log_density, double *gradient) {
  *log_density = 0;
  for (int i = 0; i < law.dim; i++) {
    gradient[i] = 0;
    for (int j = 0; j < law.dim; j++) gradient[i] -= law.precision[i + law.dim * j] * q[j];
    *log_density += 0.5 * gradient[i] * q[i];
  }
}

static rp_metric make_metric(rp_metric_kind kind, int64_t dim, const rp_blocks *blocks) {
  rp_status status;
  rp_status_clear(&status);
  rp_metric metric;
  CHECK(rp_metric_init(&metric, kind, dim, blocks, &status) == RP_OK);
  return metric;
}

static const int64_t starts[3] = {0, 3, 5}, members[5] = {7, 0, 4, 9, 2};
static const rp_blocks two_blocks = {2, starts, members};

/* The law's covariance as far as a kind can hold it. */
static void expected_inverse(rp_metric_kind kind, double *full) {
  memset(full, 0, (size_t) (law.dim * law.dim) * sizeof *full);
  for (int i = 0; i < law.dim; i++) {
    full[i * (law.dim + 1)] = kind == RP_METRIC_UNIT ? 1 : law.covariance[i * (law.dim + 1)];
  }
  for (int b = 0; kind == RP_METRIC_BLOCKS && b < 2; b++)
    for (int64_t i = starts[b]; i < starts[b + 1]; i++)
      for (int64_t j = starts[b]; j < starts[b + 1]; j++) {
        int64_t at = members[i] + law.dim * members[j];
        full[at] = law.covariance[at];
      }
  if (kind == RP_METRIC_DENSE || kind == RP_METRIC_LOWRANK)
    memcpy(full, law.covariance, (size_t) (law.dim * law.dim) * sizeof *full);
}

/* velocity = M^-1 momentum for every unit vector; the covariance of 40000 momenta is M: M^-1 cov = I within 4.5
 * standard errors, which are at most sqrt(2 (M^-1 M)_ii ...) ~ sqrt(2 / 40000) on the scale of whitened momenta. */
static void test_kind(rp_metric_kind kind) {
  enum { DRAWS = 40000 };
  rp_status status;
  rp_status_clear(&status);
  rp_metric metric = make_metric(kind, DIM, &two_blocks);
  double *inverse = number(metric.size), full[DIM * DIM], unit[DIM], column[DIM];
  CHECK(rp_metric_convert(&metric, law.covariance, 1, inverse, &status) == RP_OK);
  CHECK(rp_metric_set(&metric, inverse));
  expected_inverse(kind, full);
  for (int j = 0; j < DIM; j++) {
    for (int i = 0; i < DIM; i++) unit[i] = i == j;
    CHECK_NEAR(rp_metric_velocity(&metric, unit, column), full[j * (DIM + 1)], 1e-12);
    for (int i = 0; i < DIM; i++) CHECK_NEAR(column[i], full[i + DIM * j], 1e-12);
  }
  /* y = L' p is white where M^-1 = L L' */
  double white[DIM * DIM] = {0}, factor[DIM * DIM], copy[DIM * DIM], scratch[DIM * DIM];
  CHECK(rp_metric_take_matrix(DIM, full, copy, factor, scratch));
  rp_random stream = rp_random_open((rp_random_key){.seed = 1}, rp_random_site("momenta", 0));
  for (int k = 0; k < DRAWS; k++) {
    double p[DIM], y[DIM];
    rp_metric_draw(&metric, &stream, p);
    for (int i = 0; i < DIM; i++) {
      y[i] = 0;
      for (int j = i; j < DIM; j++) y[i] += factor[j + DIM * i] * p[j];
    }
    for (int i = 0; i < DIM; i++)
      for (int j = 0; j < DIM; j++) white[i + DIM * j] += y[i] * y[j] / DRAWS;
  }
  for (int i = 0; i < DIM; i++)
    for (int j = 0; j < DIM; j++) {
      double error = 4.5 * sqrt((i == j ? 2.0 : 1.0) / DRAWS);
      CHECK(fabs(white[i + DIM * j] - (i == j)) < error);
    }
  /* stored and taken back */
  rp_metric again = make_metric(kind, DIM, &two_blocks);
  CHECK(kind == RP_METRIC_UNIT || rp_metric_set(&again, metric.inverse));
  CHECK(metric.size == 0 || memcmp(metric.factor, again.factor, (size_t) metric.size * sizeof(double)) == 0);
  free(inverse);
  rp_metric_clear(&metric);
  rp_metric_clear(&again);
}

/* depart and arrive are a leapfrog step with that velocity. */
static void test_step(rp_metric_kind kind) {
  rp_status status;
  rp_status_clear(&status);
  rp_metric metric = make_metric(kind, DIM, &two_blocks);
  double *inverse = number(metric.size), full[DIM * DIM];
  rp_metric_convert(&metric, law.covariance, 1, inverse, &status);
  rp_metric_set(&metric, inverse);
  expected_inverse(kind, full);
  double q[DIM], p[DIM], g[DIM], q1[DIM], p1[DIM], v[DIM], kept[DIM], twice = 0;
  for (int i = 0; i < DIM; i++) {
    q[i] = sin(i);
    p[i] = cos(3 * i);
    g[i] = 0.1 * i;
  }
  rp_metric_depart(&metric, 0.2, g, p, q, p1, q1, v);
  for (int i = 0; i < DIM; i++) {
    double velocity = 0;
    for (int j = 0; j < DIM; j++) velocity += full[i + DIM * j] * (p[j] + 0.1 * g[j]);
    CHECK_NEAR(p1[i], p[i] + 0.1 * g[i], 1e-14);
    CHECK_NEAR(q1[i], q[i] + 0.2 * velocity, 1e-12);
  }
  double product = rp_metric_arrive(&metric, 0.2, g, p1, v, kept);
  for (int i = 0; i < DIM; i++) {
    CHECK_NEAR(p1[i], p[i] + 0.2 * g[i], 1e-14);
    CHECK_NEAR(kept[i], g[i], 0);
    for (int j = 0; j < DIM; j++) twice += p1[i] * full[i + DIM * j] * p1[j];
  }
  CHECK_NEAR(product, twice, 1e-12);
  free(inverse);
  rp_metric_clear(&metric);
}

static void test_refusals(void) {
  rp_status status;
  rp_status_clear(&status);
  rp_metric metric;
  const int64_t twice[3] = {1, 2, 1}, outside[3] = {0, 1, DIM}, start[2] = {0, 3};
  rp_blocks blocks = {1, start, twice};
  CHECK(rp_metric_init(&metric, RP_METRIC_BLOCKS, DIM, &blocks, &status) == RP_BAD_ARGUMENT);
  rp_status_clear(&status);
  blocks.coordinate = outside;
  CHECK(rp_metric_init(&metric, RP_METRIC_BLOCKS, DIM, &blocks, &status) == RP_BAD_ARGUMENT);
  rp_status_clear(&status);
  CHECK(rp_metric_init(&metric, RP_METRIC_DENSE, 100000, NULL, &status) == RP_NO_MEMORY);
  CHECK(rp_metric_from_name("blocks") == RP_METRIC_BLOCKS);
  CHECK(rp_metric_from_name("round") == RP_METRIC_COUNT);
  metric = make_metric(RP_METRIC_LOWRANK, DIM, NULL);
  double *inverse = number(metric.size);
  memcpy(inverse, metric.inverse, (size_t) metric.size * sizeof *inverse);
  inverse[DIM] = RP_MAX_RANK + 1;
  CHECK(!rp_metric_set(&metric, inverse));
  inverse[DIM] = 1; /* its eigenvalue is 0 */
  CHECK(!rp_metric_set(&metric, inverse));
  double indefinite[DIM * DIM] = {0};
  for (int i = 0; i < DIM; i++) indefinite[i * (DIM + 1)] = 1;
  indefinite[1] = indefinite[DIM] = 2;
  rp_status_clear(&status);
  CHECK(rp_metric_convert(&metric, indefinite, 1, inverse, &status) == RP_BAD_ARGUMENT);
  free(inverse);
  rp_metric_clear(&metric);
}

/* Draws of the law (by p = L'^-1 z with M^-1 the precision) and their exact gradients. */
static rp_recent draws_of_law(int64_t n) {
  rp_status status;
  rp_status_clear(&status);
  rp_recent recent;
  CHECK(rp_recent_init(&recent, law.dim, n, &status) == RP_OK);
  rp_metric source = make_metric(RP_METRIC_DENSE, law.dim, NULL);
  CHECK(rp_metric_set(&source, law.precision));
  rp_random stream = rp_random_open((rp_random_key){.seed = 2}, rp_random_site("draws", 0));
  for (int64_t k = 0; k < n; k++) {
    double q[MOST], gradient[MOST], log_density;
    rp_metric_draw(&source, &stream, q);
    law_density(q, &log_density, gradient);
    rp_recent_add(&recent, q, gradient);
  }
  rp_metric_clear(&source);
  return recent;
}

static rp_fisher_work make_work(int64_t coordinates, int spans) {
  rp_status status;
  rp_status_clear(&status);
  rp_fisher_work work;
  CHECK(rp_fisher_work_init(&work, 40, coordinates, spans, &status) == RP_OK);
  return work;
}

/* A Gaussian's gradients are linear in its draws, so that more draws than coordinates give the covariance exactly, but
 * for shrinkage (1e-3 of 40 draws) and the eigenvalues near 1 that become 1: here all others are far from it, and the
 * scaled unit directions are exact because the coordinates' scales are. */
static void test_fisher_dense(void) {
  make_law(DIM, 2, 100);
  rp_recent recent = draws_of_law(40);
  int64_t all[DIM];
  double matrix[DIM * DIM];
  for (int i = 0; i < DIM; i++) all[i] = i;
  rp_fisher_work work = make_work(DIM, 0);
  CHECK(rp_fisher_dense(&work, &recent, 40, all, DIM, matrix));
  /* M^-1 precision has eigenvalues near 1: within (1/2, 2) by construction; its trace is within 10 % of DIM */
  double trace = 0;
  for (int i = 0; i < DIM; i++)
    for (int j = 0; j < DIM; j++) trace += matrix[i + DIM * j] * law.precision[j + DIM * i];
  CHECK(fabs(trace / DIM - 1) < 0.1);
  /* a block is the geometric mean of its own covariances: for one coordinate sqrt(var draws / var gradients) */
  double one;
  int64_t second = 1;
  CHECK(rp_fisher_dense(&work, &recent, 40, &second, 1, &one));
  double draws = 0, gradients = 0, mean[2] = {0, 0};
  for (int k = 0; k < 40; k++) {
    mean[0] += recent.draws[k * DIM + 1] / 40;
    mean[1] += recent.gradients[k * DIM + 1] / 40;
  }
  for (int k = 0; k < 40; k++) {
    draws += pow(recent.draws[k * DIM + 1] - mean[0], 2);
    gradients += pow(recent.gradients[k * DIM + 1] - mean[1], 2);
  }
  CHECK_NEAR(one, sqrt(draws / gradients), 1e-12);
  /* nothing to learn from */
  for (int k = 0; k < 40; k++) recent.draws[k * DIM + 3] = 7;
  CHECK(!rp_fisher_dense(&work, &recent, 40, all, DIM, matrix));
  rp_fisher_work_clear(&work);
  rp_recent_clear(&recent);
}

/* 30 draws of 60 coordinates: the two long or short directions are found, what is seen of no draw stays as it is, and
 * the columns are orthonormal. */
static void test_fisher_lowrank(void) {
  make_law(MOST, 2, 400);
  rp_recent recent = draws_of_law(30);
  rp_metric metric = make_metric(RP_METRIC_LOWRANK, MOST, NULL);
  double *inverse = number(metric.size);
  rp_fisher_work work = make_work(MOST, 1);
  CHECK(rp_fisher_lowrank(&work, &recent, 30, inverse));
  CHECK(rp_metric_set(&metric, inverse));
  int rank = (int) inverse[MOST];
  CHECK(rank >= 2 && rank <= MOST);
  const double *u = inverse + MOST + 1 + RP_MAX_RANK;
  for (int a = 0; a < rank; a++)
    for (int b = 0; b <= a; b++) {
      double dot = 0;
      for (int i = 0; i < MOST; i++) dot += u[a * MOST + i] * u[b * MOST + i];
      CHECK(fabs(dot - (a == b)) < 1e-13);
    }
  rp_fisher_work_clear(&work);
  rp_recent_clear(&recent);
  free(inverse);
  rp_metric_clear(&metric);
}

/* Smallest effective sample size and gradients of four chains. */
static double efficiency(rp_metric_kind kind, rp_schedule_kind schedule, const rp_blocks *blocks, double *inverse) {
  test_model model = {law.dim, law_density};
  rp_target target = test_target(&model);
  rp_nuts_options options = rp_nuts_options_default();
  options.metric = kind;
  options.blocks = blocks;
  options.schedule = schedule;
  options.iter_warmup = schedule == RP_SCHEDULE_FAST ? 400 : 1000;
  rp_chains chains;
  rp_status status;
  rp_status_clear(&status);
  const rp_chains_plan plan = {.n_chains = 4, .cores = 1, .seed = 1};
  CHECK(rp_chains_run(&target, &options, &plan, NULL, &chains, &status) == RP_OK);
  rp_diagnostics *d = rp_diagnostics_new(1000, 4, &status);
  double *x = number(4000), least = INFINITY, gradients = 0;
  for (int k = 0; k < law.dim; k++) {
    for (int c = 0; c < 4; c++)
      for (int i = 0; i < 1000; i++) x[c * 1000 + i] = chains.chain[c].draws[i * law.dim + k];
    rp_convergence summary = rp_diagnose(d, x);
    least = fmin(least, summary.ess_bulk);
    if (kind != RP_METRIC_DIAGONAL) CHECK(summary.rhat < 1.02);
  }
  for (int c = 0; c < 4; c++) gradients += (double) chains.chain[c].gradients_sampling;
  if (inverse) memcpy(inverse, chains.chain[0].inverse_metric, (size_t) chains.metric_size * sizeof *inverse);
  rp_chains_free(&chains);
  rp_diagnostics_free(d);
  free(x);
  return least / gradients;
}

/* Condition number 1e4 off the axes: what a diagonal cannot do, the others can. */
static void test_gain(void) {
  make_law(DIM, 4, 100);
  double *inverse = number(DIM * DIM), diagonal = efficiency(RP_METRIC_DIAGONAL, RP_SCHEDULE_FAST, NULL, NULL);
  double fast = efficiency(RP_METRIC_DENSE, RP_SCHEDULE_FAST, NULL, inverse);
  double lowrank = efficiency(RP_METRIC_LOWRANK, RP_SCHEDULE_FAST, NULL, NULL);
  double stan = efficiency(RP_METRIC_DENSE, RP_SCHEDULE_STAN, NULL, NULL);
  printf("effective draws per gradient over the diagonal metric's: dense %.1f, lowrank %.1f, by Stan's windows %.1f\n",
         fast / diagonal, lowrank / diagonal, stan / diagonal);
  CHECK(fast > 5 * diagonal);
  CHECK(lowrank > 5 * diagonal);
  CHECK(stan > 5 * diagonal);
  double trace = 0;
  for (int i = 0; i < DIM; i++)
    for (int j = 0; j < DIM; j++) trace += inverse[i + DIM * j] * law.precision[j + DIM * i];
  CHECK(fabs(trace / DIM - 1) < 0.5);
  free(inverse);
}

/* Coordinates 0 .. 4 are correlated, the others are not: a block for them is as good as a dense metric. */
static void test_gain_of_blocks(void) {
  make_law(5, 4, 100);
  gaussian_law inner = law;
  law.dim = DIM;
  memset(law.covariance, 0, sizeof law.covariance);
  memset(law.precision, 0, sizeof law.precision);
  for (int i = 0; i < DIM; i++) {
    law.covariance[i * (DIM + 1)] = law.precision[i * (DIM + 1)] = 1;
    for (int j = 0; i < 5 && j < 5; j++) {
      law.covariance[i + DIM * j] = inner.covariance[i + 5 * j];
      law.precision[i + DIM * j] = inner.precision[i + 5 * j];
    }
  }
  const int64_t start[2] = {0, 5}, coordinate[5] = {4, 2, 0, 1, 3};
  rp_blocks block = {1, start, coordinate};
  double diagonal = efficiency(RP_METRIC_DIAGONAL, RP_SCHEDULE_FAST, NULL, NULL), inverse[DIM + 25];
  double fast = efficiency(RP_METRIC_BLOCKS, RP_SCHEDULE_FAST, &block, inverse);
  double stan = efficiency(RP_METRIC_BLOCKS, RP_SCHEDULE_STAN, &block, NULL);
  double dense = efficiency(RP_METRIC_DENSE, RP_SCHEDULE_FAST, NULL, NULL);
  printf("a block over the diagonal metric: %.1f, by Stan's windows %.1f; dense %.1f\n", fast / diagonal,
         stan / diagonal, dense / diagonal);
  CHECK(fast > 5 * diagonal);
  CHECK(stan > 5 * diagonal);
  CHECK(fast > 0.7 * dense);
  double trace = 0;
  for (int i = 0; i < 5; i++) {
    CHECK_NEAR(inverse[coordinate[i]], 1, 0);
    for (int j = 0; j < 5; j++) trace += inverse[DIM + i + 5 * j] * law.precision[coordinate[j] + DIM * coordinate[i]];
  }
  CHECK(fabs(trace / 5 - 1) < 0.5);
}

int main(void) {
  make_law(DIM, 4, 100);
  for (int kind = 0; kind < RP_METRIC_COUNT; kind++) {
    test_kind((rp_metric_kind) kind);
    test_step((rp_metric_kind) kind);
  }
  test_refusals();
  test_fisher_dense();
  test_fisher_lowrank();
  test_gain();
  test_gain_of_blocks();
  return check_done("metric");
}
