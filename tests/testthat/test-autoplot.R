panels <- function(plot) ggplot2::ggplot_build(plot)$layout$layout

# Data of the layers with this geom, one after the other.
layer_data <- function(plot, geom) {
  built <- ggplot2::ggplot_build(plot)
  of_geom <- vapply(plot$layers, function(layer) inherits(layer$geom, geom), NA)
  do.call(rbind, lapply(built$data[of_geom], function(d) d[intersect(c("x", "y", "ymin", "ymax", "xmin", "xmax", "PANEL", "colour", "fill", "group"), names(d))]))
}

observed_fit <- function() mock_nuts(y = c(NA, 0.5, NA, 2))

test_that("trajectories: a line and a band a site, observations as points of its colour", {
  skip_if_not_installed("ggplot2")
  fit <- observed_fit()
  plot <- ggplot2::autoplot(fit, "a", "y", probs = c(0.1, 0.9))
  expect_s3_class(plot, "ggplot")
  a <- matrix(draws(fit, "a"), ncol = 4)
  bands <- layer_data(plot, "GeomRibbon")
  expect_equal(bands$ymin[1:4], unname(apply(a, 2, quantile, 0.1)))
  expect_equal(bands$ymax[1:4], unname(apply(a, 2, quantile, 0.9)))
  lines <- layer_data(plot, "GeomLine")
  expect_equal(lines$y[1:4], unname(apply(a, 2, median)))
  expect_equal(lines$x, rep(1:4, 2))
  points <- layer_data(plot, "GeomPoint")
  expect_equal(points[c("x", "y")], data.frame(x = c(2, 4), y = c(0.5, 2)), ignore_attr = TRUE)
  expect_equal(unique(points$colour), unique(lines$colour[5:8]))
  expect_false(unique(lines$colour[1:4]) == unique(points$colour))
  # A site's line and band have one colour, whatever the order of the names.
  for (sites in list(c("a", "y"), c("y", "a"))) {
    scales <- ggplot2::ggplot_build(ggplot2::autoplot(fit, sites))$plot$scales
    for (aesthetic in c("colour", "fill")) expect_equal(scales$get_scales(aesthetic)$get_limits(), sites)
  }
  # The median of what is observed is dashed, over that of what it measures.
  dashed <- vapply(plot$layers, function(layer) identical(layer$aes_params$linetype, "dashed"), NA)
  expect_equal(unique(as.character(plot$layers[[which(dashed)]]$data$site)), "y")
})

test_that("a list of fits gives a panel a fit, shared axes and one legend", {
  skip_if_not_installed("ggplot2")
  fits <- list(NUTS = observed_fit(), SVI = mock_svi())
  plot <- ggplot2::autoplot(fits, "a", "y")
  expect_equal(as.character(panels(plot)$fit), c("NUTS", "SVI"))
  expect_equal(c(panels(plot)$SCALE_X, panels(plot)$SCALE_Y), rep(1, 4))
  lines <- layer_data(plot, "GeomLine")
  expect_equal(lines$y[lines$PANEL == 2][1:4], unname(apply(matrix(draws(fits$SVI, "a"), ncol = 4), 2, median)))
  # The same colour for a site in both panels.
  expect_equal(length(unique(lines$colour)), 2)
  unnamed <- ggplot2::autoplot(unname(fits), "a")
  expect_equal(as.character(panels(unnamed)$fit), c("fit 1", "fit 2"))
  expect_error(ggplot2::autoplot(c(fits, 1), "a"), "nothing else")
})

test_that("intervals: a row a variable, the first one on top", {
  skip_if_not_installed("ggplot2")
  fit <- observed_fit()
  plot <- ggplot2::autoplot(fit, "k", "a", type = "intervals")
  expect_equal(levels(plot$data$variable), rev(c("k", paste0("a[", 1:4, "]"))))
  points <- layer_data(plot, "GeomPoint")
  expect_equal(points$x[1], median(draws(fit, "k")))
  ranges <- layer_data(plot, "GeomLinerange")
  expect_equal(ranges$xmax[3], quantile(draws(fit, "a")[, , 2], 0.95), ignore_attr = TRUE)
})

