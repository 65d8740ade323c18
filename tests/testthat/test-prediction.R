groups <- function(x, id, n = length(x), y = NULL) {
  mu ~ normal(0, 2)
  tau ~ half_normal(1)
  theta[1:3] ~ normal(mu, tau)
  s ~ lognormal(-1, 0.5)
  level := theta[id] + x
  total := sum(level)
  y ~ normal(level, s)
}

group_data <- function() {
  list(x = c(-1, 0.5, 2, 1, 0, -0.3, 1.1), id = c(1, 2, 3, 1, 2, 3, 3), y = c(-0.2, 1.3, NA, 1.6, 1.1, 0.2, NA))
}

quick <- function(model, data, ..., chains = 2) {
  suppressWarnings(fit_nuts(model, data, chains = chains, iter_warmup = 200, iter_sampling = 100, seed = 1, ...))
}

# The same posterior under every way of sampling it.
group_fits <- function() {
  list(
    minimal = quick(groups, group_data()), auto = quick(groups, group_data(), reparam = "auto"),
    centered = quick(groups, group_data(), reparam = "none"), unpruned = quick(groups, group_data(), prune = FALSE),
    decentered = quick(reparam(model(groups), theta = decenter(), s = decenter()), group_data()),
    observed = quick(reparam(model(groups), y = reparam_loc_scale(0)), group_data(), prune = FALSE),
    svi = fit_svi(groups, group_data(), steps = 500, draws = 200, seed = 1)
  )
}

test_that("prior_draws() draws every site, and has the moments of the prior", {
  prior <- prior_draws(groups, group_data(), draws = 4000, seed = 3)
  expect_s3_class(prior, c("reparam_prior", "reparam_fit"), exact = TRUE)
  expect_equal(names(prior$draws), c("mu", "tau", "theta", "s", "level", "total", "y"))
  expect_equal(dim(draws(prior, "y")), c(4000, 1, 7))
  # Bounds: four Monte Carlo standard errors, from the sd under the prior.
  theta <- draws(prior, "theta")[, 1, ]
  expect_lte(max(abs(colMeans(theta))), 4 * sqrt(4 + 1) / sqrt(4000))
  expect_lte(abs(mean(draws(prior, "tau")) - sqrt(2 / pi)), 4 * sqrt(1 - 2 / pi) / sqrt(4000))
  level <- theta[, group_data()$id] + rep(group_data()$x, each = 4000)
  expect_equal(draws(prior, "level")[, 1, ], level, tolerance = 1e-14)
  noise <- (draws(prior, "y")[, 1, ] - level) / as.vector(draws(prior, "s"))
  expect_lte(abs(mean(noise)), 4 / sqrt(length(noise)))
  expect_lte(abs(mean(noise^2) - 1), 4 * sqrt(2 / length(noise)))
  expect_output(print(prior), "Draws from the prior: 1 chain x 4000 draws")
})

test_that("draws of the prior do not depend on what is kept, and obey seed_model()", {
  all <- prior_draws(groups, group_data(), draws = 20, seed = 3)
  some <- prior_draws(groups, group_data(), draws = 20, seed = 3, keep = "mu")
  expect_named(some$draws, "mu")
  expect_identical(draws(some, "y"), draws(all, "y"))
  expect_identical(draws(prior_draws(seed_model(model(groups), 3), group_data(), draws = 20), "y"), draws(all, "y"))
})

test_that("predictions keep the fit's draws and recompute what was recorded, however it was sampled", {
  new <- list(x = c(0, 10), id = c(3, 1), n = 2, y = NULL)
  fits <- group_fits()
  for (name in names(fits)) {
    fit <- fits[[name]]
    again <- posterior_predict(fit)
    for (site in c("mu", "tau", "theta", "s", "level", "total")) expect_identical(draws(again, site), draws(fit, site), label = name)
    y <- draws(again, "y")
    noise <- (y - draws(fit, "level"))[, , 1] / draws(fit, "s")
    # 200 standard normal numbers: 4 standard errors.
    expect_lte(abs(mean(noise)), 4 / sqrt(200), label = name)
    expect_lte(abs(mean(noise^2) - 1), 4 * sqrt(2 / 200), label = name)
    future <- posterior_predict(fit, new)
    theta <- draws(fit, "theta")
    expect_identical(draws(future, "theta"), theta, label = name)
    expect_equal(draws(future, "level")[, , 2], theta[, , 1] + 10, tolerance = 1e-14, label = name, ignore_attr = TRUE)
    expect_equal(dim(draws(future, "y"))[3], 2L, label = name)
    one <- posterior_predict(fit, new, keep = "s")
    expect_named(one$draws, "s")
    expect_identical(draws(one, "y"), draws(future, "y"), label = name)
  }
  expect_output(print(future), "Predictions: 1 chain x 200 draws")
})

