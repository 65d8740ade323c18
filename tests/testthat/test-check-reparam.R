test_that("all checks pass for a hierarchical model, by hand and by strategy", {
  m <- model(function(y) {
    mu ~ normal(0, 2)
    tau ~ lognormal(0, 1)
    theta[1:3] ~ normal(mu, tau)
    y ~ normal(theta, 1)
  })
  data <- list(y = c(1, 0, 2))
  expect_identity(m |> reparam(theta = decenter(0.3), tau = decenter()), data)
  expect_true(all(check_reparam(m, data, "auto")$ok))
  expect_true(all(check_reparam(m, list(y = c(1, NA, 2)), "auto")$ok))
})

test_that("it prints, and leaves R's generator alone", {
  m <- model(function() x ~ normal(0, 1)) |> reparam(x = decenter())
  set.seed(1)
  before <- .Random.seed
  result <- check_reparam(m)
  expect_identical(.Random.seed, before)
  expect_output(print(result), "density +ok")
  expect_error(check_reparam(function(y) y ~ normal(0, 1), list(y = 1)), "no latent sites")
})

test_that("sites whose location a discrete one chooses have no fixed values at given coordinates", {
  m <- model(function(y) {
    d ~ bernoulli(0.4)
    a ~ normal(d, 1 + d)
    y ~ normal(a, 1)
  }) |> reparam(a = decenter(0.3))
  result <- check_reparam(m, list(y = 1))
  expect_false(any(!result$ok, na.rm = TRUE))
  expect_match(result$note[result$check == "density"], "discrete")
})
