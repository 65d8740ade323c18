/* Kernels for any C11 compiler; on GNU-compatible ones vectors of two. */
#include <math.h>
#include <string.h>

#include "kernels.h"

#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#else
#define RP_NO_VECTORS
#endif

#define RP_SIMD 0
#define RP_TABLE rp_kernels_portable
#define RP_TABLE_NAME "portable"
#include "kernels_all.h"
