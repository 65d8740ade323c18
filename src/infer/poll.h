/* When long loops on the main thread look at the clock: to show progress and to ask whether to stop. */
#ifndef RP_INFER_POLL_H
#define RP_INFER_POLL_H

#include <time.h>

/* 1 about every 50 ms; last is zero to begin with and is kept by the caller. */
static inline int rp_poll_due(struct timespec *last) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (last->tv_sec == 0 && last->tv_nsec == 0) *last = now;
  if ((now.tv_sec - last->tv_sec) * 1000000000L + (now.tv_nsec - last->tv_nsec) < 50000000L) return 0;
  *last = now;
  return 1;
}

#endif
