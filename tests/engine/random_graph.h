/* Random graphs over all operations, for comparing two ways to compute the same thing.  Inputs of every operation are
 * squashed into its domain, so that values and derivatives stay moderate.
 *
 *   random_graph r = random_graph_new(seed, n_params, kinks);
 *   rp_node_id output = random_graph_build(&r, n_operations);      a scalar; r.pool has all that was made
 *   rp_graph_free(r.g);
 *
 * kinks: also operations with jumps (floor, mod, comparisons, order, ...), whose finite differences mean nothing. */
#ifndef RP_TEST_RANDOM_GRAPH_H
#define RP_TEST_RANDOM_GRAPH_H

#include <stdlib.h>

#include "../../src/graph/construct.h"

enum { RANDOM_POOL = 512 };

typedef struct {
  rp_graph *g;
  uint64_t state;
  int kinks;
  rp_node_id pool[RANDOM_POOL];
  int n_pool;
} random_graph;

static inline uint32_t random_below(random_graph *r, uint32_t n) {
  r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t) (r->state >> 33) % n;
}

static inline double random_number(random_graph *r) { return (double) random_below(r, 2000001) / 1e6 - 1; }

static const int64_t random_lengths[] = {1, 1, 4, 9, 300}; /* 300: more than one block of the interpreter */

static inline rp_node_id random_const(random_graph *r, int64_t n) {
  double values[300];
  for (int64_t i = 0; i < n; i++) values[i] = random_number(r);
  return rp_data(r->g, values, n);
}

static inline void random_keep(random_graph *r, rp_node_id id) {
  if (id != RP_NONE && r->n_pool < RANDOM_POOL) r->pool[r->n_pool++] = id;
}

static inline random_graph random_graph_new(uint64_t seed, int n_params, int kinks) {
  random_graph r = {.g = rp_graph_new(), .state = seed * 7919 + 17, .kinks = kinks};
  random_keep(&r, rp_param(r.g, 0, 1));
  random_keep(&r, rp_param(r.g, 0, 4));
  random_keep(&r, rp_param(r.g, 1, 9));
  random_keep(&r, rp_gather(r.g, rp_param(r.g, 0, n_params), (int32_t[]){3, 0, 2, 2}, 4));
  random_keep(&r, rp_recycle(r.g, rp_param(r.g, 0, n_params), 300));
  random_keep(&r, random_const(&r, 9));
  random_keep(&r, random_const(&r, 300));
  return r;
}

/* A node of the pool of this length (late ones more often), made from a scalar if there is none. */
static inline rp_node_id random_pick(random_graph *r, int64_t n) {
  for (int tries = 0; tries < 40; tries++) {
    int back = (int) random_below(r, tries < 20 && r->n_pool > 12 ? 12 : (uint32_t) r->n_pool);
    rp_node_id id = r->pool[r->n_pool - 1 - back];
    if (rp_length(r->g, id) == n) return id;
  }
  return rp_broadcast(r->g, rp_mul(r->g, rp_const(r->g, 1 + random_number(r) / 4), r->pool[0]), n);
}

/* Of length n or a scalar. */
static inline rp_node_id random_operand(random_graph *r, int64_t n) {
  return random_pick(r, random_below(r, 3) == 0 ? 1 : n);
}

static inline rp_node_id random_bounded(random_graph *r, rp_node_id a) { return rp_unary(r->g, RP_OP_TANH, a); }

/* middle + half * tanh(a) */
static inline rp_node_id random_within(random_graph *r, rp_node_id a, double middle, double half) {
  return rp_add(r->g, rp_const(r->g, middle), rp_mul(r->g, rp_const(r->g, half), random_bounded(r, a)));
}

typedef struct {
  rp_op op;
  double middle, half; /* of the domain */
} random_domain;

