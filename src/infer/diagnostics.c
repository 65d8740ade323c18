#include "diagnostics.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/fft.h"
#include "../core/special.h"

struct rp_diagnostics {
  int64_t n_iterations, n, half; /* n values in all; half: length of a split chain */
  int32_t n_chains, n_split;
  double *scores; /* z score of rank (k + 2) / 2, k = 0, 1, ...: ties have half ranks */
  int64_t *order, *buffer;
  double *z; /* the quantity after a transformation, all chains */
  double *folded;
  double *split; /* [n_split][half] */
  double *covariance, *rho;
  rp_fft fft;
  double *re, *im, *power;
};

static int is_degenerate(const double *x, int64_t n);
static void sort_order(rp_diagnostics *d, const double *x);
static void fold(rp_diagnostics *d, const double *x);
static void normal_scores(rp_diagnostics *d, const double *x, const int64_t *order);
static void split_chains(rp_diagnostics *d, const double *x);
static double split_rhat(rp_diagnostics *d, const double *x);
static double split_ess(rp_diagnostics *d, const double *x);
static double quantile_ess(rp_diagnostics *d, const double *x, double probability);
static double mean_of(const double *x, int64_t n);
static double variance_of(const double *x, int64_t n);
static void mean_autocovariance(rp_diagnostics *d);
static double geyer_tau(rp_diagnostics *d, double mean_variance, double variance);

rp_diagnostics *rp_diagnostics_new(int64_t n_iterations, int32_t n_chains, rp_status *status) {
  rp_diagnostics *d = calloc(1, sizeof *d);
  int fits = n_iterations >= 0 && n_chains > 0 && n_iterations < (INT64_C(1) << 28) / n_chains;
  if (!d || !fits) {
    free(d);
    rp_fail_memory(status, "diagnostics");
    return NULL;
  }
  d->n_iterations = n_iterations;
  d->n_chains = n_chains;
  d->n = n_iterations * n_chains;
  d->half = n_iterations > 1 ? n_iterations / 2 : n_iterations;
  d->n_split = n_iterations > 1 ? 2 * n_chains : n_chains;
  size_t n = (size_t) d->n + 1, padded = (size_t) rp_fft_size(2 * d->half + 1);
  double **arrays[] = {&d->z, &d->folded, &d->split, &d->covariance, &d->rho, &d->re, &d->im, &d->power};
  size_t sizes[] = {n, n, n, padded, padded, padded, padded, padded};
  int complete = rp_fft_init(&d->fft, (int64_t) padded);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    *arrays[i] = calloc(sizes[i], sizeof(double));
    complete = complete && *arrays[i];
  }
  d->scores = calloc(2 * n, sizeof(double));
  d->order = calloc(n, sizeof *d->order);
  d->buffer = calloc(n, sizeof *d->buffer);
  if (!complete || !d->scores || !d->order || !d->buffer) {
    rp_diagnostics_free(d);
    rp_fail_memory(status, "diagnostics");
    return NULL;
  }
  /* Blom's scores: qnorm((rank - 3/8) / (n + 1/4)) */
  int64_t kept = d->half * d->n_split;
  for (int64_t k = 0; k < 2 * kept - 1; k++) {
    d->scores[k] = rp_sf_qnorm((0.5 * (double) k + 1 - 0.375) / ((double) kept + 0.25));
  }
  return d;
}

void rp_diagnostics_free(rp_diagnostics *d) {
  if (!d) return;
  double *arrays[] = {d->z, d->folded, d->split, d->covariance, d->rho, d->re, d->im, d->power, d->scores};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
  free(d->order);
  free(d->buffer);
  rp_fft_clear(&d->fft);
  free(d);
}

rp_convergence rp_diagnose(rp_diagnostics *d, const double *x) {
  rp_convergence c = {NAN, NAN, NAN, NAN, NAN};
  if (is_degenerate(x, d->n)) return c;
  sort_order(d, x);
  double low = quantile_ess(d, x, 0.05), high = quantile_ess(d, x, 0.95);
  c.ess_tail = isnan(low) || isnan(high) ? NAN : fmin(low, high);
  c.ess_mean = split_ess(d, x);
  c.mcse_mean = sqrt(variance_of(x, d->n) / c.ess_mean);
  normal_scores(d, x, d->order);
  c.ess_bulk = split_ess(d, d->z);
  double bulk = split_rhat(d, d->z);
  fold(d, x);
  normal_scores(d, d->folded, d->buffer);
  double tail = split_rhat(d, d->z);
  c.rhat = isnan(bulk) || isnan(tail) ? NAN : fmax(bulk, tail);
  return c;
}

