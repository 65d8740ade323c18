#include "ffi_draws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int32_t choose_sites(const rp_model *model, ffi_draws_kind kind, SEXP keep, double budget, double n_draws,
                            int32_t *chosen, rp_status *status);
static rp_node_id node_of(const rp_model *model, ffi_draws_kind kind, int32_t i);
static void release(void *data);

SEXP ffi_draws_plan(const ffi_model *m, ffi_draws_kind kind, SEXP keep, double budget, int64_t n_iterations,
                    int64_t n_chains, SEXP *arrays, ffi_draws **plan, rp_status *status) {
  ffi_draws *p = calloc(1, sizeof *p);
  if (!p) Rf_error("out of memory");
  SEXP guard = PROTECT(ffi_guard(p, release));
  size_t places = (size_t) m->model->n_sites + 1;
  p->site = malloc(places * sizeof *p->site);
  p->out = calloc(places, sizeof *p->out);
  p->element_stride = calloc(places, sizeof *p->element_stride);
  *plan = p;
  *arrays = R_NilValue;
  rp_node_id *nodes = (rp_node_id *) R_alloc(places, sizeof *nodes);
  if (!p->site || !p->out || !p->element_stride) {
    rp_fail_memory(status, "the draws");
  } else {
    p->n = choose_sites(m->model, kind, keep, budget, (double) n_iterations * (double) n_chains, p->site, status);
    p->n_iterations = n_iterations;
    p->n_chains = n_chains;
    for (int32_t k = 0; k < p->n; k++) nodes[k] = node_of(m->model, kind, p->site[k]);
    if (status->code == RP_OK) p->generator = rp_generator_new(m->model, nodes, p->n, m->isa, status);
  }
  if (status->code == RP_OK) {
    *arrays = PROTECT(Rf_allocVector(VECSXP, p->n));
    SEXP names = PROTECT(Rf_allocVector(STRSXP, p->n));
    for (int32_t k = 0; k < p->n; k++) {
      const rp_site_info *site = &m->model->sites[p->site[k]];
      const int dim[3] = {(int) n_iterations, (int) n_chains, (int) rp_graph_node(m->model->graph, nodes[k])->n};
      SEXP array = ffi_array(dim, 3);
      SET_VECTOR_ELT(*arrays, k, array);
      SET_STRING_ELT(names, k, Rf_mkChar(site->name));
      p->out[k] = REAL(array);
      for (R_xlen_t i = 0; i < Rf_xlength(array); i++) p->out[k][i] = NA_REAL;
      p->element_stride[k] = n_iterations * n_chains;
    }
    Rf_setAttrib(*arrays, R_NamesSymbol, names);
    UNPROTECT(2);
  }
  UNPROTECT(1);
  return guard;
}

rp_code ffi_draws_fill(const ffi_draws *plan, const ffi_model *m, const double *rows, const double *inputs, int64_t n,
                       ffi_chain_key chain, rp_status *status) {
  if (plan->n == 0 || n == 0) return RP_OK;
  double **out = malloc((size_t) plan->n * sizeof *out);
  if (!out) return rp_fail_memory(status, "the draws");
  for (int32_t k = 0; k < plan->n; k++) out[k] = plan->out[k] + chain.place * plan->n_iterations + chain.first_row;
  rp_generated to = {.out = out, .draw_stride = 1, .element_stride = plan->element_stride};
  const uint64_t first = chain.first_draw + (uint64_t) chain.first_row;
  rp_generate(plan->generator, rows, inputs, n, m->seed, (uint64_t) chain.number, first, to, status);
  free(out);
  return status->code;
}

static int named(SEXP keep, const char *name) {
  for (R_xlen_t i = 0; i < Rf_xlength(keep); i++)
    if (strcmp(CHAR(STRING_ELT(keep, i)), name) == 0) return 1;
  return 0;
}

static rp_node_id node_of(const rp_model *model, ffi_draws_kind kind, int32_t i) {
  return kind == FFI_DRAWS_VALUES ? model->sites[i].value : model->site_log_lik[i];
}

static double bytes_of(const rp_model *model, ffi_draws_kind kind, int32_t i, double n_draws) {
  return 8 * n_draws * (double) rp_graph_node(model->graph, node_of(model, kind, i))->n;
}

/* Small sites first, so that one huge recorded site does not push the parameters out; the order of the model is kept.
 * */
static int32_t choose_sites(const rp_model *model, ffi_draws_kind kind, SEXP keep, double budget, double n_draws,
                            int32_t *chosen, rp_status *status) {
  int by_name = TYPEOF(keep) == STRSXP;
  for (R_xlen_t i = 0; by_name && i < Rf_xlength(keep); i++) {
    int32_t s = 0;
    while (s < model->n_sites && strcmp(model->sites[s].name, CHAR(STRING_ELT(keep, i))) != 0) s++;
    if (s == model->n_sites) {
      rp_fail(status, RP_BAD_ARGUMENT, CHAR(STRING_ELT(keep, i)), "`keep` names a site that the model does not have");
      return 0;
    }
  }
  uint8_t *take = calloc((size_t) model->n_sites + 1, 1);
  if (!take) return rp_fail_memory(status, "the draws"), 0;
  double used = 0;
  for (;;) {
    int32_t best = -1;
    for (int32_t i = 0; i < model->n_sites; i++) {
      const rp_site_info *site = &model->sites[i];
      int is_data = model->site_source[i] == RP_SOURCE_OBSERVED && !model->site_partial[i];
      int wanted = by_name ? named(keep, site->name) : !site->factor && !site->auxiliary && !is_data;
      if (kind == FFI_DRAWS_LOG_LIK)
        wanted = node_of(model, kind, i) != RP_NONE && (!by_name || named(keep, site->name));
      if (wanted && !take[i] && (best < 0 || bytes_of(model, kind, i, n_draws) < bytes_of(model, kind, best, n_draws)))
        best = i;
    }
    if (best < 0 || (!by_name && used + bytes_of(model, kind, best, n_draws) > budget)) break;
    used += bytes_of(model, kind, best, n_draws);
    take[best] = 1;
  }
  int32_t n = 0;
  for (int32_t i = 0; i < model->n_sites; i++)
    if (take[i]) chosen[n++] = i;
  free(take);
  return n;
}

static void release(void *data) {
  ffi_draws *p = data;
  rp_generator_free(p->generator);
  free(p->site);
  free(p->out);
  free(p->element_stride);
  free(p);
}
