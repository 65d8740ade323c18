/* Exact samplers of continuous laws that several families share. */
#include <math.h>

#include "terms.h"

/* A gamma of a shape below 1 is a gamma of shape + 1 times u^(1 / shape), which underflows long before its logarithm
 * does. */
double rp_sample_log_gamma(rp_random *r, double shape) {
  if (shape >= 1) return log(rp_random_gamma(r, shape));
  double log_gamma = log(rp_random_gamma(r, shape + 1));
  return log_gamma - rp_random_exponential(r) / shape;
}

double rp_sample_beta(rp_random *r, double shape1, double shape2) {
  double log_x = rp_sample_log_gamma(r, shape1), log_y = rp_sample_log_gamma(r, shape2);
  return 1 / (1 + exp(log_y - log_x));
}
