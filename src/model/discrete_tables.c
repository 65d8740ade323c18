/* Tables: terms evaluated at all values of the discrete variables that they depend on.
 *
 * Variables get colours such that those of one set differ in colour. Setting all variables of a colour to the same
 * value at once then evaluates every element of a term at the wanted values of its own variables, so that the copies
 * of a term are as many as its combinations of colours, however long it is: one per value for mixture indicators,
 * the square of that for a chain. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "discrete_parts.h"

enum { MOST_COPIES = 4000000, FEW_NODES = 64 };

/* Sets whose variables have the same colours. */
typedef struct {
  int32_t arity, n_copies;
  int32_t colour[RP_MOST_MEMBERS]; /* increasing */
  int32_t stride[RP_MOST_MEMBERS]; /* of the colour's value in the number of a copy */
  int32_t n_nodes;
  rp_node_id *node;
  rp_node_id *copy; /* [n_nodes][n_copies] */
} palette;

struct rp_tabulation {
  rp_discrete *d;
  rp_tables *tables;
  const rp_atom *atoms;
  int64_t n_atoms;
  int32_t *used, n_used; /* sets, in the order of their members */
  int32_t *row, *table;  /* by set */
  int32_t *palette_of;   /* by set */
  int32_t *colour;       /* by variable */
  int32_t *n_values;     /* by colour */
  int32_t n_colours;
  int32_t n_palettes;
  palette *palettes;
  int32_t *slot;         /* by atom: its node among those of the palette */
  rp_substitution *substitution;
};
typedef struct rp_tabulation tabulation;

static int find_used(tabulation *t);
static int assign_rows(tabulation *t, rp_tables *tables);
static int find_colours(tabulation *t);
static int find_palettes(tabulation *t);
static int list_nodes(tabulation *t);
static int copy_nodes(tabulation *t, palette *p);
static int fill_table(tabulation *t, rp_table *table, int32_t which);

rp_tabulation *rp_discrete_tabulate(rp_discrete *d, const rp_atom *atoms, int64_t n_atoms, rp_tables *tables) {
  tabulation *t = rp_pool_array(d->pool, 1, sizeof *t);
  if (!t) return rp_fail_memory(d->status, "tables of discrete sites"), NULL;
  *t = (tabulation){.d = d, .tables = tables, .atoms = atoms, .n_atoms = n_atoms,
                    .substitution = rp_substitution_new(d->run)};
  int ok = t->substitution && find_used(t) && assign_rows(t, tables);
  ok = ok && (d->status->code != RP_OK || (find_colours(t) && find_palettes(t) && list_nodes(t)));
  for (int32_t k = 0; ok && k < t->n_palettes && d->status->code == RP_OK; k++) ok = copy_nodes(t, &t->palettes[k]);
  for (int32_t k = 0; ok && k < tables->n && d->status->code == RP_OK; k++) ok = fill_table(t, &tables->table[k], k);
  rp_substitution_free(t->substitution);
  if (!ok) rp_fail_memory(d->status, "tables of discrete sites");
  return d->status->code == RP_OK ? t : NULL;
}

int32_t rp_atom_table(const rp_tabulation *t, int64_t atom) { return t->table[t->atoms[atom].set]; }
int32_t rp_atom_row(const rp_tabulation *t, int64_t atom) { return t->row[t->atoms[atom].set]; }

rp_code rp_discrete_fits(rp_discrete *d, const int32_t *variables, int32_t n) {
  const rp_summed *site = &d->summed[d->owner[variables[0]]], *other = site;
  double combinations = 1;
  for (int32_t k = 0; k < n; k++) {
    combinations *= rp_values_of_variable(d, variables[k]);
    if (strcmp(other->site, site->site) == 0) other = &d->summed[d->owner[variables[k]]];
  }
  if (combinations <= RP_MOST_COMBINATIONS) return RP_OK;
  int own = other == site || strcmp(other->site, site->site) == 0;
  d->status->statement = site->statement;
  return rp_fail(d->status, RP_UNSUPPORTED, site->site,
                 "it is discrete and latent, and summing it out takes %.0f combinations of its values with those of "
                 "%s%s%s, but at most %d can be", combinations, own ? "its other elements" : "`",
                 own ? "" : other->site, own ? "" : "`",
                 (int) RP_MOST_COMBINATIONS);
}

