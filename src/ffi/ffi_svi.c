/* ffi_fit_svi(spec, guide, control): a guide fitted to a model, its draws as R arrays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../infer/mode.h"
#include "../infer/svi.h"
#include "ffi_draws.h"
#include "ffi_entries.h"
#include "ffi_guide.h"
#include "ffi_progress.h"

typedef struct {
  const ffi_model *model;
  rp_svi *svi;
  ffi_guide guide;
  double *init, *rows, *log_weight, *margins; /* margins: means, then standard deviations, of the guide */
  rp_svi_report report;
  int stopped;
  double elbo, mcse;
  ffi_progress progress;
} svi_run;

static void release(void *data);
static rp_svi_options read_options(svi_run *run, SEXP control, rp_status *status);
static rp_code fit(svi_run *run, SEXP guide, SEXP control, double *loss, int64_t n_steps, int64_t n_draws,
                   rp_status *status);
static rp_code resume(svi_run *run, SEXP start, rp_status *status);
static rp_svi_plan read_plan(SEXP control, int64_t n_steps);
static rp_code run_steps(svi_run *run, SEXP control, double *loss, int64_t n_steps, rp_status *status);
static rp_code run_mode(svi_run *run, double *loss, int64_t n_steps, rp_status *status);
static void show(void *context, int64_t step, int64_t n_steps, double loss);
static int interrupted(void *context);
static SEXP result(const svi_run *run, SEXP arrays, SEXP loss, int64_t n_draws);

SEXP ffi_fit_svi(SEXP spec, SEXP guide, SEXP control) {
  rp_status status;
  rp_status_clear(&status);
  ffi_model *m;
  SEXP guard = ffi_model_open(spec, control, 0, 0, &m);
  svi_run *run = calloc(1, sizeof *run);
  if (!run) Rf_error("out of memory");
  SEXP run_guard = PROTECT(ffi_guard(run, release));
  run->model = m;
  run->progress = ffi_progress_open(ffi_get(control, "progress"));
  int64_t n_draws = ffi_integer(ffi_get(control, "draws"), 1000),
          n_steps = ffi_integer(ffi_get(control, "steps"), 2000);
  if (n_steps < 0 || n_steps > 1000000000) rp_fail(&status, RP_BAD_ARGUMENT, NULL, "`steps` must be at least 0");
  if (n_draws < 1 || n_draws > 100000000) rp_fail(&status, RP_BAD_ARGUMENT, NULL, "`draws` must be at least 1");
  SEXP arrays = R_NilValue, plan_guard = R_NilValue, loss = R_NilValue;
  ffi_draws *plan = NULL;
  if (status.code == RP_OK)
    plan_guard = ffi_draws_plan(m, FFI_DRAWS_VALUES, ffi_get(control, "keep"),
                                ffi_number(ffi_get(control, "budget"), 1e9), n_draws, 1, &arrays, &plan, &status);
  PROTECT(plan_guard);
  PROTECT(arrays);
  if (status.code == RP_OK) loss = Rf_allocVector(REALSXP, (R_xlen_t) n_steps);
  PROTECT(loss);
  if (status.code == RP_OK) fit(run, guide, control, REAL(loss), n_steps, n_draws, &status);
  if (status.code == RP_OK) ffi_draws_fill(plan, m, run->rows, NULL, n_draws, (ffi_chain_key){0}, &status);
  SEXP value = PROTECT(status.code == RP_OK ? result(run, arrays, loss, n_draws) : R_NilValue);
  ffi_guard_close(run_guard);
  if (plan_guard != R_NilValue) ffi_guard_close(plan_guard);
  ffi_guard_close(guard);
  if (status.code != RP_OK) ffi_stop(&status, spec);
  UNPROTECT(6);
  return value;
}

static void release(void *data) {
  svi_run *run = data;
  rp_svi_free(run->svi);
  ffi_guide_clear(&run->guide);
  free(run->init);
  free(run->rows);
  free(run->log_weight);
  free(run->margins);
  free(run);
}

