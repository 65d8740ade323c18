/* Unrolled loops become scans and vectors: the rolled graph has the same values and gradients as the unrolled one, and
 * few nodes. */
#include <time.h>

#include "graph_check.h"

enum { STEPS = 60 };

typedef struct {
  int32_t nodes, scans, affine;
} shape;

/* Rolls, compares value and gradient of the output with those of the unrolled graph, and reports what is left. */
static shape roll_and_compare(rp_graph *g, rp_node_id output, const double *x, int n, double tolerance) {
  rp_node_id all = rp_param(g, 0, n), plain_gradient, rolled = output, rolled_gradient;
  double *a = malloc((size_t) n * sizeof *a), *b = malloc((size_t) n * sizeof *b);
  CHECK(rp_pass_roll(g, 0, &rolled, 1) == RP_OK);
  CHECK(rp_gradient(g, output, &all, 1, &plain_gradient) == RP_OK);
  CHECK(rp_gradient(g, rolled, &all, 1, &rolled_gradient) == RP_OK);
  if (rp_graph_status(g)->code != RP_OK) printf("%s\n", rp_graph_status(g)->message);
  CHECK_NEAR(scalar_of(g, rolled, x), scalar_of(g, output, x), tolerance);
  value_of(g, rp_broadcast(g, plain_gradient, n), x, a);
  value_of(g, rp_broadcast(g, rolled_gradient, n), x, b);
  for (int i = 0; i < n; i++) CHECK_NEAR(b[i], a[i], tolerance);
  free(a);
  free(b);
  shape s = {count_live(g, rolled, RP_OP_COUNT), count_live(g, rolled, RP_OP_SCAN),
             count_live(g, rolled, RP_OP_AFFINE_SCAN)};
  if (getenv("ROLL_PRINT")) {
    char *text = rp_graph_print(g, &rolled, 1);
    printf("%s\n", text);
    free(text);
  }
  return s;
}

static rp_node_id sum_of_squared_logs(rp_graph *g, const rp_node_id *parts, int32_t n) {
  return rp_sum(g, rp_unary(g, RP_OP_SQUARE, rp_log(g, rp_concat(g, parts, n))));
}

static void test_euler(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id c[STEPS], a[STEPS], dt = rp_const(g, 0.01), kd = rp_exp(g, rp_param(g, 0, 1)),
      k = rp_exp(g, rp_param(g, 1, 1));
  double x[3] = {-1, 0.4, 0.9};
  for (int t = 0; t < STEPS; t++) {
    rp_node_id was = t == 0 ? rp_const(g, 0.1) : c[t - 1];
    c[t] = rp_sub(g, was, rp_mul(g, rp_mul(g, dt, kd), was));
  }
  for (int t = 0; t < STEPS; t++) {
    rp_node_id was = t == 0 ? rp_param(g, 2, 1) : a[t - 1];
    a[t] = rp_sub(g, was, rp_mul(g, rp_mul(g, rp_mul(g, dt, k), c[t]), was));
  }
  shape s = roll_and_compare(g, rp_add(g, sum_of_squared_logs(g, a, STEPS), c[STEPS - 1]), x, 3, 1e-12);
  CHECK(s.affine == 2 && s.scans == 0 && s.nodes < 40);
  rp_graph_free(g);
}

