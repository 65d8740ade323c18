/* Scans: values against plain loops, gradients against central differences, and which nodes a loop becomes. */
#include "graph_check.h"

enum { STEPS = 40 };

static rp_node_id *next_of(int32_t n) { return malloc((size_t) n * sizeof(rp_node_id)); }

/* c <- c - dt * kd * c; a <- a - dt * k * c * a, as in the catalyst example, with c after the step. */
static void catalyst(rp_graph *g, rp_node_id *states) {
  rp_graph *b = rp_graph_new();
  rp_node_id c = rp_carry(b, 0), a = rp_carry(b, 1), kd = rp_invariant(b, 0), k = rp_invariant(b, 1),
      dt = rp_const(b, 0.05);
  rp_scan_body body = {b, 2, 0, 2, next_of(2)};
  body.next[0] = rp_sub(b, c, rp_mul(b, rp_mul(b, dt, kd), c));
  body.next[1] = rp_sub(b, a, rp_mul(b, rp_mul(b, rp_mul(b, dt, k), body.next[0]), a));
  rp_node_id initial[2] = {rp_const(g, 0.1), rp_param(g, 2, 1)};
  rp_node_id rates[2] = {rp_exp(g, rp_param(g, 0, 1)), rp_exp(g, rp_param(g, 1, 1))};
  CHECK(rp_scan(g, body, initial, NULL, rates, STEPS, states) == RP_OK);
}

static void test_catalyst(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id states[2];
  double x[3] = {-1, 0.3, 1.2}, got[2 * STEPS + 2], *parts[2] = {got, got + STEPS + 1};
  catalyst(g, states);
  rp_status status;
  rp_status_clear(&status);
  CHECK(rp_evaluate(g, states, 2, x, NULL, (rp_random_key){0, 0, 0}, parts, &status) == RP_OK);
  double c = 0.1, a = x[2], worst = 0;
  for (int t = 0; t < STEPS; t++) {
    worst = fmax(worst, fabs(c - parts[0][t]) + fabs(a - parts[1][t]));
    c = c - 0.05 * exp(x[0]) * c;
    a = a - 0.05 * exp(x[1]) * c * a;
  }
  worst = fmax(worst, fabs(c - parts[0][STEPS]) + fabs(a - parts[1][STEPS]));
  CHECK(worst < 1e-14); /* a few roundings per step, contracting */
  CHECK(rp_graph_node(g, states[0])->op == RP_OP_AFFINE_SCAN);
  CHECK(rp_graph_node(g, states[1])->op == RP_OP_AFFINE_SCAN);
  rp_node_id log_a = rp_log(g, rp_slice(g, states[1], 1, STEPS));
  rp_node_id output = rp_add(g, rp_sum(g, rp_unary(g, RP_OP_SQUARE, log_a)), rp_slice(g, states[0], 7, 1));
  CHECK(check_gradient(g, output, x, 3) < 1e-8);
  rp_graph_free(g);
}

