/* The functions of guide_structured(): each from the spec of a model of its argument. */
#include <stdlib.h>
#include <string.h>

#include "ffi_guide.h"
#include "ffi_spec.h"

/* What one function is made of; the functions themselves are in the guide's pool. */
struct ffi_guide_functions {
  struct ffi_guide_functions *next;
  rp_spec *spec;
  rp_model *model;
};

static rp_code read_function(struct ffi_guide_functions *of, SEXP spec, int64_t n_in, int64_t n_out,
                             rp_guide_function *f, rp_pool *pool, rp_status *status);
static rp_code find_arguments(const rp_model *model, rp_guide_function *f, rp_pool *pool, rp_status *status);
static rp_code check_noise(const rp_guide_function *f, const char *site, rp_status *status);

static int32_t find_group(const rp_guide_structure *s, const char *const *names, SEXP name) {
  int32_t k = 0;
  while (k < s->n_groups && strcmp(names[k], ffi_text(name, "")) != 0) k++;
  return k;
}

rp_code ffi_guide_functions_read(struct ffi_guide_functions **list, SEXP part, rp_guide_block *block,
                                 const char *const *names, rp_pool *pool, rp_status *status) {
  SEXP functions = ffi_get(part, "functions");
  const rp_guide_structure *s = block->structure;
  const R_xlen_t n = TYPEOF(functions) == VECSXP ? Rf_xlength(functions) : 0;
  const rp_guide_function **groups = rp_pool_array(pool, s->n_groups, sizeof *groups);
  const rp_guide_function **edges = rp_pool_array(pool, s->n_edges, sizeof *edges);
  rp_guide_structure *made = rp_pool_array(pool, 1, sizeof *made);
  rp_guide_function *all = rp_pool_array(pool, (int64_t) n, sizeof *all);
  if (!groups || !edges || !made || !all) return rp_fail_memory(status, "the guide");
  for (R_xlen_t i = 0; i < n; i++) {
    SEXP entry = VECTOR_ELT(functions, i);
    const int32_t down = find_group(s, names, ffi_get(entry, "down"));
    const int is_edge = *ffi_text(ffi_get(entry, "up"), "") != 0;
    const int32_t up = is_edge ? find_group(s, names, ffi_get(entry, "up")) : down;
    int32_t e = 0;
    while (is_edge && e < s->n_edges && (s->down[e] != down || s->up[e] != up)) e++;
    if (down == s->n_groups || up == s->n_groups || (is_edge && e == s->n_edges)) continue; /* not in this block */
    struct ffi_guide_functions *of = calloc(1, sizeof *of);
    if (!of) return rp_fail_memory(status, "the guide");
    of->next = *list;
    *list = of;
    if (read_function(of, ffi_get(entry, "spec"), s->size[up], s->size[down], &all[i], pool, status) != RP_OK) {
      status->statement = -1; /* statements are the function's, not the model's */
      return status->code;
    }
    if (is_edge) edges[e] = &all[i];
    else groups[down] = &all[i];
    if (is_edge) continue;
    if (check_noise(&all[i], names[down], status) != RP_OK) return status->code;
    if (rp_guide_function_prepare(&all[i], of->model->graph) != RP_OK)
      return (*status = *rp_graph_status(of->model->graph)).code;
  }
  for (int32_t k = 0; k < s->n_groups; k++)
    if ((s->conditional[k] == RP_CONDITIONAL_FUNCTION) != (groups[k] != NULL))
      return rp_fail(status, RP_BAD_SPEC, names[k], "the functions of a guide do not fit its conditionals");
  if (n == 0) return RP_OK;
  *made = *s;
  made->group_function = groups;
  made->edge_function = edges;
  block->structure = made;
  return RP_OK;
}

void ffi_guide_functions_free(struct ffi_guide_functions *list) {
  while (list) {
    struct ffi_guide_functions *next = list->next;
    rp_model_free(list->model);
    rp_spec_free(list->spec);
    free(list);
    list = next;
  }
}

/* ---- private ---- */

static rp_code read_function(struct ffi_guide_functions *of, SEXP spec, int64_t n_in, int64_t n_out,
                             rp_guide_function *f, rp_pool *pool, rp_status *status) {
  const rp_model_options options = {.n_coordinates = -1};
  of->spec = ffi_spec_decode(spec, status);
  if (of->spec) of->model = rp_model_build(of->spec, &options, status);
  if (!of->model) return status->code;
  const rp_site_info *result = NULL;
  for (int32_t i = 0; i < of->model->n_sites; i++)
    if (of->model->sites[i].recorded) result = &of->model->sites[i];
  if (!result) return rp_fail(status, RP_BAD_SPEC, NULL, "a function of the guide has no result");
  *f = (rp_guide_function){.graph = of->model->graph, .value = result->value, .n_in = n_in, .n_out = n_out};
  const int64_t size = rp_graph_node(f->graph, f->value)->n;
  if (of->model->dim >= n_in && (size == n_out || size == 1)) return find_arguments(of->model, f, pool, status);
  return rp_fail(status, RP_BAD_SPEC, NULL, "a function of the guide has another size");
}

static rp_code find_arguments(const rp_model *model, rp_guide_function *f, rp_pool *pool, rp_status *status) {
  double *start = rp_pool_array(pool, model->dim, sizeof *start);
  if (!start) return rp_fail_memory(status, "the guide");
  f->start = start;
  if (rp_initial_values(model, start, NULL, 0, 0, status) != RP_OK) return status->code;
  int64_t n_in = 0;
  for (int64_t c = 0; c < model->dim; c++) {
    if (model->learned[c]) {
      start[f->n_parameters++] = start[c];
    } else {
      if (n_in == 0) f->first_input = c;
      n_in += c == f->first_input + n_in;
    }
  }
  if (n_in + f->n_parameters == model->dim && n_in == f->n_in) return RP_OK;
  return rp_fail(status, RP_BAD_ARGUMENT, NULL, "a function of the guide draws sites of its own");
}

/* A conditional has a density where it depends on all of its noise. */
static rp_code check_noise(const rp_guide_function *f, const char *site, rp_status *status) {
  uint8_t **needed = rp_needed(f->graph, &f->value, 1, status);
  int64_t n = 0;
  for (rp_node_id id = 0; needed && id <= f->value; id++) {
    const rp_node *node = rp_graph_node(f->graph, id);
    if (node->op != RP_OP_PARAM || !needed[id]) continue;
    for (int64_t i = 0; i < node->n; i++) {
      const int64_t at = node->attribute[0] + i - f->first_input;
      n += needed[id][i] && at >= 0 && at < f->n_in;
    }
  }
  rp_needed_free(needed, rp_graph_size(f->graph));
  if (status->code != RP_OK || n >= f->n_in) return status->code;
  return rp_fail(status, RP_BAD_ARGUMENT, site,
                 "the guide's conditional leaves noise unused; a site without noise is \"delta\"");
}
