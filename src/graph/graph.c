/* Storage of a graph: nodes in pages that never move, one hash table that finds the equal node. */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "construct.h"
#include "evaluate.h"
#include "ops.h"

enum { PAGE_BITS = 9, PAGE_NODES = 1 << PAGE_BITS, FIRST_SLOTS = 64, LARGEST_FREELY_FOLDED = 1 << 22 };

typedef struct {
  uint32_t hash;
  rp_node_id id; /* RP_NONE: empty */
} slot;

struct rp_graph {
  rp_status status;
  int32_t literal;
  rp_node **pages;
  int32_t n_pages, size;
  slot *slots;
  uint32_t n_slots; /* a power of two, at least twice the size */
  rp_arena arena;
};

static uint32_t hash_node(const rp_node *node);
static int same_node(const rp_node *a, const rp_node *b);
static rp_node_id append(rp_graph *g, const rp_node *prototype, uint32_t hash);
static int can_fold(const rp_graph *g, const rp_node *node);
static rp_node_id fold(rp_graph *g, const rp_node *node);

rp_graph *rp_graph_new(void) {
  rp_graph *g = calloc(1, sizeof *g);
  if (g == NULL) return NULL;
  rp_status_clear(&g->status);
  g->slots = malloc(FIRST_SLOTS * sizeof *g->slots);
  if (g->slots == NULL) {
    free(g);
    return NULL;
  }
  g->n_slots = FIRST_SLOTS;
  for (uint32_t i = 0; i < FIRST_SLOTS; i++) g->slots[i].id = RP_NONE;
  return g;
}

void rp_graph_free(rp_graph *g) {
  if (g == NULL) return;
  for (rp_node_id id = 0; id < g->size; id++) {
    const rp_node *node = rp_graph_node(g, id);
    if (node->scan == NULL) continue;
    rp_graph_free(node->scan->body);
    free(node->scan->next);
  }
  for (int32_t page = 0; page < g->n_pages; page++) free(g->pages[page]);
  free(g->pages);
  free(g->slots);
  rp_arena_free(&g->arena);
  free(g);
}

void rp_graph_set_literal(rp_graph *g) { g->literal = 1; }
int rp_graph_is_literal(const rp_graph *g) { return g->literal; }
rp_status *rp_graph_status(rp_graph *g) { return &g->status; }

int32_t rp_graph_size(const rp_graph *g) { return g->size; }

const rp_node *rp_graph_node(const rp_graph *g, rp_node_id id) {
  return &g->pages[id >> PAGE_BITS][id & (PAGE_NODES - 1)];
}

int rp_is_const(const rp_graph *g, rp_node_id id) { return id != RP_NONE && rp_graph_node(g, id)->op == RP_OP_CONST; }

int rp_is_value(const rp_graph *g, rp_node_id id, double value) {
  double uniform;
  return rp_is_uniform(g, id, &uniform) && uniform == value;
}

int rp_is_uniform(const rp_graph *g, rp_node_id id, double *value) {
  if (!rp_is_const(g, id)) return 0;
  const rp_node *node = rp_graph_node(g, id);
  *value = node->value;
  return node->n == 1 || node->attribute[0] == 1;
}

const double *rp_const_values(const rp_node *node) { return node->n == 1 ? &node->value : node->data; }

int64_t rp_length(const rp_graph *g, rp_node_id id) { return id == RP_NONE ? 0 : rp_graph_node(g, id)->n; }

rp_node_id rp_intern(rp_graph *g, const rp_node *prototype) {
  for (int32_t k = 0; k < prototype->n_in; k++) {
    if (prototype->in[k] == RP_NONE) return RP_NONE;
  }
  if (can_fold(g, prototype)) return fold(g, prototype);
  uint32_t hash = hash_node(prototype);
  for (uint32_t i = hash & (g->n_slots - 1); g->slots[i].id != RP_NONE; i = (i + 1) & (g->n_slots - 1)) {
    if (g->slots[i].hash == hash && same_node(rp_graph_node(g, g->slots[i].id), prototype)) return g->slots[i].id;
  }
  return append(g, prototype, hash);
}

/* ---- appending ---- */

