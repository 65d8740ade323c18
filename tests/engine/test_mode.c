/* The search for a mode by L-BFGS, and the curvature there. */
#include <time.h>

#include "../../src/infer/mode.h"
#include "check.h"
#include "targets.h"

enum { STEPS = 500 };

/* Minus Rosenbrock's function, whose minimum 0 is at (1, 1), at the end of a curved valley. */
static void rosenbrock(const double *q, double *log_density, double *gradient) {
  const double a = 1 - q[0], b = q[1] - q[0] * q[0];
  *log_density = -(a * a + 100 * b * b);
  gradient[0] = 2 * a + 400 * q[0] * b;
  gradient[1] = -200 * b;
}

/* Not a number left of 0, a gamma density's log from there on: 3 log q - 2 q, with its mode at 3/2. */
static void gamma_or_nothing(const double *q, double *log_density, double *gradient) {
  *log_density = q[0] > 0 ? 3 * log(q[0]) - 2 * q[0] : NAN;
  gradient[0] = q[0] > 0 ? 3 / q[0] - 2 : NAN;
}

/* The same as Rosenbrock's, but it takes its time: a search of a fifth of a second. */
static void slow(const double *q, double *log_density, double *gradient) {
  const struct timespec pause = {0, 5000000};
  nanosleep(&pause, NULL);
  rosenbrock(q, log_density, gradient);
}

static void saddle(const double *q, double *log_density, double *gradient) {
  *log_density = 0.5 * (q[0] * q[0] - q[1] * q[1]);
  gradient[0] = q[0];
  gradient[1] = -q[1];
}

static rp_code find(test_density density, int64_t dim, const rp_mode_options *options, double *q, double *loss, int64_t *n_done,
                    int32_t *converged) {
  const test_model model = {dim, density};
  rp_target target = test_target(&model);
  rp_potential potential;
  rp_status status;
  rp_status_clear(&status);
  CHECK(target.open(target.context, &potential, &status) == RP_OK);
  rp_code code = rp_mode_find(&potential, options, q, loss, n_done, converged, &status);
  target.close(&potential);
  return code;
}

static rp_code spread(test_density density, int64_t dim, const double *q, const int64_t *index, int64_t n, double *root) {
  const test_model model = {dim, density};
  rp_target target = test_target(&model);
  rp_potential potential;
  rp_status status;
  rp_status_clear(&status);
  CHECK(target.open(target.context, &potential, &status) == RP_OK);
  rp_code code = rp_mode_spread(&potential, q, index, n, root, &status);
  target.close(&potential);
  return code;
}

static void test_find(void) {
  rp_mode_options options = {.max_iterations = STEPS, .tolerance = 1e-14};
  double loss[STEPS + 1], q[2] = {-1.2, 1}; /* where everybody starts */
  int64_t n_done;
  int32_t converged;
  CHECK(find(rosenbrock, 2, &options, q, loss, &n_done, &converged) == RP_OK);
  CHECK(converged && n_done > 5 && n_done < 100);
  CHECK_NEAR(loss[0], 24.2, 1e-12);
  CHECK_NEAR(q[0], 1, 1e-6);
  CHECK_NEAR(q[1], 1, 1e-6);
  for (int64_t k = 0; k < n_done; k++) CHECK(loss[k + 1] <= loss[k]);
  /* few iterations: not converged, but on the way */
  double short_of[2] = {-1.2, 1};
  options.max_iterations = 3;
  CHECK(find(rosenbrock, 2, &options, short_of, loss, &n_done, &converged) == RP_OK);
  CHECK(n_done == 3 && !converged && loss[3] < loss[0]);
  /* scales from .1 to 10 */
  options.max_iterations = STEPS;
  double at[5] = {1, -1, 2, 5, -20};
  CHECK(find(gaussian, 5, &options, at, loss, &n_done, &converged) == RP_OK && converged);
  for (int i = 0; i < 5; i++) CHECK_NEAR(at[i] / gaussian_sd[i], 0, 1e-5);
  /* steps beyond the support are taken back */
  double far[1] = {40};
  CHECK(find(gamma_or_nothing, 1, &options, far, loss, &n_done, &converged) == RP_OK && converged);
  CHECK_NEAR(far[0], 1.5, 1e-6);
}

static void test_not_finite(void) {
  const rp_mode_options options = {.max_iterations = STEPS, .tolerance = 1e-12};
  double loss[STEPS + 1], q[1] = {-1};
  int64_t n_done;
  int32_t converged;
  CHECK(find(gamma_or_nothing, 1, &options, q, loss, &n_done, &converged) == RP_NOT_FINITE);
  CHECK(n_done == 0 && !converged && q[0] == -1);
}

static int stop(void *context) { return ++*(int *) context >= 2; }
static void count(void *context, int64_t step, int64_t n_steps, double loss) {
  CHECK(step < n_steps && isfinite(loss));
  (void) context;
}

static void test_interrupt(void) {
  int asked = 0;
  const rp_mode_options options = {
      .max_iterations = STEPS, .tolerance = 0, .context = &asked, .progress = count, .interrupted = stop};
  double loss[STEPS + 1], q[2] = {-1.2, 1};
  int64_t n_done;
  int32_t converged;
  CHECK(find(slow, 2, &options, q, loss, &n_done, &converged) == RP_INTERRUPTED);
  CHECK(asked == 2 && n_done < STEPS && !converged);
}

static void test_spread(void) {
  double root[25], q[5] = {0};
  CHECK(spread(gaussian, 5, q, NULL, 5, root) == RP_OK);
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 5; j++) CHECK_NEAR(root[i + 5 * j], i == j ? gaussian_sd[i] : 0, 1e-7);
  /* sds 1 and 2, correlation .95; differences are right to about 1e-9 */
  const double mode[2] = {1, -2};
  CHECK(spread(correlated, 2, mode, NULL, 2, root) == RP_OK);
  CHECK_NEAR(root[0], 1, 1e-6);
  CHECK_NEAR(root[1], 2 * 0.95, 1e-6);
  CHECK_NEAR(root[3], 2 * sqrt(1 - 0.95 * 0.95), 1e-6);
  CHECK(root[2] == 0);
  /* given the first coordinate, the second is narrower */
  const int64_t second[1] = {1};
  CHECK(spread(correlated, 2, mode, second, 1, root) == RP_OK);
  CHECK_NEAR(root[0], 2 * sqrt(1 - 0.95 * 0.95), 1e-6);
  const double centre[2] = {0, 0};
  CHECK(spread(saddle, 2, centre, NULL, 2, root) == RP_NOT_FINITE);
}

int main(void) {
  test_find();
  test_not_finite();
  test_interrupt();
  test_spread();
  return check_done("mode");
}
