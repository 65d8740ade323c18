/* One instruction set's kernels: included once by each kernels_*.c, which has set RP_SIMD, RP_TABLE and RP_TABLE_NAME
 * and, after the system headers, switched the compiler to the target. */

#define VW 1
#include "kernels_width.h"
#undef VW
#if !defined(RP_NO_VECTORS)
#define VW 2
#include "kernels_width.h"
#undef VW
#endif
#if RP_SIMD >= RP_SIMD_AVX2
#define VW 4
#include "kernels_width.h"
#undef VW
#endif
#if RP_SIMD >= RP_SIMD_AVX512
#define VW 8
#include "kernels_width.h"
#undef VW
#endif

/* Kernels for 2, 4 and 8 lanes, as wide as there are registers for. */
#if RP_SIMD >= RP_SIMD_AVX512
#define VW 8
#define MORE_LANES(name) name##_2, name##_4, name##_8
#elif RP_SIMD >= RP_SIMD_AVX2
#define VW 4
#define MORE_LANES(name) name##_2, name##_4, name##_4
#elif !defined(RP_NO_VECTORS)
#define VW 2
#define MORE_LANES(name) name##_2, name##_2, name##_2
#else
#define VW 1
#define MORE_LANES(name) name##_1, name##_1, name##_1
#endif
#if RP_SIMD >= RP_SIMD_AVX2
#include "kernels_affine_wide.h"
#define AFFINE_ONE_LANE affine_one_lane
#else
#define AFFINE_ONE_LANE affine_lanes_1
#endif
#include "kernels_block.h"
