/* Helpers of the tests of families and bijectors: small graphs evaluated by the reference evaluator. */
#ifndef RP_TEST_DIST_CHECK_H
#define RP_TEST_DIST_CHECK_H

#include <stdlib.h>

#include "../../src/bij/bijector.h"
#include "../../src/dist/family.h"
#include "../../src/dist/support.h"
#include "check.h"

static inline rp_random_key test_key(uint64_t seed) { return (rp_random_key) {seed, 0, 0}; }

/* Values of one node, all NaN when the graph or the evaluation failed. */
static inline void node_values(rp_graph *g, rp_node_id node, const double *params, double *out, int64_t n) {
  rp_status status;
  rp_status_clear(&status);
  for (int64_t i = 0; i < n; i++) out[i] = NAN;
  if (node == RP_NONE || rp_graph_status(g)->code != RP_OK) {
    printf("graph: %s\n", rp_graph_status(g)->message);
    return;
  }
  double *copy = malloc((size_t) rp_graph_node(g, node)->n * sizeof *copy);
  if (!copy) return;
  int64_t length = rp_graph_node(g, node)->n;
  if (rp_evaluate(g, &node, 1, params, NULL, test_key(1), &copy, &status) == RP_OK)
    for (int64_t i = 0; i < n; i++) out[i] = copy[length == 1 ? 0 : i];
  else printf("evaluate: %s\n", status.message);
  free(copy);
}

static inline double node_value(rp_graph *g, rp_node_id node, const double *params) {
  double value;
  node_values(g, node, params, &value, 1);
  return value;
}

#endif
