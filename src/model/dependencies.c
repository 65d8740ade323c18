/* Which inferred sites depend on which in the posterior, in the order in which the model draws them.
 *
 * Sites that stand in one term of the log density are neighbours (the moral graph of the model, given its data). Going
 * through the sites from the last to the first, the earlier neighbours of each become neighbours of one another, as
 * when variables are eliminated: then the posterior is the product over sites of a density given the earlier
 * neighbours, and no smaller set of edges that the graph alone tells would do. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { BITS = 64 };

typedef struct {
  int32_t n_sites, n_words;
  uint64_t *sets; /* of sites, one per node of the graph */
} site_sets;

static int make_sets(site_sets *s, const rp_graph *g, const rp_layout *layout);
static void add_leaf(site_sets *s, uint64_t *set, const rp_node *leaf, const rp_layout *layout);
static void connect(uint8_t *depends, int32_t n, const uint64_t *set);
static void fill_in(uint8_t *depends, int32_t n);

rp_code rp_model_dependencies(const rp_run *run, const rp_layout *layout, uint8_t **depends, rp_pool *pool,
                              rp_status *status) {
  site_sets s = {0};
  *depends = rp_pool_array(pool, layout->n, (size_t) layout->n + 1);
  if (!*depends || !make_sets(&s, run->graph, layout)) {
    free(s.sets);
    return rp_fail_memory(status, "the dependencies");
  }
  for (int32_t p = 0; p < run->n_parts; p++) {
    const rp_part *part = &run->parts[p];
    if (part->term == RP_NONE || part->source == RP_SOURCE_ANCESTRAL) continue;
    connect(*depends, layout->n, s.sets + (size_t) part->term * (size_t) s.n_words);
  }
  fill_in(*depends, layout->n);
  free(s.sets);
  return RP_OK;
}

static int make_sets(site_sets *s, const rp_graph *g, const rp_layout *layout) {
  s->n_sites = layout->n;
  s->n_words = layout->n / BITS + 1;
  s->sets = calloc((size_t) rp_graph_size(g) + 1, (size_t) s->n_words * sizeof *s->sets);
  if (!s->sets) return 0;
  for (rp_node_id id = 0; id < rp_graph_size(g); id++) {
    const rp_node *node = rp_graph_node(g, id);
    uint64_t *set = s->sets + (size_t) id * (size_t) s->n_words;
    if (node->op == RP_OP_PARAM) add_leaf(s, set, node, layout);
    for (int32_t i = 0; i < node->n_in; i++)
      for (int32_t w = 0; w < s->n_words; w++)
        set[w] |= s->sets[(size_t) node->in[i] * (size_t) s->n_words + (size_t) w];
  }
  return 1;
}

static void add_leaf(site_sets *s, uint64_t *set, const rp_node *leaf, const rp_layout *layout) {
  const int64_t first = leaf->attribute[0], end = first + leaf->n;
  for (int32_t i = 0; i < s->n_sites; i++) {
    const rp_layout_site *site = &layout->sites[i];
    if (site->offset < end && first < site->offset + site->n_inferred * site->width)
      set[i / BITS] |= (uint64_t) 1 << (i % BITS);
  }
}

static int holds(const uint64_t *set, int32_t i) { return (int) (set[i / BITS] >> (i % BITS) & 1); }

/* depends[d * n + u]: site d, on u before it. */
static void connect(uint8_t *depends, int32_t n, const uint64_t *set) {
  for (int32_t d = 0; d < n; d++)
    for (int32_t u = 0; holds(set, d) && u < d; u++)
      depends[(size_t) d * (size_t) n + (size_t) u] |= (uint8_t) holds(set, u);
}

static void fill_in(uint8_t *depends, int32_t n) {
  for (int32_t last = n; last-- > 0;) {
    const uint8_t *of_last = depends + (size_t) last * (size_t) n;
    for (int32_t d = 0; d < last; d++)
      for (int32_t u = 0; of_last[d] && u < d; u++) depends[(size_t) d * (size_t) n + (size_t) u] |= of_last[u];
  }
}
