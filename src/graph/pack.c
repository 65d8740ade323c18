/* A graph as flat columns. */
#include "pack.h"

#include <stdlib.h>
#include <string.h>

#include "construct.h"
#include "ops.h"

static int64_t count_numbers(const rp_node *node) {
  if (node->op == RP_OP_CONST) return node->n;
  return rp_op_n_attributes(node->op) + (rp_op_has_index(node->op) ? node->n_index : 0) + (node->op == RP_OP_SCAN);
}

/* Allocates the columns of a graph; 0 when there is no memory or it is too large. */
static int allocate(rp_packed *p, const rp_graph *g) {
  size_t n = (size_t) rp_graph_size(g);
  int64_t n_inputs = 0, n_numbers = 0, n_bodies = 0;
  for (rp_node_id id = 0; id < rp_graph_size(g); id++) {
    const rp_node *node = rp_graph_node(g, id);
    n_inputs += node->n_in;
    n_numbers += count_numbers(node);
    n_bodies += node->op == RP_OP_SCAN;
  }
  if (n_inputs > INT32_MAX || n_numbers > INT32_MAX) return 0;
  p->n_rows = rp_graph_size(g);
  p->op = calloc(n + 1, sizeof *p->op);
  p->n = calloc(n + 1, sizeof *p->n);
  p->input = calloc((size_t) n_inputs + 1, sizeof *p->input);
  p->input_end = calloc(n + 1, sizeof *p->input_end);
  p->number = calloc((size_t) n_numbers + 1, sizeof *p->number);
  p->number_end = calloc(n + 1, sizeof *p->number_end);
  p->bodies = calloc((size_t) n_bodies + 1, sizeof *p->bodies);
  return p->op != NULL && p->n != NULL && p->input != NULL && p->input_end != NULL && p->number != NULL &&
         p->number_end != NULL && p->bodies != NULL;
}

static void pack_numbers(double *to, const rp_node *node, int32_t n_bodies) {
  if (node->op == RP_OP_CONST) {
    if (node->n > 0) memcpy(to, rp_const_values(node), (size_t) node->n * sizeof *to);
    return;
  }
  for (int k = 0; k < rp_op_n_attributes(node->op); k++) *to++ = (double) node->attribute[k];
  for (int64_t i = 0; rp_op_has_index(node->op) && i < node->n_index; i++) *to++ = node->index[i];
  if (node->op == RP_OP_SCAN) *to = n_bodies;
}

static rp_code pack_into(rp_packed *p, const rp_graph *g, rp_status *status);

static rp_code pack_body(rp_packed *p, const rp_scan_body *body, rp_status *status) {
  p->n_carry = body->n_carry;
  p->n_sequence = body->n_sequence;
  p->n_invariant = body->n_invariant;
  p->next = malloc(((size_t) body->n_carry + 1) * sizeof *p->next);
  if (p->next == NULL) return rp_fail_memory(status, "a packed scan");
  for (int32_t k = 0; k < body->n_carry; k++) p->next[k] = body->next[k] + 1;
  return pack_into(p, body->body, status);
}

static rp_code pack_into(rp_packed *p, const rp_graph *g, rp_status *status) {
  if (!allocate(p, g)) return rp_fail_memory(status, "a packed graph");
  int32_t n_inputs = 0, n_numbers = 0;
  for (rp_node_id id = 0; id < rp_graph_size(g); id++) {
    const rp_node *node = rp_graph_node(g, id);
    if (node->op == RP_OP_RANDOM) {
      return rp_fail(status, RP_UNSUPPORTED, NULL, "a graph with random draws cannot be packed");
    }
    p->op[id] = rp_op_name(node->op);
    p->n[id] = (double) node->n;
    for (int32_t k = 0; k < node->n_in; k++) p->input[n_inputs++] = node->in[k] + 1;
    p->input_end[id] = n_inputs;
    if (node->op == RP_OP_SCAN) {
      rp_packed *body = &p->bodies[p->n_bodies++];
      if (pack_body(body, node->scan, status) != RP_OK) return status->code;
    }
    pack_numbers(p->number + n_numbers, node, p->n_bodies);
    n_numbers += (int32_t) count_numbers(node);
    p->number_end[id] = n_numbers;
  }
  return RP_OK;
}

static void free_columns(rp_packed *p) {
  for (int32_t k = 0; k < p->n_bodies; k++) free_columns(&p->bodies[k]);
  free(p->op);
  free(p->n);
  free(p->input);
  free(p->input_end);
  free(p->number);
  free(p->number_end);
  free(p->bodies);
  free(p->next);
}

rp_packed *rp_pack(const rp_graph *g, rp_status *status) {
  rp_packed *p = calloc(1, sizeof *p);
  if (p == NULL) {
    rp_fail_memory(status, "a packed graph");
    return NULL;
  }
  if (pack_into(p, g, status) == RP_OK) return p;
  rp_packed_free(p);
  return NULL;
}

void rp_packed_free(rp_packed *packed) {
  if (packed == NULL) return;
  free_columns(packed);
  free(packed);
}
