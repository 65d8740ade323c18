/* The map of Chambers, Mallows and Stuck from an angle and an exponential to a stable variate (S0), as numbers and as a
 * graph. */
#ifndef RP_DIST_STABLE_MAP_H
#define RP_DIST_STABLE_MAP_H

#include "../graph/graph.h"

/* Standard S0 variate of u uniform on (-pi/2, pi/2) and e exponential with rate 1; alpha in (0, 2], beta in [-1, 1]. */
double rp_stable_map_value(double alpha, double beta, double u, double e);
/* The same elementwise as nodes, with derivatives in all four, through alpha = 1. */
rp_node_id rp_stable_map(rp_graph *g, rp_node_id alpha, rp_node_id beta, rp_node_id u, rp_node_id e);

#endif
