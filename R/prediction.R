#' Draws from the prior, and predictions
#'
#' `prior_draws()` draws all sites of a model from their distributions, observed ones included. `posterior_predict()`
#' takes the draws of a fit and draws the observed sites anew, recomputing recorded quantities; with `newdata` it does
#' so for other data (longer series, other conditions): sites that the fit has draws of keep them, all others are drawn
#' from their distributions. `predictive()` is the general form, for draws from anywhere: it runs the model with sites
#' substituted by their draws, one run a draw, draws all other latent sites from their distributions, and returns all
#' sites. Observed sites keep their data there.
#'
#' In a model whose observed site depends on its own earlier elements (`y[t] ~ normal(y[t - 1], s)`) data stay what they
#' are: `posterior_predict(fit)` predicts each element from the data before it. Give `y = NULL` for a course of its own.
#'
#' @param model A model made by [model()], or a spec made by [model_spec()].
#' @param data Named list of the model function's arguments; arguments that are `NULL` or absent are simulated.
#' @param draws For `prior_draws()`, the number of draws. For `predictive()`, draws of sites: a fit, whose inferred
#'   sites are taken; a named list of arrays `[iteration, chain, dims...]` as [draws()] gives them; or a data frame,
#'   matrix or array `[iteration, chain, variable]` with variables named like `theta[2]`.
#' @param seed A whole number, or `NULL`: that of the fit or of [seed_model()], or one from R's generator, so that
#'   `set.seed()` governs.
#' @param keep Names of the sites to return; `NULL`: all that fit in 1 GB.
#' @param fit A fit by [fit_nuts()] or [fit_svi()].
#' @param newdata Named list of arguments that replace those of the fit; give `y = NULL` to simulate an argument that
#'   was observed, which then takes its length from the other data.
#' @param ... Must be empty.
#' @return An object like a fit: [draws()], `summary()`, `as.data.frame()` and `autoplot()` work on it.
#' @section Errors:
#' Unknown arguments in `data` or `newdata`; draws of a site that the model does not have, or of another size;
#' coordinates that the model of `newdata` has and the fit has not; `newdata` for a fit that was made from a spec.
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
#' slow <- predictive(growth, list(rate = matrix(c(0.1, 0.2))), list(n = 3), seed = 1)
#' draws(slow, "size")[, 1, ]
#' @export
prior_draws <- function(model, data = list(), draws = 1000, seed = NULL, keep = NULL) {
  spec <- fit_spec(model, data)
  if (is.null(seed)) seed <- handler_seed(spec)
  control <- list(
    seed = fit_seed(seed), draws = check_count(draws, "draws"), keep = check_sites(keep, "keep"), simulate = TRUE,
    isa = instruction_set()
  )
  predicted(spec, control, NULL, "prior", match.call())
}

#' @rdname prior_draws
#' @export
posterior_predict <- function(fit, ...) UseMethod("posterior_predict")

#' @export
posterior_predict.default <- function(fit, ...) check_fit(fit)

#' @rdname prior_draws
#' @export
posterior_predict.reparam_fit <- function(fit, newdata = NULL, seed = NULL, keep = NULL, ...) {
  check_no_dots(...)
  spec <- if (is.null(newdata)) fit$spec else respecify(fit, newdata)
  control <- fit_control(fit, if (is.null(seed)) fit$control$seed else fit_seed(seed), check_sites(keep, "keep"))
  control$simulate <- TRUE
  control$replicate <- is.null(newdata)
  coordinates <- fit$unconstrained_names
  if (!is.null(newdata)) {
    resized <- resized_sites(fit, .Call(ffi_model_table, spec, c(list(prior = 1), control))$sites)
    for (site in resized) coordinates <- move_coordinates(coordinates, site)
    for (site in resized) control$centering <- move_centering(control$centering, site)
    control$coordinates <- coordinates
  }
  predicted(spec, control, fit$unconstrained, "predictive", match.call(), coordinates)
}

