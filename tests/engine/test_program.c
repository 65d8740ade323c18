/* Whole programs against the reference evaluator: every kind of stage, random graphs, every instruction set and lane
 * count; and that a lane's bits do not depend on the number of lanes. */
#include <stdlib.h>

#include "../../src/exec/program.h"
#include "../../src/graph/construct.h"
#include "../../src/graph/scan.h"
#include "check.h"

#define MOST_OUTPUTS 64
static const int lane_counts[] = {1, 2, 4, 8};

static uint64_t state = 88172645463325252u;
static uint64_t bits(void) { return state ^= state << 13, state ^= state >> 7, state ^= state << 17; }
static int below(int n) { return (int) (bits() >> 33) % n; }
static double uniform(double low, double high) { return low + (high - low) * ((double) (bits() >> 11) * 0x1p-53); }

/* A graph and how to test it: outputs agree to tolerance * max(1, value), where tolerance is 1e-12 times the sum of
 * the absolute terms of the largest sum in the graph (issue 4). Parameters are uniform between low and high. */
typedef struct {
  rp_graph *g;
  rp_node_id outputs[MOST_OUTPUTS];
  int32_t n_outputs;
  int64_t n_params;
  double low, high, tolerance;
} problem;

static double *lane_values(const problem *p) {
  double *x = malloc(8 * (size_t) (p->n_params + 1) * sizeof *x);
  for (int64_t i = 0; i < 8 * p->n_params; i++) x[i] = uniform(p->low, p->high);
  return x;
}

static int64_t output_size(const problem *p) {
  int64_t n = 0;
  for (int32_t k = 0; k < p->n_outputs; k++) n += rp_graph_node(p->g, p->outputs[k])->n;
  return n;
}

/* Outputs of one lane by the evaluator. */
static double *reference(const problem *p, const double *x, int lane, rp_random_key key) {
  double *params = malloc((size_t) (p->n_params + 1) * sizeof *params);
  double *out = malloc((size_t) (output_size(p) + 1) * sizeof *out);
  double *pointers[MOST_OUTPUTS], *next = out;
  for (int64_t i = 0; i < p->n_params; i++) params[i] = x[i * 8 + lane];
  for (int32_t k = 0; k < p->n_outputs; k++) pointers[k] = next, next += rp_graph_node(p->g, p->outputs[k])->n;
  rp_status status;
  rp_status_clear(&status);
  CHECK(rp_evaluate(p->g, p->outputs, p->n_outputs, params, params, key, pointers, &status) == RP_OK);
  free(params);
  return out;
}

/* Outputs of all lanes by a program: [lane][output element]. Run twice: nothing may be left over from the first run. */
static double *run(const problem *p, const double *x, rp_isa isa, int lanes, const rp_random_key *keys) {
  const int64_t size = output_size(p);
  double *params = malloc(8 * (size_t) (p->n_params + 1) * sizeof *params);
  double *out = calloc((size_t) (size + 1) * 8, sizeof *out);
  rp_status status;
  rp_status_clear(&status);
  rp_program *program = rp_program_new(p->g, p->outputs, p->n_outputs, isa, lanes, &status);
  rp_work *work = program ? rp_work_new(program, &status) : NULL;
  CHECK(work != NULL);
  for (int first = 0; work && first < 8; first += lanes) {
    for (int repeat = 1; repeat >= 0; repeat--) {
      for (int64_t i = 0; i < p->n_params; i++) {
        for (int lane = 0; lane < lanes; lane++) params[i * lanes + lane] = x[i * 8 + first + lane] + repeat * 0.25;
      }
      rp_program_run(program, work, params, params, keys + first);
    }
    double *next = out;
    for (int32_t k = 0; k < p->n_outputs; k++) {
      const int64_t n = rp_graph_node(p->g, p->outputs[k])->n;
      const double *got = rp_work_output(work, k);
      for (int64_t i = 0; i < n; i++) {
        for (int lane = 0; lane < lanes; lane++) next[i + (first + lane) * size] = got[i * lanes + lane];
      }
      next += n;
    }
  }
  rp_work_free(work);
  rp_program_free(program);
  free(params);
  return out;
}

