/* One-line constructors for formulas: what families and bijectors are written with. Errors are sticky as in graph.h. */
#ifndef RP_GRAPH_SHORTHAND_H
#define RP_GRAPH_SHORTHAND_H

#include <stddef.h>

#include "graph.h"

#define RP_SHORTHAND_1(function, OP) \
  static inline rp_node_id function(rp_graph *g, rp_node_id a) { return rp_unary(g, RP_OP_##OP, a); }
#define RP_SHORTHAND_2(function, OP) \
  static inline rp_node_id function(rp_graph *g, rp_node_id a, rp_node_id b) { return rp_binary(g, RP_OP_##OP, a, b); }

RP_SHORTHAND_1(rp_square, SQUARE)
RP_SHORTHAND_1(rp_sqrt, SQRT)
RP_SHORTHAND_1(rp_recip, RECIP)
RP_SHORTHAND_1(rp_abs, ABS)
RP_SHORTHAND_1(rp_log1p, LOG1P)
RP_SHORTHAND_1(rp_expm1, EXPM1)
RP_SHORTHAND_1(rp_floor, FLOOR)
RP_SHORTHAND_1(rp_lgamma, LGAMMA)
RP_SHORTHAND_1(rp_digamma, DIGAMMA)
RP_SHORTHAND_1(rp_sigmoid, SIGMOID)
RP_SHORTHAND_1(rp_log1p_exp, LOG1P_EXP)
RP_SHORTHAND_1(rp_log1m_exp, LOG1M_EXP)
RP_SHORTHAND_1(rp_pnorm, PNORM)
RP_SHORTHAND_1(rp_log_pnorm, LOG_PNORM)
RP_SHORTHAND_1(rp_qnorm, QNORM)
RP_SHORTHAND_1(rp_not, NOT)
RP_SHORTHAND_2(rp_pow, POW)
RP_SHORTHAND_2(rp_max2, MAX)
RP_SHORTHAND_2(rp_min2, MIN)
RP_SHORTHAND_2(rp_lt, LT)
RP_SHORTHAND_2(rp_le, LE)
RP_SHORTHAND_2(rp_eq, EQ)
RP_SHORTHAND_2(rp_ne, NE)
RP_SHORTHAND_2(rp_gamma_p, GAMMA_P) /* inputs x, a */
RP_SHORTHAND_2(rp_gamma_q, GAMMA_Q)

#undef RP_SHORTHAND_1
#undef RP_SHORTHAND_2

static inline rp_node_id rp_times(rp_graph *g, double factor, rp_node_id a) {
  return rp_mul(g, rp_const(g, factor), a);
}
static inline rp_node_id rp_plus(rp_graph *g, rp_node_id a, double term) {
  return rp_add(g, a, rp_const(g, term));
}
/* term - a */
static inline rp_node_id rp_minus_from(rp_graph *g, double term, rp_node_id a) {
  return rp_sub(g, rp_const(g, term), a);
}

/* Elements of a node, 0 for RP_NONE. */
static inline int64_t rp_size_of(const rp_graph *g, rp_node_id a) {
  return a == RP_NONE ? 0 : rp_graph_node(g, a)->n;
}
static inline int rp_has_op(const rp_graph *g, rp_node_id a, rp_op op) {
  return a != RP_NONE && rp_graph_node(g, a)->op == op;
}
/* The scalar that a vector repeats, or the node itself. */
static inline rp_node_id rp_unrepeated(const rp_graph *g, rp_node_id a) {
  return rp_has_op(g, a, RP_OP_BROADCAST) ? rp_graph_node(g, a)->in[0] : a;
}
/* Values of a constant, NULL for any other node; valid until the next constructor call. */
static inline const double *rp_values_of(const rp_graph *g, rp_node_id a) {
  if (!rp_has_op(g, a, RP_OP_CONST)) return NULL;
  const rp_node *node = rp_graph_node(g, a);
  return node->n == 1 ? &node->value : node->data;
}
/* A constant all of whose elements are this value. */
static inline int rp_is_all(const rp_graph *g, rp_node_id a, double value) {
  a = rp_unrepeated(g, a);
  const double *values = rp_values_of(g, a);
  if (!values) return 0;
  for (int64_t i = 0, n = rp_size_of(g, a); i < n; i++)
    if (!(values[i] == value)) return 0;
  return 1;
}

#endif