rp_table *rp_tables_add(rp_discrete *d, rp_tables *tables) {
  if (tables->n == tables->cap) {
    int32_t cap = tables->cap ? 2 * tables->cap : 16;
    rp_table *grown = rp_pool_array(d->pool, cap, sizeof *grown);
    if (!grown) return rp_fail_memory(d->status, "tables of discrete sites"), NULL;
    if (tables->n > 0) memcpy(grown, tables->table, (size_t) tables->n * sizeof *grown);
    tables->table = grown;
    tables->cap = cap;
  }
  rp_table *table = &tables->table[tables->n++];
  memset(table, 0, sizeof *table);
  return table;
}

/* ---- sets and rows ---- */

typedef struct {
  int32_t set, n;
  const int32_t *members;
} ranked;

static int compare_members(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->n != y->n) return x->n < y->n ? -1 : 1;
  for (int32_t i = 0; i < x->n; i++)
    if (x->members[i] != y->members[i]) return x->members[i] < y->members[i] ? -1 : 1;
  return 0;
}

static int find_used(tabulation *t) {
  rp_discrete *d = t->d;
  int32_t n_sets = d->sets.n;
  t->row = rp_pool_array(d->pool, n_sets, sizeof *t->row);
  t->table = rp_pool_array(d->pool, n_sets, sizeof *t->table);
  t->palette_of = rp_pool_array(d->pool, n_sets, sizeof *t->palette_of);
  t->used = rp_pool_array(d->pool, n_sets, sizeof *t->used);
  ranked *order = malloc((size_t) n_sets * sizeof *order);
  if (!t->row || !t->table || !t->palette_of || !t->used || !order) return free(order), 0;
  for (int32_t s = 0; s < n_sets; s++) t->row[s] = -1;
  for (int64_t i = 0; i < t->n_atoms; i++) {
    int32_t set = t->atoms[i].set;
    if (t->row[set] >= 0) continue;
    t->row[set] = 0;
    order[t->n_used++] = (ranked){set, rp_set_size(&d->sets, set), rp_set_members(&d->sets, set)};
  }
  qsort(order, (size_t) t->n_used, sizeof *order, compare_members);
  for (int32_t k = 0; k < t->n_used; k++) t->used[k] = order[k].set;
  free(order);
  return 1;
}

static int fits_table(const tabulation *t, const rp_table *table, int32_t set) {
  const int32_t *members = rp_set_members(&t->d->sets, set);
  if (rp_set_size(&t->d->sets, set) != table->arity) return 0;
  for (int32_t k = 0; k < table->arity; k++)
    if (rp_values_of_variable(t->d, members[k]) != table->n_values[k]) return 0;
  return 1;
}

/* A table for every list of numbers of values; a row in it for every set. */
static int assign_rows(tabulation *t, rp_tables *tables) {
  rp_discrete *d = t->d;
  for (int32_t u = 0; u < t->n_used; u++) {
    int32_t set = t->used[u], k = 0;
    if (rp_discrete_fits(d, rp_set_members(&d->sets, set), rp_set_size(&d->sets, set)) != RP_OK) return 1;
    while (k < tables->n && !fits_table(t, &tables->table[k], set)) k++;
    if (k == tables->n) {
      rp_table *table = rp_tables_add(d, tables);
      int32_t arity = rp_set_size(&d->sets, set);
      int32_t *n_values = rp_pool_array(d->pool, arity, sizeof *n_values);
      if (!table || !n_values) return 0;
      *table = (rp_table){.arity = arity, .n_entries = 1, .n_values = n_values};
      for (int32_t i = 0; i < arity; i++)
        table->n_entries *= n_values[i] = rp_values_of_variable(d, rp_set_members(&d->sets, set)[i]);
    }
    t->table[set] = k;
    t->row[set] = (int32_t) tables->table[k].n_rows++;
  }
  for (int32_t k = 0; k < tables->n; k++) {
    rp_table *table = &tables->table[k];
    int32_t *scope = rp_pool_array(d->pool, table->arity * table->n_rows, sizeof *scope);
    table->entry = rp_pool_array(d->pool, table->n_entries, sizeof *table->entry);
    if (!scope || !table->entry) return 0;
    for (int32_t u = 0; u < t->n_used; u++)
      for (int32_t i = 0; t->table[t->used[u]] == k && i < table->arity; i++)
        scope[i * table->n_rows + t->row[t->used[u]]] = rp_set_members(&d->sets, t->used[u])[i];
    table->scope = scope;
  }
  return 1;
}

