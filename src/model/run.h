/* A run: the statements of a spec, executed once under the stack of handlers.
 *
 * Each draw statement becomes a message.  The handlers that set values (condition, intervene, substitute, replay) see
 * it first, innermost handler first; then its events are split into observed and latent ones; the reparam handlers may
 * replace the latent part by auxiliary messages, which go through all of this again; the default behaviour fills what
 * is still empty.  What a run leaves: the nodes of a graph and a table of sites.
 *
 * The run owns nothing but scratch memory in its pool; graph and sites go to the model (model.h).  Statuses:
 * RP_BAD_SPEC, RP_BAD_ARGUMENT, RP_BAD_SHAPE, RP_UNSUPPORTED, RP_NO_MEMORY, each with statement and site. */
#ifndef RP_MODEL_RUN_H
#define RP_MODEL_RUN_H

#include "distribution.h"

typedef enum {
  RP_SOURCE_UNSET = 0,
  RP_SOURCE_OBSERVED,   /* data: likelihood */
  RP_SOURCE_FIXED,      /* substituted or replayed: a density, but nothing to infer */
  RP_SOURCE_INTERVENED, /* set from outside: no density */
  RP_SOURCE_LATENT,     /* inferred */
  RP_SOURCE_SUMMED,     /* discrete and latent: summed out, and drawn afterwards given the rest (discrete.h) */
  RP_SOURCE_ANCESTRAL,  /* drawn from its distribution given the rest */
  RP_SOURCE_COMPUTED,   /* a function of other sites: recorded, or replaced by auxiliary sites */
  RP_SOURCE_LEARNED     /* a param() */
} rp_source;

/* Some events of a site that have the same source. */
typedef struct {
  rp_source source;
  int64_t n_events;
  const int32_t *events;    /* positions among the site's events, increasing */
  rp_distribution dist;
  rp_node_id value;         /* engine layout */
  rp_node_id term;          /* log density: one per event, or a scalar for all; RP_NONE: none */
  rp_node_id unscaled, scale; /* where the term is that of a distribution: term = scale * unscaled; scale RP_NONE:
                                 not so */
  rp_node_id pointwise;     /* OBSERVED and dependent on summed-out sites: log likelihood of each event; RP_NONE */
  rp_node_id unconstrained; /* LATENT, LEARNED */
  rp_node_id initial;       /* unconstrained coordinates asked for by the user; RP_NONE */
  int initial_differs;      /* they depend on the values of summed-out sites */
  int weighed;              /* its density is a power of its distribution's, from which it cannot be drawn */
  int sampled_only;         /* LATENT, but without unconstrained coordinates: an error if data depend on it */
  int completed;            /* OBSERVED: only some numbers of these events are, the others were drawn or are latent */
  int32_t next;             /* next part of the same site, -1 at the end */
  int carried;              /* COMPUTED: its coordinates are given by a transport (reparam/transport.c) */
} rp_part;

typedef struct {
  const char *name;
  int32_t statement;
  int32_t n_dim;
  int64_t dim[RP_MAX_DIMS];
  int64_t n_events, event_size; /* of the whole site */
  int auxiliary, recorded, learned, factor, hidden, reparameterized;
  const char *original; /* the user's site that an auxiliary one belongs to */
  const char *why;      /* reparameterized: by what */
  int32_t first_part, last_part;
  rp_node_id value;     /* R's layout, all elements; set when the run ends */
  char distribution[64];
} rp_site_info;

/* Which latent events are inferred, and where they lie in the unconstrained vector. */
typedef struct {
  const char *name;
  const char *original;    /* the user's site whose events these are; NULL for what is learned */
  int64_t n_events, width; /* width: unconstrained numbers per event */
  int64_t offset;          /* of the first inferred event */
  int32_t *rank;           /* per event: place among the inferred ones, -1 when drawn ancestrally */
  int32_t *inferred;       /* the events of these ranks */
  int64_t n_inferred;
  uint8_t *carried;        /* per event: 1 when a transport gives its coordinates, whose own are elsewhere */
} rp_layout_site;

typedef struct {
  rp_pool *pool;
  int32_t n;
  rp_layout_site *sites;
  int64_t dim;
} rp_layout;

/* Centering of a latent message that is chosen while sampling (reparam/loc_scale.c): its events are elements
 * base .. base + n - 1 of the run's adapted elements, whose c and s0 are run-time inputs. */
typedef struct {
  const char *site;       /* the auxiliary site */
  const char *original;
  int64_t n_events;
  const int32_t *events;
  int64_t base;
  rp_node_id residual, location, log_scale, score; /* per event or scalar; score: d log f / dx */
} rp_adapted;

/* A site of which the program is told the value: n inputs from offset on, R's layout. */
typedef struct {
  const char *name;
  int64_t n, offset;
} rp_given;

typedef enum { RP_CENTERING_FIXED = 0, RP_CENTERING_ADAPTED, RP_CENTERING_LEARNED } rp_centering_kind;

/* Discrete latent events that are summed out: n_values values from `lowest` on. */
typedef struct {
  const char *site;
  int32_t statement;
  rp_node_id leaf; /* stands for them while the model runs */
  int64_t n_events;
  int32_t n_values;
  double lowest;
} rp_summed;

