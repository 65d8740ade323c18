#' Normal distribution
#'
#' Density \eqn{f(x) = \exp(-z^2 / 2) / (s \sqrt{2 \pi})}{f(x) = exp(-z^2 / 2) / (sd sqrt(2 pi))} with
#' `z = (x - mean) / sd`, for real `x`.
#'
#' @param mean Mean; finite.
#' @param sd Standard deviation; positive.
#' @return An object of class `reparam_dist`. Mean `mean`, variance `sd^2`.
#' @section Errors:
#' An argument that is not numeric, is empty, or lies outside its range.
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 13.
#' @seealso [distributions], [dist_mvn()]
#' @examples
#' dist_normal(0, 2)
#' @export
dist_normal <- function(mean = 0, sd = 1) {
  new_dist("normal", list(mean = mean, sd = sd), list(sd = "positive"))
}

#' Student's t distribution
#'
#' Density \eqn{f(x) = (1 + z^2 / \nu)^{-(\nu + 1) / 2} / (s \sqrt{\nu} B(\nu / 2, 1 / 2))}{f(x) = (1 + z^2 / df)^(-(df
#' + 1) / 2) / (scale sqrt(df) B(df / 2, 1 / 2))} with `z = (x - location) / scale`, for real `x`.
#'
#' @param df Degrees of freedom; positive.
#' @param location Location; finite.
#' @param scale Scale; positive. It is not the standard deviation.
#' @return An object of class `reparam_dist`. Mean `location` for `df > 1`, variance `scale^2 * df / (df - 2)` for `df >
#'   2`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1995). Continuous Univariate Distributions, volume 2, chapter 28.
#' @seealso [distributions], [dist_half_student_t()]
#' @examples
#' dist_student_t(4, 0, 2)
#' @export
dist_student_t <- function(df, location = 0, scale = 1) {
  new_dist(
    "student_t", list(df = df, location = location, scale = scale), list(df = "positive", scale = "positive")
  )
}

#' Cauchy distribution
#'
#' Density \eqn{f(x) = 1 / (\pi s (1 + z^2))}{f(x) = 1 / (pi scale (1 + z^2))} with `z = (x - location) / scale`, for
#' real `x`.
#'
#' @param location Median; finite.
#' @param scale Half of the interquartile range; positive.
#' @return An object of class `reparam_dist`. It has no mean and no variance.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1994). Continuous Univariate Distributions, volume 1, chapter 16.
#' @seealso [distributions], [dist_half_cauchy()], [dist_stable()]
#' @examples
#' dist_cauchy(0, 5)
#' @export
dist_cauchy <- function(location = 0, scale = 1) {
  new_dist("cauchy", list(location = location, scale = scale), list(scale = "positive"))
}

#' Laplace distribution
#'
#' Density \eqn{f(x) = \exp(-|x - m| / s) / (2 s)}{f(x) = exp(-|x - location| / scale) / (2 scale)}, for real `x`.
#'
#' @param location Median and mean; finite.
#' @param scale Mean distance from the median; positive.
#' @return An object of class `reparam_dist`. Mean `location`, variance `2 * scale^2`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1995). Continuous Univariate Distributions, volume 2, chapter 24.
#' @seealso [distributions], [dist_soft_laplace()], [dist_asymmetric_laplace()]
#' @examples
#' dist_laplace(0, 2)
#' @export
dist_laplace <- function(location = 0, scale = 1) {
  new_dist("laplace", list(location = location, scale = scale), list(scale = "positive"))
}

#' Asymmetric Laplace distribution
#'
#' Exponential tails of different scales, `left = scale * asymmetry` and `right = scale / asymmetry`: density
#' \eqn{f(x) = \exp(-|x - m| / s_\pm) / (s_- + s_+)}{f(x) = exp(-|x - location| / tail) / (left + right)} with `tail`
#' the scale of the side on which `x` lies.
#'
#' @param location Mode; finite.
#' @param scale Geometric mean of the two scales; positive.
#' @param asymmetry Root of the ratio of the left to the right scale; positive.
#' @return An object of class `reparam_dist`. Mean `location + right - left`, variance `left^2 + right^2`.
#' @inheritSection dist_normal Errors
#' @references Kotz, Kozubowski and Podgorski (2001). The Laplace Distribution and Generalizations, chapter 3.
#' @seealso [distributions], [dist_laplace()]
#' @examples
#' dist_asymmetric_laplace(0, 1, 2)
#' @export
dist_asymmetric_laplace <- function(location = 0, scale = 1, asymmetry = 1) {
  new_dist(
    "asymmetric_laplace", list(location = location, scale = scale, asymmetry = asymmetry),
    list(scale = "positive", asymmetry = "positive")
  )
}

