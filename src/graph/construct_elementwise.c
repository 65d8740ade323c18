/* Constructors of elementwise operations.
 *
 * Each call first strips what is the same for every element (a broadcast scalar, a constant vector of equal elements)
 * so that work on scalars stays scalar, then tries the rules below, then adds the node. Rules keep IEEE values except
 * for rounding, for the sign of zero, and where the left side overflows although the right one does not (log(exp(x))
 * is x). In particular 0 * x stays a product, because x may be infinite or NaN; what may be dropped is an adjoint
 * that is the constant 0 (reverse.c). */
#include <math.h>
#include <stddef.h>

#include "construct.h"
#include "ops.h"

static const rp_node *node_of(const rp_graph *g, rp_node_id id) { return rp_graph_node(g, id); }
static rp_op op_of(const rp_graph *g, rp_node_id id) { return rp_graph_node(g, id)->op; }
static rp_node_id input_of(const rp_graph *g, rp_node_id id, int k) { return rp_graph_node(g, id)->in[k]; }
static int is_scalar(const rp_graph *g, rp_node_id id) { return rp_graph_node(g, id)->n == 1; }
/* A constant that may take up a sign; vectors of data are not kept twice for that. */
static int is_number(const rp_graph *g, rp_node_id id) { return is_scalar(g, id) && rp_is_const(g, id); }

static rp_node_id simplify_unary(rp_graph *g, rp_op op, rp_node_id a);
static rp_node_id simplify_add(rp_graph *g, rp_node_id a, rp_node_id b);
static rp_node_id simplify_sub(rp_graph *g, rp_node_id a, rp_node_id b);
static rp_node_id simplify_mul(rp_graph *g, rp_node_id a, rp_node_id b);
static rp_node_id simplify_div(rp_graph *g, rp_node_id a, rp_node_id b);
static rp_node_id simplify_pow(rp_graph *g, rp_node_id a, rp_node_id b);
static rp_node_id make(rp_graph *g, rp_op op, const rp_node_id *in, int n_in);

/* ---- lengths and stripping ---- */

/* The common length of inputs that are scalars or agree; -1 (recorded) when they do not. */
static int64_t common_length(rp_graph *g, rp_op op, const rp_node_id *in, int n_in) {
  int64_t n = 1;
  for (int k = 0; k < n_in; k++) {
    int64_t length = node_of(g, in[k])->n;
    if (length == 1 || length == n) continue;
    if (n != 1) {
      rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "lengths %lld and %lld do not agree in %s", (long long) n,
              (long long) length, rp_op_name(op));
      return -1;
    }
    n = length;
  }
  return n;
}

/* The scalar that a vector repeats, or the node itself. */
static rp_node_id strip(rp_graph *g, rp_node_id a) {
  const rp_node *node = node_of(g, a);
  double value;
  if (node->n < 2) return a;
  if (node->op == RP_OP_BROADCAST) return node->in[0];
  if (rp_is_uniform(g, a, &value)) return rp_const(g, value);
  return a;
}

static rp_node_id elementwise(rp_graph *g, rp_op op, const rp_node_id *inputs, int n_in) {
  rp_node_id in[3] = {RP_NONE, RP_NONE, RP_NONE};
  if (!rp_op_is_elementwise(op) || rp_op_arity(op) != n_in) {
    rp_fail(rp_graph_status(g), RP_BAD_ARGUMENT, NULL, "%s does not take %d inputs elementwise", rp_op_name(op), n_in);
    return RP_NONE;
  }
  for (int k = 0; k < n_in; k++) {
    if (inputs[k] == RP_NONE) return RP_NONE;
  }
  int64_t n = common_length(g, op, inputs, n_in);
  if (n < 0) return RP_NONE;
  for (int k = 0; k < n_in; k++) {
    in[k] = n < 2 ? inputs[k] : strip(g, inputs[k]);
    if (in[k] == RP_NONE) return RP_NONE;
  }
  return rp_broadcast(g, make(g, op, in, n_in), n);
}

/* Scalars first, then constants, then older nodes: so that b * a is found to be a * b. */
static int comes_before(const rp_graph *g, rp_node_id a, rp_node_id b) {
  if (is_scalar(g, a) != is_scalar(g, b)) return is_scalar(g, a);
  if (rp_is_const(g, a) != rp_is_const(g, b)) return rp_is_const(g, a);
  return a < b;
}

