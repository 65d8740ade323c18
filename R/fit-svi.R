#' Fit a model by stochastic variational inference
#'
#' Fits a guide, a distribution over the unconstrained coordinates of the latent sites, by stochastic gradient ascent
#' on the evidence lower bound (ELBO), then draws from it. Sites that carry no information are drawn ancestrally and
#' recorded quantities are computed for each draw, as in [fit_nuts()].
#'
#' @inheritParams fit_nuts
#' @param guide The family of approximations; see [guides]. Or a function with [param()] statements, or a model, see
#'   [guide_params()].
#' @param optim The optimizer; see [optimizers]. Left out, the rate is 0.003 for flows ([guide_iaf()]).
#' @param steps `"auto"`: as many as it takes, see below. Or a number of steps. Gradients that are computed to find a
#'   start count as steps.
#' @param particles Draws of the guide from which each step's gradient is estimated; NULL: 8 for flows ([guide_iaf()]),
#'   whose many parameters are misled by noise, otherwise 1.
#' @param alpha 1: the ELBO. Otherwise the bound of Renyi's divergence of this order, estimated from `particles`
#'   draws, of which there should be several: 0 is the importance weighted bound, below 1 covers more of the
#'   posterior than the ELBO does.
#' @param analytic TRUE: the guide's entropy and the expectations of normal terms (priors above all) are taken in closed
#'   form where the guide knows them, so that they add no noise to the gradient; mean-field guides then use the analytic
#'   Kullback-Leibler divergence from normal priors. FALSE: everything is estimated at draws.
#' @param anneal TRUE: once the ELBO no longer improves, the gradient becomes the path derivative, the rate falls,
#'   and the last iterates are averaged. NULL: TRUE unless `optim` has a schedule of its own.
#' @param path_derivative TRUE leaves out the gradient through the guide's own density ("sticking the landing"),
#'   which has no noise where guide and posterior agree, but is slower from a bad start; FALSE never does. NULL: as
#'   `anneal` says.
#' @param tolerance Nats of ELBO: improvements that are smaller count as none.
#' @param max_steps Largest number of steps of `steps = "auto"`.
#' @param draws Draws taken from the fitted guide.
#' @param elbo_draws Fresh draws of the guide by which the final ELBO and its Monte Carlo standard error are
#'   estimated; 0 leaves the estimate out.
#' @param init NULL: the guide starts around 0 on the unconstrained scale, or near the posterior's mode if that is
#'   better, see below. Or a named list of values of sites, in the user's scale, around which it starts.
#' @return A fit of class `reparam_svi` and `reparam_fit`, plain data. `fit$loss` is the negative ELBO estimated at
#'   each step (in the first `fit$climbed` of them, which found the start, minus the largest log density so far),
#'   `fit$elbo` the final ELBO and its standard error, `fit$params` the guide's parameters,
#'   `fit$log_weights` the log density of model minus guide at each draw, `fit$converged` whether the convergence
#'   test was passed, `fit$khat` the [Pareto k][psis_khat] of the weights: how far the guide is from the posterior.
#' @section How a fit begins and ends:
#' Normal guides ([guide_normal()]; [guide_mvn()] and [guide_lowrank()] of up to 50 coordinates; such parts of a
#' [guide_list()]) begin where that pays: L-BFGS climbs the log density, the mode and the curvature there give a first
#' normal, and at most ten Newton steps, each by 16 gradients at draws of it, correct it where the posterior is not
#' normal. The guide takes what has the best ELBO, by common draws, its own start around 0 included, and from there on
#' the optimizer's rate is in units of its scales (0.01: 3 % of a standard deviation), whatever the units of the data.
#' Gradients that are more than 20 times as large as usual are cut. There is no such start with `init`, for a fit that
#' is continued, for minibatches, where points are learnt (parameters of the model, learned centering, [guide_delta()]),
#' and for other guides; parts of a list that are not normal stay where they are.
#'
#' The steps are cut into windows, each a fifth as long as all before it (half as long, given a number of steps). When
#' the average of a window's iterates has an ELBO less than `tolerance` better than that of the window before (by the
#' same random numbers for both; twice in a row if that has an error above `tolerance`), the search is over. The path
#' derivative follows, whose gradient has no noise where guide and posterior agree, until it does not improve the ELBO
#' either (from a good start it is used at once, if it is the less noisy one there); then the rate falls to a hundredth
#' and the last iterates are averaged. With `steps = "auto"` the fit ends when they are no better than those from the
#' middle of the fall, by twice `tolerance`, after 950 steps at least; given a number of steps, the rate falls over
#' those that are left, two fifths of them at least. A smaller `tolerance` takes longer and gets closer: the ELBO hardly
#' tells when a correlation is learned but for its last digits.
#'
#' Of a model with minibatches (`subsample` of [with_plate()]) each step looks at a random choice of the data. All
#' draws, [log_lik()] and predictions are of the whole data, and so are the log density at the draws, the Pareto k, and
#' the final ELBO, which is the mean at the draws (`draws` evaluations with all data). A spec made by [model_spec()]
#' with minibatches knows no whole; its fit has an ELBO from minibatches and no Pareto k.
#'
#' `fit_svi(fit, steps = )` goes on from where a fit ended, with its guide, optimizer and data.
#' @section Errors:
#' As of [fit_nuts()]; a guide that names a site that the model does not have or that leaves a site out; a loss that
#' stays not finite.
#' @references
#' Hoffman, Blei, Wang and Paisley (2013). Stochastic Variational Inference. Journal of Machine Learning Research 14.
#'
#' Roeder, Wu and Duvenaud (2017). Sticking the Landing. Advances in Neural Information Processing Systems 30.
#'
#' Welandawe, Andersen, Vehtari and Huggins (2022). Robust, Automated, and Accurate Black-box Variational Inference.
#' arXiv 2203.15945.
#'
#' Zhang, Carpenter, Gelman and Vehtari (2022). Pathfinder: Parallel Quasi-Newton Variational Inference. Journal of
#' Machine Learning Research 23.
#'
#' Opper and Archambeau (2009). The Variational Gaussian Approximation Revisited. Neural Computation 21.
#'
#' Li and Turner (2016). Renyi Divergence Variational Inference. Advances in Neural Information Processing Systems 29.
#' @param model A model made by [model()], a spec made by [model_spec()], or a fit by `fit_svi()` to be continued.
#' @examples
#' coin <- model(function(n, y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, n))
#' })
#' fit <- fit_svi(coin, list(n = 5, y = c(1, 1, 0, 1, 1)), seed = 1)
#' fit
#' @export
fit_svi <- function(model, data = list(), guide = guide_normal(), optim = optim_adam(0.01), steps = "auto",
                    particles = NULL, alpha = 1, analytic = TRUE, anneal = NULL, path_derivative = NULL,
                    tolerance = 0.01, max_steps = 1e5, draws = 1000, elbo_draws = 1000, init = NULL,
                    reparam = "minimal", prune = TRUE, keep = NULL, seed = NULL, refresh = NULL) {
  call <- match.call()
  if (inherits(model, "reparam_svi")) return(continue_svi(model, call, parent.frame()))
  guide <- run_own_guides(guide, data)
  if (missing(optim) && "laplace" %in% guide_kinds_of(guide)) optim <- optim_lbfgs()
  check_svi_parts(guide, optim)
  if (missing(optim) && has_flows(guide)) optim <- optim_adam(0.003)
  automatic <- identical(steps, "auto")
  control <- list(
    optim = optim, guide = guide, automatic = automatic, mode = optim$kind == "lbfgs",
    steps = if (automatic) check_whole(max_steps, "max_steps", 1, 1e9) else check_whole(steps, "steps", 1, 1e9),
    particles = if (is.null(particles)) usual_particles(guide) else check_whole(particles, "particles", 1, 1e5),
    alpha = check_number(alpha, "alpha"),
    analytic = check_flag(analytic, "analytic"),
    anneal = if (is.null(anneal)) has_constant_rate(optim) else check_flag(anneal, "anneal"),
    path_derivative = if (!is.null(path_derivative)) check_flag(path_derivative, "path_derivative"),
    tolerance = check_number(tolerance, "tolerance", function(x) x > 0, "positive"),
    first_window = if (has_flows(guide)) 1000, dependencies = has_structure(guide),
    draws = check_whole(draws, "draws", 1, 1e8), elbo_draws = check_whole(elbo_draws, "elbo_draws", 0, 1e9),
    climb = is.null(init),
    init = if (!is.null(init)) check_init_values(init), keep = check_sites(keep, "keep"), budget = storage_budget()
  )
  control <- c(control, model_control(reparam, prune, seed), list(centering = "learned"), natural_control(guide))
  model <- with_strategy(model, reparam)
  spec <- fit_spec(model, data, FALSE)
  control$init <- drop_computed_init(control$init, spec)
  check_init_sites(control$init, spec)
  whole <- if (in_batches(spec) && !inherits(model, "reparam_spec")) fit_spec(model, data)
  run_svi(model, spec, whole, control, NULL, plain_fit_call(call, "fit_svi"), refresh)
}