# Sites whose leading extents have changed: elements are numbered column by column, so that their numbers change, too.
resized_sites <- function(fit, sites) {
  now <- lapply(sites, `[[`, "dim")
  names(now) <- vapply(sites, `[[`, "", "name")
  changes <- lapply(fit$sites, function(site) list(name = site$name, old = site$dim, new = now[[site$name]]))
  Filter(function(x) {
    k <- length(x$old)
    k > 1L && length(x$new) == k && !identical(as.integer(x$old[-k]), as.integer(x$new[-k]))
  }, changes)
}

moved_elements <- function(element, site) {
  index <- arrayInd(element, site$old)
  if (any(index > rep(site$new, each = nrow(index)))) {
    stop_reparam(sprintf(
      "`newdata` makes the site `%s` smaller (%s) than in the fit (%s), whose elements then have no place.",
      site$name, paste(site$new, collapse = " by "), paste(site$old, collapse = " by ")
    ))
  }
  as.integer(1 + (index - 1) %*% cumprod(c(1, site$new[-length(site$new)])))
}

# "b[5]" numbers all elements of a site; "b[2,1]" whole vectors, whose numbers stay.
move_coordinates <- function(names, site) {
  inside <- substring(names, nchar(site$name) + 2L, nchar(names) - 1L)
  own <- which(startsWith(names, paste0(site$name, "[")) & grepl("^[0-9]+$", inside))
  if (length(own)) names[own] <- sprintf("%s[%d]", site$name, moved_elements(as.integer(inside[own]), site))
  names
}

move_centering <- function(centering, site) {
  own <- if (is.list(centering)) which(centering$site == site$name)
  if (length(own)) centering$element[own] <- moved_elements(centering$element[own], site)
  centering
}

#' @rdname prior_draws
#' @export
predictive <- function(model, draws, data = list(), seed = NULL, keep = NULL) {
  spec <- fit_spec(model, data)
  if (is.null(seed)) seed <- handler_seed(spec)
  control <- list(seed = fit_seed(seed), keep = check_sites(keep, "keep"), isa = instruction_set())
  given <- given_draws(draws, .Call(ffi_model_table, spec, c(list(prior = 0), model_control("none", FALSE, 0)))$sites)
  control$given <- vapply(given, function(x) dim(x)[3], 0L)
  joined <- array(unlist(given, use.names = FALSE), c(dim(given[[1]])[1:2], sum(control$given)))
  fit <- predicted(spec, control, joined, "predictive", match.call())
  fit$sites <- lapply(fit$sites, function(site) {
    if (site$name %in% names(given)) site$kind <- "given"
    site
  })
  fit
}

#' Pointwise log likelihood of a fit
#'
#' The log density of every observed element at every draw, as `loo::loo()` takes it. Elements that are `NA` in the data
#' have none and are left out, with a message. `loo::loo(fit)` does both steps at once, and minds how far the draws of a
#' chain depend on each other.
#'
#' @param fit A fit by [fit_nuts()] or [fit_svi()].
#' @param sites Names of observed sites; `NULL` takes all.
#' @param ... Must be empty.
#' @return An array `[iteration, chain, observation]`, the observations of several sites one after the other, named
#'   `y[1]`, ...
#' @section Errors:
#' A fit that observes nothing; names of sites that are not observed; more in `...`.
#' @examples
#' m <- model(function(y) {
#'   mu ~ normal(0, 10)
#'   y ~ normal(mu, 1)
#' })
#' fit <- fit_nuts(m, list(y = c(0.3, -1, 0.8)), chains = 2, seed = 1)
#' dim(log_lik(fit))
#' @export
log_lik <- function(fit, ...) UseMethod("log_lik")

#' @export
log_lik.default <- function(fit, ...) check_fit(fit)

