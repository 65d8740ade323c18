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
#' @param inc_warmup TRUE puts the draws of warm-up, which [fit_nuts()] keeps with `save_warmup = TRUE`, before the
#'   others. [summary()][summary.reparam_fit] and the diagnostics never use them.
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
draws <- function(fit, ..., aux = FALSE, inc_warmup = FALSE) {
  check_fit(fit)
  asked <- site_arguments(...)
  sites <- choose_sites(fit, asked, aux)
  parts <- site_draws(fit, sites, inc_warmup)
  values <- Map(function(x, name) array(x, c(dim(x)[1:2], site_dim(fit, name))), parts, sites)
  if (length(asked) == 1L) values[[1]] else values
}

#' @rdname draws
#' @export
as.array.reparam_fit <- function(x, sites = NULL, aux = FALSE, inc_warmup = FALSE, ...) {
  check_no_dots(...)
  sites <- choose_sites(x, sites, aux)
  parts <- site_draws(x, sites, inc_warmup)
  variables <- unlist(lapply(sites, function(name) variable_names(name, site_dim(x, name))))
  size <- fit_size(x)
  if (inc_warmup) size[1] <- size[1] + n_warmup_draws(x)
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
site_draws <- function(fit, sites, inc_warmup = FALSE) {
  if (check_flag(inc_warmup, "inc_warmup")) {
    return(Map(bind_iterations, site_draws(warmup_of(fit), sites), site_draws(fit, sites)))
  }
  values <- fit$draws[intersect(sites, names(fit$draws))]
  missing <- setdiff(sites, names(values))
  for (name in missing[vapply(missing, function(name) find_site(fit, name)$kind == "observed", NA)]) {
    known <- observed_values(fit, name)
    if (!anyNA(known)) values[[name]] <- constant_draws(fit, known)
  }
  missing <- setdiff(sites, names(values))
  if (length(missing)) values[missing] <- regenerate(fit, missing)[missing]
  values[sites]
}

# The draws of warm-up as a fit. They are recomputed, with random numbers of their own where a site is drawn
# ancestrally.
warmup_of <- function(fit) {
  if (is.null(fit$warmup)) {
    stop_reparam("The draws of warm-up were not kept.", "Fit with `save_warmup = TRUE`.")
  }
  fit$unconstrained <- fit$warmup$unconstrained
  fit$draws <- list()
  fit$first_draw <- 2^40
  fit
}

n_warmup_draws <- function(fit) dim(fit$warmup$unconstrained)[1]

bind_iterations <- function(first, second) {
  size <- dim(first)
  n <- size[1] + dim(second)[1]
  bound <- array(NA_real_, c(n, size[-1]))
  bound[seq_len(size[1]), , ] <- first
  bound[size[1] + seq_len(dim(second)[1]), , ] <- second
  bound
}

constant_draws <- function(fit, value) {
  size <- fit_size(fit)
  array(rep(value, each = size[1] * size[2]), c(size, length(value)))
}

# The engine keys random numbers by the seed and the number of the chain, of which fits that were combined have several.
regenerate <- function(fit, sites) {
  control <- fit$control
  control[c("init", "past")] <- NULL
  control$keep <- sites
  control$coordinates <- fit$unconstrained_names
  control$centering <- engine_centering(fit)
  control$first_draw <- fit$first_draw
  if (is.null(fit$unconstrained)) return(.Call(ffi_generate, fit$spec, control, NULL)$draws)
  seeds <- if (is.null(fit$seeds)) rep(control$seed, dim(fit$unconstrained)[2]) else fit$seeds
  parts <- lapply(unique(seeds), function(seed) {
    places <- which(seeds == seed)
    control$seed <- seed
    control$numbers <- fit$chains[places]
    if (!is.null(fit$centering)) control$centering <- centering_of(fit$centering, places)
    .Call(ffi_generate, fit$spec, control, fit$unconstrained[, places, , drop = FALSE])$draws
  })
  order <- order(unlist(lapply(unique(seeds), function(seed) which(seeds == seed))))
  if (length(parts) == 1L) return(parts[[1]])
  lapply(stats::setNames(nm = names(parts[[1]])), function(name) {
    bind_chains(lapply(parts, `[[`, name))[, order, , drop = FALSE]
  })
}

# Arrays [iteration, chain, ...] side by side; shorter ones end in NA.
bind_chains <- function(arrays) {
  size <- dim(arrays[[1]])
  rows <- vapply(arrays, nrow, 0L)
  size[1] <- max(rows)
  n_chains <- vapply(arrays, function(x) dim(x)[2], 0L)
  bound <- array(NA_real_, c(size[1], sum(n_chains), prod(size[-(1:2)])))
  last <- cumsum(n_chains)
  for (k in seq_along(arrays)) {
    bound[seq_len(rows[k]), (last[k] - n_chains[k] + 1L):last[k], ] <- arrays[[k]]
  }
  array(bound, c(size[1], sum(n_chains), size[-(1:2)]))
}
