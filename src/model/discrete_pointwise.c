/* Log likelihoods of single observations where discrete sites are summed out: log p(y_i | all other data), the other
 * latent sites given. Where each observation has its own indicator this is its marginal log density; in general it
 * is what importance sampling needs to leave an observation out (Vehtari, Gelman and Gabry 2017, eq. 4), and their
 * sum is not the log likelihood of all data. */
#include <math.h>
#include <stdlib.h>

#include "../graph/shorthand.h"
#include "discrete_steps.h"

static rp_node_id of_table(rp_discrete *d, rp_tabulation *t, const rp_table *table, int32_t which,
                           const rp_node_id *cavity,
                           const int64_t *atoms, int64_t n);

rp_node_id rp_discrete_pointwise(rp_discrete *d, rp_tabulation *t, const rp_tables *tables, rp_node_id *const *cavity,
                                 const rp_atom *atoms, const rp_observation *of) {
  rp_graph *g = d->g;
  int64_t *chosen = rp_pool_array(d->pool, of->n_atoms, sizeof *chosen), total = of->n;
  int32_t *index = rp_pool_array(d->pool, of->n, sizeof *index), n_parts = 1;
  rp_node_id *parts = rp_pool_array(d->pool, tables->n + 1, sizeof *parts);
  if (!chosen || !index || !parts) return rp_fail_memory(d->status, "log likelihoods"), RP_NONE;
  parts[0] = rp_broadcast(g, of->beside, of->n);
  for (int64_t i = 0; i < of->n; i++) index[i] = (int32_t) i;
  for (int32_t k = 0; k < tables->n && cavity[k]; k++) {
    int64_t n = 0;
    for (int64_t i = of->first; i < of->first + of->n_atoms; i++) {
      if (rp_atom_table(t, i) != k) continue;
      index[atoms[i].element] = (int32_t) (total + n);
      chosen[n++] = i;
    }
    if (n == 0) continue;
    parts[n_parts++] = rp_broadcast(g, of_table(d, t, &tables->table[k], k, cavity[k], chosen, n), n);
    total += n;
  }
  return rp_gather(g, rp_concat(g, parts, n_parts), index, of->n);
}

/* An atom's variables as the others see them: its row's cavity and the row's other atoms. The row without an atom is a
 * difference of finite sums, and impossible when another atom is. */
static rp_node_id of_table(rp_discrete *d, rp_tabulation *t, const rp_table *table, int32_t which,
                           const rp_node_id *cavity,
                           const int64_t *atoms, int64_t n) {
  rp_graph *g = d->g;
  int32_t *row = rp_pool_array(d->pool, n, sizeof *row);
  rp_node_id *without = rp_pool_array(d->pool, table->n_entries, sizeof *without);
  rp_node_id *with = rp_pool_array(d->pool, table->n_entries, sizeof *with);
  if (!row || !without || !with) return rp_fail_memory(d->status, "log likelihoods"), RP_NONE;
  for (int64_t i = 0; i < n; i++) row[i] = rp_atom_row(t, atoms[i]);
  for (int32_t e = 0; e < table->n_entries; e++) {
    rp_node_id finite, n_infinite, own = rp_atoms_at(t, atoms, n, which, e);
    rp_entry_finite(t, which, e, &finite, &n_infinite);
    rp_node_id sum = rp_gather(g, rp_broadcast(g, finite, table->n_rows), row, n);
    rp_node_id count = rp_gather(g, rp_broadcast(g, n_infinite, table->n_rows), row, n);
    rp_node_id rest = rp_sub(g, sum, rp_finite_part(g, own));
    rest = rp_select(g, rp_lt(g, rp_is_impossible(g, own), count), rp_const(g, -HUGE_VAL), rest);
    without[e] = rp_add(g, rest, rp_gather(g, rp_broadcast(g, cavity[e], table->n_rows), row, n));
    with[e] = rp_add(g, without[e], own);
  }
  return rp_sub(g, rp_log_sum_exp_of(g, with, table->n_entries), rp_log_sum_exp_of(g, without, table->n_entries));
}
