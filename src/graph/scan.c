/* rp_scan(): a loop as few and as small scan nodes as possible.
 *
 * Carries form a graph (carry i needs carry j when next i depends on j). Its strongly connected components are solved
 * in the order of their dependence: what a component needs of earlier ones is a known sequence by then, so everything
 * that does not depend on the component's own carries is lifted out of the loop as elementwise work on whole
 * sequences. A component whose step is affine in its own carries becomes an affine scan; otherwise a SCAN with the
 * minimal body. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include "construct.h"
#include "ops.h"

enum { LARGEST_AFFINE = 16 }; /* carries; an affine scan has their number squared of coefficient sequences */

typedef struct {
  rp_graph *g;
  const rp_scan_body *body;
  int64_t n;
  const rp_node_id *initial;
  rp_node_id *states;    /* per carry, filled in as components are solved */
  rp_node_id *previous;  /* states without the last element */
  rp_leaves leaves;
  rp_copier *inliner;
  int32_t words;         /* 64-bit words of a set of carries */
  uint64_t *depends;     /* per body node: the carries that it depends on */
  uint64_t *reach;       /* per carry: itself and the carries that it needs, directly or not */
  int32_t *order;        /* carries, components together, a component after those that it needs */
} scan;

/* A component while it is being solved. */
typedef struct {
  const int32_t *carries;
  int32_t k;
  uint64_t *set;
  uint8_t *inside; /* per body node: depends on the component's carries and is needed for its next values */
} component;

static rp_code check_body(rp_graph *g, const rp_scan_body *body, const rp_node_id *initial, const rp_node_id *sequences,
                          const rp_node_id *invariants, int64_t n);
static int open_scan(scan *s);
static void close_scan(scan *s);
static void find_components(scan *s);
static rp_code solve(scan *s, const int32_t *carries, int32_t k);

rp_code rp_scan(rp_graph *g, rp_scan_body body, const rp_node_id *initial, const rp_node_id *sequences,
                const rp_node_id *invariants, int64_t n, rp_node_id *sequence_out) {
  rp_status *status = rp_graph_status(g);
  scan s = {.g = g, .body = &body, .n = n, .initial = initial, .states = sequence_out,
            .leaves = {NULL, sequences, invariants}, .words = (body.n_carry + 63) / 64};
  for (int32_t i = 0; i < body.n_carry; i++) sequence_out[i] = RP_NONE;
  if (check_body(g, &body, initial, sequences, invariants, n) == RP_OK) {
    if (!open_scan(&s)) {
      rp_fail_memory(status, "a scan");
    } else if (n == 0) {
      memcpy(sequence_out, initial, (size_t) body.n_carry * sizeof *initial);
    } else {
      find_components(&s);
      for (int32_t begin = 0, end; begin < body.n_carry && status->code == RP_OK; begin = end) {
        const uint64_t *set = s.reach + (int64_t) s.order[begin] * s.words;
        for (end = begin + 1; end < body.n_carry; end++) {
          if (memcmp(set, s.reach + (int64_t) s.order[end] * s.words, (size_t) s.words * sizeof *set) != 0) break;
        }
        solve(&s, s.order + begin, end - begin);
      }
    }
    close_scan(&s);
  }
  rp_scan_body_free(&body);
  return status->code;
}

void rp_scan_body_free(rp_scan_body *body) {
  rp_graph_free(body->body);
  free(body->next);
  body->body = NULL;
  body->next = NULL;
}

rp_scan_body rp_scan_body_copy(const rp_scan_body *body) {
  rp_scan_body copy = *body;
  rp_status status;
  rp_status_clear(&status);
  copy.body = NULL;
  copy.next = malloc(((size_t) body->n_carry + 1) * sizeof *copy.next);
  if (copy.next == NULL) return copy;
  memcpy(copy.next, body->next, (size_t) body->n_carry * sizeof *copy.next);
  copy.body = rp_graph_extract(body->body, copy.next, body->n_carry, NULL, NULL, &status);
  if (copy.body == NULL) {
    free(copy.next);
    copy.next = NULL;
  }
  return copy;
}

