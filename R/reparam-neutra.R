#' Reparameterize by a trained guide: NeuTra
#'
#' A guide that [fit_svi()] has fitted is a map from standard normal noise to something like the posterior.
#' `reparam_neutra()` samples in the coordinates of that noise, where the posterior looks like a standard normal as far
#' as the guide is good: funnels open, bananas straighten, scales and correlations go away. The model and its posterior
#' stay the same, however bad the guide is.
#'
#' With `z` the noise, `u = T(z)` the guide's map to the unconstrained coordinates of all its sites, and `x = b(u)`
#' their values, the log density of `z` is `log p(x) + log|dx/du| + log|det dT/dz|`. One auxiliary site
#' `<prefix>_shared_latent` stands for all sites of the guide; the guide's parameters are plain numbers in the spec.
#'
#' Every site of the guide must be latent in the model and reparameterized by the same object: `reparam(model, neutra)`
#' does that. Sites that the guide did not cover (those that carried no information, see `prune` of [fit_svi()]) are
#' left alone, and so are observed sites. Draws from the prior are drawn from the sites' own distributions. Starting
#' values are inverted, except through a [guide_iaf()] of more than 64 coordinates, with a warning.
#'
#' Guides that serve: [guide_normal()], [guide_mvn()], [guide_lowrank()] (by the Cholesky factor of its covariance),
#' [guide_laplace()], [guide_iaf()], [guide_coupling()], [guide_structured()] without points, and lists of these.
#'
#' @param fit A fit by [fit_svi()], of the model with the same `reparam` handlers, if any.
#' @param prefix The beginning of the auxiliary site's name.
#' @return `reparam_neutra()`: a reparameterizer, for use in [reparam()]. `transform_sample()`: a named list of the
#'   values of the guide's sites. `transform_samples()`: a named list of arrays `[iteration, chain, dims...]`.
#' @section Errors: A fit whose guide is not one-to-one in its noise (points, `guide_delta()`); something that is no fit
#'   by `fit_svi()`; when the model is used, a site of the guide that the model does not have, or whose value is set.
#' @references Hoffman, Sountsov, Dillon, Langmore, Tran and Vasudevan (2019). NeuTra-lizing Bad Geometry in Hamiltonian
#'   Monte Carlo Using Neural Transport. arXiv 1903.03704.
#' @examples
#' funnel <- model(function() {
#'   y ~ normal(0, 3)
#'   x[1:3] ~ normal(0, exp(y / 2))
#' })
#' guide <- guide_iaf(num_flows = 1)
#' vi <- fit_svi(funnel, guide = guide, steps = 3000, prune = FALSE, reparam = "none", seed = 1)
#' neutra <- reparam_neutra(vi)
#' fit <- fit_nuts(reparam(funnel, neutra), chains = 1, prune = FALSE, seed = 1)
#' range(draws(fit, "y"))
#'
#' # by hand
#' transform_sample(neutra, c(-1, 0, 0, 0))
#' z <- draws(fit, "auto_shared_latent")
#' dim(transform_samples(neutra, z, save_params = "x")$x)
#' @export
reparam_neutra <- function(fit, prefix = "auto") {
  check_trained(fit, "reparam_neutra()")
  if (!is.character(prefix) || length(prefix) != 1L || is.na(prefix) || !nzchar(prefix)) {
    stop_reparam(sprintf("`prefix` must be one text, not %s.", describe(prefix)))
  }
  new_trained("neutra", fit, prefix)
}

#' @rdname reparam_neutra
#' @param reparam A reparameterizer made by `reparam_neutra()` or [reparam_structured()].
#' @param latent The noise: one number for each coordinate. For `reparam_structured()`, a named list of the values of
#'   its `<site>_aux` will do as well.
#' @export
transform_sample <- function(reparam, latent) {
  check_is_trained(reparam)
  latent <- trained_noise(reparam, latent, "latent")
  if (length(dim(latent)) > 1L || length(latent) != trained_size(reparam)) {
    stop_reparam(sprintf("`latent` must be %d numbers, not %s.", trained_size(reparam), describe(latent)))
  }
  values <- trained_values(reparam, array(as.double(latent), c(1L, 1L, length(latent))), NULL)
  lapply(values, function(x) if (length(dim(x)) > 3L) array(x, dim(x)[-(1:2)]) else as.vector(x))
}

