/* Constructors of leaves and of random draws. */
#include <stdlib.h>

#include "construct.h"

static rp_node_id leaf(rp_graph *g, rp_op op, int64_t attribute, int64_t n) {
  if (attribute < 0 || n < 0) {
    rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "a %s of length %lld at position %lld", rp_op_name(op),
            (long long) n,
            (long long) attribute);
    return RP_NONE;
  }
  return rp_intern(g, &(rp_node){.op = op, .n = n, .attribute = {attribute}});
}

rp_node_id rp_const(rp_graph *g, double value) {
  return rp_intern(g, &(rp_node){.op = RP_OP_CONST, .n = 1, .value = value});
}

rp_node_id rp_data(rp_graph *g, const double *values, int64_t n) {
  if (n == 1) return rp_const(g, values[0]);
  if (n < 0 || (n > 0 && values == NULL)) {
    rp_fail(rp_graph_status(g), RP_BAD_SHAPE, NULL, "%lld data values", (long long) n);
    return RP_NONE;
  }
  return rp_intern(g, &(rp_node){.op = RP_OP_CONST, .n = n, .data = values});
}

rp_node_id rp_param(rp_graph *g, int64_t offset, int64_t n) { return leaf(g, RP_OP_PARAM, offset, n); }
rp_node_id rp_input(rp_graph *g, int64_t offset, int64_t n) { return leaf(g, RP_OP_INPUT, offset, n); }
rp_node_id rp_site(rp_graph *g, int64_t site, int64_t n) { return leaf(g, RP_OP_SITE, site, n); }
rp_node_id rp_carry(rp_graph *g, int32_t k) { return leaf(g, RP_OP_CARRY, k, 1); }
rp_node_id rp_step(rp_graph *g, int32_t k) { return leaf(g, RP_OP_STEP, k, 1); }
rp_node_id rp_invariant(rp_graph *g, int32_t k) { return leaf(g, RP_OP_INVARIANT, k, 1); }

rp_node_id rp_random_node(rp_graph *g, rp_sampler sampler, uint32_t stream, const rp_node_id *arguments,
                          const int64_t *widths, int32_t n_arguments, int64_t n_events, int64_t event_size) {
  rp_status *status = rp_graph_status(g);
  int32_t width[16];
  if (n_arguments < 0 || n_arguments > 16 || n_events < 0 || event_size < 1 ||
      (n_events > 0 && event_size > INT32_MAX / n_events)) {
    rp_fail(status, RP_BAD_SHAPE, NULL, "a random draw of %lld events of %lld numbers with %d arguments",
            (long long) n_events,
            (long long) event_size, (int) n_arguments);
    return RP_NONE;
  }
  for (int32_t k = 0; k < n_arguments; k++) {
    if (arguments[k] == RP_NONE) return RP_NONE;
    int64_t length = rp_length(g, arguments[k]);
    if (widths[k] < 1 || widths[k] > INT32_MAX || (length != widths[k] && length / widths[k] != n_events) ||
        length % widths[k] != 0) {
      rp_fail(status, RP_BAD_SHAPE, NULL, "argument %d of a random draw has length %lld, not %lld or %lld times that",
              (int) k + 1,
              (long long) length, (long long) widths[k], (long long) n_events);
      return RP_NONE;
    }
    width[k] = (int32_t) widths[k];
  }
  return rp_intern(g, &(rp_node){.op = RP_OP_RANDOM, .n = n_events * event_size, .in = arguments, .n_in = n_arguments,
                                 .index = width, .n_index = n_arguments, .sampler = sampler,
                                 .attribute = {stream, n_events, event_size}});
}
