# The catalyst's variational optima, of facts/reference-values.md: mean field -1.368697, full rank -1.253366 with correlation .496121
# of log k and log k_d, no data 0. The 500 further standard normals of the unpruned model change none of them.
catalyst <- model(reaction_measured) |> reparam(k = decenter(), k_d = decenter(), y = decenter())
composed <- guide_list(guide_mvn("k", "k_d"), guide_normal())

fit_catalyst <- function(guide, ..., data = one_observation(), draws = 4000, elbo_draws = 1e5) {
  fit_svi(catalyst, data, guide, ..., draws = draws, elbo_draws = elbo_draws, keep = c("k", "k_d"))
}

# Of 4000 draws, the standard error of a correlation of .5 is .012: four are within the .05 that are allowed.
log_correlation <- function(fit) cor(log(as.vector(draws(fit, "k"))), log(as.vector(draws(fit, "k_d"))))

expect_elbo <- function(fit, optimum, within = 0.05) {
  expect_lt(fit$elbo[["mcse"]], 0.005)
  expect_lt(abs(fit$elbo[["mean"]] - optimum), within)
}

test_that("mean field ends at its optimum, pruned or not, stopped by itself or after a number of steps", {
  for (prune in c(TRUE, FALSE)) {
    for (steps in list("auto", 5000)) expect_elbo(fit_catalyst(guide_normal(), steps = steps, prune = prune, seed = 1), -1.368697)
  }
})

test_that("a guide of two parts and a full-rank guide end at theirs, with the correlation", {
  for (prune in c(TRUE, FALSE)) {
    fit <- fit_catalyst(composed, prune = prune, seed = 1)
    expect_true(fit$converged)
    expect_elbo(fit, -1.253366)
    expect_lt(abs(log_correlation(fit) - 0.496121), 0.05)
  }
  fit <- fit_catalyst(guide_mvn(), seed = 1)
  expect_elbo(fit, -1.253366)
  expect_lt(abs(log_correlation(fit) - 0.496121), 0.05)
})

test_that("a low-rank guide finds the correlation at five seeds of five", {
  for (seed in 1:5) expect_gt(log_correlation(fit_catalyst(guide_lowrank(rank = 2), seed = seed, elbo_draws = 0)), 0.4)
})

test_that("without data the loss ends at 0", {
  for (steps in list("auto", 5000)) {
    fit <- fit_catalyst(guide_normal(), data = lab, steps = steps, prune = FALSE, seed = 1)
    expect_lt(abs(mean(tail(fit$loss, 100))), 0.02)
    expect_lt(abs(fit$elbo[["mean"]]), 0.02)
  }
})

test_that("the estimators agree where they should and can be chosen", {
  for (gradient in list(list(analytic = FALSE), list(path_derivative = TRUE), list(particles = 4), list(anneal = FALSE))) {
    fit <- do.call(fit_catalyst, c(list(guide_normal(), steps = 6000, seed = 1), gradient))
    # a constant rate of .01 leaves about .01 nats
    expect_elbo(fit, -1.368697)
  }
  # the importance weighted bound (alpha = 0) lies between the ELBO and the log evidence, -1.170807
  iw <- fit_catalyst(guide_normal(), steps = 6000, alpha = 0, particles = 8, seed = 1)
  bound <- -mean(tail(iw$loss, 1000))
  expect_gt(bound, -1.368697)
  expect_lt(bound, -1.170807 + 0.05)
  # and prefers a wider guide: sd of log k of the posterior is .135388, of the mean-field guide less
  narrow <- fit_catalyst(guide_normal(), steps = 6000, seed = 1)
  expect_gt(sd(log(draws(iw, "k"))), sd(log(draws(narrow, "k"))))
})

test_that("a fit goes on where it ended", {
  start <- fit_catalyst(composed, steps = 300, seed = 1, elbo_draws = 1000)
  on <- fit_svi(start, steps = 3000, elbo_draws = 1e5)
  expect_length(on$loss, 3300)
  expect_identical(on$loss[1:300], start$loss)
  expect_elbo(on, -1.253366)
  expect_error(fit_svi(start, guide = guide_normal()), "`guide`")
})

test_that("posterior_draws() draws more from the same guide", {
  fit <- fit_catalyst(composed, seed = 1, draws = 100)
  more <- posterior_draws(fit, 4000, seed = 2)
  expect_equal(dim(draws(more, "k")), c(4000, 1))
  expect_identical(posterior_draws(fit, 10, seed = 2)$unconstrained[, 1, 1], more$unconstrained[1:10, 1, 1])
  expect_lt(abs(log_correlation(more) - 0.496121), 0.05)
  expect_error(posterior_draws(list(), 5), "fit_svi")
})

test_that("interrupting conditions are said: a fit that needs more steps", {
  expect_warning(fit_catalyst(guide_normal(), max_steps = 120, seed = 1), "still improving")
  expect_error(fit_catalyst(guide_normal(), tolerance = 0), "`tolerance` must be positive")
})

test_that("the fit says how far the guide is from the posterior", {
  fit <- fit_catalyst(composed, seed = 1)
  expect_output(print(fit), "Pareto k")
  expect_lt(fit$khat, 0.7)
  expect_true(is.na(fit_catalyst(guide_delta(), seed = 1)$khat))
  # a correlation of .99 that a mean-field guide cannot have
  narrow <- model(function(y) {
    a ~ normal(0, 1)
    b ~ normal(a, 0.05)
    c ~ normal(b, 0.05)
    y ~ normal(a + b + c, 3)
  })
  bad <- fit_svi(narrow, list(y = 1), seed = 1)
  expect_gt(bad$khat, 0.7)
  expect_output(print(bad), "misses part of the posterior")
})

test_that("schedules set the rate of each step", {
  expect_equal(schedule_linear(1, 5, 0.2)(1:6), c(1, 0.8, 0.6, 0.4, 0.2, 0.2))
  expect_equal(schedule_exponential(1, 3, 0.01)(1:3), c(1, 0.1, 0.01))
  expect_equal(schedule_cosine(1, 3, 0.5)(1:3), c(1, 0.75, 0.5))
  expect_equal(schedule_inverse(1, 10)(10), 0.5)
  expect_equal(schedule_linear(1, 5, 1, warmup = 3)(1:4), c(0.25, 0.5, 0.75, 1))
  expect_output(print(schedule_linear(1, 5)), "schedule_linear(lr = 1, steps = 5, final = 0.01, warmup = 0)", fixed = TRUE)
  expect_output(print(optim_adam(schedule_inverse(1, 10))), "optim_adam(lr = schedule_inverse(lr = 1, half = 10", fixed = TRUE)
  fit <- fit_catalyst(guide_normal(), optim = optim_adam(schedule_cosine(0.05, 3000, 1e-4)), steps = 3000, seed = 1)
  expect_elbo(fit, -1.368697)
  expect_error(fit_catalyst(guide_normal(), optim = optim_adam(function(step) -step), steps = 10), "positive rate")
  expect_output(print(optim_adam(function(step) 0.01 / step)), "lr = a schedule")
})
