/* Which latent events are inferred: those on which an observed event, a factor or a substituted value depends,
 * directly or through the prior of another such event; and those that cannot be drawn from their distribution. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discrete.h"
#include "conjugate.h"
#include "model.h"

typedef struct {
  const rp_run *run;
  uint8_t **active; /* per part: one byte per event */
  rp_node_id *roots;
  int32_t n_roots, cap_roots;
  rp_status *status;
} closure;

static rp_code find_active(closure *c, const rp_model_options *options);
static void integrate_updates(closure *c);
static rp_code find_named(closure *c, const rp_model_options *options);
static int activate_needed(closure *c, uint8_t *const *needed, int discrete_only);
static rp_code add_active_term(closure *c, int32_t p);
static rp_code add_term(closure *c, const rp_part *part, const int32_t *which, int64_t n);
static rp_code add_root(closure *c, rp_node_id root);
static rp_code fill_layout(const closure *c, rp_layout *layout, rp_pool *pool);
static int is_coordinate(const rp_part *part) {
  return part->source == RP_SOURCE_LATENT || part->source == RP_SOURCE_LEARNED;
}
/* Has events that are active or drawn ancestrally. */
static int has_events(const rp_part *part) { return is_coordinate(part) || part->source == RP_SOURCE_SUMMED; }

rp_code rp_layout_make(const rp_run *run, const rp_model_options *options, rp_layout *layout, rp_pool *pool,
                       rp_status *status) {
  closure c = {.run = run, .status = status};
  c.active = calloc((size_t) run->n_parts + 1, sizeof *c.active);
  if (!c.active) return rp_fail_memory(status, "the layout");
  for (int32_t p = 0; p < run->n_parts && status->code == RP_OK; p++)
    if (has_events(&run->parts[p])) {
      c.active[p] = calloc((size_t) run->parts[p].n_events + 1, 1);
      if (!c.active[p]) rp_fail_memory(status, "the layout");
    }
  if (status->code == RP_OK && options->n_coordinates >= 0) find_named(&c, options);
  if (status->code == RP_OK) find_active(&c, options);
  if (status->code == RP_OK && options->n_coordinates < 0 && options->prune) integrate_updates(&c);
  if (status->code == RP_OK) fill_layout(&c, layout, pool);
  for (int32_t p = 0; p < run->n_parts; p++) free(c.active[p]);
  free(c.active);
  free(c.roots);
  return status->code;
}

void rp_coordinate_name(const char *site, int64_t n_events, int64_t width, int64_t event, int64_t w, char *text,
                        size_t size) {
  long long i = event + 1, k = w + 1;
  if (n_events == 1 && width == 1) snprintf(text, size, "%s", site);
  else if (width == 1) snprintf(text, size, "%s[%lld]", site, i);
  else if (n_events == 1) snprintf(text, size, "%s[%lld]", site, k);
  else snprintf(text, size, "%s[%lld,%lld]", site, i, k);
}

