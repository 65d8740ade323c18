/* Families: densities against R's (dist_table.h) and the golden numbers, gradients against differences, total mass,
 * samplers against their own cdf and moments. */
#include "dist_check.h"
#include "dist_table.h"

enum { MAX_ARGS = 4, N_DRAWS = 20000 };

/* Arguments at which everything is smooth and of order one. */
typedef struct {
  const char *family;
  double a[MAX_ARGS];
  double x; /* a value inside the support */
} test_case;

static const test_case cases[] = {
    {"normal", {0.5, 2}, -1},
    {"lognormal", {-0.5, 0.7}, 0.9},
    {"uniform", {-1, 2}, 0.4},
    {"exponential", {1.5}, 0.8},
    {"half_normal", {1.3}, 0.6},
    {"half_cauchy", {0.7}, 2},
    {"cauchy", {0.3, 1.2}, -2},
    {"student_t", {4, 0.5, 2}, 3},
    {"student_t", {1.5, 0, 1}, -0.3},
    {"gamma", {2.5, 1.5}, 0.8},
    {"gamma", {0.3, 0.5}, 0.2},
    {"beta", {0.5, 1.5}, 0.3},
    {"beta", {30, 12}, 0.7},
    {"bernoulli", {0.3}, 1},
    {"bernoulli_logit", {-0.4}, 0},
    {"binomial", {10, 0.3}, 2},
    {"binomial", {200, 0.6}, 130},
    {"binomial_logit", {10, -0.3}, 7},
    {"poisson", {3.5}, 2},
    {"poisson", {40}, 33},
    {"laplace", {0.5, 2}, 1.7},
    {"logistic", {0.5, 2}, -1.3},
    {"gumbel", {0.5, 2}, 1.7},
    {"asymmetric_laplace", {0.5, 2, 1.4}, -1},
    {"soft_laplace", {0.5, 2}, 1.7},
    {"inv_gamma", {6, 3}, 0.7},
    {"chi_squared", {3.5}, 2},
    {"beta_proportion", {0.3, 4}, 0.2},
    {"weibull", {1.7, 2}, 1.2},
    {"pareto", {0.5, 7}, 0.8},
    {"half_student_t", {9, 1.5}, 2.2},
    {"levy", {0.4, 1.5}, 3},
    {"inverse_gaussian", {1.5, 3}, 1.1},
    {"kumaraswamy", {1.7, 2.5}, 0.4},
    {"von_mises", {0.6, 1.8}, -0.9},
    {"von_mises", {0.6, 80}, 0.5},
    {"neg_binomial", {2.5, 0.4}, 3},
    {"neg_binomial_2", {3, 2}, 4},
    {"geometric", {0.3}, 2},
    {"beta_binomial", {12, 1.5, 2.5}, 5},
    {"zero_inflated_poisson", {3, 0.25}, 2},
    {"zero_inflated_poisson", {3, 0.25}, 0},
    {"hypergeometric", {10, 7, 8}, 5},
};
enum { N_CASES = sizeof cases / sizeof *cases };

/* Log density with everything constant: what folding sees. */
static double constant_density(const rp_family *f, const double *a, double x) {
  rp_graph *g = rp_graph_new();
  rp_node_id arguments[RP_MAX_ARGUMENTS];
  for (int32_t i = 0; i < f->n_arguments; i++) arguments[i] = rp_const(g, a[i]);
  double value = node_value(g, rp_log_density(g, f, rp_const(g, x), arguments, 1, 1, 0), NULL);
  rp_graph_free(g);
  return value;
}

/* The graph of the log density of parameters x, a1, a2, ..., guarded. */
typedef struct {
  rp_graph *g;
  rp_node_id leaves[1 + RP_MAX_ARGUMENTS];
  rp_node_id density;
} density_graph;

static density_graph open_density(const rp_family *f, int inside) {
  density_graph d = {.g = rp_graph_new()};
  for (int32_t i = 0; i <= f->n_arguments; i++) d.leaves[i] = rp_param(d.g, i, 1);
  d.density = rp_log_density(d.g, f, d.leaves[0], d.leaves + 1, 1, 1, inside);
  return d;
}

static void params_of(const rp_family *f, const double *a, double x, double *params) {
  params[0] = x;
  for (int32_t i = 0; i < f->n_arguments; i++) params[i + 1] = a[i];
}

