/* Densities, tails and draws of compounds. */
#include <math.h>

#include "../bij/events.h"
#include "../dist/support.h"
#include "../dist/terms.h"
#include "combinator.h"
#include "custom.h"
#include "linear_hmm.h"

enum { LOWER = 0, UPPER = 1, PROB = 0 };

static rp_node_id truncated(rp_graph *g, const rp_compound *c, rp_node_id x, int inside);
static rp_node_id censored(rp_graph *g, const rp_compound *c, rp_node_id x);
static rp_node_id tails_hold(rp_graph *g, const rp_distribution *base);
static rp_node_id mixture(rp_graph *g, const rp_compound *c, rp_node_id x, int inside);
static rp_node_id zero_inflated(rp_graph *g, const rp_compound *c, rp_node_id x);
static rp_node_id ordered(rp_graph *g, const rp_compound *c, rp_node_id x, int64_t n_events, int64_t event_size,
                          int inside);
static rp_node_id custom(rp_graph *g, const rp_compound *c, rp_node_id x, int64_t n_events, int inside);
static rp_node_id within(rp_graph *g, const rp_compound *c, rp_node_id x);
static rp_node_id log_mass(rp_graph *g, const rp_distribution *d, rp_node_id above, rp_node_id up_to);
static rp_node_id below(rp_graph *g, const rp_distribution *d, rp_node_id lower);
static rp_node_id tail_at(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper);
static rp_node_id custom_tail(rp_graph *g, const rp_compound *c, rp_node_id x, int upper);
static rp_node_id truncated_tail(rp_graph *g, const rp_compound *c, rp_node_id x, int upper);
static rp_node_id sorted(rp_graph *g, rp_node_id x, int64_t n_events, int64_t event_size);
static rp_node_id uniform(rp_graph *g, int64_t n, uint32_t stream);

static rp_node_id minus_infinity(rp_graph *g) { return rp_const(g, -HUGE_VAL); }

/* ---- densities ---- */

rp_node_id rp_compound_log_density(rp_graph *g, const rp_compound *c, rp_node_id x, int64_t n_events,
                                   int64_t event_size, int inside) {
  const rp_distribution *base = &c->parts[0];
  switch (c->kind) {
  case RP_COMPOUND_TRUNCATED:
    return truncated(g, c, x, inside);
  case RP_COMPOUND_CENSORED:
    return censored(g, c, x);
  case RP_COMPOUND_INTERVAL_CENSORED:
    return rp_guard(g, base->compound ? within(g, c, x) : rp_mul(g, tails_hold(g, base), within(g, c, x)),
                    log_mass(g, base, below(g, base, c->numbers[LOWER]), c->numbers[UPPER]));
  case RP_COMPOUND_ZERO_INFLATED:
    return zero_inflated(g, c, x);
  case RP_COMPOUND_MIXTURE:
    return mixture(g, c, x, inside);
  case RP_COMPOUND_LINEAR_HMM:
    rp_fail(rp_graph_status(g), RP_UNSUPPORTED, NULL,
            "linear_hmm() has no density of its own: reparam_linear_hmm() makes its noise normal");
    return RP_NONE;
  case RP_COMPOUND_CUSTOM:
    return custom(g, c, x, n_events, inside);
  case RP_COMPOUND_ORDERED:
    break;
  }
  return ordered(g, c, x, n_events, event_size, inside);
}

static rp_node_id truncated(rp_graph *g, const rp_compound *c, rp_node_id x, int inside) {
  const rp_distribution *base = &c->parts[0];
  rp_node_id density = rp_distribution_log_density(g, base, x, inside);
  rp_node_id kept = log_mass(g, base, below(g, base, c->numbers[LOWER]), c->numbers[UPPER]);
  density = rp_sub(g, density, kept);
  return inside ? density : rp_guard(g, within(g, c, x), density);
}

