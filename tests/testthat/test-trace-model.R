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

test_that("a trace prints a line a site, however long its values", {
  m <- function(y = NULL) {
    k ~ lognormal(0, 1)
    z[1:2, 1:100] ~ normal(0, k)
    total := sum(z)
    y ~ normal(total, 1)
  }
  old <- options(width = 200)
  on.exit(options(old))
  table <- trace_model(m, list(y = 1.25), seed = 1)
  shown <- capture.output(print(table))
  expect_length(shown, 5)
  expect_match(shown[3], "z +draw +2 x 100 +normal +[-0-9.e]+( [-0-9.e]+){3} \\.\\.")
  expect_match(shown[5], "y +observed +normal +1.25")
  expect_false(grepl("auxiliary", shown[1]))
  aux <- capture.output(print(trace_model(reparam(model(m), z = decenter()), seed = 1)))
  expect_match(aux[1], "auxiliary")
  expect_match(capture.output(print(table[, c("name", "value")]))[3], "^ *z ")
  expect_s3_class(as.data.frame(table), "data.frame")
  expect_length(table$value[[2]], 200)
})

test_that("elements that are never drawn have the value that the model gives them", {
  walk <- function(n, y = NULL) {
    x <- numeric(n)
    x[1] <- 7
    for (i in 2:n) x[i] ~ normal(x[i - 1], 0.1)
    y ~ normal(x[n], 1)
  }
  fit <- fit_nuts(walk, list(n = 3, y = 7), chains = 1, iter_warmup = 50, iter_sampling = 20, seed = 1)
  expect_equal(unique(draws(fit, "x")[, , 1]), 7, ignore_attr = TRUE)
  expect_equal(draws(posterior_predict(fit, list(n = 5, y = NULL)), "x")[, , 1:3], draws(fit, "x")[, , 1:3])
  start <- function(n) {
    x0 ~ normal(0, 1)
    x <- matrix(0, 2, n)
    x[, 1] <- c(x0, 3)
    for (i in 2:n) x[1:2, i] ~ normal(x[, i - 1], 0.1)
  }
  prior <- prior_draws(start, list(n = 3), draws = 5, seed = 1)
  expect_equal(draws(prior, "x")[, 1, 1, 1], draws(prior, "x0")[, 1])
  expect_equal(draws(prior, "x")[, 1, 2, 1], rep(3, 5))
  expect_false(anyNA(draws(prior, "x")))
})

test_that("so have elements of data that are conditioned on only", {
  ar <- function(y) {
    s ~ lognormal(0, 1)
    for (i in 2:3) y[i] ~ normal(y[i - 1], s)
  }
  fit <- fit_nuts(ar, list(y = c(7, 6, 7.1)), chains = 1, iter_warmup = 50, iter_sampling = 20, seed = 1)
  expect_equal(draws(fit, "y")[1, 1, ], c(7, 6, 7.1))
  expect_equal(dimnames(log_lik(fit))$observation, c("y[2]", "y[3]"))
  expect_identical(find_site(fit, "y")$kind, "observed")
  fit <- fit_nuts(ar, list(y = c(7, NA, 7.1)), chains = 1, iter_warmup = 50, iter_sampling = 20, seed = 1)
  expect_equal(unique(draws(fit, "y")[, 1, 1]), 7)
})

test_that("a variable that was overwritten says nothing about elements that were not drawn", {
  m <- function(n) {
    x <- numeric(n)
    for (i in 2:n) x[i] ~ normal(x[i - 1], 0.1)
    x <- exp(x)
    last := x[n]
  }
  prior <- prior_draws(m, list(n = 3), draws = 5, seed = 1)
  expect_true(all(is.nan(draws(prior, "x")[, 1, 1])))
  expect_equal(draws(prior, "last")[, 1], exp(draws(prior, "x")[, 1, 3]))
})
