#include "pieces.h"

#include <stdlib.h>
#include <string.h>

#include "construct.h"

enum { FEW_GAPS = 4 };

int rp_pieces_open(rp_pieces *pieces, int32_t n_arrays) {
  *pieces = (rp_pieces){.n_arrays = n_arrays};
  pieces->last = malloc(((size_t) n_arrays + 1) * sizeof *pieces->last);
  for (int32_t i = 0; pieces->last != NULL && i < n_arrays; i++) pieces->last[i] = -1;
  return pieces->last != NULL;
}

void rp_pieces_close(rp_pieces *pieces) {
  free(pieces->piece);
  free(pieces->next);
  free(pieces->last);
}

int rp_pieces_add(rp_pieces *pieces, int32_t array, rp_piece piece) {
  if (pieces->n == pieces->room) {
    if (pieces->room > INT32_MAX / 2) return 0;
    int32_t room = pieces->room == 0 ? 64 : 2 * pieces->room;
    rp_piece *more = realloc(pieces->piece, (size_t) room * sizeof *more);
    if (more == NULL) return 0;
    pieces->piece = more;
    int32_t *next = realloc(pieces->next, (size_t) room * sizeof *next);
    if (next == NULL) return 0;
    pieces->next = next;
    pieces->room = room;
  }
  pieces->piece[pieces->n] = piece;
  pieces->next[pieces->n] = pieces->last[array];
  pieces->last[array] = pieces->n++;
  return 1;
}

static int compare(const void *a, const void *b) {
  const rp_piece *x = a, *y = b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  if (x->n != y->n) return x->n < y->n ? -1 : 1;
  return (x->value > y->value) - (x->value < y->value);
}

/* Adds up pieces that cover the same elements (sorted); returns how many are left. */
static int32_t add_equal(rp_graph *g, rp_piece *sorted, int32_t count) {
  int32_t n = 0;
  for (int32_t i = 0; i < count; i++) {
    if (n > 0 && sorted[n - 1].offset == sorted[i].offset && sorted[n - 1].n == sorted[i].n) {
      sorted[n - 1].value = rp_add(g, sorted[n - 1].value, sorted[i].value);
    } else {
      sorted[n++] = sorted[i];
    }
  }
  return n;
}

/* Moves the pieces of one layer, none of which overlap, to the front; the others keep their order behind them. */
static int32_t first_layer(rp_piece *sorted, int32_t count, rp_piece *rest) {
  int32_t n = 0, n_rest = 0;
  int64_t end = 0;
  for (int32_t i = 0; i < count; i++) {
    if (n == 0 || sorted[i].offset >= end) {
      end = sorted[i].offset + sorted[i].n;
      sorted[n++] = sorted[i];
    } else {
      rest[n_rest++] = sorted[i];
    }
  }
  memcpy(sorted + n, rest, (size_t) n_rest * sizeof *rest);
  return n;
}

static int32_t count_gaps(const rp_piece *layer, int32_t count, int64_t n) {
  int32_t gaps = layer[count - 1].offset + layer[count - 1].n < n;
  for (int32_t i = 0; i < count; i++) {
    int64_t end = i == 0 ? 0 : layer[i - 1].offset + layer[i - 1].n;
    gaps += layer[i].offset > end;
  }
  return gaps;
}

static rp_node_id zeros(rp_graph *g, int64_t n) { return rp_broadcast(g, rp_const(g, 0), n); }

/* Pieces one after the other, with zeros between them where with_gaps. */
static rp_node_id chain(rp_graph *g, const rp_piece *layer, int32_t count, int64_t n, int with_gaps,
                        rp_node_id *parts) {
  int32_t n_parts = 0;
  int64_t end = 0;
  for (int32_t i = 0; i < count; i++) {
    if (with_gaps && layer[i].offset > end) parts[n_parts++] = zeros(g, layer[i].offset - end);
    parts[n_parts++] = rp_broadcast(g, layer[i].value, layer[i].n);
    end = layer[i].offset + layer[i].n;
  }
  if (with_gaps && end < n) parts[n_parts++] = zeros(g, n - end);
  return rp_concat(g, parts, n_parts);
}

static rp_node_id join_layer(rp_graph *g, const rp_piece *layer, int32_t count, int64_t n) {
  int32_t gaps = count_gaps(layer, count, n);
  int64_t covered = 0, at = 0;
  for (int32_t i = 0; i < count; i++) covered += layer[i].n;
  rp_node_id *parts = malloc(((size_t) count + FEW_GAPS + 1) * sizeof *parts);
  int32_t *index = gaps > FEW_GAPS ? malloc((size_t) covered * sizeof *index) : NULL;
  rp_node_id id = RP_NONE;
  if (parts == NULL || (gaps > FEW_GAPS && index == NULL)) {
    rp_fail_memory(rp_graph_status(g), "a gradient");
  } else {
    id = chain(g, layer, count, n, index == NULL, parts);
    for (int32_t i = 0; index != NULL && i < count; i++) {
      for (int64_t k = 0; k < layer[i].n; k++) index[at++] = (int32_t) (layer[i].offset + k);
    }
    if (index != NULL) id = rp_scatter(g, id, index, n);
  }
  free(parts);
  free(index);
  return id;
}

rp_node_id rp_pieces_join(rp_pieces *pieces, rp_graph *g, int32_t array, int64_t n) {
  int32_t count = 0;
  for (int32_t i = pieces->last[array]; i >= 0; i = pieces->next[i]) count++;
  if (count == 0) return RP_NONE;
  rp_piece *sorted = malloc(2 * (size_t) count * sizeof *sorted);
  if (sorted == NULL) {
    rp_fail_memory(rp_graph_status(g), "a gradient");
    return RP_NONE;
  }
  int32_t at = count;
  for (int32_t i = pieces->last[array]; i >= 0; i = pieces->next[i]) sorted[--at] = pieces->piece[i];
  pieces->last[array] = -1;
  qsort(sorted, (size_t) count, sizeof *sorted, compare);
  count = add_equal(g, sorted, count);
  rp_node_id total = RP_NONE;
  for (rp_piece *layer = sorted; count > 0;) {
    int32_t n_layer = first_layer(layer, count, sorted + count + (layer - sorted));
    rp_node_id part = join_layer(g, layer, n_layer, n);
    total = total == RP_NONE ? part : rp_add(g, total, part);
    layer += n_layer;
    count -= n_layer;
  }
  free(sorted);
  return total;
}
