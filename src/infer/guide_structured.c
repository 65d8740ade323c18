/* Groups of elements with conditionals of their own and linear dependencies on earlier groups: z_i = location_i +
 * delta_i, delta_i = S_i L_i a_i + sum over edges (i, j) of W_ij delta_j, with S_i a diagonal of scales and L_i unit
 * lower triangular (mvn), the identity (normal), or without noise (delta). The matrices L and W are the blocks of a
 * sparse Cholesky factor of the precision. As in Pyro's AutoStructured, a function of a_i may stand for S_i L_i a_i,
 * and one of delta_j for W_ij delta_j. Parameters: locations; raw scales of the groups that have noise; below-diagonal
 * entries of L, group by group, column by column; W, edge by edge, column-major, or the function's; those of the
 * groups' functions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "guide.h"

/* Where group k is: among the elements, the noise, and the parameters. */
typedef struct {
  int64_t n, n_noise, element, noise, scales, below;
  rp_conditional conditional;
} group;

static int64_t noise_of(const rp_guide_structure *s, int32_t k) {
  return s->conditional[k] == RP_CONDITIONAL_DELTA ? 0 : s->size[k];
}

static int64_t scales_of(const rp_guide_structure *s, int32_t k) {
  return s->conditional[k] == RP_CONDITIONAL_FUNCTION ? 0 : noise_of(s, k);
}

static int64_t n_below(const rp_guide_structure *s, int32_t k) {
  return s->conditional[k] == RP_CONDITIONAL_MVN ? s->size[k] * (s->size[k] - 1) / 2 : 0;
}

static int64_t n_noise(const rp_guide_block *block) {
  int64_t n = 0;
  for (int32_t k = 0; k < block->structure->n_groups; k++) n += noise_of(block->structure, k);
  return n;
}

static int64_t n_scales(const rp_guide_block *block) {
  int64_t n = 0;
  for (int32_t k = 0; k < block->structure->n_groups; k++) n += scales_of(block->structure, k);
  return n;
}

static group group_of(const rp_guide_block *block, int32_t k) {
  const rp_guide_structure *s = block->structure;
  group at = {.n = s->size[k], .n_noise = noise_of(s, k), .scales = block->n, .conditional = s->conditional[k]};
  at.below = block->n + n_scales(block);
  for (int32_t i = 0; i < k; i++) {
    at.element += s->size[i];
    at.noise += noise_of(s, i);
    at.scales += scales_of(s, i);
    at.below += n_below(s, i);
  }
  return at;
}

/* Where the first edge's weights are. */
static int64_t first_weight(const rp_guide_block *block) {
  const rp_guide_structure *s = block->structure;
  int64_t n = block->n + n_scales(block);
  for (int32_t k = 0; k < s->n_groups; k++) n += n_below(s, k);
  return n;
}

static const rp_guide_function *group_function(const rp_guide_structure *s, int32_t k) {
  return s->group_function ? s->group_function[k] : NULL;
}

static const rp_guide_function *edge_function(const rp_guide_structure *s, int32_t e) {
  return s->edge_function ? s->edge_function[e] : NULL;
}

static int64_t n_weights(const rp_guide_structure *s, int32_t e) {
  const rp_guide_function *f = edge_function(s, e);
  return f ? f->n_parameters : s->size[s->down[e]] * s->size[s->up[e]];
}

/* Where the parameters of the function of group k are; n_groups: their end. */
static int64_t function_parameters(const rp_guide_block *block, int32_t k) {
  const rp_guide_structure *s = block->structure;
  int64_t n = first_weight(block);
  for (int32_t e = 0; e < s->n_edges; e++) n += n_weights(s, e);
  for (int32_t i = 0; i < k; i++) n += group_function(s, i) ? group_function(s, i)->n_parameters : 0;
  return n;
}

static int64_t n_parameters(const rp_guide_block *block) {
  return function_parameters(block, block->structure->n_groups);
}

static void start_function(const rp_guide_function *f, double *parameters) {
  if (f && f->n_parameters > 0) memcpy(parameters, f->start, (size_t) f->n_parameters * sizeof *parameters);
}

static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  (void) stream;
  const rp_guide_structure *s = block->structure;
  const int64_t scales = n_scales(block);
  memset(parameters, 0, (size_t) n_parameters(block) * sizeof *parameters);
  memcpy(parameters, centre, (size_t) block->n * sizeof *parameters);
  for (int64_t i = 0; i < scales; i++) parameters[block->n + i] = rp_guide_raw_scale(block);
  double *own = parameters + first_weight(block);
  for (int32_t e = 0; e < s->n_edges; own += n_weights(s, e++)) start_function(edge_function(s, e), own);
  for (int32_t k = 0; k < s->n_groups; k++)
    start_function(group_function(s, k), parameters + function_parameters(block, k));
}

