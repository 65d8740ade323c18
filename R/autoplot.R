#' Plot a fit with ggplot2
#'
#' A ggplot object, to which scales, themes and layers can be added. A named list of fits gives a panel a fit, with
#' shared axes.
#'
#' @param object A fit, or a named list of fits.
#' @param ... Names of sites.
#' @param type `"trajectory"`: median and interval of arrays along their index, a colour a site, observations as points.
#'   `"intervals"`: median and interval of each variable. `"density"`, `"trace"`: of each variable, the first sixteen at
#'   most (traces of several fits: eight). `"pairs"`: draws of each pair of variables, the first six at most, divergent
#'   draws in red. `"loss"`: the loss of a fit by SVI, its first steps cut off. `"auto"` chooses by the sites.
#' @param probs The two ends of the intervals, as probabilities.
#' @return A ggplot object. A caption says when variables are left out.
#' @section Errors:
#' Names that no site has, values that are no names; `"pairs"` of fewer than two variables; `"trajectory"` of sites that
#' are single numbers; `"loss"` of a fit that is not by [fit_svi()]; a list that holds anything but fits, two of the same
#' name, or fits without a site in common.
#' @details The methods are registered when ggplot2 is loaded; without it, use [plot()][plot.reparam_fit].
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE)
#' walk <- model(function(n, y = NULL) {
#'   x <- numeric(n)
#'   x[1] ~ normal(0, 1)
#'   for (t in 2:n) x[t] ~ normal(x[t - 1], 0.3)
#'   y ~ normal(x, 0.5)
#' })
#' y <- c(0.1, NA, 0.4, 0.9, NA, 1.5, 1.2)
#' fit <- fit_nuts(walk, list(n = 7, y = y), chains = 2, seed = 1)
#' ggplot2::autoplot(fit, "x", "y")
#' @name autoplot.reparam_fit
NULL

# The pronoun by which ggplot2's aes() names a column.
utils::globalVariables(".data")

autoplot.reparam_fit <- function(object, ..., type = "auto", probs = c(0.05, 0.95)) {
  autoplot_fits(as_fits(object), site_arguments(...), type, probs)
}

# Other lists are none of our business.
autoplot.list <- function(object, ...) {
  if (length(object) && inherits(object[[1]], "reparam_fit")) return(autoplot.reparam_fit(object, ...))
  NextMethod()
}

autoplot_fits <- function(fits, sites, type, probs) {
  check_interval(probs)
  type <- plot_type(type, fits, sites)
  sites <- plot_sites(fits, sites, type)
  draw <- switch(type,
    trajectory = ggplot_trajectory, intervals = ggplot_intervals, density = ggplot_density, trace = ggplot_trace,
    pairs = ggplot_pairs, loss = ggplot_loss
  )
  draw(fits, sites, probs)
}

# An observed site lies on what it measures, so that its median is dashed and comes last. The blank layer shows all sites
# to the scale of colours, which would sort those that come layer by layer, unlike the fills.
ggplot_trajectory <- function(fits, sites, probs) {
  lines <- over_fits(fits, function(fit) trajectory_data(fit, sites, probs))
  points <- over_fits(fits, function(fit) observation_data(fit, sites))
  if (!is.null(points)) points$site <- factor(points$site, levels(lines$site))
  measured <- lines$site %in% points$site
  plot <- ggplot2::ggplot(lines, ggplot2::aes(x = .data$index, colour = .data$site, fill = .data$site)) +
    ggplot2::geom_ribbon(ggplot2::aes(ymin = .data$lower, ymax = .data$upper), alpha = 0.25, colour = NA) +
    ggplot2::geom_blank(ggplot2::aes(y = .data$median)) +
    ggplot2::geom_line(ggplot2::aes(y = .data$median), data = lines[!measured, ]) +
    ggplot2::geom_line(ggplot2::aes(y = .data$median), data = lines[measured, ], linetype = "dashed") +
    ggplot2::labs(x = "index", y = NULL, colour = NULL, fill = NULL)
  if (!is.null(points)) plot <- plot + ggplot2::geom_point(ggplot2::aes(y = .data$value), data = points, size = 2)
  facet_fits(plot, fits)
}

ggplot_intervals <- function(fits, sites, probs) {
  data <- over_fits(fits, function(fit) interval_data(fit, sites, probs))
  variables <- levels(data$variable)
  data$variable <- factor(data$variable, rev(variables))
  labelled <- variables[seq(1, length(variables), by = ceiling(length(variables) / most_labels))]
  plot <- ggplot2::ggplot(data, ggplot2::aes(x = .data$median, y = .data$variable)) +
    ggplot2::geom_linerange(ggplot2::aes(xmin = .data$lower, xmax = .data$upper)) +
    ggplot2::geom_point(size = if (length(variables) > most_labels) 0.7 else 1.5) +
    ggplot2::scale_y_discrete(breaks = labelled) +
    ggplot2::labs(x = NULL, y = NULL)
  facet_fits(plot, fits)
}

