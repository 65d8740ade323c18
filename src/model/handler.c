#include "handler.h"

#include <math.h>
#include <string.h>

void rp_handlers_set_value(rp_run *run, rp_message *message) {
  for (int32_t i = 0; i < run->spec->n_handlers && !message->hidden; i++) {
    const rp_handler_spec *handler = &run->spec->handlers[i];
    int is_set = message->value != RP_NONE;
    switch (handler->kind) {
    case RP_HANDLER_CONDITION:
      if (!is_set) rp_handler_condition(run, handler, message);
      break;
    case RP_HANDLER_INTERVENE:
      if (!is_set) rp_handler_intervene(run, handler, message);
      break;
    case RP_HANDLER_SUBSTITUTE:
    case RP_HANDLER_REPLAY:
      if (!is_set) rp_handler_substitute(run, handler, message);
      break;
    case RP_HANDLER_BLOCK:
      rp_handler_block(handler, message);
      break;
    case RP_HANDLER_SCALE:
      if (message->depth > 0) break; /* auxiliary messages inherit the weights of the site that they stand for */
      message->scale = rp_mul(run->graph, message->scale, rp_const(run->graph, handler->number));
      break;
    case RP_HANDLER_MASK:
      if (message->depth > 0) break;
      message->mask = rp_mul(run->graph, message->mask, rp_const(run->graph, handler->number));
      break;
    case RP_HANDLER_REPARAM:
    case RP_HANDLER_SEED:
      break;
    }
  }
  if (message->value == RP_NONE && !message->hidden) rp_handler_given(run, message);
}

void rp_handlers_fill(rp_run *run, rp_message *message) {
  for (int32_t i = 0; i < run->spec->n_handlers && message->value == RP_NONE; i++) {
    const rp_handler_spec *handler = &run->spec->handlers[i];
    if (handler->kind == RP_HANDLER_SUBSTITUTE || handler->kind == RP_HANDLER_REPLAY)
      rp_handler_substitute(run, handler, message);
  }
  if (message->value == RP_NONE) rp_handler_given(run, message);
}

/* A handler that keeps or replaces the message ends the search; one that changes it leaves it to those further out. */
rp_reparam_result rp_handlers_reparameterize(rp_run *run, rp_message *message) {
  rp_reparam_result result = RP_REPARAM_PASSED, here = RP_REPARAM_PASSED;
  if (message->chain_left > 0) {
    rp_reparam rest = {.n_parts = message->chain_left, .parts = message->chain};
    here = rp_reparam_apply(run, &rest, message);
  }
  int32_t n = run->spec->n_handlers;
  for (int32_t i = 0; i <= n && run->status->code == RP_OK; i++) {
    if (here > result) result = here;
    if (here == RP_REPARAM_KEPT || here == RP_REPARAM_REPLACED) return result;
    here = RP_REPARAM_PASSED;
    if (i < n && run->spec->handlers[i].kind == RP_HANDLER_REPARAM) here = rp_handler_reparam(run, i, message);
    if (i == n && run->options->has_strategy)
      here = rp_reparam_strategy(run, run->options->strategy, run->options->strategy_centered, message);
  }
  return here > result ? here : result;
}

const double *rp_handler_value(rp_run *run, const rp_named_value *values, int32_t n_values, const rp_message *message) {
  for (int32_t i = 0; i < n_values; i++) {
    if (strcmp(values[i].name, message->name) != 0) continue;
    int64_t size = message->dist.event_size, n_site = message->n_site_events;
    if (values[i].n != n_site * size) {
      const char *from = values == run->options->init ? " as a starting value or by `values`" : "";
      rp_run_fail(run, RP_BAD_SHAPE, message->name, "the value given%s has length %lld, but the site has %lld elements",
                  from, (long long) values[i].n, (long long) (n_site * size));
      return NULL;
    }
    int64_t n = message->dist.n_events;
    double *value = rp_pool_array(run->pool, n * size, sizeof *value);
    if (!value) {
      rp_fail_memory(run->status, "a site's value");
      return NULL;
    }
    for (int64_t b = 0; b < n; b++)
      for (int64_t e = 0; e < size; e++) value[b * size + e] = values[i].value[message->events[b] + e * n_site];
    return value;
  }
  return NULL;
}
