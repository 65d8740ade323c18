/* Values at many random keys are the same, bit for bit, for any number of lanes, and those of the plain program. */
#include <stdlib.h>

#include "../../src/core/random_normals.h"
#include "../../src/graph/shorthand.h"
#include "../../src/infer/values.h"
#include "check.h"

enum { N = 37, SIZE = 5 }; /* N: full lanes and some left over */

static void normals(rp_random *stream, const double *const *arguments, int64_t n, double *out) {
  (void) arguments;
  rp_random_normals(stream, n, out);
}

/* z = location + scale noise and a sum over data, a running sum and special functions of it */
static void build(rp_graph *g, rp_node_id outputs[2]) {
  double data[301];
  for (int i = 0; i < 301; i++) data[i] = sin(i);
  rp_node_id noise = rp_random_node(g, normals, 7, NULL, NULL, 0, 1, SIZE);
  rp_node_id z = rp_add(g, rp_param(g, 0, SIZE), rp_mul(g, rp_exp(g, rp_param(g, SIZE, SIZE)), noise));
  rp_node_id x = rp_data(g, data, 301), miss = rp_sub(g, x, rp_mul(g, rp_slice(g, z, 0, 1), x));
  rp_node_id value = rp_times(g, -0.5, rp_sum(g, rp_square(g, miss)));
  value = rp_add(g, value, rp_sum(g, rp_log1p_exp(g, z)));
  value = rp_add(g, value, rp_sum(g, rp_cumsum(g, rp_unary(g, RP_OP_TANH, rp_mul(g, z, rp_input(g, 0, SIZE))))));
  outputs[0] = z;
  outputs[1] = value;
}

static void test_lanes(rp_isa isa) {
  rp_status status;
  rp_status_clear(&status);
  rp_graph *g = rp_graph_new();
  rp_node_id outputs[2];
  build(g, outputs);
  double params[2 * SIZE], inputs[SIZE], plain[N * SIZE], values[N], z[N * SIZE], other[N];
  for (int i = 0; i < 2 * SIZE; i++) params[i] = 0.1 * i - 0.4;
  for (int i = 0; i < SIZE; i++) inputs[i] = 1 + i;
  rp_program *program = rp_program_new(g, outputs, 2, isa, 1, &status);
  rp_work *work = rp_work_new(program, &status);
  for (int i = 0; i < N; i++) {
    const rp_random_key key = {11, 3, (uint64_t) (100 + i)};
    rp_program_run(program, work, params, inputs, &key);
    memcpy(plain + i * SIZE, rp_work_output(work, 0), SIZE * sizeof(double));
    values[i] = rp_work_output(work, 1)[0];
  }
  for (int32_t lanes = 0; lanes <= 8; lanes = lanes ? 2 * lanes : 1) {
    rp_values *v = rp_values_new(g, outputs, 2, isa, lanes, &status);
    CHECK_TEXT(status.message, "");
    double *const out[2] = {z, other};
    memset(z, 0, sizeof z);
    memset(other, 0, sizeof other);
    rp_values_run(v, params, inputs, (rp_random_key){11, 3, 100}, N, out);
    CHECK(memcmp(z, plain, sizeof z) == 0);
    CHECK(memcmp(other, values, sizeof other) == 0);
    rp_values_free(v);
  }
  rp_work_free(work);
  rp_program_free(program);
  rp_graph_free(g);
}

int main(void) {
  for (int isa = RP_ISA_PORTABLE; isa <= (int) rp_isa_best(); isa++) test_lanes((rp_isa) isa);
  return check_done("values");
}
