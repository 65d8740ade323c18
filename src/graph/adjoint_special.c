/* Adjoints of special functions.
 *
 * Shapes of the incomplete gamma and beta functions have operations of their own for the first derivative
 * (GAMMA_P_DA, BETA_I_DA, BETA_I_DB), which have none in turn; those of their inverses follow from the implicit
 * function theorem. Orders of Bessel functions have no derivative. */
#include "../core/constants.h"
#include "adjoint.h"
#include "construct.h"

static rp_node_id input(rp_reverse *r, rp_node_id node, int k) {
  return rp_graph_node(rp_reverse_graph(r), node)->in[k];
}

#define UNARY(OP, a) rp_unary(g, RP_OP_##OP, a)
#define BINARY(OP, a, b) rp_binary(g, RP_OP_##OP, a, b)
#define TERNARY(OP, a, b, c) rp_ternary(g, RP_OP_##OP, a, b, c)
#define NUMBER(value) rp_const(g, value)

/* The contribution of y = f(x), with g, x, y and seed in scope. */
#define OF_ONE(NAME, contribution)                                           \
  void adjoint_##NAME(rp_reverse *r, rp_node_id node, rp_node_id seed) {     \
    rp_graph *g = rp_reverse_graph(r);                                       \
    rp_node_id x = input(r, node, 0), y = node;                              \
    (void) y;                                                                \
    rp_accumulate(r, x, contribution);                                       \
  }

/* ---- gamma and polygamma ---- */

OF_ONE(LGAMMA, rp_mul(g, seed, UNARY(DIGAMMA, x)))
OF_ONE(GAMMA, rp_mul(g, rp_mul(g, seed, y), UNARY(DIGAMMA, x)))
OF_ONE(DIGAMMA, rp_mul(g, seed, UNARY(TRIGAMMA, x)))
OF_ONE(TRIGAMMA, rp_mul(g, seed, UNARY(TETRAGAMMA, x)))
OF_ONE(TETRAGAMMA, rp_mul(g, seed, UNARY(PENTAGAMMA, x)))

void adjoint_PENTAGAMMA(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  (void) seed;
  rp_no_derivative(r, input(r, node, 0), "psigamma() beyond the third derivative of digamma()");
}

/* ---- normal ---- */

static const double INV_SQRT_2PI = 0.398942280401432677940;

static rp_node_id half_square(rp_graph *g, rp_node_id x) { return rp_mul(g, NUMBER(0.5), UNARY(SQUARE, x)); }

/* exp(log density of the normal at x, less y) */
static rp_node_id normal_density_over(rp_graph *g, rp_node_id x, rp_node_id y) {
  return rp_exp(g, rp_neg(g, rp_add(g, rp_add(g, half_square(g, x), NUMBER(RP_LOG_SQRT_2PI)), y)));
}

OF_ONE(PNORM, rp_mul(g, seed, rp_mul(g, NUMBER(INV_SQRT_2PI), rp_exp(g, rp_neg(g, half_square(g, x))))))
OF_ONE(LOG_PNORM, rp_mul(g, seed, normal_density_over(g, x, y)))
OF_ONE(QNORM, rp_mul(g, seed, rp_mul(g, NUMBER(1 / INV_SQRT_2PI), rp_exp(g, half_square(g, y)))))

/* ---- incomplete gamma: inputs x (or p), a ---- */

/* Density of the gamma distribution with rate 1. */
static rp_node_id gamma_density(rp_graph *g, rp_node_id x, rp_node_id a) {
  rp_node_id power = rp_mul(g, rp_sub(g, a, NUMBER(1)), rp_log(g, x));
  return rp_exp(g, rp_sub(g, rp_sub(g, power, x), UNARY(LGAMMA, a)));
}

static void adjoint_of_gamma_p(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id x = input(r, node, 0), a = input(r, node, 1);
  if (rp_wanted(r, x)) rp_accumulate(r, x, rp_mul(g, seed, gamma_density(g, x, a)));
  if (rp_wanted(r, a)) rp_accumulate(r, a, rp_mul(g, seed, BINARY(GAMMA_P_DA, x, a)));
}

