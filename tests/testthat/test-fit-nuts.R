# A normal mean with known variance: exact posterior N(1.1384615385, sd .5547001962) (reference values, "Other
# posteriors").
normal_mean <- model(function(y, sd = 1) {
  mu ~ normal(0, 2)
  twice := 2 * mu
  y ~ normal(mu, sd)
  later ~ normal(mu, 1)
})
three <- list(y = c(1.2, 0.4, 2.1))
quick <- function(..., chains = 2, iter_warmup = 200, iter_sampling = 200) {
  fit_nuts(normal_mean, three, chains = chains, iter_warmup = iter_warmup, iter_sampling = iter_sampling, ...)
}

test_that("the posterior is the exact one", {
  fit <- fit_nuts(normal_mean, three, seed = 1)
  mu <- draws(fit, "mu")
  size <- c(dim(mu), 1)
  # within 4 Monte Carlo standard errors
  expect_lt(abs(mean(mu) - 1.1384615385) / mcse_mean(array(mu, size)), 4)
  expect_lt(abs(sd(mu) - 0.5547001962) / mcse_sd(array(mu, size)), 4)
  expect_equal(draws(fit, "twice"), 2 * mu)
  expect_lt(rhat_rank(array(mu, size)), 1.01)
  # `later` has no data below it: drawn from N(mu, 1) afterwards, sd sqrt(.5547^2 + 1)
  later <- draws(fit, "later")
  expect_equal(fit$dim, 1L)
  expect_equal(sd(later), sqrt(0.5547001962^2 + 1), tolerance = 0.05)
})

test_that("set.seed() governs a fit; `seed` leaves .Random.seed alone", {
  set.seed(7)
  first <- quick()
  set.seed(7)
  again <- quick()
  expect_identical(draws(first), draws(again))
  other <- quick()
  expect_false(identical(draws(other, "mu"), draws(again, "mu")))
  set.seed(7)
  before <- .Random.seed
  given <- quick(seed = 1)
  expect_identical(.Random.seed, before)
  expect_identical(draws(given), draws(quick(seed = 1)))
})

test_that("a chain's draws depend neither on the number of chains nor on cores", {
  two <- quick(seed = 1)
  three <- quick(seed = 1, chains = 3, cores = 2)
  expect_identical(draws(three, "mu")[, 2], draws(two, "mu")[, 2])
  expect_identical(draws(three, "later")[, 2], draws(two, "later")[, 2])
})

test_that("the spec alone makes the same fit, also when it was saved", {
  file <- withr::local_tempfile()
  saveRDS(model_spec(normal_mean, three), file)
  from_spec <- fit_nuts(readRDS(file), chains = 2, iter_warmup = 200, iter_sampling = 200, seed = 1)
  expect_identical(draws(from_spec), draws(quick(seed = 1)))
  expect_error(fit_nuts(readRDS(file), three), "holds its data")
})

test_that("sites that are not kept are recomputed bit for bit", {
  all <- quick(seed = 1)
  some <- quick(seed = 1, keep = "mu")
  expect_named(some$draws, "mu")
  expect_named(draws(some), "mu")
  expect_identical(draws(some, "twice"), draws(all, "twice"))
  expect_identical(draws(some, "later"), draws(all, "later"))
  small <- withr::with_options(list(reparam.keep_bytes = 2 * 200 * 8), quick(seed = 1))
  expect_length(small$draws, 1)
  file <- withr::local_tempfile()
  saveRDS(some, file)
  expect_identical(draws(readRDS(file), "later"), draws(all, "later"))
})

test_that("thin, metrics, warm-up schedules and init are honoured", {
  thin <- quick(seed = 1, thin = 4)
  expect_equal(dim(draws(thin, "mu")), c(50, 2))
  expect_identical(draws(thin, "mu"), draws(quick(seed = 1), "mu")[4 * seq_len(50), ])
  for (metric in c("unit", "dense")) expect_lt(abs(mean(draws(quick(seed = 1, metric = metric), "mu")) - 1.138), 0.2)
  expect_lt(abs(mean(draws(quick(seed = 1, warmup = "fast"), "mu")) - 1.138), 0.2)
  far <- list(mu = 100)
  started <- fit_nuts(normal_mean, three, chains = 1, iter_warmup = 0, iter_sampling = 1, init = far, seed = 1)
  expect_gt(draws(started, "mu")[1], 20)
})

