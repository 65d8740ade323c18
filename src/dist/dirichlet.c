/* Dirichlet: f(x) = Gamma(sum a) / prod Gamma(a_i) prod x_i^(a_i - 1) on the simplex. */
#include <math.h>

#include "vectors.h"

enum { CONCENTRATION, LEVELS };

RP_DENSITY(log_density) {
  int64_t own = rp_size_of(g, a[CONCENTRATION]) / event_size;
  rp_node_id powers = rp_recycle(g, rp_plus(g, a[CONCENTRATION], -1), n_events * event_size);
  rp_node_id kernel = rp_event_sum(g, rp_xlogy(g, powers, x), n_events, event_size);
  rp_node_id total = rp_lgamma(g, rp_event_sum(g, a[CONCENTRATION], own, event_size));
  return rp_add(g, kernel, rp_sub(g, total, rp_event_sum(g, rp_lgamma(g, a[CONCENTRATION]), own, event_size)));
}

/* Gammas over their sum, in logarithms: small concentrations underflow otherwise. */
RP_SAMPLE(sample) {
  double max = -HUGE_VAL, sum = 0;
  for (int64_t i = 0; i < event_size; i++) {
    x[i] = rp_sample_log_gamma(r, a[CONCENTRATION][i]);
    max = fmax(max, x[i]);
  }
  for (int64_t i = 0; i < event_size; i++) sum += x[i] = exp(x[i] - max);
  for (int64_t i = 0; i < event_size; i++) x[i] /= sum;
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[CONCENTRATION] = widths[LEVELS] = lengths[LEVELS];
  return lengths[LEVELS];
}

const rp_family rp_family_dirichlet = {
    .name = "dirichlet",
    .event_dim = 1,
    .n_arguments = 2,
    .arguments = {{"concentration", RP_ARG_POSITIVE, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_SIMPLEX,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
