/* The kernels of linear algebra for AVX2 with fused multiply-add. Not on Windows, where GCC does not align the stack
 * for wide registers (GCC bug 54412). */
#include <math.h>
#include <string.h>

#include "linalg_small.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(_WIN64)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define LA_WIDTH 4
#define LA_TABLE rp_la_avx2
#include "linalg_blocks.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
const rp_la_kernels rp_la_avx2 = {rp_la_matmul, rp_la_tri_solve, rp_la_cholesky, rp_la_cholesky_adjoint};
#endif
