cov <- matrix(c(2, 0.5, -0.3, 0.5, 1, 0.2, -0.3, 0.2, 1.5), 3)
mean <- c(0.1, -0.2, 0.3)
log_mvn <- function(x, m, s) -0.5 * sum((x - m) * solve(s, x - m)) - 0.5 * log(det(2 * pi * s))

test_that("mvn by covariance, precision and Cholesky factor is one density", {
  x <- c(1, 0.5, -0.7)
  want <- log_mvn(x, mean, cov)
  expect_equal(site_log_density(dist_mvn(mean, cov), x), want, tolerance = 1e-12)
  expect_equal(site_log_density(dist_mvn(mean, precision = solve(cov)), x), want, tolerance = 1e-12)
  expect_equal(site_log_density(dist_mvn(mean, cholesky = t(chol(cov))), x), want, tolerance = 1e-12)
  expect_equal(site_log_density(dist_mvn(0, cov), x), log_mvn(x, 0, cov), tolerance = 1e-12)
})

test_that("rows of a matrix are events", {
  x <- rbind(c(1, 0.5, -0.7), c(0, 0.2, 2))
  want <- log_mvn(x[1, ], mean, cov) + log_mvn(x[2, ], mean, cov)
  expect_equal(site_log_density(dist_mvn(mean, cov), x), want, tolerance = 1e-12)
  means <- rbind(mean, mean + 1)
  want <- log_mvn(x[1, ], mean, cov) + log_mvn(x[2, ], mean + 1, cov)
  expect_equal(site_log_density(dist_mvn(means, cov), x), want, tolerance = 1e-12)
  p <- rbind(c(0.2, 0.3, 0.5), c(0.1, 0.8, 0.1))
  log_dirichlet <- function(x, a) lgamma(sum(a)) - sum(lgamma(a)) + sum((a - 1) * log(x))
  want <- log_dirichlet(p[1, ], 1:3) + log_dirichlet(p[2, ], 1:3)
  expect_equal(site_log_density(dist_dirichlet(1:3), p), want, tolerance = 1e-12)
  a <- rbind(1:3, 3:1)
  want <- log_dirichlet(p[1, ], 1:3) + log_dirichlet(p[2, ], 3:1)
  expect_equal(site_log_density(dist_dirichlet(a), p), want, tolerance = 1e-12)
})

test_that("golden numbers", {
  expect_equal(site_log_density(dist_dirichlet(1:3), c(0.2, 0.3, 0.5)), 1.5040773968, tolerance = 1e-9)
})

test_that("arguments that do not fit are errors", {
  expect_error(dist_mvn(1:2, cov), "`mean` has length 2, but `cov` has 3 rows", class = "reparam_error")
  expect_error(dist_mvn(0), "exactly one of", class = "reparam_error")
  expect_error(dist_mvn(0, matrix(1:6, 2)), "`cov` must be a square matrix", class = "reparam_error")
  expect_error(dist_mvn(0, matrix(c(1, 2, 2, 1), 2)), "symmetric and positive definite", class = "reparam_error")
  expect_error(dist_mvn(0, cholesky = chol(cov)), "must be lower triangular", class = "reparam_error")
  expect_error(dist_wishart(1.5, diag(3)), "`df` must be above 2", class = "reparam_error")
  expect_error(dist_gaussian_random_walk(2.5), "`n` must be a whole number", class = "reparam_error")
})

test_that("latent vectors and matrices have their shapes and Jacobians", {
  m <- model(function(y) {
    p ~ dirichlet(c(1, 2, 3))
    l ~ lkj_cholesky(3, 2)
    w ~ gaussian_random_walk(4, 0.5)
    y ~ normal(sum(p * w[1:3]) + l[2, 1], 1)
  })
  p <- c(0.2, 0.3, 0.5)
  w <- c(0.3, -0.1, 0.8, 0.2)
  got <- log_density(m, list(y = 0.3), list(p = p, l = diag(3), w = w))
  expect_length(attr(got, "unconstrained"), 2 + 3 + 4)
  # stick-breaking: sum of log piece + log of the share that is left; at the identity the Jacobian of the factor is 0
  p_term <- 1.5040773968 + log(p[1]) + log(1 - p[1]) + log(p[2]) + log(p[3] / (p[2] + p[3]))
  # the constant of lkj(2), n = 3: sum of (n - j) ((2 + n - j) log 2 + lbeta(b, b)), b = 2 + (n - j - 1) / 2
  l_term <- -(2 * (4 * log(2) + lbeta(2.5, 2.5)) + 3 * log(2) + lbeta(2, 2))
  w_term <- sum(dnorm(diff(c(0, w)), 0, 0.5, TRUE))
  want <- p_term + l_term + w_term + dnorm(0.3, sum(p * w[1:3]), 1, TRUE)
  expect_equal(as.numeric(got), want, tolerance = 1e-9)
})

test_that("a covariance may be made of sites", {
  m <- model(function(y) {
    r ~ uniform(-1, 1)
    y ~ mvn(c(0, 0), matrix(c(1, r, r, 1), 2))
  })
  y <- c(0.3, -0.8)
  got <- log_density(m, list(y = y), list(r = 0.4))
  want <- log_mvn(y, 0, matrix(c(1, 0.4, 0.4, 1), 2)) + dlogis(qlogis(0.7), log = TRUE)
  expect_equal(as.numeric(got), want, tolerance = 1e-12)
})

test_that("draws have the right means and covariances", {
  for (d in list(dist_mvn(mean, cov), dist_mvn(mean, precision = solve(cov)),
    dist_mvn(mean, cholesky = t(chol(cov))))) {
    x <- site_draws(d)
    for (i in 1:3) {
      expect_mean(x[, i], mean[i])
      for (j in 1:3) expect_mean((x[, i] - mean[i]) * (x[, j] - mean[j]), cov[i, j])
    }
  }
  x <- site_draws(dist_wishart(5, cov))
  for (i in 1:9) expect_mean(x[, i], 5 * cov[i])
})

test_that("rows of a matrix stay rows when drawn", {
  means <- rbind(c(0, 10, 20), c(100, 110, 120))
  x <- draws(prior_draws(model(function() draw("x", dist_mvn(means, diag(1e-6, 3)))), draws = 3, seed = 1), "x")
  expect_equal(dim(x)[3:4], c(2L, 3L))
  expect_equal(unname(x[1, 1, , ]), means, tolerance = 1e-3)
})

test_that("vectors and matrices that a handler makes constants are checked, too", {
  covariance <- model(function(y) {
    S ~ wishart(3, diag(2))
    y ~ mvn(c(0, 0), S)
  })
  expect_error(log_density(condition(covariance, S = matrix(c(1, 2, 2, 1), 2)), list(y = c(1, 2))),
               "Site `y`: argument `cov` of mvn\\(\\) must be a symmetric positive definite matrix")
  shares <- model(function(y) {
    a[1:3] ~ normal(0, 1)
    y ~ dirichlet(a)
  })
  expect_error(log_density(condition(shares, a = c(1, -1, 2)), list(y = c(0.2, 0.3, 0.5))),
               "Site `y`: argument `concentration` of dirichlet\\(\\) must be positive")
})
