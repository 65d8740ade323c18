#include "svi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "elbo.h"
#include "lanes.h"
#include "poll.h"
#include "potential.h"
#include "values.h"
#include "precondition.h"

enum { MAX_BAD_STEPS = 100, AT_ONCE = 64 };
static const double MOST_SIZES = 20, SIZE_MEMORY = 0.99;
/* "Chains" of the random numbers: training, posterior draws, ELBO estimates, comparisons, noise. */
enum { FOR_STEPS = 0, FOR_DRAWS = 1, FOR_ELBO = 2, FOR_GAIN = 3, FOR_NOISE = 4 };

/* The ELBO with one kind of gradient, compiled. */
typedef struct {
  rp_elbo elbo;
  rp_density *density;
  rp_work *work;
  rp_lanes *lanes; /* several particles at a time; NULL: that does not pay */
} rp_estimator;

struct rp_svi {
  rp_svi_options options;
  const rp_graph *model; /* borrowed */
  rp_node_id log_density;
  rp_guide_block *blocks; /* own copies, indices included */
  int32_t n_blocks;
  int64_t dim, n_parameters, step, horizon, n_averaged;
  double rate_factor;
  rp_estimator estimators[RP_ELBO_COUNT]; /* made at first use */
  rp_elbo_kind gradient_kind;             /* which is in use */
  rp_elbo plain;                          /* the standard estimate, for values and draws; made at first use */
  rp_values *values;                      /* of the ELBO alone; made at first use */
  double *parameters; /* twice: the second half is the copy that gradients of log q do not see */
  double *sum, *optim_state, *averaged, *move, *centre;
  double *units; /* within optim_state, behind the optimizer's own */
  struct timespec polled;
};

static rp_code copy_blocks(rp_svi *svi, const rp_guide_block *blocks, int32_t n_blocks, rp_status *status);
static rp_code make_estimator(rp_svi *svi, rp_elbo_kind kind, rp_status *status);
static rp_code make_plain(rp_svi *svi, rp_status *status);
static rp_code start_parameters(rp_svi *svi, rp_status *status);
static void run_particles(rp_svi *svi, int64_t first, int64_t n, double *values, const double **gradients);
static double estimate(rp_svi *svi);
static int all_finite(double value, const double *x, int64_t n);
static void move(rp_svi *svi);
static void copy_stopped(rp_svi *svi);
static rp_code make_values(rp_svi *svi, rp_status *status);
static void values_from(rp_svi *svi, const double *parameters, rp_random_key first, int64_t n, double *values);
static void objectives(rp_svi *svi, const double *parameters, int64_t first, int64_t n, double *out);
static int poll(rp_svi *svi, const rp_svi_hooks *hooks, double loss);
static void accumulate(double *mean, double *squares, int64_t i, double value);

rp_svi_options rp_svi_options_default(void) {
  return (rp_svi_options){.particles = 1, .gradient = RP_ELBO_ANALYTIC, .alpha = 1,
                          .optim = rp_optim_default(RP_OPTIM_ADAM), .isa = RP_ISA_BEST};
}

rp_svi *rp_svi_new(const rp_graph *g, rp_node_id log_density, int64_t dim, const rp_guide_block *blocks,
                   int32_t n_blocks, const rp_svi_options *options, rp_status *status) {
  if (options->particles < 1 || !(options->optim.rate > 0)) {
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "%s",
            options->particles < 1 ? "at least one particle is needed" : "the optimizer's rate must be positive");
    return NULL;
  }
  rp_svi *svi = calloc(1, sizeof *svi);
  if (!svi) {
    rp_fail_memory(status, "variational inference");
    return NULL;
  }
  svi->options = *options;
  svi->model = g;
  svi->log_density = log_density;
  svi->dim = dim;
  svi->rate_factor = 1;
  const int renyi = options->alpha != 1 && options->gradient == RP_ELBO_ANALYTIC;
  svi->gradient_kind = renyi ? RP_ELBO_STANDARD : options->gradient;
  rp_code code = copy_blocks(svi, blocks, n_blocks, status);
  if (code == RP_OK) code = make_estimator(svi, svi->gradient_kind, status);
  if (code == RP_OK) code = start_parameters(svi, status);
  svi->options.init = NULL;
  if (code == RP_OK) return svi;
  rp_svi_free(svi);
  return NULL;
}

