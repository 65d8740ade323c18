/* Interval arithmetic along the graph, as far as a few nodes back: enough to see that exp(x), a sum of squares or a
 * sigmoid cannot be negative. Values that are NaN count as inside. */
#include <math.h>

#include "construct.h"

enum { DEPTH = 8 };

static const rp_range anything = {-HUGE_VAL, HUGE_VAL};

static rp_range range_at(const rp_graph *g, rp_node_id id, int depth);

static rp_range of_const(const rp_node *node) {
  rp_range r = {HUGE_VAL, -HUGE_VAL};
  for (int64_t i = 0; i < node->n; i++) {
    r.lower = fmin(r.lower, rp_const_values(node)[i]);
    r.upper = fmax(r.upper, rp_const_values(node)[i]);
  }
  return r;
}

/* 0 times infinity is a bound of 0: the product of the other ends decides. */
static double product(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

static rp_range of_product(rp_range a, rp_range b) {
  double p[] = {product(a.lower, b.lower), product(a.lower, b.upper), product(a.upper, b.lower),
                product(a.upper, b.upper)};
  return (rp_range){fmin(fmin(p[0], p[1]), fmin(p[2], p[3])), fmax(fmax(p[0], p[1]), fmax(p[2], p[3]))};
}

static rp_range of_quotient(rp_range a, rp_range b) {
  if (b.lower < 0) return anything;
  return of_product(a, (rp_range){b.upper == HUGE_VAL ? 0 : 1 / b.upper, b.lower == 0 ? HUGE_VAL : 1 / b.lower});
}

static rp_range of_power(rp_range a, rp_range b) {
  int even = b.lower == b.upper && fmod(b.lower, 2) == 0;
  return a.lower >= 0 || even ? (rp_range){0, HUGE_VAL} : anything;
}

static rp_range hull(rp_range a, rp_range b) {
  return (rp_range){fmin(a.lower, b.lower), fmax(a.upper, b.upper)};
}

/* sum of n numbers that each lie in a */
static rp_range of_sum(rp_range a, int64_t n) {
  return (rp_range){product(a.lower, (double) n), product(a.upper, (double) n)};
}

static rp_range of_op(const rp_graph *g, const rp_node *node, const rp_range *in, int depth) {
  const rp_range a = in[0], b = in[1];
  switch (node->op) {
  case RP_OP_EXP:
  case RP_OP_LOG1P_EXP:
  case RP_OP_SQUARE:
  case RP_OP_SQRT:
  case RP_OP_COSH:
  case RP_OP_ACOS:
  case RP_OP_ACOSH:
    return (rp_range){0, HUGE_VAL};
  case RP_OP_ABS:
    return (rp_range){fmax(0, fmax(a.lower, -a.upper)), fmax(fabs(a.lower), fabs(a.upper))};
  case RP_OP_SIGMOID:
  case RP_OP_PNORM:
  case RP_OP_GAMMA_P:
  case RP_OP_GAMMA_Q:
  case RP_OP_BETA_I:
  case RP_OP_LT:
  case RP_OP_LE:
  case RP_OP_EQ:
  case RP_OP_NE:
  case RP_OP_NOT:
    return (rp_range){0, 1};
  case RP_OP_TANH:
  case RP_OP_SIN:
  case RP_OP_COS:
    return (rp_range){-1, 1};
  case RP_OP_EXPM1:
    return (rp_range){a.lower >= 0 ? 0 : -1, a.upper <= 0 ? 0 : HUGE_VAL};
  case RP_OP_LOG1P:
    return (rp_range){a.lower >= 0 ? 0 : -HUGE_VAL, HUGE_VAL};
  case RP_OP_NEG:
    return (rp_range){-a.upper, -a.lower};
  case RP_OP_RECIP:
    return of_quotient((rp_range){1, 1}, a);
  case RP_OP_ADD:
    return (rp_range){a.lower + b.lower, a.upper + b.upper};
  case RP_OP_SUB:
    return (rp_range){a.lower - b.upper, a.upper - b.lower};
  case RP_OP_MUL:
    return node->in[0] == node->in[1] ? (rp_range){0, HUGE_VAL} : of_product(a, b);
  case RP_OP_DIV:
    return of_quotient(a, b);
  case RP_OP_POW:
    return of_power(a, b);
  case RP_OP_MAX:
    return (rp_range){fmax(a.lower, b.lower), fmax(a.upper, b.upper)};
  case RP_OP_MIN:
    return (rp_range){fmin(a.lower, b.lower), fmin(a.upper, b.upper)};
  case RP_OP_SELECT:
    return hull(b, range_at(g, node->in[2], depth));
  case RP_OP_SUM:
    return of_sum(a, rp_graph_node(g, node->in[0])->n);
  case RP_OP_CUMSUM:
    return hull(a, of_sum(a, node->n));
  case RP_OP_SCATTER:
    return a.lower >= 0 ? (rp_range){0, HUGE_VAL} : anything;
  case RP_OP_MAX_OF:
  case RP_OP_MIN_OF:
  case RP_OP_SLICE:
  case RP_OP_GATHER:
  case RP_OP_GATHER_AT:
  case RP_OP_BROADCAST:
    return a;
  default:
    return anything;
  }
}

static rp_range range_at(const rp_graph *g, rp_node_id id, int depth) {
  const rp_node *node = rp_graph_node(g, id);
  if (node->op == RP_OP_CONST) return of_const(node);
  if (depth == 0 || node->n_in == 0) return anything;
  if (node->op == RP_OP_CONCAT || node->op == RP_OP_MATMUL) {
    rp_range all = range_at(g, node->in[0], depth - 1);
    for (int32_t k = 1; k < node->n_in; k++) all = hull(all, range_at(g, node->in[k], depth - 1));
    if (node->op == RP_OP_CONCAT) return all;
    return all.lower >= 0 ? (rp_range){0, HUGE_VAL} : anything;
  }
  rp_range in[2] = {anything, anything};
  for (int32_t k = 0; k < node->n_in && k < 2; k++) in[k] = range_at(g, node->in[k], depth - 1);
  rp_range r = of_op(g, node, in, depth - 1);
  return isnan(r.lower) || isnan(r.upper) ? anything : r;
}

rp_range rp_range_of(const rp_graph *g, rp_node_id id) { return range_at(g, id, DEPTH); }

int rp_is_nonnegative(const rp_graph *g, rp_node_id id) { return id != RP_NONE && rp_range_of(g, id).lower >= 0; }
