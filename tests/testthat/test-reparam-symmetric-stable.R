test_that("an observed symmetric stable site has its density, by quadrature over the auxiliary sites", {
  m <- model(function(x) x ~ stable(0.8, 0, 1, 0)) |> reparam(x = reparam_symmetric_stable())
  golden <- c(0.0549375560845, 0.131846237675, 0.360646086635, 0.131846237675, 0.0300402315326)
  # the standard deviation at (u, e), from the density at the mode
  sd_at <- function(u, e) vapply(seq_along(u), function(k) {
    table <- trace_model(substitute_sites(m, x_uniform = u[k], x_exponential = e[k]), list(x = 0), seed = 1)
    exp(-table$log_density[table$name == "x"]) / sqrt(2 * pi)
  }, 0)
  # Kanter's formula, written out independently
  u <- c(-1.2, 0.1, 1.4)
  e <- c(0.3, 1, 2.5)
  a <- 0.4
  theta <- u + pi / 2
  k <- sin(a * theta) / sin(theta)^(1 / a) * (sin((1 - a) * theta) / e)^((1 - a) / a)
  expect_equal(sd_at(u, e), sqrt(2 * k), tolerance = 1e-10)
  # and with it the density by a product rule: e by Gauss-Laguerre-like transformation p = exp(-e), u uniform, 400 x 400 midpoints
  grid <- expand.grid(u = (seq_len(600) - 0.5) / 600 * pi - pi / 2, e = -log((seq_len(600) - 0.5) / 600))
  k <- sin(a * (grid$u + pi / 2)) / cos(grid$u)^(1 / a) * (sin((1 - a) * (grid$u + pi / 2)) / grid$e)^((1 - a) / a)
  got <- vapply(c(-2, -1, 0, 1, 3), function(x) mean(dnorm(x, 0, sqrt(2 * k))), 0)
  # the midpoint rule errs most at x = 0, where the density of narrow normals is large
  expect_equal(got[-3], golden[-3], tolerance = 2e-3)
})

test_that("the distribution is the same, decentered or not", {
  m <- model(function() x[1:2] ~ stable(c(0.8, 1.6), 0, 2, 1))
  applies <- c("gradient", "support", "distribution")
  expect_identity(m |> reparam(x = reparam_symmetric_stable()), applies = applies)
  expect_identity(m |> reparam(x = list(reparam_symmetric_stable(), reparam_loc_scale(0))), applies = applies)
})

test_that("what cannot be is refused", {
  refuse <- function(...) {
    m <- model(function(x) x ~ stable(...)) |> reparam(x = reparam_symmetric_stable())
    condition_text(log_density(m, list(x = 1), numeric(2)))
  }
  expect_snapshot({
    cat(refuse(1.5, 0.2))
    cat(refuse(2, 0))
  })
})