test_that("sites that newdata makes larger are drawn where the fit has nothing", {
  grown <- function(J, id, y = NULL) {
    tau ~ lognormal(0, 0.3)
    theta[1:J] ~ normal(5, tau)
    y ~ normal(theta[id], 0.1)
  }
  for (fit in list(quick(grown, list(J = 2, id = 1:2, y = c(4, 6))),
                   quick(reparam(model(grown), theta = decenter()), list(J = 2, id = 1:2, y = c(4, 6))))) {
    more <- posterior_predict(fit, list(J = 4, id = c(1, 4), y = NULL))
    expect_identical(draws(more, "theta")[, , 1:2], draws(fit, "theta"), ignore_attr = TRUE)
    unseen <- (draws(more, "theta")[, , 3:4] - 5) / as.vector(draws(fit, "tau"))
    expect_lte(abs(mean(unseen)), 4 / sqrt(400))
    expect_lte(abs(mean(unseen^2) - 1), 4 * sqrt(2 / 400))
    fewer <- posterior_predict(fit, list(J = 1, id = 1, y = NULL))
    expect_identical(draws(fewer, "theta"), draws(fit, "theta")[, , 1], ignore_attr = TRUE)
  }
})

test_that("a walk goes on from where its data end", {
  walk <- function(n, y = NULL) {
    x <- numeric(n)
    x[1] ~ normal(0, 1)
    for (t in 2:n) x[t] ~ normal(x[t - 1], 0.3)
    y ~ normal(x, 0.5)
  }
  fit <- quick(walk, list(n = 4, y = c(0.1, NA, 0.4, 0.9)))
  longer <- posterior_predict(fit, list(n = 6, y = NULL))
  expect_identical(draws(longer, "x")[, , 1:4], draws(fit, "x"), ignore_attr = TRUE)
  steps <- apply(draws(longer, "x")[, , 4:6], 1:2, diff) / 0.3
  expect_lte(abs(mean(steps^2) - 1), 4 * sqrt(2 / 400))
})

test_that("newdata that forgets the observed argument says what happens", {
  fit <- quick(groups, group_data(), chains = 1)
  expect_message(kept <- posterior_predict(fit, list(x = rep(0, 7))), "give `y = NULL`")
  expect_equal(dim(draws(kept, "y"))[3], 7L)
  expect_error(posterior_predict(fit, list(y = NULL, z = 1)), "no argument `z`")
  expect_error(posterior_predict(fit, list(1)), "needs a name")
  expect_error(posterior_predict(fit_nuts(model_spec(groups, group_data()), chains = 1, iter_warmup = 50, iter_sampling = 5, seed = 1),
                                 list(x = 1)), "made from a spec")
  expect_error(posterior_predict(1), "must be a fit")
})

test_that("log_lik() is the density of each observed element, NA left out with a message", {
  seen <- c(1, 2, 4:6)
  y <- group_data()$y
  fits <- group_fits()
  for (name in names(fits)) {
    fit <- fits[[name]]
    expect_message(values <- log_lik(fit), "2 NA elements of `y`")
    expect_equal(dimnames(values)$observation, paste0("y[", seen, "]"), label = name)
    expected <- vapply(seen, function(i) dnorm(y[i], draws(fit, "level")[, , i], draws(fit, "s"), log = TRUE),
                       array(0, dim(draws(fit, "s"))))
    expect_equal(as.vector(values), as.vector(expected), tolerance = 1e-12, label = name)
  }
})

