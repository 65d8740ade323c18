/* conjugate(): with a guide density g(x) that stands for the likelihood of x, the prior f is updated in closed form, f
 * g = f_g exp(log Z).  Auxiliary site: x_updated ~ f_g; the site itself contributes log Z - log g(x), so that both give
 * log f(x) whatever g is. Where what remains of the joint density does not depend on x, which is the case when g is the
 * likelihood but for a factor, x leaves the sampler: see conjugate.h. Without a guide the site stays as it is. */
#include "../conjugate.h"

#include <string.h>

#include "../../dist/linear_gaussian.h"
#include "../reparam.h"
#include "../run_parts.h"

/* The updated law: its log normaliser and a point inside of it; and, unless prior and guide make a gaussian_hmm, the
 * distribution. */
typedef struct {
  rp_distribution guide, law;
  int is_series;
  rp_node_id log_z, at;
} update;

static const struct {
  const char *prior, *guide;
} pairs[] = {{"beta", "beta"},     {"dirichlet", "dirichlet"}, {"gamma", "gamma"},
             {"normal", "normal"}, {"gaussian_hmm", "normal"}, {"gaussian_hmm", "mvn"}};

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  (void) message;
  return 1;
}

static int guide_distribution(rp_run *run, const rp_reparam *settings, const rp_message *m, rp_distribution *guide);
static int update_law(rp_run *run, const rp_message *m, update *u);
static rp_node_id factor(rp_graph *g, const rp_distribution *guide, rp_node_id x);
static rp_node_id updated_draw(rp_graph *g, const rp_message *m, const update *u, uint32_t stream);
static rp_reparam_result replace(rp_run *run, rp_message *message, rp_part *term);

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  rp_graph *g = run->graph;
  update u;
  if (run->options->prior || !settings->guide) return RP_REPARAM_KEPT;
  if (!guide_distribution(run, settings, message, &u.guide) || !update_law(run, message, &u)) return RP_REPARAM_PASSED;
  rp_message own = rp_message_auxiliary(run, message, "updated", u.is_series ? &message->dist : &u.law);
  if (rp_reparam_is_set(run, &own)) {
    message->value = rp_run_draw(run, &own);
    rp_part term = {
        .term = rp_sub(g, u.log_z, factor(g, &u.guide, message->value)), .unconstrained = RP_NONE, .initial = RP_NONE};
    return replace(run, message, &term);
  }
  rp_update *entry = rp_run_add_update(run);
  if (!entry) return RP_REPARAM_PASSED;
  int64_t n = message->dist.n_events, size = message->dist.event_size;
  rp_part of_own = {.term = RP_NONE, .unconstrained = RP_NONE, .initial = RP_NONE}, of_site = of_own;
  *entry = (rp_update) {.site = own.name, .n_events = n, .at = u.at, .drawn = RP_NONE};
  if (run->layout && !rp_run_has_place(run, own.name, own.events[0])) {
    message->value = rp_update_placeholder(g, run->n_updates - 1, n * size);
    entry->at = rp_broadcast(g, u.at, n * size);
    entry->drawn = rp_broadcast(g, updated_draw(g, message, &u, rp_run_stream(&own)), n * size);
    rp_run_add_part(run, &own, RP_SOURCE_ANCESTRAL, message->value, &of_own);
  } else {
    int64_t width = rp_distribution_unconstrained_size(g, &message->dist);
    if (width < 0) return RP_REPARAM_PASSED;
    of_own.unconstrained = entry->coordinates = rp_run_leaf(run, &own, width);
    message->value = rp_distribution_constrain(g, &message->dist, of_own.unconstrained, &of_own.term);
    of_own.term = entry->term = rp_add(g, of_own.term, rp_sub(g, factor(g, &u.guide, message->value), u.log_z));
    if (message->initial != RP_NONE) of_own.initial = rp_distribution_unconstrain(g, &message->dist, message->initial);
    own.weighed = 1; /* always inferred: it is found out afterwards whether it need be */
    rp_run_add_part(run, &own, RP_SOURCE_LATENT, message->value, &of_own);
  }
  of_site.term = rp_sub(g, u.log_z, factor(g, &u.guide, message->value));
  return replace(run, message, &of_site);
}

const rp_reparameterizer rp_reparam_conjugate = {
    .name = "conjugate", .needs = "a latent site", .couples = 1, .applies = applies, .latent = latent};

static rp_reparam_result replace(rp_run *run, rp_message *message, rp_part *term) {
  rp_site_info *site = message->value == RP_NONE ? NULL : rp_run_site(run, message);
  if (!site) return RP_REPARAM_PASSED;
  site->reparameterized = 1;
  site->why = "conjugate";
  rp_run_add_part(run, message, RP_SOURCE_COMPUTED, message->value, term);
  return RP_REPARAM_REPLACED;
}

/* ---- the guide ---- */

