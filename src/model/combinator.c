#include "combinator.h"

#include <math.h>
#include <string.h>

#include "../bij/events.h"
#include "../dist/support.h"
#include "../graph/shorthand.h"
#include "custom.h"
#include "linear_hmm.h"

enum { LOWER = 0, UPPER = 1, PROB = 0 };

static const char *const kind_names[] = {"truncated", "censored", "interval_censored", "zero_inflated", "mixture",
                                         "ordered", "linear_hmm", "custom"};

static rp_compound *compound_like(rp_graph *g, rp_pool *pool, const rp_compound *like, int32_t n_parts,
                                  int32_t n_numbers);
static rp_code take_parts(rp_compound *c, rp_distribution *d, const rp_dist_spec *spec, const rp_resolve *with,
                          int64_t n_value);
static rp_code take_numbers(rp_compound *c, const rp_dist_spec *spec, const rp_resolve *with, int64_t n);
static rp_code check_parts(const rp_compound *c, const rp_resolve *with);
static rp_code refuse(const rp_resolve *with, const rp_compound *c, int32_t part, const char *why);
static void normalise_weights(rp_graph *g, rp_compound *c);
static rp_code order_on_the_line(rp_distribution *d, rp_compound *c, const rp_resolve *with);
static void name_face(rp_compound *c);

/* ---- from the spec ---- */

rp_code rp_compound_resolve(rp_distribution *d, const rp_dist_spec *spec, const rp_resolve *with, int64_t n_value) {
  rp_compound like = {.kind = spec->compound, .custom = spec->custom};
  rp_compound *c = compound_like(with->g, with->pool, &like, spec->n_components, spec->n_numbers);
  if (!c) return rp_graph_status(with->g)->code;
  if (c->kind == RP_COMPOUND_LINEAR_HMM) return rp_linear_hmm_resolve(d, c, spec, with, n_value);
  if (spec->n_components < 1)
    return rp_fail(with->status, RP_BAD_SPEC, with->site, "%s() lacks its distribution", kind_names[c->kind]);
  if (take_parts(c, d, spec, with, n_value) != RP_OK || check_parts(c, with) != RP_OK) return with->status->code;
  const rp_distribution *first = &c->parts[0];
  int ordered = c->kind == RP_COMPOUND_ORDERED;
  if (take_numbers(c, spec, with, first->n_events) != RP_OK) return with->status->code;
  c->face.event_dim = ordered ? 1 : first->family->event_dim;
  c->face.discrete = c->custom ? c->custom->discrete : first->family->discrete;
  c->face.location = c->face.scale = -1;
  d->event_size = ordered ? n_value : first->event_size;
  d->n_events = n_value / d->event_size;
  if (ordered && order_on_the_line(d, c, with) != RP_OK) return with->status->code;
  rp_support support;
  if (rp_compound_support(with->g, c, &support, 0)) c->face.support_kind = support.kind;
  d->compound = c;
  d->family = &c->face;
  return rp_graph_status(with->g)->code;
}

static rp_code take_parts(rp_compound *c, rp_distribution *d, const rp_dist_spec *spec, const rp_resolve *with,
                          int64_t n_value) {
  for (int32_t k = 0; k < c->n_parts; k++) {
    rp_distribution *part = &c->parts[k];
    if (rp_distribution_resolve(part, spec->components[k], with, n_value) != RP_OK) return with->status->code;
    if (part->mask != RP_NONE && c->kind == RP_COMPOUND_MIXTURE)
      return rp_fail(with->status, RP_UNSUPPORTED, with->site,
                     "mixture() of masked %s() cannot be, as a part without density has no weight: mask the mixture",
                     part->family->name);
    if (part->mask != RP_NONE) d->mask = part->mask;
    d->event_dims += k == 0 ? part->event_dims : 0;
    part->mask = RP_NONE;
    part->event_dims = 0;
  }
  name_face(c);
  return RP_OK;
}

