# Whole models against plain R; tools/fuzz-models.R runs thousands of them.

run_random_models <- function(seeds, check) {
  old_seed <- get0(".Random.seed", globalenv())
  on.exit(if (!is.null(old_seed)) assign(".Random.seed", old_seed, globalenv()))
  skipped <- 0
  for (seed in seeds) {
    set.seed(seed)
    wrong <- check(random_model())
    skipped <- skipped + identical(wrong, "skipped")
    expect_identical(setdiff(wrong, "skipped"), character(), info = paste("model", seed))
  }
  expect_lt(skipped, length(seeds) / 4)
}

test_that("densities, gradients, terms of sites and recorded values are those of plain R", {
  run_random_models(1:40, check_random_model)
})

test_that("draws from the prior are those of plain R", {
  run_random_models(101:106, check_prior_draws)
})
