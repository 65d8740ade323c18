#include "check.h"

#include <stdlib.h>

#include "../../src/core/random.h"
#include "../../src/core/vector.h"

enum { MOST = 515 };

typedef struct {
  double a[MOST], b[MOST], c[MOST], d[MOST], p[MOST], v[MOST], g[MOST], dot, energy, along[2];
} results;

static void fill(double *x, uint32_t site) {
  rp_random stream = rp_random_open((rp_random_key){1, 2, 3}, site);
  for (int i = 0; i < MOST; i++) x[i] = rp_random_normal(&stream);
}

/* Every function on the same inputs of length n; with_inverse: a diagonal metric. */
static void run(const rp_vector_loops *loops, size_t n, int with_inverse, results *r) {
  double x[5][MOST], inverse[MOST];
  memset(r, 0, sizeof *r);
  for (uint32_t k = 0; k < 5; k++) fill(x[k], k);
  for (int i = 0; i < MOST; i++) inverse[i] = exp(x[4][i]);
  const double *metric = with_inverse ? inverse : NULL;
  r->dot = loops->dot(n, x[0], x[1]);
  loops->axpy(n, 0.7, x[0], x[1], r->a);
  loops->kick_drift(n, 0.3, -0.6, metric, x[0], x[1], x[2], r->b, r->c);
  memcpy(r->p, x[1], sizeof r->p);
  r->energy = loops->kick_energy(n, 0.3, metric, x[0], r->p, r->v, r->g);
  loops->along(n, x[0], x[1], x[2], x[3], with_inverse ? r->d : NULL, r->along);
}

/* Against plain loops: sums to 1e-13 of the sum of absolute terms, at most 515 * 10 here. */
static void test_values(const rp_vector_loops *loops, size_t n, int with_inverse) {
  results r;
  run(loops, n, with_inverse, &r);
  double x[5][MOST], dot = 0, energy = 0, along[2] = {0, 0}, worst = 0;
  for (uint32_t k = 0; k < 5; k++) fill(x[k], k);
  for (size_t i = 0; i < n; i++) {
    const double m = with_inverse ? exp(x[4][i]) : 1, p = x[1][i] + 0.3 * x[0][i], both = x[2][i] + x[3][i];
    dot += x[0][i] * x[1][i];
    energy += p * m * p;
    along[0] += x[0][i] * both;
    along[1] += x[1][i] * both;
    worst = fmax(worst, fabs(r.a[i] - (x[1][i] + 0.7 * x[0][i])));
    worst = fmax(worst, fabs(r.b[i] - p) + fabs(r.p[i] - p) + fabs(r.v[i] - m * p));
    worst = fmax(worst, fabs(r.c[i] - (x[2][i] - 0.6 * m * p)));
    worst = fmax(worst, fabs(r.g[i] - x[0][i]) + fabs(r.d[i] - (with_inverse ? both : 0)));
  }
  CHECK(worst < 1e-13);
  CHECK(fabs(r.dot - dot) < 1e-13 * 5150);
  CHECK(fabs(r.energy - energy) < 1e-13 * 5150);
  CHECK(fabs(r.along[0] - along[0]) < 1e-13 * 5150 && fabs(r.along[1] - along[1]) < 1e-13 * 5150);
  for (size_t i = n; i < MOST; i++) worst = fmax(worst, fabs(r.a[i]) + fabs(r.b[i]) + fabs(r.c[i]) + fabs(r.v[i]));
  CHECK(worst < 1e-13);
}

/* Not a number and infinities come through. */
static void test_not_finite(const rp_vector_loops *loops) {
  double a[11] = {0}, b[11];
  for (int i = 0; i < 11; i++) b[i] = 1;
  for (int i = 0; i < 11; i++) {
    a[i] = NAN;
    CHECK(isnan(loops->dot(11, a, b)));
    a[i] = INFINITY;
    CHECK(loops->dot(11, a, b) == INFINITY);
    a[i] = 0;
  }
}

/* The pairs are Box and Muller's from the stream's uniforms, to a few units in the last place. */
static void test_normals(const rp_vector_loops *loops) {
  enum { N = 20000 };
  double *x = malloc(N * sizeof *x), sum = 0, squares = 0, fourth = 0, product = 0;
  CHECK(x != NULL);
  if (!x) return;
  rp_random stream = rp_random_open((rp_random_key){5, 6, 7}, 8);
  loops->normals(stream.key, stream.counter, N, x);
  double worst = 0;
  for (int i = 0; i < N; i += 2) {
    const double radius = sqrt(-2 * log(rp_random_uniform(&stream)));
    const double angle = 6.283185307179586477 * rp_random_uniform(&stream);
    worst = fmax(worst, fabs(x[i] - radius * cos(angle)) + fabs(x[i + 1] - radius * sin(angle)));
    product += x[i] * x[i + 1];
  }
  CHECK(worst < 2e-14);
  for (int i = 0; i < N; i++) {
    sum += x[i];
    squares += x[i] * x[i];
    fourth += x[i] * x[i] * x[i] * x[i];
  }
  /* five standard errors of each mean */
  CHECK(fabs(sum / N) < 5 / sqrt(N));
  CHECK(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
  CHECK(fabs(fourth / N - 3) < 5 * sqrt(96.0 / N));
  CHECK(fabs(product / (N / 2)) < 5 / sqrt(N / 2));
  double few[9];
  for (size_t n = 0; n < 9; n++) {
    memset(few, 0, sizeof few);
    stream = rp_random_open((rp_random_key){5, 6, 7}, 8);
    loops->normals(stream.key, stream.counter, n, few);
    CHECK(memcmp(few, x, n * sizeof *x) == 0 && few[n] == 0);
  }
  free(x);
}

/* The results do not depend on the width of the registers. */
static void test_widths(void) {
  const rp_vector_loops *base = rp_vector_base(), *wide = rp_vector_avx2();
  if (!wide) return;
  static results r[2];
  double x[2][MOST];
  const uint64_t key[2] = {1, 2}, counter[2] = {3, 4};
  for (size_t n = 0; n <= MOST; n += n < 40 ? 1 : 95) {
    for (int with_inverse = 0; with_inverse < 2; with_inverse++) {
      run(base, n, with_inverse, &r[0]);
      run(wide, n, with_inverse, &r[1]);
      CHECK(memcmp(&r[0], &r[1], sizeof r[0]) == 0);
    }
    base->normals(key, counter, n, x[0]);
    wide->normals(key, counter, n, x[1]);
    CHECK(memcmp(x[0], x[1], n * sizeof(double)) == 0);
  }
}

int main(void) {
  const rp_vector_loops *tables[] = {rp_vector_base(), rp_vector_avx2()};
  for (int t = 0; t < 2; t++) {
    if (!tables[t]) continue;
    for (size_t n = 0; n <= MOST; n += n < 20 ? 1 : 99)
      for (int with_inverse = 0; with_inverse < 2; with_inverse++) test_values(tables[t], n, with_inverse);
    test_not_finite(tables[t]);
    test_normals(tables[t]);
  }
  test_widths();
  return check_done("vector");
}