static rp_code check_parts(const rp_compound *c, const rp_resolve *with) {
  const rp_distribution *first = &c->parts[0];
  for (int32_t k = 0; k < c->n_parts; k++) {
    const rp_distribution *part = &c->parts[k];
    int vector = part->family->event_dim > 0, wants_cdf = c->kind <= RP_COMPOUND_INTERVAL_CENSORED;
    if (vector && c->kind != RP_COMPOUND_MIXTURE) return refuse(with, c, k, "its values are not single numbers");
    if (wants_cdf && !rp_distribution_has_cdf(part)) return refuse(with, c, k, "its cdf is not known in closed form");
    if (c->kind == RP_COMPOUND_ORDERED && (part->family->discrete || strcmp(part->family->name, "delta") == 0))
      return refuse(with, c, k, "its values may be equal");
    if (part->event_size != first->event_size || part->family->event_dim != first->family->event_dim)
      return refuse(with, c, k, "its values have another shape than those of the first part");
    int atoms = part->family->discrete || strcmp(part->family->name, "delta") == 0;
    int first_atoms = first->family->discrete || strcmp(first->family->name, "delta") == 0;
    if (atoms != first_atoms)
      return rp_fail(
          with->status, RP_UNSUPPORTED, with->site,
          "mixture() of %s() and %s() cannot be: one has probabilities, the other a density (see zero_inflated())",
          first->family->name, part->family->name);
  }
  return RP_OK;
}

static rp_code refuse(const rp_resolve *with, const rp_compound *c, int32_t part, const char *why) {
  return rp_fail(with->status, RP_UNSUPPORTED, with->site, "%s() of %s() cannot be: %s", kind_names[c->kind],
                 c->parts[part].family->name, why);
}

static rp_code take_numbers(rp_compound *c, const rp_dist_spec *spec, const rp_resolve *with, int64_t n) {
  static const char *const needed = "its bounds, probability or weights";
  int32_t want = c->kind == RP_COMPOUND_MIXTURE         ? c->n_parts
                 : c->kind == RP_COMPOUND_ORDERED       ? 0
                 : c->kind == RP_COMPOUND_ZERO_INFLATED ? 1
                 : c->kind == RP_COMPOUND_CUSTOM        ? c->custom->n_arguments
                                                        : 2;
  if (c->n_numbers != want)
    return rp_fail(with->status, RP_BAD_SPEC, with->site, "%s() lacks %s", kind_names[c->kind], needed);
  for (int32_t k = 0; k < c->n_numbers; k++) {
    c->numbers[k] = RP_NONE;
    if (spec->numbers[k] == RP_NONE) continue;
    rp_node_id x = with->row(with->context, spec->numbers[k]);
    int64_t length = rp_size_of(with->g, x);
    if (length == 0) return rp_graph_status(with->g)->code;
    if (n % length != 0)
      return rp_fail(with->status, RP_BAD_SHAPE, with->site, "%s() has %lld numbers for %lld events",
                     kind_names[c->kind], (long long) length, (long long) n);
    c->numbers[k] = length == 1 ? x : rp_recycle(with->g, x, n);
  }
  if (c->kind == RP_COMPOUND_MIXTURE) normalise_weights(with->g, c);
  return RP_OK;
}

static void normalise_weights(rp_graph *g, rp_compound *c) {
  rp_node_id total = rp_const(g, 0);
  for (int32_t k = 0; k < c->n_numbers; k++) total = rp_add(g, total, c->numbers[k]);
  for (int32_t k = 0; k < c->n_numbers; k++) c->numbers[k] = rp_sub(g, rp_log(g, c->numbers[k]), rp_log(g, total));
}

/* Sorting commutes with an increasing map: ordered(base) on an interval is that map of ordered values on the line,
 * which have unconstrained coordinates. */