ggplot_density <- function(fits, sites, probs) {
  data <- first_panels(over_fits(fits, function(fit) draw_data(fit, sites)), most_panels)
  mapping <- if (length(fits) > 1L) ggplot2::aes(x = .data$value, colour = .data$fit) else ggplot2::aes(x = .data$value)
  ggplot2::ggplot(data, mapping) +
    ggplot2::geom_density() +
    ggplot2::facet_wrap(ggplot2::vars(.data$variable), scales = "free") +
    ggplot2::labs(x = NULL, y = "density", colour = NULL, caption = attr(data, "caption"))
}

ggplot_trace <- function(fits, sites, probs) {
  most <- if (length(fits) > 1L) most_panels %/% 2L else most_panels
  data <- first_panels(over_fits(fits, function(fit) draw_data(fit, sites)), most)
  plot <- ggplot2::ggplot(data, ggplot2::aes(x = .data$iteration, y = .data$value, colour = .data$chain)) +
    ggplot2::geom_line(linewidth = 0.3, show.legend = nlevels(data$chain) > 1L) +
    ggplot2::labs(x = "iteration", y = NULL, caption = attr(data, "caption"))
  variable <- ggplot2::vars(.data$variable)
  plot + if (length(fits) > 1L) ggplot2::facet_grid(variable, ggplot2::vars(.data$fit), scales = "free_y")
  else ggplot2::facet_wrap(variable, scales = "free_y")
}

# Two variables: one panel a fit. More: a triangle of panels, in which colour tells the fits apart.
ggplot_pairs <- function(fits, sites, probs) {
  names <- pair_names(fits, sites)
  data <- over_fits(fits, function(fit) pair_data(fit, sites, names))
  many <- length(names) > 2L
  colours <- many && length(fits) > 1L
  mapping <- ggplot2::aes(x = .data$x, y = .data$y)
  points <- if (colours) ggplot2::geom_point(ggplot2::aes(colour = .data$fit), alpha = 0.3, size = 0.5)
  else ggplot2::geom_point(alpha = 0.3, size = if (many) 0.5 else 0.7)
  plot <- ggplot2::ggplot(data, mapping) + points + ggplot2::labs(colour = NULL)
  divergent <- data[data$divergent, ]
  if (nrow(divergent)) {
    plot <- plot + ggplot2::geom_point(data = divergent, colour = "red", size = if (many) 0.9 else 1.5)
  }
  if (!many) return(facet_fits(plot + ggplot2::labs(x = names[1], y = names[2]), fits))
  panels <- ggplot2::facet_grid(ggplot2::vars(.data$y_name), ggplot2::vars(.data$x_name),
                                scales = "free", switch = "both")
  caption <- first_of(most_pairs, length(all_variables(fits, sites)))
  plot + panels + ggplot2::labs(x = NULL, y = NULL, caption = caption) +
    ggplot2::theme(strip.placement = "outside", strip.background = ggplot2::element_blank())
}

ggplot_loss <- function(fits, sites, probs) {
  data <- over_fits(fits, loss_data)
  plot <- ggplot2::ggplot(data, ggplot2::aes(x = .data$step)) +
    ggplot2::geom_line(ggplot2::aes(y = .data$loss), colour = "grey75", linewidth = 0.3) +
    ggplot2::geom_line(ggplot2::aes(y = .data$mean)) +
    ggplot2::coord_cartesian(ylim = loss_limits(data)) +
    ggplot2::labs(x = "step", y = "loss (negative ELBO)")
  facet_fits(plot, fits)
}

facet_fits <- function(plot, fits) {
  if (length(fits) > 1L) plot + ggplot2::facet_wrap(ggplot2::vars(.data$fit)) else plot
}

most_pairs <- 6L
most_panels <- 16L
most_labels <- 40L

# The first variables, as many as can be told apart in a picture; what is left out is said below it.
first_panels <- function(data, most) {
  variables <- levels(data$variable)
  if (length(variables) <= most) return(data)
  data <- data[data$variable %in% variables[seq_len(most)], ]
  data$variable <- factor(data$variable, variables[seq_len(most)])
  structure(data, caption = first_of(most, length(variables)))
}

first_of <- function(most, n) if (n > most) sprintf("the first %d of %d variables", most, n)

pair_names <- function(fits, sites) {
  names <- all_variables(fits, sites)
  if (length(names) < 2L) stop_reparam("A plot of pairs needs two variables.", "Name two sites.")
  names[seq_len(min(length(names), most_pairs))]
}

all_variables <- function(fits, sites) {
  unlist(lapply(sites, function(name) variable_names(name, site_dim(fits[[1]], name))))
}