/* One loop with both, and the catalyst first put into a vector that is indexed. */
static void test_euler_together(void) {
  for (int vector = 0; vector < 2; vector++) {
    rp_graph *g = rp_graph_new();
    rp_node_id c[STEPS], a[STEPS], dt = rp_const(g, 0.01), kd = rp_exp(g, rp_param(g, 0, 1)),
        k = rp_exp(g, rp_param(g, 1, 1));
    double x[2] = {-1, 0.4};
    if (vector) {
      for (int t = 0; t < STEPS; t++) {
        rp_node_id was = t == 0 ? rp_const(g, 0.1) : c[t - 1];
        c[t] = rp_sub(g, was, rp_mul(g, dt, rp_mul(g, kd, was)));
      }
      rp_node_id joined = rp_mul(g, rp_const(g, 2), rp_concat(g, c, STEPS));
      for (int t = 0; t < STEPS; t++) c[t] = rp_slice(g, joined, t, 1);
    }
    for (int t = 0; t < STEPS; t++) {
      rp_node_id was_c = t == 0 ? rp_const(g, 0.1) : c[t - 1], was = t == 0 ? rp_const(g, 1) : a[t - 1];
      if (!vector) c[t] = rp_sub(g, was_c, rp_mul(g, dt, rp_mul(g, kd, was_c)));
      a[t] = rp_sub(g, was, rp_mul(g, dt, rp_mul(g, rp_mul(g, k, c[t]), was)));
    }
    rp_node_id output = rp_add(g, sum_of_squared_logs(g, a, STEPS), rp_log(g, rp_sum(g, rp_concat(g, c, STEPS))));
    shape s = roll_and_compare(g, output, x, 2, 1e-12);
    CHECK(s.affine == 2 && s.scans == 0 && s.nodes < 50);
    rp_graph_free(g);
  }
}

/* Predator and prey by Runge-Kutta 4; stored says whether the loop kept all states or only the last. */
static void test_lotka_volterra(int stored) {
  rp_graph *g = rp_graph_new();
  double p[6] = {0.5, 0.05, 0.4, 0.02, 12, 5};
  rp_node_id rate[4], u = rp_param(g, 4, 1), v = rp_param(g, 5, 1), us[STEPS], vs[STEPS], h = rp_const(g, 0.1);
  for (int k = 0; k < 4; k++) rate[k] = rp_param(g, k, 1);
  for (int t = 0; t < STEPS; t++) {
    rp_node_id du[4], dv[4];
    for (int k = 0; k < 4; k++) {
      rp_node_id step = rp_mul(g, h, rp_const(g, k == 3 ? 1 : 0.5));
      rp_node_id uk = k == 0 ? u : rp_add(g, u, rp_mul(g, step, du[k - 1])), vk = k == 0 ? v
          : rp_add(g, v, rp_mul(g, step, dv[k - 1]));
      du[k] = rp_sub(g, rp_mul(g, rate[0], uk), rp_mul(g, rp_mul(g, rate[1], uk), vk));
      dv[k] = rp_sub(g, rp_mul(g, rp_mul(g, rate[3], uk), vk), rp_mul(g, rate[2], vk));
    }
    rp_node_id two = rp_const(g, 2), sixth = rp_const(g, 0.1 / 6);
    u = rp_add(g, u, rp_mul(g, sixth, rp_add(g, rp_add(g, du[0], rp_mul(g, two, du[1])),
                                             rp_add(g, rp_mul(g, two, du[2]), du[3]))));
    v = rp_add(g, v, rp_mul(g, sixth, rp_add(g, rp_add(g, dv[0], rp_mul(g, two, dv[1])),
                                             rp_add(g, rp_mul(g, two, dv[2]), dv[3]))));
    us[t] = u;
    vs[t] = v;
  }
  rp_node_id output = stored ? rp_add(g, sum_of_squared_logs(g, us, STEPS), sum_of_squared_logs(g, vs, STEPS))
      : rp_mul(g, u, v);
  shape s = roll_and_compare(g, output, p, 6, 1e-10);
  CHECK(s.scans == 1 && s.affine == 0 && s.nodes < (stored ? 30 : 150)); /* unstored: one step may stay unrolled */
  rp_graph_free(g);
}

