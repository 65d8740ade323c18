coin <- model(function(y) {
  p ~ beta(2, 2)
  odds := p / (1 - p)
  y ~ bernoulli(rep(p, length(y)))
})
coin_guide <- function() {
  a <- param("a", 1, "positive")
  b <- param("b", 1, "positive")
  p ~ beta(a, b)
}
heads <- list(y = c(1, 1, 0, 1, 1))

schools <- model(function(sigma, y) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:3] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
})
lab3 <- list(sigma = c(15, 10, 16), y = c(28, 8, -3))

test_that("a guide that holds the posterior finds it", {
  fit <- fit_svi(coin, heads, coin_guide, steps = 10000, seed = 1)
  # the posterior is beta(6, 3), the evidence B(6, 3) / B(2, 2); where both agree the path derivative has no noise
  expect_equal(guide_params(fit), list(a = 6, b = 3), tolerance = 1e-3)
  expect_equal(fit$elbo[["mean"]], lbeta(6, 3) - lbeta(2, 2), tolerance = 1e-6)
  p <- draws(fit, "p")
  expect_equal(draws(fit, "odds"), p / (1 - p))
  expect_lt(abs(mean(p) - 2 / 3), 4 * sqrt(2 / 90 / 1000)) # variance of beta(6, 3): 18 / 810
})

test_that("draws of these families are differentiated", {
  # Each guide starts beside its model, a normalized density, so that the ELBO is minus the divergence and 0 at the optimum.
  pairs <- list(
    list(function() x ~ normal(1, 2), function() x ~ normal(param("a", 0.5), param("b", 1, "positive"))),
    list(function() x ~ student_t(5, 1, 2), function() x ~ student_t(5, param("a", 0.5), param("b", 1, "positive"))),
    list(function() x ~ laplace(1, 2), function() x ~ laplace(param("a", 0.5), param("b", 1, "positive"))),
    list(function() x ~ gumbel(1, 2), function() x ~ gumbel(param("a", 0.5), param("b", 1.5, "positive"))),
    list(function() x ~ lognormal(0, 1), function() x ~ lognormal(param("a", 0.5), param("b", 1.5, "positive"))),
    list(function() x ~ exponential(2), function() x ~ exponential(param("b", 1, "positive"))),
    list(function() x ~ gamma(3, 2), function() x ~ gamma(param("a", 2, "positive"), param("b", 1, "positive"))),
    list(function() x ~ inv_gamma(3, 2), function() x ~ inv_gamma(param("a", 4, "positive"), param("b", 2, "positive"))),
    list(function() x ~ weibull(2, 1), function() x ~ weibull(param("a", 1.5, "positive"), param("b", 1.5, "positive"))),
    list(function() x ~ half_normal(2), function() x ~ half_normal(param("b", 1, "positive"))),
    list(function() x ~ beta(2, 5), function() x ~ beta(param("a", 1.5, "positive"), param("b", 3, "positive"))),
    list(
      function() x ~ mvn(c(0, 1), matrix(c(1, 0.5, 0.5, 1), 2)),
      function() x ~ mvn(param("a", c(0, 0)), diag(param("b", c(1, 2), "positive")) + 0.5 * (matrix(1, 2, 2) - diag(2)))
    )
  )
  for (pair in pairs) {
    fit <- fit_svi(pair[[1]], guide = pair[[2]], optim = optim_adam(0.02), steps = 4000, prune = FALSE, draws = 10, seed = 1)
    expect_gt(fit$elbo[["mean"]], -0.005)
  }
})

test_that("sites may depend on each other and on data, and addresses are the user's names", {
  guide <- function(sigma) {
    mu ~ normal(param("m", 0), param("s", 1, "positive"))
    tau ~ lognormal(param("lt", 0), param("st", 0.5, "positive"))
    share <- param("share", rep(0.5, 3), "unit")
    theta ~ normal(param("t", rep(0, 3)) + share * mu, param("r", 1 / sigma, "positive") * tau^param("e", 0.5))
  }
  fit <- fit_svi(schools, lab3, guide, elbo_draws = 4000, seed = 1)
  mean_field <- fit_svi(schools, lab3, elbo_draws = 4000, seed = 1)
  # the optima are .4 apart; standard errors are .01
  expect_gt(fit$elbo[["mean"]], mean_field$elbo[["mean"]] + 0.2)
  expect_equal(dim(draws(fit, "theta")), c(1000, 1, 3))
  expect_length(guide_params(fit)$share, 3)
  # neither reparameterizations of the model nor a handler that does nothing changes the fit
  again <- fit_svi(schools |> reparam(theta = decenter()), lab3, model(guide) |> reparam(theta = decenter()), elbo_draws = 4000, seed = 1)
  expect_identical(again$elbo, fit$elbo)
  expect_equal(dim(log_lik(fit)), c(1000, 1, 3))
  expect_equal(draws(posterior_predict(fit), "mu"), draws(fit, "mu"))
  saved <- tempfile()
  saveRDS(fit, saved)
  expect_equal(draws(posterior_draws(readRDS(saved), 20, seed = 1), "tau"), draws(posterior_draws(fit, 20, seed = 1), "tau"))
})

