m <- model(function(x = NULL) x ~ student_t(4, 0.5, 2))

test_that("joint and marginal have the golden values, latent and observed", {
  r <- m |> reparam(x = reparam_student_t())
  # the coordinate of x_gamma is its logarithm
  joint <- density_at(r, list(x_gamma = 1.3), list(x = -0.4)) - log(1.3)
  expect_equal(joint, -2.5638699559, tolerance = 1e-9)
  expect_equal(density_at(r, list(x = -0.4, x_gamma = 1.3)) - log(1.3), joint, tolerance = 1e-12)
  marginal <- integrate(function(g) {
    vapply(g, function(g) exp(density_at(r, list(x_gamma = g), list(x = -0.4))) / g, 0)
  }, 0, Inf, rel.tol = 1e-9)$value
  expect_equal(log(marginal), -1.7974394965, tolerance = 1e-8)
})

test_that("it follows a transform, and can be decentered", {
  l <- model(function(x = NULL) x ~ transformed(student_t(4, 0.5, 2), "exp"))
  r <- l |> reparam(x = reparam_transform(), x_base = reparam_student_t())
  joint <- density_at(r, list(x_base_gamma = 1.3), list(x = exp(-0.4))) - log(1.3)
  expect_equal(joint, -2.5638699559 + 0.4, tolerance = 1e-9)
  map <- reparam_map(m |> reparam(x = reparam_student_t()), reparam = reparam_auto(0), prune = FALSE)
  expect_identical(map$auxiliary, "x_gamma, x_decentered")
  expect_identity(m |> reparam(x = reparam_student_t()), applies = c("gradient", "support", "distribution"))
})

test_that("partly observed, masked and predicted", {
  v <- model(function(n, y = NULL) {
    mu ~ normal(0, 1)
    y ~ student_t(4, rep(mu, n), 2)
  })
  r <- v |> reparam(y = reparam_student_t())
  data <- list(n = 3, y = c(1, NA, -2))
  fit <- fit_nuts(r, data, chains = 1, iter_sampling = 200, seed = 1)
  expect_setequal(fit$unconstrained_names, c("mu", "y_gamma[1]", "y_gamma[3]"))
  # predictions come from the site's own distribution, not from the fitted x_gamma
  whole <- fit_nuts(r, list(n = 3, y = c(1, 0, -2)), chains = 1, iter_sampling = 200, seed = 1)
  expect_true("y_gamma[2]" %in% whole$unconstrained_names)
  again <- posterior_predict(whole)
  expect_false("y_gamma" %in% vapply(again$sites, `[[`, "", "name"))
  masked <- model(function(y) {
    mu ~ normal(0, 1)
    with_mask(c(1, 0), y ~ student_t(4, c(mu, mu), 2))
  })
  map <- attr(log_density(masked |> reparam(y = reparam_student_t()), list(y = c(1, 2)), list(mu = 0, y_gamma = c(1, 1))), "gradient")
  expect_named(map, c("mu", "y_gamma[1]"))
})

test_that("a Cauchy has one degree of freedom", {
  cauchy <- model(function(x = NULL) x ~ cauchy(0.5, 2)) |> reparam(x = reparam_student_t())
  t <- model(function(x = NULL) x ~ student_t(1, 0.5, 2)) |> reparam(x = reparam_student_t())
  at <- function(m) density_at(m, list(x_gamma = 1.3), list(x = -0.4))
  expect_identical(at(cauchy), at(t))
  expect_identity(cauchy, applies = c("gradient", "support", "distribution"))
})

test_that("other families are refused", {
  expect_snapshot(cat(condition_text(density_at(model(function() x ~ normal(0, 1)) |> reparam(x = reparam_student_t()), list(x = 1)))))
})
