#' Handlers: the same model in another light
#'
#' Verbs that take a model and return one, so that they chain with `|>`. The first one stands nearest to the model.
#'
#' * `condition()` observes sites by name, as if they had been data; `NA` elements stay unknown.
#' * `intervene()` sets sites from outside and removes their density: Pearl's do().
#' * `substitute_sites()` gives latent sites fixed values; their density still counts. Of a partly observed site it
#'   gives the unknown elements; observed ones keep their data.
#' * `replay()` does the same for the values of an earlier run, such as one posterior draw.
#' * `block()` hides sites from inference, so that they are drawn from their own distribution: those named, or all but
#'   those in `expose`.
#' * `seed_model()` fixes the random numbers that the model is simulated with.
#' * `lift()` turns learnable parameters ([param()]) into latent sites with the given distributions.
#'
#' Values set under a site's own name act before any reparameterization, so the names in the model always work.
#'
#' @param .model,model A [model()] or a function.
#' @param ... Named values, `site = value`; or one list of these. For `block()`, names of sites to hide; for `lift()`,
#'   `parameter = distribution`.
#' @param values A named list of values.
#' @param hide,expose Names of sites to hide, or the only ones not to hide.
#' @param seed A whole number.
#' @return The model with the handler added.
#' @section Errors:
#' Values without a name, values that are not numeric, and NA except in `condition()`, at once; when the model runs,
#' names that no site has (`replay()` passes over these) and values of another size than the site's.
#' @examples
#' m <- model(function(n) {
#'   k ~ lognormal(0, 1)
#'   y[1:n] ~ normal(k, 1)
#' })
#' seen <- m |> condition(y = c(1.2, NA, 0.7))
#' seen
#' fit_nuts(seen, list(n = 3), chains = 2, seed = 1)
#' # What would be measured if k were 2?
#' m |> intervene(k = 2) |> prior_draws(list(n = 3), seed = 1)
#' # The density of k counts, or not.
#' here <- list(k = 2, y = c(2, 2, 2))
#' as.numeric(log_density(m |> substitute_sites(here), list(n = 3)))
#' as.numeric(log_density(m |> intervene(k = 2) |> condition(y = c(2, 2, 2)), list(n = 3)))
#' @name handlers
NULL

#' @rdname handlers
#' @export
condition <- function(.model, ...) {
  add_handler(as_model(.model), list(kind = "condition", values = named_values("condition", list(...), unknown = TRUE)))
}

#' @rdname handlers
#' @export
intervene <- function(.model, ...) {
  add_handler(as_model(.model), list(kind = "intervene", values = named_values("intervene", list(...))))
}

#' @rdname handlers
#' @export
substitute_sites <- function(.model, ...) {
  add_handler(as_model(.model), list(kind = "substitute", values = named_values("substitute_sites", list(...))))
}

#' @rdname handlers
#' @export
replay <- function(model, values) {
  add_handler(as_model(model), list(kind = "replay", values = named_values("replay", list(values))))
}

#' @rdname handlers
#' @export
block <- function(model, ..., hide = NULL, expose = NULL) {
  hide <- c(site_names("block", list(...)), site_names("block", list(hide)))
  expose <- site_names("block", list(expose))
  if (length(hide) && length(expose)) stop_reparam("`block()` takes either sites to hide or sites to expose, not both.")
  add_handler(as_model(model), drop_null(list(kind = "block", hide = hide, expose = expose)))
}

#' @rdname handlers
#' @export
seed_model <- function(model, seed) {
  if (!is.numeric(seed) || length(seed) != 1L || is.na(seed) || seed != floor(seed) || abs(seed) > 2^53) {
    stop_reparam(sprintf("`seed` must be a whole number, not %s.", describe(seed)))
  }
  add_handler(as_model(model), list(kind = "seed", seed = as.double(seed)))
}

#' @rdname handlers
#' @export
lift <- function(.model, ...) {
  priors <- named_entries("lift", list(...), "parameter = distribution")
  for (name in names(priors)) {
    if (!is_dist(priors[[name]])) {
      stop_reparam(sprintf("`%s` must be lifted to a distribution, not %s.", name, describe(priors[[name]])))
    }
  }
  add_handler(as_model(.model), list(kind = "lift", priors = priors))
}

