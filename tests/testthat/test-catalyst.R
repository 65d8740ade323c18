# The job the package exists for, end to end. Constants: independent quadrature, stated in the design's reference values.
# Random results: seeds are fixed and each mean is compared within 4 Monte Carlo standard errors of its exact value.

solver_a <- c(`1` = 0.9990013534, `101` = 0.9099394245, `500` = 0.6954930608)
prior_mean_a <- c(`1` = .998357, `101` = .873067, `250` = .762797, `500` = .660946)

expect_healthy <- function(fit) {
  table <- summary(fit, c("k", "k_d"))
  expect_lt(max(table$rhat), 1.01)
  expect_equal(sum(fit$sampler$divergent), 0)
}

expect_prior_means <- function(fit) {
  a <- draws(fit, "a")
  for (i in names(prior_mean_a)) expect_within_mcse(a[, , as.integer(i)], prior_mean_a[[i]])
}

test_that("the solver runs on plain numbers", {
  cat <- decay(0.1, exp(-2), 0.01, 500)
  expect_equal(cat[c(1, 500)], c(.0998646647, .0508070673), tolerance = 1e-9)
  a <- react(1, 1, cat, 0.01)
  expect_equal(a[as.integer(names(solver_a))], unname(solver_a), tolerance = 1e-9)
  expect_equal(react_reduce(1, 1, decay_reduce(0.1, exp(-2), 0.01, 500), 0.01), a)
})

test_that("recorded quantities have the solver's values, in every spelling", {
  at <- list(k = 1, k_d = exp(-2))
  for (fn in list(reaction_measured, reaction_explicit)) {
    table <- trace_model(substitute_sites(model(fn), k = at$k, k_d = at$k_d), lab, seed = 1)
    a <- table$value[[which(table$name == "a")]]
    expect_equal(a[as.integer(names(solver_a))], unname(solver_a), tolerance = 1e-9)
  }
})

test_that("log density and gradient are right at random points", {
  spec <- model_spec(model(reaction_measured), lab)
  set.seed(1)
  for (r in 1:3) {
    u <- c(rnorm(1), rnorm(1, -2), rnorm(500, -0.2, 0.1))
    # The density written out in R: the unconstrained coordinates are the logs, in which the lognormals are normal.
    direct <- function(u) {
      a <- react(1, exp(u[1]), decay(0.1, exp(u[2]), 0.01, 500), 0.01)
      dnorm(u[1], 0, 1, log = TRUE) + dnorm(u[2], -2, 1, log = TRUE) + sum(dnorm(u[-(1:2)], log(a), 0.05, log = TRUE))
    }
    got <- log_density(spec, values = u, prune = FALSE)
    expect_equal(as.numeric(got), direct(u), tolerance = 1e-8)
    # central differences with Richardson's extrapolation
    for (j in c(1, 2, 3, 250, 502)) {
      slope <- function(h) {
        step <- replace(numeric(502), j, h)
        (direct(u + step) - direct(u - step)) / (2 * h)
      }
      want <- (4 * slope(5e-4) - slope(1e-3)) / 3
      expect_equal(attr(got, "gradient")[[j]], want, tolerance = 1e-7)
    }
  }
})

test_that("(a) the model without a measurement site", {
  fit <- fit_nuts(model(reaction_plain), lab[1:4], seed = 1)
  expect_healthy(fit)
  expect_prior_means(fit)
  unpruned <- fit_nuts(model(reaction_plain), lab[1:4], prune = FALSE, seed = 1)
  expect_healthy(unpruned)
  expect_prior_means(unpruned)
})

test_that("(b) the narrow site ruins the raw sampler, and the fit says so and what to do", {
  raw <- fit_nuts(model(reaction_measured), lab, reparam = "none", prune = FALSE, seed = 3, cores = 2,
    warmup = "stan")
  narrow <- summary(raw, "k")
  expect_true(narrow$rhat > 1.05 || narrow$ess_bulk < 100)
  shown <- paste(capture.output(print(raw)), collapse = "\n")
  for (word in c("step size", "tree depth", "acceptance", "rhat", "ess_bulk", "reparam(", "decenter()"))
    expect_match(shown, word, fixed = TRUE)
  # A site twenty times as wide takes far fewer steps, though it is still a funnel in k: at these lengths rstan 2.21 has R-hat 1.09
  # and 36 effective draws of k there.
  wide <- fit_nuts(model(reaction_measured), replace(lab, "err", list(1)), reparam = "none", prune = FALSE, seed = 3, cores = 2,
    warmup = "stan")
  expect_gt(sum(raw$sampler$n_leapfrog), 2 * sum(wide$sampler$n_leapfrog))
  expect_gt(min(wide$adaptation$step_size), 2 * min(raw$adaptation$step_size))
  cured <- fit_nuts(reparam(model(reaction_measured), y = decenter()), replace(lab, "err", list(1)), prune = FALSE, seed = 1)
  expect_lt(summary(cured, "k")$rhat, 1.01)
})

