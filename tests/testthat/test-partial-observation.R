# Events of several numbers that are observed in part: the known numbers have their marginal density, the others are drawn
# given these, or are latent where something depends on them.

cov3 <- matrix(c(2, 0.5, -0.3, 0.5, 1, 0.2, -0.3, 0.2, 1.5), 3)
log_normal <- function(x, m, s) -0.5 * sum((x - m) * solve(s, x - m)) - 0.5 * log(det(2 * pi * s))
partial_y <- rbind(c(1, NA, 0.3), c(NA, NA, 2), c(0.1, 0.2, 0.3), NA, c(NA, 1, NA), c(0.5, NA, -1))

known_density <- function(y, density) {
  sum(apply(y, 1, function(row) {
    o <- which(!is.na(row))
    if (length(o)) density(row[o], o) else 0
  }))
}

test_that("NA within a normal vector leaves the marginal density, however the covariance is given", {
  mean <- c(0.4, 0, 1)
  want <- known_density(partial_y, function(x, o) log_normal(x, mean[o], cov3[o, o, drop = FALSE]))
  for (d in list(dist_mvn(mean, cov3), dist_mvn(mean, precision = solve(cov3)), dist_mvn(mean, cholesky = t(chol(cov3))))) {
    expect_equal(site_log_density(d, partial_y), want, tolerance = 1e-12)
  }
  w <- cbind(c(1, 0.5, 0.2))
  low <- w %*% t(w) + diag(c(0.1, 0.2, 0.3))
  want <- known_density(partial_y, function(x, o) log_normal(x, mean[o], low[o, o, drop = FALSE]))
  expect_equal(site_log_density(dist_mvn_lowrank(mean, w, c(0.1, 0.2, 0.3)), partial_y), want, tolerance = 1e-12)
  log_t <- function(x, m, s, df) {
    k <- length(x)
    lgamma((df + k) / 2) - lgamma(df / 2) - k / 2 * log(df * pi) - 0.5 * log(det(s)) -
      (df + k) / 2 * log1p(sum((x - m) * solve(s, x - m)) / df)
  }
  want <- known_density(partial_y, function(x, o) log_t(x, mean[o], cov3[o, o, drop = FALSE], 4))
  expect_equal(site_log_density(dist_mv_student_t(4, mean, cov3), partial_y), want, tolerance = 1e-12)
})

test_that("a vector under elementwise transforms keeps the Jacobian of what is known", {
  y <- exp(partial_y)
  want <- known_density(y, function(x, o) log_normal(log(x), rep(0, length(o)), cov3[o, o, drop = FALSE]) - sum(log(x)))
  expect_equal(site_log_density(dist_transformed(dist_mvn(0, cov3), "exp"), y), want, tolerance = 1e-12)
})

test_that("gradients through the covariance match central differences", {
  m <- model(function(y) {
    r ~ uniform(-1, 1)
    a ~ normal(0, 1)
    y ~ mvn(c(a, 0, 1), matrix(c(1, r, 0, r, 1, 0, 0, 0, 1), 3))
  })
  at <- c(0.3, -0.4)
  data <- list(y = partial_y)
  got <- log_density(m, data, at)
  for (k in 1:2) {
    step <- replace(c(0, 0), k, 1e-5)
    slope <- (as.numeric(log_density(m, data, at + step)) - as.numeric(log_density(m, data, at - step))) / 2e-5
    expect_equal(attr(got, "gradient")[[k]], slope, tolerance = 1e-7) # differences lose two thirds of the digits
  }
})

# What is drawn for the missing numbers of one vector, against the conditional moments.
expect_conditional <- function(d, mean, cov, spread = 1) {
  y <- c(1.5, NA, -0.5)
  m <- model(function(y) {
    free ~ normal(0, 1)
    draw("y", d, obs = y)
  })
  fit <- fit_nuts(m, list(y = y), chains = 2, iter_warmup = 100, iter_sampling = 4000, seed = 1)
  x <- draws(fit, "y")
  expect_equal(unique(as.vector(x[, , 1])), 1.5)
  o <- c(1, 3)
  weights <- cov[2, o] %*% solve(cov[o, o])
  expect_mean(x[, , 2], mean[2] + sum(weights * (y[o] - mean[o])))
  variance <- spread * (cov[2, 2] - sum(weights * cov[2, o]))
  expect_mean((x[, , 2] - mean[2] - sum(weights * (y[o] - mean[o])))^2, variance)
}