static int grow_pages(rp_graph *g) {
  if (g->size < g->n_pages * PAGE_NODES) return 1;
  if (g->n_pages >= INT32_MAX / PAGE_NODES) return 0;
  if ((g->n_pages & (g->n_pages - 1)) == 0) { /* the list of pages doubles at powers of two */
    size_t room = g->n_pages == 0 ? 1 : 2 * (size_t) g->n_pages;
    rp_node **pages = realloc(g->pages, room * sizeof *pages);
    if (pages == NULL) return 0;
    g->pages = pages;
  }
  g->pages[g->n_pages] = malloc(PAGE_NODES * sizeof(rp_node));
  if (g->pages[g->n_pages] == NULL) return 0;
  g->n_pages++;
  return 1;
}

static int grow_slots(rp_graph *g) {
  if ((uint32_t) g->size + 1 <= g->n_slots / 2) return 1;
  if (g->n_slots >= UINT32_C(1) << 31) return 0;
  uint32_t n = 2 * g->n_slots;
  slot *slots = malloc(n * sizeof *slots);
  if (slots == NULL) return 0;
  for (uint32_t i = 0; i < n; i++) slots[i].id = RP_NONE;
  for (uint32_t i = 0; i < g->n_slots; i++) {
    if (g->slots[i].id == RP_NONE) continue;
    uint32_t j = g->slots[i].hash & (n - 1);
    while (slots[j].id != RP_NONE) j = (j + 1) & (n - 1);
    slots[j] = g->slots[i];
  }
  free(g->slots);
  g->slots = slots;
  g->n_slots = n;
  return 1;
}

/* A copy of count elements in the arena; *ok is cleared when there is no memory. */
static const void *keep(rp_graph *g, const void *from, int64_t count, size_t size, int *ok) {
  if (from == NULL || count <= 0) return NULL;
  size_t alignment = size < 16 ? size : 16;
  void *to = (uint64_t) count > SIZE_MAX / size ? NULL : rp_arena_take(&g->arena, (size_t) count * size, alignment);
  if (to == NULL) {
    *ok = 0;
    return NULL;
  }
  return memcpy(to, from, (size_t) count * size);
}

static int is_uniform(const double *x, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    if (memcmp(&x[i], &x[0], sizeof *x) != 0) return 0;
  }
  return n > 0;
}

static rp_node_id append(rp_graph *g, const rp_node *prototype, uint32_t hash) {
  int ok = grow_pages(g) && grow_slots(g);
  rp_node node = *prototype;
  if (ok) {
    node.in = keep(g, prototype->in, prototype->n_in, sizeof *node.in, &ok);
    node.index = keep(g, prototype->index, prototype->n_index, sizeof *node.index, &ok);
    node.scan = keep(g, prototype->scan, 1, sizeof *node.scan, &ok);
  }
  if (ok && node.op == RP_OP_CONST && node.n != 1) {
    node.data = keep(g, prototype->data, prototype->n, sizeof *node.data, &ok);
    node.attribute[0] = node.data != NULL && is_uniform(node.data, node.n);
    node.value = node.data != NULL ? node.data[0] : 0;
  }
  if (!ok) {
    rp_fail_memory(&g->status, "a node of the graph");
    return RP_NONE;
  }
  rp_node_id id = g->size++;
  g->pages[id >> PAGE_BITS][id & (PAGE_NODES - 1)] = node;
  uint32_t i = hash & (g->n_slots - 1);
  while (g->slots[i].id != RP_NONE) i = (i + 1) & (g->n_slots - 1);
  g->slots[i] = (slot){hash, id};
  return id;
}

/* ---- equality ---- */

static uint64_t mix(uint64_t h, uint64_t word) {
  h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
  return h ^ (h >> 29);
}

static uint64_t mix_bytes(uint64_t h, const void *from, size_t size) {
  const unsigned char *p = from;
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    h = mix(h, word);
  }
  uint64_t rest = 0;
  if (size > 0) {
    memcpy(&rest, p, size);
    h = mix(h, rest);
  }
  return h;
}

