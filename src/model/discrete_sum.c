/* rp_discrete_sum_out(): from the terms of a run to its log density and back. */
#include <stdlib.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "discrete_parts.h"

/* Part of the log density: scale times the sum of a node's elements. */
typedef struct {
  const char *site;
  rp_node_id node, scale; /* scale RP_NONE: 1 */
  int32_t part;           /* of the run, when the node has its term as it is; -1 */
  int64_t first, n_atoms; /* among the atoms */
} piece;

typedef struct {
  rp_discrete d;
  piece *pieces;
  int32_t n_pieces, cap_pieces;
  rp_node_id plain;     /* the sum of what depends on no discrete site */
  rp_node_id beside;    /* the same for elements of nodes of which other elements do */
  int32_t *parent;      /* by variable: components, as a forest */
  rp_node_id *scale_of; /* by root: the scale of all its terms */
  rp_atom *atoms;
  int64_t n_atoms;
  int32_t *group;       /* by variable: place of its scale among the scales */
  int32_t n_groups;
  rp_node_id *scales;   /* by group */
} summation;

enum { NOT_SEEN = -2, MIXED = -3 };

static int open_summation(summation *s, rp_run *run);
static int list_pieces(summation *s, rp_run *run);
static int add_piece(summation *s, piece p);
static int take_apart(summation *s, piece whole);
static int find_components(summation *s);
static int list_atoms(summation *s);
static rp_node_id weighed(summation *s, const piece *p);
static rp_node_id any_values(summation *s, rp_node_id id);
static int add_pointwise(summation *s, rp_tabulation *t, rp_tables *tables, int32_t n_tables, rp_elimination *e);
static int put_back(summation *s, rp_run *run, const rp_node_id *draws);

rp_node_id rp_discrete_sum_out(rp_run *run) {
  summation s = {.plain = rp_const(run->graph, 0), .beside = rp_const(run->graph, 0)};
  rp_node_id total = RP_NONE, *draws = NULL, *totals = NULL;
  int ok = open_summation(&s, run) && list_pieces(&s, run) && find_components(&s) && list_atoms(&s);
  if (ok && run->status->code == RP_OK) {
    rp_tables tables = {0};
    draws = rp_pool_array(s.d.pool, run->n_summed, sizeof *draws);
    totals = rp_pool_array(s.d.pool, s.n_groups, sizeof *totals);
    ok = draws && totals;
    rp_tabulation *t = ok ? rp_discrete_tabulate(&s.d, s.atoms, s.n_atoms, &tables) : NULL;
    int32_t n_tables = tables.n;
    rp_elimination *e = t ? rp_discrete_eliminate(&s.d, &tables, s.group, s.n_groups, totals, draws) : NULL;
    if (e && run->options->all_terms) ok = add_pointwise(&s, t, &tables, n_tables, e);
  }
  if (ok && run->status->code == RP_OK) {
    total = rp_add(run->graph, s.plain, any_values(&s, s.beside));
    for (int32_t k = 0; k < s.n_groups; k++)
      total = rp_add(run->graph, total, s.scales[k] == RP_NONE ? totals[k] : rp_mul(run->graph, s.scales[k],
                                                                                    totals[k]));
    ok = put_back(&s, run, draws);
  }
  if (!ok) rp_fail_memory(run->status, "the sum over discrete sites");
  rp_sets_close(&s.d.sets);
  rp_pool_free(s.d.pool);
  return total;
}

