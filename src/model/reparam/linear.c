/* What unit_jacobian, discrete_cosine and haar share: the site v, taken to the whole space by its support's bijector
 * b, is drawn as y = W b^-1(v), with |det W| = 1 along one dim.  y follows the push-forward of the site's own
 * distribution, and the sampler's coordinates are y itself. */
#include "../../dist/support.h"
#include "../../graph/shorthand.h"
#include "../reparam.h"
#include "../run_parts.h"

static int is_one_event(rp_run *run, const rp_reparam *settings, const rp_message *message, const char *by);
static int has_one_weight(rp_run *run, const rp_message *message, const char *by);
static int to_whole_space(rp_run *run, const rp_message *message, rp_transform *unconstrain);
static int pushed(rp_run *run, const rp_reparam *settings, const rp_message *message, rp_transform map,
                  rp_distribution *y);

int64_t rp_reparam_extent(rp_run *run, const rp_reparam *settings, const rp_message *message, const char *by) {
  const rp_distribution *d = &message->dist;
  rp_transform unconstrain;
  if (settings->dim >= 0 || settings->dim < -message->n_dim) {
    rp_run_fail(run, RP_BAD_ARGUMENT, message->name,
                "`dim` of reparam_%s() is %d, but the site has %d dim%s, counted from the right (-1 is the last)", by,
                settings->dim, message->n_dim, message->n_dim == 1 ? "" : "s");
    return 0;
  }
  if (!is_one_event(run, settings, message, by) || !has_one_weight(run, message, by)) return 0;
  if (!to_whole_space(run, message, &unconstrain)) return 0;
  int64_t n = message->dim[message->n_dim + settings->dim];
  if (rp_distribution_is_elementwise(d) || !unconstrain.bijector->domain_size) return n;
  int64_t free_size = unconstrain.bijector->domain_size(d->event_size);
  if (free_size == d->event_size) return n;
  if (d->family->event_dim <= 1) return free_size;
  rp_run_fail(run, RP_UNSUPPORTED, message->name, "%s() has no dims on its unconstrained scale", d->family->name);
  return 0;
}

rp_reparam_result rp_reparam_linear(rp_run *run, const rp_reparam *settings, rp_message *message, const char *by,
                                    const char *suffix, rp_transform map) {
  rp_graph *g = run->graph;
  int univariate = rp_distribution_is_elementwise(&message->dist);
  rp_distribution y, maps;
  if (!pushed(run, settings, message, map, &y)) return RP_REPARAM_PASSED;
  maps = y;
  maps.n_transforms = 2;
  maps.family_size = univariate ? y.event_size : message->dist.event_size;
  maps.transforms[0] = y.transforms[y.n_transforms - 2];
  maps.transforms[1] = y.transforms[y.n_transforms - 1];
  rp_message auxiliary = rp_message_auxiliary(run, message, suffix, &y);
  auxiliary.n_site_events = y.n_events;
  if (y.event_size != maps.family_size) auxiliary.dim[auxiliary.n_dim - 1] = y.event_size;
  if (univariate && rp_graph_node(g, message->mask)->n > 1) auxiliary.mask = rp_const(g, 1);
  if (univariate && rp_graph_node(g, message->scale)->n > 1) auxiliary.scale = rp_const(g, 1);
  if (message->initial != RP_NONE) {
    rp_node_id initial = rp_broadcast(g, message->initial, y.n_events * maps.family_size);
    if (univariate) initial = rp_reparam_events(g, initial, y.n_events, maps.family_size);
    auxiliary.initial = rp_distribution_forward(g, &maps, initial);
  }
  rp_node_id value = rp_reparam_draw(run, message, &auxiliary, 1);
  if (value == RP_NONE) return RP_REPARAM_PASSED;
  rp_node_id x = rp_broadcast(g, rp_distribution_inverse(g, &maps, value), y.n_events * maps.family_size);
  message->value = univariate ? rp_from_events(g, x, y.n_events, maps.family_size) : x;
  rp_run_replaced(run, message, by);
  return RP_REPARAM_REPLACED;
}

