#include "support.h"

#include <math.h>

#include "terms.h"

/* One row per kind, in the order of the enum. */
static const struct {
  rp_support_kind kind;
  const char *name, *bijector;
  int32_t event_dim, discrete;
} kinds[] = {
    {RP_SUPPORT_REAL, "real", "identity", 0, 0},
    {RP_SUPPORT_POSITIVE, "positive", "exp", 0, 0},
    {RP_SUPPORT_NONNEGATIVE, "nonnegative", "exp", 0, 0},
    {RP_SUPPORT_UNIT, "in [0, 1]", "sigmoid", 0, 0},
    {RP_SUPPORT_INTERVAL, "interval", "interval", 0, 0},
    {RP_SUPPORT_LOWER, "above a lower bound", "lower", 0, 0},
    {RP_SUPPORT_UPPER, "below an upper bound", "upper", 0, 0},
    {RP_SUPPORT_CIRCLE, "circle", "interval", 0, 0},
    {RP_SUPPORT_SIMPLEX, "simplex", "simplex", 1, 0},
    {RP_SUPPORT_SPHERE, "sphere", NULL, 1, 0},
    {RP_SUPPORT_ORDERED, "ordered", "ordered", 1, 0},
    {RP_SUPPORT_REAL_VECTOR, "real vector", "identity", 1, 0},
    {RP_SUPPORT_CORR_CHOLESKY, "Cholesky factor of a correlation", "corr_cholesky", 2, 0},
    {RP_SUPPORT_CORRELATION, "correlation", "correlation", 2, 0},
    {RP_SUPPORT_POSITIVE_DEFINITE, "positive definite", "covariance", 2, 0},
    {RP_SUPPORT_LOWER_CHOLESKY, "lower Cholesky factor", "cholesky", 2, 0},
    {RP_SUPPORT_BOOLEAN, "0 or 1", NULL, 0, 1},
    {RP_SUPPORT_COUNT, "count", NULL, 0, 1},
    {RP_SUPPORT_INTEGER_INTERVAL, "integer interval", NULL, 0, 1},
    {RP_SUPPORT_COUNT_VECTOR, "vector of counts", NULL, 1, 1},
    {RP_SUPPORT_ONE_HOT, "one-hot vector", NULL, 1, 1},
};

static rp_node_id both(rp_graph *g, rp_node_id a, rp_node_id b) { return rp_mul(g, a, b); }
static rp_node_id between(rp_graph *g, rp_node_id lower, rp_node_id x, rp_node_id upper);
static rp_node_id whole(rp_graph *g, rp_node_id x) { return rp_eq(g, x, rp_floor(g, x)); }
static rp_node_id vector_inside(rp_graph *g, rp_support_kind kind, rp_node_id x, int64_t n_events, int64_t event_size);

const char *rp_support_name(rp_support_kind kind) { return kinds[kind].name; }
int rp_support_is_discrete(rp_support_kind kind) { return kinds[kind].discrete; }
int32_t rp_support_event_dim(rp_support_kind kind) { return kinds[kind].event_dim; }

const rp_bijector *rp_support_bijector(rp_support_kind kind) {
  return kinds[kind].bijector ? rp_bijector_find(kinds[kind].bijector) : NULL;
}

rp_code rp_support_default(rp_graph *g, rp_support support, const rp_bijector **bijector, rp_node_id arguments[4]) {
  for (int i = 0; i < 4; i++) arguments[i] = RP_NONE;
  *bijector = rp_support_bijector(support.kind);
  if (!*bijector)
    return rp_fail(rp_graph_status(g), RP_UNSUPPORTED, NULL, "no unconstrained coordinates lead to the support \"%s\"",
                   rp_support_name(support.kind));
  switch (support.kind) {
  case RP_SUPPORT_INTERVAL:
    arguments[0] = support.lower;
    arguments[1] = support.upper;
    break;
  case RP_SUPPORT_CIRCLE:
    arguments[0] = rp_const(g, -RP_PI);
    arguments[1] = rp_const(g, RP_PI);
    break;
  case RP_SUPPORT_LOWER:
    arguments[0] = support.lower;
    break;
  case RP_SUPPORT_UPPER:
    arguments[0] = support.upper;
    break;
  default:
    break;
  }
  return rp_graph_status(g)->code;
}

