/* Elimination of discrete variables from a product of tables, and draws of them on the way back.
 *
 * A round takes out variables of which no two share a table: the factors of such a variable are added up over itself
 * and its neighbours, and the log-sum-exp over its values is a new table over the neighbours. Variables whose
 * factors look alike are taken out together, as rows of vectors. Variables with at most two neighbours are taken as
 * many at once as there are, so that a chain has half its length after each round; otherwise the cheapest are taken. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "combinator.h"
#include "discrete_steps.h"

enum { CHEAP = 512, SHORT_SUM = 8 };

typedef struct {
  int32_t variable, n_axes, n_factors;
  int32_t tuple[RP_MOST_MEMBERS + 1];
  int32_t *factors, *axes; /* in the order of the axes */
} candidate;

static int add_factors(rp_elimination *e, int32_t table);
static int one_round(rp_elimination *e);
static int neighbours(const rp_elimination *e, int32_t variable, candidate *c, double *cost);
static int take_out(rp_elimination *e, candidate *chosen, int32_t n);
static int add_step(rp_elimination *e, const candidate *chosen, const int32_t *rows, int64_t n_rows);
static int sum_factors(rp_elimination *e, rp_taken *s);
static int send(rp_elimination *e, rp_taken *s);
static int draw_back(rp_elimination *e, rp_node_id *draws);

rp_elimination *rp_discrete_eliminate(rp_discrete *d, rp_tables *tables, const int32_t *group, int32_t n_groups,
                                      rp_node_id *totals, rp_node_id *draws) {
  int64_t n = d->n_variables;
  rp_elimination *e = rp_pool_array(d->pool, 1, sizeof *e);
  if (!e) return rp_fail_memory(d->status, "the sum over discrete sites"), NULL;
  *e = (rp_elimination){.d = d, .tables = tables, .group = group, .n_alive = d->n_variables, .totals = totals};
  e->head = rp_pool_array(d->pool, n, sizeof *e->head);
  e->alive = rp_pool_array(d->pool, n, 1);
  e->blocked = rp_pool_array(d->pool, n, 1);
  e->step_of = rp_pool_array(d->pool, n, sizeof *e->step_of);
  e->row_of = rp_pool_array(d->pool, n, sizeof *e->row_of);
  int ok = e->head && e->alive && e->blocked && e->step_of && e->row_of;
  for (int64_t v = 0; ok && v < n; v++) e->head[v] = -1, e->alive[v] = 1;
  for (int32_t k = 0; k < n_groups; k++) totals[k] = rp_const(d->g, 0);
  for (int32_t k = 0; ok && k < tables->n; k++) {
    tables->table[k].first_factor = e->n_factors;
    ok = add_factors(e, k);
  }
  while (ok && e->n_alive > 0 && d->status->code == RP_OK) ok = one_round(e);
  ok = ok && (d->status->code != RP_OK || draw_back(e, draws));
  if (!ok) rp_fail_memory(d->status, "the sum over discrete sites");
  return d->status->code == RP_OK ? e : NULL;
}

/* ---- factors ---- */

static int add_factors(rp_elimination *e, int32_t which) {
  const rp_table *table = &e->tables->table[which];
  for (int64_t r = 0; r < table->n_rows; r++) {
    if (e->n_factors == e->cap_factors) {
      int32_t cap = e->cap_factors ? 2 * e->cap_factors : 256;
      rp_factor *grown = rp_pool_array(e->d->pool, cap, sizeof *grown);
      if (!grown) return 0;
      if (e->n_factors > 0) memcpy(grown, e->factors, (size_t) e->n_factors * sizeof *grown);
      e->factors = grown;
      e->cap_factors = cap;
    }
    if (e->n_links + table->arity > e->cap_links) {
      int32_t cap = 2 * e->cap_links + RP_MOST_MEMBERS + 256;
      rp_link *grown = rp_pool_array(e->d->pool, cap, sizeof *grown);
      if (!grown) return 0;
      if (e->n_links > 0) memcpy(grown, e->links, (size_t) e->n_links * sizeof *grown);
      e->links = grown;
      e->cap_links = cap;
    }
    for (int32_t k = 0; k < table->arity; k++) {
      int32_t *head = &e->head[table->scope[k * table->n_rows + r]];
      e->links[e->n_links] = (rp_link){e->n_factors, *head};
      *head = e->n_links++;
    }
    e->factors[e->n_factors++] = (rp_factor){.table = which, .row = (int32_t) r};
  }
  return 1;
}

