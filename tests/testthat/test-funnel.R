# Neal's funnel under the default settings: y ~ N(0, 3), x_i ~ N(0, exp(y / 2)). Marginal quantiles of x at .75, .9 and .95
# and P(|x| < 1) by quadrature (reference values, "Other posteriors"); y is N(0, 3).
test_that("the funnel's marginal quantiles are exact under the default", {
  funnel <- model(function() {
    y ~ normal(0, 3)
    x[1:9] ~ normal(0, exp(y / 2))
  })
  fit <- fit_nuts(funnel, prune = FALSE, seed = 1)
  # within 4 Monte Carlo standard errors of the share of draws below the exact quantile
  expect_share <- function(below, share) {
    indicator <- array(as.double(below), c(dim(below), 1))
    expect_lt(abs(mean(indicator) - share) / mcse_mean(indicator), 4)
  }
  x <- draws(fit, "x")
  quantiles <- c(`0.75` = 0.5740346329, `0.9` = 2.5120217265, `0.95` = 5.3054515073)
  for (i in seq_len(9)) {
    for (p in names(quantiles)) expect_share(x[, , i] < quantiles[[p]], as.numeric(p))
    expect_share(abs(x[, , i]) < 1, 0.6223155435)
  }
  y <- draws(fit, "y")
  for (p in c(0.05, 0.25, 0.5, 0.75, 0.95)) expect_share(y < qnorm(p, 0, 3), p)
  expect_lt(max(rhat_rank(as.array(fit))), 1.01)
  expect_equal(sum(fit$sampler$divergent), 0)
})
