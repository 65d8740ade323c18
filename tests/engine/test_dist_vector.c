/* Families of vectors and matrices, and those whose argument is a vector: values computed in R, gradients against
 * differences, total mass, several events at once, samplers. */
#include "dist_check.h"

enum { MAX_N = 32, MAX_PARAMS = 96, N_DRAWS = 20000 };

typedef struct {
  const char *family;
  int lengths[3]; /* of the arguments */
  double a[3][MAX_N];
  int event_size;
  double x[MAX_N];
  double want; /* log density */
} test_case;

#define COV {2, 0.5, -0.3, 0.5, 1, 0.2, -0.3, 0.2, 1.5}
#define MEAN {0.1, -0.2, 0.3}
#define POINT {1, 0.5, -0.7}

/* R 4.2, m, S, x as above:
 *   mvn            -.5 * t(x - m) %*% solve(S) %*% (x - m) - .5 * log(det(2 * pi * S))
 *   mvn_precision  -.5 * t(x - m) %*% S %*% (x - m) + .5 * log(det(S)) - 1.5 * log(2 * pi)
 *   mv_student_t   lgamma(3.5) - lgamma(2) - 1.5 * log(4 * pi) - .5 * log(det(S)) - 3.5 * log1p(q / 4)
 *   dirichlet      golden number;  multinomial  dmultinom(c(2, 0, 3), 5, c(.2, .3, .5), log = TRUE)
 *   ordered_logistic  log(diff(c(0, plogis(c(-1, .5, 2) - .3), 1)))
 *   relaxed        lgamma(3) + 2 * log(t) + sum(l - (t + 1) * log(x)) - 3 * log(sum(exp(l) * x^-t))
 *   random walk    sum(dnorm(diff(c(0, x)), 0, .7, log = TRUE))
 *   wishart        from det, solve and lgamma;  lkj_cholesky, n = 2: .7 log(1 - r^2) - 2.4 log 2 - lbeta(1.7, 1.7) at r
 * = .4 */
static const test_case cases[] = {
    {"mvn", {3, 9}, {MEAN, COV}, 3, POINT, -3.90079322757155},
    {"mvn_precision", {3, 9}, {MEAN, COV}, 3, POINT, -4.57012398418258},
    {"mvn_cholesky", {1, 4}, {{0}, {2, 0.5, 0, 1}}, 2, {2, 1.5},
     -0.5 - 0.5 - 0.69314718055994531 - 1.83787706640934548},
    {"mv_student_t", {3, 9, 1}, {MEAN, COV, {4}}, 3, POINT, -4.09205256749871},
    {"dirichlet", {3, 3}, {{1, 2, 3}, {1, 2, 3}}, 3, {0.2, 0.3, 0.5}, 1.5040773968},
    {"multinomial", {1, 3, 3}, {{5}, {0.2, 0.3, 0.5}, {1, 2, 3}}, 3, {2, 0, 3}, -2.99573227355399},
    {"categorical", {3, 3}, {{0.2, 0.3, 0.5}, {1, 2, 3}}, 1, {2}, -1.20397280432594},
    {"categorical_logit", {3, 3}, {{0.2, -0.5, 1}, {1, 2, 3}}, 1, {2}, -2.01429507282063},
    {"ordered_logistic", {1, 3}, {{0.3}, {-1, 0.5, 2}}, 1, {1}, -1.54100845383299},
    {"ordered_logistic", {1, 3}, {{0.3}, {-1, 0.5, 2}}, 1, {3}, -1.21840735769331},
    {"ordered_logistic", {1, 3}, {{0.3}, {-1, 0.5, 2}}, 1, {4}, -1.86778602938627},
    {"relaxed_onehot_categorical", {1, 3, 3}, {{0.5}, {0.2, -0.5, 1}, {1, 2, 3}}, 3, {0.2, 0.3, 0.5},
     -0.850238721685608},
    {"gaussian_random_walk", {1, 4}, {{0.7}, {1, 2, 3, 4}}, 4, {0.3, -0.1, 0.8, 0.2}, -3.6980339489005},
    {"wishart", {1, 9}, {{5.5}, COV}, 9, {2, 0.3, 0.1, 0.3, 1.5, -0.2, 0.1, -0.2, 3}, -11.3153027570173},
    {"lkj_cholesky", {1, 2}, {{1.7}, {1, 2}}, 4, {1, 0.4, 0, 0.91651513899116800}, -0.50165714972834},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static int64_t widths_of(const rp_family *f, const test_case *c, int64_t n_events, int64_t *widths) {
  int64_t lengths[RP_MAX_ARGUMENTS];
  for (int i = 0; i < f->n_arguments; i++) lengths[i] = c->lengths[i];
  return rp_family_event_size(f, lengths, n_events * c->event_size, widths);
}

static void test_values(void) {
  for (int c = 0; c < N_CASES; c++) {
    const test_case *k = &cases[c];
    const rp_family *f = rp_family_find(k->family);
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS];
    int64_t widths[RP_MAX_ARGUMENTS];
    int before = check_failed;
    CHECK(widths_of(f, k, 1, widths) == k->event_size);
    for (int i = 0; i < f->n_arguments; i++) a[i] = rp_data(g, k->a[i], k->lengths[i]);
    rp_node_id x = rp_data(g, k->x, k->event_size);
    CHECK_NEAR(node_value(g, rp_log_density(g, f, x, a, 1, k->event_size, 0), NULL), k->want, 1e-9);
    if (check_failed > before) printf("  %s\n", k->family);
    rp_graph_free(g);
  }
}

