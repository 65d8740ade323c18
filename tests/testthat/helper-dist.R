# Log density of a site that is observed at x, through the whole package: R -> spec -> graph -> program.
site_log_density <- function(d, x) {
  m <- model(function(y) draw("y", d, obs = y))
  as.numeric(log_density(m, list(y = x)))
}

# One number for each element of x.
each_log_density <- function(d, x) vapply(x, function(v) site_log_density(d, v), 0)

# n draws of a site without data: [draw, element].
site_draws <- function(d, n = 4000, seed = 1) {
  x <- draws(prior_draws(model(function() draw("x", d)), draws = n, seed = seed), "x")
  matrix(x, n)
}

# Kolmogorov's test against a cdf; at a fixed seed, so that the level 1e-3 is exceeded either always or never.
expect_follows <- function(d, cdf, ...) {
  x <- site_draws(d)[, 1]
  p <- suppressWarnings(stats::ks.test(x, cdf, ...))$p.value
  testthat::expect_gt(p, 1e-3, label = paste("Kolmogorov p-value of", d$family))
}

# Means within 4.5 standard errors of what they should be.
expect_mean <- function(x, want) {
  error <- stats::sd(x) / sqrt(length(x))
  testthat::expect_lt(abs(mean(x) - want), 4.5 * error + 1e-12)
}
