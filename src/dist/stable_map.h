/* The map of Chambers, Mallows and Stuck from an angle and an exponential to a stable variate (S0), as numbers and as a
 * graph, whose status takes failures. */
#ifndef RP_DIST_STABLE_MAP_H
#define RP_DIST_STABLE_MAP_H

#include "../graph/graph.h"

/* Standard S0 variate of u uniform on (-pi/2, pi/2) and e exponential with rate 1; alpha in (0, 2], beta in [-1, 1]. */
double rp_stable_map_value(double alpha, double beta, double u, double e);
/* The same elementwise as nodes, with derivatives in all four, through alpha = 1. */
rp_node_id rp_stable_map(rp_graph *g, rp_node_id alpha, rp_node_id beta, rp_node_id u, rp_node_id e);
/* Log of 2 K(alpha / 2; u, e), K the positive stable variate with Laplace transform exp(-t^(alpha / 2)): normal(0,
 * sqrt(2 K)) is the standard symmetric stable law, alpha < 2. */
rp_node_id rp_stable_log_variance(rp_graph *g, rp_node_id alpha, rp_node_id u, rp_node_id e);
/* (sign(beta) |beta|^(1 / alpha) - beta) tan(pi alpha / 2), by which parts of S0 laws shift when they are added;
 * exact through 1. */
rp_node_id rp_stable_shift(rp_graph *g, rp_node_id alpha, rp_node_id beta);

#endif
