/* Delta: all mass at one point; log density log_density there, -Inf elsewhere. */
#include <math.h>

#include "terms.h"

enum { VALUE, LOG_DENSITY };

RP_DENSITY(log_density) { return rp_guard(g, rp_eq(g, x, a[VALUE]), a[LOG_DENSITY]); }

/* The value itself, so that what depends on it has a derivative. */
static rp_node_id random(rp_graph *g, RP_UNUSED uint32_t stream, const rp_node_id *a, int64_t n_events,
                         RP_UNUSED int64_t event_size) {
  return rp_broadcast(g, a[VALUE], n_events);
}

static rp_node_id mass(rp_graph *g, rp_node_id inside) {
  return rp_select(g, inside, rp_const(g, 0), rp_const(g, -HUGE_VAL));
}
RP_OF_VALUE(log_cdf) { return mass(g, rp_le(g, a[VALUE], x)); }
RP_OF_VALUE(log_ccdf) { return mass(g, rp_lt(g, x, a[VALUE])); }
RP_OF_VALUE(quantile) { return rp_add(g, a[VALUE], rp_times(g, 0, x)); }
RP_OF_ARGUMENTS(mean) { return a[VALUE]; }
RP_OF_ARGUMENTS(variance) { return rp_const(g, 0); }

const rp_family rp_family_delta = {
    .name = "delta",
    .n_arguments = 2,
    .arguments = {{"value", RP_ARG_REAL, 0}, {"log_density", RP_ARG_REAL, 0}},
    .support_kind = RP_SUPPORT_REAL,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .log_cdf = log_cdf,
    .log_ccdf = log_ccdf,
    .quantile = quantile,
    .mean = mean,
    .variance = variance,
};