rp_node_id rp_scan_rebuild(rp_graph *g, const rp_node *node, const rp_node_id *in) {
  rp_scan_body body = rp_scan_body_copy(node->scan);
  rp_node_id *states = malloc(((size_t) body.n_carry + 1) * sizeof *states), id = RP_NONE;
  if (body.body == NULL || states == NULL) {
    rp_fail_memory(rp_graph_status(g), "a scan");
    rp_scan_body_free(&body);
  } else if (rp_scan(g, body, in, in + body.n_carry, in + body.n_carry + body.n_sequence, node->attribute[0],
                     states) == RP_OK) {
    id = rp_concat(g, states, body.n_carry);
  }
  free(states);
  return id;
}

/* ---- inlining ---- */

static rp_node_id outside(void *context, rp_graph *to, const rp_node *leaf) {
  const rp_leaves *leaves = context;
  (void) to;
  switch (leaf->op) {
  case RP_OP_CARRY: return leaves->carries[leaf->attribute[0]];
  case RP_OP_STEP: return leaves->sequences[leaf->attribute[0]];
  case RP_OP_INVARIANT: return leaves->invariants[leaf->attribute[0]];
  default: return RP_NONE;
  }
}

rp_copier *rp_inliner_new(rp_graph *g, const rp_graph *body, rp_leaves *leaves) {
  return rp_copier_new(body, g, outside, leaves);
}

rp_node_id rp_inline(rp_graph *g, const rp_scan_body *body, rp_node_id body_node, const rp_node_id *carries,
                     const rp_node_id *sequences, const rp_node_id *invariants) {
  rp_leaves leaves = {carries, sequences, invariants};
  rp_copier *inliner = rp_inliner_new(g, body->body, &leaves);
  if (inliner == NULL) {
    rp_fail_memory(rp_graph_status(g), "a scan");
    return RP_NONE;
  }
  rp_node_id id = rp_copier_get(inliner, body_node);
  rp_copier_free(inliner);
  return id;
}

/* ---- checks ---- */

static rp_code check_node(rp_status *status, const rp_scan_body *body, const rp_node *node) {
  int32_t limit = node->op == RP_OP_CARRY ? body->n_carry : node->op == RP_OP_STEP ? body->n_sequence
      : body->n_invariant;
  if (rp_op_is_body_leaf(node->op)) {
    if (node->attribute[0] < limit) return RP_OK;
    return rp_fail(status, RP_BAD_SPEC, NULL, "%s %lld of a scan does not exist", rp_op_name(node->op),
                   (long long) node->attribute[0]);
  }
  if (node->n == 1 && (node->op == RP_OP_CONST || rp_op_is_elementwise(node->op))) return RP_OK;
  return rp_fail(status, RP_UNSUPPORTED, NULL,
                 "the body of a scan uses %s; it may use elementwise operations on scalars only",
                 rp_op_name(node->op));
}

/* Marks the nodes that targets need, targets included. */
static void mark_needed(const rp_graph *body, const rp_node_id *targets, int32_t n_targets, uint8_t *needed) {
  for (int32_t i = 0; i < n_targets; i++) needed[targets[i]] = 1;
  for (rp_node_id id = rp_graph_size(body) - 1; id >= 0; id--) {
    const rp_node *node = rp_graph_node(body, id);
    for (int32_t k = 0; needed[id] && k < node->n_in; k++) needed[node->in[k]] = 1;
  }
}

