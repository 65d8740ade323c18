/* Affine recurrences state[t + 1] = A[t] state[t] + b[t], or from the end; a template over VW, which handles VW lanes.
 *
 * One step is one fused multiply-add that waits for the one before. With one state the sequence is therefore cut into four
 * segments that run side by side: segments 2 to 4 start from 0 and carry the product of their A along; when the state at a segment's
 * beginning is known, product * state is added. The cuts depend on n only. Where a product or a state leaves the range of
 * numbers (0 * Inf would turn a right answer into NaN), the lanes concerned are done again step by step. */

#ifndef RP_EXEC_KERNELS_AFFINE_ONCE
#define RP_EXEC_KERNELS_AFFINE_ONCE
#define SHORTEST_CUT 64
#define LARGEST_FACTOR 1e300
#define MOST_STATES 16
#endif

/* Step by step, from step first to the end; only lanes of the mask are written. */
static void V(affine_steps)(const rp_affine *scan, size_t lane, int64_t first, V(vu) mask) {
  const size_t lanes = (size_t) scan->lanes;
  const ptrdiff_t direction = scan->reverse ? -1 : 1;
  const int64_t element = scan->reverse ? scan->n - 1 - first : first;
  const ptrdiff_t a_step = direction * (ptrdiff_t) scan->a_step[0], b_step = direction * (ptrdiff_t) scan->b_step[0];
  const double *a = scan->a[0] + (ptrdiff_t) element * (ptrdiff_t) scan->a_step[0] + lane;
  const double *b = scan->b[0] + (ptrdiff_t) element * (ptrdiff_t) scan->b_step[0] + lane;
  double *to = scan->state + lane + (size_t) (scan->reverse ? element + 1 : element) * lanes;
  V(vd) c = V(load)(to);
  for (int64_t t = first; t < scan->n; t++, a += a_step, b += b_step) {
    to += direction * (ptrdiff_t) lanes;
    c = V(fma)(V(load)(a), c, V(load)(b));
    V(store)(to, V(pick)(mask, c, V(load)(to)));
  }
}

