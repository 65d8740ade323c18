#include "distribution.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bij/events.h"
#include "../dist/known.h"
#include "../dist/support.h"
#include "combinator.h"

static rp_code resolve_family(rp_distribution *d, const rp_dist_spec *spec, const rp_resolve *with, int64_t n_value);
static rp_code join_series(rp_distribution *d, int64_t n, const rp_resolve *with);
static int64_t base_values(const rp_dist_spec *const *chain, int32_t depth, const rp_resolve *with, int64_t n_value,
                           int64_t *n_events);
static rp_code add_transforms(rp_distribution *d, const rp_dist_spec *s, int64_t n_events, const rp_resolve *with);
static rp_code fit_argument(rp_distribution *d, int32_t k, rp_graph *g, const char *site, rp_status *status);
static rp_code check_constant(const rp_distribution *d, int32_t k, const rp_graph *g, const char *site,
                              rp_status *status);
static rp_node_id select_events(rp_graph *g, rp_node_id a, int64_t width, const int32_t *events, int64_t n,
                                int64_t n_events);
static int64_t group_of(const rp_distribution *d);
static int64_t family_size(const rp_distribution *d);
static rp_node_id family_density(rp_graph *g, const rp_distribution *d, rp_node_id x, int inside);
static rp_node_id unwind(rp_graph *g, const rp_distribution *d, rp_node_id x, rp_node_id *log_jacobian);
static rp_node_id constrain_directly(rp_graph *g, const rp_distribution *d, rp_node_id u, rp_node_id *term);
static rp_code default_bijector(rp_graph *g, const rp_distribution *d, const rp_bijector **bijector,
                                rp_node_id arguments[4]);
static int expand_base(rp_distribution *d);
static int leads_to_the_line(rp_graph *g, const rp_transform *to, rp_support support);

/* ---- from the spec ---- */

rp_code rp_distribution_resolve(rp_distribution *d, const rp_dist_spec *spec, const rp_resolve *with, int64_t n_value) {
  rp_graph *g = with->g;
  memset(d, 0, sizeof *d);
  d->mask = RP_NONE;
  const rp_dist_spec *chain[2 * RP_MAX_TRANSFORMS];
  int32_t depth = 0;
  for (; spec && spec->combinator != RP_DIST_FAMILY && spec->combinator != RP_DIST_COMPOUND; spec = spec->base) {
    if (depth == 2 * RP_MAX_TRANSFORMS)
      return rp_fail(with->status, RP_UNSUPPORTED, with->site, "its distribution is nested too deeply");
    chain[depth++] = spec;
  }
  int64_t n_events, n_base = base_values(chain, depth, with, n_value, &n_events);
  if (n_base < 0) return with->status->code;
  int compound = spec && spec->combinator == RP_DIST_COMPOUND;
  if (!spec || (!compound && !spec->family))
    return rp_fail(with->status, RP_BAD_SPEC, with->site, "its distribution has no family");
  rp_code code = compound ? rp_compound_resolve(d, spec, with, n_base) : resolve_family(d, spec, with, n_base);
  while (depth-- > 0 && code == RP_OK) {
    const rp_dist_spec *s = chain[depth];
    if (s->combinator == RP_DIST_SERIES) code = join_series(d, s->event_dims, with);
    if (s->combinator == RP_DIST_INDEPENDENT) d->event_dims += s->event_dims;
    if (s->combinator == RP_DIST_TRANSFORMED) code = add_transforms(d, s, n_events, with);
    if (s->combinator != RP_DIST_MASKED) continue;
    rp_node_id mask = with->row(with->context, s->mask);
    int64_t n = rp_size_of(g, mask);
    if (n > 1 && n != d->n_events)
      return rp_fail(with->status, RP_BAD_SHAPE, with->site, "its mask has %lld elements, but there are %lld events",
                     (long long) n, (long long) d->n_events);
    d->mask = d->mask == RP_NONE ? mask : rp_mul(g, d->mask, mask);
  }
  return code == RP_OK ? rp_graph_status(g)->code : code;
}

