/* The blocked kernels of linear algebra for registers of LA_WIDTH doubles (2 or 4); included by linalg_small.c and
 * linalg_avx2.c, which define LA_TABLE, the name of the table that is made. */
#include <math.h>
#include <string.h>

#include "linalg.h"
#include "linalg_small.h"

/* A block of columns of this width fits the first-level cache with room for what it is multiplied by. */
enum { BLOCK = RP_LA_BLOCK, DEPTH = 256 };

/* A matrix inside a larger one: element (i, j) is at data[i + j * stride]. */
typedef struct {
  const double *data;
  int64_t stride;
} view;

static void add_product(view a, view b, int b_transposed, int64_t m, int64_t k, int64_t n, double sign, double *c,
                        int64_t c_stride);
static void add_inner_product(view a, view b, int64_t m, int64_t k, int64_t n, double sign, double *c,
                              int64_t c_stride);
static void fill_nan(double *x, int64_t n);

/* ---- product ---- */

static void matmul_blas(const double *a, const double *b, int64_t m, int64_t k, int64_t n, int ta, int tb, double *c) {
  int rows = (int) m, depth = (int) k, cols = (int) n;
  int a_stride = ta ? depth : rows, b_stride = tb ? cols : depth;
  double one = 1, zero = 0;
  dgemm_(ta ? "T" : "N", tb ? "T" : "N", &rows, &cols, &depth, &one, a, &a_stride, b, &b_stride, &zero, c, &rows, 1, 1);
}

static void matmul(const double *a, const double *b, int64_t m, int64_t k, int64_t n, int ta, int tb, double *c) {
  if (m == 0 || n == 0) return;
  if (m > RP_LA_SMALL && n > RP_LA_SMALL && k > 0) {
    matmul_blas(a, b, m, k, n, ta, tb, c);
    return;
  }
  memset(c, 0, (size_t) (m * n) * sizeof *c);
  view va = {a, ta ? k : m}, vb = {b, tb ? n : k};
  if (!ta) {
    add_product(va, vb, tb, m, k, n, 1, c, m);
  } else if (!tb) {
    add_inner_product(va, vb, m, k, n, 1, c, m);
  } else {
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < m; i++)
        for (int64_t p = 0; p < k; p++) c[j * m + i] += a[i * k + p] * b[p * n + j];
  }
}

enum { W = LA_WIDTH, ROWS = 2 * LA_WIDTH };
typedef double wide __attribute__((vector_size(8 * LA_WIDTH)));
/* The same anywhere in memory. Not memcpy(), which GCC takes apart when the pieces may be unaligned. */
typedef double wide_in_memory __attribute__((vector_size(8 * LA_WIDTH), aligned(8), may_alias));

static inline wide load(const double *x) { return *(const wide_in_memory *) (const void *) x; }
static inline void store(double *x, wide value) { *(wide_in_memory *) (void *) x = value; }
static inline void add_to(double *x, wide low, wide high, double sign) {
  store(x, load(x) + low * sign);
  store(x + W, load(x + W) + high * sign);
}

/* y += factor x */
static void add_multiple(double *y, const double *x, double factor, int64_t n) {
  int64_t whole = n / ROWS * ROWS;
  for (int64_t i = 0; i < whole; i += ROWS) {
    store(y + i, load(y + i) + factor * load(x + i));
    store(y + i + W, load(y + i + W) + factor * load(x + i + W));
  }
  for (int64_t i = whole; i < n; i++) y[i] += factor * x[i];
}

/* ROWS x 4 block of c += sign a b; b's element (p, j) is at b[p * p_step + j * j_step]. Written out: sums in
 * registers, not in an array, are what makes it fast. */
static void product_tile(view a, const double *b, int64_t p_step, int64_t j_step, int64_t k, double sign, double *c,
                        int64_t c_stride) {
  wide top0 = {0}, top1 = {0}, top2 = {0}, top3 = {0}, bottom0 = {0}, bottom1 = {0}, bottom2 = {0}, bottom3 = {0};
  const double *column = a.data, *b1 = b + j_step, *b2 = b1 + j_step, *b3 = b2 + j_step;
  for (int64_t p = 0; p < k; p++) {
    wide x = load(column), y = load(column + W);
    int64_t at = p * p_step;
    top0 += x * b[at];
    bottom0 += y * b[at];
    top1 += x * b1[at];
    bottom1 += y * b1[at];
    top2 += x * b2[at];
    bottom2 += y * b2[at];
    top3 += x * b3[at];
    bottom3 += y * b3[at];
    column += a.stride;
  }
  add_to(c, top0, bottom0, sign);
  add_to(c + c_stride, top1, bottom1, sign);
  add_to(c + 2 * c_stride, top2, bottom2, sign);
  add_to(c + 3 * c_stride, top3, bottom3, sign);
}