#' @rdname log_lik
#' @export
log_lik.reparam_fit <- function(fit, sites = NULL, ...) {
  check_no_dots(...)
  control <- fit_control(fit, fit$control$seed, check_sites(sites, "sites"))
  control$log_lik <- TRUE
  result <- .Call(ffi_generate, fit$spec, control, fit$unconstrained)
  without <- setdiff(sites, names(result$draws))
  if (length(without) || !length(result$draws)) {
    stop_reparam(
      if (length(without)) sprintf("No element of %s is observed.", quote_names(without))
      else "The model observes nothing, so there is no likelihood."
    )
  }
  size <- prod(fit_size(fit))
  labels <- unlist(lapply(names(result$draws), function(site) {
    observed_names(site, fit, length(result$draws[[site]]) / size)
  }), use.names = FALSE)
  values <- unlist(lapply(result$draws, as.vector), use.names = FALSE)
  array(values, c(fit_size(fit), length(labels)), list(iteration = NULL, chain = NULL, observation = labels))
}

# ---- private ----

# What decides which model the engine builds for the draws of a fit.
fit_control <- function(fit, seed, keep) {
  list(
    seed = seed, keep = keep, reparam = fit$control$reparam, centered = fit$control$centered, isa = fit$control$isa,
    centering = engine_centering(fit), coordinates = fit$unconstrained_names, natural = fit$control$natural
  )
}

# One name for each of the n terms of a site: of its observed elements, or of the events that they belong to.
observed_names <- function(site, fit, n) {
  observed <- observed_values(fit, site)
  dims <- site_dim(fit, site)
  names <- variable_names(site, if (length(dims)) dims else if (length(observed) > 1L) length(observed))
  unknown <- is.na(observed)
  drawn <- unlist(lapply(fit$spec$statements, function(s) {
    if (s$kind == "draw" && identical(s$name, site)) if (is.null(s$element)) seq_along(observed) else s$element
  }))
  missing <- sum(unknown[drawn])
  if (missing) {
    message(sprintf(ngettext(missing, "log_lik(): %d NA element of `%s` has no likelihood and is left out.",
                             "log_lik(): %d NA elements of `%s` have no likelihood and are left out."), missing, site))
  }
  if (sum(!unknown) == n) return(names[!unknown])
  # Events lie last in the dims: the first dims tell them apart.
  for (k in seq(length(dims) - 1L, 0L)) {
    batch <- dims[seq_len(k)]
    known <- rowSums(matrix(!unknown, prod(batch))) > 0
    if (sum(known) == n) return(variable_names(site, if (prod(batch) > 1) batch)[known])
  }
}

predicted <- function(spec, control, rows, kind, call, coordinates = NULL) {
  control$budget <- storage_budget()
  result <- .Call(ffi_generate, spec, control, rows)
  warn_engine(result$warnings)
  result$spec <- spec
  result$control <- control
  result$call <- call
  result$unconstrained <- rows
  result$unconstrained_names <- coordinates
  structure(result, class = c(paste0("reparam_", kind), "reparam_fit"))
}

respecify <- function(fit, newdata) {
  if (is.null(fit$model)) {
    stop_reparam("This fit was made from a spec, which does not hold the model function, so `newdata` cannot be used.",
                 hint = "Fit the model itself: `fit_nuts(model, data)`.")
  }
  if (length(newdata) && is.null(names(newdata))) stop_reparam("Every element of `newdata` needs a name.")
  data <- fit$spec$data
  kept <- setdiff(observed_arguments(fit), names(newdata))
  if (length(newdata) && length(kept)) {
    message(sprintf(
      "posterior_predict(): %s is drawn in the shape of the data of the fit; give `%s = NULL` to let `newdata` decide.",
      quote_names(kept), kept[1]
    ))
  }
  data[names(newdata)] <- newdata
  make_spec(keep_guides(fit$model, fit$spec), data, TRUE)
}

# Arguments of the model that sites observe.
observed_arguments <- function(fit) {
  observed <- vapply(fit$spec$statements, function(s) if (is.null(s$observed)) "" else s$name, "")
  intersect(names(drop_null(fit$spec$data)), observed)
}

