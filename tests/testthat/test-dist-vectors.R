test_that("the low-rank normal is the normal with the same covariance", {
  w <- cbind(c(1, 0.5, -0.2, 0.3), c(0, 0.4, 1, -0.6))
  d <- c(0.1, 0.4, 0.2, 1)
  mean <- c(1, 0, -1, 2)
  y <- rbind(c(0.5, 0.2, -1, 1), c(2, -1, 0, 3))
  want <- dist_log_density(dist_mvn(mean, w %*% t(w) + diag(d)), y)
  expect_equal(dist_log_density(dist_mvn_lowrank(mean, w, d), y), want, tolerance = 1e-12)
  x <- dist_draw(dist_mvn_lowrank(mean, w, d), 4000, seed = 1)
  # entries of the covariance are at most 1.6: standard errors below 1.6 sqrt(2 / 4000) = 0.036
  expect_equal(unname(cov(x)), w %*% t(w) + diag(d), tolerance = 0.15)
  expect_error(dist_mvn_lowrank(c(1, 2), w, d), "`mean` must have length 1 or 4", class = "reparam_error")
})

test_that("the low-rank normal can be inferred", {
  m <- model(function(y, w) {
    s ~ lognormal(0, 1)
    y ~ mvn_lowrank(0, w * s, 0.5)
  })
  w <- cbind(c(1, 0.5, -0.2))
  at <- function(u) log_density(m, list(y = c(0.3, 1, 0.2), w = w), u)
  s <- exp(0.2)
  want <- dnorm(0.2, log = TRUE) + dist_log_density(dist_mvn(0, s^2 * w %*% t(w) + diag(0.5, 3)), c(0.3, 1, 0.2))
  expect_equal(as.numeric(at(0.2)), want, tolerance = 1e-12)
  slope <- (as.numeric(at(0.2 + 1e-5)) - as.numeric(at(0.2 - 1e-5))) / 2e-5
  expect_equal(unname(attr(at(0.2), "gradient")), slope, tolerance = 1e-7)
})

test_that("the projected normal is the direction of a normal vector", {
  by_integral <- function(x, c) {
    t <- sum(c * x)
    f <- function(r) r^(length(x) - 1) * exp(-0.5 * (r - t)^2 - 0.5 * (sum(c^2) - t^2) - length(x) / 2 * log(2 * pi))
    log(integrate(f, 0, max(t, 0) + 9, rel.tol = 1e-11, subdivisions = 1000L)$value)
  }
  set.seed(1)
  for (k in c(2, 3, 4, 7)) for (size in c(0.3, 1, 3, 6)) {
    c <- rnorm(k)
    c <- c / sqrt(sum(c^2)) * size
    for (x in list(c / size, -c / size, {z <- rnorm(k); z / sqrt(sum(z^2))})) {
      expect_equal(dist_log_density(dist_projected_normal(c), x), by_integral(x, c), tolerance = 1e-9)
    }
  }
  total <- integrate(function(a) vapply(a, function(a) exp(dist_log_density(dist_projected_normal(c(1, 2)), c(cos(a), sin(a)))), 0),
    -pi, pi, rel.tol = 1e-9)$value
  expect_equal(total, 1, tolerance = 1e-9)
  rows <- rbind(c(1, 2), c(-1, 0.5))
  x <- rbind(c(0.6, 0.8), c(0, -1))
  each <- c(dist_log_density(dist_projected_normal(rows[1, ]), x[1, ]), dist_log_density(dist_projected_normal(rows[2, ]), x[2, ]))
  expect_equal(dist_log_density(dist_projected_normal(rows), x), each, tolerance = 1e-12)
  x <- dist_draw(dist_projected_normal(c(1, 2)), 3000, seed = 1)
  expect_equal(rowSums(x^2), rep(1, 3000), tolerance = 1e-12)
  cosine <- integrate(function(a) cos(a) * vapply(a, function(a) {
    exp(dist_log_density(dist_projected_normal(c(1, 2)), c(cos(a), sin(a))))
  }, 0), -pi, pi)$value
  expect_mean(x[, 1], cosine)
})

test_that("the LKJ law of a matrix agrees with that of its Cholesky factor", {
  # n = 2: f = (1 - r^2)^(shape - 1) / (2^(2 shape - 1) B(shape, shape))
  r <- 0.4
  want <- 1.5 * log(1 - r^2) - 4 * log(2) - lbeta(2.5, 2.5)
  expect_equal(dist_log_density(dist_lkj(2, 2.5), matrix(c(1, r, r, 1), 2)), want, tolerance = 1e-12)
  x <- array(dist_draw(dist_lkj(3, 2), 3000, seed = 1), c(3000, 3, 3))
  expect_equal(x[, 1, 2], x[, 2, 1])
  expect_equal(x[, 3, 3], rep(1, 3000), tolerance = 1e-12)
  # each correlation is 2 beta(b, b) - 1 with b = shape + (n - 2) / 2
  expect_gt(ks.test((x[, 1, 3] + 1) / 2, pbeta, 2.5, 2.5)$p.value, 1e-3)
  expect_equal(dist_log_density(dist_lkj(2, 1), matrix(c(1, 2, 2, 1), 2)), -Inf)
})

test_that("a latent correlation matrix has unconstrained coordinates", {
  m <- model(function(y) {
    r ~ lkj(3, 2)
    y ~ mvn(0, r)
  })
  fit <- fit_nuts(m, list(y = rbind(c(1, 0.9, -1), c(-1.2, -1, 0.8))), chains = 1, iter_warmup = 200, iter_sampling = 200,
    seed = 1, refresh = 0)
  x <- draws(fit, "r")
  expect_true(all(abs(x[, , 1, 2]) < 1))
  expect_gt(mean(x[, , 1, 2]), 0)
  expect_lt(mean(x[, , 1, 3]), 0)
})

test_that("transforms can be undone", {
  d <- dist_transformed(dist_lognormal(1, 2), transform_inverse(transform_exp()))
  expect_equal(dist_log_density(d, c(-1, 2)), dnorm(c(-1, 2), 1, 2, TRUE), tolerance = 1e-12)
  both <- transform_compose(transform_affine(1, 2), transform_exp())
  d <- dist_transformed(dist_transformed(dist_normal(0, 1), both), transform_inverse(both))
  expect_equal(dist_log_density(d, 0.7), dnorm(0.7, log = TRUE), tolerance = 1e-12)
  expect_equal(dist_cdf(d, 0.7), pnorm(0.7), tolerance = 1e-12)
  expect_match(format(transform_inverse("exp")), "inverse exp")
})