/* A value at a bound stands for everything beyond it. */
static rp_node_id censored(rp_graph *g, const rp_compound *c, rp_node_id x) {
  const rp_distribution *base = &c->parts[0];
  rp_node_id lower = c->numbers[LOWER], upper = c->numbers[UPPER], density = rp_distribution_log_density(g, base, x, 0);
  if (lower != RP_NONE) density = rp_select(g, rp_eq(g, x, lower), tail_at(g, base, lower, 0), density);
  if (upper != RP_NONE) density = rp_select(g, rp_eq(g, x, upper), tail_at(g, base, below(g, base, upper), 1), density);
  if (!base->compound) density = rp_guard(g, tails_hold(g, base), density);
  return rp_guard(g, within(g, c, x), density);
}

/* A tail may be a number though the scale is negative. */
static rp_node_id tails_hold(rp_graph *g, const rp_distribution *base) {
  return rp_arguments_hold(g, base->family, base->arguments, base->n_events, 1);
}

static rp_node_id mixture(rp_graph *g, const rp_compound *c, rp_node_id x, int inside) {
  rp_support whole, own;
  int known = inside && rp_compound_support(g, c, &whole, 0);
  rp_node_id total = RP_NONE;
  for (int32_t k = 0; k < c->n_parts; k++) {
    const rp_distribution *part = &c->parts[k];
    int same = known && rp_distribution_support(g, part, &own) && own.kind == whole.kind && own.lower == whole.lower &&
               own.upper == whole.upper;
    rp_node_id term = rp_add(g, c->numbers[k], rp_distribution_log_density(g, part, x, same));
    total = k == 0 ? term : rp_binary(g, RP_OP_LOG_ADD_EXP, total, term);
  }
  return total;
}

static rp_node_id zero_inflated(rp_graph *g, const rp_compound *c, rp_node_id x) {
  rp_node_id log_zero, log_rest, is_zero = rp_eq(g, x, rp_const(g, 0));
  rp_log_odds_pair(g, c->numbers[PROB], &log_zero, &log_rest);
  rp_node_id other = rp_add(g, log_rest, rp_distribution_log_density(g, &c->parts[0], x, 0));
  rp_node_id zero = c->face.discrete ? rp_binary(g, RP_OP_LOG_ADD_EXP, log_zero, other) : log_zero;
  return rp_guard(g, rp_numbers_hold(g, RP_ARG_UNIT, c->numbers[PROB]), rp_select(g, is_zero, zero, other));
}

/* n! f(x_1) .. f(x_n) where x_1 < .. < x_n. */
static rp_node_id ordered(rp_graph *g, const rp_compound *c, rp_node_id x, int64_t n_events, int64_t event_size,
                          int inside) {
  rp_node_id each = rp_broadcast(g, rp_distribution_log_density(g, &c->parts[0], x, inside), n_events * event_size);
  rp_node_id density = rp_plus(g, rp_event_sum(g, each, n_events, event_size), lgamma((double) event_size + 1));
  rp_support support = {RP_SUPPORT_ORDERED, RP_NONE, RP_NONE};
  return inside ? density : rp_guard(g, rp_support_inside(g, support, x, n_events, event_size), density);
}

/* Values beyond the bounds are evaluated at a bound, where the formula need not hold, and then left out. */
static rp_node_id custom(rp_graph *g, const rp_compound *c, rp_node_id x, int64_t n_events, int inside) {
  rp_node_id density = rp_custom_at(g, c->custom, c->custom->log_density, x, c->numbers, n_events);
  if (inside) return density;
  rp_support support;
  if (!rp_distribution_support(g, &c->parts[0], &support)) return RP_NONE;
  rp_node_id is_inside = rp_support_inside(g, support, x, n_events, 1);
  if (c->face.discrete) is_inside = rp_mul(g, is_inside, rp_eq(g, x, rp_floor(g, x)));
  return rp_guard(g, is_inside, density);
}

