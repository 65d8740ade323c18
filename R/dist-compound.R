#' Truncated distributions
#'
#' The distribution of `base` given that the value lies between `lower` and `upper` (both included). The log density is
#' that of `base` minus the log of the probability that `base` gives to the interval, computed in the tail in which
#' less is lost. A bound may depend on sites.
#'
#' `base` is any univariate distribution with a cdf, itself truncated, transformed or a mixture if you like.
#' `dist_truncated_normal()` is short for `dist_truncated(dist_normal(mean, sd), lower, upper)`.
#'
#' @param base A univariate distribution.
#' @param lower,upper Bounds, `lower` below `upper`; infinite where there is none. One of them infinite for some
#'   elements and finite for others is an error.
#' @param mean,sd As for [dist_normal()].
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' Bounds in the wrong order; a `base` without a cdf in closed form, or whose values are vectors (when the model runs).
#' @references Robert (1995). Simulation of truncated normal variables. Statistics and Computing 5. Draws here invert
#'   the cdf by bisection.
#' @seealso [combinators], [dist_censored()]
#' @examples
#' dist_truncated(dist_normal(0, 1), lower = 0)
#' dist_truncated(dist_poisson(3), lower = 1)
#' dist_truncated_normal(0, 1, lower = -1, upper = 2)
#' @export
dist_truncated <- function(base, lower = -Inf, upper = Inf) {
  check_dist(base, "base")
  check_bounds(lower, upper, "lower", "upper")
  check_one_kind(lower, "lower")
  check_one_kind(upper, "upper")
  combine("truncated", base, args = finite_bounds(lower, upper))
}

#' @rdname dist_truncated
#' @export
dist_truncated_normal <- function(mean = 0, sd = 1, lower = -Inf, upper = Inf) {
  dist_truncated(dist_normal(mean, sd), lower, upper)
}

#' Censored distributions
#'
#' `dist_censored()` is the distribution of what an instrument shows that reads `base` between `lower` and `upper` only:
#' a value at a bound stands for everything beyond it, with the probability of the tail; a value between the bounds has
#' its density. `dist_interval_censored()` is for values of which only an interval is known, one interval for each
#' element: the log density is the log of the probability of the interval, whatever number in it is given.
#'
#' Such values can be observed, not inferred. Simulated values of `dist_interval_censored()` are drawn from `base`
#' within the interval.
#'
#' @param base A univariate distribution with a cdf.
#' @param lower,upper Bounds, `lower` below `upper`; infinite where there is none. One number, or one for each element.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' Bounds in the wrong order; a `base` without a cdf in closed form (when the model runs); a site without data that
#' other sites depend on.
#' @references Klein and Moeschberger (2003). Survival Analysis, 2nd edition, section 3.5.
#' @seealso [combinators], [dist_truncated()]
#' @examples
#' # Survival times. Who is alive at the end of his or her own time lived longer than that: a bound.
#' m <- model(function(time, dead) {
#'   rate ~ gamma(1, 1)
#'   time ~ censored(exponential(rate), upper = ifelse(dead, Inf, time))
#' })
#' patients <- list(time = c(2.5, 10, 4), dead = c(TRUE, FALSE, FALSE))
#' log_density(m, patients, list(rate = 0.2))
#'
#' dist_interval_censored(dist_normal(0, 1), lower = c(-Inf, 0), upper = c(0, 1))
#' @export
dist_censored <- function(base, lower = -Inf, upper = Inf) {
  check_dist(base, "base")
  check_bounds(lower, upper, "lower", "upper")
  combine("censored", base, args = finite_bounds(lower, upper))
}

#' @rdname dist_censored
#' @export
dist_interval_censored <- function(base, lower, upper) {
  check_dist(base, "base")
  check_bounds(lower, upper, "lower", "upper")
  combine("interval_censored", base, args = finite_bounds(lower, upper))
}

# The bounds that bound something.
finite_bounds <- function(lower, upper) {
  bounds <- list(lower = lower, upper = upper)
  bounds[vapply(bounds, function(x) is_traced(x) || any(is.finite(x)), NA)]
}

