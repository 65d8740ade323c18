# Means and covariance of all states z_1 .. z_T and outputs y_1 .. y_T of a linear Gaussian model, by brute force: z and y are
# (T x d) and (T x p) matrices, taken column by column. Every argument is a list of one for each step, or one for all.
brute_hmm <- function(steps, m0, p0, a, b, q, c, e, r) {
  at <- function(x, t) if (is.list(x)) x[[t]] else x
  d <- length(m0)
  p <- ncol(at(c, 1))
  n <- d + steps * (d + p) # noise: initial, transitions, observations
  half <- function(s) if (all(s == 0)) s else t(chol(s))
  z <- matrix(0, d, n)
  z[, seq_len(d)] <- half(p0)
  mean <- m0
  rows_z <- rows_y <- NULL
  mean_z <- mean_y <- NULL
  for (t in seq_len(steps)) {
    z <- t(at(a, t)) %*% z
    z[, d + (t - 1) * (d + p) + seq_len(d)] <- half(at(q, t))
    mean <- as.vector(mean %*% at(a, t)) + at(b, t)
    y <- t(at(c, t)) %*% z
    y[, d + (t - 1) * (d + p) + d + seq_len(p)] <- half(at(r, t))
    rows_z <- rbind(rows_z, z)
    rows_y <- rbind(rows_y, y)
    mean_z <- rbind(mean_z, mean)
    mean_y <- rbind(mean_y, as.vector(mean %*% at(c, t)) + at(e, t))
  }
  by_column <- function(k) as.vector(t(matrix(seq_len(steps * k), k)))
  z_order <- by_column(d)
  y_order <- by_column(p)
  all <- rbind(rows_z[z_order, , drop = FALSE], rows_y[y_order, , drop = FALSE])
  list(mean = c(as.vector(mean_z), as.vector(mean_y)), cov = all %*% t(all), z = seq_len(steps * d), y = steps * d + seq_len(steps * p))
}

log_normal <- function(x, m, s) -0.5 * sum((x - m) * solve(s, x - m)) - 0.5 * as.numeric(determinant(2 * pi * s)$modulus)

brute_density <- function(of, y) {
  o <- of$y[!is.na(y)]
  log_normal(y[!is.na(y)], of$mean[o], of$cov[o, o])
}

m0 <- c(0.5, -0.3)
p0 <- matrix(c(1, 0.2, 0.2, 0.8), 2)
a <- matrix(c(0.9, -0.2, 0.1, 0.7), 2)
q <- matrix(c(0.3, 0.05, 0.05, 0.2), 2)
r <- matrix(c(0.5, 0.2, 0.2, 0.4), 2)
two <- matrix(c(1, 0.5, 0.3, -0.7), 2)

test_that("golden number", {
  d <- dist_gaussian_hmm(dist_mvn(m0, p0), a, dist_mvn(c(0.1, 0), q), c(1, 0.5), dist_normal(0.2, 0.4), 4)
  expect_equal(site_log_density(d, c(0.3, -0.1, 0.8, 1.2)), -4.0588454288, tolerance = 1e-10)
})

test_that("the filter gives the density of the joint normal: correlated outputs, missing ones, every form of the noise", {
  of <- brute_hmm(5, m0, p0, a, c(0.1, 0), q, two, c(0.2, -0.1), r)
  set.seed(3)
  y <- matrix(rnorm(10), 5)
  noises <- list(
    dist_mvn(c(0.2, -0.1), r), dist_mvn(c(0.2, -0.1), precision = solve(r)), dist_mvn(c(0.2, -0.1), cholesky = t(chol(r))),
    dist_mvn_lowrank(c(0.2, -0.1), cbind(c(0.5, 0.4)), c(0.25, 0.24))
  )
  missing <- y
  missing[c(2, 3, 6, 8)] <- NA # at step 3 everything
  for (noise in noises) {
    d <- dist_gaussian_hmm(dist_mvn(m0, p0), a, dist_mvn(c(0.1, 0), q), two, noise, 5)
    expect_equal(site_log_density(d, y), brute_density(of, y), tolerance = 1e-11)
    expect_equal(site_log_density(d, missing), brute_density(of, missing), tolerance = 1e-11)
  }
  of <- brute_hmm(5, m0, diag(c(0.5, 2)^2), a, c(0, 0), diag(0.3^2, 2), two, c(0.2, -0.1), diag(c(0.4, 0.6)^2))
  d <- dist_gaussian_hmm(dist_normal(m0, c(0.5, 2)), a, dist_normal(0, 0.3), two, dist_normal(c(0.2, -0.1), c(0.4, 0.6)), 5)
  expect_equal(site_log_density(d, missing), brute_density(of, missing), tolerance = 1e-11)
})

