/* A one-to-one map from numbers a sampler likes to unconstrained coordinates of sites, as a graph: what
 * reparam_neutra() and reparam_structured() take from a trained guide (infer/guide_map.h makes one).
 *
 * Coordinates lie in groups. reparam_neutra() draws the noise of all of them at once; reparam_structured() draws each
 * group's own, which then may have an influence on later groups, but not on earlier ones. Everything belongs to the
 * pool of the spec that holds the transport. */
#ifndef RP_MODEL_TRANSPORT_H
#define RP_MODEL_TRANSPORT_H

#include "../graph/graph.h"

typedef struct {
  const char *prefix; /* the shared latent site is <prefix>_shared_latent */
  int64_t n;
  const char *const *coordinates; /* n names, as rp_coordinate_name() writes them; a site's lie together */
  int32_t n_groups;
  const int64_t *first, *first_noise; /* n_groups + 1 each: places (below) and noise of a group */
  const int64_t *place;   /* of each coordinate, in the order of the groups; NULL: their own order */
  const char *const *groups; /* names of the sites of the groups, whose noise is <site>_aux; NULL: all is one group */
  const void *context;
  /* n coordinates at the noise, and the log of the map's Jacobian there. */
  rp_node_id (*forward)(const void *context, rp_graph *g, rp_node_id noise, rp_node_id *log_jacobian);
  /* The noise; RP_NONE, without a failure, when it cannot be computed. */
  rp_node_id (*inverse)(const void *context, rp_graph *g, rp_node_id coordinates);
} rp_transport;

#endif
