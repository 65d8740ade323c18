# Fits that go on, are saved on the way, are made again or joined. What chains have done, `past`, is
# list(state, unconstrained, sampler, warmup) as src/ffi/ffi_chains.h describes it.

# ---- continuing ------------------------------------------------------------------------------------------------------

# Settings that the call names replace those of the fit; what decides about the draws stays.
continue_nuts <- function(fit, call, env) {
  if (!inherits(fit, "reparam_nuts")) {
    stop_reparam("Only a fit by `fit_nuts()` can be continued by `fit_nuts()`.", "Give the model and its data.")
  }
  if (!is.null(fit$seeds)) {
    stop_reparam("Fits that were combined cannot be continued.", "Continue each of them, then combine them.")
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

past_of <- function(fit) {
  if (!is.null(fit$rest)) return(fit$rest)
  c(fit[c("state", "unconstrained", "sampler", "warmup")], list(numbers = fit$chains))
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

# ---- checkpoints -----------------------------------------------------------------------------------------------------

checkpoint_version <- 1L

# list(write, finish, seconds): write(past) is called while the chains run, finish(result) at the end. A file that
# cannot be written is reported at the end, and does not end the fit.
checkpoint_writer <- function(run, spec, control, numbers) {
  file <- run[["checkpoint"]]
  if (is.null(file)) return(list(finish = function(result) invisible()))
  check_checkpoint_file(file)
  seconds <- check_number(run$checkpoint_seconds, "checkpoint_seconds", function(x) x >= 0, "at least 0")
  file <- normalizePath(file, mustWork = FALSE)
  problem <- NULL
  control$isa <- .Call(ffi_resolve_isa, control$isa)
  write <- function(past) {
    saved <- list(version = checkpoint_version, spec = spec, control = control, numbers = numbers, past = past)
    problem <<- tryCatch({
      save_whole(saved, file)
      NULL
    }, error = conditionMessage)
  }
  finish <- function(result) {
    write(result[c("state", "unconstrained", "sampler", "warmup")])
    if (!is.null(problem)) warn_reparam(sprintf("The checkpoint could not be written: %s", problem))
  }
  list(write = write, finish = finish, seconds = seconds)
}

check_checkpoint_file <- function(file) {
  if (!is.character(file) || length(file) != 1L || is.na(file) || !nzchar(file)) {
    stop_reparam(sprintf("`checkpoint` must be the name of a file, not %s.", describe(file)))
  }
  if (!dir.exists(dirname(file))) {
    stop_reparam(sprintf("`checkpoint` is to be in the folder \"%s\", which does not exist.", dirname(file)))
  }
}

# The file is the old one or the new one, never a part: renaming replaces it in one step.
save_whole <- function(x, file) {
  temporary <- tempfile(paste0(basename(file), "-"), dirname(file))
  on.exit(unlink(temporary))
  saveRDS(x, temporary, compress = FALSE)
  if (!file.rename(temporary, file)) stop(sprintf("\"%s\" cannot be replaced", file))
}

# NULL when there is none yet.
read_checkpoint <- function(file) {
  if (is.null(file)) return(NULL)
  check_checkpoint_file(file)
  if (!file.exists(file)) return(NULL)
  saved <- tryCatch(suppressWarnings(readRDS(file)), error = function(e) NULL)
  parts <- c("version", "spec", "control", "numbers", "past")
  if (!is.list(saved) || !all(parts %in% names(saved))) {
    stop_reparam(sprintf("The file \"%s\" is no checkpoint of a fit.", file), "Give another name, or delete it.")
  }
  if (!identical(saved$version, checkpoint_version)) {
    stop_reparam(sprintf("The checkpoint \"%s\" was written by another version of the package.", file))
  }
  saved
}

check_checkpoint <- function(saved, spec, control, file) {
  difference <- spec_difference(spec, saved$spec)
  if (is.null(difference)) difference <- settings_difference(control, saved$control)
  done <- max(iterations_done(saved$past)) - control$iter_warmup
  if (is.null(difference) && done > control$iter_sampling) {
    difference <- sprintf("`iter_sampling` is %s, there a chain has %s", format(control$iter_sampling), format(done))
  }
  if (is.null(difference)) return(invisible())
  stop_reparam(sprintf("The checkpoint \"%s\" is of another fit: %s.", file, difference),
               "Delete the file, or give another name, to begin anew.")
}

# What changes no draw may differ, and iter_sampling.
settings_difference <- function(control, other) {
  free <- c("cores", "keep", "budget", "iter_sampling", "isa")
  names <- setdiff(union(names(control), names(other)), free)
  for (name in names) {
    if (identical(control[[name]], other[[name]])) next
    value <- function(x) if (is.atomic(x) && length(x) == 1L) format(x, digits = 16) else "something else"
    return(sprintf("`%s` is %s, there %s", name, value(control[[name]]), value(other[[name]])))
  }
  if (control$isa != "best" && control$isa != other$isa) {
    text <- "it was made with the instruction set \"%s\", but options(reparam.isa) is \"%s\""
    return(sprintf(text, other$isa, control$isa))
  }
  NULL
}

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
#' summarised and diagnosed together.
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
  fit$rest <- NULL
  fit$control$chains <- length(chains)
  fit
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
#' others are given.
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
  if (fitter == "fit_nuts") settings["init"] <- list(init_of(object$control$init_from))
  if (!is.null(object$control$blocks)) settings$metric <- object$control$blocks
  if (fitter == "fit_svi" && isTRUE(object$control$automatic)) {
    settings$max_steps <- object$control$steps
    settings$steps <- "auto"
  }
  if (!is.null(object$control$static_steps)) settings$n_leapfrog <- object$control$static_steps
  settings[names(given)] <- given
  all_data <- object$spec$data
  all_data[names(data)] <- data
  fit <- do.call(fn, c(list(model = object$model, data = all_data), settings))
  fit$call <- object$call
  changes <- plain_fit_call(as.call(c(as.symbol(fitter), given)), fitter)
  fit$call[names(given)] <- as.list(changes)[-1]
  if (length(data)) fit$call$data <- quote(data)
  fit
}

# The argument `init` that a fit's control came from; a fit that was given is not kept.
init_of <- function(init) {
  if (identical(init$kind, "fit")) warn_reparam("The fit that was given as `init` is not kept; chains begin at random.")
  if (is.null(init) || init$kind == "fit") return(NULL)
  if (init$kind %in% c("prior", "median")) return(init$kind)
  if (init$kind == "uniform") init$radius else init$values
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
