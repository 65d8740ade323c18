/* substitute_sites() and replay(): a latent site takes a given value; its density still counts. */
#include "../handler.h"

void rp_handler_substitute(rp_run *run, const rp_handler_spec *handler, rp_message *message) {
  if (message->observed) return;
  const double *value = rp_handler_value(run, handler->values, handler->n_values, message);
  if (!value) return;
  message->value = rp_data(run->graph, value, message->dist.n_events * message->dist.event_size);
  message->source = RP_SOURCE_FIXED;
}
