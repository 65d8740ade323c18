#include "random_normals.h"

#include <math.h>
#include <pthread.h>

/* The ziggurat of Marsaglia & Tsang (2000), "The ziggurat method for generating random variables", J. Stat. Software
 * 5(8), with layer and position from different bits of one word (Doornik 2005, "An improved ziggurat method to
 * generate normal random samples"). */
enum { LAYERS = 256, WORDS = 128, VECTOR = 4 };
#define TAIL 3.6541528853610088 /* where the lowest layer's tail begins, for 256 layers */

typedef uint64_t quad __attribute__((vector_size(8 * VECTOR)));

/* Words in the order in which rp_random_bits() gives them. */
typedef struct {
  rp_random *stream;
  uint64_t words[WORDS];
  int used, filled;
} reader;

static double edge[LAYERS + 1], ratio[LAYERS]; /* edges of the layers from the lowest up; next edge / edge */
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void);
static void refill(reader *r, int64_t wanted);
static double next_uniform(reader *r);
static double outside(reader *r, int layer, double u);

void rp_random_normals(rp_random *stream, int64_t n, double *out) {
  pthread_once(&tables_once, make_tables);
  reader r = {.stream = stream};
  stream->has_spare = 0;
  for (int64_t i = 0; i < n;) {
    if (r.used == r.filled) refill(&r, n - i);
    const uint64_t word = r.words[r.used++];
    const int layer = (int) (word & (LAYERS - 1));
    const double u = ((double) ((int64_t) word >> 11) + 0.5) * 0x1p-52; /* (-1, 1), exact and symmetric */
    out[i] = u * edge[layer];
    if (fabs(u) >= ratio[layer]) out[i] = outside(&r, layer, u);
    i += !isnan(out[i]);
  }
}

/* ---- private ---- */

static double height(double x) { return exp(-0.5 * x * x); }

/* All layers have the area of the lowest: a rectangle up to TAIL and the tail beyond. edge[0] is the width of a
 * rectangle of that area and the lowest layer's height. */
static void make_tables(void) {
  const double area = TAIL * height(TAIL) + sqrt(1.57079632679489661923) * erfc(TAIL / sqrt(2));
  edge[0] = area / height(TAIL);
  edge[1] = TAIL;
  for (int i = 2; i < LAYERS; i++) edge[i] = sqrt(-2 * log(area / edge[i - 1] + height(edge[i - 1])));
  edge[LAYERS] = 0;
  for (int i = 0; i < LAYERS; i++) ratio[i] = edge[i + 1] / edge[i];
}

/* Between two layers, or in the tail: a draw, or NaN for another try. */
static double outside(reader *r, int layer, double u) {
  if (layer == 0) {
    double x, y;
    do {
      x = -log(next_uniform(r)) / TAIL;
      y = -log(next_uniform(r));
    } while (2 * y < x * x);
    return u < 0 ? -TAIL - x : TAIL + x;
  }
  const double x = u * edge[layer], low = height(edge[layer]), high = height(edge[layer + 1]);
  return low + next_uniform(r) * (high - low) < height(x) ? x : NAN;
}

static double next_uniform(reader *r) {
  if (r->used == r->filled) refill(r, 2);
  return ((double) (r->words[r->used++] >> 12) + 0.5) * 0x1p-52;
}

/* rp_threefry2x64() at four counters at a time. */
static void four_blocks(const rp_random *stream, uint64_t first, uint64_t *words) {
  static const unsigned rotation[8] = {16, 42, 12, 31, 16, 32, 24, 21};
  const uint64_t *key = stream->key;
  const uint64_t schedule[3] = {key[0], key[1], UINT64_C(0x1BD11BDAA9FC1A22) ^ key[0] ^ key[1]};
  const quad at = {first, first + 1, first + 2, first + 3};
  quad x0 = at + schedule[0], x1 = (quad){0} + (stream->counter[1] + schedule[1]);
#pragma GCC unroll 20
  for (unsigned round = 0; round < 20; round++) {
    x0 += x1;
    x1 = ((x1 << rotation[round % 8]) | (x1 >> (64 - rotation[round % 8]))) ^ x0;
    if (round % 4 == 3) {
      const unsigned injection = round / 4 + 1;
      x0 += schedule[injection % 3];
      x1 += schedule[(injection + 1) % 3] + injection;
    }
  }
  for (int k = 0; k < VECTOR; k++) {
    words[2 * k] = x0[k];
    words[2 * k + 1] = x1[k];
  }
}

static void refill(reader *r, int64_t wanted) {
  r->used = r->filled = 0;
  do {
    four_blocks(r->stream, r->stream->counter[0], r->words + r->filled);
    r->stream->counter[0] += VECTOR;
    r->filled += 2 * VECTOR;
  } while (r->filled < WORDS && r->filled < wanted);
}
