# Everything here is compared bit for bit with a fit that was made in one go.
schools <- model(function(sigma, y) {
  mu ~ normal(0, 5)
  tau ~ half_cauchy(5)
  theta[1:8] ~ normal(mu, tau)
  y ~ normal(theta, sigma)
  later ~ normal(mu, 1)
})
data <- list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18), y = c(28, 8, -3, 7, -1, 1, 18, 12))
# The centering of theta is adapted, and `later` is drawn ancestrally.
schools_fit <- function(..., chains = 2, iter_warmup = 150, iter_sampling = 200, seed = 1) {
  fit_nuts(schools, data, chains = chains, iter_warmup = iter_warmup, iter_sampling = iter_sampling, seed = seed, ...)
}
expect_same_fit <- function(a, b) {
  same <- c("draws", "unconstrained", "sampler", "adaptation", "centering", "warmup", "chains")
  for (part in same) expect_identical(a[[part]], b[[part]])
}

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
  expect_error(fit_nuts(schools, data, iter = 10), "`iter_sampling`")
  expect_error(fit_nuts(fit_svi(schools, data, steps = 5), iter = 1), "Only a fit by `fit_nuts\\(\\)`")
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

write_script <- function(lines) {
  script <- tempfile(fileext = ".R")
  writeLines(c(
    sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")), "library(reparam)",
    paste("schools <- model(", paste(deparse(schools$fn), collapse = "\n"), ")"),
    paste("data <-", paste(deparse(data), collapse = "")), lines
  ), script)
  script
}
rscript <- file.path(R.home("bin"), "Rscript")
run_script <- function(lines) system2(rscript, write_script(lines), stdout = TRUE, stderr = TRUE)

# Runs the lines in another R until `ready()`, then sends it a signal.
signal_script <- function(lines, signal, ready) {
  pid <- tempfile()
  script <- write_script(c(sprintf("writeLines(as.character(Sys.getpid()), %s)", deparse(pid)), lines))
  system2(rscript, script, wait = FALSE, stdout = FALSE, stderr = FALSE)
  wait_until(ready)
  tools::pskill(as.integer(readLines(pid)), signal)
}
wait_until <- function(ready, seconds = 60) {
  for (i in seq_len(20 * seconds)) {
    if (isTRUE(ready())) return(invisible())
    Sys.sleep(0.05)
  }
  stop("waited in vain")
}
iterations_saved <- function(file) {
  if (file.exists(file)) min(iterations_done(readRDS(file)$past)) else 0
}

test_that("a killed R resumes from its checkpoint with the same draws", {
  skip_on_cran()
  skip_on_os("windows")
  file <- withr::local_tempfile()
  # hours of work, thinned; killed when both chains are past their warm-up
  signal_script(sprintf(
    "fit_nuts(schools, data, chains = 2, cores = 2, iter_warmup = 150, iter_sampling = 2e8, thin = 1000, seed = 1,
              checkpoint = %s, checkpoint_seconds = 0.05, keep = c('theta', 'later'))", deparse(file)
  ), tools::SIGKILL, function() iterations_saved(file) > 2000)
  saved <- readRDS(file)
  done <- iterations_done(saved$past) - 150
  expect_true(all(done > 0 & done < 2e8))
  # Only iter_sampling may differ; the chains are given a little more than they have.
  n <- 1000 * (ceiling(max(done) / 1000) + 2)
  resumed <- fit_nuts(schools, data, chains = 2, cores = 2, iter_warmup = 150, iter_sampling = n, thin = 1000, seed = 1,
                      checkpoint = file, keep = c("theta", "later"))
  whole <- schools_fit(cores = 2, iter_sampling = n, thin = 1000, keep = c("theta", "later"))
  expect_same_fit(resumed, whole)
})

