#include "diagnostics.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../core/fft.h"
#include "../core/special.h"
#include "../core/vector.h"
#include "workers.h"

struct rp_diagnostics {
  int64_t n_iterations, n, half; /* n values in all; half: length of a split chain */
  int32_t n_chains, n_split;
  double *scores; /* z score of rank (k + 2) / 2, k = 0, 1, ...: ties have half ranks */
  int64_t *order, *buffer;
  uint64_t *keys, *sorted; /* of the radix sort */
  double *z;               /* the quantity after a transformation, all chains */
  double *folded;
  double *split, *means;      /* [n_split][half], centered; [n_split] */
  double *covariance, *rho;
  int64_t n_known; /* lags of which the covariance is computed */
  const rp_vector_loops *loops;
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
static int halves_are_constant(const rp_diagnostics *d);
static double quantile_ess(rp_diagnostics *d, const double *x, double probability);
static double mean_of(const double *x, int64_t n);
static double variance_of(const double *x, int64_t n);
static double autocovariance(rp_diagnostics *d, int64_t lag);
static void all_autocovariances(rp_diagnostics *d);
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
  double **arrays[] = {&d->z, &d->folded, &d->split, &d->means, &d->covariance, &d->rho, &d->re, &d->im, &d->power};
  size_t sizes[] = {n, n, n, (size_t) d->n_split, padded, padded, padded, padded, padded};
  d->loops = rp_vector_best();
  int complete = rp_fft_init(&d->fft, (int64_t) padded);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    *arrays[i] = calloc(sizes[i], sizeof(double));
    complete = complete && *arrays[i];
  }
  d->scores = calloc(2 * n, sizeof(double));
  d->order = calloc(n, sizeof *d->order);
  d->buffer = calloc(n, sizeof *d->buffer);
  d->keys = calloc(n, sizeof *d->keys);
  d->sorted = calloc(n, sizeof *d->sorted);
  if (!complete || !d->scores || !d->order || !d->buffer || !d->keys || !d->sorted) {
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
  double *arrays[] = {d->z, d->folded, d->split, d->means, d->covariance, d->rho, d->re, d->im, d->power, d->scores};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
  free(d->order);
  free(d->buffer);
  free(d->keys);
  free(d->sorted);
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

typedef struct {
  const double *draws;
  int64_t n_iterations, n_variables;
  int32_t n_chains;
  rp_convergence *results;
  const rp_diagnose_hooks *hooks;
  _Atomic int64_t next;
  _Atomic int stop, failed;
} rp_diagnosing;

static void diagnose_some(void *context, int64_t thread) {
  (void) thread;
  rp_diagnosing *run = context;
  rp_status status;
  rp_status_clear(&status);
  rp_diagnostics *d = rp_diagnostics_new(run->n_iterations, run->n_chains, &status);
  if (!d) atomic_store(&run->failed, 1);
  const int64_t n = run->n_iterations * run->n_chains;
  for (int64_t j; d && !atomic_load_explicit(&run->stop, memory_order_relaxed) &&
                  (j = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed)) < run->n_variables;)
    run->results[j] = rp_diagnose(d, run->draws + j * n);
  rp_diagnostics_free(d);
}

static void ask_whether_to_stop(void *context) {
  rp_diagnosing *run = context;
  if (run->hooks->interrupted && run->hooks->interrupted(run->hooks->context)) atomic_store(&run->stop, 1);
}

