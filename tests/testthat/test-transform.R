test_that("transforms print what they are", {
  expect_output(print(transform_affine(1, 2)), "transform affine(loc = 1, scale = 2)", fixed = TRUE)
  expect_output(
    print(transform_compose(transform_affine(1, 2), transform_exp())),
    "transforms affine(loc = 1, scale = 2), then exp()", fixed = TRUE
  )
})

test_that("compositions are flat lists", {
  inner <- transform_compose(transform_exp(), transform_tanh())
  expect_length(transform_compose(inner, transform_sigmoid()), 3)
  expect_length(dist_transformed(dist_normal(), inner)$transforms, 2)
})

test_that("wrong arguments are errors", {
  expect_error(transform_affine(0, 0), "`scale` must not be 0", class = "reparam_error")
  expect_error(transform_power(0), "`exponent` must not be 0", class = "reparam_error")
  expect_error(transform_interval(2, 1), "`lower` must be below `upper`", class = "reparam_error")
  expect_error(transform_affine("a"), "`loc` must be numeric", class = "reparam_error")
})

test_that("densities through each elementwise transform are those of the change of variables", {
  u <- 0.7
  base <- dnorm(u, log = TRUE)
  at <- function(transform, x) site_log_density(dist_transformed(dist_normal(), transform), x)
  expect_equal(at(transform_affine(1, -2), 1 - 2 * u), base - log(2), tolerance = 1e-12)
  expect_equal(at(transform_sigmoid(), plogis(u)), base - dlogis(u, log = TRUE), tolerance = 1e-12)
  expect_equal(at(transform_interval(-1, 3), -1 + 4 * plogis(u)), base - dlogis(u, log = TRUE) - log(4),
    tolerance = 1e-12)
  expect_equal(at(transform_lower(2), 2 + exp(u)), base - u, tolerance = 1e-12)
  expect_equal(at(transform_upper(2), 2 - exp(u)), base - u, tolerance = 1e-12)
  expect_equal(at(transform_softplus(), log1p(exp(u))), base - plogis(u, log.p = TRUE), tolerance = 1e-12)
  expect_equal(at(transform_tanh(), tanh(u)), base - log(1 - tanh(u)^2), tolerance = 1e-12)
})
