/* Special functions through the reference evaluator: a table of high-precision values, then limits, poles and bad
 * arguments as R has them (Rscript -e 'gamma(0); psigamma(0, 0:3); pgamma(1, 0); besselI(0, 0); ...'). */
#include "check.h"

#include "../../src/core/special.h"
#include "../../src/graph/evaluate.h"
#include "special_table.h"

static void test_table(void) {
  for (size_t i = 0; i < sizeof special_table / sizeof *special_table; i++) {
    const double *in = special_table[i].in, want = special_table[i].want;
    double got = rp_elementwise(special_table[i].op, in[0], in[1], in[2]);
    int ok = fabs(got - want) <= special_table[i].tolerance * fabs(want);
    if (!ok) printf("%s(%.17g, %.17g, %.17g): got %.17g, want %.17g\n", rp_op_name(special_table[i].op), in[0], in[1],
                    in[2], got, want);
    CHECK(ok);
  }
}

static double of(rp_op op, double a, double b) { return rp_elementwise(op, a, b, 0); }

static void test_poles(void) {
  for (double x = 0; x > -4; x--) {
    CHECK(of(RP_OP_LGAMMA, x, 0) == INFINITY);
    CHECK(isnan(of(RP_OP_GAMMA, x, 0)));
    CHECK(isnan(of(RP_OP_DIGAMMA, x, 0)));
    CHECK(of(RP_OP_TRIGAMMA, x, 0) == INFINITY);
    CHECK(isnan(of(RP_OP_TETRAGAMMA, x, 0)));
    CHECK(of(RP_OP_PENTAGAMMA, x, 0) == INFINITY);
  }
  CHECK(of(RP_OP_DIGAMMA, INFINITY, 0) == INFINITY);
  CHECK(of(RP_OP_TRIGAMMA, INFINITY, 0) == 0);
  CHECK(of(RP_OP_LGAMMA, INFINITY, 0) == INFINITY);
}

static void test_nan(void) {
  static const rp_op unary[] = {RP_OP_LGAMMA, RP_OP_GAMMA, RP_OP_DIGAMMA, RP_OP_TRIGAMMA, RP_OP_TETRAGAMMA,
                                RP_OP_PENTAGAMMA, RP_OP_PNORM, RP_OP_LOG_PNORM, RP_OP_QNORM, RP_OP_SINPI, RP_OP_COSPI,
                                RP_OP_TANPI, RP_OP_SIGMOID, RP_OP_LOG1P_EXP, RP_OP_LOG1M_EXP};
  for (size_t i = 0; i < sizeof unary / sizeof *unary; i++) CHECK(isnan(of(unary[i], NAN, 0)));
  for (rp_op op = RP_OP_LOG_ADD_EXP; op <= RP_OP_BESSEL_Y; op++) {
    CHECK(isnan(of(op, NAN, 0.5)));
    CHECK(isnan(of(op, 0.5, NAN)));
  }
  for (rp_op op = RP_OP_BETA_I; op <= RP_OP_BETA_I_INV; op++) {
    CHECK(isnan(rp_elementwise(op, NAN, 1, 1)));
    CHECK(isnan(rp_elementwise(op, 0.5, NAN, 1)));
    CHECK(isnan(rp_elementwise(op, 0.5, 1, NAN)));
    CHECK(isnan(rp_elementwise(op, 0.5, -1, 1)));
  }
}

static void test_normal_limits(void) {
  CHECK(of(RP_OP_PNORM, INFINITY, 0) == 1);
  CHECK(of(RP_OP_PNORM, -INFINITY, 0) == 0);
  CHECK(of(RP_OP_LOG_PNORM, -INFINITY, 0) == -INFINITY);
  CHECK(of(RP_OP_LOG_PNORM, INFINITY, 0) == 0);
  CHECK(of(RP_OP_QNORM, 0, 0) == -INFINITY);
  CHECK(of(RP_OP_QNORM, 1, 0) == INFINITY);
  CHECK(of(RP_OP_QNORM, 0.5, 0) == 0);
  CHECK(isnan(of(RP_OP_QNORM, -0.1, 0)) && isnan(of(RP_OP_QNORM, 1.1, 0)));
}

static void test_ratio_limits(void) {
  CHECK(of(RP_OP_GAMMA_P, 0, 2) == 0 && of(RP_OP_GAMMA_Q, 0, 2) == 1);
  CHECK(of(RP_OP_GAMMA_P, INFINITY, 2) == 1 && of(RP_OP_GAMMA_Q, INFINITY, 2) == 0);
  CHECK(of(RP_OP_GAMMA_P, 1, 0) == 1 && of(RP_OP_GAMMA_P, 0, 0) == 0);
  CHECK(of(RP_OP_GAMMA_P, -1, 2) == 0);
  CHECK(isnan(of(RP_OP_GAMMA_P, 1, -1)));
  CHECK(of(RP_OP_GAMMA_P_INV, 0, 2) == 0 && of(RP_OP_GAMMA_P_INV, 1, 2) == INFINITY);
  CHECK(of(RP_OP_GAMMA_P_INV, 1e-10, 1e-3) == 0); /* 1e-10000 underflows */
  CHECK(isnan(of(RP_OP_GAMMA_P_INV, 1.5, 2)));
  CHECK(rp_elementwise(RP_OP_BETA_I, 0, 2, 3) == 0 && rp_elementwise(RP_OP_BETA_I, 1, 2, 3) == 1);
  CHECK(rp_elementwise(RP_OP_BETA_I_INV, 0, 2, 3) == 0 && rp_elementwise(RP_OP_BETA_I_INV, 1, 2, 3) == 1);
}

