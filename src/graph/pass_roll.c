/* rp_pass_roll(): finds where loops were unrolled. Roots come from two places: runs of scalars that a concatenation
 * puts together (what a loop stored in a vector), and long chains of scalar operations whose operations repeat with
 * some period (what a loop only carried along). */
#include <stdlib.h>
#include <string.h>

#include "construct.h"
#include "roll.h"

enum { LONGEST_STRIDE = 16, SHORTEST_CHAIN = 6, MOST_ROUNDS = 6, MOST_MISSES = 64 };

/* Candidate roots, in time order. */
typedef struct {
  rp_node_id *id;
  int64_t n;
} seed;

typedef struct {
  seed *seed;
  int64_t n, room;
  int ok;
} seed_list;

static int open_roll(rp_roll *r, rp_graph *g, rp_node_id from, const rp_node_id *roots, int32_t n_roots);
static void close_roll(rp_roll *r);
static void concat_seeds(rp_roll *r, seed_list *seeds);
static void chain_seeds(rp_roll *r, seed_list *seeds);
static int try_seeds(rp_roll *r, seed_list *seeds);

rp_code rp_pass_roll(rp_graph *g, rp_node_id from, rp_node_id *roots, int32_t n_roots) {
  rp_status *status = rp_graph_status(g);
  if (status->code != RP_OK) return status->code;
  rp_const(g, 0); /* neutral elements, so that the pass itself adds no node before it emits */
  rp_const(g, 1);
  rp_const(g, -1);
  rp_roll r;
  int ok = open_roll(&r, g, from, roots, n_roots);
  for (int round = 0; ok && round < MOST_ROUNDS; round++) {
    int32_t before = r.n_groups;
    seed_list seeds = {.ok = 1};
    if (round == 0) concat_seeds(&r, &seeds);
    else chain_seeds(&r, &seeds);
    ok = seeds.ok && try_seeds(&r, &seeds);
    for (int64_t i = 0; i < seeds.n; i++) free(seeds.seed[i].id);
    free(seeds.seed);
    if (round > 0 && r.n_groups == before) break;
  }
  if (!ok) rp_fail_memory(status, "rolling loops");
  for (int32_t i = 0; i < n_roots && status->code == RP_OK && r.n_groups > 0; i++) {
    if (roots[i] == RP_NONE) continue;
    rp_node_id id = rp_roll_get(&r, roots[i]);
    if (id != RP_NONE) roots[i] = id;
  }
  close_roll(&r);
  return status->code;
}

/* ---- what there is ---- */

static void mark_live(rp_roll *r, const rp_node_id *roots, int32_t n_roots) {
  for (int32_t i = 0; i < n_roots; i++) {
    if (roots[i] != RP_NONE) r->live[roots[i]] = 1;
  }
  for (rp_node_id id = r->size - 1; id >= 0; id--) {
    if (!r->live[id]) continue;
    const rp_node *node = rp_graph_node(r->g, id);
    for (int32_t k = 0; k < node->n_in; k++) r->live[node->in[k]] = 1;
    r->scalar[id] = id >= r->from && node->n == 1 && rp_op_is_elementwise(node->op);
    for (int32_t k = 1; node->op == RP_OP_CONCAT && k < node->n_in; k++) r->successor[node->in[k - 1]] = node->in[k];
  }
}

static int open_roll(rp_roll *r, rp_graph *g, rp_node_id from, const rp_node_id *roots, int32_t n_roots) {
  size_t size = (size_t) rp_graph_size(g);
  *r = (rp_roll){.g = g, .from = from, .size = (int32_t) size, .budget = 256 * (int64_t) size + 100000};
  r->live = calloc(size, 1);
  r->scalar = calloc(size, 1);
  r->level = malloc(size * sizeof *r->level);
  r->successor = malloc(size * sizeof *r->successor);
  r->home = malloc(size * sizeof *r->home);
  r->dependent = calloc(size, sizeof *r->dependent);
  r->map = malloc(size * sizeof *r->map);
  if (r->live == NULL || r->scalar == NULL || r->level == NULL || r->successor == NULL || r->home == NULL ||
      r->dependent == NULL || r->map == NULL) return 0;
  for (size_t i = 0; i < size; i++) {
    r->successor[i] = r->map[i] = RP_NONE;
    r->home[i].group = -1;
  }
  mark_live(r, roots, n_roots);
  return 1;
}