/* Values and arguments as parameters; "levels" has no values of interest. */
static int is_levels(const rp_family *f, int i) { return strcmp(f->arguments[i].name, "levels") == 0; }

static void test_gradients(void) {
  for (int c = 0; c < N_CASES; c++) {
    const test_case *k = &cases[c];
    const rp_family *f = rp_family_find(k->family);
    rp_graph *g = rp_graph_new();
    rp_node_id leaves[4], a[RP_MAX_ARGUMENTS], gradient[4];
    double params[MAX_PARAMS];
    int n_leaves = 0, n = 0, offsets[5] = {0};
    leaves[n_leaves++] = rp_param(g, 0, k->event_size);
    for (int j = 0; j < k->event_size; j++) params[n++] = k->x[j];
    offsets[n_leaves] = n;
    for (int i = 0; i < f->n_arguments; i++) {
      if (is_levels(f, i) || f->arguments[i].constraint == RP_ARG_COUNT) {
        a[i] = rp_data(g, k->a[i], k->lengths[i]);
        continue;
      }
      a[i] = leaves[n_leaves++] = rp_param(g, n, k->lengths[i]);
      for (int j = 0; j < k->lengths[i]; j++) params[n++] = k->a[i][j];
      offsets[n_leaves] = n;
    }
    rp_node_id density = rp_log_density(g, f, leaves[0], a, 1, k->event_size, 1);
    CHECK(rp_gradient(g, density, leaves, n_leaves, gradient) == RP_OK);
    for (int l = f->discrete; l < n_leaves; l++) {
      double slopes[MAX_N], h = 1e-5;
      int size = offsets[l + 1] - offsets[l], before = check_failed;
      node_values(g, gradient[l], params, slopes, size);
      for (int j = 0; j < size; j++) {
        double *p = params + offsets[l] + j, at = *p;
        *p = at + h;
        double up = node_value(g, density, params);
        *p = at - h;
        double down = node_value(g, density, params);
        *p = at;
        CHECK_NEAR(slopes[j], (up - down) / (2 * h), 1e-7);
      }
      if (check_failed > before) printf("  %s, leaf %d\n", k->family, l);
    }
    rp_graph_free(g);
  }
}