test_that("(c) the six entries and decenter() cure it", {
  cured <- fit_nuts(six_entries(model(reaction_measured)), lab, prune = FALSE, seed = 1)
  expect_healthy(cured)
  expect_prior_means(cured)
  short <- reparam(model(reaction_measured), k = decenter(), k_d = decenter(), y = decenter())
  fit <- fit_nuts(short, lab, prune = FALSE, seed = 1)
  expect_identical(draws(fit, "a"), draws(cured, "a"))
  expect_equal(dim(draws(fit, "a")), c(1000, 4, 500))
})

test_that("(d) by default barren latents leave the sampler", {
  fit <- fit_nuts(model(reaction_measured), lab, seed = 2)
  expect_healthy(fit)
  expect_prior_means(fit)
  expect_equal(fit$dim, 0)
  # independent draws have an estimate of 3950 with sd 180, so that 1 seed in 30 is below the bound
  ess <- summary(fit, "k")$ess_bulk
  expect_gt(ess, 0.9 * 4000)
  y <- draws(fit, "y")
  a <- draws(fit, "a")
  # log(y / a) is N(0, err): 4000 draws of each of 500 elements; sd of their sd is err / sqrt(2 * 2e6)
  expect_equal(sd(log(y / a)), 0.05, tolerance = 4 / sqrt(4e6))
})

test_that("one observation: NUTS has the exact posterior", {
  for (prune in c(TRUE, FALSE)) {
    fitted <- reparam(model(reaction_measured), y = decenter())
    fit <- fit_nuts(fitted, one_observation(), prune = prune, seed = 2, iter_sampling = 2000, cores = 2)
    expect_lt(max(summary(fit, c("k", "k_d"))$rhat), 1.01)
    log_k <- log(draws(fit, "k"))
    log_k_d <- log(draws(fit, "k_d"))
    expect_within_mcse(log_k, 1.674151)
    expect_within_mcse(log_k_d, -2.149703)
    expect_within_mcse((log_k - 1.674151)^2, .135388^2)
    expect_within_mcse((log_k_d + 2.149703)^2, .934857^2)
    expect_within_mcse((log_k - 1.674151) * (log_k_d + 2.149703) / (.135388 * .934857), .549596)
    expect_within_mcse(draws(fit, "k"), 5.385151)
    expect_within_mcse(draws(fit, "k_d"), .177404)
    expect_within_mcse(draws(fit, "a")[, , 101], .608944)
    y <- draws(fit, "y")
    expect_true(all(y[, , 101] == 0.6))
  }
})

test_that("SVI: mean-field reaches its optimum", {
  fit <- fit_svi(model(reaction_measured), one_observation(), guide = guide_normal(), optim = optim_adam(0.01),
                 steps = 10000, elbo_draws = 1e5, seed = 1)
  expect_lt(fit$elbo[["mcse"]], 0.005)
  expect_equal(fit$elbo[["mean"]], -1.368697, tolerance = 0.1 / 1.368697)
  expect_equal(dim(draws(fit, "a")), c(1000, 1, 500))
  expect_length(fit$loss, 10000)
})

test_that("SVI runs on all models, pruned or not", {
  cases <- list(
    list(model(reaction_plain), lab[1:4]), list(model(reaction_measured), lab),
    list(six_entries(model(reaction_measured)), lab)
  )
  for (case in cases)
    for (prune in c(TRUE, FALSE)) {
      fit <- fit_svi(case[[1]], case[[2]], steps = 2000, prune = prune, seed = 1)
      expect_true(all(is.finite(fit$loss)))
      a <- draws(fit, "a")
      expect_equal(dim(a), c(1000, 1, 500))
    }
})

