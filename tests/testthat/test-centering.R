# The adapted family: its density, its draws, what is chosen, and that nothing else changes.

strong <- function(seed = 1) {
  set.seed(seed)
  n <- rep(c(1, 5, 50, 200), length.out = 12)
  group <- rep(seq_along(n), n)
  theta <- rnorm(12, 2, 1.5)
  list(y = rnorm(sum(n), theta[group], 3), group = group, J = 12)
}

groups <- model(function(y, group, J, unit = 1) {
  mu ~ normal(0, 10 * unit)
  tau ~ half_normal(5 * unit)
  theta[1:J] ~ normal(mu, tau)
  y ~ normal(theta[group], 3 * unit)
})

# Log density over z of the adapted model, its gradient, and the sites' values there.
adapted_at <- function(model, data, z, table) {
  spec <- model_spec(model, data)
  control <- list(reparam = "auto", prune = TRUE, seed = 1, centering = table)
  result <- .Call(ffi_log_density, spec, control, z)
  control$coordinates <- result$unconstrained_names
  values <- .Call(ffi_generate, spec, control, array(z, c(1, 1, length(z))))
  list(
    value = result$value, gradient = result$gradient, sites = lapply(values$draws, as.vector),
    names = result$unconstrained_names
  )
}

random_table <- function(site, n) {
  list(site = rep(site, n), element = seq_len(n), c = matrix(runif(n)), s0 = matrix(exp(rnorm(n))))
}

expect_gradient <- function(model, data, z, table) {
  at <- adapted_at(model, data, z, table)
  for (j in seq_along(z)) {
    slope <- function(h) {
      up <- adapted_at(model, data, replace(z, j, z[j] + h), table)$value
      down <- adapted_at(model, data, replace(z, j, z[j] - h), table)$value
      (up - down) / (2 * h)
    }
    # Richardson's extrapolation of central differences
    want <- (4 * slope(5e-4) - slope(1e-3)) / 3
    expect_equal(at$gradient[j], want, tolerance = 1e-6)
  }
  at
}

test_that("the adapted density is that of x with the Jacobian, at random c and s0", {
  set.seed(1)
  data <- list(y = rnorm(5), group = 1:5, J = 5)
  for (r in 1:3) {
    table <- random_table("theta", 5)
    z <- rnorm(7)
    at <- expect_gradient(groups, data, z, table)
    x <- at$sites
    log_stretch <- (1 - table$c) * log(x$tau / table$s0)
    direct <- dnorm(x$mu, 0, 10, log = TRUE) + log(2) + dnorm(x$tau, 0, 5, log = TRUE) + log(x$tau) +
      sum(dnorm(x$theta, x$mu, x$tau, log = TRUE)) + sum(log_stretch) + sum(dnorm(data$y, x$theta, 3, log = TRUE))
    expect_equal(at$value, direct, tolerance = 1e-10)
    theta <- x$mu + as.vector(exp(log_stretch)) * (z[-(1:2)] - as.vector(table$c) * x$mu)
    expect_equal(x$theta, theta, tolerance = 1e-12)
  }
})

test_that("at log s = -40 the prior is that of the residual", {
  set.seed(2)
  table <- random_table("theta", 5)
  table$s0 <- exp(-40 + log(table$s0))
  data <- list(y = rnorm(5), group = 1:5, J = 5)
  # At c = 0 z is 1.5 s0 where x lies 1.5 s from m, which x itself, a double near 0.7, cannot tell from m.
  table$c[] <- 0
  mu <- 0.7
  at <- adapted_at(groups, data, c(mu, -40, 1.5 * as.vector(table$s0)), table)
  expect_identical(at$sites$theta, rep(mu, 5))
  prior <- sum(dnorm(1.5, log = TRUE) - log(table$s0))
  rest <- dnorm(mu, 0, 10, log = TRUE) + log(2) + dnorm(exp(-40), 0, 5, log = TRUE) - 40 +
    sum(dnorm(data$y, mu, 3, log = TRUE))
  expect_equal(at$value, prior + rest, tolerance = 1e-12)
  # from the prior: -1.5 / s0, which is 0 when it comes from x - m
  expect_equal(at$gradient[3:7] * as.vector(table$s0), rep(-1.5, 5), tolerance = 1e-9)
})