/* Three events, the first argument repeated per event where it is the event's own vector: each term as by itself. */
static void test_events(void) {
  for (int c = 0; c < N_CASES; c++) {
    const test_case *k = &cases[c];
    const rp_family *f = rp_family_find(k->family);
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS], single[RP_MAX_ARGUMENTS];
    double x[3 * MAX_N], terms[3], wide[3 * MAX_N];
    int is_matrix = strcmp(k->family, "wishart") == 0 || strcmp(k->family, "lkj_cholesky") == 0;
    int own = !is_matrix && k->lengths[0] > 1 && k->lengths[0] <= 3;
    for (int i = 0; i < f->n_arguments; i++) a[i] = single[i] = rp_data(g, k->a[i], k->lengths[i]);
    for (int e = 0; own && e < 3; e++)
      for (int j = 0; j < k->lengths[0]; j++) wide[e * k->lengths[0] + j] = k->a[0][j] * (1 + 0.1 * e);
    if (own) a[0] = rp_data(g, wide, 3 * k->lengths[0]);
    for (int e = 0; e < 3; e++) memcpy(x + e * k->event_size, k->x, (size_t) k->event_size * sizeof *x);
    if (f->support_kind == RP_SUPPORT_REAL_VECTOR) x[k->event_size] += 0.5;
    if (f->support_kind == RP_SUPPORT_INTEGER_INTERVAL) x[2] = 1;
    rp_node_id all = rp_data(g, x, 3 * k->event_size);
    node_values(g, rp_log_density(g, f, all, a, 3, k->event_size, 0), NULL, terms, 3);
    for (int e = 0; e < 3; e++) {
      if (own) single[0] = rp_data(g, wide + e * k->lengths[0], k->lengths[0]);
      rp_node_id one = rp_data(g, x + e * k->event_size, k->event_size);
      int before = check_failed;
      CHECK_NEAR(terms[e], node_value(g, rp_log_density(g, f, one, single, 1, k->event_size, 0), NULL), 1e-12);
      if (check_failed > before) printf("  %s, event %d\n", k->family, e);
    }
    rp_graph_free(g);
  }
}

/* Midpoint rule over the unconstrained coordinates of n_dim numbers in [-reach, reach], all points as events of one
 * graph. */
static double mass_of(const test_case *k, int n_dim, int points, double reach) {
  const rp_family *f = rp_family_find(k->family);
  rp_graph *g = rp_graph_new();
  rp_node_id a[RP_MAX_ARGUMENTS], bounds[4];
  for (int i = 0; i < f->n_arguments; i++) a[i] = rp_data(g, k->a[i], k->lengths[i]);
  const rp_bijector *b;
  rp_support_default(g, rp_family_support(g, f, a), &b, bounds);
  int n = 1;
  for (int d = 0; d < n_dim; d++) n *= points;
  double *u = malloc((size_t) (n * n_dim) * sizeof *u), *terms = malloc((size_t) n * sizeof *u),
      step = 2 * reach / points;
  double mass = 0, cell = pow(step, n_dim);
  if (u && terms) {
    for (int i = 0; i < n; i++)
      for (int d = 0, at = i; d < n_dim; d++, at /= points) u[i * n_dim + d] = -reach + (at % points + 0.5) * step;
    rp_node_id free_numbers = rp_param(g, 0, (int64_t) n * n_dim);
    rp_node_id x = b->forward(g, free_numbers, bounds, n, k->event_size);
    rp_node_id density = rp_log_density(g, f, x, a, n, k->event_size, 1);
    density = rp_add(g, density, b->log_jacobian(g, free_numbers, x, bounds, n, k->event_size));
    node_values(g, density, u, terms, n);
    for (int i = 0; i < n; i++) mass += exp(terms[i]) * cell;
  }
  free(u);
  free(terms);
  rp_graph_free(g);
  return mass;
}

