/* What went wrong, where, and what to do.
 *
 * Every engine function that can fail returns an rp_code and describes the failure in the caller's rp_status.  The
 * first failure wins: a later rp_fail() on a status that already holds one is ignored, so a caller may check once at
 * the end of a run of calls.  Nothing in the engine prints, exits or longjmps; src/ffi turns a status into an R
 * condition after everything is freed.  A status owns no memory. */
#ifndef RP_CORE_STATUS_H
#define RP_CORE_STATUS_H

#include <stdint.h>

typedef enum {
  RP_OK = 0,
  RP_NO_MEMORY,    /* an allocation failed */
  RP_BAD_SPEC,     /* the spec list is malformed */
  RP_BAD_ARGUMENT, /* a value outside its constraint */
  RP_BAD_SHAPE,    /* lengths or dimensions that do not fit */
  RP_NOT_FINITE,   /* a density or gradient that is not finite where it must be */
  RP_UNSUPPORTED,  /* a combination that cannot be */
  RP_INTERRUPTED   /* the user asked to stop */
} rp_code;

typedef struct {
  rp_code code;
  int32_t statement; /* 0-based index of the spec's statement, -1 when there is none */
  char site[128];    /* the site's name, "" when there is none */
  char message[512];
} rp_status;

/* Resets a status to "no failure". */
void rp_status_clear(rp_status *status);

/* Records a failure (printf-style message) unless one is already there; returns the code the status then holds.
 * site may be NULL. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
rp_code rp_fail(rp_status *status, rp_code code, const char *site, const char *format, ...);

/* RP_NO_MEMORY with a message that names what was being allocated. */
rp_code rp_fail_memory(rp_status *status, const char *what);

#endif
