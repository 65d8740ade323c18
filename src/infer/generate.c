#include "generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 4 };

struct rp_generator {
  rp_program *program;
  int32_t n_nodes;
  int64_t dim;      /* numbers in a row of draws */
  int rows_are_inputs;
  int64_t n_inputs;
  int64_t *n; /* elements per node */
};

static void run_batch(const rp_generator *generator, rp_work *work, double *params, const double *inputs,
                      const double *draws, int64_t first, int64_t n, rp_random_key key, rp_generated to);

rp_generator *rp_generator_new(const rp_model *model, const rp_node_id *nodes, int32_t n_nodes, rp_isa isa,
                               rp_status *status) {
  rp_generator *generator = calloc(1, sizeof *generator);
  if (generator) generator->n = malloc(((size_t) n_nodes + 1) * sizeof *generator->n);
  if (!generator || !generator->n) {
    rp_generator_free(generator);
    rp_fail_memory(status, "the program of generated values");
    return NULL;
  }
  generator->n_nodes = n_nodes;
  generator->rows_are_inputs = model->n_given > 0;
  generator->dim = generator->rows_are_inputs ? model->n_given : model->dim;
  generator->n_inputs = 2 * model->n_adapted;
  for (int32_t k = 0; k < n_nodes; k++) generator->n[k] = rp_graph_node(model->graph, nodes[k])->n;
  generator->program = rp_program_new(model->graph, nodes, n_nodes, isa, LANES, status);
  if (generator->program) return generator;
  rp_generator_free(generator);
  return NULL;
}

void rp_generator_free(rp_generator *generator) {
  if (!generator) return;
  rp_program_free(generator->program);
  free(generator->n);
  free(generator);
}

rp_code rp_generate(const rp_generator *generator, const double *draws, const double *inputs, int64_t n, uint64_t seed,
                    uint64_t chain, uint64_t first_draw, rp_generated to, rp_status *status) {
  rp_work *work = rp_work_new(generator->program, status);
  int64_t n_inputs = inputs ? generator->n_inputs : 0;
  double *params = calloc((size_t) (generator->dim + n_inputs + 1) * LANES, sizeof *params);
  if (!params) rp_fail_memory(status, "generated values");
  double *in_lanes = params && inputs ? params + generator->dim * LANES : NULL;
  for (int64_t k = 0; in_lanes && k < n_inputs * LANES; k++) in_lanes[k] = inputs[k / LANES];
  for (int64_t i = 0; i < n && work && params; i += LANES) {
    rp_random_key key = {.seed = seed, .chain = chain, .draw = first_draw};
    run_batch(generator, work, params, in_lanes, draws, i, n, key, to);
  }
  free(params);
  rp_work_free(work);
  return status->code;
}

static void run_batch(const rp_generator *generator, rp_work *work, double *params, const double *inputs,
                      const double *draws, int64_t first, int64_t n, rp_random_key key, rp_generated to) {
  rp_random_key keys[LANES];
  int64_t lanes = n - first < LANES ? n - first : LANES;
  for (int64_t lane = 0; lane < LANES; lane++) {
    int64_t i = first + (lane < lanes ? lane : 0);
    keys[lane] = key;
    keys[lane].draw += (uint64_t) i;
    for (int64_t d = 0; d < generator->dim; d++) params[d * LANES + lane] = draws[i * generator->dim + d];
  }
  rp_program_run(generator->program, work, params, generator->rows_are_inputs ? params : inputs, keys);
  for (int32_t k = 0; k < generator->n_nodes; k++) {
    const double *value = rp_work_output(work, k);
    for (int64_t e = 0; e < generator->n[k]; e++)
      for (int64_t lane = 0; lane < lanes; lane++)
        to.out[k][(first + lane) * to.draw_stride + e * to.element_stride[k]] = value[e * LANES + lane];
  }
}

int rp_has_initial_values(const rp_model *model) {
  for (int64_t k = 0; k < model->dim; k++)
    if (model->initial[k] != RP_NONE) return 1;
  return 0;
}

/* An initial coordinate may depend on others (a decentered one on its location): evaluate until nothing changes. */
rp_code rp_initial_values(const rp_model *model, double *q, const double *inputs, uint64_t seed, uint64_t chain,
                          rp_status *status) {
  int32_t n = 0;
  rp_node_id *nodes = malloc(((size_t) model->dim + 1) * sizeof *nodes);
  double *values = malloc(((size_t) model->dim + 1) * sizeof *values);
  double **places = malloc(((size_t) model->dim + 1) * sizeof *places);
  if (!nodes || !values || !places) rp_fail_memory(status, "initial values");
  for (int64_t k = 0; status->code == RP_OK && k < model->dim; k++)
    if (model->initial[k] != RP_NONE) nodes[n] = model->initial[k], places[n] = &values[n], n++;
  int changed = n > 0;
  for (int32_t round = 0; changed && round <= n && status->code == RP_OK; round++) {
    rp_random_key key = {.seed = seed, .chain = chain};
    rp_evaluate(model->graph, nodes, n, q, inputs, key, places, status);
    changed = 0;
    for (int64_t k = 0, i = 0; k < model->dim; k++) {
      if (model->initial[k] == RP_NONE) continue;
      if (q[k] != values[i] && !isnan(values[i])) changed = 1;
      q[k] = values[i++];
    }
  }
  free(nodes);
  free(values);
  free(places);
  return status->code;
}