static inline rp_node_id random_unary(random_graph *r, int64_t n) {
  static const random_domain smooth[] = {
      {RP_OP_NEG, 0, 1}, {RP_OP_EXP, 0, 1}, {RP_OP_LOG, 1.5, 1}, {RP_OP_LOG1P, 1, 1}, {RP_OP_EXPM1, 0, 1},
      {RP_OP_ABS, -3, 1}, {RP_OP_SQRT, 1.5, 1}, {RP_OP_SQUARE, 0, 1}, {RP_OP_RECIP, 1.5, 0.8}, {RP_OP_SIN, 0, 3},
      {RP_OP_COS, 0, 3}, {RP_OP_TAN, 0, 1}, {RP_OP_ASIN, 0, 0.8}, {RP_OP_ACOS, 0, 0.8}, {RP_OP_ATAN, 0, 2},
      {RP_OP_SINH, 0, 1}, {RP_OP_COSH, 0, 1}, {RP_OP_TANH, 0, 1}, {RP_OP_ASINH, 0, 2}, {RP_OP_ACOSH, 2.5, 1},
      {RP_OP_ATANH, 0, 0.8}, {RP_OP_SINPI, 0, 1}, {RP_OP_COSPI, 0, 1}, {RP_OP_TANPI, 0, 0.3},
      {RP_OP_LGAMMA, 2, 1.5}, {RP_OP_GAMMA, 2, 1.2}, {RP_OP_DIGAMMA, 2, 1.2}, {RP_OP_TRIGAMMA, 2.5, 1},
      {RP_OP_TETRAGAMMA, 3, 1}, {RP_OP_SIGMOID, 0, 3}, {RP_OP_LOG1P_EXP, 0, 3}, {RP_OP_LOG1M_EXP, -2, 1.5},
      {RP_OP_PNORM, 0, 2}, {RP_OP_LOG_PNORM, 0, 4}, {RP_OP_QNORM, 0.5, 0.4}};
  static const random_domain kinked[] = {
      {RP_OP_ABS, 0, 2}, {RP_OP_SIGN, 0, 2}, {RP_OP_FLOOR, 0, 3}, {RP_OP_CEILING, 0, 3}, {RP_OP_TRUNC, 0, 3},
      {RP_OP_ROUND, 0, 3}, {RP_OP_IS_NAN, 0, 1}, {RP_OP_NOT, 0, 1}, {RP_OP_PENTAGAMMA, 3, 1}};
  random_domain d = r->kinks && random_below(r, 4) == 0 ? kinked[random_below(r, sizeof kinked / sizeof *kinked)]
                                                         : smooth[random_below(r, sizeof smooth / sizeof *smooth)];
  return rp_unary(r->g, d.op, random_within(r, random_pick(r, n), d.middle, d.half));
}

static inline rp_node_id random_binary(random_graph *r, int64_t n) {
  rp_graph *g = r->g;
  rp_node_id a = random_operand(r, n), b = random_pick(r, n), positive = random_within(r, b, 1.5, 1);
  if (r->kinks && random_below(r, 4) == 0) {
    static const rp_op ops[] = {RP_OP_MOD, RP_OP_INT_DIV, RP_OP_LT, RP_OP_LE, RP_OP_EQ, RP_OP_NE};
    return rp_binary(g, ops[random_below(r, 6)], random_within(r, a, 0, 5), positive);
  }
  switch (random_below(r, 16)) {
  case 0: return rp_add(g, a, b);
  case 1: return rp_sub(g, a, b);
  case 2: return rp_sub(g, b, a);
  case 3: return rp_mul(g, random_bounded(r, a), random_bounded(r, b));
  case 4: return rp_div(g, a, positive);
  case 5: return rp_binary(g, RP_OP_POW, positive, random_within(r, a, 0, 2));
  case 6: return rp_binary(g, RP_OP_POW, random_bounded(r, a), rp_const(g, random_below(r, 5)));
  case 7: return rp_binary(g, RP_OP_MAX, a, rp_add(g, b, rp_const(g, 0.1)));
  case 8: return rp_binary(g, RP_OP_MIN, a, rp_sub(g, b, rp_const(g, 0.1)));
  case 9: return rp_binary(g, RP_OP_ATAN2, random_bounded(r, a), positive);
  case 10: return rp_binary(g, RP_OP_LOG_ADD_EXP, random_bounded(r, a), random_within(r, b, 0, 3));
  case 11: return rp_binary(g, RP_OP_GAMMA_P, positive, random_within(r, a, 2, 1.5));
  case 12: return rp_binary(g, RP_OP_GAMMA_Q, positive, random_within(r, a, 2, 1.5));
  case 13: return rp_binary(g, random_below(r, 2) ? RP_OP_BESSEL_I : RP_OP_BESSEL_J, positive,
                            rp_const(g, random_below(r, 3)));
  case 14: return rp_binary(g, random_below(r, 2) ? RP_OP_BESSEL_K : RP_OP_BESSEL_Y, positive,
                            rp_const(g, random_below(r, 3)));
  default: return rp_binary(g, RP_OP_GAMMA_P_INV, random_within(r, b, 0.5, 0.4), rp_const(g, 1.5 + random_number(r)));
  }
}

