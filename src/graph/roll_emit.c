/* Groups become vector nodes and scans: see roll.h. */
#include <stdlib.h>
#include <string.h>

#include "construct.h"
#include "roll.h"
#include "scan.h"

static int emit(rp_roll *r, roll_group *group);
static rp_node_id join(rp_roll *r, const rp_node_id *ids, int64_t n);

/* ---- old nodes to new nodes ---- */

static int push(rp_roll *r, rp_node_id id) {
  if (r->n_stack == r->stack_room) {
    int64_t room = r->stack_room == 0 ? 256 : 2 * r->stack_room;
    rp_node_id *stack = realloc(r->stack, (size_t) room * sizeof *stack);
    if (stack == NULL) {
      rp_fail_memory(rp_graph_status(r->g), "rolling a loop");
      return 0;
    }
    r->stack = stack;
    r->stack_room = room;
  }
  r->stack[r->n_stack++] = id;
  return 1;
}

/* The group that computes a node by now, emitted here if it was not yet; NULL: none, or it is just being emitted, and
 * then the original node serves. */
static roll_group *group_of(rp_roll *r, rp_node_id id) {
  if (r->home[id].group < 0) return NULL;
  roll_group *group = r->group[r->home[id].group];
  if (group->state == ROLL_NEW && !emit(r, group)) return NULL;
  return group->state == ROLL_DONE && group->value[r->home[id].pack] != RP_NONE ? group : NULL;
}

static rp_node_id element(rp_roll *r, rp_node_id sequence, int64_t from, int64_t n) {
  return rp_length(r->g, sequence) == 1 ? rp_broadcast(r->g, sequence, n) : rp_slice(r->g, sequence, from, n);
}

/* The node for id when it is known without looking at inputs, else RP_NONE. */
static rp_node_id known(rp_roll *r, rp_node_id id) {
  if (id >= r->size || !r->live[id]) return id;
  roll_group *group = group_of(r, id);
  if (group != NULL) return element(r, group->value[r->home[id].pack], r->home[id].step, 1);
  return r->map[id];
}

static rp_node_id rebuild(rp_roll *r, rp_node_id id) {
  const rp_node *node = rp_graph_node(r->g, id);
  rp_node_id few[8], *in = few, new_id = id;
  int changed = 0;
  if (node->n_in > 8) in = malloc((size_t) node->n_in * sizeof *in);
  if (in == NULL) {
    rp_fail_memory(rp_graph_status(r->g), "rolling a loop");
    return RP_NONE;
  }
  if (node->op == RP_OP_CONCAT) {
    new_id = join(r, node->in, node->n_in);
  } else {
    for (int32_t k = 0; k < node->n_in; k++) {
      in[k] = known(r, node->in[k]);
      changed = changed || in[k] != node->in[k];
    }
    if (changed) new_id = rp_rebuild(r->g, node, in);
  }
  if (in != few) free(in);
  return new_id;
}

rp_node_id rp_roll_get(rp_roll *r, rp_node_id wanted) {
  int64_t base = r->n_stack;
  rp_node_id result = known(r, wanted);
  if (result != RP_NONE || !push(r, wanted)) return result;
  while (r->n_stack > base && rp_graph_status(r->g)->code == RP_OK) {
    rp_node_id id = r->stack[r->n_stack - 1];
    const rp_node *node = rp_graph_node(r->g, id);
    int64_t before = r->n_stack;
    for (int32_t k = 0; k < node->n_in; k++) {
      rp_node_id input = node->in[k];
      int is_open = input < r->size && r->live[input] && group_of(r, input) == NULL && r->map[input] == RP_NONE;
      if (is_open && !push(r, input)) return RP_NONE;
    }
    if (r->n_stack > before) continue;
    r->n_stack--;
    if (r->map[id] == RP_NONE) r->map[id] = rebuild(r, id);
  }
  r->n_stack = base;
  return known(r, wanted);
}

/* ---- lists of scalars as one array ---- */

/* A stretch of consecutive elements of one sequence, or one other node. */
typedef struct {
  rp_node_id node;
  int64_t from, n; /* from -1: the node itself */
} stretch;

static int64_t find_stretches(rp_roll *r, const rp_node_id *ids, int64_t n, stretch *out) {
  int64_t n_out = 0;
  for (int64_t i = 0; i < n; i++) {
    roll_group *group = ids[i] < r->size ? group_of(r, ids[i]) : NULL;
    if (group == NULL) {
      out[n_out++] = (stretch){rp_roll_get(r, ids[i]), -1, 1};
      continue;
    }
    rp_node_id sequence = group->value[r->home[ids[i]].pack];
    int64_t step = r->home[ids[i]].step;
    stretch *last = n_out > 0 ? &out[n_out - 1] : NULL;
    if (last != NULL && last->from >= 0 && last->node == sequence && last->from + last->n == step) last->n++;
    else out[n_out++] = (stretch){sequence, step, 1};
  }
  return n_out;
}