test_that("the density holds for walks, transforms, shapes, masks, weights and partly observed sites", {
  set.seed(3)
  walk <- model(function(y) {
    s ~ half_normal(1)
    x <- numeric(6)
    x[1] ~ normal(0, 1)
    for (t in 2:6) x[t] ~ normal(x[t - 1], s)
    y ~ normal(x, 1)
  })
  table <- list(site = rep("x", 5), element = 2:6, c = matrix(runif(5)), s0 = matrix(exp(rnorm(5))))
  data <- list(y = rnorm(6))
  at <- expect_gradient(walk, data, rnorm(7), table)
  s <- at$sites$s
  x <- at$sites$x
  direct <- log(2) + dnorm(s, log = TRUE) + log(s) + dnorm(x[1], log = TRUE) + sum(dnorm(x[-1], x[-6], s, log = TRUE)) +
    sum((1 - table$c) * log(s / table$s0)) + sum(dnorm(data$y, x, 1, log = TRUE))
  expect_equal(at$value, direct, tolerance = 1e-10)

  rates <- model(function(y) {
    m ~ normal(0, 1)
    s ~ half_normal(1)
    b[1:4] ~ lognormal(m, s)
    y ~ poisson(b)
  })
  table <- random_table("b", 4)
  data <- list(y = c(0, 3, 1, 7))
  at <- expect_gradient(rates, data, rnorm(6) / 2, table)
  x <- at$sites
  direct <- dnorm(x$m, log = TRUE) + log(2) + dnorm(x$s, log = TRUE) + log(x$s) +
    sum(dnorm(log(x$b), x$m, x$s, log = TRUE)) +
    sum((1 - table$c) * log(x$s / table$s0)) + sum(dpois(data$y, x$b, log = TRUE))
  expect_equal(at$value, direct, tolerance = 1e-10)
})

test_that("a scope weighs the prior, not the Jacobian; masked elements are not adapted", {
  set.seed(5)
  weighed <- model(function(y) {
    m ~ normal(0, 1)
    s ~ half_normal(1)
    with_scale(0.3, theta[1:3] ~ student_t(4, m, s))
    with_mask(c(TRUE, FALSE), eta[1:2] ~ normal(m, s))
    y ~ normal(c(theta, eta[1]), 1)
  })
  table <- list(
    site = rep(c("theta", "eta"), c(3, 1)), element = c(1:3, 1L), c = matrix(runif(4)), s0 = matrix(exp(rnorm(4)))
  )
  data <- list(y = rnorm(4))
  at <- expect_gradient(weighed, data, rnorm(6), table)
  expect_identical(at$names[-(1:2)], c(sprintf("theta_decentered[%d]", 1:3), "eta_decentered[1]"))
  x <- at$sites
  direct <- dnorm(x$m, log = TRUE) + log(2) + dnorm(x$s, log = TRUE) + log(x$s) +
    0.3 * sum(dt((x$theta - x$m) / x$s, 4, log = TRUE) - log(x$s)) + dnorm(x$eta[1], x$m, x$s, log = TRUE) +
    sum((1 - table$c) * log(x$s / table$s0)) + sum(dnorm(data$y, c(x$theta, x$eta[1]), 1, log = TRUE))
  expect_equal(at$value, direct, tolerance = 1e-10)
})

test_that("a partly observed site adapts what is unknown", {
  set.seed(4)
  partly <- model(function(theta, y) {
    m ~ normal(0, 1)
    s ~ half_normal(1)
    theta ~ student_t(4, m, s)
    y ~ normal(theta, 1)
  })
  data <- list(theta = c(0.3, NA, NA, -1), y = rnorm(4))
  table <- list(site = rep("theta", 2), element = 2:3, c = matrix(runif(2)), s0 = matrix(exp(rnorm(2))))
  at <- expect_gradient(partly, data, rnorm(4), table)
  x <- at$sites
  expect_equal(x$theta[c(1, 4)], c(0.3, -1))
  direct <- dnorm(x$m, log = TRUE) + log(2) + dnorm(x$s, log = TRUE) + log(x$s) +
    sum(dt((x$theta - x$m) / x$s, 4, log = TRUE) - log(x$s)) + sum((1 - table$c) * log(x$s / table$s0)) +
    sum(dnorm(data$y, x$theta, 1, log = TRUE))
  expect_equal(at$value, direct, tolerance = 1e-10)
})

