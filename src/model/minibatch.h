/* The elements of a plate that one evaluation looks at: a random subset, drawn anew for each key of random numbers. */
#ifndef RP_MODEL_MINIBATCH_H
#define RP_MODEL_MINIBATCH_H

#include "../graph/graph.h"

/* n of the numbers 1 .. size, increasing; plates of the same name, size and n share them. Status of g: RP_BAD_ARGUMENT
 * unless 1 <= n <= size. */
rp_node_id rp_minibatch(rp_graph *g, const char *plate, int64_t size, int64_t n);

#endif
