#' Guide with the structure of the posterior
#'
#' A guide that gives each site a family of its own and lets it depend on others: by default multivariate normals within
#' sites and linear dependencies between those that the posterior couples. As rich as [guide_mvn()] where everything
#' depends on everything, but with far fewer parameters for models of many sites.
#'
#' On the unconstrained scale, site `i` is `u_i = loc_i + delta_i`, where `delta_i = S_i L_i a_i` plus, for each site
#' `j` on which it depends, `W_ij delta_j`. The noise `a_i` is standard normal, `S_i` a diagonal of scales and `L_i`
#' unit lower triangular (`"mvn"`) or the identity (`"normal"`); a `"delta"` has no noise of its own. `W` and `L`
#' together are a block-sparse Cholesky factor of the guide's precision matrix.
#'
#' By default the dependencies are those of the model's posterior: sites that stand in one term of the log density (a
#' prior or a likelihood, given the data) are neighbours, and each site depends on its neighbours before it in the
#' model, after the later sites have been eliminated one by one, which makes their neighbours neighbours of each other.
#' A normal posterior is then in the family.
#'
#' @section Functions: As in Pyro, a function may stand for either term. A conditional `function(noise)` turns the
#' standard normal noise of a site, one number for each of its unconstrained ones, into as many numbers, in place of
#' `S_i L_i a_i`; it must be one to one, which is not checked, and is about 0 at the centre if `loc_i` is to be one. A
#' dependency `function(delta)` gives what is added to `delta_i` for the `delta_j` of the other site, as many numbers as
#' site `i` has, or one for all. Both are traced once, like a model, and may learn what they get from [param()], each
#' function its own; they make no other statements. The fit is the same kind of object; but it has no moments in closed
#' form, no path derivative when there are functions of noise, and [reparam_structured()] and [reparam_neutra()] do not
#' take it.
#'
#' @inheritParams guides
#' @param conditionals How each site is distributed given those on which it depends: `"mvn"`, `"normal"`, `"delta"` or a
#'   function, one for all, or a list by names of sites, such as `list(tau = "normal")`; the others are `"mvn"`.
#' @param dependencies NULL: as the posterior has them. Or a list `site = c("other", "another")` of the sites on which
#'   each depends; those not in the list depend on none. `list()`: no dependencies. A function as dependency is given
#'   with the name of the other: `theta = list(mu = "linear", tau = function(delta) ...)`.
#' @return An object of class `reparam_guide`, for use in [fit_svi()] and [guide_list()]. `fit$blocks` of the fit says
#'   which sites depend on which.
#' @section Errors: Conditionals of unknown kind; functions whose result has another length or that draw sites; names
#' that the model does not have; dependencies that go round in a circle.
#' @seealso [reparam_structured()], which samples in the coordinates of such a guide.
#' @references The idea is that of Pyro's `AutoStructured` (Bingham et al. 2019, Pyro: Deep Universal Probabilistic
#'   Programming, Journal of Machine Learning Research 20).
#' @examples
#' schools <- model(function(sigma, y) {
#'   mu ~ normal(0, 5)
#'   tau ~ half_cauchy(5)
#'   theta[1:3] ~ normal(mu, tau)
#'   y ~ normal(theta, sigma)
#' })
#' lab <- list(sigma = c(15, 10, 16), y = c(28, 8, -3))
#' guide <- guide_structured(conditionals = list(theta = "normal"))
#' fit <- fit_svi(schools, lab, guide, steps = 1000, seed = 1)
#' fit$elbo
#'
#' # a posterior like a banana, which a function of the first site finds
#' banana <- model(function() {
#'   x ~ normal(0, 1)
#'   y ~ normal(x^2, 0.3)
#' })
#' bent <- guide_structured(dependencies = list(y = list(x = function(delta) param("c", 0) * delta^2)))
#' fit_svi(banana, guide = bent, prune = FALSE, reparam = "none", seed = 1)$elbo
#' @export
guide_structured <- function(..., conditionals = NULL, dependencies = NULL, init_scale = 0.1) {
  new_guide(
    "structured", guide_sites(...), init_scale, conditionals = check_conditionals(conditionals),
    dependencies = check_dependencies(dependencies)
  )
}

check_conditionals <- function(x) {
  if (is.null(x) || is.function(x)) return(x)
  single <- is.null(names(x)) && length(x) == 1L
  entries <- if (single) list(x) else named_settings(x, "conditionals", "list(tau = \"normal\")")
  for (entry in Filter(Negate(is.function), entries)) {
    if (!is.character(entry) || length(entry) != 1L || !entry %in% c("delta", "normal", "mvn")) {
      stop_reparam(
        sprintf("A conditional must be \"delta\", \"normal\", \"mvn\" or a function, not %s.", describe(entry))
      )
    }
  }
  if (is.null(names(entries))) x else entries
}