test_that("sites that carry no information stay out of it unless the guide draws them", {
  m <- model(function(y) {
    a ~ normal(0, 1)
    idle ~ normal(0, 3)
    y ~ normal(a, 1)
  })
  exact <- function() a ~ normal(param("m", 0), param("s", 1, "positive"))
  fit <- fit_svi(m, list(y = 1), exact, seed = 1)
  expect_equal(fit$unconstrained_names, "a")
  expect_lt(abs(sd(draws(fit, "idle")) / 3 - 1), 4 / sqrt(2000))
  both <- function() {
    a ~ normal(0.5, sqrt(0.5))
    idle ~ normal(param("m", 1), 3)
  }
  fit <- fit_svi(m, list(y = 1), both, seed = 1)
  expect_setequal(fit$unconstrained_names, c("a", "idle"))
  expect_lt(abs(fit$elbo[["mean"]] - dnorm(1, 0, sqrt(2), log = TRUE)), 0.01) # the tolerance of the stopping rule
})

test_that("a delta makes a point, a guide may learn nothing, and parameters of the model are learned too", {
  m <- model(function(y) {
    s <- param("s", 1, "positive")
    mu ~ normal(0, 10)
    y ~ normal(mu, s)
  })
  y <- c(1, 2, 6)
  fit <- fit_svi(m, list(y = y), function() mu ~ delta(param("at", 0)), draws = 5, seed = 1)
  expect_equal(unique(as.vector(draws(fit, "mu"))), guide_params(fit)$at)
  expect_equal(guide_params(fit)$at, 3, tolerance = 0.05) # the mode is shrunk a little
  expect_equal(draws(fit, "s")[1], sqrt(mean((y - 3)^2)), tolerance = 0.02)
  fixed <- fit_svi(coin, heads, function() p ~ beta(6, 3), steps = 10, seed = 1)
  expect_length(fixed$params, 0)
  expect_equal(fixed$elbo[["mean"]], lbeta(6, 3) - lbeta(2, 2), tolerance = 1e-10)
})

test_that("guides that do not fit the model are refused", {
  expect_snapshot(transform = without_lines, {
    cat(condition_text(fit_svi(schools, lab3, function() mu ~ normal(0, 1))))
    cat(condition_text(fit_svi(coin, heads, function() p[1:2] ~ beta(1, 1))))
    cat(condition_text(fit_svi(coin, heads, function() {
      p ~ beta(1, 1)
      q ~ beta(1, 1)
    })))
    cat(condition_text(fit_svi(coin, heads, function(y) {
      p ~ beta(1, 1)
      y ~ bernoulli(0.5)
    })))
    cat(condition_text(fit_svi(schools, lab3, function() {
      mu ~ mixture(list(normal(0, 1), normal(param("m", 1), 1)), weights = c(0.5, 0.5))
      tau ~ lognormal(0, 1)
      theta[1:3] ~ normal(0, 1)
    })))
    cat(condition_text(reparam_neutra(fit_svi(coin, heads, coin_guide, steps = 5, seed = 1))))
    show_error(guide_params(1))
  })
})

test_that("such guides are parts of lists, beside others and each other", {
  both <- model(function(y, x) {
    mu ~ normal(0, 2)
    p ~ beta(2, 2)
    rate ~ gamma(2, 1)
    odds := p / (1 - p)
    y ~ bernoulli(rep(p, 5))
    x[1] ~ normal(mu, 1)
    x[2] ~ exponential(rate)
  })
  guide <- guide_list(
    function() p ~ beta(param("a", 1, "positive"), param("b", 1, "positive")), guide_normal(),
    function() rate ~ gamma(param("shape", 1, "positive"), param("speed", 1, "positive"))
  )
  expect_output(print(guide), "guide_list(<model>, guide_normal(), <model>)", fixed = TRUE)
  data <- list(y = c(1, 1, 0, 1, 1), x = c(1, 2))
  fit <- fit_svi(both, data, guide, steps = 10000, reparam = "auto", seed = 1)
  # the posterior is normal(.8, sqrt(.8)), beta(6, 3) and gamma(3, 3), a member of the family
  expect_equal(guide_params(fit), list(a = 6, b = 3, shape = 3, speed = 3), tolerance = 1e-3)
  evidence <- lbeta(6, 3) - lbeta(2, 2) + dnorm(1, 0, sqrt(5), log = TRUE) + log(2 / 27) # 1^2 / gamma(2) gamma(3) / 3^3
  expect_equal(fit$elbo[["mean"]], evidence, tolerance = 1e-5)
  expect_lt(fit$khat, 0.7)
  # 4 standard errors of 1000 draws
  expect_lt(abs(mean(draws(fit, "mu")) - 0.8), 4 * sqrt(0.8 / 1000))
  expect_lt(abs(mean(draws(fit, "rate")) - 1), 4 * sqrt(1 / 3 / 1000))
  p <- draws(fit, "p")
  expect_equal(draws(fit, "odds"), p / (1 - p))
  expect_equal(dim(draws(posterior_draws(fit, 20, seed = 1), "mu")), c(20, 1))
  expect_equal(dim(draws(posterior_predict(fit, seed = 1), "y")), c(1000, 1, 5))
  expect_length(fit_svi(fit, steps = 10)$loss, 10010)
})

test_that("what such parts of a list draw is checked", {
  p_guide <- function() p ~ beta(param("a", 1, "positive"), 1)
  expect_error(fit_svi(coin, heads, guide_list(p_guide, function() p ~ beta(1, 1))), "`p` stands in two parts of the guide")
  expect_error(fit_svi(coin, heads, guide_list(p_guide, guide_normal("p"))), "`p` stands in two parts of the guide")
  expect_error(fit_svi(coin, heads, guide_list(p_guide, function() q ~ beta(1, 1))), "`q`.*the model has no such latent site")
  expect_error(fit_svi(schools, lab3, guide_list(function() mu ~ normal(0, 1))), "`tau`.*no part of the guide covers this site")
  expect_error(reparam_neutra(fit_svi(coin, heads, guide_list(p_guide), steps = 10, seed = 1)), "not a model")
})