/* A probability, a shape of 1 or a value at which a term is 0 * (+-Inf). */
static int on_edge(const rp_family *f, const double *params) {
  for (int32_t i = 0; i < f->n_arguments; i++) {
    if (f->arguments[i].constraint == RP_ARG_UNIT && (params[i + 1] == 0 || params[i + 1] == 1)) return 1;
    if (f->arguments[i].constraint == RP_ARG_NONNEGATIVE && params[i + 1] == 0) return 1;
  }
  return !f->discrete && (params[0] == 0 || (f->support_kind == RP_SUPPORT_UNIT && params[0] == 1));
}

static void test_table(void) {
  density_graph d = {0};
  const rp_family *open = NULL;
  for (size_t i = 0; i < sizeof density_table / sizeof *density_table; i++) {
    const rp_family *f = rp_family_find(density_table[i].family);
    CHECK(f != NULL);
    if (!f) continue;
    if (f != open) {
      rp_graph_free(d.g);
      d = open_density(open = f, 0);
    }
    double params[1 + RP_MAX_ARGUMENTS], want = density_table[i].log_density;
    params_of(f, density_table[i].a, density_table[i].x, params);
    int before = check_failed;
    CHECK_NEAR(constant_density(f, density_table[i].a, density_table[i].x), want, 1e-10);
    /* Arguments that are constants are exact on the edges too (0 * log 0); at run time these are left out. */
    if (isfinite(want) && !on_edge(f, params)) {
      double size = fmax(fabs(params[0]), fmax(fabs(params[1]), f->n_arguments > 1 ? fabs(params[2]) : 0));
      /* Not folded, log gammas of large numbers cancel: allow for their rounding. */
      double rounding = f->support_kind == RP_SUPPORT_REAL && f->n_arguments < 3 ? 0 : 1e-15 * size * log(2 + size);
      CHECK_NEAR(node_value(d.g, d.density, params), want, 1e-10 + rounding);
    }
    if (check_failed > before) {
      printf("  %s(%g, %g, %g) at %g\n", f->name, params[1], params[2], params[3], params[0]);
    }
  }
  rp_graph_free(d.g);
}

static void test_golden(void) {
  static const test_case golden[] = {{"normal", {0.5, 2}, -1}, {"lognormal", {-2, 1}, 0.2}, {"gamma", {2.5, 1.5}, 0.8},
                                     {"beta", {0.5, 1.5}, 0.3},  {"neg_binomial_2", {3, 2}, 4}};
  static const double want[] = {-1.8933357138, 0.6142300071, -0.8057354272, -0.0279337751, -2.2664460464};
  for (int i = 0; i < 5; i++)
    CHECK_NEAR(constant_density(rp_family_find(golden[i].family), golden[i].a, golden[i].x), want[i], 1e-9);
}

/* Central differences of step h are wrong by h^2 f''' / 6 and by rounding / h: 1e-7 is generous at h = 1e-5. */
static void test_gradients(void) {
  for (int c = 0; c < N_CASES; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    density_graph d = open_density(f, 1);
    rp_node_id gradient[1 + RP_MAX_ARGUMENTS];
    double params[1 + RP_MAX_ARGUMENTS];
    params_of(f, cases[c].a, cases[c].x, params);
    CHECK(rp_gradient(d.g, d.density, d.leaves, f->n_arguments + 1, gradient) == RP_OK);
    for (int32_t i = f->discrete; i <= f->n_arguments; i++) {
      if (i > 0 && (f->arguments[i - 1].constraint == RP_ARG_COUNT)) continue; /* the number of trials */
      double at = params[i], h = 1e-5;
      params[i] = at + h;
      double up = node_value(d.g, d.density, params);
      params[i] = at - h;
      double down = node_value(d.g, d.density, params);
      params[i] = at;
      int before = check_failed;
      CHECK_NEAR(node_value(d.g, gradient[i], params), (up - down) / (2 * h), 1e-7);
      if (check_failed > before) printf("  %s, derivative %d\n", f->name, (int) i);
    }
    rp_graph_free(d.g);
  }
}

/* The trapezoidal rule on u, x = centre + scale sinh(u) for the real line, the default bijector otherwise: the
 * integrand falls off at least exponentially in u, so that the rule is exact to 1e-8 with step 0.02; a kink (Laplace)
 * leaves an error of step^2 / 12 times the jump of the slope. Heavy lower tails (gamma(.3)) decay as exp(.3 u): [-80,
 * 80] holds all but 1e-10. */