/* SIR by Euler where the second state uses the first one's new value. */
static void test_sir(int new_value) {
  rp_graph *g = rp_graph_new();
  double p[4] = {0.7, -0.5, 0.99, 0.01};
  rp_node_id beta = rp_exp(g, rp_param(g, 0, 1)), gamma = rp_exp(g, rp_param(g, 1, 1)), dt = rp_const(g, 0.1);
  rp_node_id S = rp_param(g, 2, 1), I = rp_param(g, 3, 1), is[STEPS], ss[STEPS];
  for (int t = 0; t < STEPS; t++) {
    rp_node_id flow = rp_mul(g, dt, rp_mul(g, beta, rp_mul(g, S, I)));
    rp_node_id next = rp_sub(g, S, flow);
    rp_node_id inflow = new_value ? rp_mul(g, dt, rp_mul(g, beta, rp_mul(g, next, I))) : flow;
    I = rp_sub(g, rp_add(g, I, inflow), rp_mul(g, rp_mul(g, dt, gamma), I));
    S = next;
    is[t] = I;
    ss[t] = S;
  }
  rp_node_id output = rp_add(g, sum_of_squared_logs(g, is, STEPS), rp_sum(g, rp_concat(g, ss, STEPS)));
  shape s = roll_and_compare(g, output, p, 4, 1e-10);
  CHECK(s.scans == 1 && s.affine == 0 && s.nodes < 30);
  rp_graph_free(g);
}

static void test_ar2(void) {
  rp_graph *g = rp_graph_new();
  double p[5] = {0.6, 0.3, 0.1, 1, 2};
  rp_node_id y[STEPS];
  for (int t = 0; t < STEPS; t++) {
    if (t < 2) {
      y[t] = rp_param(g, 3 + t, 1);
      continue;
    }
    y[t] = rp_add(g, rp_add(g, rp_mul(g, rp_param(g, 0, 1), y[t - 1]), rp_mul(g, rp_param(g, 1, 1), y[t - 2])),
                  rp_mul(g, rp_param(g, 2, 1), rp_const(g, sin(t))));
  }
  rp_node_id output = rp_sum(g, rp_unary(g, RP_OP_SQUARE, rp_concat(g, y, STEPS)));
  shape s = roll_and_compare(g, output, p, 5, 1e-11);
  CHECK(s.affine == 1 && s.scans == 0 && s.nodes < 30);
  rp_graph_free(g);
}

/* GARCH(1,1) on data with ties, zeros and the mean itself; the density accumulated in the same loop. */
static void test_garch(void) {
  rp_graph *g = rp_graph_new();
  double p[4] = {0.3, -1, -1.2, -0.9};
  rp_node_id mu = rp_param(g, 0, 1), a0 = rp_exp(g, rp_param(g, 1, 1)), a1 = rp_exp(g, rp_param(g, 2, 1)),
      b1 = rp_exp(g, rp_param(g, 3, 1));
  rp_node_id variance = rp_const(g, 1.5), lp = rp_const(g, 0);
  for (int t = 1; t < STEPS; t++) {
    double before = round(4 * sin(t - 1)) / 2, now = round(4 * sin(t)) / 2;
    variance = rp_add(g, rp_add(g, a0, rp_mul(g, a1, rp_unary(g, RP_OP_SQUARE, rp_sub(g, rp_const(g, before), mu)))),
                      rp_mul(g, b1, variance));
    rp_node_id z = rp_div(g, rp_sub(g, rp_const(g, now), mu), rp_unary(g, RP_OP_SQRT, variance));
    lp = rp_add(g, lp, rp_sub(g, rp_mul(g, rp_const(g, -0.5), rp_unary(g, RP_OP_SQUARE, z)),
                              rp_mul(g, rp_const(g, 0.5), rp_log(g, variance))));
  }
  shape s = roll_and_compare(g, lp, p, 4, 1e-11);
  CHECK(s.affine == 1 && s.scans == 0 && s.nodes < 80);
  rp_graph_free(g);
}