/* P and Q, inverses and their functions, over shapes and probabilities beyond the table. */
static void test_round_trips(void) {
  static const double shapes[] = {0.01, 0.5, 1, 3, 19, 25, 400, 1e6}, p[] = {1e-100, 1e-10, 0.01, 0.3, 0.5, 0.8, 0.999};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (size_t j = 0; j < sizeof p / sizeof *p; j++) {
      double x = rp_sf_gamma_p_inv(p[j], shapes[i]);
      if (x > 1e-300) CHECK_NEAR(rp_sf_gamma_p(x, shapes[i]) / p[j], 1, 1e-11);
      CHECK_NEAR(rp_sf_gamma_p(x, shapes[i]) + rp_sf_gamma_q(x, shapes[i]), 1, 1e-15);
      double y = rp_sf_beta_i_inv(p[j], shapes[i], 2.5);
      if (y > 1e-300 && shapes[i] < 1e5) CHECK_NEAR(rp_sf_beta_i(y, shapes[i], 2.5) / p[j], 1, 1e-11);
      CHECK_NEAR(rp_sf_pnorm(rp_sf_qnorm(p[j])) / p[j], 1, 1e-13);
    }
}

/* The density that adjoints use is the derivative of P: central differences, step 1e-5 x. */
static void test_gamma_density(void) {
  for (double a = 0.5; a < 100; a *= 3)
    for (double x = a / 2; x < 3 * a; x += a / 2) {
      double h = 1e-5 * x, slope = (rp_sf_gamma_p(x + h, a) - rp_sf_gamma_p(x - h, a)) / (2 * h);
      CHECK_NEAR(rp_sf_gamma_density(x, a), slope, 1e-8);
    }
}

static void test_trigonometry_of_pi(void) {
  CHECK(rp_sf_sinpi(1) == 0 && rp_sf_sinpi(0.5) == 1 && rp_sf_sinpi(1.5) == -1 && rp_sf_sinpi(-0.5) == -1);
  CHECK(rp_sf_cospi(0.5) == 0 && rp_sf_cospi(1) == -1 && rp_sf_cospi(1e15 + 1) == -1 && rp_sf_cospi(-2.5) == 0);
  CHECK(rp_sf_tanpi(0.25) == 1 && rp_sf_tanpi(-0.25) == -1 && rp_sf_tanpi(3) == 0 && isnan(rp_sf_tanpi(0.5)));
  CHECK(isnan(rp_sf_sinpi(INFINITY)));
  for (double x = -3.1; x < 3; x += 0.37) {
    CHECK_NEAR(rp_sf_sinpi(x), sin(3.14159265358979323846 * x), 2e-15);
    CHECK_NEAR(rp_sf_cospi(x), cos(3.14159265358979323846 * x), 2e-15);
    CHECK_NEAR(rp_sf_tanpi(x), tan(3.14159265358979323846 * x), 2e-14);
  }
}

static void test_logistic_family(void) {
  CHECK(rp_sf_sigmoid(-800) == 0 && rp_sf_sigmoid(800) == 1 && rp_sf_sigmoid(0) == 0.5);
  CHECK_NEAR(rp_sf_sigmoid(-700) / exp(-700), 1, 1e-14);
  CHECK(rp_sf_log1p_exp(1000) == 1000 && rp_sf_log1p_exp(-1000) == 0);
  CHECK_NEAR(rp_sf_log1p_exp(0), log(2), 1e-15);
  CHECK(rp_sf_log1m_exp(0) == -INFINITY && isnan(rp_sf_log1m_exp(0.1)));
  CHECK_NEAR(rp_sf_log1m_exp(-1e-20), log(1e-20), 1e-14);
  CHECK_NEAR(rp_sf_log1m_exp(-50) / -exp(-50), 1, 1e-14);
  CHECK(rp_sf_log_add_exp(-INFINITY, -INFINITY) == -INFINITY && rp_sf_log_add_exp(INFINITY, 1) == INFINITY);
  CHECK_NEAR(rp_sf_log_add_exp(1000, 1000), 1000 + log(2), 1e-15);
  CHECK(rp_sf_log_add_exp(3, -INFINITY) == 3);
}

static void test_bessel_limits(void) {
  CHECK(rp_sf_bessel_i(0, 0) == 1 && rp_sf_bessel_i(0, 2) == 0 && rp_sf_bessel_k(0, 1) == INFINITY);
  CHECK(rp_sf_bessel_j(0, 0) == 1 && rp_sf_bessel_y(0, 1) == -INFINITY);
  CHECK(isnan(rp_sf_bessel_i(-1, 0)) && isnan(rp_sf_bessel_j(-1, 0)));
  CHECK(rp_sf_bessel_i(INFINITY, 1) == INFINITY && rp_sf_bessel_k(INFINITY, 1) == 0);
  CHECK(rp_sf_bessel_k(1e-5, 100) == INFINITY && rp_sf_bessel_i(1e-5, 100) == 0);
  /* exponentially scaled: sqrt(2 pi x) exp(-x) I_0(x) = 1 + 1 / (8 x) + O(x^-2) */
  CHECK_NEAR(rp_sf_bessel_i_scaled(1e6, 0) * sqrt(2 * 3.14159265358979323846 * 1e6), 1 + 1 / 8e6, 1e-12);
}

int main(void) {
  test_table();
  test_poles();
  test_nan();
  test_normal_limits();
  test_ratio_limits();
  test_round_trips();
  test_gamma_density();
  test_trigonometry_of_pi();
  test_logistic_family();
  test_bessel_limits();
  return check_done("special");
}