rp_code rp_diagnose_all(const double *draws, int64_t n_iterations, int32_t n_chains, int64_t n_variables, int32_t cores,
                        const rp_diagnose_hooks *hooks, rp_convergence *results, rp_status *status) {
  enum { WORTH_A_THREAD = 8 };
  rp_diagnosing run = {.draws = draws,
                       .n_iterations = n_iterations,
                       .n_variables = n_variables,
                       .n_chains = n_chains,
                       .results = results,
                       .hooks = hooks};
  int64_t threads = n_variables / WORTH_A_THREAD < cores ? n_variables / WORTH_A_THREAD : cores;
  if (threads < 2) diagnose_some(&run, 0);
  else if (rp_workers_run((int32_t) threads, threads, diagnose_some, &run, ask_whether_to_stop, status) != RP_OK)
    return status->code;
  if (run.failed) return rp_fail_memory(status, "diagnostics");
  return run.stop ? rp_fail(status, RP_INTERRUPTED, NULL, "interrupted") : RP_OK;
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

/* order: positions of x in increasing order, by a radix sort of keys that are ordered as the numbers are. */
static void sort_order(rp_diagnostics *d, const double *x) {
  enum { BITS = 11, BUCKETS = 1 << BITS, PASSES = 6 };
  static const uint64_t sign = UINT64_C(1) << 63;
  int64_t n = d->n, counts[PASSES][BUCKETS] = {{0}};
  for (int64_t i = 0; i < n; i++) {
    double value = x[i] + 0.0; /* no -0 */
    uint64_t key;
    memcpy(&key, &value, sizeof key);
    key = key & sign ? ~key : key | sign;
    d->keys[i] = key;
    d->order[i] = i;
    for (int pass = 0; pass < PASSES; pass++) counts[pass][key >> (BITS * pass) & (BUCKETS - 1)]++;
  }
  for (int pass = 0; pass < PASSES; pass++) {
    int64_t *count = counts[pass], at = 0;
    if (count[d->keys[0] >> (BITS * pass) & (BUCKETS - 1)] == n) continue;
    for (int k = 0; k < BUCKETS; k++) {
      int64_t here = count[k];
      count[k] = at;
      at += here;
    }
    for (int64_t i = 0; i < n; i++) {
      int64_t place = count[d->keys[i] >> (BITS * pass) & (BUCKETS - 1)]++;
      d->sorted[place] = d->keys[i];
      d->buffer[place] = d->order[i];
    }
    uint64_t *keys = d->keys;
    d->keys = d->sorted;
    d->sorted = keys;
    int64_t *order = d->order;
    d->order = d->buffer;
    d->buffer = order;
  }
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

/* First and last halves of every chain, less their means; the middle iteration of an odd number is left out. */
static void split_chains(rp_diagnostics *d, const double *x) {
  int pieces = d->n_split / d->n_chains;
  for (int32_t c = 0; c < d->n_split; c++) {
    const double *chain = x + c / pieces * d->n_iterations;
    if (c % pieces) chain += d->n_iterations - d->half;
    double *to = d->split + c * d->half;
    d->means[c] = mean_of(chain, d->half);
    for (int64_t i = 0; i < d->half; i++) to[i] = chain[i] - d->means[c];
  }
}

static double mean_of(const double *x, int64_t n) {
  double sum[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int k = 0; k < 4; k++) sum[k] += x[i + k];
  for (; i < n; i++) sum[0] += x[i];
  return (sum[0] + sum[1] + (sum[2] + sum[3])) / (double) n;
}

static double variance_of(const double *x, int64_t n) {
  double mean = mean_of(x, n), sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
  return sum / (double) (n - 1);
}

/* Variance of the split chains' means. */
static double between_variance(const rp_diagnostics *d) { return variance_of(d->means, d->n_split); }

static double split_rhat(rp_diagnostics *d, const double *x) {
  if (d->n_split < 2 || d->half < 2 || is_degenerate(x, d->n)) return NAN;
  split_chains(d, x);
  double n = (double) d->half, within = 0;
  for (int32_t c = 0; c < d->n_split; c++) {
    const double *chain = d->split + c * d->half;
    within += d->loops->dot((size_t) d->half, chain, chain) / (n - 1) / d->n_split;
  }
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
  if (d->half < 3) return NAN;
  split_chains(d, x);
  if (halves_are_constant(d)) return NAN;
  d->n_known = 0;
  double n = (double) d->half, total = n * d->n_split;
  double mean_variance = autocovariance(d, 0) * n / (n - 1);
  double variance = mean_variance * (n - 1) / n;
  if (d->n_split > 1) variance += between_variance(d);
  return total / fmax(geyer_tau(d, mean_variance, variance), 1 / log10(total));
}

/* All values of the halves are the same. */
static int halves_are_constant(const rp_diagnostics *d) {
  double low = INFINITY, high = -INFINITY;
  for (int32_t c = 0; c < d->n_split; c++) {
    for (int64_t i = 0; i < d->half; i++) {
      double value = d->means[c] + d->split[c * d->half + i];
      low = fmin(low, value);
      high = fmax(high, value);
    }
  }
  return high - low < DBL_EPSILON;
}

/* Autocovariance (divisor n) averaged over the split chains.  Chains that mix well need few lags, which are summed one
 * by one; if it is to be more than that, all are transformed at once. */
static double autocovariance(rp_diagnostics *d, int64_t lag) {
  enum { FEW_LAGS = 32 };
  if (lag >= FEW_LAGS && d->n_known <= FEW_LAGS) all_autocovariances(d);
  for (; d->n_known <= lag; d->n_known++) {
    double sum = 0;
    for (int32_t c = 0; c < d->n_split; c++) {
      const double *chain = d->split + c * d->half;
      sum += d->loops->dot((size_t) (d->half - d->n_known), chain, chain + d->n_known);
    }
    d->covariance[d->n_known] = sum / (double) d->half / d->n_split;
  }
  return d->covariance[lag];
}

/* Power spectra add, so one inverse transform serves all chains. Two real chains share one complex transform. */
static void all_autocovariances(rp_diagnostics *d) {
  int64_t size = d->fft.n, n = d->half;
  memset(d->power, 0, (size_t) size * sizeof(double));
  for (int32_t c = 0; c < d->n_split; c += 2) {
    double *parts[2] = {d->re, d->im};
    for (int p = 0; p < 2; p++) {
      memset(parts[p], 0, (size_t) size * sizeof(double));
      if (c + p < d->n_split) memcpy(parts[p], d->split + (c + p) * n, (size_t) n * sizeof(double));
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
  d->n_known = n;
}

/* Integrated autocorrelation time by Geyer's initial positive and monotone sequences (Geyer 1992), with the last even
 * lag added (the improved estimate of Vehtari et al.). */
static double geyer_tau(rp_diagnostics *d, double mean_variance, double variance) {
  double *rho = d->rho;
  memset(rho, 0, (size_t) d->half * sizeof(double));
  double even = 1, odd = 1 - (mean_variance - autocovariance(d, 1)) / variance;
  rho[0] = even;
  rho[1] = odd;
  int64_t t = 0;
  while (t < d->half - 5 && even + odd > 0) {
    t += 2;
    even = 1 - (mean_variance - autocovariance(d, t)) / variance;
    odd = 1 - (mean_variance - autocovariance(d, t + 1)) / variance;
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