/* ---- colours ---- */

/* Each variable takes the first colour, among those with as many values, that no variable of its sets has. */
static int find_colours(tabulation *t) {
  const rp_sets *sets = &t->d->sets;
  int32_t n = t->d->n_variables;
  int64_t n_members = 0;
  int32_t *begin = calloc((size_t) n + 2, sizeof *begin);
  for (int32_t u = 0; u < t->n_used; u++) n_members += rp_set_size(sets, t->used[u]);
  int32_t *of = malloc(((size_t) n_members + 1) * sizeof *of), *taken = calloc((size_t) n + 1, sizeof *taken);
  t->colour = rp_pool_array(t->d->pool, n, sizeof *t->colour);
  t->n_values = rp_pool_array(t->d->pool, n, sizeof *t->n_values);
  int ok = begin && of && taken && t->colour && t->n_values;
  for (int32_t u = 0; ok && u < t->n_used; u++)
    for (int32_t i = 0; i < rp_set_size(sets, t->used[u]); i++) begin[rp_set_members(sets, t->used[u])[i] + 2]++;
  for (int32_t v = 0; ok && v < n; v++) begin[v + 2] += begin[v + 1];
  for (int32_t u = 0; ok && u < t->n_used; u++)
    for (int32_t i = 0; i < rp_set_size(sets, t->used[u]); i++)
      of[begin[rp_set_members(sets, t->used[u])[i] + 1]++] = t->used[u];
  for (int32_t v = 0; ok && v < n; v++) {
    for (int32_t k = begin[v]; k < begin[v + 1]; k++)
      for (int32_t i = 0; i < rp_set_size(sets, of[k]); i++) {
        int32_t other = rp_set_members(sets, of[k])[i];
        if (other < v) taken[t->colour[other]] = v + 1;
      }
    int32_t c = 0, n_values = rp_values_of_variable(t->d, v);
    while (c < t->n_colours && (t->n_values[c] != n_values || taken[c] == v + 1)) c++;
    if (c == t->n_colours) t->n_values[t->n_colours++] = n_values;
    t->colour[v] = c;
  }
  free(begin);
  free(of);
  free(taken);
  return ok;
}

static int compare_colours(const void *a, const void *b) { return *(const int32_t *) a - *(const int32_t *) b; }

static int find_palettes(tabulation *t) {
  int32_t cap = 0;
  for (int32_t u = 0; u < t->n_used; u++) {
    int32_t set = t->used[u], k = 0;
    palette p = {.arity = rp_set_size(&t->d->sets, set), .n_copies = 1};
    for (int32_t i = 0; i < p.arity; i++) p.colour[i] = t->colour[rp_set_members(&t->d->sets, set)[i]];
    qsort(p.colour, (size_t) p.arity, sizeof *p.colour, compare_colours);
    while (k < t->n_palettes && (t->palettes[k].arity != p.arity || memcmp(t->palettes[k].colour, p.colour,
                                                                           sizeof p.colour) != 0)) k++;
    t->palette_of[set] = k;
    if (k < t->n_palettes) continue;
    for (int32_t i = 0; i < p.arity; i++) {
      p.stride[i] = p.n_copies;
      p.n_copies *= t->n_values[p.colour[i]];
    }
    if (t->n_palettes == cap) {
      cap = cap ? 2 * cap : 16;
      palette *grown = rp_pool_array(t->d->pool, cap, sizeof *grown);
      if (!grown) return 0;
      if (t->n_palettes > 0) memcpy(grown, t->palettes, (size_t) t->n_palettes * sizeof *grown);
      t->palettes = grown;
    }
    t->palettes[t->n_palettes++] = p;
  }
  return 1;
}

/* ---- copies ---- */

