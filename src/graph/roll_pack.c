/* Packs: see roll.h. */
#include <stdlib.h>
#include <string.h>

#include "construct.h"
#include "ops.h"
#include "roll.h"

enum { FIRST_PACKS = 1 << 10, LONGEST_DISTANCE = 17, MOST_SPLITS = 12, MOST_ROUNDS = 4 };

typedef struct {
  rp_roll *r;
  roll_group *group;
  int ok; /* 0: no memory */
} builder;

static roll_group *build(rp_roll *r, const rp_node_id *roots, int64_t n, int *ok);
static int adopt(rp_roll *r, roll_group *group);

/* Parts shorter than least are not worth a group of their own. */
static int try_part(rp_roll *r, const rp_node_id *roots, int64_t n, int64_t least, int *splits) {
  int ok = 1;
  while (n >= least && *splits < MOST_SPLITS && r->budget > 0) {
    roll_group *group = build(r, roots, n, &ok);
    if (!ok) return 0;
    int64_t cut = group->failed_at;
    if (cut < 0) return adopt(r, group);
    rp_roll_group_free(group);
    if (cut <= 0 || cut >= n) return 1;
    ++*splits;
    if (!try_part(r, roots, cut, least, splits)) return 0;
    roots += cut;
    n -= cut;
  }
  return 1;
}

int rp_roll_try(rp_roll *r, const rp_node_id *roots, int64_t n) {
  int splits = 0;
  return try_part(r, roots, n, n / 16 > ROLL_FEWEST_STEPS ? n / 16 : ROLL_FEWEST_STEPS, &splits);
}

void rp_roll_group_free(roll_group *group) {
  if (group == NULL) return;
  for (int32_t i = 0; i < group->n_packs; i++) free(group->pack[i].id);
  free(group->pack);
  free(group->bucket);
  free(group->value);
  free(group);
}

static int adopt(rp_roll *r, roll_group *group) {
  int64_t n = group->n_steps - group->n_missing;
  if (n < ROLL_FEWEST_STEPS) {
    rp_roll_group_free(group);
    return 1;
  }
  if (r->n_groups == r->group_room) {
    int32_t room = r->group_room == 0 ? 16 : 2 * r->group_room;
    roll_group **groups = realloc(r->group, (size_t) room * sizeof *groups);
    if (groups == NULL) {
      rp_roll_group_free(group);
      return 0;
    }
    r->group = groups;
    r->group_room = room;
  }
  group->n_steps = n;
  for (int32_t p = 0; p < group->n_packs; p++) {
    const roll_pack *pack = &group->pack[p];
    for (int64_t t = 0; pack->kind == PACK_OPERATION && t < n; t++) {
      rp_node_id id = pack->id[t];
      if (rp_roll_is_loose(r, id)) r->home[id] = (roll_home){r->n_groups, p, t};
    }
  }
  r->group[r->n_groups++] = group;
  return 1;
}

/* ---- the packs of a group ---- */

static uint32_t hash_of(const roll_group *group, rp_node_id first, rp_node_id second) {
  uint64_t h = ((uint64_t) (uint32_t) first << 32 | (uint32_t) second) * UINT64_C(0x9E3779B97F4A7C15);
  return (uint32_t) (h >> 32) & (group->n_buckets - 1);
}

static int equal_ids(const rp_node_id *a, const rp_node_id *b, int64_t n) {
  for (int64_t t = 0; t < n; t++) {
    if (a[t] != b[t] && a[t] != RP_NONE && b[t] != RP_NONE) return 0;
  }
  return 1;
}

static int rehash(roll_group *group) {
  uint32_t n = group->n_buckets == 0 ? 64 : 2 * group->n_buckets;
  int32_t *bucket = malloc(n * sizeof *bucket);
  if (bucket == NULL) return 0;
  free(group->bucket);
  group->bucket = bucket;
  group->n_buckets = n;
  for (uint32_t i = 0; i < n; i++) bucket[i] = -1;
  for (int32_t p = 0; p < group->n_packs; p++) {
    roll_pack *pack = &group->pack[p];
    uint32_t h = hash_of(group, pack->id[0], pack->id[1]);
    pack->same_bucket = bucket[h];
    bucket[h] = p;
  }
  return 1;
}

