/* What each pass makes of a graph: the graph, or the program, before and after. Constructors simplify as they build, so
 * a graph "before" is one that is kept as it was written (rp_graph_set_literal()), and "after" its copy; passes that
 * only programs have show in the listing. */
#include <stdlib.h>

#include "../../src/exec/program.h"
#include "graph_check.h"

static char *text_of(const rp_graph *g, rp_node_id root) {
  char *text = rp_graph_print(g, &root, 1);
  CHECK(text != NULL);
  return text;
}

static void is_text(char *text, const char *want) {
  if (text && strcmp(text, want) != 0) printf("got:\n%swant:\n%s", text, want);
  CHECK_TEXT(text, want);
  free(text);
}

/* The graph of `root`, which is literal, and its copy; both have the same value at `params`. Frees the graph. */
static void simplifies(rp_graph *g, rp_node_id root, const double *params, const char *before, const char *after) {
  rp_status status;
  rp_status_clear(&status);
  const double want = scalar_of(g, root, params);
  is_text(text_of(g, root), before);
  rp_graph *copy = rp_graph_extract(g, &root, 1, NULL, NULL, &status);
  CHECK(copy != NULL);
  if (copy) {
    is_text(text_of(copy, root), after);
    CHECK_NEAR(scalar_of(copy, root, params), want, 1e-14);
  }
  rp_graph_free(copy);
  rp_graph_free(g);
}

static rp_graph *literal(void) {
  rp_graph *g = rp_graph_new();
  rp_graph_set_literal(g);
  return g;
}

static const double at[8] = {0.3, -0.5, 1.2, 0.7, -1.1, 0.4, 2, 0.9};

static void test_folding(void) {
  rp_graph *g = literal();
  rp_node_id x = rp_data(g, (double[]){1, 2, 3}, 3), s = rp_param(g, 0, 1);
  rp_node_id zero = rp_const(g, 0), root = rp_mul(g, s, rp_sum(g, rp_exp(g, rp_mul(g, zero, x))));
  is_text(text_of(g, root), "%1 = param (0)\n%6 = const 3\n%7 = mul %6 %1\n"); /* data alone: at once */
  rp_graph_free(g);
}

static void test_log_exp(void) {
  rp_graph *g = literal();
  rp_node_id x = rp_exp(g, rp_param(g, 0, 3)), y = rp_log(g, x);
  simplifies(g, rp_sum(g, rp_unary(g, RP_OP_LOG1P, rp_exp(g, y))), at,
             "%0 = param (0) [3]\n%1 = exp %0 [3]\n%2 = log %1 [3]\n%3 = exp %2 [3]\n%4 = log1p %3 [3]\n%5 = sum %4\n",
             "%0 = param (0) [3]\n%2 = log1p_exp %0 [3]\n%3 = sum %2\n");
}

static void test_scalars_first(void) {
  rp_graph *g = literal();
  rp_node_id v = rp_param(g, 2, 3), s = rp_param(g, 0, 1), t = rp_param(g, 1, 1);
  simplifies(g, rp_sum(g, rp_exp(g, rp_mul(g, s, rp_mul(g, v, t)))), at,
             "%0 = param (2) [3]\n%1 = param (0)\n%2 = param (1)\n%3 = mul %2 %0 [3]\n%4 = mul %1 %3 [3]\n"
             "%5 = exp %4 [3]\n%6 = sum %5\n",
             "%0 = param (2) [3]\n%1 = param (0)\n%2 = param (1)\n%4 = mul %1 %2\n%5 = mul %4 %0 [3]\n%6 = exp %5 [3]\n"
             "%7 = sum %6\n");
}

/* A scalar that all terms of a sum have in common is multiplied afterwards, also when it is squared or divides. */
static void test_factors(void) {
  rp_graph *g = literal();
  rp_node_id v = rp_param(g, 2, 3), s = rp_param(g, 0, 1);
  simplifies(g, rp_sum(g, rp_unary(g, RP_OP_SQUARE, rp_div(g, v, s))), at,
             "%0 = param (2) [3]\n%1 = param (0)\n%2 = div %0 %1 [3]\n%3 = square %2 [3]\n%4 = sum %3\n",
             "%0 = param (2) [3]\n%1 = param (0)\n%2 = recip %1\n%5 = square %2\n%6 = square %0 [3]\n%7 = sum %6\n"
             "%8 = mul %5 %7\n");
  g = literal();
  v = rp_param(g, 2, 3), s = rp_param(g, 0, 1);
  rp_node_id w = rp_param(g, 5, 3), left = rp_neg(g, rp_mul(g, s, v)), right = rp_div(g, w, rp_exp(g, v));
  simplifies(g, rp_sum(g, rp_mul(g, left, right)), at,
             "%0 = param (2) [3]\n%1 = param (0)\n%2 = param (5) [3]\n%3 = mul %1 %0 [3]\n%4 = neg %3 [3]\n"
             "%5 = exp %0 [3]\n%6 = div %2 %5 [3]\n%7 = mul %4 %6 [3]\n%8 = sum %7\n",
             "%0 = param (2) [3]\n%1 = param (0)\n%2 = param (5) [3]\n%5 = exp %0 [3]\n%6 = div %2 %5 [3]\n"
             "%9 = mul %0 %6 [3]\n%10 = sum %9\n%11 = mul %1 %10\n%12 = neg %11\n");
}

