#include "potential.h"

#include <math.h>
#include <stdlib.h>

#include "centering.h"
#include "lanes.h"

enum { LANE_COUNTS = 4 }; /* 1, 2, 4, 8 */

struct rp_density {
  int64_t dim;
  rp_isa isa;
  rp_node_id outputs[2];             /* log density, gradient */
  rp_program *program[LANE_COUNTS];  /* by the logarithm of the lanes; NULL: that many do not pay */
  const rp_model *model; /* borrowed; NULL without adapted elements */
  rp_program *probe;     /* outputs: those of rp_probe */
};

typedef struct {
  const rp_density *density;
  rp_work *work, *probe;
  double *inputs; /* c's and s0's, where the programs read them */
} rp_density_state;

static double time_of_lanes(const rp_density *density, int32_t lanes);
static rp_code open_density(const void *context, rp_potential *potential, rp_status *status);
static void close_density(rp_potential *potential);
static rp_code open_lanes(const void *context, rp_lockstep *lockstep, rp_status *status);
static void close_lanes(rp_lockstep *lockstep);

rp_density *rp_density_new(rp_graph *g, rp_node_id log_density, int64_t dim, rp_isa isa, rp_status *status) {
  if (log_density == RP_NONE) {
    const rp_status *failed = rp_graph_status(g);
    rp_fail(status, failed->code ? failed->code : RP_BAD_ARGUMENT, failed->site, "%s", failed->message);
    return NULL;
  }
  if (rp_graph_node(g, log_density)->n != 1) {
    rp_fail(status, RP_BAD_SHAPE, NULL, "a log density must be one number");
    return NULL;
  }
  rp_density *density = calloc(1, sizeof *density);
  if (!density) {
    rp_fail_memory(status, "a log density");
    return NULL;
  }
  density->dim = dim;
  density->isa = isa;
  rp_node_id parameters = rp_param(g, 0, dim), *outputs = density->outputs;
  outputs[0] = rp_pass_unique(g, log_density);
  if (rp_gradient(g, outputs[0], &parameters, 1, &outputs[1]) == RP_OK) {
    outputs[1] = rp_broadcast(g, outputs[1], dim);
    density->program[0] = rp_program_new(g, outputs, 2, isa, 1, status);
  }
  if (density->program[0]) return density;
  const rp_status *failed = rp_graph_status(g);
  if (failed->code != RP_OK) rp_fail(status, failed->code, failed->site, "%s", failed->message);
  rp_density_free(density);
  return NULL;
}

/* A site that is drawn at random each time is fine as long as nothing that counts depends on it. */
static rp_code refuse_random(const rp_model *model, rp_status *status) {
  int any = 0;
  for (rp_node_id id = 0; id < model->log_density; id++) any |= rp_graph_node(model->graph, id)->op == RP_OP_RANDOM;
  if (!any) return RP_OK;
  uint8_t **needed = rp_needed(model->graph, &model->log_density, 1, status);
  for (rp_node_id id = 0; needed && id < model->log_density && status->code == RP_OK; id++) {
    const rp_node *node = rp_graph_node(model->graph, id);
    if (node->op != RP_OP_RANDOM || !needed[id]) continue;
    for (int64_t k = 0; k < node->n && status->code == RP_OK; k++)
      if (needed[id][k])
        rp_fail(status, RP_UNSUPPORTED, NULL,
                "the log density depends on a site that is masked out or hidden by block(), and so drawn at random "
                "each time");
  }
  rp_needed_free(needed, rp_graph_size(model->graph));
  return status->code;
}

rp_density *rp_density_of_model(const rp_model *model, rp_isa isa, rp_status *status) {
  if (model->in_batches) {
    rp_fail(status, RP_UNSUPPORTED, NULL,
            "a plate with `subsample` gives random estimates of the log density, which only fit_svi() can use");
    return NULL;
  }
  if (refuse_random(model, status) != RP_OK) return NULL;
  rp_density *density = rp_density_new(model->graph, model->log_density, model->dim, isa, status);
  if (!density || model->n_adapted == 0) return density;
  const rp_node_id probe[4] = {model->adapted_residual, model->adapted_location, model->adapted_log_scale,
                               model->adapted_score};
  density->model = model;
  density->probe = rp_program_new(model->graph, probe, 4, isa, 1, status);
  if (density->probe) return density;
  rp_density_free(density);
  return NULL;
}

rp_code rp_density_add_lanes(rp_density *density, const rp_graph *g, int32_t most, int always, rp_status *status) {
  /* Chains of different length leave lanes empty: 0.84 to 0.92 of them work. Less than this gain is not worth it. */
  const double enough = 0.7;
  int32_t best = 1;
  double fastest = always ? INFINITY : enough * time_of_lanes(density, 1);
  for (int32_t lanes = 2; lanes <= RP_MOST_LANES && lanes < 2 * most; lanes *= 2) {
    const double time = time_of_lanes(density, lanes) / (lanes < most ? lanes : most);
    if (always || time < fastest) best = lanes;
    if (time < fastest) fastest = time;
  }
  for (int32_t k = 1; 1 << k <= best; k++) {
    rp_program **program = &density->program[k];
    if (!*program) *program = rp_program_new(g, density->outputs, 2, density->isa, 1 << k, status);
    if (!*program) return status->code;
  }
  return RP_OK;
}

