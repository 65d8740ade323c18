/* Kernels of block loops at the native width VW of an instruction set; included once per kernels_*.c after the
 * templates. */

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 8")
#else
#define UNROLL
#endif
/* Element kernels work on groups of 8 doubles, the period of a scalar's slot. */
#define EACH_GROUP for (size_t i = 0; i < count; i += 8)
#define EACH_VECTOR for (int j = 0; j < 8; j += VW)

#define BLOCK_1(NAME, expression, REPEAT) \
  static void block_##NAME(const rp_instruction *instruction, size_t offset, size_t count) { \
    double *d = OPERAND(d); \
    const double *a = OPERAND(a); \
    const int32_t a_step = instruction->a_step; \
    EACH_GROUP { \
      REPEAT EACH_VECTOR { \
        V(vd) x = V(load)(a + j); \
        V(store)(d + i + j, expression); \
      } \
      a += a_step; \
    } \
  }
#define BLOCK_2(NAME, expression, REPEAT) \
  static void block_##NAME(const rp_instruction *instruction, size_t offset, size_t count) { \
    double *d = OPERAND(d); \
    const double *a = OPERAND(a), *b = OPERAND(b); \
    const int32_t a_step = instruction->a_step, b_step = instruction->b_step; \
    EACH_GROUP { \
      REPEAT EACH_VECTOR { \
        V(vd) x = V(load)(a + j), y = V(load)(b + j); \
        V(store)(d + i + j, expression); \
      } \
      a += a_step; \
      b += b_step; \
    } \
  }
#define BLOCK_3(NAME, expression, REPEAT) \
  static void block_##NAME(const rp_instruction *instruction, size_t offset, size_t count) { \
    double *d = OPERAND(d); \
    const double *a = OPERAND(a), *b = OPERAND(b), *c = OPERAND(c); \
    const int32_t a_step = instruction->a_step, b_step = instruction->b_step, c_step = instruction->c_step; \
    EACH_GROUP { \
      REPEAT EACH_VECTOR { \
        V(vd) x = V(load)(a + j), y = V(load)(b + j), z = V(load)(c + j); \
        V(store)(d + i + j, expression); \
      } \
      a += a_step; \
      b += b_step; \
      c += c_step; \
    } \
  }
#define LIGHT_BLOCK_1(NAME, expression) BLOCK_1(NAME, expression, UNROLL)
#define HEAVY_BLOCK_1(NAME, expression) BLOCK_1(NAME, expression, )
#define LIGHT_BLOCK_2(NAME, expression) BLOCK_2(NAME, expression, UNROLL)
#define HEAVY_BLOCK_2(NAME, expression) BLOCK_2(NAME, expression, )
#define LIGHT_BLOCK_3(NAME, expression) BLOCK_3(NAME, expression, UNROLL)
LIGHT_1(LIGHT_BLOCK_1)
HEAVY_1(HEAVY_BLOCK_1)
LIGHT_2(LIGHT_BLOCK_2)
HEAVY_2(HEAVY_BLOCK_2)
LIGHT_3(LIGHT_BLOCK_3)
LIGHT_X(LIGHT_BLOCK_3)
LIGHT_X2(LIGHT_BLOCK_2)
LIGHT_BLOCK_1(COPY, x)

#define BLOCK_JOINT(NAME, function) \
  static void block_##NAME(const rp_instruction *instruction, size_t offset, size_t count) { \
    const double *a = OPERAND(a); \
    double *d = OPERAND(d), *d2 = OPERAND(d2); \
    EACH_GROUP { \
      EACH_VECTOR { \
        V(vd) first, second; \
        V(function)(V(load)(a + i + (size_t) j), &first, &second); \
        V(store)(d + i + j, first); \
        V(store)(d2 + i + j, second); \
      } \
    } \
  }
BLOCK_JOINT(LGAMMA_DIGAMMA, lgamma_digamma)

/* In two passes, since the chain of operations from exp to log is longer than what a processor looks ahead. */
static void block_SOFTPLUS_SIGMOID(const rp_instruction *instruction, size_t offset, size_t count) {
  const double *a = OPERAND(a);
  double *d = OPERAND(d), *d2 = OPERAND(d2), e[RP_BLOCK];
  for (size_t i = 0; i < count; i += VW) V(store)(e + i, V(exp)(-V(abs)(V(load)(a + i))));
  for (size_t i = 0; i < count; i += VW) {
    V(vd) softplus, sigmoid;
    V(softplus_sigmoid_of)(V(load)(a + i), V(load)(e + i), &softplus, &sigmoid);
    V(store)(d + i, softplus);
    V(store)(d2 + i, sigmoid);
  }
}

