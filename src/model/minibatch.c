#include "minibatch.h"

#include <math.h>
#include <stddef.h>

static void draw_subset(rp_random *stream, const double *const *arguments, int64_t n, double *out);
static void sort(double *x, int64_t n);
static int64_t keep_distinct(double *x, int64_t n);

rp_node_id rp_minibatch(rp_graph *g, const char *plate, int64_t size, int64_t n) {
  if (n < 1 || n > size) {
    rp_fail(rp_graph_status(g), RP_BAD_ARGUMENT, NULL, "the plate `%s` of size %lld cannot have a subsample of %lld",
            plate, (long long) size, (long long) n);
    return RP_NONE;
  }
  const rp_node_id of = rp_const(g, (double) size);
  const int64_t width = 1;
  return rp_random_node(g, draw_subset, rp_random_site(plate, 0), &of, &width, 1, 1, n);
}

/* Draws until n are distinct: each that is new is uniform among those not yet drawn. */
static void draw_subset(rp_random *stream, const double *const *arguments, int64_t n, double *out) {
  const double size = arguments[0][0];
  if (size == (double) n) {
    for (int64_t i = 0; i < n; i++) out[i] = (double) (i + 1);
    return;
  }
  for (int64_t distinct = 0; distinct < n;) {
    for (int64_t i = distinct; i < n; i++) out[i] = 1 + floor(rp_random_uniform(stream) * size);
    sort(out, n);
    distinct = keep_distinct(out, n);
  }
}

/* Heap sort, in place. */
static void sort(double *x, int64_t n) {
  for (int64_t start = n / 2, end = n; end > 1;) {
    double moving;
    if (start > 0) {
      moving = x[--start];
    } else {
      moving = x[--end];
      x[end] = x[0];
    }
    int64_t at = start, child;
    while ((child = 2 * at + 1) < end) {
      if (child + 1 < end && x[child + 1] > x[child]) child++;
      if (!(x[child] > moving)) break;
      x[at] = x[child];
      at = child;
    }
    x[at] = moving;
  }
}

static int64_t keep_distinct(double *x, int64_t n) {
  int64_t kept = 0;
  for (int64_t i = 0; i < n; i++)
    if (kept == 0 || x[i] != x[kept - 1]) x[kept++] = x[i];
  return kept;
}
