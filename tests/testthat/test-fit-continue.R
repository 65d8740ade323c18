# Everything here is compared bit for bit with a fit that was made in one go.
test_that("a continued fit is the longer fit", {
  half <- schools_fit(iter_sampling = 100)
  expect_gt(length(half$centering$c), 0)
  expect_same_fit(fit_nuts(half, iter = 100), schools_fit())
  expect_same_fit(fit_nuts(half), schools_fit())
  expect_same_fit(fit_nuts(fit_nuts(half, iter = 30, cores = 2), iter = 70), schools_fit())
  # saved and read in between; with warm-up, thinned, dense, jittered
  settings <- list(save_warmup = TRUE, thin = 4, metric = "dense", step_size_jitter = 0.2)
  file <- withr::local_tempfile()
  saveRDS(do.call(schools_fit, c(settings, iter_sampling = 100)), file)
  again <- fit_nuts(readRDS(file), iter = 100)
  expect_same_fit(again, do.call(schools_fit, settings))
  expect_identical(again$control$iter_sampling, 200)
  expect_error(fit_nuts(half, iter = 10, seed = 2), "keeps its `seed`")
  expect_error(fit_nuts(resumable, resumable_data, iter = 10), "`iter_sampling`")
  expect_error(fit_nuts(fit_svi(resumable, resumable_data, steps = 5), iter = 1), "Only a fit by `fit_nuts\\(\\)`")
})

test_that("draws do not depend on cores, the number of chains or worker processes", {
  one <- schools_fit(chains = 4)
  expect_same_fit(schools_fit(chains = 4, cores = 2), one)
  expect_identical(draws(schools_fit(chains = 1), "theta")[, 1, ], draws(one, "theta")[, 1, ])
})

test_that("a fit whose chain was left out goes on with the others' numbers", {
  fit <- schools_fit(chains = 3, iter_sampling = 100)
  result <- unclass(fit)
  result$failures[2] <- "out"
  result$completed[2] <- 0L
  expect_warning(kept <- keep_complete_chains(result), "Chain 2")
  kept <- structure(kept, class = class(fit))
  again <- fit_nuts(kept, iter = 100)
  expect_equal(again$chains, c(1, 3))
  expect_identical(draws(again, "later"), draws(schools_fit(chains = 3), "later")[, c(1, 3)])
})

test_that("an interrupted fit goes on, in warm-up and after it, also chains that had not begun", {
  whole <- schools_fit(iter_sampling = 200)
  result <- unclass(schools_fit(iter_sampling = 120))
  result$interrupted <- TRUE
  result$completed <- c(120L, 0L)
  result["state"] <- list(list(result$state[[1]], NULL))
  grow <- function(x) if (length(dim(x)) == 3) x[c(1:120, rep(NA, 80)), , , drop = FALSE] else x[c(1:120, rep(NA, 80)), ]
  result$unconstrained <- grow(result$unconstrained)
  result$sampler <- lapply(result$sampler, grow)
  result$draws <- lapply(result$draws, grow)
  result$control$iter_sampling <- 200
  result$wanted <- 200L
  expect_warning(kept <- keep_complete_chains(result), "120 of 200 draws are kept from each of 1 of 2")
  kept <- structure(kept, class = class(whole))
  expect_same_fit(fit_nuts(kept), whole)
  expect_equal(fit_nuts(kept, iter = 10)$chains, 1:2)
})

test_that("Ctrl-C in warm-up gives a fit without draws that goes on", {
  skip_on_cran()
  skip_on_os("windows")
  file <- withr::local_tempfile()
  checkpoint <- withr::local_tempfile()
  signal_script(c(
    sprintf("fit <- fit_nuts(resumable, resumable_data, chains = 2, cores = 2, iter_warmup = 1e8, iter_sampling = 10, seed = 1,
                             checkpoint = %s, checkpoint_seconds = 0.05)", deparse(checkpoint)),
    sprintf("saveRDS(fit, '%s-part'); file.rename('%s-part', '%s')", file, file, file)
  ), tools::SIGINT, function() iterations_saved(checkpoint) > 50)
  wait_until(function() file.exists(file))
  fit <- readRDS(file)
  expect_equal(dim(draws(fit, "theta")), c(0, 2, 8))
  expect_output(print(fit), "no draws yet")
  expect_error(summary(fit), "no draws yet")
  expect_true(all(fit$iterations > 50))
})

