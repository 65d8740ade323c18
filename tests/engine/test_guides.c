/* Guides that are maps of standard noise, at random parameters: Jacobians against differences, inverses, densities. */
#include <stdlib.h>

#include "../../src/core/linalg_small.h"
#include "../../src/graph/shorthand.h"
#include "../../src/infer/guide.h"
#include "check.h"

enum { LARGEST = 7 };

static void evaluate(rp_graph *g, rp_node_id node, const double *params, double *out) {
  rp_status status;
  rp_status_clear(&status);
  double *places[1] = {out};
  CHECK(rp_evaluate(g, &node, 1, params, NULL, (rp_random_key){0}, places, &status) == RP_OK);
}

/* log |det| of dz / dnoise by central differences; params hold the guide's parameters, then the noise. */
static double determinant(rp_graph *g, rp_node_id z, double *noise, const double *params, int64_t n, double *jacobian) {
  const double step = 1e-5;
  double up[LARGEST], down[LARGEST], workspace[200];
  for (int64_t j = 0; j < n; j++) {
    const double at = noise[j];
    noise[j] = at + step;
    evaluate(g, z, params, up);
    noise[j] = at - step;
    evaluate(g, z, params, down);
    noise[j] = at;
    for (int64_t i = 0; i < n; i++) jacobian[i + n * j] = (up[i] - down[i]) / (2 * step);
  }
  CHECK(rp_la_log_abs_det_workspace(n) <= 200);
  return rp_la_log_abs_det(jacobian, n, workspace);
}

/* The gradient of the log determinant in parameters and noise, against differences. */
static void check_gradient(rp_graph *g, rp_node_id log_jacobian, double *params, int64_t n) {
  const double step = 1e-5;
  double *gradient = calloc((size_t) n, sizeof *gradient), up, down;
  rp_node_id all = rp_param(g, 0, n), slope;
  rp_gradient(g, log_jacobian, &all, 1, &slope);
  evaluate(g, rp_broadcast(g, slope, n), params, gradient);
  for (int64_t i = 0; i < n; i++) {
    const double at = params[i];
    params[i] = at + step;
    evaluate(g, log_jacobian, params, &up);
    params[i] = at - step;
    evaluate(g, log_jacobian, params, &down);
    params[i] = at;
    CHECK_NEAR(gradient[i], (up - down) / (2 * step), 1e-6);
  }
  free(gradient);
}

static void check_map(rp_guide_block block, uint64_t seed, int has_inverse) {
  rp_graph *g = rp_graph_new();
  const rp_guide *guide = rp_guide_of(&block);
  const int64_t n = block.n, n_parameters = guide->n_parameters(&block);
  double *params = calloc((size_t) (n_parameters + n), sizeof *params), *noise = params + n_parameters;
  double centre[LARGEST] = {0}, jacobian[LARGEST * LARGEST], values[LARGEST], number;
  rp_random stream = rp_random_open((rp_random_key){seed, 0, 0}, 1);
  guide->start(&block, centre, &stream, params);
  for (int64_t i = 0; i < n_parameters; i++) params[i] += 0.1 * rp_random_normal(&stream);
  for (int64_t i = 0; i < n; i++) noise[i] = 1.5 * rp_random_normal(&stream);
  rp_node_id all = rp_param(g, 0, n_parameters + n);
  rp_node_id parameters = rp_slice(g, all, 0, n_parameters), e = rp_slice(g, all, n_parameters, n);
  rp_node_id z = guide->draw(g, &block, parameters, e), log_jacobian = guide->log_jacobian(g, &block, parameters, e);
  evaluate(g, log_jacobian, params, &number);
  /* differences are right to about 1e-9, the determinant of seven columns to 1e-7 */
  CHECK_NEAR(number, determinant(g, z, noise, params, n, jacobian), 1e-6);
  check_gradient(g, log_jacobian, params, n_parameters + n);
  rp_node_id back = guide->inverse(g, &block, parameters, z);
  CHECK((back != RP_NONE) == has_inverse);
  if (has_inverse) evaluate(g, back, params, values);
  for (int64_t i = 0; has_inverse && i < n; i++) CHECK_NEAR(values[i], noise[i], 1e-8);

  if (guide->moments) { /* the rows of the Jacobian are all that there is to a linear map */
    rp_node_id mean, variance;
    guide->moments(g, &block, parameters, &mean, &variance);
    evaluate(g, rp_broadcast(g, variance, n), params, values);
    for (int64_t i = 0; i < n; i++) {
      double squares = 0;
      for (int64_t j = 0; j < n; j++) squares += jacobian[i + n * j] * jacobian[i + n * j];
      CHECK_NEAR(values[i], squares, 1e-6);
    }
  }

  /* the density at z, by the noise and as a function of z */
  double by_noise, by_value, slope[LARGEST], want[LARGEST];
  evaluate(g, rp_guide_log_density(g, &block, parameters, e, z), params, &by_noise);
  rp_node_id path = rp_guide_path_density(g, &block, parameters, parameters, e, z);
  evaluate(g, path, params, &by_value);
  CHECK_NEAR(by_value, by_noise, 1e-8);
  if (guide->solve_jacobian) {
    rp_node_id inner = rp_guide_log_density(g, &block, parameters, e, z), gradient;
    rp_gradient(g, inner, &e, 1, &gradient);
    evaluate(g, rp_broadcast(g, gradient, n), params, want);
    evaluate(g, guide->solve_jacobian(g, &block, parameters, e, gradient), params, slope);
    for (int64_t j = 0; j < n; j++) {
      double product = 0;
      for (int64_t i = 0; i < n; i++) product += jacobian[i + n * j] * slope[i];
      CHECK_NEAR(product, want[j], 1e-6);
    }
  }
  CHECK_TEXT(rp_graph_status(g)->message, "");
  free(params);
  rp_graph_free(g);
}

