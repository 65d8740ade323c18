/* Affine recurrences state[t + 1] = A[t] state[t] + b[t], or from the end; a template over VW, which handles VW
 * lanes.
 *
 * One step is one fused multiply-add that waits for the one before. With one state, four steps are therefore
 * composed to one: products and sums within the four do not wait for the state, the state waits for one multiply-add
 * in four. Where a product leaves the range of numbers (Inf * 0 would turn a right answer into NaN) the lanes
 * concerned are done again step by step. */

#ifndef RP_EXEC_KERNELS_AFFINE_ONCE
#define RP_EXEC_KERNELS_AFFINE_ONCE
#define LARGEST_PRODUCT 1e300
#endif

/* A scan with one state, walked in the order of time: pointers to the first step, steps in doubles (negative from the
 * end). */
typedef struct {
  const double *a, *b;
  double *to;
  ptrdiff_t a_step, b_step, to_step;
} V(walk);

static V(walk) V(begin_walk)(const rp_affine *scan, size_t lane, int64_t first) {
  const ptrdiff_t direction = scan->reverse ? -1 : 1, lanes = (ptrdiff_t) scan->lanes;
  const ptrdiff_t element = (ptrdiff_t) (scan->reverse ? scan->n - 1 - first : first);
  const ptrdiff_t a_step = (ptrdiff_t) scan->a_step[0], b_step = (ptrdiff_t) scan->b_step[0];
  return (V(walk)){.a = scan->a[0] + element * a_step + lane, .b = scan->b[0] + element * b_step + lane,
                   .to = scan->state + (scan->reverse ? element : element + 1) * lanes + lane,
                   .a_step = direction * a_step, .b_step = direction * b_step, .to_step = direction * lanes};
}

/* Step by step from step first to the end; writes only the lanes of the mask. */
static void V(affine_steps)(const rp_affine *scan, size_t lane, int64_t first, V(vu) mask) {
  V(walk) w = V(begin_walk)(scan, lane, first);
  V(vd) c = V(load)(w.to - w.to_step);
  for (int64_t t = first; t < scan->n; t++, w.a += w.a_step, w.b += w.b_step, w.to += w.to_step) {
    c = V(fma)(V(load)(w.a), c, V(load)(w.b));
    V(store)(w.to, V(pick)(mask, c, V(load)(w.to)));
  }
}

/* Four steps a time; returns which lanes' products were all in range. affine_wide() composes in the same order, so that
 * both give the same bits. */
VFN V(vu) V(affine_fours)(V(walk) w, V(vd) c, int64_t n, const int zero_b) {
  const V(vd) limit = V(splat)(LARGEST_PRODUCT);
  V(vu) good = V(lt)(V(splat)(0.0), limit);
  for (int64_t t = 0; t + 4 <= n; t += 4, w.a += 4 * w.a_step, w.b += 4 * w.b_step, w.to += 4 * w.to_step) {
    V(vd) a0 = V(load)(w.a), a1 = V(load)(w.a + w.a_step), a2 = V(load)(w.a + 2 * w.a_step);
    V(vd) a3 = V(load)(w.a + 3 * w.a_step);
    V(vd) p1 = a1 * a0, p2 = a2 * a1, p3 = a3 * a2, q2 = p2 * a0, q3 = p3 * p1;
    good &= V(lt)(V(abs)(q3), limit);
    if (zero_b) {
      V(store)(w.to, a0 * c);
      V(store)(w.to + w.to_step, p1 * c);
      V(store)(w.to + 2 * w.to_step, q2 * c);
      V(store)(w.to + 3 * w.to_step, c = q3 * c);
      continue;
    }
    V(vd) b0 = V(load)(w.b), b1 = V(load)(w.b + w.b_step), b2 = V(load)(w.b + 2 * w.b_step);
    V(vd) b3 = V(load)(w.b + 3 * w.b_step);
    V(vd) s1 = V(fma)(a1, b0, b1), s2 = V(fma)(a2, b1, b2), s3 = V(fma)(a3, b2, b3);
    V(vd) r2 = V(fma)(p2, b0, s2), r3 = V(fma)(p3, s1, s3);
    V(store)(w.to, V(fma)(a0, c, b0));
    V(store)(w.to + w.to_step, V(fma)(p1, c, s1));
    V(store)(w.to + 2 * w.to_step, V(fma)(q2, c, r2));
    V(store)(w.to + 3 * w.to_step, c = V(fma)(q3, c, r3));
  }
  return good;
}

/* The steps left over by the fours; and all steps, for lanes whose products were not in range. */
static void V(affine_rest)(const rp_affine *scan, size_t lane, V(vu) good) {
  V(affine_steps)(scan, lane, scan->n - scan->n % 4, ~(good ^ good));
  if (V(any)(~good)) V(affine_steps)(scan, lane, 0, ~good);
}

static void V(affine_1)(const rp_affine *scan, size_t lane) {
  const V(vd) c = V(load)(scan->initial[0] + lane);
  const V(walk) w = V(begin_walk)(scan, lane, 0);
  V(store)(w.to - w.to_step, c);
  V(affine_rest)(scan, lane, scan->zero_b ? V(affine_fours)(w, c, scan->n, 1) : V(affine_fours)(w, c, scan->n, 0));
}