/* Partials p of a sum: rows of RP_PARTIALS elements are added in registers, 16 doubles at a time; a last, shorter row
 * double by double. PRODUCT(accumulator, position) adds what one vector contributes. */
#define REDUCTION(NAME, SECOND_OPERAND, PRODUCT, LAST) \
  static void block_##NAME(const rp_instruction *instruction, size_t offset, size_t count) { \
    double *d = instruction->d; \
    const double *a = OPERAND(a); \
    SECOND_OPERAND \
    const size_t row = (size_t) RP_PARTIALS * (size_t) instruction->lanes, whole = count - count % row; \
    if (whole) { \
      for (size_t column = 0; column < row; column += 16) { \
        V(vd) sum[16 / VW]; \
        UNROLL for (int j = 0; j < 16 / VW; j++) sum[j] = V(load)(d + column + j * VW); \
        for (size_t i = column; i < whole; i += row) { \
          UNROLL for (int j = 0; j < 16 / VW; j++) { \
            const size_t position = i + (size_t) (j * VW); \
            sum[j] = PRODUCT(sum[j], position); \
          } \
        } \
        UNROLL for (int j = 0; j < 16 / VW; j++) V(store)(d + column + j * VW, sum[j]); \
      } \
    } \
    size_t i = whole; \
    for (; i + VW <= count; i += VW) V(store)(d + (i - whole), PRODUCT(V(load)(d + (i - whole)), i)); \
    for (; i < count; i++) d[i - whole] = LAST(d[i - whole], i); \
  }
#define ADD_ONE(sum, position) ((sum) + V(load)(a + (position)))
#define ADD_ONE_LAST(sum, position) ((sum) + a[position])
#define ADD_PRODUCT(sum, position) V(fma)(V(load)(a + (position)), V(load)(b + (position)), sum)
#define ADD_PRODUCT_LAST(sum, position) fma_1(a[position], b[position], sum)
REDUCTION(sum, , ADD_ONE, ADD_ONE_LAST)
REDUCTION(dot, const double *b = OPERAND(b);, ADD_PRODUCT, ADD_PRODUCT_LAST)

static void total(double *d, double *partials, int32_t lanes) {
  size_t width = (size_t) RP_PARTIALS * (size_t) lanes;
  if (lanes == 1) {
    double *p = partials;
    for (int k = 0; k < 8; k += VW) V(store)(p + k, V(load)(p + k) + V(load)(p + k + 8));
    *d = ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]));
    return;
  }
  while (width > (size_t) lanes) {
    width /= 2;
    size_t i = 0;
    for (; i + VW <= width; i += VW)
      V(store)(partials + i, V(load)(partials + i) + V(load)(partials + width + i));
    for (; i < width; i++) partials[i] += partials[width + i];
  }
  for (int32_t i = 0; i < lanes; i++) d[i] = partials[i];
}

/* The largest or smallest element of each lane, NaN if there is one; n doubles. */
#define EXTREME(NAME, FIRST) \
  static void extreme_##NAME(double *d, const double *a, size_t n, int32_t lanes) { \
    double found[8]; \
    for (int j = 0; j < 8; j++) found[j] = FIRST; \
    size_t i = 0; \
    for (; i + 8 <= n; i += 8) { \
      UNROLL EACH_VECTOR V(store)(found + j, V(NAME)(V(load)(found + j), V(load)(a + i + j))); \
    } \
    for (size_t j = 0; i + j < n; j++) found[j] = NAME##_1(found[j], a[i + j]); \
    for (int32_t j = lanes; j < 8; j++) found[j % lanes] = NAME##_1(found[j % lanes], found[j]); \
    for (int32_t j = 0; j < lanes; j++) d[j] = found[j]; \
  }
EXTREME(max, -INFINITY)
EXTREME(min, INFINITY)

static void gather(const rp_instruction *instruction, size_t offset, size_t count) {
  const size_t lanes = (size_t) instruction->lanes, n = count / lanes;
  const int32_t *index = instruction->index + offset / lanes;
  const double *a = instruction->a;
  double *d = OPERAND(d);
  size_t i = 0;
  if (lanes == 1) {
    for (; i + 4 <= n; i += 4) {
      double x = a[index[i]], y = a[index[i + 1]], z = a[index[i + 2]], w = a[index[i + 3]];
      d[i] = x, d[i + 1] = y, d[i + 2] = z, d[i + 3] = w;
    }
    for (; i < n; i++) d[i] = a[index[i]];
  } else if (lanes == 2) {
    for (; i < n; i++) memcpy(d + 2 * i, a + 2 * (size_t) index[i], 2 * sizeof(double));
  } else if (lanes == 4) {
    for (; i < n; i++) memcpy(d + 4 * i, a + 4 * (size_t) index[i], 4 * sizeof(double));
  } else {
    for (; i < n; i++) memcpy(d + 8 * i, a + 8 * (size_t) index[i], 8 * sizeof(double));
  }
}

