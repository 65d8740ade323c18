#' Reparameterize a site by a conjugate update
#'
#' Where the likelihood of a latent site `x` is, but for a factor, a density `g` of the same kind as its prior `f`,
#' the posterior of `x` given the rest is known: `f(x) g(x) = f_g(x) Z`, with `f_g` the updated prior. `guide` is that
#' `g`, as a distribution or as a function of the model's data. The site is drawn as `x_updated ~ f_g` and contributes
#' `log Z - log g(x)` itself, so that the joint density is what it was, whatever `g` is.
#'
#' If `g` is exact, nothing that is left depends on `x`: it is integrated out. The sampler no longer sees it, the log
#' density is that of the other sites given the data, and `x` is drawn from `f_g` for each of their draws. If `g` is
#' only an approximation, `x` is inferred as before: then there is nothing to gain. Which of the two it is, is found
#' when the model is built, by the derivatives of the log density with respect to `x` at three points.
#'
#' | prior | guide | update |
#' |---|---|---|
#' | `beta(a, b)` | `beta(a', b')` | `beta(a + a' - 1, b + b' - 1)` |
#' | `dirichlet(a)` | `dirichlet(a')` | `dirichlet(a + a' - 1)` |
#' | `gamma(a, b)` | `gamma(a', b')` | `gamma(a + a' - 1, b + b')` |
#' | `normal(m, s)` | `normal(m', s')` | precisions add up, means are weighed by them |
#' | `gaussian_hmm(...)` | `normal()`, one for each output; `mvn()`, one for each step | the Kalman smoother |
#'
#' As a function of `x`, a binomial likelihood of `k` in `n` is `beta(1 + k, 1 + n - k)`, a Poisson likelihood
#' `gamma(1 + sum(y), n)` of its mean, and a normal one `normal(y, sd)`. [dist_masked()] guides leave the prior where
#' the mask is 0; a guide of data with `NA` needs that.
#'
#' Where an argument of the function is an argument of the model that is not given, as in draws from the prior, the site
#' stays as it is. What [condition()] says of an argument counts as given.
#' [posterior_predict()] with `newdata` keeps the guide of the fit.
#'
#' Auxiliary site: `x_updated`. An observed `x` is left alone. A starting value of `x` is used where `x` is inferred.
#'
#' @param guide A distribution of numbers that do not depend on sites, or a function of some of the model's arguments
#'   that returns one: it is called once with the data, when the model meets them.
#' @return A reparameterizer, for use in [reparam()].
#' @section Errors: A prior and a guide of which the table has no update; a function that fails, or asks for what is no
#'   argument of the model; a guide that is no distribution, or whose arguments depend on sites or have another length
#'   than the site; an update that is not proper.
#' @references Gelman et al. (2013). Bayesian Data Analysis, 3rd edition, chapter 2. Obermeyer et al. (2019).
#'   Functional tensors for probabilistic programming, for Gaussian series.
#' @seealso [dist_gaussian_hmm()]
#' @examples
#' m <- model(function(hits, n) {
#'   p ~ beta(0.5, 1.5)
#'   hits ~ binomial(n, p)
#' })
#' exact <- m |> reparam(p = reparam_conjugate(function(hits, n) dist_beta(1 + hits, 1 + n - hits)))
#' data <- list(hits = 2, n = 10)
#' log_density(exact, data) # the log evidence
#' fit <- fit_nuts(exact, data, chains = 2, seed = 1)
#' c(mean(draws(fit, "p")), 2.5 / 12)
#' @export
reparam_conjugate <- function(guide) {
  if (!is_dist(guide) && !is.function(guide)) {
    stop_reparam(
      sprintf("`guide` must be a distribution or a function of the data, not %s.", describe(guide)),
      "Write for example `reparam_conjugate(function(y) dist_normal(y, 1))`."
    )
  }
  new_reparameterizer("conjugate", guide = if (is_dist(guide)) plain_guide(guide) else guide)
}

# ---- private ----

# Guides that are functions become what they return for the data, or for what condition() says instead.
resolve_guides <- function(handlers, data, fn) {
  conditioned <- conditioned_values(handlers)
  data <- drop_null(data)
  data <- c(data, conditioned[setdiff(intersect(names(conditioned), names(formals(fn))), names(data))])
  resolve <- function(entry, name) {
    if (identical(entry$kind, "chain")) entry$parts <- lapply(entry$parts, resolve, name)
    if (identical(entry$kind, "conjugate") && is.function(entry$guide)) {
      entry["guide"] <- list(called_guide(entry$guide, data, name, names(formals(fn))))
    }
    entry
  }
  lapply(handlers, function(handler) {
    named <- handler$kind == "reparam" && !is.character(handler$config$kind)
    if (named) handler$config[] <- Map(resolve, handler$config, names(handler$config))
    handler
  })
}

