#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discrete.h"
#include "conjugate.h"
#include "run_parts.h"

static rp_code execute(rp_run *run, const rp_spec *spec, const rp_run_options *options, const rp_layout *layout,
                       rp_pool *pool, rp_status *status);
static void clear_run(rp_run *run);
typedef void coordinate_namer(const char *site, int64_t n_events, int64_t width, int64_t event, int64_t w, char *text,
                              size_t size);
static void name_coordinate(const rp_model *model, int64_t coordinate, coordinate_namer *namer, char *text,
                            size_t size);
static rp_code take_sites(rp_model *model, rp_run *run, rp_status *status);
static rp_node_id total_density(rp_run *run);
static rp_node_id site_density(rp_run *run, const rp_site_info *site);
static rp_node_id site_log_lik(rp_run *run, const rp_site_info *site);
static rp_code take_initial(rp_model *model, rp_run *run, rp_status *status);
static rp_code take_adapted(rp_model *model, rp_run *run, rp_status *status);
static rp_code settle(rp_model *model, rp_status *status);
static void warn_unused(rp_run *run);

rp_model *rp_model_build(const rp_spec *spec, const rp_model_options *options, rp_status *status) {
  rp_model *model = calloc(1, sizeof *model);
  rp_run run = {0};
  if (model) model->pool = rp_pool_new();
  if (!model || !model->pool) {
    rp_fail_memory(status, "the model");
  } else if (execute(&run, spec, &options->run, NULL, model->pool, status) == RP_OK) {
    rp_layout_make(&run, options, &model->layout, model->pool, status);
  }
  clear_run(&run);
  if (status->code == RP_OK && execute(&run, spec, &options->run, &model->layout, model->pool, status) == RP_OK) {
    warn_unused(&run);
    model->dim = model->layout.dim;
    for (int32_t i = 0; i < options->run.n_given; i++) model->n_given += options->run.given[i].n;
    model->in_batches = run.in_batches;
    model->log_density = total_density(&run);
    if (status->code == RP_OK && rp_run_finish_sites(&run) == RP_OK && take_sites(model, &run, status) == RP_OK)
      take_initial(model, &run, status);
    if (status->code == RP_OK) take_adapted(model, &run, status);
    if (status->code == RP_OK && options->dependencies)
      rp_model_dependencies(&run, &model->layout, &model->depends, model->pool, status);
    model->n_updates = run.n_updates;
    model->updates = run.updates;
    model->graph = run.graph;
    run.graph = NULL;
  }
  clear_run(&run);
  if (status->code == RP_OK) settle(model, status);
  if (status->code == RP_OK) return model;
  rp_model_free(model);
  return NULL;
}

void rp_model_free(rp_model *model) {
  if (!model) return;
  rp_graph_free(model->graph);
  free(model->sites);
  rp_pool_free(model->pool);
  free(model);
}

void rp_model_coordinate_name(const rp_model *model, int64_t coordinate, char *text, size_t size) {
  snprintf(text, size, "?");
  name_coordinate(model, coordinate, rp_coordinate_name, text, size);
}

void rp_model_coordinate_alias(const rp_model *model, int64_t coordinate, char *text, size_t size) {
  text[0] = '\0';
  name_coordinate(model, coordinate, rp_coordinate_alias, text, size);
}

static void name_coordinate(const rp_model *model, int64_t coordinate, coordinate_namer *namer, char *text,
                            size_t size) {
  for (int32_t i = 0; i < model->layout.n; i++) {
    const rp_layout_site *place = &model->layout.sites[i];
    int64_t within = coordinate - place->offset;
    if (within < 0 || within >= place->n_inferred * place->width) continue;
    namer(place->name, place->n_events, place->width, place->inferred[within / place->width], within % place->width, text,
          size);
    return;
  }
}

/* ---- one run ---- */

static rp_code execute(rp_run *run, const rp_spec *spec, const rp_run_options *options, const rp_layout *layout,
                       rp_pool *pool, rp_status *status) {
  memset(run, 0, sizeof *run);
  run->spec = spec;
  run->options = options;
  run->layout = layout;
  run->pool = pool;
  run->status = status;
  run->graph = rp_graph_new();
  run->statement_value = rp_pool_array(pool, spec->n_statements, sizeof *run->statement_value);
  run->config_used = rp_pool_array(pool, spec->n_handlers, sizeof *run->config_used);
  if (!run->graph || !run->statement_value || !run->config_used) return rp_fail_memory(status, "the model");
  for (int32_t i = 0; i < spec->n_statements; i++) run->statement_value[i] = RP_NONE;
  for (int32_t i = 0; i < spec->n_handlers; i++) {
    run->config_used[i] = rp_pool_array(pool, spec->handlers[i].n_config, 1);
    if (!run->config_used[i]) return rp_fail_memory(status, "the model");
  }
  return rp_run_execute(run);
}

