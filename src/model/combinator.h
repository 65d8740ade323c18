/* Distributions made of others that are more than a chain of transforms: truncated, censored, mixtures,
 * zero-inflated, ordered; and families written in R, whose support is that of an improper uniform part.
 *
 * A rp_distribution whose `compound` is set has no family of the table: `family` is then the compound's face, which
 * tells its name, whether it is discrete and how many dims an event has, and everything else is asked of the
 * functions below. Parts are distributions themselves, with their own transforms and compounds; masks and declared
 * event dims have been moved out of them. A compound is never changed once it is made and lives in the pool that it
 * was made in. Failures go to the graph's status. */
#ifndef RP_MODEL_COMBINATOR_H
#define RP_MODEL_COMBINATOR_H

#include "distribution.h"

struct rp_compound {
  rp_compound_kind kind;
  rp_pool *pool;
  rp_family face;
  int32_t n_parts;
  rp_distribution *parts;
  /* truncated, censored, interval_censored: lower, upper (RP_NONE: none); zero_inflated: prob; mixture: the log
   * weights. */
  int32_t n_numbers;
  rp_node_id *numbers; /* a scalar or one per event */
  int64_t steps, states, outputs; /* linear_hmm: see linear_hmm.h, also for its parts and numbers */
  const rp_custom *custom; /* of a custom family; its arguments are the numbers */
};

/* Resolves a spec whose combinator is RP_DIST_COMPOUND into d; the part's mask and event dims move into d. */
rp_code rp_compound_resolve(rp_distribution *d, const rp_dist_spec *spec, const rp_resolve *with, int64_t n_value);
/* The same for some of its events, of n_total; n_per elements of the parts belong to one event. */
const rp_compound *rp_compound_select(rp_graph *g, const rp_compound *c, const int32_t *events, int64_t n,
                                      int64_t n_total, int64_t n_per);
/* Elements in the order of rp_distribution_group(). */
const rp_compound *rp_compound_group(rp_graph *g, const rp_compound *c, int64_t n_groups, int64_t group);

rp_node_id rp_compound_log_density(rp_graph *g, const rp_compound *c, rp_node_id x, int64_t n_events,
                                   int64_t event_size, int inside);
rp_node_id rp_compound_random(rp_graph *g, const rp_distribution *d, int64_t n_events, int64_t event_size,
                              uint32_t stream);
int rp_compound_can_sample(const rp_compound *c);

/* log P(X <= x), or log P(X > x) if upper. */
int rp_compound_has_cdf(const rp_compound *c);
rp_node_id rp_compound_log_tail(rp_graph *g, const rp_compound *c, rp_node_id x, int upper);

/* The least and the largest value of a discrete distribution, RP_NONE where there is none; 0: not known. */
int rp_distribution_integer_bounds(rp_graph *g, const rp_distribution *d, rp_node_id *lower, rp_node_id *upper);
/* Where values live; 0, with the reason in the graph's status if `explain`, when no unconstrained coordinates lead
 * there. */
int rp_compound_support(rp_graph *g, const rp_compound *c, rp_support *support, int explain);
/* Bounds of a univariate support; RP_NONE where there is none. */
void rp_support_bounds(rp_graph *g, rp_support support, rp_node_id *lower, rp_node_id *upper);
/* Another stream of the same site. */
uint32_t rp_substream(uint32_t stream, uint32_t k);

#endif
