#include "distribution.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dist/support.h"

static rp_code resolve_family(rp_distribution *d, const rp_dist_spec *spec, rp_graph *g, rp_row_lookup row, void *context,
                              int64_t n_value, const char *site, rp_status *status);
static rp_code fit_argument(rp_distribution *d, int32_t k, rp_graph *g, const char *site, rp_status *status);
static rp_code check_constant(const rp_distribution *d, int32_t k, const rp_graph *g, const char *site, rp_status *status);
static rp_node_id select_events(rp_graph *g, rp_node_id a, int64_t width, const int32_t *events, int64_t n,
                                int64_t n_events);
static rp_node_id unwind(rp_graph *g, const rp_distribution *d, rp_node_id x, rp_node_id *log_jacobian);
static rp_code default_bijector(rp_graph *g, const rp_distribution *d, const rp_bijector **bijector,
                                rp_node_id arguments[4]);
static int expand_base(rp_distribution *d);

/* ---- from the spec ---- */

rp_code rp_distribution_resolve(rp_distribution *d, const rp_dist_spec *spec, rp_graph *g, rp_row_lookup row,
                                void *context, int64_t n_value, const char *site, rp_status *status) {
  memset(d, 0, sizeof *d);
  d->mask = RP_NONE;
  const rp_dist_spec *chain[2 * RP_MAX_TRANSFORMS];
  int32_t depth = 0;
  for (; spec && spec->combinator != RP_DIST_FAMILY; spec = spec->base) {
    if (depth == 2 * RP_MAX_TRANSFORMS) return rp_fail(status, RP_UNSUPPORTED, site, "its distribution is nested too deeply");
    chain[depth++] = spec;
  }
  if (!spec || !spec->family) return rp_fail(status, RP_BAD_SPEC, site, "its distribution has no family");
  if (resolve_family(d, spec, g, row, context, n_value, site, status) != RP_OK) return status->code;
  while (depth-- > 0) {
    const rp_dist_spec *s = chain[depth];
    if (s->combinator == RP_DIST_MASKED) {
      rp_node_id mask = row(context, s->mask);
      const rp_node *node = mask == RP_NONE ? NULL : rp_graph_node(g, mask);
      if (node && node->n != 1 && node->n != d->n_events)
        return rp_fail(status, RP_BAD_SHAPE, site, "its mask has %lld elements, but there are %lld events",
                       (long long) node->n, (long long) d->n_events);
      d->mask = d->mask == RP_NONE ? mask : rp_mul(g, d->mask, mask);
    }
    for (int32_t t = 0; s->combinator == RP_DIST_TRANSFORMED && t < s->n_transforms; t++) {
      if (d->n_transforms == RP_MAX_TRANSFORMS)
        return rp_fail(status, RP_UNSUPPORTED, site, "it has more than %d transforms", RP_MAX_TRANSFORMS);
      rp_transform *to = &d->transforms[d->n_transforms++];
      to->bijector = s->transforms[t].bijector;
      for (int32_t k = 0; k < 4; k++) {
        rp_node_id from = s->transforms[t].arguments[k];
        to->arguments[k] = from == RP_NONE ? RP_NONE : row(context, from);
        if (to->arguments[k] != RP_NONE) to->arguments[k] = rp_recycle(g, to->arguments[k], d->n_events * d->event_size);
      }
    }
  }
  return rp_graph_status(g)->code;
}

static rp_code resolve_family(rp_distribution *d, const rp_dist_spec *spec, rp_graph *g, rp_row_lookup row, void *context,
                              int64_t n_value, const char *site, rp_status *status) {
  const rp_family *f = d->family = spec->family;
  int64_t lengths[RP_MAX_ARGUMENTS] = {0};
  for (int32_t k = 0; k < f->n_arguments; k++) {
    rp_node_id from = spec->arguments[k];
    d->arguments[k] = from == RP_NONE ? RP_NONE : row(context, from);
    if (from == RP_NONE && !f->arguments[k].optional)
      return rp_fail(status, RP_BAD_SPEC, site, "%s() lacks its argument `%s`", f->name, f->arguments[k].name);
    if (from != RP_NONE && d->arguments[k] == RP_NONE) return rp_graph_status(g)->code;
    lengths[k] = d->arguments[k] == RP_NONE ? 0 : rp_graph_node(g, d->arguments[k])->n;
    d->widths[k] = 1;
  }
  d->event_size = 1;
  if (f->event_dim > 0) {
    d->event_size = f->event_size ? f->event_size(lengths, n_value, d->widths) : lengths[0];
    if (!f->event_size) d->widths[0] = lengths[0];
  }
  if (d->event_size <= 0 || n_value % d->event_size != 0)
    return rp_fail(status, RP_BAD_SHAPE, site, "it has %lld values, which do not make whole events of %s()",
                   (long long) n_value, f->name);
  d->n_events = n_value / d->event_size;
  for (int32_t k = 0; k < f->n_arguments; k++)
    if (d->arguments[k] != RP_NONE && fit_argument(d, k, g, site, status) != RP_OK) return status->code;
  return RP_OK;
}

