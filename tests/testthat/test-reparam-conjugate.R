binomial_model <- model(function(hits, n) {
  p ~ beta(0.5, 1.5)
  hits ~ binomial(n, p)
})
hits <- list(hits = 2, n = 10)

test_that("golden numbers: the density is the evidence, the update beta(2.5, 9.5)", {
  m <- binomial_model |> reparam(p = reparam_conjugate(dist_beta(3, 9)))
  got <- log_density(m, hits)
  expect_equal(as.numeric(got), -2.1732117701, tolerance = 1e-10)
  expect_length(attr(got, "unconstrained"), 0)
  fit <- fit_nuts(m, hits, chains = 2, iter_warmup = 10, iter_sampling = 2000, seed = 1)
  # independent draws; level 1e-3 at this seed
  expect_gt(ks.test(as.vector(draws(fit, "p")), "pbeta", 2.5, 9.5)$p.value, 1e-3)
  expect_setequal(fit$unconstrained_names, character())
})

test_that("the guide may be a function of the data", {
  by_data <- binomial_model |> reparam(p = reparam_conjugate(function(hits, n) dist_beta(1 + hits, 1 + n - hits)))
  expect_equal(as.numeric(log_density(by_data, hits)), -2.1732117701, tolerance = 1e-10)
  other <- log_density(by_data, list(hits = 7, n = 9))
  expect_equal(as.numeric(other), lchoose(9, 7) + lbeta(7.5, 3.5) - lbeta(0.5, 1.5), tolerance = 1e-12)
  expect_equal(model_spec(by_data, hits)$handlers[[1]]$config$p$guide$args, list(shape1 = 3, shape2 = 9))
})

test_that("a value of x_updated leaves the density of x", {
  m <- binomial_model |> reparam(p = reparam_conjugate(dist_beta(3, 9)))
  for (p in c(0.2, 0.6)) {
    # log f_g(p) + log Z - log g(p) + likelihood = log f(p) + likelihood
    got <- density_at(substitute_sites(m, p_updated = p), list(), hits)
    expect_equal(got, dbeta(p, 0.5, 1.5, log = TRUE) + dbinom(2, 10, p, log = TRUE), tolerance = 1e-12)
  }
})

test_that("an approximate guide leaves the site to the sampler, and the posterior as it is", {
  m <- binomial_model |> reparam(p = reparam_conjugate(dist_beta(2, 5)))
  fit <- fit_nuts(m, hits, chains = 4, iter_warmup = 200, iter_sampling = 1000, seed = 2)
  expect_equal(fit$unconstrained_names, "p_updated")
  p <- draws(fit, "p")
  # at least 1000 of the 4000 draws are independent
  sd <- sqrt(2.5 * 9.5 / 12^2 / 13)
  expect_lt(abs(mean(p) - 2.5 / 12), 4 * sd / sqrt(1000))
  expect_lt(abs(sd(p) / sd - 1), 4 / sqrt(2 * 1000))
  expect_identity(m, hits)
  expect_equal(density_at(m, list(p = 0.3), hits), density_at(binomial_model, list(p = 0.3), hits), tolerance = 1e-12)
})

