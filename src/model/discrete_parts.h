/* What the discrete_*.c files share. Everything here lives in one pool that is freed when the sum is done. */
#ifndef RP_MODEL_DISCRETE_PARTS_H
#define RP_MODEL_DISCRETE_PARTS_H

#include "discrete.h"

/* ---- sets of variables (discrete_depend.c), each stored once ---- */

enum { RP_SET_EMPTY = 0, RP_SET_MANY = 1, RP_MOST_MEMBERS = 16 }; /* MANY: more than that */

typedef struct {
  int32_t *member; /* increasing, all sets one after the other */
  int64_t n_members, cap_members;
  int64_t *begin;  /* n + 1 of them */
  int32_t n, cap;
  int32_t *bucket; /* hash of the members to a set, -1 */
  int32_t *same_bucket;
  int64_t n_buckets;
  struct { int32_t a, b, both; } *joined; /* unions found before */
  int64_t n_joined;
  int ok; /* 0: no memory */
} rp_sets;

/* Which variables the elements of a node depend on. */
typedef struct {
  int32_t all;         /* the set of every element, unless: */
  const int32_t *each; /* one set per element; NULL */
} rp_dependence;

typedef struct {
  rp_run *run;
  rp_pool *pool;
  rp_graph *g;
  rp_status *status;
  int32_t n_summed;
  const rp_summed *summed;
  int32_t n_variables;
  const int32_t *first;    /* by summed site: its first variable; n_summed + 1 of them */
  const int32_t *owner;    /* by variable: its summed site */
  rp_sets sets;
  rp_dependence *depends;  /* by node */
  int32_t n_depends;
} rp_discrete;

int rp_sets_open(rp_sets *sets);
void rp_sets_close(rp_sets *sets);
int32_t rp_sets_join(rp_sets *sets, int32_t a, int32_t b);
static inline int32_t rp_set_size(const rp_sets *sets, int32_t set) {
  return (int32_t) (sets->begin[set + 1] - sets->begin[set]);
}
static inline const int32_t *rp_set_members(const rp_sets *sets, int32_t set) {
  return sets->member + sets->begin[set];
}

/* Fills depends for all nodes that the roots need. */
rp_code rp_discrete_depend(rp_discrete *d, const rp_node_id *roots, int32_t n_roots);
static inline int32_t rp_depends_at(const rp_dependence *of, int64_t element) {
  return of->each ? of->each[element] : of->all;
}

/* ---- tables ---- */

/* An element of a term that depends on the variables of a set. */
typedef struct {
  rp_node_id node;
  int32_t element, set;
} rp_atom;

/* Log densities at all values of a few variables, for many tuples of variables (rows) at once. */
typedef struct {
  int32_t arity, n_entries;
  const int32_t *n_values; /* by axis */
  int64_t n_rows;
  const int32_t *scope;    /* [arity][n_rows] variables, increasing along a column */
  rp_node_id *entry;       /* first axis fastest; n_rows numbers, or a scalar for all of them */
  int32_t first_factor;    /* in the elimination */
} rp_table;

typedef struct {
  int32_t n, cap;
  rp_table *table;
} rp_tables;

static inline int32_t rp_values_of_variable(const rp_discrete *d, int32_t variable) {
  return d->summed[d->owner[variable]].n_values;
}

/* Fails, naming the first variable's site, when the variables have too many combinations of values. */
rp_code rp_discrete_fits(rp_discrete *d, const int32_t *variables, int32_t n);
rp_table *rp_tables_add(rp_discrete *d, rp_tables *tables);
/* Evaluates the atoms at all values of their variables; those of one set are added up. NULL: failed. */
typedef struct rp_tabulation rp_tabulation;
rp_tabulation *rp_discrete_tabulate(rp_discrete *d, const rp_atom *atoms, int64_t n_atoms, rp_tables *tables);
int32_t rp_atom_table(const rp_tabulation *t, int64_t atom);
int32_t rp_atom_row(const rp_tabulation *t, int64_t atom);
/* n atoms of a table, at the values of an entry: a vector, or a scalar when they are all the same. */
rp_node_id rp_atoms_at(rp_tabulation *t, const int64_t *atoms, int64_t n, int32_t table, int32_t entry);
/* An entry without its infinite atoms, and how many they are. */
void rp_entry_finite(rp_tabulation *t, int32_t table, int32_t entry, rp_node_id *finite, rp_node_id *n_infinite);
/* select(a is -Inf, 0, a), and 1 where it is. */
rp_node_id rp_finite_part(rp_graph *g, rp_node_id a);
rp_node_id rp_is_impossible(rp_graph *g, rp_node_id a);
/* Another value in place of each leaf: nodes by summed site, of the leaf's length. Nodes that depend on no leaf stay as
 * they are. */
typedef struct rp_substitution rp_substitution;
rp_substitution *rp_substitution_new(rp_run *run);
void rp_substitution_begin(rp_substitution *s, const rp_node_id *values);
rp_node_id rp_substitution_get(rp_substitution *s, rp_node_id id);
void rp_substitution_free(rp_substitution *s);

/* ---- elimination ---- */

/* Sums all variables out. group[v] keeps apart variables whose results are wanted apart: totals[group] gets the log of
 * the sum. draws: a node of each summed site's values, drawn given everything else. */
typedef struct rp_elimination rp_elimination;
rp_elimination *rp_discrete_eliminate(rp_discrete *d, rp_tables *tables, const int32_t *group, int32_t n_groups,
                                      rp_node_id *totals, rp_node_id *draws); /* NULL: failed */
/* For every table that was given: the log-sum-exp of all other rows of all tables, over all variables but those of the
 * row; cavity[table][entry], n_rows numbers. NULL: no memory. */
rp_node_id **rp_discrete_cavities(rp_elimination *e, int32_t n_tables);

/* ---- log likelihoods (discrete_pointwise.c) ---- */

/* log p(y_i | the other data, latents that are not discrete) for the elements of an observed term, whose atoms are
 * first .. first + n_atoms. */
typedef struct {
  rp_node_id beside; /* the term with any values in place of the leaves */
  int64_t n, first, n_atoms;
} rp_observation;
rp_node_id rp_discrete_pointwise(rp_discrete *d, rp_tabulation *t, const rp_tables *tables, rp_node_id *const *cavity,
                                 const rp_atom *atoms, const rp_observation *of);

#endif
