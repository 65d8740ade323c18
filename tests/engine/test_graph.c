/* Constructors, sharing, simplification, errors, copies, needs, printing. */
#include <time.h>

#include "graph_check.h"

static void is_text(const rp_graph *g, rp_node_id root, const char *want) {
  char *text = rp_graph_print(g, &root, 1);
  CHECK(text != NULL);
  if (strcmp(text, want) != 0) printf("got:\n%swant:\n%s", text, want);
  CHECK_TEXT(text, want);
  free(text);
}

static void test_sharing(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 3), y = rp_param(g, 3, 3);
  CHECK(rp_add(g, x, y) == rp_add(g, y, x));
  CHECK(rp_exp(g, x) == rp_exp(g, rp_param(g, 0, 3)));
  CHECK(rp_exp(g, x) != rp_exp(g, y));
  double data[3] = {1, 2, 3};
  CHECK(rp_data(g, data, 3) == rp_data(g, data, 3));
  CHECK(rp_const(g, 0) != rp_const(g, -0.0));
  CHECK(rp_const(g, NAN) == rp_const(g, NAN));
  int32_t index[3] = {2, 0, 0};
  CHECK(rp_gather(g, x, index, 3) == rp_gather(g, x, index, 3));
  for (int k = 0; k < 5000; k++) rp_exp(g, rp_param(g, k, 1)); /* through several sizes of the table */
  int32_t size = rp_graph_size(g);
  for (int k = 0; k < 5000; k++) rp_exp(g, rp_param(g, k, 1));
  CHECK(rp_graph_size(g) == size);
  rp_graph_free(g);
}

static void test_elementwise_rules(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 1), y = rp_param(g, 1, 1), v = rp_param(g, 2, 4), w = rp_param(g, 6, 4);
  rp_node_id zero = rp_const(g, 0), one = rp_const(g, 1), two = rp_const(g, 2);
  CHECK(rp_add(g, x, zero) == x && rp_sub(g, x, zero) == x && rp_mul(g, one, x) == x && rp_div(g, x, one) == x);
  CHECK(rp_sub(g, zero, x) == rp_neg(g, x) && rp_neg(g, rp_neg(g, x)) == x);
  CHECK(rp_add(g, x, rp_neg(g, y)) == rp_sub(g, x, y) && rp_sub(g, x, rp_neg(g, y)) == rp_add(g, x, y));
  CHECK(rp_neg(g, rp_sub(g, x, y)) == rp_sub(g, y, x));
  CHECK(rp_mul(g, x, x) == rp_unary(g, RP_OP_SQUARE, x) && rp_binary(g, RP_OP_POW, x, two) == rp_mul(g, x, x));
  CHECK(rp_mul(g, rp_neg(g, x), rp_neg(g, y)) == rp_mul(g, x, y));
  CHECK(rp_graph_node(g, rp_mul(g, zero, x))->op == RP_OP_MUL); /* 0 * Inf is NaN */
  CHECK(rp_log(g, rp_exp(g, x)) == x);
  CHECK(rp_exp(g, rp_log(g, x)) != x && rp_exp(g, rp_log(g, rp_exp(g, y))) == rp_exp(g, y));
  CHECK(rp_exp(g, rp_log(g, rp_unary(g, RP_OP_SQRT, x))) == rp_unary(g, RP_OP_SQRT, x));
  CHECK(rp_add(g, two, one) == rp_const(g, 3) && rp_exp(g, zero) == one);
  CHECK(rp_mul(g, x, rp_mul(g, y, v)) == rp_mul(g, rp_mul(g, x, y), v));
  CHECK(rp_mul(g, rp_mul(g, v, y), x) == rp_mul(g, rp_mul(g, x, y), v));
  CHECK(rp_mul(g, two, rp_mul(g, rp_const(g, 3), x)) == rp_mul(g, rp_const(g, 6), x));
  CHECK(rp_div(g, v, x) == rp_mul(g, rp_unary(g, RP_OP_RECIP, x), v));
  CHECK(rp_graph_node(g, rp_div(g, v, rp_const(g, 1e-310)))->op == RP_OP_DIV); /* its reciprocal overflows */
  CHECK(rp_select(g, one, v, w) == v && rp_select(g, zero, v, w) == w);
  rp_node_id b = rp_broadcast(g, x, 4);
  CHECK(rp_add(g, b, v) == rp_add(g, x, v) && rp_exp(g, b) == rp_broadcast(g, rp_exp(g, x), 4));
  double same[4] = {2, 2, 2, 2};
  CHECK(rp_mul(g, rp_data(g, same, 4), v) == rp_mul(g, two, v));
  CHECK(rp_mul(g, rp_data(g, same, 4), x) == rp_broadcast(g, rp_mul(g, two, x), 4));
  CHECK(rp_graph_status(g)->code == RP_OK);
  rp_graph_free(g);
}