static int count_far(const problem *p, const double *got, const double *want, const char *what) {
  int wrong = 0;
  const int64_t size = output_size(p);
  for (int64_t i = 0; i < size; i++) {
    const double scale = fmax(1, fabs(want[i]));
    if (got[i] == want[i] || (isnan(got[i]) && isnan(want[i])) || fabs(got[i] - want[i]) <= p->tolerance * scale)
      continue;
    if (wrong++ == 0) printf("%s: element %d of the outputs: %.17g, want %.17g\n", what, (int) i, got[i], want[i]);
  }
  return wrong;
}

static void check_problem(const problem *p, const char *what) {
  CHECK(rp_graph_status(p->g)->code == RP_OK);
  if (rp_graph_status(p->g)->code) printf("%s: %s\n", what, rp_graph_status(p->g)->message);
  const int64_t size = output_size(p);
  double *x = lane_values(p), *want[8];
  rp_random_key keys[8];
  for (int lane = 0; lane < 8; lane++) {
    keys[lane] = (rp_random_key){7, (uint64_t) lane, 3};
    want[lane] = reference(p, x, lane, keys[lane]);
  }
  double *with_fma = NULL;
  for (int isa = RP_ISA_PORTABLE; isa <= (int) rp_isa_best(); isa++) {
    double *one = NULL;
    for (int l = 0; l < 4; l++) {
      double *got = run(p, x, (rp_isa) isa, lane_counts[l], keys);
      char text[128];
      snprintf(text, sizeof text, "%s, %s, %d lanes", what, rp_isa_name((rp_isa) isa), lane_counts[l]);
      int wrong = 0;
      for (int lane = 0; lane < 8; lane++) wrong += count_far(p, got + lane * size, want[lane], text);
      check_result(wrong == 0, __FILE__, __LINE__, text);
      if (l == 0) {
        one = got;
      } else {
        check_result(memcmp(one, got, 8 * (size_t) size * sizeof *got) == 0, __FILE__, __LINE__,
                     "same bits for any number of lanes");
        free(got);
      }
    }
    if (isa == RP_ISA_AVX512) CHECK(memcmp(one, with_fma, 8 * (size_t) size * sizeof *one) == 0);
    free(with_fma);
    with_fma = one;
  }
  free(with_fma);
  for (int lane = 0; lane < 8; lane++) free(want[lane]);
  free(x);
}

static problem start(double low, double high) {
  return (problem){.g = rp_graph_new(), .low = low, .high = high, .tolerance = 1e-12};
}
static rp_node_id param(problem *p, int64_t n) {
  p->n_params += n;
  return rp_param(p->g, p->n_params - n, n);
}
static void output(problem *p, rp_node_id id) {
  if (p->n_outputs < MOST_OUTPUTS) p->outputs[p->n_outputs++] = id;
}
static void finish(problem *p, const char *what) {
  check_problem(p, what);
  rp_graph_free(p->g);
}

/* ---- one test per kind of stage ---- */

static void test_leaves(void) {
  problem p = start(-1, 1);
  rp_node_id x = param(&p, 1), y = param(&p, 37), d[3];
  for (int i = 0; i < 3; i++) d[i] = rp_slice(p.g, y, i, 30);
  output(&p, x);
  output(&p, y);
  output(&p, d[1]);
  output(&p, rp_const(p.g, 3.5));
  output(&p, rp_data(p.g, (double[]){1, 2, 3}, 3));
  output(&p, rp_add(p.g, d[0], rp_mul(p.g, d[1], d[2])));
  output(&p, rp_add(p.g, rp_input(p.g, 3, 5), rp_input(p.g, 1, 1)));
  output(&p, rp_broadcast(p.g, x, 11));
  finish(&p, "leaves");
}

