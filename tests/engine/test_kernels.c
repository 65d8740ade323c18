/* Every elementwise operation, as a program, against rp_elementwise(): scalar and vector operands, 1 to 8 lanes,
 * lengths around the register and block sizes, every instruction set of this machine, special values; and the vector
 * math against long double. */
#include <float.h>
#include <stdlib.h>

#include "../../src/exec/kernels.h"
#include "../../src/graph/evaluate.h"
#include "check.h"

#define LONGEST 513
#define MOST_LANES 8
static const int lengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 255, 256, 257, 511, 512, 513};
static const int lane_counts[] = {1, 2, 4, 8};

/* 1e-12 relative to max(1, |want|) is the contract of issue 4 for programs. */
static int is_near(double got, double want) {
  if (isnan(want)) return isnan(got);
  if (isinf(want)) return got == want;
  return fabs(got - want) <= 1e-12 * fmax(1, fabs(want));
}

static uint64_t state = 88172645463325252u;
static double uniform(double low, double high) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return low + (high - low) * ((double) (state >> 11) * 0x1p-53);
}

/* Where an operation is tested: a range per operand. */
typedef struct {
  double low[3], high[3];
} range;

static range range_of(rp_op op) {
  range any = {{-9, -9, -9}, {9, 9, 9}}, positive = {{.05, .05, .05}, {30, 30, 30}};
  range unit = {{-.99, .1, .1}, {.99, .9, .9}};
  switch (op) {
  case RP_OP_LOG: case RP_OP_SQRT: case RP_OP_LGAMMA: case RP_OP_DIGAMMA: case RP_OP_TRIGAMMA: case RP_OP_TETRAGAMMA:
  case RP_OP_PENTAGAMMA: case RP_OP_GAMMA: case RP_OP_POW: case RP_OP_GAMMA_P: case RP_OP_GAMMA_Q:
  case RP_OP_GAMMA_P_DA:
    return positive;
  case RP_OP_EXP: case RP_OP_EXPM1: case RP_OP_SIGMOID: case RP_OP_LOG1P_EXP: case RP_OP_TANH:
    return (range){{-700}, {700}};
  case RP_OP_LOG1M_EXP: return (range){{-40}, {-1e-3}};
  case RP_OP_LOG1P: return (range){{-.999}, {50}};
  case RP_OP_ACOSH: return (range){{1}, {50}};
  case RP_OP_ASIN: case RP_OP_ACOS: case RP_OP_ATANH: return unit;
  case RP_OP_QNORM: return (range){{.001}, {.999}};
  case RP_OP_BESSEL_I: case RP_OP_BESSEL_K: case RP_OP_BESSEL_J: case RP_OP_BESSEL_Y: return (range){{.5, .5}, {9, 4}};
  case RP_OP_BETA_I: case RP_OP_BETA_I_DA: case RP_OP_BETA_I_DB: case RP_OP_BETA_I_INV:
    return (range){{.05, .5, .5}, {.95, 9, 9}};
  case RP_OP_GAMMA_P_INV: return (range){{.05, .5}, {.95, 9}};
  default: return any;
  }
}

/* Operands: [operand][element * lanes + lane] for 8 lanes; fewer lanes use the first ones. */
static double values[3][LONGEST * MOST_LANES], wanted[LONGEST * MOST_LANES], params[3 * LONGEST * MOST_LANES];

static void fill_values(rp_op op) {
  const range r = range_of(op);
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < LONGEST * MOST_LANES; i++) {
      values[k][i] = uniform(r.low[k], r.high[k]);
      if (op == RP_OP_SELECT && k == 0) values[k][i] = i % 3 == 0;
      if ((op == RP_OP_NOT || op == RP_OP_EQ || op == RP_OP_NE) && i % 2) values[k][i] = i % 4;
    }
  }
}

/* Runs op over n elements; operand k is a scalar (its element 0) when bit k of scalars is set. Returns how many
 * lanes' elements are wrong. */
