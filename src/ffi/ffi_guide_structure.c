/* The sites of guide_structured() as groups: from R's list, from the model's dependencies, and as a list. */
#include <stdlib.h>
#include <string.h>

#include "ffi_guide.h"

static const char *const conditionals[RP_CONDITIONAL_COUNT] = {"delta", "normal", "mvn", "function"};

/* The sites among the block's coordinates, in the model's order. */
typedef struct {
  int32_t n;
  const rp_layout_site **place;
  int32_t *number;      /* of the site in the layout */
  int64_t *size, *first; /* first: among the block's coordinates */
  rp_conditional *conditional;
  uint8_t *depends; /* [down * n + up] */
} sites;

static rp_code find_sites(sites *s, const rp_model *model, const rp_guide_block *block, const int64_t *index,
                          rp_pool *pool, rp_status *status);
static rp_code read_conditionals(sites *s, const rp_model *model, SEXP list, rp_status *status);
static rp_code read_dependencies(sites *s, const rp_model *model, SEXP list, rp_status *status);
static rp_code sort_sites(const sites *s, int32_t *order, rp_status *status);
static rp_code build(const sites *s, const int32_t *order, rp_guide_block *block, int64_t *index, rp_pool *pool,
                     const char *const **names, rp_status *status);

rp_code ffi_guide_structure(const ffi_model *m, SEXP part, rp_guide_block *block, int64_t *index, rp_pool *pool,
                            const char *const **names, rp_status *status) {
  const rp_model *model = m->model;
  sites s = {0};
  if (find_sites(&s, model, block, index, pool, status) != RP_OK) return status->code;
  int32_t *order = rp_pool_array(pool, s.n, sizeof *order);
  if (!order) return rp_fail_memory(status, "the guide");
  if (read_conditionals(&s, model, ffi_get(part, "conditionals"), status) != RP_OK) return status->code;
  SEXP dependencies = ffi_get(part, "dependencies");
  for (int32_t d = 0; dependencies == R_NilValue && model->depends && d < s.n; d++)
    for (int32_t u = 0; u < d; u++)
      s.depends[d * s.n + u] = model->depends[(size_t) s.number[d] * (size_t) model->layout.n + (size_t) s.number[u]];
  if (read_dependencies(&s, model, dependencies, status) != RP_OK || sort_sites(&s, order, status) != RP_OK)
    return status->code;
  return build(&s, order, block, index, pool, names, status);
}

static rp_code find_sites(sites *s, const rp_model *model, const rp_guide_block *block, const int64_t *index,
                          rp_pool *pool, rp_status *status) {
  const int32_t most = model->layout.n;
  s->place = rp_pool_array(pool, most, sizeof *s->place);
  s->number = rp_pool_array(pool, most, sizeof *s->number);
  s->size = rp_pool_array(pool, most, sizeof *s->size);
  s->first = rp_pool_array(pool, most, sizeof *s->first);
  s->conditional = rp_pool_array(pool, most, sizeof *s->conditional);
  s->depends = rp_pool_array(pool, most, (size_t) most + 1);
  if (!s->place || !s->number || !s->size || !s->first || !s->conditional || !s->depends)
    return rp_fail_memory(status, "the guide");
  int32_t at = 0;
  for (int64_t k = 0; k < block->n; k++) {
    while (index[k] >=
           model->layout.sites[at].offset + model->layout.sites[at].n_inferred * model->layout.sites[at].width)
      at++;
    if (s->n == 0 || s->number[s->n - 1] != at) {
      s->place[s->n] = &model->layout.sites[at];
      s->number[s->n] = at;
      s->conditional[s->n] = RP_CONDITIONAL_MVN;
      s->first[s->n++] = k;
    }
    s->size[s->n - 1]++;
  }
  return RP_OK;
}

static rp_code read_conditional(SEXP name, rp_conditional *conditional, rp_status *status) {
  int k = 0;
  while (k < RP_CONDITIONAL_COUNT && strcmp(ffi_text(name, ""), conditionals[k]) != 0) k++;
  if (k == RP_CONDITIONAL_COUNT)
    return rp_fail(status, RP_BAD_ARGUMENT, NULL, "there is no conditional `%s`; use \"delta\", \"normal\" or \"mvn\"",
                   ffi_text(name, ""));
  *conditional = (rp_conditional) k;
  return RP_OK;
}

