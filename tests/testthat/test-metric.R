# Two correlated effects: the posterior of a and b given their sum is a ridge, sd of the sum .1 and of the difference
# about 1.4.
ridge <- model(function(y) {
  a ~ normal(0, 1)
  b ~ normal(0, 1)
  free ~ normal(0, 3)
  log_factor("keep", 0 * free)
  y ~ normal(a + b, 0.1)
})
ridge_fit <- function(..., iter_sampling = 500, chains = 2) {
  fit_nuts(ridge, list(y = 1), chains = chains, iter_sampling = iter_sampling, seed = 1, ...)
}
gradients <- function(fit) sum(fit$adaptation$gradients_sampling)

test_that("every metric gives the same posterior; those with the covariance need far fewer gradients", {
  # exact: a ~ N(.5 * 2 / (2 + .01) ...): mean 1 / 2.01, var 1 - 1 / 2.01
  diagonal <- ridge_fit()
  fits <- list(
    ridge_fit(metric = "dense"), ridge_fit(metric = "lowrank"), ridge_fit(metric = list(c("b", "a"))),
    ridge_fit(metric = "dense", warmup = "stan"), ridge_fit(metric = list(c("a", "b")), warmup = "stan")
  )
  for (fit in c(list(diagonal), fits)) {
    a <- array(draws(fit, "a"), c(500, 2, 1))
    # 4 Monte Carlo standard errors
    expect_lt(abs(mean(a) - 1 / 2.01) / mcse_mean(a), 4)
    expect_lt(abs(sd(a) - sqrt(1 - 1 / 2.01)) / mcse_sd(a), 4)
  }
  for (fit in fits) expect_lt(gradients(fit), gradients(diagonal) / 2)
})

test_that("blocks go by the user's names, also of reparameterized sites", {
  m <- model(function(y) {
    mu ~ normal(0, 5)
    tau ~ half_normal(1)
    theta[1:3] ~ normal(mu, tau)
    y ~ normal(theta, 1)
  })
  fit <- fit_nuts(m, list(y = c(1, 2, 4)), metric = list(c("theta", "mu")), chains = 1, seed = 1, iter_sampling = 100)
  expect_equal(dim(fit$adaptation$inv_metric), c(5 + 16, 1))
  at <- match(c("mu", "tau", "theta_decentered[1]"), fit$unconstrained_names)
  # variances of the others, 1 within a block
  expect_equal(fit$adaptation$inv_metric[at[c(1, 3)], 1], c(1, 1))
  expect_false(fit$adaptation$inv_metric[at[2], 1] == 1)
  # a site that is drawn ancestrally has no coordinates
  barren <- model(function(y) {
    mu ~ normal(0, 1)
    y ~ normal(mu, 1)
    z ~ normal(mu, 1)
  })
  expect_equal(dim(fit_nuts(barren, list(y = 1), metric = list(c("z", "mu")), chains = 1, seed = 1)$unconstrained)[3], 1)
})

test_that("an inverse metric is a start: numbers, or a fit", {
  covariance <- matrix(c(1, -0.95, 0, -0.95, 1, 0, 0, 0, 9), 3, dimnames = list(c("b", "a", "free"), NULL))
  kept <- function(...) ridge_fit(..., iter_warmup = 0, iter_sampling = 10)$adaptation$inv_metric
  dense <- kept(metric = "dense", inverse_metric = covariance)
  # in the order of the model's coordinates a, b, free
  expect_equal(dense[, 1], as.vector(covariance[c(2, 1, 3), c(2, 1, 3)]))
  expect_equal(kept(inverse_metric = covariance)[, 2], c(1, 1, 9))
  expect_equal(kept(inverse_metric = c(free = 4, b = 2, a = 3))[, 1], c(3, 2, 4))
  blocks <- kept(metric = list(c("b", "a")), inverse_metric = covariance)
  expect_equal(blocks[, 1], c(1, 1, 9, 1, -0.95, -0.95, 1))
  # the low-rank form: eigenvalues of the correlation matrix within a factor of 2 of 1 become 1
  low <- kept(metric = "lowrank", inverse_metric = covariance)[, 1]
  u <- low[4 + 64 + 1:3]
  e <- eigen(cov2cor(unname(covariance[c(2, 1, 3), c(2, 1, 3)])))
  kept_values <- ifelse(e$values > 2 | e$values < 0.5, e$values, 1)
  expect_equal(low[1:5], c(1, 1, 9, 1, 0.05))
  expect_equal(diag(3) + (low[5] - 1) * tcrossprod(u), e$vectors %*% diag(kept_values) %*% t(e$vectors))
  first <- ridge_fit(metric = "lowrank", iter_sampling = 10)
  expect_identical(kept(metric = "lowrank", inverse_metric = first), first$adaptation$inv_metric)
  # other numbers of chains take them in turn
  three <- ridge_fit(metric = "lowrank", inverse_metric = first, iter_warmup = 0, iter_sampling = 10, chains = 3)
  expect_identical(three$adaptation$inv_metric, first$adaptation$inv_metric[, c(1, 2, 1)])
  variances <- ridge_fit(iter_sampling = 10)
  expect_equal(diag(matrix(kept(metric = "dense", inverse_metric = variances)[, 1], 3)), variances$adaptation$inv_metric[, 1])
})