static int32_t scope_of(const rp_elimination *e, int32_t f, int32_t axis) {
  const rp_table *table = &e->tables->table[e->factors[f].table];
  return table->scope[axis * table->n_rows + e->factors[f].row];
}

static int32_t arity_of(const rp_elimination *e, int32_t f) { return e->tables->table[e->factors[f].table].arity; }

/* ---- rounds ---- */

static int one_round(rp_elimination *e) {
  int32_t n = e->d->n_variables, n_chosen = 0;
  candidate *chosen = malloc(((size_t) e->n_alive + 1) * sizeof *chosen);
  double *cost = malloc(((size_t) n + 1) * sizeof *cost), least = HUGE_VAL;
  int32_t *degree = malloc(((size_t) n + 1) * sizeof *degree), cheapest = -1;
  int ok = chosen && cost && degree;
  for (int32_t v = 0; ok && v < n; v++) {
    candidate c;
    e->blocked[v] = !e->alive[v];
    if (!e->alive[v]) continue;
    degree[v] = neighbours(e, v, &c, &cost[v]) ? c.n_axes - 1 : RP_MOST_MEMBERS + 1;
    if (cost[v] < least) least = cost[v], cheapest = v;
  }
  if (ok && least > RP_MOST_COMBINATIONS) {
    candidate c;
    neighbours(e, cheapest, &c, &least);
    rp_discrete_fits(e->d, c.tuple, c.n_axes);
  }
  for (int pass = 0; pass < 2 && ok && e->d->status->code == RP_OK; pass++)
    for (int32_t v = 0; v < n; v++) {
      int now = pass == 0 ? cost[v] == least || degree[v] <= 1 : degree[v] <= 2 && cost[v] <= CHEAP;
      if (e->blocked[v] || !now || cost[v] > RP_MOST_COMBINATIONS) continue;
      candidate *c = &chosen[n_chosen++];
      double unused;
      neighbours(e, v, c, &unused);
      for (int32_t k = 0; k < c->n_axes; k++) e->blocked[c->tuple[k]] = 1;
    }
  ok = ok && (e->d->status->code != RP_OK || take_out(e, chosen, n_chosen));
  free(chosen);
  free(cost);
  free(degree);
  return ok;
}

/* The tuple of a variable and the others in its factors, and how many combinations of values it has; 0 when they are
 * too many to list. */
static int neighbours(const rp_elimination *e, int32_t variable, candidate *c, double *cost) {
  *c = (candidate){.variable = variable, .n_axes = 1, .tuple = {variable}};
  *cost = rp_values_of_variable(e->d, variable);
  int fits = 1;
  for (int32_t l = e->head[variable]; l >= 0; l = e->links[l].next) {
    int32_t f = e->links[l].factor;
    if (e->factors[f].used) continue;
    c->n_factors++;
    for (int32_t k = 0; k < arity_of(e, f); k++) {
      int32_t other = scope_of(e, f, k), at = 0;
      while (at < c->n_axes && c->tuple[at] != other) at++;
      if (at < c->n_axes) continue;
      *cost *= rp_values_of_variable(e->d, other);
      if (c->n_axes <= RP_MOST_MEMBERS) c->tuple[c->n_axes++] = other;
      else fits = 0;
    }
  }
  if (!fits) *cost = HUGE_VAL;
  for (int32_t k = 2; k < c->n_axes; k++) { /* neighbours in increasing order */
    int32_t value = c->tuple[k], at = k;
    for (; at > 1 && c->tuple[at - 1] > value; at--) c->tuple[at] = c->tuple[at - 1];
    c->tuple[at] = value;
  }
  return fits;
}

