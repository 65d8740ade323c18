/* Latent sites whose posterior given the rest is known in closed form (reparam/conjugate.c).
 *
 * Such a site is either inferred like any other, or, where its update is exact, integrated out: then a placeholder (a
 * SITE leaf) stands for its value in the run's graph. The log density is the same whatever the value is and is taken at
 * `at`; everything else is computed from `drawn`. A run's updates live in its pool. */
#ifndef RP_MODEL_CONJUGATE_H
#define RP_MODEL_CONJUGATE_H

#include "run.h"

struct rp_update {
  const char *site;         /* auxiliary site x_updated */
  rp_node_id coordinates;   /* analysing run: unconstrained leaf .. */
  rp_node_id term;          /* .. and its log density, Jacobian included; one per event or a scalar */
  int64_t n_events;
  rp_node_id at, drawn; /* second run: where the density is taken, and a draw; placeholder number is its index + 1 */
};

/* Adds an update; NULL, with a status: no memory. */
rp_update *rp_run_add_update(rp_run *run);
rp_node_id rp_update_placeholder(rp_graph *g, int32_t index, int64_t n);
/* After the analysing run: 1 when the log density, less that of the updated site, does not change with the site.
 * counted: which parts count (those not inferred are barren). */
int rp_update_is_exact(const rp_run *run, const rp_update *update, const uint8_t *counted);
/* A new graph in which density[0 .. n_density) are taken at `at` and value[] are computed from `drawn`; all are
 * rewritten. NULL, with a status, on failure. */
rp_graph *rp_update_resolve(const rp_graph *g, const rp_update *updates, int32_t n_updates, rp_node_id *density,
                            int32_t n_density, rp_node_id *value, int32_t n_value, rp_status *status);

#endif
