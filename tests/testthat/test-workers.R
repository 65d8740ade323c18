# Draws of worker processes are compared bit for bit with those of this process.
normal_mean <- model(function(y) {
  mu ~ normal(0, 2)
  tau ~ half_normal(1)
  x[1:3] ~ normal(mu, tau)
  y ~ normal(x, 1)
})
three <- list(y = c(1.2, 0.4, 2.1))
fit_on <- function(workers, ..., chains = 3) {
  fit_nuts(normal_mean, three, chains = chains, iter_warmup = 100, iter_sampling = 50, seed = 1, workers = workers, ...)
}
same <- c("draws", "unconstrained", "sampler", "centering", "chains", "state")
without_seconds <- function(fit) {
  # a state holds how long the chain took: numbers 7 and 8
  fit$state <- lapply(fit$state, function(state) state[-(7:8)])
  unclass(fit)[same]
}

test_that("R processes of a cluster give the same draws, and what they began goes on anywhere", {
  skip_on_cran()
  here <- fit_on(FALSE)
  there <- fit_on(2)
  expect_identical(without_seconds(there), without_seconds(here))
  expect_identical(draws(fit_nuts(there, iter = 20)), draws(fit_nuts(here, iter = 20)))
  cluster <- parallel::makePSOCKcluster(2)
  withr::defer(parallel::stopCluster(cluster))
  parallel::clusterCall(cluster, .libPaths, .libPaths())
  expect_identical(draws(fit_nuts(here, iter = 20, workers = cluster)), draws(fit_nuts(here, iter = 20)))
  fixed <- centering(here)
  expect_identical(draws(fit_on(cluster, reparam = fixed)), draws(fit_on(FALSE, reparam = fixed)))
})

test_that("an active future plan is used, and the answers are the same", {
  skip_on_cran()
  skip_if_not_installed("future")
  old <- future::plan(future::multisession, workers = 2)
  withr::defer(future::plan(old))
  expect_identical(choose_workers(NULL, 3L)$name, "future")
  expect_null(choose_workers(NULL, 1L))
  expect_null(choose_workers(FALSE, 3L))
  expect_identical(without_seconds(fit_on(NULL)), without_seconds(fit_on(FALSE)))
})

# A backend whose workers are in this process.
fake_backend <- function(value, done = function(handle) TRUE) {
  list(name = "fake", start = function(spec, engine) list(spec = spec, engine = engine), done = done, value = value,
       stop = function(handle) NULL)
}
ask <- function(backend, numbers = 1:3) {
  spec <- model_spec(normal_mean, three)
  engine <- c(fit_on(FALSE)$control, list(numbers = numbers))
  engine$chains <- length(numbers)
  engine$part <- workers_part(list(), engine[setdiff(names(engine), "numbers")])
  sample_on(backend, spec, engine, FALSE)
}

test_that("a worker that dies is reported and its chain runs again", {
  here <- fit_on(FALSE)
  dies <- fake_backend(function(handle) {
    if (handle$engine$numbers == 2) stop("connection lost\nand more")
    sample_task(handle$spec, handle$engine)
  })
  expect_warning(result <- ask(dies), "The fake worker lost chain 2 \\(connection lost\\). It runs in this process instead")
  expect_identical(result$draws, here$draws)
  all_die <- fake_backend(function(handle) stop("gone"))
  expect_warning(result <- ask(all_die), "lost chains 1, 2, 3")
  expect_identical(result$draws, here$draws)
})

test_that("a killed process of a cluster is noticed", {
  skip_on_cran()
  skip_on_os("windows")
  here <- fit_on(FALSE, chains = 2)
  cluster <- parallel::makePSOCKcluster(2)
  withr::defer(suppressWarnings(try(parallel::stopCluster(cluster), silent = TRUE)))
  parallel::clusterCall(cluster, .libPaths, .libPaths())
  tools::pskill(parallel::clusterCall(cluster[1], Sys.getpid)[[1]], tools::SIGKILL)
  expect_warning(fit <- fit_on(cluster, chains = 2), "The cluster lost chains 1, 2 .*They run in this process")
  expect_identical(fit$draws, here$draws)
})

test_that("a chain that fails on its worker is left out; when all fail, the error is theirs", {
  fails <- function(which) fake_backend(function(handle) {
    if (handle$engine$numbers %in% which) handle$engine$metric <- "none"
    sample_task(handle$spec, handle$engine)
  })
  result <- ask(fails(2))
  expect_match(result$failures[2], "none")
  expect_warning(kept <- keep_complete_chains(result), "Chain 2 failed")
  expect_equal(kept$chains, c(1, 3))
  expect_error(ask(fails(1:3)), "none")
})

test_that("an interrupt keeps the chains that are done; the others begin when the fit goes on", {
  slow <- fake_backend(
    function(handle) sample_task(handle$spec, handle$engine),
    function(handle) {
      if (handle$engine$numbers < 3) return(TRUE)
      signalCondition(structure(class = c("interrupt", "condition"), list(message = "", call = NULL)))
    }
  )
  result <- ask(slow)
  expect_true(result$interrupted)
  expect_warning(kept <- keep_complete_chains(result), "50 of 50 draws are kept from each of 2 of 3 chains")
  here <- fit_on(FALSE)
  fit <- structure(c(unclass(here)[c("model", "spec", "control", "call")], kept), class = class(here))
  expect_identical(draws(fit_nuts(fit)), draws(here))
})

test_that("an interrupt keeps what workers have saved on the way", {
  # the third worker has come to iteration 130 of 150
  late <- NULL
  slow <- fake_backend(
    function(handle) sample_task(handle$spec, handle$engine),
    function(handle) {
      if (handle$engine$numbers < 3) return(TRUE)
      handle$engine$iter_sampling <- 30
      sample_task(handle$spec, handle$engine)
      late <<- handle$engine$part
      signalCondition(structure(class = c("interrupt", "condition"), list(message = "", call = NULL)))
    }
  )
  result <- ask(slow)
  here <- fit_on(FALSE)
  expect_equal(result$completed, c(50, 50, 30))
  expect_identical(result$unconstrained[1:30, , ], here$unconstrained[1:30, , ])
  expect_true(is_abandoned(late)) # so that its worker stops
  late$stop <- tempfile()
  expect_false(is_abandoned(late))
  expect_warning(kept <- keep_complete_chains(result), "50 of 50 draws are kept from each of 2 of 3")
  fit <- structure(c(unclass(here)[c("model", "spec", "control", "call")], kept), class = class(here))
  expect_identical(draws(fit_nuts(fit)), draws(here))
})

test_that("a process that is gone has abandoned its workers", {
  skip_on_os("windows")
  part <- workers_part(list(), list())
  expect_false(is_abandoned(part))
  part$process <- as.integer(system2("sh", c("-c", shQuote("echo $$")), stdout = TRUE))
  expect_true(is_abandoned(part))
  part$node <- "another"
  expect_false(is_abandoned(part))
})

test_that("mirai's daemons are used where mirai is installed", {
  skip_on_cran()
  skip_if_not_installed("mirai")
  mirai::daemons(2)
  withr::defer(mirai::daemons(0))
  expect_identical(without_seconds(fit_on("mirai")), without_seconds(fit_on(FALSE)))
})

test_that("what cannot be is refused", {
  expect_error(fit_on("somewhere"), "`workers` must be a number of R processes")
  expect_error(fit_on(0), "`workers`")
})