int32_t rp_density_lanes(const rp_density *density) {
  int k = LANE_COUNTS - 1;
  while (!density->program[k]) k--;
  return 1 << k;
}

void rp_density_free(rp_density *density) {
  if (!density) return;
  for (int k = 0; k < LANE_COUNTS; k++) rp_program_free(density->program[k]);
  rp_program_free(density->probe);
  free(density);
}

int64_t rp_density_dim(const rp_density *density) { return density->dim; }

const rp_program *rp_density_program(const rp_density *density, int32_t lanes) {
  return density->program[lanes == 8 ? 3 : lanes / 2];
}


rp_target rp_density_target(const rp_density *density) {
  rp_target target = {.dim = density->dim,
                      .context = density,
                      .open = open_density,
                      .close = close_density,
                      .lanes = rp_density_lanes(density),
                      .open_lockstep = open_lanes,
                      .close_lockstep = close_lanes};
  if (density->model) {
    target.n_centered = density->model->n_adapted;
    target.coordinate = density->model->adapted_coordinate;
  }
  return target;
}

void rp_density_run(const rp_density *density, rp_work *work, const double *params, const double *inputs,
                    const rp_random_key *key, double *log_density, const double **gradient) {
  rp_program_run(density->program[0], work, params, inputs, key);
  *log_density = rp_work_output(work, 0)[0];
  *gradient = rp_work_output(work, 1);
}

/* Of one run, with bringing positions into lanes and gradients out of them. */
static double time_of_lanes(const rp_density *density, int32_t lanes) {
  const double moves = lanes == 1 ? 0 : 1.2 * (double) (density->dim * lanes);
  return rp_program_cost(density->program[0], lanes) + moves;
}

/* ---- as a target ---- */

static rp_code evaluate(void *state, const double *q, double *log_density, const double **gradient) {
  rp_density_state *s = state;
  rp_density_run(s->density, s->work, q, s->inputs, NULL, log_density, gradient);
  return RP_OK;
}

static void center(void *state, const double *c, const double *s0) {
  rp_density_state *s = state;
  rp_centering_inputs(s->density->model, c, s0, s->inputs);
}

static void probe(void *state, const double *q, rp_probe *at) {
  rp_density_state *s = state;
  rp_program_run(s->density->probe, s->probe, q, s->inputs, NULL);
  *at = (rp_probe){.residual = rp_work_output(s->probe, 0),
                   .location = rp_work_output(s->probe, 1),
                   .log_scale = rp_work_output(s->probe, 2),
                   .score = rp_work_output(s->probe, 3)};
}

static rp_code open_density(const void *context, rp_potential *potential, rp_status *status) {
  const rp_density *density = context;
  rp_density_state *state = calloc(1, sizeof *state);
  *potential = (rp_potential){.dim = density->dim, .state = state, .evaluate = evaluate};
  if (!state) return rp_fail_memory(status, "a log density");
  state->density = density;
  state->work = rp_work_new(density->program[0], status);
  if (!state->work || !density->model) return state->work ? RP_OK : status->code;
  potential->center = center;
  potential->probe = probe;
  state->probe = rp_work_new(density->probe, status);
  if (!state->probe) return status->code;
  state->inputs = calloc(2 * (size_t) density->model->n_adapted, sizeof *state->inputs);
  if (!state->inputs) return rp_fail_memory(status, "the centering");
  rp_centering_inputs(density->model, NULL, NULL, state->inputs);
  return RP_OK;
}

static void close_density(rp_potential *potential) {
  rp_density_state *state = potential->state;
  if (state) {
    rp_work_free(state->work);
    rp_work_free(state->probe);
    free(state->inputs);
  }
  free(state);
  potential->state = NULL;
}

/* ---- several chains in lock-step ---- */

static rp_code evaluate_lanes(void *state, const rp_potential *const *chain, const double *const *q, int32_t n,
                              double *log_density, const double **gradient) {
  const double *inputs[RP_MOST_LANES];
  for (int32_t i = 0; i < n; i++) inputs[i] = ((const rp_density_state *) chain[i]->state)->inputs;
  rp_lanes_run(state, q, inputs[0] ? inputs : NULL, NULL, n, log_density, gradient);
  return RP_OK;
}

static rp_code open_lanes(const void *context, rp_lockstep *lockstep, rp_status *status) {
  *lockstep = (rp_lockstep){.state = rp_lanes_new(context, status), .evaluate = evaluate_lanes};
  return lockstep->state ? RP_OK : status->code;
}

static void close_lanes(rp_lockstep *lockstep) { rp_lanes_free(lockstep->state); }
