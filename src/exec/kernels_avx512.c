/* Kernels for AVX-512 (F, DQ, VL). */
#include <math.h>
#include <string.h>

#include "kernels.h"

#if defined(RP_HAVE_X86)
#if defined(__clang__)
#pragma clang fp contract(off)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#pragma GCC target("avx512f,avx512dq,avx512vl,avx2,fma")
#endif

/* GCC for Windows does not align the stack to more than 16 bytes (GCC bug 54412), yet moves wide registers there with
 * instructions that need alignment: the assembler is told to take those that do not. */
#if defined(_WIN64) && !defined(__clang__)
__asm__(".macro vmovapd arguments:vararg\n vmovupd \\arguments\n.endm\n"
        ".macro vmovaps arguments:vararg\n vmovups \\arguments\n.endm\n"
        ".macro vmovdqa arguments:vararg\n vmovdqu \\arguments\n.endm\n"
        ".macro vmovdqa64 arguments:vararg\n vmovdqu64 \\arguments\n.endm\n");
#endif

#define RP_SIMD 3
#define RP_TABLE rp_kernels_avx512
#define RP_TABLE_NAME "avx512"
#include "kernels_all.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int rp_no_avx512; /* an empty file is not C */
#endif
