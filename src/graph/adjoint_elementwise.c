/* Adjoints of leaves and of the elementwise operations whose derivatives are elementary. Where a function has a kink
 * the derivative is the mean of its one-sided derivatives (abs, max, min at ties); steps have derivative 0. */
#include <math.h>

#include "adjoint.h"
#include "construct.h"

static rp_node_id input(rp_reverse *r, rp_node_id node, int k) {
  return rp_graph_node(rp_reverse_graph(r), node)->in[k];
}

#define NOTHING(NAME) \
  void adjoint_##NAME(rp_reverse *r, rp_node_id node, rp_node_id seed) { (void) r, (void) node, (void) seed; }

NOTHING(CONST)
NOTHING(PARAM)
NOTHING(INPUT)
NOTHING(SITE)
NOTHING(CARRY)
NOTHING(STEP)
NOTHING(INVARIANT)

NOTHING(SIGN)
NOTHING(FLOOR)
NOTHING(CEILING)
NOTHING(TRUNC)
NOTHING(ROUND)
NOTHING(IS_NAN)
NOTHING(NOT)
NOTHING(INT_DIV)
NOTHING(LT)
NOTHING(LE)
NOTHING(EQ)
NOTHING(NE)

/* The contribution of y = f(x), with g, x, y, seed and small helpers in scope. */
#define OF_ONE(NAME, contribution)                                           \
  void adjoint_##NAME(rp_reverse *r, rp_node_id node, rp_node_id seed) {     \
    rp_graph *g = rp_reverse_graph(r);                                       \
    rp_node_id x = input(r, node, 0), y = node;                              \
    (void) x, (void) y;                                                      \
    rp_accumulate(r, x, contribution);                                       \
  }
#define NUMBER(value) rp_const(g, value)
#define UNARY(OP, a) rp_unary(g, RP_OP_##OP, a)

OF_ONE(NEG, rp_neg(g, seed))
OF_ONE(EXP, rp_mul(g, seed, y))
OF_ONE(LOG, rp_div(g, seed, x))
OF_ONE(LOG1P, rp_div(g, seed, rp_add(g, NUMBER(1), x)))
OF_ONE(EXPM1, rp_mul(g, seed, rp_add(g, NUMBER(1), y)))
OF_ONE(ABS, rp_mul(g, seed, UNARY(SIGN, x)))
OF_ONE(SQRT, rp_div(g, rp_mul(g, NUMBER(0.5), seed), y))
OF_ONE(SQUARE, rp_mul(g, rp_mul(g, NUMBER(2), seed), x))
OF_ONE(RECIP, rp_neg(g, rp_mul(g, seed, UNARY(SQUARE, y))))
OF_ONE(SIN, rp_mul(g, seed, UNARY(COS, x)))
OF_ONE(COS, rp_neg(g, rp_mul(g, seed, UNARY(SIN, x))))
OF_ONE(TAN, rp_mul(g, seed, rp_add(g, NUMBER(1), UNARY(SQUARE, y))))
OF_ONE(ASIN, rp_div(g, seed, UNARY(SQRT, rp_sub(g, NUMBER(1), UNARY(SQUARE, x)))))
OF_ONE(ACOS, rp_neg(g, rp_div(g, seed, UNARY(SQRT, rp_sub(g, NUMBER(1), UNARY(SQUARE, x))))))
OF_ONE(ATAN, rp_div(g, seed, rp_add(g, NUMBER(1), UNARY(SQUARE, x))))
OF_ONE(SINH, rp_mul(g, seed, UNARY(COSH, x)))
OF_ONE(COSH, rp_mul(g, seed, UNARY(SINH, x)))
OF_ONE(TANH, rp_mul(g, seed, rp_sub(g, NUMBER(1), UNARY(SQUARE, y))))
OF_ONE(ASINH, rp_div(g, seed, UNARY(SQRT, rp_add(g, NUMBER(1), UNARY(SQUARE, x)))))
OF_ONE(ACOSH, rp_div(g, seed, UNARY(SQRT, rp_sub(g, UNARY(SQUARE, x), NUMBER(1)))))
OF_ONE(ATANH, rp_div(g, seed, rp_sub(g, NUMBER(1), UNARY(SQUARE, x))))
OF_ONE(SINPI, rp_mul(g, rp_mul(g, NUMBER(M_PI), seed), UNARY(COSPI, x)))
OF_ONE(COSPI, rp_neg(g, rp_mul(g, rp_mul(g, NUMBER(M_PI), seed), UNARY(SINPI, x))))
OF_ONE(TANPI, rp_mul(g, rp_mul(g, NUMBER(M_PI), seed), rp_add(g, NUMBER(1), UNARY(SQUARE, y))))
OF_ONE(SIGMOID, rp_mul(g, seed, rp_mul(g, y, rp_sub(g, NUMBER(1), y))))
OF_ONE(LOG1P_EXP, rp_mul(g, seed, UNARY(SIGMOID, x)))
OF_ONE(LOG1M_EXP, rp_neg(g, rp_div(g, seed, UNARY(EXPM1, rp_neg(g, x)))))