test_that("bad arguments are named", {
  expect_error(quick(chains = 0), "`chains` must be a whole number")
  expect_error(quick(iter_sampling = 2.5), "`iter_sampling`")
  expect_error(quick(adapt_delta = 1), "`adapt_delta` must be between 0 and 1")
  expect_error(quick(max_treedepth = 40), "`max_treedepth`")
  expect_error(quick(metric = "round"), "`metric` must be")
  expect_error(quick(reparam = decenter()), "`reparam` must be a strategy")
  expect_error(quick(reparam = "maximal"), "maximal")
  expect_error(quick(prune = NA), "`prune` must be TRUE or FALSE")
  expect_error(quick(keep = "nu"), "nu")
  expect_error(quick(seed = -1), "`seed`")
  expect_error(quick(thin = 500), "`thin` is larger")
  expect_error(quick(init = list(1)), "named list")
  expect_error(quick(init = list(mu = "a")), "`mu`")
  expect_error(quick(warmups = 3), "unused argument")
  expect_error(fit_nuts(3, three), "model")
})

test_that("an interrupted fit keeps the largest complete array", {
  fit <- mock_nuts(iterations = 100L)
  result <- unclass(fit)
  result$draws$k[31:100, 3, ] <- NA
  result$completed <- c(100L, 60L, 30L, 0L)
  result$interrupted <- TRUE
  # 2 x 60 draws are more than 1 x 100 or 3 x 30
  expect_warning(kept <- keep_complete_chains(result), "60 of 100 draws are kept from each of 2 of 4 chains")
  expect_equal(dim(kept$draws$a), c(60, 2, 4))
  expect_equal(kept$chains, 1:2)
  expect_identical(kept$draws$a, fit$draws$a[1:60, 1:2, ])
  expect_equal(dim(kept$sampler$lp), c(60, 2))
  result$completed <- integer(4)
  result$iterations <- c(0, 5, 7, 3)
  expect_warning(none <- keep_complete_chains(result), "after 7 iterations, before the first draw", class = "reparam_interrupted")
  expect_equal(dim(none$unconstrained)[1:2], c(0, 4))
})

test_that("Ctrl-C ends a fit and keeps its draws", {
  skip_on_cran()
  skip_on_os("windows")
  skip_if(Sys.which("timeout") == "")
  script <- withr::local_tempfile(fileext = ".R")
  writeLines(c(
    sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")), "library(reparam)",
    "m <- model(function() x[1:10] ~ normal(0, 1))",
    # hours of work; a thousandth is kept
    "fit <- fit_nuts(m, prune = FALSE, chains = 2, cores = 2, iter_sampling = 5e8, thin = 1000, keep = character(),",
    "                seed = 1)",
    "x <- fit$unconstrained",
    "cat('draws', dim(x), all(is.finite(x)), isTRUE(fit$interrupted), '\\n')"
  ), script)
  output <- suppressWarnings(system2("timeout", c("-s", "INT", "6", file.path(R.home("bin"), "Rscript"), script),
                                     stdout = TRUE, stderr = TRUE))
  kept <- strsplit(grep("^draws", output, value = TRUE), " ")[[1]]
  expect_equal(kept[c(3, 4, 5, 6)], c("2", "10", "TRUE", "TRUE"))
  expect_lt(as.numeric(kept[2]), 5e5)
  expect_gt(as.numeric(kept[2]), 0)
  expect_match(output, "Interrupted: [0-9]+ of 500000 draws are kept", all = FALSE)
})

test_that("a failed chain is left out, with a warning", {
  result <- unclass(mock_nuts(iterations = 10L))
  result$failures[2] <- "no starting point"
  expect_warning(kept <- keep_complete_chains(result), "Chain 2 failed .*no starting point")
  expect_equal(kept$chains, c(1, 3, 4))
  expect_equal(dim(kept$unconstrained)[2], 3)
})

