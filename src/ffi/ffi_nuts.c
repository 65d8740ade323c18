/* ffi_sample_nuts(spec, control): chains of NUTS, their draws as R arrays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../infer/chains.h"
#include "../infer/explain.h"
#include "ffi_centering.h"
#include "ffi_chains.h"
#include "ffi_draws.h"
#include "ffi_entries.h"
#include "ffi_initial.h"
#include "ffi_metric.h"
#include "ffi_progress.h"

typedef struct {
  const ffi_model *model;
  const ffi_draws *plan;
  rp_density *density;
  rp_chains chains;
  double *inits, init_radius;
  double *centering; /* where it starts, [chain][2][element] */
  ffi_metric metric;
  int64_t *number;   /* of each chain; NULL: 0, 1, ... */
  rp_chain_past *past;
  int64_t n_past;
  SEXP checkpoint; /* an R function of what the chains have done, or R_NilValue; TRUE stops the chains */
  int stop;        /* it was TRUE, or there was a Ctrl-C; or the chains are only to be taken up (control$stopped) */
  ffi_progress progress;
} nuts_run;

static void release(void *data);
static rp_code run_chains(nuts_run *run, SEXP control, rp_status *status);
static rp_code add_lanes(nuts_run *run, int32_t n_chains, int32_t cores, int64_t lanes, rp_status *status);
static rp_nuts_options read_options(SEXP control, rp_status *status);
static rp_code make_inits(nuts_run *run, SEXP given, int32_t n_chains, rp_status *status);
static rp_code find_init(const nuts_run *run, int32_t chain, rp_work *work, const double *candidates,
                         int64_t n_candidates, double *q, rp_status *status);
static const double *start_of(const nuts_run *run, int32_t chain);
static int64_t number_of(const nuts_run *run, int32_t chain);
static rp_code finish(void *context, int32_t chain, const double *draws, int64_t n_draws, rp_status *status);
static void explain(void *context, int32_t chain, const double *q, double log_density, const double *gradient,
                    rp_status *status);
static void show(void *context, const rp_chain_progress *chains, int32_t n_chains);
static int interrupted(void *context);
static void checkpoint(void *context);
static void write_checkpoint(void *context);
static SEXP result(const nuts_run *run, SEXP arrays, int64_t n_iterations, int64_t n_warmup);
static SEXP adaptation(const nuts_run *run);
static double warmup_wanted(const nuts_run *run);

SEXP ffi_sample_nuts(SEXP spec, SEXP control) {
  rp_status status;
  rp_status_clear(&status);
  ffi_model *m;
  SEXP model_guard = ffi_model_open(spec, control, 0, 0, &m); /* protected by the call */
  nuts_run *run = calloc(1, sizeof *run);
  if (!run) Rf_error("out of memory");
  SEXP run_guard = PROTECT(ffi_guard(run, release));
  run->model = m;
  rp_nuts_options options = read_options(control, &status);
  int64_t n_chains = ffi_integer(ffi_get(control, "chains"), 4);
  int64_t n_iterations = options.iter_sampling / (options.thin > 0 ? options.thin : 1);
  if (n_chains < 1 || n_chains > 100000) rp_fail(&status, RP_BAD_ARGUMENT, NULL, "`chains` must be at least 1");
  SEXP arrays = R_NilValue, plan_guard = R_NilValue;
  ffi_draws *plan = NULL;
  if (status.code == RP_OK)
    plan_guard =
        ffi_draws_plan(m, FFI_DRAWS_VALUES, ffi_get(control, "keep"), ffi_number(ffi_get(control, "budget"), 1e9),
                       n_iterations, n_chains, &arrays, &plan, &status);
  PROTECT(plan_guard);
  PROTECT(arrays);
  run->plan = plan;
  run->progress = ffi_progress_open(ffi_get(control, "progress"));
  if (status.code == RP_OK) run_chains(run, control, &status);
  int64_t n_warmup = options.save_warmup ? options.iter_warmup / options.thin : 0;
  SEXP value = status.code == RP_OK ? result(run, arrays, n_iterations, n_warmup) : R_NilValue;
  PROTECT(value);
  ffi_guard_close(run_guard);
  if (plan_guard != R_NilValue) ffi_guard_close(plan_guard);
  ffi_guard_close(model_guard);
  if (status.code != RP_OK) ffi_stop(&status, spec);
  UNPROTECT(5);
  return value;
}