/* Lists a candidate's factors with their axes, in an order that depends on the axes only. */
static int list_factors(rp_elimination *e, candidate *c) {
  size_t stride = RP_MOST_MEMBERS;
  c->factors = rp_pool_array(e->d->pool, c->n_factors, sizeof *c->factors);
  c->axes = rp_pool_array(e->d->pool, c->n_factors, stride * sizeof *c->axes);
  if (!c->factors || !c->axes) return 0;
  int32_t n = 0;
  for (int32_t l = e->head[c->variable]; l >= 0; l = e->links[l].next) {
    int32_t f = e->links[l].factor, axes[RP_MOST_MEMBERS];
    if (e->factors[f].used) continue;
    for (int32_t k = 0; k < RP_MOST_MEMBERS; k++) axes[k] = -1;
    for (int32_t k = 0; k < arity_of(e, f); k++) {
      axes[k] = 0;
      while (c->tuple[axes[k]] != scope_of(e, f, k)) axes[k]++;
    }
    int32_t at = n++;
    for (; at > 0 && memcmp(c->axes + (size_t) (at - 1) * stride, axes, sizeof axes) > 0; at--) {
      c->factors[at] = c->factors[at - 1];
      memcpy(c->axes + (size_t) at * stride, c->axes + (size_t) (at - 1) * stride, sizeof axes);
    }
    c->factors[at] = f;
    memcpy(c->axes + (size_t) at * stride, axes, sizeof axes);
  }
  return 1;
}

static int alike(const rp_elimination *e, const candidate *a, const candidate *b) {
  if (a->n_axes != b->n_axes || a->n_factors != b->n_factors ||
      e->group[a->variable] != e->group[b->variable]) return 0;
  for (int32_t k = 0; k < a->n_axes; k++)
    if (rp_values_of_variable(e->d, a->tuple[k]) != rp_values_of_variable(e->d, b->tuple[k])) return 0;
  return a->n_factors == 0 || memcmp(a->axes, b->axes, (size_t) a->n_factors * RP_MOST_MEMBERS * sizeof *a->axes) == 0;
}

static int take_out(rp_elimination *e, candidate *chosen, int32_t n) {
  int32_t *rows = malloc(((size_t) n + 1) * sizeof *rows), first = e->n_steps;
  uint8_t *taken = calloc((size_t) n + 1, 1);
  int ok = rows && taken;
  for (int32_t i = 0; ok && i < n; i++) ok = list_factors(e, &chosen[i]);
  for (int32_t i = 0; ok && i < n; i++) {
    int64_t n_rows = 0;
    for (int32_t j = i; !taken[i] && j < n; j++)
      if (!taken[j] && (j == i || alike(e, &chosen[i], &chosen[j]))) rows[n_rows++] = j;
    for (int64_t r = 0; r < n_rows; r++) taken[rows[r]] = 1;
    if (n_rows > 0) ok = add_step(e, chosen, rows, n_rows);
  }
  for (int32_t s = first; ok && s < e->n_steps; s++) ok = sum_factors(e, &e->steps[s]);
  for (int32_t s = first; ok && s < e->n_steps; s++) ok = send(e, &e->steps[s]);
  free(rows);
  free(taken);
  return ok;
}

