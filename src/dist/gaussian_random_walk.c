/* Gaussian random walk: x_1 ~ normal(0, sd), x_i ~ normal(x_(i - 1), sd). */
#include "vectors.h"

enum { SD, LEVELS };

RP_DENSITY(log_density) {
  rp_node_id steps = x;
  if (event_size > 1) {
    rp_node_id first = rp_event_part(g, x, n_events, event_size, 0, 1);
    rp_node_id left = rp_event_part(g, x, n_events, event_size, 0, event_size - 1);
    rp_node_id right = rp_event_part(g, x, n_events, event_size, 1, event_size - 1);
    steps = rp_event_join(g, first, 1, rp_sub(g, right, left), event_size - 1, n_events);
  }
  rp_node_id squares = rp_event_sum(g, rp_square(g, steps), n_events, event_size);
  rp_node_id kernel = rp_div(g, rp_times(g, -0.5, squares), rp_square(g, a[SD]));
  return rp_sub(g, kernel, rp_times(g, (double) event_size, rp_plus(g, rp_log(g, a[SD]), RP_LOG_SQRT_2PI)));
}

RP_RANDOM(random) {
  rp_node_id z = rp_standard_normals(g, stream, n_events, event_size);
  rp_node_id walk = rp_event_cumsum(g, z, n_events, event_size, RP_RUNNING);
  return rp_mul(g, rp_event_repeat(g, a[SD], n_events, event_size), walk);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[SD] = 1;
  widths[LEVELS] = lengths[LEVELS];
  return lengths[LEVELS];
}

const rp_family rp_family_gaussian_random_walk = {
    .name = "gaussian_random_walk",
    .event_dim = 1,
    .n_arguments = 2,
    .arguments = {{"sd", RP_ARG_POSITIVE, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_REAL_VECTOR,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
