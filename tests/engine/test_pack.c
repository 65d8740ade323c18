/* Packing: a graph survives the round trip; broken columns give errors, never a crash. */
#include "../../src/graph/pack.h"
#include "graph_check.h"

enum { STEPS = 6 };

/* A graph with most kinds of rows, and its output. */
static rp_node_id build(rp_graph *g) {
  rp_graph *b = rp_graph_new();
  rp_node_id s = rp_carry(b, 0), i = rp_carry(b, 1);
  rp_scan_body body = {b, 2, 1, 1, malloc(2 * sizeof(rp_node_id))};
  body.next[0] = rp_sub(b, s, rp_mul(b, rp_invariant(b, 0), rp_mul(b, s, i)));
  body.next[1] = rp_add(b, rp_mul(b, rp_const(b, 0.5), i), rp_mul(b, rp_step(b, 0), s));
  rp_node_id initial[2] = {rp_param(g, 0, 1), rp_const(g, 0.25)}, states[2];
  rp_node_id sequence = rp_param(g, 1, STEPS), rate = rp_exp(g, rp_param(g, 0, 1));
  CHECK(rp_scan(g, body, initial, &sequence, &rate, STEPS, states) == RP_OK);
  double weights[STEPS + 1] = {1, 2, 0.5, -1, 0.25, 3, -0.75};
  int32_t index[4] = {3, 1, 1, 5}, back[4] = {0, 6, 2, 2};
  rp_node_id v = rp_mul(g, rp_data(g, weights, STEPS + 1), states[0]);
  rp_node_id w = rp_scatter(g, rp_gather(g, v, index, 4), back, STEPS + 1);
  rp_node_id parts[3] = {w, rp_const(g, 2), rp_slice(g, states[1], 2, 3)};
  rp_node_id all = rp_cumsum(g, rp_concat(g, parts, 3));
  rp_node_id square = rp_matmul(g, rp_slice(g, all, 0, 9), rp_slice(g, all, 2, 9), 3, 3, 3, 0, 1);
  rp_node_id chosen = rp_select(g, rp_binary(g, RP_OP_LT, square, rp_const(g, 1)), rp_unary(g, RP_OP_SIN, square),
                                rp_const(g, 0));
  rp_node_id solved = rp_tri_solve(g, rp_add(g, square, rp_const(g, 50)), chosen, 3, 3, 1, 0);
  return rp_add(g, rp_sum(g, solved), rp_max_of(g, rp_gather_at(g, v, rp_order(g, sequence))));
}

static const double params[1 + STEPS] = {-0.4, 0.3, 0.1, 0.7, 0.2, 0.5, 0.9};

static void test_round_trip(void) {
  rp_graph *g = rp_graph_new();
  rp_node_id output = build(g);
  CHECK(rp_graph_status(g)->code == RP_OK);
  rp_status status;
  rp_status_clear(&status);
  rp_packed *packed = rp_pack(g, &status);
  CHECK(packed != NULL);
  rp_node_id *rows = malloc((size_t) packed->n_rows * sizeof *rows);
  rp_graph *again = rp_unpack(packed, rows, &status);
  if (again == NULL) printf("%s\n", status.message);
  CHECK(again != NULL);
  if (again != NULL) {
    CHECK_NEAR(scalar_of(again, rows[output], params), scalar_of(g, output, params), 0);
    rp_graph_free(again);
  }
  free(rows);
  rp_packed_free(packed);
  rp_graph_free(g);
}

static unsigned state = 12345;
static unsigned next_random(unsigned n) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % n;
}

/* One column of one row is replaced by something else. */
static void damage(rp_packed *p) {
  static const double numbers[] = {-1, 0, 1, 2, 0.5, 1e6, 4e9, 1e300, -1e300};
  static const int32_t integers[] = {-1, 0, 1, 2, 7, 1000, INT32_MAX, INT32_MIN};
  double number = next_random(12) == 0 ? NAN : numbers[next_random(9)];
  int32_t integer = integers[next_random(8)];
  if (p->n_bodies > 0 && next_random(3) == 0) {
    p = &p->bodies[next_random((unsigned) p->n_bodies)];
    switch (next_random(6)) {
    case 0: p->n_carry = integer > 2 ? 2 : integer; return; /* next has two places */
    case 1: p->n_sequence = integer; return;
    case 2: p->n_invariant = integer; return;
    case 3: p->next[next_random(2)] = integer; return;
    default: break;
    }
  }
  unsigned row = next_random((unsigned) p->n_rows);
  int32_t n_inputs = p->input_end[p->n_rows - 1], n_numbers = p->number_end[p->n_rows - 1];
  switch (next_random(6)) {
  case 0: p->op[row] = next_random(5) == 0 ? NULL : rp_op_name((rp_op) next_random(RP_OP_COUNT)); break;
  case 1: p->n[row] = number; break;
  case 2: p->input[next_random((unsigned) n_inputs)] = integer; break;
  case 3: p->number[next_random((unsigned) n_numbers)] = number; break;
  /* the decoder checks it against the length */
  case 4: p->input_end[row] = integer > n_inputs ? n_inputs : integer; break;
  default: p->number_end[row] = integer > n_numbers ? n_numbers : integer;
  }
}

static void test_damage(void) {
  int errors = 0, silent = 0;
  rp_graph *g = rp_graph_new();
  build(g);
  for (int k = 0; k < 5000; k++) {
    rp_status status;
    rp_status_clear(&status);
    rp_packed *packed = rp_pack(g, &status);
    rp_node_id *rows = malloc((size_t) packed->n_rows * sizeof *rows);
    damage(packed);
    rp_graph *again = rp_unpack(packed, rows, &status);
    if (again == NULL) {
      errors++;
      silent += status.code == RP_OK || status.message[0] == 0;
    }
    rp_graph_free(again);
    free(rows);
    rp_packed_free(packed);
  }
  CHECK(silent == 0);
  CHECK(errors > 2500); /* most damage is an error; the rest changes a number that may be anything */
  rp_graph_free(g);
}

int main(void) {
  test_round_trip();
  test_damage();
  return check_done("pack");
}