/* Smooth integrands that decay exponentially: the midpoint rule is exact to about 1e-6 at these steps and reaches. */
static void test_mass(void) {
  test_case lkj3 = {"lkj_cholesky", {1, 3}, {{1.7}, {1, 2, 3}}, 9, {0}, 0};
  test_case wishart2 = {"wishart", {1, 4}, {{4.5}, {1, 0.3, 0.3, 0.8}}, 4, {0}, 0};
  test_case dirichlet = {"dirichlet", {3, 3}, {{1.2, 2, 3}, {1, 2, 3}}, 3, {0}, 0};
  test_case mvn = {"mvn", {1, 4}, {{0.2}, {1, 0.3, 0.3, 0.8}}, 2, {0}, 0};
  test_case t = {"relaxed_onehot_categorical", {1, 3, 3}, {{1.5}, {0.2, -0.5, 1}, {1, 2, 3}}, 3, {0}, 0};
  CHECK_NEAR(mass_of(&cases[N_CASES - 1], 1, 400, 15), 1, 1e-6);
  CHECK_NEAR(mass_of(&lkj3, 3, 36, 9), 1, 1e-4);
  CHECK_NEAR(mass_of(&wishart2, 3, 40, 8), 1, 1e-3);
  CHECK_NEAR(mass_of(&dirichlet, 2, 200, 20), 1, 1e-6);
  CHECK_NEAR(mass_of(&mvn, 2, 100, 8), 1, 1e-6);
  CHECK_NEAR(mass_of(&t, 2, 200, 20), 1, 1e-6);
}

static void test_categories(void) {
  for (int c = 0; c < N_CASES; c++) {
    const rp_family *f = rp_family_find(cases[c].family);
    if (f->support_kind != RP_SUPPORT_INTEGER_INTERVAL) continue;
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS];
    double mass = 0;
    for (int i = 0; i < f->n_arguments; i++) a[i] = rp_data(g, cases[c].a[i], cases[c].lengths[i]);
    for (int x = -1; x <= 6; x++) mass += exp(node_value(g, rp_log_density(g, f, rp_const(g, x), a, 1, 1, 0), NULL));
    CHECK_NEAR(mass, 1, 1e-12);
    /* the same with a value known at run time only */
    rp_node_id x = rp_param(g, 0, 1), density = rp_log_density(g, f, x, a, 1, 1, 0);
    CHECK_NEAR(node_value(g, density, cases[c].x), cases[c].want, 1e-12);
    double outside = 9;
    CHECK(node_value(g, density, &outside) == -INFINITY);
    rp_graph_free(g);
  }
}

/* Draws of n events through rp_family_random. */
static double *draw(const test_case *k, int n) {
  const rp_family *f = rp_family_find(k->family);
  rp_graph *g = rp_graph_new();
  rp_node_id a[RP_MAX_ARGUMENTS];
  int64_t widths[RP_MAX_ARGUMENTS];
  widths_of(f, k, n, widths);
  for (int i = 0; i < f->n_arguments; i++) a[i] = rp_data(g, k->a[i], k->lengths[i]);
  double *x = malloc((size_t) (n * k->event_size) * sizeof *x);
  rp_node_id node = rp_family_random(g, f, rp_random_site(k->family, 0), a, widths, n, k->event_size);
  if (x) node_values(g, node, NULL, x, (int64_t) n * k->event_size);
  rp_graph_free(g);
  return x;
}

/* E of a function of the draws within 4.5 standard errors of the known value. */
static void check_mean(const double *values, int n, double want, const char *what) {
  double sum = 0, squares = 0;
  for (int i = 0; i < n; i++) sum += values[i];
  for (int i = 0; i < n; i++) squares += (values[i] - sum / n) * (values[i] - sum / n);
  double error = sqrt(squares / n / n);
  int before = check_failed;
  CHECK(fabs(sum / n - want) <= 4.5 * error + 1e-12);
  if (check_failed > before) printf("  %s: %g, want %g, standard error %g\n", what, sum / n, want, error);
}

