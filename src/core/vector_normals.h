/* Normal numbers, W pairs at a time; part of the template vector_loops.h.
 *
 * Box & Muller (1958), both halves, from the words of consecutive threefry2x64 blocks. Logarithm, sine and cosine are
 * those of fdlibm (Sun Microsystems, 1993), without the cases that cannot occur: arguments are odd multiples of 2^-53
 * in (0, 1). */
#include <math.h>
#include <stdint.h>

#if W == 1
typedef uint64_t wide_bits;
#else
typedef uint64_t wide_bits __attribute__((vector_size(8 * W)));
#endif

static inline wide as_wide(wide_bits u) {
  wide x;
  memcpy(&x, &u, sizeof x);
  return x;
}
static inline wide_bits as_bits(wide x) {
  wide_bits u;
  memcpy(&u, &x, sizeof u);
  return u;
}
static inline wide_bits repeated(uint64_t u) { return u + (wide_bits){0}; }

/* rp_threefry2x64() for W counters at once. */
static inline void threefry(const uint64_t key[2], wide_bits *x0, wide_bits *x1) {
  const uint64_t parity = UINT64_C(0x1BD11BDAA9FC1A22) ^ key[0] ^ key[1];
  wide_bits a = *x0 + key[0], b = *x1 + key[1];
#define ROUND(by) a += b, b = ((b << by) | (b >> (64 - by))) ^ a
#define EVEN_ROUNDS ROUND(16), ROUND(42), ROUND(12), ROUND(31)
#define ODD_ROUNDS ROUND(16), ROUND(32), ROUND(24), ROUND(21)
  EVEN_ROUNDS, a += key[1], b += parity + 1;
  ODD_ROUNDS, a += parity, b += key[0] + 2;
  EVEN_ROUNDS, a += key[0], b += key[1] + 3;
  ODD_ROUNDS, a += key[1], b += parity + 4;
  EVEN_ROUNDS, a += parity, b += key[0] + 5;
#undef ROUND
#undef EVEN_ROUNDS
#undef ODD_ROUNDS
  *x0 = a;
  *x1 = b;
}

static inline wide uniform(wide_bits bits) {
  return as_wide((bits >> 12) | UINT64_C(0x3ff0000000000000)) - 1 + 0x1p-53;
}

static inline wide logarithm(wide u) {
  /* u = 2^e (1 + f), sqrt(1/2) < 1 + f <= sqrt(2) */
  const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd), exponents = UINT64_C(0xfff0000000000000);
  const wide_bits shift = (as_bits(u) - root_half) & exponents;
  const wide f = as_wide(as_bits(u) - shift) - 1;
  /* e is between -53 and 0: as a signed number in the upper bits, plus 1023 to make it positive */
  const wide e =
      as_wide(((shift + UINT64_C(0x3ff0000000000000)) >> 52) | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023);
  const wide s = f / (2 + f), z = s * s, w = z * z, half = 0.5 * f * f;
  const wide even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const wide odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 +
                        w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  return e * 6.93147180369123816490e-01 - ((half - (s * (half + (even + odd)) + e * 1.90821492927058770002e-10)) - f);
}

/* Sine and cosine of 2 pi u. */
static inline void circle(wide u, wide *sine, wide *cosine) {
  /* quarters of the circle: 4 u = quarter + rest, |rest| <= 1/2 */
  const double magic = 0x1.8p52;
  const wide moved = 4 * u + magic, x = (4 * u - (moved - magic)) * 1.57079632679489661923, z = x * x;
  const wide_bits quarter = as_bits(moved);
  const wide s = x + x * z * (-1.66666666666666324348e-01 + z * (8.33333333332248946124e-03 +
                 z * (-1.98412698298579493134e-04 + z * (2.75573137070700676789e-06 +
                 z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))));
  const wide tail = z * z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 +
                    z * (2.48015872894767294178e-05 + z * (-2.75573143513906633035e-07 +
                    z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
  const wide c = 1 - (0.5 * z - tail);
  const wide_bits odd = 0 - (quarter & 1);
  const wide_bits s_sign = (quarter & 2) << 62, c_sign = ((quarter + 1) & 2) << 62;
  *sine = as_wide(((as_bits(s) & ~odd) | (as_bits(c) & odd)) ^ s_sign);
  *cosine = as_wide(((as_bits(c) & ~odd) | (as_bits(s) & odd)) ^ c_sign);
}

static inline wide root(wide x) {
  double part[W];
  memcpy(part, &x, sizeof part);
  for (int k = 0; k < W; k++) part[k] = sqrt(part[k]);
  return load(part);
}

static void normals(const uint64_t key[2], const uint64_t counter[2], size_t n, double *out) {
  wide_bits number = repeated(counter[0]);
  uint64_t offset[W];
  memcpy(offset, &number, sizeof offset);
  for (uint64_t k = 0; k < W; k++) offset[k] += k;
  memcpy(&number, offset, sizeof number);
  for (size_t i = 0; i < n; i += 2 * W, number += W) {
    wide_bits x0 = number, x1 = repeated(counter[1]);
    threefry(key, &x0, &x1);
    wide sine, cosine;
    circle(uniform(x1), &sine, &cosine);
    const wide radius = root(-2 * logarithm(uniform(x0)));
    double pair[2][W];
    store(pair[0], radius * cosine);
    store(pair[1], radius * sine);
    const size_t count = n - i < 2 * W ? n - i : 2 * W;
    for (size_t k = 0; k < count; k++) out[i + k] = pair[k % 2][k / 2];
  }
}
