#include "guide.h"

#include <math.h>
#include <string.h>

#include "../graph/shorthand.h"

extern const rp_guide rp_guide_normal, rp_guide_mvn, rp_guide_lowrank, rp_guide_delta;
static const rp_guide *const table[RP_GUIDE_COUNT] = {&rp_guide_normal, &rp_guide_mvn, &rp_guide_lowrank,
                                                      &rp_guide_delta};

rp_guide_kind rp_guide_from_name(const char *name) {
  int kind = 0;
  while (kind < RP_GUIDE_COUNT && strcmp(table[kind]->name, name) != 0) kind++;
  return (rp_guide_kind) kind;
}

const rp_guide *rp_guide_of(const rp_guide_block *block) { return table[block->kind]; }

double rp_guide_raw_scale(const rp_guide_block *block) {
  return log(expm1(block->init_scale > 0 ? block->init_scale : 0.1));
}

/* Softplus as in NumPyro's guides: unlike exp, steps of an optimizer do not blow up large scales. */
rp_node_id rp_guide_scale(rp_graph *g, rp_node_id raw) { return rp_log1p_exp(g, raw); }

rp_node_id rp_guide_normal_density(rp_graph *g, rp_node_id standardised, rp_node_id log_determinant, int64_t n) {
  const double log_two_pi = 1.8378770664093454836;
  rp_node_id half_squares = rp_times(g, -0.5, rp_sum(g, rp_square(g, standardised)));
  return rp_plus(g, rp_sub(g, half_squares, log_determinant), -0.5 * (double) n * log_two_pi);
}

rp_node_id rp_guide_normal_entropy(rp_graph *g, rp_node_id log_determinant, int64_t n) {
  const double log_two_pi_e = 2.8378770664093454836;
  return rp_plus(g, log_determinant, 0.5 * (double) n * log_two_pi_e);
}