test_that("log_lik() names matrix elements and element-wise draws as the user does, and takes several sites", {
  both <- function(y, z) {
    s ~ lognormal(0, 0.1)
    y ~ normal(0, s)
    for (i in 2:3) z[i] ~ normal(z[i - 1], s)
  }
  y <- matrix(c(1, NA, 3, 4), 2)
  fit <- quick(both, list(y = y, z = c(0, 0.5, 1.5)), chains = 1)
  values <- suppressMessages(log_lik(fit))
  expect_equal(dimnames(values)$observation, c("y[1,1]", "y[1,2]", "y[2,2]", "z[2]", "z[3]"))
  s <- draws(fit, "s")
  expect_equal(values[, , "y[1,2]"], dnorm(3, 0, s[, 1], log = TRUE), ignore_attr = TRUE)
  expect_equal(values[, , "z[3]"], dnorm(1.5, 0.5, s[, 1], log = TRUE), ignore_attr = TRUE)
  expect_equal(dimnames(log_lik(fit, "z"))$observation, c("z[2]", "z[3]"))
  expect_error(log_lik(fit, "s"), "No element of `s` is observed")
  expect_error(log_lik(fit, "w"), "w")
})

test_that("a model without data has no likelihood", {
  expect_error(log_lik(quick(groups, list(x = 1, id = 1), chains = 1)), "observes nothing")
})

test_that("loo takes a fit, and the array of log likelihoods", {
  skip_if_not_installed("loo")
  fit <- quick(function(y) {
    mu ~ normal(0, 10)
    y ~ normal(mu, 1)
  }, list(y = c(0.3, -1, 0.8, 1.2, -0.4, 0.1)))
  by_fit <- suppressWarnings(loo::loo(fit))
  values <- log_lik(fit)
  by_array <- suppressWarnings(loo::loo(values, r_eff = loo::relative_eff(exp(values))))
  expect_equal(by_fit$estimates, by_array$estimates)
  # Closed form: leave-one-out predictive density of a normal mean with prior variance 100 and unit noise.
  y <- fit$spec$data$y
  exact <- sum(vapply(seq_along(y), function(i) {
    precision <- 1 / 100 + length(y) - 1
    dnorm(y[i], sum(y[-i]) / precision, sqrt(1 + 1 / precision), log = TRUE)
  }, 0))
  # 200 draws; importance ratios add a little: .1 nats in all.
  expect_lte(abs(by_fit$estimates["elpd_loo", "Estimate"] - exact), 0.1)
})

test_that("rstantools' generics give matrices of a row a draw", {
  skip_if_not_installed("rstantools")
  fit <- quick(groups, group_data())
  # Evaluated where a user is, who sees the generics of the attached packages only.
  as_user <- function(expr) eval(expr, list(fit = fit), globalenv())
  y <- as_user(quote(rstantools::posterior_predict(fit)))
  expect_equal(dim(y), c(200L, 7L))
  expect_equal(colnames(y)[2], "y[2]")
  expect_identical(y[, 2], as.vector(draws(posterior_predict(fit), "y")[, , 2]))
  expect_equal(dim(as_user(quote(suppressMessages(rstantools::log_lik(fit))))), c(200L, 5L))
})

test_that("pp_check() shows what was seen beside what is drawn anew", {
  skip_if_not_installed("bayesplot")
  fit <- quick(groups, group_data())
  shown <- bayesplot::pp_check(fit, type = "intervals_data", ndraws = 7)
  seen <- group_data()$y
  expect_equal(shown$y_obs, seen[!is.na(seen)])
  anew <- matrix(draws(posterior_predict(fit), "y"), ncol = length(seen))[round(seq(1, 200, length.out = 7)), !is.na(seen)]
  expect_equal(shown$m, apply(anew, 2, median))
  expect_s3_class(bayesplot::pp_check(fit), "ggplot")
  expect_error(bayesplot::pp_check(fit, site = "mu"), "one observed site", class = "reparam_error")
  expect_error(bayesplot::pp_check(fit, type = "nope"), "no `ppc_nope()`", fixed = TRUE, class = "reparam_error")
})

