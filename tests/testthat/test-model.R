test_that("model() keeps the function and starts with no handlers", {
  f <- function(n, y = NULL) y ~ normal(0, 1)
  m <- model(f)
  expect_s3_class(m, "reparam_model")
  expect_identical(m$fn, f)
  expect_identical(m$handlers, list())
  expect_identical(model(m), m)
})

test_that("a model prints its arguments and its stack, the innermost first", {
  m <- model(function(sigma, n = 8, y = NULL) y ~ normal(0, sigma))
  expect_identical(format(m)[1], "<model> function(sigma, n = 8, y = NULL)")
  m <- m |> condition(y = 1) |> reparam(theta = decenter(), mu = reparam_loc_scale(0.5)) |> block("mu")
  expect_identical(format(m)[3:5], c(
    "  |> condition(y = 1)",
    "  |> reparam(theta = decenter(centered = 0), mu = reparam_loc_scale(centered = 0.5))",
    "  |> block(hide = \"mu\")"
  ))
  expect_output(print(m), "<model> function(sigma, n = 8, y = NULL)", fixed = TRUE)
  expect_invisible(print(m) |> capture.output() |> invisible())
})

test_that("other things are refused", {
  expect_error(model(3), "`fn` must be a function, not the value 3", class = "reparam_error")
  expect_error(model(sum), "not a primitive", class = "reparam_error")
  expect_error(model_spec("a"), "must be a model, not the text \"a\"", class = "reparam_error")
})

test_that("describe() says what a thing is", {
  expect_identical(describe(NULL), "NULL")
  expect_identical(describe(dist_normal()), "a distribution")
  expect_identical(describe(c("a", "b")), "a character vector of length 2")
  expect_identical(describe(TRUE), "the value TRUE")
  expect_identical(describe(list()), "a list")
  expect_identical(describe(factor("a")), "a factor")
  expect_identical(describe(data.frame()), "a data frame")
  expect_identical(describe(quote(x)), "an expression")
})
