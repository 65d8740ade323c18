x <- c(0, 1, 2, 5, 9)

test_that("probabilities equal R's", {
  expect_equal(each_log_density(dist_binomial(10, 0.3), x), dbinom(x, 10, 0.3, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_binomial(10, logits = -1), x), dbinom(x, 10, plogis(-1), TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_poisson(4), x), dpois(x, 4, TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_neg_binomial(2, 0.4), x), dnbinom(x, 2, 0.4, log = TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_neg_binomial(2, mu = 3), x), dnbinom(x, 2, mu = 3, log = TRUE), tolerance = 1e-10)
  expect_equal(each_log_density(dist_geometric(0.3), x), dgeom(x, 0.3, TRUE), tolerance = 1e-10)
  zip <- log(0.2 * (x == 0) + 0.8 * dpois(x, 4))
  expect_equal(each_log_density(dist_zero_inflated_poisson(4, 0.2), x), zip, tolerance = 1e-10)
  beta_binomial <- lchoose(10, x) + lbeta(x + 2, 13 - x) - lbeta(2, 3)
  expect_equal(each_log_density(dist_beta_binomial(10, 2, 3), x), beta_binomial, tolerance = 1e-10)
  hypergeometric <- dhyper(x[1:4], 10, 7, 8, TRUE)[2:4]
  expect_equal(each_log_density(dist_hypergeometric(10, 7, 8), x[2:4]), hypergeometric, tolerance = 1e-10)
})

test_that("probabilities of 0 and 1 are exact", {
  expect_equal(site_log_density(dist_bernoulli(1), c(1, 1)), 0)
  expect_equal(site_log_density(dist_bernoulli(0), 0), 0)
  expect_equal(site_log_density(dist_binomial(7, 1), 7), 0)
  expect_equal(site_log_density(dist_poisson(0), 0), 0)
})

test_that("categories count from 1 and may have a row of weights for each element", {
  p <- c(1, 2, 5)
  expect_equal(each_log_density(dist_categorical(p), 1:3), log(p / 8), tolerance = 1e-12)
  expect_equal(each_log_density(dist_categorical(logits = log(p)), 1:3), log(p / 8), tolerance = 1e-12)
  rows <- matrix(c(1, 2, 5, 4, 1, 1), 2, byrow = TRUE)
  expect_equal(site_log_density(dist_categorical(rows), c(3, 1)), log(5 / 8) + log(4 / 6), tolerance = 1e-12)
  expect_equal(site_log_density(dist_categorical(p), c(3, 1, 1)), log(5 / 8) + 2 * log(1 / 8), tolerance = 1e-12)
  expect_error(dist_categorical(c(0, 0)), "must not be all 0", class = "reparam_error")
})

test_that("ordered_logistic cuts a logistic variable", {
  cut <- c(-1, 0.5, 2)
  p <- diff(c(0, plogis(cut - 0.3), 1))
  expect_equal(each_log_density(dist_ordered_logistic(0.3, cut), 1:4), log(p), tolerance = 1e-12)
  eta <- c(0.3, -1)
  want <- log(p[2]) + log(diff(c(0, plogis(cut + 1), 1))[4])
  expect_equal(site_log_density(dist_ordered_logistic(eta, cut), c(2, 4)), want, tolerance = 1e-12)
  expect_error(dist_ordered_logistic(0, c(1, 0)), "must increase", class = "reparam_error")
})

test_that("multinomial counts", {
  p <- c(0.2, 0.3, 0.5)
  expect_equal(site_log_density(dist_multinomial(5, p), c(2, 0, 3)), dmultinom(c(2, 0, 3), 5, p, TRUE),
    tolerance = 1e-12)
  y <- rbind(c(2, 0, 3), c(1, 1, 3))
  want <- dmultinom(y[1, ], 5, p, TRUE) + dmultinom(y[2, ], 5, p, TRUE)
  expect_equal(site_log_density(dist_multinomial(5, p), y), want, tolerance = 1e-12)
})

test_that("draws have the right means and variances", {
  check <- function(d, mean, variance) {
    x <- site_draws(d)[, 1]
    expect_mean(x, mean)
    expect_mean((x - mean)^2, variance)
  }
  check(dist_bernoulli(0.3), 0.3, 0.21)
  check(dist_binomial(50, 0.4), 20, 12)
  check(dist_poisson(4), 4, 4)
  check(dist_poisson(400), 400, 400)
  check(dist_neg_binomial(2, mu = 3), 3, 3 + 9 / 2)
  check(dist_geometric(0.3), 0.7 / 0.3, 0.7 / 0.09)
  check(dist_zero_inflated_poisson(4, 0.2), 3.2, 3.2 * 1.8)
  check(dist_hypergeometric(10, 7, 8), 80 / 17, 8 * 70 / 17^2 * 9 / 16)
  expect_mean(site_draws(dist_categorical(c(1, 2, 5)))[, 1] == 3, 5 / 8)
  expect_mean(site_draws(dist_categorical(logits = log(c(1, 2, 5))))[, 1] == 2, 2 / 8)
})

test_that("rows of weights stay with their elements when drawn", {
  rows <- rbind(c(1, 0, 0), c(0, 0, 1), c(0, 1, 0))
  expect_equal(unname(site_draws(dist_categorical(rows), 5)), matrix(c(1, 3, 2), 5, 3, byrow = TRUE))
})