#' Mixtures
#'
#' A value comes from one of several distributions, chosen with probabilities proportional to `weights`; which one is
#' summed out: the log density is \eqn{\log \sum_k w_k f_k(x)}{log(sum(w * f(x)))}. Each element (each event of
#' multivariate parts) has its own choice.
#'
#' Parts may differ in family, and be truncated, transformed or mixtures themselves; they must agree in shape, and be
#' all discrete or all continuous. Which part an element came from is summed out and has no draws; for these, draw an
#' indicator as a site (see [discrete_sites]).
#'
#' @param ... Two or more distributions, or one list of them.
#' @param weights Weights of the parts: numbers that are not negative (they need not sum to 1), one for each, or a
#'   matrix with one row for each element (event) and one column for each part. May depend on sites.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' Weights that are negative, all 0, or not as many as distributions; parts that are partly discrete, differ in shape,
#' or are masked (when the model runs).
#' @references McLachlan and Peel (2000). Finite Mixture Models.
#' @seealso [combinators], [dist_ordered()] for locations that can be told apart, [dist_zero_inflated()]
#' @examples
#' dist_mixture(dist_normal(-2, 1), dist_student_t(4, 2, 1), weights = c(0.3, 0.7))
#' m <- model(function(y) {
#'   mu[1:2] ~ ordered(normal(0, 5))
#'   p ~ beta(2, 2)
#'   y ~ mixture(normal(mu[1], 1), normal(mu[2], 1), weights = c(p, 1 - p))
#' })
#' log_density(m, list(y = c(-1, 2)), list(mu = c(-1, 1), p = 0.5))
#' @export
dist_mixture <- function(..., weights) {
  components <- list(...)
  if (length(components) == 1L && is.list(components[[1]]) && !is_dist(components[[1]])) components <- components[[1]]
  if (!length(components)) stop_reparam("`dist_mixture()` needs distributions.")
  for (k in seq_along(components)) check_dist(components[[k]], sprintf("part %d", k))
  if (missing(weights)) {
    stop_reparam("`weights` is missing.",
                 "Give one weight for each distribution, for instance `weights = c(0.3, 0.7)`.")
  }
  args <- weight_columns(weights, length(components))
  structure(list(family = "mixture", components = unname(components), args = args), class = "reparam_dist")
}

# One number, or one for each element, for each part.
weight_columns <- function(weights, n) {
  check_dist_argument(weights, "weights", "nonnegative")
  columns <- if (is.matrix(weights)) ncol(weights) else length(weights)
  if (columns != n) {
    stop_reparam(sprintf("`weights` has %d weights for %d distributions.", columns, n))
  }
  parts <- lapply(seq_len(n), function(k) if (is.matrix(weights)) weights[, k] else weights[k])
  total <- if (!is_traced(weights)) Reduce(`+`, lapply(parts, as.vector))
  if (!is.null(total) && any(total == 0)) stop_reparam("`weights` are all 0.")
  names(parts) <- sprintf("weight%d", seq_len(n))
  parts
}

#' Zero-inflated distributions
#'
#' A value is 0 with probability `prob`, and otherwise comes from `base`. If `base` is discrete, its own zeros add to
#' these; if it has a density, zeros come from the inflation alone (a hurdle).
#'
#' @param base A univariate distribution.
#' @param prob Probability of an extra zero; between 0 and 1. May depend on sites.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' A probability outside `[0, 1]`; a `base` whose values are vectors (when the model runs).
#' @references Lambert (1992). Zero-inflated Poisson regression, with an application to defects in manufacturing.
#'   Technometrics 34.
#' @seealso [combinators], [dist_zero_inflated_poisson()]
#' @examples
#' dist_zero_inflated(dist_neg_binomial(2, mu = 3), 0.2)
#' dist_zero_inflated(dist_lognormal(0, 1), 0.4)
#' @export
dist_zero_inflated <- function(base, prob) {
  check_dist(base, "base")
  check_dist_argument(prob, "prob", "unit")
  combine("zero_inflated", base, args = list(prob = prob))
}

#' Ordered values
#'
#' `n` independent values of `base`, sorted: a vector \eqn{x_1 < \dots < x_n}{x[1] < .. < x[n]} with log density
#' \eqn{\log n! + \sum_i \log f(x_i)}{log(factorial(n)) + sum(log(f(x)))}. Used for the locations of a mixture, which
#' otherwise could exchange their names.
#'
#' @param base A univariate continuous distribution, the same for all values.
#' @param n Number of values, where no left side says it.
#' @return An object of class `reparam_dist`.
#' @section Errors:
#' A discrete or multivariate `base`, or one whose support no increasing map leads to (when the model runs).
#' @references Betancourt (2017). Identifying Bayesian mixture models. Stan case studies.
#' @seealso [combinators], [dist_mixture()]
#' @examples
#' dist_ordered(dist_normal(0, 5), 3)
#' @export
dist_ordered <- function(base, n = NULL) {
  check_dist(base, "base")
  if (!is.null(n)) check_dist_argument(n, "n", "positive_count")
  d <- combine("ordered", base)
  if (!is.null(n)) d$dim <- as.integer(n)
  d
}
