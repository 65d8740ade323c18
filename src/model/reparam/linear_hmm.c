/* linear_hmm(): a linear state-space model whose three noises are reparameterized, each as an observed site, until they
 * are normal given auxiliary sites: the whole is then a gaussian_hmm, whose density is a Kalman filter's.  x stays a
 * site, latent or observed. The noises are called x_init, x_trans and x_obs, so that the auxiliary sites are
 * x_init_uniform, ... */
#include <string.h>

#include "../../dist/terms.h"
#include "../linear_hmm.h"
#include "../reparam.h"

static const char *const names[] = {"init", "trans", "obs"};

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return strcmp(message->dist.family->name, "linear_hmm") == 0;
}

/* What makes the noise normal, where nobody has said it. */
static const rp_reparameterizer *needed(const rp_run *run, const rp_message *noise) {
  if (rp_message_is(noise, "student_t") || rp_message_is(noise, "cauchy")) return &rp_reparam_student_t;
  if (!rp_message_is(noise, "stable")) return NULL;
  int symmetric =
      rp_is_all(run->graph, noise->dist.arguments[1], 0) && !rp_is_all(run->graph, noise->dist.arguments[0], 2);
  return symmetric ? &rp_reparam_symmetric_stable : &rp_reparam_stable;
}

/* The noise as a message of its own: all its elements, whose values the filter integrates out and nobody asks for. */
static int noise_message(rp_run *run, const rp_message *message, int which, rp_message *noise) {
  static const double unseen = 0;
  const rp_compound *c = message->dist.compound;
  const rp_distribution *part = &c->parts[which];
  int64_t n = message->dist.n_events, each = part->n_events / n, site = message->n_site_events;
  int64_t dim[] = {site, which == RP_HMM_INITIAL ? 1 : c->steps, which == RP_HMM_OBSERVATION ? c->outputs : c->states};
  *noise = rp_message_auxiliary(run, message, names[which], part);
  noise->observed = &unseen;
  noise->n_site_events = site * each;
  noise->n_dim = 0;
  for (int k = 0; k < 3; k++)
    if (dim[k] > 1) noise->dim[noise->n_dim++] = dim[k];
  if (message->dist.group > 1) noise->dim[noise->n_dim++] = message->dist.group;
  if (noise->n_dim == 0) noise->dim[noise->n_dim++] = 1;
  int32_t *events = rp_pool_array(run->pool, n * each, sizeof *events);
  if (!events) return rp_fail_memory(run->status, "an auxiliary site"), 0;
  for (int64_t i = 0; i < n * each; i++) events[i] = (int32_t) (message->events[i / each] + i % each * site);
  noise->events = events;
  noise->mask = rp_event_repeat(run->graph, noise->mask, n, each);
  noise->scale = rp_event_repeat(run->graph, noise->scale, n, each);
  return 1;
}

/* with_scale() raises the site's density to a power. That of all-normal noise is the Kalman filter's; under other noise
 * it is an integral over the auxiliary sites. */
static void refuse_power(rp_run *run, const rp_message *message, int which) {
  char description[64];
  rp_distribution_describe(&message->dist.compound->parts[which], description, sizeof description);
  rp_run_fail(run, RP_UNSUPPORTED, message->name,
              "with_scale() raises its density to a power, and under %s() as noise `%s` this density has no formula; "
              "leave the site out of with_scale(), or draw the states as a site of their own and scale the outputs "
              "given them",
              description, names[which]);
}

static rp_reparam_result change(rp_run *run, const rp_reparam *settings, rp_message *message) {
  rp_distribution whole = message->dist, gaussian;
  rp_compound *parts = rp_pool_alloc(run->pool, sizeof *parts);
  rp_distribution *noises = rp_pool_array(run->pool, RP_HMM_PARTS, sizeof *noises);
  if (!parts || !noises) return rp_fail_memory(run->status, "an auxiliary site"), RP_REPARAM_PASSED;
  *parts = *whole.compound;
  parts->parts = noises;
  for (int k = 0; k < RP_HMM_PARTS; k++) {
    rp_message noise;
    if (!noise_message(run, message, k, &noise)) return RP_REPARAM_PASSED;
    const rp_reparam *own = settings->n_parts > k && (settings->parts[k].what || settings->parts[k].n_parts > 0)
                                ? &settings->parts[k]
                                : NULL;
    rp_reparam by_need = {.what = own ? NULL : needed(run, &noise), .n_shape_params = -1};
    int32_t n_parts = run->n_parts;
    if (own || by_need.what) rp_reparam_apply(run, own ? own : &by_need, &noise);
    if (run->status->code == RP_OK && message->weighed && run->n_parts > n_parts) refuse_power(run, message, k);
    if (run->status->code != RP_OK) return RP_REPARAM_PASSED;
    noises[k] = noise.dist;
  }
  whole.compound = parts;
  int which;
  if (rp_linear_hmm_gaussian(run->graph, &whole, &gaussian, &which))
    return rp_reparam_changed(run, message, &gaussian, "linear_hmm");
  if (rp_graph_status(run->graph)->code != RP_OK || which == RP_HMM_PARTS) return RP_REPARAM_PASSED;
  char description[64];
  rp_distribution_describe(&noises[which], description, sizeof description);
  rp_run_fail(run, RP_UNSUPPORTED, message->name,
              "reparam_linear_hmm() leaves `%s` as %s(), which no reparameterization makes normal; noise "
              "must be normal(), mvn(), student_t(), cauchy() or stable()",
              names[which], description);
  return RP_REPARAM_PASSED;
}

const rp_reparameterizer rp_reparam_linear_hmm = {
    .name = "linear_hmm", .needs = "linear_hmm()", .weighs = 1, .applies = applies, .latent = change,
    .observed = change};