static void check_moment(const double *x, int size, int i, int j, double center_i, double center_j, double want,
                         const char *what) {
  double *values = malloc(N_DRAWS * sizeof *values);
  for (int e = 0; values && e < N_DRAWS; e++)
    values[e] = (x[e * size + i] - center_i) * (j < 0 ? 1 : x[e * size + j] - center_j);
  if (values) check_mean(values, N_DRAWS, want, what);
  free(values);
}

static void test_samplers(void) {
  static const double cov[] = COV, mean[] = MEAN;
  double *x = draw(&cases[0], N_DRAWS);
  for (int i = 0; i < 3; i++) {
    check_moment(x, 3, i, -1, mean[i], 0, 0, "mvn mean");
    for (int j = 0; j < 3; j++) check_moment(x, 3, i, j, mean[i], mean[j], cov[3 * j + i], "mvn cov");
  }
  free(x);
  /* precision: E r' Q r = 3 with r = x - mean */
  x = draw(&cases[1], N_DRAWS);
  double *q = malloc(N_DRAWS * sizeof *q);
  for (int e = 0; q && e < N_DRAWS; e++) {
    q[e] = 0;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) q[e] += (x[3 * e + i] - mean[i]) * cov[3 * j + i] * (x[3 * e + j] - mean[j]);
  }
  if (q) check_mean(q, N_DRAWS, 3, "mvn_precision");
  free(q);
  free(x);
  /* P(|x_1 - location| < scale) of a t with 4 degrees of freedom: 2 pt(1, 4) - 1 = 0.6260990336999411 */
  x = draw(&cases[3], N_DRAWS);
  for (int e = 0; e < N_DRAWS; e++) x[e] = fabs(x[3 * e] - mean[0]) < sqrt(cov[0]);
  check_mean(x, N_DRAWS, 0.6260990336999411, "mv_student_t");
  free(x);
  /* dirichlet(1, 2, 3): means a / 6, variances a (6 - a) / 252 */
  x = draw(&cases[4], N_DRAWS);
  for (int i = 0; i < 3; i++) {
    check_moment(x, 3, i, -1, (i + 1) / 6.0, 0, 0, "dirichlet mean");
    check_moment(x, 3, i, i, (i + 1) / 6.0, (i + 1) / 6.0, (i + 1) * (5 - i) / 252.0, "dirichlet variance");
  }
  free(x);
  /* multinomial(5): mean 5 p, covariance of 1 and 2 is -5 p1 p2 */
  x = draw(&cases[5], N_DRAWS);
  check_moment(x, 3, 0, -1, 1, 0, 0, "multinomial mean");
  check_moment(x, 3, 2, -1, 2.5, 0, 0, "multinomial mean");
  check_moment(x, 3, 0, 1, 1, 1.5, -0.3, "multinomial covariance");
  free(x);
  /* categories: the frequency of 2 against its probability (values are checked above) */
  for (int c = 6; c <= 8; c++) {
    x = draw(&cases[c], N_DRAWS);
    const rp_family *f = rp_family_find(cases[c].family);
    rp_graph *g = rp_graph_new();
    rp_node_id a[RP_MAX_ARGUMENTS];
    for (int i = 0; i < f->n_arguments; i++) a[i] = rp_data(g, cases[c].a[i], cases[c].lengths[i]);
    double p = exp(node_value(g, rp_log_density(g, f, rp_const(g, 2), a, 1, 1, 0), NULL));
    for (int e = 0; e < N_DRAWS; e++) x[e] = x[e] == 2;
    check_mean(x, N_DRAWS, p, cases[c].family);
    rp_graph_free(g);
    free(x);
  }
  /* the largest number of a relaxed one-hot vector is the category: P = softmax(logits) */
  x = draw(&cases[11], N_DRAWS);
  double total = exp(0.2) + exp(-0.5) + exp(1);
  for (int e = 0; e < N_DRAWS; e++) x[e] = x[3 * e] > x[3 * e + 1] && x[3 * e] > x[3 * e + 2];
  check_mean(x, N_DRAWS, exp(0.2) / total, "relaxed_onehot_categorical");
  free(x);
  /* random walk: cov(x_i, x_j) = min(i, j) sd^2 */
  x = draw(&cases[12], N_DRAWS);
  check_moment(x, 4, 1, 3, 0, 0, 2 * 0.49, "gaussian_random_walk");
  free(x);
  /* wishart: mean df S, variance of entry 11 is 2 df S11^2 */
  x = draw(&cases[13], N_DRAWS);
  for (int i = 0; i < 9; i++) check_moment(x, 9, i, -1, 5.5 * cov[i], 0, 0, "wishart mean");
  check_moment(x, 9, 0, 0, 5.5 * cov[0], 5.5 * cov[0], 11 * cov[0] * cov[0], "wishart variance");
  free(x);
  /* lkj(1.7), n = 3: every correlation r has (r + 1) / 2 ~ beta(2.2, 2.2): E r = 0, E r^2 = 1 / 5.4 */
  test_case lkj3 = {"lkj_cholesky", {1, 3}, {{1.7}, {1, 2, 3}}, 9, {0}, 0};
  x = draw(&lkj3, N_DRAWS);
  for (int e = 0; e < N_DRAWS; e++) {
    double *l = x + 9 * e, r32 = l[1] * l[2] + l[4] * l[5]; /* rows 2 and 3 */
    l[0] = l[1];
    l[1] = l[2];
    l[2] = r32;
  }
  for (int i = 0; i < 3; i++) {
    check_moment(x, 9, i, -1, 0, 0, 0, "lkj mean");
    check_moment(x, 9, i, i, 0, 0, 1 / 5.4, "lkj variance");
  }
  free(x);
}