/* Hidden Markov model, three states, forward algorithm in log space; alpha kept in a matrix filled column by column. */
static void test_hmm(int stored) {
  enum { STATES = 3 };
  rp_graph *g = rp_graph_new();
  double p[2 * STATES] = {-1, 0.5, 2, 0.1, -0.2, 0.3};
  rp_node_id alpha[STATES], all[STATES * STEPS];
  for (int t = 0; t < STEPS; t++) {
    rp_node_id next[STATES];
    for (int j = 0; j < STATES; j++) {
      rp_node_id total = RP_NONE;
      for (int i = 0; t > 0 && i < STATES; i++) {
        rp_node_id path = rp_add(g, alpha[i], rp_mul(g, rp_param(g, STATES + j, 1), rp_const(g, i == j ? 1.5 : 0.5)));
        total = total == RP_NONE ? path : rp_binary(g, RP_OP_LOG_ADD_EXP, total, path);
      }
      rp_node_id z = rp_sub(g, rp_const(g, cos(2.0 * t)), rp_param(g, j, 1));
      rp_node_id density = rp_mul(g, rp_const(g, -0.5), rp_unary(g, RP_OP_SQUARE, z));
      next[j] = total == RP_NONE ? density : rp_add(g, total, density);
      all[j + STATES * t] = next[j];
    }
    memcpy(alpha, next, sizeof alpha);
  }
  rp_node_id output = rp_binary(g, RP_OP_LOG_ADD_EXP, alpha[0], rp_binary(g, RP_OP_LOG_ADD_EXP, alpha[1], alpha[2]));
  if (stored) output = rp_add(g, output, rp_sum(g, rp_exp(g, rp_mul(g, rp_const(g, 0.01),
                                                                    rp_concat(g, all, STATES * STEPS)))));
  shape s = roll_and_compare(g, output, p, 2 * STATES, 1e-11);
  CHECK(s.scans == 1 && s.nodes < 250);
  rp_graph_free(g);
}

/* No carry: a vector computed element by element, with a product that vanishes at one step and a sum that does at
 * another. */
static void test_elementwise(void) {
  rp_graph *g = rp_graph_new();
  double p[2 + STEPS];
  rp_node_id y[STEPS], lp = rp_const(g, 0);
  for (int i = 0; i < 2 + STEPS; i++) p[i] = 0.3 + 0.01 * i;
  for (int t = 0; t < STEPS; t++) {
    rp_node_id e = rp_add(g, rp_param(g, 0, 1), rp_mul(g, rp_const(g, t % 5), rp_param(g, 2 + t, 1)));
    y[t] = rp_exp(g, rp_neg(g, rp_unary(g, RP_OP_SQUARE, e)));
    lp = rp_add(g, lp, rp_mul(g, rp_param(g, 1, 1), rp_unary(g, RP_OP_SIN, e)));
  }
  rp_node_id output = rp_add(g, lp, rp_sum(g, rp_mul(g, rp_param(g, 1, 1), rp_concat(g, y, STEPS))));
  shape s = roll_and_compare(g, output, p, 2 + STEPS, 1e-12);
  CHECK(s.affine == 0 && s.scans == 0 && s.nodes < 40);
  rp_graph_free(g);
}

/* A matrix filled row by row in two interleaved rows, each computed elementwise. */
static void test_interleaved(void) {
  rp_graph *g = rp_graph_new();
  double p[STEPS];
  rp_node_id y[2 * STEPS];
  for (int t = 0; t < STEPS; t++) {
    p[t] = 0.1 * t;
    y[2 * t] = rp_exp(g, rp_param(g, t, 1));
    y[2 * t + 1] = rp_unary(g, RP_OP_SIN, rp_param(g, t, 1));
  }
  rp_node_id weights = rp_param(g, 0, 1);
  rp_node_id output = rp_sum(g, rp_unary(g, RP_OP_TANH, rp_mul(g, weights, rp_concat(g, y, 2 * STEPS))));
  shape s = roll_and_compare(g, output, p, STEPS, 1e-12);
  CHECK(s.nodes < 30);
  rp_graph_free(g);
}

