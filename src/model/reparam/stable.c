/* stable(): a stable law is the sum of a totally skewed one and a symmetric one, in standard units X = T + S with T ~
 * S(alpha, sign(beta)) of scale |beta|^(1/alpha) and S of scale (1 - |beta|)^(1/alpha).  T is computed from its own
 * noise and moves the location; S is a normal of random variance as in symmetric_stable: x ~ Normal(loc, sd).  x
 * stays a site, latent or observed. Auxiliary sites: x_z_uniform, x_z_exponential (of S), x_t_uniform,
 * x_t_exponential (of T). Stability 2 is Normal(m, s sqrt(2)), whatever the skew, and needs none of them.
 * In the S0 parameterization the parts shift by rp_stable_shift() when they are added (Nolan 2020, proposition 1.4). */
#include <math.h>

#include "../../dist/stable_map.h"
#include "../../graph/shorthand.h"
#include "stable_parts.h"

enum { STABILITY, SKEW, SCALE, LOCATION };

static int has_symmetric_part(rp_run *run, const rp_message *message);

static rp_reparam_result change(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_graph *g = run->graph;
  const rp_node_id *a = message->dist.arguments, anywhere[2] = {RP_NONE, RP_NONE};
  rp_node_id alpha = a[STABILITY], beta = a[SKEW], z[2], t[2];
  if (rp_is_all(g, alpha, 2)) {
    rp_distribution normal =
        rp_reparam_noise("normal", message->dist.n_events, a[LOCATION], rp_times(g, sqrt(2), a[SCALE]));
    return rp_reparam_changed(run, message, &normal, "stable");
  }
  if (!has_symmetric_part(run, message)) return RP_REPARAM_PASSED;
  if (!rp_stable_noise(run, message, "z_", anywhere, z) || !rp_stable_noise(run, message, "t_", anywhere, t))
    return RP_REPARAM_PASSED;
  rp_node_id size = rp_abs(g, beta), power = rp_recip(g, alpha);
  rp_node_id skewed = rp_stable_map(g, alpha, rp_const(g, 1), t[0], t[1]);
  /* a finite derivative where there is no skew */
  rp_node_id log_size = rp_log(g, rp_max2(g, size, rp_const(g, 1e-300)));
  rp_node_id share = rp_mul(g, rp_unary(g, RP_OP_SIGN, beta), rp_exp(g, rp_mul(g, power, log_size)));
  rp_node_id offset = rp_add(g, rp_mul(g, share, skewed), rp_stable_shift(g, alpha, beta));
  rp_node_id location = rp_add(g, a[LOCATION], rp_mul(g, a[SCALE], offset));
  rp_node_id log_variance = rp_stable_log_variance(g, alpha, z[0], z[1]);
  rp_node_id symmetric = rp_mul(g, power, rp_log1p(g, rp_neg(g, size)));
  rp_node_id sd = rp_mul(g, a[SCALE], rp_exp(g, rp_add(g, symmetric, rp_times(g, 0.5, log_variance))));
  rp_distribution normal = rp_reparam_noise("normal", message->dist.n_events, location, sd);
  return rp_reparam_changed(run, message, &normal, "stable");
}

const rp_reparameterizer rp_reparam_stable = {
    .name = "stable", .needs = "stable()", .applies = rp_is_stable, .latent = change, .observed = change};

static int has_symmetric_part(rp_run *run, const rp_message *message) {
  rp_graph *g = run->graph;
  rp_node_id skew = rp_unrepeated(g, message->dist.arguments[SKEW]),
             alpha = rp_unrepeated(g, message->dist.arguments[STABILITY]);
  const double *beta = rp_values_of(g, skew);
  for (int64_t i = 0; beta && i < rp_size_of(g, skew); i++)
    if (beta[i] == 1 || beta[i] == -1)
      return rp_run_fail(run, RP_UNSUPPORTED, message->name,
                         "reparam_stable() needs a skew between -1 and 1, both excluded: at the ends there is no "
                         "symmetric part") != RP_NONE;
  const double *stability = rp_values_of(g, alpha);
  for (int64_t i = 0; stability && i < rp_size_of(g, alpha); i++)
    if (stability[i] >= 2)
      return rp_run_fail(run, RP_UNSUPPORTED, message->name,
                         "reparam_stable() needs elements that all have a stability below 2, or all 2") != RP_NONE;
  return 1;
}