static int open_summation(summation *s, rp_run *run) {
  rp_discrete *d = &s->d;
  *d = (rp_discrete){.run = run, .pool = rp_pool_new(), .g = run->graph, .status = run->status,
                     .n_summed = run->n_summed,
                     .summed = run->summed};
  if (!d->pool || !rp_sets_open(&d->sets)) return 0;
  int32_t *first = rp_pool_array(d->pool, run->n_summed + 1, sizeof *first);
  if (!first) return 0;
  for (int32_t k = 0; k < run->n_summed; k++) first[k + 1] = first[k] + (int32_t) run->summed[k].n_events;
  d->first = first;
  d->n_variables = first[run->n_summed];
  int32_t *owner = rp_pool_array(d->pool, d->n_variables, sizeof *owner);
  s->parent = rp_pool_array(d->pool, d->n_variables, sizeof *s->parent);
  s->scale_of = rp_pool_array(d->pool, d->n_variables, sizeof *s->scale_of);
  s->group = rp_pool_array(d->pool, d->n_variables, sizeof *s->group);
  s->scales = rp_pool_array(d->pool, (int64_t) d->n_variables + 1, sizeof *s->scales);
  if (!owner || !s->parent || !s->scale_of || !s->group || !s->scales) return 0;
  for (int32_t k = 0; k < run->n_summed; k++)
    for (int32_t v = first[k]; v < first[k + 1]; v++) owner[v] = k;
  d->owner = owner;
  return 1;
}

/* ---- terms ---- */

static int list_pieces(summation *s, rp_run *run) {
  rp_graph *g = run->graph;
  int ok = 1;
  for (int32_t i = 0; i < run->n_sites && ok; i++)
    for (int32_t p = run->sites[i].first_part; p >= 0 && ok; p = run->parts[p].next) {
      const rp_part *part = &run->parts[p];
      if (part->term == RP_NONE || part->source == RP_SOURCE_ANCESTRAL) continue;
      if (!rp_discrete_touches(run, part->term)) {
        s->plain = rp_add(g, s->plain, rp_sum_n(g, part->term, part->n_events));
        continue;
      }
      int scaled = part->scale != RP_NONE && rp_size_of(g, part->scale) == 1 && !rp_is_all(g, part->scale, 1) &&
                   !rp_discrete_touches(run, part->scale);
      piece whole = {.site = run->sites[i].name, .node = scaled ? part->unscaled : part->term,
                     .scale = scaled ? part->scale : RP_NONE, .part = p};
      int one_for_all = rp_size_of(g, whole.node) < part->n_events;
      if (one_for_all) whole.node = rp_times(g, (double) part->n_events, whole.node);
      if (one_for_all || part->source == RP_SOURCE_COMPUTED) whole.part = -1;
      ok = part->source == RP_SOURCE_COMPUTED ? take_apart(s, whole) : add_piece(s, whole);
    }
  for (int32_t i = 0; i < run->n_evidence && ok; i++) {
    const rp_evidence *e = &run->evidence[i];
    piece whole = {.site = e->site, .node = e->term, .scale = RP_NONE, .part = -1};
    if (rp_size_of(g, whole.node) < e->n_events) whole.node = rp_times(g, (double) e->n_events, whole.node);
    ok = add_piece(s, whole);
  }
  return ok;
}

static int add_piece(summation *s, piece p) {
  if (s->n_pieces == s->cap_pieces) {
    int32_t cap = s->cap_pieces ? 2 * s->cap_pieces : 64;
    piece *grown = rp_pool_array(s->d.pool, cap, sizeof *grown);
    if (!grown) return 0;
    if (s->n_pieces > 0) memcpy(grown, s->pieces, (size_t) s->n_pieces * sizeof *grown);
    s->pieces = grown;
    s->cap_pieces = cap;
  }
  s->pieces[s->n_pieces++] = p;
  return 1;
}

/* Factors' sums fall apart into what they add up, so that sum(log density of each) is as good as the densities
 * themselves. */
static int take_apart(summation *s, piece whole) {
  rp_graph *g = s->d.g;
  if (!rp_discrete_touches(s->d.run, whole.node)) {
    rp_node_id sum = rp_sum_n(g, whole.node, rp_size_of(g, whole.node));
    s->plain = rp_add(g, s->plain, whole.scale == RP_NONE ? sum : rp_mul(g, whole.scale, sum));
    return 1;
  }
  const rp_node node = *rp_graph_node(g, whole.node);
  piece a = whole, b = whole;
  a.node = node.n_in > 0 ? node.in[0] : RP_NONE;
  b.node = node.n_in > 1 ? node.in[1] : RP_NONE;
  if (node.op == RP_OP_SUM) return take_apart(s, a);
  if (node.n > 1 || (node.op != RP_OP_ADD && node.op != RP_OP_SUB)) return add_piece(s, whole);
  if (node.op == RP_OP_SUB) b.node = rp_neg(g, b.node);
  return take_apart(s, a) && take_apart(s, b);
}

