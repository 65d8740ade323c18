#' Fit a model by stochastic variational inference
#'
#' Fits a guide, a distribution over the unconstrained coordinates of the latent sites, by stochastic gradient ascent on the
#' evidence lower bound (ELBO), then draws from it. Sites that carry no information are drawn ancestrally and recorded
#' quantities are computed for each draw, as in [fit_nuts()].
#'
#' @inheritParams fit_nuts
#' @param guide The family of approximations; see [guides].
#' @param optim The optimizer; see [optimizers].
#' @param steps Number of steps.
#' @param particles Draws of the guide from which each step's gradient is estimated.
#' @param path_derivative TRUE leaves out the gradient through the guide's own density ("sticking the landing"), which has no
#'   noise where guide and posterior agree, but is slower from a bad start.
#' @param draws Draws taken from the fitted guide.
#' @param elbo_draws Fresh draws of the guide by which the final ELBO and its Monte Carlo standard error are estimated; 0 leaves
#'   the estimate out.
#' @param init NULL: the guide starts around 0 on the unconstrained scale. Or a named list of values of sites, in the user's
#'   scale.
#' @return A fit of class `reparam_svi` and `reparam_fit`, plain data. `fit$loss` is the negative ELBO estimated at each step,
#'   `fit$elbo` the final ELBO and its standard error, `fit$params` the guide's parameters.
#' @section Errors:
#' As of [fit_nuts()]; a guide that names a site that the model does not have or that leaves a site out; a loss that stays not
#' finite.
#' @references
#' Hoffman, Blei, Wang and Paisley (2013). Stochastic Variational Inference. Journal of Machine Learning Research 14.
#'
#' Roeder, Wu and Duvenaud (2017). Sticking the Landing. Advances in Neural Information Processing Systems 30.
#' @examples
#' coin <- model(function(n, y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, n))
#' })
#' fit <- fit_svi(coin, list(n = 5, y = c(1, 1, 0, 1, 1)), steps = 1000, seed = 1)
#' fit
#' @export
fit_svi <- function(model, data = list(), guide = guide_normal(), optim = optim_adam(0.01), steps = 2000, particles = 1,
                    path_derivative = FALSE, draws = 1000, elbo_draws = 1000, init = NULL, reparam = "minimal",
                    prune = TRUE, keep = NULL, seed = NULL, refresh = NULL) {
  call <- match.call()
  if (!inherits(guide, "reparam_guide")) {
    stop_reparam(sprintf("`guide` must be a guide, not %s.", describe(guide)), "Use `guide_normal()`, for example.")
  }
  if (!inherits(optim, "reparam_optim")) {
    stop_reparam(sprintf("`optim` must be an optimizer, not %s.", describe(optim)), "Use `optim_adam(0.01)`, for example.")
  }
  control <- list(
    optim = engine_optim(optim), guide = guide, steps = check_whole(steps, "steps", 1),
    particles = check_whole(particles, "particles", 1, 1e5),
    path_derivative = check_flag(path_derivative, "path_derivative"), draws = check_whole(draws, "draws", 1, 1e8),
    elbo_draws = check_whole(elbo_draws, "elbo_draws", 0, 1e9), init = check_init(init),
    keep = check_sites(keep, "keep"), budget = storage_budget()
  )
  progress <- if (progress_wanted(refresh)) progress_line(svi_progress)
  spec <- fit_spec(model, data)
  control <- c(control, model_control(reparam, prune, seed), list(progress = progress$show))
  check_guide_sites(guide, spec, control)
  result <- .Call(ffi_fit_svi, spec, unclass_guide(guide), control)
  if (!is.null(progress)) progress$close()
  control$isa <- result$isa
  result$elbo <- stats::setNames(if (control$elbo_draws < 2) c(NA_real_, NA_real_) else result$elbo, c("mean", "mcse"))
  result$loss <- result$loss[seq_len(result$completed)]
  if (isTRUE(result$interrupted)) {
    warn_reparam(sprintf("Interrupted: %s of %s steps were made.", format(result$completed), format(control$steps)),
                 class = "reparam_interrupted")
  }
  new_fit(result, model, spec, control, plain_fit_call(call), "reparam_svi")
}

svi_progress <- function(state) {
  sprintf("SVI: step %.0f of %.0f, loss %.4g", state$step, state$steps, state$loss)
}

# The engine calls sgd's momentum beta1.
engine_optim <- function(optim) {
  names(optim)[names(optim) == "momentum"] <- "beta1"
  unclass(optim)
}

unclass_guide <- function(guide) {
  if (guide$kind == "list") guide$parts <- lapply(guide$parts, unclass)
  unclass(guide)
}

check_guide_sites <- function(guide, spec, control) {
  named <- named_sites(guide)
  if (!length(named)) return(invisible())
  known <- table_names(.Call(ffi_model_table, spec, c(list(prior = 0), control)))
  unknown <- setdiff(named, known)
  if (length(unknown)) {
    stop_reparam(
      sprintf("The guide names %s, but the model has no such site.", quote_names(unknown)),
      sprintf("Its sites are %s.", quote_names(known, 20L))
    )
  }
}

table_names <- function(table) {
  unique(vapply(table$sites, `[[`, "", "name"))
}

# First loss and the average of the last 5 %, by which runs are compared.
loss_summary <- function(loss) {
  last <- utils::tail(loss, max(1, round(length(loss) / 20)))
  c(first = loss[1], last = mean(last))
}
