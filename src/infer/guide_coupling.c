/* Coupling flows with rational-quadratic splines (Durkan, Bekasov, Murray & Papamakarios 2019): z = location + scale
 * T(noise), T being n_flows maps, each of which leaves about half of the elements as they are and moves the others, y =
 * S(x) exp(s) + m, where S (an increasing spline on [-BOUND, BOUND], the identity beyond), s and m depend on those that
 * are left through a network. The inverse is as quick as the map.
 *
 * Which half: the first map moves the second half of the elements, the next the first; then, of the quarters, the even
 * and the odd ones; and so on, until every two elements have been in different halves. With the same halves throughout,
 * a funnel's scale could not reach the elements on its own side.
 *
 * Parameters: locations, raw scales, then the network of each flow. Its outputs, for each of the elements moved: widths
 * and heights of the spline's bins, slopes at the knots between them (events of n_bins or n_bins - 1 numbers), then all
 * shifts m and all raw log scales s. */
#include <math.h>
#include <stdlib.h>

#include "../bij/events.h"
#include "guide_network.h"

static const double BOUND = 5, SMALLEST_BIN = 1e-3;
/* Inputs of the networks are kept within the sum of these: where the elements have heavy tails, as in a funnel, a far
 * one would otherwise turn a step of a weight into another scale of everything. */
static const double INPUT_NEAR = 3.5, INPUT_FAR = 1.5;
/* Of the raw numbers of the splines. Optimizers move each weight by about their rate, whatever it is for, and the many
 * of the splines cost nats by their noise if that counts in full. */
static const double SPLINE_SHARE = 0.1;

typedef struct {
  int64_t n, halvings; /* elements of the block; how often they are halved */
  int odd;             /* which of the runs are moved, see is_moved() */
  int64_t n_kept, n_moved;
  rp_network network;
  int64_t offset;
} layer;

/* The bin in which each element lies: left end, width, lower end, height, slopes at both ends; and whether it does. */
typedef struct {
  rp_node_id left, width, bottom, height, slope_left, slope_right, inside, at;
} bin;

/* Halvings after which every element is alone in its run. */
static int64_t most_halvings(int64_t n) {
  int64_t count = 1;
  while (((int64_t) 1 << count) < n) count++;
  return count;
}

static int64_t n_flows(const rp_guide_block *block) {
  const int64_t all = 2 * most_halvings(block->n);
  return block->n_flows > 0 ? block->n_flows : all > 4 ? all : 4;
}

static int64_t n_bins(const rp_guide_block *block) { return block->n_bins > 0 ? block->n_bins : 4; }

static int is_moved(const layer *l, int64_t i) { return ((i << l->halvings) / l->n) % 2 != l->odd; }

static layer layer_without_offset(const rp_guide_block *block, int64_t k) {
  layer l = {.n = block->n, .halvings = 1 + k / 2 % most_halvings(block->n), .odd = (int) (k % 2)};
  for (int64_t i = 0; i < l.n; i++) l.n_moved += is_moved(&l, i);
  l.n_kept = l.n - l.n_moved;
  l.network = rp_network_of(block, l.n_kept, l.n_moved * (3 * n_bins(block) + 1), 0);
  return l;
}

static layer layer_of(const rp_guide_block *block, int64_t k) {
  layer l = layer_without_offset(block, k);
  l.offset = 2 * block->n;
  for (int64_t i = 0; i < k; i++) {
    layer before = layer_without_offset(block, i);
    l.offset += rp_network_n_parameters(&before.network);
  }
  return l;
}

static int64_t n_parameters(const rp_guide_block *block) { return layer_of(block, n_flows(block)).offset; }
static int64_t n_noise(const rp_guide_block *block) { return block->n; }

static void start(const rp_guide_block *block, const double *centre, rp_random *stream, double *parameters) {
  rp_guide_start_scales(block, centre, parameters);
  for (int64_t k = 0; k < n_flows(block); k++) {
    layer l = layer_of(block, k);
    rp_network_start(&l.network, stream, parameters + l.offset);
  }
}