static rp_code fit_argument(rp_distribution *d, int32_t k, rp_graph *g, const char *site, rp_status *status) {
  int64_t n = rp_graph_node(g, d->arguments[k])->n, want = d->widths[k] * d->n_events;
  if (d->family->event_dim == 0 && n != 1 && n != want) {
    if (n == 0 || want % n != 0)
      return rp_fail(status, RP_BAD_SHAPE, site, "its argument `%s` has length %lld, but the site has %lld elements",
                     d->family->arguments[k].name, (long long) n, (long long) want);
    d->arguments[k] = rp_recycle(g, d->arguments[k], want);
  } else if (d->family->event_dim > 0 && n != d->widths[k] && n != want) {
    return rp_fail(status, RP_BAD_SHAPE, site, "its argument `%s` has length %lld, where %lld is needed",
                   d->family->arguments[k].name, (long long) n, (long long) d->widths[k]);
  }
  return check_constant(d, k, g, site, status);
}

static rp_code check_constant(const rp_distribution *d, int32_t k, const rp_graph *g, const char *site, rp_status *status) {
  const rp_node *node = rp_graph_node(g, d->arguments[k]);
  if (node->op != RP_OP_CONST) return RP_OK;
  const double *x = node->n == 1 ? &node->value : node->data;
  const rp_argument *argument = &d->family->arguments[k];
  for (int64_t i = 0; i < node->n; i++) {
    if (isnan(x[i]))
      return rp_fail(status, RP_BAD_ARGUMENT, site, "argument `%s` of %s() is NA, where a number is needed", argument->name,
                     d->family->name);
    if (d->family->event_dim == 0 && !rp_constraint_holds(argument->constraint, &x[i], 1))
      return rp_fail(status, RP_BAD_ARGUMENT, site, "argument `%s` of %s() is %g, but must be %s", argument->name,
                     d->family->name, x[i], rp_constraint_name(argument->constraint));
  }
  return RP_OK;
}

/* ---- subsets ---- */

rp_distribution rp_distribution_select(rp_graph *g, const rp_distribution *d, const int32_t *events, int64_t n) {
  rp_distribution part = *d;
  part.n_events = n;
  for (int32_t k = 0; k < d->family->n_arguments; k++)
    part.arguments[k] = select_events(g, d->arguments[k], d->widths[k], events, n, d->n_events);
  for (int32_t t = 0; t < d->n_transforms; t++)
    for (int32_t k = 0; k < 4; k++)
      part.transforms[t].arguments[k] =
          select_events(g, d->transforms[t].arguments[k], d->event_size, events, n, d->n_events);
  part.mask = select_events(g, d->mask, 1, events, n, d->n_events);
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
  rp_node_id term = rp_log_density(g, d->family, base, d->arguments, d->n_events, d->event_size, inside);
  if (log_jacobian == RP_NONE) return term;
  rp_node_id density = rp_sub(g, term, log_jacobian);
  /* Outside the transforms' codomain the inverse is not a number: no density there. */
  if (inside) return density;
  return rp_select(g, rp_unary(g, RP_OP_IS_NAN, density), rp_const(g, -INFINITY), density);
}

rp_node_id rp_distribution_random(rp_graph *g, const rp_distribution *d, uint32_t stream) {
  rp_node_id x = rp_family_random(g, d->family, stream, d->arguments, d->widths, d->n_events, d->event_size);
  return rp_distribution_forward(g, d, x);
}

int rp_distribution_can_sample(const rp_distribution *d) { return rp_family_can_sample(d->family); }

