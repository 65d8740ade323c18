#include "elbo.h"

#include <stdlib.h>

#include "../core/random_normals.h"
#include "../graph/shorthand.h"
#include "elbo_expectation.h"

/* Where the elements of the unconstrained vector are: element `at` of block `block`, and in the blocks joined. */
typedef struct {
  int32_t *block, *joined;
  int64_t *at;
} rp_places;

typedef struct {
  const rp_places *places;
  const rp_node_id *z; /* of each block */
  rp_node_id joined;
} rp_substitution;

static rp_code find_places(rp_places *places, int64_t dim, const rp_guide_block *blocks, int32_t n_blocks,
                           rp_status *status);
static rp_node_id build_guide(rp_elbo *elbo, const rp_guide_block *blocks, int32_t n_blocks, rp_elbo_kind kind,
                              rp_node_id *z);
static rp_node_id expected_density(rp_elbo *elbo, const rp_graph *model, rp_node_id log_density, int64_t dim,
                                   const rp_places *places, const rp_guide_block *blocks, int32_t n_blocks,
                                   rp_copier *copier);
static rp_node_id replace_leaf(void *context, rp_graph *to, const rp_node *leaf);
static void standard_normals(rp_random *stream, const double *const *arguments, int64_t n, double *out);

rp_code rp_elbo_build(rp_elbo *elbo, const rp_graph *model, rp_node_id log_density, int64_t dim,
                      const rp_guide_block *blocks, int32_t n_blocks, rp_elbo_kind kind, rp_status *status) {
  *elbo = (rp_elbo){.z = RP_NONE, .elbo = RP_NONE, .stopped = kind == RP_ELBO_PATH};
  rp_places places = {0};
  rp_code code = find_places(&places, dim, blocks, n_blocks, status);
  elbo->graph = code == RP_OK ? rp_graph_new() : NULL;
  rp_node_id *z = malloc(((size_t) n_blocks + 1) * sizeof *z);
  if (code == RP_OK && (!elbo->graph || !z)) code = rp_fail_memory(status, "the ELBO");
  rp_copier *copier = NULL;
  rp_substitution substitution = {.places = &places, .z = z};
  if (code == RP_OK) {
    rp_graph *g = elbo->graph;
    rp_node_id log_guide = build_guide(elbo, blocks, n_blocks, kind, z);
    substitution.joined = rp_concat(g, z, n_blocks);
    elbo->z = rp_gather(g, substitution.joined, places.joined, dim);
    copier = rp_copier_new(model, g, replace_leaf, &substitution);
    if (!copier) code = rp_fail_memory(status, "the ELBO");
    rp_node_id value = RP_NONE;
    if (copier && kind == RP_ELBO_ANALYTIC)
      value = expected_density(elbo, model, log_density, dim, &places, blocks, n_blocks, copier);
    else if (copier) value = rp_copier_get(copier, log_density);
    elbo->elbo = rp_sub(g, value, log_guide);
    const rp_status *failed = rp_graph_status(g);
    if (failed->code != RP_OK) code = rp_fail(status, failed->code, failed->site, "%s", failed->message);
  }
  if (copier) rp_copier_free(copier);
  free(z);
  free(places.block);
  free(places.joined);
  free(places.at);
  return code;
}

void rp_elbo_clear(rp_elbo *elbo) {
  rp_graph_free(elbo->graph);
  elbo->graph = NULL;
}

/* ---- blocks ---- */

static rp_code find_places(rp_places *places, int64_t dim, const rp_guide_block *blocks, int32_t n_blocks,
                           rp_status *status) {
  size_t n = (size_t) dim + 1;
  places->block = malloc(n * sizeof *places->block);
  places->joined = malloc(n * sizeof *places->joined);
  places->at = malloc(n * sizeof *places->at);
  if (dim > INT32_MAX || !places->block || !places->joined || !places->at) return rp_fail_memory(status, "the ELBO");
  for (int64_t i = 0; i < dim; i++) places->block[i] = -1;
  int64_t joined = 0;
  for (int32_t b = 0; b < n_blocks; b++) {
    for (int64_t k = 0; k < blocks[b].n; k++) {
      int64_t position = blocks[b].index ? blocks[b].index[k] : k;
      if (position < 0 || position >= dim || places->block[position] >= 0) {
        return rp_fail(status, RP_BAD_ARGUMENT, NULL, "unconstrained parameter %lld is in %s of the guide's blocks",
                       (long long) (position + 1), position < 0 || position >= dim ? "no model but one" : "two");
      }
      places->block[position] = b;
      places->at[position] = k;
      places->joined[position] = (int32_t) joined++;
    }
  }
  for (int64_t i = 0; i < dim; i++) {
    if (places->block[i] >= 0) continue;
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "unconstrained parameter %lld is in none of the guide's blocks",
                   (long long) (i + 1));
  }
  return RP_OK;
}

