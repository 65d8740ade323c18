/* What families share: heads of their functions, pieces of densities that stay finite at the edges, exact samplers.
 *
 * Nodes go to the graph that is given, whose status takes failures; nothing is owned. */
#ifndef RP_DIST_TERMS_H
#define RP_DIST_TERMS_H

#include "../bij/events.h"
#include "../graph/shorthand.h"
#include "family.h"

/* Heads of the functions of a family: a are its arguments, x the value, r the random stream. */
#define RP_DENSITY(name)                                                                                  \
  static rp_node_id name(RP_UNUSED rp_graph *g, RP_UNUSED rp_node_id x, RP_UNUSED const rp_node_id *a,    \
                         RP_UNUSED int64_t n_events, RP_UNUSED int64_t event_size)
#define RP_OF_VALUE(name) \
  static rp_node_id name(rp_graph *g, rp_node_id x, RP_UNUSED const rp_node_id *a)
#define RP_OF_ARGUMENTS(name) static rp_node_id name(RP_UNUSED rp_graph *g, RP_UNUSED const rp_node_id *a)
#define RP_SUPPORT_OF(name) static rp_support name(RP_UNUSED rp_graph *g, const rp_node_id *a)
#define RP_SAMPLE(name)                                                                                   \
  static void name(RP_UNUSED rp_random *r, const double *const *a, RP_UNUSED int64_t event_size, double *x)

/* (x - location) / scale. */
rp_node_id rp_standardize(rp_graph *g, rp_node_id x, rp_node_id location, rp_node_id scale);
/* factor * a where 0 * (+-Inf) is 0: checked only when factor is a constant that holds a zero. */
rp_node_id rp_mul_zero(rp_graph *g, rp_node_id factor, rp_node_id a);
/* factor * log(x), 0 when both are 0. */
rp_node_id rp_xlogy(rp_graph *g, rp_node_id factor, rp_node_id x);
/* log B(a, b); without cancellation for constants of any size. */
rp_node_id rp_log_beta(rp_graph *g, rp_node_id a, rp_node_id b);
/* log of the binomial coefficient. */
rp_node_id rp_log_choose(rp_graph *g, rp_node_id n, rp_node_id k);
/* log p and log(1 - p), through the log odds when p is itself a sigmoid. */
void rp_log_odds_pair(rp_graph *g, rp_node_id p, rp_node_id *log_p, rp_node_id *log_q);
/* x within [lower, upper]. */
rp_node_id rp_clamp(rp_graph *g, rp_node_id x, double lower, double upper);

/* log P(X <= k), or log P(X > k) if upper, of a binomial with success probability p = 1 - q; k is a whole number. */
rp_node_id rp_binomial_log_tail(rp_graph *g, rp_node_id k, rp_node_id size, rp_node_id p, rp_node_id q, int upper);
/* The same of a family with finitely many whole numbers between constants lower and upper, as a sum over them. The
 * density is asked for numbers within the bounds only. RP_UNSUPPORTED, in the graph's status, when the bounds are no
 * constants. */
rp_node_id rp_summed_log_tail(rp_graph *g, const rp_family *family, rp_node_id x, const rp_node_id *a, int is_upper);

/* ---- exact samplers (sample_*.c) ---- */
double rp_sample_beta(rp_random *r, double shape1, double shape2);
double rp_sample_poisson(rp_random *r, double mean);
double rp_sample_binomial(rp_random *r, double size, double prob);
double rp_sample_hypergeometric(rp_random *r, double white, double black, double drawn);
/* log of a gamma(shape, 1) variate: finite however small the shape. */
double rp_sample_log_gamma(rp_random *r, double shape);
/* Zero-based category with these (not necessarily normalised) probabilities. */
int64_t rp_sample_category(rp_random *r, const double *weights, int64_t n);

double rp_log_beta_value(double a, double b);

/* Families that others are special cases of. */
extern const rp_family rp_family_gamma, rp_family_beta, rp_family_student_t, rp_family_poisson, rp_family_neg_binomial;

#endif