test_that("missing numbers are drawn given the known ones", {
  mean <- c(0.4, 0, 1)
  expect_conditional(dist_mvn(mean, cov3), mean, cov3)
  expect_conditional(dist_mvn(mean, precision = solve(cov3)), mean, cov3)
  o <- c(1, 3)
  r <- c(1.5, -0.5) - mean[o]
  df <- 9 # of the conditional t law with 2 numbers known: df + 2; its variance is scale * df / (df - 2)
  scale <- (df + sum(r * solve(cov3[o, o], r))) / (df + 2)
  expect_conditional(dist_mv_student_t(df, mean, cov3), mean, cov3, scale * (df + 2) / df)
})

test_that("30 % missing in a multivariate response: the analytic posterior", {
  n <- 40
  set.seed(11)
  y <- matrix(rnorm(3 * n), n) %*% chol(cov3) + rep(c(1, -1, 0.5), each = n)
  y[sample(length(y), 0.3 * length(y))] <- NA
  m <- model(function(y) {
    mu[1:3] ~ normal(0, 2)
    y ~ mvn(mu, cov3)
  })
  fit <- fit_nuts(m, list(y = y), iter_warmup = 300, iter_sampling = 1000, seed = 2)
  precision <- diag(3) / 4
  shift <- numeric(3)
  for (i in seq_len(n)) {
    o <- which(!is.na(y[i, ]))
    if (!length(o)) next
    q <- solve(cov3[o, o, drop = FALSE])
    precision[o, o] <- precision[o, o] + q
    shift[o] <- shift[o] + q %*% y[i, o]
  }
  posterior <- solve(precision)
  centre <- as.vector(posterior %*% shift)
  s <- summary(fit)
  at <- match(sprintf("mu[%d]", 1:3), s$variable)
  expect_lt(max(abs(s$mean[at] - centre) / (s$sd[at] / sqrt(s$ess_bulk[at]))), 4)
  # the sample variance of n draws has relative error sqrt(2 / n)
  expect_lt(max(abs(s$sd[at]^2 / diag(posterior) - 1) / sqrt(2 / s$ess_bulk[at])), 4)
  # missing numbers: their conditional mean at the posterior mean of mu
  x <- draws(fit, "y")
  z <- unlist(lapply(seq_len(n), function(i) {
    o <- which(!is.na(y[i, ]))
    u <- setdiff(1:3, o)
    if (!length(u)) return(NULL)
    w <- if (length(o)) cov3[u, o, drop = FALSE] %*% solve(cov3[o, o, drop = FALSE]) else matrix(0, length(u), 0)
    map <- matrix(0, length(u), 3)
    map[, u] <- diag(length(u))
    map[, o] <- -w
    want <- map %*% centre + w %*% y[i, o]
    spread <- cov3[u, u] - w %*% cov3[o, u] + map %*% posterior %*% t(map)
    vapply(seq_along(u), function(k) {
      draws <- x[, , i, u[k]]
      # draws of neighbouring iterations share mu, of which 1000 draws are worth at least 500 here
      abs(mean(draws) - want[k]) / sqrt(spread[k, k] / min(length(draws), min(s$ess_bulk[at])))
    }, 0)
  }))
  expect_lt(max(z), 4)
})

test_that("missing numbers that something observed depends on are latent", {
  m <- model(function(y, z) {
    y ~ mvn(c(0, 0, 1), cov3)
    z ~ normal(y[1, 2], 0.5)
  })
  y <- rbind(c(1, NA, 0.3), c(0.2, 0.1, 0))
  data <- list(y = y, z = 1.3)
  expect_equal(reparam_map(m, data)$auxiliary[1], "y_missing")
  u <- 0.7
  want <- log_normal(c(1, u, 0.3), c(0, 0, 1), cov3) + log_normal(y[2, ], c(0, 0, 1), cov3) + dnorm(1.3, u, 0.5, TRUE)
  got <- log_density(m, data, list(y = rbind(c(1, u, 0.3), y[2, ])))
  expect_equal(as.numeric(got), want, tolerance = 1e-12)
  expect_length(attr(got, "unconstrained"), 1)
  fit <- fit_nuts(m, data, chains = 2, iter_warmup = 300, iter_sampling = 1000, seed = 3)
  o <- c(1, 3)
  w <- cov3[2, o] %*% solve(cov3[o, o])
  prior_mean <- sum(w * (c(1, 0.3) - c(0, 1)))
  prior_var <- cov3[2, 2] - sum(w * cov3[2, o])
  var <- 1 / (1 / prior_var + 4)
  x <- draws(fit, "y")[, , 1, 2]
  # at least 300 of the 2000 draws are independent
  expect_lt(abs(mean(x) - var * (prior_mean / prior_var + 4 * 1.3)), 4 * sqrt(var / 300))
  expect_equal(dim(log_lik(fit, "y")), c(1000L, 2L, 2L))
})

