/* ffi_fit_svi(spec, guide, control): a guide fitted to a model, its draws as R arrays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../infer/svi.h"
#include "ffi_draws.h"
#include "ffi_entries.h"
#include "ffi_progress.h"

typedef struct {
  const ffi_model *model;
  rp_svi *svi;
  rp_guide_block *blocks;
  int32_t n_blocks;
  int64_t *index; /* one place per coordinate, cut up among the blocks */
  double *init, *rows;
  int64_t steps_done;
  int stopped;
  double elbo, mcse;
  ffi_progress progress;
} svi_run;

static void release(void *data);
static rp_code make_blocks(svi_run *run, SEXP guide, rp_status *status);
static rp_code add_block(svi_run *run, SEXP part, uint8_t *taken, int64_t *used, int learned, rp_status *status);
static rp_svi_options read_options(svi_run *run, SEXP control, rp_status *status);
static rp_code fit(svi_run *run, SEXP guide, SEXP control, double *loss, int64_t n_steps, int64_t n_draws,
                   rp_status *status);
static int in_block(const ffi_model *m, int64_t coordinate, SEXP sites);
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
  int64_t n_draws = ffi_integer(ffi_get(control, "draws"), 1000), n_steps = ffi_integer(ffi_get(control, "steps"), 2000);
  if (n_steps < 1 || n_steps > 1000000000) rp_fail(&status, RP_BAD_ARGUMENT, NULL, "`steps` must be at least 1");
  if (n_draws < 1 || n_draws > 100000000) rp_fail(&status, RP_BAD_ARGUMENT, NULL, "`draws` must be at least 1");
  SEXP arrays = R_NilValue, plan_guard = R_NilValue, loss = R_NilValue;
  ffi_draws *plan = NULL;
  if (status.code == RP_OK)
    plan_guard = ffi_draws_plan(m, FFI_DRAWS_VALUES, ffi_get(control, "keep"), ffi_number(ffi_get(control, "budget"), 1e9),
                                n_draws, 1, &arrays, &plan, &status);
  PROTECT(plan_guard);
  PROTECT(arrays);
  if (status.code == RP_OK) loss = Rf_allocVector(REALSXP, (R_xlen_t) n_steps);
  PROTECT(loss);
  if (status.code == RP_OK) fit(run, guide, control, REAL(loss), n_steps, n_draws, &status);
  if (status.code == RP_OK) ffi_draws_fill(plan, m, run->rows, NULL, n_draws, 0, &status);
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
  free(run->blocks);
  free(run->index);
  free(run->init);
  free(run->rows);
  free(run);
}

static rp_code fit(svi_run *run, SEXP guide, SEXP control, double *loss, int64_t n_steps, int64_t n_draws,
                   rp_status *status) {
  const rp_model *model = run->model->model;
  rp_svi_options options = read_options(run, control, status);
  if (status->code != RP_OK || make_blocks(run, guide, status) != RP_OK) return status->code;
  run->svi = rp_svi_new(model->graph, model->log_density, model->dim, run->blocks, run->n_blocks, &options, status);
  if (!run->svi) return status->code;
  rp_svi_hooks hooks = {run, show, interrupted};
  if (rp_svi_run(run->svi, n_steps, loss, &run->steps_done, &hooks, status) == RP_INTERRUPTED) {
    run->stopped = 1;
    rp_status_clear(status);
  }
  for (int64_t i = run->steps_done; i < n_steps; i++) loss[i] = NA_REAL;
  run->rows = malloc((size_t) (n_draws * model->dim + 1) * sizeof *run->rows);
  if (!run->rows) return rp_fail_memory(status, "the guide's draws");
  if (status->code == RP_OK) rp_svi_draws(run->svi, n_draws, run->model->seed, run->rows, status);
  int64_t n_elbo = ffi_integer(ffi_get(control, "elbo_draws"), 1000);
  if (status->code == RP_OK && n_elbo > 1)
    rp_svi_elbo(run->svi, n_elbo, run->model->seed + 1, &run->elbo, &run->mcse, status);
  return status->code;
}