test_that("progress is silent unless asked for", {
  expect_silent(quick(seed = 1))
  expect_error(quick(refresh = "often"), "`refresh`")
})

test_that("chains side by side give the draws that they give one by one", {
  old <- options(reparam.lanes = 1)
  on.exit(options(old))
  # centering is adapted, so that chains have inputs of their own
  schools <- model(function(sigma, y) {
    mu ~ normal(0, 5)
    tau ~ half_cauchy(5)
    theta[1:8] ~ normal(mu, tau)
    y ~ normal(theta, sigma)
  })
  data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18), y = c(28, 8, -3, 7, -1, 1, 18, 12))
  fit <- function(lanes, chains = 4, cores = 1) {
    options(reparam.lanes = lanes)
    fit_nuts(schools, data, chains = chains, cores = cores, iter_warmup = 100, iter_sampling = 50, seed = 3)
  }
  one <- fit(1)
  expect_gt(length(one$centering$c), 0)
  same <- c("draws", "unconstrained", "sampler", "adaptation", "centering")
  for (lanes in c(2, 3, 4, 8)) expect_identical(fit(lanes)[same], one[same])
  expect_identical(fit(NULL, cores = 2)[same], one[same])
  expect_identical(fit(4, chains = 1)$unconstrained, one$unconstrained[, 1, , drop = FALSE])
  expect_error(fit(9), "reparam.lanes", class = "reparam_error")
})

test_that("refits leave no memory behind", {
  skip_if_not(file.exists("/proc/self/status"))
  skip_on_cran()
  resident <- function() {
    line <- grep("VmRSS", readLines("/proc/self/status"), value = TRUE)
    as.numeric(sub("\\D*(\\d+).*", "\\1", line)) / 1024
  }
  m <- model(function(n, y) {
    mu ~ normal(0, 1)
    sigma ~ half_normal(1)
    x[1:n] ~ normal(mu, sigma)
    y ~ normal(x, 1)
  })
  data <- list(n = 300, y = rep(c(1, 2), 150))
  refit <- function(times) {
    for (i in seq_len(times)) {
      fit_nuts(m, data, chains = 2, cores = 2, iter_warmup = 10, iter_sampling = 10, seed = i)
      gc()
    }
    resident()
  }
  settled <- refit(20)
  # 200 fits that each kept one of their vectors of draws (300 sites, 2 chains, 10 draws) would add 9 MB
  expect_lt(refit(200) - settled, 5)
})

test_that("a model without a starting point says which site, argument, value and element are to blame", {
  fails <- function(fn, y, text, ...) {
    expect_error(fit_nuts(model(fn), list(y = y), chains = 2, cores = 2, seed = 1, ...), text, class = "reparam_not_finite")
  }
  fails(function(y) {
    p ~ beta(1, 1)
    y ~ binomial(5, rep(p, 3))
  }, c(1, 2, 9), "`y`: the log density is -Inf .* element 3, whose value is 9: outside the support of binomial")
  fails(function(y) {
    a ~ normal(0, 1)
    y ~ mvn(rep(0, 2), matrix(c(1, 2, 2, 1), 2) * exp(a))
  }, c(1, 2), "`y`.*argument `cov` of mvn\\(\\) must be a symmetric positive definite matrix")
  fails(function(y) {
    m ~ normal(0, 1)
    y ~ normal(c(m, m / 0), 1)
  }, c(1, 2), "argument `mean` of normal\\(\\) is -?Inf \\(element 2\\), but must be finite")
  fails(function(y) {
    m ~ normal(0, 1)
    log_factor("penalty", log(-exp(m)))
    y ~ normal(m, 1)
  }, 1, "`penalty`: the log density is NaN at every starting point")
  fails(function(y) {
    s ~ normal(0, 1)
    y ~ normal(0, s)
  }, 1, "argument `sd` of normal\\(\\) is -1, but must be positive", init = list(s = -1))
})