/* The contributions of y = f(a, b); each is built only if it is wanted. */
#define OF_TWO(NAME, to_a, to_b)                                             \
  void adjoint_##NAME(rp_reverse *r, rp_node_id node, rp_node_id seed) {     \
    rp_graph *g = rp_reverse_graph(r);                                       \
    rp_node_id a = input(r, node, 0), b = input(r, node, 1), y = node;       \
    (void) g, (void) y;                                                      \
    if (rp_wanted(r, a)) rp_accumulate(r, a, to_a);                          \
    if (rp_wanted(r, b)) rp_accumulate(r, b, to_b);                          \
  }

/* seed where a < b, half of it at ties, else 0 */
static rp_node_id where_less(rp_graph *g, rp_node_id a, rp_node_id b, rp_node_id seed) {
  rp_node_id zero = rp_const(g, 0);
  rp_node_id tie = rp_select(g, rp_binary(g, RP_OP_EQ, a, b), rp_mul(g, rp_const(g, 0.5), seed), zero);
  return rp_select(g, rp_binary(g, RP_OP_LT, a, b), seed, tie);
}

/* b a^(b - 1), which is 0 where b = 0 */
static rp_node_id power_by_base(rp_graph *g, rp_node_id a, rp_node_id b) {
  rp_node_id slope = rp_mul(g, b, rp_binary(g, RP_OP_POW, a, rp_sub(g, b, rp_const(g, 1))));
  if (rp_is_const(g, b)) return slope;
  return rp_select(g, rp_binary(g, RP_OP_EQ, b, rp_const(g, 0)), rp_const(g, 0), slope);
}

/* a^b log(a), which is 0 in the limit a = 0, b > 0 */
static rp_node_id power_by_exponent(rp_graph *g, rp_node_id a, rp_node_id y) {
  rp_node_id slope = rp_mul(g, y, rp_log(g, a));
  return rp_select(g, rp_binary(g, RP_OP_EQ, y, rp_const(g, 0)), rp_const(g, 0), slope);
}

/* exp(a - log_add_exp(a, b)); one half where both are the same infinity */
static rp_node_id share(rp_graph *g, rp_node_id a, rp_node_id b) {
  return rp_select(g, rp_binary(g, RP_OP_EQ, a, b), rp_const(g, 0.5), rp_unary(g, RP_OP_SIGMOID, rp_sub(g, a, b)));
}

static rp_node_id squared_radius(rp_graph *g, rp_node_id a, rp_node_id b) {
  return rp_add(g, rp_unary(g, RP_OP_SQUARE, a), rp_unary(g, RP_OP_SQUARE, b));
}

OF_TWO(ADD, seed, seed)
OF_TWO(SUB, seed, rp_neg(g, seed))
OF_TWO(MUL, rp_mul(g, seed, b), rp_mul(g, seed, a))
OF_TWO(DIV, rp_div(g, seed, b), rp_neg(g, rp_mul(g, rp_div(g, seed, b), y)))
OF_TWO(POW, rp_mul(g, seed, power_by_base(g, a, b)), rp_mul(g, seed, power_by_exponent(g, a, y)))
OF_TWO(MAX, where_less(g, b, a, seed), where_less(g, a, b, seed))
OF_TWO(MIN, where_less(g, a, b, seed), where_less(g, b, a, seed))
OF_TWO(ATAN2, rp_mul(g, seed, rp_div(g, b, squared_radius(g, a, b))),
       rp_neg(g, rp_mul(g, seed, rp_div(g, a, squared_radius(g, a, b)))))
OF_TWO(MOD, seed, rp_neg(g, rp_mul(g, seed, rp_binary(g, RP_OP_INT_DIV, a, b))))
OF_TWO(LOG_ADD_EXP, rp_mul(g, seed, share(g, a, b)), rp_mul(g, seed, share(g, b, a)))

/* A branch is masked, except where the other one is a constant that is not finite: such guards say that the whole
 * result is not finite there, and then its derivative does not matter. */
static void mask_branch(rp_reverse *r, rp_node_id branch, rp_node_id other) {
  double value;
  int is_guard = rp_is_uniform(rp_reverse_graph(r), other, &value) && !isfinite(value);
  if (!is_guard) rp_mask(r, branch);
}

void adjoint_SELECT(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id condition = input(r, node, 0), zero = rp_const(g, 0);
  mask_branch(r, input(r, node, 1), input(r, node, 2));
  mask_branch(r, input(r, node, 2), input(r, node, 1));
  rp_accumulate(r, input(r, node, 1), rp_select(g, condition, seed, zero));
  rp_accumulate(r, input(r, node, 2), rp_select(g, condition, zero, seed));
}