static rp_code order_on_the_line(rp_distribution *d, rp_compound *c, const rp_resolve *with) {
  rp_distribution *part = &c->parts[0];
  rp_support support;
  rp_transform to = {0};
  int known = rp_distribution_support(with->g, part, &support);
  if (known && support.kind == RP_SUPPORT_REAL) return RP_OK;
  if (!known || rp_support_default(with->g, support, &to.bijector, to.arguments) != RP_OK || to.bijector->monotone <= 0)
    return refuse(with, c, 0, "no increasing map leads to its support");
  for (int k = 0; k < 4; k++)
    if (rp_size_of(with->g, to.arguments[k]) > 1) return refuse(with, c, 0, "its elements have different supports");
  rp_transform from = to;
  from.inverted = 1;
  if (!rp_distribution_push(d, to) || !rp_distribution_push(part, from))
    return refuse(with, c, 0, "it has too many transforms");
  return RP_OK;
}

static void name_face(rp_compound *c) {
  if (c->custom) {
    c->face.name = c->custom->name;
    return;
  }
  const char *text = rp_pool_format(c->pool, "%s %s", kind_names[c->kind], c->parts[0].family->name);
  for (int32_t k = 1; text && k < c->n_parts && k < 4; k++)
    text = rp_pool_format(c->pool, "%s%s%s", text, k == 1 ? " and " : ", ", c->parts[k].family->name);
  c->face.name = text ? text : kind_names[c->kind];
}

static rp_compound *compound_like(rp_graph *g, rp_pool *pool, const rp_compound *like, int32_t n_parts,
                                  int32_t n_numbers) {
  rp_compound *c = rp_pool_alloc(pool, sizeof *c);
  if (c) {
    *c = *like;
    c->pool = pool;
    c->n_parts = n_parts;
    c->n_numbers = n_numbers;
    c->parts = rp_pool_array(pool, n_parts, sizeof *c->parts);
    c->numbers = rp_pool_array(pool, n_numbers, sizeof *c->numbers);
  }
  if (c && c->parts && c->numbers) return c;
  rp_fail_memory(rp_graph_status(g), "a distribution");
  return NULL;
}

/* ---- some of the events, another order ---- */

/* Each part has its own number of elements for an event; the matrices are for all. */
static const rp_compound *select_parts(rp_graph *g, const rp_compound *c, const int32_t *events, int64_t n,
                                       int64_t n_total) {
  rp_compound *part = compound_like(g, c->pool, c, c->n_parts, c->n_numbers);
  for (int32_t k = 0; part && k < c->n_parts; k++) {
    int64_t each = c->parts[k].n_events / n_total;
    int32_t *elements = rp_pool_array(c->pool, n * each, sizeof *elements);
    if (!elements) return rp_fail_memory(rp_graph_status(g), "a distribution"), NULL;
    for (int64_t i = 0; i < n * each; i++) elements[i] = (int32_t) (events[i / each] * each + i % each);
    part->parts[k] = rp_distribution_select(g, &c->parts[k], elements, n * each);
  }
  for (int32_t k = 0; part && k < c->n_numbers; k++) part->numbers[k] = c->numbers[k];
  return part;
}

const rp_compound *rp_compound_select(rp_graph *g, const rp_compound *c, const int32_t *events, int64_t n,
                                      int64_t n_total, int64_t n_per) {
  if (c->kind == RP_COMPOUND_LINEAR_HMM) return select_parts(g, c, events, n, n_total);
  rp_compound *part = compound_like(g, c->pool, c, c->n_parts, c->n_numbers);
  if (c->kind == RP_COMPOUND_ORDERED) n_per = c->parts[0].n_events / n_total;
  int32_t *elements = part ? rp_pool_array(c->pool, n * n_per, sizeof *elements) : NULL;
  if (!elements) {
    rp_fail_memory(rp_graph_status(g), "a distribution");
    return NULL;
  }
  for (int64_t i = 0; i < n; i++)
    for (int64_t k = 0; k < n_per; k++) elements[i * n_per + k] = (int32_t) (events[i] * n_per + k);
  for (int32_t k = 0; k < c->n_parts; k++)
    part->parts[k] = rp_distribution_select(g, &c->parts[k], elements, n * n_per);
  for (int32_t k = 0; k < c->n_numbers; k++) {
    part->numbers[k] = c->numbers[k];
    if (rp_size_of(g, c->numbers[k]) > 1) part->numbers[k] = rp_gather(g, c->numbers[k], elements, n * n_per);
  }
  return part;
}

