/* rp_needed(): boolean reverse mode. Elementwise operations and views pass needs on element by element, cumulative
 * sums and scans by position in time, everything else all or nothing. */
#include <stdlib.h>
#include <string.h>

#include "construct.h"

typedef struct {
  const rp_graph *g;
  uint8_t **needed;
  int ok;
} needs;

static uint8_t *array_of(needs *s, rp_node_id id) {
  if (s->needed[id] == NULL) {
    s->needed[id] = calloc((size_t) rp_length(s->g, id) + 1, 1);
    s->ok = s->ok && s->needed[id] != NULL;
  }
  return s->needed[id];
}

static void need_range(needs *s, rp_node_id id, int64_t from, int64_t to) {
  uint8_t *array = to > from ? array_of(s, id) : NULL;
  if (array != NULL) memset(array + from, 1, (size_t) (to - from));
}

static void need_all(needs *s, rp_node_id id) { need_range(s, id, 0, rp_length(s->g, id)); }

/* Element i + shift of the input for each needed element i of out[0 .. n). */
static void need_shifted(needs *s, rp_node_id id, const uint8_t *out, int64_t n, int64_t shift) {
  if (rp_length(s->g, id) == 1) {
    if (memchr(out, 1, (size_t) n) != NULL) need_all(s, id);
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    if (!out[i]) continue;
    uint8_t *array = array_of(s, id);
    if (array == NULL) return;
    array[i + shift] = 1;
  }
}

static void need_indexed(needs *s, const rp_node *node, const uint8_t *out) {
  int64_t n = node->n_index;
  uint8_t *array = array_of(s, node->in[0]);
  for (int64_t i = 0; array != NULL && i < n; i++) {
    if (node->op == RP_OP_GATHER && out[i]) array[node->index[i]] = 1;
    if (node->op == RP_OP_SCATTER && out[node->index[i]]) array[i] = 1;
  }
}

/* The first and the last needed element of out[0 .. n); 0 when none is. */
static int extent(const uint8_t *out, int64_t n, int64_t *first, int64_t *last) {
  const uint8_t *hit = n > 0 ? memchr(out, 1, (size_t) n) : NULL;
  if (hit == NULL) return 0;
  *first = hit - out;
  for (*last = n - 1; !out[*last]; --*last) { }
  return 1;
}

static void need_cumsum(needs *s, const rp_node *node, const uint8_t *out) {
  int64_t first, last;
  if (!extent(out, node->n, &first, &last)) return;
  if (node->attribute[0]) need_range(s, node->in[0], first, node->n);
  else need_range(s, node->in[0], 0, last + 1);
}

/* States up to the last needed one (from the first needed one when it runs from the end) need the steps before them. */
static void need_scan(needs *s, const rp_node *node, const uint8_t *out) {
  int64_t n = node->attribute[0], k = node->attribute[1], first = n + 1, last = -1;
  int reverse = node->op == RP_OP_AFFINE_SCAN && node->attribute[2] != 0;
  for (int64_t j = 0; j < k; j++) {
    int64_t from, to;
    if (!extent(out + j * (n + 1), n + 1, &from, &to)) continue;
    if (from < first) first = from;
    if (to > last) last = to;
  }
  for (int32_t i = 0; i < node->n_in; i++) {
    if (rp_length(s->g, node->in[i]) != n || i < k || n == 1) need_all(s, node->in[i]);
    else if (reverse) need_range(s, node->in[i], first, n);
    else need_range(s, node->in[i], 0, last);
  }
}

static void need_concat(needs *s, const rp_node *node, const uint8_t *out) {
  int64_t offset = 0;
  for (int32_t k = 0; k < node->n_in; k++) {
    int64_t n = rp_length(s->g, node->in[k]);
    if (n > 0) need_shifted(s, node->in[k], out + offset, n, 0);
    offset += n;
  }
}

/* Where the condition is known only the branch taken counts, as under a mask. */
static void need_select(needs *s, const rp_node *node, const uint8_t *out) {
  const rp_node *condition = rp_graph_node(s->g, node->in[0]);
  uint8_t *taken = calloc((size_t) node->n + 1, 1);
  s->ok = s->ok && taken != NULL;
  for (int32_t k = 1; taken != NULL && k <= 2; k++) {
    for (int64_t i = 0; i < node->n; i++) {
      const double value = condition->n == 1 ? condition->value : condition->data[i];
      taken[i] = out[i] && (k == 1 ? value != 0 : value == 0);
    }
    need_shifted(s, node->in[k], taken, node->n, 0);
  }
  free(taken);
}

static void visit(needs *s, const rp_node *node, const uint8_t *out) {
  if (memchr(out, 1, (size_t) node->n) == NULL) return;
  switch (node->op) {
  case RP_OP_SLICE: need_shifted(s, node->in[0], out, node->n, node->attribute[0]); return;
  case RP_OP_GATHER: case RP_OP_SCATTER: need_indexed(s, node, out); return;
  case RP_OP_CONCAT: need_concat(s, node, out); return;
  case RP_OP_CUMSUM: need_cumsum(s, node, out); return;
  case RP_OP_SCAN: case RP_OP_AFFINE_SCAN: need_scan(s, node, out); return;
  case RP_OP_GATHER_AT:
    need_all(s, node->in[0]);
    need_shifted(s, node->in[1], out, node->n, 0);
    return;
  case RP_OP_SELECT:
    if (rp_graph_node(s->g, node->in[0])->op == RP_OP_CONST) {
      need_select(s, node, out);
      return;
    }
    break;
  default: break;
  }
  for (int32_t k = 0; k < node->n_in; k++) {
    if (rp_op_is_elementwise(node->op)) need_shifted(s, node->in[k], out, node->n, 0);
    else need_all(s, node->in[k]);
  }
}

uint8_t **rp_needed(const rp_graph *g, const rp_node_id *roots, int32_t n_roots, rp_status *status) {
  needs s = {g, calloc((size_t) rp_graph_size(g) + 1, sizeof *s.needed), 1};
  s.ok = s.needed != NULL;
  for (int32_t i = 0; s.ok && i < n_roots; i++) {
    if (roots[i] != RP_NONE) need_all(&s, roots[i]);
  }
  for (rp_node_id id = rp_graph_size(g) - 1; s.ok && id >= 0; id--) {
    if (s.needed[id] != NULL && rp_length(g, id) > 0) visit(&s, rp_graph_node(g, id), s.needed[id]);
  }
  if (s.ok) return s.needed;
  rp_needed_free(s.needed, rp_graph_size(g));
  rp_fail_memory(status, "which elements are needed");
  return NULL;
}

void rp_needed_free(uint8_t **needed, rp_node_id n_nodes) {
  if (needed == NULL) return;
  for (rp_node_id id = 0; id < n_nodes; id++) free(needed[id]);
  free(needed);
}
