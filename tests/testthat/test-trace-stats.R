source(test_path("trace-expressions-functions.R"), local = TRUE)

test_that("statistics and special functions give R's values", {
  expect_same_in(trace_expressions_functions[c("statistics", "special functions")])
})

test_that("their gradients agree with differences", {
  expect_gradients_in(trace_expressions_functions["statistics"])
  # round() and lchoose(), which rounds, jump at x = 0.5.
  expect_gradients_in(trace_expressions_functions["special functions"], except = c("round(x)", "lchoose(5, x)"))
})

test_that("what has no derivative is an error", {
  expect_error(traced_result(function(x, M, s) besselI(1, x)), "no derivative with respect to its order")
  expect_error(traced_result(function(x, M, s) psigamma(x, 4)), "derivatives 0 to 3")
  expect_error(traced_result(function(x, M, s) quantile(1:3, s)), "needs probabilities")
})
