/* Times value and gradient of the models of issue 4 in the engine alone: nanoseconds per evaluation and lane. sh
 * tools/bench-engine.sh [model ...]; REPARAM_BENCH=print lists the programs, REPARAM_BENCH=once evaluates each once
 * (callgrind). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/exec/program.h"
#include "../../src/graph/construct.h"
#include "../../src/graph/shorthand.h"

#define MOST_PARAMS 600

static uint64_t state = 88172645463325252u;
static double uniform(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return ((double) (state >> 11) + .5) * 0x1p-53;
}
static double normal(void) {
  const double u = uniform(), v = uniform();
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* A log density under construction: leaves, in order of the parameters, and a typical point. */
typedef struct {
  rp_graph *g;
  rp_node_id leaf[16], density;
  int n_leaves;
  int64_t n_params;
  double point[MOST_PARAMS];
} model;

static rp_node_id param(model *m, int64_t n) {
  const rp_node_id id = rp_param(m->g, m->n_params, n);
  m->leaf[m->n_leaves++] = id;
  m->n_params += n;
  return id;
}
static void add(model *m, rp_node_id term) {
  m->density = m->density == RP_NONE ? term : rp_add(m->g, m->density, term);
}
/* log density of a standard normal without its constant */
static void add_normal(model *m, rp_node_id x) { add(m, rp_times(m->g, -.5, rp_sum(m->g, rp_square(m->g, x)))); }

static rp_node_id body_leaf(rp_graph *body, rp_op op, int64_t k) {
  return rp_intern(body, &(rp_node){.op = op, .n = 1, .attribute = {k}});
}
static rp_scan_body new_body(rp_graph *b, const rp_node_id *next, int n_carry, int n_sequence, int n_invariant) {
  rp_scan_body body = {.body = b, .n_carry = n_carry, .n_sequence = n_sequence, .n_invariant = n_invariant};
  body.next = malloc((size_t) n_carry * sizeof *next);
  memcpy(body.next, next, (size_t) n_carry * sizeof *next);
  return body;
}

/* ---- the models ---- */

/* 502 standard normals: what is left of the catalyst model when it is decentered. */
static void normals(model *m) {
  add_normal(m, param(m, 502));
  for (int i = 0; i < 502; i++) m->point[i] = .3 * normal();
}

/* Two coupled first-order reactions by Euler steps; the 500 activities lognormal about them, with standard deviation
 * 0.05. */
static void catalyst(model *m) {
  enum { N = 500 };
  rp_graph *g = m->g, *b = rp_graph_new();
  rp_node_id z1 = param(m, 1), z2 = param(m, 1), y = param(m, N);
  rp_node_id rates[2] = {rp_exp(g, rp_plus(g, z2, -2)), rp_exp(g, z1)}, states[2];
  rp_node_id c = body_leaf(b, RP_OP_CARRY, 0), a = body_leaf(b, RP_OP_CARRY, 1), step = rp_const(b, .01);
  rp_node_id next[2];
  next[0] = rp_sub(b, c, rp_mul(b, rp_mul(b, step, body_leaf(b, RP_OP_INVARIANT, 0)), c));
  next[1] = rp_sub(b, a, rp_mul(b, rp_mul(b, rp_mul(b, step, body_leaf(b, RP_OP_INVARIANT, 1)), next[0]), a));
  rp_scan(g, new_body(b, next, 2, 0, 2), (rp_node_id[]){rp_const(g, .1), rp_const(g, 1)}, NULL, rates, N, states);
  rp_node_id activity = rp_slice(g, states[1], 1, N);
  add_normal(m, z1);
  add_normal(m, z2);
  add_normal(m, rp_times(g, 20, rp_sub(g, y, rp_log(g, activity))));
  double cat = .1, act = 1;
  m->point[0] = .3 * normal(), m->point[1] = .3 * normal();
  for (int i = 0; i < N; i++) {
    cat -= .01 * exp(m->point[1] - 2) * cat;
    act -= .01 * exp(m->point[0]) * cat * act;
    m->point[2 + i] = log(act) + .05 * normal();
  }
}

