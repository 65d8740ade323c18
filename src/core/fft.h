/* Fast Fourier transform of complex sequences whose length is a power of two. An rp_fft owns its roots, unless it was
 * made around borrowed ones: {.n = n, .twiddle = roots}, which are only read. */
#ifndef RP_CORE_FFT_H
#define RP_CORE_FFT_H

#include <stdint.h>

typedef struct {
  int64_t n;
  double *twiddle; /* n / 2 complex roots exp(-2 pi i k / n) */
} rp_fft;

/* Smallest power of two that is at least n. */
int64_t rp_fft_size(int64_t n);
/* n: a power of two, at most 2^30. 0: no memory. */
int rp_fft_init(rp_fft *fft, int64_t n);
void rp_fft_clear(rp_fft *fft);
/* Writes the n / 2 roots. */
void rp_fft_roots(int64_t n, double *twiddle);
/* In place: re + i im becomes sum_j (re + i im)_j exp(-2 pi i j k / n). */
void rp_fft_forward(const rp_fft *fft, double *re, double *im);

#endif
