/* Exact samplers of discrete laws that several families share. */
#include <math.h>

#include "../core/special.h"
#include "terms.h"

static double poisson_by_search(rp_random *r, double mean);
static double poisson_by_rejection(rp_random *r, double mean);
static double binomial_by_search(rp_random *r, double size, double prob);
static double binomial_by_rejection(rp_random *r, double size, double prob);

double rp_sample_poisson(rp_random *r, double mean) {
  if (!(mean >= 0)) return NAN;
  return mean < 10 ? poisson_by_search(r, mean) : poisson_by_rejection(r, mean);
}

double rp_sample_binomial(rp_random *r, double size, double prob) {
  if (!(size >= 0) || !(prob >= 0) || !(prob <= 1)) return NAN;
  if (prob > 0.5) return size - rp_sample_binomial(r, size, 1 - prob);
  return size * prob < 10 ? binomial_by_search(r, size, prob) : binomial_by_rejection(r, size, prob);
}

/* Inversion outwards from the mode: the expected number of steps is of the order of the standard deviation. */
double rp_sample_hypergeometric(rp_random *r, double white, double black, double drawn) {
  double low = fmax(0, drawn - black), high = fmin(white, drawn);
  if (!(low <= high)) return NAN;
  double mode = fmin(high, fmax(low, floor((drawn + 1) * (white + 1) / (white + black + 2))));
  double log_p = rp_log_beta_value(white + black - drawn + 1, drawn + 1) + log1p(white + black)
                 - rp_log_beta_value(white - mode + 1, mode + 1) - log1p(white)
                 - rp_log_beta_value(black - drawn + mode + 1, drawn - mode + 1) - log1p(black);
  double up = mode, down = mode, p_up = exp(log_p), p_down = p_up;
  double u = rp_random_uniform(r) - p_up;
  while (u > 0 && (up < high || down > low)) {
    if (up < high) {
      p_up *= (white - up) * (drawn - up) / ((up + 1) * (black - drawn + up + 1));
      up++;
      if ((u -= p_up) <= 0) return up;
    }
    if (down > low) {
      p_down *= down * (black - drawn + down) / ((white - down + 1) * (drawn - down + 1));
      down--;
      if ((u -= p_down) <= 0) return down;
    }
  }
  return mode;
}

int64_t rp_sample_category(rp_random *r, const double *weights, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; i++) total += weights[i];
  double u = rp_random_uniform(r) * total;
  for (int64_t i = 0; i + 1 < n; i++)
    if ((u -= weights[i]) < 0) return i;
  return n - 1;
}

static double poisson_by_search(rp_random *r, double mean) {
  double u = rp_random_uniform(r), p = exp(-mean), k = 0;
  while (u > p && p > 0) {
    u -= p;
    k++;
    p *= mean / k;
  }
  return k;
}

/* log P(k) for k >= 1 by Stirling's error and the deviance (Loader 2000), which do not cancel for large means. */
static double log_poisson(double k, double mean) {
  double t = (k - mean) / mean;
  double deviance = mean * ((1 + t) * rp_sf_log1p_minus(t) + t * t);
  return -deviance - rp_sf_stirling_error(k) - RP_LOG_SQRT_2PI - 0.5 * log(k);
}

/* Transformed rejection with squeeze, PTRS (Hoermann 1993). */
static double poisson_by_rejection(rp_random *r, double mean) {
  double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
  double log_alpha = log(1.1239 + 1.1328 / (b - 3.4)), squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    double u = rp_random_uniform(r) - 0.5, v = rp_random_uniform(r), us = 0.5 - fabs(u);
    double k = floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    double log_p = k == 0 ? -mean : log_poisson(k, mean);
    if (log(v) + log_alpha - log(a / (us * us) + b) <= log_p) return k;
  }
}

static double binomial_by_search(rp_random *r, double size, double prob) {
  double odds = prob / (1 - prob), u = rp_random_uniform(r), p = exp(size * log1p(-prob)), k = 0;
  while (u > p && k < size) {
    u -= p;
    k++;
    p *= odds * (size - k + 1) / k;
  }
  return k;
}

/* Transformed rejection with squeeze, BTRS (Hoermann 1993). */
static double binomial_by_rejection(rp_random *r, double size, double prob) {
  double sd = sqrt(size * prob * (1 - prob)), b = 1.15 + 2.53 * sd, a = -0.0873 + 0.0248 * b + 0.01 * prob;
  double center = size * prob + 0.5, alpha = (2.83 + 5.1 / b) * sd, squeeze = 0.92 - 4.2 / b;
  double mode = floor((size + 1) * prob), log_odds = log(prob / (1 - prob));
  double at_mode = rp_log_beta_value(mode + 1, size - mode + 1);
  for (;;) {
    double v = rp_random_uniform(r), u = rp_random_uniform(r) - 0.5, us = 0.5 - fabs(u);
    double k = floor((2 * a / us + b) * u + center);
    if (k < 0 || k > size) continue;
    if (us >= 0.07 && v <= squeeze) return k;
    double ratio = at_mode - rp_log_beta_value(k + 1, size - k + 1) + (k - mode) * log_odds;
    if (log(v * alpha / (a / (us * us) + b)) <= ratio) return k;
  }
}