static void clear_run(rp_run *run) {
  rp_graph_free(run->graph);
  free(run->sites);
  free(run->parts);
  free(run->scopes);
  free(run->adapted);
  rp_discrete_free(run);
  memset(run, 0, sizeof *run);
}

/* An entry for a site that another entry has replaced already; 1 when it is one. */
static int warn_conflict(rp_run *run, const char *name) {
  for (int32_t s = 0; s < run->n_sites; s++) {
    const rp_site_info *site = &run->sites[s];
    if (strcmp(site->name, name) != 0 || site->recorded || site->learned || site->factor) continue;
    const char *text;
    if (site->reparameterized)
      text = rp_pool_format(
          run->pool,
          "reparam(): `%s` has two entries; %s() replaced it before the other was reached. Give the other to the "
          "auxiliary site, or both at once as a chain",
          name, site->why);
    else
      text = rp_pool_format(
          run->pool,
          "reparam(): the entry for `%s` has no effect: the site's value is set, or it is hidden or drawn "
          "directly",
          name);
    if (text) rp_run_warn(run, text);
    return 1;
  }
  return 0;
}

/* Updated sites and summed-out ones share their placeholders, so that no update is integrated out beside a sum. */
static void warn_inferred_updates(rp_run *run) {
  for (int32_t u = 0; u < run->n_updates && run->n_summed > 0; u++) {
    const char *text =
        rp_pool_format(run->pool,
                       "reparam_conjugate() gains nothing here: `%s` is inferred, because the model has discrete sites "
                       "that are summed out, beside which no other site is integrated out",
                       run->updates[u].site);
    if (text && run->updates[u].drawn == RP_NONE) rp_run_warn(run, text);
  }
}

static void warn_unused(rp_run *run) {
  const rp_run_options *o = run->options;
  if (o->simulate || o->n_given > 0 || o->natural || o->sampled) return;
  warn_inferred_updates(run);
  for (int32_t h = 0; h < run->spec->n_handlers; h++) {
    const rp_handler_spec *handler = &run->spec->handlers[h];
    for (int32_t i = 0; i < handler->n_config; i++) {
      if (run->config_used[h][i]) continue;
      char text[512];
      if (rp_run_is_natural(run, handler->config_name[i])) continue;
      if (warn_conflict(run, handler->config_name[i])) continue;
      int n = snprintf(text, sizeof text, "reparam(): no site is called `%s`; the latent sites are",
                       handler->config_name[i]);
      for (int32_t s = 0; s < run->n_sites && n > 0 && n < (int) sizeof text; s++) {
        const rp_site_info *site = &run->sites[s];
        const rp_part *part = site->first_part >= 0 ? &run->parts[site->first_part] : NULL;
        if (!part || site->recorded || site->factor || part->source == RP_SOURCE_OBSERVED) continue;
        n += snprintf(text + n, sizeof text - (size_t) n, " `%s`", site->name);
      }
      rp_run_warn(run, text);
    }
  }
}

/* ---- what the second run leaves ---- */

static rp_node_id total_density(rp_run *run) {
  rp_node_id total = rp_const(run->graph, 0);
  if (run->n_summed > 0) return rp_discrete_sum_out(run);
  for (int32_t p = 0; p < run->n_parts; p++) {
    const rp_part *part = &run->parts[p];
    if (part->term == RP_NONE || part->source == RP_SOURCE_ANCESTRAL) continue;
    total = rp_add(run->graph, total, rp_sum_n(run->graph, part->term, part->n_events));
  }
  return total;
}

static rp_node_id site_density(rp_run *run, const rp_site_info *site) {
  rp_node_id total = RP_NONE;
  for (int32_t p = site->first_part; p >= 0; p = run->parts[p].next) {
    const rp_part *part = &run->parts[p];
    if (part->term == RP_NONE) continue;
    rp_node_id term = rp_sum_n(run->graph, part->term, part->n_events);
    total = total == RP_NONE ? term : rp_add(run->graph, total, term);
  }
  return total;
}