static void schools(model *m) {
  static const double y[] = {28, 8, -3, 7, -1, 1, 18, 12}, s[] = {15, 10, 16, 11, 9, 11, 10, 18};
  rp_graph *g = m->g;
  rp_node_id mu = param(m, 1), log_tau = param(m, 1), raw = param(m, 8), tau = rp_exp(g, log_tau);
  rp_node_id theta = rp_add(g, mu, rp_mul(g, tau, raw));
  add_normal(m, rp_times(g, .2, mu));
  add(m, rp_sub(g, log_tau, rp_log1p(g, rp_times(g, 1.0 / 25, rp_square(g, tau)))));
  add_normal(m, raw);
  add_normal(m, rp_div(g, rp_sub(g, rp_data(g, y, 8), theta), rp_data(g, s, 8)));
  for (int i = 0; i < 10; i++) m->point[i] = .3 * normal();
}

static void logistic(model *m) {
  enum { N = 10000, P = 20 };
  rp_graph *g = m->g;
  double *x = malloc(N * P * sizeof *x), *y = malloc(N * sizeof *y), b[P];
  for (int i = 0; i < N * P; i++) x[i] = .5 * normal();
  for (int j = 0; j < P; j++) b[j] = normal();
  for (int i = 0; i < N; i++) {
    double eta = 0;
    for (int j = 0; j < P; j++) eta += x[i + j * N] * b[j];
    y[i] = uniform() < 1 / (1 + exp(-eta));
  }
  rp_node_id beta = param(m, P), eta = rp_matmul(g, rp_data(g, x, N * P), beta, N, P, 1, 0, 0);
  add_normal(m, beta);
  add(m, rp_sum(g, rp_sub(g, rp_mul(g, rp_data(g, y, N), eta), rp_log1p_exp(g, eta))));
  for (int i = 0; i < P; i++) m->point[i] = .3 * normal();
  free(x);
  free(y);
}

static void hierarchical(model *m) {
  enum { N = 20000, G = 500 };
  rp_graph *g = m->g;
  double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  int32_t *group = malloc(N * sizeof *group);
  for (int i = 0; i < N; i++) group[i] = (int32_t) (uniform() * G), x[i] = normal(), y[i] = .5 * x[i] + .7 * normal();
  rp_node_id mu = param(m, 1), log_tau = param(m, 1), log_sigma = param(m, 1), slope = param(m, 1), alpha = param(m, G);
  rp_node_id tau = rp_exp(g, log_tau), sigma = rp_exp(g, log_sigma);
  add_normal(m, mu);
  add_normal(m, tau);
  add_normal(m, sigma);
  add_normal(m, slope);
  add(m, rp_add(g, log_tau, log_sigma));
  add_normal(m, rp_div(g, rp_sub(g, alpha, mu), tau));
  add(m, rp_times(g, -G, log_tau));
  rp_node_id mean = rp_add(g, rp_gather(g, alpha, group, N), rp_mul(g, slope, rp_data(g, x, N)));
  add_normal(m, rp_div(g, rp_sub(g, rp_data(g, y, N), mean), sigma));
  add(m, rp_times(g, -N, log_sigma));
  for (int i = 0; i < 4 + G; i++) m->point[i] = .3 * normal();
  free(x);
  free(y);
  free(group);
}