/* Susceptible - infected - recovered by Euler: two coupled carries, not affine. */
static void test_sir(void) {
  rp_graph *g = rp_graph_new(), *b = rp_graph_new();
  rp_node_id s = rp_carry(b, 0), i = rp_carry(b, 1), beta = rp_invariant(b, 0), gamma = rp_step(b, 0);
  rp_node_id flow = rp_mul(b, rp_mul(b, rp_const(b, 0.1), beta), rp_mul(b, s, i));
  rp_scan_body body = {b, 3, 1, 1, next_of(3)};
  body.next[0] = rp_sub(b, s, flow);
  body.next[1] = rp_sub(b, rp_add(b, i, flow), rp_mul(b, rp_mul(b, rp_const(b, 0.1), gamma), i));
  body.next[2] = rp_add(b, rp_carry(b, 2), flow); /* accumulated incidence */
  rp_node_id initial[3] = {rp_const(g, 0.99), rp_param(g, 0, 1), rp_const(g, 0)}, states[3];
  rp_node_id rate = rp_exp(g, rp_param(g, 1, 1)), recovery = rp_exp(g, rp_param(g, 2, STEPS));
  double x[2 + STEPS];
  for (int k = 0; k < 2 + STEPS; k++) x[k] = k == 0 ? 0.02 : k == 1 ? 0.7 : -0.5 + 0.3 * sin(k);
  CHECK(rp_scan(g, body, initial, &recovery, &rate, STEPS, states) == RP_OK);
  double S = 0.99, I = x[0], total = 0, got[STEPS + 1];
  for (int t = 0; t < STEPS; t++) {
    double f = 0.1 * exp(x[1]) * S * I;
    S -= f;
    I += f - 0.1 * exp(x[2 + t]) * I;
    total += f;
  }
  value_of(g, states[1], x, got);
  CHECK_NEAR(got[STEPS], I, 1e-13);
  value_of(g, states[2], x, got);
  CHECK_NEAR(got[STEPS], total, 1e-13);
  CHECK_NEAR(got[0], 0.0, 0);
  rp_node_id end = rp_slice(g, states[2], STEPS, 1);
  CHECK(count_live(g, end, RP_OP_SCAN) == 1);
  CHECK(count_live(g, end, RP_OP_CUMSUM) == 0); /* only the total is used: a sum */
  rp_node_id output = rp_add(g, rp_sum(g, rp_log(g, states[1])), rp_mul(g, end, rp_slice(g, states[0], 3, 1)));
  CHECK(check_gradient(g, output, x, 2 + STEPS) < 1e-8);
  CHECK(rp_graph_status(g)->code == RP_OK);
  rp_graph_free(g);
}

/* y[t] = p1 y[t-1] + p2 y[t-2] + e[t]: a coupled affine pair, and one that runs from the end in its adjoint. */
static void test_ar2(void) {
  rp_graph *g = rp_graph_new(), *b = rp_graph_new();
  rp_scan_body body = {b, 2, 1, 2, next_of(2)};
  body.next[0] = rp_add(b, rp_add(b, rp_mul(b, rp_invariant(b, 0), rp_carry(b, 0)),
                                  rp_mul(b, rp_invariant(b, 1), rp_carry(b, 1))),
                        rp_step(b, 0));
  body.next[1] = rp_carry(b, 0);
  rp_node_id initial[2] = {rp_param(g, 0, 1), rp_param(g, 1, 1)}, states[2];
  rp_node_id coefficients[2] = {rp_param(g, 2, 1), rp_param(g, 3, 1)}, noise = rp_param(g, 4, STEPS);
  double x[4 + STEPS] = {0.3, -0.2, 0.6, 0.25}, y0 = 0.3, y1 = -0.2, got[STEPS + 1];
  for (int t = 0; t < STEPS; t++) x[4 + t] = cos(t);
  CHECK(rp_scan(g, body, initial, &noise, coefficients, STEPS, states) == RP_OK);
  CHECK(count_live(g, states[0], RP_OP_AFFINE_SCAN) == 1);
  value_of(g, states[0], x, got);
  for (int t = 0; t < STEPS; t++) {
    double y = x[2] * y0 + x[3] * y1 + x[4 + t];
    y1 = y0;
    y0 = y;
  }
  CHECK_NEAR(got[STEPS], y0, 1e-13);
  rp_node_id output = rp_sum(g, rp_unary(g, RP_OP_SIN, states[0]));
  CHECK(check_gradient(g, output, x, 4 + STEPS) < 1e-8);
  /* second derivatives go through the adjoint scan, which runs from the end */
  rp_node_id all = rp_param(g, 0, 4 + STEPS), gradient;
  CHECK(rp_gradient(g, output, &all, 1, &gradient) == RP_OK);
  CHECK(check_gradient(g, rp_sum(g, rp_unary(g, RP_OP_SQUARE, gradient)), x, 4 + STEPS) < 1e-7);
  rp_graph_free(g);
}