/* The nodes of each palette's atoms; atoms of one node follow on each other. */
static int list_nodes(tabulation *t) {
  t->slot = rp_pool_array(t->d->pool, t->n_atoms, sizeof *t->slot);
  int64_t *n_atoms = calloc((size_t) t->n_palettes + 1, sizeof *n_atoms);
  int ok = t->slot && n_atoms;
  for (int64_t i = 0; ok && i < t->n_atoms; i++) n_atoms[t->palette_of[t->atoms[i].set]]++;
  for (int32_t k = 0; ok && k < t->n_palettes; k++) {
    t->palettes[k].node = rp_pool_array(t->d->pool, n_atoms[k], sizeof *t->palettes[k].node);
    ok = t->palettes[k].node != NULL;
  }
  for (int64_t i = 0; ok && i < t->n_atoms; i++) {
    palette *p = &t->palettes[t->palette_of[t->atoms[i].set]];
    int known = p->n_nodes > 0 && p->node[p->n_nodes - 1] == t->atoms[i].node;
    if (!known) p->node[p->n_nodes++] = t->atoms[i].node;
    t->slot[i] = p->n_nodes - 1;
  }
  free(n_atoms);
  return ok;
}

/* The summed sites' values in copy number c of a palette; variables of other colours have their lowest value. */
static int set_values(tabulation *t, const palette *p, int32_t c, double *scratch, rp_node_id *values) {
  rp_discrete *d = t->d;
  for (int32_t k = 0; k < d->n_summed; k++) {
    const rp_summed *summed = &d->summed[k];
    int64_t n = d->first[k + 1] - d->first[k];
    int same = 1;
    for (int64_t i = 0; i < n; i++) {
      int32_t colour = t->colour[d->first[k] + i], at = 0;
      while (at < p->arity && p->colour[at] != colour) at++;
      int32_t value = at < p->arity ? c / p->stride[at] % summed->n_values : 0;
      scratch[i] = summed->lowest + value;
      same &= scratch[i] == scratch[0];
    }
    values[k] = same ? rp_broadcast(d->g, rp_const(d->g, scratch[0]), n) : rp_data(d->g, scratch, n);
  }
  return 1;
}

static int copy_nodes(tabulation *t, palette *p) {
  rp_discrete *d = t->d;
  int64_t most = 1;
  int32_t before = rp_graph_size(d->g);
  for (int32_t k = 0; k < d->n_summed; k++)
    if (d->first[k + 1] - d->first[k] > most) most = d->first[k + 1] - d->first[k];
  double *scratch = malloc((size_t) most * sizeof *scratch);
  rp_node_id *values = malloc(((size_t) d->n_summed + 1) * sizeof *values);
  p->copy = rp_pool_array(d->pool, (int64_t) p->n_nodes * p->n_copies, sizeof *p->copy);
  int ok = scratch && values && p->copy;
  for (int32_t c = 0; ok && c < p->n_copies && d->status->code == RP_OK; c++) {
    set_values(t, p, c, scratch, values);
    rp_substitution_begin(t->substitution, values);
    for (int32_t k = 0; k < p->n_nodes; k++)
      p->copy[(int64_t) k * p->n_copies + c] = rp_substitution_get(t->substitution, p->node[k]);
    if (rp_graph_size(d->g) - before > MOST_COPIES) d->status->statement = d->summed[0].statement;
    if (rp_graph_size(d->g) - before > MOST_COPIES)
      rp_fail(d->status, RP_UNSUPPORTED, d->summed[0].site, "summing it out takes more than %d operations",
              MOST_COPIES);
  }
  free(scratch);
  free(values);
  return ok;
}

/* ---- entries ---- */

typedef struct {
  const tabulation *t;
  const rp_table *table;
  int32_t n_layers;
  int64_t *layer; /* [n_layers][n_rows] atoms: one for each row */
  int64_t *rest;  /* atoms of no layer */
  int64_t n_rest;
  rp_node_id *copy;  /* scratch: of the atoms at hand */
  int32_t *index;
  rp_node_id (*map)(rp_graph *g, rp_node_id a); /* of each number before they are added up; NULL */
} filling;

static int find_layers(filling *f, int32_t which);
static rp_node_id entry_of(filling *f, int32_t entry);
static rp_node_id collect(filling *f, const int64_t *atoms, int64_t n, int32_t entry);