/* Each n series that follow on each other, columns of one matrix, are one event. */
static rp_code join_series(rp_distribution *d, int64_t n, const rp_resolve *with) {
  if (n < 1 || d->n_events % n != 0 || d->group > 0 || d->family->event_dim != 2)
    return rp_fail(with->status, RP_BAD_SPEC, with->site, "independent_hmm() of %s() does not fit", d->family->name);
  d->group = n;
  d->n_events /= n;
  d->event_size *= n;
  return RP_OK;
}

/* Numbers that the family gives where transforms of whole events change how many there are; -1 with a status when no
 * number fits.  n_events: as the last dim of the site (the last two, for matrices) holds one event; 0 without such
 * transforms. */
static int64_t base_values(const rp_dist_spec *const *chain, int32_t depth, const rp_resolve *with, int64_t n_value,
                           int64_t *n_events) {
  int64_t size = 0;
  *n_events = 0;
  for (int32_t k = 0; k < depth; k++) {
    for (int32_t t = chain[k]->n_transforms; t-- > 0;) {
      const rp_transform_spec *transform = &chain[k]->transforms[t];
      const rp_bijector *b = transform->bijector;
      if (!rp_bijector_of_events(b) && transform->count == 0) continue;
      if (*n_events == 0) {
        int32_t dims = transform->count > 0 ? 1 : transform->inverted ? b->domain_dim : b->codomain_dim;
        size = n_value;
        if (with->n_dim > dims) size = with->dim[with->n_dim - 1] * (dims == 2 ? with->dim[with->n_dim - 2] : 1);
        *n_events = size > 0 && n_value % size == 0 ? n_value / size : 1;
      }
      int64_t (*before)(int64_t) = transform->inverted ? b->codomain_size : b->domain_size;
      if (before && transform->count == 0) size = before(size);
      if (size >= 1 && transform->first + transform->count <= size) continue;
      rp_fail(with->status, RP_BAD_SHAPE, with->site, "%s() cannot give events of its length", b->name);
      return -1;
    }
  }
  return *n_events == 0 ? n_value : *n_events * size;
}

/* A univariate family's numbers become the events that a transform of whole events takes. */
static rp_code make_events(rp_distribution *d, const rp_bijector *b, int64_t n_events, const rp_resolve *with) {
  if (d->mask != RP_NONE && rp_size_of(with->g, d->mask) > 1)
    return rp_fail(with->status, RP_UNSUPPORTED, with->site, "its elements cannot be masked one by one inside %s()",
                   b->name);
  if (d->n_events % n_events != 0)
    return rp_fail(with->status, RP_BAD_SHAPE, with->site, "its %lld numbers do not make %lld events of %s()",
                   (long long) d->n_events, (long long) n_events, b->name);
  rp_distribution_group(with->g, d, d->n_events / n_events);
  return rp_graph_status(with->g)->code;
}