static void negative_binomial(model *m) {
  enum { N = 5000, P = 4 };
  rp_graph *g = m->g;
  double *x = malloc(N * P * sizeof *x), *y = malloc(N * sizeof *y);
  for (int i = 0; i < N * P; i++) x[i] = .5 * normal();
  for (int i = 0; i < N; i++) {
    double eta = 1, p = 1;
    for (int j = 0; j < P; j++) eta += .3 * x[i + j * N];
    const double mean = exp(eta) * (-log(uniform()) * .5 - log(uniform()) * .5), limit = exp(-mean);
    y[i] = -1;
    do y[i]++, p *= uniform();
    while (p > limit && y[i] < 1000);
  }
  rp_node_id intercept = param(m, 1), beta = param(m, P), log_phi = param(m, 1), phi = rp_exp(g, log_phi);
  rp_node_id data = rp_data(g, y, N);
  rp_node_id eta = rp_add(g, intercept, rp_matmul(g, rp_data(g, x, N * P), beta, N, P, 1, 0, 0));
  rp_node_id y_phi = rp_add(g, data, phi);
  add_normal(m, intercept);
  add_normal(m, beta);
  add_normal(m, log_phi);
  rp_node_id term = rp_sub(g, rp_add(g, rp_lgamma(g, y_phi), rp_mul(g, data, eta)),
                           rp_mul(g, y_phi, rp_log(g, rp_add(g, rp_exp(g, eta), phi))));
  add(m, rp_sum(g, term));
  add(m, rp_times(g, N, rp_sub(g, rp_mul(g, phi, log_phi), rp_lgamma(g, phi))));
  for (int i = 0; i < P + 2; i++) m->point[i] = .3 * normal();
  free(x);
  free(y);
}

static void sir(model *m) {
  enum { N = 500 };
  rp_graph *g = m->g, *b = rp_graph_new();
  double *y = malloc(N * sizeof *y), s0 = .99, i0 = .01;
  for (int k = 0; k < N; k++) {
    const double flow = .02 * 1.2 * s0 * i0;
    s0 -= flow;
    i0 += flow - .4 * i0 * .02;
    y[k] = log(i0) + .1 * normal();
  }
  rp_node_id log_beta = param(m, 1), log_gamma = param(m, 1), log_sigma = param(m, 1), states[2];
  rp_node_id rates[2] = {rp_exp(g, log_beta), rp_exp(g, log_gamma)};
  rp_node_id s = body_leaf(b, RP_OP_CARRY, 0), i = body_leaf(b, RP_OP_CARRY, 1), step = rp_const(b, .02);
  rp_node_id flow = rp_mul(b, rp_mul(b, step, body_leaf(b, RP_OP_INVARIANT, 0)), rp_mul(b, s, i)), next[2];
  next[0] = rp_sub(b, s, flow);
  next[1] = rp_sub(b, rp_add(b, i, flow), rp_mul(b, rp_mul(b, step, body_leaf(b, RP_OP_INVARIANT, 1)), i));
  rp_scan(g, new_body(b, next, 2, 0, 2), (rp_node_id[]){rp_const(g, .99), rp_const(g, .01)}, NULL, rates, N, states);
  rp_node_id r = rp_sub(g, rp_data(g, y, N), rp_log(g, rp_slice(g, states[1], 1, N)));
  for (int k = 0; k < 3; k++) add_normal(m, m->leaf[k]);
  add_normal(m, rp_div(g, r, rp_exp(g, log_sigma)));
  add(m, rp_times(g, -N, log_sigma));
  for (int k = 0; k < 3; k++) m->point[k] = .3 * normal();
  free(y);
}

static const struct {
  const char *name;
  void (*build)(model *);
} models[] = {{"normals", normals}, {"catalyst", catalyst}, {"schools", schools}, {"logistic", logistic},
              {"hierarchical", hierarchical}, {"negbin", negative_binomial}, {"sir", sir}};

/* ---- timing ---- */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

/* The fastest of 15 rounds of about 3 ms: other work on the machine can only add. */
static double time_program(const rp_program *program, rp_work *work, const double *x, int lanes) {
  double fastest = INFINITY;
  int n = 1;
  for (double taken = 0; taken < 1.5e6; n *= 2) {
    const double begin = now();
    for (int i = 0; i < n; i++) rp_program_run(program, work, x, NULL, NULL);
    taken = now() - begin;
  }
  for (int k = 0; k < 15; k++) {
    const double begin = now();
    for (int i = 0; i < n; i++) rp_program_run(program, work, x, NULL, NULL);
    fastest = fmin(fastest, (now() - begin) / n / lanes);
  }
  return fastest;
}