static void product_edge(view a, const double *b, int64_t p_step, int64_t j_step, int64_t m, int64_t k, int64_t n,
                         double sign, double *c, int64_t c_stride) {
  for (int64_t j = 0; j < n; j++)
    for (int64_t p = 0; p < k; p++)
      add_multiple(c + j * c_stride, a.data + p * a.stride, sign * b[p * p_step + j * j_step], m);
}

static void add_product(view a, view b, int b_transposed, int64_t m, int64_t k, int64_t n, double sign, double *c,
                        int64_t c_stride) {
  int64_t p_step = b_transposed ? b.stride : 1, j_step = b_transposed ? 1 : b.stride;
  int64_t whole = m / ROWS * ROWS, n4 = n / 4 * 4;
  for (int64_t p0 = 0; p0 < k; p0 += DEPTH) {
    int64_t depth = k - p0 < DEPTH ? k - p0 : DEPTH;
    const double *from = a.data + p0 * a.stride, *b_from = b.data + p0 * p_step;
    for (int64_t i = 0; i < whole; i += ROWS)
      for (int64_t j = 0; j < n4; j += 4)
        product_tile((view) {from + i, a.stride}, b_from + j * j_step, p_step, j_step, depth, sign,
                     c + i + j * c_stride, c_stride);
    product_edge((view) {from + whole, a.stride}, b_from, p_step, j_step, m - whole, depth, n4, sign, c + whole,
                 c_stride);
    product_edge((view) {from, a.stride}, b_from + n4 * j_step, p_step, j_step, m, depth, n - n4, sign,
                 c + n4 * c_stride, c_stride);
  }
}

static inline double total(wide x) {
  double sum = 0;
  for (int i = 0; i < W; i++) sum += x[i];
  return sum;
}

static double dot(const double *x, const double *y, int64_t n) {
  wide even = {0}, odd = {0};
  int64_t whole = n / ROWS * ROWS;
  for (int64_t i = 0; i < whole; i += ROWS) {
    even += load(x + i) * load(y + i);
    odd += load(x + i + W) * load(y + i + W);
  }
  double sum = total(even + odd);
  for (int64_t i = whole; i < n; i++) sum += x[i] * y[i];
  return sum;
}

/* 2 x 4 block of c += sign a' b: two columns of a with four of b. */
static void inner_tile(view a, view b, int64_t k, double sign, double *c, int64_t c_stride) {
  const double *a0 = a.data, *a1 = a.data + a.stride;
  const double *b0 = b.data, *b1 = b0 + b.stride, *b2 = b1 + b.stride, *b3 = b2 + b.stride;
  wide s00 = {0}, s10 = {0}, s01 = {0}, s11 = {0}, s02 = {0}, s12 = {0}, s03 = {0}, s13 = {0};
  const int64_t whole = k / W * W;
  for (int64_t p = 0; p < whole; p += W) {
    wide x0 = load(a0 + p), x1 = load(a1 + p), y = load(b0 + p), z = load(b1 + p);
    s00 += x0 * y;
    s10 += x1 * y;
    s01 += x0 * z;
    s11 += x1 * z;
    y = load(b2 + p), z = load(b3 + p);
    s02 += x0 * y;
    s12 += x1 * y;
    s03 += x0 * z;
    s13 += x1 * z;
  }
  double sum[2][4] = {{total(s00), total(s01), total(s02), total(s03)},
                      {total(s10), total(s11), total(s12), total(s13)}};
  for (int64_t p = whole; p < k; p++) {
    const double y[4] = {b0[p], b1[p], b2[p], b3[p]};
    for (int j = 0; j < 4; j++) {
      sum[0][j] += a0[p] * y[j];
      sum[1][j] += a1[p] * y[j];
    }
  }
  for (int j = 0; j < 4; j++) {
    c[j * c_stride] += sign * sum[0][j];
    c[j * c_stride + 1] += sign * sum[1][j];
  }
}

