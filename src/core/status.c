#include "status.h"

#include <stdarg.h>
#include <stdio.h>

void rp_status_clear(rp_status *status) {
  status->code = RP_OK;
  status->statement = -1;
  status->site[0] = '\0';
  status->message[0] = '\0';
}

rp_code rp_fail(rp_status *status, rp_code code, const char *site, const char *format, ...) {
  if (status == NULL) return code;
  if (status->code != RP_OK) return status->code;
  status->code = code;
  snprintf(status->site, sizeof status->site, "%s", site != NULL ? site : "");
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(status->message, sizeof status->message, format, arguments);
  va_end(arguments);
  return code;
}

rp_code rp_fail_memory(rp_status *status, const char *what) {
  return rp_fail(status, RP_NO_MEMORY, NULL, "not enough memory for %s", what);
}
