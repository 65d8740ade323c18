/* Tails as sums of probabilities. */
#include <math.h>
#include <stdlib.h>

#include "support.h"
#include "terms.h"

enum { MOST_TERMS = 10000000 };

static rp_node_id number_of_each(rp_graph *g, int64_t n, int64_t n_numbers, double lowest);
static int range(const rp_graph *g, rp_node_id a, double *least, double *most);

/* Every element has a row of all the numbers; what is beyond its own bounds or tail has no probability. */
rp_node_id rp_summed_log_tail(rp_graph *g, const rp_family *family, rp_node_id x, const rp_node_id *a, int is_upper) {
  rp_support support = rp_family_support(g, family, a);
  double least, most, unused;
  if (!range(g, support.lower, &least, &unused) || !range(g, support.upper, &unused, &most)) {
    rp_fail(rp_graph_status(g), RP_UNSUPPORTED, NULL, "the cdf of %s() is known for sizes that are numbers only",
            family->name);
    return RP_NONE;
  }
  int64_t n = rp_size_of(g, x), n_numbers = (int64_t) (most - least) + 1;
  for (int32_t k = 0; k < family->n_arguments; k++)
    if (rp_size_of(g, a[k]) > n) n = rp_size_of(g, a[k]);
  if (n * n_numbers > MOST_TERMS) {
    rp_fail(rp_graph_status(g), RP_UNSUPPORTED, NULL, "the cdf of %s() would be a sum of %lld numbers", family->name,
            (long long) (n * n_numbers));
    return RP_NONE;
  }
  rp_node_id repeated[RP_MAX_ARGUMENTS], number = number_of_each(g, n, n_numbers, least);
  for (int32_t k = 0; k < family->n_arguments; k++) repeated[k] = rp_event_repeat(g, a[k], n, n_numbers);
  rp_node_id lower = rp_event_repeat(g, support.lower, n, n_numbers), upper = rp_event_repeat(g, support.upper, n,
                                                                                              n_numbers);
  rp_node_id inner = rp_max2(g, rp_min2(g, number, upper), lower);
  rp_node_id at_most = rp_le(g, number, rp_event_repeat(g, rp_floor(g, x), n, n_numbers));
  rp_node_id counts = rp_mul(g, rp_eq(g, inner, number), is_upper ? rp_not(g, at_most) : at_most);
  rp_node_id terms = family->log_density(g, inner, repeated, n * n_numbers, 1);
  terms = rp_select(g, counts, terms, rp_const(g, -HUGE_VAL));
  terms = rp_broadcast(g, terms, n * n_numbers);
  rp_node_id any = rp_event_sum(g, rp_broadcast(g, counts, n * n_numbers), n, n_numbers);
  rp_node_id tail = rp_event_log_sum_exp(g, terms, n, n_numbers);
  return rp_select(g, rp_lt(g, rp_const(g, 0), any), rp_min2(g, tail, rp_const(g, 0)), rp_const(g, -HUGE_VAL));
}

static rp_node_id number_of_each(rp_graph *g, int64_t n, int64_t n_numbers, double lowest) {
  double *values = malloc((size_t) (n * n_numbers) * sizeof *values);
  if (!values) return rp_fail_memory(rp_graph_status(g), "the numbers of a sum"), RP_NONE;
  for (int64_t i = 0; i < n * n_numbers; i++) values[i] = lowest + (double) (i % n_numbers);
  rp_node_id node = rp_data(g, values, n * n_numbers);
  free(values);
  return node;
}

static int range(const rp_graph *g, rp_node_id a, double *least, double *most) {
  a = rp_unrepeated(g, a);
  const double *values = rp_values_of(g, a);
  *least = HUGE_VAL;
  *most = -HUGE_VAL;
  for (int64_t i = 0, n = rp_size_of(g, a); values && i < n; i++) {
    if (values[i] < *least) *least = values[i];
    if (values[i] > *most) *most = values[i];
  }
  return values != NULL && isfinite(*least) && isfinite(*most);
}