test_that("a dense metric that warm-up is too short for says so, and how much it takes", {
  wide <- model(function(n) x[1:n] ~ normal(0, rep(1:2, length.out = n)))
  wide_fit <- function(n, ..., metric = "dense") {
    fit_nuts(wide, list(n = n), reparam = "none", prune = FALSE, chains = 1, iter_sampling = 10, seed = 1, metric = metric, ...)
  }
  expect_warning(short <- wide_fit(130, iter_warmup = 150), "dense metric kept variances only in 1 of 1 chain: warm-up")
  expect_true(all(matrix(short$adaptation$inv_metric, 130)[upper.tri(diag(130))] == 0))
  advice <- metric_advice(short)
  expect_match(advice$lines[2], "iter_warmup = 200", fixed = TRUE)
  expect_output(print(short), "Warm up longer", fixed = TRUE)
  expect_output(print(diagnose(short)), "kept variances only", fixed = TRUE)
  expect_no_warning(long <- wide_fit(130, iter_warmup = 200))
  expect_equal(long$adaptation$matrices_missing, 0)
  # what was given is no less than what was learnt before
  covariance <- diag(rep(c(1, 4), 65)) + 0.5
  given <- wide_fit(130, iter_warmup = 100, inverse_metric = covariance)
  expect_equal(given$adaptation$inv_metric[, 1], as.vector(covariance))
  # a small block is learnt, a large one is not
  both <- model(function(n) {
    mu[1:2] ~ normal(0, 1)
    x[1:n] ~ normal(mu[1] + mu[2], rep(1:2, length.out = n))
  })
  expect_warning(
    fit <- fit_nuts(both, list(n = 100), reparam = "none", prune = FALSE, chains = 2, iter_sampling = 10, seed = 1,
                    iter_warmup = 120, metric = list("mu", "x")),
    "A block of the metric kept variances only in 2 of 2 chains"
  )
  expect_equal(fit$adaptation$matrices_missing, c(1, 1))
})

test_that("what cannot be a metric is refused", {
  expect_error(ridge_fit(metric = "round"), "`metric` must be one of", class = "reparam_error")
  expect_error(ridge_fit(metric = list(1)), "names of sites", class = "reparam_error")
  expect_error(ridge_fit(metric = list()), "names of sites", class = "reparam_error")
  expect_error(ridge_fit(metric = list(c("a", "c"))), "`c`.*sites that are sampled are `a`, `b`, `free`", class = "reparam_error")
  expect_error(ridge_fit(metric = list("a", c("a", "b"))), "`a` in two blocks", class = "reparam_error")
  expect_error(ridge_fit(metric = "lowrank", warmup = "stan"), "\"fast\"", class = "reparam_error")
  expect_error(ridge_fit(inverse_metric = 1:2), "3 unconstrained coordinates", class = "reparam_error")
  expect_error(ridge_fit(inverse_metric = c(1, 0, 1)), "variance 2 .* is 0", class = "reparam_error")
  expect_error(ridge_fit(inverse_metric = c(a = 1, b = 1, c = 1)), "does not name .*`free`", class = "reparam_error")
  expect_error(ridge_fit(inverse_metric = "x"), "must be variances", class = "reparam_error")
  expect_error(ridge_fit(inverse_metric = matrix(1, 2, 3)), "must be variances", class = "reparam_error")
  expect_error(ridge_fit(inverse_metric = matrix(1:9, 3)), "symmetric", class = "reparam_error")
  expect_error(
    ridge_fit(metric = "dense", inverse_metric = matrix(c(1, 2, 0, 2, 1, 0, 0, 0, 1), 3)), "positive definite",
    class = "reparam_error"
  )
  low <- ridge_fit(metric = "lowrank", iter_sampling = 10)
  expect_error(ridge_fit(inverse_metric = low), "another kind", class = "reparam_error")
  many <- model(function() x[1:301] ~ normal(0, 1))
  expect_error(fit_nuts(many, metric = "dense", prune = FALSE, seed = 1), "at most 300.*lowrank", class = "reparam_error")
})