/* In scatters and in products with a matrix, too. */
static void test_factors_elsewhere(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id v = rp_param(g, 2, 6), s = rp_param(g, 0, 1), scaled = rp_mul(g, s, v);
  const int32_t to[6] = {1, 0, 1, 1, 0, 1};
  CHECK(rp_scatter(g, scaled, to, 2) == rp_mul(g, s, rp_scatter(g, v, to, 2)));
  CHECK(rp_graph_node(g, rp_scatter(g, scaled, to, 9))->op == RP_OP_SCATTER); /* more elements than there were */
  rp_node_id x = rp_data(g, (double[12]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 12);
  CHECK(rp_matmul(g, x, scaled, 2, 6, 1, 1, 0) == rp_mul(g, s, rp_matmul(g, x, v, 2, 6, 1, 1, 0)));
  CHECK(rp_graph_status(g)->code == RP_OK);
  rp_graph_free(g);
}

/* Data are neither divided by at every run nor kept with both signs. */
static void test_data(void) {
  rp_graph *g = literal();
  rp_node_id v = rp_param(g, 2, 2), d = rp_data(g, (double[]){2, 4}, 2);
  simplifies(g, rp_sum(g, rp_exp(g, rp_div(g, rp_neg(g, v), d))), at,
             "%0 = param (2) [2]\n%1 = const 2 4 [2]\n%2 = neg %0 [2]\n%3 = div %2 %1 [2]\n%4 = exp %3 [2]\n"
             "%5 = sum %4\n",
             "%0 = param (2) [2]\n%3 = const 0.5 0.25 [2]\n%4 = mul %3 %0 [2]\n%5 = neg %4 [2]\n%6 = exp %5 [2]\n"
             "%7 = sum %6\n");
  g = rp_graph_new();
  v = rp_param(g, 2, 2), d = rp_data(g, (double[]){2, 1e-310}, 2); /* whose reciprocal overflows */
  CHECK(rp_graph_node(g, rp_div(g, v, d))->op == RP_OP_DIV);
  rp_graph_free(g);
}

static void test_dead_code(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 3), unused = rp_exp(g, rp_sum(g, x)), root = rp_sum(g, x);
  rp_status status;
  rp_status_clear(&status);
  (void) unused;
  rp_graph *copy = rp_graph_extract(g, &root, 1, NULL, NULL, &status);
  CHECK(rp_graph_size(g) == 3 && rp_graph_size(copy) == 2);
  rp_program *program = rp_program_new(g, &root, 1, RP_ISA_PORTABLE, 1, &status);
  CHECK(rp_program_measure(program).n_instructions == 1);
  rp_program_free(program);
  rp_graph_free(copy);
  rp_graph_free(g);
}

/* Live affine scans with so many states that run from the end (or the beginning). */
static int count_affine(const rp_graph *g, rp_node_id root, int64_t states, int64_t reverse) {
  uint8_t *live = calloc((size_t) root + 1, 1);
  int n = 0;
  live[root] = 1;
  for (rp_node_id id = root; id >= 0; id--) {
    const rp_node *node = rp_graph_node(g, id);
    for (int32_t k = 0; live[id] && k < node->n_in; k++) live[node->in[k]] = 1;
    n += live[id] && node->op == RP_OP_AFFINE_SCAN && node->attribute[1] == states && node->attribute[2] == reverse;
  }
  free(live);
  return n;
}

/* A loop over x' = x + h r (y - x), y' = y - h x y z, z' = z - d z: z is split off as an affine recurrence of its own,
 * x and y stay one loop whose invariants h r and h have been lifted out, and its adjoint is an affine recurrence of two
 * states from the end. */
