#' Guides written as models
#'
#' A guide for [fit_svi()] may be a function like the model's own: its [param()] statements are what is learned, and it
#' draws sites of the same names as the model's latent sites, which is how the two are matched.
#'
#' The objective is the evidence lower bound `E_q[log p(x) - log q(x)]`, on the scale of the sites themselves, with
#' gradients that go through the draws. So each draw must be a differentiable function of the parameters and of standard
#' noise: families with location and scale (normal, Cauchy, Laplace, logistic, Student's t with a given number of
#' degrees of freedom, ...), what transforms make of them (lognormal), families with a quantile function (exponential,
#' gamma, beta, Weibull, uniform, half-normal, ...), multivariate normals. A draw from another family, such as a
#' mixture, is allowed as long as its arguments do not depend on parameters or other sites. `dist_delta()` of a
#' parameter makes a point.
#'
#' The guide must draw every latent site of the model on which the data bear, and none that the model has not; as a part
#' of [guide_list()], those that no other part takes, which are independent of them. Sites may
#' depend on each other, on the data (arguments of the same names as the model's) and on all parameters; recorded
#' quantities are the model's. Handlers of the guide act as in any model. Reparameterizations, of the guide or of the
#' model, change nothing: both speak of the user's sites.
#'
#' `fit$unconstrained` holds values of the sites, not unconstrained coordinates; `guide_params(fit)` gives the learned
#' parameters, of all parts one after the other. Such a fit cannot be given to [reparam_neutra()].
#'
#' @param fit A fit by [fit_svi()] with a guide that is a model.
#' @return A named list of the values of the guide's parameters.
#' @section Errors: A latent site that the guide does not draw, a site that the model does not have or of another size;
#'   a site that the guide observes; a draw that cannot be differentiated, named by its site.
#' @references Kingma and Welling (2014). Auto-Encoding Variational Bayes. ICLR.
#' @examples
#' coin <- model(function(y) {
#'   p ~ beta(2, 2)
#'   y ~ bernoulli(rep(p, length(y)))
#' })
#' guide <- function() {
#'   a <- param("a", 1, "positive")
#'   b <- param("b", 1, "positive")
#'   p ~ beta(a, b)
#' }
#' fit <- fit_svi(coin, list(y = c(1, 1, 0, 1, 1)), guide, seed = 1)
#' # the posterior is beta(6, 3)
#' guide_params(fit)
#' @export
guide_params <- function(fit) {
  if (!inherits(fit, "reparam_svi") || !"model" %in% guide_kinds(fit$control$guide)) {
    stop_reparam("`guide_params()` takes a fit by `fit_svi()` with a guide that is a model.")
  }
  sizes <- vapply(fit$blocks, `[[`, 0, "parameters")
  own <- which(vapply(fit$blocks, `[[`, "", "kind") == "model")
  first <- cumsum(sizes) - sizes
  specs <- lapply(Filter(function(part) part$kind == "model", guide_parts(fit$control$guide)), `[[`, "spec")
  unlist(Map(function(spec, block) learned_values(spec, fit$params[first[block] + seq_len(sizes[block])]), specs, own),
         recursive = FALSE)
}

learned_values <- function(spec, params) {
  table <- .Call(ffi_model_table, spec, list(prior = 0, sampled = TRUE, prune = FALSE, seed = 0))
  names <- vapply(Filter(function(site) site$kind == "param", table$sites), `[[`, "", "name")
  if (!length(names)) return(list())
  control <- list(sampled = TRUE, prune = FALSE, coordinates = table$unconstrained_names, keep = names, seed = 0)
  values <- .Call(ffi_generate, spec, control, array(params, c(1L, 1L, length(params))))$draws[names]
  Map(function(value, name) {
    dims <- site_dim(table, name)
    if (length(dims) > 1L) array(value, dims) else as.vector(value)
  }, values, names)
}

# A guide that is a model, before the data are known.
own_guide <- function(guide) structure(list(kind = "model", model = as_model(guide)), class = "reparam_guide")

guide_parts <- function(guide) if (guide$kind == "list") guide$parts else list(guide)

# Guides that are models run with the data; anything else is returned as it is.
run_own_guides <- function(guide, data) {
  if (is.function(guide) || inherits(guide, "reparam_model")) guide <- own_guide(guide)
  if (!inherits(guide, "reparam_guide")) return(guide)
  if (guide$kind == "list") {
    guide$parts <- lapply(guide$parts, run_own_guides, data)
    check_disjoint(guide$parts)
  } else if (guide$kind == "model") {
    guide <- run_own_guide(guide$model, data)
  }
  guide
}

# The guide is given those data that it has arguments for, and is for the sites that it draws.
run_own_guide <- function(guide, data) {
  known <- names(formals(guide$fn))
  data <- if (is.null(data)) list() else data
  if (!"..." %in% known) data <- data[intersect(names(data), known)]
  spec <- unclass(model_spec(guide, data))
  drawn <- Filter(function(s) s$kind == "draw", spec$statements)
  sites <- as.character(unique(vapply(drawn, `[[`, "", "name")))
  structure(list(kind = "model", sites = sites, spec = spec), class = "reparam_guide")
}

# Of sites that such a guide draws the model's coordinates are their values, and all are inferred.
natural_control <- function(guide) {
  own <- Filter(function(part) part$kind == "model", guide_parts(guide))
  if (!length(own)) return(NULL)
  sites <- as.character(unlist(lapply(own, `[[`, "sites")))
  list(natural = if (guide$kind == "model") TRUE else sites, always = sites)
}
