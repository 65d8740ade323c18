/* Cumulative probabilities of univariate distributions through their transforms, and quantiles. */
#include <math.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "combinator.h"
#include "custom.h"

static rp_node_id base_tail(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper);
static rp_node_id decreasing(rp_graph *g, const rp_transform *t);
static int has_direction(const rp_transform *t);
static void codomain_bounds(rp_graph *g, const rp_transform *t, rp_node_id *lower, rp_node_id *upper);
static rp_node_id middle(rp_graph *g, rp_node_id lower, rp_node_id upper);
static rp_node_id bisect(rp_graph *g, const rp_distribution *d, rp_node_id log_p, rp_node_id log_q);

int rp_distribution_has_cdf(const rp_distribution *d) {
  if (d->family->event_dim > 0 || d->group > 1) return 0;
  for (int32_t t = 0; t < d->n_transforms; t++)
    if (!has_direction(&d->transforms[t])) return 0;
  return d->compound ? rp_compound_has_cdf(d->compound) : d->family->log_cdf && d->family->log_ccdf;
}

/* Undone from the last transform to the first. A decreasing one exchanges the tails; where a value lies beyond what a
 * transform can give, the tail is known and the rest is evaluated at a harmless point. */
rp_node_id rp_distribution_log_tail(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper) {
  rp_node_id is_upper = rp_const(g, upper), outside = rp_const(g, 0), known = rp_const(g, 0);
  rp_node_id none = rp_const(g, -HUGE_VAL), all = rp_const(g, 0);
  for (int32_t t = d->n_transforms; t-- > 0;) {
    const rp_transform *to = &d->transforms[t];
    rp_node_id lower, limit, under = rp_const(g, 0), over = rp_const(g, 0);
    codomain_bounds(g, to, &lower, &limit);
    if (lower != RP_NONE) under = rp_le(g, x, lower);
    if (limit != RP_NONE) over = rp_le(g, limit, x);
    /* below and lower tail, above and upper tail: nothing */
    rp_node_id here = rp_select(g, rp_ne(g, under, is_upper), none, all);
    rp_node_id beyond = rp_max2(g, under, over);
    known = rp_select(g, outside, known, here);
    outside = rp_max2(g, outside, beyond);
    if (lower != RP_NONE || limit != RP_NONE) x = rp_select(g, beyond, middle(g, lower, limit), x);
    x = (to->inverted ? to->bijector->forward : to->bijector->inverse)(g, x, to->arguments, d->n_events, 1);
    is_upper = rp_ne(g, is_upper, decreasing(g, to));
  }
  rp_node_id tail = rp_is_all(g, is_upper, 0)   ? base_tail(g, d, x, 0)
                    : rp_is_all(g, is_upper, 1) ? base_tail(g, d, x, 1)
                                                : rp_select(g, is_upper, base_tail(g, d, x, 1), base_tail(g, d, x, 0));
  return rp_select(g, outside, known, tail);
}

rp_node_id rp_distribution_quantile(rp_graph *g, const rp_distribution *d, rp_node_id p) {
  rp_node_id turned = rp_const(g, 0);
  for (int32_t t = 0; t < d->n_transforms; t++) turned = rp_ne(g, turned, decreasing(g, &d->transforms[t]));
  rp_distribution base = *d;
  base.n_transforms = 0;
  const rp_custom *custom = d->compound ? d->compound->custom : NULL;
  rp_node_id own_p = rp_select(g, turned, rp_minus_from(g, 1, p), p);
  if (custom && custom->quantile != RP_NONE) {
    p = rp_custom_at(g, custom, custom->quantile, own_p, d->compound->numbers, d->n_events);
  } else if (d->compound || !d->family->quantile) {
    rp_node_id log_p = rp_log(g, p), log_q = rp_unary(g, RP_OP_LOG1P, rp_neg(g, p));
    p = bisect(g, &base, rp_select(g, turned, log_q, log_p), rp_select(g, turned, log_p, log_q));
  } else {
    p = d->family->quantile(g, own_p, d->arguments);
  }
  return rp_distribution_forward(g, d, p);
}

