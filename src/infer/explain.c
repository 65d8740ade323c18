#include "explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void explain_site(const rp_model *model, int32_t i, double term, const double *q,
                         const double *inputs, rp_status *status);
static double *evaluate(const rp_model *model, rp_node_id node, const double *q, const double *inputs, int64_t *n);

void rp_explain_start(const rp_spec *spec, const rp_model_options *options, const double *q, const double *inputs,
                      rp_status *status) {
  rp_model_options with_terms = *options;
  with_terms.run.all_terms = 1;
  rp_status building;
  rp_status_clear(&building);
  rp_model *model = rp_model_build(spec, &with_terms, &building);
  for (int32_t i = 0; model && i < model->n_sites && status->code == RP_OK; i++) {
    if (model->site_term[i] == RP_NONE) continue;
    int64_t n;
    double *term = evaluate(model, model->site_term[i], q, inputs, &n);
    if (term && !isfinite(term[0])) explain_site(model, i, term[0], q, inputs, status);
    free(term);
  }
  rp_model_free(model);
  if (status->code == RP_OK)
    rp_fail(status, RP_NOT_FINITE, NULL, "the gradient of the log density is not finite at any starting point");
}

static void explain_site(const rp_model *model, int32_t i, double term, const double *q,
                         const double *inputs, rp_status *status) {
  const rp_site_info *site = &model->sites[i];
  const rp_distribution *d = &model->site_distribution[i];
  status->statement = site->statement;
  for (int32_t k = 0; d->family && k < d->family->n_arguments; k++) {
    if (d->arguments[k] == RP_NONE) continue;
    int64_t n;
    double *x = evaluate(model, d->arguments[k], q, inputs, &n);
    rp_constraint constraint = d->family->arguments[k].constraint;
    for (int64_t e = 0; x && e < n && d->family->event_dim == 0; e++) {
      if (isfinite(x[e]) && rp_constraint_holds(constraint, &x[e], 1)) continue;
      rp_fail(
          status, RP_NOT_FINITE, site->name,
          "the log density is %g at every starting point: argument `%s` of %s() is %g (element %lld), but must be %s",
          term, d->family->arguments[k].name, d->family->name, x[e], (long long) e + 1, rp_constraint_name(constraint));
      break;
    }
    free(x);
  }
  rp_fail(status, RP_NOT_FINITE, site->name,
          "the log density is %g at every starting point: values outside the support of %s(), or numbers too large",
          term, d->family ? d->family->name : "the factor");
}

static double *evaluate(const rp_model *model, rp_node_id node, const double *q, const double *inputs, int64_t *n) {
  *n = rp_graph_node(model->graph, node)->n;
  double *x = malloc(((size_t) *n + 1) * sizeof *x);
  rp_status status;
  rp_status_clear(&status);
  double *const places[1] = {x};
  rp_random_key key = {0};
  if (!x) return NULL;
  if (rp_evaluate(model->graph, &node, 1, q, inputs, key, places, &status) == RP_OK) return x;
  free(x);
  return NULL;
}
