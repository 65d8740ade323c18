/* intervene(): the site is set from outside and has no density (Pearl's do()). */
#include "../handler.h"

void rp_handler_intervene(rp_run *run, const rp_handler_spec *handler, rp_message *message) {
  const double *value = rp_handler_value(run, handler->values, handler->n_values, message);
  if (!value) return;
  message->value = rp_data(run->graph, value, message->dist.n_events * message->dist.event_size);
  message->source = RP_SOURCE_INTERVENED;
}