static void test_reductions(int n) {
  problem p = start(-1, 1);
  rp_node_id x = param(&p, n), y = param(&p, n), s = param(&p, 1);
  rp_node_id total = rp_sum(p.g, x);
  output(&p, total);
  output(&p, rp_sum(p.g, rp_mul(p.g, x, y)));
  output(&p, rp_sum(p.g, rp_unary(p.g, RP_OP_SQUARE, rp_sub(p.g, x, s))));
  output(&p, rp_mul(p.g, rp_exp(p.g, rp_sub(p.g, x, total)), y));
  output(&p, rp_max_of(p.g, x));
  output(&p, rp_sub(p.g, rp_min_of(p.g, x), y));
  output(&p, rp_cumsum(p.g, x));
  output(&p, rp_cumsum_from_end(p.g, rp_mul(p.g, x, s)));
  output(&p, rp_order(p.g, x));
  p.tolerance = 1e-12 * n; /* terms are below 1 */
  finish(&p, "reductions");
}

static void test_rearranging(int n) {
  problem p = start(-1, 1);
  rp_node_id x = param(&p, 20), y = param(&p, n);
  int32_t *random = malloc((size_t) n * sizeof *random), *sorted = malloc((size_t) n * sizeof *sorted);
  for (int i = 0; i < n; i++) random[i] = below(20), sorted[i] = (int32_t) ((int64_t) i * 20 / n);
  rp_node_id e = rp_exp(p.g, x), z = rp_mul(p.g, rp_gather(p.g, e, random, n), y);
  output(&p, z);
  output(&p, rp_scatter(p.g, z, random, 20));
  output(&p, rp_scatter(p.g, z, sorted, 20));
  output(&p, rp_scatter(p.g, rp_slice(p.g, e, 3, 1), random, 20));
  output(&p, rp_concat(p.g, (rp_node_id[]){rp_sum(p.g, z), z, rp_slice(p.g, z, n / 2, 1), e}, 4));
  output(&p, rp_mul(p.g, rp_slice(p.g, z, 1, n - 1), rp_slice(p.g, y, 0, n - 1)));
  rp_node_id at = rp_unary(p.g, RP_OP_FLOOR, rp_mul(p.g, rp_const(p.g, 10), rp_add(p.g, y, rp_const(p.g, 1))));
  output(&p, rp_gather_at(p.g, x, at));
  output(&p, rp_scatter_at(p.g, y, at, 19));
  output(&p, rp_mul(p.g, rp_slice(p.g, z, 2, 1), rp_slice(p.g, e, 5, 1)));
  p.tolerance = 1e-12 * n; /* terms are below e */
  free(random);
  free(sorted);
  finish(&p, "rearranging");
}

static void test_linear_algebra(void) {
  enum { M = 5, K = 4, N = 3 };
  problem p = start(-1, 1);
  rp_node_id a = param(&p, M * K), b = param(&p, K * N), product = rp_matmul(p.g, a, b, M, K, N, 0, 0);
  output(&p, product);
  output(&p, rp_matmul(p.g, b, a, N, K, M, 1, 1));
  double data[200 * 7];
  for (int i = 0; i < 200 * 7; i++) data[i] = uniform(-1, 1);
  rp_node_id x = rp_data(p.g, data, 200 * 7), beta = rp_slice(p.g, b, 0, 7);
  rp_node_id eta = rp_matmul(p.g, x, beta, 200, 7, 1, 0, 0);
  rp_node_id mean = rp_unary(p.g, RP_OP_SIGMOID, eta);
  output(&p, rp_sum(p.g, rp_unary(p.g, RP_OP_LOG1P_EXP, eta)));
  output(&p, rp_matmul(p.g, x, mean, 7, 200, 1, 1, 0));
  double identity[K * K] = {0};
  for (int i = 0; i < K; i++) identity[i * K + i] = 2;
  rp_node_id spd = rp_add(p.g, rp_matmul(p.g, a, a, K, M, K, 1, 0), rp_data(p.g, identity, K * K));
  rp_node_id l = rp_cholesky(p.g, spd, K);
  output(&p, l);
  output(&p, rp_tri_solve(p.g, l, b, K, N, 1, 0));
  output(&p, rp_solve(p.g, spd, b, K, N, 0));
  output(&p, rp_log_abs_det(p.g, spd, K));
  rp_node_id wide = rp_slice(p.g, x, 0, 20), answer = rp_matmul(p.g, wide, b, 5, K, N, 0, 0);
  output(&p, answer); /* a constant read only by an operation of the evaluator, and one that loops read, too */
  output(&p, rp_sum(p.g, rp_mul(p.g, answer, rp_slice(p.g, x, 30, 15))));
  output(&p, rp_matmul(p.g, rp_slice(p.g, x, 30, 15), a, N, K + 1, K, 0, 0));
  p.tolerance = 1e-12 * 200; /* terms are below 2 */
  finish(&p, "linear algebra");
}