#' Soft Laplace distribution
#'
#' The hyperbolic secant law, a Laplace with a smooth peak: density \eqn{f(x) = 2 / (\pi s (e^z + e^{-z}))}{f(x) = 2 /
#' (pi scale (exp(z) + exp(-z)))} with `z = (x - location) / scale`, for real `x`.
#'
#' @param location Median and mean; finite.
#' @param scale Scale; positive.
#' @return An object of class `reparam_dist`. Mean `location`, variance `(pi * scale / 2)^2`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1995). Continuous Univariate Distributions, volume 2, section 23.11.
#' @seealso [distributions], [dist_laplace()]
#' @examples
#' dist_soft_laplace(0, 2)
#' @export
dist_soft_laplace <- function(location = 0, scale = 1) {
  new_dist("soft_laplace", list(location = location, scale = scale), list(scale = "positive"))
}

#' Logistic distribution
#'
#' Density \eqn{f(x) = e^{-z} / (s (1 + e^{-z})^2)}{f(x) = exp(-z) / (scale (1 + exp(-z))^2)} with
#' `z = (x - location) / scale`, for real `x`.
#'
#' @param location Median and mean; finite.
#' @param scale Scale; positive.
#' @return An object of class `reparam_dist`. Mean `location`, variance `(pi * scale)^2 / 3`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1995). Continuous Univariate Distributions, volume 2, chapter 23.
#' @seealso [distributions]
#' @examples
#' dist_logistic(0, 2)
#' @export
dist_logistic <- function(location = 0, scale = 1) {
  new_dist("logistic", list(location = location, scale = scale), list(scale = "positive"))
}

#' Gumbel distribution
#'
#' The extreme value law of maxima: density \eqn{f(x) = \exp(-z - e^{-z}) / s}{f(x) = exp(-z - exp(-z)) / scale} with
#' `z = (x - location) / scale`, for real `x`.
#'
#' @param location Mode; finite.
#' @param scale Scale; positive.
#' @return An object of class `reparam_dist`. Mean `location + 0.5772 * scale`, variance `(pi * scale)^2 / 6`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1995). Continuous Univariate Distributions, volume 2, chapter 22.
#' @seealso [distributions]
#' @examples
#' dist_gumbel(0, 2)
#' @export
dist_gumbel <- function(location = 0, scale = 1) {
  new_dist("gumbel", list(location = location, scale = scale), list(scale = "positive"))
}

#' Stable distribution
#'
#' The stable law in Nolan's S0 parameterization, continuous in all its arguments. With \eqn{\alpha}{alpha} =
#' `stability` and \eqn{\beta}{beta} = `skew` the standard law has the characteristic function \eqn{\exp(-|t|^\alpha [1
#' + i \beta \tan(\pi \alpha / 2) \mathrm{sign}(t) (|t|^{1 - \alpha} - 1)])}{exp(-|t|^alpha [1 + i beta tan(pi alpha /
#' 2) sign(t) (|t|^(1 - alpha) - 1)])} and, at \eqn{\alpha = 1}{alpha = 1}, its limit.
#'
#' Draws are exact for every `stability` (Chambers, Mallows and Stuck). The log density and cdf are integrals over the
#' angle of the same map, evaluated to a relative error of about 1e-10, at some 0.1 milliseconds an element; the
#' strategies "minimal" and "auto" therefore reparameterize sites of this law, and `reparam = "none"` uses the density.
#'
#' @param stability Tail index; above 0, at most 2. 2 is the normal with standard deviation `sqrt(2) * scale`, 1 without
#'   skew the Cauchy.
#' @param skew Skewness; between -1 and 1.
#' @param scale Scale; positive.
#' @param location Location; finite.
#' @return An object of class `reparam_dist`. Mean `location - scale * skew * tan(pi * stability / 2)` for `stability >
#'   1`.
#' @inheritSection dist_normal Errors
#' @references Nolan (2020). Univariate Stable Distributions. Chambers, Mallows and Stuck (1976). A method for
#'   simulating stable random variables. JASA 71.
#' @seealso [distributions], [dist_levy()], [dist_cauchy()]
#' @examples
#' dist_stable(1.5, 0.5)
#' @export
dist_stable <- function(stability, skew, scale = 1, location = 0) {
  new_dist(
    "stable", list(stability = stability, skew = skew, scale = scale, location = location),
    list(stability = "stability", skew = "skew", scale = "positive")
  )
}