/* c += sign a' b, a stored k x m, b stored k x n: both are read along columns. */
static void add_inner_product(view a, view b, int64_t m, int64_t k, int64_t n, double sign, double *c,
                              int64_t c_stride) {
  int64_t m2 = m / 2 * 2, n4 = n / 4 * 4;
  for (int64_t j = 0; j < n4; j += 4)
    for (int64_t i = 0; i < m2; i += 2)
      inner_tile((view) {a.data + i * a.stride, a.stride}, (view) {b.data + j * b.stride, b.stride}, k, sign,
                c + i + j * c_stride, c_stride);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j < n4 ? m2 : 0; i < m; i++)
      c[i + j * c_stride] += sign * dot(a.data + i * a.stride, b.data + j * b.stride, k);
}

/* ---- triangular systems ---- */

/* Solves a diagonal block for one column. */
static void tri_solve_column(view t, int64_t n, int lower, int transpose, double *x) {
  int forward = lower != transpose;
  for (int64_t step = 0; step < n; step++) {
    int64_t i = forward ? step : n - 1 - step;
    const double *column = t.data + i * t.stride;
    int64_t from = lower ? i + 1 : 0, to = lower ? n : i;
    if (transpose) {
      x[i] = (x[i] - dot(column + from, x + from, to - from)) / column[i];
    } else {
      x[i] /= column[i];
      add_multiple(x + from, column + from, -x[i], to - from);
    }
  }
}

/* Block by block: what is solved is taken from what is left (not transposed), or the solved part is gathered first
 * (transposed). */
static void tri_solve_small(view t, int64_t n, int lower, int transpose, double *b, int64_t b_stride, int64_t m) {
  int forward = lower != transpose;
  int64_t n_blocks = (n + BLOCK - 1) / BLOCK;
  for (int64_t step = 0; step < n_blocks; step++) {
    int64_t start = (forward ? step : n_blocks - 1 - step) * BLOCK;
    int64_t size = n - start < BLOCK ? n - start : BLOCK, after = start + size;
    const double *columns = t.data + start * t.stride;
    int64_t first = lower ? after : 0, count = lower ? n - after : start;
    if (transpose && count > 0)
      add_inner_product((view) {columns + first, t.stride}, (view) {b + first, b_stride}, size, count, m, -1, b + start,
                        b_stride);
    for (int64_t j = 0; j < m; j++)
      tri_solve_column((view) {columns + start, t.stride}, size, lower, transpose, b + start + j * b_stride);
    if (!transpose && count > 0)
      add_product((view) {columns + first, t.stride}, (view) {b + start, b_stride}, 0, count, size, m, -1, b + first,
                  b_stride);
  }
}

static void tri_solve(const double *t, int64_t n, int lower, int transpose, double *b, int64_t m) {
  if (n == 0 || m == 0) return;
  if (n <= RP_LA_SMALL) {
    tri_solve_small((view) {t, n}, n, lower, transpose, b, n, m);
    return;
  }
  int rows = (int) n, cols = (int) m;
  double one = 1;
  dtrsm_("L", lower ? "L" : "U", transpose ? "T" : "N", "N", &rows, &cols, &one, t, &rows, b, &rows, 1, 1, 1, 1);
}

/* ---- Cholesky ---- */

/* Lower factor of a diagonal block in place; 0 if it is not positive definite. */
static int factor_block(double *a, int64_t stride, int64_t n) {
  for (int64_t j = 0; j < n; j++) {
    double *column = a + j * stride;
    for (int64_t p = 0; p < j; p++) {
      const double *before = a + p * stride;
      add_multiple(column + j, before + j, -before[j], n - j);
    }
    if (!(column[j] > 0) || isinf(column[j])) return 0;
    double pivot = sqrt(column[j]);
    column[j] = pivot;
    for (int64_t i = j + 1; i < n; i++) column[i] /= pivot;
  }
  return 1;
}

/* The rows below a factored block: x l' = a, column after column. */
static void solve_panel(const double *l, double *a, int64_t stride, int64_t rows, int64_t n) {
  for (int64_t j = 0; j < n; j++) {
    double *column = a + j * stride;
    for (int64_t p = 0; p < j; p++) add_multiple(column, a + p * stride, -l[j + p * stride], rows);
    double pivot = l[j + j * stride];
    for (int64_t i = 0; i < rows; i++) column[i] /= pivot;
  }
}

/* Left-looking: a block column takes what all columns before it contribute, then is factored. */
static int cholesky_small(double *a, int64_t n) {
  for (int64_t start = 0; start < n; start += BLOCK) {
    int64_t size = n - start < BLOCK ? n - start : BLOCK, below = n - start - size;
    double *diagonal = a + start + start * n;
    add_product((view) {a + start, n}, (view) {a + start, n}, 1, n - start, start, size, -1, diagonal, n);
    if (!factor_block(diagonal, n, size)) return 0;
    solve_panel(diagonal, diagonal + size, n, below, size);
  }
  return 1;
}

