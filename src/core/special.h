/* Special functions of doubles, thread safe, without state.
 *
 * Arguments outside the domain give NaN, poles what R gives.  Relative accuracy is about 1e-13 away from zeros and
 * where the function is well conditioned; each file cites its algorithms.  One file a family: special.c
 * (elementary), special_gamma.c (polygamma), special_gamma_ratio.c (incomplete gamma), special_beta.c (incomplete
 * beta), special_normal.c, special_bessel.c. */
#ifndef RP_CORE_SPECIAL_H
#define RP_CORE_SPECIAL_H

/* ---- elementary ---- */
double rp_sf_sinpi(double x); /* sin(pi x), exact at multiples of 1/2; likewise the next two */
double rp_sf_cospi(double x);
double rp_sf_tanpi(double x); /* NaN at odd multiples of 1/2, as in R */
double rp_sf_sigmoid(double x);
double rp_sf_log1p_exp(double x);
double rp_sf_log1m_exp(double x); /* log(1 - exp(x)), x <= 0 */
double rp_sf_log_add_exp(double a, double b);
double rp_sf_log1p_minus(double x); /* log(1 + x) - x, accurate near 0 */
double rp_sf_deviance(double x, double mean); /* x log(x / mean) + mean - x, accurate near x = mean */

/* ---- gamma and its relatives ---- */
double rp_sf_lgamma(double x); /* log |gamma(x)| */
double rp_sf_gamma(double x);  /* NaN at 0, -1, -2, ... as in R */
double rp_sf_lgamma1p(double x); /* log gamma(1 + x), relative accuracy near 0; |x| <= 1/2 or so */
double rp_sf_stirling_error(double x); /* log gamma(x + 1) - [(x + 1/2) log x - x + log(2 pi) / 2], x > 0 */
double rp_sf_digamma(double x);
double rp_sf_digamma_minus_log(double x); /* digamma(x) - log(x), accurate for large x */
double rp_sf_trigamma(double x);
double rp_sf_tetragamma(double x); /* second derivative of digamma */
double rp_sf_pentagamma(double x);

/* ---- incomplete gamma, shape a >= 0, x >= 0 ---- */
double rp_sf_gamma_p(double x, double a);
double rp_sf_gamma_q(double x, double a);
double rp_sf_gamma_p_da(double x, double a);  /* dP/da, a > 0 */
double rp_sf_gamma_p_inv(double p, double a); /* x with P(a, x) = p */
double rp_sf_gamma_density(double x, double a); /* dP/dx */

/* ---- incomplete beta, a, b > 0, 0 <= x <= 1 ---- */
double rp_sf_beta_i(double x, double a, double b);
double rp_sf_beta_i_da(double x, double a, double b);
double rp_sf_beta_i_db(double x, double a, double b);
double rp_sf_beta_i_inv(double p, double a, double b);

/* ---- standard normal ---- */
double rp_sf_pnorm(double x);
double rp_sf_log_pnorm(double x);
double rp_sf_qnorm(double p);

/* ---- Bessel functions, x >= 0, real order (negative by reflection) ---- */
double rp_sf_bessel_i(double x, double order);
double rp_sf_bessel_k(double x, double order);
double rp_sf_bessel_j(double x, double order);
double rp_sf_bessel_y(double x, double order);
double rp_sf_bessel_i_scaled(double x, double order); /* times exp(-x) */
double rp_sf_bessel_k_scaled(double x, double order); /* times exp(x) */

/* ---- stable laws: standard S0 law, 0 < alpha <= 2, -1 <= beta <= 1 (relative error of the density about 1e-10) ----
 * */
double rp_sf_stable_log_density(double x, double alpha, double beta);
/* Derivative of the log density in x (direction 0), alpha (1), beta (2). */
double rp_sf_stable_slope(double x, double alpha, double beta, int direction);
double rp_sf_stable_log_cdf(double x, double alpha, double beta);

#endif
