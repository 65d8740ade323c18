/* One evaluation of a model: its table of sites, its log density, its graph as text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../infer/potential.h"
#include "ffi_centering.h"
#include "ffi_draws.h"
#include "ffi_entries.h"

static SEXP site_values(const ffi_model *m, rp_status *status);
static rp_code read_values(ffi_model *m, SEXP values, const double *inputs, double *q, rp_status *status);

SEXP ffi_model_table(SEXP spec, SEXP control) {
  rp_status status;
  rp_status_clear(&status);
  ffi_model *m;
  SEXP guard = ffi_model_open(spec, control, ffi_number(ffi_get(control, "prior"), 1) != 0, 1, &m);
  static const char *const names[] = {"sites", "values", "log_density", "warnings", "unconstrained_names", "decisions"};
  SEXP result = PROTECT(ffi_list(6, names));
  SET_VECTOR_ELT(result, 0, ffi_model_sites(m->model));
  SEXP values = PROTECT(m->model->dim == 0 ? site_values(m, &status) : R_NilValue);
  if (values != R_NilValue) {
    SET_VECTOR_ELT(result, 1, VECTOR_ELT(values, 0));
    SET_VECTOR_ELT(result, 2, VECTOR_ELT(values, 1));
  }
  SET_VECTOR_ELT(result, 3, ffi_model_warnings(m->model));
  SET_VECTOR_ELT(result, 4, ffi_coordinate_names(m->model));
  SET_VECTOR_ELT(result, 5, ffi_model_decisions(m->model));
  ffi_guard_close(guard);
  if (status.code != RP_OK) ffi_stop(&status, spec);
  UNPROTECT(3);
  return result;
}

/* All sites of a model without coordinates, evaluated once by the reference evaluator. */
static SEXP site_values(const ffi_model *m, rp_status *status) {
  const rp_model *model = m->model;
  int32_t n = 0, n_nodes = 0;
  rp_node_id *nodes = (rp_node_id *) R_alloc((size_t) model->n_sites * 2 + 1, sizeof *nodes);
  double **places = (double **) R_alloc((size_t) model->n_sites * 2 + 1, sizeof *places);
  for (int32_t i = 0; i < model->n_sites; i++) n += !model->sites[i].factor;
  SEXP both = PROTECT(Rf_allocVector(VECSXP, 2)), values = Rf_allocVector(VECSXP, n);
  SET_VECTOR_ELT(both, 0, values);
  SEXP density = Rf_allocVector(REALSXP, n);
  SET_VECTOR_ELT(both, 1, density);
  for (int32_t i = 0, k = 0; i < model->n_sites; i++) {
    const rp_site_info *site = &model->sites[i];
    if (site->factor) continue;
    SEXP value = Rf_allocVector(REALSXP, (R_xlen_t) (site->n_events * site->event_size));
    SET_VECTOR_ELT(values, k, value);
    nodes[n_nodes] = site->value;
    places[n_nodes++] = REAL(value);
    REAL(density)[k] = NA_REAL;
    if (model->site_term[i] != RP_NONE) {
      nodes[n_nodes] = model->site_term[i];
      places[n_nodes++] = REAL(density) + k;
    }
    k++;
  }
  rp_random_key key = {.seed = m->seed};
  double *inputs = ffi_centering_inputs(model, NULL, status);
  if (status->code == RP_OK) rp_evaluate(model->graph, nodes, n_nodes, NULL, inputs, key, places, status);
  free(inputs);
  UNPROTECT(1);
  return both;
}

typedef struct {
  rp_density *density;
  rp_potential potential;
  rp_target target;
  double *centering, *inputs;
  int open;
} evaluation;

static void release_evaluation(void *data) {
  evaluation *e = data;
  if (e->open) e->target.close(&e->potential);
  rp_density_free(e->density);
  free(e->centering);
  free(e->inputs);
  free(e);
}