/* lower <= x <= upper */
static rp_node_id within(rp_graph *g, const rp_compound *c, rp_node_id x) {
  rp_node_id is = rp_const(g, 1);
  if (c->numbers[LOWER] != RP_NONE) is = rp_le(g, c->numbers[LOWER], x);
  if (c->numbers[UPPER] != RP_NONE) is = rp_mul(g, is, rp_le(g, x, c->numbers[UPPER]));
  return is;
}

/* ---- tails ---- */

int rp_compound_has_cdf(const rp_compound *c) {
  if (c->kind == RP_COMPOUND_INTERVAL_CENSORED || c->kind == RP_COMPOUND_ORDERED || c->face.event_dim > 0) return 0;
  if (c->kind == RP_COMPOUND_CUSTOM) return c->custom->cdf != RP_NONE;
  int all = 1;
  for (int32_t k = 0; k < c->n_parts; k++) all = all && rp_distribution_has_cdf(&c->parts[k]);
  return all;
}

rp_node_id rp_compound_log_tail(rp_graph *g, const rp_compound *c, rp_node_id x, int upper) {
  const rp_distribution *base = &c->parts[0];
  rp_node_id never = minus_infinity(g), always = rp_const(g, 0), total = RP_NONE;
  if (c->kind == RP_COMPOUND_TRUNCATED) return truncated_tail(g, c, x, upper);
  if (c->kind == RP_COMPOUND_CUSTOM) return custom_tail(g, c, x, upper);
  if (c->kind == RP_COMPOUND_CENSORED) {
    total = rp_distribution_log_tail(g, base, x, upper);
    if (c->numbers[LOWER] != RP_NONE)
      total = rp_select(g, rp_lt(g, x, c->numbers[LOWER]), upper ? always : never, total);
    if (c->numbers[UPPER] != RP_NONE)
      total = rp_select(g, rp_le(g, c->numbers[UPPER], x), upper ? never : always, total);
    return total;
  }
  if (c->kind == RP_COMPOUND_ZERO_INFLATED) {
    rp_node_id log_zero, log_rest;
    rp_log_odds_pair(g, c->numbers[PROB], &log_zero, &log_rest);
    rp_node_id rest = rp_add(g, log_rest, rp_distribution_log_tail(g, base, x, upper));
    rp_node_id with_zero = rp_binary(g, RP_OP_LOG_ADD_EXP, log_zero, rest);
    return rp_select(g, rp_lt(g, x, rp_const(g, 0)), upper ? with_zero : rest, upper ? rest : with_zero);
  }
  for (int32_t k = 0; k < c->n_parts; k++) {
    rp_node_id term = rp_add(g, c->numbers[k], rp_distribution_log_tail(g, &c->parts[k], x, upper));
    total = k == 0 ? term : rp_binary(g, RP_OP_LOG_ADD_EXP, total, term);
  }
  return total;
}

static rp_node_id custom_tail(rp_graph *g, const rp_compound *c, rp_node_id x, int upper) {
  rp_node_id lower, limit,
      p = rp_custom_at(g, c->custom, c->custom->cdf, c->face.discrete ? rp_floor(g, x) : x, c->numbers,
                       rp_size_of(g, x) > 1 ? rp_size_of(g, x) : c->parts[0].n_events);
  rp_node_id tail = upper ? rp_log1p(g, rp_neg(g, p)) : rp_log(g, p), all = rp_const(g, 0);
  rp_support support;
  if (!rp_distribution_support(g, &c->parts[0], &support)) return RP_NONE;
  rp_support_bounds(g, support, &lower, &limit);
  if (lower != RP_NONE) tail = rp_select(g, rp_lt(g, x, lower), upper ? all : minus_infinity(g), tail);
  if (limit != RP_NONE) tail = rp_select(g, rp_le(g, limit, x), upper ? minus_infinity(g) : all, tail);
  return tail;
}