void rp_coordinate_alias(const char *site, int64_t n_events, int64_t width, int64_t event, int64_t w, char *text,
                         size_t size) {
  text[0] = '\0';
  if (event == 0) rp_coordinate_name(site, n_events == 1 ? 2 : 1, width, 0, w, text, size);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Sites with an exact conjugate update are not inferred. */
static void integrate_updates(closure *c) {
  const rp_run *run = c->run;
  uint8_t *counted = calloc((size_t) run->n_parts + 1, 1);
  if (!counted) rp_fail_memory(c->status, "the layout");
  for (int32_t p = 0; counted && p < run->n_parts; p++) {
    const rp_part *part = &run->parts[p];
    int any = part->source != RP_SOURCE_LATENT && part->source != RP_SOURCE_ANCESTRAL;
    for (int64_t b = 0; !any && part->source == RP_SOURCE_LATENT && b < part->n_events; b++) any = c->active[p][b];
    counted[p] = any && part->term != RP_NONE;
  }
  for (int32_t u = 0; counted && u < run->n_updates && run->n_summed == 0 && run->n_evidence == 0; u++) {
    if (!rp_update_is_exact(run, &run->updates[u], counted)) continue;
    for (int32_t i = 0; i < run->n_sites; i++)
      if (strcmp(run->sites[i].name, run->updates[u].site) == 0) {
        const rp_part *part = &run->parts[run->sites[i].first_part];
        memset(c->active[run->sites[i].first_part], 0, (size_t) part->n_events);
      }
  }
  free(counted);
}

static rp_code find_named(closure *c, const rp_model_options *options) {
  const rp_run *run = c->run;
  size_t n = (size_t) options->n_coordinates;
  const char **names = malloc((n + 1) * sizeof *names);
  if (!names) return rp_fail_memory(c->status, "the layout");
  if (n > 0) memcpy(names, options->coordinates, n * sizeof *names);
  qsort(names, n, sizeof *names, compare_names);
  for (int32_t i = 0; i < run->n_sites; i++)
    for (int32_t p = run->sites[i].first_part; p >= 0; p = run->parts[p].next) {
      const rp_part *part = &run->parts[p];
      if (!is_coordinate(part)) continue;
      int64_t width = rp_graph_node(run->graph, part->unconstrained)->n / part->n_events;
      for (int64_t b = 0; b < part->n_events; b++) {
        char text[256];
        const char *name = text;
        rp_coordinate_name(run->sites[i].name, run->sites[i].n_events, width, part->events[b], 0, text, sizeof text);
        c->active[p][b] = bsearch(&name, names, n, sizeof *names, compare_names) != NULL;
        if (c->active[p][b]) continue;
        rp_coordinate_alias(run->sites[i].name, run->sites[i].n_events, width, part->events[b], 0, text, sizeof text);
        c->active[p][b] = bsearch(&name, names, n, sizeof *names, compare_names) != NULL;
      }
    }
  free(names);
  return RP_OK;
}

static void activate_always(closure *c, const rp_model_options *options) {
  const rp_run *run = c->run;
  for (int64_t k = 0; k < options->n_always; k++)
    for (int32_t i = 0; i < run->n_sites; i++)
      for (int32_t p = run->sites[i].first_part; p >= 0; p = run->parts[p].next) {
        const rp_part *part = &run->parts[p];
        if (part->source != RP_SOURCE_LATENT || strcmp(run->sites[i].name, options->always[k]) != 0) continue;
        memset(c->active[p], 1, (size_t) part->n_events);
        if (part->term != RP_NONE) add_root(c, part->term);
      }
}

/* With named coordinates, only discrete events are still to be found. */
static rp_code find_active(closure *c, const rp_model_options *options) {
  const rp_run *run = c->run;
  activate_always(c, options);
  int named = options->n_coordinates >= 0;
  if (named && run->n_summed == 0) return RP_OK;
  for (int32_t p = 0; p < run->n_parts && c->status->code == RP_OK; p++) {
    const rp_part *part = &run->parts[p];
    int always = part->source == RP_SOURCE_LEARNED ||
                 (part->source == RP_SOURCE_LATENT &&
                  ((!options->prune && !part->sampled_only) || part->weighed ||
                   !rp_distribution_can_sample(&part->dist)));
    if (always && !named) memset(c->active[p], 1, (size_t) part->n_events);
    int informs =
        part->source != RP_SOURCE_LATENT && part->source != RP_SOURCE_SUMMED && part->source != RP_SOURCE_ANCESTRAL;
    if (part->term == RP_NONE) continue;
    if (named && part->source == RP_SOURCE_LATENT) add_active_term(c, p);
    else if (informs || always) add_root(c, part->term);
  }
  for (int32_t i = 0; i < run->n_evidence; i++) add_root(c, run->evidence[i].term);
  int closes = named || options->prune || run->n_summed > 0;
  for (int grown = closes; grown && c->status->code == RP_OK;) {
    const rp_node_id n_nodes = rp_graph_size(run->graph); /* activating adds terms */
    uint8_t **needed = rp_needed(run->graph, c->roots, c->n_roots, c->status);
    if (!needed) return c->status->code;
    grown = activate_needed(c, needed, named);
    rp_needed_free(needed, n_nodes);
  }
  return c->status->code;
}

/* Activates the events whose coordinates are needed and adds their prior terms to the roots; 1 if there were any. */
static int activate_needed(closure *c, uint8_t *const *needed, int discrete_only) {
  const rp_run *run = c->run;
  uint8_t *coordinate = calloc((size_t) run->dim + 1, 1);
  if (!coordinate) return rp_fail_memory(c->status, "the layout"), 0;
  for (rp_node_id id = 0; id < rp_graph_size(run->graph); id++) {
    const rp_node *node = rp_graph_node(run->graph, id);
    if (node->op != RP_OP_PARAM || !needed[id]) continue;
    for (int64_t k = 0; k < node->n; k++) coordinate[node->attribute[0] + k] |= needed[id][k];
  }
  int grown = 0;
  for (int32_t p = 0; p < run->n_parts && c->status->code == RP_OK; p++) {
    const rp_part *part = &run->parts[p];
    if (part->source != RP_SOURCE_SUMMED && (part->source != RP_SOURCE_LATENT || discrete_only)) continue;
    const rp_node *leaf = rp_graph_node(run->graph, part->unconstrained);
    int64_t offset = leaf->attribute[0], width = leaf->n / part->n_events, n = 0;
    int32_t *which = malloc((size_t) part->n_events * sizeof *which);
    if (!which) {
      rp_fail_memory(c->status, "the layout");
      break;
    }
    for (int64_t b = 0; b < part->n_events; b++) {
      uint8_t any = 0;
      for (int64_t w = 0; w < width; w++) any |= coordinate[offset + b * width + w];
      if (any && !c->active[p][b]) {
        c->active[p][b] = 1;
        which[n++] = (int32_t) b;
      }
    }
    if (n > 0) {
      grown = 1;
      add_term(c, part, which, n);
    }
    free(which);
  }
  free(coordinate);
  return grown;
}

/* The prior of a part's active events. */
static rp_code add_active_term(closure *c, int32_t p) {
  const rp_part *part = &c->run->parts[p];
  int32_t *which = malloc((size_t) part->n_events * sizeof *which);
  int64_t n = 0;
  if (!which) return rp_fail_memory(c->status, "the layout");
  for (int64_t b = 0; b < part->n_events; b++)
    if (c->active[p][b]) which[n++] = (int32_t) b;
  if (n > 0) add_term(c, part, which, n);
  free(which);
  return c->status->code;
}

static rp_code add_term(closure *c, const rp_part *part, const int32_t *which, int64_t n) {
  if (part->term == RP_NONE) return RP_OK;
  rp_graph *g = c->run->graph;
  rp_node_id root = rp_graph_node(g, part->term)->n == part->n_events && part->n_events > 1
                        ? rp_gather(g, part->term, which, n) : part->term;
  return add_root(c, root);
}

static rp_code add_root(closure *c, rp_node_id root) {
  if (c->n_roots == c->cap_roots) {
    int32_t cap = c->cap_roots ? 2 * c->cap_roots : 64;
    rp_node_id *grown = realloc(c->roots, (size_t) cap * sizeof *grown);
    if (!grown) return rp_fail_memory(c->status, "the layout");
    c->roots = grown;
    c->cap_roots = cap;
  }
  c->roots[c->n_roots++] = root;
  return RP_OK;
}

static rp_code fill_layout(const closure *c, rp_layout *layout, rp_pool *pool) {
  const rp_run *run = c->run;
  layout->sites = rp_pool_array(pool, run->n_sites, sizeof *layout->sites);
  if (!layout->sites) return rp_fail_memory(c->status, "the layout");
  layout->n = 0;
  layout->dim = 0;
  for (int32_t i = 0; i < run->n_sites; i++) {
    const rp_site_info *site = &run->sites[i];
    rp_layout_site *place = &layout->sites[layout->n];
    *place =
        (rp_layout_site){.name = rp_pool_text(pool, site->name), .n_events = site->n_events, .offset = layout->dim};
    place->rank = rp_pool_array(pool, site->n_events, sizeof *place->rank);
    place->inferred = rp_pool_array(pool, site->n_events, sizeof *place->inferred);
    place->carried = rp_pool_array(pool, site->n_events, 1);
    if (!place->rank || !place->inferred || !place->name || !place->carried)
      return rp_fail_memory(c->status, "the layout");
    for (int64_t b = 0; b < site->n_events; b++) place->rank[b] = -1;
    int any = 0;
    for (int32_t p = site->first_part; p >= 0; p = run->parts[p].next) {
      const rp_part *part = &run->parts[p];
      for (int64_t b = 0; part->carried && b < part->n_events; b++) place->carried[part->events[b]] = 1;
      if (!has_events(part) && !part->carried) continue;
      any = 1;
      if (part->source != RP_SOURCE_LEARNED) place->original = rp_pool_text(pool, site->original);
      if (is_coordinate(part)) place->width = rp_graph_node(run->graph, part->unconstrained)->n / part->n_events;
      for (int64_t b = 0; b < part->n_events; b++)
        if (c->active[p] && c->active[p][b]) place->rank[part->events[b]] = 0;
    }
    if (!any) continue;
    for (int64_t b = 0; b < site->n_events; b++) {
      if (place->rank[b] < 0) continue;
      place->inferred[place->n_inferred] = (int32_t) b;
      place->rank[b] = (int32_t) place->n_inferred++;
    }
    layout->dim += place->n_inferred * place->width;
    layout->n++;
  }
  return RP_OK;
}
