#include "fft.h"

#include <math.h>
#include <stdlib.h>

static const double TWO_PI = 6.283185307179586476925286766559;

static void swap(double *a, double *b) {
  double t = *a;
  *a = *b;
  *b = t;
}

int64_t rp_fft_size(int64_t n) {
  int64_t size = 1;
  while (size < n) size *= 2;
  return size;
}

int rp_fft_init(rp_fft *fft, int64_t n) {
  *fft = (rp_fft){.n = n, .twiddle = malloc((size_t) (n + 1) * sizeof(double))};
  if (!fft->twiddle) return 0;
  rp_fft_roots(n, fft->twiddle);
  return 1;
}

void rp_fft_clear(rp_fft *fft) {
  free(fft->twiddle);
  fft->twiddle = NULL;
}

void rp_fft_roots(int64_t n, double *twiddle) {
  for (int64_t k = 0; k < n / 2; k++) {
    double angle = TWO_PI * (double) k / (double) n;
    twiddle[2 * k] = cos(angle);
    twiddle[2 * k + 1] = -sin(angle);
  }
}

/* Swaps each element with the one at its position read backwards in bits: j counts in that order. */
static void reverse_bits(int64_t n, double *re, double *im) {
  for (int64_t i = 1, j = 0; i < n; i++) {
    int64_t bit = n / 2;
    for (; j & bit; bit /= 2) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    swap(&re[i], &re[j]);
    swap(&im[i], &im[j]);
  }
}

/* Cooley & Tukey 1965, radix 2, decimation in time. */
void rp_fft_forward(const rp_fft *fft, double *re, double *im) {
  int64_t n = fft->n;
  reverse_bits(n, re, im);
  for (int64_t half = 1; half < n; half *= 2) {
    int64_t stride = n / (2 * half);
    for (int64_t start = 0; start < n; start += 2 * half) {
      for (int64_t k = 0; k < half; k++) {
        double c = fft->twiddle[2 * k * stride], s = fft->twiddle[2 * k * stride + 1];
        int64_t a = start + k, b = a + half;
        double x = c * re[b] - s * im[b], y = c * im[b] + s * re[b];
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}