/* One text for all sites, or a list by site. */
static rp_code read_conditionals(sites *s, const rp_model *model, SEXP list, rp_status *status) {
  if (TYPEOF(list) == STRSXP) {
    for (int32_t k = 0; k < s->n && status->code == RP_OK; k++) read_conditional(list, &s->conditional[k], status);
    return status->code;
  }
  SEXP names = Rf_getAttrib(list, R_NamesSymbol);
  for (R_xlen_t i = 0; TYPEOF(list) == VECSXP && TYPEOF(names) == STRSXP && i < Rf_xlength(list); i++)
    for (int32_t k = 0; k < s->n; k++)
      if (ffi_site_is(model, s->place[k], CHAR(STRING_ELT(names, i))) &&
          read_conditional(VECTOR_ELT(list, i), &s->conditional[k], status) != RP_OK)
        return status->code;
  return RP_OK;
}

/* site -> names of the sites on which it depends. */
static rp_code read_dependencies(sites *s, const rp_model *model, SEXP list, rp_status *status) {
  SEXP names = Rf_getAttrib(list, R_NamesSymbol);
  if (TYPEOF(list) != VECSXP || TYPEOF(names) != STRSXP) return RP_OK;
  for (R_xlen_t i = 0; i < Rf_xlength(list); i++) {
    SEXP above = VECTOR_ELT(list, i);
    if (TYPEOF(above) != STRSXP)
      return rp_fail(status, RP_BAD_ARGUMENT, NULL, "a dependency is not the name of a site");
    for (R_xlen_t j = 0; j < Rf_xlength(above); j++)
      for (int32_t d = 0; d < s->n; d++)
        for (int32_t u = 0; ffi_site_is(model, s->place[d], CHAR(STRING_ELT(names, i))) && u < s->n; u++)
          if (u != d && ffi_site_is(model, s->place[u], CHAR(STRING_ELT(above, j)))) s->depends[d * s->n + u] = 1;
  }
  return RP_OK;
}

/* Each site after those on which it depends, otherwise in the model's order. */
static rp_code sort_sites(const sites *s, int32_t *order, rp_status *status) {
  uint8_t *done = calloc((size_t) s->n + 1, 1);
  if (!done) return rp_fail_memory(status, "the guide");
  for (int32_t n = 0; n < s->n && status->code == RP_OK; n++) {
    int32_t next = 0;
    for (; next < s->n; next++) {
      int waits = done[next];
      for (int32_t u = 0; u < s->n; u++) waits |= s->depends[next * s->n + u] && !done[u];
      if (!waits) break;
    }
    if (next == s->n)
      rp_fail(status, RP_BAD_ARGUMENT, NULL, "the dependencies of guide_structured() go round in a circle");
    else done[order[n] = next] = 1;
  }
  free(done);
  return status->code;
}

static rp_code build(const sites *s, const int32_t *order, rp_guide_block *block, int64_t *index, rp_pool *pool,
                     const char *const **names, rp_status *status) {
  rp_guide_structure *made = rp_pool_array(pool, 1, sizeof *made);
  int64_t *size = rp_pool_array(pool, s->n, sizeof *size), *sorted = rp_pool_array(pool, block->n, sizeof *sorted),
          at = 0;
  rp_conditional *conditional = rp_pool_array(pool, s->n, sizeof *conditional);
  int32_t *down = rp_pool_array(pool, s->n, (size_t) s->n * sizeof *down + 1),
          *up = rp_pool_array(pool, s->n, (size_t) s->n * sizeof *up + 1);
  const char **labels = rp_pool_array(pool, s->n, sizeof *labels);
  if (!made || !size || !sorted || !conditional || !down || !up || !labels) return rp_fail_memory(status, "the guide");
  *made = (rp_guide_structure){.n_groups = s->n, .size = size, .conditional = conditional, .down = down, .up = up};
  for (int32_t k = 0; k < s->n; k++) {
    const int32_t from = order[k];
    size[k] = s->size[from];
    conditional[k] = s->conditional[from];
    labels[k] = s->place[from]->name;
    for (int64_t i = 0; i < size[k]; i++) sorted[at++] = index[s->first[from] + i];
    for (int32_t u = 0; u < k; u++) {
      if (!s->depends[from * s->n + order[u]]) continue;
      down[made->n_edges] = k;
      up[made->n_edges++] = u;
    }
  }
  memcpy(index, sorted, (size_t) block->n * sizeof *index);
  block->structure = made;
  *names = labels;
  return RP_OK;
}

/* ---- as a list ---- */

