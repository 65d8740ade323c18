/* NUTS, its warm-up and its chains on hand-coded densities. Monte Carlo results have fixed seeds and must lie within
 * four Monte Carlo standard errors (from the effective sample size) of the exact value. */
#include <stdlib.h>

#include "../../src/infer/chains.h"
#include "../../src/infer/diagnostics.h"
#include "check.h"
#include "targets.h"

static const rp_chains_plan one_chain = {.n_chains = 1, .cores = 1, .seed = 1};
static const rp_chains_plan two_chains = {.n_chains = 2, .cores = 1, .seed = 1};

static rp_chains sample(const test_model *model, rp_nuts_options options, int32_t n_chains, int32_t cores,
                        uint64_t seed) {
  rp_target target = test_target(model);
  rp_chains chains;
  rp_status status;
  rp_status_clear(&status);
  rp_chains_plan plan = {.n_chains = n_chains, .cores = cores, .seed = seed};
  rp_code code = rp_chains_run(&target, &options, &plan, NULL, &chains, &status);
  CHECK(code == RP_OK);
  CHECK_TEXT(status.message, "");
  return chains;
}

/* All draws of f(q), chain after chain. */
static double *quantity(const rp_chains *chains, double (*f)(const double *q, int k), int k) {
  int64_t n = chains->chain[0].n_draws;
  double *x = malloc((size_t) (n * chains->n_chains) * sizeof(double));
  for (int32_t c = 0; c < chains->n_chains; c++) {
    for (int64_t i = 0; i < n; i++) x[c * n + i] = f(chains->chain[c].draws + i * chains->dim, k);
  }
  return x;
}

static void check_mean(const rp_chains *chains, double (*f)(const double *q, int k), int k, double exact,
                       const char *what) {
  rp_status status;
  rp_status_clear(&status);
  int64_t n = chains->chain[0].n_draws * chains->n_chains;
  double *x = quantity(chains, f, k), mean = 0;
  rp_diagnostics *d = rp_diagnostics_new(chains->chain[0].n_draws, chains->n_chains, &status);
  rp_convergence c = rp_diagnose(d, x);
  for (int64_t i = 0; i < n; i++) mean += x[i] / (double) n;
  int ok = fabs(mean - exact) < 4 * c.mcse_mean && c.rhat < 1.01;
  if (!ok) printf("%s %d: mean %g, exact %g, mcse %g, rhat %g\n", what, k, mean, exact, c.mcse_mean, c.rhat);
  CHECK(ok);
  rp_diagnostics_free(d);
  free(x);
}

static int64_t divergences(const rp_chains *chains) {
  int64_t sum = 0;
  for (int32_t c = 0; c < chains->n_chains; c++) {
    for (int64_t i = 0; i < chains->chain[c].n_draws; i++) sum += chains->chain[c].statistics[i].divergent;
  }
  return sum;
}

static double coordinate(const double *q, int k) { return q[k]; }
static double square(const double *q, int k) { return q[k] * q[k]; }
static double product(const double *q, int k) { return (q[0] - 1) * (q[k] + 2); }
static double funnel_inside(const double *q, int k) { return fabs(exp(q[0] / 2) * q[k]) < 1; }
static double funnel_below_q90(const double *q, int k) { return exp(q[0] / 2) * q[k] < 2.5120217265; }
static double school_tau(const double *q, int k) { return exp(q[k]); }
static double school_theta(const double *q, int k) { return q[0] + exp(q[1]) * q[2 + k]; }

static const test_model gaussian_model = {5, gaussian}, correlated_model = {2, correlated}, funnel_model = {10, funnel},
                        decentered_model = {10, funnel_decentered}, schools_model = {10, eight_schools},
                        half_line_model = {1, half_line}, nowhere_model = {2, nowhere};

/* ---- parts ---- */

static void harmonic(const double *q, double *log_density, double *gradient) {
  *log_density = -0.5 * q[0] * q[0];
  gradient[0] = -q[0];
}

