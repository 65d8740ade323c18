m <- model(function(y = NULL) {
  k ~ lognormal(0, 1)
  z[1:2, 1:3] ~ normal(0, k)
  s := k + 1
  y ~ normal(k, 0.1)
})

test_that("trace_model() lists the sites with values and log densities", {
  table <- trace_model(m, list(y = c(1, 2)), seed = 1)
  expect_equal(table$name, c("k", "z", "s", "y"))
  expect_equal(table$kind, c("draw", "draw", "recorded", "observed"))
  expect_equal(table$dim, list(integer(), c(2L, 3L), integer(), 2L))
  k <- table$value[[1]]
  z <- table$value[[2]]
  expect_equal(dim(z), c(2, 3))
  expect_equal(table$value[[3]], k + 1)
  expect_equal(table$value[[4]], c(1, 2))
  expect_equal(table$log_density[1], dlnorm(k, 0, 1, log = TRUE), tolerance = 1e-12)
  expect_equal(table$log_density[2], sum(dnorm(z, 0, k, log = TRUE)), tolerance = 1e-12)
  expect_equal(table$log_density[4], sum(dnorm(c(1, 2), k, 0.1, log = TRUE)), tolerance = 1e-12)
  expect_true(is.na(table$log_density[3]))
  expect_equal(table$observed, c(FALSE, FALSE, FALSE, TRUE))
})

test_that("its seed reproduces", {
  expect_identical(trace_model(m, seed = 3), trace_model(m, seed = 3))
  expect_false(identical(trace_model(m, seed = 3)$value, trace_model(m, seed = 4)$value))
})

test_that("reparam_map() tells which sites were made of which, and why", {
  map <- reparam_map(reparam(m, k = decenter(), z = decenter()), list(y = 1), prune = FALSE)
  expect_equal(map$site[map$auxiliary != ""], c("k", "z"))
  expect_match(map$auxiliary[map$site == "k"], "k_base")
  expect_match(map$auxiliary[map$site == "z"], "z_decentered")
  expect_true(all(nzchar(map$why[map$auxiliary != ""])))
})
