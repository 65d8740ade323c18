/* Bijectors: golden numbers, round trips, log Jacobians against numeric determinants, several events at once. */
#include "../../src/core/linalg.h"
#include "dist_check.h"

enum { MAX_N = 64 };

typedef struct {
  const char *name;
  double a[3];
  int codomain_size, domain_size;
} test_case;

static const test_case cases[] = {
    {"identity", {0}, 1, 1},       {"exp", {0}, 1, 1},          {"affine", {1.5, -2}, 1, 1},
    {"sigmoid", {0}, 1, 1},        {"interval", {-1, 4}, 1, 1}, {"lower", {2}, 1, 1},
    {"upper", {2}, 1, 1},          {"softplus", {0}, 1, 1},     {"tanh", {0}, 1, 1},
    {"power", {-1.5}, 1, 1},       {"ordered", {0}, 4, 4},      {"simplex", {0}, 4, 3},
    {"simplex", {0}, 2, 1},        {"cholesky", {0}, 9, 6},     {"corr_cholesky", {0}, 16, 6},
    {"softmax", {0}, 4, 3},        {"softmax", {0}, 2, 1},      {"permute", {2, 3, 1}, 3, 3},
    {"discrete_cosine", {0.7}, 7, 7}, {"haar", {0}, 7, 7},   {"haar", {1}, 8, 8},
    {"corr_cholesky", {0}, 4, 1},  {"covariance", {0}, 9, 6},   {"correlation", {0}, 16, 6},
};
enum { N_CASES = sizeof cases / sizeof *cases };

typedef struct {
  rp_graph *g;
  const rp_bijector *b;
  rp_node_id a[4], u, x, back, log_jacobian;
} opened;

static opened open_bijector(const test_case *c, int n_events) {
  opened o = {.g = rp_graph_new(), .b = rp_bijector_find(c->name)};
  for (int i = 0; i < 4; i++) o.a[i] = i < o.b->n_arguments ? rp_const(o.g, c->a[i]) : RP_NONE;
  if (strcmp(c->name, "permute") == 0) o.a[0] = rp_data(o.g, c->a, 3);
  o.u = rp_param(o.g, 0, (int64_t) n_events * c->domain_size);
  int64_t size = c->codomain_size;
  o.x = o.b->forward(o.g, o.u, o.a, n_events, size);
  o.back = o.b->inverse(o.g, o.x, o.a, n_events, size);
  o.log_jacobian = o.b->log_jacobian(o.g, o.u, o.x, o.a, n_events, size);
  return o;
}

/* Unconstrained numbers of order one that differ from each other; positive for power, whose domain is. */
static void some_numbers(const test_case *c, double *u, int n) {
  for (int i = 0; i < n; i++) u[i] = 0.9 * sin(1.7 * i + 0.4) + 0.1 * (i % 3);
  if (strcmp(c->name, "power") == 0)
    for (int i = 0; i < n; i++) u[i] = exp(u[i]);
}

static void test_golden(void) {
  test_case simplex = {"simplex", {0}, 4, 3}, ordered = {"ordered", {0}, 3, 3};
  double u[] = {0, 0, 0}, v[] = {0.1, 0.2, -0.3}, x[4];
  opened o = open_bijector(&simplex, 1);
  node_values(o.g, o.x, u, x, 4);
  for (int i = 0; i < 4; i++) CHECK_NEAR(x[i], 0.25, 1e-14);
  CHECK_NEAR(node_value(o.g, o.log_jacobian, u), -5.5451774445, 1e-10);
  rp_graph_free(o.g);
  o = open_bijector(&ordered, 1);
  node_values(o.g, o.x, v, x, 3);
  CHECK_NEAR(x[0], 0.1, 1e-15);
  CHECK_NEAR(x[1], 1.32140276, 1e-8);
  CHECK_NEAR(x[2], 2.06222098, 1e-8);
  CHECK_NEAR(node_value(o.g, o.log_jacobian, v), -0.1, 1e-14);
  rp_graph_free(o.g);
}

/* Three events at once equal each event on its own; inverse(forward(u)) = u. */
static void test_events(void) {
  for (int c = 0; c < N_CASES; c++) {
    const test_case *k = &cases[c];
    opened all = open_bijector(k, 3), one = open_bijector(k, 1);
    double u[MAX_N], x[MAX_N], x_one[MAX_N], back[MAX_N], log_jacobian[3];
    some_numbers(k, u, 3 * k->domain_size);
    node_values(all.g, all.x, u, x, 3 * k->codomain_size);
    node_values(all.g, all.back, u, back, 3 * k->domain_size);
    node_values(all.g, all.log_jacobian, u, log_jacobian, 3);
    int before = check_failed;
    for (int i = 0; i < 3 * k->domain_size; i++) CHECK_NEAR(back[i], u[i], 1e-12);
    for (int e = 0; e < 3; e++) {
      const double *event = u + e * k->domain_size;
      node_values(one.g, one.x, event, x_one, k->codomain_size);
      for (int i = 0; i < k->codomain_size; i++) CHECK_NEAR(x[e * k->codomain_size + i], x_one[i], 1e-13);
      CHECK_NEAR(log_jacobian[e], node_value(one.g, one.log_jacobian, event), 1e-12);
    }
    CHECK((k->domain_size == k->codomain_size) || (one.b->codomain_size
                                                   && one.b->codomain_size(k->domain_size) == k->codomain_size));
    CHECK((k->domain_size == k->codomain_size) || (one.b->domain_size
                                                   && one.b->domain_size(k->codomain_size) == k->domain_size));
    if (check_failed > before) printf("  %s\n", k->name);
    rp_graph_free(all.g);
    rp_graph_free(one.g);
  }
}