/* Its numbers as nodes: as many as the site needs, or one event's for all. A series' guide has one event a step. */
static int guide_distribution(rp_run *run, const rp_reparam *settings, const rp_message *m, rp_distribution *guide) {
  const rp_fixed_dist *from = settings->guide;
  const char *prior = m->dist.family->name;
  int known = 0;
  for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
    known |= m->dist.n_transforms == 0 && strcmp(pairs[k].prior, prior) == 0 &&
             strcmp(pairs[k].guide, from->family->name) == 0;
  char description[64];
  rp_distribution_describe(&m->dist, description, sizeof description);
  if (!known)
    return rp_run_fail(run, RP_UNSUPPORTED, m->name,
                       "reparam_conjugate() cannot update %s() by a guide %s(); it knows beta() by beta(), "
                       "dirichlet() by dirichlet(), gamma() by gamma(), normal() by normal(), gaussian_hmm() by "
                       "normal() and mvn()",
                       description, from->family->name) != RP_NONE;
  int64_t n = m->dist.n_events, size = m->dist.event_size;
  *guide = (rp_distribution) {.family = from->family, .n_events = n, .event_size = size, .mask = RP_NONE};
  for (int32_t k = 0; k < RP_MAX_ARGUMENTS; k++) guide->arguments[k] = RP_NONE, guide->widths[k] = 1;
  for (int32_t k = 0; k < from->family->n_arguments; k++) {
    int matrix = strcmp(from->family->arguments[k].name, "cov") == 0,
        levels = strcmp(from->family->arguments[k].name, "levels") == 0;
    if (from->n[k] == 0 || (!matrix && !levels && n * size % from->n[k] != 0))
      return rp_run_fail(run, RP_BAD_ARGUMENT, m->name,
                         "argument `%s` of its guide %s() has %lld numbers, but the site has %lld",
                         from->family->arguments[k].name, from->family->name, (long long) from->n[k],
                         (long long) (n * size)) != RP_NONE;
    guide->arguments[k] = rp_data(run->graph, from->arguments[k], from->n[k]);
    if (!matrix && !levels && from->n[k] > 1 && from->n[k] < n * size)
      guide->arguments[k] = rp_recycle(run->graph, guide->arguments[k], n * size);
  }
  if (from->n_mask > 1 && from->n_mask != n)
    return rp_run_fail(run, RP_BAD_ARGUMENT, m->name,
                       "the mask of its guide has %lld elements, but there are %lld events", (long long) from->n_mask,
                       (long long) n) != RP_NONE;
  if (from->n_mask > 0) guide->mask = rp_data(run->graph, from->mask, from->n_mask);
  return rp_graph_status(run->graph)->code == RP_OK;
}

static int is_series(const rp_distribution *d) { return strcmp(d->family->name, "gaussian_hmm") == 0; }

/* What the guide says of each number of a series: its mean, steps x outputs x events; then a standard deviation, or a
 * covariance within a step. */
static void series_guide(rp_graph *g, const rp_distribution *guide, rp_node_id *centre, rp_node_id *sd,
                         rp_node_id *cov) {
  int64_t all = guide->n_events * guide->event_size;
  *sd = *cov = RP_NONE;
  *centre = rp_broadcast(g, guide->arguments[0], all);
  if (strcmp(guide->family->name, "normal") == 0) {
    *sd = guide->arguments[1];
    return;
  }
  *cov = guide->arguments[1];
  int64_t p = rp_square_side(rp_size_of(g, *cov)), steps = p > 0 ? guide->event_size / p : 0;
  rp_node_id turned = RP_NONE;
  for (int64_t e = 0; e < guide->n_events && steps > 0; e++) {
    rp_node_id both[2] = {turned,
                          rp_transpose(g, rp_slice(g, *centre, e * guide->event_size, guide->event_size), p, steps)};
    turned = e == 0 ? both[1] : rp_concat(g, both, 2);
  }
  *centre = turned;
}

/* log g(x), one number per event. */
static rp_node_id factor(rp_graph *g, const rp_distribution *guide, rp_node_id x) {
  int64_t n = guide->n_events, size = guide->event_size;
  rp_node_id term;
  if (strcmp(guide->family->name, "mvn") == 0) {
    rp_node_id centre, sd, cov, turned = RP_NONE;
    series_guide(g, guide, &centre, &sd, &cov);
    int64_t p = rp_square_side(rp_size_of(g, cov)), steps = size / p;
    rp_node_id residual = rp_sub(g, x, centre), arguments[2] = {rp_const(g, 0), cov};
    for (int64_t e = 0; e < n; e++) {
      rp_node_id both[2] = {turned, rp_transpose(g, rp_slice(g, residual, e * size, size), steps, p)};
      turned = e == 0 ? both[1] : rp_concat(g, both, 2);
    }
    term = rp_event_sum(g, rp_log_density(g, guide->family, turned, arguments, n * steps, p, 1), n, steps);
  } else if (guide->family->event_dim == 0) {
    term = rp_event_sum(g, rp_log_density(g, guide->family, x, guide->arguments, n * size, 1, 1), n, size);
  } else {
    term = rp_log_density(g, guide->family, x, guide->arguments, n, size, 1);
  }
  return guide->mask == RP_NONE ? term : rp_select(g, guide->mask, term, rp_const(g, 0));
}

/* ---- updates ---- */