static void test_mass(void) {
  for (int c = 0; c < N_CASES; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    if (f->discrete) continue;
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS], bounds[4], u = rp_param(g, 0, 1);
    for (int32_t i = 0; i < f->n_arguments; i++) a[i] = rp_const(g, cases[c].a[i]);
    const rp_bijector *b;
    CHECK(rp_support_default(g, rp_family_support(g, f, a), &b, bounds) == RP_OK);
    rp_node_id v = strcmp(b->name, "identity") == 0 ? rp_unary(g, RP_OP_SINH, u) : u;
    rp_node_id log_slope = v == u ? rp_const(g, 0) : rp_log(g, rp_unary(g, RP_OP_COSH, u));
    rp_node_id x = b->forward(g, v, bounds, 1, 1);
    rp_node_id log_f = rp_add(g, rp_log_density(g, f, x, a, 1, 1, 1), b->log_jacobian(g, v, x, bounds, 1, 1));
    rp_node_id integrand = rp_exp(g, rp_add(g, log_f, log_slope));
    double mass = 0, step = 0.02;
    for (int i = -4000; i <= 4000; i++) {
      double at = i * step, value = node_value(g, integrand, &at);
      if (isfinite(value)) mass += value * step;
    }
    int before = check_failed;
    CHECK_NEAR(mass, 1, strstr(f->name, "laplace") && strcmp(f->name, "soft_laplace") != 0 ? 2e-5 : 1e-7);
    if (check_failed > before) printf("  %s\n", f->name);
    rp_graph_free(g);
  }
}

static void test_discrete_mass(void) {
  for (int c = 0; c < N_CASES; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    if (!f->discrete || f->event_dim > 0) continue;
    double mass = 0;
    for (int k = 0; k < 400; k++) mass += exp(constant_density(f, cases[c].a, k));
    CHECK_NEAR(mass, 1, 1e-10);
  }
}

static void draw(const rp_family *f, const double *a, double *x, int n) {
  rp_random r = rp_random_open(test_key(7), rp_random_site(f->name, 0));
  const double *arguments[RP_MAX_ARGUMENTS];
  for (int i = 0; i < f->n_arguments; i++) arguments[i] = a + i;
  for (int i = 0; i < n; i++) f->sample(&r, arguments, 1, x + i);
}

static int by_value(const void *p, const void *q) {
  double a = *(const double *) p, b = *(const double *) q;
  return (a > b) - (a < b);
}

/* Kolmogorov's distance of n draws is below 1.95 / sqrt(n) with probability 0.999; the seed is fixed. */
static void test_kolmogorov(void) {
  double *x = malloc(N_DRAWS * sizeof *x), *log_cdf = malloc(N_DRAWS * sizeof *x),
      *log_ccdf = malloc(N_DRAWS * sizeof *x);
  for (int c = 0; c < N_CASES && x && log_cdf && log_ccdf; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    if (f->discrete || !f->log_cdf) continue;
    draw(f, cases[c].a, x, N_DRAWS);
    qsort(x, N_DRAWS, sizeof *x, by_value);
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS], values = rp_data(g, x, N_DRAWS);
    for (int32_t i = 0; i < f->n_arguments; i++) a[i] = rp_const(g, cases[c].a[i]);
    node_values(g, f->log_cdf(g, values, a), NULL, log_cdf, N_DRAWS);
    node_values(g, f->log_ccdf(g, values, a), NULL, log_ccdf, N_DRAWS);
    double distance = 0, total = 0;
    for (int i = 0; i < N_DRAWS; i++) {
      double p = exp(log_cdf[i]);
      distance = fmax(distance, fmax(fabs(p - (double) i / N_DRAWS), fabs(p - (i + 1.0) / N_DRAWS)));
      total = fmax(total, fabs(p + exp(log_ccdf[i]) - 1));
      if (!(total < 2)) total = INFINITY;
    }
    int before = check_failed;
    CHECK(distance * sqrt(N_DRAWS) < 1.95);
    CHECK(total < 1e-10);
    if (f->quantile) {
      rp_node_id p = rp_exp(g, f->log_cdf(g, rp_const(g, cases[c].x), a));
      CHECK_NEAR(node_value(g, f->quantile(g, p, a), NULL), cases[c].x, 1e-9);
    }
    if (check_failed > before) printf("  %s: distance %g\n", f->name, distance * sqrt(N_DRAWS));
    rp_graph_free(g);
  }
  free(x);
  free(log_cdf);
  free(log_ccdf);
}

/* Means and variances within 4.5 standard errors (a chance of 7e-6 each); the error of the variance from the fourth
 * moment. */