static int add_step(rp_elimination *e, const candidate *chosen, const int32_t *rows, int64_t n_rows) {
  if (e->n_steps == e->cap_steps) {
    int32_t cap = e->cap_steps ? 2 * e->cap_steps : 32;
    rp_taken *grown = rp_pool_array(e->d->pool, cap, sizeof *grown);
    if (!grown) return 0;
    if (e->n_steps > 0) memcpy(grown, e->steps, (size_t) e->n_steps * sizeof *grown);
    e->steps = grown;
    e->cap_steps = cap;
  }
  const candidate *like = &chosen[rows[0]];
  rp_taken *s = &e->steps[e->n_steps];
  *s = (rp_taken){.group = e->group[like->variable], .n_axes = like->n_axes, .n_factors = like->n_factors,
                  .n_rows = n_rows,
              .axes = like->axes};
  s->tuple = rp_pool_array(e->d->pool, s->n_axes * n_rows, sizeof *s->tuple);
  s->factors = rp_pool_array(e->d->pool, s->n_factors * n_rows, sizeof *s->factors);
  if (!s->tuple || !s->factors) return 0;
  for (int32_t k = 0; k < s->n_axes; k++) s->n_values[k] = rp_values_of_variable(e->d, like->tuple[k]);
  for (int64_t r = 0; r < n_rows; r++) {
    const candidate *c = &chosen[rows[r]];
    for (int32_t k = 0; k < s->n_axes; k++) s->tuple[k * n_rows + r] = c->tuple[k];
    for (int32_t k = 0; k < s->n_factors; k++) s->factors[k * n_rows + r] = c->factors[k];
    e->step_of[c->variable] = e->n_steps;
    e->row_of[c->variable] = (int32_t) r;
    e->alive[c->variable] = 0;
  }
  e->n_alive -= (int32_t) n_rows;
  e->n_steps++;
  return 1;
}

/* ---- one step ---- */

/* Elements of several nodes as one vector: element at[i] of node from[i] of the n_nodes nodes. */
rp_node_id rp_gather_from(rp_graph *g, const rp_node_id *nodes, const int64_t *lengths, int32_t n_nodes,
                          const int32_t *from,
                              const int32_t *at, int64_t n) {
  rp_node_id *parts = malloc((size_t) n_nodes * sizeof *parts);
  int64_t *begin = malloc((size_t) n_nodes * sizeof *begin), total = 0;
  int32_t *index = malloc((size_t) n * sizeof *index);
  rp_node_id result = RP_NONE;
  if (parts && begin && index) {
    for (int32_t k = 0; k < n_nodes; k++) {
      parts[k] = rp_broadcast(g, nodes[k], lengths[k]);
      begin[k] = total;
      total += lengths[k];
    }
    for (int64_t i = 0; i < n; i++) index[i] = (int32_t) (begin[from[i]] + at[i]);
    result = rp_gather(g, n_nodes == 1 ? parts[0] : rp_concat(g, parts, n_nodes), index, n);
  } else {
    rp_fail_memory(rp_graph_status(g), "the sum over discrete sites");
  }
  free(parts);
  free(begin);
  free(index);
  return result;
}

/* Entries of the factors at one place of a step, row by row: a vector, or a scalar when they are all the same. */
rp_node_id rp_taken_pick(rp_elimination *e, const rp_taken *s, int32_t place, int32_t entry) {
  const int32_t *factors = s->factors + place * s->n_rows;
  rp_graph *g = e->d->g;
  int32_t *which = malloc((size_t) e->tables->n * sizeof *which), n_tables = 0, same = 1;
  int32_t *from = malloc((size_t) s->n_rows * sizeof *from), *at = malloc((size_t) s->n_rows * sizeof *at);
  rp_node_id *nodes = calloc((size_t) e->tables->n + 1, sizeof *nodes), result = RP_NONE;
  int64_t *lengths = malloc((size_t) e->tables->n * sizeof *lengths);
  if (which && from && at && nodes && lengths) {
    for (int32_t k = 0; k < e->tables->n; k++) which[k] = -1;
    for (int64_t r = 0; r < s->n_rows; r++) {
      rp_factor f = e->factors[factors[r]];
      const rp_table *table = &e->tables->table[f.table];
      if (which[f.table] < 0) {
        lengths[n_tables] = table->n_rows;
        nodes[n_tables] = table->entry[entry];
        which[f.table] = n_tables++;
      }
      from[r] = which[f.table];
      at[r] = f.row;
      same &= nodes[from[r]] == nodes[0] && rp_size_of(g, nodes[0]) == 1;
    }
    result = same ? nodes[0] : rp_gather_from(g, nodes, lengths, n_tables, from, at, s->n_rows);
  } else {
    rp_fail_memory(e->d->status, "the sum over discrete sites");
  }
  free(which);
  free(from);
  free(at);
  free(nodes);
  free(lengths);
  return result;
}

