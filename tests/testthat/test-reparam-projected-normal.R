m <- model(function(c, x = NULL) x ~ projected_normal(c))
density <- function(c, x) density_at(m, data = list(c = c, x = x))

test_that("the density is that of the direction, in any dimension", {
  # by integrating the normal density over the length: f(x) = int_0^inf r^(d - 1) prod(dnorm(r x - c)) dr
  by_length <- function(c, x) {
    f <- function(r) vapply(r, function(r) r^(length(c) - 1) * prod(dnorm(r * x - c)), 0)
    log(integrate(f, 0, Inf, rel.tol = 1e-10)$value)
  }
  for (c in list(c(1, -0.5), c(1, 0, 2), c(3, -4), c(2, 1, -1, 2), c(0, 0, 0), seq(-2, 2, length.out = 8))) {
    for (x in list(rev(seq_along(c)), seq_along(c) - 1.7, -c + 0.1)) {
      x <- x / sqrt(sum(x^2))
      expect_equal(density(c, x), by_length(c, x), tolerance = 1e-8)
    }
  }
  # pointing away: the continued fraction
  expect_equal(density(c(10, 0), c(-1, 0)), by_length(c(10, 0), c(-1, 0)), tolerance = 1e-6)
  expect_identical(density(c(1, 0), c(1, 1)), -Inf)
})

test_that("a latent direction is sampled by strategy, an observed one keeps its density", {
  expect_identical(reparam_map(m, list(c = c(1, 0, 2)), prune = FALSE)$auxiliary, "x_normal")
  r <- m |> reparam(x = reparam_projected_normal())
  x <- c(0.6, 0, 0.8)
  expect_identical(density_at(r, data = list(c = c(1, 0, 2), x = x)), density(c(1, 0, 2), x))
  expect_equal(value_when(r, "x", x_normal = c(-1, 3, 2), data = list(c = c(1, 0, 2))), c(0, 0.6, 0.8), tolerance = 1e-14)
  expect_equal(coordinates_at(r, list(x = x), list(c = c(1, 0, 2))), x - c(1, 0, 2), tolerance = 1e-14)
  expect_identity(r, list(c = c(1, 0, 2)), applies = c("gradient", "support", "distribution", "inverse"))
})

test_that("other families are refused", {
  expect_snapshot(cat(condition_text(density_at(model(function() x ~ normal(0, 1)) |> reparam(x = reparam_projected_normal()), list(x = 1)))))
})