/* Mixing independent elements makes them one event, which the user must have said or allow. */
static int is_one_event(rp_run *run, const rp_reparam *settings, const rp_message *message, const char *by) {
  const rp_distribution *d = &message->dist;
  if (d->unbounded) {
    rp_run_fail(run, RP_UNSUPPORTED, message->name,
                "reparam_%s() cannot follow another linear map; use reparam_unit_jacobian() with their product", by);
    return 0;
  }
  if (!rp_distribution_is_elementwise(d)) {
    if (-settings->dim <= (d->family->event_dim > 1 ? d->family->event_dim : 1)) return 1;
    rp_run_fail(run, RP_UNSUPPORTED, message->name, "reparam_%s() along dim %d would mix whole events of %s()", by,
                settings->dim, d->family->name);
    return 0;
  }
  if (-settings->dim <= d->event_dims || settings->allow_batch) return 1;
  rp_run_fail(run, RP_UNSUPPORTED, message->name,
              "reparam_%s() along dim %d would mix independent elements; set allow_batch = TRUE, or draw the site from "
              "dist_independent()", by, settings->dim);
  return 0;
}

/* A mask or scale by element has no meaning for a mixture of elements. */
static int has_one_weight(rp_run *run, const rp_message *message, const char *by) {
  rp_graph *g = run->graph;
  if (!rp_distribution_is_elementwise(&message->dist)) return 1;
  int same = rp_graph_node(g, message->mask)->n == 1 || rp_is_all(g, message->mask, 1);
  same = same && (rp_graph_node(g, message->scale)->n == 1 || rp_is_all(g, message->scale, 1));
  if (!same)
    rp_run_fail(run, RP_UNSUPPORTED, message->name,
                "reparam_%s() mixes elements, so they cannot be masked or scaled one by one", by);
  return same;
}

/* b^-1 of the site's support. */
static int to_whole_space(rp_run *run, const rp_message *message, rp_transform *unconstrain) {
  rp_support support;
  *unconstrain = (rp_transform){.inverted = 1};
  if (!rp_distribution_support(run->graph, &message->dist, &support) || !rp_support_bijector(support.kind)) {
    char description[64];
    rp_distribution_describe(&message->dist, description, sizeof description);
    rp_run_fail(run, RP_UNSUPPORTED, message->name, "no unconstrained coordinates lead to the support of %s()",
                description);
    return 0;
  }
  return rp_support_default(run->graph, support, &unconstrain->bijector, unconstrain->arguments) == RP_OK;
}

/* The site's distribution, its events those that are mixed, pushed through b^-1 and the map. */
static int pushed(rp_run *run, const rp_reparam *settings, const rp_message *message, rp_transform map,
                  rp_distribution *y) {
  rp_graph *g = run->graph;
  rp_transform unconstrain;
  if (!to_whole_space(run, message, &unconstrain)) return 0;
  int64_t from = 1; /* numbers of the dims from settings->dim on */
  for (int32_t k = 1; k <= -settings->dim; k++) from *= message->dim[message->n_dim - k];
  *y = message->dist;
  int64_t size = y->event_size;
  if (rp_distribution_is_elementwise(y)) {
    rp_distribution_group(g, y, from);
    size = y->family_size = y->event_size;
    for (int k = 0; k < 4; k++)
      if (rp_size_of(g, unconstrain.arguments[k]) > 1)
        unconstrain.arguments[k] = rp_reparam_events(g, unconstrain.arguments[k], y->n_events, from);
  } else {
    if (y->family_size == 0) y->family_size = size;
    if (unconstrain.bijector->domain_size) y->event_size = unconstrain.bijector->domain_size(size);
  }
  map.arguments[2] = rp_const(g, (double) (size / from));
  y->unbounded = 1;
  if (rp_distribution_push(y, unconstrain) && rp_distribution_push(y, map)) return 1;
  rp_run_fail(run, RP_UNSUPPORTED, message->name, "it has more than %d transforms", RP_MAX_TRANSFORMS - 2);
  return 0;
}

rp_node_id rp_reparam_no_jacobian(rp_graph *g, rp_node_id u, rp_node_id x, const rp_node_id *a, int64_t n_events,
                                  int64_t size) {
  (void) u, (void) x, (void) a, (void) n_events, (void) size;
  return rp_const(g, 0);
}
