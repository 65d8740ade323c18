/* Nothing is allocated while sampling: neither by programs of random graphs, nor by chains between their first
 * gradient and their last, nor by steps of SVI. Counts malloc() and its kin on this thread, which needs a library that
 * lets a program replace them; elsewhere, and under sanitizers, there is nothing to check. */
#include <stdlib.h>

#include "../../src/infer/chains.h"
#include "../../src/infer/svi.h"
#include "check.h"
#include "random_graph.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__GLIBC__) && !defined(SANITIZED) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTED
static _Thread_local int64_t n_calls;
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);
void *malloc(size_t size) { return n_calls++, __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return n_calls++, __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { return n_calls++, __libc_realloc(old, size); }
void free(void *old) { __libc_free(old); }
#else
static int64_t n_calls;
#endif

static void check_counter(void) {
#if defined(COUNTED)
  const int64_t before = n_calls;
  void *volatile something = malloc(100);
  free(something);
  CHECK(n_calls == before + 1);
#endif
}

/* ---- programs ---- */

static void check_programs(void) {
  enum { PARAMS = 10 };
  double params[PARAMS * 4];
  for (int i = 0; i < PARAMS * 4; i++) params[i] = sin(i);
  for (uint64_t seed = 1; seed <= 60; seed++) {
    random_graph r = random_graph_new(seed, PARAMS, 1);
    rp_node_id outputs[2] = {random_graph_build(&r, 14), RP_NONE}, all = rp_param(r.g, 0, PARAMS);
    const int32_t n = rp_gradient(r.g, outputs[0], &all, 1, &outputs[1]) == RP_OK ? 2 : 1;
    for (int32_t lanes = 1; lanes <= 4; lanes *= 4) {
      rp_status status;
      rp_status_clear(&status);
      rp_program *program = rp_program_new(r.g, outputs, n, RP_ISA_BEST, lanes, &status);
      rp_work *work = program ? rp_work_new(program, &status) : NULL;
      CHECK(work != NULL);
      const int64_t before = n_calls;
      for (int k = 0; k < 3 && work; k++) rp_program_run(program, work, params, NULL, NULL);
      if (n_calls != before) printf("random graph %d: %d allocations\n", (int) seed, (int) (n_calls - before));
      CHECK(n_calls == before);
      rp_work_free(work);
      rp_program_free(program);
    }
    rp_graph_free(r.g);
  }
}

/* ---- chains ---- */

/* A target between the sampler and a compiled density: counts from one gradient to the last; of several chains, as long
 * as none has ended. */
typedef struct {
  rp_target target;
  rp_lockstep lockstep;
  int64_t first, last, n_gradients;
} watch;
typedef struct {
  watch *of;
  rp_potential potential;
} watched_chain;

static void note(watch *w) {
  w->last = n_calls;
  if (w->n_gradients++ == 0) w->first = n_calls;
}

static rp_code evaluate(void *state, const double *q, double *log_density, const double **gradient) {
  watched_chain *chain = state;
  rp_code code = chain->potential.evaluate(chain->potential.state, q, log_density, gradient);
  if (chain->of->target.lanes == 1) note(chain->of);
  return code;
}

static rp_code open_chain(const void *context, rp_potential *potential, rp_status *status) {
  watched_chain *chain = calloc(1, sizeof *chain);
  if (!chain) return rp_fail_memory(status, "a chain");
  chain->of = (watch *) (uintptr_t) context;
  *potential = (rp_potential){.dim = chain->of->target.dim, .state = chain, .evaluate = evaluate};
  return chain->of->target.open(chain->of->target.context, &chain->potential, status);
}

static void close_chain(rp_potential *potential) {
  watched_chain *chain = potential->state;
  chain->of->target.close(&chain->potential);
  free(chain);
}

static rp_code evaluate_lanes(void *state, const rp_potential *const *chain, const double *const *q, int32_t n,
                              double *log_density, const double **gradient) {
  watch *w = state;
  const rp_potential *inner[RP_MOST_LANES];
  for (int32_t i = 0; i < n; i++) inner[i] = &((watched_chain *) chain[i]->state)->potential;
  rp_code code = w->lockstep.evaluate(w->lockstep.state, inner, q, n, log_density, gradient);
  if (n == w->target.lanes) note(w);
  return code;
}

static rp_code open_lanes(const void *context, rp_lockstep *lockstep, rp_status *status) {
  watch *w = (watch *) (uintptr_t) context;
  *lockstep = (rp_lockstep){.state = w, .evaluate = evaluate_lanes};
  return w->target.open_lockstep(w->target.context, &w->lockstep, status);
}

static void close_lanes(rp_lockstep *lockstep) {
  watch *w = lockstep->state;
  w->target.close_lockstep(&w->lockstep);
}

/* A regression with a scan in it, so that every kind of stage is there. */
static rp_node_id density_graph(rp_graph *g) {
  rp_node_id b = rp_param(g, 0, 3), level = rp_param(g, 3, 1), rate = rp_param(g, 4, 1);
  double x[300], y[100];
  for (int i = 0; i < 300; i++) x[i] = sin(i * i);
  for (int i = 0; i < 100; i++) y[i] = cos(i);
  rp_graph *body = rp_graph_new();
  rp_scan_body scan = {body, 1, 1, 1, malloc(sizeof(rp_node_id))};
  rp_node_id growth = rp_mul(body, rp_invariant(body, 0), rp_carry(body, 0));
  scan.next[0] = rp_unary(body, RP_OP_TANH, rp_add(body, growth, rp_step(body, 0)));
  rp_node_id eta = rp_matmul(g, rp_data(g, x, 300), b, 100, 3, 1, 0, 0), path;
  rp_scan(g, scan, &level, &eta, &rate, 100, &path);
  rp_node_id error = rp_sub(g, rp_data(g, y, 100), rp_slice(g, path, 1, 100));
  rp_node_id squares = rp_sum(g, rp_unary(g, RP_OP_SQUARE, error)), all = rp_param(g, 0, 5);
  squares = rp_add(g, squares, rp_sum(g, rp_unary(g, RP_OP_SQUARE, all)));
  return rp_mul(g, rp_const(g, -0.5), squares);
}

static void check_chains(int32_t n, rp_metric_kind metric, rp_schedule_kind schedule) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_density *density = rp_density_new(g, density_graph(g), 5, RP_ISA_BEST, &status);
  CHECK_TEXT(status.message, "");
  if (density && rp_density_add_lanes(density, g, n, 1, &status) == RP_OK) {
    watch w = {.target = rp_density_target(density)};
    rp_target watched = {.dim = 5, .context = &w, .open = open_chain, .close = close_chain, .lanes = n,
                         .open_lockstep = open_lanes, .close_lockstep = close_lanes};
    rp_nuts_options options = rp_nuts_options_default();
    options.iter_warmup = 200;
    options.iter_sampling = 500;
    options.metric = metric;
    /* of coordinates 0, 2 and 4, and of 1 */
    const int64_t start[] = {0, 3, 4}, coordinate[] = {0, 2, 4, 1};
    const rp_blocks blocks = {.n = 2, .start = start, .coordinate = coordinate};
    options.blocks = &blocks;
    options.schedule = schedule;
    rp_chains chains;
    const rp_chains_plan plan = {.n_chains = n, .cores = 1, .seed = 5};
    CHECK(rp_chains_run(&watched, &options, &plan, NULL, &chains, &status) == RP_OK);
    CHECK(w.n_gradients > 500);
    CHECK(w.last == w.first);
    rp_chains_free(&chains);
  }
  rp_density_free(density);
  rp_graph_free(g);
}

static void check_svi(int64_t particles) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_node_id density = density_graph(g);
  rp_guide_block block = {.kind = RP_GUIDE_MVN, .n = 5};
  rp_svi_options options = rp_svi_options_default();
  options.particles = particles;
  rp_svi *svi = rp_svi_new(g, density, 5, &block, 1, &options, &status);
  CHECK_TEXT(status.message, "");
  double loss[100];
  int64_t done = 0;
  const int64_t before = n_calls;
  CHECK(svi && rp_svi_run(svi, 100, loss, &done, NULL, &status) == RP_OK && done == 100);
  CHECK(n_calls == before);
  rp_svi_free(svi);
  rp_graph_free(g);
}

int main(void) {
  check_counter();
  check_programs();
  for (int metric = 0; metric < RP_METRIC_LOWRANK; metric++)
    check_chains(1, (rp_metric_kind) metric, RP_SCHEDULE_STAN);
  for (int metric = 0; metric < RP_METRIC_COUNT; metric++) check_chains(1, (rp_metric_kind) metric, RP_SCHEDULE_FAST);
  check_chains(4, RP_METRIC_DIAGONAL, RP_SCHEDULE_FAST);
  check_svi(1);
  check_svi(5);
  return check_done("memory");
}