static void close_roll(rp_roll *r) {
  for (int32_t i = 0; i < r->n_groups; i++) rp_roll_group_free(r->group[i]);
  free(r->group);
  free(r->live);
  free(r->scalar);
  free(r->level);
  free(r->successor);
  free(r->home);
  free(r->dependent);
  free(r->map);
  free(r->stack);
}

/* ---- seeds ---- */

static rp_op op_of(const rp_roll *r, rp_node_id id) { return rp_graph_node(r->g, id)->op; }

static void add_seed(seed_list *seeds, const rp_node_id *ids, int64_t count) {
  if (!seeds->ok || count < ROLL_FEWEST_STEPS) return;
  if (seeds->n == seeds->room) {
    int64_t room = seeds->room == 0 ? 16 : 2 * seeds->room;
    seed *more = realloc(seeds->seed, (size_t) room * sizeof *more);
    seeds->ok = more != NULL;
    if (!seeds->ok) return;
    seeds->seed = more;
    seeds->room = room;
  }
  rp_node_id *id = malloc((size_t) count * sizeof *id);
  seeds->ok = id != NULL;
  if (!seeds->ok) return;
  memcpy(id, ids, (size_t) count * sizeof *id);
  seeds->seed[seeds->n++] = (seed){id, count};
}

static int compare_seeds(const void *a, const void *b) {
  const seed *x = a, *y = b;
  rp_node_id last_x = x->id[x->n - 1], last_y = y->id[y->n - 1];
  if (last_x != last_y) return last_x < last_y ? -1 : 1;
  return (x->n < y->n) - (x->n > y->n);
}

/* Tries the runs of loose nodes of one operation among n ids. */
static int try_runs(rp_roll *r, const rp_node_id *ids, int64_t n) {
  for (int64_t begin = 0, end; begin < n; begin = end > begin ? end : begin + 1) {
    for (end = begin; end < n && rp_roll_is_loose(r, ids[end]) && op_of(r, ids[end]) == op_of(r, ids[begin]); end++) { }
    if (end - begin >= ROLL_FEWEST_STEPS && !rp_roll_try(r, ids + begin, end - begin)) return 0;
  }
  return 1;
}

/* How many of n ids have the operation of the one stride places before. */
static int64_t count_alike(const rp_roll *r, const rp_node_id *ids, int64_t n, int64_t stride) {
  int64_t count = 0;
  for (int64_t i = stride; i < n; i++) count += op_of(r, ids[i]) == op_of(r, ids[i - stride]);
  return count;
}

/* Elements of a vector as one loop; if that does not go, as the interleaved results of several, as a matrix has them
 * that a loop filled column by column. */
static int try_interleaved(rp_roll *r, const rp_node_id *ids, int64_t n) {
  rp_node_id *every = malloc((size_t) n * sizeof *every);
  int ok = every != NULL, done = 0;
  for (int64_t stride = 1; ok && !done && stride <= LONGEST_STRIDE && n / stride >= ROLL_FEWEST_STEPS; stride++) {
    if (stride > 1 && count_alike(r, ids, n, stride) < n - stride - n / 8) continue;
    int32_t before = r->n_groups;
    for (int64_t phase = 0; ok && phase < stride && (phase == 0 || r->n_groups > before); phase++) {
      int64_t count = 0;
      for (int64_t i = phase; i < n; i += stride) every[count++] = ids[i];
      ok = try_runs(r, every, count);
    }
    done = r->n_groups > before;
  }
  free(every);
  return ok;
}

/* In the order in which the loops ran; what an earlier group has taken is left out. What a group takes from outside
 * may itself have been computed step by step. */
static int try_seeds(rp_roll *r, seed_list *seeds) {
  if (seeds->n > 1) qsort(seeds->seed, (size_t) seeds->n, sizeof *seeds->seed, compare_seeds);
  for (int64_t i = 0; i < seeds->n; i++) {
    int32_t first = r->n_groups;
    if (!try_interleaved(r, seeds->seed[i].id, seeds->seed[i].n)) return 0;
    for (int32_t k = first; k < r->n_groups; k++) {
      for (int32_t p = 0; p < r->group[k]->n_packs; p++) {
        const roll_pack *pack = &r->group[k]->pack[p];
        if (pack->kind == PACK_EXTERNAL && !try_runs(r, pack->id, r->group[k]->n_steps)) return 0;
      }
    }
  }
  return 1;
}

