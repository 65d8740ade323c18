/* A guide that the user wrote as a model: its two graphs are copied into that of the ELBO, with the guide's parameters
 * in the place of their PARAM leaves. */
#include <string.h>

#include "../graph/shorthand.h"
#include "guide.h"

typedef struct {
  rp_node_id values;   /* parameters, then (for the density) the draw */
  const int32_t *leaf; /* NULL: leaves are parameters */
} leaves;

static int64_t n_parameters(const rp_guide_block *block) { return block->model->n_parameters; }

static int64_t n_noise(const rp_guide_block *block) {
  (void) block;
  return 0;
}

/* The model's own starting values; the centre is not asked for. */
static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  (void) centre;
  (void) stream;
  const size_t n = (size_t) n_parameters(block);
  if (n > 0) memcpy(parameters, block->model->start, n * sizeof *parameters);
}

static rp_node_id replace(void *context, rp_graph *to, const rp_node *node) {
  const leaves *l = context;
  if (node->op != RP_OP_PARAM) return RP_NONE;
  return l->leaf ? rp_gather(to, l->values, l->leaf + node->attribute[0], node->n)
                 : rp_slice(to, l->values, node->attribute[0], node->n);
}

static rp_node_id copy(rp_graph *g, const rp_graph *from, rp_node_id root, leaves *l) {
  rp_copier *copier = rp_copier_new(from, g, replace, l);
  if (!copier) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return RP_NONE;
  }
  rp_node_id node = rp_copier_get(copier, root);
  rp_copier_free(copier);
  return node;
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  (void) noise;
  leaves l = {.values = parameters};
  return copy(g, block->model->draw_graph, block->model->draw, &l);
}

static rp_node_id log_density(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  const rp_node_id both[2] = {parameters, z};
  const int none = n_parameters(block) == 0;
  leaves l = {.values = rp_concat(g, both + none, 2 - none), .leaf = block->model->leaf};
  return copy(g, block->model->density_graph, block->model->log_density, &l);
}

const rp_guide rp_guide_model_kind = {.name = "model",
                                      .n_parameters = n_parameters,
                                      .n_noise = n_noise,
                                      .start = start,
                                      .draw = draw,
                                      .log_density = log_density};