static int sum_factors(rp_elimination *e, rp_taken *s) {
  s->n_sums = 1;
  for (int32_t k = 1; k < s->n_axes; k++) s->n_sums *= s->n_values[k];
  int32_t n_all = s->n_sums * s->n_values[0];
  s->sum = rp_pool_array(e->d->pool, n_all, sizeof *s->sum);
  if (!s->sum) return 0;
  for (int32_t i = 0; i < n_all; i++) s->sum[i] = RP_NONE;
  for (int32_t f = 0; f < s->n_factors; f++) {
    const rp_table *table = &e->tables->table[e->factors[s->factors[f * s->n_rows]].table];
    rp_node_id *picked = malloc((size_t) table->n_entries * sizeof *picked);
    if (!picked) return 0;
    for (int32_t i = 0; i < table->n_entries; i++) picked[i] = rp_taken_pick(e, s, f, i);
    for (int32_t i = 0; i < n_all; i++) {
      int32_t value[RP_MOST_MEMBERS + 1], rest = i, entry = 0, stride = 1;
      for (int32_t k = 0; k < s->n_axes; k++) value[k] = rest % s->n_values[k], rest /= s->n_values[k];
      for (int32_t k = 0; k < table->arity; k++) {
        entry += stride * value[s->axes[f * RP_MOST_MEMBERS + k]];
        stride *= table->n_values[k];
      }
      s->sum[i] = s->sum[i] == RP_NONE ? picked[entry] : rp_add(e->d->g, s->sum[i], picked[entry]);
    }
    free(picked);
  }
  for (int32_t i = 0; i < n_all; i++)
    if (s->sum[i] == RP_NONE) s->sum[i] = rp_const(e->d->g, 0);
  for (int64_t i = 0; i < s->n_factors * s->n_rows; i++) {
    rp_factor *f = &e->factors[s->factors[i]];
    f->used = 1;
    f->step = (int32_t) (s - e->steps);
    f->place = (int32_t) (i / s->n_rows);
    f->step_row = (int32_t) (i % s->n_rows);
  }
  return 1;
}

/* log-sum-exp of n nodes; of many numbers by halves of one vector. */
rp_node_id rp_log_sum_exp_of(rp_graph *g, const rp_node_id *terms, int32_t n) {
  int scalars = n >= SHORT_SUM;
  for (int32_t i = 0; i < n; i++) scalars = scalars && rp_size_of(g, terms[i]) == 1;
  rp_node_id total = terms[0];
  if (!scalars) {
    for (int32_t i = 1; i < n; i++) total = rp_binary(g, RP_OP_LOG_ADD_EXP, total, terms[i]);
    return total;
  }
  total = rp_concat(g, terms, n);
  while (n > 1) {
    int32_t half = n / 2;
    rp_node_id joined = rp_binary(g, RP_OP_LOG_ADD_EXP, rp_slice(g, total, 0, half), rp_slice(g, total, half, half));
    rp_node_id both[2] = {joined, n % 2 ? rp_slice(g, total, n - 1, 1) : RP_NONE};
    total = n % 2 ? rp_concat(g, both, 2) : joined;
    n = half + n % 2;
  }
  return total;
}

/* The tuples' neighbours, each once: place[r] is that of row r, row[k] the first row of place k. */
static int64_t places(const rp_elimination *e, const rp_taken *s, int32_t *place, int32_t *row) {
  /* of a living variable: the last place with it as first neighbour; rows come by variable */
  int32_t *last = e->row_of;
  int64_t n = 0;
  for (int64_t r = 0; r < s->n_rows; r++) last[s->tuple[s->n_rows + r]] = -1;
  for (int64_t r = 0; r < s->n_rows; r++) {
    int32_t *at = &last[s->tuple[s->n_rows + r]];
    int same = *at >= 0;
    for (int32_t k = 1; same && k < s->n_axes; k++)
      same = s->tuple[k * s->n_rows + r] == s->tuple[k * s->n_rows + row[*at]];
    if (!same) {
      row[n] = (int32_t) r;
      *at = (int32_t) n++;
    }
    place[r] = *at;
  }
  return n;
}