static void test_array_rules(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id p = rp_param(g, 10, 8), v = rp_exp(g, p), x = rp_param(g, 0, 1), y = rp_param(g, 1, 1);
  CHECK(rp_slice(g, p, 2, 3) == rp_param(g, 12, 3) && rp_slice(g, v, 0, 8) == v);
  CHECK(rp_slice(g, rp_slice(g, v, 1, 6), 2, 2) == rp_slice(g, v, 3, 2));
  int32_t run[3] = {4, 5, 6}, back[3] = {6, 5, 4}, twice[2] = {1, 1}, pick[3] = {7, 0, 7};
  CHECK(rp_gather(g, v, run, 3) == rp_slice(g, v, 4, 3));
  CHECK(rp_gather(g, rp_gather(g, v, back, 3), (int32_t[]){2, 1, 0}, 3) == rp_slice(g, v, 4, 3));
  CHECK(rp_gather(g, v, twice, 2) == rp_broadcast(g, rp_slice(g, v, 1, 1), 2));
  CHECK(rp_gather(g, rp_slice(g, v, 1, 7), (int32_t[]){3, 1}, 2) == rp_gather(g, v, (int32_t[]){4, 2}, 2));
  CHECK(rp_scatter(g, rp_slice(g, v, 0, 2), (int32_t[]){0, 1}, 2) == rp_slice(g, v, 0, 2));
  rp_node_id parts[3] = {rp_slice(g, v, 0, 2), rp_slice(g, v, 2, 5), rp_slice(g, v, 7, 1)};
  CHECK(rp_concat(g, parts, 3) == v);
  CHECK(rp_concat(g, (rp_node_id[]){rp_param(g, 0, 2), rp_param(g, 2, 3)}, 2) == rp_param(g, 0, 5));
  CHECK(rp_concat(g, (rp_node_id[]){x, x, x}, 3) == rp_broadcast(g, x, 3));
  CHECK(rp_concat(g, (rp_node_id[]){rp_slice(g, v, 7, 1), rp_slice(g, v, 0, 1), rp_slice(g, v, 7, 1)},
                  3) == rp_gather(g, v, pick, 3));
  rp_node_id mixed = rp_concat(g, (rp_node_id[]){y, v, x}, 3);
  CHECK(rp_slice(g, mixed, 0, 1) == y && rp_slice(g, mixed, 9, 1) == x && rp_slice(g, mixed, 1, 8) == v);
  CHECK(rp_slice(g, mixed, 3, 2) == rp_slice(g, v, 2, 2));
  CHECK(rp_gather(g, rp_concat(g, (rp_node_id[]){y, rp_exp(g, y), x}, 3), (int32_t[]){2, 0}, 2) ==
        rp_concat(g, (rp_node_id[]){x, y}, 2));
  CHECK(rp_sum(g, rp_mul(g, x, v)) == rp_mul(g, x, rp_sum(g, v)));
  CHECK(rp_sum(g, rp_neg(g, v)) == rp_neg(g, rp_sum(g, v)) &&
        rp_sum(g, rp_broadcast(g, x, 5)) == rp_mul(g, rp_const(g, 5), x));
  CHECK(rp_sum_n(g, x, 3) == rp_mul(g, rp_const(g, 3), x) && rp_sum(g, x) == x);
  CHECK(rp_slice(g, rp_cumsum(g, v), 7, 1) == rp_sum(g, v));
  CHECK(rp_transpose(g, rp_transpose(g, v, 2, 4), 4, 2) == v);
  CHECK(rp_recycle(g, rp_param(g, 0, 2), 6) == rp_gather(g, rp_param(g, 0, 2), (int32_t[]){0, 1, 0, 1, 0, 1}, 6));
  CHECK(rp_gather_at(g, v, rp_data(g, (double[]){3, 1}, 2)) == rp_gather(g, v, (int32_t[]){3, 1}, 2));
  CHECK(rp_matmul(g, v, v, 1, 8, 1, 0, 0) == rp_sum(g, rp_unary(g, RP_OP_SQUARE, v)));
  CHECK(rp_length(g, rp_data(g, NULL, 0)) == 0);
  CHECK(rp_graph_status(g)->code == RP_OK);
  rp_graph_free(g);
}