double rp_rhat(rp_diagnostics *d, const double *x) { return rp_diagnose(d, x).rhat; }

double rp_ess_bulk(rp_diagnostics *d, const double *x) {
  if (is_degenerate(x, d->n)) return NAN;
  sort_order(d, x);
  normal_scores(d, x, d->order);
  return split_ess(d, d->z);
}

double rp_ebfmi(const double *energy, int64_t n) {
  if (n < 2) return NAN;
  double steps = 0;
  for (int64_t i = 1; i < n; i++) steps += (energy[i] - energy[i - 1]) * (energy[i] - energy[i - 1]);
  return steps / (double) n / variance_of(energy, n);
}

/* ---- ranks ---- */

static int is_degenerate(const double *x, int64_t n) {
  if (n == 0) return 1;
  double low = x[0], high = x[0];
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) return 1;
    if (x[i] < low) low = x[i];
    if (x[i] > high) high = x[i];
  }
  return high - low < DBL_EPSILON;
}

/* order: positions of x in increasing order (bottom-up merge sort). */
static void sort_order(rp_diagnostics *d, const double *x) {
  int64_t n = d->n, *from = d->order, *to = d->buffer;
  for (int64_t i = 0; i < n; i++) from[i] = i;
  for (int64_t width = 1; width < n; width *= 2) {
    for (int64_t start = 0; start < n; start += 2 * width) {
      int64_t a = start, b = start + width < n ? start + width : n, a_end = b, b_end = b + width < n ? b + width : n;
      for (int64_t k = start; k < b_end; k++) {
        int take_a = a < a_end && (b >= b_end || x[from[a]] <= x[from[b]]);
        to[k] = take_a ? from[a++] : from[b++];
      }
    }
    int64_t *t = from;
    from = to;
    to = t;
  }
  d->order = from;
  d->buffer = to;
}

/* folded = |x - median|; its order goes to buffer: below the median it runs backwards, so two sorted runs are merged.
 */
static void fold(rp_diagnostics *d, const double *x) {
  int64_t n = d->n, *order = d->order;
  double median = 0.5 * (x[order[(n - 1) / 2]] + x[order[n / 2]]);
  for (int64_t i = 0; i < n; i++) d->folded[i] = fabs(x[i] - median);
  int64_t high = 0;
  while (high < n && x[order[high]] < median) high++;
  int64_t low = high - 1;
  for (int64_t k = 0; k < n; k++) {
    int take_low = low >= 0 && (high >= n || d->folded[order[low]] <= d->folded[order[high]]);
    d->buffer[k] = take_low ? order[low--] : order[high++];
  }
}

/* z = normal scores of the average ranks among the iterations that splitting keeps. */
static void normal_scores(rp_diagnostics *d, const double *x, const int64_t *order) {
  int64_t middle = d->n_iterations > 1 && d->n_iterations % 2 ? d->half : -1;
  for (int64_t i = 0, rank = 0; i < d->n;) {
    int64_t j = i, kept = 0;
    for (; j < d->n && x[order[j]] == x[order[i]]; j++) kept += order[j] % d->n_iterations != middle;
    double score = kept > 0 ? d->scores[2 * rank + kept - 1] : 0;
    for (int64_t k = i; k < j; k++) d->z[order[k]] = score;
    rank += kept;
    i = j;
  }
}

/* ---- split chains ---- */

/* First and last halves of every chain; the middle iteration of an odd number is left out. */
static void split_chains(rp_diagnostics *d, const double *x) {
  size_t half = (size_t) d->half;
  int pieces = d->n_split / d->n_chains;
  for (int32_t c = 0; c < d->n_chains; c++) {
    const double *chain = x + c * d->n_iterations;
    for (int p = 0; p < pieces; p++) {
      const double *start = p ? chain + d->n_iterations - d->half : chain;
      memcpy(d->split + (size_t) (pieces * c + p) * half, start, half * sizeof(double));
    }
  }
}

static double mean_of(const double *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i];
  return sum / (double) n;
}

static double variance_of(const double *x, int64_t n) {
  double mean = mean_of(x, n), sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
  return sum / (double) (n - 1);
}

/* Variance of the split chains' means. */
static double between_variance(const rp_diagnostics *d) {
  double mean = 0, sum = 0;
  for (int32_t c = 0; c < d->n_split; c++) mean += mean_of(d->split + c * d->half, d->half) / d->n_split;
  for (int32_t c = 0; c < d->n_split; c++) {
    double off = mean_of(d->split + c * d->half, d->half) - mean;
    sum += off * off;
  }
  return sum / (d->n_split - 1);
}