static rp_code add_transforms(rp_distribution *d, const rp_dist_spec *s, int64_t n_events, const rp_resolve *with) {
  if (d->family->discrete)
    return rp_fail(with->status, RP_UNSUPPORTED, with->site,
                   "transformed() of %s() cannot be: a transform needs a density", d->family->name);
  for (int32_t t = 0; t < s->n_transforms; t++) {
    const rp_bijector *b = s->transforms[t].bijector;
    if (d->n_transforms == RP_MAX_TRANSFORMS)
      return rp_fail(with->status, RP_UNSUPPORTED, with->site, "it has more than %d transforms", RP_MAX_TRANSFORMS);
    const int part = s->transforms[t].count > 0;
    const int whole = rp_bijector_of_events(b) || part;
    if (whole && d->family->event_dim == 0 && d->group == 0 && make_events(d, b, n_events, with) != RP_OK)
      return with->status->code;
    rp_transform *to = &d->transforms[d->n_transforms++];
    to->bijector = b;
    to->inverted = s->transforms[t].inverted;
    to->first = s->transforms[t].first;
    to->count = s->transforms[t].count;
    if (part && (to->first < 0 || to->first + to->count > d->event_size || b->domain_size || b->codomain_size))
      return rp_fail(with->status, RP_BAD_SHAPE, with->site, "%s() cannot act on elements %lld to %lld of its events",
                     b->name, (long long) to->first + 1, (long long) (to->first + to->count));
    for (int32_t k = 0; k < 4; k++) {
      rp_node_id from = s->transforms[t].arguments[k];
      to->arguments[k] = from == RP_NONE ? RP_NONE : with->row(with->context, from);
      if (to->arguments[k] == RP_NONE || rp_bijector_of_events(b)) continue;
      if (part) {
        to->arguments[k] = rp_recycle(with->g, to->arguments[k], to->count * d->n_events);
        continue;
      }
      to->arguments[k] = rp_recycle(with->g, to->arguments[k], d->n_events * d->event_size);
      if (d->event_size > 1 && d->n_events > 1 && rp_size_of(with->g, to->arguments[k]) > 1)
        to->arguments[k] = rp_transpose(with->g, to->arguments[k], d->n_events, d->event_size);
    }
    if (d->family_size == 0 && whole) d->family_size = d->event_size;
    d->event_size = rp_transform_size_after(to, d->event_size);
    if (d->event_size < 1)
      return rp_fail(with->status, RP_BAD_SHAPE, with->site, "%s() cannot take events of its length", b->name);
  }
  return RP_OK;
}

static rp_code resolve_family(rp_distribution *d, const rp_dist_spec *spec, const rp_resolve *with, int64_t n_value) {
  const rp_family *f = d->family = spec->family;
  int64_t lengths[RP_MAX_ARGUMENTS] = {0};
  for (int32_t k = 0; k < f->n_arguments; k++) {
    rp_node_id from = spec->arguments[k];
    d->arguments[k] = from == RP_NONE ? RP_NONE : with->row(with->context, from);
    if (from == RP_NONE && !f->arguments[k].optional)
      return rp_fail(with->status, RP_BAD_SPEC, with->site, "%s() lacks its argument `%s`", f->name,
                     f->arguments[k].name);
    if (from != RP_NONE && d->arguments[k] == RP_NONE) return rp_graph_status(with->g)->code;
    lengths[k] = rp_size_of(with->g, d->arguments[k]);
    d->widths[k] = 1;
  }
  d->event_size = 1;
  if (f->event_dim > 0) {
    d->event_size = f->event_size ? f->event_size(lengths, n_value, d->widths) : lengths[0];
    if (!f->event_size) d->widths[0] = lengths[0];
  }
  if (d->event_size <= 0 || n_value % d->event_size != 0)
    return rp_fail(with->status, RP_BAD_SHAPE, with->site, "it has %lld values, which do not make whole events of %s()",
                   (long long) n_value, f->name);
  d->n_events = n_value / d->event_size;
  for (int32_t k = 0; k < f->n_arguments; k++)
    if (d->arguments[k] != RP_NONE && fit_argument(d, k, with->g, with->site, with->status) != RP_OK)
      return with->status->code;
  return RP_OK;
}

static rp_code fit_argument(rp_distribution *d, int32_t k, rp_graph *g, const char *site, rp_status *status) {
  int64_t n = rp_graph_node(g, d->arguments[k])->n, want = d->widths[k] * d->n_events;
  if (d->family->event_dim == 0 && n != 1 && n != want) {
    if (n == 0 || want % n != 0)
      return rp_fail(status, RP_BAD_SHAPE, site, "its argument `%s` has length %lld, but the site has %lld elements",
                     d->family->arguments[k].name, (long long) n, (long long) want);
    d->arguments[k] = rp_recycle(g, d->arguments[k], want);
  } else if (d->family->event_dim > 0 && n > d->widths[k] && n < want && n % d->widths[k] == 0 && want % n == 0) {
    d->arguments[k] = rp_recycle(g, d->arguments[k], want);
  } else if (d->family->event_dim > 0 && n != d->widths[k] && n != want) {
    return rp_fail(status, RP_BAD_SHAPE, site, "its argument `%s` has length %lld, where %lld is needed",
                   d->family->arguments[k].name, (long long) n, (long long) d->widths[k]);
  }
  return check_constant(d, k, g, site, status);
}