static void release(void *data) {
  nuts_run *run = data;
  rp_chains_free(&run->chains);
  rp_density_free(run->density);
  free(run->inits);
  free(run->centering);
  free(run->number);
  ffi_metric_clear(&run->metric);
  ffi_past_free(run->past, run->n_past);
  free(run);
}

static rp_code run_chains(nuts_run *run, SEXP control, rp_status *status) {
  const ffi_model *m = run->model;
  int32_t n_chains = (int32_t) ffi_integer(ffi_get(control, "chains"), 4);
  int32_t cores = (int32_t) ffi_integer(ffi_get(control, "cores"), 1);
  rp_nuts_options options = read_options(control, status);
  run->init_radius = options.init_radius;
  SEXP centering = ffi_get(control, "centering");
  run->centering = ffi_centering_read(m->model, centering, n_chains, status);
  options.centering = run->centering;
  options.fix_centering = TYPEOF(centering) == VECSXP;
  if (status->code == RP_OK) ffi_metric_read(m->model, control, n_chains, &run->metric, status);
  options.metric = run->metric.kind;
  options.blocks = &run->metric.blocks;
  options.inverse_metric = run->metric.inverse;
  if (status->code == RP_OK) run->density = rp_density_of_model(m->model, m->isa, status);
  if (status->code == RP_OK) run->number = ffi_chain_numbers(ffi_get(control, "numbers"), n_chains, status);
  if (status->code == RP_OK) run->past = ffi_past_read(ffi_get(control, "past"), n_chains, m->model->dim, status);
  run->n_past = n_chains;
  if (!run->density || status->code != RP_OK || make_inits(run, ffi_get(control, "inits"), n_chains, status) != RP_OK)
    return status->code;
  const int64_t lanes = ffi_integer(ffi_get(control, "lanes"), 0);
  if (add_lanes(run, n_chains, cores, lanes, status) != RP_OK) return status->code;
  rp_target target = rp_density_target(run->density);
  rp_chains_hooks hooks = {.context = run, .progress = show, .interrupted = interrupted, .finish = finish,
                           .explain = explain};
  run->stop = ffi_number(ffi_get(control, "stopped"), 0) != 0;
  run->checkpoint = ffi_get(control, "checkpoint");
  if (Rf_isFunction(run->checkpoint)) {
    hooks.checkpoint = checkpoint;
    hooks.checkpoint_seconds = ffi_number(ffi_get(control, "checkpoint_seconds"), 60);
  }
  rp_chains_plan plan = {.n_chains = n_chains, .cores = cores, .seed = m->seed, .number = run->number,
                         .inits = run->inits, .past = run->past};
  return rp_chains_run(&target, &options, &plan, &hooks, &run->chains, status);
}

/* As many chains in lock-step as each thread has, where that pays for the model; or as many as asked for. */
static rp_code add_lanes(nuts_run *run, int32_t n_chains, int32_t cores, int64_t lanes, rp_status *status) {
  const int32_t threads = cores < 1 ? 1 : cores < n_chains ? cores : n_chains;
  int32_t most = (n_chains + threads - 1) / threads;
  if (lanes > 0 && lanes < most) most = (int32_t) lanes;
  return rp_density_add_lanes(run->density, run->model->model->graph, most, lanes > 0, status);
}