/* What a constructor makes has the value of the operation it stands for. */
static void test_folding(void) {
  rp_graph *g = rp_graph_new();
  double x[6] = {0.5, -1, 2, 3, -0.25, 0}, got[6];
  rp_node_id v = rp_data(g, x, 6), sum = rp_sum(g, rp_mul(g, v, v));
  CHECK(rp_graph_node(g, sum)->op == RP_OP_CONST);
  CHECK_NEAR(rp_graph_node(g, sum)->value, 0.25 + 1 + 4 + 9 + 0.0625, 1e-15);
  rp_node_id order = rp_order(g, v);
  value_of(g, order, NULL, got);
  CHECK(got[0] == 1 && got[1] == 4 && got[5] == 3);
  rp_node_id large = rp_broadcast(g, rp_const(g, 2), 1 << 30); /* 8 GB if it were folded */
  CHECK(rp_graph_node(g, large)->op == RP_OP_BROADCAST);
  CHECK(rp_sum(g, large) == rp_const(g, 2147483648.0));
  rp_graph_free(g);
}

static void fails(rp_graph *g, rp_node_id id, rp_code code, const char *part) {
  CHECK(id == RP_NONE);
  CHECK(rp_graph_status(g)->code == code);
  if (strstr(rp_graph_status(g)->message, part) == NULL) printf("message: %s\n", rp_graph_status(g)->message);
  CHECK(strstr(rp_graph_status(g)->message, part) != NULL);
  rp_status_clear(rp_graph_status(g));
}

static void test_errors(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id a = rp_param(g, 0, 3), b = rp_param(g, 0, 4);
  fails(g, rp_add(g, a, b), RP_BAD_SHAPE, "lengths 3 and 4");
  fails(g, rp_slice(g, a, 2, 2), RP_BAD_SHAPE, "length 3");
  fails(g, rp_gather(g, a, (int32_t[]){0, 3}, 2), RP_BAD_SHAPE, "4, 3");
  fails(g, rp_broadcast(g, a, 5), RP_BAD_SHAPE, "broadcast");
  fails(g, rp_matmul(g, a, b, 2, 2, 2, 0, 0), RP_BAD_SHAPE, "2 x 2");
  fails(g, rp_unary(g, RP_OP_ADD, a), RP_BAD_ARGUMENT, "add");
  CHECK(rp_exp(g, rp_add(g, RP_NONE, a)) == RP_NONE && rp_graph_status(g)->code == RP_OK);
  rp_node_id gradient, poly = rp_unary(g, RP_OP_PENTAGAMMA, rp_param(g, 0, 1)), x = rp_param(g, 0, 1);
  CHECK(rp_gradient(g, poly, &x, 1, &gradient) == RP_UNSUPPORTED);
  CHECK(strstr(rp_graph_status(g)->message, "derivative") != NULL);
  rp_status_clear(rp_graph_status(g));
  CHECK(rp_gradient(g, a, &x, 1, &gradient) == RP_BAD_SHAPE);
  rp_graph_free(g);
}

static rp_node_id replace_site(void *context, rp_graph *to, const rp_node *leaf) {
  (void) context;
  return leaf->op == RP_OP_SITE ? rp_exp(to, rp_param(to, 0, leaf->n)) : RP_NONE;
}

