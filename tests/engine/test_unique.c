/* Sums over data become sums over their distinct values. */
#include "graph_check.h"

#include "../../src/graph/shorthand.h"

static void is_text(const rp_graph *g, rp_node_id root, const char *want) {
  char *text = rp_graph_print(g, &root, 1);
  CHECK(text != NULL);
  if (strcmp(text, want) != 0) printf("got:\n%swant:\n%s", text, want);
  CHECK_TEXT(text, want);
  free(text);
}

static const double y[12] = {3, 0, 1, 0, 3, 3, 0, 1, 0, 0, 1, 3};

/* The graph before and after. */
static void test_graph(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id phi = rp_param(g, 0, 1);
  rp_node_id before = rp_sum(g, rp_lgamma(g, rp_add(g, phi, rp_data(g, y, 12)))), after = rp_pass_unique(g, before);
  is_text(g, before, "%0 = param (0)\n"
                     "%1 = const 3 0 1 0 3 3 ... [12]\n"
                     "%2 = add %0 %1 [12]\n"
                     "%3 = lgamma %2 [12]\n"
                     "%4 = sum %3\n");
  is_text(g, after, "%0 = param (0)\n"
                    "%6 = const 4 5 3 [3]\n"
                    "%7 = const 3 0 1 [3]\n"
                    "%8 = add %0 %7 [3]\n"
                    "%9 = lgamma %8 [3]\n"
                    "%10 = mul %6 %9 [3]\n"
                    "%11 = sum %10\n");
  rp_graph_free(g);
}

/* Value and gradient are those of the original graph, to 1e-13 of the sum of absolute terms (below 100 here). */
static void agrees(rp_graph *g, rp_node_id before, const double *params, int n, int is_shorter) {
  rp_node_id after = rp_pass_unique(g, before);
  CHECK((after != before) == is_shorter);
  CHECK(fabs(scalar_of(g, after, params) - scalar_of(g, before, params)) < 1e-11);
  CHECK(check_gradient(g, after, params, n) < 1e-8);
}

/* What is taken out of a sum and what stays: signs, scalar factors, terms without data. */
static void test_terms(void) {
  const double params[] = {0.7, -0.3, 0.2, 1.1, 0.5, -0.9, 0.3, 0.8, -0.2, 0.1, 0.6, -0.4, 0.9, 0.35};
  rp_graph *g = rp_graph_new();
  rp_node_id phi = rp_exp(g, rp_param(g, 0, 1)), s = rp_param(g, 1, 1), eta = rp_param(g, 2, 12);
  rp_node_id data = rp_data(g, y, 12), heavy = rp_lgamma(g, rp_add(g, phi, data));
  rp_node_id bound = rp_mul(g, data, rp_exp(g, eta));
  agrees(g, rp_sum(g, rp_add(g, heavy, bound)), params, 14, 1);
  agrees(g, rp_sum(g, rp_sub(g, heavy, bound)), params, 14, 1);
  agrees(g, rp_sum(g, rp_sub(g, bound, heavy)), params, 14, 1);
  agrees(g, rp_sum(g, rp_add(g, rp_mul(g, s, rp_sub(g, bound, heavy)), rp_neg(g, rp_add(g, heavy, data)))), params, 14, 1);
  agrees(g, rp_sum(g, rp_sub(g, rp_mul(g, s, heavy), rp_add(g, bound, rp_broadcast(g, phi, 12)))), params, 14, 1);
  agrees(g, rp_mul(g, s, rp_log(g, rp_add(g, rp_square(g, rp_sum(g, rp_mul(g, heavy, heavy))), phi))), params, 14, 1);
  agrees(g, rp_sum(g, bound), params, 14, 0);
  agrees(g, rp_sum(g, rp_sub(g, bound, data)), params, 14, 0);
  rp_graph_free(g);
}

/* Rows of several vectors: distinct together. Data without repeats stay, -0 and 0 and NaN are told apart by bits. */
static void test_rows(void) {
  const double params[] = {0.7, 0.2}, x[12] = {1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 2, 1}, special[4] = {0, -0.0, NAN, NAN};
  double different[12];
  for (int i = 0; i < 12; i++) different[i] = i;
  rp_graph *g = rp_graph_new();
  rp_node_id phi = rp_exp(g, rp_param(g, 0, 1)), s = rp_param(g, 1, 1);
  rp_node_id both = rp_mul(g, rp_lgamma(g, rp_add(g, phi, rp_data(g, y, 12))), rp_exp(g, rp_mul(g, s, rp_data(g, x, 12))));
  agrees(g, rp_sum(g, both), params, 2, 1);
  char *text = NULL;
  rp_node_id after = rp_pass_unique(g, rp_sum(g, both));
  text = rp_graph_print(g, &after, 1);
  CHECK(text && strstr(text, "const 3 0 1 [3]") && strstr(text, "const 1 1 2 [3]"));
  free(text);
  agrees(g, rp_sum(g, rp_lgamma(g, rp_add(g, phi, rp_data(g, different, 12)))), params, 2, 0);
  rp_node_id mixed = rp_sum(g, rp_div(g, phi, rp_data(g, special, 4)));
  CHECK(rp_pass_unique(g, mixed) == mixed); /* three distinct rows of four */
  rp_graph_free(g);
}

/* Many values in random order against a plain count. */
static void test_counts(void) {
  enum { N = 5000 };
  double *x = malloc(N * sizeof *x), sum = 0, params[1] = {0.4};
  CHECK(x != NULL);
  if (!x) return;
  for (int i = 0; i < N; i++) {
    x[i] = (double) ((i * 7919) % 613) / 4;
    sum += lgamma(exp(0.4) + x[i]);
  }
  rp_graph *g = rp_graph_new();
  rp_node_id term = rp_lgamma(g, rp_add(g, rp_exp(g, rp_param(g, 0, 1)), rp_data(g, x, N)));
  rp_node_id after = rp_pass_unique(g, rp_sum(g, term));
  CHECK(fabs(scalar_of(g, after, params) / sum - 1) < 1e-13);
  int64_t longest = 0;
  uint8_t **needed = rp_needed(g, &after, 1, rp_graph_status(g));
  for (rp_node_id id = 0; needed && id <= after; id++)
    if (needed[id] && rp_graph_node(g, id)->n > longest) longest = rp_graph_node(g, id)->n;
  CHECK(longest == 613);
  rp_needed_free(needed, rp_graph_size(g));
  rp_graph_free(g);
  free(x);
}

int main(void) {
  test_graph();
  test_terms();
  test_rows();
  test_counts();
  return check_done("unique");
}
