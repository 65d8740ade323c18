#' Discrete latent sites
#'
#' A discrete site without data, on which something observed depends, is summed out of the log density: mixture
#' indicators,
#' states of a hidden Markov chain, change points, missing counts. You write the model as it is generated; gradients,
#' [fit_nuts()], [fit_svi()] and
#' [log_density()] see the sum. Afterwards the site's values are drawn exactly, given everything else, and are in
#' [draws()] under its name.
#'
#' ```r
#' z[1:n] ~ bernoulli(p)                     # indicators
#' y ~ normal(mu[z + 1], 1)
#'
#' z[1] ~ categorical(start)                 # a chain over time
#' for (t in 2:n) z[t] ~ categorical(P[z[t - 1], ])
#' y ~ normal(mu[z], 1)
#'
#' tau ~ categorical(rep(1 / n, n))          # a change point
#' y ~ poisson(ifelse(seq_along(y) < tau, before, after))
#' ```
#'
#' The value may be used in any arithmetic, as an index, in `ifelse()`, in other sites' arguments. The engine finds
#' which elements
#' of which terms depend on which discrete elements, and sums out element by element: indicators as one log-sum-exp over
#' whole vectors, a chain by halving it again and again (the same sum as the forward algorithm, in about log2(n) vector
#' steps), anything else in the
#' order that needs fewest combinations.
#'
#' # What can be summed out
#'
#' * The site has finitely many values, at most 1000, known before the fit: [dist_bernoulli()], [dist_categorical()],
#'   [dist_binomial()], [dist_beta_binomial()], [dist_hypergeometric()] with sizes from data, [dist_ordered_logistic()],
#'   [dist_truncated()] of a count with an upper bound, [dist_zero_inflated()] and [dist_mixture()] of such, a discrete
#'   family of [new_family()] with two bounds.
#' * One element of a term depends on at most 16 discrete elements, and what has to be summed jointly has at most
#'   20000 combinations of values: `y ~ normal(sum(z), 1)` works for a few elements of `z`.
#'
#' Anything else (a Poisson count without bound, a vector of counts) is an error that names the site.
#'
#' # Draws, predictions, log likelihood
#'
#' Draws of the sites are exact draws given the continuous ones. [posterior_predict()] without new data keeps them; for
#' new data they are
#' drawn from their distributions. [log_lik()] gives, for an observation on which discrete sites bear, its log density
#' given the other observations (and the draw of the continuous sites): the marginal density where each observation has
#' an
#' indicator of its own, and in general what leaving one out needs. Conditional on drawn indicators it would be of no
#' use for `loo::loo()`.
#'
#' [with_scale()] around both a discrete site and all that depends on it scales the log of the sum. `NA` among discrete
#' data is such a site, too. An
#' element on which nothing observed depends is drawn from its distribution instead, as always. Location and scale of a
#' site that a discrete one
#' chooses leave that site as it is under `reparam = "auto"`.
#'
#' @references Zhang and Poole (1994). A simple approach to Bayesian network computations. Baum and others (1970), for
#'   chains.
#' @seealso [dist_mixture()], which sums an indicator out by itself and is the shorter way where nothing else uses it.
#' @examples
#' states <- model(function(y) {
#'   mu[1:2] ~ ordered(normal(0, 3))
#'   stay ~ beta(4, 2)
#'   P <- rbind(c(stay, 1 - stay), c(1 - stay, stay))
#'   z[1] ~ categorical(c(0.5, 0.5))
#'   for (t in 2:length(y)) z[t] ~ categorical(P[z[t - 1], ])
#'   y ~ normal(mu[z], 0.5)
#' })
#' y <- c(-1.2, -0.7, -1.1, 2.1, 1.8, 2.4, 1.9, -0.8, -1.3)
#' fit <- fit_nuts(states, list(y = y), chains = 1, seed = 1)
#' round(colMeans(draws(fit, "z")[, 1, ] == 2), 2)
#' @name discrete_sites
NULL
