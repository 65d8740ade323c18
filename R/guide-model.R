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
#' The guide must draw every latent site of the model on which the data bear, and none that the model has not. Sites may
#' depend on each other, on the data (arguments of the same names as the model's) and on all parameters; recorded
#' quantities are the model's. Handlers of the guide act as in any model. Reparameterizations, of the guide or of the
#' model, change nothing: both speak of the user's sites.
#'
#' `fit$unconstrained` holds values of the sites, not unconstrained coordinates; `guide_params(fit)` gives the learned
#' parameters. Such a fit cannot be given to [reparam_neutra()].
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
  if (!inherits(fit, "reparam_svi") || !identical(fit$control$guide$kind, "model")) {
    stop_reparam("`guide_params()` takes a fit by `fit_svi()` with a guide that is a model.")
  }
  spec <- fit$control$guide$spec
  table <- .Call(ffi_model_table, spec, list(prior = 0, sampled = TRUE, prune = FALSE, seed = 0))
  names <- vapply(Filter(function(site) site$kind == "param", table$sites), `[[`, "", "name")
  if (!length(names)) return(list())
  control <- list(sampled = TRUE, prune = FALSE, coordinates = table$unconstrained_names, keep = names, seed = 0)
  at <- fit$params[seq_along(table$unconstrained_names)]
  values <- .Call(ffi_generate, spec, control, array(at, c(1L, 1L, length(at))))$draws[names]
  Map(function(value, name) {
    dims <- site_dim(table, name)
    if (length(dims) > 1L) array(value, dims) else as.vector(value)
  }, values, names)
}

# The guide is given those data that it has arguments for.
model_guide <- function(guide, data) {
  guide <- as_model(guide)
  known <- names(formals(guide$fn))
  data <- if (is.null(data)) list() else data
  if (!"..." %in% known) data <- data[intersect(names(data), known)]
  structure(list(kind = "model", spec = unclass(model_spec(guide, data))), class = "reparam_guide")
}

# With such a guide the model's coordinates are the values of its sites, of which the guide's are all inferred.
natural_control <- function(guide) {
  if (!identical(guide$kind, "model")) return(NULL)
  drawn <- Filter(function(s) s$kind == "draw", guide$spec$statements)
  list(natural = TRUE, always = unique(vapply(drawn, `[[`, "", "name")))
}