test_that("normal by normal: scales are learned with the sites integrated out", {
  m <- model(function(y) {
    tau ~ lognormal(0, 1)
    theta[1:3] ~ normal(0.5, tau)
    y ~ normal(theta, 1.5)
    twice := 2 * theta
  })
  y <- c(1, -2, 0.5)
  exact <- m |> reparam(theta = reparam_conjugate(function(y) dist_normal(y, 1.5)))
  at <- function(tau) sum(dnorm(y, 0.5, sqrt(tau^2 + 2.25), log = TRUE)) + dlnorm(tau, log = TRUE) + log(tau)
  for (tau in c(0.1, 0.7, 3)) expect_equal(as.numeric(log_density(exact, list(y = y), list(tau = tau))), at(tau), tolerance = 1e-12)
  slope <- (at(0.7 * exp(1e-5)) - at(0.7 * exp(-1e-5))) / 2e-5
  expect_equal(attr(log_density(exact, list(y = y), list(tau = 0.7)), "gradient")[["tau"]], slope, tolerance = 1e-8)
  fit <- fit_nuts(exact, list(y = y), iter_warmup = 300, iter_sampling = 2000, seed = 3)
  expect_equal(fit$unconstrained_names, "tau_base")
  expect_output(print(fit), "Integrated out: `theta`")
  theta <- matrix(draws(fit, "theta"), 8000)
  expect_equal(matrix(draws(fit, "twice"), 8000), 2 * theta, tolerance = 1e-12)
  # the mean of theta by quadrature over tau
  grid <- exp(seq(-6, 5, length.out = 4001))
  weight <- exp(vapply(grid, at, 0))
  for (k in 1:3) {
    want <- sum(weight * (0.5 + (y[k] - 0.5) * grid^2 / (grid^2 + 2.25))) / sum(weight)
    # at least 2000 of the 8000 draws are independent
    expect_lt(abs(mean(theta[, k]) - want), 4 * sd(theta[, k]) / sqrt(2000))
  }
})

test_that("gamma and dirichlet", {
  counts <- model(function(y) {
    rate ~ gamma(2.5, 1.5)
    y ~ poisson(rate)
  })
  y <- c(3, 1, 4)
  exact <- counts |> reparam(rate = reparam_conjugate(function(y) dist_gamma(1 + sum(y), length(y))))
  want <- 2.5 * log(1.5) - lgamma(2.5) + lgamma(2.5 + sum(y)) - (2.5 + sum(y)) * log(4.5) - sum(lfactorial(y))
  expect_equal(as.numeric(log_density(exact, list(y = y))), want, tolerance = 1e-12)
  shares <- model(function(y) {
    p ~ dirichlet(c(1, 2, 3))
    y ~ multinomial(8, p)
  })
  y <- c(2, 5, 1)
  a <- 1:3
  exact <- shares |> reparam(p = reparam_conjugate(function(y) dist_dirichlet(1 + y)))
  want <- lfactorial(8) - sum(lfactorial(y)) + lgamma(6) - sum(lgamma(a)) + sum(lgamma(a + y)) - lgamma(14)
  expect_equal(as.numeric(log_density(exact, list(y = y))), want, tolerance = 1e-12)
  p <- draws(fit_nuts(exact, list(y = y), chains = 1, iter_warmup = 10, iter_sampling = 4000, seed = 4), "p")
  for (k in 1:3) expect_mean(p[, , k], (a + y)[k] / 14)
})

test_that("a masked guide leaves the prior where the mask is 0", {
  m <- model(function(y) {
    x[1:2] ~ normal(0, 2)
    with_mask(c(1, 0), y ~ normal(x, 1))
  })
  exact <- m |> reparam(x = reparam_conjugate(function(y) dist_masked(dist_independent(dist_normal(y, 1), 1), c(1, 0))))
  data <- list(y = c(1.5, 9))
  expect_equal(as.numeric(log_density(exact, data)), dnorm(1.5, 0, sqrt(5), log = TRUE), tolerance = 1e-12)
  x <- draws(fit_nuts(exact, data, chains = 1, iter_warmup = 10, iter_sampling = 4000, seed = 5), "x")
  expect_mean(x[, , 1], 1.5 * 4 / 5)
  expect_mean(x[, , 2], 0)
  expect_mean(x[, , 2]^2, 4)
})