/* S L of a group, n x n, applied to the columns of x. */
static rp_node_id own_matrix(rp_graph *g, const group *at, rp_node_id parameters) {
  const int64_t n = at->n;
  double *identity = calloc((size_t) (n * n), sizeof *identity);
  int32_t *place = malloc((size_t) (n * n) * sizeof *place);
  rp_node_id l = RP_NONE;
  if (identity && place) {
    int64_t count = 0;
    for (int64_t j = 0; j < n; j++) {
      identity[j * n + j] = 1;
      for (int64_t i = j + 1; i < n; i++) place[count++] = (int32_t) (j * n + i);
    }
    l = rp_data(g, identity, n * n);
    if (at->conditional == RP_CONDITIONAL_MVN && count > 0)
      l = rp_add(g, l, rp_scatter(g, rp_slice(g, parameters, at->below, count), place, n * n));
  } else {
    rp_fail_memory(rp_graph_status(g), "a guide");
  }
  free(identity);
  free(place);
  return l;
}

static rp_node_id scale(rp_graph *g, const group *at, rp_node_id parameters) {
  return rp_guide_scale(g, rp_slice(g, parameters, at->scales, at->n));
}

/* RP_NONE when there is nothing. */
static rp_node_id slice(rp_graph *g, rp_node_id from, int64_t offset, int64_t n) {
  return n > 0 ? rp_slice(g, from, offset, n) : RP_NONE;
}

/* Sum over the edges into group k of W times what `of` has for the upper group, m columns (for functions, one: its
 * delta); RP_NONE when there is none. */
static rp_node_id from_above(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, int32_t k,
                             const rp_node_id *of, int64_t m) {
  const rp_guide_structure *s = block->structure;
  int64_t offset = first_weight(block);
  rp_node_id sum = RP_NONE;
  for (int32_t e = 0; e < s->n_edges; offset += n_weights(s, e++)) {
    const int64_t rows = s->size[s->down[e]], cols = s->size[s->up[e]];
    const rp_guide_function *f = edge_function(s, e);
    rp_node_id upper = of[s->up[e]], term;
    if (s->down[e] != k || (!f && upper == RP_NONE)) continue;
    rp_node_id own = slice(g, parameters, offset, n_weights(s, e));
    if (f) term = rp_guide_function_value(g, f, own, upper == RP_NONE ? rp_const(g, 0) : upper);
    else term = rp_matmul(g, own, upper, rows, cols, m, 0, 0);
    sum = sum == RP_NONE ? term : rp_add(g, sum, term);
  }
  return sum;
}

/* The group's function of its noise. */
static rp_node_id own_function(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, int32_t k,
                               rp_node_id noise, int jacobian) {
  const rp_guide_function *f = group_function(block->structure, k);
  rp_node_id own = slice(g, parameters, function_parameters(block, k), f->n_parameters);
  return jacobian ? rp_guide_function_log_jacobian(g, f, own, noise) : rp_guide_function_value(g, f, own, noise);
}

/* A place for each group. */
static rp_node_id *by_group(rp_graph *g, const rp_guide_block *block) {
  rp_node_id *nodes = malloc((size_t) block->structure->n_groups * sizeof *nodes + 1);
  if (!nodes) rp_fail_memory(rp_graph_status(g), "a guide");
  for (int32_t k = 0; nodes && k < block->structure->n_groups; k++) nodes[k] = RP_NONE;
  return nodes;
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  const int32_t n_groups = block->structure->n_groups;
  rp_node_id *delta = by_group(g, block), z = RP_NONE;
  if (!delta) return RP_NONE;
  for (int32_t k = 0; k < n_groups; k++) {
    const group at = group_of(block, k);
    rp_node_id own = RP_NONE, above = from_above(g, block, parameters, k, delta, 1);
    if (at.n_noise > 0) {
      own = rp_slice(g, noise, at.noise, at.n);
      if (at.conditional == RP_CONDITIONAL_FUNCTION) own = own_function(g, block, parameters, k, own, 0);
      if (at.conditional == RP_CONDITIONAL_MVN && at.n > 1)
        own = rp_matmul(g, own_matrix(g, &at, parameters), own, at.n, at.n, 1, 0, 0);
      if (at.conditional != RP_CONDITIONAL_FUNCTION) own = rp_mul(g, scale(g, &at, parameters), own);
    }
    delta[k] = own == RP_NONE ? above : above == RP_NONE ? own : rp_add(g, own, above);
  }
  for (int32_t k = 0; k < n_groups; k++)
    delta[k] = rp_broadcast(g, delta[k] == RP_NONE ? rp_const(g, 0) : delta[k], block->structure->size[k]);
  z = rp_add(g, rp_slice(g, parameters, 0, block->n), rp_concat(g, delta, n_groups));
  free(delta);
  return z;
}