/* Lorenz 96: eight coupled carries, all of one form, stored column by column in one matrix. */
static void test_lorenz96(void) {
  enum { SITES = 8 };
  rp_graph *g = rp_graph_new();
  double p[SITES] = {1, 1.1, 0.9, 1.2, 0.8, 1.05, 0.95, 1};
  rp_node_id x[SITES], next[SITES], all[SITES * STEPS];
  for (int i = 0; i < SITES; i++) x[i] = rp_param(g, i, 1);
  for (int t = 0; t < STEPS; t++) {
    for (int i = 0; i < SITES; i++) {
      rp_node_id ahead = rp_sub(g, x[(i + 1) % SITES], x[(i + 6) % SITES]);
      rp_node_id slope = rp_sub(g, rp_mul(g, ahead, x[(i + 7) % SITES]), x[i]);
      next[i] = rp_add(g, x[i], rp_mul(g, rp_const(g, 0.02), slope));
    }
    for (int i = 0; i < SITES; i++) all[i + SITES * t] = x[i] = next[i];
  }
  rp_node_id output = rp_sum(g, rp_unary(g, RP_OP_SIN, rp_concat(g, all, SITES * STEPS)));
  shape s = roll_and_compare(g, output, p, SITES, 1e-10);
  CHECK(s.scans == 1 && s.affine == 0 && s.nodes < 150);
  rp_graph_free(g);
}

/* A short loop over groups, and a loop within a loop. */
static void test_small_loops(void) {
  rp_graph *g = rp_graph_new();
  double p[12] = {4, 1, 0.1, -0.3, 0.2, 0.5, -0.6, 0.7, 0.8, -0.9, 0.3, 0.4};
  rp_node_id lp = rp_const(g, 0);
  for (int i = 0; i < 8; i++) {
    rp_node_id theta = rp_add(g, rp_param(g, 0, 1), rp_mul(g, rp_exp(g, rp_param(g, 1, 1)), rp_param(g, 2 + i, 1)));
    rp_node_id z = rp_div(g, rp_sub(g, rp_const(g, 3 * i - 5), theta), rp_const(g, 10 + i));
    lp = rp_add(g, lp, rp_mul(g, rp_const(g, -0.5), rp_unary(g, RP_OP_SQUARE, z)));
  }
  shape s = roll_and_compare(g, lp, p, 12, 1e-12);
  CHECK(s.scans == 0 && s.affine == 0 && s.nodes < 40);
  rp_node_id y[20];
  for (int i = 0; i < 20; i++) {
    y[i] = rp_const(g, 0);
    for (int j = 0; j < 12; j++) y[i] = rp_add(g, y[i], rp_mul(g, rp_const(g, sin(i + 20 * j)), rp_param(g, j, 1)));
  }
  s = roll_and_compare(g, rp_sum(g, rp_unary(g, RP_OP_SIN, rp_concat(g, y, 20))), p, 12, 1e-12);
  CHECK(s.scans == 0 && s.affine == 0 && s.nodes < 60); /* one vector operation per step of the inner loop */
  rp_graph_free(g);
}

/* What cannot be rolled stays as it is. */
static void test_irregular(void) {
  rp_graph *g = rp_graph_new();
  double p[4] = {0.2, 0.4, -0.3, 1.1};
  rp_node_id x = rp_param(g, 0, 1);
  static const rp_op ops[] = {RP_OP_SIN, RP_OP_COS, RP_OP_TANH, RP_OP_ATAN, RP_OP_SIGMOID, RP_OP_EXP, RP_OP_SQUARE};
  unsigned state = 7;
  for (int t = 0; t < 200; t++) {
    state = state * 1103515245u + 12345u;
    x = (state >> 16) % 3 == 0 ? rp_mul(g, x, rp_param(g, (state >> 20) % 4, 1))
        : rp_unary(g, ops[(state >> 16) % 5], x);
  }
  roll_and_compare(g, x, p, 4, 1e-12);
  rp_graph_free(g);
}

/* ---- random loops ---- */

static uint64_t state;
static unsigned draw(unsigned n) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned) (state >> 33) % n;
}

enum { MOST_LINES = 12, MOST_CARRIES = 3, LOOP_PARAMS = 8 };