test_that("log_density() is the log density on the unconstrained scale, with its gradient", {
  at <- list(mu = 0.3, tau = 0.7, theta = c(1, 0.2, -0.5), s = 0.4)
  d <- group_data()
  seen <- !is.na(d$y)
  density <- function(at) {
    sum(dnorm(at$mu, 0, 2, log = TRUE), log(2) + dnorm(at$tau, 0, 1, log = TRUE) + log(at$tau),
        dnorm(at$theta, at$mu, at$tau, log = TRUE), dlnorm(at$s, -1, 0.5, log = TRUE) + log(at$s),
        dnorm(d$y, at$theta[d$id] + d$x, at$s, log = TRUE)[seen])
  }
  value <- log_density(groups, d, at, reparam = "none")
  expect_equal(as.vector(value), density(at), tolerance = 1e-12)
  expect_named(attr(value, "gradient"), c("mu", "tau", "theta[1]", "theta[2]", "theta[3]", "s"))
  up <- down <- at
  up$s <- 0.4 * exp(1e-6)
  down$s <- 0.4 * exp(-1e-6)
  # A central difference with step 1e-6: error of the order of 1e-9 of the values.
  expect_equal(attr(value, "gradient")[["s"]], (density(up) - density(down)) / 2e-6, tolerance = 1e-6)
  expect_equal(as.vector(log_density(groups, d, attr(value, "unconstrained"), reparam = "none")), density(at), tolerance = 1e-12)
})

test_that("log_density() of a reparameterized model is that of the model at the user's values, times the Jacobian", {
  at <- list(mu = 0.3, tau = 0.7, theta = c(1, 0.2, -0.5), s = 0.4)
  plain <- log_density(groups, group_data(), at, reparam = "none")
  moved <- log_density(reparam(model(groups), theta = decenter()), group_data(), at, reparam = "none")
  # theta = mu + tau z: the density of z is that of theta times tau for each of three elements.
  expect_equal(as.vector(moved), as.vector(plain) + 3 * log(0.7), tolerance = 1e-12)
})

test_that("log_density() refuses values that it cannot use", {
  at <- list(mu = 0.3, tau = 0.7, theta = c(1, 0.2, -0.5), s = 0.4)
  expect_error(log_density(groups, group_data(), at[-3]), "theta.*no value")
  expect_error(log_density(groups, group_data(), c(at, nu = 1)), "names `nu`")
  expect_error(log_density(groups, group_data(), replace(at, "tau", -1)), "`tau` lie outside the support")
  expect_error(log_density(groups, group_data(), 1:2), "6 unconstrained values")
  expect_error(log_density(groups, group_data(), replace(at, "mu", "a")), "numbers for `mu`, not the text \"a\"")
  expect_error(log_density(groups, group_data(), replace(at, "mu", NA)), "numbers for `mu`, not the value NA")
  mixed <- model(function(y) {
    z ~ bernoulli(0.3)
    y ~ normal(2 * z, 1)
  })
  expect_error(log_density(mixed, list(y = 1), list(z = 1)), "`z`, which is summed out")
  expect_equal(as.vector(log_density(mixed, list(y = 1))), log(0.7 * dnorm(1) + 0.3 * dnorm(1, 2)))
})

# ---- predictive() ----

test_that("predictive() substitutes draws, draws the rest and returns all sites", {
  theta <- array(rnorm(40), c(10, 2, 2))
  mu <- matrix(rnorm(20), 10)
  m <- function(n, y = NULL) {
    mu ~ normal(0, 1)
    theta[1:2] ~ normal(mu, 1)
    s ~ lognormal(0, 0.1)
    difference := theta[1] - mu
    y[1:n] ~ normal(theta[2], s)
  }
  out <- predictive(m, list(mu = mu, theta = theta), list(n = 3), seed = 1)
  expect_equal(names(out$draws), c("mu", "theta", "s", "difference", "y"))
  expect_identical(draws(out, "mu"), mu)
  expect_identical(draws(out, "theta"), theta)
  expect_equal(draws(out, "difference"), theta[, , 1] - mu, tolerance = 1e-15)
  expect_equal(dim(draws(out, "y")), c(10, 2, 3))
  expect_false(anyDuplicated(as.vector(draws(out, "s"))) > 0)
  expect_identical(predictive(m, list(mu = mu, theta = theta), list(n = 3), seed = 1)$draws, out$draws)
  expect_identical(draws(predictive(m, list(mu = mu, theta = theta), list(n = 3), seed = 1, keep = "mu"), "y"), draws(out, "y"))
  expect_false(identical(predictive(m, list(mu = mu, theta = theta), list(n = 3), seed = 2)$draws$s, out$draws$s))
})