/* With constant parameters, as in a reparameterization, the graph folds to the same map. */
static void check_constant(rp_guide_block block) {
  rp_graph *g = rp_graph_new();
  const rp_guide *guide = rp_guide_of(&block);
  const int64_t n_parameters = guide->n_parameters(&block);
  double *params = calloc((size_t) n_parameters, sizeof *params), centre[LARGEST] = {1, 2, 3, 4, 5, 6, 7};
  const double noise[LARGEST] = {0.3, -1.2, 6, -7, 0.1, 0, 2};
  rp_random stream = rp_random_open((rp_random_key){5, 0, 0}, 1);
  guide->start(&block, centre, &stream, params);
  rp_node_id fixed = rp_data(g, params, n_parameters), e = rp_param(g, 0, block.n);
  double z[LARGEST], number;
  evaluate(g, rp_broadcast(g, guide->draw(g, &block, fixed, e), block.n), noise, z);
  evaluate(g, guide->log_jacobian(g, &block, fixed, e), noise, &number);
  /* every guide starts as independent normals of scale .1, beyond the splines' bounds as well */
  for (int64_t i = 0; i < block.n; i++) CHECK_NEAR(z[i], centre[i] + 0.1 * noise[i], 1e-12);
  CHECK_NEAR(number, (double) block.n * log(0.1), 1e-12);
  free(params);
  rp_graph_free(g);
}

/* Groups of 2, 1 and 4 elements; the last depends on both others. */
static const int64_t group_sizes[3] = {2, 1, 4};
static const rp_conditional conditionals[3] = {RP_CONDITIONAL_NORMAL, RP_CONDITIONAL_MVN, RP_CONDITIONAL_MVN};
static const int32_t down[3] = {1, 2, 2}, up[3] = {0, 0, 1};
static const rp_guide_structure structure = {.n_groups = 3, .size = group_sizes, .conditional = conditionals,
                                            .n_edges = 3, .down = down, .up = up};

/* Functions p (x + x^3) of every element, (x_1 + x_2 x_2, 2 x_2 + p x_1 x_1) of two, and p x_1 x_2 of two to four. */
static rp_guide_function function_of(rp_graph *g, int which) {
  static const double start[1] = {0.2};
  rp_guide_function f = {.graph = g, .n_in = which == 0 ? 1 : 2, .n_out = which == 2 ? 4 : which + 1,
                         .first_input = which == 1, .n_parameters = 1, .start = start};
  rp_node_id p = rp_param(g, which == 1 ? 0 : f.n_in, 1), x = rp_param(g, f.first_input, f.n_in);
  rp_node_id one = rp_slice(g, x, 0, 1), two = f.n_in == 2 ? rp_slice(g, x, 1, 1) : RP_NONE;
  rp_node_id parts[2];
  switch (which) {
  case 0: f.value = rp_mul(g, p, rp_add(g, x, rp_mul(g, x, rp_square(g, x)))); break;
  case 1:
    parts[0] = rp_add(g, one, rp_square(g, two));
    parts[1] = rp_add(g, rp_times(g, 2, two), rp_mul(g, p, rp_square(g, one)));
    f.value = rp_concat(g, parts, 2);
    break;
  default: f.value = rp_mul(g, p, rp_mul(g, one, two));
  }
  return f;
}

static void check_functions(void) {
  rp_graph *g = rp_graph_new();
  rp_guide_function functions[3];
  for (int k = 0; k < 3; k++) functions[k] = function_of(g, k);
  for (int k = 0; k < 2; k++) CHECK(rp_guide_function_prepare(&functions[k], g) == RP_OK);
  const rp_guide_function *groups[3] = {NULL}, *edges[3] = {NULL, &functions[2], NULL};
  rp_conditional kinds[3] = {conditionals[0], conditionals[1], conditionals[2]};
  rp_guide_structure with = structure;
  with.conditional = kinds;
  with.group_function = groups;
  with.edge_function = edges;
  const rp_guide_block block = {.kind = RP_GUIDE_STRUCTURED, .n = LARGEST, .structure = &with};
  for (uint64_t seed = 1; seed <= 3; seed++) check_map(block, seed, 1);
  groups[0] = &functions[1];
  groups[1] = &functions[0];
  kinds[0] = kinds[1] = RP_CONDITIONAL_FUNCTION;
  for (uint64_t seed = 1; seed <= 3; seed++) check_map(block, seed, 0);
  rp_graph_free(g);
}

int main(void) {
  const rp_guide_block structured = {.kind = RP_GUIDE_STRUCTURED, .n = LARGEST, .structure = &structure};
  for (uint64_t seed = 1; seed <= 3; seed++) check_map(structured, seed, 1);
  check_constant(structured);
  check_functions();
  const rp_guide_kind kinds[] = {RP_GUIDE_NORMAL, RP_GUIDE_MVN, RP_GUIDE_IAF, RP_GUIDE_COUPLING};
  const int64_t sizes[] = {1, 2, 3, LARGEST};
  for (int k = 0; k < 4; k++)
    for (int s = 0; s < 4; s++) {
      for (uint64_t seed = 1; seed <= 3; seed++) {
        check_map((rp_guide_block){.kind = kinds[k], .n = sizes[s]}, seed, 1);
        check_map((rp_guide_block){.kind = kinds[k], .n = sizes[s], .n_flows = 2, .n_hidden = 5, .n_layers = 1,
                                   .n_bins = 3}, seed, 1);
      }
      check_constant((rp_guide_block){.kind = kinds[k], .n = sizes[s]});
    }
  return check_done("guides");
}