/* ---- the guide ---- */

/* Draws of all blocks into z; returns the guide's log density there, or minus its entropy. */
static rp_node_id build_guide(rp_elbo *elbo, const rp_guide_block *blocks, int32_t n_blocks, rp_elbo_kind kind,
                              rp_node_id *z) {
  rp_graph *g = elbo->graph;
  int64_t total = 0;
  for (int32_t b = 0; b < n_blocks; b++) total += rp_guide_of(&blocks[b])->n_parameters(&blocks[b]);
  elbo->n_parameters = total;
  rp_node_id log_guide = rp_const(g, 0);
  int64_t offset = 0;
  for (int32_t b = 0; b < n_blocks; b++) {
    const rp_guide_block *block = &blocks[b];
    const rp_guide *guide = rp_guide_of(block);
    int64_t n = guide->n_parameters(block), n_noise = guide->n_noise(block);
    uint32_t stream = rp_random_site(".guide", (uint32_t) b);
    rp_node_id parameters = rp_param(g, offset, n);
    rp_node_id noise = n_noise > 0 ? rp_random_node(g, standard_normals, stream, NULL, NULL, 0, 1, n_noise) : RP_NONE;
    z[b] = guide->draw(g, block, parameters, noise);
    rp_node_id fixed = elbo->stopped ? rp_param(g, total + offset, n) : parameters;
    rp_node_id term;
    if (kind == RP_ELBO_ANALYTIC && guide->entropy) term = rp_neg(g, guide->entropy(g, block, parameters));
    else if (kind == RP_ELBO_PATH) term = rp_guide_path_density(g, block, fixed, parameters, noise, z[b]);
    else term = rp_guide_log_density(g, block, parameters, noise, z[b]);
    log_guide = rp_add(g, log_guide, term);
    offset += n;
  }
  return log_guide;
}

static rp_node_id expected_density(rp_elbo *elbo, const rp_graph *model, rp_node_id log_density, int64_t dim,
                                   const rp_places *places, const rp_guide_block *blocks, int32_t n_blocks,
                                   rp_copier *copier) {
  rp_graph *g = elbo->graph;
  rp_node_id *mean = malloc(((size_t) n_blocks + 1) * sizeof *mean),
             *variance = malloc(((size_t) n_blocks + 1) * sizeof *variance);
  uint8_t *known = malloc((size_t) dim + 1);
  rp_node_id value = RP_NONE;
  if (mean && variance && known) {
    int64_t offset = 0;
    for (int32_t b = 0; b < n_blocks; b++) {
      const rp_guide *guide = rp_guide_of(&blocks[b]);
      const int64_t n = guide->n_parameters(&blocks[b]);
      mean[b] = variance[b] = rp_broadcast(g, rp_const(g, 0), blocks[b].n);
      if (guide->moments) guide->moments(g, &blocks[b], rp_param(g, offset, n), &mean[b], &variance[b]);
      offset += n;
    }
    for (int64_t i = 0; i < dim; i++) known[i] = rp_guide_of(&blocks[places->block[i]])->moments != NULL;
    rp_moments moments = {.known = known, .dim = dim};
    moments.mean = rp_gather(g, rp_concat(g, mean, n_blocks), places->joined, dim);
    moments.variance = rp_gather(g, rp_concat(g, variance, n_blocks), places->joined, dim);
    value = rp_expectation(g, model, log_density, copier, &moments);
  } else {
    rp_fail_memory(rp_graph_status(g), "the ELBO");
  }
  free(mean);
  free(variance);
  free(known);
  return value;
}

static void standard_normals(rp_random *stream, const double *const *arguments, int64_t n, double *out) {
  (void) arguments;
  rp_random_normals(stream, n, out);
}

/* A slice of the model's vector: a slice of one block's draw when it lies in one piece there. */
static rp_node_id replace_leaf(void *context, rp_graph *to, const rp_node *leaf) {
  if (leaf->op != RP_OP_PARAM) return RP_NONE;
  const rp_substitution *s = context;
  int64_t first = leaf->attribute[0], n = leaf->n;
  int32_t block = n > 0 ? s->places->block[first] : 0;
  int64_t at = n > 0 ? s->places->at[first] : 0;
  int whole = 1;
  for (int64_t i = 0; i < n; i++) {
    whole = whole && s->places->block[first + i] == block && s->places->at[first + i] == at + i;
  }
  if (whole) return rp_slice(to, s->z[block], at, n);
  return rp_gather(to, s->joined, s->places->joined + first, n);
}