const rp_compound *rp_compound_group(rp_graph *g, const rp_compound *c, int64_t n_groups, int64_t group) {
  rp_compound *part = compound_like(g, c->pool, c, c->n_parts, c->n_numbers);
  if (!part) return NULL;
  for (int32_t k = 0; k < c->n_parts; k++) {
    part->parts[k] = c->parts[k];
    rp_distribution_group(g, &part->parts[k], group);
    part->parts[k].n_events = n_groups * group;
    part->parts[k].event_size = 1;
    part->parts[k].group = 0;
  }
  for (int32_t k = 0; k < c->n_numbers; k++) {
    part->numbers[k] = c->numbers[k];
    if (rp_size_of(g, c->numbers[k]) > 1) part->numbers[k] = rp_transpose(g, c->numbers[k], n_groups, group);
  }
  return part;
}

/* ---- supports ---- */

void rp_support_bounds(rp_graph *g, rp_support support, rp_node_id *lower, rp_node_id *upper) {
  rp_support_kind kind = support.kind;
  *lower = *upper = RP_NONE;
  if (kind == RP_SUPPORT_POSITIVE || kind == RP_SUPPORT_NONNEGATIVE || kind == RP_SUPPORT_UNIT ||
      kind == RP_SUPPORT_BOOLEAN || kind == RP_SUPPORT_COUNT)
    *lower = rp_const(g, 0);
  if (kind == RP_SUPPORT_UNIT || kind == RP_SUPPORT_BOOLEAN) *upper = rp_const(g, 1);
  if (kind == RP_SUPPORT_LOWER || kind == RP_SUPPORT_INTERVAL || kind == RP_SUPPORT_INTEGER_INTERVAL)
    *lower = support.lower;
  if (kind == RP_SUPPORT_UPPER || kind == RP_SUPPORT_INTERVAL || kind == RP_SUPPORT_INTEGER_INTERVAL)
    *upper = support.upper;
  if (kind == RP_SUPPORT_CIRCLE) {
    *lower = rp_const(g, -RP_PI);
    *upper = rp_const(g, RP_PI);
  }
}

static rp_support support_between(rp_graph *g, rp_node_id lower, rp_node_id upper) {
  if (lower != RP_NONE && upper != RP_NONE) {
    int unit = rp_is_all(g, lower, 0) && rp_is_all(g, upper, 1);
    return (rp_support){unit ? RP_SUPPORT_UNIT : RP_SUPPORT_INTERVAL, unit ? RP_NONE : lower, unit ? RP_NONE : upper};
  }
  if (lower != RP_NONE && rp_is_all(g, lower, 0)) return (rp_support){RP_SUPPORT_POSITIVE, RP_NONE, RP_NONE};
  if (lower != RP_NONE) return (rp_support){RP_SUPPORT_LOWER, lower, RP_NONE};
  if (upper != RP_NONE) return (rp_support){RP_SUPPORT_UPPER, RP_NONE, upper};
  return (rp_support){RP_SUPPORT_REAL, RP_NONE, RP_NONE};
}

/* The tighter, or with `wider` the wider, of two bounds, either of which may be missing. */
static rp_node_id one_bound(rp_graph *g, rp_node_id a, rp_node_id b, int upper, int wider) {
  if (a == RP_NONE || b == RP_NONE) return wider ? RP_NONE : a == RP_NONE ? b : a;
  return upper == wider ? rp_max2(g, a, b) : rp_min2(g, a, b);
}

static rp_node_id whole_bound(rp_graph *g, rp_op op, rp_node_id a, rp_node_id b) {
  return a == RP_NONE ? b : b == RP_NONE ? a : rp_binary(g, op, a, b);
}

