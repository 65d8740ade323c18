/* A family of distributions: one row of one table.
 *
 * Log densities are graphs; samplers are C functions called by RP_OP_RANDOM nodes.  A univariate family (event_dim 0)
 * works elementwise: its arguments are nodes of length 1 or n, its log density has one term per element.  A
 * multivariate family has one term per event; value and arguments hold n_events events one after the other (event
 * innermost). Adding a family: one file src/dist/<name>.c defining a const rp_family, one line in
 * src/dist/families.def, one constructor in R/. */
#ifndef RP_DIST_FAMILY_H
#define RP_DIST_FAMILY_H

#include "../bij/bijector.h"
#include "../graph/graph.h"

enum { RP_MAX_ARGUMENTS = 12 };

/* What a constant argument must satisfy; checked for constants when a spec is decoded, at initialisation otherwise. */
typedef enum {
  RP_ARG_REAL = 0, RP_ARG_POSITIVE, RP_ARG_NONNEGATIVE, RP_ARG_UNIT /* [0,1] */, RP_ARG_COUNT /* 0,1,2,.. */,
  RP_ARG_SIMPLEX /* weights: nonnegative, not all 0 */,
  RP_ARG_CHOLESKY /* lower, positive diagonal */, RP_ARG_POSITIVE_DEFINITE, RP_ARG_ANY, RP_ARG_POSITIVE_COUNT
} rp_constraint;

typedef struct {
  const char *name;
  rp_constraint constraint;
  int32_t optional; /* 1: may be absent (RP_NONE) */
} rp_argument;

/* Where values live. Bounds, where they depend on arguments, come from the family's support(). */
typedef enum {
  RP_SUPPORT_REAL = 0, RP_SUPPORT_POSITIVE, RP_SUPPORT_NONNEGATIVE, RP_SUPPORT_UNIT, RP_SUPPORT_INTERVAL,
  RP_SUPPORT_LOWER /* x > lower */,
  RP_SUPPORT_UPPER, RP_SUPPORT_CIRCLE /* (-pi, pi] */, RP_SUPPORT_SIMPLEX, RP_SUPPORT_SPHERE, RP_SUPPORT_ORDERED,
  RP_SUPPORT_REAL_VECTOR, RP_SUPPORT_CORR_CHOLESKY, RP_SUPPORT_CORRELATION, RP_SUPPORT_POSITIVE_DEFINITE,
  RP_SUPPORT_LOWER_CHOLESKY,
  RP_SUPPORT_BOOLEAN, RP_SUPPORT_COUNT, RP_SUPPORT_INTEGER_INTERVAL, RP_SUPPORT_COUNT_VECTOR, RP_SUPPORT_ONE_HOT
} rp_support_kind;

typedef struct {
  rp_support_kind kind;
  rp_node_id lower, upper; /* INTERVAL, LOWER, UPPER, INTEGER_INTERVAL; else RP_NONE */
} rp_support;

