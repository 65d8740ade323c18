funnel <- model(function() {
  y ~ normal(0, 3)
  x[1:9] ~ normal(0, exp(y / 2))
})

schools <- model(function(sigma, y) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:3] ~ normal(mu, tau)
  total := sum(theta)
  y ~ normal(theta, sigma)
})
lab <- list(sigma = c(15, 10, 16), y = c(28, 8, -3))

quick_fit <- function(guide, m = schools, data = lab, ...) {
  fit_svi(m, data, guide, steps = 300, draws = 10, elbo_draws = 0, seed = 1, ...)
}

test_that("a standard normal keeps its variance under every guide", {
  one <- model(function() x ~ normal(0, 1))
  for (guide in list(guide_normal(), guide_mvn(), guide_lowrank(), guide_laplace(), guide_iaf(), guide_coupling())) {
    vi <- fit_svi(one, guide = guide, steps = 20, prune = FALSE, reparam = "none", seed = 1)
    fit <- fit_nuts(reparam(one, reparam_neutra(vi)), prune = FALSE, seed = 1)
    squares <- draws(fit, "x")^2
    expect_lt(abs(mean(squares) - 1), 4 * mcse_mean(array(squares, c(dim(squares), 1))))
  }
})

test_that("NUTS through an autoregressive flow samples the funnel", {
  vi <- fit_svi(funnel, guide = guide_iaf(num_flows = 1), prune = FALSE, reparam = "none", seed = 1)
  # the density is normalized, so that the ELBO is minus the divergence; its standard error is .003
  expect_gt(vi$elbo[["mean"]], -0.05)
  fit <- fit_nuts(reparam(funnel, reparam_neutra(vi)), iter_sampling = 2000, prune = FALSE, seed = 1)
  y <- draws(fit, "y")
  x <- draws(fit, "x")
  # P(y <= q) for the quantiles of N(0, 3), and P(x <= q) averaged over the elements, for the golden quantiles of x
  below <- c(
    lapply(c(0.05, 0.25, 0.5, 0.75, 0.95), function(p) (y <= qnorm(p, 0, 3)) - p),
    Map(function(q, p) apply(x <= q, 1:2, mean) - p, c(0.5740346329, 2.5120217265, 5.3054515073), c(0.75, 0.9, 0.95)),
    list(apply(abs(x) < 1, 1:2, mean) - 0.6223155435)
  )
  errors <- vapply(below, function(e) mean(e) / mcse_mean(array(as.double(e), c(dim(e), 1))), 0)
  expect_lt(max(abs(errors)), 4)
  # raw, the funnel gives some hundreds of effective draws of y
  expect_gt(convergence(array(y, c(dim(y), 1)))[, "ess_bulk"], 4000)
})

test_that("the density is that of the model times the Jacobians", {
  for (guide in list(guide_normal(), guide_mvn(), guide_lowrank(rank = 2), guide_iaf(num_flows = 2), guide_coupling(),
                     guide_list(guide_iaf("theta", num_flows = 1), guide_mvn()))) {
    neutra <- reparam_neutra(quick_fit(guide))
    check <- check_reparam(reparam(schools, neutra), lab)
    expect_true(all(check$ok[check$check %in% c("gradient", "support", "density", "inverse")]))
  }
})

