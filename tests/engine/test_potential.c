/* A compiled density as a target: pieces of the parameter vector in any order, gradients against hand-coded ones. */
#include <stdlib.h>

#include "../../src/graph/shorthand.h"
#include "../../src/infer/chains.h"
#include "../../src/infer/lanes.h"
#include "check.h"
#include "targets.h"

/* Eight schools of targets.h as a graph: mu, log tau and z are three PARAM leaves. */
static rp_node_id schools_graph(rp_graph *g) {
  rp_node_id mu = rp_param(g, 0, 1), log_tau = rp_param(g, 1, 1), z = rp_param(g, 2, 8), tau = rp_exp(g, log_tau);
  rp_node_id theta = rp_add(g, mu, rp_mul(g, tau, z));
  rp_node_id residual = rp_div(g, rp_sub(g, rp_data(g, school_y, 8), theta), rp_data(g, school_sd, 8));
  rp_node_id squares = rp_add(g, rp_sum(g, rp_square(g, z)), rp_sum(g, rp_square(g, residual)));
  rp_node_id log_density = rp_sub(g, rp_times(g, -0.5, squares), rp_times(g, 1.0 / 50, rp_square(g, mu)));
  rp_node_id tail = rp_log1p(g, rp_times(g, 1.0 / 25, rp_square(g, tau)));
  return rp_add(g, log_density, rp_sub(g, log_tau, tail));
}

static void check_gradient(void) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_density *density = rp_density_new(g, schools_graph(g), 10, RP_ISA_BEST, &status);
  CHECK_TEXT(status.message, "");
  if (density) {
    rp_target target = rp_density_target(density);
    rp_potential potential;
    CHECK(target.dim == 10 && target.open(target.context, &potential, &status) == RP_OK);
    for (uint64_t t = 0; t < 20; t++) {
      double q[10], log_density, want_log_density, want[10];
      const double *gradient;
      rp_random stream = rp_random_open((rp_random_key){4, 0, t}, 1);
      for (int i = 0; i < 10; i++) q[i] = 2 * rp_random_normal(&stream);
      CHECK(potential.evaluate(potential.state, q, &log_density, &gradient) == RP_OK);
      eight_schools(q, &want_log_density, want);
      CHECK_NEAR(log_density, want_log_density, 1e-12);
      for (int i = 0; i < 10; i++) CHECK_NEAR(gradient[i], want[i], 1e-12);
    }
    target.close(&potential);
  }
  rp_density_free(density);
  rp_graph_free(g);
}

/* Slices that overlap add up; positions that nothing uses have gradient 0; leaves from dim on are constants. */
static void check_pieces(void) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_node_id a = rp_param(g, 0, 3), b = rp_param(g, 2, 1), fixed = rp_param(g, 5, 3);
  rp_node_id value = rp_add(g, rp_sum(g, rp_mul(g, a, fixed)), rp_square(g, b));
  rp_density *density = rp_density_new(g, value, 5, RP_ISA_BEST, &status);
  CHECK_TEXT(status.message, "");
  const double params[8] = {1, 2, 3, 4, 5, 10, 20, 30}, want[5] = {10, 20, 36, 0, 0};
  double log_density;
  const double *gradient;
  if (density) {
    rp_work *work = rp_work_new(rp_density_program(density, 1), &status);
    rp_density_run(density, work, params, NULL, NULL, &log_density, &gradient);
    CHECK_NEAR(log_density, 149, 1e-15);
    for (int i = 0; i < 5; i++) CHECK_NEAR(gradient[i], want[i], 1e-15);
    rp_work_free(work);
  }
  rp_density_free(density);
  rp_graph_free(g);
}

static void check_failures(void) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  CHECK(rp_density_new(g, rp_param(g, 0, 3), 3, RP_ISA_BEST, &status) == NULL && status.code == RP_BAD_SHAPE);
  rp_status_clear(&status);
  CHECK(rp_density_new(g, RP_NONE, 2, RP_ISA_BEST, &status) == NULL && status.code != RP_OK);
  rp_graph_free(g);
}