static rp_node_id truncated_tail(rp_graph *g, const rp_compound *c, rp_node_id x, int upper) {
  const rp_distribution *base = &c->parts[0];
  rp_node_id lower = c->numbers[LOWER], limit = c->numbers[UPPER], above = below(g, base, lower);
  rp_node_id part;
  if (upper) {
    rp_node_id from = above == RP_NONE ? x : rp_max2(g, x, above);
    part = log_mass(g, base, limit == RP_NONE ? from : rp_min2(g, from, limit), limit);
  } else {
    rp_node_id to = limit == RP_NONE ? x : rp_min2(g, x, limit);
    part = log_mass(g, base, above, above == RP_NONE ? to : rp_max2(g, to, above));
  }
  return rp_min2(g, rp_sub(g, part, log_mass(g, base, above, limit)), rp_const(g, 0));
}

/* What P(X <= .) is taken off for X >= lower: lower itself, or the whole number before it. */
static rp_node_id below(rp_graph *g, const rp_distribution *d, rp_node_id lower) {
  if (lower == RP_NONE || !d->family->discrete) return lower;
  return rp_plus(g, rp_unary(g, RP_OP_CEILING, lower), -1);
}

/* log(exp(more) - exp(less)) */
static rp_node_id log_difference(rp_graph *g, rp_node_id more, rp_node_id less) {
  rp_node_id difference = rp_add(g, more, rp_log1m_exp(g, rp_sub(g, less, more)));
  return rp_select(g, rp_lt(g, less, more), difference, minus_infinity(g));
}

/* log P(above < X <= up_to), either of which may be missing, from the tail in which less is lost. */
static rp_node_id log_mass(rp_graph *g, const rp_distribution *d, rp_node_id above, rp_node_id up_to) {
  if (above == RP_NONE && up_to == RP_NONE) return rp_const(g, 0);
  if (above == RP_NONE) return tail_at(g, d, up_to, 0);
  if (up_to == RP_NONE) return tail_at(g, d, above, 1);
  rp_node_id low[2] = {tail_at(g, d, above, 0), tail_at(g, d, up_to, 0)};
  rp_node_id high[2] = {tail_at(g, d, above, 1), tail_at(g, d, up_to, 1)};
  rp_node_id is_low = rp_lt(g, low[0], rp_const(g, -RP_LOG_2));
  return rp_select(g, is_low, log_difference(g, low[1], low[0]), log_difference(g, high[0], high[1]));
}

/* The tail at bounds that may be infinite, where families' formulas need not hold. */
static rp_node_id tail_at(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper) {
  const double *values = rp_values_of(g, x);
  int finite = values != NULL;
  for (int64_t i = 0; finite && i < rp_size_of(g, x); i++) finite = isfinite(values[i]);
  if (finite) return rp_distribution_log_tail(g, d, x, upper);
  rp_node_id at_top = rp_eq(g, x, rp_const(g, HUGE_VAL)), at_bottom = rp_eq(g, x, minus_infinity(g));
  rp_node_id end = rp_add(g, at_top, at_bottom);
  rp_node_id tail = rp_distribution_log_tail(g, d, rp_select(g, end, rp_const(g, 0.5), x), upper);
  tail = rp_select(g, at_top, upper ? minus_infinity(g) : rp_const(g, 0), tail);
  return rp_select(g, at_bottom, upper ? rp_const(g, 0) : minus_infinity(g), tail);
}

/* ---- draws ---- */

int rp_compound_can_sample(const rp_compound *c) {
  if (c->kind == RP_COMPOUND_TRUNCATED || c->kind == RP_COMPOUND_INTERVAL_CENSORED) return 1;
  if (c->kind == RP_COMPOUND_CUSTOM)
    return c->custom->random != RP_NONE || c->custom->quantile != RP_NONE || c->custom->cdf != RP_NONE;
  int all = 1;
  for (int32_t k = 0; k < c->n_parts; k++) all = all && rp_distribution_can_sample(&c->parts[k]);
  return all;
}

