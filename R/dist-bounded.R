#' Uniform distribution
#'
#' Density `1 / (max - min)` for `min <= x <= max`. The bounds may depend on sites, as in `uniform(0, 1 - alpha)`.
#'
#' @param min,max Bounds; finite, `min` below `max`.
#' @return An object of class `reparam_dist`. Mean `(min + max) / 2`, variance `(max - min)^2 / 12`.
#' @section Errors:
#' An argument that is not numeric or is empty; bounds that are infinite or in the wrong order.
#' @references Johnson, Kotz and Balakrishnan (1995). Continuous Univariate Distributions, volume 2, chapter 26.
#' @seealso [distributions], [dist_improper_uniform()]
#' @examples
#' dist_uniform(-1, 1)
#' @export
dist_uniform <- function(min = 0, max = 1) {
  check_bounds(min, max, "min", "max")
  new_dist("uniform", list(min = min, max = max))
}

#' Improper uniform distribution
#'
#' Adds nothing to the log density where `lower <= x <= upper` and forbids everything else: a flat prior. With infinite bounds
#' it has no finite mass, so it cannot be drawn from, and the data have to make the posterior proper.
#'
#' @param lower,upper Bounds, which may be infinite and may depend on sites; `lower` below `upper`.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' An argument that is not numeric or is empty; bounds in the wrong order. Simulating from a model (prior draws, or a site that
#' no data inform) where the site has no value.
#' @references Gelman et al. (2013). Bayesian Data Analysis, 3rd edition, section 2.8.
#' @seealso [distributions], [dist_uniform()]
#' @examples
#' dist_improper_uniform()
#' dist_improper_uniform(lower = 0)
#' @export
dist_improper_uniform <- function(lower = -Inf, upper = Inf) {
  check_bounds(lower, upper, "lower", "upper")
  new_dist("improper_uniform", list(lower = lower, upper = upper), list(lower = "any", upper = "any"))
}

#' Beta distribution
#'
#' Density \eqn{f(x) = x^{a - 1} (1 - x)^{b - 1} / B(a, b)}{f(x) = x^(shape1 - 1) (1 - x)^(shape2 - 1) / B(shape1, shape2)},
#' for `0 <= x <= 1`.
#'
#' @param shape1,shape2 Shapes; positive.
#' @return An object of class `reparam_dist`. Mean `shape1 / (shape1 + shape2)`.
#' @inheritSection dist_normal Errors
#' @references Johnson, Kotz and Balakrishnan (1995). Continuous Univariate Distributions, volume 2, chapter 25.
#' @seealso [distributions], [dist_beta_proportion()], [dist_kumaraswamy()]
#' @examples
#' dist_beta(0.5, 1.5)
#' @export
dist_beta <- function(shape1, shape2) {
  new_dist("beta", list(shape1 = shape1, shape2 = shape2), list(shape1 = "positive", shape2 = "positive"))
}

#' Point mass
#'
#' All probability on one value; as a likelihood it adds `log_density` where `x` equals `value` and forbids everything else.
#'
#' @param value The value; finite.
#' @param log_density Log density at the value; finite.
#' @return An object of class `reparam_dist`. Mean `value`, variance 0.
#' @inheritSection dist_normal Errors
#' @references Phan, Pradhan and Jankowiak (2019). Composable effects for flexible and accelerated probabilistic programming in
#'   NumPyro (its `Delta`).
#' @seealso [distributions]
#' @examples
#' dist_delta(3)
#' @export
dist_delta <- function(value = 0, log_density = 0) {
  new_dist("delta", list(value = value, log_density = log_density))
}
