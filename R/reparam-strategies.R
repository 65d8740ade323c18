#' Strategies: which sites to reparameterize, and how
#'
#' A strategy looks at every site once and chooses its reparameterizer. Give one to [reparam()], as the object or by
#' name (`"auto"`, `"minimal"`, `"none"`).
#'
#' * `reparam_minimal()` changes only sites that cannot be sampled as they stand.
#' * `reparam_auto()` goes further, for latent sites: a family that is a transformed simpler one (the lognormal, say) is
#'   sampled through its base, and location-scale families are decentered to the degree `centered`; with `NULL`,
#'   [fit_nuts()] chooses the degree for each element whose location or scale depends on other latent sites, see
#'   [centering()]. A multivariate normal of more than 8 dimensions is whitened instead.
#' * `"none"` leaves every site as it is.
#'
#' @inheritParams reparam_loc_scale
#' @return A strategy, for use in [reparam()].
#' @section Errors:
#' `centered` outside of 0 to 1.
#' @examples
#' m <- model(function(y) {
#'   k ~ lognormal(0, 1)
#'   y ~ normal(k, 1)
#' })
#' reparam(m, reparam_auto(centered = 0))
#' reparam(m, "minimal")
#' @name reparam_strategies
NULL

#' @rdname reparam_strategies
#' @export
reparam_auto <- function(centered = NULL) {
  check_centered(centered)
  new_reparameterizer("strategy", name = "auto", centered = if (!is.null(centered)) as.double(centered))
}

#' @rdname reparam_strategies
#' @export
reparam_minimal <- function() {
  new_reparameterizer("strategy", name = "minimal")
}

#' Strategies of your own
#'
#' A strategy is a function that is asked once about every site, when the model meets its data, and returns a
#' reparameterizer or `NULL`; or a list with such a function as its element `configure`. Sites that its answers create
#' (`k_base`) are asked about in turn. The answers, not the function, go into the spec, so that a fit is reproduced
#' without it.
#'
#' `register_reparam_strategy()` makes a strategy reachable by name, like `"auto"`. `resolve_reparam()` says what all
#' strategies at work have decided, as a configuration that can be printed, saved and given to [reparam()], where it
#' reproduces the same sites.
#'
#' @param name One text.
#' @param constructor A function without arguments that returns a strategy: a function of the site (a list with elements
#'   `name`, `dist`, the name of the distribution, `dim`, `observed` and `auxiliary`), a list with such a function as
#'   `configure`, or a built-in strategy. `NULL` removes the name.
#' @return `register_reparam_strategy()`: nothing. `resolve_reparam()`: a named list of reparameterizers, of class
#'   `reparam_resolved`.
#' @section Errors: The names `"auto"`, `"minimal"` and `"none"` are taken; something that is no function.
#' @seealso [reparam_strategies]
#' @examples
#' m <- model(function(y) {
#'   mu ~ normal(0, 5)
#'   tau ~ lognormal(0, 1)
#'   theta[1:8] ~ normal(mu, tau)
#'   y ~ normal(theta, 1)
#' })
#' data <- list(y = c(2.8, 0.8, -0.3, 0.7, -0.1, 0.1, 1.8, 1.2))
#' register_reparam_strategy("half_way", function() function(site) {
#'   if (site$dist == "normal" && !site$observed && !site$auxiliary) reparam_loc_scale(0.5)
#' })
#' reparam_map(m |> reparam("half_way"), data)
#'
#' decided <- resolve_reparam(m, data, reparam = "auto")
#' decided
#' m |> reparam(decided)
#' @export
register_reparam_strategy <- function(name, constructor) {
  if (!is.character(name) || length(name) != 1L || is.na(name) || !nzchar(name)) {
    stop_reparam(sprintf("The name of a strategy must be one text, not %s.", describe(name)))
  }
  if (name %in% built_in_strategies) {
    stop_reparam(sprintf("The strategy \"%s\" is built in.", name), "Choose another name.")
  }
  if (!is.null(constructor) && !is.function(constructor)) {
    stop_reparam(sprintf("`constructor` must be a function that returns a strategy, not %s.", describe(constructor)))
  }
  the$strategies[[name]] <- constructor
  invisible()
}

