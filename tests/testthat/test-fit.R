test_that("options(reparam.isa) holds the engine to an instruction set", {
  coin <- model(function(y) {
    p ~ beta(1, 1)
    y ~ bernoulli(p)
  })
  fit <- function(isa) {
    old <- options(reparam.isa = isa)
    on.exit(options(old))
    fit_nuts(coin, list(y = c(1, 0, 1)), chains = 1, iter_warmup = 50, iter_sampling = 20, seed = 1)
  }
  portable <- fit("portable")
  expect_identical(portable$control$isa, "portable")
  expect_identical(draws(portable, "p"), draws(fit("portable"), "p"))
  expect_true(fit(NULL)$control$isa %in% c("portable", "sse2", "avx2", "avx512"))
  expect_error(fit("neon"), "reparam.isa", class = "reparam_error")
})

test_that("log_density() keeps to the instruction set of options(reparam.isa)", {
  m <- model(function(y) {
    p ~ beta(2, 3)
    y ~ bernoulli(p)
  })
  old <- options(reparam.isa = "portable")
  on.exit(options(old))
  # beta density 12 p (1 - p)^2, likelihood p, Jacobian p (1 - p), at p = 0.5
  expect_equal(c(log_density(m, list(y = 1), list(p = 0.5))), log(12 * 0.5 * 0.5^2 * 0.5 * 0.25), tolerance = 1e-14)
  options(reparam.isa = "neon")
  expect_error(log_density(m, list(y = 1), list(p = 0.5)), "reparam.isa", class = "reparam_error")
})

test_that("fits can be called by do.call(), and keep a call without the data", {
  m <- model(function(y) {
    mu ~ normal(0, 1)
    y ~ normal(mu, 1)
  })
  vi <- do.call(fit_svi, list(m, list(y = 1), steps = 20, seed = 1))
  expect_identical(vi$call, quote(fit_svi(model = model, data = data, steps = 20, seed = 1)))
  fit <- do.call(fit_nuts, list(m, list(y = 1), chains = 1, iter_warmup = 20, iter_sampling = 5, seed = 1))
  expect_identical(fit$call[1:3], quote(fit_nuts(model = model, data = data)))
  expect_output(print(fit), "NUTS: 1 chain")
})
