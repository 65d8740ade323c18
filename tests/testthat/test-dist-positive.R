x <- c(1e-3, 0.4, 1, 2.5, 17)

test_that("densities on positive numbers equal R's", {
  expect_equal(each_log_density(dist_lognormal(-2, 1), x), dlnorm(x, -2, 1, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_half_normal(2), x), log(2) + dnorm(x, 0, 2, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_half_cauchy(2), x), log(2) + dcauchy(x, 0, 2, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_half_student_t(3, 2), x), log(2) + dt(x / 2, 3, log = TRUE) - log(2),
    tolerance = 1e-10)
  expect_equal(each_log_density(dist_exponential(2), x), dexp(x, 2, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_gamma(2.5, 1.5), x), dgamma(x, 2.5, 1.5, log = TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_inv_gamma(2.5, 1.5), x), dgamma(1 / x, 2.5, 1.5, log = TRUE) - 2 * log(x),
    tolerance = 1e-10)
  expect_equal(each_log_density(dist_chi_squared(3), x), dchisq(x, 3, log = TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_weibull(1.5, 2), x), dweibull(x, 1.5, 2, TRUE), tolerance = 1e-10)
})

test_that("a value that cannot be has log density -Inf", {
  for (d in list(dist_lognormal(), dist_gamma(2), dist_exponential(), dist_half_normal(), dist_pareto(2, 1))) {
    expect_identical(tryCatch(site_log_density(d, -1), reparam_error = function(e) -Inf), -Inf, label = d$family)
  }
})

test_that("latent positive sites are sampled on the log scale", {
  m <- model(function(y) {
    s ~ gamma(2, 3)
    y ~ normal(0, s)
  })
  got <- log_density(m, list(y = 1), list(s = 0.5))
  want <- dgamma(0.5, 2, 3, log = TRUE) + log(0.5) + dnorm(1, 0, 0.5, TRUE)
  expect_equal(as.numeric(got), want, tolerance = 1e-12)
})

test_that("draws follow R's distribution functions", {
  expect_follows(dist_lognormal(-2, 1), plnorm, -2, 1)
  expect_follows(dist_half_normal(2), function(q) 2 * pnorm(q, 0, 2) - 1)
  expect_follows(dist_half_cauchy(2), function(q) 2 * pcauchy(q, 0, 2) - 1)
  expect_follows(dist_exponential(2), pexp, 2)
  expect_follows(dist_gamma(0.3, 1.5), pgamma, 0.3, 1.5)
  expect_follows(dist_gamma(2.5, 1.5), pgamma, 2.5, 1.5)
  expect_follows(dist_inv_gamma(2.5, 1.5), function(q) pgamma(1 / q, 2.5, 1.5, lower.tail = FALSE))
  expect_follows(dist_chi_squared(3), pchisq, 3)
  expect_follows(dist_weibull(1.5, 2), pweibull, 1.5, 2)
  expect_follows(dist_levy(1, 2), function(q) 2 * pnorm(-sqrt(2 / (q - 1))))
})
