#include "guide_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/linalg_small.h"
#include "../graph/shorthand.h"

typedef struct {
  int64_t n;
  int32_t n_blocks;
  rp_guide_block *blocks;
  double **parameters; /* by block */
  int32_t *joined;     /* by coordinate: its place in the blocks joined */
  int32_t *positions;  /* the other way round */
} guide_map;

static rp_code add_block(guide_map *map, const rp_guide_block *block, const double *parameters, rp_pool *pool,
                         rp_status *status);
static rp_code dense(rp_guide_block *block, double **parameters, rp_pool *pool, rp_status *status);
static rp_code separate_groups(rp_transport *t, const guide_map *map, rp_pool *pool, rp_status *status);
static rp_node_id forward(const void *context, rp_graph *g, rp_node_id noise, rp_node_id *log_jacobian);
static rp_node_id inverse(const void *context, rp_graph *g, rp_node_id coordinates);

rp_code rp_guide_map(rp_transport *t, const rp_guide_block *blocks, int32_t n_blocks, const double *parameters,
                     int64_t n_parameters, int separate, rp_pool *pool, rp_status *status) {
  guide_map *map = rp_pool_array(pool, 1, sizeof *map);
  int64_t *groups = rp_pool_array(pool, 2, 2 * sizeof *groups), offset = 0, joined = 0, n_noise = 0;
  if (!map || !groups) return rp_fail_memory(status, "a guide's map");
  *map = (guide_map){.n = t->n};
  map->blocks = rp_pool_array(pool, n_blocks, sizeof *map->blocks);
  map->parameters = rp_pool_array(pool, n_blocks, sizeof *map->parameters);
  map->joined = rp_pool_array(pool, t->n, sizeof *map->joined);
  map->positions = rp_pool_array(pool, t->n, sizeof *map->positions);
  if (!map->blocks || !map->parameters || !map->joined || !map->positions)
    return rp_fail_memory(status, "a guide's map");
  for (int64_t i = 0; i < t->n; i++) map->joined[i] = -1;
  for (int32_t b = 0; b < n_blocks; b++) {
    const int64_t n = rp_guide_of(&blocks[b])->n_parameters(&blocks[b]);
    if (offset + n > n_parameters) return rp_fail(status, RP_BAD_SPEC, NULL, "a guide's parameters are too few");
    if (add_block(map, &blocks[b], parameters + offset, pool, status) != RP_OK) return status->code;
    offset += n;
    n_noise += rp_guide_of(&map->blocks[b])->n_noise(&map->blocks[b]);
    for (int64_t k = 0; k < blocks[b].n; k++, joined++) {
      const int64_t at = blocks[b].index[k];
      if (at < 0 || at >= t->n || map->joined[at] >= 0)
        return rp_fail(status, RP_BAD_SPEC, NULL, "a guide's blocks do not cover its coordinates once");
      map->joined[at] = (int32_t) joined;
      map->positions[joined] = (int32_t) at;
    }
  }
  if (offset != n_parameters || joined != t->n)
    return rp_fail(status, RP_BAD_SPEC, NULL, "a guide's parameters or coordinates do not fit its blocks");
  groups[1] = t->n;
  groups[3] = n_noise;
  t->n_groups = 1;
  t->first = groups;
  t->first_noise = groups + 2;
  t->context = map;
  t->forward = forward;
  t->inverse = inverse;
  if (separate) return separate_groups(t, map, pool, status);
  if (n_noise == t->n) return RP_OK;
  return rp_fail(status, RP_BAD_ARGUMENT, NULL, "a guide of which a part is a point is no one-to-one map of noise");
}

/* ---- private ---- */

static rp_code add_block(guide_map *map, const rp_guide_block *block, const double *parameters, rp_pool *pool,
                         rp_status *status) {
  const rp_guide *guide = rp_guide_of(block);
  const int64_t n = guide->n_parameters(block);
  rp_guide_block *copy = &map->blocks[map->n_blocks];
  double *numbers = rp_pool_array(pool, n, sizeof *numbers);
  int64_t *index = rp_pool_array(pool, block->n, sizeof *index);
  if (!numbers || !index) return rp_fail_memory(status, "a guide's map");
  memcpy(numbers, parameters, (size_t) n * sizeof *numbers);
  memcpy(index, block->index, (size_t) block->n * sizeof *index);
  for (int64_t i = 0; i < n; i++)
    if (!isfinite(numbers[i])) return rp_fail(status, RP_BAD_ARGUMENT, NULL, "a parameter of the guide is not finite");
  *copy = *block;
  copy->index = index; /* the structure is in the pool already */
  map->parameters[map->n_blocks] = numbers;
  if (block->kind == RP_GUIDE_LOWRANK && dense(copy, &map->parameters[map->n_blocks], pool, status) != RP_OK)
    return status->code;
  map->n_blocks++;
  if (rp_guide_of(copy)->log_jacobian) return RP_OK;
  return rp_fail(status, RP_BAD_ARGUMENT, NULL, "guide_%s() is no one-to-one map of noise", guide->name);
}