test_that("draws do not depend on cores, chains, what is kept, or being read from a file", {
  data <- strong()
  fit <- function(...) fit_nuts(groups, data, iter_warmup = 150, iter_sampling = 100, seed = 3, ...)
  one <- fit(chains = 3, cores = 1)
  two <- fit(chains = 4, cores = 4)
  expect_identical(draws(two, "theta")[, 1:3, ], draws(one, "theta"))
  expect_identical(subset(centering(two), chain < 4), centering(one))
  some <- fit(chains = 3, keep = "mu")
  file <- withr::local_tempfile()
  saveRDS(some, file)
  expect_identical(draws(readRDS(file), "theta"), draws(one, "theta"))
})

test_that("elements with much data are centered, those with little are not, in any units", {
  data <- strong()
  n <- as.vector(table(data$group))
  for (unit in c(1, 1000, 0.001)) {
    fit <- fit_nuts(groups, replace(data, c("y", "unit"), list(unit * data$y, unit)), seed = 1)
    table <- centering(fit)
    c <- tapply(table$c, table$element, mean)
    # Information fraction s^2 / (s^2 + sigma^2 / n) at the typical scale, or down to the smallest scales where that is
    # less; chosen per chain from about 80 draws.
    share <- function(s) s^2 / (s^2 + 9 / n)
    expect_lt(max(c - share(tapply(table$s0, table$element, mean) / unit)), 0.1)
    expect_gt(min(c - share(quantile(draws(fit, "tau"), 0.001) / unit)), -0.1)
    expect_gt(min(diff(tapply(c, n, mean))), 0.1)
    expect_lt(max(summary(fit)$rhat), 1.01)
    expect_equal(mean(draws(fit, "mu")) / unit, 2.2, tolerance = 1)
  }
})

test_that("eight schools and the catalyst have their exact means with both schedules", {
  schools <- list(y = c(28, 8, -3, 7, -1, 1, 18, 12), sigma = c(15, 10, 16, 11, 9, 11, 10, 18))
  eight <- model(function(y, sigma) {
    mu ~ normal(0, 5)
    tau ~ half_cauchy(5)
    theta[1:8] ~ normal(mu, tau)
    y ~ normal(theta, sigma)
  })
  for (warmup in c("fast", "stan")) {
    fit <- fit_nuts(eight, schools, iter_sampling = 2000, seed = 1, warmup = warmup)
    expect_lt(max(summary(fit)$rhat), 1.01)
    expect_lt(mean(fit$sampler$divergent), 0.005)
    expect_within_mcse(draws(fit, "mu"), 4.396821)
    expect_within_mcse(draws(fit, "tau"), 3.597706)
    expect_lt(max(centering(fit)$c), 0.1)
    one <- fit_nuts(model(reaction_measured), one_observation(), prune = FALSE, seed = 2, warmup = warmup)
    expect_lt(max(summary(one, c("k", "k_d"))$rhat), 1.01)
    expect_within_mcse(log(draws(one, "k")), 1.674151)
    expect_within_mcse(log(draws(one, "k_d")), -2.149703)
  }
})

test_that("a table of centering fixes it", {
  data <- strong()
  short <- function(...) fit_nuts(groups, data, chains = 2, iter_warmup = 200, iter_sampling = 200, seed = 1, ...)
  table <- centering(short())
  expect_named(table, c("site", "element", "c", "s0", "chain"))
  expect_identical(nrow(table), 24L)
  again <- short(reparam = table)
  expect_equal(centering(again), table)
  expect_identical(draws(again), draws(short(reparam = table)))
  more <- fit_nuts(groups, data, chains = 3, iter_warmup = 50, iter_sampling = 20, seed = 1, reparam = table)
  expect_equal(centering(more)$c[1:12], as.vector(tapply(table$c, table$element, mean)))
  table$c[3] <- 2
  expect_error(fit_nuts(groups, data, chains = 2, reparam = table), "Row 3")
})