static void test_empty(void) {
  problem p = start(-1, 1);
  rp_node_id nothing = rp_exp(p.g, param(&p, 0)), x = param(&p, 3);
  output(&p, rp_sum(p.g, nothing));
  output(&p, rp_max_of(p.g, nothing));
  output(&p, rp_concat(p.g, (rp_node_id[]){nothing, x, rp_sum(p.g, rp_mul(p.g, nothing, nothing))}, 3));
  output(&p, rp_cumsum(p.g, nothing));
  finish(&p, "empty vectors");
}

/* Positions out of range give NaN, and a NaN is the largest and the smallest. */
static void test_missing(void) {
  problem p = start(-1, 1);
  rp_node_id x = param(&p, 21), at = rp_mul(p.g, rp_const(p.g, 30), x), y = rp_gather_at(p.g, x, at);
  output(&p, y);
  output(&p, rp_max_of(p.g, y));
  output(&p, rp_min_of(p.g, rp_select(p.g, rp_unary(p.g, RP_OP_IS_NAN, y), rp_const(p.g, 3), y)));
  output(&p, rp_scatter_at(p.g, x, at, 9));
  output(&p, rp_scatter_at(p.g, x, rp_data(p.g, (double[21]){-1, NAN, 1e300, 2.5}, 21), 3));
  finish(&p, "missing positions");
}

/* Constant matrix times vector, in the four ways in which it can be written. */
static void test_products(int rows, int columns) {
  problem p = start(-1, 1);
  double *data = malloc((size_t) (rows * columns) * sizeof *data);
  for (int i = 0; i < rows * columns; i++) data[i] = uniform(-1, 1);
  rp_node_id x = rp_data(p.g, data, rows * columns), b = param(&p, columns);
  rp_node_id r = rp_unary(p.g, RP_OP_SIN, param(&p, rows));
  rp_node_id e = rp_unary(p.g, RP_OP_SIN, b), eta = rp_matmul(p.g, x, e, rows, columns, 1, 0, 0);
  output(&p, eta);
  output(&p, rp_matmul(p.g, e, x, 1, columns, rows, 0, 1));
  output(&p, rp_matmul(p.g, x, rp_mul(p.g, eta, r), columns, rows, 1, 1, 0));
  output(&p, rp_matmul(p.g, r, x, 1, rows, columns, 0, 0));
  output(&p, rp_matmul(p.g, x, r, columns, rows, 1, 1, 0));
  output(&p, rp_sum(p.g, rp_mul(p.g, x, rp_slice(p.g, p.outputs[4], 0, 1)))); /* the matrix as a vector, too */
  p.tolerance = 1e-12 * rows * columns;
  free(data);
  finish(&p, "products");
}

