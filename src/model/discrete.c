#include "discrete.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../dist/support.h"
#include "../graph/shorthand.h"
#include "combinator.h"
#include "discrete_parts.h"
#include "run_parts.h"

static rp_summed *new_summed(rp_run *run);
static rp_code find_values(rp_run *run, const rp_message *m, rp_summed *summed);
static int least_and_most(const rp_graph *g, rp_node_id a, double *least, double *most);
static int cover_touched(rp_run *run);

/* ---- while the model runs ---- */

rp_node_id rp_discrete_leaf(rp_run *run, const rp_message *m) {
  int64_t n = m->dist.n_events * m->dist.event_size;
  rp_summed *summed = new_summed(run);
  if (!summed) return RP_NONE;
  summed->site = m->name;
  summed->statement = m->statement_index;
  summed->n_events = m->dist.n_events;
  if (run->layout) { /* a site that turns out to be drawn need not be summable */
    if (find_values(run, m, summed) != RP_OK) return RP_NONE;
    summed->leaf = rp_site(run->graph, run->n_summed - 1, n);
  } else {
    summed->leaf = rp_param(run->graph, run->dim, n);
    run->dim += n;
  }
  if (summed->leaf == RP_NONE || !cover_touched(run)) return rp_fail_memory(run->status, "a discrete site"), RP_NONE;
  run->touched[summed->leaf] = 1;
  return summed->leaf;
}

int rp_discrete_touches(rp_run *run, rp_node_id id) {
  if (run->n_summed == 0 || id == RP_NONE) return 0;
  if (id >= run->n_touched && !cover_touched(run)) return rp_fail_memory(run->status, "a discrete site"), 0;
  return run->touched[id];
}

rp_code rp_discrete_evidence(rp_run *run, const rp_message *m) {
  rp_node_id x = rp_data(run->graph, m->observed, m->dist.n_events * m->dist.event_size);
  rp_node_id term = rp_run_weigh(run, m, rp_distribution_log_density(run->graph, &m->dist, x, 0));
  if (!rp_discrete_touches(run, term)) return run->status->code;
  if (run->n_evidence == run->cap_evidence) {
    int32_t cap = run->cap_evidence ? 2 * run->cap_evidence : 8;
    rp_evidence *grown = realloc(run->evidence, (size_t) cap * sizeof *grown);
    if (!grown) return rp_fail_memory(run->status, "the data");
    run->evidence = grown;
    run->cap_evidence = cap;
  }
  run->evidence[run->n_evidence++] = (rp_evidence){m->name, term, m->dist.n_events};
  return run->status->code;
}

void rp_discrete_free(rp_run *run) {
  free(run->summed);
  free(run->evidence);
  free(run->touched);
}

static rp_summed *new_summed(rp_run *run) {
  if (run->n_summed == run->cap_summed) {
    int32_t cap = run->cap_summed ? 2 * run->cap_summed : 16;
    rp_summed *grown = realloc(run->summed, (size_t) cap * sizeof *grown);
    if (!grown) return rp_fail_memory(run->status, "the discrete sites"), NULL;
    run->summed = grown;
    run->cap_summed = cap;
  }
  rp_summed *summed = &run->summed[run->n_summed++];
  memset(summed, 0, sizeof *summed);
  return summed;
}

/* Coordinates of discrete sites; neighbouring leaves of one element each are joined into a longer one. */
static int holds_summed(const rp_run *run, const rp_node *param) {
  for (int32_t i = run->n_summed; i-- > 0;) {
    if (run->summed[i].leaf == RP_NONE) continue;
    const rp_node *leaf = rp_graph_node(run->graph, run->summed[i].leaf);
    if (leaf->op == RP_OP_PARAM && leaf->attribute[0] < param->attribute[0] + param->n &&
        param->attribute[0] < leaf->attribute[0] + leaf->n)
      return 1;
  }
  return 0;
}

/* Extends to all nodes of the graph what is known of leaves they depend on. */
static int cover_touched(rp_run *run) {
  int32_t size = rp_graph_size(run->graph);
  if (size > run->cap_touched) {
    int32_t cap = 2 * size;
    uint8_t *grown = realloc(run->touched, (size_t) cap);
    if (!grown) return 0;
    run->touched = grown;
    run->cap_touched = cap;
  }
  for (; run->n_touched < size; run->n_touched++) {
    const rp_node *node = rp_graph_node(run->graph, run->n_touched);
    uint8_t any = node->op == RP_OP_PARAM && holds_summed(run, node);
    for (int32_t k = 0; k < node->n_in && !any; k++) any = run->touched[node->in[k]];
    run->touched[run->n_touched] = any;
  }
  return 1;
}

/* ---- values ---- */

static rp_code find_values(rp_run *run, const rp_message *m, rp_summed *summed) {
  const char *name = m->dist.family->name, *site = m->name;
  double least[2], most[2];
  rp_node_id lower, upper;
  if (m->dist.event_size > 1 || m->dist.n_transforms > 0)
    return rp_fail(run->status, RP_UNSUPPORTED, site,
                   "it is discrete and latent, but only numbers can be summed out, not %s of %s()",
                   m->dist.n_transforms > 0 ? "transforms" : "vectors", name);
  int known = rp_distribution_integer_bounds(run->graph, &m->dist, &lower, &upper);
  if (!known || lower == RP_NONE || upper == RP_NONE)
    return rp_fail(run->status, RP_UNSUPPORTED, site,
                   "it is discrete and latent, and %s() has no largest value, so that it cannot be summed out; "
                   "bound it, as in truncated(%s(..), upper = 50), or observe it", name, name);
  if (!least_and_most(run->graph, lower, &least[0], &most[0]) || !least_and_most(run->graph, upper, &least[1],
                                                                                 &most[1]))
    return rp_fail(run->status, RP_UNSUPPORTED, site,
                   "it is discrete and latent, and the values of %s() depend on other sites, so that it cannot be "
                   "summed out; make its bounds numbers", name);
  double n = most[1] - least[0] + 1;
  if (!(n >= 1 && n <= RP_MOST_VALUES))
    return rp_fail(run->status, RP_UNSUPPORTED, site,
                   "it is discrete and latent, and can be summed out over at most %d values, but %s() has %.0f",
                   (int) RP_MOST_VALUES,
                   name, n);
  summed->lowest = least[0];
  summed->n_values = (int32_t) n;
  return RP_OK;
}

/* 0 when it is no constant. */
static int least_and_most(const rp_graph *g, rp_node_id a, double *least, double *most) {
  a = rp_unrepeated(g, a);
  const double *values = rp_values_of(g, a);
  *least = HUGE_VAL;
  *most = -HUGE_VAL;
  for (int64_t i = 0, n = rp_size_of(g, a); values && i < n; i++) {
    if (values[i] < *least) *least = values[i];
    if (values[i] > *most) *most = values[i];
  }
  return values != NULL;
}