void rp_svi_free(rp_svi *svi) {
  if (!svi) return;
  for (int k = 0; k < RP_ELBO_COUNT; k++) {
    rp_work_free(svi->estimators[k].work);
    rp_lanes_free(svi->estimators[k].lanes);
    rp_density_free(svi->estimators[k].density);
    rp_elbo_clear(&svi->estimators[k].elbo);
  }
  rp_values_free(svi->values);
  rp_elbo_clear(&svi->plain);
  for (int32_t b = 0; b < svi->n_blocks; b++) free((void *) (uintptr_t) svi->blocks[b].index);
  free(svi->blocks);
  free(svi->parameters);
  free(svi->sum);
  free(svi->optim_state);
  free(svi->averaged);
  free(svi->move);
  free(svi->centre);
  free(svi);
}

/* ---- steps ---- */

rp_code rp_svi_run(rp_svi *svi, int64_t n_steps, double *loss, int64_t *n_done, const rp_svi_hooks *hooks,
                   rp_status *status) {
  int64_t n = svi->n_parameters;
  int bad = 0;
  for (*n_done = 0; *n_done < n_steps; ++*n_done) {
    if (hooks && *n_done > 0 && poll(svi, hooks, loss[*n_done - 1])) {
      return rp_fail(status, RP_INTERRUPTED, NULL, "interrupted");
    }
    double elbo = estimate(svi);
    loss[*n_done] = -elbo;
    svi->step++;
    if (!all_finite(elbo, svi->sum, n)) {
      if (++bad < MAX_BAD_STEPS) continue;
      return rp_fail(status, RP_NOT_FINITE, NULL, "the loss or its gradient was not finite in steps %lld to %lld",
                     (long long) (svi->step - MAX_BAD_STEPS + 1), (long long) svi->step);
    }
    bad = 0;
    for (int64_t i = 0; i < n; i++) svi->sum[i] = -svi->sum[i];
    move(svi);
    copy_stopped(svi);
    if (svi->n_averaged >= 0) {
      svi->n_averaged++;
      for (int64_t i = 0; i < n; i++) svi->averaged[i] += svi->parameters[i];
    }
  }
  return RP_OK;
}

void rp_svi_set_horizon(rp_svi *svi, int64_t n_steps) { svi->horizon = n_steps; }
void rp_svi_set_rate_factor(rp_svi *svi, double factor) { svi->rate_factor = factor; }

rp_code rp_svi_set_gradient(rp_svi *svi, rp_elbo_kind kind, rp_status *status) {
  rp_code code = svi->estimators[kind].work ? RP_OK : make_estimator(svi, kind, status);
  if (code != RP_OK) return code;
  svi->gradient_kind = kind;
  copy_stopped(svi);
  return RP_OK;
}

rp_elbo_kind rp_svi_gradient(const rp_svi *svi) { return svi->gradient_kind; }

rp_code rp_svi_noise(rp_svi *svi, rp_elbo_kind kind, int64_t n, double *loss, double *noise, rp_status *status) {
  const rp_elbo_kind in_use = svi->gradient_kind;
  const size_t n_parameters = (size_t) svi->n_parameters;
  if (rp_svi_set_gradient(svi, kind, status) != RP_OK) return status->code;
  double *mean = calloc(n_parameters + 1, sizeof *mean), value;
  const double *gradient;
  rp_estimator *e = &svi->estimators[kind];
  *noise = 0;
  for (int64_t i = 0; mean && i < n; i++) {
    rp_random_key key = {svi->options.seed, FOR_NOISE, (uint64_t) (svi->step + i)};
    rp_density_run(e->density, e->work, svi->parameters, svi->options.inputs, &key, &value, &gradient);
    loss[i] = -value;
    for (size_t k = 0; k < n_parameters; k++) accumulate(&mean[k], noise, i, gradient[k]);
  }
  *noise /= (double) (n - 1);
  rp_code code = mean ? rp_svi_set_gradient(svi, in_use, status) : rp_fail_memory(status, "the noise of a gradient");
  free(mean);
  return code;
}

void rp_svi_average_from_here(rp_svi *svi) {
  svi->n_averaged = 0;
  memset(svi->averaged, 0, (size_t) svi->n_parameters * sizeof(double));
}

int64_t rp_svi_average(const rp_svi *svi, double *out) {
  for (int64_t i = 0; svi->n_averaged > 0 && i < svi->n_parameters; i++) {
    out[i] = svi->averaged[i] / (double) svi->n_averaged;
  }
  return svi->n_averaged;
}

