# The engine against Stan, one chain on one core: Rscript tools/bench.R [--rounds=3] [--csv=bench.csv] [--no-stan]
# [--isa=avx2] [case ...]. The cases are in tools/bench-models.R.
#
# Both samplers run in this process, in turns. Microseconds are CPU time per leapfrog step while sampling, the smallest
# of all rounds, since other work on the machine can only add; the ratio says how many times faster this package is.
# `draws` is the elapsed time from nothing to all draws, with tracing here and compilation there; `memory` is what a fit
# adds to the process at its peak (Linux only). Compiled Stan programs are kept in the directory REPARAM_BENCH_CACHE if
# that is set. The package is taken from REPARAM_LIB if that is set.
#
# --checks measures instead what concerns this package alone: all draws of four chains, the time to the first draw,
# memory over refits, how the cost of a gradient grows with the data, and what lanes gain. The last table is in
# inst/bench.csv.

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
source(file.path(here, "bench-models.R"))
library_dir <- Sys.getenv("REPARAM_LIB")
if (nzchar(library_dir)) .libPaths(c(library_dir, .libPaths()))
library(reparam)

arguments <- commandArgs(TRUE)
option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), arguments, value = TRUE)
  if (length(given)) sub("^[^=]*=", "", given[1]) else default
}
rounds <- as.integer(option("rounds", "3"))
csv <- option("csv", "bench.csv")
isa <- option("isa", "")
if (nzchar(isa)) options(reparam.isa = isa)
chosen <- setdiff(arguments, grep("^--", arguments, value = TRUE))
if (!length(chosen)) chosen <- names(cases)
if (length(setdiff(chosen, names(cases)))) stop("The cases are ", paste(names(cases), collapse = ", "), ".")
with_stan <- !"--no-stan" %in% arguments && requireNamespace("rstan", quietly = TRUE)

options(width = 120)

# ---- measuring ----

# Debian's R looks for Boost in package BH, Debian's BH has it in the system's headers.
if (with_stan && file.exists("/usr/include/boost/version.hpp")) rstan::rstan_options(boost_lib = "/usr/include")

resident <- function(field) {
  status <- "/proc/self/status"
  if (!file.exists(status)) return(NA)
  as.numeric(sub("\\D*(\\d+).*", "\\1", grep(field, readLines(status), value = TRUE))) / 1024
}

# Value, CPU and elapsed seconds, and megabytes that were added at the peak.
measure <- function(code) {
  gc()
  if (file.exists("/proc/self/clear_refs")) try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
  before <- resident("VmRSS")
  time <- system.time(value <- code)
  list(value = value, cpu = sum(time[c(1, 2)]), elapsed = time[[3]], memory = resident("VmHWM") - before)
}

# draws: [iteration, chain, variable]
smallest_ess <- function(draws) min(reparam:::convergence(draws)[, "ess_bulk"])

fit_here <- function(case, data, seed, iterations = case$iterations) {
  settings <- list(
    case$model(), data, chains = 1, cores = 1, seed = seed, iter_warmup = iterations[1], iter_sampling = iterations[2],
    keep = case$sites
  )
  run <- measure(do.call("fit_nuts", c(settings, case$settings)))
  fit <- run$value
  # The clock of a chain counts waiting for a processor; the share of sampling in it is applied to the CPU time.
  sampling <- run$cpu * sum(fit$seconds[, 2]) / run$elapsed
  data.frame(
    us = 1e6 * sampling / sum(fit$sampler$n_leapfrog), leapfrogs = sum(fit$sampler$n_leapfrog),
    ess_per_second = smallest_ess(as.array(fit, case$sites)) / sampling, draws = run$elapsed, memory = run$memory
  )
}

compiled <- list()
stan_program <- function(name, form, code) {
  key <- paste0(name, "_", form)
  if (!is.null(compiled[[key]])) return(compiled[[key]])
  file <- tempfile(fileext = ".stan")
  writeLines(code, file)
  cache <- Sys.getenv("REPARAM_BENCH_CACHE")
  kept <- if (nzchar(cache)) file.path(cache, paste0(tools::md5sum(file), ".rds"))
  if (nzchar(cache) && file.exists(kept)) {
    program <- readRDS(kept)
  } else {
    time <- system.time(model <- rstan::stan_model(file, model_name = key))
    program <- list(model = model, seconds = time)
    if (nzchar(cache)) saveRDS(program, kept)
  }
  compiled[[key]] <<- program
}

fit_stan <- function(case, data, program, seed) {
  if (!is.null(case$stan_data)) data <- case$stan_data(data)
  iterations <- case$stan_iterations
  run <- measure(suppressWarnings(rstan::sampling(
    program$model, data = data, chains = 1, cores = 1, seed = seed, warmup = iterations[1], iter = sum(iterations),
    refresh = 0, pars = case$stan_sites, control = case$stan_control
  )))
  fit <- run$value
  leapfrogs <- sum(rstan::get_sampler_params(fit, inc_warmup = FALSE)[[1]][, "n_leapfrog__"])
  # Stan 2.21 measures CPU time.
  sampling <- rstan::get_elapsed_time(fit)[1, "sample"]
  data.frame(
    us = 1e6 * sampling / leapfrogs, leapfrogs = leapfrogs,
    ess_per_second = smallest_ess(as.array(fit, pars = case$stan_sites)) / sampling,
    draws = run$elapsed + program$seconds[[3]], memory = run$memory
  )
}

