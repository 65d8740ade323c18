/* Without FMA, so that the results are those of the base instruction set. */
#include <string.h>

#include "vector.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(_WIN64)
#if defined(__clang__)
#pragma clang fp contract(off)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC optimize("fp-contract=off")
#pragma GCC target("avx2")
#endif

#define W 4
#include "vector_loops.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC reset_options
#endif

const rp_vector_loops *rp_vector_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? &loops : NULL;
}
#else
const rp_vector_loops *rp_vector_avx2(void) { return NULL; }
#endif