static rp_code check_constant(const rp_distribution *d, int32_t k, const rp_graph *g, const char *site,
                              rp_status *status) {
  const rp_node *node = rp_graph_node(g, d->arguments[k]);
  if (node->op != RP_OP_CONST) return RP_OK;
  const double *x = node->n == 1 ? &node->value : node->data;
  const rp_argument *argument = &d->family->arguments[k];
  for (int64_t i = 0; i < node->n; i++) {
    if (isnan(x[i]))
      return rp_fail(status, RP_BAD_ARGUMENT, site, "argument `%s` of %s() is NA, where a number is needed",
                     argument->name, d->family->name);
    if (d->family->event_dim == 0 && !rp_constraint_holds(argument->constraint, &x[i], 1))
      return rp_fail(status, RP_BAD_ARGUMENT, site, "argument `%s` of %s() is %g, but must be %s", argument->name,
                     d->family->name, x[i], rp_constraint_name(argument->constraint));
  }
  /* numbers that only have to be finite are checked in R, where -Inf is a log odds that some families take */
  if (d->family->event_dim == 0 || argument->constraint == RP_ARG_REAL) return RP_OK;
  for (int64_t at = 0; at + d->widths[k] <= node->n; at += d->widths[k])
    if (!rp_constraint_holds(argument->constraint, x + at, d->widths[k]))
      return rp_fail(status, RP_BAD_ARGUMENT, site, "argument `%s` of %s() must be %s%s", argument->name,
                     d->family->name, rp_constraint_name(argument->constraint),
                     d->n_events > 1 ? ", for each event" : "");
  return RP_OK;
}

/* ---- subsets ---- */

rp_distribution rp_distribution_select(rp_graph *g, const rp_distribution *d, const int32_t *events, int64_t n) {
  rp_distribution part = *d;
  part.n_events = n;
  for (int32_t k = 0; k < d->family->n_arguments; k++)
    part.arguments[k] = select_events(g, d->arguments[k], d->widths[k] * group_of(d), events, n, d->n_events);
  for (int32_t t = 0; t < d->n_transforms; t++) {
    const rp_transform *of = &d->transforms[t];
    int64_t width = of->count > 0 ? of->count : d->event_size;
    for (int32_t k = 0; k < 4 && of->bijector->domain_dim == 0; k++)
      part.transforms[t].arguments[k] = select_events(g, of->arguments[k], width, events, n, d->n_events);
  }
  part.mask = select_events(g, d->mask, 1, events, n, d->n_events);
  if (d->compound) {
    part.compound = rp_compound_select(g, d->compound, events, n, d->n_events, group_of(d));
    if (part.compound) part.family = &part.compound->face;
  }
  return part;
}

static rp_node_id select_events(rp_graph *g, rp_node_id a, int64_t width, const int32_t *events, int64_t n,
                                int64_t n_events) {
  if (a == RP_NONE) return RP_NONE;
  int64_t length = rp_graph_node(g, a)->n;
  if (length == 1 || length != width * n_events || n == 0) return a;
  int32_t *index = malloc((size_t) (n * width) * sizeof *index);
  if (!index) {
    rp_fail_memory(rp_graph_status(g), "an index");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n; i++)
    for (int64_t w = 0; w < width; w++) index[i * width + w] = (int32_t) (events[i] * width + w);
  rp_node_id part = rp_gather(g, a, index, n * width);
  free(index);
  return part;
}

/* ---- density and sampling ---- */