static SEXP numbers(const int32_t *from, int32_t n) {
  SEXP to = Rf_allocVector(INTSXP, n);
  for (int32_t k = 0; k < n; k++) INTEGER(to)[k] = from[k] + 1;
  return to;
}

SEXP ffi_structure_list(const rp_guide_structure *structure, const char *const *names) {
  static const char *const fields[] = {"groups", "sizes", "conditionals", "down", "up", "functions"};
  const int32_t n = structure->n_groups;
  SEXP list = PROTECT(ffi_list(structure->group_function ? 6 : 5, fields));
  for (int k = 0; k < 3; k++) SET_VECTOR_ELT(list, k, Rf_allocVector(k == 1 ? INTSXP : STRSXP, n));
  for (int32_t k = 0; k < n; k++) {
    SET_STRING_ELT(VECTOR_ELT(list, 0), k, Rf_mkChar(names[k]));
    INTEGER(VECTOR_ELT(list, 1))[k] = (int) structure->size[k];
    SET_STRING_ELT(VECTOR_ELT(list, 2), k, Rf_mkChar(conditionals[structure->conditional[k]]));
  }
  SET_VECTOR_ELT(list, 3, numbers(structure->down, structure->n_edges));
  SET_VECTOR_ELT(list, 4, numbers(structure->up, structure->n_edges));
  if (structure->group_function) SET_VECTOR_ELT(list, 5, Rf_ScalarLogical(1));
  UNPROTECT(1);
  return list;
}

rp_code ffi_structure_read(SEXP list, int64_t n, const rp_guide_structure **structure, const char *const **names,
                           rp_pool *pool, rp_status *status) {
  SEXP groups = ffi_get(list, "groups"), sizes = ffi_get(list, "sizes"), kinds = ffi_get(list, "conditionals");
  SEXP from = ffi_get(list, "down"), above = ffi_get(list, "up");
  const R_xlen_t n_groups = Rf_xlength(groups), n_edges = Rf_xlength(from);
  if (TYPEOF(groups) != STRSXP || TYPEOF(sizes) != INTSXP || TYPEOF(kinds) != STRSXP || TYPEOF(from) != INTSXP ||
      TYPEOF(above) != INTSXP || Rf_xlength(sizes) != n_groups || Rf_xlength(kinds) != n_groups ||
      Rf_xlength(above) != n_edges || n_groups > 100000 || n_edges > INT32_MAX)
    return rp_fail(status, RP_BAD_SPEC, NULL, "the structure of a guide is broken");
  if (ffi_get(list, "functions") != R_NilValue)
    return rp_fail(status, RP_UNSUPPORTED, NULL, "a guide with functions is no map that can be used elsewhere");
  rp_guide_structure *made = rp_pool_array(pool, 1, sizeof *made);
  int64_t *size = rp_pool_array(pool, n_groups, sizeof *size), total = 0;
  rp_conditional *conditional = rp_pool_array(pool, n_groups, sizeof *conditional);
  int32_t *down = rp_pool_array(pool, n_edges, sizeof *down), *up = rp_pool_array(pool, n_edges, sizeof *up);
  const char **labels = rp_pool_array(pool, n_groups, sizeof *labels);
  if (!made || !size || !conditional || !down || !up || !labels) return rp_fail_memory(status, "a guide");
  for (R_xlen_t k = 0; k < n_groups; k++) {
    size[k] = INTEGER(sizes)[k];
    labels[k] = rp_pool_text(pool, CHAR(STRING_ELT(groups, k)));
    if (!labels[k]) return rp_fail_memory(status, "a guide");
    SEXP kind = PROTECT(Rf_ScalarString(STRING_ELT(kinds, k)));
    const rp_code code = read_conditional(kind, &conditional[k], status);
    UNPROTECT(1);
    if (code != RP_OK) return code;
    if (size[k] < 1) return rp_fail(status, RP_BAD_SPEC, NULL, "the structure of a guide is broken");
    total += size[k];
  }
  for (R_xlen_t e = 0; e < n_edges; e++) {
    down[e] = INTEGER(from)[e] - 1;
    up[e] = INTEGER(above)[e] - 1;
    if (down[e] >= n_groups || up[e] < 0 || up[e] >= down[e]) total = -1;
  }
  if (total != n) return rp_fail(status, RP_BAD_SPEC, NULL, "the structure of a guide is broken");
  *made = (rp_guide_structure){.n_groups = (int32_t) n_groups, .size = size, .conditional = conditional,
                               .n_edges = (int32_t) n_edges, .down = down, .up = up};
  *structure = made;
  *names = labels;
  return RP_OK;
}