/* The same chain by graph and by hand: the same trajectories up to rounding. */
static void check_chains(void) {
  static const test_model model = {10, eight_schools};
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_density *density = rp_density_new(g, schools_graph(g), 10, RP_ISA_BEST, &status);
  if (density) {
    rp_nuts_options options = rp_nuts_options_default();
    options.iter_warmup = 0;
    options.iter_sampling = 5;
    rp_target by_graph = rp_density_target(density), by_hand = test_target(&model);
    rp_chains a, b;
    const rp_chains_plan plan = {.n_chains = 2, .cores = 2, .seed = 5};
    CHECK(rp_chains_run(&by_graph, &options, &plan, NULL, &a, &status) == RP_OK);
    CHECK(rp_chains_run(&by_hand, &options, &plan, NULL, &b, &status) == RP_OK);
    for (int c = 0; c < 2; c++) {
      for (int i = 0; i < 50; i++) CHECK_NEAR(a.chain[c].draws[i], b.chain[c].draws[i], 1e-9);
    }
    rp_chains_free(&a);
    rp_chains_free(&b);
  }
  rp_density_free(density);
  rp_graph_free(g);
}

/* Chains in lock-step, on any number of threads: the same draws bit for bit, and the same statistics. */
static void check_lanes(rp_isa isa) {
  enum { CHAINS = 5 };
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_nuts_options options = rp_nuts_options_default();
  options.iter_warmup = 60;
  options.iter_sampling = 30;
  rp_chains want = {0};
  for (int32_t lanes = 1; lanes <= 8; lanes *= 2) {
    rp_density *density = rp_density_new(g, schools_graph(g), 10, isa, &status);
    CHECK(density && rp_density_add_lanes(density, g, lanes, 1, &status) == RP_OK);
    if (!density) continue;
    CHECK(rp_density_lanes(density) == lanes);
    rp_target target = rp_density_target(density);
    for (int32_t cores = 1; cores <= 2; cores++) {
      for (int32_t n = 1; n <= CHAINS; n += 2) {
        rp_chains chains;
        const rp_chains_plan plan = {.n_chains = lanes == 1 ? CHAINS : n, .cores = cores, .seed = 5};
        CHECK(rp_chains_run(&target, &options, &plan, NULL, &chains, &status) == RP_OK);
        if (want.n_chains == 0) {
          want = chains;
          continue;
        }
        for (int32_t c = 0; c < chains.n_chains; c++) {
          const rp_chain *a = &chains.chain[c], *b = &want.chain[c];
          CHECK(a->n_draws == 30 && memcmp(a->draws, b->draws, 300 * sizeof(double)) == 0);
          CHECK(memcmp(a->statistics, b->statistics, 30 * sizeof *a->statistics) == 0);
          CHECK(a->step_size == b->step_size && a->gradients_warmup == b->gradients_warmup);
          CHECK(a->gradients_sampling == b->gradients_sampling);
        }
        rp_chains_free(&chains);
      }
    }
    rp_density_free(density);
  }
  rp_chains_free(&want);
  rp_graph_free(g);
}

static void uniform_event(rp_random *stream, const double *const *arguments, int64_t event_size, double *event) {
  for (int64_t i = 0; i < event_size; i++) event[i] = arguments[0][0] * rp_random_uniform(stream);
}

