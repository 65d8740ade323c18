/* A model: a spec run under its handlers, ready for inference and prediction.
 *
 * rp_model_build() runs the statements twice: an analysing run in which every latent event is inferred finds which of
 * them carry information (a path to an observed event or a factor); the second run gives those a place in the
 * unconstrained vector and draws the barren ones ancestrally.  What remains is one graph whose roots are the log
 * density, the sites' values and, where asked for, their log densities and initial coordinates; loops are rolled into
 * scans. The model owns graph, sites and layout; it borrows nothing from the spec but its texts (names, calls), so
 * the spec must outlive it. */
#ifndef RP_MODEL_MODEL_H
#define RP_MODEL_MODEL_H

#include "run.h"

typedef struct {
  rp_run_options run;
  int prune; /* draw barren latents ancestrally */
  int dependencies; /* find them */
  int64_t n_always; /* sites of these names are inferred, whether or not they carry information */
  const char *const *always;
  /* When given, exactly the coordinates of these names are inferred (those of an earlier fit), whatever prune says. */
  int64_t n_coordinates; /* -1: not given */
  const char *const *coordinates;
} rp_model_options;

typedef struct {
  rp_pool *pool;
  rp_graph *graph;
  rp_node_id log_density;
  int64_t dim;            /* of the unconstrained vector, learned parameters included */
  int64_t n_given;        /* run-time inputs that hold values of sites */
  int in_batches;         /* the log density is an estimate from random minibatches */
  int32_t n_sites;
  rp_site_info *sites;    /* value: node of graph, all elements in R's layout */
  rp_node_id *site_term;  /* with all_terms: total log density of each site; RP_NONE without one */
  rp_node_id *site_log_lik; /* with all_terms: one term per observed event; RP_NONE without any */
  rp_source *site_source; /* of the first part; see also site_partial */
  uint8_t *site_partial;  /* parts of different kinds, one of them observed */
  rp_distribution *site_distribution; /* of the first part that has a density; nodes only with options.run.all_terms */
  rp_layout layout;
  rp_node_id *initial;    /* dim: coordinate asked for by the user, RP_NONE elsewhere; each a scalar node */
  int64_t initial_differs; /* a coordinate whose initial value depends on summed-out sites; -1: none does */
  uint8_t *learned;       /* dim: 1 for the coordinates of param() statements */
  /* Elements whose centering is adapted while sampling: run-time inputs are, for each block, n c's and n s0's from
   * input 2 * base on. The four nodes have n_adapted elements, in the order of the blocks. */
  int32_t n_blocks;
  rp_adapted *blocks;
  int64_t n_adapted;
  int64_t *adapted_coordinate; /* n_adapted: place in the unconstrained vector, -1: drawn ancestrally */
  rp_node_id adapted_residual, adapted_location, adapted_log_scale, adapted_score;
  uint8_t *depends; /* with options.dependencies: layout.n x layout.n, see rp_model_dependencies() */
  int32_t n_updates;
  const rp_update *updates; /* while the model is built: nodes of the run's graph */
  int32_t n_decisions;
  const rp_decision *decisions; /* of strategies, in the order of the run */
  int32_t n_warnings;
  const char *warnings[16];
} rp_model;

rp_model *rp_model_build(const rp_spec *spec, const rp_model_options *options, rp_status *status);
void rp_model_free(rp_model *model);

/* Name of one unconstrained coordinate, "theta[3]", into the buffer. */
void rp_model_coordinate_name(const rp_model *model, int64_t coordinate, char *text, size_t size);
/* Its name in a model where the site has one event instead of several, or several instead of one: "theta" for
 * "theta[1]" and the reverse; empty when there is none. */
void rp_model_coordinate_alias(const rp_model *model, int64_t coordinate, char *text, size_t size);

/* Which coordinates are to be inferred, from the analysing run (layout.c). */
rp_code rp_layout_make(const rp_run *run, const rp_model_options *options, rp_layout *layout, rp_pool *pool,
                       rp_status *status);
/* depends[d * n + u], for the n = layout->n sites: 1 when the posterior of site d, given all sites before it, depends
 * on site u before it (dependencies.c). In the pool. RP_NO_MEMORY. */
rp_code rp_model_dependencies(const rp_run *run, const rp_layout *layout, uint8_t **depends, rp_pool *pool,
                              rp_status *status);
/* Name of unconstrained number w (of width) of one of n_events events of a site. */
void rp_coordinate_name(const char *site, int64_t n_events, int64_t width, int64_t event, int64_t w, char *text,
                        size_t size);
void rp_coordinate_alias(const char *site, int64_t n_events, int64_t width, int64_t event, int64_t w, char *text,
                         size_t size);

#endif