/* From q = 0 with momentum p, 100 leapfrog steps of 0.01 lead to p sin 1; p shows in the energy. */
static void test_leapfrog(void) {
  rp_status status;
  rp_status_clear(&status);
  rp_metric metric;
  rp_metric_init(&metric, RP_METRIC_UNIT, 1, NULL, &status);
  rp_nuts *nuts = rp_nuts_new(&metric, 10, 1, 0, &status);
  double q = 0, log_density, gradient;
  harmonic(&q, &log_density, &gradient);
  rp_nuts_set(nuts, &q, log_density, &gradient);
  rp_nuts_begin_static(nuts, 0, 0.01, 100);
  int steps = 0;
  while (rp_nuts_request(nuts)) {
    harmonic(rp_nuts_request(nuts), &log_density, &gradient);
    rp_nuts_answer(nuts, log_density, &gradient);
    steps++;
  }
  CHECK(steps == 100);
  CHECK(rp_nuts_statistics(nuts)->moved);
  CHECK_NEAR(fabs(rp_nuts_position(nuts)[0]) / sqrt(2 * rp_nuts_statistics(nuts)->energy), sin(1), 1e-4);
  rp_nuts_free(nuts);
  rp_metric_clear(&metric);
}

static void test_dual_averaging(void) {
  rp_dual_averaging state = rp_dual_averaging_start(0);
  state.gamma = 0.5;
  for (int i = 0; i < 10; i++) rp_dual_averaging_update(&state, 2 * (state.x + 1));
  CHECK(fabs(state.x_average + 1) < 1e-3);
}

static void check_windows(int64_t n, int32_t count, const int64_t *want) {
  int64_t last[RP_MAX_WINDOWS];
  CHECK(rp_stan_windows(n, last) == count);
  for (int32_t i = 0; i < count; i++) CHECK(last[i] == want[i]);
}

static void test_windows(void) {
  check_windows(0, 0, NULL);
  check_windows(18, 1, (int64_t[]){17});
  check_windows(100, 3, (int64_t[]){14, 89, 99});
  check_windows(150, 3, (int64_t[]){74, 99, 149});
  check_windows(280, 4, (int64_t[]){74, 99, 229, 279});
  check_windows(1000, 7, (int64_t[]){74, 99, 149, 249, 449, 949, 999});
}

static void test_moments(void) {
  const double x[4][2] = {{1, 2}, {3, -1}, {2, 5}, {7, 0}};
  rp_status status;
  rp_status_clear(&status);
  rp_moments diagonal, full;
  rp_moments_init(&diagonal, 2, 0, &status);
  rp_moments_init(&full, 2, 1, &status);
  for (int i = 0; i < 4; i++) {
    rp_moments_add(&diagonal, x[i]);
    rp_moments_add(&full, x[i]);
  }
  /* var(c(1, 3, 2, 7)), var(c(2, -1, 5, 0)), cov: 20.75 / 3, 21 / 3, -8.5 / 3 */
  CHECK_NEAR(diagonal.squares[0], 20.75, 1e-14);
  CHECK_NEAR(diagonal.squares[1], 21, 1e-14);
  const double want[4] = {20.75, -10.5, -10.5, 21};
  for (int i = 0; i < 4; i++) CHECK_NEAR(full.squares[i], want[i], 1e-14);
  rp_moments_clear(&diagonal);
  rp_moments_clear(&full);
}

/* Momenta have covariance M: the velocity of a momentum p has p'v ~ chi-squared(dim). 4 standard errors of 4000 draws.
 */
