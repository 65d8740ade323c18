/* R-hat, effective sample sizes, MCSE against numbers of posterior 1.4.0 (R 4.2.2) on sequences that any language can
 * rebuild, and against the exact values of AR(1) processes. */
#include <stdlib.h>

#include "../../src/core/fft.h"
#include "../../src/core/random.h"
#include "../../src/infer/diagnostics.h"
#include "check.h"

static rp_convergence diagnose(const double *x, int64_t n_iterations, int32_t n_chains) {
  rp_status status;
  rp_status_clear(&status);
  rp_diagnostics *d = rp_diagnostics_new(n_iterations, n_chains, &status);
  CHECK(d != NULL);
  rp_convergence c = rp_diagnose(d, x);
  CHECK_NEAR(rp_rhat(d, x), c.rhat, 0);
  CHECK_NEAR(rp_ess_bulk(d, x), c.ess_bulk, 0);
  rp_diagnostics_free(d);
  return c;
}

/* The linear congruential generator of Park & Miller, seed 1, smoothed: x[t] = rho x[t - 1] + u[t] - 1/2. */
static void pseudo(double *x, int64_t n, double rho) {
  int64_t state = 1;
  double last = 0;
  for (int64_t t = 0; t < n; t++) {
    state = state * 16807 % 2147483647;
    last = x[t] = rho * last + (double) state / 2147483647.0 - 0.5;
  }
}

static void check_case(int64_t n_iterations, int32_t n_chains, double rho, int rounded, const double *want) {
  int64_t n = n_iterations * n_chains;
  double *x = malloc((size_t) n * sizeof(double));
  pseudo(x, n, rho);
  for (int64_t i = 0; rounded && i < n; i++) x[i] = floor(4 * x[i]);
  rp_convergence c = diagnose(x, n_iterations, n_chains);
  CHECK_NEAR(c.rhat, want[0], 1e-10);
  CHECK_NEAR(c.ess_bulk, want[1], 1e-10);
  CHECK_NEAR(c.ess_tail, want[2], 1e-10);
  CHECK_NEAR(c.ess_mean, want[3], 1e-10);
  CHECK_NEAR(c.mcse_mean, want[4], 1e-10);
  free(x);
}

/* ESS / N of AR(1) is (1 - rho) / (1 + rho). Its estimate from 4 x 10000 draws scatters by a few per cent. */
static void check_autoregression(double rho, double exact) {
  enum { N = 10000, CHAINS = 4 };
  double *x = malloc(N * CHAINS * sizeof(double));
  for (uint64_t c = 0; c < CHAINS; c++) {
    rp_random stream = rp_random_open((rp_random_key){3, c, 0}, 1);
    double last = rp_random_normal(&stream) / sqrt(1 - rho * rho);
    for (int t = 0; t < N; t++) x[(int) c * N + t] = last = rho * last + rp_random_normal(&stream);
  }
  rp_convergence c = diagnose(x, N, CHAINS);
  CHECK(fabs(c.ess_mean / (N * CHAINS) / exact - 1) < 0.15);
  CHECK(fabs(c.ess_bulk / (N * CHAINS) / exact - 1) < 0.15);
  CHECK(c.rhat < 1.01);
  free(x);
}

static void test_degenerate(void) {
  const double equal[8] = {1, 1, 1, 1, 1, 1, 1, 1}, broken[8] = {1, 2, NAN, 4, 5, 6, 7, 8};
  CHECK(isnan(diagnose(equal, 4, 2).rhat) && isnan(diagnose(equal, 4, 2).ess_bulk));
  CHECK(isnan(diagnose(broken, 4, 2).rhat) && isnan(diagnose(broken, 8, 1).mcse_mean));
  CHECK(isnan(diagnose(broken, 1, 2).ess_bulk));
  rp_status status;
  rp_status_clear(&status);
  CHECK(rp_diagnostics_new(INT64_MAX / 2, 4, &status) == NULL && status.code == RP_NO_MEMORY);
}

static void test_ebfmi(void) {
  const double energy[5] = {1, 3, 2, 5, 4};
  CHECK_NEAR(rp_ebfmi(energy, 5), 15.0 / 5 / 2.5, 1e-15);
  CHECK(isnan(rp_ebfmi(energy, 1)));
}

static void test_fft(void) {
  double re[8] = {1, 2, -1, 0.5, 3, -2, 0, 1}, im[8] = {0, 1, 0, -1, 2, 0, 0.5, 0}, want_re[8], want_im[8];
  for (int k = 0; k < 8; k++) {
    want_re[k] = want_im[k] = 0;
    for (int j = 0; j < 8; j++) {
      double angle = -2 * 3.14159265358979323846 * j * k / 8;
      want_re[k] += re[j] * cos(angle) - im[j] * sin(angle);
      want_im[k] += re[j] * sin(angle) + im[j] * cos(angle);
    }
  }
  rp_fft fft;
  CHECK(rp_fft_size(5) == 8 && rp_fft_size(8) == 8 && rp_fft_size(1) == 1);
  CHECK(rp_fft_init(&fft, 8));
  rp_fft_forward(&fft, re, im);
  for (int k = 0; k < 8; k++) {
    CHECK_NEAR(re[k], want_re[k], 1e-14);
    CHECK_NEAR(im[k], want_im[k], 1e-14);
  }
  rp_fft_clear(&fft);
}

int main(void) {
  check_case(1000, 4, 0.5, 0,
             (const double[]){1.0027750474586, 1391.4539054258, 2184.5014469348, 1443.43732215, 0.0086571837598641});
  check_case(1000, 4, 0.95, 0,
             (const double[]){1.0427610610931, 110.98436731634, 228.32331348699, 109.73849892764, 0.086797648367687});
  check_case(500, 4, -0.5, 0,
             (const double[]){1.0000735557449, 6602.059991328, 1993.7159462592, 6502.638877207, 0.004015517132866});
  check_case(101, 3, 0.3, 0,
             (const double[]){1.0029469960981, 171.79240331659, 196.55698041186, 175.43159271402, 0.022984639467839});
  check_case(7, 2, 0.1, 0, (const double[]){1.0539783565913, 6, 6, 6, 0.12876820836575});
  check_case(200, 1, 0.2, 0,
             (const double[]){1.0009990211362, 132.29849977415, 179.27432498118, 133.97970424182, 0.025544709481344});
  check_case(100, 4, 0, 1, (const double[]){1.0094499088999, 416.99959843707, NAN, 413.18945610922, 0.053840860945394});
  check_autoregression(0.5, 1.0 / 3);
  check_autoregression(0.9, 0.0526316);
  check_autoregression(-0.5, 3);
  test_degenerate();
  test_ebfmi();
  test_fft();
  return check_done("diagnostics");
}
