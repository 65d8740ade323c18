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
