/* transform(): a site whose distribution is the push-forward of a base through bijectors is drawn as its base.
 * x = T(b), b ~ base; auxiliary site: x_base. */
#include "../reparam.h"

int rp_reparam_transform(rp_run *run, rp_message *message) {
  rp_distribution base, transforms;
  if (!rp_distribution_base(&message->dist, &base, &transforms)) return 0;
  rp_message auxiliary = rp_message_auxiliary(run, message, "base", &base);
  if (message->initial != RP_NONE) auxiliary.initial = rp_distribution_inverse(run->graph, &transforms, message->initial);
  auxiliary.chain = message->chain;
  auxiliary.chain_left = message->chain_left;
  rp_node_id b = rp_run_draw(run, &auxiliary);
  if (b == RP_NONE) return 0;
  message->value = rp_distribution_forward(run->graph, &transforms, b);
  rp_run_replaced(run, message, "transform");
  return 1;
}
