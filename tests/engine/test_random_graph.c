/* Random graphs over all operations: gradients against central differences, copies, packed forms and rolled graphs
 * against the graph itself. */
#include "../../src/exec/program.h"
#include "../../src/graph/pack.h"
#include "graph_check.h"
#include "random_graph.h"

enum { PARAMS = 10, GRAPHS = 300, OPERATIONS = 14 };

static const double params[PARAMS] = {0.31, -0.52, 0.77, 0.12, -0.94, 0.45, -0.23, 0.66, 0.08, -0.71};

/* Counts how often each operation was differentiated. */
static void count_operations(const rp_graph *g, rp_node_id root, int *count) {
  uint8_t *live = calloc((size_t) root + 1, 1);
  live[root] = 1;
  for (rp_node_id id = root; id >= 0; id--) {
    const rp_node *node = rp_graph_node(g, id);
    count[node->op] += live[id];
    for (int32_t k = 0; live[id] && k < node->n_in; k++) live[node->in[k]] = 1;
  }
  free(live);
}

/* leaves of other kinds, jumps, operations without derivative, what only adjoints make */
static int is_left_out(rp_op op) {
  return op <= RP_OP_INVARIANT || (op >= RP_OP_SIGN && op <= RP_OP_ROUND) || op == RP_OP_PENTAGAMMA ||
         op == RP_OP_IS_NAN || (op >= RP_OP_STABLE_LOG_DENSITY && op <= RP_OP_STABLE_LOG_CDF) || /* test_stable.c */
         op == RP_OP_NOT || (op >= RP_OP_MOD && op <= RP_OP_NE) || op == RP_OP_GAMMA_P_DA || op == RP_OP_BETA_I_DA ||
         op == RP_OP_BETA_I_DB || op == RP_OP_ORDER || op == RP_OP_CHOLESKY_ADJOINT || op == RP_OP_RANDOM;
}

static void test_gradients(void) {
  double worst = 0;
  int count[RP_OP_COUNT] = {0};
  for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
    random_graph r = random_graph_new(seed, PARAMS, 0);
    rp_node_id output = random_graph_build(&r, OPERATIONS);
    if (rp_graph_status(r.g)->code != RP_OK) printf("seed %d: %s\n", (int) seed, rp_graph_status(r.g)->message);
    CHECK(rp_graph_status(r.g)->code == RP_OK);
    double error = check_gradient(r.g, output, params, PARAMS);
    if (!(error <= worst)) worst = error;
    if (!(error < 1e-7)) printf("seed %d: gradient off by %g\n", (int) seed, error);
    count_operations(r.g, output, count);
    CHECK(error < 1e-7); /* derivatives of moderate functions, h = 2e-4, see gradient_error() */
    rp_graph_free(r.g);
  }
  printf("worst gradient error %.2g\n", worst);
  for (int op = 0; op < RP_OP_COUNT; op++) {
    if (!is_left_out((rp_op) op) && count[op] == 0) printf("%s was never tried\n", rp_op_name((rp_op) op));
    CHECK(is_left_out((rp_op) op) || count[op] > 0);
  }
}

/* Forward over reverse is not there; reverse over reverse is: the gradient is a graph like any other. */
static void test_second_derivatives(void) {
  int done = 0;
  for (uint64_t seed = 1; seed <= GRAPHS / 4; seed++) {
    random_graph r = random_graph_new(seed, PARAMS, 0);
    rp_node_id output = random_graph_build(&r, OPERATIONS / 2), all = rp_param(r.g, 0, PARAMS), gradient;
    CHECK(rp_gradient(r.g, output, &all, 1, &gradient) == RP_OK);
    rp_node_id again, norm = rp_sum(r.g, rp_unary(r.g, RP_OP_SIN, gradient));
    rp_code code = rp_gradient(r.g, norm, &all, 1, &again);
    CHECK(code == RP_OK || code == RP_UNSUPPORTED); /* incomplete gamma by its shape, twice */
    if (code == RP_OK) {
      double error = gradient_error(r.g, norm, rp_broadcast(r.g, again, PARAMS), params, PARAMS);
      if (!(error < 1e-6)) printf("seed %d: second derivative off by %g\n", (int) seed, error);
      CHECK(error < 1e-6);
      done++;
    }
    rp_graph_free(r.g);
  }
  CHECK(done > GRAPHS / 8);
}

