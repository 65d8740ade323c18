/* Tasks on threads: each runs once, never more at a time than allowed, the caller polls and can stop them. Run it under
 * SANITIZE=thread as well. */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "../../src/infer/workers.h"

typedef struct {
  _Atomic int32_t runs[64], active, most_active, n_polls, stop, signals_open;
  pthread_t caller;
  _Atomic int32_t polls_elsewhere;
  int32_t stop_after; /* polls; 0: never */
  long wait;          /* nanoseconds a task lasts at most, in steps of a millisecond */
} run;

static void nap(void) { nanosleep(&(struct timespec) {.tv_nsec = 1000000}, NULL); }

static void task(void *context, int64_t index) {
  run *r = context;
  r->runs[index]++;
  int32_t active = ++r->active, most = r->most_active;
  while (active > most && !atomic_compare_exchange_weak(&r->most_active, &most, active)) {}
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, NULL, &mask);
  if (!sigismember(&mask, SIGINT) || !sigismember(&mask, SIGALRM)) r->signals_open++;
  for (long waited = 0; waited < r->wait && !r->stop; waited += 1000000) nap();
  r->active--;
}

static void poll(void *context) {
  run *r = context;
  r->n_polls++;
  if (!pthread_equal(pthread_self(), r->caller)) r->polls_elsewhere++;
  if (r->stop_after > 0 && r->n_polls >= r->stop_after) r->stop = 1;
}

static rp_code start(run *r, int32_t cores, int64_t n, void (*poll_with)(void *)) {
  rp_status status;
  rp_status_clear(&status);
  r->caller = pthread_self();
  return rp_workers_run(cores, n, task, r, poll_with, &status);
}

static void test_each_once(void) {
  for (int32_t cores = 1; cores <= 4; cores++) {
    run *r = calloc(1, sizeof *r);
    CHECK(start(r, cores, 50, NULL) == RP_OK);
    int once = 1;
    for (int i = 0; i < 64; i++) once = once && r->runs[i] == (i < 50);
    CHECK(once);
    CHECK(r->most_active >= 1 && r->most_active <= cores);
    CHECK(r->signals_open == 0);
    free(r);
  }
}

/* Tasks of up to a minute end soon after the third poll (150 ms) asks them to: the test would time out otherwise. */
static void test_stop(void) {
  run *r = calloc(1, sizeof *r);
  r->stop_after = 3;
  r->wait = 60000000000L;
  time_t before = time(NULL);
  CHECK(start(r, 2, 4, poll) == RP_OK);
  CHECK(time(NULL) - before < 20);
  CHECK(r->n_polls >= 3);
  CHECK(r->polls_elsewhere == 0);
  CHECK(r->runs[0] == 1 && r->runs[3] == 1);
  free(r);
}

static void test_signals_come_back(void) {
  sigset_t before, after;
  pthread_sigmask(SIG_BLOCK, NULL, &before);
  run *r = calloc(1, sizeof *r);
  CHECK(start(r, 2, 2, NULL) == RP_OK);
  pthread_sigmask(SIG_BLOCK, NULL, &after);
  CHECK(sigismember(&before, SIGINT) == sigismember(&after, SIGINT));
  CHECK(sigismember(&before, SIGTERM) == sigismember(&after, SIGTERM));
  free(r);
}

static void test_nothing_to_do(void) {
  run *r = calloc(1, sizeof *r);
  CHECK(start(r, 3, 0, poll) == RP_OK);
  CHECK(r->runs[0] == 0);
  free(r);
}

int main(void) {
  test_each_once();
  test_stop();
  test_signals_come_back();
  test_nothing_to_do();
  return check_done("threads");
}