/* ---- components ---- */

static int32_t root_of(summation *s, int32_t v) {
  while (s->parent[v] != v) v = s->parent[v] = s->parent[s->parent[v]];
  return v;
}

static int find_components(summation *s) {
  rp_discrete *d = &s->d;
  rp_node_id *roots = rp_pool_array(d->pool, s->n_pieces, sizeof *roots);
  if (!roots) return 0;
  for (int32_t i = 0; i < s->n_pieces; i++) roots[i] = s->pieces[i].node;
  if (rp_discrete_depend(d, roots, s->n_pieces) != RP_OK) return 1;
  for (int32_t v = 0; v < d->n_variables; v++) s->parent[v] = v, s->scale_of[v] = NOT_SEEN;
  for (int32_t i = 0; i < s->n_pieces; i++)
    for (int64_t j = 0, n = rp_size_of(d->g, roots[i]); j < n; j++) {
      int32_t set = rp_depends_at(&d->depends[roots[i]], j);
      const int32_t *members = rp_set_members(&d->sets, set);
      s->n_atoms += set != RP_SET_EMPTY;
      for (int32_t k = 1; set != RP_SET_MANY && k < rp_set_size(&d->sets, set); k++)
        s->parent[root_of(s, members[k])] = root_of(s, members[0]);
    }
  return 1;
}

/* ---- atoms ---- */

static int32_t group_of_scale(summation *s, rp_node_id scale) {
  int32_t k = 0;
  while (k < s->n_groups && s->scales[k] != scale) k++;
  if (k == s->n_groups) s->scales[s->n_groups++] = scale;
  return k;
}

/* The first variable of a set, or -1: of none, or of too many. */
static int32_t first_member(const summation *s, const piece *p, int64_t element, int32_t *set) {
  *set = rp_depends_at(&s->d.depends[p->node], element);
  if (*set == RP_SET_EMPTY || *set == RP_SET_MANY) return -1;
  return rp_set_members(&s->d.sets, *set)[0];
}

static rp_code fail_many(summation *s, const piece *p) {
  s->d.status->statement = s->d.summed[0].statement;
  return rp_fail(s->d.status, RP_UNSUPPORTED, s->d.summed[0].site,
                 "it is discrete and latent, and to sum it out, each element of `%s` may depend on at most %d "
                 "discrete elements",
                 p->site, (int) RP_MOST_MEMBERS);
}

static int list_atoms(summation *s) {
  rp_discrete *d = &s->d;
  if (d->status->code != RP_OK) return 1;
  s->atoms = rp_pool_array(d->pool, s->n_atoms, sizeof *s->atoms);
  if (!s->atoms) return 0;
  /* a component whose terms have one scale is summed without it: the scale is that of the whole sum */
  for (int32_t i = 0; i < s->n_pieces; i++)
    for (int64_t j = 0, n = rp_size_of(d->g, s->pieces[i].node); j < n; j++) {
      int32_t set, v = first_member(s, &s->pieces[i], j, &set);
      if (set == RP_SET_MANY) return fail_many(s, &s->pieces[i]), 1;
      if (v < 0) continue;
      rp_node_id *scale = &s->scale_of[root_of(s, v)];
      *scale = *scale == NOT_SEEN || *scale == s->pieces[i].scale ? s->pieces[i].scale : MIXED;
    }
  for (int32_t v = 0; v < d->n_variables; v++) {
    rp_node_id scale = s->scale_of[root_of(s, v)];
    s->group[v] = group_of_scale(s, scale < 0 ? RP_NONE : scale);
  }
  s->n_atoms = 0;
  for (int32_t i = 0; i < s->n_pieces; i++) {
    piece *p = &s->pieces[i];
    int64_t n = rp_size_of(d->g, p->node), n_plain = 0;
    p->first = s->n_atoms;
    int32_t *plain = rp_pool_array(d->pool, n, sizeof *plain);
    if (!plain) return 0;
    for (int mixed = 0; mixed < 2; mixed++)
      for (int64_t j = 0; j < n; j++) {
        int32_t set, v = first_member(s, p, j, &set);
        if (v < 0 && mixed) continue;
        if (v < 0) plain[n_plain++] = (int32_t) j;
        else if ((s->scale_of[root_of(s, v)] == MIXED) == mixed)
          s->atoms[s->n_atoms++] = (rp_atom){mixed ? weighed(s, p) : p->node, (int32_t) j, set};
      }
    p->n_atoms = s->n_atoms - p->first;
    if (n_plain > 0) s->beside = rp_add(d->g, s->beside, rp_sum(d->g, rp_gather(d->g, weighed(s, p), plain, n_plain)));
  }
  return 1;
}

