m <- model(function(x = NULL) x ~ relaxed_onehot_categorical(0.5, logits = c(0.2, -0.5, 1)))
r <- m |> reparam(x = reparam_gumbel_softmax())

test_that("the golden value, and a starting value that comes back", {
  x <- value_when(r, "x", x_uniform = c(0.3, 0.6, 0.2))
  expect_equal(x, c(0.1944911765, 0.2664254052, 0.5390834184), tolerance = 1e-9)
  u <- plogis(coordinates_at(r, list(x = x)))
  expect_equal(value_when(r, "x", x_uniform = u), x, tolerance = 1e-12)
})

test_that("the distribution is the same; several events; observed sites keep their density", {
  expect_identity(r, applies = c("gradient", "support", "distribution", "inverse"))
  x <- c(0.2, 0.3, 0.5)
  expect_identical(density_at(r, data = list(x = x)), density_at(m, data = list(x = x)))
  rows <- model(function(y) {
    x[1:2, 1:3] ~ relaxed_onehot_categorical(0.5, logits = c(0.2, -0.5, 1))
    y ~ normal(x[, 1], 1)
  })
  expect_identity(rows |> reparam(x = reparam_gumbel_softmax()), list(y = c(1, 2)),
    applies = c("gradient", "support", "distribution", "inverse"))
})

test_that("other families are refused", {
  expect_snapshot(cat(condition_text(density_at(model(function() x ~ normal(0, 1)) |> reparam(x = reparam_gumbel_softmax()), list(x = 1)))))
})
