/* condition(): the site is observed; unknown (NA) elements stay latent. */
#include "../handler.h"

void rp_handler_condition(rp_run *run, const rp_handler_spec *handler, rp_message *message) {
  const double *value = rp_handler_value(run, handler->values, handler->n_values, message);
  if (value) message->observed = value;
}
