/* Adjoints of scans.  The adjoint of any scan is affine in the adjoint: with J[t] the Jacobian of step t and s[t] the
 * adjoint that comes from outside for the states after t steps,
 *   lambda[n] = s[n],  lambda[t] = J[t]' lambda[t + 1] + s[t],
 * an affine scan that runs the other way. J and what the sequences and invariants get are elementwise in t: the body
 * is differentiated as a graph of scalars, and the derivative is instantiated over whole sequences. */
#include <stdlib.h>

#include "adjoint.h"
#include "construct.h"
#include "scan.h"

/* Adjoint states of a scan of k states over n steps whose step Jacobian has the elements jacobian[i + j * k]
 * (d state i / d state j; RP_NONE: zero); reverse tells which way the scan itself runs.
 * Fills lambda[i] (length n: the adjoint of the result of each step) and start[i] (that of the initial value). */
static void adjoint_states(rp_graph *g, rp_node_id seed, const rp_node_id *jacobian, int64_t n, int32_t k, int reverse,
                           rp_node_id *lambda, rp_node_id *start) {
  rp_node_id *transposed = calloc((size_t) k * (size_t) k + 3 * (size_t) k, sizeof *transposed);
  if (transposed == NULL) {
    rp_fail_memory(rp_graph_status(g), "the adjoint of a scan");
    return;
  }
  rp_node_id *last = transposed + k * k, *outside = last + k, *states = outside + k;
  for (int32_t i = 0; i < k; i++) {
    int64_t begin = i * (n + 1);
    for (int32_t j = 0; j < k; j++) transposed[j + i * k] = jacobian[i + j * k];
    last[i] = rp_slice(g, seed, reverse ? begin : begin + n, 1);
    outside[i] = rp_slice(g, seed, reverse ? begin + 1 : begin, n);
    if (rp_is_value(g, outside[i], 0)) outside[i] = RP_NONE;
  }
  if (rp_affine_states(g, last, transposed, outside, n, k, !reverse, states) == RP_OK) {
    for (int32_t i = 0; i < k; i++) {
      lambda[i] = rp_slice(g, states[i], reverse ? 0 : 1, n);
      start[i] = rp_slice(g, states[i], reverse ? n : 0, 1);
    }
  }
  free(transposed);
}

/* What an input that is a sequence, or a scalar used at each of the n steps, gets. */
static void accumulate_steps(rp_reverse *r, rp_node_id input, rp_node_id per_step, int64_t n) {
  rp_graph *g = rp_reverse_graph(r);
  if (per_step == RP_NONE) return;
  rp_accumulate(r, input, rp_length(g, input) == 1 ? rp_sum_n(g, per_step, n) : per_step);
}

void adjoint_AFFINE_SCAN(rp_reverse *r, rp_node_id id, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  const rp_node *scan = rp_graph_node(g, id);
  int64_t n = scan->attribute[0];
  int32_t k = (int32_t) scan->attribute[1];
  int reverse = scan->attribute[2] != 0;
  const rp_node_id *initial = scan->in, *a = scan->in + k, *b = a + k * k;
  rp_node_id *jacobian = malloc(((size_t) k * (size_t) k + 2 * (size_t) k) * sizeof *jacobian);
  if (jacobian == NULL) {
    rp_fail_memory(rp_graph_status(g), "the adjoint of a scan");
    return;
  }
  rp_node_id *lambda = jacobian + k * k, *start = lambda + k;
  for (int32_t i = 0; i < k * k; i++) jacobian[i] = rp_is_value(g, a[i], 0) ? RP_NONE : a[i];
  for (int32_t i = 0; i < 2 * k; i++) lambda[i] = RP_NONE;
  adjoint_states(g, seed, jacobian, n, k, reverse, lambda, start);
  for (int32_t j = 0; j < k; j++) {
    rp_node_id before = rp_slice(g, id, j * (n + 1) + (reverse ? 1 : 0), n);
    for (int32_t i = 0; i < k; i++) {
      if (rp_wanted(r, a[i + j * k])) accumulate_steps(r, a[i + j * k], rp_mul(g, lambda[i], before), n);
    }
    accumulate_steps(r, b[j], lambda[j], n);
    rp_accumulate(r, initial[j], start[j]);
  }
  free(jacobian);
}

/* Derivatives of one step, as scalar nodes over the leaves of a copy of the body; STEP leaves from n_sequence on are
 * the adjoints of the results. */
typedef struct {
  rp_scan_body body;
  rp_node_id *jacobian; /* k * k, d next i / d carry j at i + j * k */
  rp_node_id *inputs;   /* adjoints of the sequences, then of the invariants */
} step_derivative;

