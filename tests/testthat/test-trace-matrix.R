source(test_path("trace-expressions-arrays.R"), local = TRUE)

test_that("matrix algebra gives R's values", {
  expect_same_in(trace_expressions_arrays["matrices"])
})

test_that("its gradients agree with differences", {
  # eigen() decides by the numbers whether a matrix is symmetric, which differences disturb.
  expect_gradients_in(trace_expressions_arrays["matrices"], except = c("abs(eigen(M)$vectors)", "eigen(M)$values"))
})

test_that("eigen() of a matrix that is not symmetric is not a number", {
  fn <- function(x, M, s) {
    M[1, 2] <- 9
    eigen(M)$values
  }
  expect_true(all(is.nan(traced_result(fn))))
})

test_that("package code reaches the matrix product through S4", {
  trace_begin()
  on.exit(trace_end())
  x <- trace_site(1, c(2, 2))
  expect_equal(trace_value(base::`%*%`(x, 1:2), list(`1` = 1:4)), matrix(c(7, 10)))
  expect_equal(trace_value(base::`%*%`(1:2, x), list(`1` = 1:4)), matrix(c(5, 11), 1))
})

test_that("shapes that do not conform are errors", {
  expect_error(traced_result(function(x, M, s) M %*% x), "non-conformable arguments")
  expect_error(traced_result(function(x, M, s) solve(matrix(x, 2))), "'a' \\(2 x 3\\) must be square")
  expect_error(traced_result(function(x, M, s) diag(s)), "identity matrix")
})
