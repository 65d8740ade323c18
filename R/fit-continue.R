# Fits that go on, are made again or joined. What chains have done, `past`, is
# list(state, unconstrained, sampler, warmup) as src/ffi/ffi_chains.h describes it.

# ---- continuing ------------------------------------------------------------------------------------------------------

# Settings that the call names replace those of the fit; what decides about the draws stays.
continue_nuts <- function(fit, call, env) {
  if (!inherits(fit, "reparam_nuts")) {
    stop_reparam("Only a fit by `fit_nuts()` can be continued by `fit_nuts()`.", "Give the model and its data.")
  }
  named <- as.list(call)[-1]
  named <- named[names(named) != "model"]
  allowed <- c("iter", "cores", "keep", "refresh", "checkpoint", "checkpoint_seconds", "workers")
  wrong <- setdiff(names(named), allowed)
  if (length(wrong)) {
    stop_reparam(sprintf("A fit that is continued keeps its %s.", quote_names(wrong)),
                 "Fit the model itself to change it.")
  }
  given <- lapply(named, eval, env)
  if (!is.null(fit$origins)) continue_combined(fit, given) else continue_one(fit, given)
}

continue_one <- function(fit, given) {
  control <- fit$control
  if (!is.null(given$cores)) control$cores <- check_whole(given$cores, "cores", 1, 1e4)
  if (!is.null(given$keep)) control$keep <- check_sites(given$keep, "keep")
  past <- past_of(fit)
  control$iter_sampling <- continued_iterations(fit, past, given$iter)
  if (!any(vapply(past$state, is.null, NA))) control[c("init", "inits", "inverse_metric")] <- list(NULL)
  run <- given[c("refresh", "checkpoint", "checkpoint_seconds", "workers")]
  names(run) <- c("refresh", "checkpoint", "checkpoint_seconds", "workers")
  if (is.null(run$checkpoint_seconds)) run$checkpoint_seconds <- 60
  again <- run_nuts(fit$model, fit$spec, control, fit$call, run, past, past$numbers)
  again["model"] <- list(fit$model)
  first <- intersect(c("init", "inits", "inverse_metric"), names(fit$control))
  again$control[first] <- fit$control[first]
  again
}

# Each of the fits goes on by itself. Should that be interrupted, all are as long as the shortest.
continue_combined <- function(fit, given) {
  if (!is.null(given$checkpoint)) {
    stop_reparam("`checkpoint` is for one fit, not for several that were combined.",
                 "Continue each of them with a checkpoint of its own, then combine them.")
  }
  parts <- lapply(separate_fits(fit), continue_one, given)
  rows <- vapply(parts, function(part) dim(part$unconstrained)[1], 0L)
  combine_fits(lapply(parts, function(part) {
    rest <- past_of(part)
    if (dim(part$unconstrained)[1] == min(rows)) return(part)
    part <- choose_chains(part, seq_along(part$chains), min(rows))
    part$rest <- rest
    part
  }))
}

past_of <- function(fit) {
  if (!is.null(fit$rest)) return(fit$rest)
  c(fit[past_fields], list(numbers = fit$chains))
}

# Iterations of sampling when it is done. Without `iter`, what an interrupted fit lacks, or as many again.
continued_iterations <- function(fit, past, iter) {
  control <- fit$control
  kept <- dim(fit$unconstrained)[1] * control$thin
  done <- iterations_done(past) - control$iter_warmup
  if (!is.null(iter)) return(max(kept + check_whole(iter, "iter", 1), done))
  if (any(done < control$iter_sampling)) control$iter_sampling else max(2 * kept, done)
}

# How far each chain is: the third number of its state.
iterations_done <- function(past) vapply(past$state, function(state) if (is.null(state)) 0 else state[3], 0)

# ---- which spec ------------------------------------------------------------------------------------------------------

# In words, what differs first; NULL when the specs give the same model. Where a statement stood does not matter.
spec_difference <- function(a, b) {
  if (identical(plain_spec(a), plain_spec(b))) return(NULL)
  for (name in union(names(a$data), names(b$data))) {
    if (!identical(a$data[[name]], b$data[[name]])) return(sprintf("`%s` of the data differs", name))
  }
  a <- plain_spec(a)
  b <- plain_spec(b)
  label <- function(s) if (is.null(s)) "nothing" else if (is.null(s$call)) s$kind else sprintf("`%s`", s$call)
  for (i in seq_len(max(length(a$statements), length(b$statements)))) {
    one <- if (i <= length(a$statements)) a$statements[[i]]
    two <- if (i <= length(b$statements)) b$statements[[i]]
    if (identical(one, two)) next
    if (identical(label(one), label(two))) return(sprintf("statement %d, %s, has other values or data", i, label(one)))
    return(sprintf("statement %d is %s, there %s", i, label(one), label(two)))
  }
  if (!identical(a$handlers, b$handlers)) return("the handlers (reparam, condition, ...) differ")
  "constants of the model differ"
}