static void test_metrics(void) {
  const double diagonal[2] = {4, 0.01}, dense[4] = {4, 1.2, 1.2, 1};
  const double *inverse[] = {NULL, diagonal, dense};
  for (int kind = RP_METRIC_UNIT; kind <= RP_METRIC_DENSE; kind++) {
    rp_status status;
    rp_status_clear(&status);
    rp_metric metric;
    CHECK(rp_metric_init(&metric, (rp_metric_kind) kind, 2, NULL, &status) == RP_OK);
    CHECK(rp_metric_set(&metric, inverse[kind]));
    double sum = 0, cross = 0;
    for (uint64_t i = 0; i < 4000; i++) {
      double p[2], v[2];
      rp_random stream = rp_random_open((rp_random_key){1, 1, i}, 1);
      rp_metric_draw(&metric, &stream, p);
      rp_metric_velocity(&metric, p, v);
      sum += (p[0] * v[0] + p[1] * v[1]) / 4000;
      cross += v[0] * v[1] / 4000; /* cov(v) = M^-1 */
    }
    CHECK(fabs(sum - 2) < 4 * sqrt(4.0 / 4000));
    double exact = kind == RP_METRIC_DENSE ? 1.2 : 0, sd = kind == RP_METRIC_DIAGONAL ? 0.2 : 2.4;
    CHECK(fabs(cross - exact) < 4 * sd / sqrt(4000));
    rp_metric_clear(&metric);
  }
  rp_status status;
  rp_status_clear(&status);
  rp_metric metric;
  rp_metric_init(&metric, RP_METRIC_DENSE, 2, NULL, &status);
  CHECK(!rp_metric_set(&metric, (double[]){1, 2, 2, 1}));
  CHECK_NEAR(metric.factor[0], 1, 0);
  rp_metric_clear(&metric);
}

/* ---- posteriors ---- */

static void test_gaussian(rp_nuts_options options, int with_squares) {
  rp_chains chains = sample(&gaussian_model, options, 4, 2, 11);
  for (int k = 0; k < 5; k++) {
    check_mean(&chains, coordinate, k, 0, "gaussian");
    if (with_squares) check_mean(&chains, square, k, gaussian_sd[k] * gaussian_sd[k], "gaussian squared");
  }
  CHECK(divergences(&chains) == 0);
  rp_chains_free(&chains);
}

static void test_correlated(rp_nuts_options options) {
  rp_chains chains = sample(&correlated_model, options, 4, 2, 12);
  check_mean(&chains, coordinate, 0, 1, "correlated");
  check_mean(&chains, coordinate, 1, -2, "correlated");
  check_mean(&chains, product, 1, 1.9, "covariance");
  rp_chains_free(&chains);
}

static void test_funnel(rp_nuts_options options) {
  rp_chains chains = sample(&decentered_model, options, 4, 2, 13);
  check_mean(&chains, coordinate, 0, 0, "funnel y");
  check_mean(&chains, square, 0, 9, "funnel y squared");
  for (int k = 1; k < 10; k += 4) {
    check_mean(&chains, funnel_inside, k, .6223155435, "funnel |x| < 1");
    check_mean(&chains, funnel_below_q90, k, .9, "funnel x below its .9 quantile");
  }
  rp_chains_free(&chains);
}

static void test_schools(rp_nuts_options options) {
  const double theta[8] = {6.211884, 4.940178, 3.927004, 4.757098, 3.615477, 4.042613, 6.296724, 4.854253};
  rp_chains chains = sample(&schools_model, options, 4, 2, 14);
  check_mean(&chains, coordinate, 0, 4.396821, "mu");
  check_mean(&chains, school_tau, 1, 3.597706, "tau");
  for (int k = 0; k < 8; k++) check_mean(&chains, school_theta, k, theta[k], "theta");
  CHECK(divergences(&chains) < 20);
  for (int32_t c = 0; c < 4; c++) {
    double energy[1000];
    for (int i = 0; i < 1000; i++) energy[i] = chains.chain[c].statistics[i].energy;
    CHECK(rp_ebfmi(energy, 1000) > 0.5);
  }
  rp_chains_free(&chains);
}

static void test_posteriors(void) {
  rp_nuts_options stan = rp_nuts_options_default(), fast = stan, unit = stan, dense = stan, fixed = stan;
  fast.schedule = RP_SCHEDULE_FAST;
  fast.iter_warmup = 400;
  unit.metric = RP_METRIC_UNIT;
  dense.metric = RP_METRIC_DENSE;
  fixed.static_steps = 2;
  fixed.step_size_jitter = 0.3; /* with a good metric all periods are equal: a fixed length would resonate */
  test_gaussian(stan, 1);
  test_gaussian(fast, 1);
  test_gaussian(dense, 1);
  test_gaussian(fixed, 0);
  test_correlated(stan);
  test_correlated(unit);
  test_correlated(fast);
  test_correlated(dense);
  test_funnel(stan);
  test_funnel(fast);
  test_schools(stan);
  test_schools(fast);
}

