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
#' Density \eqn{f(x) = (1 + z^2 / \nu)^{-(\nu + 1) / 2} / (s \sqrt{\nu} B(\nu / 2, 1 / 2))}{f(x) = (1 + z^2 / df)^(-(df + 1) / 2)
#' / (scale sqrt(df) B(df / 2, 1 / 2))} with `z = (x - location) / scale`, for real `x`.
#'
#' @param df Degrees of freedom; positive.
#' @param location Location; finite.
#' @param scale Scale; positive. It is not the standard deviation.
#' @return An object of class `reparam_dist`. Mean `location` for `df > 1`, variance `scale^2 * df / (df - 2)` for `df > 2`.
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
#' Density \eqn{f(x) = 1 / (\pi s (1 + z^2))}{f(x) = 1 / (pi scale (1 + z^2))} with `z = (x - location) / scale`, for real `x`.
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