rp_node_id rp_distribution_log_density(rp_graph *g, const rp_distribution *d, rp_node_id x, int inside) {
  rp_node_id log_jacobian = RP_NONE;
  rp_node_id base = unwind(g, d, x, &log_jacobian);
  rp_node_id term = family_density(g, d, base, inside);
  if (log_jacobian == RP_NONE) return term;
  rp_node_id density = rp_sub(g, term, log_jacobian);
  /* Outside the transforms' codomain the inverse is not a number: no density there. */
  if (inside) return density;
  return rp_select(g, rp_unary(g, RP_OP_IS_NAN, density), rp_const(g, -INFINITY), density);
}

rp_node_id rp_distribution_random(rp_graph *g, const rp_distribution *d, uint32_t stream) {
  int64_t n = d->n_events * group_of(d), size = family_size(d) / group_of(d);
  rp_node_id x = d->compound ? rp_compound_random(g, d, n, size, stream)
                             : rp_family_random(g, d->family, stream, d->arguments, d->widths, n, size);
  return rp_distribution_forward(g, d, x);
}

int rp_distribution_may_be_partial(const rp_distribution *d) {
  for (int32_t t = 0; t < d->n_transforms; t++)
    if (rp_bijector_of_events(d->transforms[t].bijector) || d->transforms[t].count > 0) return 0;
  return !d->compound && d->family->known_density && d->family->complete;
}

rp_node_id rp_distribution_known_density(rp_graph *g, const rp_distribution *d, rp_node_id x, const uint8_t *known,
                                         int joint) {
  int64_t group = group_of(d), size = d->event_size;
  rp_node_id log_jacobian = RP_NONE,
             flags = d->n_transforms > 0 ? rp_known_node(g, known, d->n_events * size) : RP_NONE;
  for (int32_t t = d->n_transforms; t-- > 0;) {
    rp_node_id u = rp_transform_back(g, &d->transforms[t], x, d->n_events, size);
    rp_node_id each = rp_transform_element_jacobian(g, &d->transforms[t], u, x, d->n_events * size);
    each = rp_event_sum(g, rp_select(g, flags, each, rp_const(g, 0)), d->n_events, size);
    log_jacobian = log_jacobian == RP_NONE ? each : rp_add(g, log_jacobian, each);
    x = u;
  }
  int64_t n = d->n_events * group;
  rp_node_id term = joint ? rp_log_density(g, d->family, x, d->arguments, n, size / group, 1)
                          : d->family->known_density(g, x, known, d->arguments, n, size / group);
  if (group > 1) term = rp_event_sum(g, term, d->n_events, group);
  return log_jacobian == RP_NONE ? term : rp_sub(g, term, log_jacobian);
}

rp_node_id rp_distribution_complete(rp_graph *g, const rp_distribution *d, rp_node_id x, const uint8_t *known,
                                    uint32_t stream) {
  int64_t group = group_of(d);
  rp_node_id u = d->n_transforms > 0 ? rp_distribution_inverse(g, d, x) : x;
  u = d->family->complete(g, stream, u, known, d->arguments, d->n_events * group, d->event_size / group);
  if (d->n_transforms == 0) return u;
  return rp_select(g, rp_known_node(g, known, d->n_events * d->event_size), x, rp_distribution_forward(g, d, u));
}

int rp_distribution_can_sample(const rp_distribution *d) {
  return d->compound ? rp_compound_can_sample(d->compound) : rp_family_can_sample(d->family);
}

rp_node_id rp_distribution_log_jacobian(rp_graph *g, const rp_distribution *d, rp_node_id b) {
  rp_node_id log_jacobian = rp_const(g, 0);
  int64_t size = family_size(d);
  for (int32_t t = 0; t < d->n_transforms; t++) {
    const rp_transform *to = &d->transforms[t];
    rp_node_id x = rp_transform_forward(g, to, b, d->n_events, size);
    log_jacobian = rp_add(g, log_jacobian, rp_transform_log_jacobian(g, to, b, x, d->n_events, size));
    size = rp_transform_size_after(to, size);
    b = x;
  }
  return log_jacobian;
}