/* Applies the rules; the result may be a scalar where the inputs were stripped. */
static rp_node_id make(rp_graph *g, rp_op op, const rp_node_id *in, int n_in) {
  int64_t n = common_length(g, op, in, n_in);
  int constant = 1;
  for (int k = 0; k < n_in; k++) constant = constant && rp_is_const(g, in[k]);
  rp_node_id simple = RP_NONE;
  if (!constant && !rp_graph_is_literal(g)) {
    switch (op) {
    case RP_OP_ADD: simple = simplify_add(g, in[0], in[1]); break;
    case RP_OP_SUB: simple = simplify_sub(g, in[0], in[1]); break;
    case RP_OP_MUL: simple = simplify_mul(g, in[0], in[1]); break;
    case RP_OP_DIV: simple = simplify_div(g, in[0], in[1]); break;
    case RP_OP_POW: simple = simplify_pow(g, in[0], in[1]); break;
    case RP_OP_MAX: case RP_OP_MIN: simple = in[0] == in[1] ? in[0] : RP_NONE; break;
    case RP_OP_SELECT:
      if (rp_is_value(g, in[0], 0)) simple = in[2];
      else if (rp_is_value(g, in[0], 1)) simple = in[1];
      break;
    default:
      if (n_in == 1) simple = simplify_unary(g, op, in[0]);
    }
  }
  if (simple != RP_NONE) return rp_broadcast(g, simple, n);
  rp_node_id ordered[3] = {in[0], n_in > 1 ? in[1] : RP_NONE, n_in > 2 ? in[2] : RP_NONE};
  if (rp_op_is_commutative(op) && comes_before(g, in[1], in[0])) {
    ordered[0] = in[1];
    ordered[1] = in[0];
  }
  return rp_intern(g, &(rp_node){.op = op, .n = n, .in = ordered, .n_in = n_in});
}

/* ---- public ---- */

rp_node_id rp_unary(rp_graph *g, rp_op op, rp_node_id a) { return elementwise(g, op, &a, 1); }

rp_node_id rp_binary(rp_graph *g, rp_op op, rp_node_id a, rp_node_id b) {
  return elementwise(g, op, (rp_node_id[]){a, b}, 2);
}

rp_node_id rp_ternary(rp_graph *g, rp_op op, rp_node_id a, rp_node_id b, rp_node_id c) {
  return elementwise(g, op, (rp_node_id[]){a, b, c}, 3);
}

rp_node_id rp_add(rp_graph *g, rp_node_id a, rp_node_id b) { return rp_binary(g, RP_OP_ADD, a, b); }
rp_node_id rp_sub(rp_graph *g, rp_node_id a, rp_node_id b) { return rp_binary(g, RP_OP_SUB, a, b); }
rp_node_id rp_mul(rp_graph *g, rp_node_id a, rp_node_id b) { return rp_binary(g, RP_OP_MUL, a, b); }
rp_node_id rp_div(rp_graph *g, rp_node_id a, rp_node_id b) { return rp_binary(g, RP_OP_DIV, a, b); }
rp_node_id rp_neg(rp_graph *g, rp_node_id a) { return rp_unary(g, RP_OP_NEG, a); }
rp_node_id rp_exp(rp_graph *g, rp_node_id a) { return rp_unary(g, RP_OP_EXP, a); }
rp_node_id rp_log(rp_graph *g, rp_node_id a) { return rp_unary(g, RP_OP_LOG, a); }

rp_node_id rp_select(rp_graph *g, rp_node_id condition, rp_node_id yes, rp_node_id no) {
  return rp_ternary(g, RP_OP_SELECT, condition, yes, no);
}

/* ---- rules: each returns RP_NONE when it has nothing better ---- */