/* The centered funnel is the known failure: divergences must be reported. */
static void test_divergences(void) {
  rp_chains chains = sample(&funnel_model, rp_nuts_options_default(), 4, 2, 15);
  CHECK(divergences(&chains) > 0);
  rp_chains_free(&chains);
}

/* A density that is zero below 0: leaving its support counts as a divergence, and the draws stay inside. */
static void test_support(void) {
  rp_chains chains = sample(&half_line_model, rp_nuts_options_default(), 4, 2, 16);
  double *x = quantity(&chains, coordinate, 0);
  int inside = 1;
  for (int i = 0; i < 4000; i++) inside = inside && x[i] >= 0;
  CHECK(inside);
  CHECK(divergences(&chains) > 0);
  free(x);
  rp_chains_free(&chains);
}

/* ---- adaptation ---- */

static void test_adaptation(void) {
  for (int schedule = 0; schedule < RP_SCHEDULE_COUNT; schedule++) {
    rp_nuts_options options = rp_nuts_options_default();
    options.schedule = (rp_schedule_kind) schedule;
    rp_chains chains = sample(&gaussian_model, options, 4, 2, 17);
    for (int32_t c = 0; c < 4; c++) {
      /* sd of a variance from the last window's >= 300 draws is below 10 %; four of them, and Stan's shrinkage */
      for (int k = 0; k < 5; k++) {
        double ratio = chains.chain[c].inverse_metric[k] / (gaussian_sd[k] * gaussian_sd[k]);
        CHECK(ratio > 0.6 && ratio < 1.5);
      }
      double accept = 0;
      for (int i = 0; i < 1000; i++) accept += chains.chain[c].statistics[i].accept_stat / 1000;
      CHECK(accept > 0.7 && accept < 0.95);
    }
    rp_chains_free(&chains);
  }
  CHECK(rp_schedule_from_name("fast") == RP_SCHEDULE_FAST);
  CHECK(rp_schedule_from_name("slow") == RP_SCHEDULE_COUNT);
}

static void test_no_warmup(void) {
  rp_nuts_options options = rp_nuts_options_default();
  options.iter_warmup = 0;
  options.step_size = 0.05;
  const double inverse[5] = {0.01, 0.25, 1, 9, 100};
  options.inverse_metric = inverse;
  rp_chains chains = sample(&gaussian_model, options, 1, 1, 18);
  CHECK_NEAR(chains.chain[0].statistics[0].step_size, 0.05, 0);
  CHECK_NEAR(chains.chain[0].statistics[999].step_size, 0.05, 0);
  CHECK_NEAR(chains.chain[0].inverse_metric[4], 100, 0);
  CHECK(chains.chain[0].gradients_warmup == 0);
  options.step_size_jitter = 0.5;
  rp_chains jittered = sample(&gaussian_model, options, 1, 1, 18);
  double low = 1, high = 0;
  for (int i = 0; i < 1000; i++) {
    low = fmin(low, jittered.chain[0].statistics[i].step_size);
    high = fmax(high, jittered.chain[0].statistics[i].step_size);
  }
  CHECK(low >= 0.025 && low < 0.03 && high <= 0.075 && high > 0.07);
  rp_chains_free(&jittered);
  rp_chains_free(&chains);
}

/* ---- chains ---- */

static int same_draws(const rp_chain *a, const rp_chain *b, int64_t dim) {
  return a->n_draws == b->n_draws && memcmp(a->draws, b->draws, (size_t) (a->n_draws * dim) * sizeof(double)) == 0;
}

