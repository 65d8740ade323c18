/* Affine recurrences with one state in programs without lanes: four steps side by side in one register, composed in
 * the order of affine_fours() of kernels_affine.h. Needs the widths 1 and 4. */

#define SHIFT_1(x, fill, reverse) ((reverse) ? V_SHUFFLE(x, fill, 1, 2, 3, 4) : V_SHUFFLE(x, fill, 4, 0, 1, 2))
#define SHIFT_2(x, fill, reverse) ((reverse) ? V_SHUFFLE(x, fill, 2, 3, 4, 5) : V_SHUFFLE(x, fill, 4, 5, 0, 1))
#define LAST(x, reverse) ((reverse) ? V_SHUFFLE(x, x, 0, 0, 0, 0) : V_SHUFFLE(x, x, 3, 3, 3, 3))
VFN int affine_wide(walk_1 w, double initial, int64_t n, const int reverse, const int vector_a, const int zero_b) {
  const vd_4 one = splat_4(1.0), zero = splat_4(0.0);
  vd_4 c = splat_4(initial);
  vu_4 good = lt_4(zero, one);
  const ptrdiff_t back = reverse ? -3 : 0;
  for (int64_t t = 0; t + 4 <= n; t += 4, w.a += 4 * w.a_step, w.b += 4 * w.b_step, w.to += 4 * w.to_step) {
    vd_4 a = vector_a ? load_4(w.a + back) : splat_4(*w.a);
    vd_4 p = a * SHIFT_1(a, one, reverse), q = p * SHIFT_2(p, one, reverse);
    good &= lt_4(abs_4(q), splat_4(LARGEST_PRODUCT));
    if (zero_b) {
      store_4(w.to + back, q * c);
      c = LAST(q, reverse) * c;
      continue;
    }
    vd_4 b = w.b_step ? load_4(w.b + back) : splat_4(*w.b);
    vd_4 s = fma_4(a, SHIFT_1(b, zero, reverse), b), r = fma_4(p, SHIFT_2(s, zero, reverse), s);
    store_4(w.to + back, fma_4(q, c, r));
    c = fma_4(LAST(q, reverse), c, LAST(r, reverse));
  }
  return reverse ? good[0] != 0 : good[3] != 0;
}
static int affine_wide_any(const rp_affine *scan, walk_1 w) {
  const double c = *scan->initial[0];
  const int64_t n = scan->n;
  if (scan->reverse) {
    if (scan->zero_b) return w.a_step ? affine_wide(w, c, n, 1, 1, 1) : affine_wide(w, c, n, 1, 0, 1);
    return w.a_step ? affine_wide(w, c, n, 1, 1, 0) : affine_wide(w, c, n, 1, 0, 0);
  }
  if (scan->zero_b) return w.a_step ? affine_wide(w, c, n, 0, 1, 1) : affine_wide(w, c, n, 0, 0, 1);
  return w.a_step ? affine_wide(w, c, n, 0, 1, 0) : affine_wide(w, c, n, 0, 0, 0);
}

static void affine_one_lane(const rp_affine *scan) {
  if (scan->k != 1) {
    affine_lanes_1(scan);
    return;
  }
  const walk_1 w = begin_walk_1(scan, 0, 0);
  w.to[-w.to_step] = *scan->initial[0];
  affine_rest_1(scan, 0, affine_wide_any(scan, w) ? ~UINT64_C(0) : 0);
}