static rp_code check_body(rp_graph *g, const rp_scan_body *body, const rp_node_id *initial, const rp_node_id *sequences,
                          const rp_node_id *invariants, int64_t n) {
  rp_status *status = rp_graph_status(g);
  if (body->body == NULL || body->next == NULL) return rp_fail(status, RP_BAD_SPEC, NULL, "a scan without a body");
  if (rp_graph_status(body->body)->code != RP_OK) {
    return rp_fail(status, rp_graph_status(body->body)->code, NULL, "%s", rp_graph_status(body->body)->message);
  }
  if (n < 0 || body->n_carry < 1 || body->n_sequence < 0 || body->n_invariant < 0 || n >= INT32_MAX / body->n_carry) {
    return rp_fail(status, RP_BAD_SHAPE, NULL, "a scan of %lld steps with %d carries", (long long) n,
                   (int) body->n_carry);
  }
  for (int32_t k = 0; k < body->n_carry; k++) {
    if (body->next[k] < 0 || body->next[k] >= rp_graph_size(body->body)) {
      return rp_fail(status, RP_BAD_SPEC, NULL, "a scan whose next value %d is missing", (int) k + 1);
    }
    if (rp_length(g, initial[k]) != 1) {
      return rp_fail(status, RP_BAD_SHAPE, NULL, "initial value %d of a scan is not a scalar", (int) k + 1);
    }
  }
  for (int32_t k = 0; k < body->n_sequence; k++) {
    int64_t length = rp_length(g, sequences[k]);
    if (length != 1 && length != n) {
      return rp_fail(status, RP_BAD_SHAPE, NULL, "sequence %d of a scan of %lld steps has length %lld", (int) k + 1,
                     (long long) n,
                     (long long) length);
    }
  }
  for (int32_t k = 0; k < body->n_invariant; k++) {
    if (rp_length(g, invariants[k]) != 1) {
      return rp_fail(status, RP_BAD_SHAPE, NULL, "invariant %d of a scan is not a scalar", (int) k + 1);
    }
  }
  uint8_t *needed = calloc((size_t) rp_graph_size(body->body) + 1, 1);
  if (needed == NULL) return rp_fail_memory(status, "a scan");
  mark_needed(body->body, body->next, body->n_carry, needed);
  for (rp_node_id id = 0; id < rp_graph_size(body->body) && status->code == RP_OK; id++) {
    if (needed[id]) check_node(status, body, rp_graph_node(body->body, id));
  }
  free(needed);
  return status->code;
}

/* ---- which carry needs which ---- */

static int has(const uint64_t *set, int32_t i) { return (int) (set[i / 64] >> (i % 64) & 1); }
static void put(uint64_t *set, int32_t i) { set[i / 64] |= UINT64_C(1) << (i % 64); }

static int open_scan(scan *s) {
  size_t size = (size_t) rp_graph_size(s->body->body), k = (size_t) s->body->n_carry, words = (size_t) s->words;
  s->previous = malloc(k * sizeof *s->previous);
  s->depends = calloc(size * words + 1, sizeof *s->depends);
  s->reach = calloc(k * words, sizeof *s->reach);
  s->order = malloc(k * sizeof *s->order);
  s->leaves.carries = s->previous;
  s->inliner = rp_inliner_new(s->g, s->body->body, &s->leaves);
  return s->previous != NULL && s->depends != NULL && s->reach != NULL && s->order != NULL && s->inliner != NULL;
}

static void close_scan(scan *s) {
  rp_copier_free(s->inliner);
  free(s->previous);
  free(s->depends);
  free(s->reach);
  free(s->order);
}

static int32_t count(const uint64_t *set, int32_t words) {
  int32_t n = 0;
  for (int32_t w = 0; w < words; w++) n += __builtin_popcountll(set[w]);
  return n;
}

/* A component needs more carries than any component that it needs, so sorting by their number sorts by dependence;
 * carries of one component need the same ones, so comparing the sets next brings them together. */
typedef struct {
  int32_t carry, n_needed;
  const uint64_t *needed;
  int32_t words;
} ranked;

static int compare_ranked(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->n_needed != y->n_needed) return x->n_needed < y->n_needed ? -1 : 1;
  for (int32_t w = 0; w < x->words; w++) {
    if (x->needed[w] != y->needed[w]) return x->needed[w] < y->needed[w] ? -1 : 1;
  }
  return x->carry < y->carry ? -1 : 1;
}

static void find_components(scan *s) {
  const rp_graph *body = s->body->body;
  int32_t words = s->words, k = s->body->n_carry;
  for (rp_node_id id = 0; id < rp_graph_size(body); id++) {
    const rp_node *node = rp_graph_node(body, id);
    uint64_t *set = s->depends + (int64_t) id * words;
    if (node->op == RP_OP_CARRY && node->attribute[0] < k) put(set, (int32_t) node->attribute[0]);
    for (int32_t j = 0; j < node->n_in; j++) {
      for (int32_t w = 0; w < words; w++) set[w] |= s->depends[(int64_t) node->in[j] * words + w];
    }
  }
  for (int32_t i = 0; i < k; i++) {
    memcpy(s->reach + (int64_t) i * words, s->depends + (int64_t) s->body->next[i] * words,
           (size_t) words * sizeof *s->reach);
    put(s->reach + (int64_t) i * words, i);
  }
  for (int32_t via = 0; via < k; via++) { /* Warshall's transitive closure */
    for (int32_t i = 0; i < k; i++) {
      uint64_t *set = s->reach + (int64_t) i * words;
      for (int32_t w = 0; has(set, via) && w < words; w++) set[w] |= s->reach[(int64_t) via * words + w];
    }
  }
  ranked *by_rank = malloc((size_t) k * sizeof *by_rank);
  if (by_rank == NULL) {
    rp_fail_memory(rp_graph_status(s->g), "a scan");
    return;
  }
  for (int32_t i = 0; i < k; i++) {
    const uint64_t *set = s->reach + (int64_t) i * words;
    by_rank[i] = (ranked){i, count(set, words), set, words};
  }
  qsort(by_rank, (size_t) k, sizeof *by_rank, compare_ranked);
  for (int32_t i = 0; i < k; i++) s->order[i] = by_rank[i].carry;
  free(by_rank);
}

