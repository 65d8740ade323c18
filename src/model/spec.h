/* The spec in memory: what src/ffi/ffi_spec.c decodes from the list described in CONTRIBUTING.md.
 *
 * Everything belongs to spec->pool, except the traced graph, which the spec owns as well; rp_spec_free() frees all.
 * Rows are node ids of `trace` here (the one-based numbers of the list have been looked up). */
#ifndef RP_MODEL_SPEC_H
#define RP_MODEL_SPEC_H

#include "../core/pool.h"
#include "../dist/family.h"
#include "../graph/graph.h"
#include "transport.h"

enum { RP_MAX_DIMS = 8 };

typedef struct {
  const char *name;
  rp_node_id arguments[4];
  const rp_bijector *bijector;
  int32_t inverted;
  int64_t first, count; /* numbers of an event that it acts on; count 0: all */
} rp_transform_spec;

/* Combinators that are more than a chain of transforms, see combinator.h. */
typedef enum {
  RP_COMPOUND_TRUNCATED, RP_COMPOUND_CENSORED, RP_COMPOUND_INTERVAL_CENSORED, RP_COMPOUND_ZERO_INFLATED,
  RP_COMPOUND_MIXTURE, RP_COMPOUND_ORDERED, RP_COMPOUND_LINEAR_HMM, RP_COMPOUND_CUSTOM
} rp_compound_kind;

typedef struct rp_custom rp_custom; /* custom.h */

typedef struct rp_dist_spec rp_dist_spec;
struct rp_dist_spec {
  const rp_family *family;                 /* NULL for a combinator */
  rp_node_id arguments[RP_MAX_ARGUMENTS];  /* RP_NONE where absent */
  enum {
    RP_DIST_FAMILY = 0, RP_DIST_TRANSFORMED, RP_DIST_MASKED, RP_DIST_INDEPENDENT, RP_DIST_SERIES, RP_DIST_COMPOUND
  } combinator;
  rp_compound_kind compound;
  int32_t n_components; /* COMPOUND */
  const rp_dist_spec *const *components;
  int32_t n_numbers;    /* COMPOUND: bounds (RP_NONE: none), probability, weights or a custom family's arguments */
  const rp_node_id *numbers;
  const rp_custom *custom; /* COMPOUND: a family written in R, whose only component gives the support */
  const rp_dist_spec *base;
  int32_t n_transforms;
  const rp_transform_spec *transforms;
  rp_node_id mask;
  int32_t event_dims; /* INDEPENDENT: dims, from the right, that make one event; SERIES: events that make one */
};

typedef enum {
  RP_STATEMENT_DRAW, RP_STATEMENT_RECORD, RP_STATEMENT_PARAM, RP_STATEMENT_FACTOR, RP_STATEMENT_ENTER,
  RP_STATEMENT_LEAVE
} rp_statement_kind;

typedef enum { RP_SCOPE_MASK, RP_SCOPE_SCALE, RP_SCOPE_PLATE } rp_scope_kind;

typedef struct {
  rp_statement_kind kind;
  const char *name, *call, *where;
  const char *original; /* draw: the site that a reparameterizer written in R made this one for; NULL */
  rp_node_id row; /* SITE of a draw, a param or the index of a minibatch; value of a record or factor; mask or scale */
  int32_t n_dim;
  int64_t dim[RP_MAX_DIMS];
  int64_t element;        /* draw: 0-based element of the whole site, -1 for a whole-site draw. record: of a site that
                             element-wise draws leave it out, -1 for a record of its own */
  const int32_t *elements; /* 0-based elements, as many as the row has, when there are several; NULL otherwise */
  const rp_dist_spec *dist;
  const double *observed; /* draw: as long as the SITE, NaN where unknown; NULL when nothing is */
  rp_node_id data;        /* draw in a minibatch: the data that it observes, gathered at run time; RP_NONE otherwise */
  int64_t size, n_batch;  /* plate: its size, and how many of its elements an evaluation looks at (0: all) */
  const double *init;     /* param: as long as the SITE */
  rp_support_kind support; /* param */
  double lower, upper;
  rp_scope_kind scope;
} rp_statement;

typedef struct {
  const char *name;
  int64_t n;
  const double *value; /* NaN where unknown */
} rp_named_value;

typedef struct {
  const rp_bijector *bijector;
  int64_t n[4];
  const double *arguments[4];
  int32_t inverted;
} rp_fixed_transform;

/* A distribution of numbers: conjugate's guide. */
typedef struct {
  const rp_family *family;
  int64_t n[RP_MAX_ARGUMENTS];
  const double *arguments[RP_MAX_ARGUMENTS];
  int64_t n_mask; /* 0: none */
  const double *mask;
} rp_fixed_dist;

/* How one site is reparameterized: what (reparam.h) and its settings, of which each reparameterizer reads its own. */
typedef struct rp_reparam rp_reparam;
struct rp_reparam {
  const struct rp_reparameterizer *what; /* NULL: a chain of parts */
  int32_t n_parts;
  const rp_reparam *parts;
  int64_t n_centered;          /* loc_scale: 0 (chosen by the fit), 1, or one per element of the site */
  const double *centered;
  int32_t n_shape_params;      /* loc_scale: arguments that the auxiliary site keeps; -1: all */
  const char *const *shape_params;
  int32_t dim;                 /* along which dim, counted from the right: -1 is the last */
  int32_t flip, allow_batch;
  double smooth;
  const char *suffix;
  int64_t n_matrix;            /* unit_jacobian: rows of a square matrix and of its inverse */
  const double *matrix, *inverse;
  int32_t n_sections;
  const int32_t *sections;
  const rp_fixed_dist *guide;  /* conjugate */
  int32_t n_transforms;        /* explicit: applied in this order, arguments as numbers */
  const rp_fixed_transform *transforms;
  const rp_transport *transport; /* neutra, structured */
};

typedef enum { RP_STRATEGY_NONE, RP_STRATEGY_MINIMAL, RP_STRATEGY_AUTO } rp_strategy;

typedef struct {
  enum {
    RP_HANDLER_REPARAM, RP_HANDLER_CONDITION, RP_HANDLER_INTERVENE, RP_HANDLER_SUBSTITUTE, RP_HANDLER_REPLAY,
    RP_HANDLER_BLOCK, RP_HANDLER_MASK, RP_HANDLER_SCALE, RP_HANDLER_SEED
  } kind;
  int32_t n_values; /* condition, intervene, substitute, replay */
  const rp_named_value *values;
  int32_t n_hide, n_expose; /* block; n_hide = 0 and n_expose = 0 hides all */
  const char *const *hide, *const *expose;
  int32_t n_config; /* reparam by name */
  const char *const *config_name;
  const rp_reparam *config;
  int32_t has_strategy; /* reparam by strategy */
  rp_strategy strategy;
  double strategy_centered; /* NaN: the strategy's default */
  double number;            /* scale, mask, seed */
} rp_handler_spec;

typedef struct {
  rp_pool *pool;
  rp_graph *trace;
  int32_t n_statements, n_handlers;
  const rp_statement *statements;
  const rp_handler_spec *handlers;
} rp_spec;

void rp_spec_free(rp_spec *spec);
/* Checks that cross parts: SITE rows belong to their statement, lengths fit, scopes nest. */
rp_code rp_spec_check(const rp_spec *spec, rp_status *status);

#endif