test_that("checkpoints taken in warm-up lead to the same draws, and other fits are refused", {
  file <- withr::local_tempfile()
  fit <- schools_fit(checkpoint = file, save_warmup = TRUE)
  saved <- readRDS(file)
  expect_same_fit(schools_fit(checkpoint = file, save_warmup = TRUE, seed = NULL), fit)
  expect_error(schools_fit(checkpoint = file), "`save_warmup` is FALSE, there TRUE")
  expect_error(schools_fit(checkpoint = file, save_warmup = TRUE, seed = 2), "`seed` is 2, there 1")
  expect_error(schools_fit(checkpoint = file, save_warmup = TRUE, chains = 3), "`chains` is 3, there 2")
  other <- data
  other$y[3] <- 0
  expect_error(fit_nuts(schools, other, checkpoint = file), "`y` of the data differs")
  narrow <- model(function(sigma, y) {
    mu ~ normal(0, 4)
    y ~ normal(mu, sigma)
  })
  expect_error(fit_nuts(narrow, data, checkpoint = file), "statement 1 .*is of another fit|is of another fit: statement")
  writeLines("nothing", file)
  expect_error(schools_fit(checkpoint = file), "is no checkpoint")
  expect_error(schools_fit(checkpoint = 3), "name of a file")
  expect_error(schools_fit(checkpoint = "/nowhere/at/all"), "does not exist")
  saved$past$state[[1]] <- saved$past$state[[1]][1:10]
  saveRDS(saved, file)
  expect_warning(schools_fit(checkpoint = file, save_warmup = TRUE), "does not belong to this model")
})

test_that("Ctrl-C in warm-up gives a fit without draws that goes on", {
  skip_on_cran()
  skip_on_os("windows")
  file <- withr::local_tempfile()
  checkpoint <- withr::local_tempfile()
  signal_script(c(
    sprintf("fit <- fit_nuts(schools, data, chains = 2, cores = 2, iter_warmup = 1e8, iter_sampling = 10, seed = 1,
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
  expect_error(combine_fits(one, update(two, data = list(y = data$y + 1))), "`y` of the data differs")
  expect_error(combine_fits(1, 2), "takes fits")
  expect_error(fit_nuts(both, iter = 10), "combined")
})

test_that("update() fits again with other data and settings", {
  fit <- schools_fit(thin = 2, adapt_delta = 0.9)
  expect_identical(draws(update(fit)), draws(fit))
  moved <- list(y = data$y + 100)
  again <- update(fit, data = moved, iter_sampling = 100)
  expect_identical(draws(again), draws(fit_nuts(
    schools, c(data["sigma"], moved), chains = 2, iter_warmup = 150, iter_sampling = 100, thin = 2, adapt_delta = 0.9, seed = 1
  )))
  fixed <- schools_fit(reparam = centering(fit))
  expect_identical(draws(update(fixed)), draws(fixed))
  blocks <- schools_fit(metric = list(c("mu", "tau")))
  expect_identical(draws(update(blocks)), draws(blocks))
  prior <- schools_fit(init = "prior")
  expect_identical(draws(update(prior)), draws(prior))
  expect_identical(draws(fit_nuts(schools_fit(init = "prior", iter_sampling = 100), iter = 100)), draws(prior))
  vi <- fit_svi(schools, data, steps = 20, seed = 1)
  expect_identical(draws(update(vi)), draws(vi))
  expect_error(update(fit, data = list(z = 1)), "z")
})

test_that("a fit made elsewhere is all that is needed", {
  skip_on_cran()
  file <- withr::local_tempfile()
  fit <- schools_fit(keep = "mu")
  saveRDS(fit, file)
  output <- run_script(c(
    sprintf("rm(schools, data); fit <- readRDS(%s)", deparse(file)),
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
    "sent <- tempfile(); fit <- fit_nuts(schools, data, chains = 1)",
    "delay <- function() {",
    "  system(sprintf('(sleep 2; date +%%s.%%N > %s; kill -INT %d) &', sent, Sys.getpid()))",
    "  tryCatch({",
    "    suppressWarnings(fit_nuts(schools, data, chains = 4, cores = 2, iter_warmup = 1e8, iter_sampling = 2e5))",
    "    as.numeric(Sys.time()) - as.numeric(readLines(sent))",
    "  }, interrupt = function(e) Inf)", # before the engine began
    "}",
    "cat('delay', min(delay(), delay(), delay()), '\\n')"
  ))
  expect_lt(as.numeric(sub("delay ", "", grep("^delay", output, value = TRUE))), 0.2)
})

test_that("a checkpoint is not cut: fewer draws than it holds are another fit", {
  m <- model(function(y) {
    mu ~ normal(0, 1)
    y ~ normal(mu, 1)
  })
  file <- withr::local_tempfile()
  fit_nuts(m, list(y = 1), chains = 1, iter_warmup = 50, iter_sampling = 60, seed = 1, checkpoint = file)
  again <- function(n) fit_nuts(m, list(y = 1), chains = 1, iter_warmup = 50, iter_sampling = n, seed = 1, checkpoint = file)
  expect_error(again(20), "`iter_sampling` is 20, there a chain has 60", class = "reparam_error")
  expect_identical(dim(draws(again(80), "mu"))[1], 80L)
})
