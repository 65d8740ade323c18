/* loc_scale(): x ~ f(m, s) becomes z ~ f(c m, s^c), x = m + s^(1-c) (z - c m), with centering c in [0, 1]
 * (Papaspiliopoulos, Roberts and Skold 2007; Gorinova, Moore and Hoffman 2020); auxiliary site: x_decentered.
 *
 * A centering that is adapted or learned belongs to each element and uses (s/s0)^(1-c) in place of s^(1-c), with a reference
 * scale s0 per element, so that it does not depend on the units of the data; s0 = 1 where c is learned.
 * The prior of z is evaluated from z or the residual, never from x - m, which cancels when s is tiny. */
#include "../reparam.h"

#include <math.h>
#include <stdlib.h>

#include "../run_parts.h"

static int fixed(rp_run *run, double c, rp_message *message);
static int flexible(rp_run *run, rp_message *message);
static rp_code add_adapted(rp_run *run, const rp_message *auxiliary, rp_adapted adapted);

int rp_reparam_is_loc_scale(const rp_distribution *d) {
  return d->family->location >= 0 && d->family->scale >= 0 && d->n_transforms == 0 && d->family->event_dim == 0 &&
         d->family->support_kind == RP_SUPPORT_REAL;
}

int rp_reparam_loc_scale(rp_run *run, double centered, rp_message *message) {
  if (!isnan(centered)) return fixed(run, centered, message);
  int can_adapt = run->options->centering == RP_CENTERING_ADAPTED && message->dist.family->score;
  if (can_adapt || run->options->centering == RP_CENTERING_LEARNED) return flexible(run, message);
  return fixed(run, 0, message);
}

static int fixed(rp_run *run, double centered, rp_message *message) {
  rp_graph *g = run->graph;
  rp_distribution noise = message->dist;
  rp_node_id m = noise.arguments[noise.family->location], s = noise.arguments[noise.family->scale];
  if (centered == 1) return 0;
  rp_node_id c = rp_const(g, centered);
  rp_node_id shift = rp_mul(g, c, m);
  rp_node_id stretch = centered == 0 ? s : rp_exp(g, rp_mul(g, rp_const(g, 1 - centered), rp_log(g, s)));
  noise.arguments[noise.family->location] = centered == 0 ? rp_const(g, 0) : shift;
  noise.arguments[noise.family->scale] =
      centered == 0 ? rp_const(g, 1) : rp_exp(g, rp_mul(g, c, rp_log(g, s)));
  rp_message auxiliary = rp_message_auxiliary(run, message, "decentered", &noise);
  auxiliary.chain = message->chain;
  auxiliary.chain_left = message->chain_left;
  if (message->initial != RP_NONE)
    auxiliary.initial = rp_add(g, rp_div(g, rp_sub(g, message->initial, m), stretch), shift);
  rp_node_id z = rp_run_draw(run, &auxiliary);
  if (z == RP_NONE) return 0;
  message->value = rp_add(g, m, rp_mul(g, stretch, centered == 0 ? z : rp_sub(g, z, shift)));
  rp_run_replaced(run, message, "loc_scale");
  return 1;
}

/* c and s0 are run-time inputs (adapted), or c is a learned parameter per element. */
static int flexible(rp_run *run, rp_message *message) {
  rp_graph *g = run->graph;
  int64_t n = message->dist.n_events, base = run->n_centered;
  rp_distribution residual_of = message->dist;
  rp_node_id m = residual_of.arguments[residual_of.family->location], s = residual_of.arguments[residual_of.family->scale];
  rp_node_id c, log_s0, log_s = rp_log(g, s);
  if (run->options->centering == RP_CENTERING_ADAPTED) {
    run->n_centered += n;
    c = rp_input(g, 2 * base, n);
    log_s0 = rp_log(g, rp_input(g, 2 * base + n, n));
  } else {
    c = rp_run_add_centering(run, message);
    log_s0 = rp_const(g, 0);
    if (c == RP_NONE) return 0;
  }
  residual_of.arguments[residual_of.family->location] = rp_const(g, 0);
  rp_message auxiliary = rp_message_auxiliary(run, message, "decentered", &residual_of);
  auxiliary.chain = message->chain;
  auxiliary.chain_left = message->chain_left;
  auxiliary.centered = 1;
  auxiliary.shift = rp_mul(g, c, m);
  auxiliary.log_stretch = rp_mul(g, rp_sub(g, rp_const(g, 1), c), rp_sub(g, log_s, log_s0));
  rp_node_id stretch = rp_exp(g, auxiliary.log_stretch);
  if (message->initial != RP_NONE)
    auxiliary.initial = rp_add(g, rp_div(g, rp_sub(g, message->initial, m), stretch), auxiliary.shift);
  rp_node_id z = rp_run_draw(run, &auxiliary);
  if (z == RP_NONE) return 0;
  rp_node_id residual = rp_mul(g, stretch, rp_sub(g, z, auxiliary.shift));
  rp_adapted adapted = {.base = base, .residual = residual, .location = m, .log_scale = log_s};
  if (run->options->centering == RP_CENTERING_ADAPTED && add_adapted(run, &auxiliary, adapted) != RP_OK) return 0;
  message->value = rp_add(g, m, residual);
  rp_run_replaced(run, message, "loc_scale");
  return 1;
}

/* What the sampler needs to know of the message's elements to adapt them. */
static rp_code add_adapted(rp_run *run, const rp_message *auxiliary, rp_adapted adapted) {
  if (run->n_adapted == run->cap_adapted) {
    int32_t cap = run->cap_adapted ? 2 * run->cap_adapted : 16;
    rp_adapted *grown = realloc(run->adapted, (size_t) cap * sizeof *grown);
    if (!grown) return rp_fail_memory(run->status, "the centering");
    run->adapted = grown;
    run->cap_adapted = cap;
  }
  const rp_family *family = auxiliary->dist.family;
  adapted.site = auxiliary->name;
  adapted.original = auxiliary->original;
  adapted.n_events = auxiliary->dist.n_events;
  adapted.events = auxiliary->events;
  adapted.score = family->score(run->graph, adapted.residual, auxiliary->dist.arguments);
  run->adapted[run->n_adapted++] = adapted;
  return RP_OK;
}