/* SIR by Euler steps: two carries, products of both; and a logistic map with a sequence. */
static void test_scan(int n) {
  problem p = start(.2, .8);
  rp_graph *b = rp_graph_new();
  rp_node_id s = rp_intern(b, &(rp_node){.op = RP_OP_CARRY, .n = 1, .attribute = {0}});
  rp_node_id i = rp_intern(b, &(rp_node){.op = RP_OP_CARRY, .n = 1, .attribute = {1}});
  rp_node_id beta = rp_intern(b, &(rp_node){.op = RP_OP_INVARIANT, .n = 1, .attribute = {0}});
  rp_node_id x = rp_intern(b, &(rp_node){.op = RP_OP_STEP, .n = 1, .attribute = {0}});
  rp_node_id flow = rp_mul(b, rp_mul(b, rp_const(b, .1), beta), rp_mul(b, s, i));
  rp_node_id next[3] = {rp_sub(b, s, rp_mul(b, flow, x)),
                        rp_sub(b, rp_add(b, i, flow), rp_mul(b, rp_const(b, .05), rp_mul(b, i, i))), s};
  rp_scan_body body = {.body = b, .n_carry = 3, .n_sequence = 1, .n_invariant = 1, .next = malloc(sizeof next)};
  memcpy(body.next, next, sizeof next);
  rp_node_id initial[3] = {param(&p, 1), param(&p, 1), rp_const(p.g, 0)}, invariant = param(&p, 1);
  rp_node_id sequence = param(&p, n), states[3];
  CHECK(rp_scan(p.g, body, initial, &sequence, &invariant, n, states) == RP_OK);
  for (int k = 0; k < 3; k++) output(&p, states[k]);
  output(&p, rp_sum(p.g, rp_log(p.g, states[1])));
  p.tolerance = 1e-12 * (n + 1);
  finish(&p, "scan");
}

static void test_affine(int n, int k, int reverse, int zero_b, int vector_a) {
  problem p = start(-.9, .9);
  rp_node_id initial[4], a[16], b[4];
  for (int i = 0; i < k; i++) {
    initial[i] = param(&p, 1);
    b[i] = zero_b ? rp_const(p.g, 0) : i == 1 ? param(&p, 1) : param(&p, n);
  }
  for (int i = 0; i < k * k; i++)
    a[i] = rp_mul(p.g, rp_const(p.g, 1.0 / k), vector_a && i != 1 ? param(&p, n) : param(&p, 1));
  output(&p, rp_affine_scan(p.g, initial, a, b, n, k, reverse));
  char what[64];
  snprintf(what, sizeof what, "affine scan of %d, %d states", n, k);
  p.tolerance = 1e-12 * 10; /* the states are below 10 */
  finish(&p, what);
}

/* Products of the segments overflow, the states do not (b cancels nothing, initial and b are 0): the cut must be
 * given up. */
static void test_affine_overflow(void) {
  enum { N = 400 };
  problem p = start(20, 30);
  rp_node_id zero = rp_const(p.g, 0), a = param(&p, N), b[N];
  for (int i = 0; i < N; i++) b[i] = i == 350 ? rp_const(p.g, 1e-60) : zero;
  rp_node_id sequence = rp_concat(p.g, b, N);
  output(&p, rp_affine_scan(p.g, &zero, &a, &sequence, N, 1, 0));
  output(&p, rp_affine_scan(p.g, &zero, &a, &sequence, N, 1, 1));
  finish(&p, "affine scan with overflow");
}

static void uniform_event(rp_random *stream, const double *const *arguments, int64_t event_size, double *event) {
  for (int64_t i = 0; i < event_size; i++)
    event[i] = arguments[0][0] + (arguments[1][0] - arguments[0][0]) * rp_random_uniform(stream);
}

static void test_random(void) {
  problem p = start(-1, 1);
  rp_node_id arguments[2] = {param(&p, 9), param(&p, 1)};
  rp_node_id draw = rp_random_node(p.g, uniform_event, 17, arguments, (int64_t[]){1, 1}, 2, 9, 1);
  output(&p, draw);
  output(&p, rp_sum(p.g, rp_exp(p.g, draw)));
  p.tolerance = 1e-12 * 9;
  finish(&p, "random");
}