/* Of data that are simulated anew: what they say about the discrete sites. */
typedef struct {
  const char *site;
  rp_node_id term;
  int64_t n_events;
} rp_evidence;

typedef struct {
  int prior;             /* every latent site is drawn ancestrally */
  int natural;           /* inferred sites are their own coordinates, and no site is reparameterized: for guides that
                            are models */
  int64_t n_natural;     /* the same for sites of these names only, where such a guide is one part of several */
  const char *const *natural_sites;
  int sampled;           /* inferred sites are drawn ancestrally, differentiable in what they depend on: such a guide's
                            draws */
  int simulate;          /* observed sites are drawn anew */
  int replicate;         /* with simulate: discrete sites that were summed out are drawn given the data as observed */
  int all_terms;         /* log densities of ancestral sites as well */
  int has_strategy;      /* the fit's own strategy, under the user's reparam handlers */
  rp_strategy strategy;
  double strategy_centered;
  rp_centering_kind centering; /* what centered = NULL means: 0, adapted in warm-up (NUTS), or a parameter (SVI) */
  int32_t n_init;        /* initial values by site name */
  const rp_named_value *init;
  int32_t n_given;       /* sites whose values are run-time inputs, for runs without inferred sites (prior) */
  const rp_given *given;
} rp_run_options;

typedef struct {
  const char *name;
  const rp_statement *statement;
  int32_t statement_index;
  rp_distribution dist;
  int32_t n_dim;
  int64_t dim[RP_MAX_DIMS];
  int64_t n_site_events;    /* events of the whole site */
  const int32_t *events;    /* the message's events among them */
  const double *observed;   /* engine layout, NaN where unknown; NULL: nothing observed */
  rp_node_id data;          /* in a minibatch: what is observed, R's layout; RP_NONE otherwise */
  rp_source source;         /* set by a value-setting handler */
  rp_node_id value;         /* of the message's events, once known */
  rp_node_id initial;       /* value asked for as starting point; RP_NONE */
  rp_node_id mask, scale;   /* of the scopes around it */
  /* A reparameterizer that cannot weigh its auxiliary sites so that x has w log f(x) leaves them unweighed (scale 1);
   * the site itself then adds w - 1 times log f(x), f being `rest`. NULL: there is nothing to add. */
  const rp_distribution *rest;
  rp_node_id rest_scale;    /* w - 1 */
  int weighed;              /* by a scale other than 1, here or there */
  const char *original;     /* NULL for a user's site */
  int hidden;               /* by a block handler */
  /* Adapted centering: the message's distribution is that of the residual, its value z = shift + exp(-log_stretch)
   * residual. */
  int centered;
  rp_node_id shift, log_stretch;
  const rp_reparam *chain;  /* rest of a chain that applies to this auxiliary site */
  int32_t chain_left;
  int32_t depth;
} rp_message;

/* A conjugate update, see conjugate.h. */
typedef struct rp_update rp_update;

/* What a strategy did with a site; centered: NaN when the fit chooses. */
typedef struct {
  const char *site, *kind;
  double centered;
} rp_decision;

/* The progress of a transport in a run (reparam/transport.c). */
typedef struct rp_carried rp_carried;

typedef struct {
  const rp_spec *spec;
  rp_graph *graph;
  const rp_run_options *options;
  const rp_layout *layout; /* NULL in the analysing run: every latent event is inferred */
  rp_pool *pool;
  rp_status *status;
  rp_copier *copier;
  rp_node_id *statement_value; /* R's layout */
  int32_t n_sites, cap_sites, n_parts, cap_parts;
  rp_site_info *sites;
  rp_part *parts;
  int32_t n_scopes, cap_scopes;
  struct { rp_scope_kind kind; rp_node_id node; } *scopes;
  int64_t dim; /* analysing run: unconstrained numbers so far */
  int in_batches; /* some plate is looked at in minibatches */
  uint8_t **config_used; /* per reparam handler, per config entry */
  int32_t n_adapted, cap_adapted;
  rp_adapted *adapted;
  int64_t n_centered; /* adapted elements so far */
  int32_t n_summed, cap_summed, n_evidence, cap_evidence;
  rp_summed *summed;
  rp_evidence *evidence;
  uint8_t *touched; /* by node: depends on a summed-out site */
  int32_t n_touched, cap_touched;
  int32_t n_updates;
  rp_update *updates; /* in the pool */
  int32_t n_decisions, cap_decisions;
  rp_decision *decisions; /* in the pool */
  rp_carried *carried;    /* in the pool */
  int32_t n_warnings;
  const char *warnings[16];
} rp_run;

/* Executes all statements. */
rp_code rp_run_execute(rp_run *run);

/* A user's draw or an auxiliary one, whole way through the stack; returns the value of the message's events. */
rp_node_id rp_run_draw(rp_run *run, rp_message *message);

/* For handlers and reparameterizers. */
rp_message rp_message_auxiliary(rp_run *run, const rp_message *parent, const char *suffix, const rp_distribution *dist);
rp_node_id rp_run_fail(rp_run *run, rp_code code, const char *site, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;
void rp_run_warn(rp_run *run, const char *text);
rp_site_info *rp_run_site(rp_run *run, const rp_message *message); /* finds or adds; NULL: failed */
/* The message's value is computed from others. */
void rp_run_replaced(rp_run *run, const rp_message *message, const char *by);

#endif