uint32_t rp_substream(uint32_t stream, uint32_t k) {
  uint32_t h = stream + 0x9e3779b9u * (k + 1);
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

/* A part by the place of a uniform number among the running sums of the weights; every part is drawn, one is taken. */
static rp_node_id random_mixture(rp_graph *g, const rp_compound *c, int64_t n_events, int64_t event_size,
                                 uint32_t stream) {
  rp_node_id u = uniform(g, n_events, stream), x = rp_distribution_random(g, &c->parts[0], rp_substream(stream, 0));
  rp_node_id sum = rp_exp(g, c->numbers[0]);
  for (int32_t k = 1; k < c->n_parts; k++) {
    rp_node_id later = rp_le(g, sum, u);
    rp_node_id value = rp_distribution_random(g, &c->parts[k], rp_substream(stream, (uint32_t) k));
    x = rp_select(g, rp_event_repeat(g, later, n_events, event_size), value, x);
    sum = rp_add(g, sum, rp_exp(g, c->numbers[k]));
  }
  return x;
}

rp_node_id rp_compound_random(rp_graph *g, const rp_distribution *d, int64_t n_events, int64_t event_size,
                              uint32_t stream) {
  const rp_compound *c = d->compound;
  const rp_distribution *base = &c->parts[0];
  if (c->kind == RP_COMPOUND_LINEAR_HMM) return rp_linear_hmm_random(g, c, n_events, stream);
  if (c->kind == RP_COMPOUND_MIXTURE) return random_mixture(g, c, n_events, event_size, stream);
  if (c->kind == RP_COMPOUND_CUSTOM && c->custom->random != RP_NONE)
    return rp_custom_random(g, c->custom, c->numbers, n_events, stream, c->pool);
  if (c->kind == RP_COMPOUND_CUSTOM) {
    rp_distribution plain = {.family = &c->face, .compound = c, .n_events = n_events, .event_size = 1, .mask = RP_NONE};
    return rp_distribution_quantile(g, &plain, uniform(g, n_events, stream));
  }
  if (c->kind == RP_COMPOUND_TRUNCATED || c->kind == RP_COMPOUND_INTERVAL_CENSORED) {
    rp_compound within_bounds = *c; /* what is known to lie between bounds follows the truncated law */
    within_bounds.kind = RP_COMPOUND_TRUNCATED;
    rp_distribution plain = {
        .family = &c->face, .compound = &within_bounds, .n_events = n_events, .event_size = 1, .mask = RP_NONE};
    return rp_distribution_quantile(g, &plain, uniform(g, n_events, stream));
  }
  rp_node_id x = rp_distribution_random(g, base, rp_substream(stream, 0));
  if (c->kind == RP_COMPOUND_ORDERED) return sorted(g, x, n_events, event_size);
  if (c->kind == RP_COMPOUND_ZERO_INFLATED)
    return rp_select(g, rp_lt(g, uniform(g, n_events, stream), c->numbers[PROB]), rp_const(g, 0), x);
  if (c->numbers[LOWER] != RP_NONE) x = rp_max2(g, x, c->numbers[LOWER]);
  return c->numbers[UPPER] == RP_NONE ? x : rp_min2(g, x, c->numbers[UPPER]);
}

static rp_node_id sorted(rp_graph *g, rp_node_id x, int64_t n_events, int64_t event_size) {
  rp_node_id all = RP_NONE;
  for (int64_t i = 0; i < n_events; i++) {
    rp_node_id event = rp_slice(g, x, i * event_size, event_size);
    rp_node_id both[2] = {all, rp_gather_at(g, event, rp_order(g, event))};
    all = i == 0 ? both[1] : rp_concat(g, both, 2);
  }
  return all;
}

static rp_node_id uniform(rp_graph *g, int64_t n, uint32_t stream) {
  const int64_t widths[2] = {1, 1};
  rp_node_id ends[2] = {rp_const(g, 0), rp_const(g, 1)};
  return rp_family_random(g, rp_family_find("uniform"), stream, ends, widths, n, 1);
}
