/* Ordered logistic: P(x = j) = sigmoid(c_j - eta) - sigmoid(c_(j-1) - eta), x = 1, .., k, with k - 1 increasing
 * cutpoints c, c_0 = -Inf and c_k = Inf (McCullagh 1980). */
#include <math.h>

#include "vectors.h"

enum { ETA, CUTPOINTS };

/* The outer categories have a probability whatever the order of the cutpoints. */
static rp_node_id increase(rp_graph *g, rp_node_id cutpoints, int64_t n) {
  if (n < 2 || rp_graph_node(g, cutpoints)->op == RP_OP_CONST) return rp_const(g, 1);
  rp_node_id falls = rp_le(g, rp_slice(g, cutpoints, 1, n - 1), rp_slice(g, cutpoints, 0, n - 1));
  return rp_not(g, rp_sum(g, falls));
}

/* sigmoid(u) - sigmoid(l) = sigmoid(u) sigmoid(-l) (1 - exp(l - u)). */
RP_DENSITY(log_density) {
  int64_t n = rp_size_of(g, a[CUTPOINTS]);
  rp_node_id ends[] = {rp_const(g, -HUGE_VAL), a[CUTPOINTS], rp_const(g, HUGE_VAL)};
  rp_node_id below = rp_event_pick(g, rp_concat(g, ends, 2), x, n_events, n + 1);
  rp_node_id above = rp_event_pick(g, rp_concat(g, ends + 1, 2), x, n_events, n + 1);
  rp_node_id upper = rp_neg(g, rp_log1p_exp(g, rp_sub(g, a[ETA], above)));
  rp_node_id lower = rp_neg(g, rp_log1p_exp(g, rp_sub(g, below, a[ETA])));
  return rp_guard(g, increase(g, a[CUTPOINTS], n),
                  rp_add(g, rp_add(g, upper, lower), rp_log1m_exp(g, rp_sub(g, below, above))));
}

/* A logistic variate around eta, counted among the cutpoints: a = eta, cutpoints, their number. */
static void choose(rp_random *r, const double *const *a, RP_UNUSED int64_t event_size, double *x) {
  double u = rp_random_uniform(r), y = *a[0] + log(u / (1 - u));
  int64_t k = 0, n = (int64_t) *a[2];
  while (k < n && y > a[1][k]) k++;
  *x = (double) (k + 1);
}

RP_RANDOM(random) {
  int64_t n = rp_size_of(g, a[CUTPOINTS]), widths[] = {1, n, 1};
  rp_node_id arguments[] = {a[ETA], a[CUTPOINTS], rp_const(g, (double) n)};
  return rp_random_node(g, choose, stream, arguments, widths, 3, n_events, event_size);
}

RP_SUPPORT_OF(support) {
  double k = (double) rp_size_of(g, a[CUTPOINTS]) + 1;
  return (rp_support) {RP_SUPPORT_INTEGER_INTERVAL, rp_const(g, 1), rp_const(g, k)};
}

static int64_t event_size(const int64_t *lengths, int64_t value_length, int64_t *widths) {
  (void) value_length;
  widths[ETA] = 1;
  widths[CUTPOINTS] = lengths[CUTPOINTS];
  return 1;
}

const rp_family rp_family_ordered_logistic = {
    .name = "ordered_logistic",
    .event_dim = 1,
    .discrete = 1,
    .n_arguments = 2,
    .arguments = {{"eta", RP_ARG_REAL, 0}, {"cutpoints", RP_ARG_REAL, 0}},
    .support_kind = RP_SUPPORT_INTEGER_INTERVAL,
    .support = support,
    .log_density = log_density,
    .random = random,
    .location = -1,
    .scale = -1,
    .event_size = event_size,
};