void adjoint_GAMMA_P(rp_reverse *r, rp_node_id node, rp_node_id seed) { adjoint_of_gamma_p(r, node, seed); }

void adjoint_GAMMA_Q(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  adjoint_of_gamma_p(r, node, rp_neg(rp_reverse_graph(r), seed));
}

/* d/dx of dP/da is d/da of the density. */
void adjoint_GAMMA_P_DA(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id x = input(r, node, 0), a = input(r, node, 1);
  if (rp_wanted(r, x)) {
    rp_node_id score = rp_sub(g, rp_log(g, x), UNARY(DIGAMMA, a));
    rp_accumulate(r, x, rp_mul(g, rp_mul(g, seed, gamma_density(g, x, a)), score));
  }
  rp_no_derivative(r, a, "a gamma probability, twice in its shape,");
}

void adjoint_GAMMA_P_INV(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id p = input(r, node, 0), a = input(r, node, 1);
  rp_node_id share = rp_div(g, seed, gamma_density(g, node, a));
  rp_accumulate(r, p, share);
  if (rp_wanted(r, a)) rp_accumulate(r, a, rp_neg(g, rp_mul(g, share, BINARY(GAMMA_P_DA, node, a))));
}

/* ---- incomplete beta: inputs x (or p), a, b ---- */

static rp_node_id beta_density(rp_graph *g, rp_node_id x, rp_node_id a, rp_node_id b) {
  rp_node_id left = rp_mul(g, rp_sub(g, a, NUMBER(1)), rp_log(g, x));
  rp_node_id right = rp_mul(g, rp_sub(g, b, NUMBER(1)), UNARY(LOG1P, rp_neg(g, x)));
  rp_node_id log_beta = rp_sub(g, rp_add(g, UNARY(LGAMMA, a), UNARY(LGAMMA, b)), UNARY(LGAMMA, rp_add(g, a, b)));
  return rp_exp(g, rp_sub(g, rp_add(g, left, right), log_beta));
}

void adjoint_BETA_I(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id x = input(r, node, 0), a = input(r, node, 1), b = input(r, node, 2);
  if (rp_wanted(r, x)) rp_accumulate(r, x, rp_mul(g, seed, beta_density(g, x, a, b)));
  if (rp_wanted(r, a)) rp_accumulate(r, a, rp_mul(g, seed, TERNARY(BETA_I_DA, x, a, b)));
  if (rp_wanted(r, b)) rp_accumulate(r, b, rp_mul(g, seed, TERNARY(BETA_I_DB, x, a, b)));
}

/* d/dx of dI/da (or dI/db) is the density times its score in that shape. */
static void adjoint_of_shape_slope(rp_reverse *r, rp_node_id node, rp_node_id seed, int in_a) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id x = input(r, node, 0), a = input(r, node, 1), b = input(r, node, 2);
  if (rp_wanted(r, x)) {
    rp_node_id logarithm = in_a ? rp_log(g, x) : UNARY(LOG1P, rp_neg(g, x));
    rp_node_id centre = rp_sub(g, UNARY(DIGAMMA, in_a ? a : b), UNARY(DIGAMMA, rp_add(g, a, b)));
    rp_accumulate(r, x, rp_mul(g, rp_mul(g, seed, beta_density(g, x, a, b)), rp_sub(g, logarithm, centre)));
  }
  rp_no_derivative(r, a, "a beta probability, twice in its shapes,");
  rp_no_derivative(r, b, "a beta probability, twice in its shapes,");
}

void adjoint_BETA_I_DA(rp_reverse *r, rp_node_id node, rp_node_id seed) { adjoint_of_shape_slope(r, node, seed, 1); }
void adjoint_BETA_I_DB(rp_reverse *r, rp_node_id node, rp_node_id seed) { adjoint_of_shape_slope(r, node, seed, 0); }

