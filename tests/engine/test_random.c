#include "check.h"

#include <stdlib.h>

#include "../../src/core/random.h"

/* Known answers of Random123 1.14, tests/kat_vectors, threefry2x64 20. */
static void test_known_answers(void) {
  static const struct { uint64_t counter[2], key[2], block[2]; } known[] = {
    {{0, 0}, {0, 0}, {UINT64_C(0xc2b6e3a8c2c69865), UINT64_C(0x6f81ed42f350084d)}},
    {{UINT64_MAX, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, {UINT64_C(0xe02cb7c4d95d277a), UINT64_C(0xd06633d0893b8b68)}},
    {{UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344)},
     {UINT64_C(0xa4093822299f31d0), UINT64_C(0x082efa98ec4e6c89)},
     {UINT64_C(0x263c7d30bb0f0af1), UINT64_C(0x56be8361d3311526)}},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    uint64_t block[2];
    rp_threefry2x64(known[i].key, known[i].counter, block);
    CHECK(block[0] == known[i].block[0] && block[1] == known[i].block[1]);
  }
}

static void test_streams(void) {
  rp_random_key key = {.seed = 1, .chain = 2, .draw = 3};
  rp_random a = rp_random_open(key, 7), b = rp_random_open(key, 7), other = rp_random_open(key, 8);
  for (int i = 0; i < 5; i++) {
    uint64_t bits = rp_random_bits(&a);
    CHECK(bits == rp_random_bits(&b));
    CHECK(bits != rp_random_bits(&other));
  }
  key.draw = 4;
  rp_random next = rp_random_open(key, 7);
  key.draw = 3;
  b = rp_random_open(key, 7);
  CHECK(rp_random_bits(&next) != rp_random_bits(&b));
  CHECK(rp_random_site("theta", 0) == rp_random_site("theta", 0));
  CHECK(rp_random_site("theta", 0) != rp_random_site("theta", 1));
  CHECK(rp_random_site("theta", 0) != rp_random_site("thetb", 0));
}

static int compare_ids(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
  return (x > y) - (x < y);
}

/* Random 32-bit ids: 20000 of them collide 20000^2 / 2^33 = 0.05 times on average; four or more has probability
 * 2e-7. */
static void test_sites_spread(void) {
  enum { N = 20000 };
  uint32_t *ids = malloc(N * sizeof *ids);
  CHECK(ids != NULL);
  if (ids == NULL) return;
  for (uint32_t i = 0; i < N; i++) ids[i] = rp_random_site(i % 2 ? "x" : "y", i / 2);
  qsort(ids, N, sizeof *ids, compare_ids);
  int equal = 0;
  for (int i = 1; i < N; i++) equal += ids[i] == ids[i - 1];
  CHECK(equal < 4);
  free(ids);
}

/* Mean and mean square of n draws against known moments; bounds are 5 standard errors (one test in 2e6 fails by
 * chance, and the seed is fixed). */
static void check_moments(double (*draw)(rp_random *, double), double argument, double mean, double square,
                          double fourth, uint32_t site) {
  enum { N = 200000 };
  rp_random stream = rp_random_open((rp_random_key) {.seed = 42, .chain = 1, .draw = 1}, site);
  double sum = 0, sum_square = 0;
  for (int i = 0; i < N; i++) {
    double x = draw(&stream, argument);
    sum += x;
    sum_square += x * x;
  }
  CHECK(fabs(sum / N - mean) < 5 * sqrt((square - mean * mean) / N));
  CHECK(fabs(sum_square / N - square) < 5 * sqrt((fourth - square * square) / N));
}

static double uniform(rp_random *stream, double unused) { (void) unused; return rp_random_uniform(stream); }
static double normal(rp_random *stream, double unused) { (void) unused; return rp_random_normal(stream); }
static double exponential(rp_random *stream, double unused) { (void) unused; return rp_random_exponential(stream); }

static void check_gamma(double a, uint32_t site) {
  check_moments(rp_random_gamma, a, a, a * (a + 1), a * (a + 1) * (a + 2) * (a + 3), site);
}

static void test_moments(void) {
  check_moments(uniform, 0, 1.0 / 2, 1.0 / 3, 1.0 / 5, 1);
  check_moments(normal, 0, 0, 1, 3, 2);
  check_moments(exponential, 0, 1, 2, 24, 3);
  check_gamma(0.1, 4);
  check_gamma(0.9, 5);
  check_gamma(1, 6);
  check_gamma(3.5, 7);
  check_gamma(200, 8);
}

/* E log gamma(a) = digamma(a), Var = trigamma(a); at a = 0.001 they are -1000.5755719318 and 1000001.6425332
 * (mpmath). The draws themselves underflow for about half of the stream. */
static void test_small_shape(void) {
  enum { N = 100000 };
  rp_random stream = rp_random_open((rp_random_key) {.seed = 3, .chain = 0, .draw = 0}, 11);
  double sum = 0, least = 0;
  for (int i = 0; i < N; i++) {
    double x = rp_random_log_gamma(&stream, 0.001);
    sum += x;
    if (x < least) least = x;
  }
  CHECK(fabs(sum / N + 1000.5755719318) < 5 * sqrt(1000001.6425332 / N));
  CHECK(isfinite(least) && least < -745);
}

static void test_invalid_shapes(void) {
  rp_random stream = rp_random_open((rp_random_key) {.seed = 3, .chain = 0, .draw = 0}, 11);
  CHECK(isnan(rp_random_gamma(&stream, 0)));
  CHECK(isnan(rp_random_gamma(&stream, -1)));
  CHECK(isnan(rp_random_gamma(&stream, NAN)));
  CHECK(isnan(rp_random_gamma(&stream, INFINITY)));
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov of the normal: sqrt(n) D exceeds 2.3 with probability 5e-5. */
static void test_normal_law(void) {
  enum { N = 50000 };
  double *x = malloc(N * sizeof *x), d = 0;
  CHECK(x != NULL);
  if (x == NULL) return;
  rp_random stream = rp_random_open((rp_random_key) {.seed = 5, .chain = 1, .draw = 9}, 12);
  for (int i = 0; i < N; i++) x[i] = rp_random_normal(&stream);
  qsort(x, N, sizeof *x, compare_doubles);
  for (int i = 0; i < N; i++) {
    double p = 0.5 * erfc(-x[i] / sqrt(2));
    d = fmax(d, fmax(fabs(p - (double) i / N), fabs(p - (double) (i + 1) / N)));
  }
  CHECK(sqrt(N) * d < 2.3);
  free(x);
}

/* The extreme words give the extreme uniforms: (0 + 1/2) 2^-52 and 1 - 2^-53, computed here through the public
 * sampler. */
static void test_uniform_is_open(void) {
  rp_random stream = {.spare = 0, .has_spare = 1};
  CHECK(rp_random_uniform(&stream) == 0x1p-53);
  stream.spare = UINT64_MAX;
  stream.has_spare = 1;
  CHECK(rp_random_uniform(&stream) == 1 - 0x1p-53);
}

int main(void) {
  test_known_answers();
  test_streams();
  test_sites_spread();
  test_moments();
  test_small_shape();
  test_invalid_shapes();
  test_normal_law();
  test_uniform_is_open();
  return check_done("random");
}