static void test_moments(void) {
  double *x = malloc(N_DRAWS * sizeof *x);
  for (int c = 0; c < N_CASES && x; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS];
    for (int32_t i = 0; i < f->n_arguments; i++) a[i] = rp_const(g, cases[c].a[i]);
    double mean = f->mean ? node_value(g, f->mean(g, a), NULL) : NAN;
    double variance = f->variance ? node_value(g, f->variance(g, a), NULL) : NAN;
    rp_graph_free(g);
    if (!isfinite(mean) || !isfinite(variance)) continue;
    draw(f, cases[c].a, x, N_DRAWS);
    double sum = 0, squares = 0, fourth = 0;
    for (int i = 0; i < N_DRAWS; i++) {
      double d = x[i] - mean;
      sum += d;
      squares += d * d;
      fourth += d * d * d * d;
    }
    double s2 = squares / N_DRAWS, error = sqrt((fourth / N_DRAWS - s2 * s2) / N_DRAWS);
    int before = check_failed;
    CHECK(fabs(sum / N_DRAWS) < 4.5 * sqrt(variance / N_DRAWS));
    if (strcmp(f->name, "student_t") != 0) CHECK(fabs(s2 - variance) < 4.5 * error + 1e-12);
    if (check_failed > before) printf("  %s: mean %g + %g, variance %g (%g)\n", f->name, mean, sum / N_DRAWS, s2,
                                      variance);
  }
  free(x);
}

/* Chi-squared of discrete draws over the values expected at least 5 times: below df + 4.5 sqrt(2 df) + 10. */
static void test_frequencies(void) {
  double *x = malloc(N_DRAWS * sizeof *x);
  for (int c = 0; c < N_CASES && x; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    if (!f->discrete || f->event_dim > 0) continue;
    draw(f, cases[c].a, x, N_DRAWS);
    int counts[400] = {0}, outside = 0, df = 0;
    for (int i = 0; i < N_DRAWS; i++) {
      if (x[i] >= 0 && x[i] < 400 && x[i] == floor(x[i])) counts[(int) x[i]]++;
      else outside++;
    }
    double statistic = 0;
    for (int k = 0; k < 400; k++) {
      double expected = N_DRAWS * exp(constant_density(f, cases[c].a, k));
      if (expected < 5) continue;
      statistic += (counts[k] - expected) * (counts[k] - expected) / expected;
      df++;
    }
    int before = check_failed;
    CHECK(outside == 0);
    CHECK(statistic < df + 4.5 * sqrt(2.0 * df) + 10);
    if (check_failed > before) printf("  %s: chi-squared %g on %d\n", f->name, statistic, df);
  }
  free(x);
}

/* Location-scale families: f(x; m, s) = f((x - m) / s; 0, 1) / s, and the score is the derivative of log f. */
static void test_location_scale(void) {
  for (int c = 0; c < N_CASES; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    CHECK((f->location >= 0) == (f->scale >= 0));
    if (f->location < 0) continue;
    double standard[MAX_ARGS], m = cases[c].a[f->location], s = cases[c].a[f->scale], z = (cases[c].x - m) / s;
    memcpy(standard, cases[c].a, sizeof standard);
    standard[f->location] = 0;
    standard[f->scale] = 1;
    CHECK_NEAR(constant_density(f, cases[c].a, cases[c].x), constant_density(f, standard, z) - log(s), 1e-12);
    CHECK(f->score != NULL);
    if (!f->score) continue;
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS];
    for (int32_t i = 0; i < f->n_arguments; i++) a[i] = rp_const(g, cases[c].a[i]);
    double h = 1e-5, x = cases[c].x;
    double slope = (constant_density(f, cases[c].a, x + h) - constant_density(f, cases[c].a, x - h)) / (2 * h);
    CHECK_NEAR(node_value(g, f->score(g, rp_const(g, x - m), a), NULL), slope, 1e-8);
    rp_graph_free(g);
  }
}

/* The slope of the cdf is the density, and minus that of its complement. */
static void test_cdf_slopes(void) {
  for (int c = 0; c < N_CASES; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    if (f->discrete || !f->log_cdf) continue;
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS], x = rp_param(g, 0, 1), below_slope, above_slope;
    for (int32_t i = 0; i < f->n_arguments; i++) a[i] = rp_const(g, cases[c].a[i]);
    rp_node_id below = rp_exp(g, f->log_cdf(g, x, a)), above = rp_exp(g, f->log_ccdf(g, x, a));
    CHECK(rp_gradient(g, below, &x, 1, &below_slope) == RP_OK && rp_gradient(g, above, &x, 1, &above_slope) == RP_OK);
    double density = exp(constant_density(f, cases[c].a, cases[c].x));
    int before = check_failed;
    CHECK_NEAR(node_value(g, below_slope, &cases[c].x), density, 1e-11);
    CHECK_NEAR(node_value(g, above_slope, &cases[c].x), -density, 1e-11);
    if (check_failed > before) printf("  %s\n", f->name);
    rp_graph_free(g);
  }
}

