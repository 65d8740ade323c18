/* loc_scale(): x ~ f(m, s) becomes z ~ f(c m, s^c), x = m + s^(1-c) (z - c m), with centering c in [0, 1]
 * (Papaspiliopoulos, Roberts and Skold 2007; Gorinova, Moore and Hoffman 2020); auxiliary site: x_decentered.
 * The prior of z is evaluated at z, never from x - m, which cancels when s is tiny. */
#include "../reparam.h"

int rp_reparam_is_loc_scale(const rp_distribution *d) {
  return d->family->location >= 0 && d->family->scale >= 0 && d->n_transforms == 0 && d->family->event_dim == 0 &&
         d->family->support_kind == RP_SUPPORT_REAL;
}

int rp_reparam_loc_scale(rp_run *run, double centered, rp_message *message) {
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