/* Free numbers of x: as many as domain_size; the others follow from them. */
static int free_numbers(const test_case *c, int *index) {
  int n = 0, side = (int) (sqrt(c->codomain_size) + 0.5);
  int is_matrix = strstr(c->name, "chol") || strstr(c->name, "co") == c->name;
  for (int i = 0; i < c->codomain_size; i++) {
    int row = i % side, col = i / side, strict = strstr(c->name, "corr") != NULL;
    if (is_matrix ? row > col || (row == col && !strict) : i < c->domain_size) index[n++] = i;
  }
  return n;
}

/* log |det| of the matrix of central differences over the free numbers: truncation h^2 and rounding / h stay below 1e-7
 * at h = 1e-5. */
static void test_jacobians(void) {
  for (int c = 0; c < N_CASES; c++) {
    const test_case *k = &cases[c];
    opened o = open_bijector(k, 1);
    double u[MAX_N], up[MAX_N], down[MAX_N], jacobian[MAX_N * MAX_N], h = 1e-5;
    int index[MAX_N], pivots[MAX_N], n = free_numbers(k, index), info = 0;
    CHECK(n == k->domain_size);
    some_numbers(k, u, n);
    for (int j = 0; j < n; j++) {
      double at = u[j];
      u[j] = at + h;
      node_values(o.g, o.x, u, up, k->codomain_size);
      u[j] = at - h;
      node_values(o.g, o.x, u, down, k->codomain_size);
      u[j] = at;
      for (int i = 0; i < n; i++) jacobian[j * n + i] = (up[index[i]] - down[index[i]]) / (2 * h);
    }
    dgetrf_(&n, &n, jacobian, &n, pivots, &info);
    double log_det = 0;
    for (int i = 0; i < n; i++) log_det += log(fabs(jacobian[i * n + i]));
    int before = check_failed;
    CHECK_NEAR(node_value(o.g, o.log_jacobian, u), log_det, 1e-7);
    if (check_failed > before) printf("  %s\n", k->name);
    rp_graph_free(o.g);
  }
}

/* Far out (u = +-30, all signs at once) the log Jacobian is finite and so is its gradient. */
static void test_far(void) {
  for (int c = 0; c < N_CASES; c++) {
    const test_case *k = &cases[c];
    if (strcmp(k->name, "power") == 0) continue; /* its domain is positive */
    opened o = open_bijector(k, 1);
    rp_node_id gradient;
    CHECK(rp_gradient(o.g, o.log_jacobian, &o.u, 1, &gradient) == RP_OK);
    for (int sign = 0; sign < 4; sign++) {
      double u[MAX_N], slopes[MAX_N];
      for (int i = 0; i < k->domain_size; i++) u[i] = (sign >> (i % 2)) & 1 ? 30 : -30;
      int before = check_failed;
      CHECK(isfinite(node_value(o.g, o.log_jacobian, u)));
      node_values(o.g, gradient, u, slopes, k->domain_size);
      for (int i = 0; i < k->domain_size; i++) CHECK(isfinite(slopes[i]));
      if (check_failed > before) printf("  %s\n", k->name);
    }
    rp_graph_free(o.g);
  }
}

/* What the Jacobians are at u = 30, from their own formulas. */
static void test_far_values(void) {
  static const struct { const char *name; double u, want; } far[] = {
      {"exp", 30, 30},          {"sigmoid", 30, -30 - 2 * 9.357622968839299e-14}, {"sigmoid", -30, -30},
      {"softplus", -30, -30},   {"tanh", 30, 1.386294361119890618834464 - 60},
          {"tanh", -30, 1.386294361119890618834464 - 60},
  };
  for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
    test_case c = {far[i].name, {0}, 1, 1};
    opened o = open_bijector(&c, 1);
    CHECK_NEAR(node_value(o.g, o.log_jacobian, &far[i].u), far[i].want, 1e-12);
    rp_graph_free(o.g);
  }
}

int main(void) {
  test_golden();
  test_events();
  test_jacobians();
  test_far();
  test_far_values();
  return check_done("bijectors");
}