rp_node_id rp_distribution_forward(rp_graph *g, const rp_distribution *d, rp_node_id x) {
  for (int32_t t = 0; t < d->n_transforms; t++)
    x = d->transforms[t].bijector->forward(g, x, d->transforms[t].arguments, d->n_events, d->event_size);
  return x;
}

rp_node_id rp_distribution_inverse(rp_graph *g, const rp_distribution *d, rp_node_id x) {
  for (int32_t t = d->n_transforms; t-- > 0;)
    x = d->transforms[t].bijector->inverse(g, x, d->transforms[t].arguments, d->n_events, d->event_size);
  return x;
}

/* Undoes the transforms, adding up their log Jacobians (one per event). */
static rp_node_id unwind(rp_graph *g, const rp_distribution *d, rp_node_id x, rp_node_id *log_jacobian) {
  for (int32_t t = d->n_transforms; t-- > 0;) {
    const rp_transform *transform = &d->transforms[t];
    rp_node_id u = transform->bijector->inverse(g, x, transform->arguments, d->n_events, d->event_size);
    rp_node_id term = transform->bijector->log_jacobian(g, u, x, transform->arguments, d->n_events, d->event_size);
    *log_jacobian = *log_jacobian == RP_NONE ? term : rp_add(g, *log_jacobian, term);
    x = u;
  }
  return x;
}

/* ---- unconstrained coordinates ---- */

int64_t rp_distribution_unconstrained_size(rp_graph *g, const rp_distribution *d) {
  rp_distribution base = *d;
  expand_base(&base);
  const rp_bijector *bijector;
  rp_node_id arguments[4];
  if (default_bijector(g, &base, &bijector, arguments) != RP_OK) return -1;
  return bijector->domain_size ? bijector->domain_size(base.event_size) : base.event_size;
}

rp_node_id rp_distribution_constrain(rp_graph *g, const rp_distribution *d, rp_node_id u, rp_node_id *term) {
  rp_distribution base = *d;
  expand_base(&base);
  const rp_bijector *bijector;
  rp_node_id arguments[4];
  if (default_bijector(g, &base, &bijector, arguments) != RP_OK) return *term = RP_NONE;
  rp_node_id x = bijector->forward(g, u, arguments, base.n_events, base.event_size);
  rp_node_id density = rp_log_density(g, base.family, x, base.arguments, base.n_events, base.event_size, 1);
  *term = rp_add(g, density, bijector->log_jacobian(g, u, x, arguments, base.n_events, base.event_size));
  return rp_distribution_forward(g, &base, x);
}

rp_node_id rp_distribution_unconstrain(rp_graph *g, const rp_distribution *d, rp_node_id x) {
  rp_distribution base = *d;
  expand_base(&base);
  const rp_bijector *bijector;
  rp_node_id arguments[4];
  if (default_bijector(g, &base, &bijector, arguments) != RP_OK) return RP_NONE;
  x = rp_distribution_inverse(g, &base, x);
  return bijector->inverse(g, x, arguments, base.n_events, base.event_size);
}

static rp_code default_bijector(rp_graph *g, const rp_distribution *d, const rp_bijector **bijector,
                                rp_node_id arguments[4]) {
  rp_support support = {d->family->support_kind, RP_NONE, RP_NONE};
  if (d->family->support) support = d->family->support(g, d->arguments);
  return rp_support_default(g, support, bijector, arguments);
}

/* Rewrites a family with a bijective base (lognormal) as that base with its transforms in front; 1 if it did. */
static int expand_base(rp_distribution *d) {
  const rp_family *base = d->family->base ? rp_family_find(d->family->base) : NULL;
  if (!base) return 0;
  rp_transform own[RP_MAX_TRANSFORMS];
  int32_t n = 0;
  char names[64];
  snprintf(names, sizeof names, "%s", d->family->base_transforms);
  for (char *name = names, *end; *name && n < RP_MAX_TRANSFORMS; name = end) {
    end = name + strcspn(name, " ");
    if (*end) *end++ = 0;
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
  return transforms_only->n_transforms > 0;
}

void rp_distribution_describe(const rp_distribution *d, char *text, size_t size) {
  snprintf(text, size, "%s%s%s", d->mask == RP_NONE ? "" : "masked ", d->n_transforms ? "transformed " : "", d->family->name);
}