/* A low-rank guide has more noise than elements; the multivariate normal of the same covariance S (I + W W') S has as
 * many. */
static rp_code dense(rp_guide_block *block, double **parameters, rp_pool *pool, rp_status *status) {
  const int64_t n = block->n, rank = rp_guide_of(block)->n_noise(block) - n;
  const double *location = *parameters, *raw = location + n, *w = location + 2 * n;
  rp_guide_block full = *block;
  full.kind = RP_GUIDE_MVN;
  double *numbers = rp_pool_array(pool, rp_guide_of(&full)->n_parameters(&full), sizeof *numbers);
  double *root = malloc((size_t) (n * n) * sizeof *root + 1);
  if (numbers && root) {
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < n; i++) {
        double sum = i == j;
        for (int64_t k = 0; k < rank; k++) sum += w[i + n * k] * w[j + n * k];
        root[i + n * j] = sum * log1p(exp(raw[i])) * log1p(exp(raw[j]));
      }
    rp_la_cholesky(root, n, root);
    rp_guide_mvn_set(n, location, root, numbers);
    *block = full;
    *parameters = numbers;
  } else {
    rp_fail_memory(status, "a guide's map");
  }
  free(root);
  return status->code;
}

static rp_code separate_groups(rp_transport *t, const guide_map *map, rp_pool *pool, rp_status *status) {
  const rp_guide_structure *s = map->blocks[0].structure;
  if (map->n_blocks != 1 || !s) return rp_fail(status, RP_BAD_ARGUMENT, NULL, "the guide is no guide_structured()");
  int64_t *first = rp_pool_array(pool, s->n_groups + 1, 2 * sizeof *first);
  int64_t *place = rp_pool_array(pool, t->n, sizeof *place);
  if (!first || !place) return rp_fail_memory(status, "a guide's map");
  int64_t *first_noise = first + s->n_groups + 1;
  for (int32_t k = 0; k < s->n_groups; k++) {
    first[k + 1] = first[k] + s->size[k];
    first_noise[k + 1] = first_noise[k] + (s->conditional[k] == RP_CONDITIONAL_DELTA ? 0 : s->size[k]);
  }
  for (int64_t i = 0; i < t->n; i++) place[i] = map->joined[i];
  t->n_groups = s->n_groups;
  t->first = first;
  t->first_noise = first_noise;
  t->place = place;
  return RP_OK;
}

static rp_node_id forward(const void *context, rp_graph *g, rp_node_id noise, rp_node_id *log_jacobian) {
  const guide_map *map = context;
  rp_node_id *z = malloc((size_t) map->n_blocks * sizeof *z + 1), all = RP_NONE;
  *log_jacobian = rp_const(g, 0);
  int64_t offset = 0;
  for (int32_t b = 0; z && b < map->n_blocks; b++) {
    const rp_guide_block *block = &map->blocks[b];
    const rp_guide *guide = rp_guide_of(block);
    rp_node_id parameters = rp_data(g, map->parameters[b], guide->n_parameters(block));
    rp_node_id own = rp_slice(g, noise, offset, guide->n_noise(block));
    z[b] = rp_broadcast(g, guide->draw(g, block, parameters, own), block->n);
    *log_jacobian = rp_add(g, *log_jacobian, guide->log_jacobian(g, block, parameters, own));
    offset += guide->n_noise(block);
  }
  if (z) all = rp_gather(g, rp_concat(g, z, map->n_blocks), map->joined, map->n);
  else rp_fail_memory(rp_graph_status(g), "a guide's map");
  free(z);
  return all;
}

static rp_node_id inverse(const void *context, rp_graph *g, rp_node_id coordinates) {
  const guide_map *map = context;
  rp_node_id *noise = malloc((size_t) map->n_blocks * sizeof *noise + 1), all = RP_NONE;
  int64_t offset = 0;
  int known = noise != NULL;
  for (int32_t b = 0; known && b < map->n_blocks; b++) {
    const rp_guide_block *block = &map->blocks[b];
    const rp_guide *guide = rp_guide_of(block);
    rp_node_id parameters = rp_data(g, map->parameters[b], guide->n_parameters(block));
    rp_node_id own = rp_gather(g, coordinates, map->positions + offset, block->n);
    noise[b] = guide->inverse(g, block, parameters, own);
    known = noise[b] != RP_NONE;
    if (known) noise[b] = rp_broadcast(g, noise[b], guide->n_noise(block));
    offset += block->n;
  }
  if (known) all = rp_concat(g, noise, map->n_blocks);
  free(noise);
  return all;
}