check_dependencies <- function(x) {
  if (is.null(x)) return(NULL)
  entries <- named_settings(x, "dependencies", "list(theta = c(\"mu\", \"tau\"))")
  for (name in names(entries)) {
    above <- entries[[name]]
    if (is.list(above)) {
      above <- named_settings(above, name, sprintf("%s = list(mu = \"linear\")", name))
      kinds <- vapply(above, function(x) if (is.function(x)) "function" else if (identical(x, "linear")) x else "", "")
      if (!all(nzchar(kinds))) {
        wrong <- above[[which(!nzchar(kinds))[1]]]
        stop_reparam(sprintf("A dependency must be \"linear\" or a function, not %s.", describe(wrong)), site = name)
      }
      if (all(kinds == "linear")) above <- as.character(names(above))
    } else if (!is.character(above) || anyNA(above)) {
      stop_reparam(sprintf("`%s` must depend on names of sites, not on %s.", name, describe(above)), site = name)
    }
    if (name %in% upper_sites(above)) stop_reparam(sprintf("`%s` cannot depend on itself.", name), site = name)
    entries[[name]] <- above
  }
  entries
}

named_settings <- function(x, what, example) {
  entries <- as.list(x)
  if (!is.vector(x) || (length(x) && (is.null(names(x)) || !all(nzchar(names(x))) || anyDuplicated(names(x))))) {
    stop_reparam(
      sprintf("`%s` must be a list with names of sites, not %s.", what, describe(x)), sprintf("Write `%s`.", example)
    )
  }
  entries
}

upper_sites <- function(above) if (is.list(above)) names(above) else above

# Names that its settings mention, to be compared with those that the model has.
structured_mentions <- function(guide) {
  if (guide$kind != "structured") return(character())
  conditionals <- if (!is.function(guide$conditionals)) names(guide$conditionals)
  c(conditionals, names(guide$dependencies), unlist(lapply(guide$dependencies, upper_sites)))
}

has_structure <- function(guide) any(guide_kinds(guide) == "structured")

# Functions become specs of models of their argument (ffi_guide_function.c), once the sizes of the sites are known.
trace_guide_functions <- function(guide, spec, control) {
  if (guide$kind == "list") guide$parts <- lapply(guide$parts, trace_guide_functions, spec, control)
  if (!has_functions(guide)) return(guide)
  table <- .Call(ffi_model_table, spec, c(list(prior = 0), control))
  places <- sub("\\[[0-9]+\\]$", "", table$unconstrained_names)
  originals <- vapply(table$sites, `[[`, "", "original")
  names(originals) <- vapply(table$sites, `[[`, "", "name")
  users <- ifelse(places %in% names(originals) & nzchar(originals[places]), originals[places], places)
  if (is.function(guide$conditionals)) {
    guide$conditionals <- rep(list(guide$conditionals), length(unique(users)))
    names(guide$conditionals) <- unique(users)
  }
  trace <- function(fn, down, up) {
    place <- function(site) unique(places[places == site | users == site])
    if (length(place(down)) == 0L || length(place(up)) == 0L) return(NULL)
    if (length(place(down)) > 1L || length(place(up)) > 1L) {
      stop_reparam(
        sprintf("A function of the guide needs sites in one piece, but %s is not.", quote_names(unique(c(up, down))))
      )
    }
    spec <- function_spec(fn, sum(places == place(up)), sum(places == place(down)), down, up)
    list(down = place(down), up = if (up == down) "" else place(up), spec = spec)
  }
  guide$functions <- list()
  for (site in names(guide$conditionals)) {
    if (!is.function(guide$conditionals[[site]])) next
    guide$functions <- c(guide$functions, list(trace(guide$conditionals[[site]], site, site)))
    guide$conditionals[[site]] <- "function"
  }
  for (site in names(guide$dependencies)) {
    above <- guide$dependencies[[site]]
    for (up in upper_sites(above)[vapply(above, is.function, NA)]) {
      guide$functions <- c(guide$functions, list(trace(above[[up]], site, up)))
    }
    guide$dependencies[[site]] <- upper_sites(above)
  }
  guide$functions <- Filter(Negate(is.null), guide$functions)
  guide
}

has_functions <- function(guide) {
  is.function(guide$conditionals) || any(vapply(guide$conditionals, is.function, NA)) ||
    any(vapply(guide$dependencies, function(above) is.list(above), NA))
}

function_spec <- function(fn, n_in, n_out, down, up) {
  what <- sprintf("The dependency of `%s` on `%s`", down, up)
  if (up == down) what <- sprintf("The conditional of `%s`", down)
  size <- NULL
  run <- function() {
    argument <- draw("argument", dist_normal(rep(0, n_in), 1)) # before fn(), which may not look at it
    value <- fn(argument)
    size <<- length(value)
    record("value", value)
  }
  spec <- model_spec(model(run), list())
  kinds <- vapply(spec$statements, `[[`, "", "kind")
  if (sum(kinds != "param") > 2L) {
    stop_reparam(
      sprintf("%s makes statements; it may only compute from its argument and from `param()`.", what), site = down
    )
  }
  if (size != n_out && (size != 1L || up == down)) {
    stop_reparam(
      sprintf("%s gives %d numbers, but the site has %d unconstrained ones.", what, size, n_out), site = down
    )
  }
  unclass(spec)
}