/* Discrete cdf: sums of the density, below the support 0, from its end on 1. */
static void test_discrete_cdf(void) {
  for (int c = 0; c < N_CASES; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    if (!f->discrete || !f->log_cdf) continue;
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS];
    for (int32_t i = 0; i < f->n_arguments; i++) a[i] = rp_const(g, cases[c].a[i]);
    double sum = 0;
    for (int k = -1; k < 300; k++) {
      rp_node_id x = rp_const(g, k + 0.25);
      sum += exp(constant_density(f, cases[c].a, k));
      int before = check_failed;
      CHECK_NEAR(exp(node_value(g, f->log_cdf(g, x, a), NULL)), sum, 1e-10);
      CHECK_NEAR(exp(node_value(g, f->log_ccdf(g, x, a), NULL)), 1 - sum, 1e-10);
      if (check_failed > before) printf("  %s at %d\n", f->name, k);
    }
    rp_graph_free(g);
  }
}

/* A value outside a family's support has density -Inf and gradient 0 with regard to arguments that do not move the
 * support. */
static void test_outside(void) {
  density_graph d = open_density(rp_family_find("gamma"), 0);
  double params[] = {-2, 2.5, 1.5};
  rp_node_id gradient[3];
  CHECK(node_value(d.g, d.density, params) == -INFINITY);
  CHECK(rp_gradient(d.g, d.density, d.leaves, 3, gradient) == RP_OK);
  for (int i = 0; i < 3; i++) CHECK(node_value(d.g, gradient[i], params) == 0);
  params[0] = NAN;
  CHECK(isnan(node_value(d.g, d.density, params)));
  rp_graph_free(d.g);
}

/* An observed normal with scalar mean and sd: the vector part is sub, mul (by 1 / sd), square and the sum. */
static void test_cheap(void) {
  rp_graph *g = rp_graph_new();
  double y[100];
  for (int i = 0; i < 100; i++) y[i] = 0.1 * i;
  rp_node_id a[2] = {rp_param(g, 0, 1), rp_param(g, 1, 1)};
  rp_node_id total = rp_sum_n(g, rp_log_density(g, rp_family_find("normal"), rp_data(g, y, 100), a, 100, 1, 0), 100);
  int vectors = 0;
  rp_status status;
  rp_status_clear(&status);
  rp_graph *small = rp_graph_extract(g, &total, 1, NULL, NULL, &status);
  CHECK(small != NULL);
  for (int32_t i = 0; small && i < rp_graph_size(small); i++)
    vectors += rp_graph_node(small, i)->n == 100 && rp_graph_node(small, i)->op != RP_OP_CONST;
  CHECK(vectors <= 3);
  rp_graph_free(small);
  rp_graph_free(g);
}

static void test_constraints(void) {
  double triangle[] = {2, 1, 0, 3}, full[] = {2, 1, 1, 3}, indefinite[] = {1, 2, 2, 1}, simplex[] = {0.2, 0.8};
  CHECK(rp_constraint_holds(RP_ARG_CHOLESKY, triangle, 4));
  CHECK(!rp_constraint_holds(RP_ARG_CHOLESKY, full, 4));
  CHECK(rp_constraint_holds(RP_ARG_POSITIVE_DEFINITE, full, 4));
  CHECK(!rp_constraint_holds(RP_ARG_POSITIVE_DEFINITE, triangle, 4));
  CHECK(!rp_constraint_holds(RP_ARG_POSITIVE_DEFINITE, indefinite, 4));
  CHECK(rp_constraint_holds(RP_ARG_SIMPLEX, simplex, 2));
  double zero = 0, half = 0.5;
  CHECK(!rp_constraint_holds(RP_ARG_POSITIVE, &zero, 1));
  CHECK(rp_constraint_holds(RP_ARG_COUNT, &zero, 1));
  CHECK(!rp_constraint_holds(RP_ARG_COUNT, &half, 1));
  CHECK(!rp_constraint_holds(RP_ARG_POSITIVE_COUNT, &zero, 1));
}

int main(void) {
  test_table();
  test_golden();
  test_gradients();
  test_mass();
  test_discrete_mass();
  test_kolmogorov();
  test_moments();
  test_frequencies();
  test_location_scale();
  test_cdf_slopes();
  test_discrete_cdf();
  test_outside();
  test_cheap();
  test_constraints();
  return check_done("dist");
}
