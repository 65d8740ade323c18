#include "custom.h"

#include <stdlib.h>
#include <string.h>

#include "../graph/construct.h"
#include "combinator.h"

typedef struct {
  rp_graph *g;
  const rp_custom *custom;
  rp_node_id placeholder[RP_MOST_PLACEHOLDERS];
  rp_node_id *map;   /* by node of the trace */
  uint8_t *varies;   /* by node: depends on a placeholder */
  rp_node_id *order; /* what the row needs, inputs first */
  int32_t n_order;
} instance;

static int open_instance(instance *i, rp_graph *g, const rp_custom *c, rp_node_id row);
static void close_instance(instance *i);
static int is_elementwise(const instance *i);
static rp_node_id build(instance *i, rp_node_id row);
static rp_node_id build_each(instance *i, rp_node_id row, int64_t n);

rp_node_id rp_custom_at(rp_graph *g, const rp_custom *c, rp_node_id row, rp_node_id x, const rp_node_id *arguments,
                        int64_t n) {
  instance i;
  rp_node_id result = RP_NONE;
  if (open_instance(&i, g, c, row)) {
    i.placeholder[0] = x;
    for (int32_t k = 0; k < c->n_arguments; k++) i.placeholder[1 + k] = arguments[k];
    result = is_elementwise(&i) ? build(&i, row) : build_each(&i, row, n);
  }
  close_instance(&i);
  return result;
}

/* Row of a nested distribution's argument: an instance of its own over the placeholders known so far. */
typedef struct {
  instance *instance;
  int64_t n;
} nested;

static rp_node_id nested_row(void *context, rp_node_id row) {
  const nested *of = context;
  instance inner;
  rp_node_id result = RP_NONE;
  if (open_instance(&inner, of->instance->g, of->instance->custom, row)) {
    memcpy(inner.placeholder, of->instance->placeholder, sizeof inner.placeholder);
    result = is_elementwise(&inner) ? build(&inner, row) : build_each(&inner, row, of->n);
  }
  close_instance(&inner);
  return result;
}

rp_node_id rp_custom_random(rp_graph *g, const rp_custom *c, const rp_node_id *arguments, int64_t n, uint32_t stream,
                            rp_pool *pool) {
  instance i;
  rp_node_id result = RP_NONE;
  rp_status status;
  rp_status_clear(&status);
  if (open_instance(&i, g, c, c->random)) {
    nested of = {&i, n};
    rp_resolve with = {.g = g, .row = nested_row, .context = &of, .pool = pool, .site = NULL, .status = &status};
    for (int32_t k = 0; k < c->n_arguments; k++) i.placeholder[1 + k] = arguments[k];
    for (int32_t k = 0; k < c->n_draws && status.code == RP_OK; k++) {
      rp_distribution d;
      if (rp_distribution_resolve(&d, c->draws[k], &with, n) == RP_OK)
        i.placeholder[1 + c->n_arguments + k] = rp_distribution_random(g, &d, rp_substream(stream, (uint32_t) k));
    }
    if (status.code == RP_OK) result = is_elementwise(&i) ? build(&i, c->random) : build_each(&i, c->random, n);
    else rp_fail(rp_graph_status(g), status.code, NULL, "%s", status.message);
  }
  close_instance(&i);
  return result;
}

/* ---- instances ---- */

/* Lists what the row needs; 0, with a status, when it needs a site or there is no memory. */
static int open_instance(instance *i, rp_graph *g, const rp_custom *c, rp_node_id row) {
  int32_t size = row + 1;
  memset(i, 0, sizeof *i);
  i->g = g;
  i->custom = c;
  for (int32_t k = 0; k < RP_MOST_PLACEHOLDERS; k++) i->placeholder[k] = RP_NONE;
  i->map = malloc((size_t) size * sizeof *i->map);
  i->varies = calloc((size_t) size, 1);
  i->order = malloc((size_t) size * sizeof *i->order);
  uint8_t *live = calloc((size_t) size, 1);
  if (!i->map || !i->varies || !i->order || !live) {
    free(live);
    return rp_fail_memory(rp_graph_status(g), "a family"), 0;
  }
  live[row] = 1;
  for (rp_node_id id = row; id >= 0; id--) {
    const rp_node *node = rp_graph_node(c->trace, id);
    for (int32_t k = 0; live[id] && k < node->n_in; k++) live[node->in[k]] = 1;
  }
  int ok = 1;
  for (rp_node_id id = 0; id <= row; id++) {
    const rp_node *node = rp_graph_node(c->trace, id);
    if (!live[id]) continue;
    i->order[i->n_order++] = id;
    i->varies[id] = node->op == RP_OP_PARAM;
    for (int32_t k = 0; k < node->n_in; k++) i->varies[id] |= i->varies[node->in[k]];
    ok = ok && node->op != RP_OP_SITE && (node->op != RP_OP_PARAM || (node->n == 1 &&
                                                                      node->attribute[0] < RP_MOST_PLACEHOLDERS));
  }
  free(live);
  if (!ok)
    rp_fail(rp_graph_status(g), RP_UNSUPPORTED, NULL, "%s() uses the value of a site that is none of its arguments",
            c->name);
  return ok;
}

static void close_instance(instance *i) {
  free(i->map);
  free(i->varies);
  free(i->order);
}

static int is_elementwise(const instance *i) {
  for (int32_t k = 0; k < i->n_order; k++) {
    const rp_node *node = rp_graph_node(i->custom->trace, i->order[k]);
    int picks = node->op == RP_OP_GATHER_AT && !i->varies[node->in[0]];
    if (i->varies[i->order[k]] && node->op != RP_OP_PARAM && !picks && (!rp_op_is_elementwise(node->op) ||
                                                                        node->n > 1)) return 0;
  }
  return 1;
}

static rp_node_id build(instance *i, rp_node_id row) {
  for (int32_t k = 0; k < i->n_order; k++) {
    const rp_node *node = rp_graph_node(i->custom->trace, i->order[k]);
    rp_node_id in[8], *inputs = node->n_in > 8 ? malloc((size_t) node->n_in * sizeof *inputs) : in;
    if (!inputs) return rp_fail_memory(rp_graph_status(i->g), "a family"), RP_NONE;
    for (int32_t j = 0; j < node->n_in; j++) inputs[j] = i->map[node->in[j]];
    i->map[i->order[k]] = node->op == RP_OP_PARAM ? i->placeholder[node->attribute[0]] : rp_rebuild(i->g, node, inputs);
    if (inputs != in) free(inputs);
  }
  return i->map[row];
}

/* One element after the other, for what is no elementwise formula. */
static rp_node_id build_each(instance *i, rp_node_id row, int64_t n) {
  rp_node_id whole[RP_MOST_PLACEHOLDERS], *each = malloc((size_t) n * sizeof *each), result = RP_NONE;
  if (!each) return rp_fail_memory(rp_graph_status(i->g), "a family"), RP_NONE;
  memcpy(whole, i->placeholder, sizeof whole);
  for (int64_t e = 0; e < n; e++) {
    for (int32_t k = 0; k < RP_MOST_PLACEHOLDERS; k++)
      if (whole[k] != RP_NONE && rp_length(i->g, whole[k]) > 1) i->placeholder[k] = rp_slice(i->g, whole[k], e, 1);
    each[e] = build(i, row);
  }
  result = rp_concat(i->g, each, (int32_t) n);
  free(each);
  return result;
}