static double split_rhat(rp_diagnostics *d, const double *x) {
  if (d->n_split < 2 || d->half < 2 || is_degenerate(x, d->n)) return NAN;
  split_chains(d, x);
  double n = (double) d->half, within = 0;
  for (int32_t c = 0; c < d->n_split; c++) within += variance_of(d->split + c * d->half, d->half) / d->n_split;
  double between = n * between_variance(d);
  return sqrt((between / within + n - 1) / n);
}

static double quantile_ess(rp_diagnostics *d, const double *x, double probability) {
  double at = (double) (d->n - 1) * probability;
  int64_t below = (int64_t) floor(at), above = below + 1 < d->n ? below + 1 : below;
  double weight = at - (double) below, low = x[d->order[below]], high = x[d->order[above]];
  double quantile = weight > 0 && low != high ? (1 - weight) * low + weight * high : low;
  for (int64_t i = 0; i < d->n; i++) d->z[i] = x[i] <= quantile;
  return split_ess(d, d->z);
}

/* ---- effective sample size ---- */

static double split_ess(rp_diagnostics *d, const double *x) {
  split_chains(d, x);
  if (d->half < 3 || is_degenerate(d->split, d->half * d->n_split)) return NAN;
  mean_autocovariance(d);
  double n = (double) d->half, total = n * d->n_split;
  double mean_variance = d->covariance[0] * n / (n - 1);
  double variance = mean_variance * (n - 1) / n;
  if (d->n_split > 1) variance += between_variance(d);
  return total / fmax(geyer_tau(d, mean_variance, variance), 1 / log10(total));
}

/* Autocovariances (divisor n) averaged over the split chains: power spectra add, so one inverse transform serves all.
 * Two real chains share one complex transform. */
static void mean_autocovariance(rp_diagnostics *d) {
  int64_t size = d->fft.n, n = d->half;
  memset(d->power, 0, (size_t) size * sizeof(double));
  for (int32_t c = 0; c < d->n_split; c += 2) {
    double *parts[2] = {d->re, d->im};
    for (int p = 0; p < 2; p++) {
      memset(parts[p], 0, (size_t) size * sizeof(double));
      if (c + p >= d->n_split) continue;
      const double *chain = d->split + (c + p) * n;
      double mean = mean_of(chain, n);
      for (int64_t i = 0; i < n; i++) parts[p][i] = chain[i] - mean;
    }
    rp_fft_forward(&d->fft, d->re, d->im);
    for (int64_t k = 0; k < size; k++) {
      int64_t mirror = (size - k) & (size - 1);
      d->power[k] += 0.5 * (d->re[k] * d->re[k] + d->im[k] * d->im[k] + d->re[mirror] * d->re[mirror] +
                            d->im[mirror] * d->im[mirror]);
    }
  }
  memcpy(d->re, d->power, (size_t) size * sizeof(double));
  memset(d->im, 0, (size_t) size * sizeof(double));
  rp_fft_forward(&d->fft, d->re, d->im);
  for (int64_t k = 0; k < n; k++) d->covariance[k] = d->re[k] / (double) size / (double) n / d->n_split;
}

/* Integrated autocorrelation time by Geyer's initial positive and monotone sequences (Geyer 1992), with the last even
 * lag added (the improved estimate of Vehtari et al.). */
static double geyer_tau(rp_diagnostics *d, double mean_variance, double variance) {
  const double *covariance = d->covariance;
  double *rho = d->rho;
  memset(rho, 0, (size_t) d->half * sizeof(double));
  double even = 1, odd = 1 - (mean_variance - covariance[1]) / variance;
  rho[0] = even;
  rho[1] = odd;
  int64_t t = 0;
  while (t < d->half - 5 && even + odd > 0) {
    t += 2;
    even = 1 - (mean_variance - covariance[t]) / variance;
    odd = 1 - (mean_variance - covariance[t + 1]) / variance;
    if (even + odd < 0) continue;
    rho[t] = even;
    rho[t + 1] = odd;
  }
  int64_t last = t;
  if (even > 0) rho[last] = even;
  for (t = 2; t <= last - 2; t += 2) {
    if (rho[t] + rho[t + 1] <= rho[t - 2] + rho[t - 1]) continue;
    rho[t] = rho[t + 1] = (rho[t - 2] + rho[t - 1]) / 2;
  }
  double sum = 0;
  for (int64_t k = 0; k < (last > 0 ? last : 1); k++) sum += rho[k];
  return -1 + 2 * sum + rho[last];
}
