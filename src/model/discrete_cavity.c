/* What is known of each factor's variables without the factor itself: back through the steps of an elimination.
 *
 * In a step, the cavity of a factor is the sum of the step's other factors and of what later steps say about the
 * neighbours, with the other variables summed out; what later steps say is the cavity of the step's own message
 * there. */
#include <math.h>
#include <stdlib.h>

#include "../graph/shorthand.h"
#include "discrete_steps.h"

typedef struct {
  rp_elimination *e;
  rp_node_id ***outside; /* [step][factor's place][entry]: cavities, one number per row of the step */
} passing;

static int visit_step(passing *p, int32_t which);
static rp_node_id from_later(passing *p, const rp_taken *s, int32_t combination);
static rp_node_id cavity_of(passing *p, int32_t table, int32_t entry);
static int leave_out(passing *p, const rp_taken *s, int32_t place, const rp_node_id *later, rp_node_id *cavity);

rp_node_id **rp_discrete_cavities(rp_elimination *e, int32_t n_tables) {
  rp_pool *pool = e->d->pool;
  passing p = {.e = e, .outside = rp_pool_array(pool, e->n_steps, sizeof *p.outside)};
  rp_node_id **cavity = rp_pool_array(pool, n_tables, sizeof *cavity);
  int ok = p.outside && cavity;
  for (int32_t s = e->n_steps; ok && s-- > 0;) ok = visit_step(&p, s);
  for (int32_t k = 0; ok && k < n_tables; k++) {
    int32_t n = e->tables->table[k].n_entries;
    cavity[k] = rp_pool_array(pool, n, sizeof **cavity);
    ok = cavity[k] != NULL;
    for (int32_t i = 0; ok && i < n; i++) cavity[k][i] = cavity_of(&p, k, i);
  }
  return ok ? cavity : NULL;
}

static int visit_step(passing *p, int32_t which) {
  const rp_taken *s = &p->e->steps[which];
  rp_pool *pool = p->e->d->pool;
  rp_node_id *later = rp_pool_array(pool, s->n_sums, sizeof *later);
  p->outside[which] = rp_pool_array(pool, s->n_factors, sizeof **p->outside);
  if (!later || !p->outside[which]) return 0;
  for (int32_t i = 0; i < s->n_sums; i++) later[i] = from_later(p, s, i);
  for (int32_t f = 0; f < s->n_factors; f++) {
    const rp_table *table = &p->e->tables->table[p->e->factors[s->factors[f * s->n_rows]].table];
    p->outside[which][f] = rp_pool_array(pool, table->n_entries, sizeof ***p->outside);
    if (!p->outside[which][f] || !leave_out(p, s, f, later, p->outside[which][f])) return 0;
  }
  return 1;
}

/* Messages of several rows to the same neighbours were added up: each has the others' beside the cavity of their
 * sum. */
static rp_node_id from_later(passing *p, const rp_taken *s, int32_t combination) {
  rp_graph *g = p->e->d->g;
  if (s->n_axes == 1) return rp_const(g, 0);
  int64_t n_rows = p->e->tables->table[s->message].n_rows;
  rp_node_id outside = rp_gather(g, rp_broadcast(g, cavity_of(p, s->message, combination), n_rows), s->message_row,
                                 s->n_rows);
  if (n_rows == s->n_rows) return outside;
  int32_t n = s->n_values[0];
  rp_node_id own = rp_broadcast(g, rp_log_sum_exp_of(g, s->sum + (int64_t) combination * n, n), s->n_rows);
  rp_node_id finite = rp_finite_part(g, own), impossible = rp_is_impossible(g, own);
  rp_node_id sum = rp_gather(g, rp_scatter(g, finite, s->message_row, n_rows), s->message_row, s->n_rows);
  rp_node_id count = rp_gather(g, rp_scatter(g, impossible, s->message_row, n_rows), s->message_row, s->n_rows);
  rp_node_id others = rp_select(g, rp_lt(g, impossible, count), rp_const(g, -HUGE_VAL), rp_sub(g, sum, finite));
  return rp_add(g, outside, others);
}

/* The cavities of a table's rows, which may have been used up in different steps. */
static rp_node_id cavity_of(passing *p, int32_t which, int32_t entry) {
  rp_elimination *e = p->e;
  const rp_table *table = &e->tables->table[which];
  int64_t n = table->n_rows;
  int32_t *from = malloc((size_t) n * sizeof *from), *at = malloc((size_t) n * sizeof *at), n_nodes = 0;
  rp_node_id *nodes = malloc((size_t) n * sizeof *nodes), result = RP_NONE;
  int64_t *lengths = malloc((size_t) n * sizeof *lengths);
  if (from && at && nodes && lengths) {
    for (int64_t r = 0; r < n; r++) {
      const rp_factor *f = &e->factors[table->first_factor + r];
      rp_node_id node = p->outside[f->step][f->place][entry];
      int32_t k = n_nodes;
      while (k-- > 0 && (nodes[k] != node || lengths[k] != e->steps[f->step].n_rows)) { }
      if (k < 0) {
        lengths[k = n_nodes] = e->steps[f->step].n_rows;
        nodes[n_nodes++] = node;
      }
      from[r] = k;
      at[r] = f->step_row;
    }
    result = rp_gather_from(e->d->g, nodes, lengths, n_nodes, from, at, n);
  } else {
    rp_fail_memory(e->d->status, "log likelihoods");
  }
  free(from);
  free(at);
  free(nodes);
  free(lengths);
  return result;
}

/* One factor's entries from all others of the step, its variables' values fixed and the others summed out. */
static int leave_out(passing *p, const rp_taken *s, int32_t place, const rp_node_id *later, rp_node_id *cavity) {
  rp_elimination *e = p->e;
  rp_graph *g = e->d->g;
  int32_t n_all = s->n_sums * s->n_values[0];
  const rp_table *own = &e->tables->table[e->factors[s->factors[place * s->n_rows]].table];
  rp_node_id *sum = malloc((size_t) n_all * sizeof *sum), *terms = malloc((size_t) n_all * sizeof *terms);
  int32_t *entry = malloc((size_t) n_all * sizeof *entry);
  int ok = sum && terms && entry;
  for (int32_t i = 0; ok && i < n_all; i++) sum[i] = later[i / s->n_values[0]];
  for (int32_t f = 0; ok && f < s->n_factors; f++) {
    const rp_table *table = &e->tables->table[e->factors[s->factors[f * s->n_rows]].table];
    for (int32_t i = 0; i < n_all; i++) {
      int32_t value[RP_MOST_MEMBERS + 1], rest = i, at = 0, stride = 1;
      for (int32_t k = 0; k < s->n_axes; k++) value[k] = rest % s->n_values[k], rest /= s->n_values[k];
      for (int32_t k = 0; k < table->arity; k++) {
        at += stride * value[s->axes[f * RP_MOST_MEMBERS + k]];
        stride *= table->n_values[k];
      }
      if (f == place) entry[i] = at;
      else sum[i] = rp_add(g, sum[i], rp_taken_pick(e, s, f, at));
    }
  }
  for (int32_t k = 0; ok && k < own->n_entries; k++) {
    int32_t n = 0;
    for (int32_t i = 0; i < n_all; i++)
      if (entry[i] == k) terms[n++] = sum[i];
    cavity[k] = rp_log_sum_exp_of(g, terms, n);
  }
  free(sum);
  free(terms);
  free(entry);
  return ok;
}