# The construction of those who have no NA: an unknown and a known site, each masked where the other one counts.
split_reaction <- function(masked) {
  model(function(a_0, cat_0, dt, n, err, data, seen) {
    k ~ lognormal(0, 1)
    k_d ~ lognormal(-2, 1)
    cat := decay(cat_0, k_d, dt, n)
    a := react(a_0, k, cat, dt)
    y_sampled <- draw("y_sampled", masked(log(a), err, !seen))
    y_observed <- draw("y_observed", masked(log(a), err, seen), obs = data)
    y := ifelse(seen, y_observed, y_sampled)
  })
}

test_that("masks, where() and split sites give the posterior of NA in the data", {
  kinds <- list(
    outside = function(m, s, mask) dist_masked(dist_lognormal(m, s), mask),
    inside = function(m, s, mask) dist_transformed(dist_masked(dist_normal(m, s), mask), "exp")
  )
  whole <- one_observation()
  seen <- !is.na(whole$y)
  data <- c(lab, list(data = ifelse(seen, whole$y, 1), seen = seen))
  at <- list(k = 5, k_d = 0.2, y = replace(rep(0.7, 500), 101, 0.6))
  for (kind in names(kinds)) {
    m <- split_reaction(kinds[[kind]])
    expect_equal(log_density(m, data, at[1:2]), log_density(reaction_measured, whole, at[1:2]), tolerance = 1e-12, label = kind)
    unpruned <- log_density(m, data, list(k = 5, k_d = 0.2, y_sampled = at$y), prune = FALSE)
    as_na <- log_density(reaction_measured, whole, at, prune = FALSE)
    expect_equal(as.numeric(unpruned), as.numeric(as_na), tolerance = 1e-12, label = kind)
    expect_equal(unname(attr(unpruned, "gradient")), unname(attr(as_na, "gradient")), tolerance = 1e-12, label = kind)
    # 502 sites less the element that is masked out.
    expect_length(attr(unpruned, "gradient"), 501)
    for (fit in list(fit_nuts(m, data, adapt_delta = 0.99, seed = 1), fit_nuts(m, data, prune = FALSE, seed = 1))) {
      expect_lt(max(summary(fit, c("k", "k_d"))$rhat), 1.02)
      expect_within_mcse(log(draws(fit, "k")), 1.674151)
      expect_within_mcse(log(draws(fit, "k_d")), -2.149703)
      expect_within_mcse(draws(fit, "a")[, , 101], .608944)
      # The element that is masked out follows its distribution, given a, and nothing else.
      noise <- log(draws(fit, "y_sampled")[, , 101] / draws(fit, "a")[, , 101]) / 0.05
      expect_lte(abs(mean(noise)), 4 / sqrt(length(noise)))
      expect_lte(abs(mean(noise^2) - 1), 4 * sqrt(2 / length(noise)))
      expect_identical(unique(as.vector(draws(fit, "y")[, , 101])), 0.6)
    }
    vi <- fit_svi(m, data, guide = guide_list(guide_mvn("k", "k_d"), guide_normal()), steps = 10000, seed = 1)
    expect_lte(abs(vi$elbo[[1]] - -1.253366), 0.05)
  }
})

test_that("a latent element that is masked out adds no density and is drawn from its distribution", {
  m <- function(mask, pulled) {
    mu ~ normal(0, 1)
    with_mask(mask, {
      z[1:3] ~ normal(mu, 2)
    })
    log_factor("pull", -sum((z[pulled] - 1)^2))
  }
  data <- list(mask = c(1, 0, 1), pulled = c(1, 3))
  at <- list(mu = 0.3, z = c(0.5, -1, 2))
  value <- log_density(m, data, at, prune = FALSE)
  gradient <- attr(value, "gradient")
  expect_named(gradient, c("mu", "z[1]", "z[3]"))
  kept <- at$z[c(1, 3)]
  expect_equal(as.numeric(value), dnorm(0.3, log = TRUE) + sum(dnorm(kept, 0.3, 2, log = TRUE) - (kept - 1)^2), tolerance = 1e-12)
  expect_equal(gradient[["mu"]], -0.3 + sum((kept - 0.3) / 4), tolerance = 1e-12)
  fit <- fit_nuts(m, data, seed = 1)
  noise <- (draws(fit, "z")[, , 2] - draws(fit, "mu")) / 2
  expect_lte(abs(mean(noise)), 4 / sqrt(length(noise)))
  expect_lte(abs(mean(noise^2) - 1), 4 * sqrt(2 / length(noise)))
  # What counts cannot depend on a random draw.
  expect_error(fit_nuts(m, list(mask = c(1, 0, 1), pulled = 1:3)), "masked out or hidden")
})