test_that("a family that cannot be observed in part says so", {
  expect_error(
    site_log_density(dist_dirichlet(c(1, 1, 1)), c(0.2, NA, 0.5)), "event 1 of dirichlet() is partly NA", fixed = TRUE, class = "reparam_error"
  )
})

test_that("log_lik() has one term for each event, in their order", {
  m <- model(function(y) {
    mu ~ normal(0, 1)
    y ~ mvn(c(mu, 0, 1), cov3)
  })
  fit <- fit_nuts(m, list(y = partial_y), chains = 1, iter_warmup = 100, iter_sampling = 10, seed = 1)
  got <- suppressMessages(log_lik(fit))
  expect_equal(dimnames(got)$observation, sprintf("y[%d]", c(1:3, 5, 6)))
  mu <- draws(fit, "mu")[4]
  want <- apply(partial_y[-4, ], 1, function(row) {
    o <- which(!is.na(row))
    log_normal(row[o], c(mu, 0, 1)[o], cov3[o, o, drop = FALSE])
  })
  expect_equal(as.vector(got[4, 1, ]), want, tolerance = 1e-10)
})

test_that("NA of laws with probability on single points are drawn where nothing depends on them, else refused", {
  y <- c(0.3, NA, 2, -1)
  cases <- list(
    list(function(t) dist_censored(dist_normal(t, 1.5), -1, 2), function(t) {
      dnorm(0.3, t, 1.5, TRUE) + pnorm(-1, t, 1.5, TRUE, TRUE) + pnorm(2, t, 1.5, FALSE, TRUE)
    }),
    list(function(t) dist_zero_inflated(dist_normal(t, 1.5), 0.3), function(t) {
      sum(log(0.7) + dnorm(c(0.3, 2, -1), t, 1.5, TRUE))
    })
  )
  for (case in cases) {
    m <- model(function(y) {
      t ~ normal(0, 1)
      draw("y", dist_expand(case[[1]](t), 4), obs = y)
    })
    for (prune in c(TRUE, FALSE)) {
      got <- log_density(m, list(y = y), list(t = 0.4), prune = prune)
      expect_equal(as.numeric(got), dnorm(0.4, 0, 1, TRUE) + case[[2]](0.4), tolerance = 1e-12)
    }
    fit <- fit_nuts(m, list(y = y), chains = 1, iter_warmup = 100, iter_sampling = 400, prune = FALSE, seed = 1)
    x <- draws(fit, "y")[, 1, 2]
    # drawn independently given t: the chance of the atom, averaged over t, within 4 standard errors
    atom <- if (case[[1]](0)$family == "censored") pnorm(-1, draws(fit, "t"), 1.5) else 0.3
    expect_lt(abs(mean(x == if (length(atom) > 1) -1 else 0) - mean(atom)), 4 * sqrt(0.25 / 400))
    expect_equal(dim(suppressMessages(log_lik(fit))), c(400L, 1L, 3L))
  }
  needed <- model(function(y, z) {
    x <- draw("y", dist_censored(dist_normal(0, 1), -1, 2), obs = y)
    z ~ normal(sum(x), 1)
  })
  expect_error(log_density(needed, list(y = y, z = 1)), "can be observed but not inferred")
})

test_that("elements that are drawn, beside elements that count, need no derivative", {
  m <- model(function(n, y) {
    theta <- numeric(n)
    theta[1] ~ student_t(2, 0.5, 2)
    for (t in 2:n) theta[t] ~ normal(theta[1], 0.2)
    with_mask(c(0, 1, 0, 1, 0), y ~ student_t(2 + plogis(theta), tanh(0.5), 0.35))
  })
  data <- list(n = 5, y = c(NA, NA, -0.07, -1.64, -0.39))
  fit <- fit_nuts(m, data, chains = 1, iter_warmup = 20, iter_sampling = 20, seed = 1, reparam = "minimal")
  expect_true(all(is.finite(draws(fit, "theta"))))
  at <- list(theta = c(0.3, 0, 0, -0.4, 0))
  want <- dnorm(at$theta[4], at$theta[1], 0.2, TRUE) + dt((at$theta[1] - 0.5) / 2, 2, log = TRUE) - log(2) +
    dt((-1.64 - tanh(0.5)) / 0.35, 2 + plogis(at$theta[4]), log = TRUE) - log(0.35)
  expect_equal(as.numeric(log_density(m, data, at)), want)
})
