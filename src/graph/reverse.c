/* Reverse mode, graph to graph.
 *
 * Contributions to a node's adjoint are either for all of its elements (added up as they come) or for a slice of them
 * (kept as pieces until the node is visited and then put together at once, so that n element reads cost O(n)). An
 * adjoint that is the constant 0 is treated as absent, as for nodes that the output does not depend on: 0 * Inf does
 * not arise. */
#include <stdlib.h>
#include <string.h>

#include "adjoint.h"
#include "construct.h"
#include "pieces.h"

struct rp_reverse {
  rp_graph *g;
  rp_node_id output, current, seed; /* seed: of the current node */
  uint8_t *wanted;   /* by id up to output: depends on what is differentiated with respect to */
  uint8_t *masked;   /* by id: rp_mask() */
  rp_node_id *whole; /* contributions to all elements; after a visit the finished adjoint */
  rp_pieces pieces;  /* contributions to some elements, by node */
  rp_node_id *views; /* the wanted PARAM and INPUT leaves */
  int32_t n_views;
  uint8_t **needed;  /* of the output, once asked for: rp_needed() when the graph had n_needed nodes */
  rp_node_id n_needed;
};

static const rp_adjoint adjoints[RP_OP_COUNT] = {
#define RP_OP(NAME, name, shape) adjoint_##NAME,
#include "ops.def"
#undef RP_OP
};

static int open_reverse(rp_reverse *r, rp_graph *g, rp_node_id output);
static void close_reverse(rp_reverse *r);
static rp_code mark_wanted(rp_reverse *r, const rp_node_id *wrt, int32_t n_wrt);
static void visit(rp_reverse *r, rp_node_id id);
static rp_node_id finish(rp_reverse *r, rp_node_id id);
static rp_node_id collect(rp_reverse *r, rp_node_id wrt);

rp_code rp_gradient(rp_graph *g, rp_node_id output, const rp_node_id *wrt, int32_t n_wrt, rp_node_id *gradient) {
  rp_status *status = rp_graph_status(g);
  rp_reverse r = {0};
  for (int32_t i = 0; i < n_wrt; i++) gradient[i] = RP_NONE;
  if (output == RP_NONE || status->code != RP_OK) return status->code;
  if (rp_length(g, output) != 1) {
    return rp_fail(status, RP_BAD_SHAPE, NULL,
                   "the derivative of an array of %lld numbers was asked for, not of one number",
                   (long long) rp_length(g, output));
  }
  if (open_reverse(&r, g, output) && mark_wanted(&r, wrt, n_wrt) == RP_OK) {
    if (r.wanted[output]) r.whole[output] = rp_const(g, 1);
    for (rp_node_id id = output; id >= 0 && status->code == RP_OK; id--) {
      if (r.wanted[id]) visit(&r, id);
    }
    for (int32_t i = 0; i < n_wrt && status->code == RP_OK; i++) gradient[i] = collect(&r, wrt[i]);
  } else {
    rp_fail_memory(status, "a gradient");
  }
  close_reverse(&r);
  return status->code;
}

rp_graph *rp_reverse_graph(rp_reverse *r) { return r->g; }

int rp_wanted(const rp_reverse *r, rp_node_id input) { return r->wanted[input]; }

/* A contribution worth adding. */
static int counts(const rp_reverse *r, rp_node_id input, rp_node_id contribution) {
  return contribution != RP_NONE && r->wanted[input] && !rp_is_value(r->g, contribution, 0);
}

/* Operations on finite numbers whose derivative is finite as well. */
static int is_tame(rp_op op) {
  switch (op) {
  case RP_OP_NEG: case RP_OP_ABS: case RP_OP_SQUARE: case RP_OP_SIN: case RP_OP_COS: case RP_OP_ATAN: case RP_OP_TANH:
  case RP_OP_ASINH: case RP_OP_SIGMOID: case RP_OP_LOG1P_EXP: case RP_OP_PNORM: case RP_OP_ADD: case RP_OP_SUB:
  case RP_OP_MAX: case RP_OP_MIN: case RP_OP_SELECT: case RP_OP_LOG_ADD_EXP: return 1;
  default: return !rp_op_is_elementwise(op);
  }
}

/* The contribution with 0 where the adjoint of the current node is 0; the mask goes on to inputs element by element. */
static rp_node_id masked(rp_reverse *r, rp_node_id input, rp_node_id contribution) {
  const rp_node *node = rp_graph_node(r->g, r->current);
  int is_view = node->op == RP_OP_SLICE || node->op == RP_OP_GATHER || node->op == RP_OP_CONCAT;
  if (is_view || (rp_op_is_elementwise(node->op) && rp_length(r->g, input) == node->n)) r->masked[input] = 1;
  if (is_tame(node->op)) return contribution;
  rp_node_id zero = rp_const(r->g, 0);
  return rp_select(r->g, rp_binary(r->g, RP_OP_EQ, r->seed, zero), zero, contribution);
}