test_that("fits of one model are joined, others are refused by name", {
  one <- schools_fit(seed = 1)
  two <- schools_fit(seed = 2, chains = 3)
  both <- combine_fits(one, two)
  expect_equal(dim(draws(both, "theta")), c(200, 5, 8))
  expect_identical(draws(both, "later")[, 3:5], draws(two, "later"))
  expect_identical(combine_fits(list(one, two))$draws, both$draws)
  kept <- both$draws$later
  both$draws$later <- NULL
  expect_identical(draws(both, "later"), array(kept, dim(kept)[1:2])) # keyed by the seeds of their fits
  expect_equal(nrow(centering(both)), 8 * 5)
  expect_s3_class(summary(both), "data.frame")
  expect_error(combine_fits(one, one), "same seed, 1")
  expect_error(combine_fits(one, schools_fit(seed = 3, iter_sampling = 100)), "100 draws a chain, the first has 200")
  expect_error(combine_fits(one, schools_fit(seed = 3, reparam = "none")), "`reparam`")
  expect_error(combine_fits(one, update(two, data = list(y = resumable_data$y + 1))), "`y` of the data differs")
  expect_error(combine_fits(1, 2), "takes fits")
})

test_that("fits that were joined go on as each of them would, under its own settings", {
  one <- schools_fit(iter_sampling = 100, save_warmup = TRUE)
  two <- schools_fit(iter_sampling = 100, seed = 2, chains = 3, metric = "dense", adapt_delta = 0.9)
  three <- schools_fit(iter_sampling = 100, seed = 3, chains = 1)
  both <- combine_fits(combine_fits(one, two), three)
  expect_null(both$warmup)
  long <- fit_nuts(both, iter = 50, cores = 2)
  parts <- list(one, two, three)
  expect_identical(long$draws, combine_fits(lapply(parts, fit_nuts, iter = 50))$draws)
  expect_identical(long$seeds, c(1, 1, 2, 2, 2, 3))
  again <- fit_nuts(fit_nuts(both, iter = 20), iter = 30)
  expect_identical(again$draws, long$draws)
  expect_equal(dim(separate_fits(again)[[1]]$warmup$unconstrained), c(150, 2, 10))
  expect_error(fit_nuts(both, iter = 10, checkpoint = tempfile()), "`checkpoint` is for one fit")
  # one that has come further gives as many draws as the others, and keeps the rest
  cut <- separate_fits(both)[[3]]
  cut$rest <- past_of(fit_nuts(three, iter = 30))
  joined <- combine_fits(one, cut)
  expect_identical(fit_nuts(joined, iter = 50)$draws, combine_fits(fit_nuts(one, iter = 50), fit_nuts(three, iter = 50))$draws)
})

test_that("update() fits again with other data and settings", {
  fit <- schools_fit(thin = 2, adapt_delta = 0.9)
  expect_identical(draws(update(fit)), draws(fit))
  moved <- list(y = resumable_data$y + 100)
  again <- update(fit, data = moved, iter_sampling = 100)
  expect_identical(draws(again), draws(fit_nuts(
    resumable, c(resumable_data["sigma"], moved), chains = 2, iter_warmup = 150, iter_sampling = 100, thin = 2, adapt_delta = 0.9, seed = 1
  )))
  fixed <- schools_fit(reparam = centering(fit))
  expect_identical(draws(update(fixed)), draws(fixed))
  blocks <- schools_fit(metric = list(c("mu", "tau")))
  expect_identical(draws(update(blocks)), draws(blocks))
  prior <- schools_fit(init = "prior")
  expect_identical(draws(update(prior)), draws(prior))
  expect_identical(draws(fit_nuts(schools_fit(init = "prior", iter_sampling = 100), iter = 100)), draws(prior))
  # a fit that began at another one's draws begins at its own, where sites have kept their size; values by chain stay
  followed <- schools_fit(init = prior)
  expect_identical(draws(update(followed)), draws(schools_fit(init = followed)))
  short <- list(sigma = resumable_data$sigma[1:4], y = resumable_data$y[1:4])
  fewer <- model(function(sigma, y) {
    mu ~ normal(0, 5)
    x[1:length(y)] ~ normal(mu, 5)
    y ~ normal(x, sigma)
  })
  began <- fit_nuts(fewer, short, init = fit_nuts(fewer, short, chains = 1, seed = 1), chains = 2, seed = 1)
  expect_no_warning(moved <- update(began, data = resumable_data, chains = 1, iter_warmup = 0, iter_sampling = 1))
  expect_equal(dim(draws(moved, "x"))[3], 8)
  by_chain <- schools_fit(init = list(list(mu = 1), list(mu = -1)))
  expect_identical(draws(update(by_chain)), draws(by_chain))
  expect_equal(fit_size(update(by_chain, chains = 3)), c(200, 3))
  vi <- fit_svi(resumable, resumable_data, steps = 20, seed = 1)
  expect_identical(draws(update(vi)), draws(vi))
  expect_error(update(fit, data = list(z = 1)), "z")
})

