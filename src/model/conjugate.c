#include "conjugate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/shorthand.h"

rp_update *rp_run_add_update(rp_run *run) {
  rp_update *grown = rp_pool_array(run->pool, run->n_updates + 1, sizeof *grown);
  if (!grown) return rp_fail_memory(run->status, "a conjugate update"), NULL;
  if (run->n_updates > 0) memcpy(grown, run->updates, (size_t) run->n_updates * sizeof *grown);
  run->updates = grown;
  grown[run->n_updates] = (rp_update) {.at = RP_NONE, .drawn = RP_NONE, .coordinates = RP_NONE, .term = RP_NONE};
  return &grown[run->n_updates++];
}

rp_node_id rp_update_placeholder(rp_graph *g, int32_t index, int64_t n) { return rp_site(g, index + 1, n); }

/* ---- is an update exact? ---- */

/* Largest derivative among those of two scalars, at some point; NaN counts as infinite. */
static void largest_slopes(const rp_run *run, const rp_node_id slopes[2], int point, double largest[2]) {
  int64_t n_params = run->dim, n_inputs = 2 * run->n_centered;
  double *numbers = malloc((size_t) (n_params + n_inputs + 1) * sizeof *numbers), *out[2];
  rp_random_key key = {20240229, 1, (uint64_t) point};
  rp_random stream = rp_random_open(key, 1);
  rp_status status;
  rp_status_clear(&status);
  largest[0] = largest[1] = HUGE_VAL;
  for (int k = 0; k < 2; k++) out[k] = malloc((size_t) rp_size_of(run->graph, slopes[k]) * sizeof **out);
  if (numbers && out[0] && out[1]) {
    for (int64_t i = 0; i < n_params + n_inputs; i++)
      numbers[i] = i < n_params ? 0.7 * rp_random_normal(&stream) : rp_random_uniform(&stream);
    if (rp_evaluate(run->graph, slopes, 2, numbers, numbers + n_params, key, out, &status) == RP_OK)
      for (int k = 0; k < 2; k++) {
        largest[k] = 0;
        for (int64_t i = 0; i < rp_size_of(run->graph, slopes[k]); i++) {
          double size = fabs(out[k][i]);
          if (!(size <= largest[k])) largest[k] = isnan(size) ? HUGE_VAL : size;
        }
      }
  }
  free(numbers);
  free(out[0]);
  free(out[1]);
}

/* An analytic function that is not constant has a derivative other than 0 at almost every point; three are looked at.
 */
int rp_update_is_exact(const rp_run *run, const rp_update *update, const uint8_t *counted) {
  enum { POINTS = 3 };
  rp_graph *g = run->graph;
  rp_node_id total = rp_const(g, 0), own = rp_sum_n(g, update->term, update->n_events), slopes[2];
  for (int32_t p = 0; p < run->n_parts; p++)
    if (counted[p]) total = rp_add(g, total, rp_sum_n(g, run->parts[p].term, run->parts[p].n_events));
  rp_node_id rest = rp_sub(g, total, own);
  if (rp_gradient(g, rest, &update->coordinates, 1, &slopes[0]) != RP_OK ||
      rp_gradient(g, own, &update->coordinates, 1, &slopes[1]) != RP_OK)
    return 0;
  for (int point = 0; point < POINTS; point++) {
    double largest[2];
    largest_slopes(run, slopes, point, largest);
    if (!(largest[0] <= 1e-8 * (1 + largest[1]))) return 0;
  }
  return 1;
}

/* ---- placeholders ---- */

static rp_node_id look_up(void *context, rp_graph *to, const rp_node *leaf) {
  const rp_node_id *values = context;
  (void) to;
  return leaf->op == RP_OP_SITE ? values[leaf->attribute[0] - 1] : RP_NONE;
}

/* Later updates may depend on the values of earlier ones. */
static int copy_roots(rp_copier *copier, rp_node_id *values, const rp_update *updates, int32_t n_updates, int drawn,
                      rp_node_id *roots, int32_t n) {
  for (int32_t k = 0; k < n_updates; k++) {
    if (updates[k].drawn == RP_NONE) continue; /* inferred */
    values[k] = rp_copier_get(copier, drawn ? updates[k].drawn : updates[k].at);
    if (values[k] == RP_NONE) return 0;
  }
  for (int32_t i = 0; i < n; i++) {
    if (roots[i] == RP_NONE) continue;
    roots[i] = rp_copier_get(copier, roots[i]);
    if (roots[i] == RP_NONE) return 0;
  }
  return 1;
}

rp_graph *rp_update_resolve(const rp_graph *g, const rp_update *updates, int32_t n_updates, rp_node_id *density,
                            int32_t n_density, rp_node_id *value, int32_t n_value, rp_status *status) {
  rp_graph *to = rp_graph_new();
  rp_node_id *values = calloc(2 * (size_t) n_updates, sizeof *values);
  rp_copier *at = to && values ? rp_copier_new(g, to, look_up, values) : NULL;
  rp_copier *drawn = to && values ? rp_copier_new(g, to, look_up, values + n_updates) : NULL;
  int ok = at && drawn;
  if (!ok) rp_fail_memory(status, "a conjugate update");
  else if (!copy_roots(at, values, updates, n_updates, 0, density, n_density) ||
           !copy_roots(drawn, values + n_updates, updates, n_updates, 1, value, n_value)) {
    *status = *rp_graph_status(to);
    ok = 0;
  }
  rp_copier_free(at);
  rp_copier_free(drawn);
  free(values);
  if (ok) return to;
  rp_graph_free(to);
  return NULL;
}
