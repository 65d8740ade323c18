/* Elementary and gamma functions on vectors of VW doubles; a template over VW like simd.h, which must be included
 * before with the same VW.
 *
 * Each has a short path for ordinary arguments. Arguments outside it (NaN, infinities, subnormals, poles) go either
 * through a complete path or, lane by lane, through rp_elementwise(); a lane with an ordinary argument gives the same
 * bits on both paths, so results do not depend on which lanes share a vector. Errors measured by
 * tests/engine/test_kernels.c: exp 1 ulp, log 1 ulp, log1p 1.5 ulp, expm1 2 ulp, sigmoid and log1p_exp 3 ulp; lgamma
 * and digamma 1e-13 relative to max(1, |value|). */

#ifndef RP_EXEC_VMATH_ONCE
#define RP_EXEC_VMATH_ONCE
#include "../core/constants.h"
#include "../graph/evaluate.h"

#define LOG2E 0x1.71547652b82fep0
/* log 2 in two parts; the first has 21 trailing zero bits, so that n * LN2_HIGH is exact */
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define ROUNDER 0x1.8p52 /* adding it leaves the nearest integer in the low bits */
#define SMALLEST_NORMAL 0x1p-1022
#if defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_sqrt)
#define RP_ELEMENTWISE_SQRT
#endif
#endif
#endif

/* (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2, Taylor to degree 13 in Estrin's order */
VFN V(vd) V(exp_tail)(V(vd) r) {
  V(vd) r2 = r * r, r4 = r2 * r2;
  V(vd) p0 = V(fma)(r, V(splat)(1.0 / 6), V(splat)(0.5));
  V(vd) p1 = V(fma)(r, V(splat)(1.0 / 120), V(splat)(1.0 / 24));
  V(vd) p2 = V(fma)(r, V(splat)(1.0 / 5040), V(splat)(1.0 / 720));
  V(vd) p3 = V(fma)(r, V(splat)(1.0 / 362880), V(splat)(1.0 / 40320));
  V(vd) p4 = V(fma)(r, V(splat)(1.0 / 39916800), V(splat)(1.0 / 3628800));
  V(vd) p5 = V(fma)(r, V(splat)(1.0 / 6227020800.0), V(splat)(1.0 / 479001600));
  V(vd) q0 = V(fma)(p1, r2, p0), q1 = V(fma)(p3, r2, p2), q2 = V(fma)(p5, r2, p4);
  return V(fma)(r4, V(fma)(r4, q2, q1), q0);
}

/* x = n log 2 + r; the integer n is also in the low bits of *shifted */
VFN V(vd) V(exp_reduce)(V(vd) x, V(vd) *shifted, V(vd) *n) {
  *shifted = V(fma)(x, V(splat)(LOG2E), V(splat)(ROUNDER));
  *n = *shifted - ROUNDER;
  V(vd) r = V(fnma)(*n, V(splat)(LN2_HIGH), x);
  return V(fnma)(*n, V(splat)(LN2_LOW), r);
}

VFN V(vd) V(exp)(V(vd) x) {
  V(vd) shifted, n;
  if (V_LIKELY(!V(any)(~V(lt)(V(abs)(x), V(splat)(708.0))))) {
    V(vd) r = V(exp_reduce)(x, &shifted, &n);
    V(vd) p = 1.0 + V(fma)(r * r, V(exp_tail)(r), r);
    return V(from_bits)(V(bits)(p) + (V(bits)(shifted) << 52));
  }
  V(vd) inside = V(pick)(V(lt)(x, V(splat)(-750.0)), V(splat)(-750.0), x);
  inside = V(pick)(V(lt)(V(splat)(720.0), inside), V(splat)(720.0), inside);
  V(vd) r = V(exp_reduce)(inside, &shifted, &n);
  V(vd) p = 1.0 + V(fma)(r * r, V(exp_tail)(r), r);
  /* 2^n as a product of two powers, so that only the last multiplication may round to a subnormal or overflow */
  V(vd) half = n * 0.5 + ROUNDER;
  V(vd) rest = (n - (half - ROUNDER)) + ROUNDER;
  V(vd) scale_1 = V(from_bits)((V(bits)(half) + 1023) << 52), scale_2 = V(from_bits)((V(bits)(rest) + 1023) << 52);
  return V(pick)(V(ne)(x, x), x, (p * scale_1) * scale_2);
}