#' @rdname register_reparam_strategy
#' @inheritParams reparam_map
#' @export
resolve_reparam <- function(model, data = list(), reparam = "minimal") {
  model <- with_strategy(model, reparam)
  spec <- fit_spec(model, data)
  control <- c(list(prior = 1, centering = TRUE), model_control(reparam, FALSE, 0))
  decisions <- .Call(ffi_model_table, spec, control)$decisions
  made <- Map(function(kind, centered) {
    new_reparameterizer(kind, centered = if (!is.na(centered)) centered)
  }, decisions$kind, decisions$centered)
  config <- lapply(split(unname(made), factor(decisions$site, unique(decisions$site))), function(parts) {
    parts <- unique(parts)
    if (length(parts) == 1L) parts[[1]] else do.call(reparam_chain, parts)
  })
  for (handler in spec$handlers) {
    if (handler$kind != "reparam" || is.character(handler$config$kind)) next
    own <- lapply(handler$config, structure, class = "reparam_reparam")
    config <- c(config, own[setdiff(names(own), names(config))])
  }
  structure(as.list(config), class = "reparam_resolved")
}

#' @export
format.reparam_resolved <- function(x, ...) {
  if (!length(x)) return("every site stays as it is")
  sprintf("%s = %s", format(names(x)), vapply(x, format_reparameterizer, ""))
}

#' @export
print.reparam_resolved <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

built_in_strategies <- c("auto", "minimal", "none")

strategy_by_name <- function(name) {
  constructor <- the$strategies[[name]]
  if (!is.null(constructor)) return(check_strategy(constructor(), name))
  switch(name,
    auto = reparam_auto(),
    minimal = reparam_minimal(),
    none = new_reparameterizer("strategy", name = "none"),
    stop_reparam(
      sprintf("There is no strategy \"%s\".", name),
      sprintf(
        "Use %s or \"none\", or a strategy such as `reparam_auto(centered = 0)`.",
        paste0("\"", c("auto", "minimal", names(the$strategies)), "\"", collapse = ", ")
      )
    )
  )
}

check_strategy <- function(x, name) {
  if (is_strategy(x) || is_asking_strategy(x)) return(x)
  stop_reparam(
    sprintf("The strategy \"%s\" must be a function of the site, not %s.", name, describe(x)),
    "Its constructor returns a function, a list with a function `configure`, or for example `reparam_auto(0)`."
  )
}

is_strategy <- function(x) {
  inherits(x, "reparam_reparam") && identical(x$kind, "strategy")
}

# A function of the site, or an object that holds one.
is_asking_strategy <- function(x) {
  is.function(x) || (is.list(x) && is.function(x$configure))
}

# The strategy of a fit's argument `reparam` that only R can ask becomes the model's outermost handler; the engine then
# uses "minimal" (see model_control()).
with_strategy <- function(model, strategy) {
  if (is.character(strategy) && length(strategy) == 1L && !is.na(strategy)) strategy <- strategy_by_name(strategy)
  if (!is_asking_strategy(strategy)) return(model)
  if (inherits(model, "reparam_spec")) {
    stop_reparam(
      "A strategy that is a function is asked while the model runs, and this spec has been made already.",
      "Give the model and its data instead of the spec."
    )
  }
  reparam(model, strategy)
}

# Asks functions about the sites that their own answers have created, until there are no new ones.
ask_about_auxiliary <- function(spec, handlers) {
  functions <- lapply(handlers, function(handler) if (is.function(handler$config)) handler$config)
  if (all(vapply(functions, is.null, NA))) return(spec)
  asked <- character()
  repeat {
    sites <- .Call(ffi_model_table, spec, list(prior = 1, prune = FALSE, seed = 0))$sites
    sites <- Filter(function(site) isTRUE(site$auxiliary) && !site$name %in% asked, sites)
    if (!length(sites)) return(spec)
    asked <- c(asked, vapply(sites, `[[`, "", "name"))
    for (k in which(!vapply(functions, is.null, NA))) {
      for (site in sites) {
        about <- list(name = site$name, dist = site$distribution, dim = site$dim, observed = FALSE, auxiliary = TRUE)
        answer <- ask_site(functions[[k]], about)
        if (!is.null(answer)) spec$handlers[[k]]$config[[site$name]] <- unclass(answer)
      }
    }
  }
}

ask_site <- function(fn, site) {
  answer <- fn(site)
  if (is.null(answer)) return(NULL)
  if (site$auxiliary && is_user_reparam(answer)) {
    stop_reparam(
      sprintf("The strategy answers `new_reparam()` for `%s`, which another answer has created.", site$name),
      "A function reparameterizes sites of the model only; draw what you need in the function itself.", site = site$name
    )
  }
  check_reparameterizer(answer, sprintf("The answer for `%s` to the function", site$name))
}