static rp_node_id stretch_node(rp_roll *r, stretch s) { return s.from < 0 ? s.node : element(r, s.node, s.from, s.n); }

enum { MOST_BASES = 64 };

/* Interleaved elements of a few sequences, as the rows of a matrix are, by one gather from the sequences laid one
 * after the other; RP_NONE when that is not what the stretches are. */
static rp_node_id interleaved(rp_roll *r, const stretch *part, int64_t n_parts) {
  rp_node_id base[MOST_BASES];
  int64_t begin[MOST_BASES], total = 0, n = 0, at = 0;
  int32_t n_bases = 0, *which = malloc((size_t) n_parts * sizeof *which);
  int ok = which != NULL;
  for (int64_t i = 0; ok && i < n_parts; i++) {
    int32_t b = 0;
    while (b < n_bases && base[b] != part[i].node) b++;
    ok = b < MOST_BASES && (part[i].from >= 0 || rp_length(r->g, part[i].node) == 1);
    if (ok && b == n_bases) {
      base[n_bases] = part[i].node;
      begin[n_bases++] = total;
      total += rp_length(r->g, part[i].node);
    }
    which[i] = b;
    n += part[i].n;
  }
  int32_t *index = ok && n_bases <= n_parts / 4 && total < INT32_MAX ? malloc((size_t) n * sizeof *index) : NULL;
  for (int64_t i = 0; index != NULL && i < n_parts; i++) {
    int is_scalar = rp_length(r->g, part[i].node) == 1;
    int64_t from = begin[which[i]] + (is_scalar ? 0 : part[i].from);
    for (int64_t k = 0; k < part[i].n; k++) index[at++] = (int32_t) (from + (is_scalar ? 0 : k));
  }
  rp_node_id id = index == NULL ? RP_NONE : rp_gather(r->g, rp_concat(r->g, base, n_bases), index, n);
  free(which);
  free(index);
  return id;
}

static rp_node_id join(rp_roll *r, const rp_node_id *ids, int64_t n) {
  stretch *part = malloc(((size_t) n + 1) * sizeof *part);
  if (part == NULL) {
    rp_fail_memory(rp_graph_status(r->g), "rolling a loop");
    return RP_NONE;
  }
  int64_t n_parts = find_stretches(r, ids, n, part);
  rp_node_id id = n_parts > 8 ? interleaved(r, part, n_parts) : RP_NONE;
  rp_node_id *parts = id == RP_NONE ? malloc(((size_t) n_parts + 1) * sizeof *parts) : NULL;
  if (parts != NULL) {
    for (int64_t i = 0; i < n_parts; i++) parts[i] = stretch_node(r, part[i]);
    id = rp_concat(r->g, parts, (int32_t) n_parts);
  }
  free(parts);
  free(part);
  return id;
}

/* ---- emission ---- */

/* A group as the body of a loop. */
typedef struct {
  rp_roll *r;
  roll_group *group;
  rp_graph *body;
  rp_node_id *node;     /* by pack, of the body */
  rp_node_id *outside;  /* initial values, then sequences, then invariants: n_packs places each */
  int32_t *carry;       /* packs that are carried */
  int32_t n_carry, n_sequence, n_invariant;
} loop;

static rp_node_id *initials(loop *l) { return l->outside; }
static rp_node_id *sequences(loop *l) { return l->outside + l->group->n_packs; }
static rp_node_id *invariants(loop *l) { return l->outside + 2 * l->group->n_packs; }

static rp_node_id leaf_of(loop *l, int32_t p) {
  const roll_pack *pack = &l->group->pack[p];
  rp_node_id known_as;
  switch (pack->kind) {
  case PACK_INVARIANT:
    known_as = rp_roll_get(l->r, pack->id[0]);
    if (rp_is_const(l->r->g, known_as)) return rp_const(l->body, rp_graph_node(l->r->g, known_as)->value);
    invariants(l)[l->n_invariant] = known_as;
    return rp_invariant(l->body, l->n_invariant++);
  case PACK_EXTERNAL:
    sequences(l)[l->n_sequence] = join(l->r, pack->id, l->group->n_steps);
    return rp_step(l->body, l->n_sequence++);
  default:
    initials(l)[l->n_carry] = rp_roll_get(l->r, pack->id[0]);
    l->carry[l->n_carry] = p;
    return rp_carry(l->body, l->n_carry++);
  }
}

