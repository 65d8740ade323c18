/* A distribution as a draw statement means it: a family with its arguments as nodes, a chain of transforms, a mask.
 *
 * Chains are flattened: transformed(masked(f)), masked(transformed(f)), independent(...) all become one
 * rp_distribution; truncated, censored, mixture, .. are compounds (combinator.h), which take the place of the family.
 *  Values and arguments are in the engine's layout: events one after the other.  A distribution is a plain value and
 * owns nothing; its nodes live in the graph it was made for. Failures go to the graph's status. */
#ifndef RP_MODEL_DISTRIBUTION_H
#define RP_MODEL_DISTRIBUTION_H

#include "spec.h"
#include "transform.h"

enum { RP_MAX_TRANSFORMS = 8 };

typedef struct rp_compound rp_compound;

typedef struct {
  const rp_family *family;     /* of a compound: its face, see combinator.h */
  const rp_compound *compound; /* NULL: a family of the table */
  rp_node_id arguments[RP_MAX_ARGUMENTS];
  int64_t widths[RP_MAX_ARGUMENTS]; /* numbers of an argument that belong to one event */
  int64_t n_events, event_size;
  int32_t n_transforms; /* applied in this order to a value of the family */
  rp_transform transforms[RP_MAX_TRANSFORMS];
  /* Several events of the family, independent of each other, that make one event here; 0 is 1. Arguments lie in their
   * order. */
  int64_t group;
  int64_t family_size;   /* numbers of one event before the transforms; 0: event_size */
  int32_t unbounded;     /* values fill the whole space: they are their own unconstrained coordinates */
  int32_t direct;        /* coordinates are those of the values' own support, not of the family before its transforms */
  int32_t event_dims;    /* of a univariate family: dims, from the right, that independent() declared to be one event */
  rp_node_id mask; /* one 0/1 per event (or a scalar); RP_NONE: everything counts */
} rp_distribution;

/* Translates a spec's distribution; row(context, trace node) gives the node of g.  n_value is the number of values of
 * the site. */
typedef rp_node_id (*rp_row_lookup)(void *context, rp_node_id trace_row);
typedef struct {
  rp_graph *g;
  rp_row_lookup row;
  void *context;
  rp_pool *pool; /* holds the compounds of the distribution */
  const char *site;
  rp_status *status;
  const int64_t *dim; /* of the value, where transforms need it: whose last dims are one event */
  int32_t n_dim;      /* 0: one event */
} rp_resolve;
rp_code rp_distribution_resolve(rp_distribution *d, const rp_dist_spec *spec, const rp_resolve *with, int64_t n_value);

/* The same distribution for some of its events only. */
rp_distribution rp_distribution_select(rp_graph *g, const rp_distribution *d, const int32_t *events, int64_t n);

/* One term per event of log f(x); inside: x cannot leave the support. The mask is not applied. */
rp_node_id rp_distribution_log_density(rp_graph *g, const rp_distribution *d, rp_node_id x, int inside);

/* Events of which only some numbers are known (known: a flag for each): the log density of those, one term per event,
 * and the events with the others drawn given those. x: any number inside the support where the flag is 0. joint: the
 * density of all numbers, the unknown ones taken on the scale before the transforms. Only where
 * rp_distribution_may_be_partial(): families that know how, under elementwise transforms. */
int rp_distribution_may_be_partial(const rp_distribution *d);
rp_node_id rp_distribution_known_density(rp_graph *g, const rp_distribution *d, rp_node_id x, const uint8_t *known,
                                         int joint);
rp_node_id rp_distribution_complete(rp_graph *g, const rp_distribution *d, rp_node_id x, const uint8_t *known,
                                    uint32_t stream);

/* log P(X <= x) elementwise, or log P(X > x) if upper; univariate, and only where rp_distribution_has_cdf(). */
int rp_distribution_has_cdf(const rp_distribution *d);
rp_node_id rp_distribution_log_tail(rp_graph *g, const rp_distribution *d, rp_node_id x, int upper);
/* The smallest x with P(X <= x) >= p: the family's own formula, or bisection to the last bits (no derivative). */
rp_node_id rp_distribution_quantile(rp_graph *g, const rp_distribution *d, rp_node_id p);

/* Mean or variance, elementwise or per event; RP_NONE where there is no closed form. */
rp_node_id rp_distribution_moment(rp_graph *g, const rp_distribution *d, int variance);

/* A random value from the given stream; RP_NONE with a status when the family has no sampler. */
rp_node_id rp_distribution_random(rp_graph *g, const rp_distribution *d, uint32_t stream);
/* The same as a differentiable function of the arguments and standard noise; RP_NONE, without a failure, where a family
 * has no such form and its arguments depend on parameters or random numbers (differentiable.c). */
rp_node_id rp_distribution_differentiable(rp_graph *g, const rp_distribution *d, uint32_t stream);
int rp_distribution_can_sample(const rp_distribution *d);

/* The whole line: u (unconstrained) -> value, with term = one log density per event in the coordinates of u. */
int64_t rp_distribution_unconstrained_size(rp_graph *g, const rp_distribution *d); /* per event */
rp_node_id rp_distribution_constrain(rp_graph *g, const rp_distribution *d, rp_node_id u, rp_node_id *term);
rp_node_id rp_distribution_unconstrain(rp_graph *g, const rp_distribution *d, rp_node_id x);

/* transform()'s view: the base without any transform, a family such as lognormal being normal pushed through exp.
 * Returns 0 when there is nothing to strip. */
int rp_distribution_base(const rp_distribution *d, rp_distribution *base, rp_distribution *transforms_only);
rp_node_id rp_distribution_forward(rp_graph *g, const rp_distribution *transforms, rp_node_id x);
/* log |det dx/db| of the forward map at b, one number per event. */
rp_node_id rp_distribution_log_jacobian(rp_graph *g, const rp_distribution *transforms, rp_node_id b);
rp_node_id rp_distribution_inverse(rp_graph *g, const rp_distribution *transforms, rp_node_id x);

/* Makes each `group` events that follow on each other, of a univariate family without transforms, one event. 
 * Elements that belong together lie n_groups apart, as in R's layout of dims of which the last ones become the event.
 * */
void rp_distribution_group(rp_graph *g, rp_distribution *d, int64_t group);
/* Of one number each: a univariate family whose numbers have not been made events of several. */
int rp_distribution_is_elementwise(const rp_distribution *d);
/* Where values live, transforms included. 0 when that is not known. */
int rp_distribution_support(rp_graph *g, const rp_distribution *d, rp_support *support);
/* Adds a transform after the others; 0 when there is no room. */
int rp_distribution_push(rp_distribution *d, rp_transform transform);

/* "lognormal", "transformed normal", ... for messages and tables, into the given buffer. */
void rp_distribution_describe(const rp_distribution *d, char *text, size_t size);

#endif
