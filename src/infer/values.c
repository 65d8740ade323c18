#include "values.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LANES = 8 };

struct rp_values {
  rp_program *program, *one; /* one: a single lane, for what is left over; NULL when program is that */
  rp_work *work, *one_work;
  int32_t lanes, n_outputs;
  int64_t *size;           /* of each output */
  double *params, *inputs; /* [element][lane] */
};

static int32_t choose_lanes(const rp_program *program);
static void repeat(double *to, const double *from, int64_t n, int32_t lanes);
static void take(const rp_values *v, const rp_work *work, int32_t lanes, int64_t at, double *const *out);

rp_values *rp_values_new(const rp_graph *g, const rp_node_id *outputs, int32_t n_outputs, rp_isa isa, int32_t lanes,
                         rp_status *status) {
  rp_values *v = calloc(1, sizeof *v);
  if (v) v->size = malloc((size_t) n_outputs * sizeof *v->size);
  if (!v || !v->size) {
    rp_values_free(v);
    rp_fail_memory(status, "values of a guide");
    return NULL;
  }
  v->n_outputs = n_outputs;
  for (int32_t k = 0; k < n_outputs; k++) v->size[k] = rp_graph_node(g, outputs[k])->n;
  v->one = rp_program_new(g, outputs, n_outputs, isa, 1, status);
  if (v->one) v->one_work = rp_work_new(v->one, status);
  v->lanes = v->one && lanes == 0 ? choose_lanes(v->one) : lanes;
  if (v->one_work && v->lanes > 1) {
    const size_t most = (size_t) v->lanes;
    v->params = malloc((size_t) (rp_program_params(v->one) + 1) * most * sizeof(double));
    v->inputs = malloc((size_t) (rp_program_inputs(v->one) + 1) * most * sizeof(double));
    if (!v->params || !v->inputs) rp_fail_memory(status, "values of a guide");
    else v->program = rp_program_new(g, outputs, n_outputs, isa, v->lanes, status);
    if (v->program) v->work = rp_work_new(v->program, status);
  }
  if (v->one_work && (v->lanes == 1 || v->work)) return v;
  rp_values_free(v);
  return NULL;
}

void rp_values_free(rp_values *v) {
  if (!v) return;
  rp_work_free(v->one_work);
  rp_work_free(v->work);
  rp_program_free(v->one);
  rp_program_free(v->program);
  free(v->params);
  free(v->inputs);
  free(v->size);
  free(v);
}

void rp_values_run(rp_values *v, const double *params, const double *inputs, rp_random_key first, int64_t n,
                   double *const *out) {
  int64_t i = 0;
  if (v->lanes > 1 && n >= v->lanes) {
    repeat(v->params, params, rp_program_params(v->one), v->lanes);
    if (inputs) repeat(v->inputs, inputs, rp_program_inputs(v->one), v->lanes);
  }
  for (; v->lanes > 1 && i + v->lanes <= n; i += v->lanes) {
    rp_random_key keys[MOST_LANES];
    for (int32_t lane = 0; lane < v->lanes; lane++)
      keys[lane] = (rp_random_key){first.seed, first.chain, first.draw + (uint64_t) (i + lane)};
    rp_program_run(v->program, v->work, v->params, inputs ? v->inputs : NULL, keys);
    take(v, v->work, v->lanes, i, out);
  }
  for (; i < n; i++) {
    const rp_random_key key = {first.seed, first.chain, first.draw + (uint64_t) i};
    rp_program_run(v->one, v->one_work, params, inputs, &key);
    take(v, v->one_work, 1, i, out);
  }
}

/* ---- private ---- */

/* The fewest lanes whose time for each evaluation is within a tenth of the best; one unless that is a quarter less. */
static int32_t choose_lanes(const rp_program *program) {
  const double enough = 0.75, near = 1.1;
  double each[4], best = 1 / 0.0;
  for (int k = 0; k < 4; k++) {
    each[k] = rp_program_cost(program, 1 << k) / (double) (1 << k);
    if (each[k] < best) best = each[k];
  }
  if (best > enough * each[0]) return 1;
  int k = 0;
  while (each[k] > near * best) k++;
  return 1 << k;
}

static void repeat(double *to, const double *from, int64_t n, int32_t lanes) {
  for (int64_t i = 0; i < n; i++)
    for (int32_t lane = 0; lane < lanes; lane++) to[i * lanes + lane] = from[i];
}

static void take(const rp_values *v, const rp_work *work, int32_t lanes, int64_t at, double *const *out) {
  for (int32_t k = 0; k < v->n_outputs; k++) {
    const double *from = rp_work_output(work, k);
    for (int32_t lane = 0; lane < lanes; lane++)
      for (int64_t i = 0; i < v->size[k]; i++) out[k][(at + lane) * v->size[k] + i] = from[i * lanes + lane];
  }
}