/* The pack with these elements, made if there is none yet; takes ids over.  -1: no memory or too many. */
static int32_t pack_with(builder *b, rp_node_id *ids) {
  roll_group *group = b->group;
  for (int32_t p = group->bucket[hash_of(group, ids[0], ids[1])]; p >= 0; p = group->pack[p].same_bucket) {
    if (equal_ids(group->pack[p].id, ids, group->n_steps)) {
      free(ids);
      return p;
    }
  }
  if (group->n_packs == group->room) {
    int32_t room = 2 * group->room;
    roll_pack *packs = realloc(group->pack, (size_t) room * sizeof *packs);
    if (packs == NULL) b->ok = 0;
    else group->pack = packs;
    if (packs != NULL) group->room = room;
  }
  if (!b->ok || group->n_packs >= group->most_packs) {
    free(ids);
    return -1;
  }
  group->pack[group->n_packs] = (roll_pack){.id = ids, .kind = PACK_PENDING};
  int32_t p = group->n_packs++;
  if ((uint32_t) group->n_packs > group->n_buckets) {
    b->ok = rehash(group);
  } else {
    uint32_t h = hash_of(group, ids[0], ids[1]);
    group->pack[p].same_bucket = group->bucket[h];
    group->bucket[h] = p;
  }
  return p;
}

/* The pack of which these ids are the values one step before, -1: none. */
static int32_t pack_ahead_of(const roll_group *group, const rp_node_id *ids) {
  for (int32_t p = group->bucket[hash_of(group, ids[1], ids[2])]; p >= 0; p = group->pack[p].same_bucket) {
    const roll_pack *pack = &group->pack[p];
    int varies = pack->kind == PACK_PENDING || pack->kind == PACK_OPERATION || pack->kind == PACK_CARRY;
    if (varies && equal_ids(pack->id, ids + 1, group->n_steps - 1)) return p;
  }
  return -1;
}

static rp_node_id *new_ids(builder *b) {
  rp_node_id *ids = malloc((size_t) b->group->n_steps * sizeof *ids);
  if (ids == NULL) b->ok = 0;
  return ids;
}

/* Whether the node depends on an element of the root pack. */
static int depends(const builder *b, rp_node_id id) { return id != RP_NONE && b->r->dependent[id] == b->r->epoch; }

static void fail_at(builder *b, int64_t step) {
  if (b->group->failed_at < 0) b->group->failed_at = step;
}

/* ---- what a pack is ---- */

/* x as x + 0, x - 0, 1 * x, x / 1: what the constructors took away at single steps. */
static int has_neutral(rp_op op) { return op == RP_OP_ADD || op == RP_OP_SUB || op == RP_OP_MUL || op == RP_OP_DIV; }

static int fits(const builder *b, rp_node_id id, rp_op op) {
  return id == RP_NONE || (rp_roll_is_loose(b->r, id) && rp_graph_node(b->r->g, id)->op == op);
}

/* The value after id when before and id follow each other in a concatenation at some distance, as in the rows of a
 * matrix. */
static rp_node_id successor(const builder *b, rp_node_id before, rp_node_id id) {
  int distance = 0;
  for (rp_node_id at = before; at != id && at != RP_NONE && distance < LONGEST_DISTANCE; distance++) {
    at = b->r->successor[at];
  }
  rp_node_id next = id;
  for (int k = 0; k < distance && next != RP_NONE; k++) next = b->r->successor[next];
  if (distance == 0 || next == RP_NONE || !fits(b, next, rp_graph_node(b->r->g, id)->op)) return RP_NONE;
  return next;
}

/* Carried: the values of the step before of a pack that is these ids shifted, with one more where there is one. */
static void carry_of_next(builder *b, int32_t p) {
  int64_t n = b->group->n_steps, n_missing = 0;
  const rp_node_id *ids = b->group->pack[p].id;
  rp_node_id *next = new_ids(b);
  if (next == NULL) return;
  for (int64_t t = 0; t < n; t++) {
    if (t + 1 < n && ids[t + 1] != RP_NONE) next[t] = ids[t + 1];
    else next[t] = t < 2 || next[t - 1] == RP_NONE ? RP_NONE : successor(b, next[t - 2], next[t - 1]);
    n_missing += next[t] == RP_NONE;
  }
  if (n_missing > b->group->n_missing) b->group->n_missing = n_missing;
  int32_t ahead = pack_with(b, next);
  b->group->pack[p].kind = PACK_CARRY;
  b->group->pack[p].in[0] = ahead;
  if (ahead < 0) fail_at(b, 0);
}

static void make_external(builder *b, int32_t p) {
  const rp_node_id *ids = b->group->pack[p].id;
  b->group->pack[p].kind = PACK_EXTERNAL;
  for (int64_t t = 0; t < b->group->n_steps; t++) {
    if (depends(b, ids[t])) {
      fail_at(b, t > 0 ? t : 1);
      return;
    }
  }
}