void rp_mask(rp_reverse *r, rp_node_id input) { r->masked[input] = 1; }

void rp_accumulate(rp_reverse *r, rp_node_id input, rp_node_id contribution) {
  if (!counts(r, input, contribution)) return;
  const rp_node *node = rp_graph_node(r->g, r->current);
  if (r->masked[r->current]) contribution = masked(r, input, contribution);
  int64_t n = rp_length(r->g, input), n_contribution = rp_length(r->g, contribution);
  if (n == 1) {
    int64_t repeats = rp_op_is_elementwise(node->op) ? node->n : 1;
    contribution = n_contribution != 1 || repeats != 1 ? rp_sum_n(r->g, contribution, repeats) : contribution;
  } else if (n_contribution != 1 && n_contribution != n) {
    rp_fail(rp_graph_status(r->g), RP_BAD_SHAPE, NULL, "the adjoint of %s gives %lld numbers for an input of %lld",
            rp_op_name(node->op), (long long) n_contribution, (long long) n);
    return;
  }
  r->whole[input] = r->whole[input] == RP_NONE ? contribution : rp_add(r->g, r->whole[input], contribution);
}

void rp_accumulate_slice(rp_reverse *r, rp_node_id input, int64_t offset, int64_t n, rp_node_id contribution) {
  if (!counts(r, input, contribution) || n == 0) return;
  if (r->masked[r->current]) r->masked[input] = 1;
  int ok = rp_pieces_add(&r->pieces, input, (rp_piece){offset, n, contribution});
  if (!ok) rp_fail_memory(rp_graph_status(r->g), "a gradient");
}

void rp_no_derivative(rp_reverse *r, rp_node_id input, const char *what) {
  if (!r->wanted[input]) return;
  rp_fail(rp_graph_status(r->g), RP_UNSUPPORTED, NULL, "the derivative of %s is not available", what);
}

int rp_output_needs(rp_reverse *r, rp_node_id id) {
  if (!r->needed) {
    r->n_needed = rp_graph_size(r->g);
    r->needed = rp_needed(r->g, &r->output, 1, rp_graph_status(r->g));
  }
  return r->needed && r->needed[id] && memchr(r->needed[id], 1, (size_t) rp_length(r->g, id));
}

/* ---- the sweep ---- */

static int open_reverse(rp_reverse *r, rp_graph *g, rp_node_id output) {
  size_t size = (size_t) output + 1;
  *r = (rp_reverse){.g = g, .output = output, .current = output};
  r->wanted = calloc(size, 1);
  r->masked = calloc(size, 1);
  r->whole = malloc(size * sizeof *r->whole);
  for (size_t i = 0; r->whole != NULL && i < size; i++) r->whole[i] = RP_NONE;
  return r->wanted != NULL && r->masked != NULL && r->whole != NULL && rp_pieces_open(&r->pieces, (int32_t) size);
}

static void close_reverse(rp_reverse *r) {
  free(r->wanted);
  free(r->masked);
  free(r->whole);
  free(r->views);
  rp_needed_free(r->needed, r->n_needed);
  rp_pieces_close(&r->pieces);
}

static int is_view(rp_op op) { return op == RP_OP_PARAM || op == RP_OP_INPUT; }

/* One byte per element of the parameter (or input) vector: whether it is in wrt.  *end is the vector's length as far as
 * wrt reaches.  NULL: no memory. */
static uint8_t *elements_in(const rp_graph *g, rp_op op, const rp_node_id *wrt, int32_t n_wrt, int64_t *end) {
  *end = 0;
  for (int32_t i = 0; i < n_wrt; i++) {
    const rp_node *node = rp_graph_node(g, wrt[i]);
    if (node->op == op && node->attribute[0] + node->n > *end) *end = node->attribute[0] + node->n;
  }
  uint8_t *inside = calloc((size_t) *end + 1, 1);
  for (int32_t i = 0; inside != NULL && i < n_wrt; i++) {
    const rp_node *node = rp_graph_node(g, wrt[i]);
    if (node->op == op && node->n > 0) memset(inside + node->attribute[0], 1, (size_t) node->n);
  }
  return inside;
}

static int overlaps(const uint8_t *inside, int64_t end, const rp_node *leaf) {
  for (int64_t i = leaf->attribute[0]; i < leaf->attribute[0] + leaf->n && i < end; i++) {
    if (inside[i]) return 1;
  }
  return 0;
}