best <- function(runs) {
  runs <- do.call(rbind, runs)
  data.frame(
    us = min(runs$us), leapfrogs = median(runs$leapfrogs), ess_per_second = median(runs$ess_per_second),
    draws = min(runs$draws), memory = median(runs$memory)
  )
}

# One row for this package and one for each form of the Stan program.
bench <- function(name) {
  case <- cases[[name]]
  if (is.null(case$stan_sites)) case$stan_sites <- case$sites
  set.seed(1)
  data <- case$data()
  forms <- if (with_stan) case$stan
  programs <- Map(function(form, code) stan_program(name, form, code), names(forms), forms)
  here <- list()
  stan <- lapply(forms, function(form) list())
  for (round in seq_len(rounds)) {
    here[[round]] <- fit_here(case, data, round)
    for (form in names(forms)) stan[[form]][[round]] <- fit_stan(case, data, programs[[form]], round)
  }
  rows <- rbind(cbind(case = name, program = "reparam", best(here)),
                do.call(rbind, lapply(names(forms), function(form) {
                  cbind(case = name, program = form, best(stan[[form]]))
                })))
  rows$ratio <- rows$us / rows$us[1]
  rows$ess_ratio <- rows$ess_per_second[1] / rows$ess_per_second
  rows$target <- c(NA, unname(case$target[names(forms)]))
  rows$reached <- ifelse(is.na(rows$target), "", ifelse(rows$ratio >= rows$target, "yes", "NO"))
  rows
}

# ---- checks ----

report <- function(what, value, limit) {
  cat(sprintf("%-75s %8.3f  at most %-6g %s\n", what, value, limit, if (value <= limit) "yes" else "NO"))
}

check_all_draws <- function() {
  case <- cases$catalyst_cured
  run <- measure(fit_nuts(
    case$model(), case$data(), cores = 2, iter_warmup = 1000, iter_sampling = 1000, seed = 1, prune = FALSE
  ))
  # 50 times less than the 58 seconds of rstan with its compilation
  report("catalyst cured, 4 chains x (1000 + 1000), seconds from function to draws", run$elapsed, 58 / 50)
}

check_first_draws <- function() {
  for (name in names(cases)) {
    case <- cases[[name]]
    set.seed(1)
    settings <- list(case$model(), case$data(), chains = 1, iter_warmup = 1, iter_sampling = 1, seed = 1)
    run <- measure(do.call("fit_nuts", c(settings, case$settings)))
    report(paste(name, "seconds from function to first draw"), run$elapsed, 0.5)
  }
}

# What 200 refits leave behind. R collects after each: otherwise its heap, and what the C library holds back of it, show
# when R's collector happened to run (up to 40 MB more or less, the same after 1000 refits as after 150).
check_refits <- function() {
  for (name in c("catalyst_cured", "schools")) {
    model <- cases[[name]]$model()
    data <- cases[[name]]$data()
    refit <- function(times) {
      for (i in seq_len(times)) {
        fit_nuts(model, data, chains = 2, cores = 2, iter_warmup = 50, iter_sampling = 50, seed = i, prune = FALSE)
        gc()
      }
      resident("VmRSS")
    }
    settled <- refit(20)
    report(paste(name, "megabytes that 200 refits add, after 20"), refit(200) - settled, 5)
  }
}

# Slope of log CPU time per leapfrog over log size. Sizes take turns, so that a change of the machine's speed strikes
# all of them, and the smallest of the rounds counts.
check_slopes <- function() {
  sizes <- list(
    logistic = c(5000, 20000, 80000), hierarchical = c(10000, 40000, 160000), negbin = c(5000, 20000, 80000),
    sir = c(500, 2000, 8000)
  )
  for (name in names(sizes)) {
    case <- cases[[name]]
    data <- lapply(sizes[[name]], function(n) {
      set.seed(1)
      case$data(n)
    })
    round <- function(seed) vapply(data, function(d) fit_here(case, d, seed, c(100, 200))$us, 0)
    runs <- vapply(1:5, round, numeric(length(data)))
    us <- apply(runs, 1, min)
    slope <- stats::coef(stats::lm(log(us) ~ log(sizes[[name]])))[[2]]
    label <- sprintf("%s slope of log cost over log size (%s us)", name, paste(signif(us, 3), collapse = ", "))
    report(label, slope, 1.05)
  }
}

# Four chains on one core against four times one chain: lanes can only help.
check_chains <- function() {
  for (name in c("schools", "sir")) {
    case <- cases[[name]]
    data <- case$data()
    time <- function(lanes) {
      old <- options(reparam.lanes = lanes)
      on.exit(options(old))
      settings <- list(case$model(), data, chains = 4, cores = 1, iter_warmup = 300, iter_sampling = 2000, seed = 1)
      measure(do.call("fit_nuts", c(settings, case$settings)))$cpu
    }
    runs <- vapply(1:3, function(i) c(time(NULL), time(1)), c(0, 0))
    report(paste(name, "CPU time of 4 chains on a core, over that without lanes"), min(runs[1, ]) / min(runs[2, ]), 1)
  }
}

if ("--checks" %in% arguments) {
  check_all_draws()
  check_first_draws()
  check_refits()
  check_slopes()
  check_chains()
  quit(status = 0)
}

# ---- the table ----

result <- NULL
for (name in chosen) {
  rows <- bench(name)
  cat("\n", cases[[name]]$what, "\n", sep = "")
  print(rows[-1], digits = 3, row.names = FALSE)
  result <- rbind(result, rows)
  utils::write.csv(result, csv, row.names = FALSE)
}
cat("\nWritten to ", csv, "\n", sep = "")