/* Line i of the body is op(a, b): operands are earlier lines (this step), carries, data, invariants. */
typedef struct {
  int n_lines, n_carries;
  rp_op op[MOST_LINES];
  int a[MOST_LINES], b[MOST_LINES];
  int carry_line[MOST_CARRIES]; /* the line whose value is carried */
} random_loop;

static random_loop new_loop(void) {
  static const rp_op ops[] = {RP_OP_ADD, RP_OP_SUB, RP_OP_MUL, RP_OP_ADD, RP_OP_MUL, RP_OP_TANH, RP_OP_SIN,
                              RP_OP_SQUARE, RP_OP_LOG_ADD_EXP};
  random_loop l = {.n_lines = 2 + (int) draw(MOST_LINES - 2), .n_carries = (int) draw(MOST_CARRIES + 1)};
  for (int i = 0; i < l.n_lines; i++) {
    l.op[i] = ops[draw(9)];
    l.a[i] = (int) draw((unsigned) i + 8);
    l.b[i] = i > 0 && draw(2) ? i - 1 + 8 : (int) draw((unsigned) i + 8);
  }
  for (int k = 0; k < l.n_carries; k++) l.carry_line[k] = l.n_lines - 1 - (int) draw(l.n_lines > 3 ? 3 : 2);
  return l;
}

static rp_node_id operand(rp_graph *g, int which, int t, const rp_node_id *line, const rp_node_id *carry,
                          int n_carries) {
  static const double ties[] = {0, 1, -1, 0.5, 2};
  if (which >= 8) return line[which - 8];
  if (which < 3) return which < n_carries ? carry[which] : rp_param(g, which, 1);
  /* data that the constructors fold away at some steps */
  if (which == 3) return rp_const(g, ties[(t * t + 3 * t) % 5]);
  if (which == 4) return rp_const(g, 0.3 * cos(t));
  if (which == 5) return rp_param(g, 3 + t % 4, 1);
  return which == 6 ? rp_param(g, 7, 1) : rp_exp(g, rp_param(g, 1, 1));
}

static void test_random_loops(void) {
  double x[LOOP_PARAMS] = {0.2, -0.4, 0.1, 0.6, -0.3, 0.5, -0.8, 0.25};
  int32_t before = 0, after = 0;
  for (int run = 0; run < 400; run++) {
    state = (uint64_t) run * 977 + 5;
    rp_graph *g = rp_graph_new();
    random_loop l = new_loop();
    int n = 5 + (int) draw(40), stored = (int) draw(3);
    rp_node_id carry[MOST_CARRIES], line[MOST_LINES], kept[64], output = rp_const(g, 0);
    for (int k = 0; k < l.n_carries; k++) carry[k] = draw(2) ? rp_param(g, k, 1) : rp_const(g, draw(2) ? 0 : 0.7);
    for (int t = 0; t < n; t++) {
      for (int i = 0; i < l.n_lines; i++) {
        rp_node_id a = operand(g, l.a[i], t, line, carry, l.n_carries),
            b = operand(g, l.b[i], t, line, carry, l.n_carries);
        line[i] = rp_op_arity(l.op[i]) == 1 ? rp_unary(g, l.op[i], a) : rp_binary(g, l.op[i], a, b);
        /* keep it bounded */
        if (l.op[i] == RP_OP_SQUARE || l.op[i] == RP_OP_MUL) line[i] = rp_unary(g, RP_OP_TANH, line[i]);
      }
      for (int k = 0; k < l.n_carries; k++) carry[k] = rp_unary(g, RP_OP_SIN, line[l.carry_line[k]]);
      kept[t] = line[l.n_lines - 1];
      if (stored == 1) output = rp_add(g, output, rp_unary(g, RP_OP_COS, line[l.n_lines / 2]));
    }
    if (stored == 0) output = rp_sum(g, rp_unary(g, RP_OP_TANH, rp_concat(g, kept, n)));
    if (stored == 2) output = rp_unary(g, RP_OP_COS, kept[n - 1]);
    int failures = check_failed;
    shape s = roll_and_compare(g, output, x, LOOP_PARAMS, 1e-9); /* the loops are not chaotic, but not all contract */
    if (check_failed > failures) printf("random loop %d\n", run);
    if (n >= 20) {
      before += count_live(g, output, RP_OP_COUNT);
      after += s.nodes;
    }
    rp_graph_free(g);
  }
  printf("random loops: %d nodes rolled into %d\n", (int) before, (int) after);
  CHECK(after < before / 4);
}

