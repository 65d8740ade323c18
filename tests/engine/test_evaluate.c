/* The reference evaluator node by node: R's semantics of elementwise operations (values from R 4.2), arrays, scans,
 * random events, and whole graphs. */
#include "../../src/graph/evaluate.h"

#include <stdlib.h>

#include "graph_check.h"

static int same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

/* ---- elementwise ---- */

static void test_modulo(void) {
  /* Rscript -e 'x %% y; x %/% y' */
  static const struct { double x, y, mod, div; } rows[] = {
    {5.5, 2, 1.5, 2}, {-5.5, 2, 0.5, -3}, {5, -2, -1, -3}, {-5, -2, -1, 2}, {5, INFINITY, 5, 0},
    {-5, INFINITY, INFINITY, -1},
    {5, -INFINITY, -INFINITY, -1}, {0, INFINITY, 0, 0}, {INFINITY, 2, NAN, INFINITY}, {INFINITY, INFINITY, NAN, NAN},
    {0.3, 0.1, 0.099999999999999978, 2}, {1, 0.1, 0.09999999999999995, 9}, {1, 0, NAN, INFINITY},
    {-1, 0, NAN, -INFINITY},
    {1, 0.2, 0.2 - 5.551115123125783e-17, 4}, {-1e-20, 1, 0, -1}, {6, 3, 0, 2}, {-6, 3, 0, -2}, {NAN, 2, NAN, NAN}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK_NEAR(rp_elementwise(RP_OP_MOD, rows[i].x, rows[i].y, 0), rows[i].mod, 1e-16);
    CHECK(same(rp_elementwise(RP_OP_INT_DIV, rows[i].x, rows[i].y, 0), rows[i].div));
  }
}

