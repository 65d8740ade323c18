#include "elbo_expectation.h"

#include <stdlib.h>

#include "../core/pool.h"
#include "../graph/shorthand.h"

/* A sum is taken apart into at most this many terms, and nested linear functions this deep. */
enum { MOST_TERMS = 100000, DEEPEST = 32 };

/* scale * sum of weights * node; weights NULL: all 1. */
typedef struct {
  rp_node_id node;
  double scale;
  const double *weights;
} rp_term;

typedef struct {
  rp_graph *to;
  const rp_graph *from;
  rp_copier *copier;
  const rp_moments *moments;
  rp_pool *pool;
  rp_term *stack;
  int64_t n_stack, room, n_taken;
  rp_node_id sum;
} rp_splitter;

/* Element i is slope[i] * (element position[i] of the vector) + shift[i]. */
typedef struct {
  int64_t n;
  int32_t *position;
  double *slope, *shift;
} rp_linear;

static void push(rp_splitter *s, rp_node_id node, double scale, const double *weights);
static int take_apart(rp_splitter *s, rp_term term);
static int take_expectation(rp_splitter *s, rp_term term);
static void take_as_it_is(rp_splitter *s, rp_term term);
static int linear(const rp_splitter *s, rp_node_id id, rp_linear *out, int depth);

rp_node_id rp_expectation(rp_graph *to, const rp_graph *from, rp_node_id log_density, rp_copier *copier,
                          const rp_moments *moments) {
  rp_splitter s = {.to = to, .from = from, .copier = copier, .moments = moments, .pool = rp_pool_new()};
  s.sum = rp_const(to, 0);
  if (s.pool) push(&s, log_density, 1, NULL);
  else rp_fail_memory(rp_graph_status(to), "the terms of the ELBO");
  while (s.n_stack > 0 && rp_graph_status(to)->code == RP_OK) {
    rp_term term = s.stack[--s.n_stack];
    if (++s.n_taken > MOST_TERMS || (!take_apart(&s, term) && !take_expectation(&s, term))) take_as_it_is(&s, term);
  }
  free(s.stack);
  rp_pool_free(s.pool);
  return s.sum;
}

/* ---- sums ---- */

static void push(rp_splitter *s, rp_node_id node, double scale, const double *weights) {
  if (s->n_stack == s->room) {
    s->room = 2 * s->room + 64;
    rp_term *larger = realloc(s->stack, (size_t) s->room * sizeof *larger);
    if (!larger) {
      rp_fail_memory(rp_graph_status(s->to), "the terms of the ELBO");
      return;
    }
    s->stack = larger;
  }
  s->stack[s->n_stack++] = (rp_term){node, scale, weights};
}

static double total(const double *weights, int64_t n) {
  double sum = 0;
  if (!weights) return (double) n;
  for (int64_t i = 0; i < n; i++) sum += weights[i];
  return sum;
}

/* One input of an elementwise node of n elements: a scalar counts for all of them. */
static void push_input(rp_splitter *s, rp_term term, rp_node_id input, int64_t n, double sign) {
  if (n > 1 && rp_size_of(s->from, input) == 1) push(s, input, sign * term.scale * total(term.weights, n), NULL);
  else push(s, input, sign * term.scale, term.weights);
}

/* The term times, or divided by, a constant. */
static int push_scaled(rp_splitter *s, rp_term term, rp_node_id input, rp_node_id constant, int64_t n, int divide) {
  const double *values = rp_values_of(s->from, constant);
  if (!values) return 0;
  const int64_t n_values = rp_size_of(s->from, constant);
  if (n_values == 1) {
    term.scale *= divide ? 1 / values[0] : values[0];
    push_input(s, term, input, n, 1);
    return 1;
  }
  double *weights = rp_pool_array(s->pool, n, sizeof *weights);
  if (!weights) {
    rp_fail_memory(rp_graph_status(s->to), "the terms of the ELBO");
    return 1;
  }
  for (int64_t i = 0; i < n; i++) {
    weights[i] = (term.weights ? term.weights[i] : 1) * (divide ? 1 / values[i] : values[i]);
  }
  term.weights = weights;
  push_input(s, term, input, n, 1);
  return 1;
}

static int take_apart(rp_splitter *s, rp_term term) {
  const rp_node *node = rp_graph_node(s->from, term.node);
  const rp_node_id a = node->n_in > 0 ? node->in[0] : RP_NONE, b = node->n_in > 1 ? node->in[1] : RP_NONE;
  switch (node->op) {
    case RP_OP_ADD:
    case RP_OP_SUB:
      push_input(s, term, a, node->n, 1);
      push_input(s, term, b, node->n, node->op == RP_OP_ADD ? 1 : -1);
      return 1;
    case RP_OP_NEG: push(s, a, -term.scale, term.weights); return 1;
    case RP_OP_SUM: push(s, a, term.scale, NULL); return 1;
    case RP_OP_MUL: return push_scaled(s, term, b, a, node->n, 0) || push_scaled(s, term, a, b, node->n, 0);
    case RP_OP_DIV: return push_scaled(s, term, a, b, node->n, 1);
    default: return 0;
  }
}

static void take_as_it_is(rp_splitter *s, rp_term term) {
  rp_node_id x = rp_copier_get(s->copier, term.node);
  if (term.weights) x = rp_mul(s->to, rp_data(s->to, term.weights, rp_size_of(s->from, term.node)), x);
  s->sum = rp_add(s->to, s->sum, rp_times(s->to, term.scale, rp_sum(s->to, x)));
}

/* ---- expectations ---- */