static rp_svi_options read_options(svi_run *run, SEXP control, rp_status *status) {
  rp_svi_options o = rp_svi_options_default();
  const rp_model *model = run->model->model;
  SEXP optim = ffi_get(control, "optim");
  const char *kind = ffi_text(ffi_get(optim, "kind"), "adam");
  rp_optim_kind which = rp_optim_from_name(kind);
  if (which == RP_OPTIM_COUNT) rp_fail(status, RP_BAD_ARGUMENT, NULL, "there is no optimizer `%s`", kind);
  else o.optim = rp_optim_default(which);
  o.optim.rate = ffi_number(ffi_get(optim, "lr"), o.optim.rate);
  o.optim.beta1 = ffi_number(ffi_get(optim, "beta1"), o.optim.beta1);
  o.optim.beta2 = ffi_number(ffi_get(optim, "beta2"), o.optim.beta2);
  o.optim.epsilon = ffi_number(ffi_get(optim, "eps"), o.optim.epsilon);
  o.optim.clip = ffi_number(ffi_get(optim, "clip"), o.optim.clip);
  o.optim.decay = ffi_number(ffi_get(optim, "decay"), o.optim.decay);
  o.particles = ffi_integer(ffi_get(control, "particles"), o.particles);
  o.path_derivative = ffi_number(ffi_get(control, "path_derivative"), 0) != 0;
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

/* ---- guide blocks ---- */

static rp_code make_blocks(svi_run *run, SEXP guide, rp_status *status) {
  const rp_model *model = run->model->model;
  SEXP parts = ffi_get(guide, "parts");
  int is_list = strcmp(ffi_text(ffi_get(guide, "kind"), ""), "list") == 0;
  R_xlen_t n = is_list ? Rf_xlength(parts) : 1;
  uint8_t *taken = calloc((size_t) model->dim + 1, 1);
  run->blocks = calloc((size_t) n + 1, sizeof *run->blocks);
  run->index = malloc(((size_t) model->dim + 1) * sizeof *run->index);
  int64_t used = 0;
  if (!taken || !run->blocks || !run->index) rp_fail_memory(status, "the guide");
  /* parts with sites first: a part without takes what is left */
  for (int named = 1; named >= 0; named--)
    for (R_xlen_t i = 0; i < n && status->code == RP_OK; i++) {
      SEXP part = is_list ? VECTOR_ELT(parts, i) : guide;
      if ((ffi_get(part, "sites") != R_NilValue) == named) add_block(run, part, taken, &used, 0, status);
    }
  if (status->code == RP_OK) add_block(run, R_NilValue, taken, &used, 1, status);
  for (int64_t k = 0; k < model->dim && status->code == RP_OK; k++) {
    char name[256];
    rp_model_coordinate_name(model, k, name, sizeof name);
    if (!taken[k]) rp_fail(status, RP_BAD_ARGUMENT, name, "no part of the guide covers this site");
  }
  free(taken);
  return status->code;
}

static rp_code add_block(svi_run *run, SEXP part, uint8_t *taken, int64_t *used, int learned, rp_status *status) {
  static const char *const kinds[] = {"normal", "mvn", "lowrank", "delta"};
  const rp_model *model = run->model->model;
  const char *kind = learned ? "delta" : ffi_text(ffi_get(part, "kind"), "");
  SEXP sites = ffi_get(part, "sites");
  if (strcmp(kind, "diagonal") == 0) kind = "normal";
  int k = 0;
  while (k < RP_GUIDE_COUNT && strcmp(kind, kinds[k]) != 0) k++;
  if (k == RP_GUIDE_COUNT) return rp_fail(status, RP_BAD_ARGUMENT, NULL, "there is no guide of kind `%s`", kind);
  rp_guide_block *block = &run->blocks[run->n_blocks];
  *block = (rp_guide_block){.kind = (rp_guide_kind) k, .index = run->index + *used};
  block->rank = ffi_integer(ffi_get(part, "rank"), 0);
  block->init_scale = ffi_number(ffi_get(part, "init_scale"), 0);
  for (int64_t c = 0; c < model->dim; c++) {
    if (taken[c] || model->learned[c] != learned || !in_block(run->model, c, sites)) continue;
    taken[c] = 1;
    run->index[(*used)++] = c;
    block->n++;
  }
  if (block->n > 0) run->n_blocks++;
  return RP_OK;
}

/* By the user's name of the site, or an auxiliary site's own. */
static int in_block(const ffi_model *m, int64_t coordinate, SEXP sites) {
  if (sites == R_NilValue) return 1;
  const rp_model *model = m->model;
  const rp_layout_site *place = model->layout.sites;
  while (coordinate >= place->offset + place->n_inferred * place->width) place++;
  const char *original = place->name;
  for (int32_t i = 0; i < model->n_sites; i++)
    if (strcmp(model->sites[i].name, place->name) == 0) original = model->sites[i].original;
  for (R_xlen_t i = 0; i < Rf_xlength(sites); i++) {
    const char *name = CHAR(STRING_ELT(sites, i));
    if (strcmp(name, place->name) == 0 || strcmp(name, original) == 0) return 1;
  }
  return 0;
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

static SEXP result(const svi_run *run, SEXP arrays, SEXP loss, int64_t n_draws) {
  static const char *const names[] = {"sites", "draws", "loss", "params", "unconstrained", "unconstrained_names", "elbo",
                                      "completed", "interrupted", "dim", "isa", "warnings"};
  const rp_model *model = run->model->model;
  SEXP value = PROTECT(ffi_list(12, names));
  SET_VECTOR_ELT(value, 0, ffi_model_sites(model));
  SET_VECTOR_ELT(value, 1, arrays);
  SET_VECTOR_ELT(value, 2, loss);
  int64_t n_params = rp_svi_n_parameters(run->svi);
  SEXP params = Rf_allocVector(REALSXP, (R_xlen_t) n_params);
  SET_VECTOR_ELT(value, 3, params);
  memcpy(REAL(params), rp_svi_parameters(run->svi), (size_t) n_params * sizeof(double));
  const int dim[3] = {(int) n_draws, 1, (int) model->dim};
  SEXP unconstrained = ffi_array(dim, 3);
  SET_VECTOR_ELT(value, 4, unconstrained);
  for (int64_t k = 0; k < model->dim; k++)
    for (int64_t i = 0; i < n_draws; i++) REAL(unconstrained)[i + n_draws * k] = run->rows[i * model->dim + k];
  SET_VECTOR_ELT(value, 5, ffi_coordinate_names(model));
  SEXP elbo = Rf_allocVector(REALSXP, 2);
  SET_VECTOR_ELT(value, 6, elbo);
  REAL(elbo)[0] = run->elbo;
  REAL(elbo)[1] = run->mcse;
  SET_VECTOR_ELT(value, 7, Rf_ScalarReal((double) run->steps_done));
  SET_VECTOR_ELT(value, 8, Rf_ScalarLogical(run->stopped));
  SET_VECTOR_ELT(value, 9, Rf_ScalarInteger((int) model->dim));
  SET_VECTOR_ELT(value, 10, Rf_mkString(rp_isa_name(run->model->isa == RP_ISA_BEST ? rp_isa_best() : run->model->isa)));
  SET_VECTOR_ELT(value, 11, ffi_model_warnings(model));
  UNPROTECT(1);
  return value;
}