/* ---- random graphs ---- */

/* A node of values between -2 and 2, made of earlier ones; two vector lengths and scalars. */
static rp_node_id random_node(problem *p, const rp_node_id *pool, int n_pool, const int *lengths) {
  rp_graph *g = p->g;
  const rp_node_id a = pool[below(n_pool)];
  const int64_t n = rp_graph_node(g, a)->n;
  rp_node_id b = pool[below(n_pool)];
  const int64_t m = rp_graph_node(g, b)->n;
  if (m != n && m != 1 && n != 1) b = rp_sum(g, rp_div(g, b, rp_const(g, (double) m)));
  static const rp_op bounded[] = {RP_OP_TANH, RP_OP_SIGMOID, RP_OP_SIN, RP_OP_ATAN, RP_OP_IS_NAN, RP_OP_ABS, RP_OP_NEG};
  switch (below(16)) {
  case 0: case 1: case 2: return rp_unary(g, bounded[below(7)], a);
  case 3: return rp_unary(g, RP_OP_TANH, rp_add(g, a, b));
  case 4: return rp_unary(g, RP_OP_TANH, rp_sub(g, a, rp_mul(g, b, a)));
  case 5: return rp_unary(g, RP_OP_TANH, rp_add(g, rp_mul(g, a, b), b));
  case 6: return rp_log(g, rp_add(g, rp_const(g, 1.5), rp_unary(g, RP_OP_SQUARE, rp_unary(g, RP_OP_TANH, a))));
  case 7: return rp_unary(g, RP_OP_DIGAMMA, rp_add(g, rp_const(g, 2.5), rp_unary(g, RP_OP_SIGMOID, a)));
  case 8: {
    rp_node_id between = rp_add(g, rp_const(g, 2.5), rp_unary(g, RP_OP_SIGMOID, a));
    return rp_unary(g, RP_OP_TANH, rp_unary(g, RP_OP_LGAMMA, between));
  }
  case 9: return rp_select(g, rp_binary(g, RP_OP_LT, a, rp_const(g, .3)), b, rp_unary(g, RP_OP_TANH, a));
  case 10: return rp_sum(g, rp_div(g, a, rp_const(g, (double) n)));
  case 11: {
    if (n == 1) return rp_binary(g, RP_OP_MAX, a, b);
    const int to = lengths[below(2)];
    int32_t index[600];
    for (int i = 0; i < to; i++) index[i] = below((int) n);
    return rp_gather(g, a, index, to);
  }
  case 12: {
    if (n == 1) return rp_binary(g, RP_OP_MIN, a, b);
    const int to = lengths[below(2)];
    int32_t index[600];
    for (int i = 0; i < n; i++) index[i] = below(to);
    return rp_unary(g, RP_OP_TANH, rp_scatter(g, rp_div(g, a, rp_const(g, 20)), index, to));
  }
  case 13: {
    if (n < 4) return rp_unary(g, RP_OP_ATAN, a);
    rp_node_id rate = rp_mul(g, rp_const(g, .5), rp_unary(g, RP_OP_SIGMOID, a)), zero = rp_const(g, .3);
    rp_node_id all = rp_affine_scan(g, &zero, &rate, &b, n, 1, below(2));
    return rp_unary(g, RP_OP_TANH, rp_slice(g, all, below(2), n));
  }
  case 14:
    if (n < 4) return rp_neg(g, a);
    return rp_concat(g, (rp_node_id[]){rp_slice(g, a, 2, n - 2), rp_slice(g, a, 0, 2)}, 2);
  default: return n < 4 ? rp_neg(g, a) : rp_slice(g, a, below(4), 1);
  }
}