plain_spec <- function(spec) {
  spec$statements <- lapply(spec$statements, function(statement) {
    statement$where <- NULL
    statement
  })
  spec
}

#' Join fits of one model
#'
#' Chains that were drawn in several fits (with other seeds, on other machines) become one fit, so that they are
#' summarised and diagnosed together. `fit_nuts(fit, iter = )` continues all of them, each under its own settings.
#'
#' @param ... Fits by [fit_nuts()] of the same model and data, or one list of them, with as many iterations each. Their
#'   seeds must differ, or their chains would be the same.
#' @return A fit with the chains of all, in order.
#' @section Errors:
#' Fits of other models or data, or sampled in other coordinates: the error says what differs. Fits with the same seed.
#' @examples
#' coin <- model(function(y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, 5))
#' })
#' data <- list(y = c(1, 1, 0, 1, 1))
#' one <- fit_nuts(coin, data, chains = 2, seed = 1)
#' two <- fit_nuts(coin, data, chains = 2, seed = 2)
#' dim(draws(combine_fits(one, two), "p"))
#' @export
combine_fits <- function(...) {
  fits <- list(...)
  if (length(fits) == 1L && !inherits(fits[[1]], "reparam_fit")) fits <- fits[[1]]
  if (!is.list(fits) || !length(fits) || !all(vapply(fits, inherits, NA, "reparam_nuts"))) {
    stop_reparam("`combine_fits()` takes fits by `fit_nuts()`.")
  }
  for (k in seq_along(fits)[-1]) check_combination(fits[[1]], fits[[k]], k)
  seeds <- unlist(lapply(fits, function(fit) {
    if (is.null(fit$seeds)) rep(fit$control$seed, length(fit$chains)) else fit$seeds
  }))
  chains <- unlist(lapply(fits, `[[`, "chains"))
  twice <- anyDuplicated(cbind(seeds, chains))
  if (twice) {
    stop_reparam(sprintf("Fits with the same seed, %s, have the same chains.", format(seeds[twice], digits = 16)),
                 "Give each fit its own `seed`.")
  }
  fit <- bind_results(fits)
  fit$chains <- chains
  fit$seeds <- seeds
  fit[c("origins", "origin")] <- origins(fits, is.null(fit$warmup))
  fit$rest <- NULL
  fit$control$chains <- length(chains)
  fit
}

# Of the fits that were joined, what the joined one does not hold: list(list of such, which of them each chain is of).
origins <- function(fits, with_warmup) {
  one <- function(fit) {
    if (!is.null(fit$origins)) return(fit$origins)
    list(list(control = fit$control, rest = fit$rest, warmup = if (with_warmup) fit$warmup))
  }
  all <- lapply(fits, one)
  before <- cumsum(c(0L, lengths(all)))
  origin <- lapply(seq_along(fits), function(k) {
    before[k] + if (is.null(fits[[k]]$origin)) rep(1L, length(fits[[k]]$chains)) else fits[[k]]$origin
  })
  list(do.call(c, all), unlist(origin))
}

separate_fits <- function(fit) {
  lapply(seq_along(fit$origins), function(k) {
    places <- which(fit$origin == k)
    origin <- fit$origins[[k]]
    part <- choose_chains(fit, places)
    part$chains <- fit$chains[places]
    part$control <- origin$control
    part$rest <- origin$rest
    if (is.null(part$warmup)) part["warmup"] <- list(origin$warmup)
    part[c("seeds", "origins", "origin")] <- NULL
    part
  })
}

check_combination <- function(first, fit, k) {
  stop_different <- function(difference) {
    stop_reparam(sprintf("Fit %d cannot be combined with the first: %s.", k, difference))
  }
  difference <- spec_difference(fit$spec, first$spec)
  if (!is.null(difference)) stop_different(difference)
  if (!identical(fit$unconstrained_names, first$unconstrained_names)) stop_different("`reparam` or `prune` differs")
  settings <- c("reparam", "centered", "prune", "thin")
  for (name in settings) {
    if (!identical(fit$control[[name]], first$control[[name]])) stop_different(sprintf("`%s` differs", name))
  }
  n <- vapply(list(fit, first), function(fit) dim(fit$unconstrained)[1], 0L)
  if (n[1] != n[2]) stop_different(sprintf("it has %d draws a chain, the first has %d", n[1], n[2]))
}

