/* Which discrete variables each element of each node depends on: boolean forward mode, with sets in place of bits.
 * Elementwise operations, views, products and solves of matrices pass dependence on element by element, everything
 * else all to all. */
#include <stdlib.h>
#include <string.h>

#include "discrete_parts.h"

/* ---- sets ---- */

static int32_t intern_set(rp_sets *s, const int32_t *members, int32_t n);
static int add_set(rp_sets *s, const int32_t *members, int32_t n, int64_t bucket);
static int grow_buckets(rp_sets *s);

int rp_sets_open(rp_sets *s) {
  memset(s, 0, sizeof *s);
  s->ok = 1;
  s->n_joined = 1024;
  s->joined = calloc((size_t) s->n_joined, sizeof *s->joined);
  s->begin = calloc(1, sizeof *s->begin);
  if (!s->joined || !s->begin || !grow_buckets(s)) return s->ok = 0;
  /* MANY is told by its number; its one impossible member keeps it apart from the empty set */
  static const int32_t impossible = -1;
  s->ok = intern_set(s, NULL, 0) == RP_SET_EMPTY && intern_set(s, &impossible, 1) == RP_SET_MANY;
  return s->ok;
}

void rp_sets_close(rp_sets *s) {
  free(s->member);
  free(s->begin);
  free(s->bucket);
  free(s->same_bucket);
  free(s->joined);
  memset(s, 0, sizeof *s);
}

int32_t rp_sets_join(rp_sets *s, int32_t a, int32_t b) {
  if (a == b || b == RP_SET_EMPTY) return a;
  if (a == RP_SET_EMPTY) return b;
  if (a == RP_SET_MANY || b == RP_SET_MANY || !s->ok) return RP_SET_MANY;
  uint64_t h = ((uint64_t) (uint32_t) a << 32 | (uint32_t) b) * 0x9e3779b97f4a7c15u;
  int64_t at = (int64_t) (h >> 40) & (s->n_joined - 1);
  if (s->joined[at].a == a && s->joined[at].b == b) return s->joined[at].both;
  int32_t members[2 * RP_MOST_MEMBERS], n = 0;
  const int32_t *left = rp_set_members(s, a), *right = rp_set_members(s, b);
  for (int32_t i = 0, j = 0, n_left = rp_set_size(s, a), n_right = rp_set_size(s, b); i < n_left || j < n_right;) {
    int32_t next = j == n_right || (i < n_left && left[i] <= right[j]) ? left[i] : right[j];
    i += i < n_left && left[i] == next;
    j += j < n_right && right[j] == next;
    members[n++] = next;
  }
  int32_t both = n > RP_MOST_MEMBERS ? RP_SET_MANY : intern_set(s, members, n);
  s->joined[at].a = a;
  s->joined[at].b = b;
  s->joined[at].both = both;
  return both;
}

static int64_t bucket_of(const rp_sets *s, const int32_t *members, int32_t n) {
  uint64_t h = 1469598103934665603u;
  for (int32_t i = 0; i < n; i++) h = (h ^ (uint32_t) members[i]) * 1099511628211u;
  return (int64_t) ((h ^ (h >> 32)) & (uint64_t) (s->n_buckets - 1));
}

static int32_t intern_set(rp_sets *s, const int32_t *members, int32_t n) {
  int64_t at = bucket_of(s, members, n);
  for (int32_t k = s->bucket[at]; k >= 0; k = s->same_bucket[k])
    if (rp_set_size(s, k) == n && (n == 0 || memcmp(rp_set_members(s, k), members, (size_t) n * sizeof *members) == 0))
      return k;
  if (s->n == s->n_buckets) {
    if (!grow_buckets(s)) return RP_SET_MANY;
    at = bucket_of(s, members, n);
  }
  return add_set(s, members, n, at) ? s->n - 1 : RP_SET_MANY;
}

static int add_set(rp_sets *s, const int32_t *members, int32_t n, int64_t bucket) {
  if (s->n == s->cap) {
    int32_t cap = s->cap ? 2 * s->cap : 256;
    int64_t *begin = realloc(s->begin, ((size_t) cap + 1) * sizeof *begin);
    if (begin) s->begin = begin;
    int32_t *same = realloc(s->same_bucket, (size_t) cap * sizeof *same);
    if (same) s->same_bucket = same;
    if (!begin || !same) return s->ok = 0;
    s->cap = cap;
  }
  if (s->n_members + n > s->cap_members) {
    int64_t cap = 2 * s->cap_members + n + 256;
    int32_t *member = realloc(s->member, (size_t) cap * sizeof *member);
    if (!member) return s->ok = 0;
    s->member = member;
    s->cap_members = cap;
  }
  if (n > 0) memcpy(s->member + s->n_members, members, (size_t) n * sizeof *members);
  s->begin[s->n] = s->n_members;
  s->n_members += n;
  s->same_bucket[s->n] = s->bucket[bucket];
  s->bucket[bucket] = s->n++;
  s->begin[s->n] = s->n_members;
  return 1;
}