# spec: what is trained on; whole: the same with whole plates, when it is trained on minibatches, otherwise NULL.
run_svi <- function(model, spec, whole, control, earlier, call, refresh) {
  progress <- if (progress_wanted(refresh)) progress_line(svi_progress)
  check_guide_sites(control$guide, spec, control)
  control$guide <- trace_guide_functions(control$guide, spec, control)
  engine <- control
  engine$optim <- engine_optim(control$optim, length(earlier$loss) + control$steps)
  engine$progress <- progress$show
  engine$climb <- is.null(earlier) && isTRUE(control$climb)
  if (!is.null(earlier)) engine$start <- list(params = earlier$params, state = earlier$state, step = earlier$step)
  result <- guide_draws(spec, whole, control, engine)
  if (!is.null(progress)) progress$close()
  control$isa <- result$isa
  result$elbo <- stats::setNames(if (control$elbo_draws < 2) c(NA_real_, NA_real_) else result$elbo, c("mean", "mcse"))
  result$loss <- c(earlier$loss, result$loss[seq_len(result$completed)])
  weighted <- !has_points(control$guide) && n_random(result) > 0L && !is.null(result$log_weights)
  result$khat <- if (weighted) psis_khat(result$log_weights) else NA_real_
  if (isTRUE(result$interrupted)) {
    warn_reparam(sprintf("Interrupted: %s of %s steps were made.", format(result$completed), format(control$steps)),
                 class = "reparam_interrupted")
  } else if (control$automatic && !result$converged) {
    warn_reparam(sprintf("The ELBO was still improving after %s steps.", format(result$completed, big.mark = ",")),
                 class = "reparam_not_converged")
  }
  fit <- new_fit(result, model, if (is.null(whole)) spec else whole, control, call, "reparam_svi")
  if (!is.null(whole)) fit$batch_spec <- spec
  fit
}