/* ---- the spline ---- */

static int64_t next(int64_t i, int64_t size) { return i + 1 < size ? i + 1 : -1; }
static int64_t previous(int64_t i, int64_t size) { return i <= size ? i - 1 : -1; }
static int64_t same(int64_t i, int64_t size) { return i < size ? i : -1; }

/* Widths, or heights, of n splines from raw numbers: positive, 2 BOUND together. */
static rp_node_id bin_sizes(rp_graph *g, rp_node_id raw, int64_t n, int64_t bins) {
  rp_node_id top = rp_event_repeat(g, rp_event_log_sum_exp(g, raw, n, bins), n, bins);
  rp_node_id share = rp_exp(g, rp_sub(g, raw, top));
  share = rp_plus(g, rp_times(g, 1 - SMALLEST_BIN * (double) bins, share), SMALLEST_BIN);
  return rp_times(g, 2 * BOUND, share);
}

/* Slopes at the left or right ends of the bins: softplus, 1 for a raw 0, and 1 at the two outer knots. */
static rp_node_id end_slopes(rp_graph *g, rp_node_id inner, int64_t n, int64_t bins, int right) {
  double *outer = calloc((size_t) (n * bins), sizeof *outer);
  if (!outer) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return RP_NONE;
  }
  for (int64_t i = 0; i < n; i++) outer[i * bins + (right ? bins - 1 : 0)] = 1;
  rp_node_id ends = rp_data(g, outer, n * bins);
  free(outer);
  if (bins == 1) return ends;
  rp_node_id slopes = rp_log1p_exp(g, rp_plus(g, inner, log(expm1(1))));
  return rp_add(g, ends, rp_event_rearrange(g, slopes, n, bins - 1, bins, right ? same : previous, bins - 1));
}

/* by_height: x is a value of the spline. */
static bin find_bin(rp_graph *g, rp_node_id out, rp_node_id x, int64_t n, int64_t bins, int by_height) {
  out = rp_times(g, SPLINE_SHARE, out);
  rp_node_id widths = bin_sizes(g, rp_slice(g, out, 0, n * bins), n, bins);
  rp_node_id heights = bin_sizes(g, rp_slice(g, out, n * bins, n * bins), n, bins);
  rp_node_id inner = bins > 1 ? rp_slice(g, out, 2 * n * bins, n * (bins - 1)) : RP_NONE;
  rp_node_id lefts = rp_plus(g, rp_event_cumsum(g, widths, n, bins, RP_RUNNING_EXCLUSIVE), -BOUND);
  rp_node_id bottoms = rp_plus(g, rp_event_cumsum(g, heights, n, bins, RP_RUNNING_EXCLUSIVE), -BOUND);
  bin b = {.inside = rp_le(g, rp_abs(g, x), rp_const(g, BOUND))};
  b.at = rp_min2(g, rp_max2(g, x, rp_const(g, -BOUND)), rp_const(g, BOUND));
  rp_node_id repeated = rp_event_repeat(g, b.at, n, bins);
  rp_node_id reached = rp_le(g, by_height ? bottoms : lefts, repeated);
  rp_node_id here = rp_sub(g, reached, rp_event_rearrange(g, reached, n, bins, bins, next, bins));
  rp_node_id ends[2];
  for (int right = 0; right < 2; right++) ends[right] = end_slopes(g, inner, n, bins, right);
#define RP_AT(values) rp_event_sum(g, rp_mul(g, here, values), n, bins)
  b.left = RP_AT(lefts);
  b.width = RP_AT(widths);
  b.bottom = RP_AT(bottoms);
  b.height = RP_AT(heights);
  b.slope_left = RP_AT(ends[0]);
  b.slope_right = RP_AT(ends[1]);
#undef RP_AT
  return b;
}