/* Random numbers, inputs and parameters of each lane's own; any number of lanes at work. */
static void check_lanes_alone(rp_isa isa) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 5), scale = rp_param(g, 5, 1), shift = rp_input(g, 1, 1);
  rp_node_id noise = rp_random_node(g, uniform_event, 3, &scale, (int64_t[]){1}, 1, 5, 1);
  rp_node_id value = rp_sum(g, rp_log1p(g, rp_square(g, rp_add(g, rp_mul(g, x, noise), shift))));
  rp_density *density = rp_density_new(g, value, 5, isa, &status);
  CHECK(density && rp_density_add_lanes(density, g, 8, 1, &status) == RP_OK);
  rp_lanes *lanes = density ? rp_lanes_new(density, &status) : NULL;
  rp_work *work = density ? rp_work_new(rp_density_program(density, 1), &status) : NULL;
  CHECK(lanes && work);
  double params[8][6], inputs[8][2], log_density[8];
  const double *at[8], *given[8], *gradient[8];
  rp_random_key keys[8];
  for (int k = 0; k < 8; k++) {
    at[k] = params[k];
    given[k] = inputs[k];
    keys[k] = (rp_random_key){1, 2, (uint64_t) k};
    for (int i = 0; i < 6; i++) params[k][i] = sin(10 * k + i);
    for (int i = 0; i < 2; i++) inputs[k][i] = cos(10 * k + i);
  }
  for (int32_t n = 2; n <= 8 && lanes && work; n++) {
    rp_lanes_run(lanes, at, given, keys, n, log_density, gradient);
    for (int k = 0; k < n; k++) {
      double want;
      const double *slopes;
      rp_density_run(density, work, params[k], inputs[k], &keys[k], &want, &slopes);
      CHECK(log_density[k] == want && memcmp(gradient[k], slopes, 5 * sizeof(double)) == 0);
    }
  }
  rp_lanes_free(lanes);
  rp_work_free(work);
  rp_density_free(density);
  rp_graph_free(g);
}

/* Lanes where calls and scalars take the time, none where long loops do, and no more than there are chains. */
static void check_when_lanes_pay(void) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_node_id x = rp_param(g, 0, 5000), squares = rp_times(g, -0.5, rp_sum(g, rp_square(g, x)));
  rp_density *small = rp_density_new(g, schools_graph(g), 10, RP_ISA_PORTABLE, &status);
  rp_density *large = rp_density_new(g, squares, 5000, RP_ISA_PORTABLE, &status);
  CHECK(small && rp_density_add_lanes(small, g, 1, 0, &status) == RP_OK && rp_density_lanes(small) == 1);
  CHECK(small && rp_density_add_lanes(small, g, 2, 0, &status) == RP_OK && rp_density_lanes(small) <= 2);
  CHECK(large && rp_density_add_lanes(large, g, 8, 0, &status) == RP_OK && rp_density_lanes(large) == 1);
  rp_density_free(small);
  rp_density_free(large);
  if (rp_isa_best() >= RP_ISA_AVX2) {
    rp_density *density = rp_density_new(g, schools_graph(g), 10, RP_ISA_AVX2, &status);
    CHECK(density && rp_density_add_lanes(density, g, 4, 0, &status) == RP_OK && rp_density_lanes(density) == 4);
    rp_density_free(density);
  }
  rp_graph_free(g);
}

/* Every latent pruned: a constant. */
static void check_empty(void) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_density *density = rp_density_new(g, rp_const(g, -1.5), 0, RP_ISA_BEST, &status);
  CHECK_TEXT(status.message, "");
  if (density) {
    rp_nuts_options options = rp_nuts_options_default();
    rp_target target = rp_density_target(density);
    rp_chains chains;
    const rp_chains_plan plan = {.n_chains = 1, .cores = 1, .seed = 5};
    CHECK(rp_chains_run(&target, &options, &plan, NULL, &chains, &status) == RP_OK);
    CHECK(chains.chain[0].n_draws == 1000);
    CHECK_NEAR(chains.chain[0].statistics[999].log_density, -1.5, 0);
    rp_chains_free(&chains);
  }
  rp_density_free(density);
  rp_graph_free(g);
}

int main(void) {
  check_gradient();
  check_pieces();
  check_failures();
  check_chains();
  for (int isa = RP_ISA_PORTABLE; isa <= (int) rp_isa_best(); isa++) {
    check_lanes((rp_isa) isa);
    check_lanes_alone((rp_isa) isa);
  }
  check_when_lanes_pay();
  check_empty();
  return check_done("potential");
}