rp_node_id rp_distribution_forward(rp_graph *g, const rp_distribution *d, rp_node_id x) {
  int64_t size = family_size(d);
  for (int32_t t = 0; t < d->n_transforms; t++) {
    x = rp_transform_forward(g, &d->transforms[t], x, d->n_events, size);
    size = rp_transform_size_after(&d->transforms[t], size);
  }
  return x;
}

rp_node_id rp_distribution_inverse(rp_graph *g, const rp_distribution *d, rp_node_id x) {
  rp_node_id log_jacobian = RP_NONE;
  return unwind(g, d, x, &log_jacobian);
}

static int64_t group_of(const rp_distribution *d) { return d->group > 0 ? d->group : 1; }
static int64_t family_size(const rp_distribution *d) { return d->family_size > 0 ? d->family_size : d->event_size; }

static rp_node_id family_density(rp_graph *g, const rp_distribution *d, rp_node_id x, int inside) {
  int64_t group = group_of(d), n = d->n_events * group;
  rp_node_id term = d->compound ? rp_compound_log_density(g, d->compound, x, n, family_size(d) / group, inside)
                                : rp_log_density(g, d->family, x, d->arguments, n, family_size(d) / group, inside);
  return group > 1 ? rp_event_sum(g, term, d->n_events, group) : term;
}

/* Undoes the transforms, adding up their log Jacobians (one per event). */
static rp_node_id unwind(rp_graph *g, const rp_distribution *d, rp_node_id x, rp_node_id *log_jacobian) {
  int64_t sizes[RP_MAX_TRANSFORMS + 1] = {family_size(d)};
  for (int32_t t = 0; t < d->n_transforms; t++) sizes[t + 1] = rp_transform_size_after(&d->transforms[t], sizes[t]);
  for (int32_t t = d->n_transforms; t-- > 0;) {
    rp_node_id u = rp_transform_back(g, &d->transforms[t], x, d->n_events, sizes[t]);
    rp_node_id term = rp_transform_log_jacobian(g, &d->transforms[t], u, x, d->n_events, sizes[t]);
    *log_jacobian = *log_jacobian == RP_NONE ? term : rp_add(g, *log_jacobian, term);
    x = u;
  }
  return x;
}

/* ---- unconstrained coordinates ---- */

int64_t rp_distribution_unconstrained_size(rp_graph *g, const rp_distribution *d) {
  if (d->unbounded) return d->event_size;
  rp_distribution base = *d;
  expand_base(&base);
  const rp_bijector *bijector;
  rp_node_id arguments[4];
  if (default_bijector(g, &base, &bijector, arguments) != RP_OK) return -1;
  int64_t size = family_size(&base);
  return bijector->domain_size ? bijector->domain_size(size) : size;
}

rp_node_id rp_distribution_constrain(rp_graph *g, const rp_distribution *d, rp_node_id u, rp_node_id *term) {
  if (d->unbounded) {
    *term = rp_distribution_log_density(g, d, u, 1);
    return u;
  }
  if (d->direct) return constrain_directly(g, d, u, term);
  rp_distribution base = *d;
  expand_base(&base);
  rp_transform own = {0};
  if (default_bijector(g, &base, &own.bijector, own.arguments) != RP_OK) return *term = RP_NONE;
  int64_t size = family_size(&base);
  rp_node_id x = own.bijector->forward(g, u, own.arguments, base.n_events, size);
  rp_node_id density = family_density(g, &base, x, 1);
  *term = rp_add(g, density, rp_transform_own_jacobian(g, &own, u, x, base.n_events, size));
  return rp_distribution_forward(g, &base, x);
}

