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