#' Reparameterize sites of a model
#'
#' Replaces sites by auxiliary sites from which they are computed, so that a sampler or a guide meets a friendlier
#' shape. The model itself, its density and the names of its sites stay the same. The names that a reparameterizer
#' creates (`k_base`, `k_decentered`) may be configured in turn.
#'
#' @param .model A [model()] or a function.
#' @param ... `site = reparameterizer` (`NULL` leaves a site alone; a list of them applies one after the other, each to
#'   what the one before it made of the site); or one of: a named list of these, a strategy such
#'   as [reparam_auto()], the name of a strategy (`"auto"`, `"minimal"`, `"none"`), or a function that is called with
#'   each site (a list with `name`, `dist`, `dim`, `observed`) and returns a reparameterizer or `NULL`.
#' @return The model with the configuration added.
#' @section Errors: Entries without a name or with the same name; something that is no reparameterizer.
#' @seealso [decenter()], [reparam_loc_scale()], [reparam_transform()], [reparam_strategies].
#' @examples
#' m <- model(function(sigma, y) {
#'   mu ~ normal(0, 5)
#'   tau ~ half_cauchy(5)
#'   theta ~ normal(mu, tau)
#'   y ~ normal(theta, sigma)
#' })
#' m |> reparam(theta = decenter())
#' m |> reparam(list(theta = reparam_loc_scale(0.5)))
#' m |> reparam("auto")
#' @export
reparam <- function(.model, ...) {
  model <- as_model(.model)
  config <- list(...)
  if (length(config) == 1L && is.null(names(config))) config <- config[[1]]
  add_handler(model, list(kind = "reparam", config = reparam_config(config)))
}

# ---- checks ----

reparam_config <- function(config) {
  if (is_asking_strategy(config)) return(if (is.function(config)) config else config$configure)
  if (is.character(config) && length(config) == 1L && is.null(names(config))) {
    config <- strategy_by_name(config)
    if (is_asking_strategy(config)) return(reparam_config(config))
  }
  if (inherits(config, "reparam_resolved")) config <- unclass(config)
  if (inherits(config, "reparam_reparam")) {
    if (config$kind == "strategy") return(config)
    if (is_trained(config)) return(trained_config(config))
    stop_reparam("A reparameterizer needs the name of its site.", "Write `reparam(model, site = decenter())`.")
  }
  if (!is.list(config)) {
    stop_reparam(
      sprintf("`reparam()` needs a named list, a strategy or a function, not %s.", describe(config)),
      "Write `reparam(model, site = decenter())` or `reparam(model, \"auto\")`."
    )
  }
  config <- drop_null(named_entries("reparam", list(config), "site = reparameterizer"))
  for (name in names(config)) config[[name]] <- check_reparameterizer(config[[name]], sprintf("The entry `%s`", name))
  config
}

check_reparameterizer <- function(x, what) {
  if (inherits(x, "reparam_reparam") && x$kind != "strategy") return(x)
  if (is.list(x) && !is.object(x) && length(x)) return(check_chain(lapply(unname(x), check_reparameterizer, what), what))
  stop_reparam(
    sprintf("%s of `reparam()` must be a reparameterizer, not %s.", what,
      if (inherits(x, "reparam_reparam")) "a strategy" else describe(x)),
    "Write for example `decenter()`, `reparam_transform()` or `reparam_loc_scale(0)`."
  )
}

# Chains within a chain are joined to it.
check_chain <- function(parts, what) {
  parts <- unlist(lapply(parts, function(part) {
    if (part$kind == "chain") lapply(part$parts, structure, class = class(part)) else list(part)
  }), recursive = FALSE)
  if (any(vapply(parts, function(part) is_user_reparam(part) || is_trained(part), NA))) {
    stop_reparam(
      sprintf("%s of `reparam()` chains what stands alone: `new_reparam()` or a trained guide.", what),
      "Configure its auxiliary sites by their names, as in `reparam(model, x = own, x_z = reparam_loc_scale(0))`."
    )
  }
  if (length(parts) > 16L) stop_reparam(sprintf("%s of `reparam()` is a chain of %d, more than 16.", what, length(parts)))
  do.call(reparam_chain, parts)
}