static void test_random_graph(int seed) {
  state = 88172645463325252u + (uint64_t) seed * 7919;
  problem p = start(-1, 1);
  const int lengths[2] = {4 + below(40), below(2) ? 250 + below(300) : 4 + below(10)};
  rp_node_id pool[64];
  int n_pool = 0;
  for (int i = 0; i < 2; i++) {
    double *data = malloc((size_t) lengths[i] * sizeof *data);
    for (int j = 0; j < lengths[i]; j++) data[j] = uniform(-1, 1);
    pool[n_pool++] = param(&p, lengths[i]);
    pool[n_pool++] = rp_data(p.g, data, lengths[i]);
    pool[n_pool++] = param(&p, 1);
    free(data);
  }
  while (n_pool < 40) {
    pool[n_pool] = random_node(&p, pool, n_pool, lengths);
    n_pool++;
  }
  for (int k = 0; k < 12; k++) output(&p, pool[n_pool - 1 - (k < 6 ? k : below(n_pool - 1))]);

  char what[32];
  snprintf(what, sizeof what, "random graph %d", seed);
  finish(&p, what);
}

static void test_errors(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id site = rp_site(g, 0, 3), good = rp_const(g, 1);
  rp_status status;
  rp_status_clear(&status);
  CHECK(rp_program_new(g, &site, 1, RP_ISA_BEST, 1, &status) == NULL);
  CHECK(status.code == RP_UNSUPPORTED && strstr(status.message, "site") != NULL);
  rp_status_clear(&status);
  CHECK(rp_program_new(g, &good, 1, RP_ISA_BEST, 3, &status) == NULL);
  CHECK(status.code == RP_BAD_ARGUMENT);
  rp_graph_free(g);
}

static void test_print(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 500), s = rp_param(g, 500, 1), y = rp_mul(g, s, rp_exp(g, x));
  rp_node_id out[2] = {rp_sum(g, y), rp_log(g, s)};
  rp_status status;
  rp_status_clear(&status);
  rp_program *program = rp_program_new(g, out, 2, RP_ISA_PORTABLE, 2, &status);
  char *text = rp_program_print(program);
  CHECK(text && strstr(text, "portable, 2 lanes") && strstr(text, "loop over 500") && strstr(text, "exp") &&
        strstr(text, "scalars"));
  const rp_program_size size = rp_program_measure(program);
  CHECK(size.n_stages >= 2 && size.n_instructions >= 3 && size.n_scans == 0);
  CHECK(size.arena_bytes >= 501 * 2 * 8 && size.arena_bytes < 100000 && size.work_bytes > size.arena_bytes);
  CHECK(size.n_loops == 1 && size.n_slots >= 1 && size.code_bytes > 100 && size.code_bytes < 10000);
  free(text);
  rp_program_free(program);
  rp_graph_free(g);
}

int main(void) {
  test_leaves();
  static const int sizes[] = {2, 7, 8, 9, 15, 16, 17, 31, 33, 255, 256, 257, 513};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    test_reductions(sizes[i]);
    if (sizes[i] > 2) test_rearranging(sizes[i]);
    test_scan(sizes[i]);
  }
  test_empty();
  test_missing();
  test_linear_algebra();
  static const int rows[] = {2, 7, 8, 16, 17, 33, 64, 255, 256, 257, 600};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (int columns = 1; columns < 6; columns++) test_products(rows[i], columns);
  }
  static const int steps[] = {2, 5, 63, 64, 65, 66, 67, 129, 500};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    for (int c = 0; c < 8; c++) {
      test_affine(steps[i], 1, c & 1, c >> 1 & 1, c >> 2 & 1);
      test_affine(steps[i], 2, c & 1, c >> 1 & 1, c >> 2 & 1);
      if (steps[i] < 70) test_affine(steps[i], 3, c & 1, c >> 1 & 1, c >> 2 & 1);
    }
  }
  test_affine_overflow();
  test_random();
  for (int seed = 0; seed < 60; seed++) test_random_graph(seed);
  test_errors();
  test_print();
  return check_done("program");
}
