#include "guide.h"

#include <math.h>
#include <string.h>

#include "../graph/shorthand.h"

extern const rp_guide rp_guide_normal, rp_guide_mvn, rp_guide_lowrank, rp_guide_delta, rp_guide_iaf, rp_guide_coupling,
    rp_guide_structured, rp_guide_structured_functions, rp_guide_model_kind;
static const rp_guide *const table[RP_GUIDE_COUNT] = {&rp_guide_normal, &rp_guide_mvn, &rp_guide_lowrank,
                                                      &rp_guide_delta,  &rp_guide_iaf, &rp_guide_coupling,
                                                      &rp_guide_structured, &rp_guide_model_kind};

rp_guide_kind rp_guide_from_name(const char *name) {
  int kind = 0;
  while (kind < RP_GUIDE_COUNT && strcmp(table[kind]->name, name) != 0) kind++;
  return (rp_guide_kind) kind;
}

const rp_guide *rp_guide_of(const rp_guide_block *block) {
  const int functions = block->structure && block->structure->group_function;
  return functions ? &rp_guide_structured_functions : table[block->kind];
}

rp_node_id rp_guide_log_density(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise,
                                rp_node_id z) {
  const rp_guide *guide = rp_guide_of(block);
  if (!guide->log_jacobian) return guide->log_density(g, block, parameters, z);
  return rp_guide_normal_density(g, noise, guide->log_jacobian(g, block, parameters, noise), guide->n_noise(block));
}

/* With a quick inverse, the density at the noise that it gives. Else h + s'(z - T), where h = log q and T = z as
 * numbers, and s = d log q / dz = (dT / dnoise)'^-1 dh / dnoise: its value is log q, its gradient in z is s. */
rp_node_id rp_guide_path_density(rp_graph *g, const rp_guide_block *block, rp_node_id fixed, rp_node_id parameters,
                                 rp_node_id noise, rp_node_id z) {
  const rp_guide *guide = rp_guide_of(block);
  if (guide->log_density) return guide->log_density(g, block, fixed, z);
  if (!guide->solve_jacobian) {
    rp_node_id back = guide->inverse(g, block, fixed, z);
    if (back == RP_NONE) return rp_guide_log_density(g, block, parameters, noise, z);
    return rp_guide_log_density(g, block, fixed, back, z);
  }
  rp_node_id h = rp_guide_log_density(g, block, fixed, noise, z), slope = RP_NONE;
  rp_gradient(g, h, &noise, 1, &slope);
  slope = guide->solve_jacobian(g, block, fixed, noise, slope);
  if (slope == RP_NONE) return rp_guide_log_density(g, block, parameters, noise, z);
  rp_node_id here = guide->draw(g, block, fixed, noise);
  return rp_add(g, h, rp_sum(g, rp_mul(g, slope, rp_sub(g, z, here))));
}

double rp_guide_raw_scale(const rp_guide_block *block) {
  return rp_guide_raw(block->init_scale > 0 ? block->init_scale : 0.1);
}

double rp_guide_raw(double scale) { return scale > 30 ? scale : log(expm1(scale)); }
double rp_guide_softplus(double raw) { return raw > 30 ? raw : log1p(exp(raw)); }

/* Softplus as in NumPyro's guides: unlike exp, steps of an optimizer do not blow up large scales. */
rp_node_id rp_guide_scale(rp_graph *g, rp_node_id raw) { return rp_log1p_exp(g, raw); }

void rp_guide_start_scales(const rp_guide_block *block, const double *centre, double *parameters) {
  for (int64_t i = 0; i < block->n; i++) {
    parameters[i] = centre[i];
    parameters[block->n + i] = rp_guide_raw_scale(block);
  }
}

rp_node_id rp_guide_scales(rp_graph *g, const rp_guide_block *block, rp_node_id parameters) {
  return rp_guide_scale(g, rp_slice(g, parameters, block->n, block->n));
}

rp_node_id rp_guide_normal_density(rp_graph *g, rp_node_id standardised, rp_node_id log_determinant, int64_t n) {
  const double log_two_pi = 1.8378770664093454836;
  rp_node_id half_squares = rp_times(g, -0.5, rp_sum(g, rp_square(g, standardised)));
  return rp_plus(g, rp_sub(g, half_squares, log_determinant), -0.5 * (double) n * log_two_pi);
}

rp_node_id rp_guide_normal_entropy(rp_graph *g, rp_node_id log_determinant, int64_t n) {
  const double log_two_pi_e = 2.8378770664093454836;
  return rp_plus(g, log_determinant, 0.5 * (double) n * log_two_pi_e);
}