SEXP ffi_log_density(SEXP spec, SEXP control, SEXP values) {
  rp_status status;
  rp_status_clear(&status);
  ffi_model *m;
  SEXP guard = ffi_model_open(spec, control, 0, 0, &m);
  static const char *const names[] = {"value", "gradient", "unconstrained", "unconstrained_names", "warnings"};
  SEXP result = PROTECT(ffi_list(5, names));
  SEXP gradient = Rf_allocVector(REALSXP, (R_xlen_t) m->model->dim);
  SET_VECTOR_ELT(result, 1, gradient);
  SEXP q = Rf_allocVector(REALSXP, (R_xlen_t) m->model->dim);
  SET_VECTOR_ELT(result, 2, q);
  if (ffi_number(ffi_get(control, "names"), 1) != 0) SET_VECTOR_ELT(result, 3, ffi_coordinate_names(m->model));
  SET_VECTOR_ELT(result, 4, ffi_model_warnings(m->model));
  double value = NAN;
  evaluation *e = calloc(1, sizeof *e);
  if (!e) Rf_error("out of memory");
  SEXP evaluation_guard = PROTECT(ffi_guard(e, release_evaluation));
  e->centering = ffi_centering_read(m->model, ffi_get(control, "centering"), 1, &status);
  if (status.code == RP_OK) e->inputs = ffi_centering_inputs(m->model, e->centering, &status);
  if (status.code == RP_OK && read_values(m, values, e->inputs, REAL(q), &status) == RP_OK)
    e->density = rp_density_of_model(m->model, m->isa, &status);
  if (e->density) {
    e->target = rp_density_target(e->density);
    e->open = 1;
    if (e->target.open(e->target.context, &e->potential, &status) == RP_OK) {
      if (e->centering) e->potential.center(e->potential.state, e->centering, e->centering + m->model->n_adapted);
      const double *slopes;
      e->potential.evaluate(e->potential.state, REAL(q), &value, &slopes);
      memcpy(REAL(gradient), slopes, (size_t) m->model->dim * sizeof *slopes);
    }
  }
  SET_VECTOR_ELT(result, 0, Rf_ScalarReal(value));
  ffi_guard_close(evaluation_guard);
  ffi_guard_close(guard);
  if (status.code != RP_OK) ffi_stop(&status, spec);
  UNPROTECT(3);
  return result;
}

static rp_code read_values(ffi_model *m, SEXP values, const double *inputs, double *q, rp_status *status) {
  int64_t dim = m->model->dim;
  if (ffi_is_numeric(values)) {
    if (Rf_xlength(values) != dim)
      return rp_fail(status, RP_BAD_SHAPE, NULL, "%lld unconstrained values are needed, but %lld are given",
                     (long long) dim, (long long) Rf_xlength(values));
    ffi_copy_doubles(values, q);
    return RP_OK;
  }
  char name[256];
  if (m->model->initial_differs >= 0) {
    rp_model_coordinate_name(m->model, m->model->initial_differs, name, sizeof name);
    return rp_fail(status, RP_UNSUPPORTED, name, "its coordinate at this value depends on discrete sites, which are "
                   "summed out; give unconstrained coordinates, or fix these sites by condition()");
  }
  for (int64_t k = 0; k < dim; k++) {
    rp_model_coordinate_name(m->model, k, name, sizeof name);
    q[k] = 0;
    if (m->model->initial[k] == RP_NONE)
      return rp_fail(status, RP_BAD_ARGUMENT, name, "no value is given for this site");
  }
  return rp_initial_values(m->model, q, inputs, m->seed, 0, status);
}

/* ---- the program ---- */

static void release_density(void *data) { rp_density_free(data); }

static SEXP text_of(char *text) {
  SEXP value = Rf_mkString(text ? text : "");
  free(text);
  return value;
}

SEXP ffi_model_program(SEXP spec, SEXP control) {
  static const char *const names[] = {"isa", "lanes", "coordinates", "stages", "loops", "scans", "instructions",
                                      "slots", "bytes", "listing", "graph"};
  static const char *const parts[] = {"constants", "code", "chain"};
  rp_status status;
  rp_status_clear(&status);
  ffi_model *m;
  SEXP guard = ffi_model_open(spec, control, 0, 0, &m);
  rp_density *density = rp_density_of_model(m->model, m->isa, &status);
  SEXP density_guard = density ? ffi_guard(density, release_density) : R_NilValue;
  PROTECT(density_guard);
  const int32_t most = (int32_t) ffi_integer(ffi_get(control, "lanes"), 1);
  if (density) rp_density_add_lanes(density, m->model->graph, most, 0, &status);
  SEXP result = PROTECT(ffi_list(11, names));
  if (status.code == RP_OK) {
    const rp_program *program = rp_density_program(density, 1);
    const rp_program_size size = rp_program_measure(program);
    const int32_t counts[] = {rp_density_lanes(density), (int32_t) m->model->dim, size.n_stages, size.n_loops,
                              size.n_scans, size.n_instructions, size.n_slots};
    const int64_t bytes[] = {size.constant_bytes, size.code_bytes, size.work_bytes};
    SET_VECTOR_ELT(result, 0, Rf_mkString(rp_isa_name(m->isa == RP_ISA_BEST ? rp_isa_best() : m->isa)));
    for (int k = 0; k < 7; k++) SET_VECTOR_ELT(result, k + 1, Rf_ScalarInteger(counts[k]));
    SEXP sizes = ffi_list(3, parts);
    SET_VECTOR_ELT(result, 8, sizes);
    for (int k = 0; k < 3; k++) SET_VECTOR_ELT(sizes, k, Rf_ScalarReal((double) bytes[k]));
    SET_VECTOR_ELT(result, 9, text_of(rp_program_print(program)));
    SET_VECTOR_ELT(result, 10, text_of(rp_graph_print(m->model->graph, &m->model->log_density, 1)));
  }
  if (density) ffi_guard_close(density_guard);
  ffi_guard_close(guard);
  if (status.code != RP_OK) ffi_stop(&status, spec);
  UNPROTECT(3);
  return result;
}
