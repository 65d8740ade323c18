regression <- function() {
  model(function(x, y) {
    b ~ normal(0, 1)
    s ~ half_normal(1)
    y ~ normal(b * x, s)
  })
}

test_that("model_program() tells what is evaluated and what memory it takes", {
  size <- function(n) model_program(regression(), list(x = seq_len(n), y = sin(seq_len(n))))
  small <- size(100)
  large <- size(10000)
  expect_s3_class(small, "reparam_program")
  expect_identical(small$coordinates, 2L)
  expect_identical(large$instructions, small$instructions)
  expect_identical(large$slots, small$slots)
  # x, y and -x are kept, 8 bytes a number; nothing as long as the data is made while sampling
  expect_gte(large$bytes$constants, 2 * 8 * 10000)
  expect_lt(large$bytes$constants, 3.1 * 8 * 10000)
  expect_equal(large$bytes$chain, small$bytes$chain)
  expect_match(large$listing, "loop over 10000")
  expect_match(large$graph, "normal|mul|sum")
  expect_output(print(small), "Program of log density and gradient.*2 coordinates.*memory: data [0-9.]+ KB")
})

test_that("model_program() says when chains run side by side", {
  large <- list(x = seq_len(1e4), y = sin(seq_len(1e4)))
  expect_identical(model_program(regression(), large, lanes = 4)$lanes, 1L)
  expect_identical(model_program(regression(), list(x = 1, y = 1))$lanes, 1L)
  expect_error(model_program(regression(), large, lanes = 0), "lanes", class = "reparam_error")
  skip_if_not(model_program(regression(), large)$isa %in% c("avx2", "avx512"))
  decay <- model(function(n, y) {
    rate ~ lognormal(0, 1)
    x <- 1
    path <- numeric(n)
    for (t in 1:n) path[t] <- x <- x - 0.01 * rate * x * x
    y ~ normal(path, 0.1)
  })
  several <- model_program(decay, list(n = 100, y = rep(0.5, 100)), lanes = 4)
  expect_gt(several$lanes, 1L)
  expect_output(print(several), "run side by side")
})