static rp_nuts_options read_options(SEXP control, rp_status *status) {
  rp_nuts_options o = rp_nuts_options_default();
  o.iter_warmup = ffi_integer(ffi_get(control, "iter_warmup"), o.iter_warmup);
  o.iter_sampling = ffi_integer(ffi_get(control, "iter_sampling"), o.iter_sampling);
  o.thin = ffi_integer(ffi_get(control, "thin"), 1);
  o.save_warmup = ffi_number(ffi_get(control, "save_warmup"), 0) != 0;
  o.adapt_delta = ffi_number(ffi_get(control, "adapt_delta"), o.adapt_delta);
  o.max_treedepth = (int32_t) ffi_integer(ffi_get(control, "max_treedepth"), o.max_treedepth);
  o.max_treedepth_warmup = (int32_t) ffi_integer(ffi_get(control, "max_treedepth_warmup"), 0);
  o.step_size = ffi_number(ffi_get(control, "step_size"), 0);
  o.step_size_jitter = ffi_number(ffi_get(control, "step_size_jitter"), 0);
  o.init_radius = ffi_number(ffi_get(control, "init_radius"), o.init_radius);
  o.static_steps = (int32_t) ffi_integer(ffi_get(control, "static_steps"), 0);
  const char *warmup = ffi_text(ffi_get(control, "warmup"), "fast");
  o.schedule = rp_schedule_from_name(warmup);
  if (o.schedule == RP_SCHEDULE_COUNT)
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "there is no warm-up schedule `%s`", warmup);
  if (o.iter_warmup < 0 || o.iter_sampling < 1 || o.iter_warmup > 1000000000 || o.iter_sampling > 1000000000)
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "`iter_warmup` and `iter_sampling` must be whole numbers, at least 0 and 1");
  if (o.thin < 1) rp_fail(status, RP_BAD_ARGUMENT, NULL, "`thin` must be at least 1");
  if (!(o.adapt_delta > 0 && o.adapt_delta < 1))
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "`adapt_delta` must be between 0 and 1");
  if (o.max_treedepth < 1 || o.max_treedepth > 30)
    rp_fail(status, RP_BAD_ARGUMENT, NULL, "`max_treedepth` must be between 1 and 30");
  return o;
}

/* Positions with the user's initial values, or the first of the given candidates with a finite density. */
static rp_code make_inits(nuts_run *run, SEXP given, int32_t n_chains, rp_status *status) {
  const rp_model *model = run->model->model;
  const int64_t n_given = Rf_xlength(given), size = model->dim * n_chains;
  const int64_t n_candidates = size > 0 && TYPEOF(given) == REALSXP && n_given % size == 0 ? n_given / size : 0;
  if (size > 0 && n_given > 0 && n_candidates == 0)
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "the initial positions do not fit the model's coordinates");
  if (n_candidates == 0 && !rp_has_initial_values(model)) return RP_OK;
  run->inits = malloc((size_t) n_chains * (size_t) model->dim * sizeof *run->inits);
  rp_work *work = rp_work_new(rp_density_program(run->density, 1), status);
  if (!run->inits) rp_fail_memory(status, "initial values");
  for (int32_t c = 0; c < n_chains && status->code == RP_OK; c++) {
    const double *candidates = n_candidates > 0 ? REAL(given) + n_candidates * model->dim * c : NULL;
    find_init(run, c, work, candidates, n_candidates, run->inits + (int64_t) c * model->dim, status);
  }
  rp_work_free(work);
  return status->code;
}

/* Leaves the last position tried when none will do; the chain then reports what is wrong there.  Without candidates
 * the coordinates that the user's values leave open are drawn again each time. */
static rp_code find_init(const nuts_run *run, int32_t chain, rp_work *work, const double *candidates,
                         int64_t n_candidates, double *q, rp_status *status) {
  const rp_model *model = run->model->model;
  double *inputs = ffi_centering_inputs(model, start_of(run, chain), status);
  int64_t tries = candidates ? n_candidates : rp_nuts_options_default().init_tries;
  int finite = 0;
  for (int64_t k = 0; k < tries && !finite && status->code == RP_OK; k++) {
    if (candidates) memcpy(q, candidates + k * model->dim, (size_t) model->dim * sizeof *q);
    else if (ffi_initial_values(run->model, inputs, number_of(run, chain), k, run->init_radius, q, status) != RP_OK)
      break;
    double log_density;
    const double *gradient;
    rp_density_run(run->density, work, q, inputs, NULL, &log_density, &gradient);
    finite = isfinite(log_density);
    for (int64_t i = 0; finite && i < model->dim; i++) finite = isfinite(gradient[i]);
  }
  for (int64_t i = 0; !finite && i < model->dim && status->code == RP_OK; i++) {
    char name[128];
    if (isfinite(q[i])) continue;
    rp_model_coordinate_name(model, i, name, sizeof name);
    rp_fail(status, RP_BAD_ARGUMENT, name, "its value in `init` is not inside the support of its distribution");
  }
  free(inputs);
  return status->code;
}