test_that("numbers and strategies are taken literally; nothing else is adapted", {
  data <- strong()
  quick <- function(m, ...) fit_nuts(m, data, chains = 1, iter_warmup = 50, iter_sampling = 20, seed = 1, ...)
  expect_identical(nrow(centering(quick(groups, reparam = "none"))), 0L)
  expect_identical(nrow(centering(quick(groups, reparam = "minimal"))), 0L)
  expect_identical(nrow(centering(quick(reparam(groups, theta = reparam_loc_scale(0.5))))), 0L)
  by_hand <- quick(reparam(groups, theta = reparam_loc_scale()), reparam = "none")
  expect_identical(unique(centering(by_hand)$site), "theta")
  expect_identical(draws(by_hand, "theta"), draws(quick(groups), "theta"))
  expect_output(print(by_hand), "Centering chosen in warm-up for 12 elements of `theta`", fixed = TRUE)
})

test_that("initial values are those of the user's sites", {
  data <- strong()
  init <- list(mu = 1, tau = 2, theta = seq(-3, 3, length.out = 12))
  set.seed(6)
  control <- list(reparam = "auto", prune = TRUE, seed = 1, centering = random_table("theta", 12), init = init)
  z <- .Call(ffi_log_density, model_spec(groups, data), control, init)$unconstrained
  expect_equal(adapted_at(groups, data, z, control$centering)$sites[names(init)], init, tolerance = 1e-12)
  # the others are drawn again until the density is finite
  one <- fit_nuts(groups, data, chains = 2, iter_warmup = 20, iter_sampling = 20, seed = 1, init = init["theta"])
  expect_true(all(is.finite(draws(one, "theta"))))
})

test_that("predictions and log likelihoods use each chain's centering", {
  data <- strong()
  fit <- fit_nuts(groups, data, chains = 2, iter_warmup = 150, iter_sampling = 50, seed = 1)
  theta <- draws(fit, "theta")
  expect_identical(draws(posterior_predict(fit), "theta"), theta)
  by_hand <- dnorm(data$y[7], theta[, , data$group[7]], 3, log = TRUE)
  expect_equal(log_lik(fit)[, , 7], by_hand, ignore_attr = TRUE, tolerance = 1e-12)
  wider <- posterior_predict(fit, list(y = NULL, group = c(1:14), J = 14))
  expect_equal(draws(wider, "theta")[, , 1:12], theta, tolerance = 1e-12)
})

test_that("the funnel has exact quantiles, and no chain of 24 is lost when the true scale is 0", {
  funnel <- model(function() {
    v ~ normal(0, 3)
    x[1:9] ~ normal(0, exp(v / 2))
  })
  fit <- fit_nuts(funnel, prune = FALSE, iter_sampling = 2000, seed = 1)
  v <- draws(fit, "v")
  for (p in c(0.05, 0.25, 0.5, 0.75, 0.95)) expect_within_mcse((v < qnorm(p, 0, 3)) + 0, p)
  set.seed(1)
  nothing <- list(y = rnorm(90, 0, 3), group = rep(1:30, each = 3), J = 30)
  fit <- fit_nuts(groups, nothing, chains = 24, iter_sampling = 500, seed = 1)
  expect_lt(max(summary(fit, c("mu", "tau"))$rhat), 1.015)
})