static int open_filling(filling *f, tabulation *t, int32_t which) {
  *f = (filling){.t = t, .table = &t->tables->table[which]};
  int64_t room = t->n_atoms > f->table->n_rows ? t->n_atoms : f->table->n_rows;
  f->layer = malloc((size_t) (room + 1) * sizeof *f->layer);
  f->rest = malloc((size_t) (room + 1) * sizeof *f->rest);
  f->copy = malloc((size_t) (room + 1) * sizeof *f->copy);
  f->index = malloc((size_t) (room + 1) * sizeof *f->index);
  return f->layer && f->rest && f->copy && f->index && find_layers(f, which);
}

static void close_filling(filling *f) {
  free(f->layer);
  free(f->rest);
  free(f->copy);
  free(f->index);
}

static int fill_table(tabulation *t, rp_table *table, int32_t which) {
  filling f;
  int ok = open_filling(&f, t, which);
  for (int32_t e = 0; ok && e < table->n_entries && t->d->status->code == RP_OK; e++) table->entry[e] = entry_of(&f, e);
  close_filling(&f);
  return ok;
}

rp_node_id rp_is_impossible(rp_graph *g, rp_node_id a) { return rp_eq(g, a, rp_const(g, -HUGE_VAL)); }
rp_node_id rp_finite_part(rp_graph *g, rp_node_id a) { return rp_select(g, rp_is_impossible(g, a), rp_const(g, 0), a); }

void rp_entry_finite(rp_tabulation *t, int32_t table, int32_t entry, rp_node_id *finite, rp_node_id *n_infinite) {
  filling f;
  *finite = *n_infinite = RP_NONE;
  if (!open_filling(&f, t, table)) rp_fail_memory(t->d->status, "tables of discrete sites");
  f.map = rp_finite_part;
  if (t->d->status->code == RP_OK) *finite = entry_of(&f, entry);
  f.map = rp_is_impossible;
  if (t->d->status->code == RP_OK) *n_infinite = entry_of(&f, entry);
  close_filling(&f);
}

rp_node_id rp_atoms_at(rp_tabulation *t, const int64_t *atoms, int64_t n, int32_t table, int32_t entry) {
  filling f;
  rp_node_id result = RP_NONE;
  if (!open_filling(&f, t, table)) rp_fail_memory(t->d->status, "tables of discrete sites");
  if (t->d->status->code == RP_OK) result = collect(&f, atoms, n, entry);
  close_filling(&f);
  return result;
}

/* A layer has one atom for each row. Later terms come first: those of a chain's first state differ from the others
 * in its prior, which is drawn before the data. Atoms of a node that has several for one row are added up by
 * scattering. */
static int find_layers(filling *f, int32_t which) {
  const tabulation *t = f->t;
  int64_t n_rows = f->table->n_rows;
  int32_t *n_of_row = calloc((size_t) n_rows + 1, sizeof *n_of_row), *n_of_layer = calloc((size_t) t->n_atoms + 1,
                                                                                          sizeof *n_of_layer);
  int32_t *layer = malloc(((size_t) t->n_atoms + 1) * sizeof *layer);
  /* the last node's first atom that this row was seen with */
  int64_t *seen = malloc(((size_t) n_rows + 1) * sizeof *seen);
  int ok = n_of_row && n_of_layer && layer && seen;
  for (int64_t r = 0; ok && r < n_rows; r++) seen[r] = -1;
  for (int64_t end = t->n_atoms; ok && end > 0;) {
    int64_t begin = end;
    int once = 1;
    while (begin > 0 && t->atoms[begin - 1].node == t->atoms[end - 1].node) begin--;
    for (int64_t i = begin; i < end; i++) {
      int32_t set = t->atoms[i].set;
      if (t->table[set] != which) continue;
      once &= seen[t->row[set]] != begin;
      seen[t->row[set]] = begin;
    }
    for (int64_t i = begin; i < end; i++) {
      layer[i] = -1;
      if (t->table[t->atoms[i].set] != which || !once) continue;
      layer[i] = n_of_row[t->row[t->atoms[i].set]]++;
      n_of_layer[layer[i]]++;
    }
    end = begin;
  }
  /* layers are filled in order, so that the full ones come first */
  while (ok && f->n_layers < t->n_atoms && n_of_layer[f->n_layers] == n_rows) f->n_layers++;
  for (int64_t i = 0; ok && i < t->n_atoms; i++) {
    int32_t set = t->atoms[i].set;
    if (t->table[set] != which) continue;
    if (layer[i] >= 0 && layer[i] < f->n_layers) f->layer[layer[i] * n_rows + t->row[set]] = i;
    else f->rest[f->n_rest++] = i;
  }
  free(n_of_row);
  free(n_of_layer);
  free(layer);
  free(seen);
  return ok;
}

