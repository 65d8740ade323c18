banana <- model(function() {
  a ~ normal(0, 1)
  b ~ normal(a^2, 0.3)
})

test_that("flows are plain lists, and bad arguments are named", {
  flow <- list(kind = "iaf", sites = "a", init_scale = 0.1, num_flows = 2, hidden = 8, layers = 1)
  expect_equal(unclass(guide_iaf("a", num_flows = 2, hidden = 8, layers = 1)), flow)
  expect_output(print(guide_coupling("a", bins = 4)), 'guide_coupling("a", layers = 2, bins = 4)', fixed = TRUE)
  expect_error(guide_iaf(num_flows = 0), "`num_flows` must be a whole number")
  expect_error(guide_iaf(hidden = 1.5), "`hidden` must be a whole number")
  expect_error(guide_coupling(bins = -1), "`bins` must be a whole number")
})

test_that("flows bend where a normal distribution cannot", {
  # The model is a normalized density, so that the ELBO is minus the divergence from it.
  normal <- fit_svi(banana, guide = guide_mvn(), prune = FALSE, reparam = "none", elbo_draws = 10000, seed = 1)
  iaf <- fit_svi(banana, guide = guide_iaf(num_flows = 1), optim = optim_adam(0.01), steps = 20000, prune = FALSE, reparam = "none", elbo_draws = 10000,
                 seed = 1)
  expect_lt(normal$elbo[["mean"]], -0.5)
  # standard errors of the ELBOs are about .001
  expect_gt(iaf$elbo[["mean"]], -0.02)
  expect_lt(iaf$khat, 0.7)
  # 4 standard errors of a mean of 1000 draws
  expect_lt(abs(mean(draws(iaf, "a"))), 4 / sqrt(1000))
  expect_lt(abs(mean(draws(iaf, "b")) - 1), 4 * sqrt(2.09 / 1000))
})

# Minus the divergence of a coupling flow from the funnel, whose log evidence is 0, as from the 10-dimensional one of
# tools/bench-guides.R; its draws, weighed by their importance, have the funnel's quantiles.
test_that("a coupling flow becomes a funnel, at every seed", {
  funnel <- model(function() {
    y ~ normal(0, 3)
    x[1:4] ~ normal(0, exp(y / 2))
  })
  for (seed in 1:3) {
    fit <- fit_svi(funnel, guide = guide_coupling(), prune = FALSE, reparam = "none", draws = 4000, elbo_draws = 4000,
                   seed = seed)
    expect_gt(fit$elbo[["mean"]], -0.1) # its standard error is about .002
    weight <- exp(fit$log_weights - max(fit$log_weights))
    weight <- weight / sum(weight)
    y <- as.vector(draws(fit, "y"))
    for (p in c(0.05, 0.5, 0.95)) {
      below <- y < qnorm(p, 0, 3)
      # 4 standard errors of a share estimated by normalized weights
      expect_lt(abs(sum(weight * below) - p), 4 * sqrt(sum(weight^2 * (below - p)^2)))
    }
  }
})

test_that("a flow may cover some of the sites, and is continued and drawn from like any guide", {
  m <- model(function(y) {
    a ~ normal(0, 1)
    b[1:3] ~ normal(0, 1)
    half := a / 2
    y ~ normal(a + sum(b), 1)
  })
  guide <- guide_list(guide_iaf("b", num_flows = 1, hidden = 4, layers = 1), guide_normal())
  fit <- fit_svi(m, list(y = 1), guide, steps = 200, seed = 1)
  # 2 n and one network (3 inputs, 4 units, 6 outputs), and a normal
  expect_length(fit$params, 2 * 3 + (4 * 3 + 4) + (6 * 4 + 6) + 6 * 3 + 2)
  more <- fit_svi(fit, steps = 100)
  expect_length(more$loss, 300)
  expect_equal(dim(draws(posterior_draws(fit, 50, seed = 1), "b")), c(50, 1, 3))
  expect_equal(draws(fit, "half"), draws(fit, "a") / 2)
})