/* Equations 4 and 5 of the paper at the share t of the bin; log_slope may be NULL. */
static rp_node_id spline_at(rp_graph *g, const bin *b, rp_node_id t, rp_node_id *log_slope) {
  rp_node_id s = rp_div(g, b->height, b->width), one_less = rp_minus_from(g, 1, t), both = rp_mul(g, t, one_less);
  rp_node_id bend = rp_sub(g, rp_add(g, b->slope_left, b->slope_right), rp_times(g, 2, s));
  rp_node_id below = rp_add(g, s, rp_mul(g, bend, both));
  if (log_slope) {
    rp_node_id above = rp_add(g, rp_mul(g, b->slope_right, rp_square(g, t)), rp_mul(g, rp_times(g, 2, s), both));
    above = rp_add(g, above, rp_mul(g, b->slope_left, rp_square(g, one_less)));
    rp_node_id log_ratio = rp_sub(g, rp_log(g, s), rp_log(g, below));
    *log_slope = rp_add(g, rp_times(g, 2, log_ratio), rp_log(g, above));
  }
  rp_node_id rise = rp_add(g, rp_mul(g, s, rp_square(g, t)), rp_mul(g, b->slope_left, both));
  return rp_add(g, b->bottom, rp_div(g, rp_mul(g, b->height, rise), below));
}

/* The share of the bin at which the spline has the value at: equations 6 to 8. */
static rp_node_id share_at(rp_graph *g, const bin *b) {
  rp_node_id s = rp_div(g, b->height, b->width), rise = rp_sub(g, b->at, b->bottom);
  rp_node_id bend = rp_sub(g, rp_add(g, b->slope_left, b->slope_right), rp_times(g, 2, s));
  rp_node_id risen = rp_mul(g, rise, bend);
  rp_node_id p = rp_add(g, rp_mul(g, b->height, rp_sub(g, s, b->slope_left)), risen);
  rp_node_id q = rp_sub(g, rp_mul(g, b->height, b->slope_left), risen), r = rp_neg(g, rp_mul(g, s, rise));
  rp_node_id root = rp_sqrt(g, rp_sub(g, rp_square(g, q), rp_times(g, 4, rp_mul(g, p, r))));
  return rp_div(g, rp_times(g, -2, r), rp_add(g, q, root));
}

/* ---- the map ---- */

static rp_node_id log_scale_of(rp_graph *g, rp_node_id raw) {
  return rp_flow_within(g, raw, RP_FLOW_LOG_SCALE_NEAR, RP_FLOW_LOG_SCALE_FAR);
}

/* The half that is moved, forwards or back; log_slope: of the map at x, one number per element. */
static rp_node_id move(rp_graph *g, const layer *l, int64_t bins, rp_node_id out, rp_node_id x, rp_node_id *log_slope) {
  const int64_t n = l->n_moved, after = n * (3 * bins - 1);
  rp_node_id shift = rp_slice(g, out, after, n);
  rp_node_id log_scale = log_scale_of(g, rp_slice(g, out, after + n, n));
  bin b = find_bin(g, out, x, n, bins, 0);
  rp_node_id t = rp_div(g, rp_sub(g, b.at, b.left), b.width);
  rp_node_id y = rp_select(g, b.inside, spline_at(g, &b, t, log_slope), x);
  *log_slope = rp_add(g, rp_select(g, b.inside, *log_slope, rp_const(g, 0)), log_scale);
  return rp_add(g, rp_mul(g, y, rp_exp(g, log_scale)), shift);
}

static rp_node_id move_back(rp_graph *g, const layer *l, int64_t bins, rp_node_id out, rp_node_id y) {
  const int64_t n = l->n_moved, after = n * (3 * bins - 1);
  rp_node_id shift = rp_slice(g, out, after, n);
  rp_node_id log_scale = log_scale_of(g, rp_slice(g, out, after + n, n));
  rp_node_id x = rp_mul(g, rp_sub(g, y, shift), rp_exp(g, rp_neg(g, log_scale)));
  bin b = find_bin(g, out, x, n, bins, 1);
  return rp_select(g, b.inside, rp_add(g, b.left, rp_mul(g, share_at(g, &b), b.width)), x);
}