/* ---- one component ---- */

static rp_code solve_affine(scan *s, const component *c);
static rp_code solve_general(scan *s, const component *c);

static int is_member_dependent(const scan *s, const component *c, rp_node_id id) {
  for (int32_t w = 0; w < s->words; w++) {
    if (s->depends[(int64_t) id * s->words + w] & c->set[w]) return 1;
  }
  return 0;
}

/* Whether the next values are affine in the component's carries, by structure. */
static int is_affine(const scan *s, const component *c) {
  if (c->k > LARGEST_AFFINE) return 0;
  for (rp_node_id id = 0; id < rp_graph_size(s->body->body); id++) {
    if (!c->inside[id]) continue;
    const rp_node *node = rp_graph_node(s->body->body, id);
    switch (node->op) {
    case RP_OP_CARRY: case RP_OP_NEG: case RP_OP_ADD: case RP_OP_SUB: break;
    case RP_OP_MUL:
      if (c->inside[node->in[0]] && c->inside[node->in[1]]) return 0;
      break;
    case RP_OP_DIV:
      if (c->inside[node->in[1]]) return 0;
      break;
    case RP_OP_SELECT:
      if (c->inside[node->in[0]]) return 0;
      break;
    default: return 0;
    }
  }
  return 1;
}

static rp_code solve(scan *s, const int32_t *carries, int32_t k) {
  const rp_graph *body = s->body->body;
  rp_status *status = rp_graph_status(s->g);
  component c = {.carries = carries, .k = k};
  rp_node_id *targets = malloc((size_t) k * sizeof *targets);
  c.set = calloc((size_t) s->words, sizeof *c.set);
  c.inside = calloc((size_t) rp_graph_size(body) + 1, 1);
  if (targets == NULL || c.set == NULL || c.inside == NULL) {
    rp_fail_memory(status, "a scan");
  } else {
    for (int32_t i = 0; i < k; i++) {
      targets[i] = s->body->next[carries[i]];
      put(c.set, carries[i]);
    }
    mark_needed(body, targets, k, c.inside);
    for (rp_node_id id = 0; id < rp_graph_size(body); id++) {
      c.inside[id] = c.inside[id] && is_member_dependent(s, &c, id);
    }
    if (is_affine(s, &c)) solve_affine(s, &c);
    else solve_general(s, &c);
    for (int32_t i = 0; i < k; i++) s->previous[carries[i]] = rp_slice(s->g, s->states[carries[i]], 0, s->n);
  }
  free(targets);
  free(c.set);
  free(c.inside);
  return status->code;
}

/* ---- affine components ----
 * The form of a body node is k + 1 nodes outside: its coefficient of each carry of the component (RP_NONE: zero),
 * then the rest. */

static rp_node_id plus(rp_graph *g, rp_op op, rp_node_id a, rp_node_id b) {
  if (b == RP_NONE) return a;
  if (a == RP_NONE) return op == RP_OP_SUB ? rp_neg(g, b) : b;
  return rp_binary(g, op, a, b);
}

static rp_node_id choose(rp_graph *g, rp_node_id condition, rp_node_id yes, rp_node_id no) {
  if (yes == RP_NONE && no == RP_NONE) return RP_NONE;
  return rp_select(g, condition, yes == RP_NONE ? rp_const(g, 0) : yes, no == RP_NONE ? rp_const(g, 0) : no);
}