static void test_power(void) {
  static const struct { double x, y, want; } rows[] = {
    {2, 3, 8}, {NAN, 0, 1}, {1, NAN, 1}, {0, 0, 1}, {0, -1, INFINITY}, {-0.0, -1, INFINITY}, {0, NAN, NAN},
    {-8, 1.0 / 3, NAN},
    {-2, 3, -8}, {-2, INFINITY, NAN}, {-INFINITY, 3, -INFINITY}, {-INFINITY, -2, 0}, {-INFINITY, 0.5, NAN},
    {2, -INFINITY, 0},
    {INFINITY, -1, 0}, {-3, 2, 9}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    CHECK(same(rp_elementwise(RP_OP_POW, rows[i].x, rows[i].y, 0), rows[i].want));
}

static void test_comparisons(void) {
  for (rp_op op = RP_OP_LT; op <= RP_OP_NE; op++) {
    CHECK(isnan(rp_elementwise(op, NAN, 1, 0)) && isnan(rp_elementwise(op, 1, NAN, 0)));
    CHECK(rp_elementwise(op, 1, 2, 0) == (op != RP_OP_EQ));
    CHECK(rp_elementwise(op, 2, 2, 0) == (op == RP_OP_LE || op == RP_OP_EQ));
    CHECK(rp_elementwise(op, 3, 2, 0) == (op == RP_OP_NE));
  }
  CHECK(rp_elementwise(RP_OP_SELECT, 1, 2, 3) == 2 && rp_elementwise(RP_OP_SELECT, 0, 2, 3) == 3);
  CHECK(isnan(rp_elementwise(RP_OP_SELECT, NAN, 2, 3)) && rp_elementwise(RP_OP_SELECT, 1, 2, NAN) == 2);
  CHECK(isnan(rp_elementwise(RP_OP_MAX, NAN, 1, 0)) && isnan(rp_elementwise(RP_OP_MIN, 1, NAN, 0)));
  CHECK(rp_elementwise(RP_OP_MAX, -INFINITY, 1, 0) == 1 && rp_elementwise(RP_OP_MIN, -INFINITY, 1, 0) == -INFINITY);
  CHECK(rp_elementwise(RP_OP_IS_NAN, NAN, 0, 0) == 1 && rp_elementwise(RP_OP_IS_NAN, 1, 0, 0) == 0);
  CHECK(isnan(rp_elementwise(RP_OP_NOT, NAN, 0, 0)) && rp_elementwise(RP_OP_NOT, 0, 0, 0) == 1);
}

static void test_rounding(void) {
  static const double x[] = {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5}, even[] = {-2, -2, 0, 0, 2, 2};
  for (int i = 0; i < 6; i++) CHECK(rp_elementwise(RP_OP_ROUND, x[i], 0, 0) == even[i]);
  CHECK(rp_elementwise(RP_OP_TRUNC, -1.7, 0, 0) == -1 && rp_elementwise(RP_OP_FLOOR, -1.2, 0, 0) == -2);
  CHECK(rp_elementwise(RP_OP_SIGN, -3, 0, 0) == -1 && rp_elementwise(RP_OP_SIGN, 0, 0, 0) == 0);
  CHECK(isnan(rp_elementwise(RP_OP_SIGN, NAN, 0, 0)));
  CHECK(isnan(rp_elementwise(RP_OP_SUM, 1, 2, 3)));
}

/* ---- nodes by themselves ---- */

static const rp_random_key key = {.seed = 1, .chain = 2, .draw = 3};

/* Inputs are given as (pointer, length) pairs. */
static void run(rp_node node, const double *const *in, const int64_t *in_n, double *out) {
  rp_node_id ids[16] = {0};
  node.in = ids;
  double *workspace = malloc((size_t) rp_evaluate_workspace(&node, in_n) * sizeof *workspace + 8);
  CHECK(rp_evaluate_node(&node, in, in_n, out, key, workspace, NULL) == RP_OK);
  free(workspace);
  double again[64];
  CHECK(node.n <= 64);
  CHECK(rp_evaluate_node(&node, in, in_n, again, key, NULL, NULL) == RP_OK);
  int equal = 1;
  for (int64_t i = 0; i < node.n; i++) equal = equal && same(out[i], again[i]);
  CHECK(equal);
}

#define IN(...) ((const double *const[]) {__VA_ARGS__})
#define LENGTHS(...) ((const int64_t[]) {__VA_ARGS__})
#define VALUES(...) ((const double[]) {__VA_ARGS__})
#define CHECK_VALUES(got, n, ...)                                                 \
  do {                                                                            \
    const double want_[] = {__VA_ARGS__};                                         \
    for (int i_ = 0; i_ < (n); i_++) CHECK_NEAR((got)[i_], want_[i_], 0);         \
  } while (0)

static void test_broadcasting(void) {
  double out[4];
  run((rp_node) {.op = RP_OP_SUB, .n_in = 2, .n = 3}, IN(VALUES(1, 2, 3), VALUES(10)), LENGTHS(3, 1), out);
  CHECK_VALUES(out, 3, -9, -8, -7);
  run((rp_node) {.op = RP_OP_SELECT, .n_in = 3, .n = 2}, IN(VALUES(1), VALUES(5, 6), VALUES(7)), LENGTHS(1, 2, 1), out);
  CHECK_VALUES(out, 2, 5, 6);
  run((rp_node) {.op = RP_OP_NEG, .n_in = 1, .n = 0}, IN(VALUES(1)), LENGTHS(0), out);
}

static void test_rearranging(void) {
  double out[8];
  const double *x = VALUES(10, 11, 12, 13);
  const int32_t index[] = {3, 0, 3};
  run((rp_node) {.op = RP_OP_SLICE, .n_in = 1, .n = 2, .attribute = {1}}, IN(x), LENGTHS(4), out);
  CHECK_VALUES(out, 2, 11, 12);
  run((rp_node) {.op = RP_OP_GATHER, .n_in = 1, .n = 3, .index = index, .n_index = 3}, IN(x), LENGTHS(4), out);
  CHECK_VALUES(out, 3, 13, 10, 13);
  run((rp_node) {.op = RP_OP_SCATTER, .n_in = 1, .n = 5, .index = index, .n_index = 3}, IN(x), LENGTHS(3), out);
  CHECK_VALUES(out, 5, 11, 0, 0, 22, 0);
  run((rp_node) {.op = RP_OP_SCATTER, .n_in = 1, .n = 5, .index = index, .n_index = 3}, IN(x), LENGTHS(1), out);
  CHECK_VALUES(out, 5, 10, 0, 0, 20, 0);
  run((rp_node) {.op = RP_OP_CONCAT, .n_in = 3, .n = 4}, IN(x + 2, x, x + 3), LENGTHS(1, 2, 1), out);
  CHECK_VALUES(out, 4, 12, 10, 11, 13);
  run((rp_node) {.op = RP_OP_BROADCAST, .n_in = 1, .n = 3}, IN(x), LENGTHS(1), out);
  CHECK_VALUES(out, 3, 10, 10, 10);
  run((rp_node) {.op = RP_OP_GATHER_AT, .n_in = 2, .n = 4}, IN(x, VALUES(2, -1, 4, NAN)), LENGTHS(4, 4), out);
  CHECK_VALUES(out, 4, 12, NAN, NAN, NAN);
  run((rp_node) {.op = RP_OP_SCATTER_AT, .n_in = 2, .n = 3}, IN(x, VALUES(2, 0, 2, 9)), LENGTHS(4, 4), out);
  CHECK_VALUES(out, 3, 11, 0, 22);
}

static void test_reductions(void) {
  double out[8];
  const double *x = VALUES(3, 1, NAN, 2, 1);
  run((rp_node) {.op = RP_OP_SUM, .n_in = 1, .n = 1}, IN(x), LENGTHS(2), out);
  CHECK(out[0] == 4);
  run((rp_node) {.op = RP_OP_SUM, .n_in = 1, .n = 1}, IN(x), LENGTHS(0), out);
  CHECK(out[0] == 0);
  run((rp_node) {.op = RP_OP_MAX_OF, .n_in = 1, .n = 1}, IN(x), LENGTHS(2), out);
  CHECK(out[0] == 3);
  run((rp_node) {.op = RP_OP_MIN_OF, .n_in = 1, .n = 1}, IN(x), LENGTHS(5), out);
  CHECK(isnan(out[0]));
  run((rp_node) {.op = RP_OP_MAX_OF, .n_in = 1, .n = 1}, IN(x), LENGTHS(0), out);
  CHECK(out[0] == -INFINITY);
  run((rp_node) {.op = RP_OP_ORDER, .n_in = 1, .n = 5}, IN(x), LENGTHS(5), out);
  CHECK_VALUES(out, 5, 1, 4, 3, 0, 2);
  run((rp_node) {.op = RP_OP_CUMSUM, .n_in = 1, .n = 3}, IN(VALUES(1, 2, 3)), LENGTHS(3), out);
  CHECK_VALUES(out, 3, 1, 3, 6);
  run((rp_node) {.op = RP_OP_CUMSUM, .n_in = 1, .n = 3, .attribute = {1}}, IN(VALUES(1, 2, 3)), LENGTHS(3), out);
  CHECK_VALUES(out, 3, 6, 5, 3);
}

/* A sum of 1e5 tenths: pairwise, the error stays below 17 roundings of the total. */
static void test_sum_is_pairwise(void) {
  enum { N = 100000 };
  double *x = malloc(N * sizeof *x), out;
  for (int i = 0; i < N; i++) x[i] = 0.1;
  rp_node node = {.op = RP_OP_SUM, .n_in = 1, .n = 1};
  CHECK(rp_evaluate_node(&node, IN(x), LENGTHS(N), &out, key, NULL, NULL) == RP_OK);
  CHECK(fabs(out - 1e4) <= 17 * 0.5 * 1.82e-12);
  free(x);
}

static void test_affine_scan(void) {
  double out[12];
  rp_node node = {.op = RP_OP_AFFINE_SCAN, .n_in = 3, .n = 4, .attribute = {3, 1, 0}};
  run(node, IN(VALUES(1), VALUES(2, 3, 4), VALUES(1)), LENGTHS(1, 3, 1), out);
  CHECK_VALUES(out, 4, 1, 3, 10, 41);
  node.attribute[2] = 1;
  run(node, IN(VALUES(1), VALUES(2, 3, 4), VALUES(10, 20, 30)), LENGTHS(1, 3, 3), out);
  CHECK_VALUES(out, 4, 254, 122, 34, 1);
  /* two states, A = (1 2; 3 4): columns first */
  rp_node two = {.op = RP_OP_AFFINE_SCAN, .n_in = 8, .n = 4, .attribute = {1, 2, 0}};
  run(two, IN(VALUES(1), VALUES(10), VALUES(1), VALUES(3), VALUES(2), VALUES(4), VALUES(100), VALUES(200)),
      LENGTHS(1, 1, 1, 1, 1, 1, 1, 1), out);
  CHECK_VALUES(out, 4, 1, 121, 10, 243);
}

/* next = carry * step + invariant, over a sequence and over a scalar. */
static void test_scan_node(void) {
  rp_graph *b = rp_graph_new();
  rp_node_id next[1] = {rp_add(b, rp_mul(b, rp_carry(b, 0), rp_step(b, 0)), rp_invariant(b, 0))};
  rp_scan_body body = {.body = b, .n_carry = 1, .n_sequence = 1, .n_invariant = 1, .next = next};
  rp_node node = {.op = RP_OP_SCAN, .n_in = 3, .n = 4, .attribute = {3, 1}, .scan = &body};
  double out[4];
  run(node, IN(VALUES(1), VALUES(2, 3, 4), VALUES(1)), LENGTHS(1, 3, 1), out);
  CHECK_VALUES(out, 4, 1, 3, 10, 41);
  run(node, IN(VALUES(1), VALUES(2), VALUES(1)), LENGTHS(1, 1, 1), out);
  CHECK_VALUES(out, 4, 1, 3, 7, 15);
  rp_graph_free(b);
}

/* Shows what a sampler is given: first number of each argument plus a uniform scaled away. */
static void showing_sampler(rp_random *stream, const double *const *arguments, int64_t event_size, double *event) {
  for (int64_t i = 0; i < event_size; i++)
    event[i] = arguments[0][0] + arguments[1][i] + 1e-3 * rp_random_uniform(stream);
}

static void test_random_node(void) {
  const int32_t widths[] = {1, 2};
  rp_node node = {.op = RP_OP_RANDOM, .n_in = 2, .n = 4, .attribute = {77, 2, 2}, .index = widths, .n_index = 2,
                  .sampler = showing_sampler};
  double out[4];
  run(node, IN(VALUES(100, 200), VALUES(1, 2)), LENGTHS(2, 2), out);
  rp_random stream = rp_random_open(key, 77);
  const double base[] = {101, 102, 201, 202};
  for (int i = 0; i < 4; i++) CHECK(out[i] == base[i] + 1e-3 * rp_random_uniform(&stream));
}

static void test_failures(void) {
  rp_status status;
  rp_status_clear(&status);
  double out;
  rp_node leaf = {.op = RP_OP_PARAM, .n = 1};
  CHECK(rp_evaluate_node(&leaf, NULL, NULL, &out, key, NULL, &status) == RP_UNSUPPORTED);
  CHECK(status.code == RP_UNSUPPORTED);
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_node_id site = rp_exp(g, rp_site(g, 0, 1)), none = RP_NONE;
  double *place = &out;
  CHECK(rp_evaluate(g, &site, 1, NULL, NULL, key, &place, &status) == RP_UNSUPPORTED);
  rp_status_clear(&status);
  CHECK(rp_evaluate(g, &none, 1, NULL, NULL, key, &place, &status) == RP_UNSUPPORTED);
  rp_graph_free(g);
}

/* ---- whole graphs ---- */

static void test_graph(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 1, 2), scale = rp_input(g, 0, 1), unused = rp_site(g, 0, 1);
  rp_node_id product = rp_mul(g, rp_exp(g, x), scale), total = rp_sum(g, product);
  (void) unused;
  const double params[] = {9, 0, log(2)}, inputs[] = {3};
  double values[2], sum;
  rp_status status;
  rp_status_clear(&status);
  double *outputs[] = {values, &sum};
  CHECK(rp_evaluate(g, (rp_node_id[]) {product, total}, 2, params, inputs, key, outputs, &status) == RP_OK);
  CHECK_NEAR(values[0], 3, 1e-15);
  CHECK_NEAR(values[1], 6, 1e-15);
  CHECK_NEAR(sum, 9, 1e-15);
  rp_graph_free(g);
}

int main(void) {
  test_modulo();
  test_power();
  test_comparisons();
  test_rounding();
  test_broadcasting();
  test_rearranging();
  test_reductions();
  test_sum_is_pairwise();
  test_affine_scan();
  test_scan_node();
  test_random_node();
  test_failures();
  test_graph();
  return check_done("evaluate");
}
