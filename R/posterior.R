#' Use a fit with posterior, bayesplot, loo and rstantools
#'
#' Methods that are registered when these packages are loaded, so that their functions work on a fit:
#'
#' * posterior: `as_draws()`, `as_draws_array()`, `as_draws_df()`, `as_draws_matrix()`, `as_draws_rvars()`, each with
#'   arguments `sites` and `aux` as [as.array()][draws] has them;
#' * bayesplot: `nuts_params()`, `log_posterior()` and `pp_check(fit, site = , type = "dens_overlay", ndraws = 50)`, which
#'   draws data anew and gives them, beside those observed, to `ppc_dens_overlay()` (or another `ppc_*()` function); its
#'   `mcmc_*()` functions take a fit by way of [as.array()][draws];
#' * loo: `loo()`, of the [log_lik()] of all observed elements;
#' * rstantools: `log_lik()` and `posterior_predict()`, which give matrices with a row a draw and a column an
#'   observation, as bayesplot's `ppc_*()` functions take them. NA elements have no column in the former and one in the
#'   latter.
#'
#' @return What the functions of those packages return.
#' @section Errors:
#' Likelihoods or predictions of a fit that observes nothing; `pp_check()` of a fit that observes several sites, without
#' `site`.
#' @examplesIf requireNamespace("posterior", quietly = TRUE)
#' coin <- model(function(y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, 5))
#' })
#' fit <- fit_nuts(coin, list(y = c(1, 1, 0, 1, 1)), chains = 2, seed = 1)
#' posterior::as_draws_rvars(fit)$p
#' @name fit_interoperability
NULL

as_draws_array.reparam_fit <- function(x, sites = NULL, aux = FALSE, ...) {
  check_no_dots(...)
  posterior::as_draws_array(as.array(x, sites, aux))
}

as_draws.reparam_fit <- function(x, ...) as_draws_array.reparam_fit(x, ...)

as_draws_df.reparam_fit <- function(x, ...) posterior::as_draws_df(as_draws_array.reparam_fit(x, ...))

as_draws_matrix.reparam_fit <- function(x, ...) posterior::as_draws_matrix(as_draws_array.reparam_fit(x, ...))

as_draws_rvars.reparam_fit <- function(x, ...) posterior::as_draws_rvars(as_draws_array.reparam_fit(x, ...))

# Stan's names, which bayesplot's plots look for.
nuts_params.reparam_nuts <- function(object, pars = NULL, ...) {
  check_no_dots(...)
  sampler <- object$sampler
  values <- list(
    accept_stat__ = sampler$accept_stat, stepsize__ = sampler$step_size, treedepth__ = sampler$tree_depth,
    n_leapfrog__ = sampler$n_leapfrog, divergent__ = sampler$divergent, energy__ = sampler$energy
  )
  if (!is.null(pars)) values <- values[pars]
  size <- dim(sampler$lp)
  data.frame(
    Chain = rep(rep(seq_len(size[2]), each = size[1]), length(values)),
    Iteration = rep(seq_len(size[1]), size[2] * length(values)),
    Parameter = factor(rep(names(values), each = size[1] * size[2]), names(values)),
    Value = unlist(values, use.names = FALSE)
  )
}

log_posterior.reparam_nuts <- function(object, ...) {
  check_no_dots(...)
  size <- dim(object$sampler$lp)
  data.frame(
    Chain = rep(seq_len(size[2]), each = size[1]), Iteration = rep(seq_len(size[1]), size[2]),
    Value = as.vector(object$sampler$lp)
  )
}

pp_check.reparam_fit <- function(object, site = NULL, type = "dens_overlay", ndraws = 50, ...) {
  observed <- observed_sites(object)
  if (is.null(site)) site <- observed
  if (length(site) != 1L || !site %in% observed) {
    stop_reparam("`site` must name one observed site.", sprintf("The fit observes %s.", quote_names(observed)))
  }
  plot <- paste0("ppc_", type)
  if (!plot %in% getNamespaceExports("bayesplot")) stop_reparam(sprintf("bayesplot has no `%s()`.", plot))
  y <- observed_values(object, site)
  known <- which(!is.na(y))
  replicated <- draws_in_rows(as.array(posterior_predict(object, keep = site), site))[, known, drop = FALSE]
  rows <- unique(round(seq(1, nrow(replicated), length.out = check_count(ndraws, "ndraws"))))
  getExportedValue("bayesplot", plot)(y[known], replicated[rows, , drop = FALSE], ...)
}

loo.reparam_fit <- function(x, ...) {
  values <- log_lik(x)
  independent <- !inherits(x, "reparam_nuts")
  r_eff <- if (independent) rep(1, dim(values)[3]) else loo::relative_eff(exp(values))
  loo::loo(values, r_eff = r_eff, ...)
}

log_lik_matrix <- function(object, ...) draws_in_rows(log_lik(object, ...))

posterior_predict_matrix <- function(object, ...) {
  observed <- observed_sites(object)
  draws_in_rows(as.array(posterior_predict(object, ..., keep = observed), observed))
}

observed_sites <- function(fit) {
  observed <- unique(site_field(fit, "name")[site_field(fit, "kind") %in% c("observed", "partial")])
  if (!length(observed)) stop_reparam("The fit observes nothing, so there is nothing to predict.")
  observed
}

draws_in_rows <- function(x) {
  size <- dim(x)
  matrix(x, size[1] * size[2], size[3], dimnames = list(NULL, dimnames(x)[[3]]))
}
