#include "transform.h"

#include "../bij/events.h"

int rp_bijector_of_events(const rp_bijector *b) { return b->domain_dim > 0 || b->codomain_dim > 0; }

int64_t rp_transform_size_after(const rp_transform *t, int64_t size) {
  int64_t (*after)(int64_t) = t->inverted ? t->bijector->domain_size : t->bijector->codomain_size;
  return after && t->count == 0 ? after(size) : size;
}

/* The events with the numbers that the transform acts on replaced by others. */
static rp_node_id with_part(rp_graph *g, const rp_transform *t, rp_node_id x, rp_node_id part, int64_t n_events,
                            int64_t size) {
  int64_t end = t->first + t->count;
  rp_node_id before = t->first > 0 ? rp_event_part(g, x, n_events, size, 0, t->first) : RP_NONE;
  rp_node_id out = t->first > 0 ? rp_event_join(g, before, t->first, part, t->count, n_events) : part;
  if (end == size) return rp_broadcast(g, out, n_events * size);
  return rp_event_join(g, out, end, rp_event_part(g, x, n_events, size, end, size - end), size - end, n_events);
}

static rp_node_id step(rp_graph *g, const rp_transform *t, rp_node_id x, int64_t n_events, int64_t size, int back) {
  int64_t codomain = t->inverted ? size : rp_transform_size_after(t, size);
  rp_node_id (*map)(rp_graph *, rp_node_id, const rp_node_id *, int64_t, int64_t) =
      t->inverted != back ? t->bijector->inverse : t->bijector->forward;
  if (t->count == 0) return map(g, x, t->arguments, n_events, codomain);
  x = rp_broadcast(g, x, n_events * size);
  rp_node_id part = rp_event_part(g, x, n_events, size, t->first, t->count);
  return with_part(g, t, x, map(g, part, t->arguments, n_events, t->count), n_events, size);
}

rp_node_id rp_transform_forward(rp_graph *g, const rp_transform *t, rp_node_id u, int64_t n_events, int64_t size) {
  return step(g, t, u, n_events, size, 0);
}

rp_node_id rp_transform_back(rp_graph *g, const rp_transform *t, rp_node_id x, int64_t n_events, int64_t size) {
  return step(g, t, x, n_events, size, 1);
}

rp_node_id rp_transform_log_jacobian(rp_graph *g, const rp_transform *t, rp_node_id u, rp_node_id x, int64_t n_events,
                                int64_t size) {
  int64_t codomain = t->inverted ? size : rp_transform_size_after(t, size);
  if (t->count > 0) {
    u = rp_event_part(g, rp_broadcast(g, u, n_events * size), n_events, size, t->first, t->count);
    x = rp_event_part(g, rp_broadcast(g, x, n_events * size), n_events, size, t->first, t->count);
    codomain = t->count;
  }
  rp_node_id term = rp_transform_own_jacobian(g, t, t->inverted ? x : u, t->inverted ? u : x, n_events, codomain);
  return t->inverted ? rp_neg(g, term) : term;
}

rp_node_id rp_transform_element_jacobian(rp_graph *g, const rp_transform *t, rp_node_id u, rp_node_id x, int64_t n) {
  rp_node_id each = t->bijector->log_jacobian(g, t->inverted ? x : u, t->inverted ? u : x, t->arguments, n, 1);
  return t->inverted ? rp_neg(g, each) : each;
}

rp_node_id rp_transform_own_jacobian(rp_graph *g, const rp_transform *t, rp_node_id u, rp_node_id x, int64_t n_events,
                                     int64_t size) {
  if (t->bijector->domain_dim > 0 || t->bijector->codomain_dim > 0 || size == 1)
    return t->bijector->log_jacobian(g, u, x, t->arguments, n_events, size);
  rp_node_id each = t->bijector->log_jacobian(g, u, x, t->arguments, n_events * size, 1);
  return rp_event_sum(g, each, n_events, size);
}
