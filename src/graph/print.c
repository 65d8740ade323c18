/* A graph as text, one line per node that the roots need. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "construct.h"
#include "ops.h"

enum { SHOWN = 6 }; /* values or positions shown of an array */

typedef struct {
  char *text;
  size_t length, room;
  int ok;
} writer;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void put(writer *w, const char *format, ...) {
  char piece[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(piece, sizeof piece, format, arguments);
  va_end(arguments);
  size_t n = strlen(piece);
  if (w->length + n + 1 > w->room) {
    size_t room = 2 * (w->length + n + 1);
    char *text = realloc(w->text, room);
    if (text == NULL) {
      w->ok = 0;
      return;
    }
    w->text = text;
    w->room = room;
  }
  memcpy(w->text + w->length, piece, n + 1);
  w->length += n;
}

static void put_values(writer *w, const rp_node *node) {
  const double *values = rp_const_values(node);
  for (int64_t i = 0; i < node->n && i < SHOWN; i++) put(w, " %.9g", values[i]);
  if (node->n > SHOWN) put(w, " ...");
}

static void put_graph(writer *w, const rp_graph *g, const uint8_t *live, const char *margin);

static void put_node(writer *w, const rp_graph *g, rp_node_id id, const char *margin) {
  const rp_node *node = rp_graph_node(g, id);
  put(w, "%s%%%d = %s", margin, (int) id, rp_op_name(node->op));
  if (node->op == RP_OP_CONST) put_values(w, node);
  for (int32_t k = 0; k < node->n_in && k < 2 * SHOWN; k++) put(w, " %%%d", (int) node->in[k]);
  if (node->n_in > 2 * SHOWN) put(w, " ...");
  int n_attributes = rp_op_n_attributes(node->op);
  for (int k = 0; k < n_attributes; k++) put(w, "%s%" PRId64, k == 0 ? " (" : ", ", node->attribute[k]);
  if (n_attributes > 0) put(w, ")");
  if (rp_op_has_index(node->op)) {
    put(w, " {");
    for (int64_t i = 0; i < node->n_index && i < SHOWN; i++) put(w, "%s%d", i == 0 ? "" : " ", (int) node->index[i]);
    put(w, node->n_index > SHOWN ? " ...}" : "}");
  }
  if (node->n != 1) put(w, " [%" PRId64 "]", node->n);
  put(w, "\n");
  if (node->scan == NULL) return;
  put_graph(w, node->scan->body, NULL, "    ");
  put(w, "    next");
  for (int32_t k = 0; k < node->scan->n_carry; k++) put(w, " %%%d", (int) node->scan->next[k]);
  put(w, "\n");
}

static void put_graph(writer *w, const rp_graph *g, const uint8_t *live, const char *margin) {
  for (rp_node_id id = 0; id < rp_graph_size(g); id++) {
    if (live == NULL || live[id]) put_node(w, g, id, margin);
  }
}

char *rp_graph_print(const rp_graph *g, const rp_node_id *roots, int32_t n_roots) {
  writer w = {.ok = 1};
  uint8_t *live = calloc((size_t) rp_graph_size(g) + 1, 1);
  if (live == NULL) return NULL;
  for (int32_t i = 0; i < n_roots; i++) {
    if (roots[i] != RP_NONE) live[roots[i]] = 1;
  }
  for (rp_node_id id = rp_graph_size(g) - 1; id >= 0; id--) {
    const rp_node *node = rp_graph_node(g, id);
    for (int32_t k = 0; live[id] && k < node->n_in; k++) live[node->in[k]] = 1;
  }
  put(&w, "%s", "");
  put_graph(&w, g, live, "");
  free(live);
  if (w.ok) return w.text;
  free(w.text);
  return NULL;
}
