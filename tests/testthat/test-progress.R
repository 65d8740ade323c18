test_that("progress says how far each chain is and how long it will take", {
  now <- 0
  control <- list(iter_warmup = 200, iter_sampling = 200, numbers = c(1, 4, 5))
  format_state <- nuts_progress_format(control, function() now)
  state <- function(iteration, done = c(0, 0, 0)) {
    list(iteration = iteration, step_size = c(0.5, 0.7, 0.1), accept_stat = c(0.8, 0.9, 1), tree_depth = c(2, 3, 1),
         divergent = c(0, 1, 0), gradients = c(1, 1, 1), done = done)
  }
  expect_equal(format_state(state(c(0, 0, 0))), "NUTS:   0 % of 3 chains, 1 divergence")
  now <- 10
  expect_equal(format_state(state(c(100, 300, 0))), c(
    "NUTS:  33 % of 3 chains, 20 s left, 1 divergence",
    "  chain 1: warm-up, 100 of 400, step size 0.5, acceptance 0.80, tree depth 2",
    "  chain 4: sampling, 300 of 400, step size 0.7, acceptance 0.90, tree depth 3, 1 divergent"
  ))
  expect_length(format_state(state(c(400, 300, 0), c(1, 0, 0))), 2)
  expect_equal(format_seconds(59.2), "60 s")
  expect_equal(format_seconds(61), "2 min")
  expect_equal(format_seconds(5400), "1.5 h")
})

test_that("progress is silent in scripts and knitr unless asked for", {
  withr::local_options(reparam.refresh = NULL)
  expect_false(progress_wanted(NULL)) # not interactive
  expect_true(progress_wanted(TRUE))
  withr::local_options(reparam.refresh = TRUE)
  expect_true(progress_wanted(NULL))
  expect_true(progress_wanted(100))
  expect_false(progress_wanted(0))
  expect_error(progress_wanted("often"), "`refresh`")
})

test_that("where lines cannot be taken back, they come less and less often", {
  log <- progress_log(function(state) state)
  expect_silent(log$show("too early"))
  shown <- capture.output(type = "message", {
    fit <- fit_nuts(model(function() x ~ normal(0, 1)), prune = FALSE, chains = 1, iter_sampling = 20, refresh = TRUE,
                    seed = 1)
  })
  expect_lt(length(shown), 3)
  expect_equal(fit_width(strrep("a", 500)), strrep("a", nchar(fit_width(strrep("a", 600)))))
})