static int grow_buckets(rp_sets *s) {
  int64_t n = s->n_buckets ? 4 * s->n_buckets : 1024;
  int32_t *bucket = malloc((size_t) n * sizeof *bucket);
  if (!bucket) return s->ok = 0;
  free(s->bucket);
  s->bucket = bucket;
  s->n_buckets = n;
  for (int64_t i = 0; i < n; i++) bucket[i] = -1;
  for (int32_t k = 0; k < s->n; k++) {
    int64_t at = bucket_of(s, rp_set_members(s, k), rp_set_size(s, k));
    s->same_bucket[k] = bucket[at];
    bucket[at] = k;
  }
  return 1;
}

/* ---- nodes ---- */

static void visit(rp_discrete *d, rp_node_id id, const rp_node *node);
static void visit_leaf(rp_discrete *d, rp_node_id id, const rp_node *node);
static void visit_elementwise(rp_discrete *d, rp_node_id id, const rp_node *node);
static void visit_view(rp_discrete *d, rp_node_id id, const rp_node *node);
static void visit_concat(rp_discrete *d, rp_node_id id, const rp_node *node);
static void visit_cumsum(rp_discrete *d, rp_node_id id, const rp_node *node);
static void visit_product(rp_discrete *d, rp_node_id id, const rp_node *node);
static void visit_solve(rp_discrete *d, rp_node_id id, const rp_node *node);
static int32_t *each_of(rp_discrete *d, rp_node_id id, int64_t n);
static int32_t whole(rp_discrete *d, rp_node_id id);

rp_code rp_discrete_depend(rp_discrete *d, const rp_node_id *roots, int32_t n_roots) {
  d->n_depends = rp_graph_size(d->g);
  d->depends = rp_pool_array(d->pool, d->n_depends, sizeof *d->depends);
  uint8_t *live = calloc((size_t) d->n_depends + 1, 1);
  if (!d->depends || !live) rp_fail_memory(d->status, "which terms depend on discrete sites");
  for (int32_t i = 0; live && i < n_roots; i++) live[roots[i]] = 1;
  for (rp_node_id id = d->n_depends - 1; live && id >= 0; id--) {
    const rp_node *node = rp_graph_node(d->g, id);
    for (int32_t k = 0; live[id] && k < node->n_in; k++) live[node->in[k]] = 1;
  }
  for (rp_node_id id = 0; id < d->n_depends && d->status->code == RP_OK; id++)
    if (live[id]) visit(d, id, rp_graph_node(d->g, id));
  free(live);
  return d->sets.ok ? d->status->code : rp_fail_memory(d->status, "which terms depend on discrete sites");
}

static int is_dependent(const rp_discrete *d, rp_node_id id) {
  return d->depends[id].each != NULL || d->depends[id].all != RP_SET_EMPTY;
}

static void visit(rp_discrete *d, rp_node_id id, const rp_node *node) {
  int any = node->op == RP_OP_SITE;
  for (int32_t k = 0; k < node->n_in; k++) any |= is_dependent(d, node->in[k]);
  if (!any) return;
  if (rp_op_is_elementwise(node->op)) {
    visit_elementwise(d, id, node);
    return;
  }
  switch (node->op) {
  case RP_OP_SITE: visit_leaf(d, id, node); return;
  case RP_OP_SLICE: case RP_OP_GATHER: case RP_OP_SCATTER: case RP_OP_GATHER_AT: visit_view(d, id, node); return;
  case RP_OP_CONCAT: visit_concat(d, id, node); return;
  case RP_OP_CUMSUM: visit_cumsum(d, id, node); return;
  case RP_OP_MATMUL: visit_product(d, id, node); return;
  case RP_OP_TRI_SOLVE: case RP_OP_SOLVE: visit_solve(d, id, node); return;
  default: break;
  }
  for (int32_t k = 0; k < node->n_in; k++)
    d->depends[id].all = rp_sets_join(&d->sets, d->depends[id].all, whole(d, node->in[k]));
}

/* A variable's own set is made when its leaf is seen first. */
static void visit_leaf(rp_discrete *d, rp_node_id id, const rp_node *node) {
  int32_t first = d->first[node->attribute[0]];
  int32_t *each = each_of(d, id, node->n);
  for (int64_t i = 0; each && i < node->n; i++) {
    int32_t variable = first + (int32_t) i;
    each[i] = intern_set(&d->sets, &variable, 1);
  }
}

static void visit_elementwise(rp_discrete *d, rp_node_id id, const rp_node *node) {
  int32_t all = RP_SET_EMPTY;
  int varies = 0;
  for (int32_t k = 0; k < node->n_in; k++) {
    const rp_dependence *of = &d->depends[node->in[k]];
    if (of->each && rp_graph_node(d->g, node->in[k])->n > 1) varies = 1;
    else all = rp_sets_join(&d->sets, all, rp_depends_at(of, 0));
  }
  d->depends[id].all = all;
  int32_t *each = varies ? each_of(d, id, node->n) : NULL;
  for (int64_t i = 0; each && i < node->n; i++) {
    each[i] = all;
    for (int32_t k = 0; k < node->n_in; k++) {
      const rp_dependence *of = &d->depends[node->in[k]];
      if (of->each && rp_graph_node(d->g, node->in[k])->n > 1) each[i] = rp_sets_join(&d->sets, each[i], of->each[i]);
    }
  }
}

