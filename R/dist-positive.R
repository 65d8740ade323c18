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
#' The distribution of the absolute value of a normal with mean 0: density \eqn{f(x) = 2 \exp(-(x / s)^2 / 2) / (s
#' \sqrt{2 \pi})}{f(x) = 2 exp(-(x / sd)^2 / 2) / (sd sqrt(2 pi))}, for `x >= 0`.
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
#' The distribution of the absolute value of a Cauchy with location 0: density \eqn{f(x) = 2 / (\pi s (1 + (x /
#' s)^2))}{f(x) = 2 / (pi scale (1 + (x / scale)^2))}, for `x >= 0`.
#'
#' @param scale Median; positive.
#' @return An object of class `reparam_dist`. It has no mean and no variance.
#' @inheritSection dist_normal Errors
#' @references Gelman (2006). Prior distributions for variance parameters in hierarchical models. Bayesian Analysis
#'   1(3).
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
#' Density \eqn{f(x) = r^a x^{a - 1} \exp(-r x) / \Gamma(a)}{f(x) = rate^shape x^(shape - 1) exp(-rate x) /
#' Gamma(shape)}, for `x >= 0`.
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

#' Half Student's t distribution
#'
#' The distribution of the absolute value of a Student's t with location 0: twice the density of [dist_student_t()], for
#' `x >= 0`.
#'
#' @param df Degrees of freedom; positive.
#' @param scale Scale; positive.
#' @return An object of class `reparam_dist`. The mean exists for `df > 1`, the variance for `df > 2`.
#' @inheritSection dist_normal Errors
#' @references Gelman (2006). Prior distributions for variance parameters in hierarchical models. Bayesian Analysis
#'   1(3).
#' @seealso [distributions], [dist_student_t()], [dist_half_cauchy()]
#' @examples
#' dist_half_student_t(3, 2.5)
#' @export
dist_half_student_t <- function(df, scale = 1) {
  new_dist("half_student_t", list(df = df, scale = scale), list(df = "positive", scale = "positive"))
}

#' Inverse gamma distribution
#'
#' The distribution of `1 / u` when `u` is gamma with rate `scale`: density \eqn{f(x) = b^a x^{-a - 1} \exp(-b / x) /
#' \Gamma(a)}{f(x) = scale^shape x^(-shape - 1) exp(-scale / x) / Gamma(shape)}, for `x > 0`.
#'
#' @param shape Shape; positive.
#' @param scale Scale; positive.
#' @return An object of class `reparam_dist`. Mean `scale / (shape - 1)` for `shape > 1`.
#' @inheritSection dist_normal Errors
#' @references Gelman et al. (2013). Bayesian Data Analysis, 3rd edition, appendix A.
#' @seealso [distributions], [dist_gamma()]
#' @examples
#' dist_inv_gamma(3, 2)
#' @export
dist_inv_gamma <- function(shape, scale = 1) {
  new_dist("inv_gamma", list(shape = shape, scale = scale), list(shape = "positive", scale = "positive"))
}

#' Chi-squared distribution
#'
#' The gamma distribution with shape `df / 2` and rate 1/2, for `x >= 0`.
#'
#' @param df Degrees of freedom; positive.
#' @return An object of class `reparam_dist`. Mean `df`, variance `2 * df`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 18.
#' @seealso [distributions], [dist_gamma()]
#' @examples
#' dist_chi_squared(4)
#' @export
dist_chi_squared <- function(df) {
  new_dist("chi_squared", list(df = df), list(df = "positive"))
}

#' Weibull distribution
#'
#' Density \eqn{f(x) = (k / s) z^{k - 1} \exp(-z^k)}{f(x) = (shape / scale) z^(shape - 1) exp(-z^shape)} with `z = x /
#' scale`, for `x >= 0`.
#'
#' @param shape Shape; positive.
#' @param scale Scale; positive.
#' @return An object of class `reparam_dist`. Mean `scale * gamma(1 + 1 / shape)`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 21.
#' @seealso [distributions]
#' @examples
#' dist_weibull(1.5, 2)
#' @export
dist_weibull <- function(shape, scale = 1) {
  new_dist("weibull", list(shape = shape, scale = scale), list(shape = "positive", scale = "positive"))
}

#' Pareto distribution
#'
#' Density \eqn{f(x) = a m^a / x^{a + 1}}{f(x) = shape min^shape / x^(shape + 1)}, for `x >= min`.
#'
#' @param min Smallest value; positive.
#' @param shape Tail index; positive.
#' @return An object of class `reparam_dist`. Mean `shape * min / (shape - 1)` for `shape > 1`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 20.
#' @seealso [distributions]
#' @examples
#' dist_pareto(1, 3)
#' @export
dist_pareto <- function(min, shape) {
  new_dist("pareto", list(min = min, shape = shape), list(min = "positive", shape = "positive"))
}

#' Inverse Gaussian distribution
#'
#' Density \eqn{f(x) = \sqrt{\lambda / (2 \pi x^3)} \exp(-\lambda (x - \mu)^2 / (2 \mu^2 x))}{f(x) = sqrt(shape / (2 pi
#' x^3)) exp(-shape (x - mean)^2 / (2 mean^2 x))}, for `x > 0`.
#'
#' @param mean Mean; positive.
#' @param shape Shape; positive.
#' @return An object of class `reparam_dist`. Mean `mean`, variance `mean^3 / shape`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 15.
#' @seealso [distributions]
#' @examples
#' dist_inverse_gaussian(2, 3)
#' @export
dist_inverse_gaussian <- function(mean, shape = 1) {
  new_dist("inverse_gaussian", list(mean = mean, shape = shape), list(mean = "positive", shape = "positive"))
}

#' Levy distribution
#'
#' The distribution of `location + scale / u^2` when `u` is standard normal: density \eqn{f(x) = \sqrt{s / (2 \pi)} (x -
#' m)^{-3/2} \exp(-s / (2 (x - m)))}{f(x) = sqrt(scale / (2 pi)) (x - location)^(-3/2) exp(-scale / (2 (x -
#' location)))}, for `x > location`.
#'
#' @param location Lower bound; finite.
#' @param scale Scale; positive.
#' @return An object of class `reparam_dist`. It has no mean and no variance.
#' @inheritSection dist_normal Errors
#' @references Nolan (2020). Univariate Stable Distributions, section 1.1.
#' @seealso [distributions], [dist_stable()]
#' @examples
#' dist_levy(0, 1)
#' @export
dist_levy <- function(location = 0, scale = 1) {
  new_dist("levy", list(location = location, scale = scale), list(scale = "positive"))
}
