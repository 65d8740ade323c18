/* Guides that the user wrote as models: two runs of their spec, matched with the coordinates of the model. */
#include <stdlib.h>
#include <string.h>

#include "../graph/shorthand.h"
#include "ffi_guide.h"
#include "ffi_spec.h"

static rp_code check_sites(const rp_model *guide, rp_status *status);
static rp_code find_start(const rp_model *guide, rp_guide_model *made, rp_pool *pool, rp_status *status);
static rp_code join_draw(ffi_guide_made *from, rp_pool *pool, const rp_model *model,
                         const rp_guide_block *block, rp_guide_model *made, rp_status *status);
static rp_code find_leaves(ffi_guide_made *from, rp_pool *pool, const rp_model *model,
                         const rp_guide_block *block, rp_guide_model *made, rp_status *status);

rp_code ffi_guide_model(ffi_guide *out, const ffi_model *m, SEXP part, rp_guide_block *block, rp_status *status) {
  rp_model_options draws = {.n_coordinates = -1, .run = {.sampled = 1}},
                   density = {.n_coordinates = -1, .run = {.natural = 1}};
  rp_guide_model *made = rp_pool_array(out->pool, 1, sizeof *made);
  if (!made) return rp_fail_memory(status, "the guide");
  ffi_guide_made *from = &out->made[out->n_blocks];
  from->spec = ffi_spec_decode(ffi_get(part, "spec"), status);
  if (from->spec) from->draws = rp_model_build(from->spec, &draws, status);
  if (from->draws) from->density = rp_model_build(from->spec, &density, status);
  if (status->code == RP_OK && check_sites(from->draws, status) == RP_OK &&
      find_start(from->draws, made, out->pool, status) == RP_OK &&
      join_draw(from, out->pool, m->model, block, made, status) == RP_OK)
    find_leaves(from, out->pool, m->model, block, made, status);
  if (status->code != RP_OK) {
    status->statement = -1; /* statements are the guide's, not the model's */
    return status->code;
  }
  made->draw_graph = from->draws->graph;
  made->density_graph = from->density->graph;
  made->log_density = from->density->log_density;
  block->model = made;
  return RP_OK;
}

static rp_code check_sites(const rp_model *guide, rp_status *status) {
  for (int32_t i = 0; i < guide->n_sites; i++)
    if (guide->site_source[i] == RP_SOURCE_OBSERVED || guide->site_partial[i])
      return rp_fail(status, RP_BAD_ARGUMENT, guide->sites[i].name, "the guide observes this site; guides only draw");
  return RP_OK;
}

static rp_code find_start(const rp_model *guide, rp_guide_model *made, rp_pool *pool, rp_status *status) {
  double *start = rp_pool_array(pool, guide->dim, sizeof *start);
  if (!start) return rp_fail_memory(status, "the guide");
  made->n_parameters = guide->dim;
  made->start = start;
  return rp_initial_values(guide, start, NULL, 0, 0, status);
}

static const rp_site_info *find_site(const rp_model *guide, const char *name) {
  for (int32_t i = 0; i < guide->n_sites; i++)
    if (strcmp(guide->sites[i].name, name) == 0 && !guide->sites[i].learned && !guide->sites[i].factor)
      return &guide->sites[i];
  return NULL;
}

/* Coordinate c of the model: a number of an element of a site. */
static const rp_layout_site *locate(const rp_model *model, int64_t c, int64_t *event, int64_t *number) {
  const rp_layout_site *place = model->layout.sites;
  while (c >= place->offset + place->n_inferred * place->width) place++;
  const int64_t within = c - place->offset;
  *event = 0;
  while (place->rank[*event] != within / place->width) ++*event;
  *number = within % place->width;
  return place;
}

/* The block's elements, from the values of the guide's sites (in R's layout: element e of event b at b + e
 * n_events). */
static rp_code join_draw(ffi_guide_made *from, rp_pool *pool, const rp_model *model,
                         const rp_guide_block *block, rp_guide_model *made, rp_status *status) {
  rp_graph *g = from->draws->graph;
  const int32_t n_sites = from->draws->n_sites;
  rp_node_id *values = rp_pool_array(pool, n_sites, sizeof *values);
  int64_t *first = rp_pool_array(pool, n_sites + 1, sizeof *first);
  int32_t *index = rp_pool_array(pool, block->n, sizeof *index);
  if (!values || !first || !index) return rp_fail_memory(status, "the guide");
  for (int32_t i = 0; i < n_sites; i++) {
    const rp_site_info *site = &from->draws->sites[i];
    values[i] = rp_broadcast(g, site->value, site->n_events * site->event_size);
    first[i + 1] = first[i] + rp_size_of(g, values[i]);
  }
  for (int64_t k = 0; k < block->n; k++) {
    int64_t event, number;
    const rp_layout_site *place = locate(model, block->index[k], &event, &number);
    const rp_site_info *site = find_site(from->draws, place->name);
    if (!site) return rp_fail(status, RP_BAD_ARGUMENT, place->name, "the guide does not draw this site");
    const int64_t n = site->n_events * site->event_size;
    if (n != place->n_events * place->width)
      return rp_fail(status, RP_BAD_SHAPE, place->name, "the site has %lld elements, but the guide draws %lld",
                     (long long) (place->n_events * place->width), (long long) n);
    index[k] = (int32_t) (first[site - from->draws->sites] + event + number * place->n_events);
  }
  made->draw = rp_gather(g, rp_concat(g, values, n_sites), index, block->n);
  return rp_graph_status(g)->code == RP_OK ? RP_OK : (*status = *rp_graph_status(g)).code;
}

static rp_code find_leaves(ffi_guide_made *from, rp_pool *pool, const rp_model *model,
                         const rp_guide_block *block, rp_guide_model *made, rp_status *status) {
  const rp_model *guide = from->density;
  int32_t *leaf = rp_pool_array(pool, guide->dim, sizeof *leaf);
  if (!leaf) return rp_fail_memory(status, "the guide");
  for (int64_t c = 0; c < guide->dim; c++) {
    char name[256], other[256];
    rp_model_coordinate_name(guide, c, name, sizeof name);
    const int64_t n = guide->learned[c] ? made->n_parameters : block->n;
    int64_t at = 0;
    for (; at < n; at++) {
      if (guide->learned[c]) rp_model_coordinate_name(from->draws, at, other, sizeof other);
      else rp_model_coordinate_name(model, block->index[at], other, sizeof other);
      if (strcmp(name, other) == 0) break;
    }
    if (at == n)
      return rp_fail(status, RP_BAD_ARGUMENT, name, "the guide draws this site, but the model has no such latent site");
    leaf[c] = (int32_t) (guide->learned[c] ? at : made->n_parameters + at);
  }
  made->n_leaves = guide->dim;
  made->leaf = leaf;
  return RP_OK;
}
