#' Draws of sites
#'
#' @description
#' `draws()` gives the draws of sites as R arrays that keep the shape of the site. [as.array()] binds all variables
#' into one array `[iteration, chain, variable]`, with the variable names of the posterior package (`theta[2,3]`,
#' first index fastest), and [as.data.frame()] into a data frame with a row a draw.
#'
#' A site whose draws were not stored (`keep =` of [fit_nuts()]), or an auxiliary site that a reparameterizer made, is
#' recomputed from the stored coordinates, with the same values bit for bit.
#'
#' @param fit,x A fit by [fit_nuts()] or [fit_svi()].
#' @param ... For `draws()`, names of sites. None: all that are stored.
#' @param sites Names of sites; NULL: all that are stored.
#' @param aux TRUE adds, when no sites are named, the auxiliary sites that reparameterizers made.
#' @return `draws()` of one site: an array `[iteration, chain, dims...]`, `[iteration, chain]` of a scalar; of
#'   several sites, a named list of such arrays. Of a partly observed site the observed elements hold the data.
#'   Values are in the user's scale.
#'
#'   `as.array()`: a double array `[iteration, chain, variable]` with dimnames.
#'
#'   `as.data.frame()`: columns `.chain`, `.iteration`, `.draw` and one for each variable.
#'
#'   A fit by SVI has one chain.
#' @section Errors:
#' A name that no site has; the error lists those that exist.
#' @examples
#' schools <- model(function(sigma, y) {
#'   mu ~ normal(0, 5)
#'   tau ~ half_cauchy(5)
#'   theta[1:8] ~ normal(mu, tau)
#'   y ~ normal(theta, sigma)
#' })
#' data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18), y = c(28, 8, -3, 7, -1, 1, 18, 12))
#' fit <- schools |> reparam(theta = decenter()) |> fit_nuts(data, chains = 2, seed = 1)
#' dim(draws(fit, "theta"))
#' apply(draws(fit, "theta"), 3, mean)
#' str(draws(fit, "mu", "tau"))
#' head(as.data.frame(fit, c("mu", "tau")))
#' @export
draws <- function(fit, ..., aux = FALSE) {
  check_fit(fit)
  asked <- site_arguments(...)
  sites <- choose_sites(fit, asked, aux)
  values <- Map(function(x, name) array(x, c(dim(x)[1:2], site_dim(fit, name))), site_draws(fit, sites), sites)
  if (length(asked) == 1L) values[[1]] else values
}

#' @rdname draws
#' @export
as.array.reparam_fit <- function(x, sites = NULL, aux = FALSE, ...) {
  check_no_dots(...)
  sites <- choose_sites(x, sites, aux)
  parts <- site_draws(x, sites)
  variables <- unlist(lapply(sites, function(name) variable_names(name, site_dim(x, name))))
  size <- fit_size(x)
  # The element is the last dimension, so that binding variables is joining vectors.
  array(
    unlist(parts, use.names = FALSE), c(size, length(variables)),
    list(iteration = seq_len(size[1]), chain = seq_len(size[2]), variable = variables)
  )
}

#' @rdname draws
#' @param row.names Names of sites, too: the second argument of `as.data.frame()` is called so by R.
#' @param optional Ignored.
#' @export
as.data.frame.reparam_fit <- function(x, row.names = NULL, optional = FALSE, ..., sites = row.names, aux = FALSE) {
  check_no_dots(...)
  values <- as.array(x, sites, aux)
  size <- dim(values)
  draw <- data.frame(
    .chain = rep(seq_len(size[2]), each = size[1]), .iteration = rep(seq_len(size[1]), size[2]),
    .draw = seq_len(size[1] * size[2])
  )
  variables <- dimnames(values)$variable
  dim(values) <- c(size[1] * size[2], size[3])
  columns <- lapply(seq_len(size[3]), function(j) values[, j])
  names(columns) <- variables
  cbind(draw, structure(columns, class = "data.frame", row.names = draw$.draw))
}

check_fit <- function(fit) {
  if (!inherits(fit, "reparam_fit")) {
    stop_reparam(sprintf("`fit` must be a fit, not %s.", describe(fit)), "Make one with `fit_nuts()` or `fit_svi()`.")
  }
}

# Named list of arrays [iteration, chain, element]: stored, data, or recomputed.
site_draws <- function(fit, sites) {
  values <- fit$draws[intersect(sites, names(fit$draws))]
  missing <- setdiff(sites, names(values))
  for (name in missing[vapply(missing, function(name) find_site(fit, name)$kind == "observed", NA)]) {
    values[[name]] <- constant_draws(fit, observed_values(fit, name))
  }
  missing <- setdiff(sites, names(values))
  if (length(missing)) values[missing] <- regenerate(fit, missing)[missing]
  values[sites]
}

constant_draws <- function(fit, value) {
  size <- fit_size(fit)
  array(rep(value, each = size[1] * size[2]), c(size, length(value)))
}

# The engine keys random numbers by the number of the chain, so chains that were left out keep their places.
regenerate <- function(fit, sites) {
  control <- fit$control
  control$keep <- sites
  control$coordinates <- fit$unconstrained_names
  control$centering <- engine_centering(fit, if (!is.null(fit$centering)) max(fit$chains))
  chains <- if (is.null(fit$chains)) seq_len(fit_size(fit)[2]) else fit$chains
  coordinates <- fit$unconstrained
  if (!is.null(coordinates)) {
    coordinates <- array(0, c(dim(coordinates)[1], max(chains), dim(coordinates)[3]))
    coordinates[, chains, ] <- fit$unconstrained
  }
  values <- .Call(ffi_generate, fit$spec, control, coordinates)$draws
  lapply(values, function(x) x[, chains, , drop = FALSE])
}