typedef struct rp_family rp_family;
struct rp_family {
  const char *name;
  int32_t event_dim; /* 0 univariate, 1 vectors, 2 matrices */
  int32_t discrete;
  int32_t n_arguments;
  rp_argument arguments[RP_MAX_ARGUMENTS];
  rp_support_kind support_kind;
  /* NULL unless the bounds depend on the arguments. */
  rp_support (*support)(rp_graph *g, const rp_node_id *arguments);
  /* One term per event (or a scalar when all terms are equal), for x inside the support: callers go through
   * rp_log_density(), which adds the guard where x may lie outside. event_size is 1 for univariate families.
   * NULL: known only through a reparameterization. */
  rp_node_id (*log_density)(rp_graph *g, rp_node_id x, const rp_node_id *arguments, int64_t n_events,
                            int64_t event_size);
  /* 0/1 node, one per event: is x in the support? NULL: as support_kind (or support()) says, rp_support_inside(). */
  rp_node_id (*inside)(rp_graph *g, rp_node_id x, const rp_node_id *arguments, int64_t n_events, int64_t event_size);
  /* Draws one event; NULL when the family has no proper sampler (improper_uniform) or draws by random() below. */
  rp_sampler sample;
  /* Where a draw is best made of nodes from standard noise (mvn: mean + L z); NULL: a RANDOM node that calls sample. */
  rp_node_id (*random)(rp_graph *g, uint32_t stream, const rp_node_id *arguments, int64_t n_events, int64_t event_size);
  /* Location and scale arguments (index into arguments) for reparam loc_scale; -1 when the family has none. */
  int32_t location, scale;
  /* BIJECTIVE base: family name and chain of transforms (space separated bijector names, applied in order) whose
   * push-forward this family is, with the same arguments. lognormal: "normal", "exp". NULL: none. */
  const char *base;
  const char *base_transforms;
  /* d log f / dx at x = location + residual: used by adaptive centering. NULL: not known. */
  rp_node_id (*score)(rp_graph *g, rp_node_id residual, const rp_node_id *arguments);
  /* Where R has them; NULL otherwise (dist_truncated, dist_censored need cdf). Elementwise, univariate only. */
  rp_node_id (*log_cdf)(rp_graph *g, rp_node_id x, const rp_node_id *arguments);
  rp_node_id (*log_ccdf)(rp_graph *g, rp_node_id x, const rp_node_id *arguments);
  rp_node_id (*quantile)(rp_graph *g, rp_node_id p, const rp_node_id *arguments);
  rp_node_id (*mean)(rp_graph *g, const rp_node_id *arguments);
  rp_node_id (*variance)(rp_graph *g, const rp_node_id *arguments);
  /* Numbers in one event given the lengths of the arguments (multivariate only; NULL: the length of argument 0). Writes
   * the width (numbers per event) of each argument. -1: lengths do not fit. */
  int64_t (*event_size)(const int64_t *argument_lengths, int64_t value_length, int64_t *widths);
  /* Events of which some numbers may be unknown (multivariate only; NULL: must be known whole). known: a flag for each
   * number of all events; x: any finite number where it is 0. known_density: log density of the known numbers, the
   * others integrated out, one term per event. complete: x with the others drawn given the known ones. */
  rp_node_id (*known_density)(rp_graph *g, rp_node_id x, const uint8_t *known, const rp_node_id *arguments,
                              int64_t n_events, int64_t event_size);
  rp_node_id (*complete)(rp_graph *g, uint32_t stream, rp_node_id x, const uint8_t *known, const rp_node_id *arguments,
                         int64_t n_events, int64_t event_size);
  /* Hidden states that the density integrates out, drawn given the known numbers of x (known NULL: all), steps x
   * states for each event. NULL: there are none. */
  rp_node_id (*states)(rp_graph *g, uint32_t stream, rp_node_id x, const uint8_t *known, const rp_node_id *arguments,
                       int64_t n_events, int64_t event_size);
};

/* NULL when there is no such family. */
const rp_family *rp_family_find(const char *name);
const rp_family *const *rp_family_all(int32_t *n);

/* The support of a family with these arguments: its support(), else its support_kind without bounds. */
rp_support rp_family_support(rp_graph *g, const rp_family *family, const rp_node_id *arguments);
/* Log density, one term per event (or a scalar when all are equal), -Inf (never NaN) outside the support.  inside = 1
 * promises that x lies in the support (the image of its bijector) and drops the guard. */
rp_node_id rp_log_density(rp_graph *g, const rp_family *family, rp_node_id x, const rp_node_id *arguments,
                          int64_t n_events, int64_t event_size, int inside);
/* A random value of n_events events from this stream; RP_NONE, with a status, when the family cannot be drawn from. */
rp_node_id rp_family_random(rp_graph *g, const rp_family *family, uint32_t stream, const rp_node_id *arguments,
                            const int64_t *widths, int64_t n_events, int64_t event_size);
int rp_family_can_sample(const rp_family *family);
/* Widths (numbers per event) of the arguments and the numbers in one event, for any family; -1: lengths do not fit.
 * Univariate: all 1. */
int64_t rp_family_event_size(const rp_family *family, const int64_t *argument_lengths, int64_t value_length,
                             int64_t *widths);

/* select(inside, density, -Inf), with inside a 0/1 node; folds away when inside is a constant 1. */
rp_node_id rp_guard(rp_graph *g, rp_node_id inside, rp_node_id density);
/* 0/1 node like x: does each number satisfy the constraint? The constant 1 where x cannot break it. */
rp_node_id rp_numbers_hold(rp_graph *g, rp_constraint constraint, rp_node_id x);
/* 0/1 node, one per event or one for all: are the arguments within their constraints, as far as these are about single
 * numbers? A formula may give a number for arguments that no distribution has (a probability above 1). Arguments that
 * cannot leave them, and the scale unless `scale_too` (its logarithm is in the density), are not looked at. */
rp_node_id rp_arguments_hold(rp_graph *g, const rp_family *family, const rp_node_id *arguments, int64_t n_events,
                             int scale_too);
int rp_constraint_holds(rp_constraint constraint, const double *x, int64_t n);
const char *rp_constraint_name(rp_constraint constraint); /* "positive", "in [0, 1]", ... for messages */
const char *rp_support_name(rp_support_kind kind);

#endif
