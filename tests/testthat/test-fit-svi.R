normal_mean <- model(function(y, sd = 1) {
  mu ~ normal(0, 2)
  twice := 2 * mu
  y ~ normal(mu, sd)
})
three <- list(y = c(1.2, 0.4, 2.1))

test_that("the normal guide finds a normal posterior, and the ELBO is the evidence", {
  fit <- fit_svi(normal_mean, three, steps = 5000, draws = 4000, elbo_draws = 1e4, seed = 1)
  mu <- draws(fit, "mu")
  # exact: 1.1384615385 (.5547001962), evidence -4.9381364322. The optimizer ends within about 0.05 of the optimum
  # with rate 0.01.
  expect_equal(mean(mu), 1.1384615385, tolerance = 0.1)
  expect_equal(sd(mu), 0.5547001962, tolerance = 0.1)
  expect_equal(fit$elbo[["mean"]], -4.9381364322, tolerance = 0.01)
  expect_equal(draws(fit, "twice"), 2 * mu)
  expect_equal(dim(mu), c(4000, 1))
  expect_length(fit$loss, 5000)
})

test_that("every guide and optimizer runs; seeds reproduce", {
  pair <- model(function(y) {
    m ~ normal(0, 1)
    s ~ lognormal(0, 1)
    y ~ normal(m, s)
  })
  guides <- list(guide_normal(), guide_diagonal(), guide_mvn(), guide_lowrank(rank = 1), guide_delta(),
                 guide_list(guide_mvn("s"), guide_normal()))
  for (guide in guides) {
    fit <- fit_svi(pair, three, guide = guide, steps = 200, draws = 50, seed = 1)
    again <- fit_svi(pair, three, guide = guide, steps = 200, draws = 50, seed = 1)
    expect_identical(fit$loss, again$loss)
    expect_identical(draws(fit), draws(again))
    expect_true(all(draws(fit, "s") > 0))
  }
  delta <- fit_svi(pair, three, guide = guide_delta(), steps = 200, draws = 50, seed = 1)
  expect_equal(length(unique(draws(delta, "m"))), 1)
  for (optim in list(optim_adam(0.05), optim_clipped_adam(0.05), optim_rmsprop(), optim_sgd(), optim_adagrad())) {
    loss <- fit_svi(pair, three, optim = optim, steps = 2000, draws = 10, seed = 1)$loss
    expect_lt(mean(tail(loss, 200)), mean(head(loss, 20)))
  }
})

test_that("set.seed() governs, `seed` leaves the generator alone", {
  set.seed(3)
  before <- .Random.seed
  fit <- fit_svi(normal_mean, three, steps = 50, draws = 10, analytic = FALSE, seed = 1)
  expect_identical(.Random.seed, before)
  a <- fit_svi(normal_mean, three, steps = 50, draws = 10, analytic = FALSE)
  set.seed(3)
  expect_identical(fit_svi(normal_mean, three, steps = 50, draws = 10, analytic = FALSE)$loss, a$loss)
  expect_false(identical(a$loss, fit$loss))
})

test_that("bad arguments are named", {
  expect_error(fit_svi(normal_mean, three, guide = "normal"), "`guide` must be a guide")
  expect_error(fit_svi(normal_mean, three, optim = "adam"), "`optim` must be an optimizer")
  expect_error(fit_svi(normal_mean, three, steps = 0), "`steps`")
  expect_error(fit_svi(normal_mean, three, particles = 0), "`particles`")
  expect_error(fit_svi(normal_mean, three, guide = guide_mvn("nu")), "no such site.*mu")
  two <- model(function(y) {
    a ~ normal(0, 1)
    b ~ normal(0, 1)
    y ~ normal(a + b, 1)
  })
  expect_error(fit_svi(two, three, guide = guide_mvn("a")), "b")
})

test_that("loss is summarised by its first value and the mean of the last twentieth", {
  expect_equal(loss_summary(c(9, rep(5, 94), 1:5)), c(first = 9, last = 3))
  expect_equal(loss_summary(4), c(first = 4, last = 4))
})

