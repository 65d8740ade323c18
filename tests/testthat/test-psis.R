test_that("Pareto k agrees with loo's", {
  skip_if_not_installed("loo")
  set.seed(1)
  for (sd in c(0.7, 1.2, 2)) {
    x <- rnorm(4000)
    lw <- dnorm(x, sd = sd, log = TRUE) - dnorm(x, log = TRUE)
    expected <- suppressWarnings(loo::psis(lw, r_eff = 1)$diagnostics$pareto_k)
    expect_equal(psis_khat(lw), as.vector(expected), tolerance = 1e-8)
  }
})

test_that("Pareto k of weights whose tail is known", {
  # weights U^-k are Pareto of shape k; of 10^5 draws 949 form the tail, the estimate's standard error is about (1 + k) / sqrt(949)
  set.seed(2)
  for (k in c(0.3, 0.7, 1)) expect_lt(abs(psis_khat(-k * log(runif(1e5))) - k), 4 * (1 + k) / sqrt(949))
})

test_that("weights without a tail", {
  expect_identical(psis_khat(rep(3, 100)), -Inf)
  expect_identical(psis_khat(c(rep(0, 100), NaN)), Inf)
  expect_identical(psis_khat(1:10), NA_real_)
  expect_error(psis_khat("a"), "log_weights")
})

test_that("the verdict is a sentence", {
  expect_match(khat_verdict(0.3), "close")
  expect_match(khat_verdict(0.6), "usable")
  expect_match(khat_verdict(0.9), "misses")
  expect_match(khat_verdict(-Inf), "is the posterior")
  expect_null(khat_verdict(NA_real_))
})