/* exp(x) - 1 without cancellation: 2^n expm1(r) + (2^n - 1) */
VFN V(vd) V(expm1)(V(vd) x) {
  V(vd) shifted, n;
  V(vu) odd = ~V(lt)(V(abs)(x), V(splat)(700.0));
  V(vd) r = V(exp_reduce)(V(pick)(odd, V(splat)(0.0), x), &shifted, &n);
  V(vd) e = V(fma)(r * r, V(exp_tail)(r), r);
  V(vd) scale = V(from_bits)((V(bits)(shifted) + 1023) << 52);
  V(vd) y = V(fma)(scale, e, scale - 1.0);
  V_PATCH(y, odd, x, rp_elementwise(RP_OP_EXPM1, element, 0, 0));
  return y;
}

/* log of a positive normal number given by its bits, plus exponent * log 2, plus correction (fdlibm's e_log.c) */
VFN V(vd) V(log_core)(V(vu) bits, V(vd) exponent, V(vd) correction) {
  V(vu) shifted = bits - UINT64_C(0x3fe6a09e667f3bcd) + (UINT64_C(1023) << 52);
  V(vu) k = shifted >> 52;
  V(vd) kd = V(from_bits)(k | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023.0) + exponent;
  V(vd) f = V(from_bits)(bits - (k << 52) + (UINT64_C(1023) << 52)) - 1.0;
  V(vd) s = f / (2.0 + f), z = s * s, w = z * z;
  V(vd) odd = V(fma)(w, V(splat)(1.531383769920937332e-01), V(splat)(2.222219843214978396e-01));
  odd = w * V(fma)(w, odd, V(splat)(3.999999999940941908e-01));
  V(vd) even = V(fma)(w, V(splat)(1.479819860511658591e-01), V(splat)(1.818357216161805012e-01));
  even = V(fma)(w, even, V(splat)(2.857142874366239149e-01));
  even = z * V(fma)(w, even, V(splat)(6.666666666666735130e-01));
  V(vd) half_square = 0.5 * f * f;
  V(vd) low = V(fma)(kd, V(splat)(1.90821492927058770002e-10), correction);
  V(vd) tail = V(fma)(s, half_square + (odd + even), low);
  return V(fma)(kd, V(splat)(6.93147180369123816490e-01), f - (half_square - tail));
}

VFN V(vd) V(log)(V(vd) x) {
  V(vu) ordinary = V(le)(V(splat)(SMALLEST_NORMAL), x) & V(lt)(x, V(splat)(INFINITY));
  V(vd) zero = V(splat)(0.0);
  if (V_LIKELY(!V(any)(~ordinary))) return V(log_core)(V(bits)(x), zero, zero);
  V(vu) subnormal = V(lt)(x, V(splat)(SMALLEST_NORMAL));
  V(vd) normal = V(pick)(subnormal, x * 0x1p54, x);
  V(vd) y = V(log_core)(V(bits)(normal), V(pick)(subnormal, V(splat)(-54.0), zero), zero);
  y = V(pick)(V(eq)(x, V(splat)(INFINITY)), x, y);
  y = V(pick)(V(eq)(x, zero), V(splat)(-INFINITY), y);
  y = V(pick)(V(lt)(x, zero), V(splat)(NAN), y);
  return V(pick)(V(ne)(x, x), x, y);
}

/* log(1 + x) for ordinary x > -1: log(u) + (x - (u - 1)) / u with u = 1 + x rounded */
VFN V(vd) V(log1p_ordinary)(V(vd) x) {
  V(vd) u = 1.0 + x;
  return V(log_core)(V(bits)(u), V(splat)(0.0), (x - (u - 1.0)) / u);
}

VFN V(vd) V(log1p)(V(vd) x) {
  V(vu) odd = ~(V(lt)(V(splat)(-1.0), x) & V(lt)(x, V(splat)(0x1p1000)));
  V(vd) y = V(log1p_ordinary)(V(pick)(odd, V(splat)(0.0), x));
  V_PATCH(y, odd, x, rp_elementwise(RP_OP_LOG1P, element, 0, 0));
  return y;
}

/* max(x, 0), NaN for NaN, 0 for -Inf */
VFN V(vd) V(positive_part)(V(vd) x) { return V(pick)(V(lt)(x, V(splat)(0.0)), V(splat)(0.0), x); }