/* The sum over the variables' values becomes a table over their neighbours, or part of the total. */
static int send(rp_elimination *e, rp_taken *s) {
  rp_graph *g = e->d->g;
  if (s->n_axes == 1) {
    rp_node_id total = rp_sum_n(g, rp_log_sum_exp_of(g, s->sum, s->n_values[0]), s->n_rows);
    e->totals[s->group] = rp_add(g, e->totals[s->group], total);
    return 1;
  }
  int32_t arity = s->n_axes - 1;
  int32_t *place = rp_pool_array(e->d->pool, s->n_rows, sizeof *place), *row = rp_pool_array(e->d->pool, s->n_rows,
                                                                                             sizeof *row);
  rp_table *table = rp_tables_add(e->d, e->tables);
  int32_t *n_values = rp_pool_array(e->d->pool, arity, sizeof *n_values);
  if (!place || !row || !table || !n_values) return 0;
  s->message = e->tables->n - 1;
  s->message_row = place;
  *table = (rp_table){.arity = arity, .n_entries = s->n_sums, .n_values = n_values, .n_rows = places(e, s, place, row)};
  table->first_factor = e->n_factors;
  memcpy(n_values, s->n_values + 1, (size_t) arity * sizeof *n_values);
  int32_t *scope = rp_pool_array(e->d->pool, arity * table->n_rows, sizeof *scope);
  table->scope = scope;
  table->entry = rp_pool_array(e->d->pool, s->n_sums, sizeof *table->entry);
  if (!scope || !table->entry) return 0;
  for (int32_t k = 0; k < arity; k++)
    for (int64_t r = 0; r < table->n_rows; r++) scope[k * table->n_rows + r] = s->tuple[(k + 1) * s->n_rows + row[r]];
  for (int32_t i = 0; i < s->n_sums; i++) {
    rp_node_id message = rp_log_sum_exp_of(g, s->sum + (int64_t) i * s->n_values[0], s->n_values[0]);
    if (table->n_rows < s->n_rows) {
      message = rp_broadcast(g, message, s->n_rows);
      message = table->n_rows == 1 ? rp_sum(g, message) : rp_scatter(g, message, place, table->n_rows);
    }
    table->entry[i] = message;
  }
  return add_factors(e, e->tables->n - 1);
}

/* ---- draws ---- */

/* The zero-based place of a value, given the logs of weights. */
static void choose(rp_random *r, const double *const *a, int64_t event_size, double *x) {
  const double *log_weight = a[0];
  int64_t n = (int64_t) a[1][0], at = 0;
  double most = -HUGE_VAL, total = 0, u = rp_random_uniform(r);
  (void) event_size;
  for (int64_t i = 0; i < n; i++)
    if (log_weight[i] > most) most = log_weight[i];
  for (int64_t i = 0; i < n; i++) total += exp(log_weight[i] - most);
  *x = NAN;
  if (!(total > 0)) return;
  for (u *= total; at < n - 1; at++) {
    u -= exp(log_weight[at] - most);
    if (u < 0) break;
  }
  while (at > 0 && log_weight[at] == -HUGE_VAL) at--;
  *x = (double) at;
}

/* Values that have been drawn, of one variable per row. */
static rp_node_id drawn(const rp_elimination *e, const rp_node_id *drawn_of, const int32_t *variables, int64_t n) {
  int32_t *slot = malloc((size_t) e->n_steps * sizeof *slot), n_nodes = 0;
  rp_node_id *nodes = malloc((size_t) e->n_steps * sizeof *nodes), result = RP_NONE;
  int64_t *lengths = malloc((size_t) e->n_steps * sizeof *lengths);
  int32_t *from = malloc((size_t) n * sizeof *from), *at = malloc((size_t) n * sizeof *at);
  if (slot && nodes && lengths && from && at) {
    for (int32_t k = 0; k < e->n_steps; k++) slot[k] = -1;
    for (int64_t i = 0; i < n; i++) {
      int32_t s = e->step_of[variables[i]];
      if (slot[s] < 0) {
        nodes[n_nodes] = drawn_of[s];
        lengths[n_nodes] = e->steps[s].n_rows;
        slot[s] = n_nodes++;
      }
      from[i] = slot[s];
      at[i] = e->row_of[variables[i]];
    }
    result = rp_gather_from(e->d->g, nodes, lengths, n_nodes, from, at, n);
  } else {
    rp_fail_memory(e->d->status, "draws of discrete sites");
  }
  free(slot);
  free(nodes);
  free(lengths);
  free(from);
  free(at);
  return result;
}