/* Body nodes of all packs, inputs first. */
static int build_body(loop *l) {
  roll_group *group = l->group;
  int32_t *stack = malloc(((size_t) group->n_packs * 4 + 1) * sizeof *stack), n_stack = 0;
  uint8_t *opened = calloc((size_t) group->n_packs, 1);
  for (int32_t start = 0; stack != NULL && opened != NULL && start < group->n_packs; start++) {
    if (l->node[start] == RP_NONE) stack[n_stack++] = start;
    while (n_stack > 0) {
      int32_t p = stack[n_stack - 1];
      const roll_pack *pack = &group->pack[p];
      rp_node_id in[3];
      if (l->node[p] == RP_NONE && pack->kind == PACK_OPERATION && !opened[p]) {
        opened[p] = 1;
        for (int32_t k = 0; k < pack->n_in; k++) {
          if (l->node[pack->in[k]] == RP_NONE) stack[n_stack++] = pack->in[k];
        }
        continue;
      }
      n_stack--;
      if (l->node[p] != RP_NONE) continue;
      for (int32_t k = 0; k < pack->n_in; k++) in[k] = l->node[pack->in[k]];
      rp_node prototype = {.op = pack->op, .n = 1, .n_in = pack->n_in, .in = in};
      l->node[p] = pack->kind == PACK_OPERATION ? rp_rebuild(l->body, &prototype, in) : leaf_of(l, p);
      if (l->node[p] == RP_NONE) n_stack = 0;
    }
  }
  int ok = stack != NULL && opened != NULL;
  for (int32_t p = 0; ok && p < group->n_packs; p++) ok = l->node[p] != RP_NONE;
  free(stack);
  free(opened);
  return ok;
}

/* Runs the scan; states of the carries into states (n_steps + 1 each). */
static int run_scan(loop *l, rp_node_id *states) {
  rp_scan_body all = {.body = l->body, .n_carry = l->n_carry, .n_sequence = l->n_sequence,
                      .n_invariant = l->n_invariant};
  all.next = malloc((size_t) l->n_carry * sizeof *all.next);
  if (all.next == NULL) return 0;
  for (int32_t k = 0; k < l->n_carry; k++) all.next[k] = l->node[l->group->pack[l->carry[k]].in[0]];
  rp_scan_body body = rp_scan_body_copy(&all);
  free(all.next);
  if (body.body == NULL) return 0;
  return rp_scan(l->r->g, body, initials(l), sequences(l), invariants(l), l->group->n_steps, states) == RP_OK;
}

/* The sequence of every operation. */
static int make_values(loop *l, rp_node_id *previous, rp_node_id *states) {
  rp_graph *g = l->r->g;
  roll_group *group = l->group;
  int64_t n = group->n_steps;
  if (l->n_carry > 0 && !run_scan(l, states)) return 0;
  for (int32_t k = 0; k < l->n_carry; k++) previous[k] = rp_slice(g, states[k], 0, n);
  rp_leaves leaves = {previous, sequences(l), invariants(l)};
  rp_copier *inliner = rp_inliner_new(g, l->body, &leaves);
  if (inliner == NULL) return 0;
  for (int32_t k = 0; k < l->n_carry; k++) group->value[group->pack[l->carry[k]].in[0]] = rp_slice(g, states[k], 1, n);
  for (int32_t p = 0; p < group->n_packs; p++) {
    if (group->pack[p].kind != PACK_OPERATION || group->value[p] != RP_NONE) continue;
    group->value[p] = rp_copier_get(inliner, l->node[p]);
  }
  rp_copier_free(inliner);
  return rp_graph_status(g)->code == RP_OK;
}

static int emit(rp_roll *r, roll_group *group) {
  size_t n = (size_t) group->n_packs;
  loop l = {.r = r, .group = group, .body = rp_graph_new()};
  rp_node_id *room = malloc(6 * n * sizeof *room);
  l.carry = malloc(n * sizeof *l.carry);
  group->value = malloc(n * sizeof *group->value);
  group->state = ROLL_EMITTING;
  int ok = l.body != NULL && room != NULL && l.carry != NULL && group->value != NULL;
  if (ok) {
    l.node = room;
    l.outside = room + n;
    for (size_t i = 0; i < n; i++) l.node[i] = group->value[i] = RP_NONE;
    ok = build_body(&l) && make_values(&l, room + 4 * n, room + 5 * n);
  }
  if (l.body == NULL || room == NULL || l.carry == NULL || group->value == NULL) {
    rp_fail_memory(rp_graph_status(r->g), "rolling a loop");
  }
  if (ok) group->state = ROLL_DONE; /* otherwise the original nodes serve */
  rp_graph_free(l.body);
  free(room);
  free(l.carry);
  return ok;
}
