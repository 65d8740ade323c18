/* Products of a constant matrix X (column-major, one copy for all lanes) with a vector, block by block of its rows,
 * at the native width VW: X b as a vector that the loop goes on with, X' r as a reduction. Both read X once, and with
 * two or more lanes serve all lanes with one read. Sums run in the same order for any width and number of lanes. */

#define ROWS_AT_ONCE 4 /* registers of rows */

/* One lane. d = X b for a block of rows; padding rows come out as garbage. */
static void matrix_vector_one(const rp_instruction *instruction, size_t offset, size_t count) {
  double *d = OPERAND(d);
  const double *b = instruction->b, *x = instruction->matrix + offset;
  const size_t rows = instruction->rows, columns = instruction->columns;
  size_t i = 0;
  for (; i + ROWS_AT_ONCE * VW <= count; i += ROWS_AT_ONCE * VW) {
    V(vd) sum[ROWS_AT_ONCE];
    UNROLL for (int r = 0; r < ROWS_AT_ONCE; r++) sum[r] = V(splat)(0.0);
    for (size_t j = 0; j < columns; j++) {
      const double *column = x + j * rows + i;
      const V(vd) factor = V(splat)(b[j]);
      UNROLL for (int r = 0; r < ROWS_AT_ONCE; r++) sum[r] = V(fma)(V(load)(column + r * VW), factor, sum[r]);
    }
    UNROLL for (int r = 0; r < ROWS_AT_ONCE; r++) V(store)(d + i + r * VW, sum[r]);
  }
  for (; i < count; i++) {
    double sum = 0;
    for (size_t j = 0; j < columns; j++) sum = fma_1(x[j * rows + i], b[j], sum);
    d[i] = sum;
  }
}

/* Several lanes: LANE_WIDTH of them at a time. */
#define MATRIX_VECTOR_LANES(W) \
  static void matrix_vector_##W(const rp_instruction *instruction, size_t offset, size_t count) { \
    double *d = OPERAND(d); \
    const size_t lanes = (size_t) instruction->lanes, rows = instruction->rows, columns = instruction->columns; \
    const double *x = instruction->matrix + offset / lanes; \
    const size_t n = count / lanes; \
    for (size_t lane = 0; lane < lanes; lane += W) { \
      const double *b = instruction->b + lane; \
      size_t i = 0; \
      for (; i + 4 <= n; i += 4) { \
        vd_##W s0 = splat_##W(0.0), s1 = s0, s2 = s0, s3 = s0; \
        for (size_t j = 0; j < columns; j++) { \
          const double *column = x + j * rows + i; \
          const vd_##W factor = load_##W(b + j * lanes); \
          s0 = fma_##W(splat_##W(column[0]), factor, s0); \
          s1 = fma_##W(splat_##W(column[1]), factor, s1); \
          s2 = fma_##W(splat_##W(column[2]), factor, s2); \
          s3 = fma_##W(splat_##W(column[3]), factor, s3); \
        } \
        double *to = d + i * lanes + lane; \
        store_##W(to, s0), store_##W(to + lanes, s1), store_##W(to + 2 * lanes, s2), store_##W(to + 3 * lanes, s3); \
      } \
      for (; i < n; i++) { \
        vd_##W sum = splat_##W(0.0); \
        for (size_t j = 0; j < columns; j++) sum = fma_##W(splat_##W(x[j * rows + i]), load_##W(b + j * lanes), sum); \
        store_##W(d + i * lanes + lane, sum); \
      } \
    } \
  }

/* One lane. Partial sums of X' r: d[column][RP_PARTIALS]. */
static void matrix_transposed_one(const rp_instruction *instruction, size_t offset, size_t count) {
  const double *r = OPERAND(b), *x = instruction->matrix + offset;
  const size_t rows = instruction->rows, whole = count - count % RP_PARTIALS;
  for (size_t j = 0; j < instruction->columns; j++) {
    const double *column = x + j * rows;
    double *d = instruction->d + j * RP_PARTIALS;
    V(vd) sum[RP_PARTIALS / VW];
    UNROLL for (int k = 0; k < RP_PARTIALS / VW; k++) sum[k] = V(load)(d + k * VW);
    for (size_t i = 0; i < whole; i += RP_PARTIALS) {
      UNROLL for (int k = 0; k < RP_PARTIALS / VW; k++)
        sum[k] = V(fma)(V(load)(column + i + (size_t) (k * VW)), V(load)(r + i + (size_t) (k * VW)), sum[k]);
    }
    UNROLL for (int k = 0; k < RP_PARTIALS / VW; k++) V(store)(d + k * VW, sum[k]);
    for (size_t i = whole; i < count; i++) d[i - whole] = fma_1(column[i], r[i], d[i - whole]);
  }
}

#define MATRIX_TRANSPOSED_LANES(W) \
  static void matrix_transposed_##W(const rp_instruction *instruction, size_t offset, size_t count) { \
    const size_t lanes = (size_t) instruction->lanes, rows = instruction->rows, n = count / lanes; \
    const double *r = OPERAND(b), *x = instruction->matrix + offset / lanes; \
    for (size_t j = 0; j < instruction->columns; j++) { \
      const double *column = x + j * rows; \
      double *d = instruction->d + j * RP_PARTIALS * lanes; \
      for (size_t p = 0; p < RP_PARTIALS && p < n; p++) { \
        for (size_t lane = 0; lane < lanes; lane += W) { \
          vd_##W sum = load_##W(d + p * lanes + lane); \
          for (size_t i = p; i < n; i += RP_PARTIALS) \
            sum = fma_##W(splat_##W(column[i]), load_##W(r + i * lanes + lane), sum); \
          store_##W(d + p * lanes + lane, sum); \
        } \
      } \
    } \
  }

#if VW > 1
MATRIX_VECTOR_LANES(2)
MATRIX_TRANSPOSED_LANES(2)
#else
MATRIX_VECTOR_LANES(1)
MATRIX_TRANSPOSED_LANES(1)
#endif
#if VW >= 4
MATRIX_VECTOR_LANES(4)
MATRIX_TRANSPOSED_LANES(4)
#endif
#if VW >= 8
MATRIX_VECTOR_LANES(8)
MATRIX_TRANSPOSED_LANES(8)
#endif
