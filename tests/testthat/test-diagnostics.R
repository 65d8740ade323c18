# The posterior package is the independent implementation; the values agree to rounding (1e-9 relative).

series <- function(n, chains, seed = 1) {
  set.seed(seed)
  x <- array(rnorm(n * chains * 5), c(n, chains, 5))
  filtered <- function(j, rho, scale) {
    scale * apply(matrix(x[, , j], n), 2, stats::filter, filter = rho, method = "recursive")
  }
  x[, , 2] <- filtered(2, 0.9, 1e12)
  x[, , 3] <- filtered(3, -0.7, 1e-9)
  x[, , 4] <- round(2 * x[, , 4])
  x[, , 5] <- 0.1 * x[, , 5] + rep(seq_len(chains), each = n)
  x
}

# Element by element, since the scales differ; NA where the other is NA.
expect_same_ratio <- function(got, want) {
  expect_equal(is.na(got), is.na(want))
  known <- !is.na(want)
  expect_equal(got[known] / want[known], rep(1, sum(known)), tolerance = 1e-9)
}

by_variable <- function(f, x) {
  vapply(seq_len(dim(x)[3]), function(j) suppressWarnings(f(matrix(x[, , j], nrow(x)))), 0)
}

test_that("diagnostics equal posterior's, for even and odd lengths, ties, and scales 21 orders of magnitude apart", {
  skip_if_not_installed("posterior")
  for (n in c(50, 101, 400)) for (chains in c(1, 2, 3, 4)) {
    x <- series(n, chains)
    got <- convergence(x)
    for (name in colnames(got)) {
      expect_same_ratio(got[, name], by_variable(getExportedValue("posterior", name), x))
    }
    expect_same_ratio(mcse_sd(x), by_variable(posterior::mcse_sd, x))
  }
})

test_that("an autocorrelated series has the effective sample size of theory", {
  # AR(1): ESS / N = (1 - rho) / (1 + rho). 200,000 draws; relative Monte Carlo error of the estimate about 3 %.
  set.seed(1)
  for (rho in c(0.5, 0.9)) {
    x <- array(stats::filter(rnorm(2e5), rho, "recursive"), c(50000, 4, 1))
    expect_equal(convergence(x)[, "ess_mean"][[1]] / 2e5, (1 - rho) / (1 + rho), tolerance = 0.1)
  }
})

test_that("what cannot be diagnosed is NA, and does not disturb its neighbours", {
  x <- series(60, 4)
  whole <- rhat_rank(x)
  x[3, 2, 1] <- NA
  x[3, 2, 2] <- Inf
  x[, , 4] <- 7
  expect_equal(rhat_rank(x), c(NA, NA, whole[3], NA, whole[5]))
  expect_equal(is.na(mcse_mean(x)), c(TRUE, TRUE, FALSE, TRUE, FALSE))
  expect_length(rhat_rank(x[, , 0, drop = FALSE]), 0)
})

test_that("quantiles are R's type 7", {
  set.seed(2)
  x <- matrix(rnorm(70), 10)
  probs <- c(0, 0.05, 0.5, 0.77, 1)
  expect_equal(quantile_columns(x, probs), unname(t(apply(x, 2, quantile, probs))), tolerance = 1e-14)
  expect_equal(quantile_columns(x, 0.5), apply(x, 2, median))
})

test_that("E-BFMI is the ratio of squared differences to squared deviations", {
  energy <- cbind(c(1, 2, 4, 3), c(0, 1, 0, 1))
  expect_equal(e_bfmi(energy), c((1 + 4 + 1) / sum((c(1, 2, 4, 3) - 2.5)^2), 3))
})
