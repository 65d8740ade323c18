m <- model(function(y = NULL) {
  v ~ von_mises(1, 2)
  y ~ von_mises(v, 1)
})
r <- m |> reparam(v = reparam_circular())

test_that("the density on the line is proper and wraps to that on the circle", {
  line <- model(function() v ~ von_mises(1, 2)) |> reparam(v = reparam_circular())
  f <- function(y) exp(vapply(y, function(y) density_at(line, list(v_unwrapped = y)), 0))
  expect_equal(integrate(f, -60, 60, subdivisions = 500)$value, 1, tolerance = 1e-8)
  turns <- 2 * pi * (-9:9)
  for (x in c(-3, 0, 2.5)) {
    want <- exp(2 * cos(x - 1)) / (2 * pi * besselI(2, 0))
    expect_equal(sum(f(x + turns)), want, tolerance = 1e-9)
    expect_equal(value_when(line, "v", v_unwrapped = x + 4 * pi), x, tolerance = 1e-12)
  }
})

test_that("it can be simulated, and checks itself", {
  expect_identity(r, list(y = c(3, -3)), applies = c("gradient", "support", "distribution", "inverse"))
})

test_that("other supports are refused", {
  expect_snapshot(cat(condition_text(density_at(model(function() x ~ normal(0, 1)) |> reparam(x = reparam_circular()), list(x = 1)))))
})