static rp_code differentiate_step(step_derivative *d) {
  rp_graph *body = d->body.body;
  int32_t k = d->body.n_carry, n_inputs = d->body.n_sequence + d->body.n_invariant;
  rp_node_id *leaves = malloc(((size_t) n_inputs + 2 * (size_t) k) * sizeof *leaves);
  if (leaves == NULL) return RP_NO_MEMORY;
  rp_node_id *row = leaves + k + n_inputs, total = rp_const(body, 0);
  for (int32_t j = 0; j < k; j++) leaves[j] = rp_carry(body, j);
  for (int32_t j = 0; j < d->body.n_sequence; j++) leaves[k + j] = rp_step(body, j);
  for (int32_t j = 0; j < d->body.n_invariant; j++) leaves[k + d->body.n_sequence + j] = rp_invariant(body, j);
  rp_code code = RP_OK;
  for (int32_t i = 0; i < k && code == RP_OK; i++) {
    code = rp_gradient(body, d->body.next[i], leaves, k, row);
    for (int32_t j = 0; j < k; j++) d->jacobian[i + j * k] = rp_is_value(body, row[j], 0) ? RP_NONE : row[j];
    total = rp_add(body, total, rp_mul(body, rp_step(body, d->body.n_sequence + i), d->body.next[i]));
  }
  if (code == RP_OK) code = rp_gradient(body, total, leaves + k, n_inputs, d->inputs);
  free(leaves);
  return code;
}

/* Instantiates the derivative over the sequences of the scan and hands it to the inputs. */
static void apply_step(rp_reverse *r, rp_node_id id, rp_node_id seed, const step_derivative *d, rp_node_id *room) {
  rp_graph *g = rp_reverse_graph(r);
  const rp_node *scan = rp_graph_node(g, id);
  int64_t n = scan->attribute[0];
  int32_t k = d->body.n_carry, n_sequence = d->body.n_sequence, n_inputs = n_sequence + d->body.n_invariant;
  rp_node_id *previous = room, *sequences = previous + k, *lambda = sequences + n_sequence, *start = lambda + k,
      *jacobian = start + k;
  rp_leaves leaves = {previous, sequences, scan->in + k + n_sequence};
  rp_copier *inliner = rp_inliner_new(g, d->body.body, &leaves);
  if (inliner == NULL) {
    rp_fail_memory(rp_graph_status(g), "the adjoint of a scan");
    return;
  }
  for (int32_t j = 0; j < k; j++) previous[j] = rp_slice(g, id, j * (n + 1), n);
  for (int32_t j = 0; j < n_sequence; j++) sequences[j] = scan->in[k + j];
  for (int32_t i = 0; i < k * k; i++) {
    jacobian[i] = d->jacobian[i] == RP_NONE ? RP_NONE : rp_copier_get(inliner, d->jacobian[i]);
  }
  /* lambda follows the sequences: STEP leaves n_sequence ... */
  adjoint_states(g, seed, jacobian, n, k, 0, lambda, start);
  for (int32_t j = 0; j < k; j++) rp_accumulate(r, scan->in[j], start[j]);
  for (int32_t j = 0; j < n_inputs; j++) {
    rp_node_id input = scan->in[k + j];
    if (rp_wanted(r, input)) accumulate_steps(r, input, rp_copier_get(inliner, d->inputs[j]), n);
  }
  rp_copier_free(inliner);
}

void adjoint_SCAN(rp_reverse *r, rp_node_id id, rp_node_id seed) {
  rp_graph *g = rp_reverse_graph(r);
  rp_status *status = rp_graph_status(g);
  const rp_node *scan = rp_graph_node(g, id);
  step_derivative d = {.body = rp_scan_body_copy(scan->scan)};
  size_t k = (size_t) d.body.n_carry, n_inputs = (size_t) d.body.n_sequence + (size_t) d.body.n_invariant;
  d.jacobian = malloc(k * k * sizeof *d.jacobian);
  d.inputs = malloc((n_inputs + 1) * sizeof *d.inputs);
  rp_node_id *room = malloc((k * k + 3 * k + n_inputs) * sizeof *room);
  if (d.body.body == NULL || d.jacobian == NULL || d.inputs == NULL || room == NULL) {
    rp_fail_memory(status, "the adjoint of a scan");
  } else if (differentiate_step(&d) != RP_OK) {
    const rp_status *inner = rp_graph_status(d.body.body);
    rp_fail(status, inner->code == RP_OK ? RP_NO_MEMORY : inner->code, NULL, "%s", inner->message);
  } else {
    for (size_t i = 0; i < k * k + 3 * k + n_inputs; i++) room[i] = RP_NONE;
    apply_step(r, id, seed, &d, room);
  }
  rp_scan_body_free(&d.body);
  free(d.jacobian);
  free(d.inputs);
  free(room);
}
