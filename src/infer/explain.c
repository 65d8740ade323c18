#include "explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef char number[40];

static void explain_site(const rp_model *model, int32_t i, double term, const double *q,
                         const double *inputs, rp_status *status);
static void explain_argument(const rp_model *model, int32_t i, int32_t k, double term, const double *q,
                             const double *inputs, rp_status *status);
static void explain_value(const rp_model *model, int32_t i, double term, const double *q, const double *inputs,
                          rp_status *status);
static const char *show(double x, number text);
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
  for (int32_t k = 0; d->family && k < d->family->n_arguments && status->code == RP_OK; k++)
    if (d->arguments[k] != RP_NONE) explain_argument(model, i, k, term, q, inputs, status);
  if (status->code == RP_OK) explain_value(model, i, term, q, inputs, status);
  number number_of_term;
  if (status->code == RP_OK)
    rp_fail(status, RP_NOT_FINITE, site->name, "the log density is %s at every starting point%s%s%s",
            show(term, number_of_term), d->family ? ": values outside the support of " : "",
            d->family ? d->family->name : "", d->family ? "(), or numbers too large" : "");
}

/* The first that is not what it must be, number by number or event by event. */
static void explain_argument(const rp_model *model, int32_t i, int32_t k, double term, const double *q,
                             const double *inputs, rp_status *status) {
  const rp_distribution *d = &model->site_distribution[i];
  const rp_argument *argument = &d->family->arguments[k];
  const int64_t width = d->family->event_dim == 0 || argument->constraint == RP_ARG_REAL ? 1 : d->widths[k];
  int64_t n;
  double *x = evaluate(model, d->arguments[k], q, inputs, &n);
  for (int64_t e = 0; x && width > 0 && e + width <= n && status->code == RP_OK; e += width) {
    number log_density, value, element = "";
    int fine = rp_constraint_holds(argument->constraint, x + e, width);
    for (int64_t j = e; fine && j < e + width; j++) fine = isfinite(x[j]);
    if (fine) continue;
    if (n > 1) snprintf(element, sizeof element, " (element %lld)", (long long) e + 1);
    if (width == 1)
      rp_fail(status, RP_NOT_FINITE, model->sites[i].name,
              "the log density is %s at every starting point: argument `%s` of %s() is %s%s, but must be %s",
              show(term, log_density), argument->name, d->family->name, show(x[e], value), element,
              rp_constraint_name(argument->constraint));
    else
      rp_fail(status, RP_NOT_FINITE, model->sites[i].name,
              "the log density is %s at every starting point: argument `%s` of %s()%s must be %s",
              show(term, log_density), argument->name, d->family->name, e > 0 ? ", for each event," : "",
              rp_constraint_name(argument->constraint));
  }
  free(x);
}

/* The first element of the data with a term that is not finite. */
static void explain_value(const rp_model *model, int32_t i, double term, const double *q, const double *inputs,
                          rp_status *status) {
  const rp_distribution *d = &model->site_distribution[i];
  if (!d->family || model->site_log_lik[i] == RP_NONE || model->sites[i].value == RP_NONE) return;
  int64_t n_terms = 0, n = 0;
  double *terms = evaluate(model, model->site_log_lik[i], q, inputs, &n_terms);
  double *x = evaluate(model, model->sites[i].value, q, inputs, &n);
  for (int64_t e = 0; terms && x && n == n_terms && e < n && status->code == RP_OK; e++) {
    number log_density, value;
    if (isfinite(terms[e])) continue;
    rp_fail(status, RP_NOT_FINITE, model->sites[i].name,
            "the log density is %s at every starting point, first that of element %lld, whose value is %s: outside the "
            "support of %s(), or too large a number", show(term, log_density), (long long) e + 1, show(x[e], value),
            d->family->name);
  }
  free(terms);
  free(x);
}

/* As R writes it. */
static const char *show(double x, number text) {
  if (isnan(x)) return "NaN";
  if (isinf(x)) return x > 0 ? "Inf" : "-Inf";
  snprintf(text, sizeof(number), "%g", x);
  return text;
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
