#include "workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { POLL_NANOSECONDS = 50000000, SECOND = 1000000000 };

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t ended;
  int64_t n, next;
  int32_t active;
  void (*task)(void *context, int64_t index);
  void *context;
} rp_workers;

static int32_t start_threads(rp_workers *workers, pthread_t *threads, int32_t wanted);
static void *work(void *argument);
static struct timespec next_poll(void);

rp_code rp_workers_run(int32_t cores, int64_t n, void (*task)(void *context, int64_t index), void *context,
                       void (*poll)(void *context), rp_status *status) {
  rp_workers workers = {
      .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER, .n = n, .task = task, .context = context};
  int32_t wanted = cores < n ? cores : (int32_t) n;
  if (wanted < 1) wanted = 1;
  pthread_t *threads = calloc((size_t) wanted, sizeof *threads);
  if (!threads) return rp_fail_memory(status, "threads");
  int32_t started = start_threads(&workers, threads, wanted);
  pthread_mutex_lock(&workers.lock);
  while (workers.active > 0) {
    struct timespec until = next_poll();
    if (pthread_cond_timedwait(&workers.ended, &workers.lock, &until) != ETIMEDOUT || !poll) continue;
    pthread_mutex_unlock(&workers.lock);
    poll(context);
    pthread_mutex_lock(&workers.lock);
  }
  pthread_mutex_unlock(&workers.lock);
  for (int32_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
  pthread_cond_destroy(&workers.ended);
  pthread_mutex_destroy(&workers.lock);
  free(threads);
  return started > 0 ? RP_OK : rp_fail(status, RP_NO_MEMORY, NULL, "no thread could be started");
}

/* Signals stay with the calling thread: threads inherit the mask under which they are made. */
static int32_t start_threads(rp_workers *workers, pthread_t *threads, int32_t wanted) {
  int32_t started = 0;
#ifndef _WIN32
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
#endif
  pthread_mutex_lock(&workers->lock);
  while (started < wanted && pthread_create(&threads[started], NULL, work, workers) == 0) started++;
  workers->active = started;
  pthread_mutex_unlock(&workers->lock);
#ifndef _WIN32
  pthread_sigmask(SIG_SETMASK, &before, NULL);
#endif
  return started;
}

static void *work(void *argument) {
  rp_workers *workers = argument;
  pthread_mutex_lock(&workers->lock);
  while (workers->next < workers->n) {
    int64_t index = workers->next++;
    pthread_mutex_unlock(&workers->lock);
    workers->task(workers->context, index);
    pthread_mutex_lock(&workers->lock);
  }
  workers->active--;
  pthread_cond_signal(&workers->ended);
  pthread_mutex_unlock(&workers->lock);
  return NULL;
}

static struct timespec next_poll(void) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += POLL_NANOSECONDS;
  if (until.tv_nsec >= SECOND) {
    until.tv_nsec -= SECOND;
    until.tv_sec++;
  }
  return until;
}