# Draws of sites, whatever they came as, as a named list of arrays [iteration, chain, element].
given_draws <- function(draws, sites) {
  known <- vapply(sites, `[[`, "", "name")
  settable <- known[!vapply(sites, function(site) site$kind %in% c("recorded", "observed"), NA)]
  if (inherits(draws, "reparam_fit")) {
    fit <- draws
    kinds <- stats::setNames(site_field(fit, "kind"), site_field(fit, "name"))
    left <- c(setdiff(ancestral_sites(fit), updated_sites(fit)),
              names(Filter(function(kind) kind %in% c("recorded", "partial"), kinds)))
    given <- site_draws(fit, intersect(setdiff(random_sites(fit), left), settable))
  } else if (is.list(draws) && !is.data.frame(draws)) {
    check_given_names(names(draws), known)
    given <- Map(given_array, draws, names(draws))[names(draws) %in% settable]
  } else {
    given <- given_variables(draws, sites, known)
    given <- given[names(given) %in% settable]
  }
  if (!length(given)) {
    stop_reparam("`draws` has no draws of a latent site of the model.",
                 sprintf("Its latent sites are %s.", quote_names(settable)))
  }
  sizes <- lapply(given, function(x) dim(x)[1:2])
  odd <- which(!vapply(sizes, identical, NA, sizes[[1]]))
  if (length(odd)) {
    size_text <- vapply(sizes[c(1L, odd[1])], paste, "", collapse = " x ")
    stop_reparam(sprintf("`draws` has %s iterations and chains of `%s`, but %s of `%s`.", size_text[1],
                         names(given)[1], size_text[2], names(given)[odd[1]]))
  }
  given
}

check_given_names <- function(names, known) {
  if (is.null(names) || !all(nzchar(names))) stop_reparam("Every element of `draws` needs the name of its site.")
  unknown <- setdiff(names, known)
  if (length(unknown)) {
    stop_reparam(sprintf("`draws` names %s, but the model has no such site.", quote_names(unknown)),
                 sprintf("Its sites are %s.", quote_names(known, 20L)))
  }
}

given_array <- function(x, name) {
  if (!is.numeric(x) || !length(x) || anyNA(x)) {
    stop_reparam(sprintf("The draws of `%s` must be numbers without NA, not %s.", name, describe(x)))
  }
  size <- dim(x)
  if (length(size) < 2L) size <- c(length(x), 1L)
  array(as.double(x), c(size[1:2], prod(size[-(1:2)])))
}

# Columns named like theta[2,3]; other columns of a data frame (.draw, lp__) are not ours.
given_variables <- function(draws, sites, known) {
  if (is.data.frame(draws)) draws <- do.call(cbind, Filter(is.numeric, unclass(draws)))
  if (is.matrix(draws)) draws <- array(draws, c(nrow(draws), 1L, ncol(draws)), list(NULL, NULL, colnames(draws)))
  variables <- dimnames(draws)[[3]]
  if (!is.numeric(draws) || length(dim(draws)) != 3L || is.null(variables)) {
    stop_reparam(sprintf("`draws` must be a fit, a named list, a data frame or an array with named variables, not %s.",
                         describe(draws)))
  }
  given <- Map(function(site, name) {
    dims <- as.integer(site$dim)
    columns <- match(variable_names(name, if (prod(dims) == 1 && length(dims) <= 1L) integer() else dims), variables)
    n <- sum(variables == name | startsWith(variables, paste0(name, "[")))
    if (n == 0L || site$kind %in% c("recorded", "observed")) return(NULL)
    if (anyNA(columns) || n != length(columns)) {
      stop_reparam(sprintf("`draws` has %d elements of `%s`, but the site has %d.", n, name, length(columns)),
                   "Leave the columns out of sites that should be drawn.")
    }
    given_array(unclass(draws)[, , columns, drop = FALSE], name)
  }, sites, known)
  drop_null(stats::setNames(given, known))
}