test_that("densities and traces: a panel a variable, all draws", {
  skip_if_not_installed("ggplot2")
  fit <- observed_fit()
  density <- ggplot2::autoplot(fit, "k", "k_d")
  expect_equal(as.character(panels(density)$variable), c("k", "k_d"))
  curve <- layer_data(density, "GeomDensity")
  first <- curve[curve$PANEL == 1, ]
  # The curve ends at the smallest and largest draw, so that the area is the part of the normal kernels within. Sharing
  # draws out among the points of the grid, h apart, moves none by more than h, so that up to n_end / n of the area,
  # the draws within h of the ends, and the trapezoidal rule's error stay.
  x <- as.vector(draws(fit, "k"))
  width <- stats::bw.nrd0(x)
  within <- mean(pnorm((max(x) - x) / width) - pnorm((min(x) - x) / width))
  h <- diff(first$x)[1]
  slack <- h / width * dnorm(0) * mean(pmin(x - min(x), max(x) - x) < 4 * width) + (h / width)^2
  expect_lt(abs(sum(diff(first$x) * (head(first$y, -1) + tail(first$y, -1)) / 2) - within), slack)
  both <- ggplot2::autoplot(list(a = fit, b = mock_svi()), "k")
  expect_equal(length(unique(layer_data(both, "GeomDensity")$colour)), 2)
  trace <- layer_data(ggplot2::autoplot(fit, "k", "k_d", type = "trace"), "GeomLine")
  expect_equal(sort(trace$y[trace$PANEL == 1]), sort(as.vector(draws(fit, "k"))))
  expect_equal(length(unique(trace$colour)), 4)
})

test_that("pairs: all draws of two variables, a triangle of panels for more, divergences in red", {
  skip_if_not_installed("ggplot2")
  fit <- mock_nuts(sampler = list(divergent = c(1, 0, 1, rep(0, 797))))
  plot <- ggplot2::autoplot(fit, "k", "k_d", type = "pairs")
  points <- layer_data(plot, "GeomPoint")
  expect_equal(points$x[1:800], as.vector(draws(fit, "k")))
  red <- points[points$colour == "red", ]
  expect_equal(red[c("x", "y")], data.frame(x = draws(fit, "k")[c(1, 3), 1], y = draws(fit, "k_d")[c(1, 3), 1]), ignore_attr = TRUE)
  expect_equal(c(plot$labels$x, plot$labels$y), c("k", "k_d"))
  many <- ggplot2::autoplot(fit, "k", "a", type = "pairs")
  expect_equal(nrow(unique(many$data[c("x_name", "y_name")])), 10)
  expect_equal(levels(many$data$x_name), c("k", paste0("a[", 1:4, "]")))
  part <- many$data[many$data$x_name == "k" & many$data$y_name == "a[2]", ]
  expect_equal(part$y, as.vector(draws(fit, "a")[, , 2]))
  long <- mock_nuts(iterations = 3000L, sampler = list(divergent = c(rep(0, 1e4), 1, rep(0, 1999))))
  thinned <- ggplot2::autoplot(long, "k", "k_d", type = "pairs")$data
  expect_lte(nrow(thinned), 4001)
  expect_equal(sum(thinned$divergent), 1)
  expect_error(ggplot2::autoplot(fit, "k", type = "pairs"), "two variables")
})

test_that("the loss is seen from where the start no longer hides it", {
  skip_if_not_installed("ggplot2")
  fit <- mock_svi(loss = 3 + 1000 * exp(-seq_len(1000) / 5) + sin(1:1000))
  plot <- ggplot2::autoplot(fit)
  lines <- layer_data(plot, "GeomLine")
  expect_equal(lines$y[1:1000], fit$loss)
  expect_lt(max(plot$coordinates$limits$y), 30)
  expect_gte(max(plot$coordinates$limits$y), max(fit$loss[100:1000]) - 0.01)
})