static rp_node_id weighed(summation *s, const piece *p) {
  return p->scale == RP_NONE ? p->node : rp_mul(s->d.g, p->scale, p->node);
}

/* Any values will do for leaves that nothing depends on. */
static rp_node_id any_values(summation *s, rp_node_id id) {
  rp_node_id *values = rp_pool_array(s->d.pool, s->d.n_summed, sizeof *values), result = RP_NONE;
  rp_substitution *to = rp_substitution_new(s->d.run);
  if (values && to) {
    for (int32_t k = 0; k < s->d.n_summed; k++)
      values[k] = rp_broadcast(s->d.g, rp_const(s->d.g, s->d.summed[k].lowest), s->d.summed[k].n_events);
    rp_substitution_begin(to, values);
    result = rp_substitution_get(to, id);
  } else {
    rp_fail_memory(s->d.status, "the sum over discrete sites");
  }
  rp_substitution_free(to);
  return result;
}

/* ---- log likelihoods ---- */

static int add_pointwise(summation *s, rp_tabulation *t, rp_tables *tables, int32_t n_tables, rp_elimination *e) {
  rp_node_id **cavity = NULL;
  rp_tables given = {.n = n_tables, .table = tables->table};
  for (int32_t i = 0; i < s->n_pieces; i++) {
    const piece *p = &s->pieces[i];
    rp_part *part = p->part >= 0 ? &s->d.run->parts[p->part] : NULL;
    if (!part || part->source != RP_SOURCE_OBSERVED || p->n_atoms == 0) continue;
    if (!cavity && !(cavity = rp_discrete_cavities(e, n_tables))) return 0;
    rp_observation of = {.beside = any_values(s, p->node), .n = part->n_events, .first = p->first,
                         .n_atoms = p->n_atoms};
    rp_node_id each = rp_discrete_pointwise(&s->d, t, &given, cavity, s->atoms, &of);
    part->pointwise = p->scale == RP_NONE ? each : rp_mul(s->d.g, p->scale, each);
  }
  return 1;
}

/* ---- draws in place of the leaves ---- */

static int put_back(summation *s, rp_run *run, const rp_node_id *draws) {
  rp_substitution *to = rp_substitution_new(run);
  if (!to) return 0;
  rp_substitution_begin(to, draws);
  for (int32_t p = 0; p < run->n_parts && s->d.status->code == RP_OK; p++) {
    rp_part *part = &run->parts[p];
    part->value = rp_substitution_get(to, part->value);
    part->initial_differs = rp_discrete_touches(run, part->initial);
    part->initial = rp_substitution_get(to, part->initial);
    part->term = rp_substitution_get(to, part->term);
    for (int32_t k = 0; part->dist.family && k < part->dist.family->n_arguments; k++)
      part->dist.arguments[k] = rp_substitution_get(to, part->dist.arguments[k]);
  }
  rp_substitution_free(to);
  return 1;
}
