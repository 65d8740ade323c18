/* The stable map: golden numbers, the graph against the function, derivatives, known special cases. */
#include "../../src/dist/stable_map.h"
#include "dist_check.h"

static void test_golden(void) {
  static const double u[] = {0.3, -1.1, 1.4}, e[] = {1.2, 0.4, 2.5};
  static const struct { double alpha, beta, z[3]; } golden[] = {
      {0.5, 1, {0.1829059417, 0.3219068690, 26.4908987725}},
      {1.5, 0.5, {0.4836239265, -0.9235862373, 5.2994096429}},
      {2, 0, {0.6474523335, -1.1272980501, 3.1162656664}},
  };
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++)
      CHECK_NEAR(rp_stable_map_value(golden[i].alpha, golden[i].beta, u[k], e[k]), golden[i].z[k], 1e-9);
}

/* Continuous through alpha = 1: |Z(1 +- 1e-10) - Z(1)| < 1e-8. */
static void test_through_one(void) {
  for (double beta = -1; beta <= 1; beta += 0.5)
    for (double u = -1.2; u <= 1.2; u += 0.3) {
      double at = rp_stable_map_value(1, beta, u, 0.7);
      CHECK(fabs(rp_stable_map_value(1 + 1e-10, beta, u, 0.7) - at) < 1e-8);
      CHECK(fabs(rp_stable_map_value(1 - 1e-10, beta, u, 0.7) - at) < 1e-8);
    }
}

/* alpha = 2: 2 sin(u) sqrt(e); alpha = 1, beta = 0: tan(u); alpha = 1/2, beta = 1: Levy(0, 1) - 1. */
static void test_special_cases(void) {
  for (double u = -1.4; u <= 1.4; u += 0.35) {
    CHECK_NEAR(rp_stable_map_value(2, 0, u, 0.8), 2 * sin(u) * sqrt(0.8), 1e-13);
    CHECK_NEAR(rp_stable_map_value(1, 0, u, 0.8), tan(u), 1e-13);
    double c = cos(0.5 * (u + 0.5 * 3.14159265358979323846));
    CHECK_NEAR(rp_stable_map_value(0.5, 1, u, 0.8), 1 / (2 * 0.8 * c * c) - 1, 1e-12);
  }
}

/* The graph equals the function and its derivatives are those of differences of the function (h^2 and rounding: 1e-6
 * relative). */
static void test_graph(void) {
  static const double cases[][4] = {{0.5, 1, 0.3, 1.2}, {1.5, 0.5, -1.1, 0.4}, {1, 0.7, 0.9, 1.1},
                                    {1.995, -0.3, 1.2, 0.6},
                                    {1, -1, -1.2, 2}, {0.7, -0.2, 0.01, 0.3}};
  rp_graph *g = rp_graph_new();
  rp_node_id leaves[4], gradient[4];
  for (int i = 0; i < 4; i++) leaves[i] = rp_param(g, i, 1);
  rp_node_id z = rp_stable_map(g, leaves[0], leaves[1], leaves[2], leaves[3]);
  CHECK(rp_gradient(g, z, leaves, 4, gradient) == RP_OK);
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    double p[4];
    memcpy(p, cases[c], sizeof p);
    CHECK_NEAR(node_value(g, z, p), rp_stable_map_value(p[0], p[1], p[2], p[3]), 1e-12);
    for (int i = 0; i < 4; i++) {
      double at = p[i], h = 1e-5;
      p[i] = at + h;
      double up = rp_stable_map_value(p[0], p[1], p[2], p[3]);
      p[i] = at - h;
      double down = rp_stable_map_value(p[0], p[1], p[2], p[3]);
      p[i] = at;
      CHECK_NEAR(node_value(g, gradient[i], p), (up - down) / (2 * h), 1e-6);
    }
  }
  rp_graph_free(g);
}

/* Golden quantiles of (1.5, 0.5): the number of 40000 draws below each is binomial, within 4 standard errors at this
 * seed. */
static void test_sampler(void) {
  const rp_family *f = rp_family_find("stable");
  static const double quantiles[][2] = {{0.05, -2.254185841}, {0.25, -0.7833136486}, {0.5, 0.1338530423},
                                        {0.75, 1.203410551},
                                        {0.95, 3.93365879}};
  double a[] = {1.5, 0.5, 1, 0};
  const double *arguments[] = {a, a + 1, a + 2, a + 3};
  rp_random r = rp_random_open(test_key(11), 5);
  int below[5] = {0}, n = 40000;
  for (int i = 0; i < n; i++) {
    double x;
    f->sample(&r, arguments, 1, &x);
    for (int k = 0; k < 5; k++) below[k] += x < quantiles[k][1];
  }
  for (int k = 0; k < 5; k++) {
    double p = quantiles[k][0];
    CHECK(fabs((double) below[k] / n - p) < 4 * sqrt(p * (1 - p) / n));
  }
}

int main(void) {
  test_golden();
  test_through_one();
  test_special_cases();
  test_graph();
  test_sampler();
  return check_done("stable");
}