static rp_code fit(svi_run *run, SEXP guide, SEXP control, double *loss, int64_t n_steps, int64_t n_draws,
                   rp_status *status) {
  const rp_model *model = run->model->model;
  rp_svi_options options = read_options(run, control, status);
  if (status->code != RP_OK || ffi_guide_read(&run->guide, run->model, guide, status) != RP_OK) return status->code;
  run->svi = rp_svi_new(model->graph, model->log_density, model->dim, run->guide.blocks, run->guide.n_blocks, &options,
                        status);
  if (!run->svi || resume(run, ffi_get(control, "start"), status) != RP_OK) return status->code;
  run_steps(run, control, loss, n_steps, status);
  for (int64_t i = run->report.n_done; i < n_steps; i++) loss[i] = NA_REAL;
  run->rows = malloc((size_t) (n_draws * model->dim + 1) * sizeof *run->rows);
  run->log_weight = malloc((size_t) n_draws * sizeof *run->log_weight);
  run->margins = malloc((size_t) (2 * model->dim + 1) * sizeof *run->margins);
  if (!run->rows || !run->log_weight || !run->margins) return rp_fail_memory(status, "the guide's draws");
  if (status->code == RP_OK) rp_svi_normal_margins(run->svi, run->margins, run->margins + model->dim, status);
  if (status->code == RP_OK)
    rp_svi_draws(run->svi, n_draws, run->model->seed, run->rows, run->log_weight, status);
  int64_t n_elbo = ffi_integer(ffi_get(control, "elbo_draws"), 1000);
  if (status->code == RP_OK && n_elbo > 1)
    rp_svi_elbo(run->svi, n_elbo, run->model->seed + 1, &run->elbo, &run->mcse, status);
  return status->code;
}

static rp_code run_steps(svi_run *run, SEXP control, double *loss, int64_t n_steps, rp_status *status) {
  if (n_steps == 0) return status->code;
  if (ffi_number(ffi_get(control, "mode"), 0) != 0) return run_mode(run, loss, n_steps, status);
  rp_svi_hooks hooks = {run, show, interrupted};
  rp_svi_plan plan = read_plan(control, n_steps);
  if (rp_svi_fit(run->svi, &plan, loss, &run->report, &hooks, status) == RP_INTERRUPTED) {
    run->stopped = 1;
    rp_status_clear(status);
  }
  return status->code;
}

/* The guide's parameters at the mode: points, and normals by the curvature there. All blocks are one or the other. */
static rp_code set_at_mode(svi_run *run, rp_potential *potential, const double *mode, rp_status *status) {
  double *parameters = malloc((size_t) rp_svi_n_parameters(run->svi) * sizeof *parameters + 1), *to = parameters;
  if (!parameters) return rp_fail_memory(status, "the guide's parameters");
  for (int32_t b = 0; b < run->guide.n_blocks && status->code == RP_OK; b++) {
    const rp_guide_block *block = &run->guide.blocks[b];
    const int64_t n = block->n;
    double *centre = malloc((size_t) (n + n * n) * sizeof *centre + 1);
    if (!centre) rp_fail_memory(status, "the guide's parameters");
    for (int64_t i = 0; centre && i < n; i++) centre[i] = mode[block->index[i]];
    if (centre && run->guide.laplace[b]) {
      if (rp_mode_spread(potential, mode, block->index, n, centre + n, status) == RP_OK)
        rp_guide_mvn_set(n, centre, centre + n, to);
    } else if (centre) {
      memcpy(to, centre, (size_t) n * sizeof *to);
    }
    to += rp_guide_of(block)->n_parameters(block);
    free(centre);
  }
  if (status->code == RP_OK) rp_svi_set_parameters(run->svi, parameters);
  free(parameters);
  return status->code;
}

static rp_code run_mode(svi_run *run, double *loss, int64_t n_steps, rp_status *status) {
  const rp_model *model = run->model->model;
  rp_density *density = rp_density_of_model(model, run->model->isa, status);
  if (!density) return status->code;
  rp_target target = rp_density_target(density);
  rp_potential potential;
  double *losses = malloc((size_t) (n_steps + 1) * sizeof *losses);
  if (target.open(target.context, &potential, status) == RP_OK) {
    rp_mode_options options = {
        .max_iterations = n_steps, .tolerance = 1e-12, .context = run, .progress = show, .interrupted = interrupted};
    if (!losses) rp_fail_memory(status, "the loss");
    else rp_mode_find(&potential, &options, run->init, losses, &run->report.n_done, &run->report.converged, status);
    if (status->code == RP_INTERRUPTED) {
      run->stopped = 1;
      rp_status_clear(status);
    }
    run->report.searched = run->report.n_done;
    run->report.last_gain = NA_REAL;
    if (status->code == RP_OK) set_at_mode(run, &potential, run->init, status);
    if (losses) memcpy(loss, losses + 1, (size_t) run->report.n_done * sizeof *loss);
  }
  target.close(&potential);
  rp_density_free(density);
  free(losses);
  return status->code;
}

