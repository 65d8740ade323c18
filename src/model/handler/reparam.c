/* reparam(): looks the site up in a configuration, or asks a strategy. */
#include <string.h>

#include "../handler.h"
#include "../reparam.h"

rp_reparam_result rp_handler_reparam(rp_run *run, int32_t handler_index, rp_message *message) {
  const rp_handler_spec *handler = &run->spec->handlers[handler_index];
  for (int32_t i = 0; i < handler->n_config; i++) {
    if (strcmp(handler->config_name[i], message->name) != 0) continue;
    run->config_used[handler_index][i] = 1;
    return rp_reparam_apply(run, &handler->config[i], message);
  }
  if (!handler->has_strategy) return RP_REPARAM_PASSED;
  return rp_reparam_strategy(run, handler->strategy, handler->strategy_centered, message);
}
