#' The centering that a fit has chosen
#'
#' A hierarchical site such as `theta[1:8] ~ normal(mu, tau)` can be sampled as it stands (centered), as standard noise
#' (decentered), or anywhere between. With `reparam = "auto"`, the default of [fit_nuts()], warm-up chooses for each
#' element: element x of a family with location m and scale s is sampled as z with
#' `x = m + (s / s0)^(1 - c) * (z - c * m)`. The degree of centering c is 0 where the data say little about x beside
#' its prior and 1 where they say all; s0 is the typical scale in warm-up, so that c does not depend on units. Draws
#' are of x all the same.
#'
#' c is the regression slope of the likelihood's score on the total score of x over the draws of a window of warm-up,
#' which estimates the share of the data in the information about x. It starts at 0.5 and is frozen before sampling
#' begins.
#'
#' Where the scale may be close to 0, c is held so low that z has no neck either, unless the data rule x down to the
#' smallest scales that warm-up has seen.
#'
#' [fit_svi()] learns c of each element of a site with `reparam_loc_scale()` (or of all, with `reparam = "auto"`)
#' together with its guide, with s0 = 1.
#'
#' # Fixing it
#'
#' A table made by `centering()` is a value for `reparam` of [fit_nuts()]:
#' `fit_nuts(model, data, reparam = centering(fit))` samples with these c and s0 from the beginning, each chain with
#' its own when there are as many chains as in the table, else all with their means over chains (geometric for s0). The
#' table may come from a fit by [fit_svi()] (Gorinova, Moore and Hoffman 2020, "Automatic reparameterisation of
#' probabilistic programs", ICML); warm-up usually finds a better one, see the vignette.
#'
#' @param fit A fit by [fit_nuts()] or [fit_svi()].
#' @return A data frame of class `reparam_centering` with columns `site` and `element` (position in the site, first
#'   index fastest), `c`, `s0` and `chain`, a row for each adapted element and chain; no rows when nothing was
#'   adapted: because no latent site has a location or scale that depends on other latents, or because the centering
#'   was given as a number.
#' @section Errors:
#' `centering()` of anything but a fit; the plot of a table without rows.
#' @seealso [reparam_loc_scale()] to choose by hand; `vignette("centering")`.
#' @examples
#' schools <- model(function(sigma, y) {
#'   mu ~ normal(0, 5)
#'   tau ~ half_cauchy(5)
#'   theta[1:8] ~ normal(mu, tau)
#'   y ~ normal(theta, sigma)
#' })
#' data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18) / 10, y = c(28, 8, -3, 7, -1, 1, 18, 12))
#' fit <- fit_nuts(schools, data, chains = 2, seed = 1)
#' head(centering(fit))
#' plot(centering(fit))
#' again <- fit_nuts(schools, data, chains = 2, seed = 2, reparam = centering(fit))
#' @export
centering <- function(fit) {
  check_fit(fit)
  chosen <- if (inherits(fit, "reparam_svi")) learned_centering(fit) else fit$centering
  n <- length(chosen$site)
  chains <- if (n) if (is.null(fit$chains)) 1L else if (is.null(fit$seeds)) fit$chains else seq_along(fit$chains)
  table <- data.frame(
    site = rep(as.character(chosen$site), length(chains)), element = rep(as.integer(chosen$element), length(chains)),
    c = as.double(chosen$c), s0 = as.double(chosen$s0), chain = rep(as.integer(chains), each = n)
  )
  class(table) <- c("reparam_centering", "data.frame")
  table
}

# What fit_svi() has learned, in the form of a fit by fit_nuts(): s0 is 1, as Pyro's formula has it.
learned_centering <- function(fit) {
  sites <- Filter(function(site) identical(site$kind, "param") && isTRUE(site$auxiliary), fit$sites)
  names <- vapply(sites, `[[`, "", "name")
  if (!length(names)) return(NULL)
  values <- lapply(site_draws(fit, names)[names], function(x) x[1L, 1L, ])
  drawn <- lapply(values, function(c) which(!is.nan(c)))
  c <- unlist(Map(`[`, values, drawn), use.names = FALSE)
  site <- rep(vapply(sites, `[[`, "", "original"), lengths(drawn))
  list(site = site, element = unlist(drawn, use.names = FALSE), c = c, s0 = rep(1, length(c)))
}

