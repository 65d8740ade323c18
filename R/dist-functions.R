#' What a distribution says by itself
#'
#' Log density, cumulative probability, quantile, mean, variance and draws of a distribution whose arguments are
#' numbers, outside of any model.
#'
#' Values recycle against the arguments as in R's `d`-functions; `NA` gives `NA`. Quantiles come from the family's
#' formula where it has one and else from bisection of the cdf to the last bits, in the tail in which less is lost.
#' Means and variances come from formulas where there are any, and else from numerical integration (relative error
#' about 1e-6) or summation.
#'
#' @param d A distribution, such as `dist_normal(0, 1)`.
#' @param x,q Values. For distributions of vectors and matrices one event, or events with their index first.
#' @param p Probabilities.
#' @param lower_tail `FALSE`: the probability of more than `q`.
#' @param log Logarithms of the probabilities?
#' @param n Number of draws.
#' @param seed A whole number, or `NULL` to take one from R's generator.
#' @return Numbers, as many as the longest of the values and the arguments; one for each event of vectors.
#'   `dist_draw()`: an array `[draw, ...]` with the extents of the distribution's value after the first.
#' @section Errors:
#' Arguments that depend on sites; a cdf, quantile, mean or variance that is not known.
#' @examples
#' dist_log_density(dist_normal(0, 2), c(-1, 1))
#' dist_cdf(dist_truncated(dist_normal(0, 1), lower = 0), 1)
#' dist_quantile(dist_mixture(dist_normal(-1, 1), dist_normal(2, 1), weights = c(1, 1)), c(0.1, 0.5))
#' dist_mean(dist_zero_inflated(dist_poisson(3), 0.2))
#' dist_variance(dist_gamma(2, 3))
#' dist_draw(dist_normal(0, 1), 3, seed = 1)
#' @name distribution_functions
NULL

#' @rdname distribution_functions
#' @export
dist_log_density <- function(d, x) evaluate_dist_at(d, "log_density", x, "x")

#' @rdname distribution_functions
#' @export
dist_cdf <- function(d, q, lower_tail = TRUE, log = FALSE) {
  value <- evaluate_dist_at(d, if (lower_tail) "log_cdf" else "log_ccdf", q, "q")
  if (log) value else exp(value)
}

#' @rdname distribution_functions
#' @export
dist_quantile <- function(d, p) {
  check_dist(d, "d")
  if (!all(is.na(p))) check_dist_argument(p[!is.na(p)], "p", "unit")
  evaluate_dist_at(d, "quantile", p, "p")
}

#' @rdname distribution_functions
#' @export
dist_mean <- function(d) dist_moment(d, "mean", function(x) x)

#' @rdname distribution_functions
#' @export
dist_variance <- function(d) {
  dist_moment(d, "variance", function(x) x^2, function(square) square - dist_moment(d, "mean", function(x) x)^2)
}

#' @rdname distribution_functions
#' @export
dist_draw <- function(d, n = 1, seed = NULL) {
  shape <- numeric_dist_shape(d)
  m <- model(function() draw("x", d))
  x <- draws(prior_draws(m, draws = n, seed = seed), "x")
  if (prod(shape) == 1L) as.vector(x) else array(x, c(n, shape))
}

# ---- one distribution in a spec of its own ----

numeric_dist_shape <- function(d) {
  check_dist(d, "d")
  traced <- FALSE
  map_dist(d, function(x, argument) {
    traced <<- traced || is_traced(x)
    x
  })
  if (traced) stop_reparam("The arguments of this distribution depend on sites.", "Write its numbers to look at it.")
  dist_shape(d)
}

evaluate_dist_at <- function(d, what, x, name) {
  shape <- numeric_dist_shape(d)
  elementwise <- is.null(event_shape(d)) && !identical(d$family, "ordered") && !has_event_transform(d)
  if (elementwise && (is.numeric(x) || is.logical(x)) && anyNA(x)) {
    known <- ifelse(is.na(x), 0.5, x)
    value <- evaluate_dist_at(d, what, known, name)
    return(ifelse(rep_len(is.na(x), length(value)), NA_real_, value))
  }
  check_dist_argument(x, name, "any")
  if (elementwise) {
    n <- max(length(x), prod(shape))
    shape <- if (length(x) == n) shape_of(x) else shape
    x <- rep_len(x, n)
  } else {
    shape <- shape_of(x)
  }
  m <- model(function() draw("x", d, dim = shape))
  .Call(ffi_dist_evaluate, model_spec(m), what, as.double(x))
}

dist_moment <- function(d, what, power, finish = identity) {
  shape <- numeric_dist_shape(d)
  m <- model(function() draw("x", d, dim = shape))
  known <- .Call(ffi_dist_evaluate, model_spec(m), what, numeric(prod(shape)))
  if (!is.null(known)) return(known)
  if (!is.null(event_shape(d)) && prod(event_shape(d)) > 1) {
    stop_reparam(sprintf("The %s of %s() is not known in closed form.", what, d$family),
                 "Take it from draws: `colMeans(dist_draw(d, 10000))`.")
  }
  if (prod(shape) != 1L) {
    stop_reparam(sprintf("The %s of %s() is known for one element at a time only.", what, d$family),
      "Give the distribution single numbers as arguments.")
  }
  finish(numeric_moment(d, power))
}

# Sum or integral of power(x) f(x), split at quantiles so that no part is missed.
numeric_moment <- function(d, power) {
  if (is_discrete_dist(d)) {
    ends <- dist_quantile(d, c(1e-15, 1 - 1e-15))
    x <- seq(ends[1], ends[2])
    return(sum(power(x) * exp(dist_log_density(d, x))))
  }
  at <- dist_quantile(d, c(0, 1e-9, 1e-4, 0.05, 0.5, 0.95, 1 - 1e-4, 1 - 1e-9, 1))
  at[abs(at) > 1e100] <- Inf * sign(at[abs(at) > 1e100])
  f <- function(x) {
    density <- exp(dist_log_density(d, x))
    ifelse(density == 0, 0, power(x) * density)
  }
  parts <- vapply(seq_len(8), function(k) {
    if (at[k] == at[k + 1]) return(0)
    stats::integrate(f, at[k], at[k + 1], rel.tol = 1e-9, abs.tol = 0, subdivisions = 1000L,
                     stop.on.error = FALSE)$value
  }, 0)
  sum(parts)
}

is_discrete_dist <- function(d) {
  q <- dist_quantile(d, c(0.2, 0.37, 0.5, 0.73, 0.9))
  all(q == floor(q))
}
