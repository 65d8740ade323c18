#' Lognormal distribution
#'
#' The distribution of `exp(u)` when `u` is normal: density \eqn{f(x) = \exp(-z^2 / 2) / (x s \sqrt{2 \pi})}{f(x) =
#' exp(-z^2 / 2) / (x sdlog sqrt(2 pi))} with `z = (log(x) - meanlog) / sdlog`, for `x > 0`.
#'
#' @param meanlog Mean of `log(x)`; finite.
#' @param sdlog Standard deviation of `log(x)`; positive.
#' @return An object of class `reparam_dist`. Mean `exp(meanlog + sdlog^2 / 2)`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 14.
#' @seealso [distributions], [dist_transformed()]
#' @examples
#' dist_lognormal(-2, 1)
#' @export
dist_lognormal <- function(meanlog = 0, sdlog = 1) {
  new_dist("lognormal", list(meanlog = meanlog, sdlog = sdlog), list(sdlog = "positive"))
}

#' Half-normal distribution
#'
#' The distribution of the absolute value of a normal with mean 0: density \eqn{f(x) = 2 \exp(-(x / s)^2 / 2) / (s \sqrt{2
#' \pi})}{f(x) = 2 exp(-(x / sd)^2 / 2) / (sd sqrt(2 pi))}, for `x >= 0`.
#'
#' @param sd Standard deviation of the normal; positive.
#' @return An object of class `reparam_dist`. Mean `sd * sqrt(2 / pi)`, variance `sd^2 * (1 - 2 / pi)`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 13.
#' @seealso [distributions]
#' @examples
#' dist_half_normal(2)
#' @export
dist_half_normal <- function(sd = 1) {
  new_dist("half_normal", list(sd = sd), list(sd = "positive"))
}

#' Half-Cauchy distribution
#'
#' The distribution of the absolute value of a Cauchy with location 0: density \eqn{f(x) = 2 / (\pi s (1 + (x / s)^2))}{f(x) =
#' 2 / (pi scale (1 + (x / scale)^2))}, for `x >= 0`.
#'
#' @param scale Median; positive.
#' @return An object of class `reparam_dist`. It has no mean and no variance.
#' @inheritSection dist_normal Errors
#' @references Gelman (2006). Prior distributions for variance parameters in hierarchical models. Bayesian Analysis 1(3).
#' @seealso [distributions], [dist_cauchy()]
#' @examples
#' dist_half_cauchy(5)
#' @export
dist_half_cauchy <- function(scale = 1) {
  new_dist("half_cauchy", list(scale = scale), list(scale = "positive"))
}

#' Exponential distribution
#'
#' Density \eqn{f(x) = r \exp(-r x)}{f(x) = rate exp(-rate x)}, for `x >= 0`.
#'
#' @param rate Rate, the reciprocal of the mean; positive.
#' @return An object of class `reparam_dist`. Mean `1 / rate`, variance `1 / rate^2`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 19.
#' @seealso [distributions], [dist_gamma()]
#' @examples
#' dist_exponential(0.5)
#' @export
dist_exponential <- function(rate = 1) {
  new_dist("exponential", list(rate = rate), list(rate = "positive"))
}

#' Gamma distribution
#'
#' Density \eqn{f(x) = r^a x^{a - 1} \exp(-r x) / \Gamma(a)}{f(x) = rate^shape x^(shape - 1) exp(-rate x) / Gamma(shape)},
#' for `x >= 0`.
#'
#' @param shape Shape; positive.
#' @param rate Rate, the reciprocal of the scale; positive.
#' @return An object of class `reparam_dist`. Mean `shape / rate`, variance `shape / rate^2`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 17.
#' @seealso [distributions], [dist_inv_gamma()], [dist_chi_squared()]
#' @examples
#' dist_gamma(2, 0.5)
#' @export
dist_gamma <- function(shape, rate = 1) {
  new_dist("gamma", list(shape = shape, rate = rate), list(shape = "positive", rate = "positive"))
}