test_that("a fit made elsewhere is all that is needed", {
  skip_on_cran()
  file <- withr::local_tempfile()
  fit <- schools_fit(keep = "mu")
  saveRDS(fit, file)
  output <- run_script(c(
    sprintf("rm(resumable, resumable_data); fit <- readRDS(%s)", deparse(file)),
    "cat(sum(draws(fit, 'later')), sum(log_lik(fit)), sum(draws(posterior_predict(fit, seed = 1), 'y')),",
    "    nrow(summary(fit)), dim(draws(fit_nuts(fit, iter = 10), 'mu')), '\\n')"
  ))
  numbers <- as.numeric(strsplit(utils::tail(output, 1), " ")[[1]])
  expect_equal(numbers[1:3], c(sum(draws(fit, "later")), sum(log_lik(fit)), sum(draws(posterior_predict(fit, seed = 1), "y"))),
               tolerance = 1e-6)
  expect_equal(numbers[4:6], c(nrow(summary(fit)), 210, 2))
})

test_that("arguments of trajectories reach the engine", {
  fit <- schools_fit(algorithm = "hmc", n_leapfrog = 5)
  expect_true(all(fit$sampler$n_leapfrog[fit$sampler$divergent == 0] == 5))
  fixed <- schools_fit(iter_warmup = 0, step_size = 0.25)
  expect_true(all(fixed$sampler$step_size == 0.25))
  jitter <- schools_fit(iter_warmup = 0, step_size = 0.25, step_size_jitter = 0.5)$sampler$step_size
  expect_true(all(jitter > 0.125 & jitter < 0.375) && sd(jitter) > 0.05)
  shallow <- schools_fit(max_treedepth_warmup = 1, save_warmup = TRUE)
  expect_equal(max(shallow$warmup$sampler$tree_depth), 1)
  expect_gt(max(shallow$sampler$tree_depth), 1)
  warm <- draws(shallow, "theta", inc_warmup = TRUE)
  expect_equal(dim(warm), c(350, 2, 8))
  expect_identical(warm[151:350, , ], draws(shallow, "theta"))
  # in the user's scale, whatever the centering was at the time: the last draw of warm-up is where sampling begins
  expect_lt(max(abs(warm[150, , ])), 100)
  expect_equal(dim(as.array(shallow, "mu", inc_warmup = TRUE)), c(350, 2, 1))
  expect_error(draws(fit, "mu", inc_warmup = TRUE), "save_warmup")
  expect_error(schools_fit(step_size = 0), "`step_size`")
  expect_error(schools_fit(algorithm = "hcm"), "`algorithm`")
  expect_error(schools_fit(algorithm = "hmc", n_leapfrog = 0), "`n_leapfrog`")
})

test_that("Ctrl-C is answered within 0.2 s", {
  skip_on_cran()
  skip_on_os("windows")
  # three times, since another process may have the processor just then; 8 million numbers are asked for
  output <- run_script(c(
    "sent <- tempfile(); fit <- fit_nuts(resumable, resumable_data, chains = 1)",
    "delay <- function() {",
    "  system(sprintf('(sleep 2; date +%%s.%%N > %s; kill -INT %d) &', sent, Sys.getpid()))",
    "  tryCatch({",
    "    suppressWarnings(fit_nuts(resumable, resumable_data, chains = 4, cores = 2, iter_warmup = 1e8, iter_sampling = 2e5))",
    "    as.numeric(Sys.time()) - as.numeric(readLines(sent))",
    "  }, interrupt = function(e) Inf)", # before the engine began
    "}",
    "cat('delay', min(delay(), delay(), delay()), '\\n')"
  ))
  expect_lt(as.numeric(sub("delay ", "", grep("^delay", output, value = TRUE))), 0.2)
})

test_that("Ctrl-C is answered within 0.2 s while draws are predicted", {
  skip_on_cran()
  skip_on_os("windows")
  # each of 4000 draws takes a Cholesky factor of order 200
  output <- run_script(c(
    "gp <- model(function(x, y = NULL) {",
    "  rho ~ gamma(25, 4)",
    "  y ~ mvn(rep(0, length(x)), exp(-outer(x, x, `-`)^2 / (2 * rho^2)) + diag(length(x)))",
    "})",
    "fit <- suppressWarnings(fit_nuts(gp, list(x = 1:2, y = c(0, 1)), iter_sampling = 2000, seed = 1))",
    "sent <- tempfile()",
    "delay <- function() {",
    "  system(sprintf('(sleep 1; date +%%s.%%N > %s; kill -INT %d) &', sent, Sys.getpid()))",
    "  tryCatch({",
    "    for (k in 1:100) posterior_predict(fit, list(x = 1:200 / 10, y = NULL), seed = 1)",
    "    Inf",
    "  }, interrupt = function(e) as.numeric(Sys.time()) - as.numeric(readLines(sent)))",
    "}",
    "cat('delay', min(delay(), delay(), delay()), '\\n')"
  ))
  expect_lt(as.numeric(sub("delay ", "", grep("^delay", output, value = TRUE))), 0.2)
})