/* ---- state ---- */

int64_t rp_svi_n_parameters(const rp_svi *svi) { return svi->n_parameters; }
const double *rp_svi_parameters(const rp_svi *svi) { return svi->parameters; }
int64_t rp_svi_step(const rp_svi *svi) { return svi->step; }

void rp_svi_set_parameters(rp_svi *svi, const double *parameters) {
  memmove(svi->parameters, parameters, (size_t) svi->n_parameters * sizeof(double));
  copy_stopped(svi);
}

int64_t rp_svi_state_size(const rp_svi *svi) {
  return rp_optim_state_size(&svi->options.optim, svi->n_parameters) +
         rp_precondition_size(svi->blocks, svi->n_blocks) + svi->n_parameters;
}
const double *rp_svi_state(const rp_svi *svi) { return svi->optim_state; }

void rp_svi_set_state(rp_svi *svi, int64_t step, const double *state) {
  svi->step = step;
  memmove(svi->optim_state, state, (size_t) rp_svi_state_size(svi) * sizeof(double));
}

void rp_svi_set_units(rp_svi *svi) {
  rp_precondition_set(svi->blocks, svi->n_blocks, svi->parameters, svi->units);
}

rp_svi_problem rp_svi_problem_of(const rp_svi *svi) {
  return (rp_svi_problem){.model = svi->model,
                          .log_density = svi->log_density,
                          .dim = svi->dim,
                          .blocks = svi->blocks,
                          .n_blocks = svi->n_blocks,
                          .centre = svi->centre,
                          .inputs = svi->options.inputs,
                          .seed = svi->options.seed,
                          .isa = svi->options.isa};
}

/* ---- results ---- */

rp_code rp_svi_draws(rp_svi *svi, int64_t n, uint64_t seed, double *out, double *log_weight, rp_status *status) {
  if (make_plain(svi, status) != RP_OK) return status->code;
  const rp_node_id outputs[2] = {svi->plain.z, svi->plain.elbo};
  rp_values *values = rp_values_new(svi->plain.graph, outputs, log_weight ? 2 : 1, svi->options.isa, 0, status);
  if (!values) return status->code;
  double *const places[2] = {out, log_weight};
  rp_values_run(values, svi->parameters, svi->options.inputs, (rp_random_key){seed, FOR_DRAWS, 0}, n, places);
  rp_values_free(values);
  return RP_OK;
}

rp_code rp_svi_elbo(rp_svi *svi, int64_t n, uint64_t seed, double *elbo, double *mcse, rp_status *status) {
  if (make_values(svi, status) != RP_OK) return status->code;
  double squares = 0, values[AT_ONCE];
  *elbo = 0;
  for (int64_t i = 0; i < n; i++) {
    if (i % AT_ONCE == 0)
      values_from(svi, svi->parameters, (rp_random_key){seed, FOR_ELBO, (uint64_t) i}, n - i, values);
    accumulate(elbo, &squares, i, values[i % AT_ONCE]);
  }
  *mcse = sqrt(squares / (double) (n - 1) / (double) n);
  return RP_OK;
}

rp_code rp_svi_normal_margins(const rp_svi *svi, double *mean, double *sd, rp_status *status) {
  for (int64_t i = 0; i < svi->dim; i++) mean[i] = sd[i] = NAN;
  rp_graph *g = rp_graph_new();
  if (!g) return rp_fail_memory(status, "the guide's moments");
  int64_t offset = 0;
  for (int32_t b = 0; b < svi->n_blocks && status->code == RP_OK; b++) {
    const rp_guide_block *block = &svi->blocks[b];
    const rp_guide *guide = rp_guide_of(block);
    const int64_t n = guide->n_parameters(block);
    const int normal = guide->moments != NULL;
    double *values = normal && block->n > 0 ? malloc(2 * (size_t) block->n * sizeof *values) : NULL;
    if (values) {
      rp_node_id moments[2];
      guide->moments(g, block, rp_param(g, offset, n), &moments[0], &moments[1]);
      for (int k = 0; k < 2; k++) moments[k] = rp_broadcast(g, moments[k], block->n);
      double *const places[2] = {values, values + block->n};
      rp_evaluate(g, moments, 2, svi->parameters, NULL, (rp_random_key){0}, places, status);
      for (int64_t i = 0; i < block->n; i++) {
        const int64_t at = block->index ? block->index[i] : i;
        mean[at] = values[i];
        sd[at] = sqrt(values[block->n + i]);
      }
      free(values);
    } else if (normal && block->n > 0) {
      rp_fail_memory(status, "the guide's moments");
    }
    offset += n;
  }
  if (status->code == RP_OK && rp_graph_status(g)->code != RP_OK) *status = *rp_graph_status(g);
  rp_graph_free(g);
  return status->code;
}

