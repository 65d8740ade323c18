# Exact values by quadrature (the design's reference values); means within 4 Monte Carlo standard errors, seed fixed.
schools <- list(y = c(28, 8, -3, 7, -1, 1, 18, 12), sigma = c(15, 10, 16, 11, 9, 11, 10, 18))

eight_schools <- model(function(y, sigma) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
})

test_that("eight schools, decentered, has the exact means", {
  fit <- fit_nuts(reparam(eight_schools, theta = decenter()), schools, iter_sampling = 2000, seed = 1)
  expect_lt(max(summary(fit)$rhat), 1.01)
  expect_within_mcse(draws(fit, "mu"), 4.396821)
  expect_within_mcse(draws(fit, "tau"), 3.597706)
  theta <- draws(fit, "theta")
  exact <- c(6.211884, 4.940178, 3.927004, 4.757098, 3.615477, 4.042613, 6.296724, 4.854253)
  for (j in 1:8) expect_within_mcse(theta[, , j], exact[j])
})
