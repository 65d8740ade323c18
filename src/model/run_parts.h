/* The default behaviour at the end of the handler stack: a message becomes parts of a site.
 *
 * Adds to the run's tables of sites and parts; all functions return the value of the message's events (engine layout)
 * or RP_NONE with the run's status set. */
#ifndef RP_MODEL_RUN_PARTS_H
#define RP_MODEL_RUN_PARTS_H

#include "run.h"

/* A part whose value is known; term computed where the source has a density. unconstrained may be NULL. */
rp_node_id rp_run_add_part(rp_run *run, const rp_message *message, rp_source source, rp_node_id value,
                           const rp_part *latent);
/* Observed events whose mask is 0: their log density is 0. */
rp_node_id rp_run_add_masked_out(rp_run *run, const rp_message *message);
rp_node_id rp_run_add_ancestral(rp_run *run, const rp_message *message);
/* Observed events some numbers of which are NA (run_partial.c). Those become latent, elements of the auxiliary site
 * x_missing, where something depends on them; else they are drawn given the observed ones. */
rp_node_id rp_run_add_partial(rp_run *run, const rp_message *message);
/* Inferred events from the unconstrained vector, barren and masked-out ones drawn ancestrally. */
rp_node_id rp_run_add_latent(rp_run *run, const rp_message *message);
rp_node_id rp_run_add_learned(rp_run *run, const rp_statement *s, int32_t statement, int64_t n);
/* The learned centering of a message's events, each a parameter in (0, 1) that starts at 1/2: site x_centered. */
rp_node_id rp_run_add_centering(rp_run *run, const rp_message *message);
/* Coordinates of a latent message, width numbers an event: its own leaf, or its place among those of the layout. */
rp_node_id rp_run_leaf(rp_run *run, const rp_message *message, int64_t width);
/* Whether event `event` (a position within the site) of this name has such coordinates; 1 in the analysing run. */
/* Whether the site of this name is its own coordinates. */
int rp_run_is_natural(const rp_run *run, const char *name);
int rp_run_has_place(const rp_run *run, const char *name, int32_t event);
/* The random stream of a message. */
uint32_t rp_run_stream(const rp_message *message);
rp_code rp_run_add_computed(rp_run *run, const rp_statement *s, int32_t statement, rp_node_id value);

/* Mask and scale of the scopes; a masked-out event contributes exactly 0, whatever its density is. */
rp_node_id rp_run_weigh(rp_run *run, const rp_message *message, rp_node_id term);
/* Leaves what becomes of the message unweighed, and the weight to its rest (see run.h). */
void rp_message_unweigh(rp_run *run, rp_message *message);
/* The same for a replaced message whose auxiliary site is weighed by w: of the log Jacobian dx / dz, one number per
 * event, which no scope weighs, 1 - w is still missing. */
void rp_run_add_jacobian(rp_run *run, const rp_message *message, rp_node_id log_jacobian);
/* Whether an event of a user's site has a place in the unconstrained vector, its own or that of an auxiliary site; 1
 * where that is not known: in the analysing run, and of sites whose auxiliary ones have other events. */
int rp_run_is_inferred(const rp_run *run, const rp_message *message, int32_t event);
/* The message for some of its events (positions within the message). */
rp_message rp_message_select(rp_run *run, const rp_message *message, const int32_t *which, int64_t n);
/* Puts values of disjoint subsets of n events back in order. */
rp_node_id rp_assemble(rp_run *run, const rp_node_id *values, const int32_t *const *events, const int64_t *counts,
                       int32_t n_parts, int64_t n, int64_t size);
/* Every site's whole value in R's layout, from its parts. */
rp_code rp_run_finish_sites(rp_run *run);

/* R keeps batch dimensions first, the engine keeps events together. */
void rp_to_events(const double *r, double *events, int64_t n_events, int64_t event_size);
rp_node_id rp_from_events(rp_graph *g, rp_node_id value, int64_t n_events, int64_t event_size);

#endif