static rp_node_id log_jacobian(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  const rp_guide_structure *s = block->structure;
  const int64_t n = n_scales(block);
  rp_node_id sum = rp_const(g, 0);
  if (n > 0) sum = rp_sum_n(g, rp_log(g, rp_guide_scale(g, rp_slice(g, parameters, block->n, n))), n);
  for (int32_t k = 0; k < s->n_groups; k++) {
    if (!group_function(s, k)) continue;
    const group at = group_of(block, k);
    sum = rp_add(g, sum, own_function(g, block, parameters, k, rp_slice(g, noise, at.noise, at.n), 1));
  }
  return sum;
}

/* Functions of noise are not inverted. */
static rp_node_id inverse(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  const int32_t n_groups = block->structure->n_groups;
  rp_node_id *delta = by_group(g, block), *noise = by_group(g, block), all = RP_NONE;
  int32_t n = 0;
  int known = delta && noise;
  for (int32_t k = 0; k < n_groups; k++) known = known && !group_function(block->structure, k);
  for (int32_t k = 0; known && k < n_groups; k++) {
    const group at = group_of(block, k);
    delta[k] = rp_sub(g, rp_slice(g, z, at.element, at.n), rp_slice(g, parameters, at.element, at.n));
    if (at.n_noise == 0) continue;
    rp_node_id own = delta[k], above = from_above(g, block, parameters, k, delta, 1);
    if (above != RP_NONE) own = rp_sub(g, own, above);
    own = rp_div(g, own, scale(g, &at, parameters));
    if (at.conditional == RP_CONDITIONAL_MVN && at.n > 1)
      own = rp_tri_solve(g, own_matrix(g, &at, parameters), own, at.n, 1, 1, 0);
    noise[n++] = rp_broadcast(g, own, at.n);
  }
  if (known && n > 0) all = rp_concat(g, noise, n);
  free(delta);
  free(noise);
  return all;
}

/* d delta_k / d noise as matrices n_k x n_noise: their rows' squares sum to the variances. */
static void moments(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id *mean,
                    rp_node_id *variance) {
  const int32_t n_groups = block->structure->n_groups;
  const int64_t n = n_noise(block);
  rp_node_id *slope = by_group(g, block), *of = by_group(g, block);
  *mean = rp_slice(g, parameters, 0, block->n);
  *variance = rp_broadcast(g, rp_const(g, 0), block->n);
  for (int32_t k = 0; slope && of && n > 0 && k < n_groups; k++) {
    const group at = group_of(block, k);
    rp_node_id own = RP_NONE, above = from_above(g, block, parameters, k, slope, n);
    if (at.n_noise > 0) {
      own = rp_mul(g, rp_recycle(g, scale(g, &at, parameters), at.n * at.n), own_matrix(g, &at, parameters));
      const rp_node_id parts[3] = {rp_broadcast(g, rp_const(g, 0), at.noise * at.n), rp_broadcast(g, own, at.n * at.n),
                                   rp_broadcast(g, rp_const(g, 0), (n - at.noise - at.n) * at.n)};
      const int32_t skip = at.noise == 0, last = n - at.noise - at.n == 0;
      own = rp_concat(g, parts + skip, 3 - skip - last);
    }
    slope[k] = own == RP_NONE ? above : above == RP_NONE ? own : rp_add(g, own, above);
    rp_node_id ones = rp_broadcast(g, rp_const(g, 1), n);
    of[k] = slope[k] == RP_NONE ? rp_const(g, 0) : rp_matmul(g, rp_square(g, slope[k]), ones, at.n, n, 1, 0, 0);
    of[k] = rp_broadcast(g, of[k], at.n);
  }
  if (slope && of && n > 0) *variance = rp_concat(g, of, n_groups);
  free(slope);
  free(of);
}

static rp_node_id entropy(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  return rp_guide_normal_entropy(g, log_jacobian(g, block, parameters, RP_NONE), n_noise(block));
}

const rp_guide rp_guide_structured = {.name = "structured",
                                      .n_parameters = n_parameters,
                                      .n_noise = n_noise,
                                      .start = start,
                                      .draw = draw,
                                      .log_jacobian = log_jacobian,
                                      .inverse = inverse,
                                      .moments = moments,
                                      .entropy = entropy};

/* With functions: not normal, so that moments and entropy have no closed form. */
const rp_guide rp_guide_structured_functions = {.name = "structured",
                                                .n_parameters = n_parameters,
                                                .n_noise = n_noise,
                                                .start = start,
                                                .draw = draw,
                                                .log_jacobian = log_jacobian,
                                                .inverse = inverse};