static void cholesky(const double *a, int64_t n, double *l) {
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j; i < n; i++) l[i + j * n] = a[j + i * n];
  int done;
  if (n <= RP_LA_SMALL) {
    done = cholesky_small(l, n);
  } else {
    int size = (int) n, info;
    dpotrf_("L", &size, l, &size, &info, 1);
    done = info == 0;
  }
  if (!done) {
    fill_nan(l, n * n);
    return;
  }
  for (int64_t j = 1; j < n; j++) memset(l + j * n, 0, (size_t) j * sizeof *l);
}

/* ---- adjoint of the Cholesky factor: Murray (2016), section 4 ---- */

/* Level 2, in place, for a diagonal block: the adjoint of l becomes that of the lower triangle of the block. */
static void reverse_block(const double *l, double *adjoint, int64_t stride, int64_t n) {
  for (int64_t j = n - 1; j >= 0; j--) {
    double *column = adjoint + j * stride;
    const double *l_column = l + j * stride;
    int64_t below = n - j - 1;
    double pivot = l_column[j];
    column[j] -= dot(l_column + j + 1, column + j + 1, below) / pivot;
    for (int64_t i = j; i < n; i++) column[i] /= pivot;
    for (int64_t p = 0; p < j; p++) {
      const double *l_before = l + p * stride;
      double *before = adjoint + p * stride;
      before[j] -= dot(column + j, l_before + j, n - j);
      add_multiple(before + j + 1, column + j + 1, -l_before[j], below);
    }
    column[j] *= 0.5;
  }
}

/* x d = c in place, d lower triangular: from the last column back. */
static void solve_panel_back(const double *d, double *c, int64_t stride, int64_t rows, int64_t n) {
  for (int64_t j = n - 1; j >= 0; j--) {
    double *column = c + j * stride;
    for (int64_t p = j + 1; p < n; p++) add_multiple(column, c + p * stride, -d[p + j * stride], rows);
    double pivot = d[j + j * stride];
    for (int64_t i = 0; i < rows; i++) column[i] /= pivot;
  }
}

/* One block row and column: R left of, D on, C below the diagonal block, B left of C. */
static void reverse_panel(const double *l, double *adjoint, int64_t n, int64_t start, int64_t size, double *workspace) {
  int64_t after = start + size, below = n - after;
  const double *l_r = l + start, *l_d = l_r + start * n, *l_b = l + after, *l_c = l_b + start * n;
  double *r = adjoint + start, *d = r + start * n, *b = adjoint + after, *c = b + start * n;
  solve_panel_back(l_d, c, n, below, size);
  add_product((view) {c, n}, (view) {l_r, n}, 0, below, size, start, -1, b, n);
  add_inner_product((view) {c, n}, (view) {l_c, n}, size, below, size, -1, d, n);
  reverse_block(l_d, d, n, size);
  for (int64_t j = 0; j < size; j++)
    for (int64_t i = j; i < size; i++) {
      double value = d[i + j * n];
      workspace[i + j * size] = workspace[j + i * size] = i == j ? 2 * value : value;
    }
  add_inner_product((view) {c, n}, (view) {l_b, n}, size, below, start, -1, r, n);
  add_product((view) {workspace, size}, (view) {l_r, n}, 0, size, size, start, -1, r, n);
}

static void cholesky_adjoint(const double *l, const double *l_adjoint, int64_t n, double *a_adjoint,
                             double *workspace) {
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < n; i++) a_adjoint[i + j * n] = i >= j ? l_adjoint[i + j * n] : 0;
  int64_t n_blocks = (n + BLOCK - 1) / BLOCK;
  for (int64_t block = n_blocks - 1; block >= 0; block--) {
    int64_t start = block * BLOCK, size = n - start < BLOCK ? n - start : BLOCK;
    reverse_panel(l, a_adjoint, n, start, size, workspace);
  }
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j + 1; i < n; i++) {
      a_adjoint[j + i * n] = a_adjoint[i + j * n];
      a_adjoint[i + j * n] = 0;
    }
}

static void fill_nan(double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = NAN;
}

const rp_la_kernels LA_TABLE = {matmul, tri_solve, cholesky, cholesky_adjoint};