test_that("a Gaussian series seen through normal noise is integrated out", {
  series <- function(noise) {
    model(function(y) {
      s ~ lognormal(-1, 0.5)
      x ~ gaussian_hmm(dist_normal(0, 1), matrix(c(0.9, 0.1, 0, 0.8), 2), dist_normal(0, s), diag(2), dist_mvn(c(0, 0.2), matrix(c(0.3, 0.1, 0.1, 0.2), 2)), 4)
      y ~ normal(x, 0.4)
    })
  }
  set.seed(6)
  y <- matrix(rnorm(8), 4)
  m <- series()
  seen <- dist_gaussian_hmm(
    dist_normal(0, 1), matrix(c(0.9, 0.1, 0, 0.8), 2), dist_normal(0, 0.4), diag(2),
    dist_mvn(c(0, 0.2), matrix(c(0.46, 0.1, 0.1, 0.36), 2)), 4
  )
  guides <- list(
    function(y) dist_normal(y, 0.4), function(y) dist_normal(y, matrix(0.4, 4, 2)), function(y) dist_mvn(y, diag(0.16, 2)),
    function(y) dist_mvn(y, precision = diag(1 / 0.16, 2))
  )
  for (guide in guides) {
    exact <- m |> reparam(x = reparam_conjugate(guide))
    got <- log_density(exact, list(y = y), list(s = 0.4))
    expect_equal(as.numeric(got), site_log_density(seen, y) + dlnorm(0.4, -1, 0.5, log = TRUE) + log(0.4), tolerance = 1e-11)
    expect_length(attr(got, "unconstrained"), 1)
  }
  # draws of x at one value of s, against the smoother: x and y are jointly normal
  one <- model(function(y) {
    x ~ gaussian_hmm(dist_normal(0, 1), 0.9, dist_normal(0, 0.5), 1, dist_normal(0, 0.3), 4)
    y ~ normal(x, 0.4)
  }) |> reparam(x = reparam_conjugate(function(y) dist_normal(y, 0.4)))
  z <- matrix(0, 4, 5)
  for (t in 1:4) z[t, ] <- c(0.9^t, if (t > 1) 0.5 * 0.9^((t - 1):1), 0.5, rep(0, 4 - t))
  of_x <- z %*% t(z) + diag(0.09, 4)
  w <- of_x %*% solve(of_x + diag(0.16, 4))
  x <- matrix(draws(fit_nuts(one, list(y = y[, 1]), chains = 1, iter_warmup = 10, iter_sampling = 4000, seed = 7), "x"), 4000)
  cov <- of_x - w %*% of_x
  expect_lt(max(abs(colMeans(x) - w %*% y[, 1]) / sqrt(diag(cov) / 4000)), 4.5)
  expect_lt(max(abs(var(x) - cov) / sqrt((outer(diag(cov), diag(cov)) + cov^2) / 4000)), 4.5)
})

test_that("simulated data and raw fits", {
  m <- binomial_model |> reparam(p = reparam_conjugate(dist_beta(3, 9)))
  fit <- fit_nuts(m, hits, chains = 1, iter_warmup = 10, iter_sampling = 2000, seed = 8)
  again <- draws(posterior_predict(fit, seed = 1), "hits")
  # of the beta-binomial with the updated shapes
  expect_mean(again, 10 * 2.5 / 12)
  expect_equal(as.vector(log_lik(fit)), dbinom(2, 10, as.vector(draws(fit, "p")), log = TRUE), tolerance = 1e-12)
  raw <- fit_nuts(m, hits, chains = 1, iter_warmup = 100, iter_sampling = 100, prune = FALSE, seed = 8)
  expect_equal(raw$unconstrained_names, "p_updated")
})