static void form_of(scan *s, const component *c, rp_node_id id, rp_node_id *const *forms, rp_node_id *out) {
  const rp_node *node = rp_graph_node(s->body->body, id);
  if (node->op == RP_OP_CARRY) {
    for (int32_t i = 0; i <= c->k; i++) out[i] = RP_NONE;
    for (int32_t i = 0; i < c->k; i++) {
      if (c->carries[i] == node->attribute[0]) out[i] = rp_const(s->g, 1);
    }
    return;
  }
  rp_node_id known[3] = {RP_NONE, RP_NONE, RP_NONE}; /* of inputs that do not depend on the component */
  for (int32_t j = 0; j < node->n_in; j++) {
    if (!c->inside[node->in[j]]) known[j] = rp_copier_get(s->inliner, node->in[j]);
  }
  for (int32_t i = 0; i <= c->k; i++) {
    rp_node_id part[3];
    for (int32_t j = 0; j < node->n_in; j++) {
      part[j] = c->inside[node->in[j]] ? forms[node->in[j]][i] : i == c->k ? known[j] : RP_NONE;
    }
    switch (node->op) {
    case RP_OP_NEG: out[i] = rp_neg(s->g, part[0]); break;
    case RP_OP_ADD: case RP_OP_SUB: out[i] = plus(s->g, node->op, part[0], part[1]); break;
    case RP_OP_MUL: {
      int factor = c->inside[node->in[0]];
      out[i] = rp_mul(s->g, known[factor], part[1 - factor]);
      break;
    }
    case RP_OP_DIV: out[i] = rp_div(s->g, part[0], known[1]); break;
    default: out[i] = choose(s->g, known[0], part[1], part[2]);
    }
  }
}

static rp_code solve_affine(scan *s, const component *c) {
  rp_status *status = rp_graph_status(s->g);
  int32_t size = rp_graph_size(s->body->body), k = c->k, n_inside = 0;
  for (rp_node_id id = 0; id < size; id++) n_inside += c->inside[id];
  size_t width = (size_t) k + 1;
  rp_node_id **forms = calloc((size_t) size + 1, sizeof *forms);
  rp_node_id *pool = malloc(((size_t) n_inside + 1) * width * sizeof *pool);
  rp_node_id *system = malloc(((size_t) k * (size_t) k + 3 * (size_t) k) * sizeof *system);
  if (forms == NULL || pool == NULL || system == NULL) {
    rp_fail_memory(status, "a scan");
  } else {
    rp_node_id *next_form = pool;
    for (rp_node_id id = 0; id < size; id++) {
      if (!c->inside[id]) continue;
      forms[id] = next_form;
      form_of(s, c, id, forms, next_form);
      next_form += width;
    }
    rp_node_id *a = system, *b = a + k * k, *initial = b + k, *states = initial + k;
    for (int32_t i = 0; i < k; i++) {
      rp_node_id next = s->body->next[c->carries[i]];
      for (int32_t j = 0; j < k; j++) a[i + j * k] = c->inside[next] ? forms[next][j] : RP_NONE;
      b[i] = c->inside[next] ? forms[next][k] : rp_copier_get(s->inliner, next);
      initial[i] = s->initial[c->carries[i]];
    }
    if (status->code == RP_OK) rp_affine_states(s->g, initial, a, b, s->n, k, 0, states);
    for (int32_t i = 0; i < k; i++) s->states[c->carries[i]] = status->code == RP_OK ? states[i] : RP_NONE;
  }
  free(forms);
  free(pool);
  free(system);
  return status->code;
}

/* ---- other components ---- */

/* The minimal body under construction and what it is given. */
typedef struct {
  rp_scan_body body;
  rp_node_id *map; /* by node of the old body */
} minimal;

static int32_t find_or_add(rp_node_id *list, int32_t *n, rp_node_id id) {
  for (int32_t i = 0; i < *n; i++) {
    if (list[i] == id) return i;
  }
  list[*n] = id;
  return (*n)++;
}