static int count_wrong(rp_op op, rp_isa isa, int lanes, int n, int scalars) {
  const int arity = rp_op_arity(op);
  rp_graph *g = rp_graph_new();
  rp_node_id in[3] = {RP_NONE, RP_NONE, RP_NONE};
  int64_t size[3], offset = 0;
  for (int k = 0; k < arity; k++) {
    size[k] = scalars >> k & 1 ? 1 : n;
    in[k] = rp_param(g, offset, size[k]);
    for (int64_t i = 0; i < size[k]; i++) {
      for (int lane = 0; lane < lanes; lane++) params[(offset + i) * lanes + lane] = values[k][i * MOST_LANES + lane];
    }
    offset += size[k];
  }
  rp_node_id out = arity == 1   ? rp_unary(g, op, in[0])
                   : arity == 2 ? rp_binary(g, op, in[0], in[1])
                                : rp_ternary(g, op, in[0], in[1], in[2]);
  rp_status status;
  rp_status_clear(&status);
  rp_program *program = rp_program_new(g, &out, 1, isa, lanes, &status);
  rp_work *work = program ? rp_work_new(program, &status) : NULL;
  int wrong = !work;
  if (work) {
    rp_program_run(program, work, params, NULL, NULL);
    const double *got = rp_work_output(work, 0);
    const int64_t n_out = rp_graph_node(g, out)->n;
    for (int64_t i = 0; i < n_out; i++) {
      for (int lane = 0; lane < lanes; lane++) {
        const double want = wanted[i * MOST_LANES + lane], is = got[i * lanes + lane];
        if (is_near(is, want)) continue;
        if (wrong++ == 0)
          printf("%s %s, %d lanes, n %d, element %d: %.17g, want %.17g\n", rp_isa_name(isa), rp_op_name(op), lanes, n,
                                 (int) i, is, want);
      }
    }
  }
  rp_work_free(work);
  rp_program_free(program);
  rp_graph_free(g);
  return wrong;
}

static int has_kernel(rp_op op) { return rp_kernels_portable.block[op] != NULL; }

static void test_operation(rp_op op) {
  const int arity = rp_op_arity(op);
  fill_values(op);
  int wrong = 0;
  for (int scalars = 0; scalars < 1 << arity; scalars++) {
    for (int i = 0; i < LONGEST; i++) {
      for (int lane = 0; lane < MOST_LANES; lane++) {
        double x[3];
        for (int k = 0; k < 3; k++) x[k] = values[k][(scalars >> k & 1 ? 0 : i) * MOST_LANES + lane];
        wanted[i * MOST_LANES + lane] = i > 17 && !has_kernel(op) ? 0 : rp_elementwise(op, x[0], x[1], x[2]);
      }
    }
    for (int isa = RP_ISA_PORTABLE; isa <= (int) rp_isa_best(); isa++) {
      for (int l = 0; l < 4; l++) {
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
          if (has_kernel(op) || lengths[k] == 1 || lengths[k] == 5 || lengths[k] == 17)
            wrong += count_wrong(op, (rp_isa) isa, lane_counts[l], lengths[k], scalars);
        }
      }
    }
  }
  check_result(wrong == 0, __FILE__, __LINE__, rp_op_name(op));
}

static const double special[] = {
  0.0, -0.0, 1, -1, 2, 0.5, -0.5, 8, 7.999999, 20, 170.5, 708, 709.7, 709.8, -708, -708.5, -745.13, -745.2, -746,
  1e-300, -1e-300, DBL_MIN, 4.9e-324, -4.9e-324, DBL_MAX, -DBL_MAX, 1e308, 0x1p53, 0x1p-53, -0x1p-60,
  -0.9999999999999999, 1e17, INFINITY, -INFINITY, NAN};