test_that("plots take further layers, scales and themes, and say what they cannot do", {
  skip_if_not_installed("ggplot2")
  fit <- observed_fit()
  plot <- ggplot2::autoplot(fit, "a", "y") + ggplot2::scale_y_log10() + ggplot2::theme_minimal() + ggplot2::ggtitle("A")
  expect_equal(plot$labels$title, "A")
  expect_s3_class(suppressWarnings(ggplot2::ggplot_build(plot)), "ggplot_built")
  expect_error(ggplot2::autoplot(fit, "a", colour = "red"), "`colour`|colour")
  expect_error(ggplot2::autoplot(list(1, 2)), "list")
  expect_error(ggplot2::autoplot(fit, "zzz"), "no site `zzz`")
  expect_error(ggplot2::autoplot(fit, type = "loss"), "fit_svi")
  expect_error(ggplot2::autoplot(list(a = mock_svi(), b = fit), type = "loss"), "`b` is none")
  expect_error(ggplot2::autoplot(list(a = fit, a = fit)), "Two fits of the list are called `a`")
  expect_error(ggplot2::autoplot(fit, "k", type = "trajectory"), "A trajectory needs an array, but `k` is one number")
  expect_error(plot(fit, "k", type = "trajectory"), "needs an array")
})

test_that("many variables: as many as can be read, and the caption says so", {
  skip_if_not_installed("ggplot2")
  fit <- fit_svi(model(function() x[1:60] ~ normal(0, 1)), prune = FALSE, steps = 10, draws = 20, seed = 1)
  for (type in c("density", "trace")) {
    plot <- ggplot2::autoplot(fit, "x", type = type)
    expect_equal(levels(plot$data$variable), sprintf("x[%d]", 1:16))
    expect_equal(plot$labels$caption, "the first 16 of 60 variables")
  }
  both <- ggplot2::autoplot(list(a = fit, b = fit), "x", type = "trace")
  expect_equal(nrow(panels(both)), 16)
  expect_equal(both$labels$caption, "the first 8 of 60 variables")
  expect_equal(ggplot2::autoplot(fit, "x", type = "pairs")$labels$caption, "the first 6 of 60 variables")
  intervals <- ggplot2::autoplot(fit, "x", type = "intervals")
  expect_equal(nlevels(intervals$data$variable), 60)
  labels <- ggplot2::ggplot_build(intervals)$layout$panel_params[[1]]$y$get_labels()
  expect_lte(sum(!is.na(labels)), 40)
  # no scalars: trajectories; a fit by SVI beside another: no loss
  longer <- fit_nuts(model(function() x[1:60] ~ normal(0, 1)), prune = FALSE, chains = 1, iter_warmup = 20, iter_sampling = 20,
                     seed = 1)
  expect_equal(nrow(layer_data(ggplot2::autoplot(list(a = fit, b = longer)), "GeomRibbon")), 120)
  expect_error(ggplot2::autoplot(list(a = fit, b = mock_nuts())), "no site in common")
})

test_that("bayesplot's functions take a fit", {
  skip_if_not_installed("bayesplot")
  fit <- mock_nuts(iterations = 50L, sampler = list(divergent = c(1, rep(0, 199))))
  params <- bayesplot::nuts_params(fit)
  expect_s3_class(bayesplot::mcmc_areas(fit, pars = "k"), "ggplot")
  expect_s3_class(bayesplot::mcmc_intervals(fit, regex_pars = "^a"), "ggplot")
  expect_s3_class(bayesplot::mcmc_scatter(fit, pars = c("k", "k_d"), np = params), "ggplot")
  expect_s3_class(bayesplot::mcmc_nuts_energy(params), "ggplot")
  expect_s3_class(bayesplot::mcmc_dens_overlay(fit, pars = "k_d"), "ggplot")
})