rp_code rp_svi_gain(rp_svi *svi, const double *a, const double *b, int64_t first, int64_t n, double *gain, double *mcse,
                    rp_status *status) {
  if (make_values(svi, status) != RP_OK) return status->code;
  double squares = 0, at_a[AT_ONCE], at_b[AT_ONCE];
  *gain = 0;
  for (int64_t i = 0; i < n; i++) {
    if (i % AT_ONCE == 0) {
      objectives(svi, a, first + i, n - i, at_a);
      objectives(svi, b, first + i, n - i, at_b);
    }
    accumulate(gain, &squares, i, at_b[i % AT_ONCE] - at_a[i % AT_ONCE]);
  }
  *mcse = sqrt(squares / (double) (n - 1) / (double) n);
  return RP_OK;
}

/* ---- private ---- */

static rp_code copy_blocks(rp_svi *svi, const rp_guide_block *blocks, int32_t n_blocks, rp_status *status) {
  svi->blocks = calloc((size_t) n_blocks + 1, sizeof *svi->blocks);
  if (!svi->blocks) return rp_fail_memory(status, "the guide");
  for (svi->n_blocks = 0; svi->n_blocks < n_blocks; svi->n_blocks++) {
    rp_guide_block *copy = &svi->blocks[svi->n_blocks];
    *copy = blocks[svi->n_blocks];
    if (!copy->index) continue;
    int64_t *index = malloc((size_t) copy->n * sizeof *index + 1);
    if (index) memcpy(index, copy->index, (size_t) copy->n * sizeof *index);
    copy->index = index;
    if (!index) return rp_fail_memory(status, "the guide");
  }
  return RP_OK;
}

static rp_code make_estimator(rp_svi *svi, rp_elbo_kind kind, rp_status *status) {
  rp_estimator *e = &svi->estimators[kind];
  rp_code code = rp_elbo_build(&e->elbo, svi->model, svi->log_density, svi->dim, svi->blocks, svi->n_blocks, kind,
                               status);
  if (code != RP_OK) return code;
  svi->n_parameters = e->elbo.n_parameters;
  e->density = rp_density_new(e->elbo.graph, e->elbo.elbo, svi->n_parameters, svi->options.isa, status);
  if (e->density) e->work = rp_work_new(rp_density_program(e->density, 1), status);
  if (!e->work) return status->code;
  const int32_t most = svi->options.particles < RP_MOST_LANES ? (int32_t) svi->options.particles : RP_MOST_LANES;
  code = rp_density_add_lanes(e->density, e->elbo.graph, most, 0, status);
  if (code == RP_OK && rp_density_lanes(e->density) > 1) e->lanes = rp_lanes_new(e->density, status);
  return status->code;
}

static rp_code make_plain(rp_svi *svi, rp_status *status) {
  if (svi->plain.graph) return RP_OK;
  rp_code code = rp_elbo_build(&svi->plain, svi->model, svi->log_density, svi->dim, svi->blocks, svi->n_blocks,
                               RP_ELBO_STANDARD, status);
  if (code != RP_OK) rp_elbo_clear(&svi->plain);
  return code;
}