# `f(a = 1, b = 2)` or `f(list(a = 1, b = 2))`.
named_entries <- function(verb, entries, form) {
  one_list <- length(entries) == 1L && is.null(names(entries)) && is.list(entries[[1]]) && !is.object(entries[[1]])
  if (one_list) entries <- entries[[1]]
  if (!length(entries)) return(list())
  if (is.null(names(entries)) || anyNA(names(entries)) || !all(nzchar(names(entries)))) {
    stop_reparam(sprintf("Every entry of `%s()` needs a name.", verb), sprintf("Write `%s(model, %s)`.", verb, form))
  }
  twice <- unique(names(entries)[duplicated(names(entries))])
  if (length(twice)) stop_reparam(sprintf("`%s()` has two entries for %s.", verb, names_text(twice)))
  entries
}

named_values <- function(verb, entries, unknown = FALSE) {
  entries <- named_entries(verb, entries, "site = value")
  if (!length(entries)) stop_reparam(sprintf("`%s()` needs at least one value, `site = value`.", verb))
  lapply(stats::setNames(names(entries), names(entries)), function(name) {
    x <- entries[[name]]
    if (is.factor(x)) x <- as.integer(x)
    if (has_codes(x) || is_opaque_number(x) || !(is.numeric(x) || is.logical(x)) || !length(x)) {
      stop_reparam(sprintf("The value of `%s` in `%s()` must be numeric, not %s.", name, verb, describe(x)))
    }
    if (anyNA(x) && (!unknown || any(is.nan(x)))) {
      what <- if (any(is.nan(x))) "NaN" else "NA"
      stop_reparam(
        sprintf("The value of `%s` in `%s()` is %s%s.", name, verb, what, element_text(which(is.na(x)), x)),
        if (!unknown) "Only `condition()` takes NA, for elements that are unknown."
      )
    }
    as_plain(x)
  })
}

site_names <- function(verb, names) {
  for (name in names) {
    if (!is.null(name) && (!is.character(name) || anyNA(name) || !all(nzchar(name)))) {
      stop_reparam(sprintf("`%s()` takes names of sites, not %s.", verb, describe(name)))
    }
  }
  unlist(names)
}

drop_null <- function(x) {
  x[!vapply(x, is.null, NA)]
}

add_handler <- function(model, handler) {
  model$handlers <- c(model$handlers, list(handler))
  model
}

# ---- what the session and the spec need of the stack ----

# Sites whose value a handler may replace: what depends on them must be traced from the site even if it is observed.
names_set_by <- function(handlers, kinds = c("condition", "intervene", "substitute", "replay")) {
  unique(unlist(lapply(handlers, function(handler) if (handler$kind %in% kinds) names(handler$values))))
}

# The innermost condition() of each site.
conditioned_values <- function(handlers) {
  values <- lapply(handlers, function(handler) if (handler$kind == "condition") handler$values)
  values <- unlist(values, recursive = FALSE)
  values[!duplicated(names(values))]
}

lifted_params <- function(handlers) {
  priors <- lapply(handlers, function(handler) if (handler$kind == "lift") handler$priors)
  unlist(priors, recursive = FALSE)
}

# The stack as plain lists. lift() has done its work, and a function that configures reparam() is asked here, once.
finish_handlers <- function(handlers, statements) {
  check_lifted(handlers, statements)
  for (handler in handlers) {
    check_handled_names(handler, statements)
    if (handler$kind == "substitute") warn_observed(names(handler$values), statements)
  }
  handlers <- Filter(function(handler) handler$kind != "lift", handlers)
  lapply(handlers, function(handler) {
    if (handler$kind == "reparam") handler$config <- plain_config(handler$config, statements)
    handler
  })
}

