source(test_path("trace-expressions-functions.R"), local = TRUE)

test_that("density, distribution and quantile functions give R's values", {
  expect_same_in(trace_expressions_functions[c("distributions", "extremes")])
})

test_that("their gradients agree with differences", {
  expect_gradients_in(trace_expressions_functions["distributions"])
  # The difference steps over the tie that max() nearly has.
  expect_gradients_in(trace_expressions_functions["extremes"], except = "max(x, 2.3 - 1e-09)")
})

test_that("quantile functions have no derivative with respect to shapes, discrete ones none at all", {
  expect_error(traced_result(function(x, M, s) qgamma(0.2, s)), "no derivative with respect to its shape")
  expect_error(traced_result(function(x, M, s) qbeta(0.2, s, 1)), "no derivative with respect to its shape")
  expect_error(traced_result(function(x, M, s) qpois(0.2, s)), "qpois")
  expect_error(traced_result(function(x, M, s) pt(s, 3, ncp = 1)), "ncp")
})
