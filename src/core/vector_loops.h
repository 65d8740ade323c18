/* The functions of rp_vector_loops, a template over W, the number of doubles in a register: 2, 4 or, without vector
 * types, 1. Included once a file, after the choice of the instruction set; defines `loops`. */
#include <string.h>

#include "vector.h"

#if W == 1
typedef double wide;
#define PARTS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#else
typedef double wide __attribute__((vector_size(8 * W)));
#if W == 2
#define PARTS(X) X(0) X(1) X(2) X(3)
#else
#define PARTS(X) X(0) X(1)
#endif
#endif

static inline wide load(const double *p) {
  wide x;
  memcpy(&x, p, sizeof x);
  return x;
}
static inline void store(double *p, wide x) { memcpy(p, &x, sizeof x); }

static inline double total(const double s[8]) {
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Declares part k of a running sum; stores it to an array of eight. */
#define ZERO(s, k) wide s##k = (wide){0};
#define KEEP(s, k) store(s + (k) * W, s##k);

static double dot(size_t n, const double *a, const double *b) {
  double s[8];
  size_t i = 0;
#define PART(k) ZERO(s, k)
  PARTS(PART)
#undef PART
#define PART(k) s##k += load(a + i + (k) * W) * load(b + i + (k) * W);
  for (; i + 8 <= n; i += 8) {
    PARTS(PART)
  }
#undef PART
#define PART(k) KEEP(s, k)
  PARTS(PART)
#undef PART
  for (; i < n; i++) s[i % 8] += a[i] * b[i];
  return total(s);
}

static void axpy(size_t n, double factor, const double *x, const double *y, double *out) {
  size_t i = 0;
  for (; i + W <= n; i += W) store(out + i, load(y + i) + factor * load(x + i));
  for (; i < n; i++) out[i] = y[i] + factor * x[i];
}

static void kick_drift(size_t n, double kick, double drift, const double *inverse, const double *g, const double *p,
                       const double *q, double *p_out, double *q_out) {
  size_t i = 0;
  if (!inverse) {
    for (; i + W <= n; i += W) {
      const wide kicked = load(p + i) + kick * load(g + i);
      store(p_out + i, kicked);
      store(q_out + i, load(q + i) + drift * kicked);
    }
  } else {
    for (; i + W <= n; i += W) {
      const wide kicked = load(p + i) + kick * load(g + i);
      store(p_out + i, kicked);
      store(q_out + i, load(q + i) + drift * (load(inverse + i) * kicked));
    }
  }
  for (; i < n; i++) {
    const double kicked = p[i] + kick * g[i];
    p_out[i] = kicked;
    q_out[i] = q[i] + drift * (inverse ? inverse[i] * kicked : kicked);
  }
}

static double kick_energy(size_t n, double kick, const double *inverse, const double *g, double *p, double *v,
                          double *g_out) {
  double s[8];
  size_t i = 0;
#define PART(k) ZERO(s, k)
  PARTS(PART)
#undef PART
#define STEP(k, velocity) \
  { \
    const size_t at = i + (k) * W; \
    const wide gradient = load(g + at), kicked = load(p + at) + kick * gradient, moving = velocity; \
    store(g_out + at, gradient); \
    store(p + at, kicked); \
    store(v + at, moving); \
    s##k += kicked * moving; \
  }
  if (!inverse) {
#define PART(k) STEP(k, kicked)
    for (; i + 8 <= n; i += 8) {
      PARTS(PART)
    }
#undef PART
  } else {
#define PART(k) STEP(k, load(inverse + at) * kicked)
    for (; i + 8 <= n; i += 8) {
      PARTS(PART)
    }
#undef PART
  }
#undef STEP
#define PART(k) KEEP(s, k)
  PARTS(PART)
#undef PART
  for (; i < n; i++) {
    p[i] += kick * g[i];
    v[i] = inverse ? inverse[i] * p[i] : p[i];
    g_out[i] = g[i];
    s[i % 8] += p[i] * v[i];
  }
  return total(s);
}

static void along(size_t n, const double *u, const double *v, const double *a, const double *b, double *sum,
                  double along[2]) {
  double s[8], t[8];
  size_t i = 0;
#define PART(k) ZERO(s, k) ZERO(t, k)
  PARTS(PART)
#undef PART
#define STEP(k, also) \
  { \
    const size_t at = i + (k) * W; \
    const wide both = load(a + at) + load(b + at); \
    also; \
    s##k += load(u + at) * both; \
    t##k += load(v + at) * both; \
  }
  if (sum) {
#define PART(k) STEP(k, store(sum + at, both))
    for (; i + 8 <= n; i += 8) {
      PARTS(PART)
    }
#undef PART
  } else {
#define PART(k) STEP(k, (void) 0)
    for (; i + 8 <= n; i += 8) {
      PARTS(PART)
    }
#undef PART
  }
#undef STEP
#define PART(k) KEEP(s, k) KEEP(t, k)
  PARTS(PART)
#undef PART
  for (; i < n; i++) {
    const double both = a[i] + b[i];
    if (sum) sum[i] = both;
    s[i % 8] += u[i] * both;
    t[i % 8] += v[i] * both;
  }
  along[0] = total(s);
  along[1] = total(t);
}

#include "vector_normals.h"

static const rp_vector_loops loops = {dot, axpy, kick_drift, kick_energy, along, normals};
