/* Vectors of VW doubles (1, 2, 4 or 8) on GNU vector types: loads, masks, selection, fused multiply-add.
 *
 * A template: define VW and RP_SIMD (see kernels_*.c), then include; once per width in a file. Names end in the
 * width: V(fma) is fma_4 when VW is 4. Comparisons give masks of all ones or all zeros. No intrinsics header is
 * needed, which would cost more compile time than the kernels themselves. Nothing here allocates or fails. */

#ifndef RP_EXEC_SIMD_ONCE
#define RP_EXEC_SIMD_ONCE
#include <math.h>
#include <stdint.h>
#include <string.h>

#define RP_SIMD_PORTABLE 0
#define RP_SIMD_SSE2 1
#define RP_SIMD_AVX2 2
#define RP_SIMD_AVX512 3

#define V_JOIN_(name, width) name##_##width
#define V_JOIN(name, width) V_JOIN_(name, width)
#define V(name) V_JOIN(name, VW)
#if defined(__GNUC__)
#define VFN static inline __attribute__((always_inline, unused))
#define V_LIKELY(condition) __builtin_expect((condition) != 0, 1)
#else
#define VFN static inline
#define V_LIKELY(condition) (condition)
#endif

/* Lanes of x (0 to 3) and y (4 to 7), vectors of four. */
#if defined(__clang__)
#define V_SHUFFLE(x, y, a, b, c, d) __builtin_shufflevector(x, y, a, b, c, d)
#else
#define V_SHUFFLE(x, y, a, b, c, d) __builtin_shuffle(x, y, (vi_4){a, b, c, d})
#endif

/* Replaces the lanes of y that the mask marks by scalar_call, an expression of `element` (that lane of x): the slow,
 * exact way out for arguments that a fast path does not cover. The other lanes keep their bits, so a lane does not
 * depend on its neighbours. */
#define V_PATCH(y, mask, x, scalar_call) \
  do { \
    if (!V_LIKELY(!V(any)(mask))) { \
      double x_[VW], y_[VW]; \
      uint64_t mask_[VW]; \
      memcpy(x_, &(x), sizeof x_); \
      memcpy(y_, &(y), sizeof y_); \
      memcpy(mask_, &(mask), sizeof mask_); \
      for (int lane_ = 0; lane_ < VW; lane_++) { \
        const double element = x_[lane_]; \
        if (mask_[lane_]) y_[lane_] = (scalar_call); \
      } \
      memcpy(&(y), y_, sizeof y_); \
    } \
  } while (0)
#endif

#if VW == 1
typedef double V(vd);
typedef int64_t V(vi);
typedef uint64_t V(vu);
VFN V(vd) V(splat)(double x) { return x; }
VFN V(vu) V(lt)(V(vd) a, V(vd) b) { return a < b ? ~UINT64_C(0) : 0; }
VFN V(vu) V(le)(V(vd) a, V(vd) b) { return a <= b ? ~UINT64_C(0) : 0; }
VFN V(vu) V(eq)(V(vd) a, V(vd) b) { return a == b ? ~UINT64_C(0) : 0; }
VFN V(vu) V(ne)(V(vd) a, V(vd) b) { return a != b ? ~UINT64_C(0) : 0; }
#else
typedef double V(vd) __attribute__((vector_size(8 * VW)));
typedef int64_t V(vi) __attribute__((vector_size(8 * VW)));
typedef uint64_t V(vu) __attribute__((vector_size(8 * VW)));
/* x - 0 and not 0 + x: the latter would lose the sign of -0 */
VFN V(vd) V(splat)(double x) { return x - (V(vd)){0}; }
VFN V(vu) V(lt)(V(vd) a, V(vd) b) { return (V(vu)) (a < b); }
VFN V(vu) V(le)(V(vd) a, V(vd) b) { return (V(vu)) (a <= b); }
VFN V(vu) V(eq)(V(vd) a, V(vd) b) { return (V(vu)) (a == b); }
VFN V(vu) V(ne)(V(vd) a, V(vd) b) { return (V(vu)) (a != b); }
#endif

VFN V(vd) V(load)(const double *p) { V(vd) x; memcpy(&x, p, sizeof x); return x; }
VFN void V(store)(double *p, V(vd) x) { memcpy(p, &x, sizeof x); }
VFN V(vu) V(bits)(V(vd) x) { V(vu) u; memcpy(&u, &x, sizeof u); return u; }
VFN V(vd) V(from_bits)(V(vu) u) { V(vd) x; memcpy(&x, &u, sizeof x); return x; }

VFN V(vd) V(pick)(V(vu) mask, V(vd) yes, V(vd) no) {
  return V(from_bits)((V(bits)(yes) & mask) | (V(bits)(no) & ~mask));
}
VFN V(vd) V(abs)(V(vd) x) { return V(from_bits)(V(bits)(x) & UINT64_C(0x7fffffffffffffff)); }
VFN V(vd) V(copysign)(V(vd) size, V(vd) sign) {
  return V(from_bits)((V(bits)(size) & UINT64_C(0x7fffffffffffffff)) | (V(bits)(sign) & UINT64_C(0x8000000000000000)));
}
/* 1 where the mask is set, else 0 */
VFN V(vd) V(flag)(V(vu) mask) { return V(from_bits)(V(bits)(V(splat)(1.0)) & mask); }

VFN int V(any)(V(vu) mask) {
#if VW == 1
  return mask != 0;
#elif VW == 2 && RP_SIMD >= RP_SIMD_SSE2
  return __builtin_ia32_movmskpd((V(vd)) mask) != 0;
#elif VW == 4 && RP_SIMD >= RP_SIMD_AVX2
  return __builtin_ia32_movmskpd256((V(vd)) mask) != 0;
#elif VW == 8 && RP_SIMD >= RP_SIMD_AVX512
  typedef long long quad __attribute__((vector_size(64)));
  return __builtin_ia32_cvtq2mask512((quad) mask) != 0;
#else
  uint64_t any = 0;
  for (int i = 0; i < VW; i++) any |= mask[i];
  return any != 0;
#endif
}

/* a * b + c: one rounding where the instruction set can, two elsewhere, and the same everywhere in one file.
 * (Contraction by the compiler is off in the kernels: it would depend on the context and so on the number of lanes.) */
VFN V(vd) V(fma)(V(vd) a, V(vd) b, V(vd) c) {
#if VW == 1 && RP_SIMD >= RP_SIMD_AVX2
  return __builtin_fma(a, b, c);
#elif VW == 2 && RP_SIMD >= RP_SIMD_AVX2
  return __builtin_ia32_vfmaddpd(a, b, c);
#elif VW == 4 && RP_SIMD >= RP_SIMD_AVX2
  return __builtin_ia32_vfmaddpd256(a, b, c);
#elif VW == 8 && RP_SIMD >= RP_SIMD_AVX512
  return __builtin_ia32_vfmaddpd512_mask(a, b, c, (unsigned char) -1, 4);
#elif VW == 1 && defined(__aarch64__)
  return __builtin_fma(a, b, c);
#elif defined(__aarch64__)
  V(vd) r;
  for (int i = 0; i < VW; i++) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
#else
  return a * b + c;
#endif
}
VFN V(vd) V(fnma)(V(vd) a, V(vd) b, V(vd) c) { return V(fma)(-a, b, c); } /* c - a * b */
VFN V(vd) V(fms)(V(vd) a, V(vd) b, V(vd) c) { return V(fma)(a, b, -c); } /* a * b - c */
