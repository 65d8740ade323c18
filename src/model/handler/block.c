/* block(): hides sites from everything outside, inference included, so that they are drawn from their distribution. */
#include <string.h>

#include "../handler.h"

static int listed(const char *const *names, int32_t n, const char *name) {
  for (int32_t i = 0; i < n; i++)
    if (strcmp(names[i], name) == 0) return 1;
  return 0;
}

void rp_handler_block(const rp_handler_spec *handler, rp_message *message) {
  const char *name = message->original ? message->original : message->name;
  int hides_all = handler->n_hide == 0 && handler->n_expose == 0;
  int exposes_others_not = handler->n_expose > 0 && !listed(handler->expose, handler->n_expose, name);
  if (hides_all || exposes_others_not || listed(handler->hide, handler->n_hide, name)) message->hidden = 1;
}