static inline rp_node_id random_ternary(random_graph *r, int64_t n) {
  rp_graph *g = r->g;
  rp_node_id a = random_operand(r, n), b = random_pick(r, n), c = random_operand(r, n);
  switch (random_below(r, 3)) {
  case 0: return rp_select(g, rp_binary(g, RP_OP_LT, rp_param(g, 0, 1), rp_const(g, random_number(r) < 0 ? -9 : 9)), b,
                           a);
  case 1: return rp_ternary(g, RP_OP_BETA_I, random_within(r, b, 0.5, 0.4), random_within(r, a, 2, 1),
                            random_within(r, c, 2, 1));
  default: return rp_ternary(g, RP_OP_BETA_I_INV, random_within(r, b, 0.5, 0.4), rp_const(g, 2 + random_number(r)),
                             rp_const(g, 1.5));
  }
}

static inline rp_node_id random_rearranged(random_graph *r) {
  rp_graph *g = r->g;
  int32_t index[9];
  rp_node_id a = random_pick(r, 9), four = random_pick(r, 4), long_one = random_pick(r, 300);
  switch (random_below(r, 9)) {
  case 0: return rp_slice(g, a, random_below(r, 6), 4);
  case 1: return rp_slice(g, long_one, random_below(r, 200), 9);
  case 2:
    for (int k = 0; k < 9; k++) index[k] = (int32_t) random_below(r, 300);
    return rp_gather(g, long_one, index, 9);
  case 3:
    for (int k = 0; k < 9; k++) index[k] = (int32_t) random_below(r, 9);
    return rp_scatter(g, a, index, random_below(r, 2) ? 9 : 300);
  case 4: return rp_concat(g, (rp_node_id[]){four, random_pick(r, 1), four}, 3);
  case 5: return rp_broadcast(g, random_pick(r, 1), random_lengths[random_below(r, 5)]);
  case 6: return rp_transpose(g, a, 3, 3);
  case 7: return rp_slice(g, a, random_below(r, 9), 1);
  default: { /* positions that the parameters do not move */
    rp_node_id positions = rp_add(g, random_const(r, 4), rp_mul(g, rp_const(g, 0),
                                                                rp_unary(g, RP_OP_SIN, rp_param(g, 0, 1))));
    positions = rp_unary(g, RP_OP_FLOOR, rp_add(g, rp_const(g, 4.001), rp_mul(g, rp_const(g, 3.9), positions)));
    return random_below(r, 2) ? rp_gather_at(g, a, positions) : rp_scatter_at(g, four, positions, 9);
  }
  }
}

static inline rp_node_id random_reduced(random_graph *r) {
  rp_graph *g = r->g;
  int64_t n = random_lengths[2 + random_below(r, 3)];
  rp_node_id a = random_pick(r, n), distinct;
  switch (random_below(r, r->kinks ? 7 : 6)) {
  case 0: return rp_mul(g, rp_const(g, 1.0 / (double) n), rp_sum(g, a));
  case 1: return rp_mul(g, rp_const(g, 1.0 / (double) n), rp_cumsum(g, a));
  case 2: return rp_mul(g, rp_const(g, 1.0 / (double) n), rp_cumsum_from_end(g, a));
  case 3: case 4: { /* no two elements close to each other */
    double ramp[300];
    for (int64_t i = 0; i < n; i++) ramp[i] = (double) ((i * 7) % n);
    distinct = rp_add(g, rp_data(g, ramp, n), random_within(r, a, 0, 0.3));
    return rp_mul(g, rp_const(g, 1.0 / (double) n), random_below(r, 2) ? rp_max_of(g, distinct)
                  : rp_min_of(g, distinct));
  }
  case 5: return rp_dct_of(g, random_bounded(r, a), n == 300 ? 60 : n, (int) random_below(r, 2));
  default: return rp_order(g, a);
  }
}

/* A symmetric positive definite 3 x 3 matrix with distinct eigenvalues. */
static inline rp_node_id random_definite(random_graph *r) {
  rp_node_id a = random_bounded(r, random_pick(r, 9));
  rp_node_id product = rp_matmul(r->g, a, a, 3, 3, 3, 0, 1);
  return rp_add(r->g, rp_mul(r->g, rp_const(r->g, 0.2), product),
                rp_data(r->g, (double[]){1, 0, 0, 0, 2.5, 0, 0, 0, 4.5}, 9));
}

