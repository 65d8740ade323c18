/* substitute_sites() and replay(): a latent site takes a given value; its density still counts. */
#include <string.h>

#include "../handler.h"

void rp_handler_substitute(rp_run *run, const rp_handler_spec *handler, rp_message *message) {
  if (message->observed) return;
  const double *value = rp_handler_value(run, handler->values, handler->n_values, message);
  if (!value) return;
  message->value = rp_data(run->graph, value, message->dist.n_events * message->dist.event_size);
  message->source = RP_SOURCE_FIXED;
}

void rp_handler_given(rp_run *run, rp_message *message) {
  const int64_t size = message->dist.event_size, n_site = message->n_site_events, n = message->dist.n_events;
  for (int32_t i = 0; i < run->options->n_given && !message->observed; i++) {
    const rp_given *given = &run->options->given[i];
    if (strcmp(given->name, message->name) != 0) continue;
    int32_t *index = rp_pool_array(run->pool, n * size, sizeof *index);
    if (given->n != n_site * size) {
      rp_run_fail(run, RP_BAD_SHAPE, message->name, "its draws have %lld elements, but the site has %lld",
                  (long long) given->n, (long long) (n_site * size));
    } else if (!index) {
      rp_fail_memory(run->status, "a site's value");
    } else {
      for (int64_t b = 0; b < n; b++)
        for (int64_t e = 0; e < size; e++) index[b * size + e] = (int32_t) (message->events[b] + e * n_site);
      message->value = rp_gather(run->graph, rp_input(run->graph, given->offset, given->n), index, n * size);
      message->source = RP_SOURCE_FIXED;
    }
    return;
  }
}
