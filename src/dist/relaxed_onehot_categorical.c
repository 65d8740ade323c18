/* Relaxed one-hot categorical (Concrete; Maddison, Mnih and Teh 2017, equation 10) on the simplex:
 * f(x) = Gamma(k) t^(k - 1) prod(exp(l_i) x_i^(-t - 1)) / (sum exp(l_i) x_i^-t)^k, t = temperature, l = logits. */
#include <math.h>

#include "../core/special.h"
#include "vectors.h"

enum { TEMPERATURE, LOGITS, LEVELS };

RP_DENSITY(log_density) {
  double k = (double) event_size;
  rp_node_id t = rp_event_repeat(g, a[TEMPERATURE], n_events, event_size), log_x = rp_log(g, x);
  rp_node_id tilted = rp_sub(g, rp_recycle(g, a[LOGITS], n_events * event_size), rp_mul(g, t, log_x));
  rp_node_id product = rp_event_sum(g, rp_sub(g, tilted, log_x), n_events, event_size);
  rp_node_id sum = rp_event_log_sum_exp(g, tilted, n_events, event_size);
  rp_node_id constant = rp_plus(g, rp_times(g, k - 1, rp_log(g, a[TEMPERATURE])), rp_sf_lgamma(k));
  return rp_add(g, rp_sub(g, product, rp_times(g, k, sum)), constant);
}

/* softmax((logits + Gumbel noise) / temperature). */
RP_SAMPLE(sample) {
  double max = -HUGE_VAL, sum = 0;
  for (int64_t i = 0; i < event_size; i++) {
    x[i] = (a[LOGITS][i] - log(rp_random_exponential(r))) / *a[TEMPERATURE];
    max = fmax(max, x[i]);
  }
  for (int64_t i = 0; i < event_size; i++) sum += x[i] = exp(x[i] - max);
  for (int64_t i = 0; i < event_size; i++) x[i] /= sum;
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[TEMPERATURE] = 1;
  widths[LOGITS] = widths[LEVELS] = lengths[LEVELS];
  return lengths[LEVELS];
}

const rp_family rp_family_relaxed_onehot_categorical = {
    .name = "relaxed_onehot_categorical",
    .event_dim = 1,
    .n_arguments = 3,
    .arguments = {{"temperature", RP_ARG_POSITIVE, 0}, {"logits", RP_ARG_REAL, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_SIMPLEX,
    .log_density = log_density,
    .sample = sample,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
