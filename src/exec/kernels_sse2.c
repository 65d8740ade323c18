/* Kernels for x86-64 as it has always been. */
#include <math.h>
#include <string.h>

#include "kernels.h"

#if defined(RP_HAVE_X86)
#if defined(__clang__)
#pragma clang fp contract(off)
#pragma clang attribute push(__attribute__((target("sse2"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#pragma GCC target("sse2")
#endif

#define RP_SIMD 1
#define RP_TABLE rp_kernels_sse2
#define RP_TABLE_NAME "sse2"
#include "kernels_all.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int rp_no_sse2; /* an empty file is not C */
#endif