int rp_distribution_integer_bounds(rp_graph *g, const rp_distribution *d, rp_node_id *lower, rp_node_id *upper) {
  const rp_compound *c = d->compound;
  if (!c) {
    rp_support_bounds(g, rp_family_support(g, d->family, d->arguments), lower, upper);
    return 1;
  }
  if (!rp_distribution_integer_bounds(g, &c->parts[0], lower, upper)) return 0;
  switch (c->kind) {
  case RP_COMPOUND_TRUNCATED:
  case RP_COMPOUND_CENSORED:
  case RP_COMPOUND_INTERVAL_CENSORED:
    *lower = whole_bound(g, RP_OP_MAX, *lower,
                         c->numbers[0] == RP_NONE ? RP_NONE : rp_unary(g, RP_OP_CEILING, c->numbers[0]));
    *upper = whole_bound(g, RP_OP_MIN, *upper, c->numbers[1] == RP_NONE ? RP_NONE : rp_floor(g, c->numbers[1]));
    return 1;
  case RP_COMPOUND_ZERO_INFLATED:
    if (*lower != RP_NONE) *lower = rp_min2(g, *lower, rp_const(g, 0));
    return 1;
  case RP_COMPOUND_MIXTURE:
    for (int32_t k = 1; k < c->n_parts; k++) {
      rp_node_id low, high;
      if (!rp_distribution_integer_bounds(g, &c->parts[k], &low, &high)) return 0;
      *lower = *lower == RP_NONE || low == RP_NONE ? RP_NONE : rp_min2(g, *lower, low);
      *upper = *upper == RP_NONE || high == RP_NONE ? RP_NONE : rp_max2(g, *upper, high);
    }
    return 1;
  case RP_COMPOUND_CUSTOM:
    return 1;
  default:
    return 0;
  }
}

int rp_compound_support(rp_graph *g, const rp_compound *c, rp_support *support, int explain) {
  if (c->kind == RP_COMPOUND_LINEAR_HMM) {
    *support = (rp_support) {RP_SUPPORT_REAL_VECTOR, RP_NONE, RP_NONE};
    return 1;
  }
  int atoms = c->kind == RP_COMPOUND_CENSORED || c->kind == RP_COMPOUND_INTERVAL_CENSORED ||
              c->kind == RP_COMPOUND_ZERO_INFLATED;
  int known = !atoms && !c->face.discrete && rp_distribution_support(g, &c->parts[0], support);
  if (known && c->kind == RP_COMPOUND_ORDERED) *support = (rp_support){RP_SUPPORT_ORDERED, RP_NONE, RP_NONE};
  if (known && c->kind == RP_COMPOUND_TRUNCATED) {
    rp_node_id lower, upper;
    rp_support_bounds(g, *support, &lower, &upper);
    *support =
        support_between(g, one_bound(g, lower, c->numbers[LOWER], 0, 0), one_bound(g, upper, c->numbers[UPPER], 1, 0));
  }
  for (int32_t k = 1; known && c->kind == RP_COMPOUND_MIXTURE && k < c->n_parts; k++) {
    rp_support other;
    known = rp_distribution_support(g, &c->parts[k], &other);
    if (!known) break;
    if (c->face.event_dim > 0 || (other.kind == RP_SUPPORT_CIRCLE && support->kind == RP_SUPPORT_CIRCLE)) {
      known = other.kind == support->kind;
      continue;
    }
    rp_node_id lower[2], upper[2];
    rp_support_bounds(g, *support, &lower[0], &upper[0]);
    rp_support_bounds(g, other, &lower[1], &upper[1]);
    *support = support_between(g, one_bound(g, lower[0], lower[1], 0, 1), one_bound(g, upper[0], upper[1], 1, 1));
  }
  if (!known && explain)
    rp_fail(rp_graph_status(g), RP_UNSUPPORTED, NULL,
            atoms ? "%s() has probability on single points, so it can be observed but not inferred"
                  : "no unconstrained coordinates lead to the values of %s()",
            c->face.name);
  return known;
}
