/* Cumulative probabilities of univariate distributions through their transforms, and quantiles. */
#include <math.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "combinator.h"

static rp_node_id base_tail(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper);
static rp_node_id decreasing(rp_graph *g, const rp_transform *t);
static int has_direction(const rp_transform *t);
static rp_node_id bisect(rp_graph *g, const rp_distribution *d, rp_node_id p);

int rp_distribution_has_cdf(const rp_distribution *d) {
  if (d->family->event_dim > 0 || d->group > 1) return 0;
  for (int32_t t = 0; t < d->n_transforms; t++)
    if (!has_direction(&d->transforms[t])) return 0;
  return d->compound ? rp_compound_has_cdf(d->compound) : d->family->log_cdf && d->family->log_ccdf;
}

/* A decreasing transform exchanges the tails. */
rp_node_id rp_distribution_log_tail(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper) {
  rp_node_id turned = rp_const(g, 0), outside = RP_NONE, at_outside = RP_NONE, lower, limit;
  rp_support support;
  if (d->n_transforms == 0) return base_tail(g, d, x, upper);
  if (rp_distribution_support(g, d, &support)) {
    rp_support_bounds(g, support, &lower, &limit);
    rp_node_id none = rp_const(g, upper ? 0 : -HUGE_VAL), all = rp_const(g, upper ? -HUGE_VAL : 0);
    rp_node_id under = lower == RP_NONE ? rp_const(g, 0) : rp_le(g, x, lower);
    rp_node_id over = limit == RP_NONE ? rp_const(g, 0) : rp_le(g, limit, x);
    outside = rp_max2(g, under, over);
    at_outside = rp_select(g, under, none, all);
    rp_node_id interior = lower == RP_NONE   ? (limit == RP_NONE ? RP_NONE : rp_plus(g, limit, -1))
                          : limit == RP_NONE ? rp_plus(g, lower, 1)
                                             : rp_times(g, 0.5, rp_add(g, lower, limit));
    if (interior != RP_NONE) x = rp_select(g, outside, interior, x);
  }
  for (int32_t t = 0; t < d->n_transforms; t++) turned = rp_ne(g, turned, decreasing(g, &d->transforms[t]));
  x = rp_distribution_inverse(g, d, x);
  rp_node_id tail = rp_is_all(g, turned, 0)   ? base_tail(g, d, x, upper)
                    : rp_is_all(g, turned, 1) ? base_tail(g, d, x, !upper)
                                              : rp_select(g, turned, base_tail(g, d, x, !upper), base_tail(g, d, x, upper));
  return outside == RP_NONE ? tail : rp_select(g, outside, at_outside, tail);
}

rp_node_id rp_distribution_quantile(rp_graph *g, const rp_distribution *d, rp_node_id p) {
  if (d->compound || !d->family->quantile) return bisect(g, d, p);
  rp_node_id turned = rp_const(g, 0);
  for (int32_t t = 0; t < d->n_transforms; t++) turned = rp_ne(g, turned, decreasing(g, &d->transforms[t]));
  p = rp_select(g, turned, rp_minus_from(g, 1, p), p);
  return rp_distribution_forward(g, d, d->family->quantile(g, p, d->arguments));
}

static rp_node_id base_tail(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper) {
  if (d->compound) return rp_compound_log_tail(g, d->compound, x, upper);
  return (upper ? d->family->log_ccdf : d->family->log_cdf)(g, x, d->arguments);
}

static int has_direction(const rp_transform *t) {
  return t->bijector->monotone != 0 || strcmp(t->bijector->name, "affine") == 0 || strcmp(t->bijector->name, "power") == 0;
}

/* 0/1: does the map turn the direction of the line? Scale or exponent tell it of those that have no fixed one. */
static rp_node_id decreasing(rp_graph *g, const rp_transform *t) {
  if (t->bijector->monotone != 0) return rp_const(g, t->bijector->monotone < 0);
  return rp_lt(g, t->arguments[strcmp(t->bijector->name, "affine") == 0], rp_const(g, 0));
}

/* ---- bisection ---- */

enum { N_HALVINGS = 64 };

/* A point of the support for each number between the ends of a search: sinh() and exp() reach every magnitude. */
static rp_node_id point(rp_graph *g, rp_node_id t, rp_node_id lower, rp_node_id upper, int discrete) {
  rp_node_id x = t;
  if (lower == RP_NONE && upper == RP_NONE) x = rp_unary(g, RP_OP_SINH, t);
  else if (upper == RP_NONE) x = rp_add(g, lower, rp_exp(g, t));
  else if (lower == RP_NONE) x = rp_sub(g, upper, rp_exp(g, rp_neg(g, t)));
  return discrete ? rp_floor(g, x) : x;
}

/* Both tails are compared on the log scale, the smaller one deciding, so that nothing is lost far out. */
static rp_node_id bisect(rp_graph *g, const rp_distribution *d, rp_node_id p) {
  rp_support support = {RP_SUPPORT_REAL, RP_NONE, RP_NONE};
  rp_node_id lower, upper;
  int discrete = d->family->discrete;
  if (!discrete) rp_distribution_support(g, d, &support);
  else if (!d->compound) support = rp_family_support(g, d->family, d->arguments);
  rp_support_bounds(g, support, &lower, &upper);
  if (discrete && lower != RP_NONE) lower = rp_plus(g, lower, -1);
  int bounded = lower != RP_NONE && upper != RP_NONE;
  rp_node_id from = bounded ? lower : rp_const(g, -700), to = bounded ? upper : rp_const(g, 700);
  rp_node_id log_p = rp_log(g, p), log_q = rp_unary(g, RP_OP_LOG1P, rp_neg(g, p)), is_low = rp_lt(g, p, rp_const(g, 0.5));
  for (int k = 0; k < N_HALVINGS; k++) {
    rp_node_id t = rp_times(g, 0.5, rp_add(g, from, to)), x = point(g, t, lower, upper, discrete);
    rp_node_id by_cdf = rp_le(g, log_p, rp_distribution_log_tail(g, d, x, 0));
    rp_node_id by_ccdf = rp_le(g, rp_distribution_log_tail(g, d, x, 1), log_q);
    rp_node_id enough = rp_select(g, is_low, by_cdf, by_ccdf);
    to = rp_select(g, enough, t, to);
    from = rp_select(g, enough, from, t);
  }
  return point(g, to, lower, upper, discrete);
}
