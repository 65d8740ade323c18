source(test_path("trace-expressions-arrays.R"), local = TRUE)

test_that("indexing, assignment and binding give R's values", {
  expect_same_in(trace_expressions_arrays[c("dimnames", "indexing", "assignment", "binding", "apply family")])
})

test_that("their gradients agree with differences", {
  expect_gradients_in(trace_expressions_arrays[c("indexing", "assignment", "binding", "apply family")])
})

test_that("arrays are indexed by traced integers", {
  same <- function(fn, z) {
    inputs <- list(z = z, v = c(10, 20, 30), m = matrix(1:6 + 0, 3))
    expect_equal(traced_result(fn, inputs, "z"), do.call(fn, inputs))
    expect_equal(traced_result(fn, inputs, c("z", "v", "m")), do.call(fn, inputs))
  }
  same(function(z, v, m) v[z], 2)
  same(function(z, v, m) v[z], c(3, 1, 3, 2))
  same(function(z, v, m) v[[z]], 2)
  same(function(z, v, m) m[z, 2], c(1, 3))
  same(function(z, v, m) m[z, ], 2)
  same(function(z, v, m) m[z, ], c(3, 1))
  same(function(z, v, m) m[, z], 2)
  same(function(z, v, m) m[2:3, z, drop = FALSE], 1)
  same(function(z, v, m) m[z], 5)
  same(function(z, v, m) m[cbind(z, c(2, 1))], c(3, 1))
  same(function(z, v, m) {
    v[z] <- 0
    v
  }, c(1, 3))
  same(function(z, v, m) {
    m[z] <- v[1:2]
    m
  }, c(2, 5))
})

test_that("filling a vector takes time linear in its length", {
  fill <- function(k, n) {
    x <- numeric(n)
    for (i in seq_len(n)) x[i] <- k
    x
  }
  seconds <- function(n) {
    with_traced(fill, inputs = list(k = 1, n = n), traced = "k", what = function(result, sites) {
      expect_equal(trace_value(result[c(1, n)], sites), c(1, 1))
    })
    min(vapply(1:3, function(i) {
      overlaid <- trace_overlay(fill)
      trace_begin()
      on.exit(trace_end())
      sum(system.time(overlaid(trace_site(1, 1), n))[1:2])
    }, 0))
  }
  # Copying at each step would make it 100 times; 25 leaves room for a loaded machine.
  expect_lt(seconds(50000), 25 * max(seconds(5000), 0.005))
})

test_that("writing in place is not seen through another name", {
  fn <- function(s) {
    y <- numeric(3)
    y[1] <- s
    z <- y
    z[2] <- 5
    f <- function(v) {
      v[3] <- 7
      v
    }
    w <- f(y)
    c(y, z, w)
  }
  expect_equal(traced_result(fn, list(s = 2)), c(2, 0, 0, 2, 5, 0, 2, 0, 7))
})
