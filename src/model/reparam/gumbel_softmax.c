/* gumbel_softmax(): x ~ relaxed one-hot categorical (temperature t, logits l) is softmax((l - log(-log u)) / t) of
 * uniform u, an exact identity (Maddison, Mnih and Teh 2017; Jang, Gu and Poole 2017).  Auxiliary site: x_uniform,
 * one number per category. Inverse: u_i = exp(-exp(l_i - t log x_i - k)) for any k; here the one that keeps all u_i
 * above exp(-1). */
#include "../../bij/events.h"
#include "../../graph/shorthand.h"
#include "../reparam.h"
#include "../run_parts.h"

enum { TEMPERATURE, LOGITS };

static int applies(const rp_run *run, const rp_message *message) {
  (void) run;
  return rp_message_is(message, "relaxed_onehot_categorical");
}

static rp_reparam_result latent(rp_run *run, const rp_reparam *settings, rp_message *message) {
  (void) settings;
  rp_graph *g = run->graph;
  const rp_distribution *d = &message->dist;
  int64_t n = d->n_events, k = d->event_size;
  rp_node_id t = rp_event_repeat(g, d->arguments[TEMPERATURE], n, k), l = rp_recycle(g, d->arguments[LOGITS], n * k);
  rp_distribution uniform = rp_reparam_noise("uniform", n * k, rp_const(g, 0), rp_const(g, 1));
  rp_message auxiliary = rp_reparam_elements(run, message, "uniform", &uniform, k);
  if (message->initial != RP_NONE) {
    rp_node_id tilted = rp_sub(g, l, rp_mul(g, t, rp_log(g, message->initial)));
    rp_node_id sum = rp_event_repeat(g, rp_event_log_sum_exp(g, tilted, n, k), n, k);
    rp_node_id u = rp_exp(g, rp_neg(g, rp_exp(g, rp_sub(g, tilted, sum))));
    auxiliary.initial = rp_from_events(g, u, n, k);
  }
  rp_node_id u = rp_reparam_draw(run, message, &auxiliary, 1);
  if (u == RP_NONE) return RP_REPARAM_PASSED;
  u = rp_reparam_events(g, u, n, k);
  rp_node_id gumbel = rp_neg(g, rp_log(g, rp_neg(g, rp_log(g, u))));
  rp_node_id score = rp_broadcast(g, rp_div(g, rp_add(g, l, gumbel), t), n * k);
  rp_node_id sum = rp_event_repeat(g, rp_event_log_sum_exp(g, score, n, k), n, k);
  message->value = rp_exp(g, rp_sub(g, score, sum));
  rp_run_replaced(run, message, "gumbel_softmax");
  return RP_REPARAM_REPLACED;
}

const rp_reparameterizer rp_reparam_gumbel_softmax = {
    .name = "gumbel_softmax", .needs = "relaxed_onehot_categorical()", .applies = applies, .latent = latent};