/* Where the centering of a chain starts; NULL when the model adapts none. */
static const double *start_of(const nuts_run *run, int32_t chain) {
  return run->centering ? run->centering + 2 * chain * run->model->model->n_adapted : NULL;
}

static int64_t number_of(const nuts_run *run, int32_t chain) { return run->number ? run->number[chain] : chain; }

/* ---- hooks; finish and explain run on the chain's thread ---- */

static rp_code finish(void *context, int32_t chain, const double *draws, int64_t n_draws, rp_status *status) {
  const nuts_run *run = context;
  const rp_model *model = run->model->model;
  int64_t n_warmup = run->chains.chain[chain].n_warmup;
  double *inputs = ffi_centering_inputs(model, run->chains.chain[chain].centering, status);
  if (status->code == RP_OK)
    ffi_draws_fill(run->plan, run->model, draws + n_warmup * model->dim, inputs, n_draws - n_warmup,
                   (ffi_chain_key){.place = chain, .number = number_of(run, chain)}, status);
  free(inputs);
  return status->code;
}

static void explain(void *context, int32_t chain, const double *q, double log_density, const double *gradient,
                    rp_status *status) {
  const nuts_run *run = context;
  (void) log_density, (void) gradient;
  double *inputs = ffi_centering_inputs(run->model->model, start_of(run, chain), status);
  if (status->code == RP_OK) rp_explain_start(run->model->spec, &run->model->options, q, inputs, status);
  free(inputs);
}

static void show(void *context, const rp_chain_progress *chains, int32_t n_chains) {
  nuts_run *run = context;
  ffi_progress_chains(&run->progress, chains, n_chains);
}

/* R's jumps must not cross the threads.  The function catches errors, so a jump is an interrupt. */
static void checkpoint(void *context) {
  nuts_run *run = context;
  if (!R_ToplevelExec(write_checkpoint, run)) run->stop = 1;
}

static void write_checkpoint(void *context) {
  nuts_run *run = context;
  const void *memory = vmaxget();
  SEXP done = PROTECT(ffi_chains_list(&run->chains, ffi_chains_rows(&run->chains, 1), 0, 0));
  SEXP call = PROTECT(Rf_lang2(run->checkpoint, done));
  SEXP stops = PROTECT(Rf_eval(call, R_GlobalEnv));
  if (TYPEOF(stops) == LGLSXP && Rf_xlength(stops) == 1 && LOGICAL(stops)[0] == 1) run->stop = 1;
  UNPROTECT(3);
  vmaxset(memory);
}

static int interrupted(void *context) {
  nuts_run *run = context;
  return run->stop || ffi_progress_interrupted(&run->progress);
}

/* ---- result ---- */