/* Which combination of the neighbours' values each row has, as a position among all of them laid out by row. */
static rp_node_id combination(const rp_elimination *e, const rp_taken *s, const rp_node_id *drawn_of) {
  rp_graph *g = e->d->g;
  double *row = malloc((size_t) s->n_rows * sizeof *row), stride = (double) s->n_rows;
  if (!row) return rp_fail_memory(e->d->status, "draws of discrete sites"), RP_NONE;
  for (int64_t r = 0; r < s->n_rows; r++) row[r] = (double) r;
  rp_node_id at = rp_data(g, row, s->n_rows);
  for (int32_t k = 1; k < s->n_axes; k++) {
    at = rp_add(g, at, rp_times(g, stride, drawn(e, drawn_of, s->tuple + k * s->n_rows, s->n_rows)));
    stride *= s->n_values[k];
  }
  free(row);
  return at;
}

static rp_node_id draw_step(const rp_elimination *e, int32_t which, const rp_node_id *drawn_of) {
  const rp_taken *s = &e->steps[which];
  rp_graph *g = e->d->g;
  int32_t n = s->n_values[0], longest = n > s->n_sums ? n : s->n_sums;
  rp_node_id *weights = malloc((size_t) n * sizeof *weights), *parts = malloc((size_t) longest * sizeof *parts);
  rp_node_id at = s->n_axes > 1 ? combination(e, s, drawn_of) : RP_NONE, result = RP_NONE;
  if (weights && parts) {
    for (int32_t v = 0; v < n; v++) {
      for (int32_t i = 0; i < s->n_sums; i++) parts[i] = rp_broadcast(g, s->sum[v + (int64_t) i * n], s->n_rows);
      weights[v] = s->n_axes == 1 ? parts[0] : rp_gather_at(g, rp_concat(g, parts, s->n_sums), at);
    }
    rp_node_id arguments[2] = {rp_transpose(g, rp_concat(g, weights, n), s->n_rows, n), rp_const(g, n)};
    const int64_t widths[2] = {n, 1};
    uint32_t stream = rp_random_site(e->d->summed[e->d->owner[s->tuple[0]]].site, 0);
    result = rp_random_node(g, choose, rp_substream(stream, (uint32_t) which + 1000), arguments, widths, 2, s->n_rows,
                            1);
  } else {
    rp_fail_memory(e->d->status, "draws of discrete sites");
  }
  free(weights);
  free(parts);
  return result;
}

/* Last taken out, first drawn: what a variable's factors depend on is known by then. */
static int draw_back(rp_elimination *e, rp_node_id *draws) {
  rp_discrete *d = e->d;
  rp_node_id *drawn_of = rp_pool_array(d->pool, e->n_steps, sizeof *drawn_of);
  int32_t *variables = rp_pool_array(d->pool, d->n_variables, sizeof *variables);
  if (!drawn_of || !variables) return 0;
  for (int32_t s = 0; s < e->n_steps; s++) /* places() has used the rows of those that lived longer */
    for (int64_t r = 0; r < e->steps[s].n_rows; r++) e->row_of[e->steps[s].tuple[r]] = (int32_t) r;
  for (int32_t s = e->n_steps; s-- > 0;) drawn_of[s] = draw_step(e, s, drawn_of);
  for (int32_t v = 0; v < d->n_variables; v++) variables[v] = v;
  for (int32_t k = 0; k < d->n_summed; k++) {
    rp_node_id value = drawn(e, drawn_of, variables + d->first[k], d->first[k + 1] - d->first[k]);
    draws[k] = rp_plus(d->g, value, d->summed[k].lowest);
  }
  return 1;
}