static uint32_t hash_node(const rp_node *node) {
  uint64_t h = mix((uint64_t) node->op, (uint64_t) node->n);
  if (node->n_in > 0) h = mix_bytes(h, node->in, (size_t) node->n_in * sizeof *node->in);
  if (node->op == RP_OP_CONST) {
    h = node->n == 1 ? mix_bytes(h, &node->value, sizeof node->value)
                     : node->n > 1 ? mix_bytes(h, node->data, (size_t) node->n * sizeof *node->data) : h;
  } else {
    int n_attributes = rp_op_n_attributes(node->op);
    for (int k = 0; k < n_attributes; k++) h = mix(h, (uint64_t) node->attribute[k]);
    if (rp_op_has_index(node->op) && node->n_index > 0) {
      h = mix_bytes(h, node->index, (size_t) node->n_index * sizeof *node->index);
    }
  }
  return (uint32_t) (h ^ (h >> 32));
}

static int same_bytes(const void *a, const void *b, int64_t count, size_t size) {
  return a == b || count <= 0 || memcmp(a, b, (size_t) count * size) == 0;
}

static int same_body(const rp_scan_body *a, const rp_scan_body *b) {
  if (a == b) return 1;
  if (a == NULL || b == NULL || a->n_carry != b->n_carry || a->n_sequence != b->n_sequence ||
      a->n_invariant != b->n_invariant || a->body->size != b->body->size ||
      !same_bytes(a->next, b->next, a->n_carry, sizeof *a->next)) return 0;
  for (rp_node_id id = 0; id < a->body->size; id++) {
    if (!same_node(rp_graph_node(a->body, id), rp_graph_node(b->body, id))) return 0;
  }
  return 1;
}

static int same_node(const rp_node *a, const rp_node *b) {
  if (a->op != b->op || a->n != b->n || a->n_in != b->n_in || a->sampler != b->sampler) return 0;
  if (!same_bytes(a->in, b->in, a->n_in, sizeof *a->in)) return 0;
  if (a->op == RP_OP_CONST) {
    return a->n == 1 ? memcmp(&a->value, &b->value, sizeof a->value) == 0
                     : same_bytes(a->data, b->data, a->n, sizeof *a->data);
  }
  if (a->n_index != b->n_index || !same_bytes(a->index, b->index, a->n_index, sizeof *a->index)) return 0;
  for (int k = 0; k < rp_op_n_attributes(a->op); k++) {
    if (a->attribute[k] != b->attribute[k]) return 0;
  }
  return same_body(a->scan, b->scan);
}

/* ---- folding ---- */

/* A constant much larger than what it is made from stays an operation: folding saves time, not memory. */
static int can_fold(const rp_graph *g, const rp_node *node) {
  int64_t n_inputs = 0;
  if (node->n_in == 0 || node->op == RP_OP_RANDOM) return 0;
  for (int32_t k = 0; k < node->n_in; k++) {
    if (!rp_is_const(g, node->in[k])) return 0;
    n_inputs += rp_length(g, node->in[k]);
  }
  return node->n <= LARGEST_FREELY_FOLDED || node->n / 4 <= n_inputs;
}

static rp_node_id fold(rp_graph *g, const rp_node *node) {
  enum { FEW = 4 };
  const double *few[FEW], **inputs = few;
  int64_t few_lengths[FEW], *lengths = few_lengths;
  double one, *out = &one;
  rp_node_id id = RP_NONE;
  if (node->n_in > FEW) {
    inputs = malloc((size_t) node->n_in * sizeof *inputs);
    lengths = malloc((size_t) node->n_in * sizeof *lengths);
  }
  if (node->n != 1) out = malloc(((size_t) node->n + 1) * sizeof *out);
  if (inputs == NULL || lengths == NULL || out == NULL) {
    rp_fail_memory(&g->status, "a folded constant");
  } else {
    for (int32_t k = 0; k < node->n_in; k++) {
      const rp_node *input = rp_graph_node(g, node->in[k]);
      inputs[k] = rp_const_values(input);
      lengths[k] = input->n;
    }
    rp_code code = rp_evaluate_node(node, inputs, lengths, out, (rp_random_key){0, 0, 0}, NULL, &g->status);
    if (code == RP_OK) id = rp_data(g, out, node->n);
  }
  if (inputs != few) free(inputs);
  if (lengths != few_lengths) free(lengths);
  if (out != &one) free(out);
  return id;
}
