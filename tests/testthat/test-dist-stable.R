# Golden densities and quantiles: shared/facts/reference-values.md (quadrature independent of this package).

test_that("the stable density equals independent quadrature", {
  x <- c(-2, -1, 0, 1, 3)
  golden <- list(
    list(0.8, 0, c(.0549375560845, .131846237675, .360646086635, .131846237675, .0300402315326)),
    list(1, 0.5, c(.0408866662169, .179278437642, .292520470566, .159936269461, .0458000348105)),
    list(1.5, 0.5, c(.0729514702833, .208194435543, .284283800989, .198573023913, .0428461930185))
  )
  for (g in golden) {
    expect_equal(exp(dist_log_density(dist_stable(g[[1]], g[[2]]), x)), g[[3]], tolerance = 1e-9)
    shifted <- dist_log_density(dist_stable(g[[1]], g[[2]], 2, 1), 1 + 2 * x)
    expect_equal(exp(shifted), g[[3]] / 2, tolerance = 1e-9)
  }
})

test_that("stable cdf and quantile equal independent quadrature", {
  p <- c(.05, .25, .5, .75, .95, .99)
  at_one <- c(-2.940460579, -.6286864342, .2234921057, 1.679156179, 10.06462896, 48.82826894)
  at_1.5 <- c(-2.254185841, -.7833136486, .1338530423, 1.203410551, 3.93365879, 10.29158434)
  expect_equal(dist_cdf(dist_stable(1, 0.5), at_one), p, tolerance = 1e-9)
  expect_equal(dist_cdf(dist_stable(1.5, 0.5), at_1.5), p, tolerance = 1e-9)
  expect_equal(dist_cdf(dist_stable(1.5, 0.5), at_1.5, lower_tail = FALSE), 1 - p, tolerance = 1e-9)
  expect_equal(dist_quantile(dist_stable(1.5, 0.5), p), at_1.5, tolerance = 1e-8)
})

test_that("the special cases are Levy, Cauchy and normal, far tails included", {
  levy <- function(x) ifelse(x > -1, -0.5 * log(2 * pi) - 1.5 * log(abs(x + 1)) - 0.5 / (x + 1), -Inf)
  x <- c(-2, -0.999, -0.5, 0, 1.5, 1e8)
  expect_equal(dist_log_density(dist_stable(0.5, 1), x), levy(x), tolerance = 1e-9)
  expect_equal(dist_log_density(dist_stable(0.5, -1), -x), levy(x), tolerance = 1e-9)
  y <- c(-1e6, -3, 0, 0.7, 20)
  expect_equal(dist_log_density(dist_stable(1, 0), y), dcauchy(y, log = TRUE), tolerance = 1e-12)
  expect_equal(dist_log_density(dist_stable(2, 0.3), y), dnorm(y, 0, sqrt(2), TRUE), tolerance = 1e-12)
  # tail of a law with index alpha: f(x) ~ alpha (1 + beta) sin(pi alpha / 2) gamma(alpha) / pi x^-(alpha + 1), relative
  # error of order x^-alpha
  tail <- 1.3 * 1.4 * sin(pi * 0.65) * gamma(1.3) / pi * 1e9^-2.3
  expect_equal(dist_log_density(dist_stable(1.3, 0.4), 1e9), log(tail), tolerance = 1e-10)
})

test_that("the density is continuous in the stability through 1, and next to the Cauchy law", {
  for (beta in c(-1, -0.4, 0, 1e-7, 1e-4, 0.5, 1)) {
    f <- function(a) dist_log_density(dist_stable(a, beta), c(-1.2, 0.4, 2))
    # neighbours at 1e-5 differ by their slope of order 1
    expect_lt(max(abs(f(1 + 1e-5) - f(1))), 2e-4, label = paste("above, skew", beta))
    expect_lt(max(abs(f(1 - 1e-5) - f(1))), 2e-4, label = paste("below, skew", beta))
    # a symmetric difference cancels the slope
    expect_lt(max(abs(f(1 + 1e-5) + f(1 - 1e-5) - 2 * f(1))), 1e-7, label = paste("skew", beta))
  }
})

test_that("gradients of the stable density equal finite differences", {
  m <- model(function(x) {
    a ~ uniform(0.5, 2)
    b ~ uniform(-1, 1)
    s ~ lognormal(0, 1)
    l ~ normal(0, 1)
    x ~ stable(a, b, s, l)
  })
  for (u in list(c(0.1, 0.3, 0.2, -0.5), c(-1, -1, 0, 0), c(1.5, 0, -0.4, 0.3))) {
    at <- log_density(m, list(x = c(-1, 0.4, 6)), u, reparam = "none")
    numeric <- vapply(1:4, function(k) {
      e <- replace(numeric(4), k, 1e-4)
      f <- function(u) as.numeric(log_density(m, list(x = c(-1, 0.4, 6)), u, reparam = "none"))
      (f(u + e) - f(u - e)) / 2e-4
    }, 0)
    # error h^2 f''' / 6 of order 1e-8, and 1e-11 / h of the quadrature
    expect_equal(unname(attr(at, "gradient")), numeric, tolerance = 1e-6)
  }
})

test_that("draws follow the cdf", {
  for (d in list(dist_stable(0.7, -0.6), dist_stable(1, 0.8, 2, 1), dist_stable(1.6, 0.3))) {
    x <- dist_draw(d, 800, seed = 3)
    expect_gt(ks.test(dist_cdf(d, x), punif)$p.value, 1e-3)
  }
})