void adjoint_BETA_I_INV(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id p = input(r, node, 0), a = input(r, node, 1), b = input(r, node, 2);
  rp_node_id share = rp_div(g, seed, beta_density(g, node, a, b));
  rp_accumulate(r, p, share);
  if (rp_wanted(r, a)) rp_accumulate(r, a, rp_neg(g, rp_mul(g, share, TERNARY(BETA_I_DA, node, a, b))));
  if (rp_wanted(r, b)) rp_accumulate(r, b, rp_neg(g, rp_mul(g, share, TERNARY(BETA_I_DB, node, a, b))));
}

/* ---- Bessel functions: inputs x, order (DLMF 10.6.1, 10.29.1) ---- */

/* factor * (f of order - 1 + sign * f of order + 1), which has no singular term at x = 0 */
static void adjoint_of_bessel(rp_reverse *r, rp_node_id node, rp_node_id seed, double factor, double sign,
                              const char *name) {
  rp_graph *g = rp_reverse_graph(r);
  rp_op op = rp_graph_node(g, node)->op;
  rp_node_id x = input(r, node, 0), order = input(r, node, 1);
  rp_no_derivative(r, order, name);
  if (!rp_wanted(r, x)) return;
  rp_node_id below = rp_binary(g, op, x, rp_sub(g, order, NUMBER(1)));
  rp_node_id above = rp_binary(g, op, x, rp_add(g, order, NUMBER(1)));
  rp_node_id slope = rp_mul(g, NUMBER(factor), sign > 0 ? rp_add(g, below, above) : rp_sub(g, below, above));
  rp_accumulate(r, x, rp_mul(g, seed, slope));
}

void adjoint_BESSEL_I(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  adjoint_of_bessel(r, node, seed, 0.5, 1, "besselI() in its order");
}
void adjoint_BESSEL_K(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  adjoint_of_bessel(r, node, seed, -0.5, 1, "besselK() in its order");
}
void adjoint_BESSEL_J(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  adjoint_of_bessel(r, node, seed, 0.5, -1, "besselJ() in its order");
}
void adjoint_BESSEL_Y(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  adjoint_of_bessel(r, node, seed, 0.5, -1, "besselY() in its order");
}

/* ---- stable laws: inputs x, stability, skew ---- */

void adjoint_STABLE_LOG_DENSITY(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id x = input(r, node, 0), alpha = input(r, node, 1), beta = input(r, node, 2);
  if (rp_wanted(r, x)) rp_accumulate(r, x, rp_mul(g, seed, TERNARY(STABLE_DX, x, alpha, beta)));
  if (rp_wanted(r, alpha)) rp_accumulate(r, alpha, rp_mul(g, seed, TERNARY(STABLE_DALPHA, x, alpha, beta)));
  if (rp_wanted(r, beta)) rp_accumulate(r, beta, rp_mul(g, seed, TERNARY(STABLE_DBETA, x, alpha, beta)));
}

static void adjoint_of_stable_slope(rp_reverse *r, rp_node_id node) {
  for (int32_t k = 0; k < 3; k++) rp_no_derivative(r, input(r, node, k), "a stable density, twice,");
}
void adjoint_STABLE_DX(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  (void) seed;
  adjoint_of_stable_slope(r, node);
}
void adjoint_STABLE_DALPHA(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  (void) seed;
  adjoint_of_stable_slope(r, node);
}
void adjoint_STABLE_DBETA(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  (void) seed;
  adjoint_of_stable_slope(r, node);
}

void adjoint_STABLE_LOG_CDF(rp_reverse *r, rp_node_id node, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_node_id x = input(r, node, 0), alpha = input(r, node, 1), beta = input(r, node, 2);
  if (rp_wanted(r, x)) {
    rp_node_id log_slope = rp_sub(g, TERNARY(STABLE_LOG_DENSITY, x, alpha, beta), node);
    rp_accumulate(r, x, rp_mul(g, seed, rp_exp(g, log_slope)));
  }
  rp_no_derivative(r, alpha, "a stable probability in its stability");
  rp_no_derivative(r, beta, "a stable probability in its skew");
}