static void test_determinism(void) {
  rp_nuts_options options = rp_nuts_options_default();
  options.iter_warmup = options.iter_sampling = 200;
  rp_chains four = sample(&schools_model, options, 4, 2, 21), two = sample(&schools_model, options, 2, 1, 21);
  rp_chains other = sample(&schools_model, options, 1, 1, 22), third;
  CHECK(same_draws(&four.chain[0], &two.chain[0], 10));
  CHECK(same_draws(&four.chain[1], &two.chain[1], 10));
  CHECK(!same_draws(&four.chain[0], &four.chain[1], 10));
  CHECK(!same_draws(&four.chain[0], &other.chain[0], 10));
  rp_target target = test_target(&schools_model);
  rp_status status;
  rp_status_clear(&status);
  rp_chains_plan plan = {.n_chains = 1, .cores = 1, .seed = 21, .number = (int64_t[]){2}};
  CHECK(rp_chains_run(&target, &options, &plan, NULL, &third, &status) == RP_OK);
  CHECK(same_draws(&four.chain[2], &third.chain[0], 10));
  rp_chains_free(&third);
  rp_chains_free(&four);
  rp_chains_free(&two);
  rp_chains_free(&other);
}

static void test_saving(void) {
  rp_nuts_options options = rp_nuts_options_default();
  options.iter_warmup = options.iter_sampling = 100;
  rp_chains all = sample(&schools_model, options, 1, 1, 23);
  options.thin = 3;
  options.save_warmup = 1;
  rp_chains thinned = sample(&schools_model, options, 1, 1, 23);
  CHECK(thinned.chain[0].n_draws == 66 && thinned.chain[0].n_warmup == 33);
  CHECK(all.chain[0].n_draws == 100 && all.chain[0].n_warmup == 0);
  int same = 1;
  for (int i = 0; i < 33; i++) {
    const double *kept = thinned.chain[0].draws + 10 * (33 + i);
    same = same && memcmp(all.chain[0].draws + 10 * (3 * i + 2), kept, 10 * sizeof(double)) == 0;
  }
  CHECK(same);
  rp_chains_free(&all);
  rp_chains_free(&thinned);
}

static void test_starts(void) {
  rp_nuts_options options = rp_nuts_options_default();
  options.iter_warmup = options.iter_sampling = 10;
  rp_target target = test_target(&schools_model);
  rp_chains chains;
  rp_status status;
  rp_status_clear(&status);
  double inits[20];
  for (int i = 0; i < 20; i++) inits[i] = i == 4 ? NAN : 0.125 * i;
  rp_chains_plan plan = {.n_chains = 2, .cores = 1, .seed = 1, .inits = inits};
  CHECK(rp_chains_run(&target, &options, &plan, NULL, &chains, &status) == RP_OK);
  CHECK_NEAR(chains.chain[0].initial[3], 0.375, 0);
  CHECK(fabs(chains.chain[0].initial[4]) < 2);
  CHECK_NEAR(chains.chain[1].initial[9], 2.375, 0);
  rp_chains_free(&chains);

  target = test_target(&nowhere_model);
  CHECK(rp_chains_run(&target, &options, &two_chains, NULL, &chains, &status) == RP_NOT_FINITE);
  CHECK(strstr(status.message, "log density") != NULL);
  CHECK(chains.chain[1].status.code == RP_NOT_FINITE && chains.chain[1].n_draws == 0);
  rp_chains_free(&chains);

  rp_status_clear(&status);
  target = test_target(&half_line_model); /* half of the first positions are outside */
  plan = (rp_chains_plan){.n_chains = 8, .cores = 1, .seed = 1};
  CHECK(rp_chains_run(&target, &options, &plan, NULL, &chains, &status) == RP_OK);
  for (int c = 0; c < 8; c++) CHECK(chains.chain[c].initial[0] > 0);
  rp_chains_free(&chains);
}

typedef struct {
  int asked, finished, explained, shown;
  int64_t finished_draws;
} hook_log;

static int stop_at_third(void *context) { return ++((hook_log *) context)->asked >= 3; }
static void show(void *context, const rp_chain_progress *chains, int32_t n) {
  hook_log *log = context;
  if (n == 1 && chains[0].iteration > 0 && chains[0].n_gradients >= chains[0].iteration) log->shown++;
}
static rp_code finish(void *context, int32_t chain, const double *draws, int64_t n_draws, rp_status *status) {
  hook_log *log = context;
  (void) draws;
  log->finished++;
  log->finished_draws = n_draws;
  return chain == 0 ? RP_OK : rp_fail(status, RP_NOT_FINITE, "site", "told to fail");
}
static void explain(void *context, int32_t chain, const double *q, double log_density, const double *gradient,
                    rp_status *status) {
  (void) chain;
  (void) gradient;
  ((hook_log *) context)->explained++;
  rp_fail(status, RP_NOT_FINITE, "theta", "value %g gives %g", q[0], log_density);
}