/* The commonest operation, RP_OP_COUNT for what is not loose (Boyer and Moore's majority vote). */
static rp_op majority(const builder *b, const rp_node_id *ids) {
  rp_op op = RP_OP_COUNT;
  int64_t votes = 0;
  for (int64_t t = 0; t < b->group->n_steps; t++) {
    rp_op other = rp_roll_is_loose(b->r, ids[t]) ? rp_graph_node(b->r->g, ids[t])->op : RP_OP_COUNT;
    if (votes == 0) op = other;
    votes += other == op ? 1 : -1;
  }
  return op;
}

/* How alike two nodes of neighbouring steps are. */
static int likeness(const builder *b, rp_node_id x, rp_node_id y) {
  if (x == y) return 4;
  if (x == RP_NONE || y == RP_NONE) return 0;
  const rp_node *a = rp_graph_node(b->r->g, x), *c = rp_graph_node(b->r->g, y);
  if (a->op != c->op) return 0;
  if (a->op == RP_OP_SLICE) return a->in[0] == c->in[0] ? 3 : 1;
  if (a->n_in > 0 && c->n_in == a->n_in) {
    return 2 + (rp_graph_node(b->r->g, a->in[0])->op == rp_graph_node(b->r->g, c->in[0])->op);
  }
  return 3;
}

/* The same node at all steps but the last, or something else than an operation there: the roots then go one too far. */
static int overshoots(const builder *b, const rp_node_id *ids, int64_t last) {
  const rp_node *node = rp_graph_node(b->r->g, ids[0]);
  if (last < 2 * ROLL_FEWEST_STEPS || node->op == RP_OP_CONST || ids[last] == ids[0]) return 0;
  rp_op op = node->op;
  int same = 1, alike = rp_roll_is_loose(b->r, ids[0]) && !fits(b, ids[last], op) && !has_neutral(op);
  for (int64_t t = 1; t < last && (same || alike); t++) {
    same = same && ids[t] == ids[0];
    alike = alike && fits(b, ids[t], op);
  }
  return same || alike;
}

static void make_operation(builder *b, int32_t p, rp_op op);

static int64_t count_misfits(const builder *b, const rp_node_id *ids, int64_t last, rp_op op, int64_t *first) {
  int64_t misfits = 0;
  *first = -1;
  for (int64_t t = 0; t <= last; t++) {
    if (fits(b, ids[t], op)) continue;
    if (*first < 0) *first = t;
    misfits++;
  }
  return misfits;
}

static void classify(builder *b, int32_t p) {
  const rp_node_id *ids = b->group->pack[p].id;
  int64_t n = b->group->n_steps, last = n - 1, n_loose = 0, n_equal = 0;
  while (last > 0 && ids[last] == RP_NONE) last--;
  if (last < ROLL_FEWEST_STEPS - 1) {
    fail_at(b, 0);
    return;
  }
  for (int64_t t = 0; t <= last; t++) {
    n_loose += rp_roll_is_loose(b->r, ids[t]);
    n_equal += ids[t] == ids[0];
  }
  b->r->budget -= n;
  if (n_equal == last + 1) {
    b->group->pack[p].kind = PACK_INVARIANT;
    if (depends(b, ids[0])) fail_at(b, 1);
    return;
  }
  if (overshoots(b, ids, last)) {
    fail_at(b, last);
    return;
  }
  if (n_loose == 0) {
    make_external(b, p);
    return;
  }
  int32_t ahead = pack_ahead_of(b->group, ids);
  if (ahead >= 0 && p != 0) {
    b->group->pack[p].kind = PACK_CARRY;
    b->group->pack[p].in[0] = ahead;
    return;
  }
  rp_op op = majority(b, ids);
  int64_t first, misfits = count_misfits(b, ids, last, op, &first);
  /* a value of the step before begins with something else, at least with something less alike */
  int less_alike = likeness(b, ids[0], ids[1]) < likeness(b, ids[1], ids[2]);
  int begins_otherwise = misfits == 1 ? first == 0 : misfits == 0 && less_alike;
  int from_before = p != 0 && depends(b, ids[last]) && begins_otherwise && (misfits == 1 || !depends(b, ids[1]));
  int starts_apart = misfits == 1 && first == 0 && !depends(b, ids[last]); /* a loop of its own, elsewhere */
  if (from_before) carry_of_next(b, p);
  else if (starts_apart || op == RP_OP_COUNT) make_external(b, p);
  else if (misfits == 0 || (has_neutral(op) && misfits <= n / 2)) make_operation(b, p, op);
  else if (!depends(b, ids[last])) make_external(b, p);
  else fail_at(b, first < n / 2 ? first + 1 : first);
}