static rp_code start_parameters(rp_svi *svi, rp_status *status) {
  size_t n = (size_t) svi->n_parameters;
  svi->parameters = calloc(2 * n + 1, sizeof(double));
  svi->sum = calloc(n + 1, sizeof(double));
  svi->averaged = calloc(n + 1, sizeof(double));
  svi->optim_state = calloc((size_t) rp_svi_state_size(svi) + 1, sizeof(double));
  svi->move = calloc(n + 1, sizeof(double));
  svi->centre = calloc((size_t) svi->dim + 1, sizeof(double));
  svi->n_averaged = -1;
  double *centre = calloc((size_t) svi->dim + 1, sizeof(double));
  int complete = svi->parameters && svi->sum && svi->averaged && svi->optim_state && svi->move && svi->centre && centre;
  if (complete) svi->units = svi->optim_state + rp_optim_state_size(&svi->options.optim, svi->n_parameters);
  if (complete && svi->options.init) memcpy(svi->centre, svi->options.init, (size_t) svi->dim * sizeof(double));
  double *parameters = svi->parameters;
  for (int32_t b = 0; complete && b < svi->n_blocks; b++) {
    const rp_guide_block *block = &svi->blocks[b];
    for (int64_t k = 0; k < block->n; k++) centre[k] = svi->centre[block->index ? block->index[k] : k];
    rp_random_key key = {svi->options.seed, FOR_STEPS, 0};
    rp_random stream = rp_random_open(key, rp_random_site(".guide start", (uint32_t) b));
    rp_guide_of(block)->start(block, centre, &stream, parameters);
    parameters += rp_guide_of(block)->n_parameters(block);
  }
  free(centre);
  if (!complete) return rp_fail_memory(status, "the guide's parameters");
  copy_stopped(svi);
  return RP_OK;
}

/* Particles first, first + 1, .. of this step, n of them. */
static void run_particles(rp_svi *svi, int64_t first, int64_t n, double *values, const double **gradients) {
  rp_estimator *e = &svi->estimators[svi->gradient_kind];
  const double *params[RP_MOST_LANES], *inputs[RP_MOST_LANES];
  rp_random_key keys[RP_MOST_LANES];
  for (int64_t i = 0; i < n; i++) {
    const uint64_t draw = (uint64_t) (svi->step * svi->options.particles + first + i);
    keys[i] = (rp_random_key){svi->options.seed, FOR_STEPS, draw};
    params[i] = svi->parameters;
    inputs[i] = svi->options.inputs;
  }
  if (n > 1) rp_lanes_run(e->lanes, params, inputs[0] ? inputs : NULL, keys, (int32_t) n, values, gradients);
  else rp_density_run(e->density, e->work, params[0], inputs[0], keys, values, gradients);
}

/* log mean exp((1 - alpha) w) / (1 - alpha) of log weights w is the bound of order alpha; its gradient weights those of
 * w by exp((1 - alpha) w), normalised (Li & Turner 2016, "Renyi divergence variational inference", section 4.1). The
 * mean of w is the limit at alpha = 1. Weights are kept relative to the largest so far. The gradient goes to
 * svi->sum. */
static double estimate(rp_svi *svi) {
  const int64_t n = svi->n_parameters, particles = svi->options.particles;
  const double power = 1 - svi->options.alpha;
  const int64_t at_once = rp_density_lanes(svi->estimators[svi->gradient_kind].density);
  double mean = 0, top = 0, weights = 0, values[RP_MOST_LANES];
  const double *gradients[RP_MOST_LANES];
  for (int64_t p = 0; p < particles; p++) {
    const int64_t lane = p % at_once;
    if (lane == 0) run_particles(svi, p, particles - p < at_once ? particles - p : at_once, values, gradients);
    const double value = values[lane], scaled = power * value, *gradient = gradients[lane];
    double rescale = 1, weight = 1;
    if (p == 0) top = scaled;
    else if (scaled > top) rescale = exp(top - scaled), top = scaled;
    else weight = exp(scaled - top);
    mean += value / (double) particles;
    weights = weights * rescale + weight;
    if (p == 0) memcpy(svi->sum, gradient, (size_t) n * sizeof *gradient);
    else for (int64_t i = 0; i < n; i++) svi->sum[i] = svi->sum[i] * rescale + weight * gradient[i];
  }
  for (int64_t i = 0; particles > 1 && i < n; i++) svi->sum[i] /= weights;
  return power == 0 ? mean : (top + log(weights / (double) particles)) / power;
}

/* 0 times anything that is not finite is NaN, which stays in the sum. */
static int all_finite(double value, const double *x, int64_t n) {
  double sums[4] = {0 * value}; /* four, not to wait for each addition */
  int64_t i = 0;
  for (; i + 3 < n; i += 4)
    for (int k = 0; k < 4; k++) sums[k] += 0 * x[i + k];
  for (; i < n; i++) sums[0] += 0 * x[i];
  return sums[0] + sums[1] + sums[2] + sums[3] == 0;
}