#define SEGMENTS 4
static void V(affine_1)(const rp_affine *scan, size_t lane) {
  const size_t lanes = (size_t) scan->lanes;
  const V(vu) all = V(eq)(V(splat)(0.0), V(splat)(0.0));
  V(store)(scan->state + lane + (scan->reverse ? (size_t) scan->n * lanes : 0), V(load)(scan->initial[0] + lane));
  if (scan->n < SHORTEST_CUT) {
    V(affine_steps)(scan, lane, 0, all);
    return;
  }
  const int64_t length = scan->n / SEGMENTS, rest = scan->n - SEGMENTS * length;
  const ptrdiff_t direction = scan->reverse ? -1 : 1, stride = direction * (ptrdiff_t) lanes;
  const ptrdiff_t a_step = direction * (ptrdiff_t) scan->a_step[0], b_step = direction * (ptrdiff_t) scan->b_step[0];
  const int64_t element = scan->reverse ? scan->n - 1 : 0;
  const double *a = scan->a[0] + (ptrdiff_t) element * (ptrdiff_t) scan->a_step[0] + lane;
  const double *b = scan->b[0] + (ptrdiff_t) element * (ptrdiff_t) scan->b_step[0] + lane;
  double *to = scan->state + lane + (size_t) (scan->reverse ? element : element + 1) * lanes;
  V(vd) c = V(load)(scan->initial[0] + lane);
  for (int64_t t = 0; t < rest; t++, a += a_step, b += b_step, to += stride) {
    c = V(fma)(V(load)(a), c, V(load)(b));
    V(store)(to, c);
  }
  double *factor = scan->scratch + (to - scan->state);
  const ptrdiff_t span = (ptrdiff_t) length * stride, a_span = (ptrdiff_t) length * a_step, b_span = (ptrdiff_t) length * b_step;
  V(vd) p0 = c, p1 = V(splat)(0.0), p2 = p1, p3 = p1, q1 = V(splat)(1.0), q2 = q1, q3 = q1;
  for (int64_t t = 0; t < length; t++, a += a_step, b += b_step, to += stride, factor += stride) {
    V(vd) a1 = V(load)(a + a_span), a2 = V(load)(a + 2 * a_span), a3 = V(load)(a + 3 * a_span);
    V(store)(to, p0 = V(fma)(V(load)(a), p0, V(load)(b)));
    V(store)(to + span, p1 = V(fma)(a1, p1, V(load)(b + b_span)));
    V(store)(to + 2 * span, p2 = V(fma)(a2, p2, V(load)(b + 2 * b_span)));
    V(store)(to + 3 * span, p3 = V(fma)(a3, p3, V(load)(b + 3 * b_span)));
    V(store)(factor + span, q1 = q1 * a1);
    V(store)(factor + 2 * span, q2 = q2 * a2);
    V(store)(factor + 3 * span, q3 = q3 * a3);
  }
  V(vd) c1 = p0, c2 = V(fma)(q1, c1, p1), c3 = V(fma)(q2, c2, p2), limit = V(splat)(LARGEST_FACTOR);
  for (int64_t t = 0; t < length; t++, to += stride, factor += stride) {
    V(store)(to, V(fma)(V(load)(factor), c1, V(load)(to)));
    V(store)(to + span, V(fma)(V(load)(factor + span), c2, V(load)(to + span)));
    V(store)(to + 2 * span, V(fma)(V(load)(factor + 2 * span), c3, V(load)(to + 2 * span)));
  }
  V(vu) good = V(lt)(V(abs)(q1), limit) & V(lt)(V(abs)(q2), limit) & V(lt)(V(abs)(q3), limit) & V(lt)(V(abs)(c1), limit) &
               V(lt)(V(abs)(c2), limit) & V(lt)(V(abs)(c3), limit);
  if (V(any)(~good)) V(affine_steps)(scan, lane, rest, ~good);
}
#undef SEGMENTS

static void V(affine_2)(const rp_affine *scan, size_t lane) {
  const size_t lanes = (size_t) scan->lanes, sequence = (size_t) (scan->n + 1) * lanes;
  const ptrdiff_t direction = scan->reverse ? -1 : 1, stride = direction * (ptrdiff_t) lanes;
  const double *in[6];
  ptrdiff_t step[6];
  for (int i = 0; i < 6; i++) {
    const double *base = i < 4 ? scan->a[i] : scan->b[i - 4];
    const size_t size = i < 4 ? scan->a_step[i] : scan->b_step[i - 4];
    in[i] = base + lane + (scan->reverse ? (size_t) (scan->n - 1) * size : 0);
    step[i] = direction * (ptrdiff_t) size;
  }
  double *to = scan->state + lane + (scan->reverse ? (size_t) scan->n * lanes : 0);
  V(vd) x = V(load)(scan->initial[0] + lane), y = V(load)(scan->initial[1] + lane);
  V(store)(to, x);
  V(store)(to + sequence, y);
  for (int64_t t = 0; t < scan->n; t++) {
    V(vd) next = V(fma)(V(load)(in[0]), x, V(fma)(V(load)(in[2]), y, V(load)(in[4])));
    y = V(fma)(V(load)(in[1]), x, V(fma)(V(load)(in[3]), y, V(load)(in[5])));
    x = next;
    to += stride;
    V(store)(to, x);
    V(store)(to + sequence, y);
    for (int i = 0; i < 6; i++) in[i] += step[i];
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
    const size_t from = (scan->reverse ? element + 1 : element) * lanes, to = (scan->reverse ? element : element + 1) * lanes;
    for (size_t i = 0; i < k; i++) {
      V(vd) sum = V(load)(scan->b[i] + element * scan->b_step[i] + lane);
      for (size_t j = 0; j < k; j++) {
        const size_t entry = j * k + i;
        sum = V(fma)(V(load)(scan->a[entry] + element * scan->a_step[entry] + lane), V(load)(state + j * sequence + from), sum);
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