static void test_scans(void) {
  enum { STEPS = 30 };
  rp_graph *g = rp_graph_new(), *b = rp_graph_new();
  rp_scan_body body = {b, 3, 0, 3, malloc(3 * sizeof(rp_node_id))};
  rp_node_id x = rp_carry(b, 0), y = rp_carry(b, 1), z = rp_carry(b, 2);
  rp_node_id h = rp_exp(b, rp_invariant(b, 0)), r = rp_invariant(b, 1), d = rp_invariant(b, 2);
  body.next[0] = rp_add(b, x, rp_mul(b, rp_mul(b, h, r), rp_sub(b, y, x)));
  body.next[1] = rp_sub(b, y, rp_mul(b, h, rp_mul(b, rp_mul(b, x, y), z)));
  body.next[2] = rp_sub(b, z, rp_mul(b, d, z));
  rp_node_id initial[3] = {rp_param(g, 0, 1), rp_param(g, 1, 1), rp_const(g, 1)}, states[3], gradient;
  rp_node_id rates[3] = {rp_param(g, 2, 1), rp_param(g, 3, 1), rp_param(g, 4, 1)}, all = rp_param(g, 0, 5);
  CHECK(rp_scan(g, body, initial, NULL, rates, STEPS, states) == RP_OK);
  CHECK(count_affine(g, states[2], 1, 0) == 1 && count_live(g, states[2], RP_OP_SCAN) == 0);
  CHECK(count_live(g, states[0], RP_OP_SCAN) == 1 && count_affine(g, states[0], 1, 0) == 1);
  for (rp_node_id id = 0; id < rp_graph_size(g); id++) {
    const rp_node *node = rp_graph_node(g, id);
    if (node->op != RP_OP_SCAN) continue;
    CHECK(node->scan->n_carry == 2);
    for (rp_node_id k = 0; k < rp_graph_size(node->scan->body); k++)
      CHECK(rp_graph_node(node->scan->body, k)->op != RP_OP_EXP); /* once, before the loop */
  }
  rp_node_id output = rp_sum(g, rp_mul(g, states[0], states[1]));
  CHECK(rp_gradient(g, output, &all, 1, &gradient) == RP_OK);
  CHECK(count_affine(g, gradient, 2, 1) == 1 && count_affine(g, gradient, 1, 1) == 1);
  CHECK(check_gradient(g, output, (double[]){0.5, 0.8, -2, 0.7, 0.05}, 5) < 1e-8);
  rp_graph_free(g);
}

/* ---- passes of programs ---- */

/* The listing without its first line, which tells sizes. */
static void lists(const rp_graph *g, const rp_node_id *outputs, int32_t n, const char *want) {
  rp_status status;
  rp_status_clear(&status);
  rp_program *program = rp_program_new(g, outputs, n, RP_ISA_PORTABLE, 1, &status);
  char *text = program ? rp_program_print(program) : NULL;
  CHECK(text != NULL);
  const char *body = text ? strchr(text, '\n') + 1 : "";
  if (strcmp(body, want) != 0) printf("got:\n%swant:\n%s", body, want);
  CHECK_TEXT(body, want);
  free(text);
  rp_program_free(program);
}

/* Multiply-add, sum of products, and two functions that share their work are one instruction each. */
static void test_fusion(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 9), y = rp_param(g, 9, 9), s = rp_param(g, 18, 1);
  rp_node_id eta = rp_add(g, y, rp_mul(g, s, x));
  rp_node_id out[2] = {rp_sum(g, rp_mul(g, x, rp_unary(g, RP_OP_SIGMOID, eta))), RP_NONE};
  out[1] = rp_sum(g, rp_unary(g, RP_OP_LOG1P_EXP, eta));
  lists(g, out, 2,
        "  1 loop over 9\n"
        "    a0* = multiply_add a560 a528 a544\n"
        "    a264* a0* = log1p_exp+sigmoid a0*\n"
        "    a568 = dot a528 a0*\n"
        "    a584 = sum a264*\n");
  rp_graph_free(g);
}

/* The sum of squares needs the mean and waits for the loop after it. The sum of sines could be in either loop; it moves
 * to the later one, where what it uses is there as well. */
static void test_schedule(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id y = rp_exp(g, rp_param(g, 0, 600)), s = rp_param(g, 600, 1);
  rp_node_id mean = rp_mul(g, rp_const(g, 1.0 / 600), rp_sum(g, y)), d = rp_sub(g, y, mean);
  rp_node_id out[2] = {rp_sum(g, rp_unary(g, RP_OP_SQUARE, d)), RP_NONE};
  out[1] = rp_sum(g, rp_unary(g, RP_OP_SIN, rp_add(g, s, y)));
  lists(g, out, 2,
        "  1 loop over 600\n"
        "    a888 = exp a264\n"
        "    a872 = sum a888\n"
        "  2 scalars\n"
        "    a1496 = mul k0 a1488\n"
        "    a1496 = splat a1496\n"
        "  3 loop over 600\n"
        "    a0* = sub a888 a1496\n"
        "    a1504 = dot a0* a0*\n"
        "    a0* = add a864 a888\n"
        "    a0* = sin a0* (one by one)\n"
        "    a1520 = sum a0*\n");
  rp_graph_free(g);
}

/* Vectors that die within their loop share slots: a chain of any length takes two. */
static void test_slots(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 5000), y = x;
  for (int k = 0; k < 20; k++) y = rp_unary(g, RP_OP_SIN, rp_add(g, x, rp_exp(g, y)));
  rp_node_id total = rp_sum(g, y);
  rp_status status;
  rp_status_clear(&status);
  rp_program *program = rp_program_new(g, &total, 1, RP_ISA_PORTABLE, 1, &status);
  const rp_program_size size = rp_program_measure(program);
  CHECK(size.n_instructions == 61 && size.n_loops == 1 && size.n_slots == 1);
  CHECK(size.arena_bytes < 8 * (5000 + 500)); /* x, a slot, the sum */
  rp_program_free(program);
  rp_graph_free(g);
}

int main(void) {
  test_folding();
  test_log_exp();
  test_scalars_first();
  test_factors();
  test_factors_elsewhere();
  test_data();
  test_dead_code();
  test_scans();
  test_fusion();
  test_schedule();
  test_slots();
  return check_done("passes");
}