static rp_node_id constrain_directly(rp_graph *g, const rp_distribution *d, rp_node_id u, rp_node_id *term) {
  rp_support support;
  rp_transform own = {0};
  if (!rp_distribution_support(g, d, &support) || rp_support_default(g, support, &own.bijector, own.arguments) != RP_OK)
    return *term = RP_NONE;
  rp_node_id x = own.bijector->forward(g, u, own.arguments, d->n_events, d->event_size);
  rp_node_id jacobian = rp_transform_own_jacobian(g, &own, u, x, d->n_events, d->event_size);
  *term = rp_add(g, rp_distribution_log_density(g, d, x, 1), jacobian);
  return x;
}

rp_node_id rp_distribution_unconstrain(rp_graph *g, const rp_distribution *d, rp_node_id x) {
  if (d->unbounded) return x;
  if (d->direct) {
    rp_support own;
    const rp_bijector *to;
    rp_node_id bounds[4];
    if (!rp_distribution_support(g, d, &own) || rp_support_default(g, own, &to, bounds) != RP_OK) return RP_NONE;
    return to->inverse(g, x, bounds, d->n_events, d->event_size);
  }
  rp_distribution base = *d;
  expand_base(&base);
  const rp_bijector *bijector;
  rp_node_id arguments[4];
  if (default_bijector(g, &base, &bijector, arguments) != RP_OK) return RP_NONE;
  x = rp_distribution_inverse(g, &base, x);
  return bijector->inverse(g, x, arguments, base.n_events, family_size(&base));
}

static rp_code default_bijector(rp_graph *g, const rp_distribution *d, const rp_bijector **bijector,
                                rp_node_id arguments[4]) {
  rp_support support;
  if (d->compound && !rp_compound_support(g, d->compound, &support, 1)) return rp_graph_status(g)->code;
  if (!d->compound) support = rp_family_support(g, d->family, d->arguments);
  return rp_support_default(g, support, bijector, arguments);
}

/* Rewrites a family with a bijective base (lognormal) as that base with its transforms in front; 1 if it did. */
static int expand_base(rp_distribution *d) {
  const rp_family *base = d->family->base ? rp_family_find(d->family->base) : NULL;
  if (!base) return 0;
  rp_transform own[RP_MAX_TRANSFORMS] = {0};
  int32_t n = 0;
  char names[64];
  snprintf(names, sizeof names, "%s", d->family->base_transforms);
  for (char *name = names, *end; *name && n < RP_MAX_TRANSFORMS; name = end) {
    end = name + strcspn(name, " ");
    if (*end) *end++ = 0;
    own[n].inverted = 0;
    own[n].bijector = rp_bijector_find(name);
    for (int32_t k = 0; k < 4; k++) own[n].arguments[k] = RP_NONE;
    if (!own[n++].bijector) return 0;
  }
  if (n + d->n_transforms > RP_MAX_TRANSFORMS) return 0;
  memmove(d->transforms + n, d->transforms, (size_t) d->n_transforms * sizeof *own);
  memcpy(d->transforms, own, (size_t) n * sizeof *own);
  d->n_transforms += n;
  d->family = base;
  return 1;
}

int rp_distribution_base(const rp_distribution *d, rp_distribution *base, rp_distribution *transforms_only) {
  *transforms_only = *d;
  expand_base(transforms_only);
  *base = *transforms_only;
  base->n_transforms = 0;
  base->unbounded = 0;
  base->event_size = family_size(transforms_only);
  base->family_size = 0;
  return transforms_only->n_transforms > 0;
}

/* ---- for reparameterizers ---- */

