/* Which kernels this machine can run. */
#include "kernels.h"

rp_isa rp_isa_best(void) {
#if defined(RP_HAVE_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return RP_ISA_AVX512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return RP_ISA_AVX2;
  return RP_ISA_SSE2;
#else
  return RP_ISA_PORTABLE;
#endif
}

const char *rp_isa_name(rp_isa isa) {
  static const char *const names[] = {"portable", "sse2", "avx2", "avx512", "best"};
  return isa >= RP_ISA_PORTABLE && isa <= RP_ISA_BEST ? names[isa] : "unknown";
}

const rp_kernels *rp_kernels_of(rp_isa isa) {
  if (isa == RP_ISA_BEST) isa = rp_isa_best();
  if (isa == RP_ISA_PORTABLE) return &rp_kernels_portable;
#if defined(RP_HAVE_X86)
  if (isa > rp_isa_best()) return NULL;
  if (isa == RP_ISA_SSE2) return &rp_kernels_sse2;
  if (isa == RP_ISA_AVX2) return &rp_kernels_avx2;
  if (isa == RP_ISA_AVX512) return &rp_kernels_avx512;
#endif
  return NULL;
}