/* The terms of the observed events, in the order of the events. */
static rp_node_id site_log_lik(rp_run *run, const rp_site_info *site) {
  rp_node_id all = RP_NONE;
  int32_t *place = malloc((size_t) (site->n_events + 1) * sizeof *place), at = 0, n = 0;
  if (!place) return rp_fail_memory(run->status, "the log likelihood"), RP_NONE;
  for (int64_t b = 0; b < site->n_events; b++) place[b] = -1;
  for (int32_t p = site->first_part; p >= 0; p = run->parts[p].next) {
    const rp_part *part = &run->parts[p];
    if (part->source != RP_SOURCE_OBSERVED || part->term == RP_NONE) continue;
    rp_node_id each = part->pointwise == RP_NONE ? part->term : part->pointwise;
    rp_node_id both[2] = {all, rp_broadcast(run->graph, each, part->n_events)};
    all = all == RP_NONE ? both[1] : rp_concat(run->graph, both, 2);
    for (int64_t i = 0; i < part->n_events; i++) place[part->events[i]] = at++;
  }
  for (int64_t b = 0; b < site->n_events; b++)
    if (place[b] >= 0) place[n++] = place[b];
  if (all != RP_NONE) all = rp_gather(run->graph, all, place, n);
  free(place);
  return all;
}

static rp_code take_sites(rp_model *model, rp_run *run, rp_status *status) {
  model->n_sites = run->n_sites;
  model->site_term = rp_pool_array(model->pool, run->n_sites, sizeof *model->site_term);
  model->site_source = rp_pool_array(model->pool, run->n_sites, sizeof *model->site_source);
  model->site_partial = rp_pool_array(model->pool, run->n_sites, 1);
  model->site_distribution = rp_pool_array(model->pool, run->n_sites, sizeof *model->site_distribution);
  model->site_log_lik = rp_pool_array(model->pool, run->n_sites, sizeof *model->site_log_lik);
  if (!model->site_term || !model->site_log_lik || !model->site_source || !model->site_partial ||
      !model->site_distribution)
    return rp_fail_memory(status, "the sites");
  for (int32_t i = 0; i < run->n_sites; i++) {
    const rp_site_info *site = &run->sites[i];
    model->site_term[i] = run->options->all_terms ? site_density(run, site) : RP_NONE;
    model->site_log_lik[i] = run->options->all_terms ? site_log_lik(run, site) : RP_NONE;
    int observed = 0, other = 0;
    for (int32_t p = site->first_part; p >= 0; p = run->parts[p].next) {
      rp_source source = run->parts[p].source;
      if (p == site->first_part || source == RP_SOURCE_LATENT || source == RP_SOURCE_SUMMED)
        model->site_source[i] = source;
      if (run->parts[p].term != RP_NONE && !model->site_distribution[i].family)
        model->site_distribution[i] = run->parts[p].dist;
      if (source == RP_SOURCE_OBSERVED) observed = 1;
      const int rest = source == RP_SOURCE_COMPUTED && !site->reparameterized; /* elements that the model computes */
      if ((source != RP_SOURCE_OBSERVED && !rest) || run->parts[p].completed) other = 1;
    }
    model->site_partial[i] = (uint8_t) (observed && other);
  }
  model->sites = run->sites;
  run->sites = NULL;
  model->n_decisions = run->n_decisions;
  model->decisions = run->decisions;
  model->n_warnings = run->n_warnings;
  memcpy(model->warnings, run->warnings, sizeof model->warnings);
  return RP_OK;
}

static rp_code take_initial(rp_model *model, rp_run *run, rp_status *status) {
  model->initial = rp_pool_array(model->pool, model->dim, sizeof *model->initial);
  model->learned = rp_pool_array(model->pool, model->dim, 1);
  if (!model->initial || !model->learned) return rp_fail_memory(status, "the initial values");
  for (int64_t k = 0; k < model->dim; k++) model->initial[k] = RP_NONE;
  model->initial_differs = -1;
  for (int32_t i = 0; i < model->n_sites; i++)
    for (int32_t p = model->sites[i].first_part; p >= 0; p = run->parts[p].next) {
      const rp_part *part = &run->parts[p];
      if (part->source != RP_SOURCE_LATENT && part->source != RP_SOURCE_LEARNED) continue;
      int64_t width = rp_graph_node(run->graph, part->unconstrained)->n / part->n_events;
      const rp_layout_site *place = model->layout.sites;
      while (strcmp(place->name, model->sites[i].name) != 0) place++;
      rp_node_id whole = part->initial == RP_NONE ? RP_NONE
                                                  : rp_broadcast(run->graph, part->initial, part->n_events * width);
      for (int64_t k = 0; k < part->n_events * width; k++) {
        int64_t at = place->offset + place->rank[part->events[k / width]] * width + k % width;
        model->learned[at] = part->source == RP_SOURCE_LEARNED;
        if (whole != RP_NONE) model->initial[at] = rp_slice(run->graph, whole, k, 1);
        if (part->initial_differs) model->initial_differs = at;
      }
    }
  return rp_graph_status(run->graph)->code == RP_OK ? RP_OK : (*status = *rp_graph_status(run->graph)).code;
}