# What a fit on minibatches says of its draws is of the whole plates.
guide_draws <- function(spec, whole, control, engine) {
  if (!is.null(whole)) engine["keep"] <- list(character())
  result <- .Call(ffi_fit_svi, spec, unclass_guide(control$guide), engine)
  if (in_batches(spec)) result["log_weights"] <- list(NULL)
  if (is.null(whole)) return(result)
  of_whole <- whole_draws(result, whole, control, engine)
  result[c("draws", "sites")] <- of_whole[c("draws", "sites")]
  # The same parameters of the same guide: the same draws, with the whole's log density there.
  if (!identical(of_whole$unconstrained, result$unconstrained)) return(result)
  result$log_weights <- of_whole$log_weights
  if (control$elbo_draws >= 2) result$elbo <- c(mean(result$log_weights), standard_error(result$log_weights))
  result
}

whole_draws <- function(result, whole, control, engine) {
  engine["keep"] <- list(control$keep)
  engine["progress"] <- list(NULL)
  engine$start <- result[c("params", "state", "step")]
  engine$coordinates <- result$unconstrained_names
  engine$steps <- 0
  engine$automatic <- FALSE
  engine$elbo_draws <- 0
  .Call(ffi_fit_svi, whole, unclass_guide(control$guide), engine)
}

standard_error <- function(x) stats::sd(x) / sqrt(length(x))

# Settings that the call names replace those of the fit; what decides about the model stays.
continue_svi <- function(fit, call, env) {
  named <- as.list(call)[-(1:2)]
  allowed <- c("steps", "particles", "alpha", "analytic", "anneal", "path_derivative", "tolerance", "max_steps",
               "draws", "elbo_draws", "keep", "refresh")
  wrong <- setdiff(names(named), allowed)
  if (length(wrong)) {
    stop_reparam(sprintf("A fit that is continued keeps its %s.", quote_names(wrong)),
                 "Fit the model itself to change it.")
  }
  given <- lapply(named, eval, env)
  control <- fit$control
  for (name in setdiff(names(given), c("steps", "max_steps", "refresh"))) control[name] <- list(given[[name]])
  if (!is.null(given$steps)) {
    control$automatic <- identical(given$steps, "auto")
    if (control$automatic) control$steps <- 1e5 else control$steps <- check_whole(given$steps, "steps", 1, 1e9)
  }
  if (control$automatic && !is.null(given$max_steps)) control$steps <- check_whole(given$max_steps, "max_steps", 1, 1e9)
  whole <- if (!is.null(fit$batch_spec)) fit$spec
  run_svi(fit$model, if (is.null(whole)) fit$spec else fit$batch_spec, whole, control, fit, fit$call, given$refresh)
}

