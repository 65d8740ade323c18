/* Categorical by its log weights: P(x) = exp(logits[x]) / sum(exp(logits)), x = 1, .., k. */
#include "vectors.h"

enum { LOGITS, LEVELS };

RP_DENSITY(log_density) {
  int64_t k = rp_size_of(g, a[LEVELS]), own = rp_size_of(g, a[LOGITS]) / k;
  return rp_sub(g, rp_event_pick(g, a[LOGITS], x, n_events, k), rp_event_log_sum_exp(g, a[LOGITS], own, k));
}

RP_RANDOM(random) {
  int64_t k = rp_size_of(g, a[LEVELS]), own = rp_size_of(g, a[LOGITS]) / k;
  rp_node_id scale = rp_event_repeat(g, rp_event_log_sum_exp(g, a[LOGITS], own, k), own, k);
  rp_node_id other[] = {rp_exp(g, rp_sub(g, a[LOGITS], scale)), a[LEVELS]};
  return rp_family_categorical.random(g, stream, other, n_events, event_size);
}

RP_SUPPORT_OF(support) { return rp_family_categorical.support(g, a); }

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  return rp_family_categorical.event_size(lengths, value_length, widths);
}

const rp_family rp_family_categorical_logit = {
    .name = "categorical_logit",
    .event_dim = 1,
    .discrete = 1,
    .n_arguments = 2,
    .arguments = {{"logits", RP_ARG_REAL, 0}, {"levels", RP_ARG_ANY, 0}},
    .support_kind = RP_SUPPORT_INTEGER_INTERVAL,
    .support = support,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