#' @rdname reparam_neutra
#' @param draws Draws of the noise: a matrix with a row a draw, an array `[iteration, chain, coordinate]`, or a fit by
#'   [fit_nuts()] of the reparameterized model.
#' @param save_params Names of the sites to compute; NULL: all sites of the guide. Others are not computed, which is
#'   what makes models with large nuisance variables bearable.
#' @export
transform_samples <- function(reparam, draws, save_params = NULL) {
  check_is_trained(reparam)
  save_params <- check_sites(save_params, "save_params")
  draws <- trained_noise(reparam, draws, "draws")
  given <- dim(draws)
  if (is.matrix(draws)) draws <- array(draws, c(nrow(draws), 1L, ncol(draws)))
  if (!is.numeric(draws) || length(dim(draws)) != 3L || dim(draws)[3] != trained_size(reparam)) {
    stop_reparam(
      sprintf("`draws` must have %d coordinates in their last dim, but their dims are %s.", trained_size(reparam),
              paste(if (is.null(given)) length(draws) else given, collapse = ", ")),
      "Give `draws(fit, \"auto_shared_latent\")`, for example."
    )
  }
  storage.mode(draws) <- "double"
  trained_values(reparam, draws, save_params)
}

# ---- what neutra and structured have in common ----

# The trained map, as plain numbers, and where it came from, which stays out of specs.
new_trained <- function(kind, fit, prefix = NULL) {
  if (any(vapply(fit$blocks, function(block) isTRUE(block$structure$functions), NA))) {
    stop_reparam(
      sprintf("`reparam_%s()` cannot use a guide with functions as conditionals or dependencies.", kind),
      "Use \"mvn\" and \"linear\" ones, or `guide_iaf()` with `reparam_neutra()`."
    )
  }
  coordinates <- fit$unconstrained_names
  sites <- unique(sub("\\[[0-9,]*\\]$", "", coordinates))
  made <- new_reparameterizer(
    kind, prefix = prefix, blocks = fit$blocks, params = as.double(fit$params), coordinates = coordinates,
    sites = sites, source = fit[c("spec", "control", "sites")]
  )
  .Call(ffi_model_table, trained_spec(made), trained_control(made)) # an error if the guide has no such map
  made
}

check_trained <- function(fit, what, guide = "guide_iaf()") {
  if (inherits(fit, "reparam_svi")) {
    if (!length(fit$unconstrained_names)) {
      stop_reparam(sprintf("`%s` needs a guide with coordinates, but all sites of this fit are drawn directly.", what),
                   "Fit it with `prune = FALSE`.")
    }
    if ("model" %in% guide_kinds(fit$control$guide)) {
      stop_reparam(
        sprintf("`%s` needs a guide that is a map of noise, not a model.", what), "Use `guide_iaf()`, for example."
      )
    }
    points <- Filter(function(block) block$kind == "delta", fit$blocks)
    if (length(points)) {
      stop_reparam(
        sprintf("`%s` needs a guide that is a map of noise, but %s is a point.", what,
                quote_names(fit$unconstrained_names[unlist(lapply(points, `[[`, "index"))])),
        "Use `guide_iaf()` or `guide_mvn()`, for example."
      )
    }
    return(invisible())
  }
  stop_reparam(sprintf("`%s` takes a fit by `fit_svi()`, not %s.", what, describe(fit)),
               sprintf("Fit a guide first, for example `fit_svi(model, data, %s)`.", guide))
}

