x <- c(1e-6, 0.3, 0.5, 0.9)

test_that("densities on an interval equal R's", {
  expect_equal(each_log_density(dist_uniform(-1, 2), x), dunif(x, -1, 2, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_beta(0.5, 1.5), x), dbeta(x, 0.5, 1.5, log = TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_beta_proportion(0.3, 2), x), dbeta(x, 0.6, 1.4, log = TRUE), tolerance = 1e-10)
  kumaraswamy <- log(6) + log(x) + 2 * log1p(-x^2)
  expect_equal(each_log_density(dist_kumaraswamy(2, 3), x), kumaraswamy, tolerance = 1e-10)
  von_mises <- 2 * cos(x - 0.5) - log(2 * pi * besselI(2, 0))
  expect_equal(each_log_density(dist_von_mises(0.5, 2), x), von_mises, tolerance = 1e-10)
  expect_equal(each_log_density(dist_improper_uniform(0, 1), x), numeric(4))
})

test_that("bounds may depend on sites", {
  m <- model(function(y) {
    a ~ uniform(0, 1)
    b ~ uniform(0, 1 - a)
    y ~ normal(a + b, 1)
  })
  got <- log_density(m, list(y = 0.3), list(a = 0.2, b = 0.4))
  # logit coordinates: a = plogis(u), b = 0.8 * plogis(v), v = 0
  want <- dlogis(qlogis(0.2), log = TRUE) - log(0.8) + dlogis(0, log = TRUE) + log(0.8) + dnorm(0.3, 0.6, 1, TRUE)
  expect_equal(as.numeric(got), want, tolerance = 1e-12)
})

test_that("an improper uniform may have one bound or none", {
  m <- model(function(y) {
    s ~ improper_uniform(lower = 0)
    m ~ improper_uniform()
    y ~ normal(m, s)
  })
  got <- log_density(m, list(y = 1), list(s = 0.5, m = 0.2))
  expect_equal(as.numeric(got), log(0.5) + dnorm(1, 0.2, 0.5, TRUE), tolerance = 1e-12)
  expect_error(dist_improper_uniform(c(0, -Inf)), "infinite for some elements", class = "reparam_error")
})

test_that("draws follow R's distribution functions", {
  expect_follows(dist_uniform(-1, 2), punif, -1, 2)
  expect_follows(dist_beta(0.5, 1.5), pbeta, 0.5, 1.5)
  expect_follows(dist_kumaraswamy(2, 3), function(q) 1 - (1 - q^2)^3)
})