test_that("what predictive() draws follows its distribution given the rest", {
  m <- function() {
    mu ~ normal(0, 1)
    x ~ normal(mu, 0.5)
  }
  mu <- seq(-2, 2, length.out = 4000)
  noise <- (draws(predictive(m, list(mu = mu), seed = 1), "x")[, 1] - mu) / 0.5
  expect_lte(abs(mean(noise)), 4 / sqrt(4000))
  expect_lte(abs(mean(noise^2) - 1), 4 * sqrt(2 / 4000))
})

test_that("predictive() takes fits, data frames, arrays and draws of the posterior package, reparameterized or not", {
  fit <- quick(reparam(model(groups), theta = decenter()), group_data())
  new <- list(x = c(0, 10), id = c(3, 1))
  expected <- predictive(groups, draws(fit, "mu", "tau", "theta", "s"), new, seed = 1)
  expect_identical(draws(expected, "theta"), draws(fit, "theta"))
  expect_identical(predictive(groups, fit, new, seed = 1)$draws, expected$draws)
  expect_identical(predictive(reparam(model(groups), theta = decenter()), fit, new, seed = 1)$draws$level, expected$draws$level)
  sites <- c("mu", "tau", "theta", "s")
  expect_identical(predictive(groups, as.array(fit, sites), new, seed = 1)$draws, expected$draws)
  expect_error(predictive(groups, as.array(fit), new, seed = 1), "7 elements of `y`, but the site has 2")
  flat <- predictive(groups, as.data.frame(fit, sites), new, seed = 1)
  expect_identical(as.vector(draws(flat, "level")), as.vector(draws(expected, "level")))
  skip_if_not_installed("posterior")
  expect_identical(predictive(groups, posterior::as_draws_array(fit, sites), new, seed = 1)$draws, expected$draws)
  expect_identical(predictive(groups, posterior::as_draws_df(fit, sites), new, seed = 1)$draws, flat$draws)
})

test_that("predictive() keeps data and takes draws of parameters", {
  m <- function(y = NULL) {
    shift <- param("shift", 0)
    x ~ normal(shift, 1)
    y ~ normal(x, 0.1)
  }
  out <- predictive(m, list(shift = c(5, 50)), list(y = 1), seed = 1)
  expect_lte(max(abs(draws(out, "x") - c(5, 50))), 6)
  expect_equal(unique(as.vector(draws(out, "y"))), 1)
})

test_that("predictive() refuses draws that do not fit", {
  m <- function() {
    mu ~ normal(0, 1)
    x[1:2] ~ normal(mu, 1)
    z := mu + 1
  }
  expect_error(predictive(m, list(nu = 1:3)), "names `nu`")
  expect_error(predictive(m, list(1:3)), "needs the name")
  expect_error(predictive(m, list(mu = 1:3, x = array(0, c(4, 1, 2)))), "3 x 1 iterations and chains of `mu`, but 4 x 1 of `x`")
  expect_error(predictive(m, list(x = array(0, c(4, 1, 3)))), "3 elements, but the site has 2")
  expect_error(predictive(m, list(mu = c(1, NA))), "without NA")
  expect_error(predictive(m, list(z = 1:3)), "no draws of a latent site")
  expect_error(predictive(m, data.frame(`x[1]` = 1:3, check.names = FALSE)), "1 elements of `x`, but the site has 2")
  expect_error(predictive(m, 1:3), "named variables")
})

test_that("elements of a matrix keep their draws when rows are added, and cannot lose their place", {
  m <- model(function(y, J) {
    s ~ half_normal(1)
    b[1:J, 1:2] ~ normal(0, s)
    y ~ normal(b[, 1] + b[, 2], 1)
  })
  for (strategy in c("none", "auto")) {
    fit <- fit_nuts(m, list(y = c(1, 0, -1), J = 3), chains = 2, iter_warmup = 60, iter_sampling = 5, seed = 1, reparam = strategy)
    more <- draws(posterior_predict(fit, list(y = NULL, J = 5)), "b")
    expect_equal(more[, , 1:3, ], draws(fit, "b"), tolerance = 1e-12)
    expect_true(all(is.finite(more)))
    expect_error(posterior_predict(fit, list(y = NULL, J = 2)), "makes the site `b")
  }
})
