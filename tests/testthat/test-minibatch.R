logistic_data <- function(n = 20000, seed = 1) {
  set.seed(seed)
  x <- matrix(rnorm(3 * n), n)
  list(x = x, y = rbinom(n, 1, plogis(-0.5 + x %*% c(1, -0.7, 0.3))))
}

logistic <- function(batch = NULL) {
  model(function(x, y) {
    a ~ normal(0, 2)
    b[1:3] ~ normal(0, 2)
    with_plate("rows", nrow(x), subsample = batch, function(i) {
      y[i] ~ bernoulli(logits = a + as.vector(x[i, ] %*% b))
    })
  })
}

# The ELBO of the fit's guide, by n fresh draws, under the given spec.
elbo_of <- function(fit, spec, n) {
  control <- fit$control
  control$optim <- engine_optim(control$optim, 1)
  control$steps <- 0
  control$automatic <- FALSE
  control$elbo_draws <- n
  control$draws <- 1
  control$start <- fit[c("params", "state", "step")]
  .Call(ffi_fit_svi, spec, unclass_guide(control$guide), control)$elbo
}

test_that("estimates from minibatches have the expectation of the whole", {
  data <- logistic_data(500)
  for (guide in list(guide_normal(), guide_mvn())) {
    fit <- fit_svi(logistic(20), data, guide = guide, steps = 300, seed = 1)
    whole <- elbo_of(fit, model_spec(logistic(), data), 4000)
    parts <- elbo_of(fit, model_spec(logistic(20), data), 40000)
    # Four standard errors of the difference, which are about 1 % of the standard deviation of one estimate.
    expect_lte(abs(whole[1] - parts[1]), 4 * sqrt(whole[2]^2 + parts[2]^2))
    # That can tell a wrong weight: the likelihood is 25 times too small without one.
    expect_gt(abs(whole[1]), 100 * parts[2])
  }
})

test_that("a minibatch weighs everything inside it, and nothing outside", {
  m <- function(batch) model(function(x) {
    mu ~ normal(0, 3)
    sum_of_squares := mu^2
    with_plate("rows", 6, subsample = batch, function(i) {
      x[i] ~ normal(mu, 1)
      log_factor("pull", -0.1 * (x[i] - mu)^2)
    })
  })
  data <- list(x = c(-2, -1, 0, 0.5, 1, 4))
  fit <- fit_svi(m(2), data, steps = 50, seed = 1)
  whole <- elbo_of(fit, model_spec(m(NULL), data), 4000)
  parts <- elbo_of(fit, model_spec(m(2), data), 40000)
  expect_lte(abs(whole[1] - parts[1]), 4 * sqrt(whole[2]^2 + parts[2]^2))
})

test_that("a logistic regression of 20,000 rows by minibatches of 200 finds the posterior mean of the full data", {
  data <- logistic_data()
  fit <- fit_svi(logistic(200), data, guide = guide_mvn(), optim = optim_adam(0.02), steps = 20000, seed = 1)
  # With so many rows the posterior is normal to three digits of its sd; glm's estimate differs from its mean by the
  # prior (precision 1/4 against about 3000) and by skewness, both below .01 sd.
  exact <- glm(data$y ~ data$x, family = binomial())
  off <- (summary(fit)$mean - coef(exact)) / sqrt(diag(vcov(exact)))
  # A gradient from a hundredth of the data has ten times the noise of the data themselves; averaging 2400 iterates or
  # more at falling rates brings the mean to within a third of a posterior sd (.25 at most in three seeds).
  expect_lte(max(abs(off)), 0.33)
  ratio <- summary(fit)$sd / sqrt(diag(vcov(exact)))
  expect_lte(max(abs(log(ratio))), log(1.25))
  # weights by an independent density of the whole data: that of glm's likelihood and the priors
  theta <- cbind(draws(fit, "a"), matrix(draws(fit, "b"), ncol = 3))
  density <- apply(theta[1:20, ], 1, function(b) {
    sum(dbinom(data$y, 1, plogis(b[1] + data$x %*% b[-1]), log = TRUE)) + sum(dnorm(b, 0, 2, log = TRUE))
  })
  # the guide's own density, by its mean and covariance from 20000 draws, is known to some percent of a nat
  many <- posterior_draws(fit, 20000, seed = 2)
  x <- cbind(draws(many, "a"), matrix(draws(many, "b"), ncol = 3))
  away <- theta[1:20, ] - rep(colMeans(x), each = 20)
  guide <- -0.5 * rowSums((away %*% solve(cov(x))) * away) - 0.5 * determinant(2 * pi * cov(x))$modulus
  expect_lt(max(abs(fit$log_weights[1:20] - (density - guide))), 0.2)
  expect_identical(fit$khat, psis_khat(fit$log_weights))
  expect_lt(fit$khat, 0.7)
  expect_equal(fit$elbo[["mean"]], mean(fit$log_weights))
  expect_output(print(fit), "20000 steps")
})

test_that("a spec with minibatches knows no whole, and print() says that there is no Pareto k", {
  fit <- fit_svi(model_spec(logistic(200), logistic_data(1000)), steps = 50, seed = 1)
  expect_true(is.na(fit$khat))
  expect_output(print(fit), "no Pareto k: .* minibatches")
})