test_that("arguments may change from step to step", {
  steps <- 4
  at <- lapply(1:steps, function(t) a * (0.8 + 0.1 * t))
  ct <- lapply(1:steps, function(t) two + 0.2 * t)
  bt <- lapply(1:steps, function(t) c(t, -t) / 10)
  et <- lapply(1:steps, function(t) c(t, 2 * t) / 5)
  sd <- matrix(seq(0.3, 1, length.out = 2 * steps), steps)
  of <- brute_hmm(steps, m0, p0, at, bt, q, ct, et, lapply(1:steps, function(t) diag(sd[t, ]^2)))
  steps_first <- function(x) aperm(simplify2array(x), c(3, 1, 2))
  d <- dist_gaussian_hmm(
    dist_mvn(m0, p0), steps_first(at), dist_mvn(do.call(rbind, bt), q), steps_first(ct), dist_normal(do.call(rbind, et), sd)
  )
  set.seed(4)
  y <- matrix(rnorm(8), steps)
  y[3] <- NA
  expect_equal(site_log_density(d, y), brute_density(of, y), tolerance = 1e-11)
})

test_that("several series are independent", {
  of <- brute_hmm(3, m0, p0, a, c(0, 0), q, cbind(c(1, 0.5)), 0, matrix(0.16))
  d <- dist_gaussian_hmm(dist_mvn(m0, p0), a, dist_mvn(c(0, 0), q), c(1, 0.5), dist_normal(0, 0.4), 3)
  y <- rbind(c(0.3, NA, 1), c(1, 0, -1))
  want <- brute_density(of, y[1, ]) + brute_density(of, y[2, ])
  expect_equal(site_log_density(d, y), want, tolerance = 1e-11)
})

test_that("gradients match central differences", {
  m <- model(function(y) {
    s[1:4] ~ normal(0, 1)
    e <- exp(s)
    y ~ gaussian_hmm(
      dist_normal(s[1], e[1]), matrix(c(0.9, s[2], 0.1, 0.7), 2), dist_mvn(c(s[3], 0), e[2] * q), two,
      dist_mvn(c(0, s[4]), e[3] * r + diag(e[4], 2)), 5
    )
  })
  set.seed(5)
  y <- matrix(rnorm(10), 5)
  y[c(2, 3, 6, 8)] <- NA
  x <- c(0.3, -0.2, 0.1, -0.5)
  got <- attr(log_density(m, list(y = y), x), "gradient")
  for (k in 1:4) {
    h <- replace(numeric(4), k, 1e-5)
    slope <- (as.numeric(log_density(m, list(y = y), x + h)) - as.numeric(log_density(m, list(y = y), x - h))) / 2e-5
    expect_equal(got[[k]], slope, tolerance = 1e-7) # differences lose two thirds of the digits
  }
})

# Mean and covariance of draws [draw, number] within 4.5 standard errors; fixed seeds.
expect_normal_draws <- function(x, mean, cov) {
  n <- nrow(x)
  expect_lt(max(abs(colMeans(x) - mean) / sqrt(diag(cov) / n)), 4.5)
  spread <- sqrt((outer(diag(cov), diag(cov)) + cov^2) / n)
  expect_lt(max(abs(var(x) - cov) / spread), 4.5)
}

test_that("draws have the joint law", {
  of <- brute_hmm(4, m0, p0, a, c(0.1, 0), q, two, c(0.2, -0.1), r)
  d <- dist_gaussian_hmm(dist_mvn(m0, p0), a, dist_mvn(c(0.1, 0), q), two, dist_mvn(c(0.2, -0.1), r), 4)
  expect_normal_draws(site_draws(d), of$mean[of$y], of$cov[of$y, of$y])
})

test_that("states and missing outputs are drawn given what is known", {
  of <- brute_hmm(4, m0, p0, a, c(0.1, 0), q, two, c(0.2, -0.1), r)
  d <- dist_gaussian_hmm(dist_mvn(m0, p0), a, dist_mvn(c(0.1, 0), q), two, dist_mvn(c(0.2, -0.1), r), 4)
  y <- cbind(c(0.5, NA, -1, 0.2), c(1, NA, NA, 0.1))
  m <- model(function(y) {
    free ~ normal(0, 1)
    draw("y", d, obs = y)
  })
  fit <- fit_nuts(m, list(y = y), chains = 1, iter_warmup = 50, iter_sampling = 4000, keep = c("y", "y_state"), seed = 6)
  o <- of$y[!is.na(y)]
  u <- c(of$z, of$y[is.na(y)])
  w <- of$cov[u, o] %*% solve(of$cov[o, o])
  state <- matrix(draws(fit, "y_state"), 4000)
  outputs <- matrix(draws(fit, "y"), 4000)
  x <- cbind(state, outputs[, is.na(y)])
  mean <- of$mean[u] + as.vector(w %*% (y[!is.na(y)] - of$mean[o]))
  expect_normal_draws(x, mean, of$cov[u, u] - w %*% of$cov[o, u])
  expect_equal(dim(draws(fit, "y_state"))[3:4], c(4L, 2L))
})

