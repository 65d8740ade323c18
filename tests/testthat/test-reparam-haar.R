test_that("the golden transform, flipped too", {
  m <- model(function(x = NULL) x ~ independent(normal(0, rep(5, 4)), 1))
  expect_equal(coordinates_at(m |> reparam(x = reparam_haar()), list(x = c(1, 2, 4, 7))),
    c(7, -4, -0.7071067812, -2.1213203436), tolerance = 1e-9)
  expect_equal(coordinates_at(m |> reparam(x = reparam_haar(flip = TRUE)), list(x = c(1, 2, 4, 7))),
    c(7, 4, 2.1213203436, 0.7071067812), tolerance = 1e-9)
})

test_that("it is orthogonal for all lengths", {
  for (n in c(1, 3, 4, 7, 8, 9)) {
    m <- model(function(n) x[1:n] ~ normal(0, 1))
    r <- m |> reparam(x = reparam_haar(allow_batch = TRUE))
    map <- vapply(seq_len(n), function(k) coordinates_at(r, list(x = as.double(seq_len(n) == k)), list(n = n)), numeric(n))
    expect_equal(crossprod(matrix(map, n)), diag(n), tolerance = 1e-12)
  }
})

test_that("density identity, latent and observed", {
  m <- model(function(x = NULL) x ~ independent(normal(0, rep(0.5, 4)), 1))
  r <- m |> reparam(x = reparam_haar())
  expect_equal(density_at(r, data = list(x = 1:4 / 10)), -1.5031654106, tolerance = 1e-9)
  expect_identity(r)
  expect_identity(model(function() x ~ mvn(1:5, 0.5^abs(outer(1:5, 1:5, "-")))) |> reparam(x = reparam_haar()))
})

test_that("the posterior stays the same", {
  m <- model(function(y) {
    x ~ gaussian_random_walk(8, 0.5)
    y ~ normal(x, 1)
  })
  y <- c(0.1, 0.5, -0.2, 0.9, 1.4, 1.1, 2.0, 1.7)
  exact <- solve(solve(0.25 * outer(1:8, 1:8, pmin)) + diag(8), y)
  fit <- fit_nuts(m |> reparam(x = reparam_haar()), list(y = y), chains = 2, seed = 1)
  x <- draws(fit, "x")
  for (k in 1:8) expect_within_mcse(x[, , k], exact[k], times = 5)
})
