#include "svi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "elbo.h"
#include "potential.h"

enum { MAX_BAD_STEPS = 100, POLL_NANOSECONDS = 50000000 };
/* "Chains" of the random numbers: training, posterior draws, ELBO estimates. */
enum { FOR_STEPS = 0, FOR_DRAWS = 1, FOR_ELBO = 2 };

struct rp_svi {
  rp_svi_options options;
  int64_t dim, n_parameters, step;
  int32_t stopped;
  rp_graph *graph;
  rp_node_id z, elbo;
  rp_density *density; /* ELBO and its gradient in the guide's parameters */
  rp_work *work;
  double *parameters; /* twice when stopped: the second half is the copy that gradients do not see */
  double *gradient, *sum, *optim_state;
};

static rp_code start_parameters(rp_svi *svi, const rp_guide_block *blocks, int32_t n_blocks, rp_status *status);
static double estimate(rp_svi *svi);
static int all_finite(double value, const double *x, int64_t n);
static void copy_stopped(rp_svi *svi);
static rp_program *compile(const rp_svi *svi, rp_node_id output, rp_work **work, rp_status *status);
static int poll(const rp_svi_hooks *hooks, struct timespec *last, int64_t step, int64_t n_steps, double loss);

rp_svi_options rp_svi_options_default(void) {
  return (rp_svi_options){.particles = 1, .optim = rp_optim_default(RP_OPTIM_ADAM), .isa = RP_ISA_BEST};
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
  rp_elbo elbo;
  svi->options = *options;
  svi->dim = dim;
  rp_code code = rp_elbo_build(&elbo, g, log_density, dim, blocks, n_blocks, options->path_derivative, status);
  svi->graph = elbo.graph;
  svi->z = elbo.z;
  svi->elbo = elbo.elbo;
  svi->n_parameters = elbo.n_parameters;
  svi->stopped = elbo.stopped;
  if (code == RP_OK) {
    svi->density = rp_density_new(svi->graph, svi->elbo, svi->n_parameters, options->isa, status);
    if (svi->density) svi->work = rp_work_new(rp_density_program(svi->density), status);
    code = svi->work ? start_parameters(svi, blocks, n_blocks, status) : RP_NO_MEMORY;
  }
  svi->options.init = NULL;
  if (code == RP_OK) return svi;
  rp_svi_free(svi);
  return NULL;
}

void rp_svi_free(rp_svi *svi) {
  if (!svi) return;
  rp_work_free(svi->work);
  rp_density_free(svi->density);
  rp_graph_free(svi->graph);
  free(svi->parameters);
  free(svi->gradient);
  free(svi->sum);
  free(svi->optim_state);
  free(svi);
}

