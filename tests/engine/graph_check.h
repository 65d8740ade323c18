/* What the tests of graphs share: evaluation and the comparison of gradients with central differences. */
#ifndef RP_TEST_GRAPH_CHECK_H
#define RP_TEST_GRAPH_CHECK_H

#include <stdlib.h>

#include "../../src/graph/construct.h"
#include "check.h"

/* Values of a node into out; counts a failure when the evaluator fails. */
static inline void value_of(const rp_graph *g, rp_node_id id, const double *params, double *out) {
  rp_status status;
  rp_status_clear(&status);
  rp_code code = rp_evaluate(g, &id, 1, params, NULL, (rp_random_key){1, 1, 0}, &out, &status);
  if (code != RP_OK) printf("rp_evaluate: %s\n", status.message);
  CHECK(code == RP_OK);
}

static inline double scalar_of(const rp_graph *g, rp_node_id id, const double *params) {
  double out = NAN;
  value_of(g, id, params, &out);
  return out;
}

/* |analytic - numeric| of d output / d params[i] for the whole parameter vector, relative to max(1, |numeric|).
 * Numeric: a central difference with one Richardson step, error O(h^4) plus rounding, eps * |output| / h ~ 1e-12 *
 * |output|. */
static inline double gradient_error(const rp_graph *g, rp_node_id output, rp_node_id gradient, const double *params,
                                    int n) {
  double *x = malloc((size_t) n * sizeof *x), *analytic = malloc((size_t) n * sizeof *analytic), worst = 0;
  memcpy(x, params, (size_t) n * sizeof *x);
  memset(analytic, 0, (size_t) n * sizeof *analytic);
  value_of(g, gradient, params, analytic);
  for (int i = 0; i < n; i++) {
    double h = 2e-4 * (fabs(params[i]) > 1 ? fabs(params[i]) : 1), slope[2];
    for (int half = 0; half < 2; half++, h /= 2) {
      x[i] = params[i] + h;
      double above = scalar_of(g, output, x);
      x[i] = params[i] - h;
      double below = scalar_of(g, output, x);
      slope[half] = (above - below) / (2 * h);
    }
    x[i] = params[i];
    double numeric = (4 * slope[1] - slope[0]) / 3;
    double error = fabs(analytic[i] - numeric) / (fabs(numeric) > 1 ? fabs(numeric) : 1);
    if (!(error <= worst)) worst = error;
  }
  free(x);
  free(analytic);
  return worst;
}

/* Differentiates output by the parameters 0 .. n and compares. */
static inline double check_gradient(rp_graph *g, rp_node_id output, const double *params, int n) {
  rp_node_id all = rp_param(g, 0, n), gradient = RP_NONE;
  if (rp_gradient(g, output, &all, 1, &gradient) != RP_OK) {
    printf("rp_gradient: %s\n", rp_graph_status(g)->message);
    return INFINITY;
  }
  return gradient_error(g, output, rp_broadcast(g, gradient, n), params, n);
}

static inline int32_t count_live(const rp_graph *g, rp_node_id root, rp_op op) {
  if (root < 0) return 0;
  uint8_t *live = calloc((size_t) root + 1, 1);
  int32_t n = 0;
  live[root] = 1;
  for (rp_node_id id = root; id >= 0; id--) {
    if (!live[id]) continue;
    const rp_node *node = rp_graph_node(g, id);
    n += op == RP_OP_COUNT || node->op == op;
    for (int32_t k = 0; k < node->n_in; k++) live[node->in[k]] = 1;
  }
  free(live);
  return n;
}

#endif
