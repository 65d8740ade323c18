/* One distribution looked at by itself: density, cdf, quantile, mean, variance. */
#include <stdlib.h>
#include <string.h>

#include "../model/distribution.h"
#include "../model/run_parts.h"
#include "ffi_common.h"
#include "ffi_entries.h"
#include "ffi_spec.h"

typedef struct {
  rp_spec *spec;
  rp_graph *graph;
  rp_copier *copier;
} looked_at;

static rp_node_id asked_for(rp_graph *g, const rp_distribution *d, const char *what, rp_node_id x, rp_status *status);

static void release(void *data) {
  looked_at *l = data;
  rp_copier_free(l->copier);
  rp_graph_free(l->graph);
  rp_spec_free(l->spec);
  free(l);
}

static rp_node_id look_up(void *context, rp_node_id row) { return rp_copier_get(((looked_at *) context)->copier, row); }

/* x (as many numbers as the site of the spec's first statement) in R's layout; NULL where what is asked for is not
 * known. */
SEXP ffi_dist_evaluate(SEXP spec, SEXP what, SEXP x) {
  rp_status status;
  rp_status_clear(&status);
  looked_at *l = calloc(1, sizeof *l);
  if (!l) Rf_error("out of memory");
  SEXP guard = PROTECT(ffi_guard(l, release)), result = R_NilValue;
  l->spec = ffi_spec_decode(spec, &status);
  l->graph = rp_graph_new();
  if (l->spec && l->graph) l->copier = rp_copier_new(l->spec->trace, l->graph, NULL, NULL);
  if (l->copier && l->spec->n_statements > 0 && l->spec->statements[0].dist && TYPEOF(x) == REALSXP) {
    const rp_statement *s = &l->spec->statements[0];
    rp_distribution d;
    rp_resolve with = {.g = l->graph, .row = look_up, .context = l, .pool = l->spec->pool, .site = s->name,
                       .status = &status, .dim = s->dim, .n_dim = s->n_dim};
    if (rp_distribution_resolve(&d, s->dist, &with, Rf_xlength(x)) == RP_OK) {
      double *events = (double *) R_alloc((size_t) Rf_xlength(x) + 1, sizeof *events);
      rp_to_events(REAL(x), events, d.n_events, d.event_size);
      rp_node_id node =
          asked_for(l->graph, &d, CHAR(STRING_ELT(what, 0)), rp_data(l->graph, events, Rf_xlength(x)), &status);
      if (node != RP_NONE && rp_graph_status(l->graph)->code == RP_OK) {
        node = rp_broadcast(l->graph, node, d.n_events);
        result = PROTECT(Rf_allocVector(REALSXP, (R_xlen_t) rp_graph_node(l->graph, node)->n));
        double *places[1] = {REAL(result)};
        rp_random_key key = {0};
        rp_evaluate(l->graph, &node, 1, NULL, NULL, key, places, &status);
        UNPROTECT(1);
      } else if (status.code == RP_OK) {
        status = *rp_graph_status(l->graph);
      }
    }
  }
  PROTECT(result);
  ffi_guard_close(guard);
  if (status.code != RP_OK) ffi_stop(&status, spec);
  UNPROTECT(2);
  return result;
}

static rp_node_id asked_for(rp_graph *g, const rp_distribution *d, const char *what, rp_node_id x, rp_status *status) {
  if (strcmp(what, "log_density") == 0) return rp_distribution_log_density(g, d, x, 0);
  if (strcmp(what, "mean") == 0) return rp_distribution_moment(g, d, 0);
  if (strcmp(what, "variance") == 0) return rp_distribution_moment(g, d, 1);
  int own = strcmp(what, "quantile") == 0 && !d->compound && d->family->quantile;
  if (!own && !rp_distribution_has_cdf(d)) {
    rp_fail(status, RP_UNSUPPORTED, NULL, "the cdf of %s() is not known in closed form", d->family->name);
    return RP_NONE;
  }
  if (strcmp(what, "quantile") == 0) return rp_distribution_quantile(g, d, x);
  return rp_distribution_log_tail(g, d, x, strcmp(what, "log_ccdf") == 0);
}