/* Elements go to their targets in order; but a group of 8 with one target, as in sorted indices, is first added up by
 * a fixed tree, which does not wait for the target. Blocks are multiples of 8 elements, so groups do not depend on
 * the number of lanes. */
static void scatter_one(double *d, const double *a, const int32_t *index, size_t n, int sorted) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const int32_t *to = index + i;
    const double *x = a + i;
    if (sorted && to[0] == to[7]) {
      d[to[0]] += ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
      continue;
    }
    for (int k = 0; k < 8; k += 4) {
      const double x0 = x[k], x1 = x[k + 1], x2 = x[k + 2], x3 = x[k + 3];
      d[to[k]] += x0, d[to[k + 1]] += x1, d[to[k + 2]] += x2, d[to[k + 3]] += x3;
    }
  }
  for (; i < n; i++) d[index[i]] += a[i];
}

#define SCATTER_LANES(L) \
  static void scatter_##L(double *d, const double *a, const int32_t *index, size_t n, int sorted) { \
    size_t i = 0; \
    for (; i + 8 <= n; i += 8) { \
      const double *x = a + i * L; \
      if (sorted && index[i] == index[i + 7]) { \
        double *to = d + (size_t) index[i] * L; \
        for (int k = 0; k < L; k++) \
          to[k] += ((x[k] + x[4 * L + k]) + (x[2 * L + k] + x[6 * L + k])) + \
                   ((x[L + k] + x[5 * L + k]) + (x[3 * L + k] + x[7 * L + k])); \
        continue; \
      } \
      for (size_t j = 0; j < 8; j++) { \
        double *to = d + (size_t) index[i + j] * L; \
        for (size_t k = 0; k < L; k++) to[k] += x[j * L + k]; \
      } \
    } \
    for (; i < n; i++) { \
      double *to = d + (size_t) index[i] * L; \
      for (size_t k = 0; k < L; k++) to[k] += a[i * L + k]; \
    } \
  }
SCATTER_LANES(2)
SCATTER_LANES(4)
SCATTER_LANES(8)

static void scatter(const rp_instruction *instruction, size_t offset, size_t count) {
  const size_t lanes = (size_t) instruction->lanes, n = count / lanes;
  const int32_t *index = instruction->index + offset / lanes;
  const double *a = OPERAND(a);
  if (lanes == 1) scatter_one(instruction->d, a, index, n, instruction->sorted);
  else if (lanes == 2) scatter_2(instruction->d, a, index, n, instruction->sorted);
  else if (lanes == 4) scatter_4(instruction->d, a, index, n, instruction->sorted);
  else scatter_8(instruction->d, a, index, n, instruction->sorted);
}

#include "kernels_matrix.h"

#define BLOCK_ENTRY(NAME, expression) [RP_OP_##NAME] = block_##NAME,
#define BLOCK_ENTRY_X(NAME, expression) [RP_X_##NAME] = block_##NAME,

const rp_kernels RP_TABLE = {
  .name = RP_TABLE_NAME,
  .width = VW,
  .block = { LIGHT_1(BLOCK_ENTRY) HEAVY_1(BLOCK_ENTRY) LIGHT_2(BLOCK_ENTRY) HEAVY_2(BLOCK_ENTRY) LIGHT_3(BLOCK_ENTRY)
    LIGHT_X(BLOCK_ENTRY_X) LIGHT_X2(BLOCK_ENTRY_X)
    [RP_X_COPY] = block_COPY, [RP_X_LGAMMA_DIGAMMA] = block_LGAMMA_DIGAMMA,
    [RP_X_SOFTPLUS_SIGMOID] = block_SOFTPLUS_SIGMOID,
    [RP_OP_GATHER] = gather, [RP_OP_SCATTER] = scatter, [RP_OP_SUM] = block_sum, [RP_X_DOT] = block_dot },
  .lane = { lane_kernels_1, MORE_LANES(lane_kernels) },
  .run_code = { run_code_1, MORE_LANES(run_code) },
  .matrix_vector = { matrix_vector_one, MORE_LANES(matrix_vector) },
  .matrix_transposed = { matrix_transposed_one, MORE_LANES(matrix_transposed) },
  .total = total,
  .largest = extreme_max,
  .smallest = extreme_min,
  .affine = { AFFINE_ONE_LANE, MORE_LANES(affine_lanes) },
  .linalg = RP_SIMD >= RP_SIMD_AVX2 ? &rp_la_avx2 : &rp_la_base,
};
