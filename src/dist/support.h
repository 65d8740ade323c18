/* Supports: which numbers belong to them, and how unconstrained coordinates get there.
 *
 * Nodes go to the graph that is given, whose status takes failures; what is returned is constant. */
#ifndef RP_DIST_SUPPORT_H
#define RP_DIST_SUPPORT_H

#include "family.h"

/* The bijector that takes unconstrained numbers to a support; NULL for discrete supports and the sphere, which have
 * none. */
const rp_bijector *rp_support_bijector(rp_support_kind kind);
/* The same with its argument nodes (bounds). RP_UNSUPPORTED, recorded in the graph's status, where there is no
 * bijector. */
rp_code rp_support_default(rp_graph *g, rp_support support, const rp_bijector **bijector, rp_node_id arguments[4]);
/* 0/1 node: is x in the support?  One per event of event_size numbers (1 for the elementwise kinds). */
rp_node_id rp_support_inside(rp_graph *g, rp_support support, rp_node_id x, int64_t n_events, int64_t event_size);
/* A point within an elementwise support, where densities are finite; RP_NONE for the others. */
rp_node_id rp_support_interior(rp_graph *g, rp_support support);
int rp_support_is_discrete(rp_support_kind kind);
/* Numbers of an event: 0 elementwise, 1 vectors, 2 matrices. */
int32_t rp_support_event_dim(rp_support_kind kind);

#endif