static void test_copies(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id site = rp_site(g, 1, 3), unused = rp_exp(g, rp_param(g, 5, 2)), roots[2];
  roots[0] = rp_sum(g, rp_log(g, site));
  roots[1] = RP_NONE;
  (void) unused;
  rp_status status;
  rp_status_clear(&status);
  rp_graph *to = rp_graph_extract(g, roots, 2, replace_site, NULL, &status);
  CHECK(to != NULL && roots[1] == RP_NONE);
  is_text(to, roots[0], "%0 = param (0) [3]\n%2 = sum %0\n"); /* log(exp(x)) met where the value came in */
  CHECK(rp_graph_size(to) == 3);
  rp_copier *copier = rp_copier_new(g, to, replace_site, NULL);
  rp_node_id a = rp_copier_get(copier, site), later = rp_unary(g, RP_OP_SIN, site);
  CHECK(rp_copier_get(copier, site) == a && rp_copier_get(copier, later) == rp_unary(to, RP_OP_SIN, a));
  rp_copier_free(copier);
  rp_graph_free(to);
  rp_graph_free(g);
}

static rp_node_id build_chain(rp_graph *g, int length, double *seconds) {
  clock_t begin = clock();
  rp_node_id x = rp_param(g, 0, 1), k = rp_param(g, 1, 1);
  for (int t = 0; t < length / 2; t++) x = rp_unary(g, RP_OP_SIN, rp_mul(g, k, x));
  *seconds = (double) (clock() - begin) / CLOCKS_PER_SEC;
  return x;
}

/* Building takes time in proportion: a tenth of the length is not a hundredth of the work. */
static void test_long_chain(void) {
  enum { LENGTH = 400000 };
  double built, shorter;
  rp_graph *g = rp_graph_new(), *small = rp_graph_new();
  build_chain(small, LENGTH / 10, &shorter);
  rp_node_id x = build_chain(g, LENGTH, &built);
  rp_graph_free(small);
  rp_status status;
  rp_status_clear(&status);
  rp_node_id gradient, wrt = rp_param(g, 0, 2);
  CHECK(rp_gradient(g, x, &wrt, 1, &gradient) == RP_OK);
  rp_graph *copy = rp_graph_extract(g, &gradient, 1, NULL, NULL, &status); /* no recursion over the chain */
  CHECK(copy != NULL && rp_graph_size(copy) > LENGTH);
  printf("400000 nodes in %.3f s, 40000 in %.3f s\n", built, shorter);
  CHECK(built < 30 * shorter + 0.1);
  rp_graph_free(copy);
  rp_graph_free(g);
}

/* The branch that was not chosen does not spoil the derivative; sharp corners have the mean of both sides. */
static void test_conditions(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 6), zero = rp_const(g, 0), positive = rp_binary(g, RP_OP_LT, zero, x);
  rp_node_id root = rp_mul(g, rp_log(g, x), rp_unary(g, RP_OP_SQRT, x));
  rp_node_id power = rp_binary(g, RP_OP_POW, x, rp_const(g, 1.5));
  rp_node_id other = rp_sub(g, rp_const(g, 2), rp_unary(g, RP_OP_SQUARE, x));
  rp_node_id y = rp_select(g, positive, rp_add(g, root, power), other);
  double at[6] = {-1, 0, 0.5, 2, -1e300, 3}, slope[6];
  rp_node_id gradient;
  CHECK(rp_gradient(g, rp_sum(g, y), &x, 1, &gradient) == RP_OK);
  value_of(g, gradient, at, slope);
  for (int i = 0; i < 6; i++) {
    double v = at[i], want = v > 0 ? 1 / sqrt(v) + log(v) / (2 * sqrt(v)) + 1.5 * sqrt(v) : -2 * v;
    CHECK_NEAR(slope[i], want, 1e-14);
  }
  rp_node_id corner = rp_add(g, rp_binary(g, RP_OP_MAX, x, zero), rp_mul(g, rp_const(g, 3), rp_unary(g, RP_OP_ABS, x)));
  CHECK(rp_gradient(g, rp_sum(g, corner), &x, 1, &gradient) == RP_OK);
  value_of(g, gradient, at, slope);
  CHECK(slope[0] == -3 && slope[1] == 0.5 && slope[3] == 4);
  double ties[6] = {2, 1, 2, 0, 2, -1};
  CHECK(rp_gradient(g, rp_max_of(g, x), &x, 1, &gradient) == RP_OK);
  value_of(g, gradient, ties, slope);
  for (int i = 0; i < 6; i++) CHECK_NEAR(slope[i], ties[i] == 2 ? 1.0 / 3 : 0, 1e-15);
  rp_graph_free(g);
}