rp_node_id rp_support_inside(rp_graph *g, rp_support support, rp_node_id x, int64_t n_events, int64_t event_size) {
  rp_node_id zero = rp_const(g, 0), one = rp_const(g, 1), infinity = rp_const(g, HUGE_VAL);
  switch (support.kind) {
  case RP_SUPPORT_POSITIVE:
    return both(g, rp_lt(g, zero, x), rp_lt(g, x, infinity));
  case RP_SUPPORT_NONNEGATIVE:
    return both(g, rp_le(g, zero, x), rp_lt(g, x, infinity));
  case RP_SUPPORT_UNIT:
    return between(g, zero, x, one);
  case RP_SUPPORT_INTERVAL:
    return between(g, support.lower, x, support.upper);
  case RP_SUPPORT_LOWER:
    return both(g, rp_le(g, support.lower, x), rp_lt(g, x, infinity));
  case RP_SUPPORT_UPPER:
    return both(g, rp_le(g, x, support.upper), rp_lt(g, rp_neg(g, infinity), x));
  case RP_SUPPORT_CIRCLE:
    return between(g, rp_const(g, -RP_PI), x, rp_const(g, RP_PI));
  case RP_SUPPORT_BOOLEAN:
    return rp_add(g, rp_eq(g, x, zero), rp_eq(g, x, one));
  case RP_SUPPORT_COUNT:
    return both(g, rp_le(g, zero, x), both(g, rp_lt(g, x, infinity), whole(g, x)));
  case RP_SUPPORT_INTEGER_INTERVAL:
    return both(g, between(g, support.lower, x, support.upper), whole(g, x));
  default:
    return vector_inside(g, support.kind, x, n_events, event_size);
  }
}

rp_node_id rp_support_interior(rp_graph *g, rp_support support) {
  switch (support.kind) {
  case RP_SUPPORT_POSITIVE:
  case RP_SUPPORT_NONNEGATIVE:
    return rp_const(g, 1);
  case RP_SUPPORT_UNIT:
    return rp_const(g, 0.5);
  case RP_SUPPORT_INTERVAL:
    return rp_times(g, 0.5, rp_add(g, support.lower, support.upper));
  case RP_SUPPORT_LOWER:
    return rp_plus(g, support.lower, 1);
  case RP_SUPPORT_UPPER:
    return rp_plus(g, support.upper, -1);
  case RP_SUPPORT_REAL:
  case RP_SUPPORT_CIRCLE:
  case RP_SUPPORT_BOOLEAN:
  case RP_SUPPORT_COUNT:
    return rp_const(g, 0);
  case RP_SUPPORT_INTEGER_INTERVAL:
    return support.lower;
  default:
    return RP_NONE;
  }
}

static rp_node_id between(rp_graph *g, rp_node_id lower, rp_node_id x, rp_node_id upper) {
  return both(g, rp_le(g, lower, x), rp_le(g, x, upper));
}

/* Tolerance for sums of an event that should be 1: user data are rounded. */
static const double sum_tolerance = 1e-8;

static rp_node_id sums_to_one(rp_graph *g, rp_node_id x, int64_t n_events, int64_t event_size) {
  rp_node_id error = rp_abs(g, rp_plus(g, rp_event_sum(g, x, n_events, event_size), -1));
  return rp_le(g, error, rp_const(g, sum_tolerance));
}

/* 1 for every event none of whose numbers is flagged. */
static rp_node_id none_of(rp_graph *g, rp_node_id flags, int64_t n_events, int64_t event_size) {
  return rp_eq(g, rp_event_sum(g, flags, n_events, event_size), rp_const(g, 0));
}

static rp_node_id vector_inside(rp_graph *g, rp_support_kind kind, rp_node_id x, int64_t n_events, int64_t event_size) {
  rp_node_id zero = rp_const(g, 0), negative = rp_lt(g, x, zero);
  switch (kind) {
  case RP_SUPPORT_SIMPLEX:
    return both(g, none_of(g, negative, n_events, event_size), sums_to_one(g, x, n_events, event_size));
  case RP_SUPPORT_SPHERE:
    return sums_to_one(g, rp_square(g, x), n_events, event_size);
  case RP_SUPPORT_ORDERED: {
    if (event_size == 1) return rp_const(g, 1);
    rp_node_id left = rp_event_part(g, x, n_events, event_size, 0, event_size - 1);
    rp_node_id right = rp_event_part(g, x, n_events, event_size, 1, event_size - 1);
    return none_of(g, rp_le(g, right, left), n_events, event_size - 1);
  }
  case RP_SUPPORT_COUNT_VECTOR:
    return none_of(g, rp_max2(g, negative, rp_ne(g, x, rp_floor(g, x))), n_events, event_size);
  case RP_SUPPORT_ONE_HOT: {
    rp_node_id other = rp_mul(g, rp_ne(g, x, zero), rp_ne(g, x, rp_const(g, 1)));
    return both(g, none_of(g, other, n_events, event_size), sums_to_one(g, x, n_events, event_size));
  }
  default: /* real vectors; matrices are checked by the families that have them */
    return rp_const(g, 1);
  }
}