static rp_node_id base_tail(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper) {
  if (d->compound) return rp_compound_log_tail(g, d->compound, x, upper);
  return (upper ? d->family->log_ccdf : d->family->log_cdf)(g, x, d->arguments);
}

static int has_direction(const rp_transform *t) {
  return t->bijector->monotone != 0 || strcmp(t->bijector->name, "affine") == 0 ||
         strcmp(t->bijector->name, "power") == 0;
}

/* 0/1: does the map turn the direction of the line? Scale or exponent tell it of those that have no fixed one. */
static rp_node_id decreasing(rp_graph *g, const rp_transform *t) {
  if (t->bijector->monotone != 0) return rp_const(g, t->bijector->monotone < 0);
  return rp_lt(g, t->arguments[strcmp(t->bijector->name, "affine") == 0], rp_const(g, 0));
}

/* What the map can give at most. */
static void codomain_bounds(rp_graph *g, const rp_transform *t, rp_node_id *lower, rp_node_id *upper) {
  const char *name = t->bijector->name, *codomain = t->bijector->codomain ? t->bijector->codomain : "";
  *lower = *upper = RP_NONE;
  if (t->inverted) return;
  int interval = strcmp(codomain, "interval") == 0, unit = strcmp(codomain, "in [0, 1]") == 0,
      tanh = strcmp(name, "tanh") == 0;
  if (strcmp(codomain, "positive") == 0 || unit) *lower = rp_const(g, 0);
  if (strcmp(codomain, "above a lower bound") == 0 || interval) *lower = t->arguments[0];
  if (unit) *upper = rp_const(g, 1);
  if (interval) *upper = t->arguments[1];
  if (strcmp(codomain, "below an upper bound") == 0) *upper = t->arguments[0];
  if (tanh) *lower = rp_const(g, -1);
  if (tanh) *upper = rp_const(g, 1);
}

static rp_node_id middle(rp_graph *g, rp_node_id lower, rp_node_id upper) {
  if (lower == RP_NONE) return rp_plus(g, upper, -1);
  return upper == RP_NONE ? rp_plus(g, lower, 1) : rp_times(g, 0.5, rp_add(g, lower, upper));
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
static rp_node_id bisect(rp_graph *g, const rp_distribution *d, rp_node_id log_p, rp_node_id log_q) {
  rp_support support = {RP_SUPPORT_REAL, RP_NONE, RP_NONE};
  rp_node_id lower, upper;
  int discrete = d->family->discrete;
  if (!discrete) rp_distribution_support(g, d, &support);
  rp_support_bounds(g, support, &lower, &upper);
  if (discrete) rp_distribution_integer_bounds(g, d, &lower, &upper);
  rp_node_id least = lower, most = upper;
  if (discrete && lower != RP_NONE) lower = rp_plus(g, lower, -1);
  int bounded = lower != RP_NONE && upper != RP_NONE;
  rp_node_id from = bounded ? lower : rp_const(g, -700), to = bounded ? upper : rp_const(g, 700);
  rp_node_id is_low = rp_lt(g, log_p, log_q);
  for (int k = 0; k < N_HALVINGS; k++) {
    rp_node_id t = rp_times(g, 0.5, rp_add(g, from, to)), x = point(g, t, lower, upper, discrete);
    rp_node_id by_cdf = rp_le(g, log_p, rp_distribution_log_tail(g, d, x, 0));
    rp_node_id by_ccdf = rp_le(g, rp_distribution_log_tail(g, d, x, 1), log_q);
    rp_node_id enough = rp_select(g, is_low, by_cdf, by_ccdf);
    to = rp_select(g, enough, t, to);
    from = rp_select(g, enough, from, t);
  }
  rp_node_id found = point(g, to, lower, upper, discrete);
  if (!discrete) return found;
  /* all of the probability is reached at the largest value only, none of it at the least already */
  rp_node_id none = rp_const(g, -HUGE_VAL), end = most == RP_NONE ? rp_const(g, HUGE_VAL) : most;
  found = rp_select(g, rp_eq(g, log_q, none), end, found);
  return rp_select(g, rp_eq(g, log_p, none), least == RP_NONE ? rp_const(g, -HUGE_VAL) : least, found);
}