void rp_distribution_group(rp_graph *g, rp_distribution *d, int64_t group) {
  int64_t n = d->n_events, n_groups = n / group;
  for (int32_t k = 0; k < d->family->n_arguments; k++)
    if (d->arguments[k] != RP_NONE && rp_graph_node(g, d->arguments[k])->n == n && n_groups > 1 && group > 1)
      d->arguments[k] = rp_transpose(g, d->arguments[k], n_groups, group);
  for (int32_t t = 0; t < d->n_transforms; t++)
    for (int32_t k = 0; k < 4; k++) {
      rp_node_id *argument = &d->transforms[t].arguments[k];
      if (*argument != RP_NONE && rp_graph_node(g, *argument)->n == n && n_groups > 1 && group > 1)
        *argument = rp_transpose(g, *argument, n_groups, group);
    }
  if (d->compound && n_groups > 1 && group > 1) {
    const rp_compound *grouped = rp_compound_group(g, d->compound, n_groups, group);
    if (!grouped) return;
    d->compound = grouped;
    d->family = &grouped->face;
  }
  d->group = group;
  d->n_events = n_groups;
  d->event_size = group;
}

int rp_distribution_is_elementwise(const rp_distribution *d) { return d->family->event_dim == 0 && d->group <= 1; }

int rp_distribution_support(rp_graph *g, const rp_distribution *d, rp_support *support) {
  if (d->compound && !rp_compound_support(g, d->compound, support, 0)) return 0;
  if (!d->compound) *support = rp_family_support(g, d->family, d->arguments);
  rp_distribution chain = *d;
  if (d->n_transforms == 0) return 1;
  for (int32_t t = 0; t < chain.n_transforms; t++) {
    const rp_transform *to = &chain.transforms[t];
    if (to->count > 0) return 0;
    int real = support->kind == RP_SUPPORT_REAL || support->kind == RP_SUPPORT_REAL_VECTOR;
    const char *codomain = to->bijector->codomain;
    if (to->inverted && leads_to_the_line(g, to, *support)) {
      *support =
          (rp_support){to->bijector->domain_dim > 0 ? RP_SUPPORT_REAL_VECTOR : RP_SUPPORT_REAL, RP_NONE, RP_NONE};
    } else if (real && (strcmp(to->bijector->name, "affine") == 0 ||
                        (!codomain && rp_bijector_of_events(to->bijector)))) {
      continue;
    } else if (real && codomain && !to->inverted) {
      int k = 0;
      while (k < RP_SUPPORT_ONE_HOT && strcmp(codomain, rp_support_name((rp_support_kind) k)) != 0) k++;
      if (k == RP_SUPPORT_ONE_HOT) return 0;
      int64_t two_sided = k == RP_SUPPORT_INTERVAL, one_sided = k == RP_SUPPORT_LOWER || k == RP_SUPPORT_UPPER;
      *support = (rp_support){(rp_support_kind) k, RP_NONE, RP_NONE};
      if (two_sided || k == RP_SUPPORT_LOWER) support->lower = to->arguments[0];
      if (two_sided) support->upper = to->arguments[1];
      if (one_sided && k == RP_SUPPORT_UPPER) support->upper = to->arguments[0];
    } else {
      return 0;
    }
  }
  return 1;
}

/* Whether the inverse of `to` maps all of the support, and nothing else, to the real line. */
static int leads_to_the_line(rp_graph *g, const rp_transform *to, rp_support support) {
  const rp_bijector *own = rp_support_bijector(support.kind);
  rp_node_id bounds[4];
  if (!own || rp_support_default(g, support, &own, bounds) != RP_OK) return 0;
  if (strcmp(own->name, "exp") == 0 && strcmp(to->bijector->name, "softplus") == 0) return 1;
  if (own != to->bijector) return 0;
  for (int k = 0; k < 4; k++)
    if (bounds[k] != RP_NONE && bounds[k] != to->arguments[k]) return 0;
  return 1;
}

int rp_distribution_push(rp_distribution *d, rp_transform transform) {
  if (d->n_transforms == RP_MAX_TRANSFORMS) return 0;
  d->transforms[d->n_transforms++] = transform;
  return 1;
}

void rp_distribution_describe(const rp_distribution *d, char *text, size_t size) {
  snprintf(text, size, "%s%s%s", d->mask == RP_NONE ? "" : "masked ", d->n_transforms ? "transformed " : "",
           d->family->name);
}