/* Two states: pairs of steps are composed, so that the states wait for two multiply-adds in two steps instead of
 * four. */
typedef struct {
  V(vd) a00, a10, a01, a11, b0, b1;
} V(step_2);

VFN V(step_2) V(load_step_2)(const double *const *in, const size_t *mask, size_t at) {
  return (V(step_2)){V(load)(in[0] + (at & mask[0])), V(load)(in[1] + (at & mask[1])), V(load)(in[2] + (at & mask[2])),
                     V(load)(in[3] + (at & mask[3])), V(load)(in[4] + (at & mask[4])), V(load)(in[5] + (at & mask[5]))};
}

static void V(affine_2)(const rp_affine *scan, size_t lane) {
  const size_t lanes = (size_t) scan->lanes, sequence = (size_t) (scan->n + 1) * lanes;
  const size_t step = scan->reverse ? (size_t) 0 - lanes : lanes; /* wraps round: offsets are taken modulo 2^64 */
  const double *in[6];
  size_t mask[6], at = scan->reverse ? (size_t) (scan->n - 1) * lanes : 0;
  for (int i = 0; i < 6; i++) {
    in[i] = (i < 4 ? scan->a[i] : scan->b[i - 4]) + lane;
    mask[i] = (i < 4 ? scan->a_step[i] : scan->b_step[i - 4]) ? ~(size_t) 0 : 0;
  }
  double *to = scan->state + lane + (scan->reverse ? 0 : lanes);
  V(vd) x = V(load)(scan->initial[0] + lane), y = V(load)(scan->initial[1] + lane);
  V(store)(to + at - step, x);
  V(store)(to + at - step + sequence, y);
  for (int64_t t = 0; t < scan->n; t += 2, at += step) {
    const V(step_2) s = V(load_step_2)(in, mask, at);
    V(vd) x1 = V(fma)(s.a00, x, V(fma)(s.a01, y, s.b0)), y1 = V(fma)(s.a10, x, V(fma)(s.a11, y, s.b1));
    V(store)(to + at, x1);
    V(store)(to + at + sequence, y1);
    if (t + 1 == scan->n) break;
    at += step;
    const V(step_2) r = V(load_step_2)(in, mask, at);
    V(vd) a00 = V(fma)(r.a00, s.a00, r.a01 * s.a10), a01 = V(fma)(r.a00, s.a01, r.a01 * s.a11);
    V(vd) a10 = V(fma)(r.a10, s.a00, r.a11 * s.a10), a11 = V(fma)(r.a10, s.a01, r.a11 * s.a11);
    V(vd) b0 = V(fma)(r.a00, s.b0, V(fma)(r.a01, s.b1, r.b0)), b1 = V(fma)(r.a10, s.b0, V(fma)(r.a11, s.b1, r.b1));
    V(vd) x2 = V(fma)(a00, x, V(fma)(a01, y, b0)), y2 = V(fma)(a10, x, V(fma)(a11, y, b1));
    V(vu) good = V(lt)(V(abs)(a00) + V(abs)(a01) + V(abs)(a10) + V(abs)(a11), V(splat)(LARGEST_PRODUCT));
    if (!V_LIKELY(!V(any)(~good))) {
      x2 = V(pick)(good, x2, V(fma)(r.a00, x1, V(fma)(r.a01, y1, r.b0)));
      y2 = V(pick)(good, y2, V(fma)(r.a10, x1, V(fma)(r.a11, y1, r.b1)));
    }
    x = x2;
    y = y2;
    V(store)(to + at, x);
    V(store)(to + at + sequence, y);
  }
}

/* Any number of states: reads the states before from the value itself. */
static void V(affine_k)(const rp_affine *scan, size_t lane) {
  const size_t lanes = (size_t) scan->lanes, sequence = (size_t) (scan->n + 1) * lanes;
  double *state = scan->state + lane;
  const size_t k = (size_t) scan->k, n = (size_t) scan->n;
  for (size_t i = 0; i < k; i++)
    V(store)(state + i * sequence + (scan->reverse ? n * lanes : 0), V(load)(scan->initial[i] + lane));
  for (size_t t = 0; t < n; t++) {
    const size_t element = scan->reverse ? n - 1 - t : t;
    const size_t from = (scan->reverse ? element + 1 : element) * lanes;
    const size_t to = (scan->reverse ? element : element + 1) * lanes;
    for (size_t i = 0; i < k; i++) {
      V(vd) sum = V(load)(scan->b[i] + element * scan->b_step[i] + lane);
      for (size_t j = 0; j < k; j++) {
        const size_t entry = j * k + i;
        sum = V(fma)(V(load)(scan->a[entry] + element * scan->a_step[entry] + lane),
                     V(load)(state + j * sequence + from), sum);
      }
      V(store)(state + i * sequence + to, sum);
    }
  }
}

static void V(affine_lanes)(const rp_affine *scan) {
  for (size_t lane = 0; lane < (size_t) scan->lanes; lane += VW) {
    if (scan->k == 1) V(affine_1)(scan, lane);
    else if (scan->k == 2) V(affine_2)(scan, lane);
    else V(affine_k)(scan, lane);
  }
}
