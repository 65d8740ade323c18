#include "vector.h"

#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#if defined(__GNUC__)
#define W 2
#else
#define W 1
#endif
#include "vector_loops.h"

const rp_vector_loops *rp_vector_base(void) { return &loops; }

const rp_vector_loops *rp_vector_best(void) {
  const rp_vector_loops *wide_loops = rp_vector_avx2();
  return wide_loops ? wide_loops : &loops;
}