test_that("elements of a multivariate normal are adapted given those before them; large ones are whitened", {
  set.seed(7)
  effects <- model(function(y) {
    sd[1:2] ~ half_normal(1)
    b[1:3, 1:2] ~ mvn(c(0.5, -1), cholesky = rbind(c(sd[1], 0), c(0.7 * sd[2], sd[2])))
    y ~ normal(b[, 1] + b[, 2], 1)
  })
  table <- random_table("b", 6)
  data <- list(y = rnorm(3))
  at <- expect_gradient(effects, data, rnorm(8), table)
  x <- at$sites
  b <- matrix(x$b, 3)
  first <- (b[, 1] - 0.5) / x$sd[1]
  location <- c(rep(0.5, 3), -1 + 0.7 * x$sd[2] * first)
  scale <- rep(x$sd, each = 3)
  direct <- sum(dnorm(x$sd, log = TRUE) + log(2) + log(x$sd)) + sum(dnorm(b, location, scale, log = TRUE)) +
    sum((1 - table$c) * log(scale / table$s0)) + sum(dnorm(data$y, b[, 1] + b[, 2], 1, log = TRUE))
  expect_equal(at$value, direct, tolerance = 1e-10)

  process <- model(function(y, n) {
    s ~ half_normal(1)
    f[1:n] ~ mvn(rep(0, n), s^2 * exp(-abs(outer(1:n, 1:n, "-"))))
    y ~ normal(f, 1)
  })
  of <- function(n) format(resolve_reparam(process, list(y = rnorm(n), n = n), "auto"))
  expect_identical(of(8), "f = reparam_loc_scale()")
  expect_identical(of(9), "f = reparam_loc_scale(centered = 0)")
})

test_that("correlated effects in groups of all sizes: exact means, and c grows with the group", {
  # y_j ~ N(b_j1 + b_j2 x, 1) with known covariance of b: the posterior of b is normal, by ordinary linear algebra
  set.seed(8)
  n <- c(1, 4, 30)
  group <- rep(1:3, n)
  data <- list(x = rnorm(35), y = rnorm(35), group = group)
  effects <- model(function(y, x, group) {
    u ~ normal(0, 1)
    b[1:3, 1:2] ~ mvn(c(u, 0), matrix(c(1, 0.5, 0.5, 2), 2))
    y ~ normal(b[group, 1] + b[group, 2] * x, 1)
  })
  fit <- fit_nuts(effects, data, chains = 2, seed = 1)
  design <- cbind(diag(3)[group, ], diag(3)[group, ] * data$x)
  prior <- kronecker(matrix(c(1, 0.5, 0.5, 2), 2), diag(3))
  prior[1:3, 1:3] <- prior[1:3, 1:3] + 1
  mean <- solve(crossprod(design) + solve(prior), crossprod(design, data$y))
  for (k in 1:6) expect_within_mcse(draws(fit, "b")[, , (k - 1) %% 3 + 1, (k + 2) %/% 3], mean[k])
  c <- tapply(centering(fit)$c, centering(fit)$element, mean)
  expect_true(all(diff(c[1:3]) > 0))
})

test_that("multivariate normals keep their draws when groups are added, masked or without data", {
  m <- model(function(y, J) {
    s[1:2] ~ half_normal(1)
    b[1:J, 1:2] ~ mvn(c(0, 0), cholesky = rbind(c(s[1], 0), c(0.3 * s[2], s[2])))
    y ~ normal(b[1:3, 1], 1)
  })
  fit <- fit_nuts(m, list(y = c(1, 0, -1), J = 4), chains = 2, iter_warmup = 60, iter_sampling = 20, seed = 1)
  b <- draws(fit, "b")
  expect_identical(draws(posterior_predict(fit), "b"), b)
  expect_equal(draws(posterior_predict(fit, list(y = NULL, J = 6)), "b")[, , 1:4, ], b, tolerance = 1e-12)
  init <- list(b = matrix(1:8 / 10, 4), s = c(1, 2))
  control <- list(reparam = "auto", prune = TRUE, seed = 1, centering = random_table("b", 8), init = init)
  data <- list(y = c(1, 0, -1), J = 4)
  z <- .Call(ffi_log_density, model_spec(m, data), control, init)$unconstrained
  expect_equal(adapted_at(m, data, z, control$centering)$sites$b, as.vector(init$b), tolerance = 1e-12)

  masked <- model(function(y) {
    s ~ half_normal(1)
    with_mask(c(TRUE, FALSE), b[1:2, 1:2] ~ mvn(c(0, 0), cholesky = s * diag(2)))
    y ~ normal(b[1, ], 1)
  })
  short <- fit_nuts(masked, list(y = 1:2), chains = 1, iter_warmup = 60, iter_sampling = 20, seed = 1)
  expect_identical(centering(short)$element, c(1L, 3L))
  expect_true(all(is.finite(draws(short, "b"))))
})