static void visit_view(rp_discrete *d, rp_node_id id, const rp_node *node) {
  const rp_dependence *of = &d->depends[node->in[0]];
  int32_t table = RP_SET_EMPTY;
  if (node->op == RP_OP_GATHER_AT) {
    table = whole(d, node->in[0]);
    of = &d->depends[node->in[1]];
  }
  if (!of->each && node->op != RP_OP_SCATTER) {
    d->depends[id].all = rp_sets_join(&d->sets, of->all, table);
    return;
  }
  int32_t *each = each_of(d, id, node->n);
  if (!each) return;
  if (node->op == RP_OP_SCATTER) {
    for (int64_t i = 0; i < node->n_index; i++) {
      int32_t *to = &each[node->index[i]];
      *to = rp_sets_join(&d->sets, *to, rp_depends_at(of, i));
    }
    return;
  }
  for (int64_t i = 0; i < node->n; i++) {
    int64_t from = node->op == RP_OP_GATHER ? node->index[i] : node->op == RP_OP_SLICE ? i + node->attribute[0] : i;
    each[i] = rp_sets_join(&d->sets, of->each[from], table);
  }
}

static void visit_concat(rp_discrete *d, rp_node_id id, const rp_node *node) {
  int32_t *each = each_of(d, id, node->n);
  int64_t at = 0;
  for (int32_t k = 0; each && k < node->n_in; k++)
    for (int64_t i = 0, n = rp_graph_node(d->g, node->in[k])->n; i < n; i++)
      each[at++] = rp_depends_at(&d->depends[node->in[k]], i);
}

static void visit_cumsum(rp_discrete *d, rp_node_id id, const rp_node *node) {
  int32_t *each = each_of(d, id, node->n), sum = RP_SET_EMPTY;
  for (int64_t i = 0; each && i < node->n; i++) {
    int64_t at = node->attribute[0] ? node->n - 1 - i : i;
    sum = rp_sets_join(&d->sets, sum, rp_depends_at(&d->depends[node->in[0]], at));
    each[at] = sum;
  }
}

/* Row i of the first factor and column j of the second. */
static void visit_product(rp_discrete *d, rp_node_id id, const rp_node *node) {
  int64_t m = node->attribute[0], k = node->attribute[1], n = node->attribute[2];
  int ta = node->attribute[3] != 0, tb = node->attribute[4] != 0;
  const rp_dependence *a = &d->depends[node->in[0]], *b = &d->depends[node->in[1]];
  int32_t *each = each_of(d, id, node->n), *row = calloc((size_t) m + 1, sizeof *row);
  if (!row) rp_fail_memory(d->status, "which terms depend on discrete sites");
  for (int64_t i = 0; row && a->each && i < m; i++)
    for (int64_t l = 0; l < k; l++) row[i] = rp_sets_join(&d->sets, row[i], a->each[ta ? l + i * k : i + l * m]);
  for (int64_t i = 0; row && !a->each && i < m; i++) row[i] = a->all;
  for (int64_t j = 0; row && each && j < n; j++) {
    int32_t column = b->all;
    for (int64_t l = 0; b->each && l < k; l++) column = rp_sets_join(&d->sets, column,
                                                                     b->each[tb ? j + l * n : l + j * k]);
    for (int64_t i = 0; i < m; i++) each[i + j * m] = rp_sets_join(&d->sets, row[i], column);
  }
  free(row);
}

/* The matrix and the column's own right side. */
static void visit_solve(rp_discrete *d, rp_node_id id, const rp_node *node) {
  int64_t n = node->attribute[0], m = node->attribute[1];
  int32_t matrix = whole(d, node->in[0]), *each = each_of(d, id, node->n);
  const rp_dependence *b = &d->depends[node->in[1]];
  for (int64_t j = 0; each && j < m; j++) {
    int32_t column = matrix;
    for (int64_t i = 0; i < n; i++) column = rp_sets_join(&d->sets, column, rp_depends_at(b, i + j * n));
    for (int64_t i = 0; i < n; i++) each[i + j * n] = column;
  }
}

static int32_t *each_of(rp_discrete *d, rp_node_id id, int64_t n) {
  int32_t *each = rp_pool_array(d->pool, n, sizeof *each);
  if (!each) rp_fail_memory(d->status, "which terms depend on discrete sites");
  d->depends[id].each = each;
  return each;
}

static int32_t whole(rp_discrete *d, rp_node_id id) {
  const rp_dependence *of = &d->depends[id];
  int32_t all = of->all;
  for (int64_t i = 0, n = of->each ? rp_graph_node(d->g, id)->n : 0; i < n && all != RP_SET_MANY; i++)
    all = rp_sets_join(&d->sets, all, of->each[i]);
  return all;
}
