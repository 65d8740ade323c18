#' Guide with the structure of the posterior
#'
#' A guide that gives each site a family of its own and lets it depend on others: by default multivariate normals within sites and linear
#' dependencies between those that the posterior couples. As rich as [guide_mvn()] where everything depends on everything, but with far
#' fewer parameters for models of many sites.
#'
#' On the unconstrained scale, site `i` is `u_i = loc_i + delta_i`, where `delta_i = S_i L_i a_i` plus, for each site `j` on which it depends, `W_ij
#' delta_j`. The noise `a_i` is standard normal, `S_i` a diagonal of scales and `L_i` unit lower triangular (`"mvn"`) or the identity
#' (`"normal"`); a `"delta"` has no noise of its own. `W` and `L` together are a block-sparse Cholesky factor of the guide's precision matrix.
#'
#' By default the dependencies are those of the model's posterior: sites that stand in one term of the log density (a
#' prior or a likelihood, given the data) are neighbours, and each site depends on its neighbours before it in the model, after the later
#' sites have been eliminated one by one, which makes their neighbours neighbours of each other. A normal posterior is then in the family.
#'
#' @inheritParams guides
#' @param conditionals How each site is distributed given those on which it depends: `"mvn"`, `"normal"` or `"delta"`, one for all, or a
#'   list by names of sites, such as `list(tau = "normal")`; the others are `"mvn"`.
#' @param dependencies NULL: as the posterior has them. Or a list `site = c("other", "another")` of the sites on which each depends; those
#'   not in the list depend on none. `list()`: no dependencies.
#' @return An object of class `reparam_guide`, for use in [fit_svi()] and [guide_list()]. `fit$blocks` of the fit says which sites depend
#'   on which.
#' @section Errors: Conditionals of unknown kind; names that the model does not have; dependencies that go round in a circle.
#' @seealso [reparam_structured()], which samples in the coordinates of such a guide.
#' @references The idea is that of Pyro's `AutoStructured` (Bingham et al. 2019, Pyro: Deep Universal Probabilistic Programming, Journal of
#'   Machine Learning Research 20).
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
#' @export
guide_structured <- function(..., conditionals = NULL, dependencies = NULL, init_scale = 0.1) {
  new_guide(
    "structured", guide_sites(...), init_scale, conditionals = check_conditionals(conditionals),
    dependencies = check_dependencies(dependencies)
  )
}

check_conditionals <- function(x) {
  if (is.null(x)) return(NULL)
  entries <- if (is.null(names(x)) && length(x) == 1L) list(x) else named_settings(x, "conditionals", "list(tau = \"normal\")")
  for (entry in entries) {
    if (!is.character(entry) || length(entry) != 1L || !entry %in% c("delta", "normal", "mvn")) {
      stop_reparam(sprintf("A conditional must be \"delta\", \"normal\" or \"mvn\", not %s.", describe(entry)))
    }
  }
  if (is.null(names(entries))) x else entries
}

check_dependencies <- function(x) {
  if (is.null(x)) return(NULL)
  entries <- named_settings(x, "dependencies", "list(theta = c(\"mu\", \"tau\"))")
  for (name in names(entries)) {
    above <- entries[[name]]
    if (is.list(above) && all(vapply(above, identical, NA, "linear"))) above <- as.character(names(above))
    if (!is.character(above) || anyNA(above)) {
      stop_reparam(sprintf("`%s` must depend on names of sites, not on %s.", name, describe(above)), site = name)
    }
    if (name %in% above) stop_reparam(sprintf("`%s` cannot depend on itself.", name), site = name)
    entries[[name]] <- above
  }
  entries
}

named_settings <- function(x, what, example) {
  entries <- as.list(x)
  if (!is.vector(x) || (length(x) && (is.null(names(x)) || !all(nzchar(names(x))) || anyDuplicated(names(x))))) {
    stop_reparam(sprintf("`%s` must be a list with names of sites, not %s.", what, describe(x)), sprintf("Write `%s`.", example))
  }
  entries
}

# Names that its settings mention, to be compared with those that the model has.
structured_mentions <- function(guide) {
  if (guide$kind != "structured") return(character())
  c(names(guide$conditionals), names(guide$dependencies), unlist(guide$dependencies))
}

has_structure <- function(guide) any(guide_kinds(guide) == "structured")