/* Rolling takes a few times as long as building (2 without a sanitizer, 3 with one), on a machine of any speed; were it
 * quadratic in the graph's length, it would take thousands of times as long. */
static int is_cheap(const char *what, clock_t built, clock_t rolled) {
  printf("%s: built in %.3f s, rolled in %.3f s\n", what, (double) built / CLOCKS_PER_SEC,
         (double) rolled / CLOCKS_PER_SEC);
  return rolled < 30 * built + CLOCKS_PER_SEC / 10;
}

/* A long graph without any pattern costs little. */
static void test_no_pattern(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id pool[16];
  static const rp_op ops[] = {RP_OP_ADD, RP_OP_MUL, RP_OP_SUB, RP_OP_SIN, RP_OP_TANH, RP_OP_COS};
  state = 99;
  for (int k = 0; k < 16; k++) pool[k] = rp_param(g, k, 1);
  clock_t begin = clock();
  for (int t = 0; t < 300000; t++) {
    rp_op op = ops[draw(6)];
    rp_node_id a = pool[draw(16)], b = pool[draw(16)];
    pool[draw(16)] = rp_op_arity(op) == 1 ? rp_unary(g, op, a) : rp_binary(g, op, a, b);
  }
  rp_node_id root = rp_sum(g, rp_concat(g, pool, 16));
  clock_t built = clock();
  CHECK(rp_pass_roll(g, 0, &root, 1) == RP_OK);
  CHECK(is_cheap("300000 nodes without a pattern", built - begin, clock() - built));
  rp_graph_free(g);
}

static void test_size(void) {
  enum { LONG = 100000 };
  rp_graph *g = rp_graph_new();
  rp_node_id *c = malloc(LONG * sizeof *c), *a = malloc(LONG * sizeof *a);
  rp_node_id dt = rp_const(g, 1e-5), kd = rp_exp(g, rp_param(g, 0, 1)), k = rp_exp(g, rp_param(g, 1, 1));
  clock_t begin = clock();
  for (int t = 0; t < LONG; t++) {
    rp_node_id was_c = t == 0 ? rp_const(g, 0.1) : c[t - 1], was = t == 0 ? rp_const(g, 1) : a[t - 1];
    c[t] = rp_sub(g, was_c, rp_mul(g, rp_mul(g, dt, kd), was_c));
    a[t] = rp_sub(g, was, rp_mul(g, rp_mul(g, rp_mul(g, dt, k), c[t]), was));
  }
  clock_t built = clock();
  rp_node_id root = rp_add(g, rp_sum(g, rp_log(g, rp_concat(g, a, LONG))), c[LONG - 1]), before = rp_graph_size(g);
  CHECK(rp_pass_roll(g, 0, &root, 1) == RP_OK);
  CHECK(is_cheap("100000 steps", built - begin, clock() - built));
  CHECK(rp_graph_size(g) - before < 100);
  CHECK(count_live(g, root, RP_OP_COUNT) < 40);
  double x[2] = {-1, 0.5};
  CHECK(isfinite(scalar_of(g, root, x)));
  free(c);
  free(a);
  rp_graph_free(g);
}

int main(void) {
  test_euler();
  test_euler_together();
  test_lotka_volterra(1);
  test_lotka_volterra(0);
  test_sir(0);
  test_sir(1);
  test_ar2();
  test_garch();
  test_hmm(0);
  test_hmm(1);
  test_elementwise();
  test_interleaved();
  test_lorenz96();
  test_small_loops();
  test_irregular();
  test_random_loops();
  test_no_pattern();
  test_size();
  return check_done("roll");
}