# Results of the engine, or fits, side by side; what they share is the first one's.
bind_results <- function(results) {
  if (length(results) == 1L) return(results[[1]])
  first <- results[[1]]
  part <- function(...) lapply(results, function(result) Reduce(`[[`, c(...), result))
  columns <- function(...) {
    parts <- part(...)
    if (is.matrix(parts[[1]]) || length(dim(parts[[1]])) == 3L) bind_chains(parts) else do.call(c, parts)
  }
  all_of <- function(field, names) stats::setNames(lapply(names, function(name) columns(field, name)), names)
  kept <- Reduce(intersect, lapply(results, function(result) names(result$draws)))
  first$draws <- all_of("draws", kept)
  first$unconstrained <- columns("unconstrained")
  first$sampler <- all_of("sampler", names(first$sampler))
  first$adaptation <- all_of("adaptation", names(first$adaptation))
  for (name in c("completed", "failures", "state", "iterations")) first[[name]] <- columns(name)
  first$interrupted <- any(vapply(results, function(result) isTRUE(result$interrupted), NA))
  first$seconds <- do.call(rbind, part("seconds"))
  warmed <- !any(vapply(results, function(result) is.null(result$warmup), NA))
  first["warmup"] <- list(if (warmed) list(
    unconstrained = columns("warmup", "unconstrained"),
    sampler = stats::setNames(
      lapply(names(first$sampler), function(name) columns("warmup", "sampler", name)), names(first$sampler)
    )
  ))
  if (!is.null(first$centering)) {
    first$centering$c <- columns("centering", "c")
    first$centering$s0 <- columns("centering", "s0")
  }
  first
}

#' Fit a model again, with other data
#'
#' The model of a fit with the data that are given in place of those of the fit, and the settings of the fit where no
#' others are given. The model is the fit's, with the functions and values of the workspace as they were. A fit that
#' began at the draws of another one (`init =` a fit) begins at its own draws now, as far as the model still has the
#' sites in the same size; values that were given for each chain are used again, in turn when there are more chains.
#'
#' @param object A fit by [fit_nuts()] or [fit_svi()] of a model (not of a spec).
#' @param data A named list of arguments of the model; those that it does not name stay as they were.
#' @param ... Arguments of [fit_nuts()] or [fit_svi()] that are to change.
#' @return A fit.
#' @section Errors:
#' A fit that was made from a spec does not hold the model; else as of the function that fits.
#' @examples
#' coin <- model(function(n, y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, n))
#' })
#' fit <- fit_nuts(coin, list(n = 3, y = c(1, 1, 0)), chains = 2, seed = 1)
#' update(fit, data = list(n = 4, y = c(1, 1, 0, 0)), seed = 2)
#' @importFrom stats update
#' @export
update.reparam_fit <- function(object, data = list(), ...) {
  fitter <- if (inherits(object, "reparam_nuts")) "fit_nuts" else if (inherits(object, "reparam_svi")) "fit_svi"
  if (is.null(fitter)) stop_reparam("Only fits by `fit_nuts()` and `fit_svi()` can be updated.")
  if (is.null(object$model)) {
    stop_reparam("This fit was made from a spec, which does not hold the model function.",
                 "Fit the model itself: `fit_nuts(model, data)`.")
  }
  given <- list(...)
  fn <- get(fitter)
  settings <- object$control[intersect(names(object$control), setdiff(names(formals(fn)), c("model", "data")))]
  settings["reparam"] <- list(strategy_of(object$control))
  if (!is.null(object$control$blocks)) settings$metric <- object$control$blocks
  if (fitter == "fit_svi" && isTRUE(object$control$automatic)) {
    settings$max_steps <- object$control$steps
    settings$steps <- "auto"
  }
  if (!is.null(object$control$static_steps)) settings$n_leapfrog <- object$control$static_steps
  settings[names(given)] <- given
  if (fitter == "fit_nuts" && !"init" %in% names(given)) settings["init"] <- list(init_again(object, settings$chains))
  all_data <- object$spec$data
  all_data[names(data)] <- data
  fit <- do.call(fn, c(list(model = object$model, data = all_data), settings))
  fit$call <- object$call
  changes <- plain_fit_call(as.call(c(as.symbol(fitter), given)), fitter)
  fit$call[names(given)] <- as.list(changes)[-1]
  if (length(data)) fit$call$data <- quote(data)
  fit
}

# The argument `init` that a fit's control came from.
init_again <- function(fit, chains) {
  init <- fit$control$init_from
  if (is.null(init)) return(NULL)
  switch(init$kind,
    fit = if (fit_size(fit)[1] > 0L) fit,
    prior = , median = init$kind,
    uniform = init$radius,
    chains = rep_len(init$values, chains),
    init$values
  )
}

# The argument `reparam` that a fit's control came from.
strategy_of <- function(control) {
  if (!is.list(control$centering)) {
    return(new_reparameterizer("strategy", name = control$reparam, centered = control$centered))
  }
  chosen <- control$centering
  n <- length(chosen$site)
  chains <- seq_len(ncol(chosen$c))
  table <- data.frame(site = rep(chosen$site, length(chains)), element = rep(chosen$element, length(chains)),
                      c = as.double(chosen$c), s0 = as.double(chosen$s0), chain = rep(chains, each = n))
  class(table) <- c("reparam_centering", "data.frame")
  table
}