/* ---- inputs ---- */

/* The initial value with which something is already carried whose value at the second step is id. */
static rp_node_id known_start(const builder *b, rp_node_id id) {
  for (int32_t p = 0; p < b->group->n_packs && p < FIRST_PACKS; p++) {
    const roll_pack *pack = &b->group->pack[p];
    if (pack->kind == PACK_CARRY && pack->id[1] == id) return pack->id[0];
  }
  return RP_NONE;
}

static int match(const builder *b, rp_node_id *const *in, int64_t t, int64_t model, rp_node_id first,
                 rp_node_id second) {
  int score = likeness(b, first, in[0][model]) + likeness(b, second, in[1][model]);
  if (t > 0) return score;
  rp_node_id start0 = known_start(b, in[0][model]), start1 = known_start(b, in[1][model]);
  return score + 4 * ((start0 != RP_NONE && start0 == first) + (start1 != RP_NONE && start1 == second));
}

/* Chooses among the ways to read the operation of one step (as it is, swapped, or as itself and a neutral element,
 * which the constructors took away) the one that is most like that of another step. Whether it was read as it is. */
static int align_step(const builder *b, rp_op op, rp_node_id id, rp_node_id *const *in, int64_t t, int64_t model) {
  rp_node_id neutral = has_neutral(op) ? rp_const(b->r->g, op == RP_OP_MUL || op == RP_OP_DIV ? 1 : 0) : RP_NONE;
  rp_node_id way[4][2] = {{in[0][t], in[1][t]}, {in[1][t], in[0][t]}, {id, neutral}, {neutral, id}};
  int carried = id == in[0][model] || id == in[1][model]; /* then it is like it for another reason */
  int commutes = rp_op_is_commutative(op), padded = neutral != RP_NONE && !carried;
  int allowed[4] = {1, commutes, padded, padded && commutes}, best = 0;
  int best_score = match(b, in, t, model, way[0][0], way[0][1]);
  for (int w = 1; w < 4; w++) {
    int score = allowed[w] ? match(b, in, t, model, way[w][0], way[w][1]) : 0;
    if (score <= best_score) continue;
    best_score = score;
    best = w;
  }
  in[0][t] = way[best][0];
  in[1][t] = way[best][1];
  return best < 2;
}

/* Aligns the inputs of all steps with those of later ones that really have the operation; how many were read as
 * themselves. */
static int64_t align(const builder *b, rp_op op, const rp_node_id *ids, rp_node_id *const *in) {
  int64_t n = b->group->n_steps, n_padded = 0, last = n - 1;
  while (last > 0 && (ids[last] == RP_NONE || !fits(b, ids[last], op))) last--;
  for (int64_t t = last - 1, model = last; t >= 0; t--) {
    int plain = fits(b, ids[t], op);
    if (align_step(b, op, ids[t], in, t, model) && plain) model = t;
    else n_padded++;
  }
  for (int64_t t = last + 1; t < n && ids[t] != RP_NONE; t++) {
    align_step(b, op, ids[t], in, t, last);
    n_padded++;
  }
  return n_padded;
}

/* The inputs of one element, with the neutral element where the operation itself was simplified away. */
static void inputs_at(const builder *b, rp_node_id id, rp_op op, rp_node_id *in) {
  rp_graph *g = b->r->g;
  in[0] = in[1] = in[2] = RP_NONE;
  if (id == RP_NONE) return;
  const rp_node *node = rp_graph_node(g, id);
  if (fits(b, id, op)) {
    for (int32_t k = 0; k < node->n_in; k++) in[k] = node->in[k];
  } else if (op == RP_OP_SUB && node->op == RP_OP_NEG && rp_roll_is_loose(b->r, id)) {
    in[0] = rp_const(g, 0);
    in[1] = node->in[0];
  } else if (op == RP_OP_MUL && node->op == RP_OP_SQUARE && rp_roll_is_loose(b->r, id)) {
    in[0] = in[1] = node->in[0];
  } else if (op == RP_OP_MUL) {
    int negated = node->op == RP_OP_NEG && rp_roll_is_loose(b->r, id);
    in[0] = rp_const(g, negated ? -1 : 1);
    in[1] = negated ? node->in[0] : id;
  } else {
    in[0] = id;
    in[1] = rp_const(g, op == RP_OP_DIV ? 1 : 0);
  }
}