check_svi_parts <- function(guide, optim) {
  if (!inherits(guide, "reparam_guide")) {
    stop_reparam(sprintf("`guide` must be a guide, not %s.", describe(guide)), "Use `guide_normal()`, for example.")
  }
  if (!inherits(optim, "reparam_optim")) {
    stop_reparam(sprintf("`optim` must be an optimizer, not %s.", describe(optim)),
                 "Use `optim_adam(0.01)`, for example.")
  }
  by_mode <- optim$kind == "lbfgs"
  if (by_mode && !all(guide_kinds(guide) %in% c("delta", "laplace"))) {
    stop_reparam("`optim_lbfgs()` is for `guide_delta()` and `guide_laplace()`, which need no random numbers.",
                 "Use `optim_adam(0.01)`, for example.")
  }
  if (!by_mode && "laplace" %in% guide_kinds(guide)) {
    stop_reparam("`guide_laplace()` is found by `optim_lbfgs()`.", "Leave `optim` out.")
  }
}

guide_kinds_of <- function(guide) if (inherits(guide, "reparam_guide")) guide_kinds(guide)

has_constant_rate <- function(optim) !is.function(optim$lr) && (is.null(optim$decay) || optim$decay == 1)

has_flows <- function(guide) any(c("iaf", "coupling") %in% guide_kinds(guide))

usual_particles <- function(guide) if (has_flows(guide)) 8 else 1

# A point has no density, so that its weights say nothing.
has_points <- function(guide) {
  parts <- if (guide$kind == "list") guide$parts else list(guide)
  "delta" %in% c(guide_kinds(guide), unlist(lapply(parts, `[[`, "conditionals")))
}

n_random <- function(result) dim(result$unconstrained)[3]

#' More draws from a fitted guide
#'
#' A fit by [fit_svi()] keeps as many draws as it was asked for (`draws = `). This makes others, without fitting again.
#'
#' @param fit A fit by [fit_svi()].
#' @param n Number of draws.
#' @param seed A whole number, or NULL to take one from R's generator.
#' @return The fit with `n` new draws of all its sites and their weights `log_weights`; [draws()], `summary()`,
#'   `as.data.frame()` and [posterior_predict()] use them.
#' @section Errors:
#' A fit by another method; `n` that is no whole number above 0.
#' @examples
#' coin <- model(function(y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, 5))
#' })
#' fit <- fit_svi(coin, list(y = c(1, 1, 0, 1, 1)), seed = 1)
#' more <- posterior_draws(fit, 5000, seed = 2)
#' mean(draws(more, "p"))
#' @export
posterior_draws <- function(fit, n, seed = NULL) {
  if (!inherits(fit, "reparam_svi")) {
    stop_reparam("`posterior_draws()` takes a fit by `fit_svi()`.",
                 "`draws()` gives the draws of a fit by `fit_nuts()`.")
  }
  control <- fit$control
  control$draws <- check_whole(n, "n", 1, 1e8)
  control$steps <- 0
  control$automatic <- FALSE
  control$elbo_draws <- 0
  control$seed <- fit_seed(seed)
  engine <- c(control[setdiff(names(control), "optim")], list(optim = engine_optim(control$optim, 1)))
  engine$start <- fit[c("params", "state", "step")]
  whole <- if (!is.null(fit$batch_spec)) fit$spec
  result <- guide_draws(if (is.null(whole)) fit$spec else fit$batch_spec, whole, control, engine)
  fit[c("draws", "unconstrained", "log_weights")] <- result[c("draws", "unconstrained", "log_weights")]
  fit$control$seed <- control$seed
  fit$control$draws <- control$draws
  fit
}

svi_progress <- function(state) {
  sprintf("SVI: step %.0f of %.0f, loss %.4g", state$step, state$steps, state$loss)
}

# The engine calls sgd's momentum beta1. A schedule becomes the rate of each step.
engine_optim <- function(optim, steps) {
  names(optim)[names(optim) == "momentum"] <- "beta1"
  if (is.function(optim$lr)) {
    optim$rates <- schedule_rates(optim$lr, steps)
    optim$lr <- optim$rates[1]
  }
  unclass(optim)
}

unclass_guide <- function(guide) {
  if (guide$kind == "list") guide$parts <- lapply(guide$parts, unclass)
  if (guide$kind == "model") guide$sites <- NULL # a guide of all sites
  unclass(guide)
}

check_guide_sites <- function(guide, spec, control) {
  parts <- if (guide$kind == "list") guide$parts else list(guide)
  named <- c(named_sites(guide), unlist(lapply(parts, structured_mentions)))
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