is_trained <- function(x) {
  inherits(x, "reparam_reparam") && x$kind %in% c("neutra", "structured")
}

check_is_trained <- function(x) {
  if (is_trained(x)) return(invisible())
  stop_reparam(sprintf("`reparam` must be made by `reparam_neutra()` or `reparam_structured()`, not %s.", describe(x)))
}

# An entry for each of its sites, the auxiliary ones of other reparameterizers included.
trained_config <- function(x) {
  stats::setNames(rep(list(x), length(x$sites)), x$sites)
}

plain_trained <- function(x) {
  unclass(x)[setdiff(names(x), c("source", "sites"))]
}

trained_text <- function(x) {
  kinds <- unique(vapply(x$blocks, `[[`, "", "kind"))
  n <- length(x$coordinates)
  sprintf("%s, %d coordinate%s", paste0("guide_", kinds, collapse = ", "), n, if (n == 1L) "" else "s")
}

trained_spec <- function(x) {
  spec <- x$source$spec
  config <- lapply(trained_config(x), plain_trained)
  spec$handlers <- c(spec$handlers, list(list(kind = "reparam", config = config)))
  spec
}

trained_control <- function(x) {
  control <- x$source$control[c("reparam", "centered", "prune", "seed", "isa")]
  c(list(prior = 0), control[!vapply(control, is.null, NA)])
}

# The sites that users know, of which the guide covers the coordinates.
trained_sites <- function(x) {
  of <- function(field) vapply(x$source$sites, function(site) as.character(site[[field]]), "")
  unique(of("original")[of("name") %in% x$sites])
}

trained_size <- function(x) length(trained_names(x))

# Names of the noise's coordinates, in the order of the guide.
trained_names <- function(x) {
  if (x$kind == "structured") return(structured_names(x))
  n <- length(x$coordinates)
  name <- paste0(x$prefix, "_shared_latent")
  if (n == 1L) name else sprintf("%s[%d]", name, seq_len(n))
}

trained_noise <- function(x, given, what) {
  names <- trained_names(x)
  if (inherits(given, "reparam_fit")) {
    found <- match(names, given$unconstrained_names)
    if (anyNA(found)) stop_reparam(sprintf("The fit has no draws of `%s`.", names[is.na(found)][1]))
    return(given$unconstrained[, , found, drop = FALSE])
  }
  if (is.list(given) && !is.data.frame(given) && length(given)) {
    sites <- unique(sub("\\[[0-9,]*\\]$", "", names))
    if (!setequal(names(given), sites)) {
      stop_reparam(sprintf("`%s` must have an element for each of %s.", what, quote_names(sites)))
    }
    given <- given[sites]
    rank <- unique(vapply(given, function(value) length(dim(value)), 0L))
    if (what == "latent" || identical(rank, 0L)) return(unlist(given, use.names = FALSE))
    if (identical(rank, 3L)) {
      widths <- vapply(given, function(value) dim(value)[3], 0L)
      return(array(unlist(given, use.names = FALSE), c(dim(given[[1]])[1:2], sum(widths))))
    }
  }
  if (!is.numeric(given) || anyNA(given)) stop_reparam(sprintf("`%s` must be numbers, not %s.", what, describe(given)))
  given
}

trained_values <- function(x, noise, sites) {
  known <- trained_sites(x)
  unknown <- setdiff(sites, vapply(x$source$sites, `[[`, "", "name"))
  if (length(unknown)) {
    stop_reparam(
      sprintf("The model has no site %s.", quote_names(unknown)),
      sprintf("The guide's are %s.", quote_names(known, 20L))
    )
  }
  if (is.null(sites)) sites <- known
  control <- c(trained_control(x), list(coordinates = trained_names(x), keep = sites))
  values <- .Call(ffi_generate, trained_spec(x), control, noise)$draws[sites]
  Map(function(value, name) array(value, c(dim(value)[1:2], site_dim(x$source, name))), values, sites)
}
