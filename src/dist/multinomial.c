/* Multinomial: P(x) = size! / prod x_i! prod prob_i^x_i, sum x = size; prob is normalised. */
#include <math.h>

#include "support.h"
#include "vectors.h"

enum { SIZE, PROB, LEVELS };

RP_DENSITY(log_density) {
  rp_node_id prob = rp_recycle(g, a[PROB], n_events * event_size);
  rp_node_id kernel = rp_sub(g, rp_xlogy(g, x, prob), rp_lgamma(g, rp_plus(g, x, 1)));
  int64_t own = rp_size_of(g, a[PROB]) / event_size;
  rp_node_id total = rp_log(g, rp_event_sum(g, a[PROB], own, event_size));
  rp_node_id constant = rp_sub(g, rp_lgamma(g, rp_plus(g, a[SIZE], 1)), rp_mul(g, a[SIZE], total));
  return rp_add(g, rp_event_sum(g, kernel, n_events, event_size), constant);
}

RP_DENSITY(inside) {
  rp_support counts = {RP_SUPPORT_COUNT_VECTOR, RP_NONE, RP_NONE};
  rp_node_id sums = rp_eq(g, rp_event_sum(g, x, n_events, event_size), a[SIZE]);
  return rp_mul(g, sums, rp_support_inside(g, counts, x, n_events, event_size));
}

/* One binomial after the other, of what is left. */
RP_SAMPLE(sample) {
  double left = *a[SIZE], weight = 0;
  for (int64_t i = 0; i < event_size; i++) weight += a[PROB][i];
  for (int64_t i = 0; i + 1 < event_size; i++) {
    x[i] = weight > 0 ? rp_sample_binomial(r, left, fmin(1, a[PROB][i] / weight)) : 0;
    left -= x[i];
    weight -= a[PROB][i];
  }
  x[event_size - 1] = left;
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[SIZE] = 1;
  widths[PROB] = widths[LEVELS] = lengths[LEVELS];
  return lengths[LEVELS];
}

const rp_family rp_family_multinomial = {
    .name = "multinomial",
    .event_dim = 1,
    .discrete = 1,
    .n_arguments = 3,
    .arguments = {{"size", RP_ARG_COUNT, 0}, {"prob", RP_ARG_SIMPLEX, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_COUNT_VECTOR,
    .inside = inside,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