static void concat_seeds(rp_roll *r, seed_list *seeds) {
  for (rp_node_id id = 0; id < r->size; id++) {
    const rp_node *node = rp_graph_node(r->g, id);
    if (!r->live[id] || node->op != RP_OP_CONCAT) continue;
    for (int32_t begin = 0, end; begin < node->n_in; begin = end + 1) {
      for (end = begin; end < node->n_in && rp_roll_is_loose(r, node->in[end]); end++) { }
      add_seed(seeds, node->in + begin, end - begin);
    }
  }
}

/* ---- chains ---- */

static void find_levels(rp_roll *r) {
  for (rp_node_id id = 0; id < r->size; id++) {
    r->level[id] = 0;
    if (!rp_roll_is_loose(r, id)) continue;
    const rp_node *node = rp_graph_node(r->g, id);
    for (int32_t k = 0; k < node->n_in; k++) {
      if (r->level[node->in[k]] > r->level[id]) r->level[id] = r->level[node->in[k]];
    }
    r->level[id]++;
  }
}

/* The longest prefix of ops[0 .. n) that is some period repeated (Knuth, Morris and Pratt's failure function), at least
 * ROLL_FEWEST_STEPS times; 0 when there is none. */
static int64_t repeated_prefix(const int32_t *ops, int64_t n, int32_t *failure, int64_t *period) {
  int64_t best = 0;
  failure[0] = 0;
  for (int64_t i = 1; i < n; i++) {
    int32_t k = failure[i - 1];
    while (k > 0 && ops[i] != ops[k]) k = failure[k - 1];
    failure[i] = k + (ops[i] == ops[k]);
    int64_t p = i + 1 - failure[i];
    if (i + 1 < ROLL_FEWEST_STEPS * p) continue;
    best = i + 1;
    *period = p;
  }
  return best;
}

/* Periodic stretches of a chain (ids from the latest node back), as seeds. */
static void seeds_of_chain(const rp_roll *r, const rp_node_id *chain, int64_t n, int32_t *ops, int32_t *failure,
                           rp_node_id *forward, seed_list *seeds) {
  int misses = 0;
  for (int64_t i = 0; i < n; i++) ops[i] = (int32_t) op_of(r, chain[i]);
  for (int64_t begin = 0; n - begin >= SHORTEST_CHAIN && misses < MOST_MISSES;) {
    int64_t period = 1, length = repeated_prefix(ops + begin, n - begin, failure, &period);
    if (length < SHORTEST_CHAIN) {
      misses++;
      begin++;
      continue;
    }
    int64_t count = (length - 1) / period + 1;
    for (int64_t t = 0; t < count; t++) forward[count - 1 - t] = chain[begin + t * period];
    add_seed(seeds, forward, count);
    begin += length;
  }
}

static void chain_seeds(rp_roll *r, seed_list *seeds) {
  size_t size = (size_t) r->size;
  uint8_t *visited = calloc(size, 1);
  rp_node_id *chain = malloc(size * sizeof *chain), *forward = malloc(size * sizeof *forward);
  int32_t *ops = malloc(size * sizeof *ops), *failure = malloc(size * sizeof *failure);
  seeds->ok = visited != NULL && chain != NULL && forward != NULL && ops != NULL && failure != NULL;
  if (seeds->ok) find_levels(r);
  for (rp_node_id start = r->size - 1; seeds->ok && start >= 0; start--) {
    if (!rp_roll_is_loose(r, start) || visited[start] || r->level[start] < SHORTEST_CHAIN) continue;
    int64_t n = 0;
    for (rp_node_id id = start, next; id != RP_NONE && !visited[id]; id = next) {
      const rp_node *node = rp_graph_node(r->g, id);
      visited[id] = 1;
      chain[n++] = id;
      next = RP_NONE;
      for (int32_t k = 0; k < node->n_in; k++) {
        int higher = next == RP_NONE || r->level[node->in[k]] > r->level[next];
        if (r->level[node->in[k]] > 0 && higher) next = node->in[k];
      }
    }
    seeds_of_chain(r, chain, n, ops, failure, forward, seeds);
  }
  free(visited);
  free(chain);
  free(forward);
  free(ops);
  free(failure);
}
