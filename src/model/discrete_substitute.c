/* Other values in place of the leaves of summed-out sites, within one graph. */
#include <stdlib.h>
#include <string.h>

#include "../graph/construct.h"
#include "discrete_parts.h"

struct rp_substitution {
  rp_run *run;
  const rp_node_id *values;
  rp_node_id *map;
  uint32_t *stamp, now; /* map[id] holds when stamp[id] == now */
  rp_node_id *stack;
  int64_t n_map, n_stack, cap_stack;
};

static int cover(rp_substitution *s, int64_t size);
static int push(rp_substitution *s, rp_node_id id);
static int is_done(const rp_substitution *s, rp_node_id id);
static rp_node_id target(const rp_substitution *s, rp_node_id id);
static rp_node_id rebuild(rp_substitution *s, rp_node_id id);

rp_substitution *rp_substitution_new(rp_run *run) {
  rp_substitution *s = calloc(1, sizeof *s);
  if (s) s->run = run;
  return s;
}

void rp_substitution_free(rp_substitution *s) {
  if (!s) return;
  free(s->map);
  free(s->stamp);
  free(s->stack);
  free(s);
}

void rp_substitution_begin(rp_substitution *s, const rp_node_id *values) {
  s->values = values;
  s->now++;
}

rp_node_id rp_substitution_get(rp_substitution *s, rp_node_id wanted) {
  rp_graph *g = s->run->graph;
  if (wanted == RP_NONE || !rp_discrete_touches(s->run, wanted)) return wanted;
  int ok = cover(s, (int64_t) wanted + 1) && push(s, wanted);
  while (ok && s->n_stack > 0) {
    rp_node_id id = s->stack[s->n_stack - 1];
    int64_t before = s->n_stack;
    const rp_node *node = rp_graph_node(g, id);
    for (int32_t k = 0; ok && !is_done(s, id) && k < node->n_in; k++)
      if (!is_done(s, node->in[k])) ok = push(s, node->in[k]);
    if (s->n_stack > before) continue;
    s->n_stack--;
    if (is_done(s, id)) continue;
    rp_node_id copy = rebuild(s, id);
    if (copy == RP_NONE) break;
    s->map[id] = copy;
    s->stamp[id] = s->now;
  }
  s->n_stack = 0;
  if (!ok) rp_fail_memory(s->run->status, "a copy of the model's terms");
  return ok && is_done(s, wanted) ? target(s, wanted) : RP_NONE;
}

static int is_done(const rp_substitution *s, rp_node_id id) {
  return !rp_discrete_touches(s->run, id) || s->stamp[id] == s->now;
}

static rp_node_id target(const rp_substitution *s, rp_node_id id) {
  return rp_discrete_touches(s->run, id) ? s->map[id] : id;
}

static rp_node_id rebuild(rp_substitution *s, rp_node_id id) {
  rp_graph *g = s->run->graph;
  const rp_node node = *rp_graph_node(g, id);
  if (node.op == RP_OP_SITE) return s->values[node.attribute[0]];
  rp_node_id few[8], *in = node.n_in > 8 ? malloc((size_t) node.n_in * sizeof *in) : few;
  if (!in) return rp_fail_memory(s->run->status, "a copy of the model's terms"), RP_NONE;
  for (int32_t k = 0; k < node.n_in; k++) in[k] = target(s, node.in[k]);
  rp_node_id copy = rp_rebuild(g, &node, in);
  if (in != few) free(in);
  return copy;
}

static int cover(rp_substitution *s, int64_t size) {
  if (size <= s->n_map) return 1;
  rp_node_id *map = realloc(s->map, (size_t) size * sizeof *map);
  if (map) s->map = map;
  uint32_t *stamp = realloc(s->stamp, (size_t) size * sizeof *stamp);
  if (stamp) s->stamp = stamp;
  if (!map || !stamp) return 0;
  memset(stamp + s->n_map, 0, (size_t) (size - s->n_map) * sizeof *stamp);
  s->n_map = size;
  return 1;
}

static int push(rp_substitution *s, rp_node_id id) {
  if (s->n_stack == s->cap_stack) {
    int64_t cap = s->cap_stack ? 2 * s->cap_stack : 256;
    rp_node_id *stack = realloc(s->stack, (size_t) cap * sizeof *stack);
    if (!stack) return 0;
    s->stack = stack;
    s->cap_stack = cap;
  }
  s->stack[s->n_stack++] = id;
  return 1;
}