/* A leaf of the new body for a node that does not depend on the component. */
static rp_node_id lifted_leaf(scan *s, minimal *m, rp_node_id id, rp_node_id *sequences, rp_node_id *invariants) {
  rp_node_id known = rp_copier_get(s->inliner, id);
  if (known == RP_NONE) return RP_NONE;
  const rp_node *node = rp_graph_node(s->g, known);
  double value;
  if (rp_is_uniform(s->g, known, &value)) return rp_const(m->body.body, value);
  if (node->op == RP_OP_BROADCAST) known = node->in[0];
  if (rp_length(s->g, known) == 1) {
    return rp_invariant(m->body.body, find_or_add(invariants, &m->body.n_invariant, known));
  }
  return rp_step(m->body.body, find_or_add(sequences, &m->body.n_sequence, known));
}

static rp_node_id build_body(scan *s, const component *c, minimal *m, rp_node_id *sequences, rp_node_id *invariants) {
  rp_graph *body = m->body.body;
  for (rp_node_id id = 0; id < rp_graph_size(s->body->body); id++) {
    const rp_node *node = rp_graph_node(s->body->body, id);
    rp_node_id in[3];
    if (!c->inside[id]) continue;
    if (node->op == RP_OP_CARRY) {
      int32_t k = 0;
      while (c->carries[k] != node->attribute[0]) k++;
      m->map[id] = rp_carry(body, k);
      continue;
    }
    for (int32_t j = 0; j < node->n_in; j++) {
      if (m->map[node->in[j]] == RP_NONE) m->map[node->in[j]] = lifted_leaf(s, m, node->in[j], sequences, invariants);
      in[j] = m->map[node->in[j]];
    }
    m->map[id] = rp_rebuild(body, node, in);
    if (m->map[id] == RP_NONE) return RP_NONE;
  }
  for (int32_t i = 0; i < c->k; i++) m->body.next[i] = m->map[s->body->next[c->carries[i]]];
  return 0;
}

static rp_node_id intern_scan(scan *s, const component *c, const minimal *m, const rp_node_id *sequences,
                              const rp_node_id *invariants) {
  int32_t k = c->k, n_in = k + m->body.n_sequence + m->body.n_invariant;
  rp_node_id *in = malloc((size_t) n_in * sizeof *in);
  if (in == NULL) {
    rp_fail_memory(rp_graph_status(s->g), "a scan");
    return RP_NONE;
  }
  for (int32_t i = 0; i < k; i++) in[i] = s->initial[c->carries[i]];
  memcpy(in + k, sequences, (size_t) m->body.n_sequence * sizeof *in);
  memcpy(in + k + m->body.n_sequence, invariants, (size_t) m->body.n_invariant * sizeof *in);
  rp_node_id id = rp_intern(s->g, &(rp_node){.op = RP_OP_SCAN, .n = k * (s->n + 1), .in = in, .n_in = n_in,
                                             .scan = &m->body,
                                             .attribute = {s->n, k}});
  free(in);
  return id;
}

static rp_code solve_general(scan *s, const component *c) {
  rp_status *status = rp_graph_status(s->g);
  size_t size = (size_t) rp_graph_size(s->body->body);
  minimal m = {.body = {.body = rp_graph_new(), .n_carry = c->k}};
  rp_node_id id = RP_NONE, *lists = malloc(2 * (size + 1) * sizeof *lists);
  m.map = malloc((size + 1) * sizeof *m.map);
  m.body.next = malloc((size_t) c->k * sizeof *m.body.next);
  if (m.body.body == NULL || m.map == NULL || m.body.next == NULL || lists == NULL) {
    rp_fail_memory(status, "a scan");
  } else {
    for (size_t i = 0; i < size; i++) m.map[i] = RP_NONE;
    rp_node_id *sequences = lists, *invariants = lists + size + 1;
    if (build_body(s, c, &m, sequences, invariants) != RP_NONE) id = intern_scan(s, c, &m, sequences, invariants);
    const rp_status *inner = rp_graph_status(m.body.body);
    if (inner->code != RP_OK) rp_fail(status, inner->code, NULL, "%s", inner->message);
    for (int32_t i = 0; i < c->k; i++) s->states[c->carries[i]] = rp_slice(s->g, id, i * (s->n + 1), s->n + 1);
  }
  const rp_scan_body *kept = id == RP_NONE ? NULL : rp_graph_node(s->g, id)->scan;
  /* an equal scan was there, or it was folded */
  if (kept == NULL || kept->body != m.body.body) rp_scan_body_free(&m.body);
  free(m.map);
  free(lists);
  return status->code;
}