/* The elements that a layer keeps or moves, or, from those and these one after the other, all in order. */
typedef enum { KEPT, MOVED, IN_ORDER } which;
static rp_node_id pick(rp_graph *g, const layer *l, rp_node_id x, which elements) {
  int32_t *index = malloc((size_t) l->n * sizeof *index + 1);
  if (!index) {
    rp_fail_memory(rp_graph_status(g), "a guide");
    return RP_NONE;
  }
  int64_t count[2] = {0, 0};
  for (int64_t i = 0; i < l->n; i++) {
    const int moved = is_moved(l, i);
    if (elements == IN_ORDER) index[i] = (int32_t) ((moved ? l->n_kept : 0) + count[moved]);
    else if (moved == (elements == MOVED)) index[count[moved]] = (int32_t) i;
    count[moved]++;
  }
  rp_node_id node = rp_gather(g, x, index, elements == IN_ORDER ? l->n : count[elements == MOVED]);
  free(index);
  return node;
}

static rp_node_id join(rp_graph *g, const layer *l, rp_node_id kept, rp_node_id moved) {
  if (l->n_kept == 0) return moved;
  const rp_node_id parts[2] = {kept, moved};
  return pick(g, l, rp_concat(g, parts, 2), IN_ORDER);
}

static rp_node_id outputs(rp_graph *g, const layer *l, rp_node_id parameters, rp_node_id kept) {
  rp_node_id own = rp_slice(g, parameters, l->offset, rp_network_n_parameters(&l->network));
  if (kept != RP_NONE) kept = rp_flow_within(g, kept, INPUT_NEAR, INPUT_FAR);
  return rp_network_apply(g, &l->network, own, kept);
}

static rp_node_id forward(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id x,
                          rp_node_id *log_jacobian) {
  *log_jacobian = rp_sum(g, rp_log(g, rp_guide_scales(g, block, parameters)));
  for (int64_t k = 0; k < n_flows(block); k++) {
    layer l = layer_of(block, k);
    if (l.n_moved == 0) continue;
    rp_node_id kept = l.n_kept > 0 ? pick(g, &l, x, KEPT) : RP_NONE, log_slope;
    rp_node_id out = outputs(g, &l, parameters, kept);
    rp_node_id moved = move(g, &l, n_bins(block), out, pick(g, &l, x, MOVED), &log_slope);
    *log_jacobian = rp_add(g, *log_jacobian, rp_sum(g, log_slope));
    x = join(g, &l, kept, moved);
  }
  return rp_add(g, rp_slice(g, parameters, 0, block->n), rp_mul(g, rp_guide_scales(g, block, parameters), x));
}

static rp_node_id draw(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  rp_node_id log_jacobian;
  return forward(g, block, parameters, noise, &log_jacobian);
}

static rp_node_id log_jacobian(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id noise) {
  rp_node_id log_jacobian;
  forward(g, block, parameters, noise, &log_jacobian);
  return log_jacobian;
}

static rp_node_id inverse(rp_graph *g, const rp_guide_block *block, rp_node_id parameters, rp_node_id z) {
  rp_node_id location = rp_slice(g, parameters, 0, block->n);
  rp_node_id x = rp_div(g, rp_sub(g, z, location), rp_guide_scales(g, block, parameters));
  for (int64_t k = n_flows(block); k-- > 0;) {
    layer l = layer_of(block, k);
    if (l.n_moved == 0) continue;
    rp_node_id kept = l.n_kept > 0 ? pick(g, &l, x, KEPT) : RP_NONE;
    rp_node_id out = outputs(g, &l, parameters, kept);
    x = join(g, &l, kept, move_back(g, &l, n_bins(block), out, pick(g, &l, x, MOVED)));
  }
  return x;
}

const rp_guide rp_guide_coupling = {.name = "coupling",
                                    .n_parameters = n_parameters,
                                    .n_noise = n_noise,
                                    .start = start,
                                    .draw = draw,
                                    .log_jacobian = log_jacobian,
                                    .inverse = inverse};
