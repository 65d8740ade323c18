#' Plot a fit with base graphics
#'
#' The pictures of [autoplot()][autoplot.reparam_fit] without ggplot2.
#'
#' @param x A fit.
#' @param y,... Names of sites.
#' @inheritParams autoplot.reparam_fit
#' @return `x`, invisibly.
#' @section Errors:
#' As for [autoplot()][autoplot.reparam_fit].
#' @examples
#' coin <- model(function(y) {
#'   p ~ beta(1, 1)
#'   y ~ bernoulli(rep(p, 5))
#' })
#' fit <- fit_nuts(coin, list(y = c(1, 1, 0, 1, 1)), chains = 2, seed = 1)
#' plot(fit, "p")
#' plot(fit, "p", type = "trace")
#' @export
plot.reparam_fit <- function(x, y = NULL, ..., type = "auto", probs = c(0.05, 0.95)) {
  check_interval(probs)
  sites <- if (is.null(y)) site_arguments(...) else site_arguments(y, ...)
  fits <- as_fits(x)
  type <- plot_type(type, fits, sites)
  sites <- plot_sites(fits, sites, type)
  draw <- switch(type,
    trajectory = base_trajectory, intervals = base_intervals, density = base_density, trace = base_trace,
    pairs = base_pairs, loss = base_loss
  )
  draw(x, sites, probs)
  invisible(x)
}

base_trajectory <- function(fit, sites, probs) {
  lines <- trajectory_data(fit, sites, probs)
  points <- observation_data(fit, sites)
  colours <- site_colours(sites)
  graphics::plot(range(lines$index), range(lines$lower, lines$upper, points$value, finite = TRUE), type = "n",
                 xlab = "index", ylab = "")
  for (name in sites) {
    part <- lines[lines$site == name, ]
    shade <- grDevices::adjustcolor(colours[[name]], 0.25)
    graphics::polygon(c(part$index, rev(part$index)), c(part$lower, rev(part$upper)), col = shade, border = NA)
    graphics::lines(part$index, part$median, col = colours[[name]], lwd = 2)
  }
  if (!is.null(points)) graphics::points(points$index, points$value, pch = 19, col = colours[points$site])
  graphics::legend("topright", legend = sites, col = colours, lwd = 2, bty = "n")
}

base_intervals <- function(fit, sites, probs) {
  data <- interval_data(fit, sites, probs)
  at <- rev(seq_len(nrow(data)))
  ends <- range(data$lower, data$upper, finite = TRUE)
  graphics::plot(data$median, at, xlim = ends, pch = 19, yaxt = "n", xlab = "", ylab = "")
  graphics::segments(data$lower, at, data$upper, at)
  graphics::axis(2, at, data$variable, las = 1)
}

base_density <- function(fit, sites, probs) {
  in_panels(draw_data(fit, sites), function(part, name) {
    if (stats::var(part$value) > 0) graphics::plot(stats::density(part$value), main = name, xlab = "")
    else graphics::hist(part$value, main = name, xlab = "")
  })
}

base_trace <- function(fit, sites, probs) {
  in_panels(draw_data(fit, sites), function(part, name) {
    values <- matrix(part$value, max(part$iteration))
    graphics::matplot(values, type = "l", lty = 1, main = name, xlab = "iteration", ylab = "",
                      col = grDevices::hcl.colors(ncol(values), "Dark 3"))
  })
}

base_pairs <- function(fit, sites, probs) {
  names <- pair_names(list(fit), sites)
  if (length(names) > 2L) return(base_pair_matrix(fit, sites, names))
  data <- pair_data(fit, sites, names)
  pale <- grDevices::adjustcolor("black", 0.3)
  graphics::plot(data$x, data$y, pch = 20, cex = 0.6, col = pale, xlab = names[1], ylab = names[2])
  graphics::points(data$x[data$divergent], data$y[data$divergent], pch = 19, col = "red")
}

base_pair_matrix <- function(fit, sites, names) {
  x <- as.array(fit, sites)
  values <- matrix(x, ncol = dim(x)[3], dimnames = list(NULL, dimnames(x)$variable))[, names]
  colours <- ifelse(divergent_draws(fit), "red", grDevices::adjustcolor("black", 0.3))
  graphics::pairs(values, pch = 20, cex = 0.5, col = colours, upper.panel = NULL)
}

base_loss <- function(fit, sites, probs) {
  data <- loss_data(fit)
  limits <- loss_limits(cbind(data, fit = "fit"))
  graphics::plot(data$step, data$loss, type = "l", ylim = limits, col = "grey75",
                 xlab = "step", ylab = "loss (negative ELBO)")
  graphics::lines(data$step, data$mean, lwd = 2)
}

# A panel a variable, at most sixteen.
in_panels <- function(data, draw) {
  variables <- unique(data$variable)
  if (length(variables) > 16L) {
    stop_reparam(
      sprintf("%d variables do not fit into one picture.", length(variables)), "Name fewer sites, or plot intervals."
    )
  }
  old <- graphics::par(mfrow = grDevices::n2mfrow(length(variables)))
  on.exit(graphics::par(old))
  for (name in variables) draw(data[data$variable == name, ], name)
}

site_colours <- function(sites) {
  stats::setNames(grDevices::hcl.colors(max(length(sites), 2L), "Dark 3")[seq_along(sites)], sites)
}
