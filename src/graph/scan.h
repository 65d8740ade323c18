/* Scans inside src/graph: affine recurrences and the copies of bodies. */
#ifndef RP_GRAPH_SCAN_H
#define RP_GRAPH_SCAN_H

#include "graph.h"

/* States of state[t + 1] = A[t] state[t] + b[t], k of them (from the end when reverse: state[t] = A[t] state[t + 1] +
 * b[t], state[n] = initial), each a vector of length n + 1. a[i + j * k] multiplies state j in row i; it and b[i] are
 * scalars or sequences of length n, RP_NONE means zero. A single state with A = 1 becomes a cumulative sum. */
rp_code rp_affine_states(rp_graph *g, const rp_node_id *initial, const rp_node_id *a, const rp_node_id *b, int64_t n,
                         int32_t k, int reverse, rp_node_id *states);

/* The node as it is, with no simplification; no RP_NONE among the inputs. */
rp_node_id rp_affine_scan(rp_graph *g, const rp_node_id *initial, const rp_node_id *a, const rp_node_id *b, int64_t n,
                          int32_t k, int reverse);

/* A SCAN or AFFINE_SCAN on other inputs: its states, one after the other. */
rp_node_id rp_scan_rebuild(rp_graph *g, const rp_node *node, const rp_node_id *in);
rp_node_id rp_affine_rebuild(rp_graph *g, const rp_node *node, const rp_node_id *in);

/* Frees what a body owns. */
void rp_scan_body_free(rp_scan_body *body);
/* body->body is NULL when there is no memory. */
rp_scan_body rp_scan_body_copy(const rp_scan_body *body);

/* What stands for the leaves of a body outside; a copier made by rp_inliner_new() instantiates body nodes over them,
 * each at most once. Entries may be filled in later, before they are needed. */
typedef struct {
  const rp_node_id *carries, *sequences, *invariants;
} rp_leaves;
rp_copier *rp_inliner_new(rp_graph *g, const rp_graph *body, rp_leaves *leaves);

#endif