test_that("1000 steps cost 1000 steps", {
  m <- model(function(y) {
    s ~ half_normal(1)
    y ~ gaussian_hmm(dist_normal(0, 1), matrix(0.95), dist_normal(0, s), 1, dist_normal(0, 0.5), length(y))
  })
  set.seed(7)
  z <- as.vector(arima.sim(list(ar = 0.95), 1000, sd = 0.3))
  y <- z + rnorm(1000, 0, 0.5)
  got <- log_density(m, list(y = y), list(s = 0.3))
  # the filter as a loop
  mean <- 0
  var <- 1
  want <- log(2) + dnorm(0.3, log = TRUE) + log(0.3)
  for (v in y) {
    mean <- 0.95 * mean
    var <- 0.95^2 * var + 0.09
    f <- var + 0.25
    want <- want + dnorm(v, mean, sqrt(f), TRUE)
    mean <- mean + var / f * (v - mean)
    var <- var - var^2 / f
  }
  expect_equal(as.numeric(got), want, tolerance = 1e-11)
})

test_that("gaussian_state_space is the law of its innovations, whole or in part", {
  b <- matrix(c(0.9, -0.3, 0.3, 0.8), 2)
  start <- c(1, -1)
  of <- brute_hmm(4, start, matrix(0, 2, 2), t(b), c(0, 0), q, diag(2), c(0, 0), matrix(0, 2, 2))
  set.seed(8)
  y <- matrix(rnorm(8), 4)
  for (d in list(
    dist_gaussian_state_space(4, b, q, initial = start), dist_gaussian_state_space(4, b, precision = solve(q), initial = start),
    dist_gaussian_state_space(4, b, cholesky = t(chol(q)), initial = start)
  )) expect_equal(site_log_density(d, y), brute_density(of, y), tolerance = 1e-11)
  y[c(2, 7)] <- NA
  expect_equal(site_log_density(d, y), brute_density(of, y), tolerance = 1e-11)
  expect_normal_draws(site_draws(d), of$mean[of$y], of$cov[of$y, of$y])
})

test_that("a random walk may be observed in part", {
  cov <- 0.49 * outer(1:5, 1:5, pmin)
  y <- c(0.3, NA, NA, 1, NA)
  o <- c(1, 4)
  d <- dist_gaussian_random_walk(5, 0.7)
  expect_equal(site_log_density(d, y), log_normal(y[o], c(0, 0), cov[o, o]), tolerance = 1e-11)
  m <- model(function(y) {
    free ~ normal(0, 1)
    draw("y", d, obs = y)
  })
  fit <- fit_nuts(m, list(y = y), chains = 1, iter_warmup = 50, iter_sampling = 4000, seed = 9)
  u <- c(2, 3, 5)
  w <- cov[u, o] %*% solve(cov[o, o])
  expect_normal_draws(matrix(draws(fit, "y"), 4000)[, u], as.vector(w %*% y[o]), cov[u, u] - w %*% cov[o, u])
})

test_that("arguments that do not fit are errors", {
  noise <- dist_normal(0, 1)
  expect_snapshot(error = TRUE, {
    dist_gaussian_hmm(noise, 1, noise, 1, noise)
    dist_gaussian_hmm(noise, matrix(1:6, 2), noise, 1, noise, 3)
    dist_gaussian_hmm(noise, diag(2), noise, 1, noise, 3)
    dist_gaussian_hmm(dist_mvn(0, diag(3)), diag(2), noise, c(1, 0), noise, 3)
    dist_gaussian_hmm(noise, 1, dist_student_t(4), 1, noise, 3)
    dist_gaussian_hmm(noise, 1, dist_normal(matrix(0, 4, 1), 1), 1, noise, 3)
    dist_gaussian_hmm(dist_normal(c(0, 1, 2), 1), diag(2), noise, c(1, 0), noise, 3)
    dist_gaussian_state_space(4, diag(2), diag(3))
    dist_gaussian_state_space(4, diag(2))
    dist_gaussian_state_space(4, diag(2), diag(2), initial = 1:3)
  })
})