/* log(1 + exp(x)) and 1 / (1 + exp(-x)) from one exponential, e = exp(-|x|) */
VFN void V(softplus_sigmoid_of)(V(vd) x, V(vd) e, V(vd) *softplus, V(vd) *sigmoid) {
  V(vd) u = 1.0 + e, r = 1.0 / u;
  V(vd) log1p_e = V(log_core)(V(bits)(u), V(splat)(0.0), (e - (u - 1.0)) * r);
  V(vu) nan = V(ne)(x, x);
  *softplus = V(pick)(nan, x, V(positive_part)(x) + log1p_e);
  *sigmoid = V(pick)(nan, x, V(pick)(V(lt)(x, V(splat)(0.0)), e * r, r));
}
VFN void V(softplus_sigmoid)(V(vd) x, V(vd) *softplus, V(vd) *sigmoid) {
  V(softplus_sigmoid_of)(x, V(exp)(-V(abs)(x)), softplus, sigmoid);
}
VFN V(vd) V(log1p_exp)(V(vd) x) {
  V(vd) softplus, sigmoid;
  V(softplus_sigmoid)(x, &softplus, &sigmoid);
  return softplus;
}
VFN V(vd) V(sigmoid)(V(vd) x) {
  V(vd) e = V(exp)(-V(abs)(x)), r = 1.0 / (1.0 + e);
  return V(pick)(V(ne)(x, x), x, V(pick)(V(lt)(x, V(splat)(0.0)), e * r, r));
}

/* log(1 - exp(x)), x < 0, by whichever of the two forms does not cancel (Maechler 2012) */
VFN V(vd) V(log1m_exp)(V(vd) x) {
  V(vu) odd = ~(V(lt)(x, V(splat)(-1e-300)) & V(lt)(V(splat)(-700.0), x));
  V(vd) inside = V(pick)(odd, V(splat)(-1.0), x);
  V(vu) near = V(lt)(V(splat)(-M_LN2), inside);
  V(vd) minus_e = -V(exp)(inside), minus_m = -V(expm1)(inside);
  V(vd) y = V(pick)(near, V(log)(minus_m), V(log1p)(V(pick)(near, V(splat)(-0.5), minus_e)));
  V_PATCH(y, odd, x, rp_elementwise(RP_OP_LOG1M_EXP, element, 0, 0));
  return y;
}

/* tanh|x| = (1 - e) / (1 + e) with e = exp(-2|x|), written with expm1 */
VFN V(vd) V(tanh)(V(vd) x) {
  V(vu) odd = ~V(lt)(V(abs)(x), V(splat)(300.0));
  V(vd) t = V(expm1)(-2.0 * V(abs)(V(pick)(odd, V(splat)(0.0), x)));
  V(vd) y = V(copysign)(-t / (2.0 + t), x);
  V_PATCH(y, odd, x, rp_elementwise(RP_OP_TANH, element, 0, 0));
  return y;
}

/* lgamma and digamma for x > 0: below 8 the argument is shifted by 8, then Stirling's series (Abramowitz & Stegun
 * 6.1.40, 6.3.18). The product x (x + 1) ... (x + 7) pairs to t (t + 6) (t + 10) (t + 12) with t = x (x + 7), and the
 * sum of the reciprocals is its derivative divided by itself; all terms are positive. */