#' @rdname centering
#' @param x A table made by `centering()`.
#' @param ... Arguments of [graphics::plot()].
#' @export
plot.reparam_centering <- function(x, ...) {
  if (!nrow(x)) stop_reparam("Nothing was adapted in this fit, so there is nothing to plot.")
  elements <- paste(x$site, x$element, sep = "\r")
  at <- match(elements, unique(elements))
  sites <- unique(x$site)
  colours <- site_colours(sites)
  settings <- list(
    x = at, y = x$c, ylim = c(0, 1), col = colours[x$site], pch = 19, xlab = "element",
    ylab = "c (0 decentered, 1 centered)"
  )
  given <- list(...)
  settings[names(given)] <- given
  do.call(graphics::plot, settings)
  graphics::legend("bottomright", legend = sites, col = colours, pch = 19, bty = "n")
  invisible(x)
}

# What `reparam` of fit_nuts() says: the strategy, and the centering as the engine takes it (TRUE: adapted).
as_strategy <- function(reparam) {
  if (inherits(reparam, "reparam_centering")) reparam_auto() else reparam
}

centering_control <- function(reparam, chains) {
  if (!inherits(reparam, "reparam_centering")) return(TRUE)
  check_centering(reparam)
  key <- paste(reparam$site, reparam$element, sep = "\r")
  first <- !duplicated(key)
  numbers <- sort(unique(reparam$chain))
  places <- cbind(match(key, key[first]), match(reparam$chain, numbers))
  spread <- function(value) {
    values <- matrix(NA_real_, sum(first), length(numbers))
    values[places] <- value
    if (anyNA(values)) stop_reparam("The centering's table does not have every element in every chain.")
    if (length(numbers) == chains) values else matrix(rowMeans(values))
  }
  list(
    site = as.character(reparam$site[first]), element = as.integer(reparam$element[first]), c = spread(reparam$c),
    s0 = exp(spread(log(reparam$s0)))
  )
}

check_centering <- function(table) {
  columns <- c("site", "element", "c", "s0", "chain")
  if (!all(columns %in% names(table)) || !nrow(table)) {
    stop_reparam("`reparam` is a table of centering without rows or columns that it needs.",
                 sprintf("Its columns are %s; `centering(fit)` makes it.", quote_names(columns)))
  }
  good <- is.finite(table$c) & table$c >= 0 & table$c <= 1 & is.finite(table$s0) & table$s0 > 0
  if (!all(good)) {
    text <- "Row %d of the centering's table has a c outside 0 to 1 or an s0 that is not positive."
    stop_reparam(sprintf(text, which(!good)[1]))
  }
}

# The centering of a fit for the engine.
engine_centering <- function(fit) {
  if (is.null(fit$centering)) fit$control$centering else fit$centering
}

# Of some chains; one without columns of its own for each chain is that of all.
centering_of <- function(centering, chains) {
  if (ncol(centering$c) > 1L) {
    centering$c <- centering$c[, chains, drop = FALSE]
    centering$s0 <- centering$s0[, chains, drop = FALSE]
  }
  centering
}

print_centering <- function(fit) {
  table <- centering(fit)
  if (!nrow(table)) return(invisible())
  fixed <- is.list(fit$control$centering)
  n <- nrow(table) / length(unique(table$chain))
  range <- formatC(range(table$c), digits = 2L, format = "f")
  cat("\n")
  cat_wrapped(sprintf(
    "Centering %s for %s of %s: c %s; see centering(fit).", if (fixed) "as given" else "chosen in warm-up",
    count(n, "element"), quote_names(unique(table$site)), paste(unique(range), collapse = " to ")
  ))
}