static rp_node_id simplify_unary(rp_graph *g, rp_op op, rp_node_id a) {
  rp_op inner = op_of(g, a);
  rp_node_id x = node_of(g, a)->n_in > 0 ? input_of(g, a, 0) : RP_NONE;
  switch (op) {
  case RP_OP_NEG:
    if (inner == RP_OP_NEG) return x;
    if (inner == RP_OP_SUB) return rp_sub(g, input_of(g, a, 1), x);
    if (inner == RP_OP_MUL && is_number(g, x)) return rp_mul(g, rp_neg(g, x), input_of(g, a, 1));
    return RP_NONE;
  case RP_OP_LOG:
    if (inner == RP_OP_EXP) return x;
    if (inner == RP_OP_RECIP) return rp_neg(g, rp_log(g, x));
    if (inner == RP_OP_SIGMOID) return rp_neg(g, rp_unary(g, RP_OP_LOG1P_EXP, rp_neg(g, x)));
    if (inner == RP_OP_PNORM) return rp_unary(g, RP_OP_LOG_PNORM, x);
    if (inner == RP_OP_ADD && rp_is_value(g, x, 1) && op_of(g, input_of(g, a, 1)) == RP_OP_EXP) {
      return rp_unary(g, RP_OP_LOG1P_EXP, input_of(g, input_of(g, a, 1), 0));
    }
    return RP_NONE;
  case RP_OP_LOG1P:
    if (inner == RP_OP_EXPM1) return x;
    if (inner == RP_OP_EXP) return rp_unary(g, RP_OP_LOG1P_EXP, x);
    return RP_NONE;
  case RP_OP_EXP: return inner == RP_OP_LOG && rp_is_nonnegative(g, x) ? x : RP_NONE;
  case RP_OP_ABS:
    if (rp_is_nonnegative(g, a)) return a;
    return inner == RP_OP_NEG ? rp_unary(g, op, x) : RP_NONE;
  case RP_OP_SQUARE:
    if (inner == RP_OP_SQRT && rp_is_nonnegative(g, x)) return x;
    return inner == RP_OP_NEG || inner == RP_OP_ABS ? rp_unary(g, op, x) : RP_NONE;
  case RP_OP_SQRT: return inner == RP_OP_SQUARE ? rp_unary(g, RP_OP_ABS, x) : RP_NONE;
  case RP_OP_COS: case RP_OP_COSH: return inner == RP_OP_NEG ? rp_unary(g, op, x) : RP_NONE;
  default: return RP_NONE;
  }
}

/* s + (t + v) as (s + t) + v for scalars s, t and a vector v. */
static rp_node_id scalars_first(rp_graph *g, rp_op op, rp_node_id a, rp_node_id b) {
  if (!is_scalar(g, a) || is_scalar(g, b) || op_of(g, b) != op || !is_scalar(g, input_of(g, b, 0))) return RP_NONE;
  return rp_binary(g, op, rp_binary(g, op, a, input_of(g, b, 0)), input_of(g, b, 1));
}

static rp_node_id simplify_add(rp_graph *g, rp_node_id a, rp_node_id b) {
  if (rp_is_value(g, a, 0)) return b;
  if (rp_is_value(g, b, 0)) return a;
  if (op_of(g, b) == RP_OP_NEG) return rp_sub(g, a, input_of(g, b, 0));
  if (op_of(g, a) == RP_OP_NEG) return rp_sub(g, b, input_of(g, a, 0));
  rp_node_id better = scalars_first(g, RP_OP_ADD, a, b);
  return better != RP_NONE ? better : scalars_first(g, RP_OP_ADD, b, a);
}

static rp_node_id simplify_sub(rp_graph *g, rp_node_id a, rp_node_id b) {
  if (rp_is_value(g, b, 0)) return a;
  if (rp_is_value(g, a, 0)) return rp_neg(g, b);
  if (op_of(g, b) == RP_OP_NEG) return rp_add(g, a, input_of(g, b, 0));
  if (op_of(g, a) == RP_OP_NEG) return rp_neg(g, rp_add(g, input_of(g, a, 0), b));
  if (is_scalar(g, b) && !is_scalar(g, a) && op_of(g, a) == RP_OP_ADD && is_scalar(g, input_of(g, a, 0))) {
    return rp_add(g, rp_sub(g, input_of(g, a, 0), b), input_of(g, a, 1));
  }
  return RP_NONE;
}

