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
  size_t half = (size_t) (n / 2);
  *fft = (rp_fft){.n = n};
  fft->twiddle = malloc((2 * half + 1) * sizeof(double));
  fft->reversed = calloc((size_t) n, sizeof *fft->reversed);
  if (!fft->twiddle || !fft->reversed) {
    rp_fft_clear(fft);
    return 0;
  }
  for (size_t k = 0; k < half; k++) {
    double angle = TWO_PI * (double) k / (double) n;
    fft->twiddle[2 * k] = cos(angle);
    fft->twiddle[2 * k + 1] = -sin(angle);
  }
  for (int64_t i = 1; i < n; i++) {
    fft->reversed[i] = fft->reversed[i / 2] / 2 + (int32_t) (i % 2 ? n / 2 : 0);
  }
  return 1;
}

void rp_fft_clear(rp_fft *fft) {
  free(fft->twiddle);
  free(fft->reversed);
  fft->twiddle = NULL;
  fft->reversed = NULL;
}

/* Cooley & Tukey 1965, radix 2, decimation in time. */
void rp_fft_forward(const rp_fft *fft, double *re, double *im) {
  int64_t n = fft->n;
  for (int64_t i = 0; i < n; i++) {
    int64_t j = fft->reversed[i];
    if (j <= i) continue;
    swap(&re[i], &re[j]);
    swap(&im[i], &im[j]);
  }
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