/* Largest difference from the evaluator relative to the largest gradient entry. */
static double check(const model *m, const rp_node_id *outputs, int n_outputs, const rp_work *work, int lanes) {
  double *values = malloc((size_t) (m->n_params + 1) * sizeof *values), *pointers[17], worst = 0, largest = 1;
  rp_status status;
  rp_status_clear(&status);
  int64_t at = 0;
  for (int k = 0; k < n_outputs; k++) {
    pointers[k] = values + at;
    at += rp_graph_node(m->g, outputs[k])->n;
  }
  rp_evaluate(m->g, outputs, n_outputs, m->point, NULL, (rp_random_key){0, 0, 0}, pointers, &status);
  for (int k = 0; k < n_outputs; k++) {
    const int64_t n = rp_graph_node(m->g, outputs[k])->n;
    for (int64_t i = 0; i < n; i++) {
      worst = fmax(worst, fabs(rp_work_output(work, k)[i * lanes] - pointers[k][i]));
      largest = fmax(largest, fabs(pointers[k][i]));
    }
  }
  free(values);
  return worst / largest;
}

static int bench(const char *name, void (*build)(model *), const char *mode) {
  static const int lane_counts[] = {1, 2, 4, 8};
  model m = {.g = rp_graph_new(), .density = RP_NONE};
  build(&m);
  rp_node_id outputs[17] = {m.density};
  rp_gradient(m.g, m.density, m.leaf, m.n_leaves, outputs + 1);
  rp_status status = *rp_graph_status(m.g);
  double worst = 0;
  for (int isa = RP_ISA_PORTABLE; isa <= (int) rp_isa_best() && !status.code; isa++) {
    if (!strcmp(mode, "once") && isa != RP_ISA_AVX2) continue;
    printf("%-13s %-9s", name, rp_isa_name((rp_isa) isa));
    for (int l = 0; l < (strcmp(mode, "once") ? 4 : 1) && !status.code; l++) {
      const int lanes = lane_counts[l];
      rp_program *program = rp_program_new(m.g, outputs, m.n_leaves + 1, (rp_isa) isa, lanes, &status);
      rp_work *work = program ? rp_work_new(program, &status) : NULL;
      if (work) {
        double *x = malloc((size_t) m.n_params * 8 * sizeof *x);
        for (int64_t i = 0; i < m.n_params * lanes; i++) x[i] = m.point[i / lanes] * (1 + .001 * (double) (i % lanes));
        rp_program_run(program, work, x, NULL, NULL);
        worst = fmax(worst, check(&m, outputs, m.n_leaves + 1, work, lanes));
        if (!strcmp(mode, "time")) printf(" %10.0f", time_program(program, work, x, lanes));
        char *text = !strcmp(mode, "print") && isa == RP_ISA_AVX2 && l == 0 ? rp_program_print(program) : NULL;
        if (text) printf("\n%s", text);
        free(text);
        free(x);
      }
      rp_work_free(work);
      rp_program_free(program);
    }
    printf("  error %.1e\n", worst);
    if (!strcmp(mode, "time")) {
      rp_program *program = rp_program_new(m.g, outputs, m.n_leaves + 1, (rp_isa) isa, 1, &status);
      printf("%-13s %-9s", "", "estimated");
      for (int l = 0; l < 4 && program; l++)
        printf(" %10.0f", rp_program_cost(program, lane_counts[l]) / lane_counts[l]);
      printf("\n");
      rp_program_free(program);
    }
    fflush(stdout);
  }
  if (status.code) printf("%s: %s\n", name, status.message);
  rp_graph_free(m.g);
  return status.code != RP_OK;
}

int main(int argc, char **argv) {
  const char *mode = getenv("REPARAM_BENCH") ? getenv("REPARAM_BENCH") : "time";
  int failed = 0;
  printf("nanoseconds per value and gradient, per lane, with 1, 2, 4, 8 lanes\n");
  for (size_t k = 0; k < sizeof models / sizeof *models; k++) {
    int wanted = argc == 1;
    for (int i = 1; i < argc; i++) wanted |= !strcmp(argv[i], models[k].name);
    if (wanted) failed |= bench(models[k].name, models[k].build, mode);
  }
  return failed;
}
