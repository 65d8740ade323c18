#' Draws from the prior, and predictions from a fit
#'
#' `prior_draws()` draws all sites of a model from their distributions, observed ones included. `posterior_predict()`
#' takes the draws of a fit and draws the observed sites anew, recomputing recorded quantities; with `newdata` it does
#' so for other data (longer series, other conditions): sites that the fit has draws of keep them, all others are drawn
#' from their distributions.
#'
#' @param model A model made by [model()], or a spec made by [model_spec()].
#' @param data Named list of the model function's arguments; arguments that are `NULL` or absent are simulated.
#' @param draws Number of draws.
#' @param seed A whole number, or `NULL` to take one from R's generator, so that `set.seed()` governs.
#' @param keep Names of the sites to return; `NULL`: all that fit in 1 GB.
#' @param fit A fit by [fit_nuts()] or [fit_svi()].
#' @param newdata Named list of arguments that replace those of the fit; give `y = NULL` to simulate an argument that was
#'   observed.
#' @return An object like a fit: [draws()], `summary()`, `as.data.frame()` and `autoplot()` work on it.
#' @examples
#' growth <- model(function(n, y = NULL) {
#'   rate ~ lognormal(-1, 0.5)
#'   size := exp(rate * seq_len(n))
#'   y ~ lognormal(log(size), 0.1)
#' })
#' prior <- prior_draws(growth, list(n = 5), draws = 100, seed = 1)
#' dim(draws(prior, "y"))
#' fit <- fit_nuts(growth, list(n = 3, y = c(1.4, 2.1, 2.9)), chains = 1, seed = 1)
#' future <- posterior_predict(fit, list(n = 6, y = NULL))
#' colMeans(draws(future, "y")[, 1, ])
#' @export
prior_draws <- function(model, data = list(), draws = 1000, seed = NULL, keep = NULL) {
  spec <- fit_spec(model, data)
  if (is.null(seed)) seed <- handler_seed(spec)
  control <- list(seed = fit_seed(seed), draws = check_count(draws, "draws"), keep = keep, simulate = TRUE)
  predicted(spec, control, NULL, "prior", match.call())
}

#' @rdname prior_draws
#' @export
posterior_predict <- function(fit, newdata = NULL, seed = NULL, keep = NULL) {
  check_fit(fit)
  spec <- if (is.null(newdata)) fit$spec else respecify(fit, newdata)
  control <- list(
    seed = if (is.null(seed)) fit$control$seed else fit_seed(seed), keep = keep, simulate = TRUE,
    reparam = fit$control$reparam, centered = fit$control$centered, centering = engine_centering(fit),
    coordinates = fit$unconstrained_names
  )
  predicted(spec, control, fit$unconstrained, "predictive", match.call())
}

#' Pointwise log likelihood of a fit
#'
#' The log density of every observed element at every draw, as `loo::loo()` takes it. Elements that are `NA` in the data have
#' none and are left out, with a message.
#'
#' @param fit A fit by [fit_nuts()] or [fit_svi()].
#' @param sites Names of observed sites; `NULL` takes all.
#' @return An array `[iteration, chain, observation]`, the observations of several sites one after the other, named
#'   `y[1]`, ...
#' @examples
#' m <- model(function(y) {
#'   mu ~ normal(0, 10)
#'   y ~ normal(mu, 1)
#' })
#' fit <- fit_nuts(m, list(y = c(0.3, -1, 0.8)), chains = 2, seed = 1)
#' dim(log_lik(fit))
#' @export
log_lik <- function(fit, sites = NULL) {
  check_fit(fit)
  control <- list(
    seed = fit$control$seed, keep = sites, log_lik = TRUE, reparam = fit$control$reparam, centered = fit$control$centered,
    centering = engine_centering(fit), coordinates = fit$unconstrained_names
  )
  result <- .Call(ffi_generate, fit$spec, control, fit$unconstrained)
  parts <- Map(observed_names, names(result$draws), result$draws, MoreArgs = list(spec = fit$spec))
  dims <- dim(fit$unconstrained)[1:2]
  values <- unlist(lapply(result$draws, as.vector), use.names = FALSE)
  labels <- unlist(parts, use.names = FALSE)
  array(values, c(dims, length(labels)), dimnames = list(iteration = NULL, chain = NULL, observation = labels))
}

observed_names <- function(site, values, spec) {
  n <- dim(values)[3]
  statements <- Filter(function(s) identical(s$name, site) && !is.null(s$observed), spec$statements)
  observed <- unlist(lapply(statements, function(s) s$observed))
  known <- which(!is.na(observed))
  if (length(known) != n) known <- seq_len(n)
  if (anyNA(observed)) {
    message("log_lik(): ", sum(is.na(observed)), " NA elements of `", site, "` have no likelihood and are left out.")
  }
  if (n == 1 && length(observed) <= 1) site else paste0(site, "[", known, "]")
}

predicted <- function(spec, control, unconstrained, kind, call) {
  result <- .Call(ffi_generate, spec, control, unconstrained)
  warn_engine(result$warnings)
  result$spec <- spec
  result$control <- control
  result$call <- call
  result$unconstrained <- unconstrained
  structure(result, class = c(paste0("reparam_", kind), "reparam_fit"))
}

respecify <- function(fit, newdata) {
  if (is.null(fit$model)) {
    stop_reparam("This fit was made from a spec, which does not hold the model function, so `newdata` cannot be used.",
                 hint = "Fit the model itself: `fit_nuts(model, data)`.")
  }
  data <- fit$spec$data
  data[names(newdata)] <- newdata
  model_spec(fit$model, data)
}
