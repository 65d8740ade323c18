/* Random graphs over all operations: gradients against central differences, copies, packed forms and rolled graphs
 * against the graph itself. */
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

int main(void) {
  test_gradients();
  test_second_derivatives();
  test_copies();
  return check_done("random_graph");
}