/* -Inf for values that are not in the support, and for matrices that are not positive definite. */
static void test_outside(void) {
  rp_graph *g = rp_graph_new();
  double alpha[] = {1, 2, 3}, off[] = {0.2, 0.3, 0.6}, negative[] = {-0.2, 0.6, 0.6}, sum[] = {2, 1, 3},
      part[] = {2, 0.5, 2.5};
  rp_node_id a[] = {rp_data(g, alpha, 3), rp_data(g, alpha, 3)};
  const rp_family *f = rp_family_find("dirichlet");
  CHECK(node_value(g, rp_log_density(g, f, rp_data(g, off, 3), a, 1, 3, 0), NULL) == -INFINITY);
  CHECK(node_value(g, rp_log_density(g, f, rp_data(g, negative, 3), a, 1, 3, 0), NULL) == -INFINITY);
  f = rp_family_find("multinomial");
  rp_node_id m[] = {rp_const(g, 5), rp_data(g, alpha, 3), rp_data(g, alpha, 3)};
  CHECK(node_value(g, rp_log_density(g, f, rp_data(g, sum, 3), m, 1, 3, 0), NULL) == -INFINITY);
  CHECK(node_value(g, rp_log_density(g, f, rp_data(g, part, 3), m, 1, 3, 0), NULL) == -INFINITY);
  double indefinite[] = {1, 2, 2, 1}, scale[] = {1, 0, 0, 1}, levels[] = {1, 2}, long_row[] = {1, 0.9, 0, 0.9};
  f = rp_family_find("wishart");
  rp_node_id w[] = {rp_const(g, 4), rp_data(g, scale, 4)};
  CHECK(node_value(g, rp_log_density(g, f, rp_data(g, indefinite, 4), w, 1, 4, 0), NULL) == -INFINITY);
  f = rp_family_find("lkj_cholesky");
  rp_node_id l[] = {rp_const(g, 2), rp_data(g, levels, 2)};
  CHECK(node_value(g, rp_log_density(g, f, rp_data(g, long_row, 4), l, 1, 4, 0), NULL) == -INFINITY);
  rp_graph_free(g);
}

int main(void) {
  test_values();
  test_gradients();
  test_events();
  test_mass();
  test_categories();
  test_samplers();
  test_outside();
  return check_done("dist_vector");
}