/* Elements of the moments at these positions. */
static rp_node_id at(const rp_splitter *s, rp_node_id moment, const rp_linear *x) {
  int64_t run = 1;
  while (run < x->n && x->position[run] == x->position[0] + run) run++;
  if (run == x->n) return rp_slice(s->to, moment, x->position[0], x->n);
  return rp_gather(s->to, moment, x->position, x->n);
}

/* E(a z + b) = a mean + b; E(a z + b)^2 = (a mean + b)^2 + a^2 variance. */
static int take_expectation(rp_splitter *s, rp_term term) {
  const rp_node *node = rp_graph_node(s->from, term.node);
  const int squared = node->op == RP_OP_SQUARE;
  rp_linear x;
  if (!linear(s, squared ? node->in[0] : term.node, &x, 0)) return 0;
  rp_graph *g = s->to;
  rp_node_id slope = rp_data(g, x.slope, x.n), mean = at(s, s->moments->mean, &x);
  rp_node_id value = rp_add(g, rp_mul(g, slope, mean), rp_data(g, x.shift, x.n));
  if (squared) {
    rp_node_id spread = rp_mul(g, rp_square(g, slope), at(s, s->moments->variance, &x));
    value = rp_add(g, rp_square(g, value), spread);
  }
  if (term.weights) value = rp_mul(g, rp_data(g, term.weights, x.n), value);
  s->sum = rp_add(g, s->sum, rp_times(g, term.scale, rp_sum(g, value)));
  return 1;
}

static int new_linear(const rp_splitter *s, int64_t n, rp_linear *out) {
  *out = (rp_linear){.n = n,
                     .position = rp_pool_array(s->pool, n, sizeof *out->position),
                     .slope = rp_pool_array(s->pool, n, sizeof *out->slope),
                     .shift = rp_pool_array(s->pool, n, sizeof *out->shift)};
  return out->position && out->slope && out->shift;
}

/* Elements index[i], or first + i when index is NULL, or the only one, of x. */
static int rearranged(const rp_splitter *s, const rp_linear *x, const int32_t *index, int64_t first, int64_t n,
                      rp_linear *out) {
  if (!new_linear(s, n, out)) return 0;
  for (int64_t i = 0; i < n; i++) {
    const int64_t from = x->n == 1 ? 0 : index ? index[i] : first + i;
    out->position[i] = x->position[from];
    out->slope[i] = x->slope[from];
    out->shift[i] = x->shift[from];
  }
  return 1;
}

static int linear_leaf(const rp_splitter *s, int64_t first, int64_t n, rp_linear *out) {
  for (int64_t i = 0; i < n; i++)
    if (first + i >= s->moments->dim || !s->moments->known[first + i]) return 0;
  if (!new_linear(s, n, out)) return 0;
  for (int64_t i = 0; i < n; i++) {
    out->position[i] = (int32_t) (first + i);
    out->slope[i] = 1;
  }
  return 1;
}

/* x times scale + sign * shift, where one of the two constants is NULL. */
static void transform(rp_linear *x, const double *scale, int64_t n_scale, int divide, const double *shift,
                      int64_t n_shift, double sign) {
  for (int64_t i = 0; i < x->n; i++) {
    if (scale) {
      const double by = divide ? 1 / scale[n_scale == 1 ? 0 : i] : scale[n_scale == 1 ? 0 : i];
      x->slope[i] *= by;
      x->shift[i] *= by;
    }
    if (shift) x->shift[i] += sign * shift[n_shift == 1 ? 0 : i];
  }
}

/* Is the node linear in one element of the vector, element by element? */
static int linear(const rp_splitter *s, rp_node_id id, rp_linear *out, int depth) {
  const rp_node *node = rp_graph_node(s->from, id);
  if (depth > DEEPEST || node->n < 1) return 0;
  if (node->op == RP_OP_PARAM) return linear_leaf(s, node->attribute[0], node->n, out);
  if (node->n_in < 1) return 0;
  rp_node_id a = node->in[0], constant = node->n_in == 2 ? node->in[1] : RP_NONE;
  int second = 0;
  if (node->n_in == 2 && rp_values_of(s->from, a) && node->op != RP_OP_DIV) {
    constant = a;
    a = node->in[1];
    second = 1;
  }
  const double *values = rp_values_of(s->from, constant);
  const int takes_constant =
      node->op == RP_OP_ADD || node->op == RP_OP_SUB || node->op == RP_OP_MUL || node->op == RP_OP_DIV;
  if (takes_constant ? !values : node->op != RP_OP_NEG && node->op != RP_OP_SLICE && node->op != RP_OP_GATHER) return 0;
  rp_linear x;
  if (!linear(s, a, &x, depth + 1)) return 0;
  const int32_t *index = node->op == RP_OP_GATHER ? node->index : NULL;
  if (!rearranged(s, &x, index, node->op == RP_OP_SLICE ? node->attribute[0] : 0, node->n, out)) return 0;
  const int64_t n_values = takes_constant ? rp_size_of(s->from, constant) : 0;
  const double minus = -1;
  switch (node->op) {
    case RP_OP_NEG: transform(out, &minus, 1, 0, NULL, 0, 0); break;
    case RP_OP_ADD: transform(out, NULL, 0, 0, values, n_values, 1); break;
    case RP_OP_SUB:
      if (second) transform(out, &minus, 1, 0, NULL, 0, 0);
      transform(out, NULL, 0, 0, values, n_values, second ? 1 : -1);
      break;
    case RP_OP_MUL: transform(out, values, n_values, 0, NULL, 0, 0); break;
    case RP_OP_DIV: transform(out, values, n_values, 1, NULL, 0, 0); break;
    default: break;
  }
  return 1;
}
