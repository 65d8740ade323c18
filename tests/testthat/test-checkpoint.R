# Everything here is compared bit for bit with a fit that was made in one go (helper-continue.R).

test_that("a killed R resumes from its checkpoint with the same draws", {
  skip_on_cran()
  skip_on_os("windows")
  file <- withr::local_tempfile()
  # hours of work, thinned; killed when both chains are past their warm-up
  signal_script(sprintf(
    "fit_nuts(resumable, resumable_data, chains = 2, cores = 2, iter_warmup = 150, iter_sampling = 2e8, thin = 1000,
              seed = 1, checkpoint = %s, checkpoint_seconds = 0.05, keep = c('theta', 'later'))", deparse(file)
  ), tools::SIGKILL, function() iterations_saved(file) > 2000)
  saved <- readRDS(file)
  done <- iterations_done(saved$past) - 150
  expect_true(all(done > 0 & done < 2e8))
  # Only iter_sampling may differ; the chains are given a little more than they have.
  n <- 1000 * (ceiling(max(done) / 1000) + 2)
  resumed <- schools_fit(cores = 2, iter_sampling = n, thin = 1000, checkpoint = file, keep = c("theta", "later"))
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
  other <- resumable_data
  other$y[3] <- 0
  expect_error(fit_nuts(resumable, other, checkpoint = file), "`y` of the data differs")
  narrow <- model(function(sigma, y) {
    mu ~ normal(0, 4)
    y ~ normal(mu, sigma)
  })
  expect_error(fit_nuts(narrow, resumable_data, checkpoint = file), "is of another fit: statement")
  writeLines("nothing", file)
  expect_error(schools_fit(checkpoint = file), "is no checkpoint")
  expect_error(schools_fit(checkpoint = 3), "name of a file")
  expect_error(schools_fit(checkpoint = "/nowhere/at/all"), "does not exist")
  saved$past$state[[1]] <- saved$past$state[[1]][1:10]
  saveRDS(saved, file)
  expect_warning(schools_fit(checkpoint = file, save_warmup = TRUE), "does not belong to this model")
})

test_that("a checkpoint is not cut: fewer draws than it holds are another fit", {
  m <- model(function(y) {
    mu ~ normal(0, 1)
    y ~ normal(mu, 1)
  })
  file <- withr::local_tempfile()
  fit_nuts(m, list(y = 1), chains = 1, iter_warmup = 50, iter_sampling = 60, seed = 1, checkpoint = file)
  again <- function(n) {
    fit_nuts(m, list(y = 1), chains = 1, iter_warmup = 50, iter_sampling = n, seed = 1, checkpoint = file)
  }
  expect_error(again(20), "`iter_sampling` is 20, there a chain has 60", class = "reparam_error")
  expect_identical(dim(draws(again(80), "mu"))[1], 80L)
})

test_that("chains on workers save themselves, and a killed fit is resumed on workers or here", {
  skip_on_cran()
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  file <- file.path(folder, "fit.rds")
  pids <- file.path(folder, "pids")
  parts <- part_file(file, 1:2)
  n_saved <- function() min(vapply(parts, iterations_saved, 0))
  signal_script(sprintf(
    "cluster <- parallel::makePSOCKcluster(2)
     writeLines(as.character(unlist(parallel::clusterCall(cluster, Sys.getpid))), %s)
     parallel::clusterCall(cluster, .libPaths, .libPaths())
     fit_nuts(resumable, resumable_data, chains = 2, iter_warmup = 150, iter_sampling = 2e8, thin = 1000, seed = 1,
              checkpoint = %s, checkpoint_seconds = 0.05, workers = cluster)", deparse(pids), deparse(file)
  ), tools::SIGKILL, function() n_saved() > 2000)
  tools::pskill(as.integer(readLines(pids)), tools::SIGKILL)
  expect_false(file.exists(file))
  done <- max(vapply(parts, function(part) iterations_done(readRDS(part)$past), 0)) - 150
  n <- 1000 * (ceiling(done / 1000) + 2)
  expect_gt(done, 0)
  whole <- schools_fit(cores = 2, iter_sampling = n, thin = 1000)
  copies <- file.copy(parts, part_file(file.path(folder, "copy"), 1:2))
  expect_true(all(copies))
  resume <- function(file, ...) schools_fit(iter_sampling = n, thin = 1000, checkpoint = file, ...)
  expect_error(resume(file, max_treedepth = 5), "chain-1\" is of another fit: `max_treedepth` is 5, there 10")
  expect_same_fit(resume(file, workers = 2), whole)
  # one chain's part was lost
  unlink(part_file(file.path(folder, "copy"), 2))
  expect_same_fit(resume(file.path(folder, "copy"), workers = FALSE), whole)
  expect_setequal(list.files(folder), c("copy", "fit.rds", "pids"))
  expect_same_fit(resume(file, workers = 2), whole)
})

test_that("a worker goes on from the part that a lost one left; what cannot be written is reported", {
  file <- withr::local_tempfile()
  numbers <- function(n) c(schools_fit(iter_sampling = n)$control, list(numbers = 2))
  spec <- model_spec(resumable, resumable_data)
  task <- function(n, file) {
    engine <- numbers(n)
    control <- engine[names(engine) != "numbers"]
    engine$part <- workers_part(list(file = file, control = control, seconds = 60), control)
    engine$chains <- 1
    sample_task(spec, engine)
  }
  short <- task(100, file)
  expect_equal(iterations_done(readRDS(part_file(file, 2))$past), 250)
  # a chain that went on has been timed twice, and made no gradient twice
  long <- task(200, file)
  whole <- task(200, withr::local_tempfile())
  expect_identical(long$unconstrained, whole$unconstrained)
  expect_identical(long$adaptation$gradients_sampling, whole$adaptation$gradients_sampling)
  expect_match(task(100, "/nowhere/at/all")$checkpoint_problems, "cannot open|/nowhere")
})