static rp_svi_plan read_plan(SEXP control, int64_t n_steps) {
  return (rp_svi_plan){.n_steps = n_steps,
                       .automatic = ffi_number(ffi_get(control, "automatic"), 0) != 0,
                       .anneal = ffi_number(ffi_get(control, "anneal"), 0) != 0,
                       .keep_gradient = ffi_get(control, "path_derivative") != R_NilValue,
                       .climb = ffi_number(ffi_get(control, "climb"), 0) != 0,
                       .tolerance = ffi_number(ffi_get(control, "tolerance"), 0.01),
                       .first_window = ffi_integer(ffi_get(control, "first_window"), 0)};
}

/* From where an earlier fit ended: its parameters, optimizer state and number of steps. */
static rp_code resume(svi_run *run, SEXP start, rp_status *status) {
  if (start == R_NilValue) return RP_OK;
  SEXP params = ffi_get(start, "params"), state = ffi_get(start, "state");
  if (TYPEOF(params) != REALSXP || Rf_xlength(params) != rp_svi_n_parameters(run->svi) || TYPEOF(state) != REALSXP ||
      Rf_xlength(state) != rp_svi_state_size(run->svi))
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "the fit to be continued has another guide or optimizer");
  rp_svi_set_parameters(run->svi, REAL(params));
  rp_svi_set_state(run->svi, ffi_integer(ffi_get(start, "step"), 0), REAL(state));
  return RP_OK;
}

static rp_svi_options read_options(svi_run *run, SEXP control, rp_status *status) {
  rp_svi_options o = rp_svi_options_default();
  const rp_model *model = run->model->model;
  SEXP optim = ffi_get(control, "optim");
  const char *kind = ffi_text(ffi_get(optim, "kind"), "adam");
  rp_optim_kind which = rp_optim_from_name(strcmp(kind, "lbfgs") == 0 ? "adam" : kind);
  if (which == RP_OPTIM_COUNT) rp_fail(status, RP_BAD_ARGUMENT, NULL, "there is no optimizer `%s`", kind);
  else o.optim = rp_optim_default(which);
  o.optim.rate = ffi_number(ffi_get(optim, "lr"), o.optim.rate);
  o.optim.beta1 = ffi_number(ffi_get(optim, "beta1"), o.optim.beta1);
  o.optim.beta2 = ffi_number(ffi_get(optim, "beta2"), o.optim.beta2);
  o.optim.epsilon = ffi_number(ffi_get(optim, "eps"), o.optim.epsilon);
  o.optim.clip = ffi_number(ffi_get(optim, "clip"), o.optim.clip);
  o.optim.decay = ffi_number(ffi_get(optim, "decay"), o.optim.decay);
  SEXP rates = ffi_get(optim, "rates");
  if (TYPEOF(rates) == REALSXP && Rf_xlength(rates) > 0) {
    o.optim.rates = REAL(rates);
    o.optim.n_rates = (int64_t) Rf_xlength(rates);
  }
  o.alpha = ffi_number(ffi_get(control, "alpha"), 1);
  o.particles = ffi_integer(ffi_get(control, "particles"), o.particles);
  o.gradient = ffi_number(ffi_get(control, "analytic"), 1) != 0 ? RP_ELBO_ANALYTIC : RP_ELBO_STANDARD;
  if (ffi_number(ffi_get(control, "path_derivative"), 0) != 0) o.gradient = RP_ELBO_PATH;
  o.seed = run->model->seed;
  o.isa = run->model->isa;
  if (o.particles < 1 || o.particles > 100000) rp_fail(status, RP_BAD_ARGUMENT, NULL, "`particles` must be at least 1");
  if (!(o.optim.rate > 0)) rp_fail(status, RP_BAD_ARGUMENT, NULL, "the optimizer's learning rate must be positive");
  run->init = calloc((size_t) model->dim + 1, sizeof *run->init);
  if (!run->init) rp_fail_memory(status, "initial values");
  if (status->code == RP_OK) rp_initial_values(model, run->init, NULL, run->model->seed, 0, status);
  o.init = run->init;
  return o;
}

