/* Projected normal: (n + c) / |n + c| on the unit sphere of any dimension d, n ~ Normal(0, I), c = concentration. 
 * With t = c.x f(x) = J_(d - 1)(t) (2 pi)^(-(d - 1) / 2) exp(-(|c|^2 - t^2) / 2), J_m(t) = int_0^inf r^m exp(-(r -
 * t)^2 / 2) dr / sqrt(2 pi): J_0 = pnorm(t), J_1 = dnorm(t) + t J_0, J_m = t J_(m - 1) + (m - 1) J_(m - 2) (Presnell,
 * Morrison and Littell 1998, JASA 93). */
#include <math.h>

#include "vectors.h"

enum { CONCENTRATION, LEVELS, FRACTION_TERMS = 80 };

/* Upwards, which is accurate for t >= -2; not for t far below 0, where J_m is the small solution of the recursion. */
static rp_node_id log_moment_up(rp_graph *g, rp_node_id t, int64_t m) {
  rp_node_id before = rp_pnorm(g, t);
  if (m == 0) return rp_log(g, before);
  rp_node_id density = rp_exp(g, rp_plus(g, rp_times(g, -0.5, rp_square(g, t)), -RP_LOG_SQRT_2PI));
  rp_node_id here = rp_add(g, density, rp_mul(g, t, before));
  for (int64_t k = 2; k <= m; k++) {
    rp_node_id next = rp_add(g, rp_mul(g, t, here), rp_times(g, (double) (k - 1), before));
    before = here;
    here = next;
  }
  return rp_log(g, here);
}

/* Ratios R_k = J_k / J_(k - 1) downwards: R_(k - 1) = (k - 1) / (R_k - t), from the asymptote of R_M; all terms are
 * positive. */
static rp_node_id log_moment_down(rp_graph *g, rp_node_id t, int64_t m) {
  int64_t top = m + FRACTION_TERMS;
  rp_node_id root = rp_sqrt(g, rp_plus(g, rp_square(g, t), 4 * ((double) top + 0.5)));
  rp_node_id ratio = rp_times(g, 0.5, rp_add(g, t, root)), sum = rp_log_pnorm(g, t);
  for (int64_t k = top; k > 1; k--) {
    ratio = rp_div(g, rp_const(g, (double) (k - 1)), rp_sub(g, ratio, t));
    if (k - 1 <= m) sum = rp_add(g, sum, rp_log(g, ratio));
  }
  return sum;
}

RP_DENSITY(log_density) {
  int64_t own = rp_size_of(g, a[CONCENTRATION]) / event_size, m = event_size - 1;
  rp_node_id c = rp_recycle(g, a[CONCENTRATION], n_events * event_size);
  rp_node_id t = rp_event_sum(g, rp_mul(g, c, x), n_events, event_size);
  rp_node_id size = rp_event_sum(g, rp_square(g, a[CONCENTRATION]), own, event_size);
  rp_node_id is_low = rp_lt(g, t, rp_const(g, -2));
  rp_node_id up = log_moment_up(g, rp_max2(g, t, rp_const(g, -2)), m);
  rp_node_id moment =
      m == 0 ? rp_log_pnorm(g, t) : rp_select(g, is_low, log_moment_down(g, rp_min2(g, t, rp_const(g, -2)), m), up);
  rp_node_id exponent = rp_times(g, -0.5, rp_sub(g, size, rp_square(g, t)));
  return rp_plus(g, rp_add(g, moment, exponent), -(double) m * RP_LOG_SQRT_2PI);
}

RP_SAMPLE(sample) {
  double sum = 0;
  for (int64_t i = 0; i < event_size; i++) {
    x[i] = a[CONCENTRATION][i] + rp_random_normal(r);
    sum += x[i] * x[i];
  }
  for (int64_t i = 0; i < event_size; i++) x[i] /= sqrt(sum);
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[CONCENTRATION] = widths[LEVELS] = lengths[LEVELS];
  return lengths[LEVELS];
}

const rp_family rp_family_projected_normal = {
    .name = "projected_normal",
    .event_dim = 1,
    .n_arguments = 2,
    .arguments = {{"concentration", RP_ARG_REAL, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_SPHERE,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