test_that("a fit begins near the mode, whatever the units of the data, and counts the gradients that it took", {
  line <- model(function(x, y) {
    slope ~ improper_uniform()
    level ~ improper_uniform()
    noise ~ improper_uniform(lower = 0)
    y ~ normal(level + slope * x, noise)
  })
  set.seed(1)
  x <- rnorm(200, 100, 5)
  y <- 1e4 + 300 * x + rnorm(200, sd = 500)
  classical <- summary(lm(y ~ x))$coefficients
  # Short of the optimum by .05 nats, a mean may be off by sqrt(.1) of its standard deviation.
  for (guide in list(guide_normal(), guide_mvn(), guide_lowrank(rank = 1))) {
    fit <- fit_svi(line, list(x = x, y = y), guide = guide, draws = 4000, seed = 1)
    expect_true(fit$converged)
    expect_lt(length(fit$loss), 2000)
    expect_gt(fit$climbed, 0)
    expect_false(is.unsorted(-fit$loss[seq_len(fit$climbed)]))
    expect_lt(abs(mean(draws(fit, "slope")) - classical["x", 1]), 0.4 * classical["x", 2])
  }
  full <- fit_svi(line, list(x = x, y = y), guide = guide_mvn(), draws = 4000, seed = 1)
  expect_equal(sd(draws(full, "slope")), classical["x", 2], tolerance = 0.1)
  short <- fit_svi(line, list(x = x, y = y), guide = guide_mvn(), steps = 10, seed = 1)
  expect_length(short$loss, 10)
  expect_lte(short$climbed, 5)
})

test_that("values given, fits continued, minibatches and guides that are not normal do without", {
  expect_gt(fit_svi(normal_mean, three, steps = 200, seed = 1)$climbed, 0)
  expect_equal(fit_svi(normal_mean, three, steps = 200, init = list(mu = 1), seed = 1)$climbed, 0)
  expect_equal(fit_svi(fit_svi(normal_mean, three, steps = 200, seed = 1), steps = 100)$climbed, 0)
  expect_equal(fit_svi(normal_mean, three, guide = guide_delta(), steps = 200, seed = 1)$climbed, 0)
  # covariances too large for units of their own learn where their scales do, from the usual start
  wide <- model(function() z[1:60] ~ normal(0, 1))
  expect_equal(fit_svi(wide, guide = guide_mvn(), prune = FALSE, steps = 100, seed = 1)$climbed, 0)
  expect_gt(fit_svi(wide, prune = FALSE, steps = 100, seed = 1)$climbed, 0)
  batches <- model(function(y) {
    mu ~ normal(0, 2)
    with_plate("rows", length(y), subsample = 2, function(i) y[i] ~ normal(mu, 1))
  })
  expect_equal(fit_svi(batches, three, steps = 200, seed = 1)$climbed, 0)
})

test_that("units of the optimizer go on with a fit that is continued", {
  fit <- fit_svi(normal_mean, three, steps = 300, anneal = FALSE, seed = 1)
  more <- fit_svi(fit, steps = 100)
  whole <- fit_svi(normal_mean, three, steps = 400, anneal = FALSE, seed = 1)
  expect_identical(more$params, whole$params)
  expect_identical(more$state, whole$state)
})

test_that("values of learnable parameters are minded: by log_density(), and as where a fit of a few steps begins", {
  spread <- model(function(y) {
    x ~ normal(0, 1)
    s <- param("s", 1, "positive")
    y ~ normal(x, s)
  })
  value <- log_density(spread, list(y = 3), list(x = 0.5, s = 2))
  expect_equal(as.numeric(value), dnorm(0.5, log = TRUE) + dnorm(3, 0.5, 2, log = TRUE))
  expect_error(log_density(spread, list(y = 3), list(x = 0.5, s = c(1, 2))), "has length 1", class = "reparam_error")
  expect_error(log_density(spread, list(y = 3), list(x = 0.5, s = -2)), "outside the support", class = "reparam_error")
  for (steps in 1:3) {
    fit <- fit_svi(spread, list(y = 3), init = list(x = 2, s = 7), steps = steps, optim = optim_adam(1e-4), seed = 1)
    # Adam moves by about its rate at each step.
    expect_equal(fit$params[c(1, 3)], c(2, log(7)), tolerance = 1e-3)
  }
})