test_that("predictions for other data keep the posterior of the fit", {
  m <- model(function(x, y = NULL) {
    tau ~ lognormal(0, 1)
    b ~ normal(0, tau)
    y ~ normal(b * x, 0.01)
  }) |> reparam(b = reparam_conjugate(function(x, y) dist_normal(sum(x * y) / sum(x^2), 0.01 / sqrt(sum(x^2)))))
  fit <- fit_nuts(m, list(x = 1:3, y = c(2.1, 3.9, 6.2)), chains = 1, iter_warmup = 100, iter_sampling = 200, seed = 9)
  ahead <- posterior_predict(fit, list(x = c(10, 20), y = NULL))
  b <- draws(fit, "b")
  # predictions are b x with standard deviation 0.01
  expect_lt(max(abs(draws(ahead, "y")[, , 2] - 20 * b)), 0.06)
  again <- predictive(m, fit, list(x = 5), seed = 1)
  expect_equal(draws(again, "b"), b, ignore_attr = TRUE)
  prior <- draws(prior_draws(binomial_model |> reparam(p = reparam_conjugate(function(hits, n) dist_beta(1 + hits, n - hits))), list(hits = NULL, n = 10), seed = 1), "p")
  expect_mean(prior, 0.25)
})

test_that("variational fits integrate exact updates out as well", {
  m <- binomial_model |> reparam(p = reparam_conjugate(dist_beta(3, 9)))
  fit <- fit_svi(m, hits, seed = 1)
  expect_equal(fit$elbo[["mean"]], -2.1732117701, tolerance = 1e-8)
})

test_that("missing data are masked in the guide, and conditioned values are data", {
  m <- model(function(y = NULL) {
    tau ~ lognormal(0, 1)
    theta[1:3] ~ normal(0.5, tau)
    y ~ normal(theta, 1.5)
  })
  guide <- function(y) dist_masked(dist_normal(ifelse(is.na(y), 0, y), 1.5), !is.na(y))
  exact <- m |> reparam(theta = reparam_conjugate(guide))
  want <- sum(dnorm(c(1, 2), 0.5, sqrt(0.7^2 + 1.5^2), log = TRUE)) + dlnorm(0.7, log = TRUE) + log(0.7)
  for (got in list(
    log_density(exact, list(y = c(1, NA, 2)), list(tau = 0.7)),
    log_density(exact |> condition(y = c(1, NA, 2)), list(), list(tau = 0.7))
  )) {
    expect_equal(as.numeric(got), want, tolerance = 1e-12)
    expect_length(attr(got, "unconstrained"), 1)
  }
})

test_that("beside summed-out sites an update is inferred, with a warning and the same density", {
  m <- model(function(hits, n) {
    p ~ beta(0.5, 1.5)
    z ~ bernoulli(0.3)
    hits ~ binomial(n, ifelse(z == 1, 0.5, p))
  })
  r <- m |> reparam(p = reparam_conjugate(dist_beta(3, 9)))
  expect_snapshot(cat(condition_text(log_density(r, hits, 0.4))))
  expect_equal(suppressWarnings(density_at(r, 0.4, hits)), density_at(m, 0.4, hits), tolerance = 1e-12)
})

test_that("what cannot be is refused", {
  refuse <- function(r) cat(condition_text(log_density(binomial_model |> reparam(p = r), hits)))
  expect_snapshot(error = TRUE, {
    reparam_conjugate(3)
    reparam_conjugate(dist_truncated(dist_normal(0, 1), 0))
    log_density(binomial_model |> reparam(p = reparam_conjugate(function(hits) hits)), hits)
    log_density(binomial_model |> reparam(p = reparam_conjugate(function(hit, n) dist_beta(1 + hit, 1))), hits)
    log_density(binomial_model |> reparam(p = reparam_conjugate(function(hits) dist_beta(-hits, 1))), hits)
    log_density(binomial_model |> reparam(p = reparam_conjugate(function(hits) dist_beta(hits, 1))), list(hits = c(NA, 2), n = 10))
  })
  expect_snapshot({
    refuse(reparam_conjugate(dist_normal(0, 1)))
    refuse(reparam_conjugate(dist_beta(c(1, 2), 1)))
    refuse(reparam_conjugate(dist_beta(0.2, 1)))
    refuse(reparam_conjugate(dist_masked(dist_beta(1, 1), c(1, 0))))
  })
})
