#include "random.h"

#include <math.h>

/* Threefry-2x64 with 20 rounds: Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3",
 * SC11, section 4.2 and table 2 (rotations); the parity constant is that of Skein (Ferguson et al. 2010). */
enum { ROUNDS = 20, ROUNDS_PER_KEY = 4 };

static inline uint64_t rotate_left(uint64_t x, unsigned by) { return (x << by) | (x >> (64 - by)); }

void rp_threefry2x64(const uint64_t key[2], const uint64_t counter[2], uint64_t block[2]) {
  static const unsigned rotation[8] = {16, 42, 12, 31, 16, 32, 24, 21};
  const uint64_t schedule[3] = {key[0], key[1], UINT64_C(0x1BD11BDAA9FC1A22) ^ key[0] ^ key[1]};
  uint64_t x0 = counter[0] + schedule[0], x1 = counter[1] + schedule[1];
  for (unsigned round = 0; round < ROUNDS; round++) {
    x0 += x1;
    x1 = rotate_left(x1, rotation[round % 8]) ^ x0;
    if (round % ROUNDS_PER_KEY == ROUNDS_PER_KEY - 1) {
      unsigned injection = round / ROUNDS_PER_KEY + 1;
      x0 += schedule[injection % 3];
      x1 += schedule[(injection + 1) % 3] + injection;
    }
  }
  block[0] = x0;
  block[1] = x1;
}

/* The low half of the first counter word numbers the blocks of a stream. */
rp_random rp_random_open(rp_random_key key, uint32_t site) {
  rp_random stream = {.key = {key.seed, key.chain}, .counter = {(uint64_t) site << 32, key.draw}};
  return stream;
}

/* FNV-1a over the name and the bytes of the element, then the finalizer of MurmurHash3, which spreads the last
 * bytes (FNV-1a alone leaves neighbouring elements in neighbouring hashes). */
uint32_t rp_random_site(const char *name, uint32_t element) {
  uint32_t hash = UINT32_C(2166136261);
  for (const char *c = name; *c != '\0'; c++) hash = (hash ^ (uint8_t) *c) * UINT32_C(16777619);
  for (int byte = 0; byte < 4; byte++) hash = (hash ^ ((element >> (8 * byte)) & 0xff)) * UINT32_C(16777619);
  hash = (hash ^ (hash >> 16)) * UINT32_C(0x85ebca6b);
  hash = (hash ^ (hash >> 13)) * UINT32_C(0xc2b2ae35);
  return hash ^ (hash >> 16);
}

uint64_t rp_random_bits(rp_random *stream) {
  if (stream->has_spare) {
    stream->has_spare = 0;
    return stream->spare;
  }
  uint64_t block[2];
  rp_threefry2x64(stream->key, stream->counter, block);
  stream->counter[0]++;
  stream->spare = block[1];
  stream->has_spare = 1;
  return block[0];
}

/* Odd multiples of 2^-53: exact, so that neither 0 nor 1 can come out of rounding, and symmetric about 1/2. */
double rp_random_uniform(rp_random *stream) {
  return ((double) (rp_random_bits(stream) >> 12) + 0.5) * 0x1p-52;
}

/* Box & Muller (1958), the cosine half only: two numbers a normal, always, so that the position in a stream does
 * not depend on the values drawn. */
double rp_random_normal(rp_random *stream) {
  const double two_pi = 6.283185307179586477;
  double radius = sqrt(-2 * log(rp_random_uniform(stream)));
  return radius * cos(two_pi * rp_random_uniform(stream));
}

double rp_random_exponential(rp_random *stream) { return -log(rp_random_uniform(stream)); }

/* Marsaglia & Tsang (2000), "A simple method for generating gamma variables", ACM TOMS 26(3): shape >= 1. */
static double gamma_shape_above_one(rp_random *stream, double shape) {
  double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    double x = rp_random_normal(stream);
    double root = 1 + c * x, u = rp_random_uniform(stream);
    if (root <= 0) continue;
    double v = root * root * root;
    if (log(u) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
  }
}

double rp_random_gamma(rp_random *stream, double shape) {
  if (shape >= 1 && isfinite(shape)) return gamma_shape_above_one(stream, shape);
  return exp(rp_random_log_gamma(stream, shape));
}

/* Below shape 1 by gamma(shape) = gamma(shape + 1) U^(1 / shape) (their section 6), in logs because U^(1 / shape)
 * underflows. */
double rp_random_log_gamma(rp_random *stream, double shape) {
  if (!(shape > 0) || isinf(shape)) return NAN;
  if (shape >= 1) return log(gamma_shape_above_one(stream, shape));
  double above = log(gamma_shape_above_one(stream, shape + 1));
  return above + log(rp_random_uniform(stream)) / shape;
}
