#include "dct.h"

#include <math.h>

#include "constants.h"
#include "fft.h"

/* A table: 2 n numbers sqrt(c_k / n) exp(-i pi k / (2 n)), the roots of an FFT of length m, and, when m is not n, 2 n
 * of the chirp exp(-i pi j^2 / n) and 2 m of the transform of its conjugate. */
typedef struct {
  int64_t n, m;
  const double *turn, *roots, *chirp, *filter;
} view;


static int is_power_of_two(int64_t n) { return (n & (n - 1)) == 0; }
static int64_t fft_length(int64_t n) { return is_power_of_two(n) ? n : rp_fft_size(2 * n - 1); }
static int64_t roots_size(int64_t m) { return m < 2 ? 0 : m; }

int64_t rp_dct_table_size(int64_t n) {
  int64_t m = fft_length(n);
  return 2 * n + roots_size(m) + (m == n ? 0 : 2 * n + 2 * m);
}

/* Two complex sequences: the one that is transformed and the chirp's product. */
int64_t rp_dct_workspace(int64_t n) {
  int64_t m = fft_length(n);
  return m == n ? 2 * n : 2 * n + 2 * m;
}

static view view_of(int64_t n, const double *table) {
  view v = {.n = n, .m = fft_length(n), .turn = table, .roots = table + 2 * n};
  v.chirp = v.roots + roots_size(v.m);
  v.filter = v.chirp + 2 * n;
  return v;
}

static void fft_of_table(const view *v, double *re, double *im) {
  rp_fft fft = {.n = v->m, .twiddle = (double *) v->roots};
  rp_fft_forward(&fft, re, im);
}

void rp_dct_table(int64_t n, double *table, double *workspace) {
  view v = view_of(n, table);
  double *turn = table, *roots = table + 2 * n, *chirp = roots + roots_size(v.m), *filter = chirp + 2 * n;
  for (int64_t k = 0; k < n; k++) {
    double norm = sqrt((k == 0 ? 1.0 : 2.0) / (double) n), angle = RP_PI * (double) k / (2 * (double) n);
    turn[2 * k] = norm * cos(angle);
    turn[2 * k + 1] = -norm * sin(angle);
  }
  rp_fft_roots(v.m, roots);
  if (v.m == n) return;
  double *re = workspace, *im = workspace + v.m;
  for (int64_t j = 0; j < v.m; j++) re[j] = im[j] = 0;
  for (int64_t j = 0; j < n; j++) {
    double angle = RP_PI * (double) (j * j % (2 * n)) / (double) n; /* reduced: j^2 / n loses digits */
    chirp[2 * j] = cos(angle);
    chirp[2 * j + 1] = -sin(angle);
    re[j] = re[(v.m - j) % v.m] = chirp[2 * j];
    im[j] = im[(v.m - j) % v.m] = -chirp[2 * j + 1];
  }
  fft_of_table(&v, re, im);
  for (int64_t j = 0; j < v.m; j++) {
    filter[2 * j] = re[j] / (double) v.m;
    filter[2 * j + 1] = im[j] / (double) v.m;
  }
}

/* FFT of length n in place; room: 2 m numbers when m is not n. Bluestein: j k = (j^2 + k^2 - (k - j)^2) / 2. */
static void transform(const view *v, double *re, double *im, double *room) {
  if (v->m == v->n) {
    fft_of_table(v, re, im);
    return;
  }
  double *a = room, *b = room + v->m;
  for (int64_t j = 0; j < v->n; j++) {
    double c = v->chirp[2 * j], s = v->chirp[2 * j + 1];
    a[j] = c * re[j] - s * im[j];
    b[j] = c * im[j] + s * re[j];
  }
  for (int64_t j = v->n; j < v->m; j++) a[j] = b[j] = 0;
  fft_of_table(v, a, b);
  /* The inverse FFT is the conjugate of the FFT of the conjugate; the filter holds 1 / m. */
  for (int64_t j = 0; j < v->m; j++) {
    double c = v->filter[2 * j], s = v->filter[2 * j + 1], x = a[j], y = b[j];
    a[j] = c * x - s * y;
    b[j] = -(c * y + s * x);
  }
  fft_of_table(v, a, b);
  for (int64_t k = 0; k < v->n; k++) {
    double c = v->chirp[2 * k], s = v->chirp[2 * k + 1];
    re[k] = c * a[k] + s * b[k];
    im[k] = s * a[k] - c * b[k];
  }
}

/* Makhoul 1980, eq. 9: even elements forwards, odd ones backwards; X_k is the real part of the turned FFT. */
void rp_dct(int64_t n, const double *table, const double *x, double *out, double *workspace) {
  view v = view_of(n, table);
  double *re = workspace, *im = workspace + n;
  for (int64_t j = 0; j < n; j++) {
    re[j % 2 == 0 ? j / 2 : n - 1 - j / 2] = x[j];
    im[j] = 0;
  }
  transform(&v, re, im, workspace + 2 * n);
  for (int64_t k = 0; k < n; k++) out[k] = v.turn[2 * k] * re[k] - v.turn[2 * k + 1] * im[k];
}

/* The turned FFT of a real sequence is X_k - i X_(n-k) but for the norm; turned back, its conjugate transforms to n
 * times the sequence.  All factors together are 1 / c_k, as |turn|^2 is c_k / n. */
void rp_dct_inverse(int64_t n, const double *table, const double *x, double *out, double *workspace) {
  view v = view_of(n, table);
  double *re = workspace, *im = workspace + n;
  for (int64_t k = 0; k < n; k++) {
    double real = k == 0 ? x[0] : x[k] / 2, imaginary = k == 0 ? 0 : x[n - k] / 2;
    double c = v.turn[2 * k], s = v.turn[2 * k + 1];
    re[k] = c * real - s * imaginary;
    im[k] = c * imaginary + s * real;
  }
  transform(&v, re, im, workspace + 2 * n);
  for (int64_t j = 0; j < n; j++) out[j] = re[j % 2 == 0 ? j / 2 : n - 1 - j / 2];
}