static rp_node_id mapped(const filling *f, rp_node_id a) { return f->map ? f->map(f->t->d->g, a) : a; }

static rp_node_id entry_of(filling *f, int32_t entry) {
  rp_graph *g = f->t->d->g;
  int64_t n_rows = f->table->n_rows;
  rp_node_id sum = RP_NONE;
  for (int32_t k = f->n_layers; k-- > 0;) {
    rp_node_id layer = mapped(f, collect(f, f->layer + k * n_rows, n_rows, entry));
    sum = sum == RP_NONE ? layer : rp_add(g, sum, layer);
  }
  if (f->n_rest == 0) return sum;
  rp_node_id rest = rp_broadcast(g, mapped(f, collect(f, f->rest, f->n_rest, entry)), f->n_rest);
  for (int64_t i = 0; i < f->n_rest; i++) f->index[i] = f->t->row[f->t->atoms[f->rest[i]].set];
  rest = n_rows == 1 ? rp_sum(g, rest) : rp_scatter(g, rest, f->index, n_rows);
  return sum == RP_NONE ? rest : rp_add(g, sum, rest);
}

/* The copy of an atom's term in which its variables have the values of this entry. */
static rp_node_id copy_for(const tabulation *t, int64_t atom, const rp_table *table, int32_t entry) {
  int32_t set = t->atoms[atom].set, c = 0;
  const palette *p = &t->palettes[t->palette_of[set]];
  const int32_t *members = rp_set_members(&t->d->sets, set);
  for (int32_t k = 0; k < table->arity; k++) {
    int32_t value = entry % table->n_values[k], at = 0;
    entry /= table->n_values[k];
    while (p->colour[at] != t->colour[members[k]]) at++;
    c += value * p->stride[at];
  }
  return p->copy[(int64_t) t->slot[atom] * p->n_copies + c];
}

/* The atoms' numbers as a vector; a scalar when they are all the same. */
static rp_node_id collect(filling *f, const int64_t *atoms, int64_t n, int32_t entry) {
  const tabulation *t = f->t;
  rp_graph *g = t->d->g;
  rp_node_id few[FEW_NODES];
  int64_t begin[FEW_NODES];
  int32_t n_few = 0, scalars = 1;
  int64_t total = 0;
  for (int64_t i = 0; i < n; i++) {
    rp_node_id copy = copy_for(t, atoms[i], f->table, entry);
    if (copy == RP_NONE) return RP_NONE;
    f->copy[i] = copy;
    scalars &= rp_graph_node(g, copy)->n == 1;
    int32_t k = n_few <= FEW_NODES ? n_few : 0;
    while (k-- > 0 && few[k] != copy) { }
    if (k < 0 && n_few == FEW_NODES) n_few++;
    if (k < 0 && n_few < FEW_NODES) {
      few[k = n_few] = copy;
      begin[n_few++] = total;
      total += rp_graph_node(g, copy)->n;
    }
    if (k >= 0) f->index[i] = (int32_t) (begin[k] + (rp_graph_node(g, copy)->n > 1 ? t->atoms[atoms[i]].element : 0));
  }
  if (n_few == 1) {
    rp_node_id all = rp_graph_node(g, few[0])->n == 1 ? few[0] : rp_gather(g, few[0], f->index, n);
    return rp_unrepeated(g, all);
  }
  if (n_few <= FEW_NODES && !scalars) return rp_gather(g, rp_concat(g, few, n_few), f->index, n);
  for (int64_t i = 0; i < n; i++)
    if (rp_graph_node(g, f->copy[i])->n > 1) f->copy[i] = rp_slice(g, f->copy[i], t->atoms[atoms[i]].element, 1);
  return rp_concat(g, f->copy, (int32_t) n);
}
