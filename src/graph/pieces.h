/* Contributions to parts of arrays, collected per array and put together at once. */
#ifndef RP_GRAPH_PIECES_H
#define RP_GRAPH_PIECES_H

#include "graph.h"

typedef struct {
  int64_t offset, n;
  rp_node_id value; /* of length n, or a scalar that stands for each of the n */
} rp_piece;

typedef struct {
  rp_piece *piece;
  int32_t *next;  /* the piece added before to the same array, -1: none */
  int32_t *last;  /* per array: the piece added last */
  int32_t n_arrays, n, room;
} rp_pieces;

int rp_pieces_open(rp_pieces *pieces, int32_t n_arrays); /* 0: no memory */
void rp_pieces_close(rp_pieces *pieces);
int rp_pieces_add(rp_pieces *pieces, int32_t array, rp_piece piece); /* 0: no memory */
/* The sum of an array's pieces as a node of g of length n, zero elsewhere, and forgets them; RP_NONE: there are none.
 * */
rp_node_id rp_pieces_join(rp_pieces *pieces, rp_graph *g, int32_t array, int64_t n);

#endif
