# Starting values: with no warm-up, tiny steps and one iteration a chain is still where it began.
two_level <- model(function(y) {
  mu ~ normal(0, 5)
  tau ~ lognormal(0, 0.1)
  theta[1:3] ~ normal(mu, tau)
  y ~ normal(theta, 1)
})
y <- list(y = c(1, 2, 3))
begin <- function(init, model = two_level, data = y, chains = 2, reparam = "none", ...) {
  fit_nuts(
    model, data, chains = chains, iter_warmup = 0, iter_sampling = 1, init = init, seed = 1, step_size = 1e-9,
    algorithm = "hmc", n_leapfrog = 1, reparam = reparam, ...
  )
}
site <- function(fit, name) draws(fit, name)[1, , drop = TRUE]

test_that("uniform, and its radius", {
  inside <- begin(NULL, chains = 50)$unconstrained
  expect_identical(begin("uniform", chains = 50)$unconstrained, inside)
  expect_lt(max(abs(inside)), 2)
  expect_gt(max(abs(inside)), 1.8)
  expect_lt(max(abs(begin(0.1, chains = 50)$unconstrained)), 0.1 + 1e-6)
  expect_equal(as.vector(begin(0)$unconstrained), rep(0, 10), tolerance = 1e-6)
})

test_that("values by site, for all chains and for each", {
  fit <- begin(list(tau = 2, theta = c(7, 8, 9)))
  expect_equal(site(fit, "tau"), c(2, 2), tolerance = 1e-6)
  expect_equal(draws(fit, "theta")[1, 2, ], c(7, 8, 9), tolerance = 1e-6)
  each <- begin(list(list(mu = 1), list(mu = -30, tau = 3)), reparam = "auto")
  expect_equal(site(each, "mu"), c(1, -30), tolerance = 1e-6)
  expect_equal(site(each, "tau")[2], 3, tolerance = 1e-6)
  # values of a site that is sampled in other coordinates
  moved <- begin(list(list(theta = 1:3), list(theta = 4:6)), reparam = "auto")
  expect_equal(draws(moved, "theta")[1, 2, ], c(4, 5, 6), tolerance = 1e-6)
})

test_that("the prior: a draw, and the median", {
  fit <- begin("prior", chains = 200)
  # 200 draws from N(0, 5) and lognormal(0, .1); the bounds are at the level .001
  expect_gt(ks.test(site(fit, "mu"), "pnorm", 0, 5)$p.value, 1e-3)
  expect_gt(ks.test(log(site(fit, "tau")), "pnorm", 0, 0.1)$p.value, 1e-3)
  middle <- begin("median", chains = 4)
  # median of 51 draws: standard error 1.25 sd / sqrt(51)
  expect_lt(max(abs(site(middle, "mu"))), 4 * 1.25 * 5 / sqrt(51))
  expect_lt(max(abs(log(site(middle, "tau")))), 4 * 1.25 * 0.1 / sqrt(51))
  flat <- model(function(y) {
    m ~ improper_uniform()
    y ~ normal(m, 1)
  })
  expect_error(begin("prior", flat, list(y = 1)), "improper_uniform", class = "reparam_error")
})

test_that("a fit: its draws", {
  fit <- fit_nuts(two_level, y, chains = 2, iter_sampling = 50, seed = 1)
  started <- begin(fit, chains = 3)
  here <- site(started, "mu")
  expect_true(all(vapply(here, function(m) min(abs(draws(fit, "mu") - m)) < 1e-6, NA)))
  expect_length(unique(here), 3)
  vi <- fit_svi(two_level, y, steps = 200, draws = 40, seed = 1)
  here <- site(begin(vi, reparam = "auto"), "tau")
  expect_true(all(vapply(here, function(t) min(abs(draws(vi, "tau") - t)) < 1e-6, NA)))
  other <- model(function(y) {
    a ~ normal(0, 1)
    y ~ normal(a, 1)
  })
  expect_error(begin(fit, other, list(y = 1)), "no site that this model", class = "reparam_error")
})

test_that("another position is tried where the density is not finite, and a failure names its cause", {
  # half of all uniform positions are impossible
  half <- model(function(y) {
    a ~ normal(0, 1)
    log_factor("right", ifelse(a > 0, 0, -Inf))
    y ~ normal(a, 1)
  })
  expect_gt(min(site(begin("uniform", half, list(y = 1), chains = 20), "a")), 0)
  expect_gt(min(site(begin("prior", half, list(y = 1), chains = 20), "a")), 0)
  bad <- model(function(y) {
    s ~ normal(0, 1)
    y ~ normal(0, s)
  })
  expect_error(begin(list(s = -3), bad, list(y = 1)), "`y`.*`sd` of normal\\(\\) is -3", class = "reparam_error")
  expect_error(begin(list(list(s = -3), list(s = -3)), bad, list(y = 1)), "`sd` of normal\\(\\) is -3")
})

test_that("what cannot be a start is refused", {
  expect_error(begin("centre"), "`init` must be", class = "reparam_error")
  expect_error(begin(list(1, 2)), "named list", class = "reparam_error")
  expect_error(begin(list(nu = 1)), "`nu`.*no such site", class = "reparam_error")
  expect_error(begin(list(list(mu = 1))), "for 1 chains, but there are 2", class = "reparam_error")
  expect_error(begin(list(mu = "a")), "`mu`", class = "reparam_error")
  expect_error(begin(-1), "radius", class = "reparam_error")
  expect_error(begin(list(tau = -1)), "`tau`.*support", class = "reparam_error")
  expect_error(begin(list(list(tau = 1), list(tau = 0))), "`tau`.*support", class = "reparam_error")
})
