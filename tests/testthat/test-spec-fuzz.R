# A short run of tools/fuzz-spec.R: a spec that is broken anywhere gives an error of R or a result. REPARAM_FUZZ_SPECS
# sets how many.
test_that("no broken spec crashes the engine or keeps it busy for ever", {
  specs <- fuzz_specs()
  n <- as.integer(Sys.getenv("REPARAM_FUZZ_SPECS", "150"))
  outcomes <- vapply(seq_len(n), function(seed) {
    setTimeLimit(elapsed = 60)
    on.exit(setTimeLimit())
    fuzz_outcome(seed, specs)
  }, "")
  expect_false(any(grepl("elapsed time limit", outcomes)))
  # the changes neither miss every spec nor break all of them
  expect_gt(mean(outcomes == "value"), 0.1)
  expect_gt(mean(grepl("^reparam_", outcomes)), 0.3)
})

# Found by the fuzzer (seed 119612): negating the least 32-bit number overflows.
test_that("a dim of a reparameterizer that no site has", {
  spec <- model_spec(model(function(y) {
    v[1:4] ~ normal(0, 1)
    y ~ normal(sum(v), 1)
  }) |> reparam(v = reparam_haar(allow_batch = TRUE)), list(y = 1))
  for (kind in c("haar", "discrete_cosine", "unit_jacobian", "split")) {
    settings <- list(kind = kind, dim = -2^31, allow_batch = TRUE, sections = c(1, 3), matrix = diag(4), inverse = diag(4))
    spec$handlers[[1]]$config$v <- settings
    expect_error(log_density(spec, values = list(v = numeric(4))), "`v`.*dim", class = "reparam_error")
  }
})