/* A gradient by the whole parameter vector collects from leaves that are parts of it, and by parts from the whole. */
static void test_overlapping_parameters(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id all = rp_param(g, 0, 5), parts[3] = {rp_param(g, 1, 2), rp_param(g, 3, 1), rp_param(g, 0, 4)}, gradient[4];
  rp_node_id product = rp_mul(g, rp_sum(g, rp_exp(g, parts[0])), parts[1]);
  rp_node_id output = rp_add(g, rp_sum(g, rp_unary(g, RP_OP_SQUARE, all)), product);
  double x[5] = {0.3, -0.2, 0.5, 1.5, 2}, got[5];
  CHECK(check_gradient(g, output, x, 5) < 1e-9);
  CHECK(rp_gradient(g, output, parts, 3, gradient) == RP_OK);
  value_of(g, gradient[0], x, got);
  CHECK_NEAR(got[0], -0.4 + 1.5 * exp(-0.2), 1e-15);
  value_of(g, gradient[2], x, got);
  CHECK_NEAR(got[3], 3 + exp(-0.2) + exp(0.5), 1e-15);
  rp_node_id other = rp_param(g, 9, 2);
  CHECK(rp_gradient(g, output, &other, 1, gradient) == RP_OK && gradient[0] == rp_const(g, 0));
  rp_graph_free(g);
}

static void test_needed(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id p = rp_param(g, 0, 6), q = rp_param(g, 6, 6), s = rp_param(g, 12, 1), e = rp_exp(g, p);
  rp_node_id root = rp_mul(g, s, rp_slice(g, rp_add(g, e, rp_cumsum(g, q)), 2, 2));
  rp_status status;
  rp_status_clear(&status);
  uint8_t **needed = rp_needed(g, &root, 1, &status);
  CHECK(needed != NULL && needed[s] != NULL && needed[s][0]);
  for (int i = 0; i < 6; i++) CHECK(needed[p][i] == (i == 2 || i == 3) && needed[q][i] == (i <= 3));
  rp_node_id n_nodes = rp_graph_size(g);
  rp_exp(g, root); /* the graph may grow while `needed` is in use */
  rp_needed_free(needed, n_nodes);
  rp_graph_free(g);
}

static void test_print(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id v = rp_param(g, 0, 500), factor = rp_const(g, 2.5), picked = rp_gather(g, v, (int32_t[]){3, 1}, 2);
  rp_node_id root = rp_sum(g, rp_mul(g, factor, rp_exp(g, picked)));
  is_text(g, root,
          "%0 = param (0) [500]\n%1 = const 2.5\n%2 = gather %0 {3 1} [2]\n%3 = exp %2 [2]\n%5 = sum %3\n"
          "%6 = mul %1 %5\n");
  CHECK(rp_op_from_name("log_add_exp") == RP_OP_LOG_ADD_EXP && rp_op_from_name("nonsense") == RP_OP_COUNT);
  for (int op = 0; op < RP_OP_COUNT; op++) CHECK(rp_op_from_name(rp_op_name((rp_op) op)) == (rp_op) op);
  CHECK(rp_op_arity(RP_OP_SELECT) == 3 && rp_op_arity(RP_OP_CONCAT) == -1 && rp_op_arity(RP_OP_CONST) == 0);
  CHECK(rp_op_is_elementwise(RP_OP_POW) && !rp_op_is_elementwise(RP_OP_PARAM) && !rp_op_is_elementwise(RP_OP_SUM));
  rp_graph_free(g);
}

int main(void) {
  test_sharing();
  test_elementwise_rules();
  test_array_rules();
  test_folding();
  test_errors();
  test_copies();
  test_long_chain();
  test_conditions();
  test_overlapping_parameters();
  test_needed();
  test_print();
  return check_done("graph");
}
