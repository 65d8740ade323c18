/* latent_stable(): x = m + s Z(alpha, beta; u, e) with the map Z of Chambers, Mallows and Stuck (1976), u ~
 * Uniform(-pi/2, pi/2) and e ~ Exponential(1).  Auxiliary sites: x_uniform, x_exponential.
 * A starting value is inverted by bisection: Z increases with u, and its range at fixed e grows with e. */
#include <math.h>

#include "../../dist/stable_map.h"
#include "../../graph/shorthand.h"
#include "stable_parts.h"

enum { STABILITY, SKEW, SCALE, LOCATION };

static void invert(rp_graph *g, const rp_distribution *d, rp_node_id x, rp_node_id *u, rp_node_id *e);

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_graph *g = run->graph;
  const rp_distribution *d = &message->dist;
  const rp_node_id *a = d->arguments;
  rp_node_id start[2] = {RP_NONE, RP_NONE}, noise[2];
  if (message->initial != RP_NONE) invert(g, d, message->initial, &start[0], &start[1]);
  if (!rp_stable_noise(run, message, "", start, noise)) return RP_REPARAM_PASSED;
  rp_node_id z = rp_stable_map(g, a[STABILITY], a[SKEW], noise[0], noise[1]);
  message->value = rp_add(g, a[LOCATION], rp_mul(g, a[SCALE], z));
  rp_run_replaced(run, message, "latent_stable");
  return RP_REPARAM_REPLACED;
}

static rp_reparam_result observed(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_run_fail(
      run, RP_UNSUPPORTED, message->name,
      "reparam_latent_stable() cannot be used on an observed site; use reparam_stable(), or reparam_symmetric_stable() "
      "where the skew is 0");
  return RP_REPARAM_PASSED;
}

const rp_reparameterizer rp_reparam_latent_stable = {
    .name = "latent_stable", .needs = "stable()", .applies = rp_is_stable, .latent = latent, .observed = observed};

/* ---- what the three of them share ---- */

int rp_is_stable(const rp_run *run, const rp_message *message) {
  (void) run;
  return rp_message_is(message, "stable");
}

int rp_stable_noise(rp_run *run, const rp_message *message, const char *prefix, const rp_node_id start[2],
                    rp_node_id noise[2]) {
  rp_graph *g = run->graph;
  double half_pi = 0.5 * acos(-1);
  int64_t n = message->dist.n_events;
  const rp_distribution laws[2] = {rp_reparam_noise("uniform", n, rp_const(g, -half_pi), rp_const(g, half_pi)),
                                   rp_reparam_noise("exponential", n, rp_const(g, 1), RP_NONE)};
  static const char *const names[2] = {"uniform", "exponential"};
  for (int k = 0; k < 2; k++) {
    const char *suffix = rp_pool_format(run->pool, "%s%s", prefix, names[k]);
    if (!suffix) return rp_fail_memory(run->status, "a name"), 0;
    rp_message auxiliary = rp_message_auxiliary(run, message, suffix, &laws[k]);
    auxiliary.initial = start[k];
    noise[k] = rp_reparam_draw(run, message, &auxiliary, 0);
    if (noise[k] == RP_NONE) return 0;
  }
  return 1;
}

/* The smallest e among powers of 4 at which Z(u) brackets the target within the open interval, then 60 halvings of
 * it. */
static void invert(rp_graph *g, const rp_distribution *d, rp_node_id x, rp_node_id *u, rp_node_id *e) {
  const rp_node_id *a = d->arguments;
  rp_node_id target = rp_div(g, rp_sub(g, x, a[LOCATION]), a[SCALE]);
  double edge = 0.5 * acos(-1) * (1 - 1e-12);
  rp_node_id low = rp_const(g, -edge), high = rp_const(g, edge);
  *e = rp_const(g, ldexp(1, 30));
  for (int k = 14; k >= 0; k--) {
    rp_node_id size = rp_const(g, ldexp(1, 2 * k));
    rp_node_id above = rp_lt(g, rp_stable_map(g, a[STABILITY], a[SKEW], low, size), target);
    rp_node_id below = rp_lt(g, target, rp_stable_map(g, a[STABILITY], a[SKEW], high, size));
    *e = rp_select(g, rp_mul(g, above, below), size, *e);
  }
  for (int k = 0; k < 60; k++) {
    rp_node_id middle = rp_times(g, 0.5, rp_add(g, low, high));
    rp_node_id above = rp_lt(g, rp_stable_map(g, a[STABILITY], a[SKEW], middle, *e), target);
    low = rp_select(g, above, middle, low);
    high = rp_select(g, above, high, middle);
  }
  *u = rp_times(g, 0.5, rp_add(g, low, high));
}