/* One order of the factors of a product; the caller tries both. */
static rp_node_id simplify_factor(rp_graph *g, rp_node_id a, rp_node_id b) {
  if (rp_is_value(g, a, 1)) return b;
  if (rp_is_value(g, a, -1)) return rp_neg(g, b);
  if (op_of(g, a) == RP_OP_NEG) {
    rp_node_id x = input_of(g, a, 0);
    if (op_of(g, b) == RP_OP_NEG) return rp_mul(g, x, input_of(g, b, 0));
    if (is_scalar(g, b) && !is_scalar(g, a)) return rp_mul(g, rp_neg(g, b), x);
    if (is_scalar(g, a) == is_scalar(g, b)) {
      return is_number(g, b) ? rp_mul(g, rp_neg(g, b), x) : rp_neg(g, rp_mul(g, x, b));
    }
  }
  if (op_of(g, b) == RP_OP_MUL && rp_is_const(g, a) && rp_is_const(g, input_of(g, b, 0)) &&
      (is_scalar(g, a) || !is_scalar(g, input_of(g, b, 0)))) {
    return rp_mul(g, rp_mul(g, a, input_of(g, b, 0)), input_of(g, b, 1));
  }
  return scalars_first(g, RP_OP_MUL, a, b);
}

static rp_node_id simplify_mul(rp_graph *g, rp_node_id a, rp_node_id b) {
  if (a == b) return rp_unary(g, RP_OP_SQUARE, a);
  rp_node_id better = simplify_factor(g, a, b);
  return better != RP_NONE ? better : simplify_factor(g, b, a);
}

static int reciprocals_are_normal(const rp_node *node) {
  int normal = 1;
  for (int64_t i = 0; normal && i < node->n; i++) normal = isnormal(1 / rp_const_values(node)[i]);
  return normal;
}

static rp_node_id simplify_div(rp_graph *g, rp_node_id a, rp_node_id b) {
  double divisor;
  if (rp_is_value(g, b, 1)) return a;
  if (rp_is_value(g, b, -1)) return rp_neg(g, a);
  if (rp_is_value(g, a, 1)) return rp_unary(g, RP_OP_RECIP, b);
  if (rp_is_value(g, a, -1)) return rp_neg(g, rp_unary(g, RP_OP_RECIP, b));
  if (op_of(g, a) == RP_OP_NEG && op_of(g, b) == RP_OP_NEG) return rp_div(g, input_of(g, a, 0), input_of(g, b, 0));
  if (is_scalar(g, b) && !is_scalar(g, a)) {
    /* a constant whose reciprocal overflows or is denormal keeps its division */
    int safe = !rp_is_uniform(g, b, &divisor) || isnormal(1 / divisor);
    return safe ? rp_mul(g, rp_unary(g, RP_OP_RECIP, b), a) : RP_NONE;
  }
  if (rp_is_const(g, b) && !is_scalar(g, b) && reciprocals_are_normal(node_of(g, b))) {
    return rp_mul(g, rp_unary(g, RP_OP_RECIP, b), a);
  }
  if (op_of(g, a) == RP_OP_NEG && !is_scalar(g, a)) return rp_neg(g, rp_div(g, input_of(g, a, 0), b));
  if (rp_is_uniform(g, b, &divisor) && op_of(g, a) == RP_OP_MUL && rp_is_const(g, input_of(g, a, 0)) &&
      isnormal(1 / divisor)) {
    return rp_mul(g, rp_div(g, input_of(g, a, 0), b), input_of(g, a, 1));
  }
  return RP_NONE;
}

static rp_node_id simplify_pow(rp_graph *g, rp_node_id a, rp_node_id b) {
  if (rp_is_value(g, b, 1)) return a;
  if (rp_is_value(g, b, 0)) return rp_const(g, 1); /* also for NaN, as in R */
  if (rp_is_value(g, a, 1)) return rp_const(g, 1);
  if (rp_is_value(g, b, 2)) return rp_unary(g, RP_OP_SQUARE, a);
  if (rp_is_value(g, b, 3)) return rp_mul(g, a, rp_unary(g, RP_OP_SQUARE, a));
  if (rp_is_value(g, b, 4)) return rp_unary(g, RP_OP_SQUARE, rp_unary(g, RP_OP_SQUARE, a));
  if (rp_is_value(g, b, -1)) return rp_unary(g, RP_OP_RECIP, a);
  if (rp_is_value(g, b, -2)) return rp_unary(g, RP_OP_RECIP, rp_unary(g, RP_OP_SQUARE, a));
  return RP_NONE;
}