static SEXP result(const nuts_run *run, SEXP arrays, int64_t n_iterations, int64_t n_warmup) {
  static const char *const names[] = {"sites", "draws", "unconstrained", "unconstrained_names", "sampler", "adaptation",
                                      "completed", "interrupted", "seconds", "dim", "isa", "warnings", "failures",
                                      "centering", "state", "warmup", "iterations", "wanted"};
  const rp_chains *chains = &run->chains;
  const rp_model *model = run->model->model;
  int n_chains = chains->n_chains;
  SEXP value = PROTECT(ffi_list(18, names));
  SET_VECTOR_ELT(value, 0, ffi_model_sites(model));
  SET_VECTOR_ELT(value, 1, arrays);
  const ffi_chain_rows *rows = ffi_chains_rows(chains, 0);
  /* Of a fit that was stopped only what there is, so that Ctrl-C takes no time. */
  int stopped = 0;
  for (int c = 0; c < n_chains; c++) stopped |= chains->chain[c].status.code == RP_INTERRUPTED;
  SEXP done = PROTECT(ffi_chains_list(chains, rows, stopped ? 0 : n_iterations, stopped ? 0 : n_warmup));
  SET_VECTOR_ELT(value, 17, Rf_ScalarInteger((int) n_iterations));
  SET_VECTOR_ELT(value, 2, ffi_get(done, "unconstrained"));
  SET_VECTOR_ELT(value, 3, ffi_coordinate_names(model));
  SET_VECTOR_ELT(value, 4, ffi_get(done, "sampler"));
  SET_VECTOR_ELT(value, 5, adaptation(run));
  SET_VECTOR_ELT(value, 14, ffi_get(done, "state"));
  SET_VECTOR_ELT(value, 15, ffi_get(done, "warmup"));
  const int seconds_dim[2] = {n_chains, 2};
  SEXP completed = Rf_allocVector(INTSXP, n_chains), seconds, failures, iterations;
  SET_VECTOR_ELT(value, 6, completed);
  SET_VECTOR_ELT(value, 8, seconds = ffi_array(seconds_dim, 2));
  SET_VECTOR_ELT(value, 12, failures = Rf_allocVector(STRSXP, n_chains));
  SET_VECTOR_ELT(value, 16, iterations = Rf_allocVector(REALSXP, n_chains));
  for (int c = 0; c < n_chains; c++) {
    const rp_chain *chain = &chains->chain[c];
    INTEGER(completed)[c] = (int) (rows[c].n_draws - rows[c].n_warmup);
    REAL(iterations)[c] = (double) chain->iterations;
    REAL(seconds)[c] = chain->seconds_warmup;
    REAL(seconds)[c + n_chains] = chain->seconds_sampling;
    int failed = chain->status.code != RP_OK && chain->status.code != RP_INTERRUPTED;
    SET_STRING_ELT(failures, c, failed ? Rf_mkChar(chain->status.message) : NA_STRING);
  }
  SET_VECTOR_ELT(value, 7, Rf_ScalarLogical(stopped));
  SET_VECTOR_ELT(value, 9, Rf_ScalarInteger((int) model->dim));
  SET_VECTOR_ELT(value, 10, ffi_resolve_isa(Rf_mkString(rp_isa_name(run->model->isa))));
  SET_VECTOR_ELT(value, 11, ffi_model_warnings(model));
  const double **centering = (const double **) R_alloc((size_t) n_chains, sizeof *centering);
  for (int c = 0; c < n_chains; c++) centering[c] = chains->chain[c].centering;
  SET_VECTOR_ELT(value, 13, ffi_centering_list(model, centering, n_chains));
  UNPROTECT(2);
  return value;
}

static SEXP adaptation(const nuts_run *run) {
  enum { FIELDS = 7 };
  static const char *const names[FIELDS] = {"step_size", "inv_metric", "gradients_warmup", "gradients_sampling",
                                            "warmup_divergent", "matrices_missing", "warmup_wanted"};
  const rp_chains *chains = &run->chains;
  const double wanted = warmup_wanted(run);
  SEXP list = PROTECT(ffi_list(FIELDS, names));
  int64_t size = chains->metric_size;
  const int dim[2] = {(int) size, chains->n_chains};
  SEXP inverse = ffi_array(dim, 2);
  SET_VECTOR_ELT(list, 1, inverse);
  for (int k = 0; k < FIELDS; k++)
    if (k != 1) SET_VECTOR_ELT(list, k, Rf_allocVector(REALSXP, chains->n_chains));
  for (int32_t c = 0; c < chains->n_chains; c++) {
    const rp_chain *chain = &chains->chain[c];
    REAL(VECTOR_ELT(list, 0))[c] = chain->step_size;
    REAL(VECTOR_ELT(list, 2))[c] = (double) chain->gradients_warmup;
    REAL(VECTOR_ELT(list, 3))[c] = (double) chain->gradients_sampling;
    REAL(VECTOR_ELT(list, 4))[c] = (double) chain->warmup_divergent;
    REAL(VECTOR_ELT(list, 5))[c] = chain->matrices_missing;
    REAL(VECTOR_ELT(list, 6))[c] = chain->matrices_missing > 0 ? wanted : 0;
    for (int64_t k = 0; k < size; k++) REAL(inverse)[k + size * c] = chain->inverse_metric[k];
  }
  UNPROTECT(1);
  return list;
}

/* Iterations of warm-up with which the largest block of the metric becomes a matrix. */
static double warmup_wanted(const nuts_run *run) {
  const rp_model *model = run->model->model;
  int64_t largest = run->metric.kind == RP_METRIC_DENSE ? model->dim : 2;
  for (int32_t b = 0; b < run->metric.blocks.n; b++) {
    const int64_t size = run->metric.blocks.start[b + 1] - run->metric.blocks.start[b];
    if (size > largest) largest = size;
  }
  return (double) rp_fast_iterations(largest, model->n_adapted > 0);
}
