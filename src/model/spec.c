#include "spec.h"

#include <stdlib.h>

static rp_code check_site_row(const rp_spec *spec, int32_t at, rp_status *status);
static rp_code check_rest(const rp_spec *spec, int32_t at, rp_status *status);
static rp_code check_batch(const rp_spec *spec, int32_t at, rp_status *status);

void rp_spec_free(rp_spec *spec) {
  if (!spec) return;
  rp_graph_free(spec->trace);
  rp_pool_free(spec->pool);
  free(spec);
}

rp_code rp_spec_check(const rp_spec *spec, rp_status *status) {
  int32_t depth = 0;
  for (int32_t i = 0; i < spec->n_statements && status->code == RP_OK; i++) {
    const rp_statement *s = &spec->statements[i];
    status->statement = i;
    switch (s->kind) {
    case RP_STATEMENT_DRAW:
    case RP_STATEMENT_PARAM:
      check_site_row(spec, i, status);
      break;
    case RP_STATEMENT_ENTER:
      depth++;
      if (s->n_batch > 0) check_batch(spec, i, status);
      break;
    case RP_STATEMENT_LEAVE:
      if (--depth < 0) rp_fail(status, RP_BAD_SPEC, NULL, "a scope is left that was not entered");
      break;
    case RP_STATEMENT_RECORD:
      check_rest(spec, i, status);
      break;
    case RP_STATEMENT_FACTOR:
      break;
    }
  }
  if (status->code == RP_OK) status->statement = -1;
  if (status->code == RP_OK && depth != 0) rp_fail(status, RP_BAD_SPEC, NULL, "a scope is entered but never left");
  return status->code;
}

static rp_code check_site_row(const rp_spec *spec, int32_t at, rp_status *status) {
  const rp_statement *s = &spec->statements[at];
  const rp_node *node = rp_graph_node(spec->trace, s->row);
  if (node->op != RP_OP_SITE || node->attribute[0] != at + 1)
    return rp_fail(status, RP_BAD_SPEC, s->name, "its node is not the value of this statement");
  int64_t n = 1;
  for (int32_t k = 0; k < s->n_dim; k++) n *= s->dim[k];
  for (int64_t k = 0; s->elements && k < node->n; k++)
    if (s->elements[k] >= n) return rp_fail(status, RP_BAD_SPEC, s->name, "it draws an element beyond its dim");
  if (s->elements) return RP_OK;
  if (s->element < 0 ? n != node->n : (node->n != 1 || s->element >= n))
    return rp_fail(status, RP_BAD_SPEC, s->name, "its dim does not fit its node");
  if (s->data != RP_NONE && rp_graph_node(spec->trace, s->data)->n != node->n)
    return rp_fail(status, RP_BAD_SPEC, s->name, "its data do not fit its node");
  return RP_OK;
}

static rp_code check_batch(const rp_spec *spec, int32_t at, rp_status *status) {
  const rp_statement *s = &spec->statements[at];
  const rp_node *node = rp_graph_node(spec->trace, s->row);
  if (node->op != RP_OP_SITE || node->attribute[0] != at + 1 || node->n != s->n_batch)
    return rp_fail(status, RP_BAD_SPEC, s->name, "its node is not the index of this plate");
  return RP_OK;
}

/* Elements that a drawn site gets by computation come after it and lie within it. */
static rp_code check_rest(const rp_spec *spec, int32_t at, rp_status *status) {
  const rp_statement *s = &spec->statements[at];
  if (s->element < 0 && !s->elements) return RP_OK;
  const int64_t n = rp_graph_node(spec->trace, s->row)->n;
  int64_t n_site = 1;
  for (int32_t k = 0; k < s->n_dim; k++) n_site *= s->dim[k];
  for (int64_t k = 0; k < n; k++)
    if ((s->elements ? s->elements[k] : s->element) >= n_site || (!s->elements && n != 1))
      return rp_fail(status, RP_BAD_SPEC, s->name, "it computes an element beyond its dim");
  return RP_OK;
}