/* Where the guide is masked the prior stays. */
static rp_node_id masked(rp_graph *g, const rp_distribution *guide, rp_node_id updated, rp_node_id prior, int64_t n,
                         int64_t width) {
  if (guide->mask == RP_NONE) return updated;
  return rp_select(g, rp_event_repeat(g, guide->mask, n, width), updated, prior);
}

static int check_proper(rp_run *run, const rp_message *m, rp_node_id argument) {
  const double *values = rp_values_of(run->graph, argument);
  for (int64_t i = 0; values && i < rp_size_of(run->graph, argument); i++)
    if (!(values[i] > 0))
      return rp_run_fail(run, RP_BAD_ARGUMENT, m->name, "its guide leaves no proper %s(): an argument would be %g",
                         m->dist.family->name, values[i]) != RP_NONE;
  return 1;
}

static int update_series(rp_run *run, const rp_message *m, update *u) {
  rp_graph *g = run->graph;
  rp_node_id sd, cov;
  if (u->guide.mask != RP_NONE)
    return rp_run_fail(run, RP_UNSUPPORTED, m->name, "the guide of a series cannot be masked") != RP_NONE;
  series_guide(g, &u->guide, &u->at, &sd, &cov);
  const rp_series_guide with = {u->at, sd, cov};
  int64_t group = m->dist.group > 0 ? m->dist.group : 1;
  u->log_z =
      rp_gaussian_hmm_evidence(g, m->dist.arguments, m->dist.n_events * group, m->dist.event_size / group, &with);
  if (u->log_z == RP_NONE)
    return rp_run_fail(run, RP_BAD_ARGUMENT, m->name, "its guide does not fit the %lld outputs of a step",
                       (long long) rp_size_of(g, m->dist.arguments[10])) != RP_NONE;
  if (group > 1) u->log_z = rp_event_sum(g, u->log_z, m->dist.n_events, group);
  return 1;
}

static int update_law(rp_run *run, const rp_message *m, update *u) {
  rp_graph *g = run->graph;
  const rp_node_id *f = m->dist.arguments, *by = u->guide.arguments;
  int64_t n = m->dist.n_events, size = m->dist.event_size;
  u->is_series = is_series(&m->dist);
  if (u->is_series) return update_series(run, m, u);
  u->law = m->dist;
  rp_node_id *a = u->law.arguments;
  const char *family = m->dist.family->name;
  if (strcmp(family, "normal") == 0) {
    rp_node_id own = rp_square(g, f[1]), other = rp_square(g, by[1]), sum = rp_add(g, own, other);
    rp_node_id mean = rp_div(g, rp_add(g, rp_mul(g, f[0], other), rp_mul(g, by[0], own)), sum);
    a[0] = masked(g, &u->guide, mean, f[0], n, 1);
    a[1] = masked(g, &u->guide, rp_div(g, rp_mul(g, f[1], by[1]), rp_sqrt(g, sum)), f[1], n, 1);
    u->at = a[0];
  } else if (strcmp(family, "gamma") == 0) {
    a[0] = masked(g, &u->guide, rp_plus(g, rp_add(g, f[0], by[0]), -1), f[0], n, 1);
    a[1] = masked(g, &u->guide, rp_add(g, f[1], by[1]), f[1], n, 1);
    u->at = rp_div(g, a[0], a[1]);
  } else if (strcmp(family, "beta") == 0) {
    for (int k = 0; k < 2; k++) a[k] = masked(g, &u->guide, rp_plus(g, rp_add(g, f[k], by[k]), -1), f[k], n, 1);
    u->at = rp_div(g, a[0], rp_add(g, a[0], a[1]));
  } else {
    rp_node_id both = rp_add(g, rp_recycle(g, f[0], n * size), rp_recycle(g, by[0], n * size));
    a[0] = masked(g, &u->guide, rp_plus(g, both, -1), rp_recycle(g, f[0], n * size), n, size);
    rp_node_id sum = rp_event_repeat(g, rp_event_sum(g, a[0], n, size), n, size);
    u->at = rp_div(g, a[0], sum);
  }
  for (int k = 0; k < (strcmp(family, "dirichlet") == 0 ? 1 : 2) && strcmp(family, "normal") != 0; k++)
    if (!check_proper(run, m, a[k])) return 0;
  /* f g / f_g is the same at every point. */
  rp_node_id prior = rp_distribution_log_density(g, &m->dist, u->at, 1),
             posterior = rp_distribution_log_density(g, &u->law, u->at, 1);
  u->log_z = rp_add(g, factor(g, &u->guide, u->at), rp_sub(g, prior, posterior));
  return rp_graph_status(g)->code == RP_OK;
}

static rp_node_id updated_draw(rp_graph *g, const rp_message *m, const update *u, uint32_t stream) {
  if (!u->is_series) return rp_distribution_random(g, &u->law, stream);
  rp_series_guide with;
  int64_t group = m->dist.group > 0 ? m->dist.group : 1;
  series_guide(g, &u->guide, &with.centre, &with.sd, &with.cov);
  return rp_gaussian_hmm_updated(g, stream, m->dist.arguments, m->dist.n_events * group, m->dist.event_size / group,
                                 &with);
}
