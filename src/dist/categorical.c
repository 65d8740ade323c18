/* Categorical: P(x) = prob[x] / sum(prob), x = 1, .., k. */
#include "vectors.h"

enum { PROB, LEVELS };

RP_DENSITY(log_density) {
  int64_t k = rp_size_of(g, a[LEVELS]), own = rp_size_of(g, a[PROB]) / k;
  rp_node_id total = rp_log(g, rp_event_sum(g, a[PROB], own, k));
  return rp_sub(g, rp_log(g, rp_event_pick(g, a[PROB], x, n_events, k)), total);
}

static void choose(rp_random *r, const double *const *a, RP_UNUSED int64_t event_size, double *x) {
  *x = 1 + (double) rp_sample_category(r, a[0], (int64_t) *a[1]);
}

RP_RANDOM(random) {
  int64_t k = rp_size_of(g, a[LEVELS]), widths[] = {k, 1};
  rp_node_id arguments[] = {a[PROB], rp_const(g, (double) k)};
  return rp_random_node(g, choose, stream, arguments, widths, 2, n_events, event_size);
}

RP_SUPPORT_OF(support) {
  return (rp_support) {RP_SUPPORT_INTEGER_INTERVAL, rp_const(g, 1), rp_const(g, (double) rp_size_of(g, a[LEVELS]))};
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[PROB] = widths[LEVELS] = lengths[LEVELS];
  return 1;
}

const rp_family rp_family_categorical = {
    .name = "categorical",
    .event_dim = 1,
    .discrete = 1,
    .n_arguments = 2,
    .arguments = {{"prob", RP_ARG_SIMPLEX, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_INTEGER_INTERVAL,
    .support = support,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
