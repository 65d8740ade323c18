#' How far a guide is from the posterior
#'
#' `psis_khat()` estimates the shape of the upper tail of importance weights by a generalised Pareto distribution fitted
#' to the largest of them. [fit_svi()] computes it from the weights of its draws, and printing the fit says what it
#' means.
#'
#' Below 0.5 the guide's draws serve as the posterior's. Between 0.5 and 0.7 weighted draws do; means and standard
#' deviations of unweighted ones may be off. From 0.7 on the guide misses part of the posterior that matters: take a
#' richer guide, or [fit_nuts()]. In many dimensions the shape is large even when each marginal is good, because the
#' weights are those of all coordinates together.
#'
#' @param log_weights Logarithms of importance weights, up to a constant: log density of the target minus that of the
#'   proposal, at independent draws from the proposal; at least 25.
#' @return The shape, a number: `-Inf` when all weights are equal (the guide is the posterior), `Inf` when some are not
#'   finite, `NA` when there are fewer than 25.
#' @section Errors:
#' Weights that are not numbers.
#' @references
#' Vehtari, Simpson, Gelman, Yao and Gabry (2024). Pareto Smoothed Importance Sampling. Journal of Machine Learning
#' Research 25.
#'
#' Yao, Vehtari, Simpson and Gelman (2018). Yes, but Did It Work?: Evaluating Variational Inference. ICML.
#'
#' Zhang and Stephens (2009). A New and Efficient Estimation Method for the Generalized Pareto Distribution.
#' Technometrics 51(3).
#' @examples
#' x <- rnorm(4000)
#' psis_khat(dnorm(x, log = TRUE) - dnorm(x, sd = 1, log = TRUE))
#' # a proposal that is too narrow
#' psis_khat(dnorm(x, sd = 2, log = TRUE) - dnorm(x, log = TRUE))
#' @export
psis_khat <- function(log_weights) {
  if (!is.numeric(log_weights)) stop_reparam(sprintf("`log_weights` must be numbers, not %s.", describe(log_weights)))
  n <- length(log_weights)
  if (n < 25L) return(NA_real_)
  if (anyNA(log_weights) || any(log_weights == Inf)) return(Inf)
  weights <- sort(exp(log_weights - max(log_weights)))
  n_tail <- ceiling(min(0.2 * n, 3 * sqrt(n)))
  tail <- utils::tail(weights, n_tail)
  if (tail[n_tail] - tail[1] < 1e-10) return(-Inf)
  pareto_shape(tail - weights[n - n_tail])
}

# Zhang and Stephens's estimate from exceedances in increasing order, pulled towards 0.5 by ten observations' worth as
# in Vehtari et al. (2024), appendix G.
pareto_shape <- function(x) {
  n <- length(x)
  m <- 30 + floor(sqrt(n))
  quartile <- x[floor(n / 4 + 0.5)]
  theta <- 1 / x[n] + (1 - sqrt(m / (seq_len(m) - 0.5))) / (3 * quartile)
  shape <- vapply(theta, function(t) mean(log1p(-t * x)), 0)
  profile <- n * (log(-theta / shape) - shape - 1)
  weight <- exp(profile - max(profile))
  k <- mean(log1p(-sum(theta * weight) / sum(weight) * x))
  (n * k + 5) / (n + 10)
}

# The verdict on a fit, in a sentence.
khat_verdict <- function(khat) {
  if (is.na(khat)) return(NULL)
  number <- if (is.finite(khat)) sprintf("Pareto k %.2f", khat) else "Pareto k"
  if (khat < 0.5) {
    if (khat == -Inf) return("The guide is the posterior: all importance weights are equal.")
    sprintf("%s: the guide is close to the posterior.", number)
  } else if (khat < 0.7) {
    sprintf("%s: the guide is usable; importance weights (`fit$log_weights`) would correct it.", number)
  } else {
    sprintf("%s: the guide misses part of the posterior; do not trust its spread or tails.", number)
  }
}