test_that("the map works along with other reparameterizers and with elements that carry no information", {
  m <- model(function(y) {
    mu ~ normal(0, 2)
    k ~ lognormal(0, 0.5)
    theta[1:4] ~ normal(mu, k)
    y ~ normal(theta[2:3], 1)
  }) |> reparam(theta = reparam_loc_scale(0))
  vi <- quick_fit(guide_mvn(), m, list(y = c(1, 2)))
  expect_setequal(vi$unconstrained_names, c("mu", "k", "theta_decentered[2]", "theta_decentered[3]"))
  fit <- fit_nuts(reparam(m, reparam_neutra(vi, "flow")), list(y = c(1, 2)), seed = 1)
  expect_setequal(fit$unconstrained_names, sprintf("flow_shared_latent[%d]", 1:4))
  plain <- fit_nuts(m, list(y = c(1, 2)), seed = 2)
  for (site in c("mu", "k", "theta")) {
    both <- lapply(list(fit, plain), function(f) {
      x <- draws(f, site)
      array(x, c(dim(x)[1:2], length(x) / prod(dim(x)[1:2])))
    })
    errors <- sqrt(mcse_mean(both[[1]])^2 + mcse_mean(both[[2]])^2)
    expect_true(all(abs(colMeans(both[[1]], dims = 2) - colMeans(both[[2]], dims = 2)) < 4 * errors))
  }
})

test_that("draws of the noise are taken to the sites, only those asked for", {
  neutra <- reparam_neutra(quick_fit(guide_iaf()))
  fit <- fit_nuts(reparam(schools, neutra), lab, chains = 2, iter_sampling = 50, seed = 1)
  z <- draws(fit, "auto_shared_latent")
  expect_equal(transform_samples(neutra, z, "theta"), list(theta = draws(fit, "theta")))
  expect_equal(transform_samples(neutra, fit, "total")$total, draws(fit, "total"))
  all <- transform_samples(neutra, z)
  expect_named(all, c("mu", "tau", "theta"))
  one <- transform_sample(neutra, z[3, 2, ])
  expect_equal(one, list(mu = all$mu[3, 2], tau = all$tau[3, 2], theta = all$theta[3, 2, ]))
  expect_equal(transform_samples(neutra, z[, 1, ])$mu[, 1], all$mu[, 1])
})

test_that("a spec with a trained guide is plain data and makes the same fit elsewhere", {
  neutra <- reparam_neutra(quick_fit(guide_coupling(num_flows = 2)))
  spec <- model_spec(reparam(schools, neutra), lab)
  file <- tempfile()
  saveRDS(spec, file)
  expect_equal(draws(fit_nuts(readRDS(file), chains = 1, seed = 1), "mu"), draws(fit_nuts(spec, chains = 1, seed = 1), "mu"))
  expect_output(print(neutra), "reparam_neutra(<guide_coupling, 5 coordinates>)", fixed = TRUE)
  map <- reparam_map(reparam(schools, neutra), lab)
  expect_equal(map$why[map$site %in% c("mu", "tau", "theta")], rep("neutra", 3))
})

test_that("starting values of the sites are inverted", {
  for (guide in list(guide_mvn(), guide_iaf(num_flows = 2), guide_coupling())) {
    neutra <- reparam_neutra(quick_fit(guide))
    init <- list(mu = 1.5, tau = 2, theta = c(-1, 0.5, 3))
    q <- attr(log_density(reparam(schools, neutra), lab, init), "unconstrained")
    expect_equal(transform_sample(neutra, unname(q)), init, tolerance = 1e-8)
  }
})

test_that("what cannot be said of a guide's map is refused", {
  neutra <- reparam_neutra(quick_fit(guide_normal()))
  other <- model(function(sigma, y) {
    mu ~ normal(0, 5)
    y ~ normal(mu, sigma)
  })
  expect_snapshot(transform = without_lines, {
    cat(condition_text(reparam_neutra(quick_fit(guide_delta()))))
    show_error(reparam_neutra(1))
    show_error(reparam_neutra(quick_fit(guide_normal()), prefix = 2))
    cat(condition_text(fit_nuts(reparam(other, mu = neutra), lab)))
    cat(condition_text(fit_nuts(reparam(schools, neutra) |> condition(mu = 1), lab)))
    cat(condition_text(fit_nuts(reparam(schools, mu = neutra), lab)))
    show_error(transform_sample(neutra, 1:3))
    show_error(transform_sample(decenter(), 1))
    show_error(transform_samples(neutra, matrix(0, 2, 4)))
    show_error(transform_samples(neutra, matrix(0, 2, 5), "sigma2"))
  })
})
