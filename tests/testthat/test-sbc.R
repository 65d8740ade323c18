# A few replications of simulation-based calibration; tools/sbc.R runs 1000 of each model.

test_that("ranks of true values are uniform", {
  for (name in c("schools", "schools_decentered", "catalyst", "logistic")) {
    p <- sbc_p_values(sbc_ranks(sbc_cases[[name]], 100, seed = 1), bins = 5)
    # a right sampler fails one of these four at a random seed with probability .01 each at most
    expect_gt(min(p), 0.01 / length(p), label = paste(name, paste(signif(p, 2), collapse = " ")))
  }
})

test_that("ranks show a posterior that is too narrow, and one that is shifted", {
  case <- list(model = model(function(y = NULL) {
    mu ~ normal(0, 1)
    y ~ normal(mu, 1)
  }), data = list(), quantities = "mu")
  shifted <- function(scale, shift) {
    draw <- function(...) {
      x <- sbc_draws(...)
      as.matrix(scale * (x - mean(x)) + mean(x) + shift)
    }
    sbc_p_values(sbc_ranks(case, 200, seed = 1, draw = draw), bins = 10)
  }
  expect_gt(shifted(1, 0), 0.01)
  expect_lt(shifted(0.6, 0), 1e-4)
  expect_lt(shifted(1, 0.4), 1e-4)
})