/* Special values, singly and in pairs, among ordinary neighbours. */
static void test_special(rp_op op) {
  const int n_special = (int) (sizeof special / sizeof *special), arity = rp_op_arity(op);
  int wrong = 0;
  fill_values(op);
  for (int round = 0; round < (arity == 1 ? 1 : n_special); round++) {
    for (int i = 0; i < n_special; i++) {
      for (int lane = 0; lane < MOST_LANES; lane++) {
        if (lane % 3 == 0) {
          values[0][i * MOST_LANES + lane] = special[i];
          values[1][i * MOST_LANES + lane] = special[(i + round) % n_special];
          values[2][i * MOST_LANES + lane] = special[(i + 2 * round + 1) % n_special];
        }
        double x[3];
        for (int k = 0; k < 3; k++) x[k] = values[k][i * MOST_LANES + lane];
        wanted[i * MOST_LANES + lane] = rp_elementwise(op, x[0], x[1], x[2]);
      }
    }
    for (int isa = RP_ISA_PORTABLE; isa <= (int) rp_isa_best(); isa++) {
      for (int l = 0; l < 4; l++) wrong += count_wrong(op, (rp_isa) isa, lane_counts[l], n_special, 0);
    }
  }
  check_result(wrong == 0, __FILE__, __LINE__, rp_op_name(op));
}

/* ---- accuracy in units in the last place ---- */

typedef long double (*exact)(long double);
static long double exact_sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double exact_softplus(long double x) { return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)); }

static void test_ulp(rp_op op, exact f, double low, double high, double bound) {
  enum { N = 4096 };
  static double x[N];
  for (int isa = RP_ISA_PORTABLE; isa <= (int) rp_isa_best(); isa++) {
    rp_graph *g = rp_graph_new();
    rp_node_id out = rp_unary(g, op, rp_param(g, 0, N));
    rp_status status;
    rp_status_clear(&status);
    rp_program *program = rp_program_new(g, &out, 1, (rp_isa) isa, 1, &status);
    rp_work *work = rp_work_new(program, &status);
    double worst = 0, at = 0;
    for (int round = 0; round < 16; round++) {
      for (int i = 0; i < N; i++) x[i] = uniform(low, high);
      rp_program_run(program, work, x, NULL, NULL);
      const double *got = rp_work_output(work, 0);
      for (int i = 0; i < N; i++) {
        const long double want = f(x[i]);
        const double ulp = fmax(nextafter(fabs((double) want), INFINITY) - fabs((double) want), 4.9e-324);
        const double error = (double) (fabsl((long double) got[i] - want) / ulp);
        if (error > worst) worst = error, at = x[i];
      }
    }
    if (worst > bound) printf("%s %s: %g ulp at %.17g\n", rp_isa_name((rp_isa) isa), rp_op_name(op), worst, at);
    CHECK(worst <= bound);
    rp_work_free(work);
    rp_program_free(program);
    rp_graph_free(g);
  }
}

int main(void) {
  for (int op = 0; op < RP_OP_COUNT; op++) {
    if (!rp_op_is_elementwise((rp_op) op)) continue;
    test_operation((rp_op) op);
    if (has_kernel((rp_op) op)) test_special((rp_op) op);
  }
  test_ulp(RP_OP_EXP, expl, -745, 709.7, 1.0);
  test_ulp(RP_OP_EXP, expl, -2, 2, 1.0);
  test_ulp(RP_OP_LOG, logl, 1e-310, 1e-307, 1.0);
  test_ulp(RP_OP_LOG, logl, .2, 3, 1.0);
  test_ulp(RP_OP_LOG, logl, 1e-3, 1e9, 1.0);
  test_ulp(RP_OP_LOG1P, log1pl, -.9, 3, 1.5);
  test_ulp(RP_OP_LOG1P, log1pl, -1e-9, 1e-9, 1.5);
  test_ulp(RP_OP_EXPM1, expm1l, -3, 3, 2.0);
  test_ulp(RP_OP_EXPM1, expm1l, -1e-9, 1e-9, 2.0);
  test_ulp(RP_OP_TANH, tanhl, -3, 3, 3.0);
  test_ulp(RP_OP_SIGMOID, exact_sigmoid, -30, 30, 3.0);
  test_ulp(RP_OP_LOG1P_EXP, exact_softplus, -30, 30, 3.0);
  return check_done("kernels");
}
