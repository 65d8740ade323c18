/* Tasks on threads, while the calling thread keeps an eye on the user. */
#ifndef RP_INFER_WORKERS_H
#define RP_INFER_WORKERS_H

#include "../core/status.h"

/* Runs task(context, i) for i = 0 .. n - 1, in order of i, on at most `cores` threads that receive no signals.  Returns
 * when all have ended.  Meanwhile the caller's thread calls poll(context) every 50 ms (NULL: never).  Tasks stop by
 * themselves: poll() tells them through context.  RP_NO_MEMORY: not one thread could be started; nothing ran. */
rp_code rp_workers_run(int32_t cores, int64_t n, void (*task)(void *context, int64_t index), void *context,
                       void (*poll)(void *context), rp_status *status);

#endif