# The model with the guides of a fit, whose draws come from the data of the fit whatever is predicted.
keep_guides <- function(model, spec) {
  guides <- list()
  for (handler in spec$handlers) {
    if (handler$kind != "reparam" || is.character(handler$config$kind)) next
    for (name in names(handler$config)) guides[[name]] <- handler$config[[name]]$guide
  }
  model <- as_model(model)
  model$handlers <- lapply(model$handlers, function(handler) {
    if (handler$kind != "reparam" || !is.list(handler$config) || is.character(handler$config$kind)) return(handler)
    for (name in intersect(names(guides), names(handler$config))) {
      if (identical(handler$config[[name]]$kind, "conjugate")) handler$config[[name]]$guide <- guides[[name]]
    }
    handler
  })
  model
}

# known: the model's arguments.
called_guide <- function(fn, data, name, known) {
  wanted <- names(formals(fn))
  needed <- setdiff(wanted[vapply(formals(fn), is_missing_argument, NA)], "...")
  unknown <- setdiff(needed, c(known, names(data)))
  if (length(unknown) && !"..." %in% known) {
    stop_reparam(
      sprintf("The guide of `%s` asks for %s, but the model has no such argument.", name, names_text(unknown)),
      if (length(known)) sprintf("Its arguments are %s.", names_text(known)) else "It has no arguments.", site = name
    )
  }
  if (length(setdiff(needed, names(data)))) return(NULL) # nothing is observed yet that could be learned from
  arguments <- data[if ("..." %in% wanted) names(data) else intersect(wanted, names(data))]
  guide <- tryCatch(
    do.call(fn, arguments, quote = TRUE),
    error = function(e) failed_guide(name, conditionMessage(e), names(arguments)[vapply(arguments, anyNA, NA)])
  )
  if (!is_dist(guide)) {
    stop_reparam(sprintf("The guide of `%s` must return a distribution, not %s.", name, describe(guide)), site = name)
  }
  plain_guide(guide, name)
}

# unknown: arguments that hold NA.
failed_guide <- function(name, message, unknown) {
  message <- sub("\n.*", "", message)
  if (!length(unknown)) stop_reparam(sprintf("The guide of `%s` fails: %s", name, message), site = name)
  y <- unknown[1]
  stop_reparam(
    sprintf("The guide of `%s` fails, and %s has NA: %s", name, names_text(unknown), message),
    c(
      "Where data are missing the prior stays: put a number there and mask it, as in",
      sprintf("`dist_masked(dist_normal(ifelse(is.na(%s), 0, %s), 1), !is.na(%s))`.", y, y, y)
    ),
    site = name
  )
}

# A guide as family, arguments and mask, all of them numbers.
plain_guide <- function(d, name = NULL) {
  mask <- NULL
  while (!is.null(d$base) && d$family %in% c("independent", "expand", "masked")) {
    if (d$family == "masked") mask <- if (is.null(mask)) d$mask else mask * d$mask
    d <- d$base
  }
  if (!is.null(d$base) || !is.null(d$components)) {
    stop_reparam(
      sprintf("The guide must be of a family that priors can be updated by, not `%s`.", d$family),
      "These are beta, dirichlet, gamma, normal and mvn, masked or independent.", site = name
    )
  }
  if (d$family %in% c("mvn_precision", "mvn_cholesky", "mvn_lowrank")) {
    k <- d$event
    d$args <- list(mean = d$args$mean, cov = gaussian_moments(d, k, "guide")$cov)
    d$family <- "mvn"
  }
  if (any(vapply(c(d$args, list(mask)), is_traced, NA))) {
    stop_reparam("The guide's arguments must not depend on sites.", "They may depend on the data.", site = name)
  }
  guide <- list(family = d$family, args = lapply(d$args, as.double))
  if (!is.null(mask)) guide$mask <- as.double(mask)
  guide
}

guide_text <- function(guide) {
  if (is.function(guide)) return("<function>")
  args <- format_arguments(guide$args[names(guide$args) != "levels"])
  sprintf("%s(%s)", guide$family, paste(args, collapse = ", "))
}
