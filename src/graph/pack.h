/* A graph as flat columns, the form in which it lies in a spec (plain R vectors) and crosses into C.
 *
 * Row i: op[i], n[i]; its inputs are input[input_end[i-1] .. input_end[i]) (one-based rows, smaller than i + 1); its
 * numbers are number[number_end[i-1] .. number_end[i]): the values of a CONST, otherwise the attributes in the order
 * of ops.def followed by the index vector (zero-based). A SCAN's last number is the one-based position of its body in
 * bodies; a body's carries, sequences and invariants are counted by n_carry, n_sequence, n_invariant and next lists
 * its rows (one-based). */
#ifndef RP_GRAPH_PACK_H
#define RP_GRAPH_PACK_H

#include "graph.h"

typedef struct rp_packed rp_packed;
struct rp_packed {
  int32_t n_rows;
  const char **op; /* static strings when packed; borrowed when unpacking */
  double *n;
  int32_t *input, *input_end;
  double *number;
  int32_t *number_end; /* int32: at most 2^31 - 1 numbers in all */
  int32_t n_bodies;
  rp_packed *bodies;
  int32_t n_carry, n_sequence, n_invariant; /* of a body */
  int32_t *next;
};

/* Packs every node. The result is freed with rp_packed_free. */
rp_packed *rp_pack(const rp_graph *g, rp_status *status);
/* Checks everything and rebuilds; row i becomes node rows[i] of the new graph (rows has n_rows places). NULL: status
 * says which row is wrong and how. No packed input, however broken, crashes it. */
rp_graph *rp_unpack(const rp_packed *packed, rp_node_id *rows, rp_status *status);
void rp_packed_free(rp_packed *packed);

#endif