check_lifted <- function(handlers, statements) {
  names <- vapply(statements, function(s) if (is.null(s$name)) "" else s$name, "")
  unknown <- setdiff(names(lifted_params(handlers)), names)
  if (length(unknown)) {
    stop_reparam(sprintf("`lift()` names %s, but the model has no such parameter.", names_text(unknown)))
  }
}

# A name that is misspelt would silently do nothing. Names that a reparameterizer may derive from a site's (`k_base`)
# pass; replay() takes what it finds, as the values may come from a larger model.
check_handled_names <- function(handler, statements) {
  verb <- switch(handler$kind, condition = , intervene = , block = handler$kind, substitute = "substitute_sites")
  if (is.null(verb)) return(invisible())
  names_of <- function(kind) unique(unlist(lapply(statements, function(s) if (s$kind == kind) s$name)))
  sites <- names_of("draw")
  for (name in c(names(handler$values), handler$hide, handler$expose)) {
    if (name %in% sites || any(startsWith(name, paste0(sites, "_")))) next
    if (name %in% names_of("record")) {
      stop_reparam(
        sprintf("`%s()` names `%s`, which the model computes.", verb, name),
        "Only sites that are drawn can be set or hidden.", site = name
      )
    }
    stop_reparam(
      sprintf("`%s()` names `%s`, but the model has no such site.", verb, name),
      if (length(sites)) sprintf("Its sites are %s.", names_text(sites)), site = name
    )
  }
}

# Data stay: substitute_sites() is for latent sites.
warn_observed <- function(names, statements) {
  for (name in names) {
    own <- Filter(function(s) s$kind == "draw" && s$name == name, statements)
    known <- vapply(own, function(s) !is.null(s$data) || !is.null(s$observed) && !anyNA(s$observed), NA)
    if (!length(own) || !all(known)) next
    warn_reparam(
      sprintf("`substitute_sites()` leaves `%s` as it is: all of it is observed.", name),
      "Give other data, or use `condition()` or `intervene()`.", site = name
    )
  }
}

plain_config <- function(config, statements) {
  if (is.function(config)) config <- ask_config(config, statements)
  if (inherits(config, "reparam_reparam")) return(unclass(config))
  lapply(Filter(function(entry) !is_user_reparam(entry), config), function(entry) {
    if (is_trained(entry)) plain_trained(entry) else unclass(entry)
  })
}

ask_config <- function(fn, statements) {
  draws <- Filter(function(s) s$kind == "draw", statements)
  draws <- draws[!duplicated(vapply(draws, `[[`, "", "name"))]
  config <- lapply(draws, function(s) {
    ask_site(fn, list(
      name = s$name, dist = dist_label(s$dist), dim = s$dim, observed = !is.null(s$observed),
      auxiliary = !is.null(s$original)
    ))
  })
  names(config) <- vapply(draws, `[[`, "", "name")
  drop_null(config)
}

# ---- looking at a handler ----

format_handler <- function(handler) {
  switch(handler$kind,
    reparam = sprintf("reparam(%s)", format_config(handler$config)),
    block = sprintf("block(%s)", paste(c(
      if (length(handler$hide)) paste("hide =", call_text(handler$hide)),
      if (length(handler$expose)) paste("expose =", call_text(handler$expose))
    ), collapse = ", ")),
    seed = sprintf("seed_model(%s)", format(handler$seed, digits = 17)),
    lift = sprintf("lift(%s)", format_values(vapply(handler$priors, format, ""))),
    substitute = sprintf("substitute_sites(%s)", format_values(value_texts(handler$values))),
    sprintf("%s(%s)", handler$kind, format_values(value_texts(handler$values)))
  )
}

format_config <- function(config) {
  if (is.function(config)) return("<function>")
  if (is.character(config$kind)) return(format_reparameterizer(config))
  format_values(vapply(config, format_reparameterizer, ""))
}

format_values <- function(texts) {
  paste(names(texts), "=", texts, recycle0 = TRUE, collapse = ", ")
}

value_texts <- function(values) {
  vapply(values, function(x) if (length(x) == 1L) format(x) else elements_text(shape_of(x)), "")
}