/* The adapted elements of all blocks as four vectors. */
static rp_code take_adapted(rp_model *model, rp_run *run, rp_status *status) {
  int32_t n = run->n_adapted;
  model->n_blocks = n;
  model->n_adapted = run->n_centered;
  model->blocks = rp_pool_array(model->pool, n, sizeof *model->blocks);
  model->adapted_coordinate = rp_pool_array(model->pool, model->n_adapted, sizeof *model->adapted_coordinate);
  rp_node_id *parts = rp_pool_array(model->pool, n, 4 * sizeof *parts);
  if (!model->blocks || !model->adapted_coordinate || !parts) return rp_fail_memory(status, "the centering");
  for (int32_t b = 0; b < n; b++) {
    const rp_adapted *block = model->blocks + b;
    model->blocks[b] = run->adapted[b];
    parts[b] = rp_broadcast(run->graph, block->residual, block->n_events);
    parts[n + b] = rp_broadcast(run->graph, block->location, block->n_events);
    parts[2 * n + b] = rp_broadcast(run->graph, block->log_scale, block->n_events);
    parts[3 * n + b] = rp_broadcast(run->graph, block->score, block->n_events);
    const rp_layout_site *place = NULL;
    for (int32_t i = 0; i < model->layout.n; i++)
      if (strcmp(model->layout.sites[i].name, block->site) == 0) place = &model->layout.sites[i];
    for (int64_t e = 0; e < block->n_events; e++) {
      int32_t rank = place ? place->rank[block->events[e]] : -1;
      model->adapted_coordinate[block->base + e] = rank < 0 ? -1 : place->offset + rank;
    }
  }
  if (n == 0) return RP_OK;
  model->adapted_residual = rp_concat(run->graph, parts, n);
  model->adapted_location = rp_concat(run->graph, parts + n, n);
  model->adapted_log_scale = rp_concat(run->graph, parts + 2 * n, n);
  model->adapted_score = rp_concat(run->graph, parts + 3 * n, n);
  return RP_OK;
}

/* Integrated sites: roots below n_value are computed from their draws, the others at a point. */
static void place_updates(rp_model *model, rp_node_id *roots, int32_t n_value, int32_t n, rp_status *status) {
  rp_graph *placed = rp_update_resolve(model->graph, model->updates, model->n_updates, roots + n_value, n - n_value,
                                       roots, n_value, status);
  if (!placed) return;
  rp_graph_free(model->graph);
  model->graph = placed;
}

/* Rolls loops back into scans and keeps only what the roots need. */
static rp_code settle(rp_model *model, rp_status *status) {
  int32_t n = 0, n_value = 0, capacity = 5 + (3 + RP_MAX_ARGUMENTS) * model->n_sites + (int32_t) model->dim;
  rp_node_id *roots = malloc((size_t) capacity * sizeof *roots);
  rp_node_id **places = malloc((size_t) capacity * sizeof *places);
  if (!roots || !places) rp_fail_memory(status, "the model's graph");
  if (status->code == RP_OK) {
    for (int32_t i = 0; i < model->n_sites; i++) {
      places[n++] = &model->sites[i].value;
      if (model->site_term[i] == RP_NONE) continue;
      places[n++] = &model->site_term[i];
      if (model->site_log_lik[i] != RP_NONE) places[n++] = &model->site_log_lik[i];
      rp_distribution *d = &model->site_distribution[i];
      for (int32_t k = 0; d->family && k < d->family->n_arguments; k++)
        if (d->arguments[k] != RP_NONE) places[n++] = &d->arguments[k];
    }
    n_value = n;
    places[n++] = &model->log_density;
    for (int64_t k = 0; k < model->dim; k++)
      if (model->initial[k] != RP_NONE) places[n++] = &model->initial[k];
    if (model->n_blocks > 0) {
      places[n++] = &model->adapted_residual;
      places[n++] = &model->adapted_location;
      places[n++] = &model->adapted_log_scale;
      places[n++] = &model->adapted_score;
    }
    for (int32_t k = 0; k < n; k++) roots[k] = *places[k];
    if (model->n_updates > 0) place_updates(model, roots, n_value, n, status);
  }
  if (status->code == RP_OK) {
    if (rp_pass_roll(model->graph, 0, roots, n) != RP_OK) *status = *rp_graph_status(model->graph);
  }
  if (status->code == RP_OK) {
    rp_graph *small = rp_graph_extract(model->graph, roots, n, NULL, NULL, status);
    if (small) {
      rp_graph_free(model->graph);
      model->graph = small;
    }
    for (int32_t k = 0; k < n && small; k++) *places[k] = roots[k];
  }
  free(roots);
  free(places);
  return status->code;
}
