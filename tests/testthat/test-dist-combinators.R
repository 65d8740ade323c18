test_that("a transformed distribution has the density of the push-forward", {
  x <- c(0.2, 1, 3)
  d <- dist_transformed(dist_normal(-2, 1), transform_exp())
  expect_equal(each_log_density(d, x), dlnorm(x, -2, 1, TRUE), tolerance = 1e-12)
  d <- dist_transformed(dist_normal(0, 1), list(transform_affine(-2, 1.5), transform_exp()))
  expect_equal(each_log_density(d, x), dlnorm(x, -2, 1.5, TRUE), tolerance = 1e-12)
  d <- dist_transformed(dist_exponential(1), transform_power(0.5))
  expect_equal(each_log_density(d, x), dweibull(x, 2, 1, TRUE), tolerance = 1e-12)
})

test_that("masked elements count for nothing, in either order of the combinators", {
  x <- c(0.2, 1, 3)
  mask <- c(TRUE, FALSE, TRUE)
  want <- sum(dlnorm(x[mask], -2, 1, TRUE))
  inner <- dist_transformed(dist_masked(dist_normal(-2, 1), mask), "exp")
  outer <- dist_masked(dist_transformed(dist_normal(-2, 1), "exp"), mask)
  expect_equal(site_log_density(inner, x), want, tolerance = 1e-12)
  expect_equal(site_log_density(outer, x), want, tolerance = 1e-12)
})

test_that("vectors may be transformed element by element or as a whole", {
  s <- matrix(c(2, 0.5, 0.5, 1), 2)
  u <- c(0.3, -0.8)
  base <- -0.5 * sum(u * solve(s, u)) - 0.5 * log(det(2 * pi * s))
  d <- dist_transformed(dist_mvn(0, s), list(transform_affine(0, 2), transform_exp()))
  expect_equal(site_log_density(d, exp(2 * u)), base - sum(2 * u) - 2 * log(2), tolerance = 1e-12)
  d <- dist_transformed(dist_mvn(0, s), transform_ordered())
  expect_equal(site_log_density(d, c(u[1], u[1] + exp(u[2]))), base - u[2], tolerance = 1e-12)
  both <- rbind(c(u[1], u[1] + exp(u[2])), c(u[1], u[1] + exp(u[2])))
  expect_equal(site_log_density(d, both), 2 * (base - u[2]), tolerance = 1e-12)
})

test_that("what cannot be combined is an error", {
  expect_error(dist_transformed(1, transform_exp()), "`base` must be a distribution", class = "reparam_error")
  expect_error(dist_transformed(dist_normal(), 3), "`transform` must be a transform", class = "reparam_error")
  expect_error(dist_transformed(dist_normal(), "foo"), "There is no transform \"foo\"", class = "reparam_error")
  expect_error(dist_masked(dist_normal(), NA), "`mask` must be", class = "reparam_error")
})

test_that("expand gives a shape", {
  m <- model(function() x <- draw("x", dist_expand(dist_normal(0, 1), c(2, 3))))
  expect_equal(model_spec(m, list())$statements[[1]]$dim, c(2L, 3L))
})