test_that("a fit by minibatches gives draws, likelihoods and predictions of the whole data", {
  m <- model(function(x, y, n = length(x)) {
    a ~ normal(0, 1)
    with_plate("rows", n, subsample = 3, function(i) {
      mean := a * x[i]
      y[i] ~ normal(mean, 1)
    })
  })
  data <- list(x = 1:10, y = 0.1 * (1:10))
  fit <- fit_svi(m, data, steps = 200, draws = 50, seed = 1)
  expect_equal(draws(fit, "mean")[, 1, 7], 7 * draws(fit, "a")[, 1], tolerance = 1e-14)
  expect_equal(dim(log_lik(fit)), c(50L, 1L, 10L))
  expect_equal(log_lik(fit)[, 1, 2], dnorm(0.2, 2 * draws(fit, "a")[, 1], 1, log = TRUE), tolerance = 1e-12)
  expect_equal(dim(draws(posterior_predict(fit), "y")), c(50L, 1L, 10L))
  expect_equal(dim(draws(posterior_draws(fit, 70, seed = 1), "mean")), c(70L, 1L, 10L))
  on <- fit_svi(fit, steps = 100)
  expect_length(on$loss, 300)
  expect_equal(dim(draws(on, "mean")), c(50L, 1L, 10L))
  expect_equal(dim(draws(prior_draws(m, data, draws = 20, seed = 1), "y")), c(20L, 1L, 10L))
  expect_equal(sum(trace_model(m, data, seed = 1)$dim[[2]]), 10L)
})

test_that("random effects are drawn outside and taken by the index", {
  m <- function(batch) model(function(g, y) {
    tau ~ lognormal(0, 0.5)
    z[1:4] ~ normal(0, tau)
    with_plate("rows", length(y), subsample = batch, function(i) y[i] ~ normal(z[g[i]], 0.5))
  })
  set.seed(2)
  data <- list(g = rep(1:4, 50), y = rnorm(200, rep(c(-1, 0, 1, 2), 50), 0.5))
  fit <- fit_svi(m(40), data, steps = 3000, seed = 1)
  exact <- fit_svi(m(NULL), data, steps = 3000, seed = 1)
  off <- (summary(fit)$mean - summary(exact)$mean) / summary(exact)$sd
  # Half a posterior sd: the gradient's noise as above, and 1000 draws of each.
  expect_lte(max(abs(off)), 0.5)
})

test_that("matrices of observations and whole events are gathered by row", {
  y <- matrix(c(1, 2, 3, 4, 5, 6), 3)
  m <- function(batch) model(function(y) {
    mu ~ normal(0, 3)
    with_plate("rows", 3, subsample = batch, function(i) y[i, ] ~ normal(mu, 2))
  })
  fit <- fit_svi(m(2), list(y = y), steps = 50, seed = 1)
  whole <- elbo_of(fit, model_spec(m(NULL), list(y = y)), 2000)
  parts <- elbo_of(fit, model_spec(m(2), list(y = y)), 20000)
  expect_lte(abs(whole[1] - parts[1]), 4 * sqrt(whole[2]^2 + parts[2]^2))
  events <- function(batch) model(function(y) {
    mu ~ normal(0, 3)
    with_plate("rows", 3, subsample = batch, function(i) y[i, ] ~ mvn(rep(mu, 2), matrix(c(2, 0.5, 0.5, 1), 2)))
  })
  fit <- fit_svi(events(2), list(y = y), steps = 50, seed = 1)
  whole <- elbo_of(fit, model_spec(events(NULL), list(y = y)), 2000)
  parts <- elbo_of(fit, model_spec(events(2), list(y = y)), 20000)
  expect_lte(abs(whole[1] - parts[1]), 4 * sqrt(whole[2]^2 + parts[2]^2))
})

test_that("the spec says which part of the plate is looked at", {
  spec <- model_spec(logistic(200), logistic_data(1000))
  expect_match(format(spec), "plate rows, 200 of 1000:", all = FALSE)
  expect_match(format(spec), "y\\[200\\] ~ bernoulli_logit  observed", all = FALSE)
  # The whole plate is no minibatch.
  expect_false(in_batches(model_spec(logistic(1000), logistic_data(1000))))
})

test_that("what minibatches cannot do is refused", {
  data <- list(x = matrix(rnorm(30), 10), y = rep(0:1, 5))
  expect_error(fit_nuts(logistic(5), data), "NUTS needs the whole log density.*subsample")
  expect_error(fit_nuts(model_spec(logistic(5), data)), "NUTS needs the whole log density")
  expect_error(log_density(model_spec(logistic(5), data), values = numeric(4)), "only fit_svi\\(\\) can use")
  expect_error(fit_svi(logistic(5), data, guide = guide_laplace()), "only fit_svi\\(\\) can use|random")
  inside <- function(body) function(y) with_plate("p", 4, subsample = 2, body)
  expect_error(model_spec(function(y) with_plate("p", 4, subsample = 5, function(i) 1), list(y = 1)), "is 5, but the plate has size 4")
  expect_error(model_spec(function(y) with_plate("p", 4, subsample = 1.5, function(i) 1), list(y = 1)), "`subsample` of the plate")
  expect_error(model_spec(function(y) with_plate("p", 4, subsample = 2, function(i) z ~ normal(0, 1)), list(y = 1)),
               "`z` stands in a plate with `subsample`")
  expect_error(model_spec(function(y) with_plate("p", 4, subsample = 2, function(i) y ~ normal(0, 1)), list(y = 1:4)),
               "4 elements, but the plates around it have 2|stands in a plate")
  expect_error(model_spec(function(y) with_plate("p", 4, subsample = 2, function(i) y[i] ~ normal(0, 1)), list(y = c(1, NA, 2, 3))),
               "NA at element 2")
  expect_error(model_spec(function(n, y = NULL) with_plate("p", 4, subsample = 2, function(i) y[i] ~ normal(0, 1)), list(n = 1)),
               "stands in a plate with `subsample`")
})