static void test_hooks(void) {
  rp_nuts_options options = rp_nuts_options_default();
  options.iter_sampling = 2000000; /* seconds of work, stopped at about 0.15 s */
  rp_target target = test_target(&half_line_model);
  rp_chains chains;
  rp_status status;
  rp_status_clear(&status);
  hook_log log = {0};
  rp_chains_hooks hooks = {.context = &log, .progress = show, .interrupted = stop_at_third, .finish = finish};
  CHECK(rp_chains_run(&target, &options, &one_chain, &hooks, &chains, &status) == RP_OK);
  CHECK(chains.chain[0].status.code == RP_INTERRUPTED);
  CHECK(chains.chain[0].n_draws > 0 && chains.chain[0].n_draws < 2000000);
  CHECK(log.finished == 1 && log.finished_draws == chains.chain[0].n_draws && log.shown >= 3);
  rp_chains_free(&chains);

  target = test_target(&nowhere_model);
  options.iter_sampling = 10;
  hooks = (rp_chains_hooks){.context = &log, .explain = explain};
  CHECK(rp_chains_run(&target, &options, &one_chain, &hooks, &chains, &status) == RP_NOT_FINITE);
  CHECK(log.explained == 1);
  CHECK_TEXT(status.site, "theta");
  rp_chains_free(&chains);

  rp_status_clear(&status);
  target = test_target(&schools_model);
  log = (hook_log){0};
  hooks = (rp_chains_hooks){.context = &log, .finish = finish};
  CHECK(rp_chains_run(&target, &options, &two_chains, &hooks, &chains, &status) == RP_OK);
  CHECK(chains.chain[0].status.code == RP_OK && chains.chain[1].status.code == RP_NOT_FINITE);
  rp_chains_free(&chains);
}

static void test_bad_input(void) {
  rp_target target = test_target(&schools_model);
  rp_chains chains;
  for (int k = 0; k < 7; k++) {
    rp_nuts_options options = rp_nuts_options_default();
    if (k == 0) options.iter_sampling = -1;
    if (k == 1) options.adapt_delta = 1;
    if (k == 2) options.max_treedepth = 31;
    if (k == 3) options.thin = 0;
    if (k == 4) options.step_size = NAN;
    if (k == 5) options.iter_sampling = INT64_MAX / 100;
    if (k == 6) options.iter_sampling = INT64_MAX;
    rp_status status;
    rp_status_clear(&status);
    rp_code code = rp_chains_run(&target, &options, &two_chains, NULL, &chains, &status);
    CHECK(code == (k < 5 ? RP_BAD_ARGUMENT : RP_NO_MEMORY));
    CHECK(status.message[0] != '\0');
    rp_chains_free(&chains);
  }
}

static void constant(const double *q, double *log_density, double *gradient) {
  (void) q;
  (void) gradient;
  *log_density = 0;
}

/* Nothing to sample (every latent pruned): still as many iterations. And no iterations at all. */
static void test_empty(void) {
  static const test_model empty = {0, constant};
  rp_nuts_options options = rp_nuts_options_default();
  rp_chains chains = sample(&empty, options, 2, 1, 1);
  CHECK(chains.chain[1].n_draws == 1000);
  CHECK(divergences(&chains) == 0);
  rp_chains_free(&chains);
  options.iter_warmup = options.iter_sampling = 0;
  chains = sample(&gaussian_model, options, 1, 1, 1);
  CHECK(chains.chain[0].n_draws == 0);
  rp_chains_free(&chains);
}

int main(void) {
  test_leapfrog();
  test_dual_averaging();
  test_windows();
  test_moments();
  test_metrics();
  test_posteriors();
  test_divergences();
  test_support();
  test_adaptation();
  test_no_warmup();
  test_determinism();
  test_saving();
  test_starts();
  test_hooks();
  test_bad_input();
  test_empty();
  return check_done("nuts");
}