VFN void V(lgamma_digamma)(V(vd) x, V(vd) *lgamma_x, V(vd) *digamma_x) {
  V(vu) odd = ~(V(lt)(V(splat)(1e-290), x) & V(lt)(x, V(splat)(1e290)));
  V(vd) y = V(pick)(odd, V(splat)(9.0), x), p = V(splat)(1.0), q = V(splat)(0.0);
  V(vu) small = V(lt)(y, V(splat)(8.0));
  const int shifted = V(any)(small);
  if (shifted) {
    V(vd) t = V(fma)(y, y, 7.0 * y), outer = t * (t + 12.0), inner = (t + 6.0) * (t + 10.0);
    V(vd) slope = V(fma)(t + 6.0, inner, outer * (t + 8.0)); /* half the derivative by t */
    p = V(pick)(small, outer * inner, p);
    q = V(pick)(small, V(fma)(V(splat)(4.0), y, V(splat)(14.0)) * slope, q);
    y = V(pick)(small, y + 8.0, y);
  }
  V(vd) log_y = V(log_core)(V(bits)(y), V(splat)(0.0), V(splat)(0.0)), r = 1.0 / y, z = r * r;
  V(vd) s = V(fma)(z, V(splat)(-2.95506535947712418e-2), V(splat)(6.41025641025641026e-3));
  s = V(fma)(z, s, V(splat)(-1.91752691752691753e-3));
  s = V(fma)(z, s, V(splat)(8.41750841750841751e-4));
  s = V(fma)(z, s, V(splat)(-5.95238095238095238e-4));
  s = V(fma)(z, s, V(splat)(7.93650793650793651e-4));
  s = V(fma)(z, s, V(splat)(-2.77777777777777778e-3));
  s = r * V(fma)(z, s, V(splat)(8.33333333333333333e-2));
  V(vd) t = V(fma)(z, V(splat)(-4.43259803921568627e-1), V(splat)(8.33333333333333333e-2));
  t = V(fma)(z, t, V(splat)(-2.10927960927960928e-2));
  t = V(fma)(z, t, V(splat)(7.57575757575757576e-3));
  t = V(fma)(z, t, V(splat)(-4.16666666666666667e-3));
  t = V(fma)(z, t, V(splat)(3.96825396825396825e-3));
  t = V(fma)(z, t, V(splat)(-8.33333333333333333e-3));
  t = z * V(fma)(z, t, V(splat)(8.33333333333333333e-2));
  V(vd) l = V(fma)(y - 0.5, log_y, -y) + (RP_LOG_SQRT_2PI + s);
  V(vd) d = V(fma)(V(splat)(-0.5), r, log_y) - t;
  if (shifted) {
    l = l - V(log_core)(V(bits)(p), V(splat)(0.0), V(splat)(0.0));
    d = d - q / p;
  }
  V_PATCH(l, odd, x, rp_elementwise(RP_OP_LGAMMA, element, 0, 0));
  V_PATCH(d, odd, x, rp_elementwise(RP_OP_DIGAMMA, element, 0, 0));
  *lgamma_x = l;
  *digamma_x = d;
}
VFN V(vd) V(lgamma)(V(vd) x) {
  V(vd) l, d;
  V(lgamma_digamma)(x, &l, &d);
  return l;
}
VFN V(vd) V(digamma)(V(vd) x) {
  V(vd) l, d;
  V(lgamma_digamma)(x, &l, &d);
  return d;
}

VFN V(vd) V(sqrt)(V(vd) x) {
#if VW == 1
  return sqrt(x);
#elif defined(RP_ELEMENTWISE_SQRT)
  return __builtin_elementwise_sqrt(x);
#elif VW == 2 && RP_SIMD >= RP_SIMD_SSE2
  return __builtin_ia32_sqrtpd(x);
#elif VW == 4 && RP_SIMD >= RP_SIMD_AVX2
  return __builtin_ia32_sqrtpd256(x);
#elif VW == 8 && RP_SIMD >= RP_SIMD_AVX512 && !defined(__clang__)
  return __builtin_ia32_sqrtpd512_mask(x, x, -1, 4);
#else
  V(vd) y;
  for (int i = 0; i < VW; i++) y[i] = sqrt(x[i]);
  return y;
#endif
}
VFN V(vd) V(sign)(V(vd) x) {
  V(vd) y = V(flag)(V(lt)(V(splat)(0.0), x)) - V(flag)(V(lt)(x, V(splat)(0.0)));
  return V(pick)(V(ne)(x, x), x, y);
}
/* NaN if either is NaN */
VFN V(vd) V(max)(V(vd) a, V(vd) b) { return V(pick)(V(lt)(a, b) | V(ne)(b, b), b, a); }
VFN V(vd) V(min)(V(vd) a, V(vd) b) { return V(pick)(V(lt)(b, a) | V(ne)(b, b), b, a); }
/* what a comparison with this mask gives: 0 or 1, NaN if either is NaN */
VFN V(vd) V(compared)(V(vu) mask, V(vd) a, V(vd) b) {
  return V(pick)(V(ne)(a, a) | V(ne)(b, b), V(splat)(NAN), V(flag)(mask));
}
VFN V(vd) V(select)(V(vd) condition, V(vd) yes, V(vd) no) {
  V(vd) y = V(pick)(V(ne)(condition, V(splat)(0.0)), yes, no);
  return V(pick)(V(ne)(condition, condition), V(splat)(NAN), y);
}
VFN V(vd) V(log_add_exp)(V(vd) a, V(vd) b) {
  V(vd) larger = V(max)(a, b), gap = V(abs)(a - b);
  V(vd) y = larger + V(log1p_ordinary)(V(exp)(-gap));
  V(vd) equal = V(pick)(V(eq)(a, b), larger + M_LN2, y);
  return V(pick)(V(lt)(gap, V(splat)(INFINITY)), equal, larger);
}