/* ---- hooks and result ---- */

static void show(void *context, int64_t step, int64_t n_steps, double loss) {
  svi_run *run = context;
  ffi_progress_steps(&run->progress, step, n_steps, loss);
}

static int interrupted(void *context) {
  svi_run *run = context;
  return ffi_progress_interrupted(&run->progress);
}

static SEXP numbers(const double *x, int64_t n) {
  SEXP to = Rf_allocVector(REALSXP, (R_xlen_t) n);
  if (n > 0) memcpy(REAL(to), x, (size_t) n * sizeof(double));
  return to;
}

static SEXP result(const svi_run *run, SEXP arrays, SEXP loss, int64_t n_draws) {
  static const char *const names[] = {"sites", "draws", "loss", "params", "unconstrained", "unconstrained_names",
                                      "elbo", "completed", "interrupted", "dim", "isa", "warnings", "log_weights",
                                      "state", "step", "searched", "converged", "last_gain", "blocks", "margins",
                                      "climbed"};
  const rp_model *model = run->model->model;
  const rp_svi *svi = run->svi;
  const double elbo[2] = {run->elbo, run->mcse};
  SEXP value = PROTECT(ffi_list(21, names));
  SET_VECTOR_ELT(value, 0, ffi_model_sites(model));
  SET_VECTOR_ELT(value, 1, arrays);
  SET_VECTOR_ELT(value, 2, loss);
  SET_VECTOR_ELT(value, 3, numbers(rp_svi_parameters(svi), rp_svi_n_parameters(svi)));
  const int dim[3] = {(int) n_draws, 1, (int) model->dim};
  SEXP unconstrained = ffi_array(dim, 3);
  SET_VECTOR_ELT(value, 4, unconstrained);
  for (int64_t k = 0; k < model->dim; k++)
    for (int64_t i = 0; i < n_draws; i++) REAL(unconstrained)[i + n_draws * k] = run->rows[i * model->dim + k];
  SET_VECTOR_ELT(value, 5, ffi_coordinate_names(model));
  SET_VECTOR_ELT(value, 6, numbers(elbo, 2));
  SET_VECTOR_ELT(value, 7, Rf_ScalarReal((double) run->report.n_done));
  SET_VECTOR_ELT(value, 8, Rf_ScalarLogical(run->stopped));
  SET_VECTOR_ELT(value, 9, Rf_ScalarInteger((int) model->dim));
  SET_VECTOR_ELT(value, 10, Rf_mkString(rp_isa_name(run->model->isa == RP_ISA_BEST ? rp_isa_best() : run->model->isa)));
  SET_VECTOR_ELT(value, 11, ffi_model_warnings(model));
  SET_VECTOR_ELT(value, 12, numbers(run->log_weight, n_draws));
  SET_VECTOR_ELT(value, 13, numbers(rp_svi_state(svi), rp_svi_state_size(svi)));
  SET_VECTOR_ELT(value, 14, Rf_ScalarReal((double) rp_svi_step(svi)));
  SET_VECTOR_ELT(value, 15, Rf_ScalarReal(run->report.searched < 0 ? NA_REAL : (double) run->report.searched));
  SET_VECTOR_ELT(value, 16, Rf_ScalarLogical(run->report.converged));
  SET_VECTOR_ELT(value, 17, Rf_ScalarReal(run->report.last_gain));
  SET_VECTOR_ELT(value, 18, ffi_guide_blocks(&run->guide));
  const int margins[2] = {(int) model->dim, 2};
  SET_VECTOR_ELT(value, 19, ffi_array(margins, 2));
  if (model->dim > 0) memcpy(REAL(VECTOR_ELT(value, 19)), run->margins, 2 * (size_t) model->dim * sizeof(double));
  SET_VECTOR_ELT(value, 20, Rf_ScalarReal((double) run->report.climbed));
  UNPROTECT(1);
  return value;
}
