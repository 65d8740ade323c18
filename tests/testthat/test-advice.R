test_that("an argument that a real site takes out of its range is the first thing to mend", {
  spread <- model(function(y) {
    s[1:2] ~ normal(0, 1)
    y ~ normal(0, s)
  })
  fit <- fit_nuts(spread, list(y = c(1, 0.5)), chains = 2, seed = 1)
  expect_gt(sum(fit$sampler$divergent), 0)
  lines <- range_cure(fit)
  expect_match(lines[1], "`sd` of `y` must be positive, but nothing keeps `s` there")
  expect_equal(lines[2], "  s[1:2] ~ half_normal(1)")
  expect_output(print(fit), "half_normal", fixed = TRUE)
  coin <- model_spec(function(y) {
    p ~ normal(0, 1)
    y ~ bernoulli(p)
  }, list(y = 1))
  expect_equal(arguments_outside(coin)$y[c("name", "site")], list(name = "prob", site = "p"))
  # A function of the site, or a site that is positive, is no reason to complain.
  fine <- model_spec(function(y) {
    s ~ normal(0, 1)
    t ~ half_normal(1)
    x ~ normal(0, t)
    y ~ normal(0, exp(s))
  }, list(y = 1))
  expect_length(arguments_outside(fine), 0)
})

test_that("chains at places of their own are told from chains that are too short", {
  two_places <- function(apart) {
    x <- array(withr::with_seed(1, rnorm(1000)), c(250, 4, 1)) + rep(c(0, apart), each = 500)
    fit <- mock_nuts(iterations = 250L)
    fit$draws$k <- x
    fit
  }
  apart <- two_places(10)
  expect_match(mode_cure(apart, list(rhat = c(k = 5)))[1], "several modes")
  expect_null(mode_cure(apart, list(rhat = c(k = 1.02))))
  # Chains that wander together as slowly as this have not reached one place each.
  wander <- two_places(0)
  wander$draws$k[] <- apply(matrix(wander$draws$k, 250), 2L, cumsum)
  expect_null(mode_cure(wander, list(rhat = c(k = 2))))
})