static void test_copies(void) {
  for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
    random_graph r = random_graph_new(seed + 1000, PARAMS, 1);
    rp_node_id output = random_graph_build(&r, OPERATIONS), copied = output, rolled = output;
    double want = scalar_of(r.g, output, params);
    rp_status status;
    rp_status_clear(&status);
    rp_graph *copy = rp_graph_extract(r.g, &copied, 1, NULL, NULL, &status);
    CHECK(copy != NULL);
    CHECK_NEAR(scalar_of(copy, copied, params), want, 1e-12);
    rp_packed *packed = rp_pack(copy, &status);
    rp_node_id *rows = malloc((size_t) rp_graph_size(copy) * sizeof *rows);
    rp_graph *unpacked = rp_unpack(packed, rows, &status);
    if (unpacked == NULL) printf("seed %d: %s\n", (int) seed, status.message);
    CHECK(unpacked != NULL);
    if (unpacked != NULL) CHECK_NEAR(scalar_of(unpacked, rows[copied], params), want, 1e-12);
    CHECK(rp_pass_roll(r.g, 0, &rolled, 1) == RP_OK);
    CHECK_NEAR(scalar_of(r.g, rolled, params), want, 1e-12);
    free(rows);
    rp_packed_free(packed);
    rp_graph_free(unpacked);
    rp_graph_free(copy);
    rp_graph_free(r.g);
  }
}

/* Outputs of a program with so many equal lanes: the largest difference from want[], relative to the largest element of
 * each output; and whether all lanes have the bits of one[] (which is filled when lanes is 1). */
static double run_program(const rp_graph *g, const rp_node_id *outputs, int n, rp_isa isa, int lanes,
                          double *const *want, double *const *one, int *same) {
  double repeated[PARAMS * 8], worst = 0;
  rp_status status;
  rp_status_clear(&status);
  rp_program *program = rp_program_new(g, outputs, n, isa, lanes, &status);
  rp_work *work = rp_work_new(program, &status);
  for (int i = 0; i < PARAMS * lanes; i++) repeated[i] = params[i / lanes];
  rp_program_run(program, work, repeated, NULL, NULL);
  for (int k = 0; k < n; k++) {
    const int64_t size = rp_length(g, outputs[k]);
    const double *got = rp_work_output(work, k);
    double error = 0, largest = 1;
    for (int64_t i = 0; i < size; i++) {
      const double difference = got[i * lanes] == want[k][i] ? 0 : fabs(got[i * lanes] - want[k][i]);
      if (!(difference <= error)) error = difference;
      largest = fmax(largest, fabs(want[k][i]));
    }
    if (!(error / largest <= worst)) worst = error / largest;
    if (lanes == 1) memcpy(one[k], got, (size_t) size * sizeof(double));
    for (int64_t i = 0; i < size * lanes; i++) *same &= memcmp(&got[i], &one[k][i / lanes], sizeof *got) == 0;
  }
  rp_work_free(work);
  rp_program_free(program);
  return worst;
}

/* All that was made, the output and its gradient: as a program, with any instruction set and number of lanes. */
static void test_programs(void) {
  double worst = 0;
  for (uint64_t seed = 1; seed <= GRAPHS / 3; seed++) {
    random_graph r = random_graph_new(seed + 2000, PARAMS, 0);
    rp_node_id outputs[RANDOM_POOL + 2], output = random_graph_build(&r, OPERATIONS), all = rp_param(r.g, 0, PARAMS);
    double *want[RANDOM_POOL + 2], *one[RANDOM_POOL + 2];
    int n = 0;
    for (int k = 0; k < r.n_pool; k++) outputs[n++] = r.pool[k];
    outputs[n++] = output;
    CHECK(rp_gradient(r.g, output, &all, 1, &outputs[n]) == RP_OK);
    outputs[n] = rp_broadcast(r.g, outputs[n], PARAMS);
    n++;
    rp_status status;
    rp_status_clear(&status);
    for (int k = 0; k < n; k++) {
      const size_t bytes = (size_t) rp_length(r.g, outputs[k]) * sizeof(double) + 1;
      want[k] = malloc(bytes);
      one[k] = malloc(bytes);
    }
    CHECK(rp_evaluate(r.g, outputs, n, params, NULL, (rp_random_key){1, 1, 0}, want, &status) == RP_OK);
    for (int isa = RP_ISA_PORTABLE; isa <= (int) rp_isa_best(); isa++) {
      int same = 1;
      for (int lanes = 1; lanes <= 8; lanes *= 2) {
        const double error = run_program(r.g, outputs, n, (rp_isa) isa, lanes, want, one, &same);
        if (!(error <= worst)) worst = error;
        CHECK(error <= 1e-12);
      }
      CHECK(same);
    }
    for (int k = 0; k < n; k++) {
      free(want[k]);
      free(one[k]);
    }
    rp_graph_free(r.g);
  }
  printf("worst program error %.2g\n", worst);
}

int main(void) {
  test_gradients();
  test_second_derivatives();
  test_copies();
  test_programs();
  return check_done("random_graph");
}
