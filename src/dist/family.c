#include "family.h"

#include <math.h>
#include <string.h>

#include "support.h"
#include "terms.h"

#define RP_FAMILY(name) extern const rp_family rp_family_##name;
#include "families.def"
#undef RP_FAMILY

static const rp_family *const families[] = {
#define RP_FAMILY(name) &rp_family_##name,
#include "families.def"
#undef RP_FAMILY
};

const rp_family *const *rp_family_all(int32_t *n) {
  *n = (int32_t) (sizeof families / sizeof *families);
  return families;
}

const rp_family *rp_family_find(const char *name) {
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    if (strcmp(families[i]->name, name) == 0) return families[i];
  return NULL;
}

rp_support rp_family_support(rp_graph *g, const rp_family *family, const rp_node_id *arguments) {
  if (family->support) return family->support(g, arguments);
  return (rp_support) {family->support_kind, RP_NONE, RP_NONE};
}

/* There was no memory for an argument's node, as the graph's status says: it has no length to divide by. */
static int lacks_argument(const rp_family *family, const rp_node_id *arguments) {
  for (int32_t i = 0; i < family->n_arguments; i++)
    if (arguments[i] == RP_NONE && !family->arguments[i].optional) return 1;
  return 0;
}

/* Outside the support the formula is evaluated at an interior point, so that neither the density nor its gradient (0)
 * is NaN there: a mixture needs the gradients of its other components. */
rp_node_id rp_log_density(rp_graph *g, const rp_family *family, rp_node_id x, const rp_node_id *arguments,
                          int64_t n_events, int64_t event_size, int inside) {
  if (!family->log_density) {
    rp_fail(rp_graph_status(g), RP_UNSUPPORTED, NULL, "%s() has no log density here: reparameterize the site",
            family->name);
    return RP_NONE;
  }
  if (lacks_argument(family, arguments)) return RP_NONE;
  rp_node_id unrepeated[RP_MAX_ARGUMENTS];
  if (family->event_dim == 0) {
    for (int32_t i = 0; i < family->n_arguments; i++) unrepeated[i] = rp_unrepeated(g, arguments[i]);
    arguments = unrepeated;
    x = rp_unrepeated(g, x);
  }
  rp_node_id holds = rp_arguments_hold(g, family, arguments, n_events, 0);
  if (inside) return rp_guard(g, holds, family->log_density(g, x, arguments, n_events, event_size));
  rp_support support = rp_family_support(g, family, arguments);
  rp_node_id is_inside = family->inside ? family->inside(g, x, arguments, n_events, event_size)
                                        : rp_support_inside(g, support, x, n_events, event_size);
  if (family->event_dim == 0 && !rp_is_all(g, is_inside, 1)) {
    rp_node_id interior = rp_support_interior(g, support);
    if (interior != RP_NONE) x = rp_select(g, is_inside, x, interior);
  }
  rp_node_id density = family->log_density(g, x, arguments, n_events, event_size);
  return rp_guard(g, holds, rp_guard(g, is_inside, density));
}

int rp_family_can_sample(const rp_family *family) { return family->sample || family->random; }

rp_node_id rp_family_random(rp_graph *g, const rp_family *family, uint32_t stream, const rp_node_id *arguments,
                            const int64_t *widths, int64_t n_events, int64_t event_size) {
  if (lacks_argument(family, arguments)) return RP_NONE;
  if (family->random) return family->random(g, stream, arguments, n_events, event_size);
  if (!family->sample) {
    rp_fail(rp_graph_status(g), RP_UNSUPPORTED, NULL, "%s() cannot be drawn from", family->name);
    return RP_NONE;
  }
  return rp_random_node(g, family->sample, stream, arguments, widths, family->n_arguments, n_events, event_size);
}

rp_node_id rp_guard(rp_graph *g, rp_node_id inside, rp_node_id density) {
  if (rp_is_all(g, inside, 1)) return density;
  return rp_select(g, inside, density, rp_const(g, -HUGE_VAL));
}

int64_t rp_family_event_size(const rp_family *family, const int64_t *argument_lengths, int64_t value_length,
                             int64_t *widths) {
  if (family->event_dim == 0) {
    for (int32_t i = 0; i < family->n_arguments; i++) widths[i] = 1;
    return 1;
  }
  if (family->event_size) return family->event_size(argument_lengths, value_length, widths);
  for (int32_t i = 0; i < family->n_arguments; i++) widths[i] = argument_lengths[i];
  return argument_lengths[0];
}