rp_code rp_svi_run(rp_svi *svi, int64_t n_steps, double *loss, int64_t *n_done, const rp_svi_hooks *hooks,
                   rp_status *status) {
  int64_t n = svi->n_parameters;
  int bad = 0;
  struct timespec last;
  clock_gettime(CLOCK_MONOTONIC, &last);
  for (*n_done = 0; *n_done < n_steps; ++*n_done) {
    if (*n_done > 0 && hooks && poll(hooks, &last, *n_done, n_steps, loss[*n_done - 1])) {
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
    rp_optim_step(&svi->options.optim, svi->optim_state, svi->step, n, svi->parameters, svi->sum);
    copy_stopped(svi);
  }
  return RP_OK;
}

int64_t rp_svi_n_parameters(const rp_svi *svi) { return svi->n_parameters; }
const double *rp_svi_parameters(const rp_svi *svi) { return svi->parameters; }
int64_t rp_svi_step(const rp_svi *svi) { return svi->step; }

void rp_svi_set_parameters(rp_svi *svi, const double *parameters) {
  memcpy(svi->parameters, parameters, (size_t) svi->n_parameters * sizeof(double));
  copy_stopped(svi);
}

rp_code rp_svi_draws(rp_svi *svi, int64_t n, uint64_t seed, double *out, rp_status *status) {
  rp_work *work = NULL;
  rp_program *program = compile(svi, svi->z, &work, status);
  for (int64_t i = 0; program && i < n; i++) {
    rp_random_key key = {seed, FOR_DRAWS, (uint64_t) i};
    rp_program_run(program, work, svi->parameters, NULL, &key);
    memcpy(out + i * svi->dim, rp_work_output(work, 0), (size_t) svi->dim * sizeof(double));
  }
  rp_work_free(work);
  rp_program_free(program);
  return program ? RP_OK : status->code;
}

rp_code rp_svi_elbo(rp_svi *svi, int64_t n, uint64_t seed, double *elbo, double *mcse, rp_status *status) {
  rp_work *work = NULL;
  rp_program *program = compile(svi, svi->elbo, &work, status);
  double mean = 0, squares = 0;
  for (int64_t i = 0; program && i < n; i++) {
    rp_random_key key = {seed, FOR_ELBO, (uint64_t) i};
    rp_program_run(program, work, svi->parameters, NULL, &key);
    double value = rp_work_output(work, 0)[0], delta = value - mean;
    mean += delta / (double) (i + 1);
    squares += delta * (value - mean);
  }
  *elbo = mean;
  *mcse = sqrt(squares / (double) (n - 1) / (double) n);
  rp_work_free(work);
  rp_program_free(program);
  return program ? RP_OK : status->code;
}

/* ---- private ---- */

static rp_code start_parameters(rp_svi *svi, const rp_guide_block *blocks, int32_t n_blocks, rp_status *status) {
  size_t n = (size_t) svi->n_parameters;
  int64_t state_size = rp_optim_state_size(&svi->options.optim, svi->n_parameters);
  svi->parameters = calloc(2 * n + 1, sizeof(double));
  svi->gradient = calloc(n + 1, sizeof(double));
  svi->sum = calloc(n + 1, sizeof(double));
  svi->optim_state = calloc((size_t) state_size + 1, sizeof(double));
  double *centre = calloc((size_t) svi->dim + 1, sizeof(double));
  int complete = svi->parameters && svi->gradient && svi->sum && svi->optim_state && centre;
  double *parameters = svi->parameters;
  for (int32_t b = 0; complete && b < n_blocks; b++) {
    const rp_guide_block *block = &blocks[b];
    for (int64_t k = 0; svi->options.init && k < block->n; k++) {
      centre[k] = svi->options.init[block->index ? block->index[k] : k];
    }
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

/* Mean ELBO over the particles; its gradient goes to svi->sum. */
static double estimate(rp_svi *svi) {
  int64_t n = svi->n_parameters, particles = svi->options.particles;
  double elbo = 0;
  for (int64_t p = 0; p < particles; p++) {
    double value, *gradient = p == 0 ? svi->sum : svi->gradient;
    rp_random_key key = {svi->options.seed, FOR_STEPS, (uint64_t) (svi->step * particles + p)};
    rp_density_run(svi->density, svi->work, svi->parameters, NULL, &key, &value, gradient);
    elbo += value / (double) particles;
    for (int64_t i = 0; p > 0 && i < n; i++) svi->sum[i] += gradient[i];
  }
  for (int64_t i = 0; particles > 1 && i < n; i++) svi->sum[i] /= (double) particles;
  return elbo;
}

/* 0 times anything that is not finite is NaN, which stays in the sum. */
static int all_finite(double value, const double *x, int64_t n) {
  double sum = 0 * value;
  for (int64_t i = 0; i < n; i++) sum += 0 * x[i];
  return sum == 0;
}

static void copy_stopped(rp_svi *svi) {
  size_t n = (size_t) svi->n_parameters;
  if (svi->stopped) memcpy(svi->parameters + n, svi->parameters, n * sizeof(double));
}

static rp_program *compile(const rp_svi *svi, rp_node_id output, rp_work **work, rp_status *status) {
  rp_program *program = rp_program_new(svi->graph, &output, 1, svi->options.isa, 1, status);
  if (program) *work = rp_work_new(program, status);
  if (*work) return program;
  rp_program_free(program);
  return NULL;
}

static int poll(const rp_svi_hooks *hooks, struct timespec *last, int64_t step, int64_t n_steps, double loss) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if ((now.tv_sec - last->tv_sec) * 1000000000L + (now.tv_nsec - last->tv_nsec) < POLL_NANOSECONDS) return 0;
  *last = now;
  if (hooks->progress) hooks->progress(hooks->context, step, n_steps, loss);
  return hooks->interrupted && hooks->interrupted(hooks->context);
}