/* A PARAM leaf is wanted when it shares elements with one of wrt, whatever node that is. */
static rp_code mark_wanted(rp_reverse *r, const rp_node_id *wrt, int32_t n_wrt) {
  for (int32_t i = 0; i < n_wrt; i++) {
    if (wrt[i] < 0 || wrt[i] >= rp_graph_size(r->g)) {
      return rp_fail(rp_graph_status(r->g), RP_BAD_ARGUMENT, NULL, "node %d is not in the graph", (int) wrt[i]);
    }
    if (wrt[i] <= r->output) r->wanted[wrt[i]] = 1;
  }
  int64_t end_param, end_input;
  uint8_t *params = elements_in(r->g, RP_OP_PARAM, wrt, n_wrt, &end_param);
  uint8_t *inputs = elements_in(r->g, RP_OP_INPUT, wrt, n_wrt, &end_input);
  int ok = params != NULL && inputs != NULL;
  int32_t n_views = 0;
  for (rp_node_id id = 0; id <= r->output; id++) n_views += is_view(rp_graph_node(r->g, id)->op);
  r->views = malloc(((size_t) n_views + 1) * sizeof *r->views);
  ok = ok && r->views != NULL;
  for (rp_node_id id = 0; ok && id <= r->output; id++) {
    const rp_node *node = rp_graph_node(r->g, id);
    if (node->op == RP_OP_PARAM && overlaps(params, end_param, node)) r->wanted[id] = 1;
    if (node->op == RP_OP_INPUT && overlaps(inputs, end_input, node)) r->wanted[id] = 1;
    if (is_view(node->op) && r->wanted[id]) r->views[r->n_views++] = id;
    for (int32_t k = 0; k < node->n_in && !r->wanted[id]; k++) r->wanted[id] = r->wanted[node->in[k]];
  }
  free(params);
  free(inputs);
  return ok ? RP_OK : rp_fail_memory(rp_graph_status(r->g), "a gradient");
}

/* The finished adjoint of a node, RP_NONE when there were no contributions. */
static rp_node_id finish(rp_reverse *r, rp_node_id id) {
  rp_node_id parts = rp_pieces_join(&r->pieces, r->g, id, rp_length(r->g, id));
  if (parts != RP_NONE) r->whole[id] = r->whole[id] == RP_NONE ? parts : rp_add(r->g, r->whole[id], parts);
  return r->whole[id];
}

static int takes_scalar_seed(rp_op op) {
  return rp_op_is_elementwise(op) || op == RP_OP_SUM || op == RP_OP_SLICE || op == RP_OP_GATHER || op == RP_OP_CONCAT ||
         op == RP_OP_BROADCAST;
}

static void visit(rp_reverse *r, rp_node_id id) {
  rp_node_id seed = finish(r, id);
  if (seed == RP_NONE || rp_is_value(r->g, seed, 0)) return;
  const rp_node *node = rp_graph_node(r->g, id);
  if (!takes_scalar_seed(node->op)) seed = rp_broadcast(r->g, seed, node->n);
  r->current = id;
  r->seed = seed;
  adjoints[node->op](r, id, seed);
}

/* The adjoint of one wrt.  A PARAM collects from every PARAM leaf that overlaps it. */
static rp_node_id collect(rp_reverse *r, rp_node_id wrt) {
  rp_graph *g = r->g;
  const rp_node *node = rp_graph_node(g, wrt);
  rp_node_id total = wrt <= r->output ? r->whole[wrt] : RP_NONE;
  if (is_view(node->op)) {
    rp_pieces overlap;
    int ok = rp_pieces_open(&overlap, 1);
    for (int32_t i = 0; ok && i < r->n_views; i++) {
      rp_node_id id = r->views[i];
      const rp_node *leaf = rp_graph_node(g, id);
      if (id == wrt || leaf->op != node->op || r->whole[id] == RP_NONE) continue;
      int64_t shift = leaf->attribute[0] - node->attribute[0];
      int64_t from = shift > 0 ? shift : 0, to = shift + leaf->n < node->n ? shift + leaf->n : node->n;
      if (from >= to) continue;
      rp_node_id adjoint = rp_length(g, r->whole[id]) == 1 ? r->whole[id]
          : rp_slice(g, r->whole[id], from - shift, to - from);
      ok = rp_pieces_add(&overlap, 0, (rp_piece){from, to - from, adjoint});
    }
    if (!ok) rp_fail_memory(rp_graph_status(g), "a gradient");
    rp_node_id parts = ok ? rp_pieces_join(&overlap, g, 0, node->n) : RP_NONE;
    rp_pieces_close(&overlap);
    if (parts != RP_NONE) total = total == RP_NONE ? parts : rp_add(g, total, parts);
  }
  return total == RP_NONE ? rp_const(g, 0) : rp_broadcast(g, total, node->n);
}
