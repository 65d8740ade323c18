/* The bits of a code, see ffi_trace.h. The payload is the node's id plus 2048, clear of R's NA (1954); the real part's
 * fraction has 22 bits, so positions up to 2^31 leave it exact. */
#ifndef RP_FFI_TRACE_CODE_H
#define RP_FFI_TRACE_CODE_H

#include <stdint.h>
#include <string.h>

#include "../graph/graph.h"

static const uint64_t code_nan = UINT64_C(0x7FF8000000000000);
static const uint64_t code_first = 2048;

/* Finalizer of MurmurHash3 (Appleby, public domain). */
static inline uint64_t code_mix(uint64_t x) {
  x ^= x >> 33;
  x *= UINT64_C(0xff51afd7ed558ccd);
  x ^= x >> 33;
  x *= UINT64_C(0xc4ceb9fe1a85ec53);
  return x ^ (x >> 33);
}

static inline uint64_t code_seed(uint64_t trace, rp_node_id id) {
  return code_mix(trace * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t) id);
}

static inline double code_position(uint64_t seed, int64_t i) {
  uint64_t hash = code_mix(seed + (uint64_t) i * UINT64_C(0xD1B54A32D192ED03)) >> 42;
  return (double) i + (double) (hash | 1) * 0x1p-22;
}

static inline double code_tag(rp_node_id id) {
  uint64_t bits = code_nan | ((uint64_t) id + code_first);
  double tag;
  memcpy(&tag, &bits, sizeof tag);
  return tag;
}

/* Node of an imaginary part, -1 when it is no code's. */
static inline int64_t code_node(double imaginary) {
  uint64_t bits;
  memcpy(&bits, &imaginary, sizeof bits);
  uint64_t payload = bits - code_nan;
  return payload >= code_first && payload <= code_first + INT32_MAX ? (int64_t) (payload - code_first) : -1;
}

#endif
