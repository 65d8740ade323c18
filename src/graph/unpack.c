/* Flat columns to a graph. The columns come from a list that a user may have edited, so every number is checked
 * before it is used, and what a row says about its length is compared with what the constructor made of it. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "construct.h"
#include "ops.h"
#include "pack.h"
#include "scan.h"

/* One row while it is read. */
typedef struct {
  const rp_packed *packed;
  const rp_node_id *rows; /* of the rows before */
  rp_graph *g;
  rp_status *status;
  int32_t row;
  rp_op op;
  int64_t n;
  const int32_t *input;
  const double *number;
  int32_t n_in, n_number;
  rp_node_id *in;
} reader;

static rp_graph *unpack(const rp_packed *packed, rp_node_id *rows, rp_status *status, int is_body);

rp_graph *rp_unpack(const rp_packed *packed, rp_node_id *rows, rp_status *status) {
  return unpack(packed, rows, status, 0);
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static int wrong_row(const reader *r, const char *format, ...) { /* always 0 */
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  rp_fail(r->status, RP_BAD_SPEC, NULL, "row %d of the graph (%s): %s", (int) r->row + 1, rp_op_name(r->op), what);
  return 0;
}

/* A whole number of [0, limit), or -1. */
static int64_t whole(double x, double limit) { return x >= 0 && x < limit && x == floor(x) ? (int64_t) x : -1; }

static int read_inputs(reader *r) {
  int arity = rp_op_arity(r->op);
  if (arity >= 0 && r->n_in != arity) return wrong_row(r, "%d inputs instead of %d", (int) r->n_in, arity);
  if (arity < 0 && r->n_in < 1) return wrong_row(r, "no inputs");
  for (int32_t k = 0; k < r->n_in; k++) {
    if (r->input[k] < 1 || r->input[k] > r->row) return wrong_row(r, "input %d is not an earlier row", (int) k + 1);
    r->in[k] = r->rows[r->input[k] - 1];
  }
  return 1;
}

static int read_attributes(reader *r, rp_node *node) {
  int n_attributes = rp_op_n_attributes(r->op);
  if (r->n_number < n_attributes) return wrong_row(r, "%d numbers instead of %d", (int) r->n_number, n_attributes);
  for (int k = 0; k < n_attributes; k++) {
    node->attribute[k] = whole(r->number[k], 2147483648.0);
    if (node->attribute[k] < 0) return wrong_row(r, "number %d is not a whole number below 2^31", k + 1);
  }
  int32_t expected = n_attributes + (r->op == RP_OP_SCAN);
  if (!rp_op_has_index(r->op) && r->n_number != expected) {
    return wrong_row(r, "%d numbers instead of %d", (int) r->n_number, (int) expected);
  }
  return 1;
}

/* Positions of a GATHER or SCATTER into index; the constructor checks their range against the input. */
static int read_index(reader *r, rp_node *node, int32_t *index) {
  int64_t expected = r->op == RP_OP_GATHER ? r->n : rp_length(r->g, r->in[0]);
  if (r->n_number != expected) {
    return wrong_row(r, "%d positions instead of %lld", (int) r->n_number, (long long) expected);
  }
  for (int32_t i = 0; i < r->n_number; i++) {
    int64_t position = whole(r->number[i], 2147483648.0);
    if (position < 0) return wrong_row(r, "position %d is not a whole number below 2^31", (int) i + 1);
    index[i] = (int32_t) position;
  }
  node->index = index;
  node->n_index = r->n_number;
  return 1;
}

/* ---- scans ---- */

static int unpack_body(const reader *r, const rp_packed *packed, rp_scan_body *body) {
  *body = (rp_scan_body){.n_carry = packed->n_carry, .n_sequence = packed->n_sequence,
                         .n_invariant = packed->n_invariant};
  if (packed->n_carry < 1 || packed->n_sequence < 0 || packed->n_invariant < 0 || packed->next == NULL ||
      packed->n_rows < 1) {
    return wrong_row(r, "its body is incomplete");
  }
  rp_node_id *rows = malloc((size_t) packed->n_rows * sizeof *rows);
  body->next = malloc((size_t) packed->n_carry * sizeof *body->next);
  int ok = rows != NULL && body->next != NULL;
  if (!ok) rp_fail_memory(r->status, "a scan");
  if (ok) body->body = unpack(packed, rows, r->status, 1);
  ok = ok && body->body != NULL;
  for (int32_t k = 0; ok && k < packed->n_carry; k++) {
    ok = packed->next[k] >= 1 && packed->next[k] <= packed->n_rows;
    if (ok) body->next[k] = rows[packed->next[k] - 1];
    else wrong_row(r, "next value %d of its body is not a row", (int) k + 1);
  }
  free(rows);
  if (!ok) rp_scan_body_free(body);
  return ok;
}

static rp_node_id make_scan(const reader *r, const rp_node *node) {
  int64_t n = node->attribute[0], k = node->attribute[1], position = whole(r->number[2], 2147483648.0);
  rp_scan_body body;
  if (position < 1 || position > r->packed->n_bodies || r->packed->bodies == NULL) {
    wrong_row(r, "it has no body");
    return RP_NONE;
  }
  const rp_packed *packed = &r->packed->bodies[position - 1];
  if (k != packed->n_carry || r->n != k * (n + 1)) {
    wrong_row(r, "its body has %d carries", (int) packed->n_carry);
    return RP_NONE;
  }
  if (!unpack_body(r, packed, &body)) return RP_NONE;
  if ((int64_t) r->n_in != k + body.n_sequence + (int64_t) body.n_invariant) {
    int64_t expected = k + body.n_sequence + (int64_t) body.n_invariant;
    wrong_row(r, "%d inputs instead of %lld", (int) r->n_in, (long long) expected);
    rp_scan_body_free(&body);
    return RP_NONE;
  }
  rp_node_id *states = malloc((size_t) k * sizeof *states), id = RP_NONE;
  if (states == NULL) {
    rp_fail_memory(r->status, "a scan");
    rp_scan_body_free(&body);
  } else if (rp_scan(r->g, body, r->in, r->in + k, r->in + k + packed->n_sequence, n, states) == RP_OK) {
    id = rp_concat(r->g, states, (int32_t) k);
  }
  free(states);
  return id;
}

static int affine_fits(const reader *r, const rp_node *node) {
  int64_t n = node->attribute[0], k = node->attribute[1];
  if (n < 1 || k < 1 || k > 1 << 14 || (int64_t) r->n_in != k * k + 2 * k || r->n != k * (n + 1)) {
    return wrong_row(r, "its dimensions do not fit");
  }
  for (int64_t i = 0; i < r->n_in; i++) {
    int64_t length = rp_length(r->g, r->in[i]);
    if (length != 1 && (i < k || length != n)) {
      return wrong_row(r, "input %lld has length %lld", (long long) i + 1, (long long) length);
    }
  }
  return 1;
}

/* ---- rows ---- */

static rp_node_id make_row(reader *r, int32_t *index) {
  rp_node node = {.op = r->op, .n = r->n, .n_in = r->n_in, .in = r->in};
  if (!read_inputs(r)) return RP_NONE;
  if (r->op == RP_OP_CONST) {
    if (r->n_number == r->n) return rp_data(r->g, r->number, r->n);
    wrong_row(r, "%d values instead of %lld", (int) r->n_number, (long long) r->n);
    return RP_NONE;
  }
  if (!read_attributes(r, &node) || (rp_op_has_index(r->op) && !read_index(r, &node, index))) return RP_NONE;
  if (r->op == RP_OP_SCAN) return make_scan(r, &node);
  if (r->op == RP_OP_AFFINE_SCAN && !affine_fits(r, &node)) return RP_NONE;
  return rp_rebuild(r->g, &node, r->in);
}

static rp_node_id unpack_row(reader *r, int32_t *index, int is_body) {
  const rp_packed *p = r->packed;
  int32_t first_input = r->row == 0 ? 0 : p->input_end[r->row - 1];
  int32_t first_number = r->row == 0 ? 0 : p->number_end[r->row - 1];
  r->op = p->op[r->row] == NULL ? RP_OP_COUNT : rp_op_from_name(p->op[r->row]);
  if (r->op == RP_OP_COUNT || r->op == RP_OP_RANDOM || (rp_op_is_body_leaf(r->op) && !is_body)) {
    rp_fail(r->status, RP_BAD_SPEC, NULL, "row %d of the graph: there is no operation '%.40s' here", (int) r->row + 1,
            p->op[r->row] == NULL ? "" : p->op[r->row]);
    return RP_NONE;
  }
  r->n = whole(p->n[r->row], 2147483648.0);
  r->input = p->input + first_input;
  r->n_in = p->input_end[r->row] - first_input;
  r->number = p->number + first_number;
  r->n_number = p->number_end[r->row] - first_number;
  rp_node_id id = RP_NONE;
  if (r->n < 0) wrong_row(r, "its length is not a whole number below 2^31");
  else id = make_row(r, index);
  const rp_status *built = rp_graph_status(r->g);
  if (built->code != RP_OK && r->status->code == RP_OK) {
    if (built->code == RP_NO_MEMORY) rp_fail_memory(r->status, "a graph");
    else wrong_row(r, "%s", built->message);
  }
  if (r->status->code == RP_OK && id == RP_NONE) wrong_row(r, "it cannot be built");
  if (r->status->code == RP_OK && rp_length(r->g, id) != r->n) {
    wrong_row(r, "its length is %lld, not %lld", (long long) rp_length(r->g, id), (long long) r->n);
  }
  return r->status->code == RP_OK ? id : RP_NONE;
}

/* Room for the inputs and the positions of the largest row. */
static int largest_row(const rp_packed *p, int32_t *n_in, int32_t *n_number) {
  *n_in = *n_number = 0;
  for (int32_t row = 0; row < p->n_rows; row++) {
    int32_t first_input = row == 0 ? 0 : p->input_end[row - 1], first_number = row == 0 ? 0 : p->number_end[row - 1];
    if (p->input_end[row] < first_input || p->number_end[row] < first_number) return 0;
    if (p->input_end[row] - first_input > *n_in) *n_in = p->input_end[row] - first_input;
    if (p->number_end[row] - first_number > *n_number) *n_number = p->number_end[row] - first_number;
  }
  return 1;
}

static rp_graph *unpack(const rp_packed *packed, rp_node_id *rows, rp_status *status, int is_body) {
  int32_t n_in, n_number;
  if (packed->n_rows < 0 || (packed->n_rows > 0 && !largest_row(packed, &n_in, &n_number))) {
    rp_fail(status, RP_BAD_SPEC, NULL, "the graph's columns do not fit together");
    return NULL;
  }
  if (packed->n_rows == 0) n_in = n_number = 0;
  reader r = {.packed = packed, .rows = rows, .g = rp_graph_new(), .status = status};
  int32_t *index = malloc(((size_t) n_number + 1) * sizeof *index);
  r.in = malloc(((size_t) n_in + 1) * sizeof *r.in);
  int ok = r.g != NULL && r.in != NULL && index != NULL && status->code == RP_OK;
  if (!ok) rp_fail_memory(status, "a graph");
  for (r.row = 0; ok && r.row < packed->n_rows; r.row++) {
    rows[r.row] = unpack_row(&r, index, is_body);
    ok = rows[r.row] != RP_NONE;
  }
  free(r.in);
  free(index);
  if (ok) return r.g;
  rp_graph_free(r.g);
  return NULL;
}