static void make_operation(builder *b, int32_t p, rp_op op) {
  int64_t n = b->group->n_steps;
  int n_in = rp_op_arity(op);
  rp_node_id *in[3] = {NULL, NULL, NULL}, at[3];
  for (int k = 0; k < n_in; k++) in[k] = new_ids(b);
  for (int64_t t = 0; b->ok && t < n; t++) {
    inputs_at(b, b->group->pack[p].id[t], op, at);
    for (int k = 0; k < n_in; k++) in[k][t] = at[k];
  }
  if (!b->ok) {
    for (int k = 0; k < n_in; k++) free(in[k]);
    return;
  }
  if (n_in == 2 && (rp_op_is_commutative(op) || has_neutral(op)) && align(b, op, b->group->pack[p].id, in) > n / 2) {
    fail_at(b, 1); /* more neutral elements than operations: nothing that repeats */
  }
  b->group->pack[p].kind = PACK_OPERATION;
  b->group->pack[p].op = op;
  b->group->pack[p].n_in = n_in;
  for (int k = 0; k < n_in; k++) {
    int32_t input = pack_with(b, in[k]);
    b->group->pack[p].in[k] = input;
    if (input < 0) fail_at(b, 0);
  }
}

/* ---- a group ---- */

/* Marks what depends on the elements of the root pack, or, when all, of every operation of the group. */
static void mark_dependent(builder *b, int all) {
  rp_roll *r = b->r;
  rp_node_id first = r->size, last = 0;
  r->epoch++;
  for (int32_t p = 0; p < (all ? b->group->n_packs : 1); p++) {
    const roll_pack *pack = &b->group->pack[p];
    for (int64_t t = 0; t < b->group->n_steps; t++) {
      rp_node_id id = pack->id[t];
      if (id == RP_NONE || (p > 0 && (pack->kind != PACK_OPERATION || !fits(b, id, pack->op)))) continue;
      r->dependent[id] = r->epoch;
      if (id < first) first = id;
      if (id > last) last = id;
    }
  }
  for (rp_node_id id = first; id <= last; id++) {
    const rp_node *node = rp_graph_node(r->g, id);
    for (int32_t k = 0; r->live[id] && k < node->n_in && r->dependent[id] != r->epoch; k++) {
      if (node->in[k] >= first && r->dependent[node->in[k]] == r->epoch) r->dependent[id] = r->epoch;
    }
  }
  r->budget -= last - first;
}

/* The first step at which something external depends on the group's own operations, -1: none does. */
static int64_t circular_step(const builder *b) {
  for (int32_t p = 0; p < b->group->n_packs; p++) {
    const roll_pack *pack = &b->group->pack[p];
    for (int64_t t = 0; pack->kind == PACK_EXTERNAL && t < b->group->n_steps; t++) {
      if (depends(b, pack->id[t])) return t;
    }
  }
  return -1;
}

/* Back to the root pack alone. */
static int reset(roll_group *group) {
  for (int32_t p = 1; p < group->n_packs; p++) free(group->pack[p].id);
  group->n_packs = 1;
  group->n_missing = 0;
  group->pack[0].kind = PACK_PENDING;
  group->n_buckets = 0;
  return rehash(group);
}

/* What a loop computes from its own results may come to light late: then the packs are found again, now knowing all of
 * its operations. */
static void find_packs(builder *b) {
  int64_t circular = -1;
  mark_dependent(b, 0);
  for (int round = 0; round < MOST_ROUNDS; round++) {
    for (int32_t p = 0; b->ok && b->group->failed_at < 0 && p < b->group->n_packs; p++) classify(b, p);
    if (!b->ok || b->group->failed_at >= 0) return;
    mark_dependent(b, 1);
    circular = circular_step(b);
    if (circular < 0) return;
    b->ok = reset(b->group);
  }
  fail_at(b, circular > 0 ? circular : 1);
}

static roll_group *build(rp_roll *r, const rp_node_id *roots, int64_t n, int *ok) {
  builder b = {r, calloc(1, sizeof *b.group), 1};
  *ok = 0;
  if (b.group == NULL) return NULL;
  b.group->n_steps = n;
  b.group->failed_at = -1;
  b.group->most_packs = (int32_t) (4 * (int64_t) r->size / n) + 64; /* more means that it goes round in circles */
  b.group->room = 16;
  b.group->pack = malloc((size_t) b.group->room * sizeof *b.group->pack);
  rp_node_id *ids = b.group->pack == NULL || !rehash(b.group) ? NULL : new_ids(&b);
  if (ids != NULL) {
    memcpy(ids, roots, (size_t) n * sizeof *ids);
    pack_with(&b, ids);
    find_packs(&b);
    if (r->budget <= 0) fail_at(&b, 0);
    *ok = b.ok;
  }
  if (*ok) return b.group;
  rp_roll_group_free(b.group);
  return NULL;
}