static inline rp_node_id random_matrix(random_graph *r) {
  rp_graph *g = r->g;
  rp_node_id a = random_bounded(r, random_pick(r, 9)), b = random_pick(r, 9), s = random_definite(r);
  int flip = (int) random_below(r, 2), other = (int) random_below(r, 2);
  switch (random_below(r, 9)) {
  case 0: return rp_matmul(g, a, b, 3, 3, 3, flip, other);
  case 1: return rp_matmul(g, rp_slice(g, a, 0, 6), b, 2, 3, 3, flip, other);
  case 2: return rp_matmul(g, a, rp_slice(g, b, 2, 3), 3, 3, 1, flip, 0);
  case 3: return rp_cholesky(g, s, 3);
  case 4: return rp_tri_solve(g, s, b, 3, 3, flip, other);
  case 5: return rp_solve(g, s, b, 3, 3, flip);
  case 6: return random_below(r, 2) ? rp_log_abs_det(g, s, 3) : rp_det(g, s, 3);
  case 7: return rp_slice(g, rp_eigen_symmetric(g, s, 3), 0, 3);
  default: return rp_slice(g, rp_svd(g, s, 3, 3), 0, 3);
  }
}

/* A scan of two carries over a sequence of 9 or 300: affine, coupled, or not affine. */
static inline rp_node_id random_scan(random_graph *r) {
  rp_graph *g = r->g, *b = rp_graph_new();
  int64_t n = random_below(r, 2) ? 9 : 300;
  rp_scan_body body = {b, 2, 1, 1, malloc(2 * sizeof(rp_node_id))};
  rp_node_id x = rp_carry(b, 0), y = rp_carry(b, 1), e = rp_step(b, 0), k = rp_invariant(b, 0), half = rp_const(b, 0.5);
  rp_node_id damped = rp_mul(b, half, rp_mul(b, k, x));
  switch (random_below(r, 4)) {
  case 0: body.next[0] = rp_add(b, damped, e); break;
  case 1: body.next[0] = rp_add(b, damped, rp_mul(b, rp_mul(b, rp_const(b, 0.3), e), y)); break;
  case 2: body.next[0] = rp_add(b, rp_mul(b, half, rp_unary(b, RP_OP_TANH, rp_add(b, x, y))), e); break;
  default: body.next[0] = rp_select(b, rp_binary(b, RP_OP_LT, e, rp_const(b, -9)), e,
                                    rp_mul(b, damped, rp_unary(b, RP_OP_SIN, y)));
  }
  body.next[1] = random_below(r, 2) ? rp_add(b, rp_mul(b, rp_const(b, 0.4), y), rp_mul(b, rp_const(b, 0.3), x))
                                    : rp_add(b, y, rp_mul(b, rp_const(b, 0.01), e));
  rp_node_id sequence = random_bounded(r, random_pick(r, n)), rate = random_bounded(r, random_pick(r, 1)), states[2];
  rp_node_id initial[2] = {random_bounded(r, random_pick(r, 1)), rp_const(g, random_number(r))};
  if (rp_scan(g, body, initial, &sequence, &rate, n, states) != RP_OK) return RP_NONE;
  return rp_slice(g, states[random_below(r, 2)], random_below(r, 2), n);
}

static inline rp_node_id random_graph_build(random_graph *r, int n_operations) {
  rp_graph *g = r->g;
  for (int k = 0; k < n_operations; k++) {
    int64_t n = random_lengths[random_below(r, 5)];
    rp_node_id made;
    switch (random_below(r, 12)) {
    case 0: case 1: case 2: made = random_unary(r, n); break;
    case 3: case 4: case 5: made = random_binary(r, n); break;
    case 6: made = random_ternary(r, n); break;
    case 7: made = random_reduced(r); break;
    case 8: made = random_matrix(r); break;
    case 9: made = random_scan(r); break;
    default: made = random_rearranged(r);
    }
    random_keep(r, made);
  }
  rp_node_id total = rp_const(g, 0);
  for (int k = r->n_pool - 1; k >= 0 && k > r->n_pool - 6; k--) {
    double n = (double) rp_length(g, r->pool[k]);
    total = rp_add(g, total, rp_mul(g, rp_const(g, 1 / n), rp_sum(g, random_bounded(r, r->pool[k]))));
  }
  return total;
}

#endif
