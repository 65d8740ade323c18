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
#' Adds nothing to the log density where `lower <= x <= upper` and forbids everything else: a flat prior. With infinite
#' bounds it has no finite mass, so it cannot be drawn from, and the data have to make the posterior proper.
#'
#' @param lower,upper Bounds, which may be infinite and may depend on sites; `lower` below `upper`.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' An argument that is not numeric or is empty; bounds in the wrong order, or infinite for some elements only.
#' Simulating from a model (prior draws, or a site that no data inform) where the site has no value.
#' @references Gelman et al. (2013). Bayesian Data Analysis, 3rd edition, section 2.8.
#' @seealso [distributions], [dist_uniform()]
#' @examples
#' dist_improper_uniform()
#' dist_improper_uniform(lower = 0)
#' @export
dist_improper_uniform <- function(lower = -Inf, upper = Inf) {
  check_bounds(lower, upper, "lower", "upper")
  check_one_kind(lower, "lower")
  check_one_kind(upper, "upper")
  new_dist("improper_uniform", list(lower = lower, upper = upper), list(lower = "any", upper = "any"))
}

# One site has one kind of support: a bound is there for all of its elements or for none.
check_one_kind <- function(bound, name) {
  if (is_traced(bound) || length(unique(is.infinite(bound))) == 1L) return(invisible())
  stop_reparam(
    sprintf("`%s` is infinite for some elements and finite for others.", name),
    "Draw the elements with and without a bound as two sites."
  )
}

#' Beta distribution
#'
#' Density \eqn{f(x) = x^{a - 1} (1 - x)^{b - 1} / B(a, b)}{f(x) = x^(shape1 - 1) (1 - x)^(shape2 - 1) / B(shape1,
#' shape2)}, for `0 <= x <= 1`.
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
#' All probability on one value; as a likelihood it adds `log_density` where `x` equals `value` and forbids everything
#' else.
#'
#' @param value The value; finite.
#' @param log_density Log density at the value; finite.
#' @return An object of class `reparam_dist`. Mean `value`, variance 0.
#' @inheritSection dist_normal Errors
#' @references Phan, Pradhan and Jankowiak (2019). Composable effects for flexible and accelerated probabilistic
#'   programming in NumPyro (its `Delta`).
#' @seealso [distributions]
#' @examples
#' dist_delta(3)
#' @export
dist_delta <- function(value = 0, log_density = 0) {
  new_dist("delta", list(value = value, log_density = log_density))
}

#' Beta distribution by mean and concentration
#'
#' The beta distribution with shapes `mean * concentration` and `(1 - mean) * concentration`, for `0 <= x <= 1`.
#'
#' @param mean Mean; between 0 and 1.
#' @param concentration Sum of the shapes; positive.
#' @return An object of class `reparam_dist`. Mean `mean`, variance `mean * (1 - mean) / (1 + concentration)`.
#' @inheritSection dist_normal Errors
#' @references Ferrari and Cribari-Neto (2004). Beta regression for modelling rates and proportions. Journal of Applied
#'   Statistics 31.
#' @seealso [distributions], [dist_beta()]
#' @examples
#' dist_beta_proportion(0.3, 10)
#' @export
dist_beta_proportion <- function(mean, concentration) {
  new_dist(
    "beta_proportion", list(mean = mean, concentration = concentration), list(mean = "unit", concentration = "positive")
  )
}

#' Kumaraswamy distribution
#'
#' Density \eqn{f(x) = a b x^{a - 1} (1 - x^a)^{b - 1}}{f(x) = a b x^(a - 1) (1 - x^a)^(b - 1)} with `a = shape1` and `b
#' = shape2`, for `0 <= x <= 1`: like the beta, with a cdf in closed form.
#'
#' @param shape1,shape2 Shapes; positive.
#' @return An object of class `reparam_dist`. Mean `shape2 * beta(1 + 1 / shape1, shape2)`.
#' @inheritSection dist_normal Errors
#' @references Jones (2009). Kumaraswamy's distribution: a beta-type distribution with some tractability advantages.
#'   Statistical Methodology 6.
#' @seealso [distributions], [dist_beta()]
#' @examples
#' dist_kumaraswamy(2, 3)
#' @export
dist_kumaraswamy <- function(shape1, shape2) {
  new_dist("kumaraswamy", list(shape1 = shape1, shape2 = shape2), list(shape1 = "positive", shape2 = "positive"))
}

#' Von Mises distribution
#'
#' A distribution on the circle: density \eqn{f(x) = \exp(\kappa \cos(x - m)) / (2 \pi I_0(\kappa))}{f(x) =
#' exp(concentration cos(x - location)) / (2 pi I_0(concentration))}, for `-pi <= x <= pi`.
#'
#' @param location Mean direction in radians; finite.
#' @param concentration Concentration; 0 (uniform) or more.
#' @return An object of class `reparam_dist`. Draws lie in `[-pi, pi]`.
#' @inheritSection dist_normal Errors
#' @references Mardia and Jupp (2000). Directional Statistics, section 3.5. Draws by Best and Fisher (1979). Applied
#'   Statistics 28.
#' @seealso [distributions]
#' @examples
#' dist_von_mises(0, 4)
#' @export
dist_von_mises <- function(location = 0, concentration) {
  new_dist(
    "von_mises", list(location = location, concentration = concentration), list(concentration = "nonnegative")
  )
}
