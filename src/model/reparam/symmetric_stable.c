/* symmetric_stable(): a stable law without skew and alpha < 2 is a normal whose variance is positive stable:
 * x ~ Normal(m, s sqrt(2 K)), K = K(alpha / 2; u, e) as in stable_map.h; with Z ~ S1(alpha / 2, 1, 1, 0) that is
 * s sqrt(2) cos(pi alpha / 4)^(1 / alpha) sqrt(Z), without its cancellations (Samorodnitsky and Taqqu 1994,
 * proposition 1.3.1). x stays a site, latent or observed; auxiliary sites: x_uniform, x_exponential. */
#include "../../dist/stable_map.h"
#include "../../graph/shorthand.h"
#include "stable_parts.h"

enum { STABILITY, SKEW, SCALE, LOCATION };

static int symmetric_below_2(rp_run *run, const rp_message *message);

static rp_reparam_result change(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_graph *g = run->graph;
  const rp_node_id *a = message->dist.arguments, anywhere[2] = {RP_NONE, RP_NONE};
  rp_node_id noise[2];
  if (!symmetric_below_2(run, message) || !rp_stable_noise(run, message, "", anywhere, noise)) return RP_REPARAM_PASSED;
  rp_node_id log_variance = rp_stable_log_variance(g, a[STABILITY], noise[0], noise[1]);
  rp_node_id sd = rp_mul(g, a[SCALE], rp_exp(g, rp_times(g, 0.5, log_variance)));
  rp_distribution normal = rp_reparam_noise("normal", message->dist.n_events, a[LOCATION], sd);
  return rp_reparam_changed(run, message, &normal, "symmetric_stable");
}

const rp_reparameterizer rp_reparam_symmetric_stable = {
    .name = "symmetric_stable", .needs = "stable()", .applies = rp_is_stable, .latent = change, .observed = change};

static int symmetric_below_2(rp_run *run, const rp_message *message) {
  rp_graph *g = run->graph;
  const rp_node_id *a = message->dist.arguments;
  if (!rp_is_all(g, a[SKEW], 0))
    return rp_run_fail(run, RP_UNSUPPORTED, message->name,
                       "reparam_symmetric_stable() needs skew = 0; use reparam_stable() for other skews") != RP_NONE;
  const double *alpha = rp_values_of(g, rp_unrepeated(g, a[STABILITY]));
  for (int64_t i = 0; alpha && i < rp_size_of(g, rp_unrepeated(g, a[STABILITY])); i++)
    if (alpha[i] >= 2)
      return rp_run_fail(run, RP_UNSUPPORTED, message->name,
                         "reparam_symmetric_stable() needs a stability below 2, at which the law is a normal") !=
             RP_NONE;
  return 1;
}
