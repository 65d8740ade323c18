eight <- model(function(sigma, y) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
})
eight_data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18), y = c(28, 8, -3, 7, -1, 1, 18, 12))

quick_fit <- function(guide = guide_structured(), ...) {
  fit_svi(eight, eight_data, guide, steps = 500, draws = 10, elbo_draws = 0, seed = 1, ...)
}

test_that("a standard normal keeps its variance", {
  one <- model(function() x ~ normal(0, 1))
  vi <- fit_svi(one, guide = guide_structured(), steps = 20, prune = FALSE, reparam = "none", seed = 1)
  fit <- fit_nuts(reparam(one, reparam_structured(vi)), prune = FALSE, seed = 1)
  squares <- draws(fit, "x")^2
  expect_lt(abs(mean(squares) - 1), 4 * mcse_mean(array(squares, c(dim(squares), 1))))
})

test_that("the density is that of the model times the Jacobians", {
  guides <- list(
    guide_structured(), guide_structured(conditionals = "normal"),
    guide_structured(dependencies = list(mu = "theta", tau = "mu"))
  )
  for (guide in guides) expect_identity(reparam(eight, reparam_structured(quick_fit(guide))), eight_data)
})

test_that("each site has its own noise, and NUTS finds the posterior", {
  structured <- reparam_structured(quick_fit())
  m <- reparam(eight, structured)
  map <- reparam_map(m, eight_data)
  expect_equal(map$auxiliary, c("mu_aux", "tau_aux", "theta_aux", ""))
  expect_equal(map$why[1:3], rep("structured", 3))
  fit <- fit_nuts(m, eight_data, adapt_delta = 0.95, seed = 1)
  expect_setequal(fit$unconstrained_names, c("mu_aux", "tau_aux", sprintf("theta_aux[%d]", 1:8)))
  error <- mcse_mean(as.array(fit, "mu"))
  expect_lt(abs(mean(draws(fit, "mu")) - 4.396821), 4 * error)
  noise <- draws(fit, "mu_aux", "tau_aux", "theta_aux", aux = TRUE)
  noise <- lapply(noise, function(x) array(x, c(dim(x)[1:2], length(x) / prod(dim(x)[1:2]))))
  expect_equal(transform_samples(structured, noise, "theta")$theta, draws(fit, "theta"))
  here <- lapply(noise, function(x) x[5, 1, ])
  expect_equal(transform_sample(structured, here)$theta, draws(fit, "theta")[5, 1, ])
  expect_equal(transform_samples(structured, fit, "mu")$mu, draws(fit, "mu"))
})

test_that("points stay where the guide put them", {
  vi <- quick_fit(guide_structured(conditionals = list(tau = "delta"), dependencies = list(theta = "mu")))
  fit <- fit_nuts(reparam(eight, reparam_structured(vi)), eight_data, chains = 1, seed = 1)
  expect_setequal(fit$unconstrained_names, c("mu_aux", sprintf("theta_aux[%d]", 1:8)))
  expect_equal(unique(as.vector(draws(fit, "tau"))), as.vector(draws(vi, "tau"))[1])
})

test_that("other guides are refused", {
  structured <- reparam_structured(quick_fit())
  expect_snapshot(transform = without_lines, {
    show_error(reparam_structured(quick_fit(guide_mvn())))
    show_error(reparam_structured(quick_fit(guide_list(guide_structured("mu", "tau"), guide_normal()))))
    show_error(reparam_structured(eight))
    cat(condition_text(fit_nuts(reparam(eight, mu = structured), eight_data)))
    show_error(transform_sample(structured, list(mu = 1)))
  })
})
