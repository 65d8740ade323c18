x <- c(-30, -2.5, -1e-3, 0, 0.7, 3, 55)

test_that("densities on the real line equal R's", {
  expect_equal(each_log_density(dist_normal(0.5, 2), x), dnorm(x, 0.5, 2, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_student_t(4, 0.5, 2), x), dt((x - 0.5) / 2, 4, log = TRUE) - log(2),
    tolerance = 1e-10)
  expect_equal(each_log_density(dist_cauchy(0.5, 2), x), dcauchy(x, 0.5, 2, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_logistic(0.5, 2), x), dlogis(x, 0.5, 2, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_laplace(0.5, 2), x), -abs(x - 0.5) / 2 - log(4), tolerance = 1e-10)
  z <- (x - 0.5) / 2
  expect_equal(each_log_density(dist_gumbel(0.5, 2), x), -z - exp(-z) - log(2), tolerance = 1e-10)
  expect_equal(each_log_density(dist_soft_laplace(0.5, 2), x), -log(pi) - log(2 * cosh(z)), tolerance = 1e-10)
})

test_that("arguments recycle as in R's own functions", {
  x <- c(0.3, -1, 2, 0.5)
  expect_equal(site_log_density(dist_normal(c(0, 1), 2), x), sum(dnorm(x, c(0, 1), 2, TRUE)), tolerance = 1e-12)
  expect_equal(site_log_density(dist_normal(0, 1:4), x), sum(dnorm(x, 0, 1:4, TRUE)), tolerance = 1e-12)
})

test_that("a latent site has the density of its family on its own scale", {
  m <- model(function(y) {
    m ~ student_t(4, 0.5, 2)
    y ~ normal(m, 1)
  })
  got <- log_density(m, list(y = 1), list(m = 0.2))
  want <- dt(-0.15, 4, log = TRUE) - log(2) + dnorm(1, 0.2, 1, TRUE)
  expect_equal(as.numeric(got), want, tolerance = 1e-12)
})

test_that("stable() states that it needs a reparameterization", {
  expect_equal(dist_stable(1.5, 0.5)$args$scale, 1)
  expect_error(dist_stable(2.1, 0), "`stability` must be above 0 and at most 2", class = "reparam_error")
  expect_error(dist_stable(1, 1.1), "`skew` must be between -1 and 1", class = "reparam_error")
})

test_that("draws follow R's distribution functions", {
  expect_follows(dist_normal(0.5, 2), pnorm, 0.5, 2)
  expect_follows(dist_student_t(4, 0.5, 2), function(q) pt((q - 0.5) / 2, 4))
  expect_follows(dist_cauchy(0.5, 2), pcauchy, 0.5, 2)
  expect_follows(dist_logistic(0.5, 2), plogis, 0.5, 2)
  expect_follows(dist_laplace(0, 1), function(q) ifelse(q < 0, exp(q) / 2, 1 - exp(-q) / 2))
  expect_follows(dist_gumbel(0, 1), function(q) exp(-exp(-q)))
  expect_follows(dist_stable(1, 0, 2, 0.5), pcauchy, 0.5, 2)
  expect_follows(dist_stable(2, 0, 2, 0.5), pnorm, 0.5, 2 * sqrt(2))
})