/* A gradient that is larger than usual by far, or the first. */
static void cut(double *gradient, double *square) {
  if (*square > 0) {
    *gradient = copysign(MOST_SIZES * sqrt(*square), *gradient);
    *square = SIZE_MEMORY * *square + (1 - SIZE_MEMORY) * *gradient * *gradient;
  } else {
    *square = *gradient * *gradient;
  }
}

/* A step of the optimizer down svi->sum. In the units of the guide, gradients that are more than so many times as large
 * as usual (by a running mean of squares, behind the units) are cut: optimizers that divide by the size of past
 * gradients would make small steps for long after. */
static void move(rp_svi *svi) {
  const int64_t n = svi->n_parameters;
  const rp_optim *optim = &svi->options.optim;
  if (!rp_precondition_is_set(svi->units)) {
    rp_optim_step(optim, svi->rate_factor, svi->optim_state, svi->step, n, svi->parameters, svi->sum);
    return;
  }
  double *square = svi->units + rp_precondition_size(svi->blocks, svi->n_blocks);
  memset(svi->move, 0, (size_t) n * sizeof(double));
  rp_precondition_gradient(svi->blocks, svi->n_blocks, svi->units, svi->sum);
  for (int64_t i = 0; i < n; i++) {
    const double g = svi->sum[i], usual = square[i];
    if (g * g > MOST_SIZES * MOST_SIZES * usual) cut(&svi->sum[i], &square[i]);
    else square[i] = SIZE_MEMORY * usual + (1 - SIZE_MEMORY) * g * g;
  }
  rp_optim_step(optim, svi->rate_factor, svi->optim_state, svi->step, n, svi->move, svi->sum);
  rp_precondition_step(svi->blocks, svi->n_blocks, svi->units, svi->move);
  for (int64_t i = 0; i < n; i++) svi->parameters[i] += svi->move[i];
}

static void copy_stopped(rp_svi *svi) {
  size_t n = (size_t) svi->n_parameters;
  if (svi->gradient_kind == RP_ELBO_PATH) memcpy(svi->parameters + n, svi->parameters, n * sizeof(double));
}

static rp_code make_values(rp_svi *svi, rp_status *status) {
  if (make_plain(svi, status) != RP_OK) return status->code;
  if (!svi->values) svi->values = rp_values_new(svi->plain.graph, &svi->plain.elbo, 1, svi->options.isa, 0, status);
  return svi->values ? RP_OK : status->code;
}

/* ELBO estimates at the draws from first on: n of them, AT_ONCE at most. */
static void values_from(rp_svi *svi, const double *parameters, rp_random_key first, int64_t n, double *values) {
  rp_values_run(svi->values, parameters, svi->options.inputs, first, n < AT_ONCE ? n : AT_ONCE, &values);
}

/* What is maximised, by the draws first, first + 1, ..: n numbers, AT_ONCE at most. */
static void objectives(rp_svi *svi, const double *parameters, int64_t first, int64_t n, double *out) {
  const double power = 1 - svi->options.alpha;
  const int64_t particles = svi->options.particles;
  rp_random_key key = {svi->options.seed, FOR_GAIN, (uint64_t) first};
  if (power == 0) {
    values_from(svi, parameters, key, n, out);
    return;
  }
  for (int64_t i = 0; i < n && i < AT_ONCE; i++) {
    double top = -INFINITY, sum = 0, values[AT_ONCE];
    for (int64_t p = 0; p < particles; p++) {
      key.draw = (uint64_t) ((first + i) * particles + p);
      if (p % AT_ONCE == 0) values_from(svi, parameters, key, particles - p, values);
      const double w = power * values[p % AT_ONCE];
      sum = w > top ? sum * exp(top - w) + 1 : sum + exp(w - top);
      if (w > top) top = w;
    }
    out[i] = (top + log(sum / (double) particles)) / power;
  }
}

/* Welford (1962): value number i, from 0. */
static void accumulate(double *mean, double *squares, int64_t i, double value) {
  double delta = value - *mean;
  *mean += delta / (double) (i + 1);
  *squares += delta * (value - *mean);
}

static int poll(rp_svi *svi, const rp_svi_hooks *hooks, double loss) {
  if (!rp_poll_due(&svi->polled)) return 0;
  if (hooks->progress) hooks->progress(hooks->context, svi->step, svi->horizon, loss);
  return hooks->interrupted && hooks->interrupted(hooks->context);
}