/* Independent carries, a pure accumulator, a carry that only remembers, and one with a condition. */
static void test_split(void) {
  rp_graph *g = rp_graph_new(), *b = rp_graph_new();
  rp_scan_body body = {b, 4, 1, 1, next_of(4)};
  rp_node_id x = rp_step(b, 0), p = rp_invariant(b, 0);
  body.next[0] = rp_add(b, rp_carry(b, 0), rp_mul(b, p, x));                            /* cumsum */
  body.next[1] = x;                                                                     /* x of the step before */
  body.next[2] = rp_select(b, rp_binary(b, RP_OP_LT, x, rp_const(b, 0)), rp_mul(b, p, rp_carry(b, 2)), x); /* affine */
  body.next[3] = rp_add(b, rp_unary(b, RP_OP_TANH, rp_carry(b, 3)), rp_mul(b, rp_carry(b, 2), rp_carry(b, 1)));
  rp_node_id one = rp_const(g, 1), initial[4] = {one, one, one, one}, states[4], xs = rp_param(g, 1, STEPS),
      scale = rp_param(g, 0, 1);
  double v[1 + STEPS] = {0.8}, s[4] = {1, 1, 1, 1}, got[STEPS + 1];
  for (int t = 0; t < STEPS; t++) v[1 + t] = sin(2.0 * t + 0.5);
  CHECK(rp_scan(g, body, initial, &xs, &scale, STEPS, states) == RP_OK);
  for (int t = 0; t < STEPS; t++) {
    double e = v[1 + t], was1 = s[1], was2 = s[2];
    s[0] += 0.8 * e;
    s[1] = e;
    s[2] = e < 0 ? 0.8 * s[2] : e;
    s[3] = tanh(s[3]) + was2 * was1;
  }
  for (int k = 0; k < 4; k++) {
    value_of(g, states[k], v, got);
    CHECK_NEAR(got[STEPS], s[k], 1e-13);
    CHECK_NEAR(got[0], 1.0, 0);
  }
  CHECK(count_live(g, states[0], RP_OP_SCAN) + count_live(g, states[0], RP_OP_AFFINE_SCAN) == 0);
  CHECK(count_live(g, states[1], RP_OP_SCAN) + count_live(g, states[1], RP_OP_AFFINE_SCAN) == 0);
  CHECK(count_live(g, states[2], RP_OP_AFFINE_SCAN) == 1 && count_live(g, states[2], RP_OP_SCAN) == 0);
  CHECK(count_live(g, states[3], RP_OP_SCAN) == 1);
  rp_node_id output = rp_add(g, rp_sum(g, rp_mul(g, states[0], states[2])), rp_sum(g, rp_mul(g, states[3], states[1])));
  CHECK(check_gradient(g, output, v, 1 + STEPS) < 1e-8);
  rp_graph_free(g);
}

static void test_errors(void) {
  rp_graph *g = rp_graph_new(), *b = rp_graph_new();
  rp_scan_body body = {b, 1, 0, 0, next_of(1)};
  body.next[0] = rp_step(b, 3);
  rp_node_id one = rp_const(g, 1), state;
  CHECK(rp_scan(g, body, &one, NULL, NULL, 5, &state) == RP_BAD_SPEC);
  rp_graph_free(g);
  g = rp_graph_new();
  b = rp_graph_new();
  body = (rp_scan_body){b, 1, 1, 0, next_of(1)};
  body.next[0] = rp_step(b, 0);
  one = rp_const(g, 1);
  rp_node_id three = rp_param(g, 0, 3);
  CHECK(rp_scan(g, body, &one, &three, NULL, 5, &state) == RP_BAD_SHAPE);
  rp_graph_free(g);
}

int main(void) {
  test_catalyst();
  test_sir();
  test_ar2();
  test_split();
  test_errors();
  return check_done("scan");
}
