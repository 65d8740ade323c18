/* Random draws with derivatives, for guides (Kingma & Welling 2014, "Auto-encoding variational Bayes", section 2.4):
 * standard noise moved by location and scale, or pushed through the quantile function, or what the family itself makes
 * of standard noise; transforms follow. */
#include <stdlib.h>

#include "../dist/family.h"
#include "../graph/shorthand.h"
#include "distribution.h"

static int is_fixed(const rp_graph *g, const rp_distribution *d, int except_location_scale);
static rp_node_id from_location_scale(rp_graph *g, const rp_distribution *d, uint32_t stream);
static rp_node_id from_quantile(rp_graph *g, const rp_distribution *d, uint32_t stream);
static int has_random_arguments(const rp_graph *g, rp_node_id root);

rp_node_id rp_distribution_differentiable(rp_graph *g, const rp_distribution *d, uint32_t stream) {
  rp_distribution base, transforms;
  rp_distribution_base(d, &base, &transforms);
  const rp_family *f = base.family;
  rp_node_id x = RP_NONE;
  if (!f->discrete && !base.compound && f->event_dim == 0 && !is_fixed(g, &base, 0)) {
    if (f->location >= 0 && f->scale >= 0 && is_fixed(g, &base, 1)) x = from_location_scale(g, &base, stream);
    else if (f->quantile) x = from_quantile(g, &base, stream);
  }
  if (x != RP_NONE) return rp_distribution_forward(g, &transforms, x);
  x = rp_distribution_random(g, d, stream);
  return has_random_arguments(g, x) ? RP_NONE : x;
}

/* ---- private ---- */

static int64_t n_numbers(const rp_distribution *d) { return d->n_events * (d->group > 0 ? d->group : 1); }

/* Are all arguments, or those that say the shape, constants? */
static int is_fixed(const rp_graph *g, const rp_distribution *d, int except_location_scale) {
  for (int32_t k = 0; k < d->family->n_arguments; k++) {
    if (except_location_scale && (k == d->family->location || k == d->family->scale)) continue;
    if (d->arguments[k] != RP_NONE && !rp_has_op(g, rp_unrepeated(g, d->arguments[k]), RP_OP_CONST)) return 0;
  }
  return 1;
}

static rp_node_id from_location_scale(rp_graph *g, const rp_distribution *d, uint32_t stream) {
  const rp_node_id location = d->arguments[d->family->location], scale = d->arguments[d->family->scale];
  rp_distribution standard = *d;
  standard.arguments[d->family->location] = rp_const(g, 0);
  standard.arguments[d->family->scale] = rp_const(g, 1);
  rp_node_id noise = rp_broadcast(g, rp_distribution_random(g, &standard, stream), n_numbers(d));
  return rp_add(g, location, rp_mul(g, scale, noise));
}

static rp_node_id from_quantile(rp_graph *g, const rp_distribution *d, uint32_t stream) {
  rp_distribution uniform = {
      .family = rp_family_find("uniform"), .n_events = n_numbers(d), .event_size = 1, .mask = RP_NONE};
  for (int k = 0; k < RP_MAX_ARGUMENTS; k++) uniform.arguments[k] = RP_NONE, uniform.widths[k] = 1;
  uniform.arguments[0] = rp_const(g, 0);
  uniform.arguments[1] = rp_const(g, 1);
  return d->family->quantile(g, rp_distribution_random(g, &uniform, stream), d->arguments);
}

/* Is there a random node, in what root depends on, with arguments that are not constants? Derivatives end there. */
static int has_random_arguments(const rp_graph *g, rp_node_id root) {
  if (root == RP_NONE) return 1;
  uint8_t *needed = calloc((size_t) root + 1, 1);
  int found = needed == NULL;
  if (needed) needed[root] = 1;
  for (rp_node_id id = root; needed && id >= 0; id--) {
    if (!needed[id]) continue;
    const rp_node *node = rp_graph_node(g, id);
    for (int32_t i = 0; i < node->n_in; i++) {
      needed[node->in[i]] = 1;
      if (node->op == RP_OP_RANDOM && !rp_has_op(g, rp_unrepeated(g, node->in[i]), RP_OP_CONST)) found = 1;
    }
  }
  free(needed);
  return found;
}
