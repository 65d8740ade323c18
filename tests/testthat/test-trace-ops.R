source(test_path("trace-expressions-arrays.R"), local = TRUE)
source(test_path("trace-expressions-functions.R"), local = TRUE)

test_that("operators, Math, Summary and control flow give R's values", {
  expect_same_in(trace_expressions_arrays[c("operators", "names")])
  expect_same_in(trace_expressions_functions[c("control and values", "mixed")])
})

test_that("their gradients agree with differences", {
  # At a jump there is no derivative to compare with.
  expect_gradients_in(trace_expressions_arrays["operators"], except = "x%%0.4")
  expect_gradients_in(trace_expressions_functions[c("control and values", "mixed")], except = "round(-x)")
})

test_that("at kinks and ties the documented subgradients come out", {
  gradient <- function(fn, x) {
    with_traced(fn, function(result, sites) trace_gradient(result, sites)[[1]], list(x = x))
  }
  expect_equal(gradient(function(x) max(x), c(2, 1, 2)), c(0.5, 0, 0.5))
  expect_equal(gradient(function(x) min(x), c(1, 1, 2)), c(0.5, 0.5, 0))
  expect_equal(gradient(function(x) abs(x), 0), 0)
  expect_equal(gradient(function(x) round(x) + floor(x) + sign(x), 0.3), 0)
  expect_equal(gradient(function(x) ifelse(x > 1, x^2, x), 1), 1)
})

test_that("recycling warns as R does, and shapes that do not conform are errors", {
  expect_warning(
    with_traced(function(x) x * 1:4, numbers_of, list(x = 1:6 + 0)),
    "longer object length is not a multiple of shorter object length"
  )
  expect_error(traced_result(function(x, M, s) M + diag(2)), "non-conformable arrays")
  expect_error(
    traced_result(function(x, M, s) M + 1:10), "dims \\[product 9\\] do not match the length of object \\[10\\]"
  )
})

test_that("logic on single truth values waits for both sides as R does", {
  expect_equal(traced_result(function(s) s > 1 && s < 2, list(s = 1.5)), 1)
  expect_equal(traced_result(function(s) s > 1 || s < 0, list(s = 0.5)), 0)
  expect_false(traced_result(function(s) FALSE && stop("never"), list(s = 1)))
  expect_equal(traced_result(function(s) TRUE && s > 1, list(s = 2)), 1)
})

test_that("ifelse() leaves the case that is not chosen unevaluated when the test is data", {
  expect_equal(traced_result(function(s) ifelse(TRUE, s, stop("never")), list(s = 3)), 3)
})

test_that("values that are constant are plain again", {
  fn <- function(s) {
    y <- numeric(3)
    y[2] <- s
    if (y[1] == 0) y[2] * 2 else 0
  }
  expect_equal(traced_result(fn, list(s = 4)), 8)
})
